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
	var junit, expected string
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
		if r.Failed > 0 {
			return errReported
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
		Use:     "guest FILE.wasm",
		Short:   "Judge a guest module that implements the suite's test routes",
		Example: "  stackhost conformance guest conformance/guests/go/conformance.wasm",
		Args:    exactly(1, "one .wasm file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := os.MkdirTemp("", "stackhost-conformance-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(dir)
			if err := writeSuite(dir, args[0]); err != nil {
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
	cmd.AddCommand(judgeHost, judgeGuest, &cobra.Command{
		Use:     "app FOLDER FILE.wasm",
		Short:   "Write the suite's app into a folder, with a guest module",
		Example: "  stackhost conformance app /tmp/suite conformance/guests/rust/conformance.wasm",
		Args:    exactly(2, "a folder and a .wasm file"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			return writeSuite(args[0], args[1])
		},
	})
	return cmd
}

func writeSuite(dir, module string) error {
	wasm, err := os.ReadFile(module)
	if err != nil {
		return err
	}
	return conformance.WriteApp(dir, wasm)
}

// withHost serves the app in dir on a loopback port while use runs.
func withHost(ctx context.Context, dir string, use func(url string) error) error {
	a, err := app.Load(dir)
	if err != nil {
		return err
	}
	h, err := host.Open(host.Config{})
	if err != nil {
		return err
	}
	defer h.Close()
	if err := h.Deploy(ctx, a); err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go h.Serve(ln)
	return use("http://" + ln.Addr().String())
}
