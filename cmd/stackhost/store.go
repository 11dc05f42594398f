package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/stackhost/stackhost/host/admin"
	"github.com/stackhost/stackhost/host/node"
)

func newStore(c *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "store",
		Short: "Check the replicated store",
		Long:  "store checks what is on disk, and whether nodes hold the same.",
	}
	cmd.AddCommand(storeVerify(c), storeHash(c))
	return cmd
}

func storeVerify(c *console) *cobra.Command {
	return &cobra.Command{
		Use: "verify DIR", Short: "Check every byte of a stopped node's data folder",
		Long: `verify reads the log and the tables of a data folder and checks every checksum. The node must be stopped. It fails when it
finds damage, and lists it.`,
		Example: "  stackhost store verify ./node1",
		Args:    exactly(1, "a data folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			report, err := node.Verify(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if err := c.show(report, func(w io.Writer) {
				fmt.Fprintf(w, "log entries\t%d (%d to %d)\nkeys\t%d\ndurable index\t%d\nstate\tSHA-256 %s\n",
					report.Entries, report.First, report.Last, report.Keys, report.Durable, report.Hash)
				for _, p := range report.Problems {
					fmt.Fprintf(w, "damage\t%s\n", p)
				}
				if len(report.Problems) == 0 {
					fmt.Fprintln(w, "no damage")
				}
			}); err != nil {
				return err
			}
			if len(report.Problems) > 0 {
				return errReported
			}
			return nil
		},
	}
}

func storeHash(c *console) *cobra.Command {
	var f remoteFlags
	cmd := &cobra.Command{
		Use: "hash", Short: "Hash the state of a running node",
		Long:    "hash prints the SHA-256 of all keys and values on a node. Nodes that have applied the same index must print the same.",
		Example: "  stackhost store hash --to http://10.0.0.1:9440",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := f.connect()
			if err != nil {
				return err
			}
			var h admin.HashReply
			if err := r.json(cmd.Context(), call{method: "GET", path: "/v1/cluster/hash", long: true}, &h); err != nil {
				return err
			}
			return c.show(h, func(w io.Writer) { fmt.Fprintf(w, "node\t%s\nindex\t%d\nSHA-256\t%s\n", h.Node, h.Index, h.Hash) })
		},
	}
	f.add(cmd, false)
	return cmd
}
