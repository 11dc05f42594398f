package exchange

import (
	"errors"
	"testing"

	"github.com/stackhost/stackhost/abi"
	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"
)

// with runs use inside a handler for a request whose raw bytes are given.
func with(t *testing.T, raw string, use func(x *Exchange)) {
	t.Helper()
	ln := fasthttputil.NewInmemoryListener()
	defer ln.Close()
	done := make(chan struct{})
	server := fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) {
		defer close(done)
		x := Acquire(ctx)
		defer x.Release()
		use(x)
	}}
	go server.Serve(ln)
	c, err := ln.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte(raw)); err != nil {
		t.Fatal(err)
	}
	<-done
}

func text(headers []abi.Header) (s string) {
	for _, h := range headers {
		s += string(h.Name) + "=" + string(h.Value) + ";"
	}
	return s
}

func TestHeadersKeepOrderRepeatsAndBytes(t *testing.T) {
	raw := "GET / HTTP/1.1\r\nHost: a\r\nX-Two: 1\r\nAccept:\r\nx-two:  2 \r\nCookie: a=b\r\nX-Bin: \xff\xfe\r\n\r\n"
	with(t, raw, func(x *Exchange) {
		if got, want := text(x.Headers()), "host=a;x-two=1;accept=;x-two=2;cookie=a=b;x-bin=\xff\xfe;"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		x.SetHeader([]byte("X-TWO"), []byte("3"))
		x.RemoveHeader([]byte("accept"))
		if got, want := text(x.Headers()), "host=a;cookie=a=b;x-bin=\xff\xfe;x-two=3;"; got != want {
			t.Errorf("after changes: got %q, want %q", got, want)
		}
	})
}

func TestResponseHeadersThatAreTheHostsAreLeftOut(t *testing.T) {
	with(t, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", func(x *Exchange) {
		fields := abi.Headers{}
		for _, name := range []string{"Connection", "content-length", "Transfer-Encoding", "Keep-Alive", "Upgrade", "TE", "Trailer", "Date", "X-Mine", "Content-Type"} {
			fields = append(fields, abi.Header{Name: []byte(name), Value: []byte("v")})
		}
		if err := x.SetHead(&abi.HTTPResponse{Status: 201, Headers: fields}); err != nil {
			t.Fatal(err)
		}
		h := &x.Ctx.Response.Header
		if x.Ctx.Response.StatusCode() != 201 || string(h.Peek("X-Mine")) != "v" || string(h.ContentType()) != "v" {
			t.Errorf("status %d, headers %s", x.Ctx.Response.StatusCode(), h)
		}
		for _, name := range []string{"Transfer-Encoding", "Keep-Alive", "Upgrade", "Te", "Trailer"} {
			if len(h.Peek(name)) > 0 {
				t.Errorf("%s was set by the guest", name)
			}
		}
	})
}

func TestHeadsThatCannotBeSent(t *testing.T) {
	with(t, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", func(x *Exchange) {
		for name, head := range map[string]abi.HTTPResponse{
			"status 99":      {Status: 99},
			"status 101":     {Status: 101},
			"status 600":     {Status: 600},
			"status 2^32+1":  {Status: 1<<32 + 200},
			"line break":     {Headers: abi.Headers{{Name: []byte("a"), Value: []byte("b\r\nSet-Cookie: x=y")}}},
			"colon in name":  {Headers: abi.Headers{{Name: []byte("a:b"), Value: []byte("c")}}},
			"empty name":     {Headers: abi.Headers{{Name: nil, Value: []byte("c")}}},
			"NUL in a value": {Headers: abi.Headers{{Name: []byte("a"), Value: []byte("\x00")}}},
		} {
			var coded *abi.Error
			if err := x.SetHead(&head); !errors.As(err, &coded) || coded.Code != abi.CodeInvalid {
				t.Errorf("%s: got %v", name, err)
			}
		}
	})
}

func TestReleasedExchangesAreEmpty(t *testing.T) {
	with(t, "GET / HTTP/1.1\r\nHost: a\r\nX-Secret: s\r\n\r\n", func(x *Exchange) {
		x.Headers()
		x.AddLater([]byte("a"), []byte("b"))
		x.Route, x.Body = "r", append(x.Body, "body"...)
		ctx := x.Ctx
		x.Release()
		y := Acquire(ctx)
		if y.Route != "" || len(y.Body) != 0 || len(y.later) != 0 || y.parsed || y.Responded() {
			t.Errorf("%+v", y)
		}
	})
}
