package docs_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stackhost/stackhost/host"
	"github.com/stackhost/stackhost/host/app"
)

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var marked = regexp.MustCompile("(?s)<!-- (run|example: (\\S+)) -->\n```\\w*\n(.*?)```")

// TestQuickStart runs the commands of the page in a folder of its own, as a reader would in a clone.
func TestQuickStart(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the command and a Go guest")
	}
	clone := t.TempDir()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(clone, "stackhost")
	build := exec.Command("go", "build", "-o", binary, "./cmd/stackhost")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.Symlink(filepath.Join(root, "plugins"), filepath.Join(clone, "plugins")); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, block := range marked.FindAllStringSubmatch(read(t, "quickstart.md"), -1) {
		script := strings.ReplaceAll(block[3], "go build -o stackhost ./cmd/stackhost\n", "")
		cmd := exec.Command("sh", "-e", "-c", script)
		cmd.Dir = clone
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s\n%s", err, script, out)
		}
		ran++
	}
	if ran < 3 {
		t.Errorf("only %d blocks were found", ran)
	}
}

// TestWritingAnSDK compares the page's examples with the files and serves them.
func TestWritingAnSDK(t *testing.T) {
	for _, block := range marked.FindAllStringSubmatch(read(t, "writing-an-sdk.md"), -1) {
		if got := read(t, block[2]); got != block[3] {
			t.Errorf("%s is not what the page shows", block[2])
		}
	}
	if wat2wasm, err := exec.LookPath("wat2wasm"); err == nil {
		out := filepath.Join(t.TempDir(), "hello.wasm")
		if b, err := exec.Command(wat2wasm, "examples/hello.wat", "-o", out).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, b)
		}
		if read(t, out) != read(t, "examples/hello.wasm") {
			t.Error("examples/hello.wasm is not built from examples/hello.wat")
		}
	}
	a, err := app.Load("examples")
	if err != nil {
		t.Fatal(err)
	}
	h, err := host.Open(host.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if err := h.Deploy(context.Background(), a); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go h.Serve(ln)
	res, err := http.Get("http://" + ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, _ := io.ReadAll(res.Body); res.StatusCode != 200 || string(body) != "hello\n" {
		t.Errorf("%d %q", res.StatusCode, body)
	}
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// TestLinksLeadSomewhere looks for the file that each relative link of each page names.
func TestLinksLeadSomewhere(t *testing.T) {
	out, err := exec.Command("git", "-C", "..", "ls-files", "*.md").Output()
	if err != nil {
		t.Skip("not a git checkout")
	}
	for _, page := range strings.Fields(string(out)) {
		if strings.HasPrefix(page, "host/app/") {
			continue // becomes docs/manifest.md
		}
		path := filepath.Join("..", page)
		text, err := os.ReadFile(path)
		if err != nil {
			continue // removed and not committed yet
		}
		for _, found := range link.FindAllSubmatch(fenced.ReplaceAll(text, nil), -1) {
			target, _, _ := bytes.Cut(found[1], []byte("#"))
			if len(target) == 0 || bytes.Contains(target, []byte("://")) || bytes.HasPrefix(target, []byte("/")) {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), string(target))); err != nil {
				t.Errorf("%s links to %s, which does not exist", page, target)
			}
		}
	}
}

var fenced = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
