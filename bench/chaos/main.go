// Command chaos runs a cluster of real processes, lets clients work on it through HTTP while it kills, pauses, cuts off, slows and
// confuses nodes, and then checks that what the clients saw is linearizable and that the replicas are equal.
//
//	cd bench && go run ./chaos -minutes 5 -nodes 3
//
// Network faults need root and network namespaces; without, the others remain. The exit code is 1 when something was wrong; then the folder with logs and a picture of the
// history is named.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"maps"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stackhost/stackhost/bench/lab"
)

func main() {
	minutes := flag.Float64("minutes", 1, "how long")
	nodes := flag.Int("nodes", 3, "how many nodes: 3 or 5")
	clients := flag.Int("clients", 10, "how many clients")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of the nemesis")
	report := flag.String("report", "", "file for a report in JSON")
	flag.Parse()
	r, err := run(time.Duration(*minutes*float64(time.Minute)), *nodes, *clients, *seed)
	if err != nil {
		log.Fatal(err)
	}
	b, _ := json.MarshalIndent(r, "", "  ")
	fmt.Printf("%s\n", b)
	if *report != "" {
		if err := os.WriteFile(*report, append(b, '\n'), 0o644); err != nil {
			log.Fatal(err)
		}
	}
	if !r.Good {
		os.Exit(1)
	}
}

// Report is the outcome of a run.
type Report struct {
	Good           bool           `json:"good"`
	Minutes        float64        `json:"minutes"`
	Nodes          int            `json:"nodes"`
	Seed           uint64         `json:"seed"`
	Operations     int            `json:"operations"`
	Acknowledged   int            `json:"acknowledged"`
	Unknown        int            `json:"outcome_unknown"`
	Histories      int            `json:"histories"`
	Kinds          map[string]int `json:"answered_by_kind"`
	Unused         []string       `json:"kinds_without_an_answer"`
	Wrong          []string       `json:"not_linearizable"`
	Undecided      []string       `json:"undecided"`
	CacheErrors    []string       `json:"cache_errors"`
	FenceErrors    []string       `json:"fence_errors"`
	EqualReplicas  bool           `json:"replicas_equal"`
	Faults         map[string]int `json:"faults"`
	LongestOutageS float64        `json:"longest_time_without_an_acknowledged_write_s"`
	Kept           string         `json:"kept,omitempty"`
}

func run(length time.Duration, nodes, clients int, seed uint64) (*Report, error) {
	ctx := context.Background()
	l, err := lab.New(nodes, true)
	network := err == nil
	if err != nil {
		log.Printf("no network namespaces, so no faults of the network: %v", err)
		if l, err = lab.New(nodes, false); err != nil {
			return nil, err
		}
	}
	defer func() { l.Close() }()
	stopped := make(chan os.Signal, 1)
	signal.Notify(stopped, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-stopped
		l.Close()
		os.Exit(1)
	}()
	disks := true
	for _, n := range l.Nodes {
		if err := n.Disk(); err != nil {
			log.Printf("no disk will hang: %v", err)
			disks = false
			break
		}
	}
	log.Printf("starting %d nodes in %s, seed %d", nodes, l.Dir, seed)
	if err := l.Start(ctx); err != nil {
		return nil, err
	}
	w := newWork(l, clients)
	r := &Report{Minutes: length.Minutes(), Nodes: nodes, Seed: seed, Faults: map[string]int{}, Wrong: []string{}, Undecided: []string{}, CacheErrors: []string{}, FenceErrors: []string{}, Unused: []string{}}
	working, stop := context.WithTimeout(ctx, length)
	defer stop()
	done := make(chan struct{})
	go func() { w.run(working); close(done) }()
	torment(working, l, network, disks, rand.New(rand.NewPCG(seed, 1)), r.Faults)
	<-done
	log.Print("healing")
	heal(l)
	for _, n := range l.Nodes {
		if !n.Up() {
			if err := n.Run(); err != nil {
				return nil, err
			}
		}
	}
	for _, n := range l.Nodes {
		if err := n.Ready(ctx); err != nil {
			return nil, fmt.Errorf("after healing: %w (kept %s)", err, l.Keep())
		}
	}
	log.Print("reading every key")
	w.readAll(ctx)
	log.Print("comparing replicas")
	r.EqualReplicas = equal(ctx, l)
	log.Printf("checking %d histories", len(w.histories))
	w.report(r)
	slices.Sort(r.Wrong)
	for _, kind := range kinds {
		if r.Kinds[kind] == 0 {
			r.Unused = append(r.Unused, kind)
		}
	}
	r.Good = len(r.Unused)+len(r.Wrong)+len(r.Undecided)+len(r.CacheErrors)+len(r.FenceErrors) == 0 && r.EqualReplicas
	if !r.Good {
		log.Printf("wrong: %q, undecided: %q, caches: %q, fences: %q, equal replicas: %v, unused: %q", r.Wrong, r.Undecided, r.CacheErrors, r.FenceErrors, r.EqualReplicas, r.Unused)
		w.draw(l.Dir, r.Wrong)
		r.Kept = l.Keep()
	}
	return r, nil
}

// kinds are the operations that must have been answered: a check of what never happened says nothing.
var kinds = []string{"get", "look", "set", "cas", "delete", "add", "both", "pair", "acquire", "release", "brief lock", "lease", "make",
	"begin", "end", "end all", "sessions", "invalidate"}

// equal compares the hashes over the histories of all replicas once they have applied the same.
func equal(ctx context.Context, l *lab.Lab) bool {
	for range 100 {
		seen := map[string]bool{}
		for _, n := range l.Nodes {
			var c lab.Cluster
			if err := n.Call(ctx, "GET", "/v1/cluster", nil, &c); err != nil || c.Status.Failed != "" {
				log.Printf("%s: %v %s", n.Name, err, c.Status.Failed)
				return false
			}
			seen[fmt.Sprintf("%d %s", c.Status.Applied, c.Status.Chain)] = true
		}
		if len(seen) == 1 {
			hashes := map[string]bool{} // of every key and value, read from the tables
			for _, n := range l.Nodes {
				var h struct{ SHA256 string }
				if err := n.Call(ctx, "GET", "/v1/cluster/hash", nil, &h); err != nil {
					log.Print(err)
					return false
				}
				hashes[h.SHA256] = true
			}
			if len(hashes) == 1 && !hashes[""] {
				return true
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	return false
}

func heal(l *lab.Lab) {
	for _, n := range l.Nodes {
		n.Answer()
		n.Resume()
		n.Mend()
		n.Netem("")
		n.Skew(0)
	}
}

// torment does one thing after the other to the nodes until ctx ends.
func torment(ctx context.Context, l *lab.Lab, network, disks bool, r *rand.Rand, faults map[string]int) {
	pick := func() *lab.Node { return l.Nodes[r.IntN(len(l.Nodes))] }
	wait := func(from, to int) {
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(from+r.IntN(to-from)) * time.Millisecond):
		}
	}
	leader := func() *lab.Node {
		short, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		if n, err := l.Leader(short); err == nil {
			return n
		}
		return pick()
	}
	start := func(n *lab.Node) {
		if err := n.Run(); err != nil {
			log.Print(err)
		}
	}
	deeds := map[string]func(){
		"kill":        func() { n := pick(); n.Kill(); wait(100, 3000); start(n) },
		"kill leader": func() { n := leader(); n.Kill(); wait(100, 3000); start(n) },
		"kill all": func() {
			for _, n := range l.Nodes {
				n.Kill()
			}
			for _, n := range l.Nodes {
				start(n)
			}
		},
		"stop leader":  func() { n := leader(); n.Stop(); wait(100, 1000); start(n) },
		"pause":        func() { n := pick(); n.Pause(); wait(200, 4000); n.Resume() },
		"pause leader": func() { n := leader(); n.Pause(); wait(200, 4000); n.Resume() },
		"cut off": func() {
			n := leader()
			for _, m := range l.Nodes {
				if m != n {
					n.Cut(m)
					m.Cut(n)
				}
			}
			wait(500, 5000)
			heal(l)
		},
		"cut one way": func() {
			n := leader()
			for _, m := range l.Nodes {
				if m != n {
					if r.IntN(2) == 0 {
						n.Cut(m)
					} else {
						m.Cut(n)
					}
				}
			}
			wait(500, 5000)
			heal(l)
		},
		"cut in rings": func() { // every node misses another one
			for i, n := range l.Nodes {
				n.Cut(l.Nodes[(i+1)%len(l.Nodes)])
			}
			wait(500, 4000)
			heal(l)
		},
		"flap": func() {
			for range 5 {
				n, m := pick(), pick()
				if n != m {
					n.Cut(m)
					m.Cut(n)
				}
				wait(100, 400)
				n.Mend()
				m.Mend()
				wait(50, 200)
			}
		},
		"delay": func() { pick().Netem("delay 80ms 60ms"); wait(1000, 5000); heal(l) },
		"drop":  func() { pick().Netem("loss 25%"); pick().Netem("loss 10% delay 5ms 5ms"); wait(1000, 5000); heal(l) },
		"hang":  func() { n := leader(); n.Hang(); wait(500, 4000); n.Answer() },
		"skew": func() {
			for _, n := range l.Nodes { // the median stays, on which leases depend
				n.Skew(0)
			}
			pick().Skew(time.Duration(r.IntN(7_200_000)-3_600_000) * time.Millisecond)
			wait(500, 4000)
		},
		"skew and kill leader": func() {
			for _, n := range l.Nodes {
				n.Skew(time.Duration(r.IntN(240_000)-120_000) * time.Millisecond)
			}
			n := leader()
			n.Kill()
			wait(100, 2000)
			start(n)
		},
	}
	if !network {
		for _, name := range []string{"cut off", "cut one way", "cut in rings", "flap", "delay", "drop"} {
			delete(deeds, name)
		}
	}
	if !disks {
		delete(deeds, "hang")
	}
	names := slices.Sorted(maps.Keys(deeds))
	for ctx.Err() == nil {
		name := names[r.IntN(len(names))]
		faults[name]++
		deeds[name]()
		wait(500, 3000)
	}
	log.Printf("faults: %v", faults)
}

// draw writes a picture of every wrong history.
func (w *work) draw(dir string, wrong []string) {
	for _, key := range wrong {
		ops, ok := w.histories[key]
		if !ok { // a counter's, which has no picture
			continue
		}
		_, info := porcupine.CheckOperationsVerbose(register, ops, 10*time.Second)
		porcupine.VisualizePath(register, info, filepath.Join(dir, strings.ReplaceAll(key, "/", "_")+".html"))
	}
}
