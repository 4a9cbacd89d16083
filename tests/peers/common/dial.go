package common

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/rand"
	"os"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/resolver"
)

// Identity names PEM files.
type Identity struct{ CA, Crt, Key string }

// TLSConfig is that of a seed-era client: TLS 1.2, X25519 only, one cipher
// suite, no tickets, only the CA of the context.
func TLSConfig(id Identity) (*tls.Config, error) {
	ca, err := os.ReadFile(id.CA)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, errors.New("no certificate in " + id.CA)
	}
	config := &tls.Config{
		RootCAs:                roots,
		MinVersion:             tls.VersionTLS12,
		CurvePreferences:       []tls.CurveID{tls.X25519},
		CipherSuites:           []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384},
		SessionTicketsDisabled: true,
	}
	if id.Crt != "" {
		pair, err := tls.LoadX509KeyPair(id.Crt, id.Key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// listBuilder resolves taloslist:///a:1,b:2 to its shuffled parts.
type listBuilder struct{}

type listResolver struct{}

func (listResolver) ResolveNow(resolver.ResolveNowOptions) {}
func (listResolver) Close()                                {}

func (listBuilder) Scheme() string { return "taloslist" }

func (listBuilder) Build(target resolver.Target, cc resolver.ClientConn,
	_ resolver.BuildOptions) (resolver.Resolver, error) {
	var addresses []resolver.Address
	for _, one := range strings.Split(endpointOf(target), ",") {
		host := one
		if i := strings.LastIndex(one, ":"); i >= 0 {
			host = one[:i]
		}
		addresses = append(addresses, resolver.Address{
			Addr: one, ServerName: strings.Trim(host, "[]"),
		})
	}
	rand.Shuffle(len(addresses), func(i, j int) {
		addresses[i], addresses[j] = addresses[j], addresses[i]
	})
	cc.UpdateState(resolver.State{Addresses: addresses})
	return listResolver{}, nil
}

func init() { resolver.Register(listBuilder{}) }

// Dial connects to `endpoints`, one or several joined by commas, or to
// unix:///path.
func Dial(endpoints string, id Identity, endpointOptions ...grpc.DialOption) (*grpc.ClientConn, error) {
	options := append([]grpc.DialOption{
		grpc.WithDefaultCallOptions(grpc.ForceCodec(Raw{})),
	}, endpointOptions...)
	if strings.HasPrefix(endpoints, "unix:") {
		return grpc.Dial(endpoints, append(options, grpc.WithInsecure())...)
	}
	config, err := TLSConfig(id)
	if err != nil {
		return nil, err
	}
	options = append(options, grpc.WithTransportCredentials(credentials.NewTLS(config)))
	if !strings.Contains(endpoints, ",") {
		return grpc.Dial("dns:///"+endpoints, options...)
	}
	options = append(options, grpc.WithDefaultServiceConfig(
		`{"loadBalancingConfig":[{"round_robin":{}}]}`))
	return grpc.Dial("taloslist:///"+endpoints, options...)
}
