package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"

	"github.com/spf13/cobra"
	"github.com/stackhost/stackhost/conformance"
	"github.com/stackhost/stackhost/host"
	"github.com/stackhost/stackhost/host/app"
)

func newConformance(c *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "conformance",
		Short: "Judge a host or a guest module by the ABI conformance suite",
		Long: `The suite is a set of HTTP exchanges and the app they need. A host is judged by serving the app and being asked; a guest
module, which must implement the suite's test routes (conformance/README.md), by being served by this host.`,
	}
	var junit, expected, state string
	var only []string
	report := func(ctx context.Context, url string) error {
		o := conformance.Options{Only: only}
		if expected != "" {
			text, err := os.ReadFile(expected)
			if err != nil {
				return err
			}
			if err := json.Unmarshal(text, &o.Expected); err != nil {
				return fmt.Errorf("%s: a JSON object of case ids and reasons is wanted: %w", expected, err)
			}
		}
		r, err := conformance.Run(ctx, url, o)
		if err != nil {
			return err
		}
		if junit != "" {
			f, err := os.Create(junit)
			if err != nil {
				return err
			}
			defer f.Close()
			if err := r.JUnit(f); err != nil {
				return err
			}
		}
		if c.json {
			if err := c.show(r, nil); err != nil {
				return err
			}
		} else {
			r.Text(c.out)
		}
		switch {
		case r.Failed > 0:
			return errReported
		case state != "" && r.Skipped > 0:
			return fmt.Errorf("%s answers GET /t/state with 404, so %d cases were not run", state, r.Skipped)
		}
		return nil
	}
	judgeHost := &cobra.Command{
		Use:     "host URL",
		Short:   "Judge a host that serves the suite's app",
		Example: "  stackhost conformance app /tmp/suite guest.wasm\n  stackhost conformance host http://127.0.0.1:8080 --junit report.xml",
		Args:    exactly(1, "one URL"),
		RunE:    func(cmd *cobra.Command, args []string) error { return report(cmd.Context(), args[0]) },
	}
	judgeGuest := &cobra.Command{
		Use:   "guest FILE.wasm",
		Short: "Judge a guest module that implements the suite's test routes",
		Long: `Serves the suite's app with the module and asks it. With --state, the cases for keys, caches, locks, blobs and secrets run too: a
module of their own answers them, and the host has a store in a temporary folder.`,
		Example: `  stackhost conformance guest conformance/guests/go/conformance.wasm
  stackhost conformance guest conformance.wasm --state state.wasm`,
		Args: exactly(1, "one .wasm file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := os.MkdirTemp("", "stackhost-conformance-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(dir)
			if err := writeSuite(dir, args[0], state); err != nil {
				return err
			}
			return withHost(cmd.Context(), dir, func(url string) error { return report(cmd.Context(), url) })
		},
	}
	for _, sub := range []*cobra.Command{judgeHost, judgeGuest} {
		sub.Flags().StringVar(&junit, "junit", "", "also write a JUnit report to this file")
		sub.Flags().StringVar(&expected, "expected", "", "JSON file of known failures: case id to reason")
		sub.Flags().StringSliceVar(&only, "only", nil, "run only cases whose id begins so")
	}
	writeApp := &cobra.Command{
		Use:     "app FOLDER FILE.wasm",
		Short:   "Write the suite's app into a folder, with a guest module",
		Example: "  stackhost conformance app /tmp/suite conformance/guests/rust/conformance.wasm",
		Args:    exactly(2, "a folder and a .wasm file"),
		RunE: func(_ *cobra.Command, args []string) error {
			return writeSuite(args[0], args[1], state)
		},
	}
	for _, sub := range []*cobra.Command{judgeGuest, writeApp} {
		sub.Flags().StringVar(&state, "state", "", "module that answers the state cases")
	}
	cmd.AddCommand(judgeHost, judgeGuest, writeApp)
	return cmd
}

// writeSuite writes the suite's app into dir, with a module for the state cases unless that is "".
func writeSuite(dir, module, state string) error {
	wasm, err := os.ReadFile(module)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := conformance.WriteApp(dir, wasm); err != nil || state == "" {
		return err
	}
	if wasm, err = os.ReadFile(state); err != nil {
		return err
	}
	return conformance.AddState(dir, wasm)
}

// withHost serves the app in dir on a loopback port while use runs.
func withHost(ctx context.Context, dir string, use func(url string) error) error {
	a, err := app.Load(dir)
	if err != nil {
		return err
	}
	return withApp(ctx, a, func(h *host.Host) error {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		go h.Serve(ln)
		return use("http://" + ln.Addr().String())
	})
}
