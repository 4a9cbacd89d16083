package main

import (
	"flag"
	"strconv"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"talos.test/peers/common"
)

// version is a VersionResponse as a node would give it.
var version = message(1, append(
	message(2, concat(
		message(1, []byte("v0.8.5")), message(2, []byte("d6cdbdd1")),
		message(3, []byte("2021-03-15T16:00:00Z")), message(4, []byte("go1.15.8")),
		message(5, []byte("linux")), message(6, []byte("amd64")))),
	message(3, concat(message(1, []byte("metal")), message(2, []byte("metal"))))...))

func message(field byte, b []byte) []byte {
	return append([]byte{field<<3 | 2, byte(len(b))}, b...)
}

func concat(parts ...[]byte) []byte {
	var all []byte
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}

// backend answers any method on a unix socket: `.../Echo` what came,
// `.../Stream` as many messages of as many bytes as the request says in text
// ("10,1024"), `.../Fail` a status, all else a VersionResponse.
func backend(args []string) error {
	set := flag.NewFlagSet("backend", flag.ExitOnError)
	listen := set.String("listen", "", "unix socket")
	_ = set.Parse(args)
	l, err := listenUnix(*listen)
	if err != nil {
		return err
	}
	return serve(l, grpc.NewServer(
		grpc.CustomCodec(common.Raw{}), grpc.UnknownServiceHandler(answer)))
}

func answer(_ interface{}, s grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(s)
	var request []byte
	if err := s.RecvMsg(&request); err != nil {
		return err
	}
	switch {
	case strings.HasSuffix(method, "/Echo"):
		return s.SendMsg(&request)
	case strings.HasSuffix(method, "/Fail"):
		s.SetTrailer(metadata.Pairs("why", "asked"))
		return status.Error(codes.NotFound, "no such thing: ü%")
	case strings.HasSuffix(method, "/Stream"):
		parts := strings.SplitN(string(request), ",", 2)
		count, _ := strconv.Atoi(parts[0])
		size := 0
		if len(parts) == 2 {
			size, _ = strconv.Atoi(parts[1])
		}
		body := make([]byte, size)
		for i := 0; i < count; i++ {
			if err := s.SendMsg(&body); err != nil {
				return err
			}
		}
		return nil
	}
	return s.SendMsg(&version)
}
