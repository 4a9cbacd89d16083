package common

import (
	"reflect"

	"google.golang.org/grpc/resolver"
)

// endpointOf is what follows taloslist:///. Old versions of grpc-go have it as
// a field, current ones as a method.
func endpointOf(target resolver.Target) string {
	value := reflect.ValueOf(target)
	if method := value.MethodByName("Endpoint"); method.IsValid() {
		return method.Call(nil)[0].String()
	}
	return value.FieldByName("Endpoint").String()
}
