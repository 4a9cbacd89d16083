// Package common is what the peers share: a client that dials as the clients
// of the seed era do, load generation, and a codec that leaves bytes alone.
package common

import "fmt"

// Raw hands messages through as the bytes that they are.
type Raw struct{}

// Marshal implements the codec.
func (Raw) Marshal(v interface{}) ([]byte, error) {
	b, ok := v.(*[]byte)
	if !ok {
		return nil, fmt.Errorf("raw codec got %T", v)
	}
	return *b, nil
}

// Unmarshal implements the codec.
func (Raw) Unmarshal(data []byte, v interface{}) error {
	b, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("raw codec got %T", v)
	}
	*b = append([]byte(nil), data...)
	return nil
}

// Name says "proto", so that the content type is that of real clients.
func (Raw) Name() string { return "proto" }

// String is what old servers ask for.
func (Raw) String() string { return "proto" }
