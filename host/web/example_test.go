package web_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/stackhost/stackhost/host/web"
	"github.com/valyala/fasthttp"
)

func Example() {
	s, err := web.New(web.Config{
		Compression: &web.Compression{},
		Limits:      web.Limits{BodyBytes: 1 << 20},
		Handler: func(ctx *fasthttp.RequestCtx) {
			body, err := web.ReadBody(ctx, nil)
			if err != nil {
				(&web.Problems{}).WriteError(ctx, err)
				return
			}
			fmt.Fprintf(ctx, "hello, %d bytes", len(body))
		},
	})
	if err != nil {
		panic(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	served := make(chan error)
	go func() { served <- s.Serve(ln) }()

	resp, err := http.Get("http://" + ln.Addr().String())
	if err != nil {
		panic(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	fmt.Println(resp.Status, string(body))

	fmt.Println(s.Shutdown(context.Background()), <-served)
	// Output:
	// 200 OK hello, 0 bytes
	// <nil> web: server closed
}
