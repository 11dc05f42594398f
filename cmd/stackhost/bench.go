package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/stackhost/stackhost/cmd/stackhost/internal/load"
)

func newBench(c *console) *cobra.Command {
	var cfg load.Config
	var bodyFile string
	cmd := &cobra.Command{
		Use:   "bench URL",
		Short: "Load a URL and show latency percentiles",
		Long: `bench sends requests over a number of connections and shows how long the answers took.

With --rate the requests have planned starts and latency counts from those, so a server that stalls is charged
for every request that had to wait. Without it each connection sends as fast as answers come, which measures
throughput; latencies are then those of a saturated server.`,
		Example: `  stackhost bench http://127.0.0.1:8080/ --rate 2000 --duration 30s
  stackhost bench http://127.0.0.1:8080/orders --method POST --body order.json --header 'content-type: application/json'`,
		Args: exactly(1, "one URL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg.URL = args[0]
			if bodyFile != "" {
				body, err := os.ReadFile(bodyFile)
				if err != nil {
					return err
				}
				cfg.Body = body
			}
			if !c.json {
				c.say("%s for %v over %d connections", cfg.URL, cfg.Duration, cfg.Connections)
			}
			report, err := load.Run(cmd.Context(), cfg)
			if err != nil {
				return usageError{err}
			}
			if err := c.show(report, func(w io.Writer) { printLoad(w, report) }); err != nil {
				return err
			}
			if report.Requests == 0 {
				return fmt.Errorf("no answer from %s: %s", cfg.URL, report.FirstError)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.Float64Var(&cfg.Rate, "rate", 0, "requests per second; 0 means as fast as answers come")
	f.DurationVar(&cfg.Duration, "duration", 10*time.Second, "how long")
	f.IntVar(&cfg.Connections, "connections", 32, "open connections")
	f.DurationVar(&cfg.Timeout, "timeout", 10*time.Second, "longest wait for one answer")
	f.StringVar(&cfg.Method, "method", "GET", "request method")
	f.StringArrayVar(&cfg.Headers, "header", nil, "request header, `name: value`; can be given more than once")
	f.StringVar(&bodyFile, "body", "", "file to send as the body")
	return cmd
}

func printLoad(w io.Writer, r *load.Report) {
	fmt.Fprintf(w, "requests\t%d in %.1f s\t%.0f/s\n", r.Requests, r.Seconds, r.PerSecond)
	fmt.Fprintf(w, "body bytes\t%d\n", r.Bytes)
	for _, status := range slices.Sorted(maps.Keys(r.Statuses)) {
		fmt.Fprintf(w, "status %d\t%d\n", status, r.Statuses[status])
	}
	if r.Errors > 0 {
		fmt.Fprintf(w, "no answer\t%d\t%s\n", r.Errors, r.FirstError)
	}
	for _, p := range r.Percentiles {
		fmt.Fprintf(w, "p%g\t%s\t%s\n", p.Percent, time.Duration(p.Micros)*time.Microsecond, bar(p.Micros, r.MaxMicros))
	}
	fmt.Fprintf(w, "max\t%s\t%s\n", time.Duration(r.MaxMicros)*time.Microsecond, bar(r.MaxMicros, r.MaxMicros))
}

func bar(n, most int64) string {
	if most == 0 {
		return ""
	}
	return string(bytes.Repeat([]byte("#"), int(max(1, 40*n/most))))
}
