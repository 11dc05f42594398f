package toolchain

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func folder(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range files {
		path := filepath.Join(dir, f)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTheFilesTellTheLanguage(t *testing.T) {
	for file, want := range map[string]string{
		"go.mod": "go", "main.go": "go", "Cargo.toml": "rust", "main.zig": "zig", "build.zig": "zig", "asconfig.json": "assemblyscript",
		"assembly/index.ts": "assemblyscript", "main.c": "c", "main.cpp": "c",
	} {
		if l, err := Detect(folder(t, file)); err != nil || l.Name != want {
			t.Errorf("%s: got %v, %v; want %s", file, l, err, want)
		}
	}
	if _, err := Detect(folder(t, "readme.txt")); !errors.Is(err, ErrUnknownLanguage) || !strings.Contains(err.Error(), "set `language`") {
		t.Errorf("got %v", err)
	}
}

func TestAMissingCompilerSaysHowToGetIt(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, l := range Languages {
		_, err := l.Build(t.Context(), Request{Folder: folder(t), Output: filepath.Join(t.TempDir(), "m.wasm")})
		var missing *MissingError
		if !errors.As(err, &missing) || missing.Install == "" {
			t.Errorf("%s: got %v", l.Name, err)
		}
	}
	for _, s := range Doctor() {
		if s.Ready || s.Detail == "" {
			t.Errorf("doctor: %+v", s)
		}
	}
}

func TestACommandOfOnesOwn(t *testing.T) {
	output := filepath.Join(t.TempDir(), "out", "m.wasm")
	run := func(command string) error {
		_, err := Run(context.Background(), Request{Folder: folder(t, "x"), Output: output, Command: command})
		return err
	}
	if err := run(`printf first > "$STACKHOST_OUTPUT"`); err != nil {
		t.Fatal(err)
	}
	var build *BuildError
	if err := run(`echo oh no; printf half > "$STACKHOST_OUTPUT"; exit 3`); !errors.As(err, &build) || !strings.Contains(build.Output, "oh no") {
		t.Errorf("got %v", err)
	}
	if got, _ := os.ReadFile(output); string(got) != "first" {
		t.Errorf("a build that failed replaced the module by %q", got)
	}
	entries, err := os.ReadDir(filepath.Dir(output))
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}
