// Command registrytest is a real OCI registry on a port of this machine, with everything in memory, for the tests of package oci. It is a
// module of its own, so that stackhost does not depend on what it is made of. It prints its address and serves until its input ends.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/inmemory"
)

const config = `
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {inmemory: {}, delete: {enabled: true}}
`

func main() {
	parsed, err := configuration.Parse(bytes.NewReader([]byte(config)))
	if err != nil {
		log.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	app := handlers.NewApp(context.Background(), parsed)
	go func() { log.Fatal(http.Serve(ln, app)) }()
	fmt.Println(ln.Addr())
	io.Copy(io.Discard, os.Stdin)
}
