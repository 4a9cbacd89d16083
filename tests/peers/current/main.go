// Command current is the same client on a current grpc-go.
package main

import (
	"fmt"
	"os"

	"talos.test/peers/common"
)

func main() {
	if err := common.Main(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
