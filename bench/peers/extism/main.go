// Command extism serves an Extism plug-in through Extism's own Go SDK, as its users would: a pool of plug-ins that are reused,
// or with "fresh" an instance for each request. The plug-in is the one that stackhost's extism dialect serves beside it.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"

	extism "github.com/extism/go-sdk"
	"github.com/tetratelabs/wazero"
	"github.com/valyala/fasthttp"
)

type request struct {
	Method  string              `json:"method"`
	Path    string              `json:"path"`
	Query   string              `json:"query"`
	Headers map[string][]string `json:"headers"`
	Body    string              `json:"body"`
}

type response struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

func main() {
	address, path, mode := os.Args[1], os.Args[2], os.Args[3]
	ctx := context.Background()
	compiled, err := extism.NewCompiledPlugin(ctx, extism.Manifest{Wasm: []extism.Wasm{extism.WasmFile{Path: path}}},
		extism.PluginConfig{EnableWasi: true}, nil)
	if err != nil {
		log.Fatal(err)
	}
	instance := func() *extism.Plugin {
		p, err := compiled.Instance(ctx, extism.PluginInstanceConfig{ModuleConfig: wazero.NewModuleConfig()})
		if err != nil {
			log.Fatal(err)
		}
		return p
	}
	const size = 8
	pool := make(chan *extism.Plugin, size)
	for range size {
		pool <- instance()
	}
	server := fasthttp.Server{Handler: func(c *fasthttp.RequestCtx) {
		in := request{Method: string(c.Method()), Path: string(c.Path()), Query: string(c.QueryArgs().QueryString()), Headers: map[string][]string{}}
		for k, v := range c.Request.Header.All() {
			in.Headers[string(k)] = append(in.Headers[string(k)], string(v))
		}
		input, _ := json.Marshal(in)
		p := <-pool
		if mode == "fresh" {
			p.Close(ctx)
			p = instance()
		}
		code, output, err := p.Call("handle", input)
		var out response
		if err == nil {
			err = json.Unmarshal(output, &out)
		}
		pool <- p
		if err != nil || code != 0 {
			c.Error("plug-in failed", 500)
			return
		}
		c.SetStatusCode(out.Status)
		for k, v := range out.Headers {
			c.Response.Header.Set(k, v)
		}
		c.SetBodyString(out.Body)
	}}
	log.Fatal(server.ListenAndServe(address))
}
