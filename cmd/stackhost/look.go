package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host"
	"github.com/stackhost/stackhost/host/app"
	"github.com/stackhost/stackhost/host/dialect"
	"github.com/stackhost/stackhost/host/runtime"
	"github.com/stackhost/stackhost/raftstore"
)

// This file holds the commands that look at things without serving them.

func newRoutes(c *console) *cobra.Command {
	return &cobra.Command{
		Use:     "routes [APP]",
		Short:   "List the routes of an app",
		Long:    "routes lists every pattern with what it leads to, groups, static folders and redirects included, and where it is written.",
		Example: "  stackhost routes plugins/welcome",
		Args:    atMostOneApp,
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := loadApp(c, appFolder(args))
			if err != nil {
				return err
			}
			type row struct {
				Pattern    string   `json:"pattern"`
				To         string   `json:"to"`
				Middleware []string `json:"middleware,omitempty"`
				Position   string   `json:"position"`
			}
			rows := []row{}
			for _, t := range a.Routes {
				rows = append(rows, row{t.Pattern, destination(t), t.Middleware, t.Pos.String()})
			}
			return c.show(rows, func(w io.Writer) {
				fmt.Fprintln(w, "PATTERN\tTO\tMIDDLEWARE\tWRITTEN AT")
				for _, r := range rows {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.Pattern, r.To, strings.Join(r.Middleware, " "), r.Position)
				}
			})
		},
	}
}

func destination(t *app.Target) string {
	switch {
	case t.Static != nil:
		return "files in " + t.Static.Dir
	case t.Redirect != nil:
		return fmt.Sprintf("redirect %d to %s", t.Redirect.Status, t.Redirect.To)
	}
	return "module " + t.Module
}

func newCheck(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "check [APP]",
		Short: "Check an app: manifest, modules, grants, routes",
		Long: `check reads the manifest, builds what is out of date, and loads every module as serve would, without listening. It
fails when serve would fail, and names file, line and column.`,
		Example: "  stackhost check shop",
		Args:    atMostOneApp,
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := loadApp(c, appFolder(args))
			if err != nil {
				return err
			}
			if err := buildStale(cmd.Context(), c, a); err != nil {
				return err
			}
			return withApp(cmd.Context(), a, func(h *host.Host) error { return showModules(c, a, h) })
		},
	}
}

// withApp loads a as serve would while use runs. What its modules write, when they have grants for it, goes into a store in a temporary
// folder.
func withApp(ctx context.Context, a *app.App, use func(*host.Host) error) error {
	var cfg host.Config
	if slices.ContainsFunc(a.Modules, (*app.Module).Stores) {
		dir, err := os.MkdirTemp("", "stackhost-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		s, err := raftstore.Open(raftstore.Config{Dir: filepath.Join(dir, "store"), Node: "n1", Bootstrap: true})
		if err != nil {
			return err
		}
		defer s.Close()
		keys, err := raftstore.OpenKeyring(raftstore.SecretKeys{Own: filepath.Join(dir, "secret.key")})
		if err != nil {
			return err
		}
		cfg.Store, cfg.Secrets = s, raftstore.NewSecrets(s, keys)
	}
	h, err := host.Open(cfg)
	if err != nil {
		return err
	}
	defer h.Close()
	if err := h.Deploy(ctx, a); err != nil {
		return err
	}
	return use(h)
}

func showModules(c *console, a *app.App, h *host.Host) error {
	type row struct {
		Module    string   `json:"module"`
		Isolation string   `json:"isolation,omitempty"`
		Triggers  []string `json:"triggers,omitempty"`
		Memory    int64    `json:"memory_bytes,omitempty"`
		Problem   string   `json:"problem,omitempty"`
	}
	missing := h.Missing()
	rows := []row{}
	for _, m := range a.Modules {
		r := row{Module: m.Name}
		if err := missing[m.Name]; err != nil {
			r.Problem = err.Error()
		} else {
			g := h.Guest(m.Name)
			r.Isolation, r.Triggers, r.Memory = string(g.Module().Isolation()), g.Triggers(), g.Module().Stats().MemoryBytes
		}
		rows = append(rows, r)
	}
	err := c.show(rows, func(w io.Writer) {
		for _, r := range rows {
			if r.Problem != "" {
				fmt.Fprintf(w, "--\t%s\t%s\n", r.Module, r.Problem)
				continue
			}
			fmt.Fprintf(w, "ok\t%s\t%s\t%s\t%d KiB\n", r.Module, r.Isolation, strings.Join(r.Triggers, " "), r.Memory>>10)
		}
		fmt.Fprintf(w, "%s: %d modules, %d routes\n", a.Name, len(a.Modules), len(a.Routes))
	})
	if err == nil && len(missing) > 0 {
		err = errReported
	}
	return err
}

func newInspect(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "inspect MODULE.wasm",
		Short: "Show what a module is, what it needs and what it costs",
		Long: `inspect reads a WebAssembly file without running it: its dialect, the triggers it handles, its imports and the
grants they need, its memory, how it can be isolated, and what metering adds.`,
		Example: "  stackhost inspect plugins/welcome/go/welcome.wasm",
		Args:    exactly(1, "one .wasm file"),
		RunE: func(_ *cobra.Command, args []string) error {
			wasm, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			report, err := inspect(wasm)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			return c.show(report, func(w io.Writer) { printInspection(w, report) })
		},
	}
}

type inspection struct {
	Digest     string       `json:"sha256"`
	Size       int          `json:"size"`
	Dialect    string       `json:"dialect"`
	Triggers   []string     `json:"triggers"`
	Imports    []string     `json:"imports"`
	Grants     []string     `json:"grants"`
	Functions  int          `json:"functions"`
	Globals    int          `json:"mutable_globals"`
	MemoryMin  int64        `json:"memory_bytes"`
	MemoryMax  int64        `json:"memory_max_bytes,omitempty"`
	Pristine   string       `json:"pristine"` // how a clean instance is had
	Cost       runtime.Cost `json:"metering"`
	Sections   []string     `json:"custom_sections"`
	DialectErr string       `json:"dialect_problem,omitempty"`
}

func inspect(wasm []byte) (*inspection, error) {
	info, err := runtime.Inspect(wasm)
	if err != nil {
		return nil, err
	}
	cost, err := runtime.RewriteCost(wasm)
	if err != nil {
		return nil, err
	}
	r := &inspection{
		Digest: info.Digest, Size: info.Size, Functions: info.Functions, Globals: info.MutableGlobals, MemoryMin: int64(info.MemoryMin) << 16,
		MemoryMax: int64(info.MemoryMax) << 16, Pristine: "restored in place", Cost: cost, Sections: info.CustomSections, Imports: []string{}, Grants: []string{}, Triggers: []string{},
	}
	if info.MutatesTables || info.DropsSegments {
		r.Pristine = "a fresh instance for each call, because it changes tables or drops segments"
	}
	if d, err := dialect.Detect(host.Dialects(), info); err == nil {
		r.Dialect, r.Triggers = d.Name(), d.Triggers(info)
	} else {
		r.DialectErr = err.Error()
	}
	for _, i := range info.Imports {
		r.Imports = append(r.Imports, i.Module+" "+i.Name)
		if name, ok := strings.CutPrefix(i.Module, "stackhost:"); ok {
			name, _, _ = strings.Cut(name, "@")
			for _, known := range abi.Capabilities {
				if known.Name == name && !known.Implicit && !slices.Contains(r.Grants, name) {
					r.Grants = append(r.Grants, name)
				}
			}
		}
	}
	return r, nil
}

func printInspection(w io.Writer, r *inspection) {
	orNone := func(list []string) string {
		if len(list) == 0 {
			return "none"
		}
		return strings.Join(list, ", ")
	}
	name := r.Dialect
	if name == "" {
		name = "unknown: " + r.DialectErr
	}
	fmt.Fprintf(w, "sha256\t%s\nsize\t%d bytes, %d functions, %d mutable globals\ndialect\t%s\ntriggers\t%s\n", r.Digest, r.Size, r.Functions, r.Globals, name, orNone(r.Triggers))
	fmt.Fprintf(w, "grants needed\t%s\nmemory\t%d KiB at start\npristine\t%s\n", orNone(r.Grants), r.MemoryMin>>10, r.Pristine)
	fmt.Fprintf(w, "metering\t%d polls, code %d -> %d bytes (%+.1f %%)\n", r.Cost.Polls, r.Cost.CodeBefore, r.Cost.CodeAfter,
		100*float64(r.Cost.CodeAfter-r.Cost.CodeBefore)/float64(max(1, r.Cost.CodeBefore)))
	for i, im := range r.Imports {
		label := ""
		if i == 0 {
			label = "imports"
		}
		fmt.Fprintf(w, "%s\t%s\n", label, im)
	}
}

func newManifest(c *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON Schema of the manifest, for editors",
		Example: "  stackhost schema > stackhost.schema.json",
		Args:    exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			_, err := c.out.Write(app.Schema())
			return err
		},
	}
	return cmd
}
