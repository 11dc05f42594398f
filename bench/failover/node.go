package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stackhost/stackhost/bench/lab"
	"github.com/stackhost/stackhost/bench/store/load"
)

// Restart is how long a node with much data took to start, until it was ready and had answered a linearizable read. Medians.
type Restart struct {
	Gigabytes float64 `json:"gigabytes"`
	AfterKill float64 `json:"after_kill_ms"`
	AfterStop float64 `json:"after_stop_ms"`
}

// Backup is what backups cost the writers. Medians.
type Backup struct {
	Gigabytes float64 `json:"gigabytes"`
	Without   float64 `json:"puts_per_second_without"`
	With      float64 `json:"puts_per_second_with"`
	Seconds   float64 `json:"backup_s"` // that one took
	Bytes     int64   `json:"backup_bytes"`
}

// bigValue is how long the values are that fill the node.
const bigValue = 128 << 10

func (r *Report) node(ctx context.Context, only []string, gigabytes float64) error {
	l, err := lab.New(1, false)
	if err != nil {
		return err
	}
	defer l.Close()
	if err := l.Start(ctx); err != nil {
		return err
	}
	n, count := l.Nodes[0], int(gigabytes*1e9/bigValue)
	log.Printf("writing %.2f GB", float64(count)*bigValue/1e9)
	if err := fill(ctx, n, count); err != nil {
		return err
	}
	size := float64(count) * bigValue / 1e9
	if slices.Contains(only, "backup") {
		r.Backup = &Backup{Gigabytes: size}
		if err := r.Backup.measure(ctx, n); err != nil {
			return err
		}
	}
	if !slices.Contains(only, "restart") {
		return nil
	}
	r.Restart = &Restart{Gigabytes: size}
	for _, way := range []struct {
		name string
		end  func()
		took *float64
	}{{"kill -9", n.Kill, &r.Restart.AfterKill}, {"an orderly stop", n.Stop, &r.Restart.AfterStop}} {
		var took []time.Duration
		for range 3 {
			way.end()
			begun := time.Now()
			if err := n.Run(); err != nil {
				return err
			}
			if err := n.Ready(ctx); err != nil {
				return err
			}
			if err := n.Call(ctx, "GET", fmt.Sprintf("/v1/apps/bench/kv/big/%s", load.Key(count-1)), nil, nil); err != nil {
				return err
			}
			took = append(took, time.Since(begun))
			log.Printf("ready %v after %s", took[len(took)-1].Round(time.Millisecond), way.name)
		}
		*way.took = median(took)
	}
	return nil
}

// fill writes count big values.
func fill(ctx context.Context, n *lab.Node, count int) error {
	const clients = 8
	errs := make([]error, clients)
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			h, err := load.DialHTTP(strings.TrimPrefix(n.Admin, "http://"), "Authorization: Bearer "+n.Token+"\r\n")
			if err != nil {
				errs[c] = err
				return
			}
			defer h.Close()
			r := rand.New(rand.NewPCG(uint64(c), 3))
			for i := c; i < count && ctx.Err() == nil && errs[c] == nil; i += clients {
				status, body, err := h.Do("PUT", "/v1/apps/bench/kv/big/"+load.Key(i), "", load.Value(load.Key(i), bigValue, r))
				if err == nil && status/100 != 2 {
					err = fmt.Errorf("fill: %d %s", status, body)
				}
				errs[c] = err
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (b *Backup) measure(ctx context.Context, n *lab.Node) error {
	job := load.Job{Kind: "stackhost", Address: strings.TrimPrefix(n.Admin, "http://"), Token: n.Token, Op: "put", Clients: 64, Seconds: 5, Keys: 10_000, Bytes: 128}
	var without, with []float64
	var took []time.Duration
	for range 3 {
		r, err := load.Run(ctx, job, load.Dial)
		if err != nil || r.Errors > 0 {
			return fmt.Errorf("load: %d errors, such as %s (%w)", r.Errors, r.FirstErr, err)
		}
		without = append(without, r.PerSecond)
		backing, stop := context.WithCancel(ctx)
		done := make(chan error)
		go func() { // one backup after the other
			var err error
			for err == nil && backing.Err() == nil {
				begun := time.Now()
				var size int64
				if size, err = backup(backing, n); err == nil {
					b.Bytes, took = size, append(took, time.Since(begun))
				}
			}
			if backing.Err() != nil {
				err = nil
			}
			done <- err
		}()
		r, err = load.Run(ctx, job, load.Dial)
		stop()
		if failed := <-done; failed != nil {
			return failed
		}
		if err != nil || r.Errors > 0 {
			return fmt.Errorf("load during a backup: %d errors, such as %s (%w)", r.Errors, r.FirstErr, err)
		}
		with = append(with, r.PerSecond)
		log.Printf("%.0f puts/s, %.0f during backups", without[len(without)-1], r.PerSecond)
	}
	slices.Sort(without)
	slices.Sort(with)
	b.Without, b.With, b.Seconds = without[1], with[1], median(took)/1000
	return nil
}

// backup reads one and returns its length.
func backup(ctx context.Context, n *lab.Node) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, "GET", n.Admin+"/v1/cluster/backup", nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+n.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != 200 {
		return 0, fmt.Errorf("backup: %s", resp.Status)
	}
	return io.Copy(io.Discard, resp.Body)
}
