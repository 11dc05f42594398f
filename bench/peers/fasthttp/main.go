// Command fasthttp is the yardstick: the same answer from a bare fasthttp server, without WebAssembly.
package main

import (
	"log"
	"os"

	"github.com/valyala/fasthttp"
)

func main() {
	server := fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) {
		ctx.SetContentType("text/plain; charset=utf-8")
		ctx.SetBodyString("Hello from Go")
	}}
	log.Fatal(server.ListenAndServe(os.Args[1]))
}
