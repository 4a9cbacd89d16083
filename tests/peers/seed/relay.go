package main

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"net"
	"os"

	"github.com/mwitkow/grpc-proxy/proxy"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"

	"talos.test/peers/common"
)

// relayTo proxies every method to one unix socket, copying metadata.
func relayTo(socket string) ([]grpc.ServerOption, error) {
	conn, err := grpc.Dial("unix://"+socket, grpc.WithInsecure(),
		//nolint:staticcheck // what the proxy module of the time needs
		grpc.WithCodec(proxy.Codec()))
	if err != nil {
		return nil, err
	}
	director := func(ctx context.Context, _ string) (context.Context, *grpc.ClientConn, error) {
		md, _ := metadata.FromIncomingContext(ctx)
		return metadata.NewOutgoingContext(ctx, md.Copy()), conn, nil
	}
	return []grpc.ServerOption{
		grpc.CustomCodec(proxy.Codec()),
		grpc.UnknownServiceHandler(proxy.TransparentHandler(director)),
	}, nil
}

// front is the mutual TLS hop: TCP in, unix out.
func front(args []string) error {
	set := flag.NewFlagSet("front", flag.ExitOnError)
	listen := set.String("listen", "127.0.0.1:0", "address")
	to := set.String("to", "", "unix socket of the next hop")
	var id common.Identity
	set.StringVar(&id.CA, "ca", "", "PEM file")
	set.StringVar(&id.Crt, "crt", "", "PEM file")
	set.StringVar(&id.Key, "key", "", "PEM file")
	_ = set.Parse(args)
	config, err := common.TLSConfig(id)
	if err != nil {
		return err
	}
	config.ClientAuth = tls.RequireAndVerifyClientCert
	config.ClientCAs = config.RootCAs
	options, err := relayTo(*to)
	if err != nil {
		return err
	}
	options = append(options, grpc.Creds(credentials.NewTLS(config)))
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	return serve(l, grpc.NewServer(options...))
}

// router is the second hop: unix in, unix out.
func router(args []string) error {
	set := flag.NewFlagSet("router", flag.ExitOnError)
	listen := set.String("listen", "", "unix socket")
	to := set.String("to", "", "unix socket of the backend")
	_ = set.Parse(args)
	options, err := relayTo(*to)
	if err != nil {
		return err
	}
	l, err := listenUnix(*listen)
	if err != nil {
		return err
	}
	return serve(l, grpc.NewServer(options...))
}

func listenUnix(path string) (net.Listener, error) {
	_ = os.Remove(path)
	return net.Listen("unix", path)
}

// serve says where it listens, for whoever started it, and serves.
func serve(l net.Listener, server *grpc.Server) error {
	fmt.Println("listening", l.Addr())
	return server.Serve(l)
}
