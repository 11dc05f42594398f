package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/stackhost/stackhost/host/admin"
	"github.com/stackhost/stackhost/host/node"
	"github.com/stackhost/stackhost/raftstore"
)

func newCluster(c *console) *cobra.Command {
	var f remoteFlags
	cmd := &cobra.Command{
		Use:   "cluster",
		Short: "Form a cluster of nodes, and look after it",
		Long: `cluster makes several stackhosts one. Status, token, transfer, leave and backup talk to a running node; init, join, restore and
recover work on the data folder of a node that does not run.`,
	}
	f.add(cmd, false)
	cmd.AddCommand(clusterStatus(c, &f), clusterToken(c, &f), clusterTransfer(c, &f), clusterLeave(c, &f), clusterBackup(c, &f),
		clusterInit(c, &f), clusterJoin(c, &f), clusterRestore(c, &f), clusterRecover(c, &f))
	return cmd
}

func clusterStatus(c *console, f *remoteFlags) *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Show the nodes and who leads",
		Long:    "status shows the cluster as the node that answers sees it, also when there is no leader.",
		Example: "  stackhost cluster status\n  stackhost cluster status --to http://10.0.0.1:9440,http://10.0.0.2:9440 --json",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := f.connect()
			if err != nil {
				return err
			}
			var s admin.ClusterReply
			if err := r.json(cmd.Context(), call{method: "GET", path: "/v1/cluster"}, &s); err != nil {
				return err
			}
			return c.show(s, func(w io.Writer) { printCluster(w, s) })
		},
	}
}

func printCluster(w io.Writer, s admin.ClusterReply) {
	st := s.Status
	leader := st.Leader
	if leader == "" {
		leader = "none: too few nodes are running or can reach each other"
	}
	fmt.Fprintf(w, "node\t%s\nleader\t%s\nterm\t%d\napplied\t%d\n", st.Node, leader, st.Term, st.Applied)
	if st.Full {
		fmt.Fprintln(w, "disk\tfull: writes are refused until there is space")
	}
	if st.Failed != "" {
		fmt.Fprintf(w, "stopped\t%s\n", st.Failed)
	}
	fmt.Fprintln(w, "\nNODE\tADDRESS\tROLE\tAPPLIED\tHEARD OF")
	for _, m := range st.Members {
		role, applied, heard := "learner", "", "this node"
		if m.Voter {
			role = "voter"
		}
		if m.Node == st.Leader {
			role = "leader"
		}
		if m.Node == st.Node {
			applied = fmt.Sprint(st.Applied)
		} else if i := slices.IndexFunc(s.Peers, func(p raftstore.Peer) bool { return p.Node == m.Node }); i >= 0 {
			p := s.Peers[i]
			heard = "never"
			if !p.Heard.IsZero() {
				applied, heard = fmt.Sprint(p.Info.Applied), time.Since(p.Heard).Round(100*time.Millisecond).String()+" ago"
			}
			if p.Info.Draining {
				role += ", draining"
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", m.Node, m.Address, role, applied, heard)
	}
}

func clusterToken(c *console, f *remoteFlags) *cobra.Command {
	var ttl time.Duration
	var uses int
	cmd := &cobra.Command{
		Use: "token", Short: "Make a token with which a node can join",
		Long: `token prints a join token. Who has it can become a member of the cluster: treat it as a password. The node must be reachable
for others (serve --node-listen).`,
		Example: "  stackhost cluster token\n  stackhost serve --data ./node2 --join TOKEN --seed 10.0.0.1:9441",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := f.connect()
			if err != nil {
				return err
			}
			var t admin.JoinTokenReply
			err = r.post(cmd.Context(), call{path: "/v1/cluster/join-token", repeatable: true}, admin.JoinTokenRequest{TTL: ttl.String(), Uses: uses}, &t)
			if err != nil {
				return err
			}
			return c.show(t, func(w io.Writer) { fmt.Fprintln(w, t.Token) })
		},
	}
	cmd.Flags().DurationVar(&ttl, "ttl", 24*time.Hour, "how long it is valid")
	cmd.Flags().IntVar(&uses, "uses", 1, "how many nodes it admits")
	return cmd
}

func clusterTransfer(c *console, f *remoteFlags) *cobra.Command {
	return &cobra.Command{
		Use: "transfer [NODE]", Short: "Hand leadership to another node",
		Long:    "transfer makes NODE, or the voter that is most up to date, the leader. Requests under way are not lost.",
		Example: "  stackhost cluster transfer n2",
		Args:    arguments(0, 1, "at most the name of a node"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := f.connect()
			if err != nil {
				return err
			}
			var ask admin.NodeRequest
			if len(args) == 1 {
				ask.Node = args[0]
			}
			if err := r.post(cmd.Context(), call{path: "/v1/cluster/transfer"}, ask, nil); err != nil {
				return err
			}
			var s admin.ClusterReply
			for start := time.Now(); s.Status.Leader == "" && time.Since(start) < f.timeout; time.Sleep(5 * time.Millisecond) {
				// the node that was asked may not have heard of the new leader yet
				if err := r.json(cmd.Context(), call{method: "GET", path: "/v1/cluster"}, &s); err != nil {
					return err
				}
			}
			return c.show(map[string]any{"leader": s.Status.Leader}, func(w io.Writer) { fmt.Fprintf(w, "%s leads\n", s.Status.Leader) })
		},
	}
}

func clusterLeave(c *console, f *remoteFlags) *cobra.Command {
	return &cobra.Command{
		Use: "leave [NODE]", Short: "Take a node out of the cluster",
		Long: `leave takes out the node that answers, which hands over leadership first; stop it afterwards. With NODE it takes out another
one, also one that is gone for good. The data folder of a node that left must not be used again.`,
		Example: "  stackhost cluster leave\n  stackhost cluster leave n3",
		Args:    arguments(0, 1, "at most the name of a node"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := f.connect()
			if err != nil {
				return err
			}
			var ask admin.NodeRequest
			if len(args) == 1 {
				ask.Node = args[0]
			}
			if err := r.post(cmd.Context(), call{path: "/v1/cluster/leave"}, ask, nil); err != nil {
				return err
			}
			return c.show(map[string]any{"left": ask.Node}, func(w io.Writer) { fmt.Fprintln(w, "it is no member any more; stop it") })
		},
	}
}

func clusterBackup(c *console, f *remoteFlags) *cobra.Command {
	return &cobra.Command{
		Use: "backup FILE", Short: "Write a backup of everything",
		Long: `backup writes the whole replicated state as of one moment to FILE, or to standard output for -, while the cluster goes on. It
holds all apps with their bundles and data; secrets are in it encrypted, their master keys are not.`,
		Example: "  stackhost cluster backup backup-2026-11-23.stackhost",
		Args:    exactly(1, "a file to write"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := f.connect()
			if err != nil {
				return err
			}
			resp, err := r.do(cmd.Context(), call{method: "GET", path: "/v1/cluster/backup", long: true})
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			count := &countingReader{Reader: resp.Body}
			if args[0] == "-" {
				_, err = io.Copy(c.out, count)
			} else {
				err = writeWhole(args[0], count, func() error { return nil })
			}
			if err != nil {
				return fmt.Errorf("there is no backup: it was cut short: %w", err)
			}
			if args[0] == "-" {
				return nil
			}
			return c.show(map[string]any{"file": args[0], "bytes": count.n}, func(w io.Writer) { fmt.Fprintf(w, "%d bytes in %s\n", count.n, args[0]) })
		},
	}
}

type countingReader struct {
	io.Reader
	n int64
}

func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.n += int64(n)
	return n, err
}

// folder is the data folder that a command works on.
func (f *remoteFlags) folder() (string, error) {
	if f.data == "" {
		return "", usageError{errors.New("which data folder? Give it with --data")}
	}
	return f.data, nil
}

// nodeFlags describe a node that is being made.
type nodeFlags struct {
	node, listen, advertise string
}

func (n *nodeFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&n.node, "node", "", "name of the node (default: made of the machine's name)")
	cmd.Flags().StringVar(&n.listen, "node-listen", "", "address for other nodes (default 127.0.0.1:9441)")
	cmd.Flags().StringVar(&n.advertise, "advertise", "", "address at which other nodes reach it, when it is another")
}

func (n *nodeFlags) config(data string) node.Config {
	return node.Config{Data: data, Name: n.node, Listen: n.listen, Advertise: n.advertise}
}

func clusterInit(c *console, f *remoteFlags) *cobra.Command {
	var n nodeFlags
	cmd := &cobra.Command{
		Use: "init", Short: "Make the data folder of a new cluster's first node",
		Long: `init makes certificates and an authority that admits other nodes, in a new data folder or in that of a node that was alone
until now and is stopped.`,
		Example: "  stackhost cluster init --data ./node1 --node n1 --node-listen 10.0.0.1:9441\n  stackhost serve shop --data ./node1",
		Args:    exactly(0, "no arguments"),
		RunE: func(_ *cobra.Command, _ []string) error {
			data, err := f.folder()
			if err != nil {
				return err
			}
			name, err := node.Init(n.config(data))
			if err != nil {
				return err
			}
			return c.show(map[string]any{"node": name, "data": data}, func(w io.Writer) {
				fmt.Fprintf(w, "%s is the data folder of %s, the first node of a new cluster\nTry next: stackhost serve APP --data %s\n", data, name, data)
			})
		},
	}
	n.add(cmd)
	return cmd
}

func clusterJoin(c *console, f *remoteFlags) *cobra.Command {
	var n nodeFlags
	var learner bool
	cmd := &cobra.Command{
		Use: "join TOKEN SEED...", Short: "Make the data folder of a node that joins a cluster",
		Long: `join gets a certificate from a member, whose --node-listen address is SEED. The node becomes a member when it is served.
` + "`stackhost serve --join TOKEN --seed SEED`" + ` does both.`,
		Example: "  stackhost cluster join $(cat token) 10.0.0.1:9441 --data ./node2 --node n2 --node-listen 10.0.0.2:9441",
		Args:    arguments(2, 100, "a join token and the address of a member"),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := f.folder()
			if err != nil {
				return err
			}
			cfg := n.config(data)
			cfg.Token, cfg.Seeds, cfg.Learner = args[0], args[1:], learner
			name, err := node.Join(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			return c.show(map[string]any{"node": name, "data": data}, func(w io.Writer) {
				fmt.Fprintf(w, "%s is the data folder of %s\nTry next: stackhost serve --data %s\n", data, name, data)
			})
		},
	}
	n.add(cmd)
	cmd.Flags().BoolVar(&learner, "learner", false, "join without a vote")
	return cmd
}

func clusterRestore(c *console, f *remoteFlags) *cobra.Command {
	var n nodeFlags
	cmd := &cobra.Command{
		Use: "restore FILE", Short: "Make a data folder from a backup",
		Long: `restore makes a new data folder from a backup, or from standard input for -: that of the only node of a new cluster, which
others can then join. The size of the old cluster does not matter. Secrets need the master keys of then.`,
		Example: "  stackhost cluster restore backup-2026-11-23.stackhost --data ./restored\n  stackhost serve --data ./restored",
		Args:    exactly(1, "a backup"),
		RunE: func(_ *cobra.Command, args []string) error {
			data, err := f.folder()
			if err != nil {
				return err
			}
			in := c.in
			if args[0] != "-" {
				file, err := os.Open(args[0])
				if err != nil {
					return err
				}
				defer file.Close()
				in = file
			}
			name, err := node.Restore(n.config(data), in)
			if err != nil {
				return err
			}
			return c.show(map[string]any{"node": name, "data": data}, func(w io.Writer) {
				fmt.Fprintf(w, "restored to %s, the data folder of %s\nTry next: stackhost serve --data %s\n", data, name, data)
			})
		},
	}
	n.add(cmd)
	return cmd
}

func clusterRecover(c *console, f *remoteFlags) *cobra.Command {
	var sure bool
	cmd := &cobra.Command{
		Use: "recover", Short: "Go on with one node after most were lost for good",
		Long: `recover makes the node of a data folder, which must be stopped, the only voter of its cluster. It is for when so many voters
are lost for good that the others cannot elect a leader. Writes that only lost nodes had are gone. Choose the node whose
applied index is the highest (cluster status on each). All other nodes must join again with new data folders; one of
them that comes back must not be served.`,
		Example: "  stackhost cluster recover --data ./node1 --lost-quorum\n  stackhost serve --data ./node1",
		Args:    exactly(0, "no arguments"),
		RunE: func(_ *cobra.Command, _ []string) error {
			data, err := f.folder()
			if err != nil {
				return err
			}
			if !sure {
				return usageError{errors.New("recover can lose writes that were acknowledged: " +
					"read `stackhost cluster recover --help`, then say --lost-quorum")}
			}
			name, err := node.Recover(data)
			if err != nil {
				return err
			}
			return c.show(map[string]any{"node": name, "data": data}, func(w io.Writer) {
				fmt.Fprintf(w, "%s is the only voter of its cluster now\nTry next: stackhost serve --data %s; then let others join with new data folders\n",
					name, data)
			})
		},
	}
	cmd.Flags().BoolVar(&sure, "lost-quorum", false, "yes, most voters are lost for good")
	return cmd
}
