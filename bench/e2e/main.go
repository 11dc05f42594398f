// Command e2e compares stackhost with what people would use instead, on the same machine, in one run: every server answers the
// same hello, wrk loads them in interleaved rounds, and medians of the rounds are set against bare fasthttp.
//
//	cd bench && go run ./e2e            # everything that can be had here
//	cd bench && go run ./e2e -rounds 3 -seconds 1 -only fasthttp,c,go
//
// It needs wrk. Peers that are not installed are left out and named: node and workerd (npm), nginx and php-fpm (apt). All of
// them listen on loopback and are stopped at the end.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

func main() {
	var o options
	flag.IntVar(&o.rounds, "rounds", 5, "interleaved rounds; the median is reported")
	flag.IntVar(&o.seconds, "seconds", 2, "seconds of load for each round and variant")
	flag.IntVar(&o.connections, "connections", 64, "open connections")
	only := flag.String("only", "", "variants to run, separated by commas; fasthttp is always run")
	asJSON := flag.Bool("json", false, "print the results as JSON")
	flag.Parse()
	if *only != "" {
		o.only = append(strings.Split(*only, ","), "fasthttp")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	results, err := run(ctx, o)
	if err != nil {
		log.Fatal(err)
	}
	if *asJSON {
		json.NewEncoder(os.Stdout).Encode(results)
		return
	}
	print(results, o)
}

type options struct {
	rounds, seconds, connections int
	only                         []string
}

func run(ctx context.Context, o options) ([]result, error) {
	if _, err := exec.LookPath("wrk"); err != nil {
		return nil, fmt.Errorf("wrk is needed to make load (apt install wrk)")
	}
	dir, err := os.MkdirTemp("", "stackhost-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	bench, err := filepath.Abs(".")
	if err != nil {
		return nil, err
	}
	lab := &lab{dir: dir, bench: bench, ctx: ctx, shared: map[string]string{}}
	defer lab.close()
	log.SetFlags(log.Ltime)
	log.Print("building")
	if err := lab.build(); err != nil {
		return nil, err
	}
	var running []*variant
	for _, v := range variants() {
		if o.only != nil && !slices.Contains(o.only, v.name) {
			continue
		}
		if err := lab.start(v); err != nil {
			log.Printf("left out: %s: %v", v.name, err)
			continue
		}
		running = append(running, v)
	}
	for round := range o.rounds {
		log.Printf("round %d of %d", round+1, o.rounds)
		for _, v := range running {
			m, err := lab.load(v, o)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", v.name, err)
			}
			v.measured = append(v.measured, m)
		}
	}
	return summarise(running), nil
}

// result is one row: medians over the rounds.
type result struct {
	Name      string  `json:"name"`
	What      string  `json:"what"`
	PerSecond float64 `json:"requests_per_second"`
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
	Ratio     float64 `json:"ratio_to_fasthttp"` // median of the rounds' ratios
	Errors    int     `json:"errors"`
}

func summarise(running []*variant) []result {
	base := running[0]
	var rows []result
	for _, v := range running {
		row := result{Name: v.name, What: v.what}
		var rates, p50, p99, ratios []float64
		for i, m := range v.measured {
			rates, p50, p99 = append(rates, m.perSecond), append(p50, m.p50), append(p99, m.p99)
			ratios = append(ratios, m.perSecond/base.measured[i].perSecond)
			row.Errors += m.errors
		}
		row.PerSecond, row.P50, row.P99, row.Ratio = median(rates), median(p50), median(p99), median(ratios)
		rows = append(rows, row)
	}
	return rows
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	if len(v) == 0 {
		return 0
	}
	if n := len(v) / 2; len(v)%2 == 1 {
		return v[n]
	} else {
		return (v[n-1] + v[n]) / 2
	}
}

func print(rows []result, o options) {
	fmt.Printf("%s/%s, %d cores, %s; wrk -t1 -c%d, %d rounds of %d s, interleaved; medians. %s\n\n", runtime.GOOS, runtime.GOARCH,
		runtime.NumCPU(), runtime.Version(), o.connections, o.rounds, o.seconds, time.Now().Format(time.DateOnly))
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "variant\tratio to fasthttp\treq/s\tp50 ms\tp99 ms\terrors\twhat")
	by := map[string]result{}
	for _, r := range rows {
		by[r.Name] = r
		fmt.Fprintf(w, "%s\t%.2f\t%.0f\t%.2f\t%.2f\t%d\t%s\n", r.Name, r.Ratio, r.PerSecond, r.P50, r.P99, r.Errors, r.What)
	}
	w.Flush()
	fmt.Println("\ngoals")
	for _, g := range goals {
		a, okA := by[g.a]
		b, okB := by[g.b]
		if !okA || !okB || b.PerSecond == 0 {
			fmt.Printf("  not run   %s : %s\n", g.a, g.b)
			continue
		}
		verdict := "reached  "
		if ratio := a.PerSecond / b.PerSecond; ratio < g.least {
			verdict = "MISSED   "
		}
		fmt.Printf("  %s %s is %.2f × %s (goal %.2f); p99 %.2f ms : %.2f ms\n", verdict, g.a, a.PerSecond/b.PerSecond, g.b, g.least, a.P99, b.P99)
	}
}

// goals are ratios of requests per second.
var goals = []struct {
	a, b  string
	least float64
}{
	{"c", "fasthttp", 0.85}, {"rust", "fasthttp", 0.85}, {"go", "fasthttp", 0.65}, {"js", "fasthttp", 0.35},
	{"c", "workerd", 3}, {"c", "extism-go-sdk", 3}, {"extism", "extism-go-sdk", 2}, {"c", "node", 1.1}, {"c", "php-fpm", 2},
}
