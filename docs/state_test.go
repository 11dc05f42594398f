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

// program is one of the programs of a page, served as an app with the page's manifest.
type program struct {
	language, address string
	blocks            map[string]string // of the page, by language
	shell             func(script string) (output string, err error)
}

// eachProgram makes an app called name of each program of the page, serves it, and hands it to use.
func eachProgram(t *testing.T, page, name string, use func(t *testing.T, p program)) {
	if testing.Short() {
		t.Skip("builds the command and modules")
	}
	blocks := map[string]string{}
	for _, found := range codeBlock.FindAllStringSubmatch(read(t, page), -1) {
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
				if !hasEngine(binary) {
					t.Skip("the JavaScript engine is not installed")
				}
			case "c":
				if _, err := exec.LookPath("clang-19"); err != nil {
					if _, err := exec.LookPath("clang"); err != nil {
						t.Skip("there is no clang")
					}
				}
			}
			dir := t.TempDir()
			app := filepath.Join(dir, name)
			if _, err := scaffold.New(app, name, c.language); err != nil {
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
			ended := make(chan struct{})
			go func() { serve.Wait(); close(ended); cancel() }()
			defer func() {
				serve.Process.Signal(os.Interrupt)
				if <-ended; t.Failed() {
					t.Log(log.String())
				}
			}()
			for ctx.Err() == nil {
				if res, err := http.Get("http://" + address + "/"); err == nil {
					res.Body.Close()
					break
				}
				time.Sleep(20 * time.Millisecond)
			}
			use(t, program{language: c.language, address: address, blocks: blocks, shell: func(script string) (string, error) {
				// A reader has served from the folder where the data is by default.
				script = `stackhost() { name=$1; shift; "$BINARY" "$name" --data "$DATA" "$@"; }` + "\n" + script
				cmd := exec.CommandContext(ctx, "sh", "-e", "-c", script)
				cmd.Env = append(os.Environ(), "BINARY="+binary, "DATA="+data)
				out, err := cmd.Output()
				return string(out), err
			}})
		})
	}
}

// hasEngine tells whether the JavaScript engine is installed on this machine.
func hasEngine(binary string) bool {
	out, err := exec.Command(binary, "engine", "list").Output()
	return err == nil && strings.HasPrefix(string(out), "ok ")
}

// TestStatePage posts to the page's programs and runs its commands.
func TestStatePage(t *testing.T) {
	eachProgram(t, "state.md", "keeping", func(t *testing.T, p program) {
		res, err := http.Post("http://"+p.address+"/", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != 200 || string(body) != "hello world!\n" {
			t.Fatalf("%d %q", res.StatusCode, body)
		}
		want := []string{"world!", "a picture"}
		for i, line := range strings.Split(strings.TrimSpace(p.blocks["sh"]), "\n") {
			if i == 1 && p.language == "c" {
				continue // its program makes no blob
			}
			if out, err := p.shell(line); err != nil || strings.TrimSpace(out) != want[i] {
				t.Errorf("%s: %v %q", line, err, out)
			}
		}
	})
}

// TestCommandsPage runs the page's command in its programs, and looks at what it changed.
func TestCommandsPage(t *testing.T) {
	eachProgram(t, "commands.md", "shop", func(t *testing.T, p program) {
		if out, err := p.shell(p.blocks["sh"]); err != nil || out != p.blocks["text"] {
			t.Errorf("%v\n%s", err, out)
		}
		if out, err := p.shell("stackhost run shop"); err != nil || !strings.Contains(out, "sets how many") {
			t.Errorf("the list: %v\n%s", err, out)
		}
		if out, err := p.shell("echo tea | stackhost run shop import"); err == nil {
			t.Errorf("a line without a number: %s", out)
		}
		res, err := http.Get("http://" + p.address + "/")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if string(body) != "tea: 3\n" {
			t.Errorf("%q", body)
		}
	})
}
