// Command seed is what the seed era ran, from published modules: a client, a
// relay of two hops, and a backend, all on grpc-go 1.29. Tests drive it; the
// relay is the anchor of the gateway's bench.
package main

import (
	"fmt"
	"os"

	"talos.test/peers/common"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("usage: seed call|load|front|router|backend --flags")
	}
	switch args[0] {
	case "front":
		return front(args[1:])
	case "router":
		return router(args[1:])
	case "backend":
		return backend(args[1:])
	}
	return common.Main(args)
}
