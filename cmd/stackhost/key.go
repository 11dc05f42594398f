package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/stackhost/stackhost/host/admin"
	"github.com/stackhost/stackhost/host/app/bundle"
)

func newKey(c *console) *cobra.Command {
	var f remoteFlags
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Make keys that sign apps, and say which a cluster trusts",
		Long: `A key signs bundles (stackhost deploy --sign). A cluster that requires signatures activates only versions that a key it
trusts has signed.`,
	}
	f.add(cmd, false)
	cmd.AddCommand(keyNew(c), keyTrust(c, &f), keyDistrust(c, &f), keyList(c, &f), keyRequire(c, &f))
	return cmd
}

func keyNew(c *console) *cobra.Command {
	return &cobra.Command{
		Use:     "new FILE",
		Short:   "Make a key",
		Long:    "new writes an Ed25519 key to FILE, which only its owner can read, and its public part to FILE.pub, which `stackhost key trust` takes.",
		Example: "  stackhost key new ci.key",
		Args:    exactly(1, "the file to write"),
		RunE: func(_ *cobra.Command, args []string) error {
			k, err := bundle.NewKey()
			if err != nil {
				return err
			}
			if err := k.Save(args[0]); err != nil {
				return err
			}
			return c.show(map[string]string{"id": k.ID(), "key": args[0], "public": args[0] + ".pub"}, func(w io.Writer) {
				fmt.Fprintf(w, "key %s is in %s; keep it secret\nLet a cluster trust it: stackhost key trust %s.pub\n", k.ID(), args[0], args[0])
			})
		},
	}
}

func keyTrust(c *console, f *remoteFlags) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:     "trust FILE.pub",
		Short:   "Let a cluster trust a key",
		Long:    "trust makes the signatures of a key count. Whether bundles must be signed is said by `stackhost key require`.",
		Example: "  stackhost key trust ci.key.pub --name ci",
		Args:    exactly(1, "a public key's file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			public, err := bundle.LoadPublicKey(args[0])
			if err != nil {
				return err
			}
			if name == "" {
				name, _, _ = strings.Cut(filepath.Base(args[0]), ".")
			}
			r, err := f.connect()
			if err != nil {
				return err
			}
			var reply admin.SigningKey
			request := admin.SigningKeyRequest{Name: name, Public: public}
			if err := r.post(cmd.Context(), call{path: "/v1/signing/keys", repeatable: true}, request, &reply); err != nil {
				return err
			}
			return c.show(reply, func(w io.Writer) { fmt.Fprintf(w, "key %s (%s) is trusted\n", reply.ID, reply.Name) })
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "name for people (default: that of the file)")
	return cmd
}

func keyDistrust(c *console, f *remoteFlags) *cobra.Command {
	return &cobra.Command{
		Use:     "distrust ID",
		Short:   "Let a cluster trust a key no more",
		Long:    "distrust makes the signatures of a key count no more. What serves goes on; while signatures are required, versions that only this key signed cannot be activated.",
		Example: "  stackhost key distrust b4ddf335cb357059",
		Args:    exactly(1, "a key's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := f.connect()
			if err != nil {
				return err
			}
			if err := r.json(cmd.Context(), call{method: "DELETE", path: "/v1/signing/keys" + segment(args[0])}, nil); err != nil {
				return err
			}
			return c.show(map[string]string{"distrusted": args[0]}, func(w io.Writer) { fmt.Fprintf(w, "key %s is not trusted any more\n", args[0]) })
		},
	}
}

func keyList(c *console, f *remoteFlags) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the keys that a cluster trusts",
		Example: "  stackhost key list",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := f.connect()
			if err != nil {
				return err
			}
			var reply admin.SigningReply
			if err := r.json(cmd.Context(), call{method: "GET", path: "/v1/signing"}, &reply); err != nil {
				return err
			}
			return c.show(reply, func(w io.Writer) {
				for _, k := range reply.Keys {
					fmt.Fprintf(w, "%s\t%s\t%s\n", k.ID, k.Name, since(&k.Added))
				}
				fmt.Fprintln(w, requiredText(reply.Required))
			})
		},
	}
}

func requiredText(required bool) string {
	if required {
		return "bundles must be signed by one of these keys"
	}
	return "signatures are not required"
}

func keyRequire(c *console, f *remoteFlags) *cobra.Command {
	return &cobra.Command{
		Use:     "require on|off",
		Short:   "Say whether bundles must be signed",
		Long:    "require on lets a cluster refuse bundles that no trusted key signed; require off takes that back.",
		Example: "  stackhost key require on",
		Args:    exactly(1, "on or off"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] != "on" && args[0] != "off" {
				return usageError{fmt.Errorf("%q: on or off", args[0])}
			}
			r, err := f.connect()
			if err != nil {
				return err
			}
			required := args[0] == "on"
			body := fmt.Appendf(nil, `{"required":%t}`, required)
			if err := r.json(cmd.Context(), call{method: "PUT", path: "/v1/signing", body: body, repeatable: true}, nil); err != nil {
				return err
			}
			return c.show(map[string]bool{"required": required}, func(w io.Writer) { fmt.Fprintln(w, requiredText(required)) })
		},
	}
}
