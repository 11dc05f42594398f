package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/stackhost/stackhost/host/scaffold"
)

func newNew(c *console) *cobra.Command {
	var language string
	cmd := &cobra.Command{
		Use:   "new FOLDER",
		Short: "Make a new app",
		Long: "new makes a folder with a manifest, a program of a few lines and the SDK's sources beside it, so that it builds without\n" +
			"anything to download. Languages: " + strings.Join(scaffold.Languages(), ", ") + ".",
		Example: "  stackhost new hello --language rust\n  stackhost dev hello",
		Args:    exactly(1, "the folder to make"),
		RunE: func(_ *cobra.Command, args []string) error {
			abs, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			files, err := scaffold.New(abs, strings.ToLower(filepath.Base(abs)), language)
			if err != nil {
				return usageError{err}
			}
			return c.show(map[string]any{"folder": abs, "language": language, "files": files}, func(w io.Writer) {
				fmt.Fprintf(w, "made %s with %d files\n", args[0], len(files))
				if language == "assemblyscript" {
					fmt.Fprintf(w, "Next: (cd %s/app && npm install)\n", args[0])
				}
				if language == "js" {
					fmt.Fprintln(w, "Next, once: stackhost engine install js")
				}
				fmt.Fprintf(w, "Try next: stackhost dev %s\n", args[0])
			})
		},
	}
	cmd.Flags().StringVar(&language, "language", "go", "language of the program: "+strings.Join(scaffold.Languages(), ", "))
	return cmd
}
