package stackhost_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var goBlock = regexp.MustCompile("(?s)```go\n(.*?)```")

// TestDocumentsCompile builds every program of the README and the guide for WebAssembly, and runs the tests that follow one.
func TestDocumentsCompile(t *testing.T) {
	sdk, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	run := func(t *testing.T, dir string, env []string, args ...string) {
		t.Helper()
		cmd := exec.Command("go", args...)
		cmd.Dir, cmd.Env = dir, append(append(os.Environ(), "GOFLAGS=", "GOWORK=off"), env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	for _, file := range []string{"README.md", "../../docs/guides/go.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		dir := ""
		for i, m := range goBlock.FindAllStringSubmatch(string(text), -1) {
			source, name := m[1], "main.go"
			if strings.Contains(source, `"testing"`) {
				name = "main_test.go"
			} else {
				dir = t.TempDir()
				mod := "module example\n\ngo 1.25\n\nrequire github.com/stackhost/stackhost/sdk/go v0.0.0\n\nreplace github.com/stackhost/stackhost/sdk/go => " + sdk + "\n"
				if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(mod), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(source), 0o644); err != nil {
				t.Fatal(err)
			}
			if i == 0 && file == "README.md" && strings.Count(source, "\n") > 20 {
				t.Error("README's first program is longer than 20 lines")
			}
			if name == "main_test.go" {
				run(t, dir, nil, "test", ".")
			} else {
				run(t, dir, []string{"GOOS=wasip1", "GOARCH=wasm"}, "build", "-buildmode=c-shared", "-o", "guest.wasm", ".")
			}
		}
	}
}
