package main

import (
	"context"
	"fmt"
	"log"
	"slices"
	"time"

	"github.com/stackhost/stackhost/bench/lab"
)

// Hang is what happened when the disk of the leader hung, as one that is broken does: nothing fails, and nothing ends.
type Hang struct {
	Hangs        int     `json:"hangs"`
	P50          float64 `json:"new_leader_p50_ms"`
	Slowest      float64 `json:"new_leader_slowest_ms"`
	WriteP50     float64 `json:"first_write_p50_ms"`
	WriteSlowest float64 `json:"first_write_slowest_ms"`
	Wrong        int     `json:"wrong"`
}

func (r *Report) hang(ctx context.Context, l *lab.Lab, hangs int) (wrong []string, err error) {
	w, err := gather(ctx, l.Nodes, 8, 10*time.Millisecond, "hang")
	if err != nil {
		return nil, err
	}
	defer w.stop()
	var leads, writes []time.Duration
	for i := range hangs {
		leader, err := l.Leader(ctx)
		if err != nil {
			return nil, err
		}
		var others []*lab.Node
		for _, n := range l.Nodes {
			if n != leader {
				others = append(others, n)
			}
		}
		c, err := newClient(ctx, others...) // it must not wait for a node that hangs
		if err != nil {
			return nil, err
		}
		begun := time.Now()
		if err := leader.Hang(); err != nil {
			return nil, err
		}
		done := make(chan error, 1)
		go func() {
			value, _, err := c.add(ctx, fmt.Sprintf("hung%d", i))
			writes = append(writes, time.Since(begun))
			if err == nil && value != 1 {
				err = fmt.Errorf("a counter is %d after one increment", value)
			}
			done <- err
		}()
		next, err := other(ctx, leader, others)
		leads = append(leads, time.Since(begun))
		if err == nil {
			err = <-done
		}
		leader.Answer()
		if err != nil {
			return nil, err
		}
		log.Printf("hang %d: %s hangs, %s leads after %v, first new write after %v", i+1, leader.Name, next, leads[i].Round(time.Millisecond), writes[i].Round(time.Millisecond))
		if err := settle(ctx, l); err != nil {
			return nil, err
		}
	}
	w.end(ctx, l.Nodes)
	r.Hang = &Hang{Hangs: hangs, P50: median(leads), Slowest: milliseconds(slices.Max(leads)), WriteP50: median(writes), WriteSlowest: milliseconds(slices.Max(writes)), Wrong: len(w.wrong)}
	return w.wrong, nil
}

// other waits until one of nodes leads.
func other(ctx context.Context, than *lab.Node, nodes []*lab.Node) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		for _, n := range nodes {
			var c lab.Cluster
			if err := n.Call(ctx, "GET", "/v1/cluster", nil, &c); err == nil && c.Status.State == "Leader" {
				return n.Name, nil
			}
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("nobody leads 20 s after the disk of %s began to hang", than.Name)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
