package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"github.com/stackhost/stackhost/host/app/bundle/oci"
)

// registryFlags say how to talk to a registry.
type registryFlags struct {
	plain bool
	user  string
}

func (f *registryFlags) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.plain, "plain-http", false, "talk to the registry without TLS, as is done on this machine anyway")
	cmd.Flags().StringVar(&f.user, "user", "", "user name, with the password in STACKHOST_REGISTRY_PASSWORD (default: what docker login keeps)")
}

func (f *registryFlags) options() oci.Options {
	return oci.Options{PlainHTTP: f.plain, User: f.user, Password: os.Getenv("STACKHOST_REGISTRY_PASSWORD")}
}

// artifact is what was pushed or pulled, for --json.
type artifact struct {
	Reference string `json:"reference"`
	Artifact  string `json:"artifact"` // digest in the registry
	App       string `json:"app"`
	Digest    string `json:"digest"` // of the bundle
	Size      int64  `json:"size"`
	Key       string `json:"key,omitempty"`
	File      string `json:"file,omitempty"`
}

func newPush(c *console) *cobra.Command {
	var f registryFlags
	var sign string
	cmd := &cobra.Command{
		Use:   "push APP REFERENCE",
		Short: "Put the bundle of an app into an OCI registry",
		Long: `push makes the bundle of an app, as deploy does, and puts it into a registry, where ` + "`stackhost deploy oci://REFERENCE`" + ` and
pull find it. APP is a folder or a bundle file. A signature goes with it.`,
		Example: "  stackhost push shop registry.example.com/team/shop:1.0.0 --sign ci.key",
		Args:    exactly(2, "an app and a reference"),
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := signingKey(sign)
			if err != nil {
				return err
			}
			b, err := openBundle(cmd.Context(), c, args[0], f.options())
			if err != nil {
				return err
			}
			defer b.Close()
			if err := b.sign(key); err != nil {
				return err
			}
			if _, err := b.Seek(0, io.SeekStart); err != nil {
				return err
			}
			a, err := oci.Push(cmd.Context(), args[1], io.NopCloser(b.File), b.Info, b.signature, f.options())
			if err != nil {
				return err
			}
			result := artifact{a.Reference, a.Digest, b.Manifest.App, b.Digest, b.Size, b.signature.Key, ""}
			return c.show(result, func(w io.Writer) {
				fmt.Fprintf(w, "%s is in the registry as %s (%s)\n", result.App, result.Reference, result.Artifact)
			})
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&sign, "sign", "", "key file to sign the bundle with; see `stackhost key new`")
	return cmd
}

func newPull(c *console) *cobra.Command {
	var f registryFlags
	var output string
	cmd := &cobra.Command{
		Use:     "pull REFERENCE",
		Short:   "Get the bundle of an app from an OCI registry",
		Long:    "pull copies a bundle from a registry to a file and checks it. `stackhost deploy FILE` deploys it, unsigned; deploy oci://REFERENCE takes the signature along.",
		Example: "  stackhost pull registry.example.com/team/shop:1.0.0 --output shop.bundle",
		Args:    exactly(1, "a reference"),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := openBundle(cmd.Context(), c, "oci://"+args[0], f.options())
			if err != nil {
				return err
			}
			defer b.Close()
			if output == "" {
				output = b.Manifest.App + ".bundle"
			}
			if err := copyTo(b.File, output); err != nil {
				return err
			}
			result := artifact{Reference: args[0], App: b.Manifest.App, Digest: b.Digest, Size: b.Size, Key: b.signature.Key, File: output, Artifact: b.artifact}
			return c.show(result, func(w io.Writer) { fmt.Fprintf(w, "%s is in %s (%s)\n", result.App, output, sizeText(b.Size)) })
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&output, "output", "", "file to write (default: the app's name with .bundle)")
	return cmd
}

func copyTo(f *os.File, output string) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	out, err := os.OpenFile(output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s exists; choose another name with --output", output)
	}
	if err != nil {
		return err
	}
	_, err = io.Copy(out, f)
	return errors.Join(err, out.Close())
}

// pullTo gets a bundle from a registry.
func pullTo(ctx context.Context, reference, file string, o oci.Options) (*oci.Artifact, error) {
	out, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	a, err := oci.Pull(ctx, reference, out, o)
	if err := errors.Join(err, out.Close()); err != nil {
		return nil, err
	}
	return a, nil
}
