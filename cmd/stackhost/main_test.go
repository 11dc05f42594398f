package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"
)

var update = flag.Bool("update", false, "rewrite the golden help texts")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"stackhost": main})
}

// TestTranscripts plays the command line sessions in testdata.
func TestTranscripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("ROOT", root)
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("XDG_CACHE_HOME", filepath.Join(e.WorkDir, ".cache"))
			for _, name := range []string{"GOCACHE", "GOMODCACHE"} { // so that a build in a session is not the first one ever
				e.Setenv(name, goEnv(t, name))
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// await FILE: waits until a command in the background has made the file.
			"await": func(ts *testscript.TestScript, _ bool, args []string) {
				for start := time.Now(); ; time.Sleep(5 * time.Millisecond) {
					if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
						return
					}
					if time.Since(start) > 20*time.Second {
						ts.Fatalf("%s did not come", args[0])
					}
				}
			},
			// let NAME: an environment variable of what the last command printed.
			"let": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
			},
			// json FILE: the file is one JSON value.
			"json": func(ts *testscript.TestScript, neg bool, args []string) {
				var v any
				if err := json.Unmarshal([]byte(ts.ReadFile(args[0])), &v); (err != nil) != neg {
					ts.Fatalf("%v", err)
				}
			},
		},
	})
}

func goEnv(t *testing.T, name string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(home, map[string]string{"GOCACHE": ".cache/go-build", "GOMODCACHE": "go/pkg/mod"}[name])
}

// TestEveryCommandHelps compares the help of each command with testdata/help.
func TestEveryCommandHelps(t *testing.T) {
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		if cmd.Short == "" || cmd.Runnable() && cmd.Example == "" && !strings.HasPrefix(cmd.CommandPath(), "stackhost completion") && cmd.Name() != "help" {
			t.Errorf("%s has no short text or no example", cmd.CommandPath())
		}
		args := append(strings.Fields(cmd.CommandPath())[1:], "--help")
		var out, errs bytes.Buffer
		if code := run(context.Background(), args, strings.NewReader(""), &out, &errs); code != exitOK || errs.Len() > 0 {
			t.Errorf("%v: exit %d, %s", args, code, errs.String())
		}
		golden := filepath.Join("testdata", "help", strings.ReplaceAll(cmd.CommandPath(), " ", "-")+".txt")
		if *update {
			os.MkdirAll(filepath.Dir(golden), 0o755)
			if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil || !bytes.Equal(want, out.Bytes()) {
			t.Errorf("%s: the help text changed (%v); look at it and run go test ./cmd/stackhost -run Helps -update", cmd.CommandPath(), err)
		}
		for _, sub := range cmd.Commands() {
			if sub.Name() != "completion" && sub.Name() != "help" {
				walk(sub)
			}
		}
	}
	walk(newRoot(&console{in: strings.NewReader(""), out: &bytes.Buffer{}, err: &bytes.Buffer{}}))
}
