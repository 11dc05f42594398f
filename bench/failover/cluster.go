package main

import (
	"context"
	"fmt"
	"log"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/stackhost/stackhost/bench/lab"
)

// Kill is what happened when leaders were killed.
type Kill struct {
	Kills        int       `json:"kills"`
	P50          float64   `json:"first_write_p50_ms"`
	Slowest      float64   `json:"first_write_slowest_ms"`
	All          []float64 `json:"first_write_ms"`
	Acknowledged int       `json:"acknowledged_increments"`
	Wrong        int       `json:"wrong"` // answers and counters that were not exact
}

// Transfer is what happened when leadership was handed over.
type Transfer struct {
	Transfers  int     `json:"transfers"`
	Gap        float64 `json:"gap_p50_ms"`
	LongestGap float64 `json:"gap_longest_ms"`
	UsualGap   float64 `json:"gap_without_transfer_p50_ms"`
	Call       float64 `json:"call_p50_ms"` // time that the request for the transfer took
	Requests   int     `json:"requests"`
	Failed     int     `json:"failed"`
}

func (r *Report) cluster(ctx context.Context, only []string, kills, hangs, transfers int) (wrong []string, err error) {
	l, err := lab.New(3, false)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err == nil && len(wrong) == 0 {
			l.Close()
			return
		}
		log.Printf("logs and data are in %s", l.Keep())
	}()
	if slices.Contains(only, "hang") {
		for _, n := range l.Nodes {
			if err := n.Disk(); err != nil {
				return nil, err
			}
		}
	}
	log.Print("starting three nodes")
	if err := l.Start(ctx); err != nil {
		return nil, err
	}
	if slices.Contains(only, "transfer") {
		if wrong, err = r.transfer(ctx, l, transfers); err != nil {
			return wrong, err
		}
	}
	if slices.Contains(only, "hang") {
		more, err := r.hang(ctx, l, hangs)
		if wrong = append(wrong, more...); err != nil {
			return wrong, err
		}
	}
	if slices.Contains(only, "kill") {
		more, err := r.kill(ctx, l, kills)
		return append(wrong, more...), err
	}
	return wrong, nil
}

func (r *Report) kill(ctx context.Context, l *lab.Lab, kills int) (wrong []string, err error) {
	w, err := gather(ctx, l.Nodes, 8, 10*time.Millisecond, "kill")
	if err != nil {
		return nil, err
	}
	defer w.stop()
	var took []time.Duration
	for i := range kills {
		leader, err := l.Leader(ctx)
		if err != nil {
			return nil, err
		}
		nodes := []*lab.Node{leader}
		for _, n := range l.Nodes {
			if n != leader {
				nodes = append(nodes, n)
			}
		}
		c, err := newClient(ctx, nodes...)
		if err != nil {
			return nil, err
		}
		key := fmt.Sprintf("probe%d", i)
		if _, _, err := c.add(ctx, key); err != nil {
			return nil, err
		}
		time.Sleep(time.Duration(rand.IntN(400)) * time.Millisecond) // anywhere between two heartbeats
		begun := time.Now()
		leader.Kill()
		value, _, err := c.add(ctx, key)
		if err != nil {
			return nil, err
		}
		took = append(took, time.Since(begun))
		if value != 2 {
			wrong = append(wrong, fmt.Sprintf("%s is %d after two increments", key, value))
		}
		log.Printf("kill %d: %s killed, first new write after %v", i+1, leader.Name, took[i].Round(time.Millisecond))
		if err := leader.Run(); err != nil {
			return nil, err
		}
		if err := leader.Ready(ctx); err != nil {
			return nil, err
		}
		if err := settle(ctx, l); err != nil {
			return nil, err
		}
	}
	w.end(ctx, l.Nodes)
	wrong = append(wrong, w.wrong...)
	r.Kill = &Kill{Kills: kills, P50: median(took), Slowest: milliseconds(slices.Max(took)), Acknowledged: len(w.answered), Wrong: len(wrong)}
	for _, d := range took {
		r.Kill.All = append(r.Kill.All, milliseconds(d))
	}
	return wrong, nil
}

// settle waits until all nodes are about as far and a second more, so that a kill is not about the kill before it.
func settle(ctx context.Context, l *lab.Lab) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		low, high := ^uint64(0), uint64(0)
		for _, n := range l.Nodes {
			var c lab.Cluster
			if err := n.Call(ctx, "GET", "/v1/cluster", nil, &c); err != nil {
				return err
			}
			low, high = min(low, c.Status.Applied), max(high, c.Status.Applied)
		}
		if high-low < 100 {
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the nodes do not catch up: between %d and %d are applied", low, high)
		case <-time.After(50 * time.Millisecond):
		}
	}
	time.Sleep(time.Second)
	return ctx.Err()
}

// around is how long after a transfer began a gap is looked for.
const around = 500 * time.Millisecond

func (r *Report) transfer(ctx context.Context, l *lab.Lab, transfers int) (wrong []string, err error) {
	w, err := gather(ctx, l.Nodes, 16, 0, "transfer")
	if err != nil {
		return nil, err
	}
	defer w.stop()
	var gaps, usual, calls []time.Duration
	for i := range transfers {
		time.Sleep(500 * time.Millisecond)
		from := time.Now()
		time.Sleep(around)
		usual = append(usual, w.gap(from, time.Now()))
		leader, err := l.Leader(ctx)
		if err != nil {
			return nil, err
		}
		from = time.Now()
		if err := l.Nodes[i%len(l.Nodes)].Call(ctx, "POST", "/v1/cluster/transfer", nil, nil); err != nil {
			return nil, err
		}
		calls = append(calls, time.Since(from))
		time.Sleep(time.Until(from.Add(around)))
		gaps = append(gaps, w.gap(from, time.Now()))
		if now, err := l.Leader(ctx); err != nil || now == leader {
			return nil, fmt.Errorf("transfer %d: %s still leads (%v)", i+1, leader.Name, err)
		}
		log.Printf("transfer %d: no answer for %v; without a transfer for %v", i+1, gaps[i].Round(time.Millisecond), usual[i].Round(time.Millisecond))
	}
	w.end(ctx, l.Nodes)
	for _, s := range w.again {
		log.Printf("sent again: %s", s)
	}
	r.Transfer = &Transfer{
		Transfers: transfers, Gap: median(gaps), LongestGap: milliseconds(slices.Max(gaps)), UsualGap: median(usual), Call: median(calls),
		Requests: w.requests, Failed: len(w.again),
	}
	return w.wrong, nil
}

func sortTimes(all []time.Time) { slices.SortFunc(all, time.Time.Compare) }
