package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stackhost/stackhost/bench/store/load"
)

// Report is the outcome of a run.
type Report struct {
	Date      string            `json:"date"`
	Machine   string            `json:"machine"`
	Rounds    int               `json:"rounds"`
	Seconds   float64           `json:"seconds"`
	Fsync     Fsync             `json:"fsync"`
	Versions  map[string]string `json:"versions"`
	Missing   map[string]string `json:"missing"` // stores that were left out, and why
	Rows      []Row             `json:"rows"`
	InProcess json.RawMessage   `json:"in_process,omitempty"`
}

// Case is what was measured.
type Case struct {
	Store     string `json:"store"`
	Processes int    `json:"processes"`
	Op        string `json:"op"`
	Clients   int    `json:"clients"`
}

// Row is a case and the medians over its rounds.
type Row struct {
	Case
	load.Result
}

// medians takes the median of each number by itself. Errors are added up.
func medians(results []load.Result) load.Result {
	middle := func(of func(load.Result) float64) float64 {
		var all []float64
		for _, r := range results {
			all = append(all, of(r))
		}
		slices.Sort(all)
		if n := len(all); n%2 == 0 {
			return (all[n/2-1] + all[n/2]) / 2
		}
		return all[len(all)/2]
	}
	m := load.Result{
		PerSecond: middle(func(r load.Result) float64 { return r.PerSecond }),
		P50:       middle(func(r load.Result) float64 { return r.P50 }),
		P99:       middle(func(r load.Result) float64 { return r.P99 }),
	}
	for _, r := range results {
		m.Requests += r.Requests
		m.Errors += r.Errors
		m.FirstErr = cmp.Or(m.FirstErr, r.FirstErr)
	}
	return m
}

func (r *Report) sort() {
	slices.SortFunc(r.Rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Processes, b.Processes), -cmp.Compare(a.Op, b.Op), cmp.Compare(a.Clients, b.Clients), -cmp.Compare(a.PerSecond, b.PerSecond))
	})
}

// find returns how many requests a second a case had, 0 when it was not measured.
func (r *Report) find(c Case) float64 {
	for _, row := range r.Rows {
		if row.Case == c {
			return row.PerSecond
		}
	}
	return 0
}

// target is a ratio that stackhost should reach.
type target struct {
	op        string
	clients   int
	processes int
	peers     []string // the fastest of them counts
	ratio     float64
}

var (
	etcd    = []string{"etcd", "etcd, JSON"}
	targets = []target{
		{"put", 64, 1, etcd, 1.5}, {"put", 64, 1, []string{"rqlite"}, 2.5}, {"put", 64, 3, etcd, 1.2},
		{"get", 64, 1, etcd, 1.5}, {"get", 64, 1, []string{"rqlite"}, 2}, {"get", 64, 3, etcd, 1.5}, {"get", 64, 3, []string{"rqlite"}, 2},
		{"get", 512, 1, etcd, 1.5}, {"get", 512, 3, etcd, 1.5},
	}
)

// Markdown returns tables.
func (r *Report) Markdown() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s, %s, medians of %d rounds of %g s, values of %d bytes.\n", r.Date, r.Machine, r.Rounds, r.Seconds, valueBytes)
	fmt.Fprintf(&s, "A flush of 128 bytes to this disk: p50 %.0f µs, p99 %.0f µs, %.0f a second.\n\n", r.Fsync.P50, r.Fsync.P99, r.Fsync.PerSecond)
	for _, name := range slices.Sorted(maps.Keys(r.Versions)) {
		if v := r.Versions[name]; v != "" {
			fmt.Fprintf(&s, "%s %s. ", name, v)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Missing)) {
		fmt.Fprintf(&s, "Left out: %s: %s. ", name, r.Missing[name])
	}
	s.WriteString("\n\n| processes | load | store | requests/s | stackhost is | p50 | p99 | errors |\n|---|---|---|---|---|---|---|---|\n")
	for _, row := range r.Rows {
		ours := row.Case
		ours.Store = "stackhost"
		ratio := "–"
		if n := r.find(ours); n > 0 && row.PerSecond > 0 && row.Store != "stackhost" {
			ratio = fmt.Sprintf("%.2f ×", n/row.PerSecond)
		}
		fmt.Fprintf(&s, "| %d | %s, %d clients | %s | %.0f | %s | %s | %s | %d |\n", row.Processes, row.Op, row.Clients, row.Store, row.PerSecond, ratio, span(row.P50), span(row.P99), row.Errors)
	}
	s.WriteString("\n| target | wanted | reached |\n|---|---|---|\n")
	for _, t := range targets {
		peer := 0.0
		for _, name := range t.peers {
			peer = max(peer, r.find(Case{name, t.processes, t.op, t.clients}))
		}
		if ours := r.find(Case{"stackhost", t.processes, t.op, t.clients}); ours > 0 && peer > 0 {
			fmt.Fprintf(&s, "| %s, %d clients, %d processes, against %s | %.1f × | %s |\n", t.op, t.clients, t.processes, t.peers[0], t.ratio, mark(ours/peer, t.ratio))
		}
	}
	for _, n := range []int{1, 3} {
		fresh, old := r.find(Case{"stackhost", n, "get", 512}), r.find(Case{"stackhost", n, "stale", 512})
		if fresh > 0 && old > 0 {
			fmt.Fprintf(&s, "| linearizable against stale gets, 512 clients, %d processes | 0.7 × | %s |\n", n, mark(fresh/old, 0.7))
		}
	}
	if len(r.InProcess) > 0 {
		r.inProcess(&s)
	}
	return s.String()
}

func (r *Report) inProcess(s *strings.Builder) {
	var p struct {
		Put64    float64 `json:"put_64_per_second"`
		PutP50   float64 `json:"put_1_p50_us"`
		Get512   float64 `json:"get_512_per_second"`
		Stale512 float64 `json:"stale_512_per_second"`
		Flushes  float64 `json:"fsync_per_second"`
		FlushP50 float64 `json:"fsync_p50_us"`
		GetP50   float64 `json:"get_1_p50_us"`
	}
	if json.Unmarshal(r.InProcess, &p) != nil {
		return
	}
	fmt.Fprintf(s, "| in process: %.0f puts/s of 64 writers, of %.0f flushes/s | 10 × | %s |\n", p.Put64, p.Flushes, mark(p.Put64/p.Flushes, 10))
	fmt.Fprintf(s, "| in process: a writer's p50 %s, of a flush's %s | at most 1.5 × | %.2f × %s |\n", span(p.PutP50), span(p.FlushP50), p.PutP50/p.FlushP50, yes(p.PutP50 <= 1.5*p.FlushP50))
	fmt.Fprintf(s, "| in process: %.0f linearizable of %.0f stale gets/s, 512 readers | 0.7 × | %s |\n", p.Get512, p.Stale512, mark(p.Get512/p.Stale512, 0.7))
}

func mark(got, want float64) string { return fmt.Sprintf("%.2f × %s", got, yes(got >= want)) }

func yes(reached bool) string {
	if reached {
		return "yes"
	}
	return "no"
}

// span writes microseconds.
func span(us float64) string {
	if us < 1000 {
		return fmt.Sprintf("%.0f µs", us)
	}
	return fmt.Sprintf("%.1f ms", us/1000)
}
