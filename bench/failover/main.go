// Command failover measures how long a cluster of three stackhost processes answers no write when its leader is killed with kill -9 and
// when it hands over leadership, how long a node with much data takes to start, and what a backup costs the writers meanwhile.
//
//	cd bench && go run ./failover                 # all of it, some minutes
//	cd bench && go run ./failover -only kill,transfer -kills 15
//
// While nodes are killed, clients count in the store with numbered writes; each answer, and each counter at the end, must be exact, else
// the exit code is 1.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Report is the outcome of a run. Times are in milliseconds.
type Report struct {
	Kill     *Kill     `json:"kill,omitempty"`
	Hang     *Hang     `json:"hang,omitempty"`
	Transfer *Transfer `json:"transfer,omitempty"`
	Restart  *Restart  `json:"restart,omitempty"`
	Backup   *Backup   `json:"backup,omitempty"`
}

func main() {
	kills := flag.Int("kills", 15, "how often the leader is killed")
	hangs := flag.Int("hangs", 5, "how often the leader's disk hangs")
	transfers := flag.Int("transfers", 15, "how often leadership is handed over")
	gigabytes := flag.Float64("gigabytes", 1, "how much data the node that restarts has, in 10^9 bytes")
	only := flag.String("only", "kill,hang,transfer,restart,backup", "what to measure; hang needs root")
	file := flag.String("json", "", "file for the results in JSON")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	r, wrong, err := run(ctx, strings.Split(*only, ","), *kills, *hangs, *transfers, *gigabytes)
	if err != nil {
		log.Fatal(err)
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(r.Markdown())
	if *file != "" {
		if err := os.WriteFile(*file, append(text, '\n'), 0o644); err != nil {
			log.Fatal(err)
		}
	}
	if len(wrong) > 0 {
		log.Fatalf("wrong: %s", strings.Join(wrong, "; "))
	}
}

func run(ctx context.Context, only []string, kills, hangs, transfers int, gigabytes float64) (r *Report, wrong []string, err error) {
	r = &Report{}
	if slices.Contains(only, "kill") || slices.Contains(only, "hang") || slices.Contains(only, "transfer") {
		if wrong, err = r.cluster(ctx, only, kills, hangs, transfers); err != nil {
			return r, wrong, err
		}
	}
	if slices.Contains(only, "restart") || slices.Contains(only, "backup") {
		err = r.node(ctx, only, gigabytes)
	}
	return r, wrong, err
}

// Markdown returns a table.
func (r *Report) Markdown() string {
	var s strings.Builder
	s.WriteString("| measured | wanted | reached |\n|---|---|---|\n")
	yes := map[bool]string{true: "yes", false: "no"}
	if k := r.Kill; k != nil {
		fmt.Fprintf(&s, "| leader killed %d times: first new write after, p50 | 800 ms | %.0f ms (slowest %.0f ms) %s |\n", k.Kills, k.P50, k.Slowest, yes[k.P50 <= 800])
		fmt.Fprintf(&s, "| increments meanwhile that were acknowledged | none lost or done twice | %d, %d wrong %s |\n", k.Acknowledged, k.Wrong, yes[k.Wrong == 0])
	}
	if h := r.Hang; h != nil {
		fmt.Fprintf(&s, "| leader's disk hangs, %d times: another leads after, slowest | three election timeouts: 900 ms | %.0f ms (p50 %.0f ms) %s |\n",
			h.Hangs, h.Slowest, h.P50, yes[h.Slowest <= 900])
		fmt.Fprintf(&s, "| first new write after that, p50 | – | %.0f ms (slowest %.0f ms) |\n", h.WriteP50, h.WriteSlowest)
	}
	if t := r.Transfer; t != nil {
		fmt.Fprintf(&s, "| leadership handed over %d times: longest time without an answered write, p50 | 50 ms | %.0f ms (longest %.0f ms; %.0f ms without a transfer) %s |\n",
			t.Transfers, t.Gap, t.LongestGap, t.UsualGap, yes[t.Gap <= 50])
		fmt.Fprintf(&s, "| requests meanwhile that failed | 0 | %d of %d %s |\n", t.Failed, t.Requests, yes[t.Failed == 0])
	}
	if n := r.Restart; n != nil {
		fmt.Fprintf(&s, "| start with %.2f GB after kill -9 | 5 s | %.1f s %s |\n", n.Gigabytes, n.AfterKill/1000, yes[n.AfterKill <= 5000])
		fmt.Fprintf(&s, "| start with %.2f GB after an orderly stop | 5 s | %.1f s %s |\n", n.Gigabytes, n.AfterStop/1000, yes[n.AfterStop <= 5000])
	}
	if b := r.Backup; b != nil {
		fmt.Fprintf(&s, "| puts/s of 64 clients during backups of %.2f GB, of %.0f without | at least 75 %% | %.0f, %.0f %% %s |\n",
			b.Gigabytes, b.Without, b.With, 100*b.With/b.Without, yes[b.With >= 0.75*b.Without])
	}
	return s.String()
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// median returns the middle of some times, in milliseconds; of an even number the later one.
func median(all []time.Duration) float64 {
	if len(all) == 0 {
		return 0
	}
	return milliseconds(slices.Sorted(slices.Values(all))[len(all)/2])
}
