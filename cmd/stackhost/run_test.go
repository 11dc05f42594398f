package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stackhost/stackhost/host/engine"
)

// TestRunCommands deploys an app with the commands of each language's guest and runs them.
func TestRunCommands(t *testing.T) {
	guests, err := filepath.Abs("../../conformance/guests")
	if err != nil {
		t.Fatal(err)
	}
	js, _ := engine.Lookup("js")
	store, err := engine.NewStore("")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("STACKHOST_ENGINE_JS", store.Path(js)) // a session has a cache of its own
	s := newSession(t)
	dir := t.TempDir()
	manifest := "name = \"tools\"\n"
	languages := []string{"go", "rust", "c", "zig", "assemblyscript"}
	for _, language := range languages {
		wasm, err := os.ReadFile(filepath.Join(guests, language, "command.wasm"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, language+".wasm"), wasm, 0o644); err != nil {
			t.Fatal(err)
		}
		manifest += fmt.Sprintf("[modules.%s]\npath = %q\n", language, language+".wasm")
	}
	if !store.Installed(js) {
		t.Log("JavaScript is NOT COVERED: its engine is not installed")
	} else {
		source, err := os.ReadFile(filepath.Join(guests, "js/command.ts"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "command.ts"), source, 0o644); err != nil {
			t.Fatal(err)
		}
		languages = append(languages, "js")
		manifest += "[modules.js]\nengine = \"js\"\nsource = \"command.ts\"\n"
	}
	for _, name := range []string{"echo", "cat", "fail", "wrong", "count", "absent"} {
		manifest += fmt.Sprintf("[[commands]]\nname = %q\nmodule = \"go\"\nusage = \"ARGS\"\nhelp = \"what %s does\"\n", name, name)
	}
	for _, language := range languages {
		t.Run(language, func(t *testing.T) {
			s := &session{t, s.data}
			text := strings.ReplaceAll(manifest, "module = \"go\"", fmt.Sprintf("module = %q", language))
			if err := os.WriteFile(filepath.Join(dir, "stackhost.toml"), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			s.run(exitOK, "deploy", dir)
			tools := func(stdin io.Reader, want int, args ...string) (out, errs string) {
				t.Helper()
				var o, e bytes.Buffer
				if code := run(t.Context(), append([]string{"run", "--data", s.data, "tools"}, args...), stdin, &o, &e); code != want {
					t.Errorf("%v: exit %d, want %d\n%s%s", args, code, want, o.String(), e.String())
				}
				return o.String(), e.String()
			}
			none := strings.NewReader("")
			if out, _ := tools(none, exitOK); !strings.Contains(out, "echo ARGS") || !strings.Contains(out, "what count does") {
				t.Errorf("the list: %s", out)
			}
			if out, errs := tools(none, exitOK, "echo", "a", "--flag", "b c", "ü"); out != "a --flag b c ü\n" || errs != "" {
				t.Errorf("echo: %q, %q", out, errs)
			}
			long := strings.Repeat("0123456789abcdef\n", 20_000) // 340 kB
			if out, _ := tools(strings.NewReader(long), exitOK, "cat"); out != long {
				t.Errorf("cat: %d bytes of %d", len(out), len(long))
			}
			if _, errs := tools(none, 3, "fail"); errs == "" {
				t.Error("fail says nothing")
			}
			if _, errs := tools(none, 1, "wrong"); !strings.HasPrefix(errs, "wrong: ") {
				t.Errorf("wrong: %q", errs)
			}
			out, errs := tools(none, exitOK, "count", "5")
			if want := "n  square\n1  1\n2  4\n3  9\n"; out != want || !strings.Contains(errs, "5 done") {
				t.Errorf("count: %q, %q", out, errs)
			}
			if _, errs := tools(none, 127, "absent"); !strings.Contains(errs, "absent") {
				t.Errorf("a command that the module does not know: %q", errs)
			}
			if _, errs := tools(none, exitFailure, "nothing"); !strings.Contains(errs, "stackhost run tools") {
				t.Errorf("a command that the manifest does not declare: %q", errs)
			}
		})
	}
	s.run(exitFailure, "run", "none")
	s.run(exitUsage, "run")
}

// TestRunEndsWithItsCaller runs a command that waits for input which never comes, and goes away.
func TestRunEndsWithItsCaller(t *testing.T) {
	wasm, err := os.ReadFile("../../conformance/guests/rust/command.wasm")
	if err != nil {
		t.Fatal(err)
	}
	s := newSession(t)
	dir := t.TempDir()
	for name, text := range map[string]string{"tool.wasm": string(wasm), "stackhost.toml": `
name = "tools"
[modules.tool]
path = "tool.wasm"
limits.concurrency = 1
limits.wait = "5s"
[[commands]]
name = "cat"
module = "tool"
`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s.run(exitOK, "deploy", dir)
	ctx, cancel := context.WithCancel(t.Context())
	input, typed := io.Pipe()
	defer typed.Close()
	output, shown := io.Pipe()
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"run", "--data", s.data, "tools", "cat"}, input, shown, io.Discard) }()
	line := make([]byte, 6)
	go io.WriteString(typed, "hello\n")
	if _, err := io.ReadFull(output, line); err != nil || string(line) != "hello\n" {
		t.Fatalf("%q, %v: what is typed does not come back at once", line, err)
	}
	cancel()
	if code := <-ended; code == exitOK {
		t.Error("it ended well")
	}
	// The node notices at its next beat; then the only instance is free again.
	begun := time.Now()
	var out bytes.Buffer
	for {
		out.Reset()
		if run(t.Context(), []string{"run", "--data", s.data, "tools", "cat"}, strings.NewReader("again"), &out, io.Discard) == exitOK {
			break
		}
		if time.Since(begun) > 20*time.Second {
			t.Fatal("the command goes on without its caller")
		}
	}
	if out.String() != "again" {
		t.Errorf("%q", out.String())
	}
}
