package quickjs_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stackhost/stackhost/host/capability"
	"github.com/stackhost/stackhost/host/capability/core"
	httpcap "github.com/stackhost/stackhost/host/capability/http"
	"github.com/stackhost/stackhost/host/dialect"
	"github.com/stackhost/stackhost/host/dialect/quickjs"
	"github.com/stackhost/stackhost/host/engine"
	"github.com/stackhost/stackhost/host/exchange"
	"github.com/stackhost/stackhost/host/runtime"
	"github.com/stackhost/stackhost/host/web"
	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"
)

// engineWasm returns the engine's module, or skips the test when it is not installed.
func engineWasm(t testing.TB) (engine.Engine, []byte) {
	t.Helper()
	e, _ := engine.Lookup("js")
	store, err := engine.NewStore("")
	if err != nil {
		t.Fatal(err)
	}
	wasm, err := store.Wasm(e)
	var missing *engine.MissingError
	if errors.As(err, &missing) {
		t.Skipf("%v (or set STACKHOST_ENGINE_JS to the file)", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return e, wasm
}

type options struct {
	isolation runtime.Isolation
	limits    runtime.Limits
	config    map[string]any
	secrets   map[string]string
	extra     []capability.Capability
	log       io.Writer
}

// load bundles and boots a program.
func load(t testing.TB, entry string, o options) (dialect.Guest, error) {
	t.Helper()
	e, wasm := engineWasm(t)
	program, err := engine.Bundle(e, entry)
	if err != nil {
		return nil, err
	}
	rt, err := runtime.New(runtime.Config{CacheDir: filepath.Join(os.TempDir(), "stackhost-test-cache")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rt.Close() })
	c, err := core.New(core.Config{Values: o.config, Secrets: o.secrets, LogBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if o.log == nil {
		o.log = io.Discard
	}
	set := capability.NewSet(append(o.extra, c, &httpcap.HTTP{ResponseBytes: 64 << 20})...)
	g, err := quickjs.Dialect{}.Load(context.Background(), rt, dialect.Spec{
		App: "test", Name: "js", Wasm: wasm, Source: program.Source, SourceName: program.Name, SourceMap: program.Map,
		Isolation: o.isolation, Limits: o.limits, Capabilities: set, Config: o.config,
		Log: slog.New(slog.NewJSONHandler(o.log, &slog.HandlerOptions{Level: slog.Level(-8)})),
	})
	if err == nil {
		t.Cleanup(func() { g.Close() })
	}
	return g, err
}

// program writes source to a file and loads it.
func program(t testing.TB, source string, o options) dialect.Guest {
	t.Helper()
	file := filepath.Join(t.TempDir(), "app.ts")
	if err := os.WriteFile(file, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	g, err := load(t, file, o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

type answer struct {
	status  int
	body    string
	headers *fasthttp.ResponseHeader
	err     error
}

// newExchange makes an exchange of "METHOD target\nname: value\n…" and a body, without a connection.
func newExchange(head string, body []byte) *exchange.Exchange {
	var req fasthttp.Request
	if err := req.Header.Read(bufio.NewReader(strings.NewReader(raw(head)))); err != nil {
		panic(err)
	}
	ctx := new(fasthttp.RequestCtx)
	ctx.Init(&req, nil, nil)
	return exchangeOf(ctx, head, body)
}

// raw is head as it goes over a connection.
func raw(head string) string {
	lines := strings.Split(head, "\n")
	lines = append([]string{lines[0] + " HTTP/1.1", "Host: test.local"}, lines[1:]...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

func exchangeOf(ctx *fasthttp.RequestCtx, head string, body []byte) *exchange.Exchange {
	x := exchange.Acquire(ctx)
	line, _, _ := strings.Cut(head, "\n")
	_, target, _ := strings.Cut(line, " ")
	path, query, _ := strings.Cut(target, "?")
	x.Path, x.Query, x.Scheme, x.Remote, x.ID, x.Route = []byte(path), []byte(query), "http", "127.0.0.1", "id-1", "/"
	x.Start = time.Now()
	x.Deadline = x.Start.Add(5 * time.Second)
	x.BodyLength = int64(len(body))
	if len(body) > 65536 {
		x.BodyStream = strings.NewReader(string(body))
	} else {
		x.Body = body
	}
	return x
}

// send has a server of its own answer one request with g.
func send(g dialect.Guest, head, body string) answer {
	var a answer
	handled := make(chan struct{})
	server, err := web.New(web.Config{Log: slog.New(slog.DiscardHandler), Handler: func(ctx *fasthttp.RequestCtx) {
		defer close(handled)
		x := exchangeOf(ctx, head, []byte(body))
		if a.err = g.HTTP(x); a.err != nil {
			x.Abort()
			ctx.Error("", 500)
		}
	}})
	if err != nil {
		return answer{err: err}
	}
	listener := fasthttputil.NewInmemoryListener()
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	defer func() {
		server.Shutdown(context.Background())
		<-done
	}()
	conn, err := listener.Dial()
	if err != nil {
		return answer{err: err}
	}
	defer conn.Close()
	text := raw(head)
	if strings.HasPrefix(head, "POST") { // the body goes to the exchange directly
		text = strings.TrimSuffix(text, "\r\n") + "Content-Length: 0\r\n\r\n"
	}
	io.WriteString(conn, text)
	var response fasthttp.Response
	err = response.Read(bufio.NewReader(conn))
	<-handled
	a.status, a.headers, a.body, a.err = response.StatusCode(), &response.Header, string(response.Body()), errors.Join(a.err, err)
	return a
}
