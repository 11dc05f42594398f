package native_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stackhost/stackhost/host/capability"
	"github.com/stackhost/stackhost/host/capability/core"
	caphttp "github.com/stackhost/stackhost/host/capability/http"
	"github.com/stackhost/stackhost/host/dialect"
	"github.com/stackhost/stackhost/host/dialect/native"
	"github.com/stackhost/stackhost/host/exchange"
	"github.com/stackhost/stackhost/host/runtime"
	"github.com/stackhost/stackhost/host/web"
	"github.com/valyala/fasthttp"
)

func guest(t *testing.T, name string) []byte {
	t.Helper()
	wasm, err := os.ReadFile("testdata/" + name + ".wasm")
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

func load(t *testing.T, wasm []byte) (dialect.Guest, error) {
	t.Helper()
	rt, err := runtime.New(runtime.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rt.Close() })
	own, err := core.New(core.Config{Values: map[string]any{"key": "value"}, LogBytes: 1 << 10})
	if err != nil {
		t.Fatal(err)
	}
	return native.Dialect{}.Load(context.Background(), rt, dialect.Spec{
		App: "test", Name: "guest", Wasm: wasm, Log: slog.New(slog.DiscardHandler), Capabilities: capability.NewSet(own, &caphttp.HTTP{}),
	})
}

// serve answers every request with the guest's handler and reports each error it gave.
func serve(t *testing.T, g dialect.Guest) (string, chan error) {
	t.Helper()
	return serveBy(t, g.HTTP)
}

func serveBy(t *testing.T, answer func(x *exchange.Exchange) error) (string, chan error) {
	t.Helper()
	failures := make(chan error, 100)
	s, err := web.New(web.Config{Log: slog.New(slog.DiscardHandler), Handler: func(ctx *fasthttp.RequestCtx) {
		x := exchange.Acquire(ctx)
		defer x.Release()
		x.Path = ctx.Path()
		err := answer(x)
		if err != nil && !x.Responded() {
			ctx.SetStatusCode(500)
		}
		failures <- err
	}})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(ln)
	t.Cleanup(func() { s.Close() })
	return "http://" + ln.Addr().String(), failures
}

func TestAGuestThatLies(t *testing.T) {
	g, err := load(t, guest(t, "lies"))
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	url, failures := serve(t, g)
	for mode, want := range map[string]string{
		"a": "", "b": "outside memory", "c": "outside memory", "d": "empty record", "e": "no HttpResponse", "f": "no HttpResponse",
		"g": "control bytes", "h": "no HttpResponse", "i": "without having answered", "j": "outside memory", "k": "outside memory",
		"l": "", "m": "", "n": "", "o": "",
	} {
		res, err := http.Get(url + "/" + mode)
		if err != nil {
			t.Fatalf("%s: %v", mode, err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		failure := <-failures
		switch {
		case want == "" && (failure != nil || res.StatusCode != 200 || string(body) != "ok"):
			t.Errorf("%s: %d %q, %v", mode, res.StatusCode, body, failure)
		case want != "" && (failure == nil || !strings.Contains(failure.Error(), want)):
			t.Errorf("%s: got %v, want an error with %q", mode, failure, want)
		}
	}
	if s := g.Module().Stats(); s.InUse != 0 {
		t.Errorf("%d instances are still in use", s.InUse)
	}
}

func TestAMiddlewareThatStreamsItsAnswer(t *testing.T) {
	g, err := load(t, guest(t, "lies"))
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	url, failures := serveBy(t, func(x *exchange.Exchange) error {
		verdict, err := g.Middleware(x)
		if err == nil && verdict != dialect.Answered {
			return errors.New("the handler would run too")
		}
		return err
	})
	for mode, want := range map[string]string{"a": "", "b": "after it had answered"} {
		res, err := http.Get(url + "/" + mode)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if failure := <-failures; (failure == nil) != (want == "") || failure != nil && !strings.Contains(failure.Error(), want) {
			t.Errorf("%s: got %v, want %q", mode, failure, want)
		}
	}
}

func TestAnAllocatorThatLies(t *testing.T) {
	wasm := guest(t, "alloc")
	marker := []byte{0x41, 0xc4, 0xe6, 0x88, 0x89, 0x01} // i32.const 0x11223344
	if !bytes.Contains(wasm, marker) {
		t.Fatal("the constant to patch is not there")
	}
	for name, at := range map[string]uint32{"no room": 0, "misaligned": 4097, "behind memory": 1 << 20, "over the end": 65528, "far away": 0xfffffff8} {
		patched := append([]byte{0x41}, sleb5(int32(at))...)
		g, err := load(t, bytes.Replace(wasm, marker, patched, 1))
		if err != nil {
			t.Fatal(err)
		}
		url, failures := serve(t, g)
		res, err := http.Get(url + "/")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if failure := <-failures; failure == nil {
			t.Errorf("%s: the guest was believed", name)
		}
		g.Close()
	}
}

// sleb5 is a signed LEB128 number of exactly five bytes.
func sleb5(v int32) []byte {
	b := make([]byte, 5)
	for i := range 4 {
		b[i] = byte(v)&0x7f | 0x80
		v >>= 7
	}
	b[4] = byte(v) & 0x7f
	return b
}

func TestWhatIsRefusedAtLoad(t *testing.T) {
	wasm := guest(t, "lies")
	rename := func(from, to string) []byte { return bytes.Replace(wasm, []byte(from), []byte(to), 1) }
	for name, c := range map[string]struct {
		wasm []byte
		want string
	}{
		"unknown capability":    {rename("stackhost:core@1", "stackhost:cook@1"), `no capability "cook"`},
		"unknown major version": {rename("stackhost:core@1", "stackhost:core@2"), `version 1 of capability "core"`},
		"unknown import module": {rename("stackhost:core@1", "stackhose:core@1"), "stackhose:core@1"},
		"no allocator":          {rename("stackhost_alloc", "stackhost_allow"), "stackhost_alloc"},
	} {
		_, err := load(t, c.wasm)
		var refused *runtime.LoadError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "test/guest") {
			t.Errorf("%s: got %v, want a load error with %q", name, err, c.want)
		}
	}
}

// Seeds must be different in every call, also across goroutines.
func TestSeedsNeverRepeat(t *testing.T) {
	seen := make(chan uint64, 4000)
	for range 4 {
		go func() {
			for range 1000 {
				var seed [16]byte
				dialect.Seed(&seed)
				seen <- binary.LittleEndian.Uint64(seed[:8])
			}
		}()
	}
	all := map[uint64]bool{}
	for range 4000 {
		v := <-seen
		if all[v] {
			t.Fatal("a seed was given twice")
		}
		all[v] = true
	}
}
