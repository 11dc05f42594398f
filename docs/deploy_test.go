package docs_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// freePort returns an address on which nobody listens.
func freePort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// TestDeployPage and TestClusterPage run the commands of their pages one after the other, as one session.
func TestDeployPage(t *testing.T) { session(t, "deploy.md", 3) }

func TestClusterPage(t *testing.T) { session(t, "cluster.md", 4) }

var loopback = regexp.MustCompile(`127\.0\.0\.1:\d+`)

// statistics are the tables of the guestbook's module in TypeScript.
var statistics = regexp.MustCompile(`(?s)\[modules\.stats\].*module = "stats"\n`)

func session(t *testing.T, page string, blocks int) {
	if testing.Short() {
		t.Skip("builds the command")
	}
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "stackhost"), "./cmd/stackhost")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	guestbook := filepath.Join(dir, "plugins/guestbook")
	if err := os.CopyFS(guestbook, os.DirFS("../plugins/guestbook")); err != nil {
		t.Fatal(err)
	}
	if !hasEngine(filepath.Join(dir, "stackhost")) {
		t.Log("the guestbook's statistics in TypeScript are NOT COVERED: the JavaScript engine is not installed")
		manifest := filepath.Join(guestbook, "stackhost.toml")
		text := statistics.ReplaceAllString(read(t, manifest), "")
		if err := os.WriteFile(manifest, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var script strings.Builder
	script.WriteString("trap 'kill $(cat */store/LOCK) 2>/dev/null || true; sleep 0.5' EXIT\n")
	found := marked.FindAllStringSubmatch(read(t, page), -1)
	if len(found) != blocks {
		t.Errorf("%d blocks were found", len(found))
	}
	for _, block := range found {
		script.WriteString(block[3])
	}
	ports := map[string]string{}
	text := loopback.ReplaceAllStringFunc(script.String(), func(address string) string {
		if ports[address] == "" {
			ports[address] = freePort(t)
		}
		return ports[address]
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-e", "-c", text)
	cmd.Dir = dir
	log, err := os.Create(filepath.Join(dir, "log")) // servers keep it open: a pipe would be waited for
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Run(); err != nil {
		t.Errorf("%v\n%s\n%s", err, text, read(t, log.Name()))
	}
}
