package docs_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stackhost/stackhost/host/scaffold"
)

var codeBlock = regexp.MustCompile("(?sm)^```([a-z]+)\n(.*?)^```$")

// TestStatePage makes an app of each program of the page with the page's manifest, serves it, and runs the page's commands.
func TestStatePage(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the command and modules")
	}
	blocks := map[string]string{}
	for _, found := range codeBlock.FindAllStringSubmatch(read(t, "state.md"), -1) {
		blocks[found[1]] = found[2]
	}
	binary := filepath.Join(t.TempDir(), "stackhost")
	build := exec.Command("go", "build", "-o", binary, "./cmd/stackhost")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, c := range []struct{ block, language, file, module string }{
		{"go", "go", "main.go", `language = "go"`},
		{"ts", "js", "main.ts", `engine = "js"`},
		{"c", "c", "main.c", `language = "c"`},
	} {
		t.Run(c.language, func(t *testing.T) {
			switch c.language {
			case "js":
				if out, err := exec.Command(binary, "engine", "list").CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "ok ") {
					t.Skipf("the JavaScript engine is not installed: %s", out)
				}
			case "c":
				if _, err := exec.LookPath("clang-19"); err != nil {
					if _, err := exec.LookPath("clang"); err != nil {
						t.Skip("there is no clang")
					}
				}
			}
			dir := t.TempDir()
			app := filepath.Join(dir, "keeping")
			if _, err := scaffold.New(app, "keeping", c.language); err != nil {
				t.Fatal(err)
			}
			manifest := strings.Replace(blocks["toml"], `language = "go"`, c.module, 1)
			if c.language == "js" {
				manifest = strings.Replace(manifest, `source = "app"`, `source = "app/main.ts"`, 1)
			}
			for name, text := range map[string]string{"stackhost.toml": manifest, "app/" + c.file: blocks[c.block]} {
				if err := os.WriteFile(filepath.Join(app, name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			address, data := freePort(t), filepath.Join(dir, "data")
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			var log strings.Builder
			serve := exec.CommandContext(ctx, binary, "serve", app, "--listen", address, "--data", data, "--admin", freePort(t))
			serve.Stdout, serve.Stderr = &log, &log
			if err := serve.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				serve.Process.Signal(os.Interrupt)
				if serve.Wait(); t.Failed() {
					t.Log(log.String())
				}
			}()
			status, body := 0, ""
			for ctx.Err() == nil {
				if res, err := http.Post("http://"+address+"/", "", nil); err == nil {
					b, _ := io.ReadAll(res.Body)
					res.Body.Close()
					status, body = res.StatusCode, string(b)
					break
				}
				time.Sleep(20 * time.Millisecond)
			}
			if status != 200 || body != "hello world!\n" {
				t.Fatalf("%d %q", status, body)
			}
			want := []string{"world!", "a picture"}
			for i, line := range strings.Split(strings.TrimSpace(blocks["sh"]), "\n") {
				if i == 1 && c.language == "c" {
					continue // its program makes no blob
				}
				args := append(strings.Fields(line)[1:], "--data", data)
				if out, err := exec.CommandContext(ctx, binary, args...).CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != want[i] {
					t.Errorf("%s: %v %q", line, err, out)
				}
			}
		})
	}
}
