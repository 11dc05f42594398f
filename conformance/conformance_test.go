package conformance_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stackhost/stackhost/conformance"
	"github.com/stackhost/stackhost/host"
	"github.com/stackhost/stackhost/host/app"
	"github.com/stackhost/stackhost/host/engine"
	"github.com/stackhost/stackhost/host/hosttest"
	"github.com/stackhost/stackhost/raftstore"
)

// languages are the folders of guests/: those whose module is committed, and js, which an engine runs.
func languages(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("guests/*/conformance.wasm")
	if err != nil || len(found) == 0 {
		t.Fatalf("no guests: %v", err)
	}
	names := []string{"js"}
	for _, f := range found {
		names = append(names, filepath.Base(filepath.Dir(f)))
	}
	return names
}

// serve serves the suite's app with the guests of a language and returns its address.
func serve(t *testing.T, language string) string {
	t.Helper()
	dir := t.TempDir()
	if language == "js" {
		writeScriptApp(t, dir)
		return start(t, dir)
	}
	read := func(name string) []byte {
		wasm, err := os.ReadFile(filepath.Join("guests", language, name))
		if err != nil {
			t.Fatal(err)
		}
		return wasm
	}
	if err := conformance.WriteApp(dir, read("conformance.wasm")); err != nil {
		t.Fatal(err)
	}
	if err := conformance.AddState(dir, read("state.wasm")); err != nil {
		t.Fatal(err)
	}
	return start(t, dir)
}

// writeScriptApp writes the suite's app with the TypeScript guests in the place of modules.
func writeScriptApp(t *testing.T, dir string) {
	t.Helper()
	js, _ := engine.Lookup("js")
	store, err := engine.NewStore("")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Wasm(js); err != nil {
		t.Skip(err)
	}
	if err := conformance.WriteApp(dir, nil); err != nil {
		t.Fatal(err)
	}
	if err := conformance.AddState(dir, nil); err != nil {
		t.Fatal(err)
	}
	manifest := filepath.Join(dir, "stackhost.toml")
	text, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	scripts := strings.NewReplacer(
		`path = "guest.wasm"`, "engine = \"js\"\nsource = \"guest/conformance.ts\"",
		`path = "state.wasm"`, "engine = \"js\"\nsource = \"guest/state.ts\"",
	)
	if err := os.WriteFile(manifest, []byte(scripts.Replace(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "guest"), os.DirFS("guests/js")); err != nil {
		t.Fatal(err)
	}
}

func start(t *testing.T, dir string) string {
	t.Helper()
	a, err := app.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := raftstore.OpenKeyring(raftstore.SecretKeys{Own: filepath.Join(t.TempDir(), "secret.key")})
	if err != nil {
		t.Fatal(err)
	}
	store := hosttest.NewMemory()
	h, err := host.Open(host.Config{Store: store, Secrets: raftstore.NewSecrets(store, keys)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	if err := h.Deploy(context.Background(), a); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go h.Serve(ln)
	return "http://" + ln.Addr().String()
}

func TestEveryGuestPasses(t *testing.T) {
	for _, language := range languages(t) {
		t.Run(language, func(t *testing.T) {
			report, err := conformance.Run(t.Context(), serve(t, language), conformance.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if report.Skipped > 0 {
				t.Errorf("%d cases are not covered", report.Skipped)
			}
			if report.Failed > 0 {
				var b bytes.Buffer
				report.Text(&b)
				t.Error(b.String())
			}
		})
	}
}

// A suite that cannot fail proves nothing: a host that answers everything with the same page fails nearly all of it.
func TestTheSuiteFailsAHostThatPretends(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "1") })}
	go server.Serve(ln)
	defer server.Close()
	report, err := conformance.Run(t.Context(), "http://"+ln.Addr().String(), conformance.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if report.Passed*3 > report.Failed {
		t.Errorf("%d cases passed, only %d failed", report.Passed, report.Failed)
	}
}

// fullLeakEvery is how often a request of TestLeak writes over megabytes, which takes a millisecond or two; the others count in
// static memory and on the heap and must find nothing counted.
const fullLeakEvery = 100

// TestLeak sends requests with different markers to the guests that write wherever they can (their statics, heap, grown memory,
// globals and tables), and looks for a trace of one request in another. STACKHOST_LEAK_REQUESTS sets how many for each language;
// CI sends 200,000.
func TestLeak(t *testing.T) {
	requests, _ := strconv.Atoi(os.Getenv("STACKHOST_LEAK_REQUESTS"))
	if requests == 0 {
		requests = 2000
	}
	for _, language := range languages(t) {
		t.Run(language, func(t *testing.T) {
			url := serve(t, language)
			var sent atomic.Int64
			var wg sync.WaitGroup
			for worker := range 8 {
				wg.Go(func() { leak(t, url, worker, requests, &sent) })
			}
			wg.Wait()
			t.Logf("%s: %d requests, no trace of one in another", language, sent.Load()-8)
		})
	}
}

func leak(t *testing.T, url string, worker, requests int, sent *atomic.Int64) {
	client := newLeakClient(url)
	defer client.close()
	for n := 0; sent.Add(1) <= int64(requests); n++ {
		path, clean := "/t/counter", "1"
		if n%fullLeakEvery == 0 {
			path, clean = "/t/leak", "clean"
		}
		body, err := client.get(path, fmt.Sprintf("marker-%d-%d", worker, n))
		if err != nil {
			t.Error(err)
			return
		}
		if strings.TrimSpace(body) != clean {
			t.Errorf("request %d of worker %d to %s: %s", n, worker, path, body)
			return
		}
	}
}
