package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/stackhost/stackhost/host/admin"
	"golang.org/x/term"
)

func newSecret(c *console) *cobra.Command {
	var f remoteFlags
	cmd := &cobra.Command{
		Use:   "secret",
		Short: "Set the secrets of an app",
		Long: `secret sets values that the app's modules read when the manifest grants them: API keys, passwords. They are stored encrypted,
cannot be read back from here, and are never printed or recorded.`,
	}
	f.add(cmd, true)
	cmd.AddCommand(secretSet(c, &f), secretList(c, &f), secretRemove(c, &f), secretRotate(c, &f))
	return cmd
}

func secretSet(c *console, f *remoteFlags) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "set NAME", Short: "Set a secret",
		Long: `set reads the value from --file, or from standard input, or asks for it on a terminal; never from the command line, which
other users of the machine can see. One line end at the end is left out.`,
		Example: "  stackhost secret set STRIPE_KEY --app shop < key.txt\n  stackhost secret set STRIPE_KEY --app shop --file key.txt",
		Args:    exactly(1, "the secret's name, and the value on standard input"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, path, err := f.appCall("secrets", args[0])
			if err != nil {
				return err
			}
			value, err := c.secretValue(args[0], file)
			if err != nil {
				return err
			}
			if len(value) == 0 {
				return usageError{errors.New("the value is empty; `stackhost secret rm` deletes a secret")}
			}
			var v admin.SecretVersion
			err = r.json(cmd.Context(), call{method: "PUT", path: path, body: value, repeatable: true}, &v)
			clear(value)
			if err != nil {
				return err
			}
			return c.show(v, func(w io.Writer) { fmt.Fprintf(w, "%s is set, version %d\n", args[0], v.Version) })
		},
	}
	cmd.Flags().StringVar(&file, "file", "", "file with the value")
	return cmd
}

func (c *console) secretValue(name, file string) (value []byte, err error) {
	in, ok := c.in.(*os.File)
	switch {
	case file != "" && file != "-":
		value, err = os.ReadFile(file)
	case file == "" && ok && term.IsTerminal(int(in.Fd())):
		fmt.Fprintf(c.err, "value of %s (is not shown): ", name)
		value, err = term.ReadPassword(int(in.Fd()))
		fmt.Fprintln(c.err)
	default:
		value, err = io.ReadAll(c.in)
	}
	value = bytes.TrimSuffix(value, []byte("\n"))
	return bytes.TrimSuffix(value, []byte("\r")), err
}

func secretList(c *console, f *remoteFlags) *cobra.Command {
	return &cobra.Command{
		Use: "ls", Aliases: []string{"list"}, Short: "List an app's secrets without their values",
		Long: "ls prints names, versions and which master key protects them.", Example: "  stackhost secret ls --app shop",
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, path, err := f.appCall("secrets")
			if err != nil {
				return err
			}
			var page admin.SecretPage
			if err := r.json(cmd.Context(), call{method: "GET", path: path}, &page); err != nil {
				return err
			}
			return c.show(page.Secrets, func(w io.Writer) {
				fmt.Fprintln(w, "NAME\tVERSION\tSET\tKEY")
				for _, s := range page.Secrets {
					fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", s.Name, s.Version, s.Set.Format(time.RFC3339), s.Key)
				}
			})
		},
	}
}

func secretRemove(c *console, f *remoteFlags) *cobra.Command {
	return &cobra.Command{
		Use: "rm NAME", Aliases: []string{"delete"}, Short: "Delete a secret",
		Long: "rm deletes a secret; modules that read it get not_found from then on.", Example: "  stackhost secret rm STRIPE_KEY --app shop",
		Args: exactly(1, "the secret's name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, path, err := f.appCall("secrets", args[0])
			if err != nil {
				return err
			}
			return c.done(cmd, r, call{method: "DELETE", path: path}, "deleted")
		},
	}
}

func secretRotate(c *console, f *remoteFlags) *cobra.Command {
	return &cobra.Command{
		Use: "rotate", Short: "Protect all secrets, of all apps, by a new master key",
		Long: `rotate wraps all secrets by the newest master key.

Nodes that keep their own key (DATA/secret.key) make a new one and forget the old one. With --secret-key-file or
STACKHOST_SECRET_KEY the new key is yours to give, while the old one stays readable:
  1. on every node, put a new key (openssl rand -base64 32) in the first line of the file, before the old one
  2. stackhost secret rotate
  3. on every node, take the old key out`,
		Example: "  stackhost secret rotate",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := f.connect()
			if err != nil {
				return err
			}
			var done admin.SecretRotation
			if err := r.json(cmd.Context(), call{method: "POST", path: "/v1/secrets:rotate"}, &done); err != nil {
				return err
			}
			return c.show(done, func(w io.Writer) {
				fmt.Fprintf(w, "%d secrets are wrapped by key %s now, %d were before\n", done.Rewrapped, done.Key, done.Already)
			})
		},
	}
}
