package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newRoot(c *console) *cobra.Command {
	root := &cobra.Command{
		Use:   "stackhost",
		Short: "Run web applications written in any language that compiles to WebAssembly",
		Long: `stackhost serves an app folder: a manifest, WebAssembly modules or their sources, and files.

Every flag can also be set in the environment (STACKHOST_LISTEN for --listen) or in a config file of
TOML keys (--config, default stackhost.config.toml in the working folder when it exists). The command line
wins over the environment, which wins over the file.`,
		Example: `  stackhost new hello --language go
  stackhost dev hello
  stackhost serve hello --listen :8080`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
	}
	root.PersistentFlags().BoolVar(&c.json, "json", false, "print JSON for programs instead of text for people")
	root.PersistentFlags().String("config", "", "file with defaults for flags")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see `%s --help`", err, cmd.CommandPath())}
	})
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return fromOutside(cmd) }
	root.AddCommand(
		newNew(c), newDev(c), newServe(c), newBuild(c), newCheck(c), newRoutes(c), newInspect(c), newCall(c), newBench(c),
		newConformance(c), newEngine(c), newManifest(c), newDoctor(c), newVersion(c),
		newKV(c), newCache(c), newLock(c), newBlob(c), newSecret(c), newCluster(c), newStore(c), newToken(c),
		newDeploy(c), newApps(c), newVersions(c), newPromote(c), newRollback(c), newKey(c), newPush(c), newPull(c), newRun(c),
	)
	return root
}

// exactly is cobra.ExactArgs with an error that says what is missing.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError{fmt.Errorf("%s takes %s; see `%s --help`", cmd.CommandPath(), what, cmd.CommandPath())}
		}
		return nil
	}
}

// atMostOneApp is for commands that take an app folder, by default the working folder.
func atMostOneApp(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usageError{fmt.Errorf("%s takes one app folder; see `%s --help`", cmd.CommandPath(), cmd.CommandPath())}
	}
	return nil
}

func appFolder(args []string) string {
	if len(args) == 1 {
		return args[0]
	}
	return "."
}

const defaultConfigFile = "stackhost.config.toml"

// fromOutside sets the flags that the command line left alone from the environment, then from the config file.
func fromOutside(cmd *cobra.Command) error {
	file, err := readConfig(cmd)
	if err != nil {
		return usageError{err}
	}
	var failed error
	known := map[string]bool{}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		known[f.Name] = true
		if f.Changed || failed != nil || f.Name == "help" || f.Name == "config" {
			return
		}
		variable := "STACKHOST_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if value, ok := os.LookupEnv(variable); ok {
			if err := cmd.Flags().Set(f.Name, value); err != nil {
				failed = fmt.Errorf("environment variable %s: %w", variable, err)
			}
			return
		}
		if value, ok := file[f.Name]; ok {
			if err := cmd.Flags().Set(f.Name, fmt.Sprint(value)); err != nil {
				failed = fmt.Errorf("config key %s: %w", f.Name, err)
			}
		}
	})
	if failed != nil {
		return usageError{failed}
	}
	return nil
}

func readConfig(cmd *cobra.Command) (map[string]any, error) {
	path, _ := cmd.Flags().GetString("config")
	if path == "" {
		path = os.Getenv("STACKHOST_CONFIG")
	}
	optional := path == ""
	if optional {
		path = defaultConfigFile
	}
	text, err := os.ReadFile(path)
	if err != nil {
		if optional && os.IsNotExist(err) {
			return nil, nil
		}
		return nil, fmt.Errorf("config file: %w", err)
	}
	var values map[string]any
	if err := toml.Unmarshal(text, &values); err != nil {
		return nil, fmt.Errorf("config file %s: %w", filepath.Clean(path), err)
	}
	return values, checkConfigKeys(cmd.Root(), path, values)
}

// checkConfigKeys refuses keys that are a flag of no command: a misspelt key must not be ignored.
func checkConfigKeys(root *cobra.Command, path string, values map[string]any) error {
	known := map[string]bool{}
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) { known[f.Name] = true })
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(root)
	for key := range values {
		if !known[key] {
			return fmt.Errorf("config file %s: no command has a flag called %q", path, key)
		}
	}
	return nil
}
