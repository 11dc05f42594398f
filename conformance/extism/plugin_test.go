package extism

import (
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stackhost/stackhost/host"
	"github.com/stackhost/stackhost/host/app"
)

// tomlOf returns the manifest of the guide, so that what the guide shows is what is tested.
func tomlOf(t *testing.T) string {
	t.Helper()
	guide, err := os.ReadFile("../../docs/guides/extism.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(guide), "```toml\n")
	text, _, end := strings.Cut(rest, "```")
	if !ok || !end {
		t.Fatal("the guide has no manifest")
	}
	return text
}

// checkCode compares the program in the guide with the one that is built.
func checkCode(t *testing.T) {
	t.Helper()
	guide, err := os.ReadFile("../../docs/guides/extism.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("plugin/main.go")
	if err != nil {
		t.Fatal(err)
	}
	_, program, _ := strings.Cut(string(source), "package main\n")
	if !strings.Contains(string(guide), "```go\npackage main\n"+program+"```") {
		t.Error("the guide's program is not plugin/main.go")
	}
}

// TestGuide builds the plug-in of docs/guides/extism.md with Extism's Go PDK and serves it as the guide's manifest says.
func TestGuide(t *testing.T) {
	checkCode(t)
	dir := t.TempDir()
	build := exec.Command("go", "build", "-buildmode=c-shared", "-o", filepath.Join(dir, "greeter.wasm"), "./plugin")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(dir, "stackhost.toml"), []byte(tomlOf(t)), 0o644); err != nil {
		t.Fatal(err)
	}
	a, err := app.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	h, err := host.Open(host.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if err := h.Deploy(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go h.Serve(ln)
	for _, tt := range []struct {
		path, key string
		status    int
		body      string
	}{
		{"/hello/Ann", "", 200, "Ahoy, Ann!"},
		{"/hello/a%22b", "", 200, `Ahoy, a"b!`},
		{"/cave/Ann", "", 403, "no"},
		{"/cave/Ann", "open sesame", 200, "Ahoy, Ann!"},
	} {
		r, err := http.NewRequest("GET", "http://"+ln.Addr().String()+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if tt.key != "" {
			r.Header.Set("X-Key", tt.key)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != tt.status || string(body) != tt.body {
			t.Errorf("%s: %d %q, %v, want %d %q", tt.path, res.StatusCode, body, err, tt.status, tt.body)
		}
	}
}
