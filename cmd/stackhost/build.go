package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/stackhost/stackhost/host"
	"github.com/stackhost/stackhost/host/app"
	"github.com/stackhost/stackhost/host/engine"
	"github.com/stackhost/stackhost/host/toolchain"
)

// built is what a build of one module came to, for --json.
type built struct {
	Module   string  `json:"module"`
	Language string  `json:"language"`
	Output   string  `json:"output,omitempty"`
	Bytes    int64   `json:"bytes,omitempty"`
	Seconds  float64 `json:"seconds"`
	Error    string  `json:"error,omitempty"`
}

func newBuild(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "build [APP]",
		Short: "Build the modules of an app that are sources",
		Long: `build compiles each module that has a source with the language's own compiler, which it finds by the files in the
source folder (or by language in the manifest), and tells how to install a compiler that is missing. The results go
into .stackhost in the app's folder. Programs of engines are bundled to see that they are right; nothing is kept.`,
		Example: "  stackhost build\n  stackhost build shop --json",
		Args:    atMostOneApp,
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := loadApp(c, appFolder(args))
			if err != nil {
				return err
			}
			results := []built{}
			failed := false
			for _, m := range a.Modules {
				if m.Source == "" {
					continue
				}
				b, err := buildModule(cmd.Context(), a, m)
				if err != nil {
					failed = true
					b.Error = err.Error()
					if !c.json {
						c.say("%s: %v", m.Name, err)
					}
				} else if !c.json {
					c.say("%s: %s, %d bytes, %.1f s", m.Name, b.Language, b.Bytes, b.Seconds)
				}
				results = append(results, b)
			}
			if err := c.show(results, func(w io.Writer) {
				if len(results) == 0 {
					fmt.Fprintln(w, "nothing to build: no module has a source")
				}
			}); err != nil {
				return err
			}
			if failed {
				return errReported
			}
			return nil
		},
	}
}

func buildModule(ctx context.Context, a *app.App, m *app.Module) (built, error) {
	b := built{Module: m.Name, Language: m.Language}
	if m.Engine != "" {
		b.Language = m.Engine
		e, ok := engine.Lookup(m.Engine)
		if !ok {
			return b, fmt.Errorf("no engine is called %q", m.Engine)
		}
		start := time.Now()
		program, err := engine.Bundle(e, m.Source)
		if err != nil {
			return b, err
		}
		b.Bytes, b.Seconds = int64(len(program.Source)), time.Since(start).Seconds()
		return b, nil
	}
	request := toolchain.Request{Folder: m.Source, Output: m.Output(host.BuildDir(a)), Command: m.Build, Release: true}
	result, err := compile(ctx, m, request)
	if err != nil {
		return b, err
	}
	b.Language, b.Output, b.Bytes, b.Seconds = result.Language, request.Output, result.Bytes, result.Took.Seconds()
	return b, nil
}

func compile(ctx context.Context, m *app.Module, r toolchain.Request) (*toolchain.Result, error) {
	if m.Build != "" {
		return toolchain.Run(ctx, r)
	}
	if m.Language != "" {
		language, ok := toolchain.Lookup(m.Language)
		if !ok {
			return nil, fmt.Errorf("no language is called %q", m.Language)
		}
		return language.Build(ctx, r)
	}
	language, err := toolchain.Detect(m.Source)
	if err != nil {
		return nil, err
	}
	return language.Build(ctx, r)
}

// buildStale builds the modules whose result is missing or older than their sources.
func buildStale(ctx context.Context, c *console, a *app.App) error {
	for _, m := range a.Modules {
		if m.Source == "" || m.Engine != "" || !stale(m, m.Output(host.BuildDir(a))) {
			continue
		}
		c.say("building %s", m.Name)
		if _, err := buildModule(ctx, a, m); err != nil {
			return fmt.Errorf("module %s: %w", m.Name, err)
		}
	}
	return nil
}

var errNewer = errors.New("newer")

// stale tells whether a file below the module's source is newer than output.
func stale(m *app.Module, output string) bool {
	info, err := os.Stat(output)
	if err != nil {
		return true
	}
	err = filepath.WalkDir(m.Source, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); path != m.Source && (name == "target" || name == "node_modules" || strings.HasPrefix(name, ".")) {
				return fs.SkipDir
			}
			return nil
		}
		if i, err := d.Info(); err == nil && i.ModTime().After(info.ModTime()) {
			return errNewer
		}
		return nil
	})
	return err != nil
}
