package host

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stackhost/stackhost/host/app"
)

// hello answers "hello" to everything; see docs/writing-an-sdk.md.
func hello(t testing.TB) []byte {
	t.Helper()
	wasm, err := os.ReadFile("../docs/examples/hello.wasm")
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

// saying is hello with another word of the same length: another version of the module.
func saying(t testing.TB, word string) []byte {
	return bytes.Replace(hello(t), []byte("hello\n"), []byte(word+"\n"), 1)
}

func guestOf(t testing.TB, language string) []byte {
	t.Helper()
	wasm, err := os.ReadFile(filepath.Join("../conformance/guests", language, "conformance.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

func write(t testing.TB, dir string, files map[string]string) *app.App {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	a, err := app.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// open serves a on a loopback port until the test ends.
func open(t testing.TB, cfg Config, a *app.App) (*Host, string) {
	t.Helper()
	h, err := Open(cfg)
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
	return h, "http://" + ln.Addr().String()
}

func get(t testing.TB, url string, headers ...string) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body), res.Header
}

func want(t *testing.T, url string, status int, contains string) {
	t.Helper()
	got, body, _ := get(t, url)
	if got != status || !strings.Contains(body, contains) {
		t.Errorf("GET %s: %d %.300q, want %d with %q", url, got, body, status, contains)
	}
}

const oneModule = "name = \"one\"\n[modules.hello]\npath = \"hello.wasm\"\n[[routes]]\npath = \"/hello\"\nmodule = \"hello\"\n"

func TestRoutesLeadWhereTheManifestSays(t *testing.T) {
	dir := t.TempDir()
	a := write(t, dir, map[string]string{
		"hello.wasm": string(hello(t)), "public/index.html": "<p>page", "public/a.txt": "file",
		"stackhost.toml": oneModule + "[[static]]\npath = \"/files/\"\ndir = \"public\"\n[[redirects]]\nfrom = \"/old/{x}\"\nto = \"/hello?x={x}\"\n",
	})
	_, url := open(t, Config{}, a)
	want(t, url+"/hello", 200, "hello")
	want(t, url+"/files/a.txt", 200, "file")
	want(t, url+"/files/", 200, "<p>page")
	want(t, url+"/nowhere", 404, "")
	if status, _, h := get(t, url+"/old/7"); status != 308 || h.Get("Location") != "/hello?x=7" {
		t.Errorf("redirect: %d to %q", status, h.Get("Location"))
	}
	if status, _, h := get(t, url+"/files"); status != 308 || h.Get("Location") != "/files/" {
		t.Errorf("slash: %d to %q", status, h.Get("Location"))
	}
}

func TestHotSwapDropsNoRequest(t *testing.T) {
	dir := t.TempDir()
	h, url := open(t, Config{}, write(t, dir, map[string]string{"hello.wasm": string(hello(t)), "stackhost.toml": oneModule}))
	var wrong, answered atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				status, body, _ := get(t, url+"/hello")
				answered.Add(1)
				if status != 200 || body != "hello\n" && body != "howdy\n" {
					wrong.Add(1)
				}
			}
		})
	}
	for i := range 30 {
		word := []string{"howdy", "hello"}[i%2]
		a := write(t, dir, map[string]string{"hello.wasm": string(saying(t, word))})
		if err := h.Deploy(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		want(t, url+"/hello", 200, word)
	}
	close(stop)
	wg.Wait()
	if wrong.Load() > 0 || answered.Load() == 0 {
		t.Errorf("%d of %d answers were wrong", wrong.Load(), answered.Load())
	}
}

func TestAnUnchangedModuleKeepsRunning(t *testing.T) {
	dir := t.TempDir()
	a := write(t, dir, map[string]string{"hello.wasm": string(hello(t)), "stackhost.toml": oneModule})
	h, _ := open(t, Config{}, a)
	before := h.Guest("hello").Module()
	if err := h.Deploy(t.Context(), write(t, dir, map[string]string{"stackhost.toml": "# a comment\n" + oneModule})); err != nil {
		t.Fatal(err)
	}
	if h.Guest("hello").Module() != before {
		t.Error("the module was loaded again")
	}
	changed := strings.Replace(oneModule, "path = \"hello.wasm\"\n", "path = \"hello.wasm\"\nlimits = { time = \"1s\" }\n", 1)
	if err := h.Deploy(t.Context(), write(t, dir, map[string]string{"stackhost.toml": changed})); err != nil {
		t.Fatal(err)
	}
	if h.Guest("hello").Module() == before {
		t.Error("a changed limit did not reach the module")
	}
}

func TestABadDeployLeavesWhatServes(t *testing.T) {
	dir := t.TempDir()
	h, url := open(t, Config{}, write(t, dir, map[string]string{"hello.wasm": string(hello(t)), "stackhost.toml": oneModule}))
	for name, wasm := range map[string]string{"cut short": string(hello(t)[:60]), "text": "not wasm", "no handler": "\x00asm\x01\x00\x00\x00"} {
		if err := h.Deploy(t.Context(), write(t, dir, map[string]string{"hello.wasm": wasm})); err == nil {
			t.Errorf("%s: deployed", name)
		} else if !strings.Contains(err.Error(), "stackhost.toml") {
			t.Errorf("%s: the error does not say where: %v", name, err)
		}
		want(t, url+"/hello", 200, "hello")
	}
}

func TestAMissingGrantIsNamed(t *testing.T) {
	a := write(t, t.TempDir(), map[string]string{"hello.wasm": string(guestOf(t, "rust")), "stackhost.toml": oneModule})
	h, err := Open(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	err = h.Deploy(t.Context(), a)
	if err == nil || !strings.Contains(err.Error(), "fetch") || !strings.Contains(err.Error(), "grants.fetch") {
		t.Errorf("got %v", err)
	}
}

func TestAMissingEngineLeavesTheRestServing(t *testing.T) {
	t.Setenv("STACKHOST_ENGINE_JS", "")
	a := write(t, t.TempDir(), map[string]string{
		"hello.wasm": string(hello(t)), "main.js": "export default { fetch() { return new Response('js') } }",
		"stackhost.toml": oneModule + "[modules.js]\nengine = \"js\"\nsource = \"main.js\"\n[[routes]]\npath = \"/js\"\nmodule = \"js\"\n",
	})
	h, url := open(t, Config{EngineDir: t.TempDir()}, a)
	want(t, url+"/hello", 200, "hello")
	want(t, url+"/js", 503, "engine install js")
	if h.Missing()["js"] == nil {
		t.Error("Missing does not list the module")
	}
}

// failing serves a conformance guest, whose routes fail on demand, and returns what was recorded.
func failing(t *testing.T, development bool) (string, *recorder) {
	records := &recorder{}
	manifest := `name = "failing"
[modules.guest]
path = "hello.wasm"
grants.fetch = { hosts = ["example.com"] }
limits = { time = "300ms" }
[[routes]]
path = "/"
module = "guest"
`
	a := write(t, t.TempDir(), map[string]string{"hello.wasm": string(guestOf(t, "rust")), "stackhost.toml": manifest})
	_, url := open(t, Config{Development: development, Log: slog.New(slog.NewJSONHandler(records, nil))}, a)
	return url, records
}

type recorder struct {
	mu sync.Mutex
	b  bytes.Buffer // guarded by mu
}

func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.Write(p)
}

func (r *recorder) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.String()
}

func TestProductionTellsClientsNothingAndTheRecordsAll(t *testing.T) {
	url, records := failing(t, false)
	status, body, h := get(t, url+"/t/trap")
	id := h.Get("X-Request-Id")
	if status != 500 || !strings.Contains(body, id) || strings.Contains(body, "unreachable instruction") {
		t.Errorf("%d %s", status, body)
	}
	for _, want := range []string{id, `"module":"guest"`, `"export":"stackhost_http"`, `"backtrace":["`, `"outcome":"unreachable"`} {
		if !strings.Contains(records.String(), want) {
			t.Errorf("the record lacks %s:\n%s", want, records.String())
		}
	}
}

func TestDevelopmentShowsWhatHappened(t *testing.T) {
	url, _ := failing(t, true)
	status, page, _ := get(t, url+"/t/trap", "Accept", "text/html")
	for _, want := range []string{"The module gave up", "stackhost_http", "guest"} {
		if status != 500 || !strings.Contains(page, want) {
			t.Errorf("%d: the page lacks %q", status, want)
		}
	}
}

func TestDeadlineIs504(t *testing.T) {
	url, _ := failing(t, false)
	start := time.Now()
	if status, _, _ := get(t, url+"/t/loop"); status != 504 {
		t.Errorf("status %d", status)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("after %v", took)
	}
}

func TestABusyModuleIs503WithRetryAfter(t *testing.T) {
	manifest := strings.Replace(oneModule, "path = \"hello.wasm\"\n", "path = \"hello.wasm\"\ngrants.fetch = { hosts = [\"example.com\"] }\nlimits = { time = \"2s\", concurrency = 1, wait = \"10ms\" }\n", 1)
	manifest = strings.Replace(manifest, `path = "/hello"`, `path = "/"`, 1)
	_, url := open(t, Config{}, write(t, t.TempDir(), map[string]string{"hello.wasm": string(guestOf(t, "rust")), "stackhost.toml": manifest}))
	done := make(chan struct{})
	go func() { defer close(done); get(t, url+"/t/loop") }()
	for deadline := time.Now().Add(time.Second); time.Now().Before(deadline); {
		if status, _, h := get(t, url+"/t/counter"); status == 503 {
			if h.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			<-done
			return
		}
	}
	t.Error("never busy")
}

func TestCloseIsIdempotentAndWaits(t *testing.T) {
	h, url := open(t, Config{}, write(t, t.TempDir(), map[string]string{"hello.wasm": string(hello(t)), "stackhost.toml": oneModule}))
	want(t, url+"/hello", 200, "hello")
	for range 2 {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := http.Get(url + "/hello"); err == nil {
		t.Error("it still answers")
	}
}

func BenchmarkHello(b *testing.B) {
	_, url := open(b, Config{}, write(b, b.TempDir(), map[string]string{"hello.wasm": string(hello(b)), "stackhost.toml": oneModule}))
	client := http.Client{}
	for b.Loop() {
		res, err := client.Get(url + "/hello")
		if err != nil {
			b.Fatal(err)
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
}
