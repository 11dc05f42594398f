// Package guests holds the guests of the conformance suite. The tests here prove what the guides say about randomness: nothing
// that a Go guest draws repeats although memory is restored.
package guests

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stackhost/stackhost/host/capability"
	"github.com/stackhost/stackhost/host/capability/core"
	httpcap "github.com/stackhost/stackhost/host/capability/http"
	"github.com/stackhost/stackhost/host/dialect"
	"github.com/stackhost/stackhost/host/dialect/native"
	"github.com/stackhost/stackhost/host/exchange"
	"github.com/stackhost/stackhost/host/runtime"
	"github.com/valyala/fasthttp"
)

func load(t *testing.T, isolation runtime.Isolation) dialect.Guest {
	t.Helper()
	wasm, err := os.ReadFile("go/conformance.wasm")
	if err != nil {
		t.Fatal(err)
	}
	rt, err := runtime.New(runtime.Config{CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rt.Close() })
	c, err := core.New(core.Config{LogBytes: 1 << 16})
	if err != nil {
		t.Fatal(err)
	}
	// The guest imports fetch; without a grant the host would refuse it.
	g, err := native.Dialect{}.Load(context.Background(), rt, dialect.Spec{
		App: "test", Name: "go", Wasm: wasm, Isolation: isolation, Log: slog.New(slog.DiscardHandler),
		Capabilities: capability.NewSet(c, &httpcap.HTTP{}, noFetch{}),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g
}

// noFetch is a fetch capability without functions.
type noFetch struct{}

func (noFetch) Name() string { return "fetch" }
func (noFetch) Functions() (map[string]capability.Call, map[string]capability.Direct) {
	return nil, nil
}

func get(t *testing.T, g dialect.Guest, path string, headers ...string) string {
	t.Helper()
	var ctx fasthttp.RequestCtx
	ctx.Request.Header.SetMethod("GET")
	x := exchange.Acquire(&ctx)
	defer x.Release()
	for i := 0; i+1 < len(headers); i += 2 {
		x.SetHeader([]byte(headers[i]), []byte(headers[i+1]))
	}
	x.Path, x.Deadline = []byte(path), time.Now().Add(10*time.Second)
	if err := g.HTTP(x); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return string(ctx.Response.Body())
}

func TestRandomNumbersNeverRepeat(t *testing.T) {
	for _, isolation := range []runtime.Isolation{runtime.Pristine, runtime.Reuse} {
		g := load(t, isolation)
		seen := map[string]bool{}
		for range 200 {
			var r struct{ Request, Language string }
			text := get(t, g, "/t/random")
			if err := json.Unmarshal([]byte(text), &r); err != nil {
				t.Fatalf("%v in %q", err, text)
			}
			for _, v := range []string{"request " + r.Request, "language " + r.Language} {
				if seen[v] {
					t.Fatalf("%s: %s came twice", isolation, v)
				}
				seen[v] = true
			}
		}
	}
}

func TestPristineMemory(t *testing.T) {
	g := load(t, runtime.Pristine)
	rounds := 50
	if testing.Short() {
		rounds = 5
	}
	for i := range rounds {
		if got := get(t, g, "/t/counter"); got != "1" {
			t.Fatalf("counter: got %q", got)
		}
		if got := get(t, g, "/t/leak", "x-marker", "client-"+string(rune('a'+i%26))); got != "clean" {
			t.Fatalf("leak: got %q", got)
		}
	}
	if got := get(t, g, "/t/boot"); got != "booted once: 1" {
		t.Errorf("boot: got %q", got)
	}
}

func TestReuseKeepsMemory(t *testing.T) {
	g := load(t, runtime.Reuse)
	get(t, g, "/t/leak", "x-marker", "first")
	found := false
	for range 50 { // the pool may have another instance at hand
		found = found || strings.HasPrefix(get(t, g, "/t/leak", "x-marker", "second"), "leak: ")
	}
	if !found {
		t.Error("the leaky handler does not see what it left: the test above proves nothing")
	}
}
