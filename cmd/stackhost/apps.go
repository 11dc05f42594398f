package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/stackhost/stackhost/host/admin"
)

func newApps(c *console) *cobra.Command {
	var f remoteFlags
	cmd := &cobra.Command{
		Use:     "apps",
		Short:   "List the apps of a cluster",
		Long:    "apps lists what was deployed to a cluster, and which versions serve.",
		Example: "  stackhost apps\n  stackhost apps --json",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := f.connect()
			if err != nil {
				return err
			}
			var reply admin.AppListReply
			if err := r.json(cmd.Context(), call{method: "GET", path: "/v1/apps"}, &reply); err != nil {
				return err
			}
			return c.show(reply.Apps, func(w io.Writer) {
				if len(reply.Apps) == 0 {
					fmt.Fprintln(w, "nothing was deployed yet; `stackhost deploy APP` does it")
					return
				}
				fmt.Fprintln(w, "APP\tNEWEST\tSERVES\tSINCE\tWHY")
				for _, a := range reply.Apps {
					fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\n", a.Name, a.Newest, sharesText(a.Activation.Weights), since(a.Activation.At), a.Activation.Reason)
				}
			})
		},
	}
	f.add(cmd, false)
	cmd.AddCommand(appsStop(c, &f), appsRemove(c, &f), appsHistory(c, &f))
	return cmd
}

func sharesText(weights []admin.AppWeight) string {
	if len(weights) == 0 {
		return "nothing"
	}
	var parts []string
	for _, w := range weights {
		if w.Percent == 100 {
			return strconv.FormatUint(w.Version, 10)
		}
		parts = append(parts, fmt.Sprintf("%d (%.4g %%)", w.Version, w.Percent))
	}
	return strings.Join(parts, ", ")
}

func since(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.Local().Format("2006-01-02 15:04:05")
}

func appsStop(c *console, f *remoteFlags) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:     "stop NAME",
		Short:   "Let an app serve no more",
		Long:    "stop takes an app from all nodes at once. Its versions and data stay; `stackhost promote` lets a version serve again.",
		Example: "  stackhost apps stop shop",
		Args:    exactly(1, "the name of an app"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := f.connect()
			if err != nil {
				return err
			}
			var reply admin.AppChangeReply
			err = r.post(cmd.Context(), call{path: "/v1/apps" + segment(args[0]) + ":stop", long: true}, admin.AppStopRequest{Reason: reason}, &reply)
			if err != nil {
				return err
			}
			return c.show(reply, func(w io.Writer) { fmt.Fprintf(w, "%s is stopped; %s\n", reply.App, nodesText(&reply)) })
		},
	}
	cmd.Flags().StringVar(&reason, "note", "", "why, for people who look at the history later")
	return cmd
}

func appsRemove(c *console, f *remoteFlags) *cobra.Command {
	return &cobra.Command{
		Use:     "rm NAME",
		Aliases: []string{"remove"},
		Short:   "Forget an app that does not serve",
		Long: "rm forgets an app's versions and their history. Its keys, blobs, secrets and the like stay: they are there again when an app of that\n" +
			"name is deployed.",
		Example: "  stackhost apps stop shop\n  stackhost apps rm shop",
		Args:    exactly(1, "the name of an app"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := f.connect()
			if err != nil {
				return err
			}
			return c.done(cmd, r, call{method: "DELETE", path: "/v1/apps" + segment(args[0])}, "removed")
		},
	}
}

func appsHistory(c *console, f *remoteFlags) *cobra.Command {
	return &cobra.Command{
		Use:     "history NAME",
		Short:   "List which versions of an app served when",
		Long:    "history lists the last activations of an app, newest first: deploys, canaries and rollbacks, those by the cluster itself included.",
		Example: "  stackhost apps history shop",
		Args:    exactly(1, "the name of an app"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := f.connect()
			if err != nil {
				return err
			}
			var reply admin.AppHistoryReply
			if err := r.json(cmd.Context(), call{method: "GET", path: "/v1/apps" + segment(args[0], "history")}, &reply); err != nil {
				return err
			}
			return c.show(reply.Activations, func(w io.Writer) {
				fmt.Fprintln(w, "SINCE\tSERVES\tWHY")
				for _, a := range reply.Activations {
					fmt.Fprintf(w, "%s\t%s\t%s\n", since(a.At), sharesText(a.Weights), a.Reason)
				}
			})
		},
	}
}

func newVersions(c *console) *cobra.Command {
	var f remoteFlags
	cmd := &cobra.Command{
		Use:     "versions",
		Short:   "List the versions of an app",
		Long:    "versions lists the versions of an app that a cluster keeps, what they answered, and on which nodes they are ready.",
		Example: "  stackhost versions --app shop",
		Args:    exactly(0, "no arguments; name the app with --app"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, path, err := f.appCall("versions")
			if err != nil {
				return err
			}
			var reply admin.AppReply
			if err := r.json(cmd.Context(), call{method: "GET", path: path}, &reply); err != nil {
				return err
			}
			return c.show(reply, func(w io.Writer) { printVersions(w, &reply) })
		},
	}
	f.add(cmd, true)
	return cmd
}

func printVersions(w io.Writer, reply *admin.AppReply) {
	fmt.Fprintln(w, "VERSION\tLABEL\tSERVES\tREQUESTS\tFAILED\tBUNDLE\tSIGNED BY\tCREATED\tREADY ON\tNOTE")
	for _, v := range reply.Versions {
		share := ""
		if v.Percent > 0 {
			share = fmt.Sprintf("%.4g %%", v.Percent)
		}
		var ready []string
		for _, n := range v.Nodes {
			if n.Ready {
				ready = append(ready, n.Node)
			}
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%d\t%s\t%s\t%s\t%s\t%s\n",
			v.Number, v.Label, share, v.Requests, v.Failures, v.Digest[:12], v.Key, since(&v.Created), strings.Join(ready, " "), v.Note)
	}
	for _, v := range reply.Versions {
		for _, n := range v.Nodes {
			if !n.Ready {
				fmt.Fprintf(w, "version %d cannot serve on %s: %s\n", v.Number, n.Node, n.Problem)
			}
		}
	}
	if g := reply.Activation.Guard; g != nil {
		fmt.Fprintf(w, "version %d is taken back when more than %.4g %% of at least %d requests within %s fail\n", g.Version, 100*g.ErrorBound, g.Minimum, g.Window)
	}
}

func newPromote(c *console) *cobra.Command {
	var f remoteFlags
	var p promoteFlags
	cmd := &cobra.Command{
		Use:   "promote VERSION",
		Short: "Let a version of an app serve, or a share of the requests",
		Long: `promote waits until every node is ready for a version, then lets it serve on all of them at once. With --weight it gets a
part of the clients, who keep the version that they got, and with --error-bound the cluster takes it back by itself
when too many of its requests fail.`,
		Example: "  stackhost promote 7 --app shop --weight 10 --error-bound 1% --window 30s\n  stackhost promote 7 --app shop",
		Args:    exactly(1, "the number of a version"),
		RunE: func(cmd *cobra.Command, args []string) error {
			number, err := versionNumber(args[0])
			if err != nil {
				return err
			}
			request, err := p.request(number)
			if err != nil {
				return err
			}
			if request.Reason == "" {
				request.Reason = "promote"
			}
			r, path, err := f.appCall()
			if err != nil {
				return err
			}
			var reply admin.AppChangeReply
			if err := r.post(cmd.Context(), call{path: path + ":promote", long: true}, request, &reply); err != nil {
				return err
			}
			return c.show(reply, func(w io.Writer) {
				fmt.Fprintf(w, "%s version %d serves %s; %s\n", reply.App, number, weightsText(reply.Activation.Weights, number), nodesText(&reply))
			})
		},
	}
	f.add(cmd, true)
	p.add(cmd)
	return cmd
}

func versionNumber(text string) (uint64, error) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n == 0 {
		return 0, usageError{fmt.Errorf("%q is no number of a version; `stackhost versions` lists them", text)}
	}
	return n, nil
}

func newRollback(c *console) *cobra.Command {
	var f remoteFlags
	var note string
	cmd := &cobra.Command{
		Use:   "rollback [VERSION]",
		Short: "Let the version of an app serve that served before",
		Long: `rollback ends a canary when several versions serve, else it lets the version serve again that did before, or the one
that is named, on all nodes at once. Nodes keep the last version ready, so that it takes a moment only.`,
		Example: "  stackhost rollback --app shop\n  stackhost rollback 5 --app shop",
		Args:    arguments(0, 1, "at most one number of a version"),
		RunE: func(cmd *cobra.Command, args []string) error {
			request := admin.AppRollbackRequest{Reason: note}
			if len(args) > 0 {
				var err error
				if request.Version, err = versionNumber(args[0]); err != nil {
					return err
				}
			}
			r, path, err := f.appCall()
			if err != nil {
				return err
			}
			var reply admin.AppChangeReply
			if err := r.post(cmd.Context(), call{path: path + ":rollback", long: true}, request, &reply); err != nil {
				return err
			}
			return c.show(reply, func(w io.Writer) {
				fmt.Fprintf(w, "%s serves version %s; %s\n", reply.App, sharesText(reply.Activation.Weights), nodesText(&reply))
			})
		},
	}
	f.add(cmd, true)
	cmd.Flags().StringVar(&note, "note", "", "why, for people who look at the history later")
	return cmd
}
