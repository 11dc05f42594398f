package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/stackhost/stackhost/host/admin"
)

func newToken(c *console) *cobra.Command {
	var f remoteFlags
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Make and revoke tokens for the admin API",
		Long: `token manages the tokens with which commands and programs use the admin API from other machines. On the node's own machine
commands find its root token by themselves.`,
	}
	f.add(cmd, false)
	var scopes, apps []string
	var note string
	var ttl time.Duration
	make := &cobra.Command{
		Use: "new", Short: "Make a token",
		Long: `new prints a token that works on every node of the cluster. It is shown this once. Scopes: read; write (and read) the data of
apps; deploy (and read) apps and set their secrets; admin (everything).`,
		Example: "  stackhost token new --scope deploy --only-app shop --ttl 720h --note CI",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := f.connect()
			if err != nil {
				return err
			}
			ask := admin.NewTokenRequest{Scopes: scopes, Apps: apps, Note: note}
			if ttl > 0 {
				ask.TTL = ttl.String()
			}
			var t admin.NewTokenReply
			if err := r.post(cmd.Context(), call{path: "/v1/tokens"}, ask, &t); err != nil {
				return err
			}
			return c.show(t, func(w io.Writer) { fmt.Fprintln(w, t.Token) })
		},
	}
	flags := make.Flags()
	flags.StringSliceVar(&scopes, "scope", []string{"read"}, "what it allows: read, write, deploy, admin; can be given more than once")
	flags.StringSliceVar(&apps, "only-app", nil, "an app that it is for (default: all); can be given more than once")
	flags.StringVar(&note, "note", "", "what it is for")
	flags.DurationVar(&ttl, "ttl", 0, "how long it is valid; 0 means until it is revoked")
	cmd.AddCommand(make, &cobra.Command{
		Use: "ls", Aliases: []string{"list"}, Short: "List the tokens that are valid",
		Long: "ls prints what is known of each token. The tokens themselves are kept as hashes only.", Example: "  stackhost token ls",
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := f.connect()
			if err != nil {
				return err
			}
			var page admin.TokenPage
			if err := r.json(cmd.Context(), call{method: "GET", path: "/v1/tokens"}, &page); err != nil {
				return err
			}
			return c.show(page.Tokens, func(w io.Writer) {
				fmt.Fprintln(w, "ID\tSCOPES\tAPPS\tEXPIRES\tNOTE")
				for _, t := range page.Tokens {
					expires, only := "never", "all"
					if t.Expires != nil {
						expires = t.Expires.Format(time.RFC3339)
					}
					if len(t.Apps) > 0 {
						only = strings.Join(t.Apps, ",")
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", t.ID, strings.Join(t.Scopes, ","), only, expires, t.Note)
				}
			})
		},
	}, &cobra.Command{
		Use: "revoke ID", Short: "Revoke a token",
		Long: "revoke makes a token invalid on all nodes within a second.", Example: "  stackhost token revoke k3j5x7abcdef",
		Args: exactly(1, "the id of a token, the part before its point"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := f.connect()
			if err != nil {
				return err
			}
			id, _, _ := strings.Cut(args[0], ".")
			return c.done(cmd, r, call{method: "DELETE", path: "/v1/tokens" + segment(id)}, "revoked")
		},
	})
	return cmd
}
