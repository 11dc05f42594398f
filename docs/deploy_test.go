package docs_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
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

// TestDeployPage runs the commands of the page one after the other, as one session.
func TestDeployPage(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the command")
	}
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "stackhost"), "./cmd/stackhost")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var script strings.Builder
	script.WriteString("trap 'test -f server.pid && kill $(cat server.pid) 2>/dev/null' EXIT\n")
	blocks := marked.FindAllStringSubmatch(read(t, "deploy.md"), -1)
	if len(blocks) != 3 {
		t.Errorf("%d blocks were found", len(blocks))
	}
	for _, block := range blocks {
		script.WriteString(block[3])
	}
	text := strings.NewReplacer("127.0.0.1:8080", freePort(t), "127.0.0.1:9440", freePort(t)).Replace(script.String())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-e", "-c", text)
	cmd.Dir = dir
	log, err := os.Create(filepath.Join(dir, "log")) // the server keeps it open: a pipe would be waited for
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Run(); err != nil {
		t.Errorf("%v\n%s\n%s", err, text, read(t, log.Name()))
	}
}
