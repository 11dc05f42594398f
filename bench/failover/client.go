package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/stackhost/stackhost/bench/lab"
)

// client writes as the command line does: it numbers writes in a session and sends one again, to the next node, until it is answered.
// Used by one goroutine.
type client struct {
	nodes    []*lab.Node // the one that answered last is first
	http     *http.Client
	session  uint64
	sequence uint64
}

func newClient(ctx context.Context, nodes ...*lab.Node) (*client, error) {
	c := &client{nodes: append([]*lab.Node(nil), nodes...), http: &http.Client{Transport: &http.Transport{}}}
	var reply struct{ Session uint64 }
	if err := c.nodes[0].Call(ctx, "POST", "/v1/sessions", nil, &reply); err != nil {
		return nil, err
	}
	c.session = reply.Session
	return c, nil
}

// patience is how long one node may take before the next one is asked; the command line waits as long.
const patience = 3 * time.Second

// add counts key up and returns its value, and how many requests that took.
func (c *client) add(ctx context.Context, key string) (value int64, requests int, err error) {
	c.sequence++
	for {
		for i, n := range c.nodes {
			requests++
			value, err = c.send(ctx, n, key)
			if err == nil {
				c.nodes[0], c.nodes[i] = n, c.nodes[0]
				return value, requests, nil
			}
			if ctx.Err() != nil || errors.Is(err, errRefused) {
				return 0, requests, err
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
}

var errRefused = errors.New("refused")

func (c *client) send(ctx context.Context, n *lab.Node, key string) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "POST", n.Admin+"/v1/apps/bench/kv/count/"+key+"?increment=1", nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+n.Token)
	req.Header.Set("Stackhost-Session", fmt.Sprint(c.session))
	req.Header.Set("Stackhost-Sequence", fmt.Sprint(c.sequence))
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	if resp.StatusCode != 200 {
		err = fmt.Errorf("%s: %d %s", n.Name, resp.StatusCode, b)
		if resp.StatusCode != 503 && resp.StatusCode != 504 {
			err = fmt.Errorf("%w: %w", errRefused, err)
		}
		return 0, err
	}
	var reply struct{ Value int64 }
	return reply.Value, json.Unmarshal(b, &reply)
}

// crowd is clients that count, each a key of its own, and note when they were answered.
type crowd struct {
	pause time.Duration // between writes of a client
	stop  context.CancelFunc
	wg    sync.WaitGroup

	mu       sync.Mutex
	answered []time.Time // guarded by mu
	requests int         // guarded by mu
	again    []string    // guarded by mu; writes that took more than one request
	wrong    []string    // guarded by mu
	counts   map[string]int64
}

func gather(ctx context.Context, nodes []*lab.Node, clients int, pause time.Duration, name string) (*crowd, error) {
	w := &crowd{pause: pause, counts: map[string]int64{}}
	working, stop := context.WithCancel(ctx)
	w.stop = stop
	for i := range clients {
		at := i % len(nodes)
		c, err := newClient(ctx, append(append([]*lab.Node(nil), nodes[at:]...), nodes[:at]...)...)
		if err != nil {
			stop()
			w.wg.Wait()
			return nil, err
		}
		w.wg.Go(func() { w.count(ctx, working, c, fmt.Sprintf("%s%d", name, i)) })
	}
	return w, nil
}

// count ends after the write under way when working ends.
func (w *crowd) count(ctx, working context.Context, c *client, key string) {
	var n int64
	for working.Err() == nil {
		value, requests, err := c.add(ctx, key)
		now := time.Now()
		n++
		w.mu.Lock()
		w.requests += requests
		if requests > 1 {
			w.again = append(w.again, fmt.Sprintf("%s: %d requests", key, requests))
		}
		switch {
		case err != nil && ctx.Err() != nil:
			n--
		case err != nil:
			w.wrong = append(w.wrong, fmt.Sprintf("%s: %v", key, err))
			n--
		case value != n:
			w.wrong = append(w.wrong, fmt.Sprintf("%s: the answer is %d after %d increments", key, value, n))
			n = value
		default:
			w.answered = append(w.answered, now)
		}
		w.counts[key] = n
		w.mu.Unlock()
		time.Sleep(w.pause)
	}
}

// end stops the clients and checks every counter through every node.
func (w *crowd) end(ctx context.Context, nodes []*lab.Node) {
	w.stop()
	w.wg.Wait()
	for key, want := range w.counts {
		for _, n := range nodes {
			var got int64
			if err := n.Call(ctx, "GET", "/v1/apps/bench/kv/count/"+key, nil, &got); err != nil || got != want {
				w.wrong = append(w.wrong, fmt.Sprintf("%s on %s is %d after %d acknowledged increments (%v)", key, n.Name, got, want, err))
			}
		}
	}
}

// gap returns the longest time without an answer between from and to.
func (w *crowd) gap(from, to time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return gap(w.answered, from, to)
}

// gap returns the longest time in [from, to] in which nothing happened. Happened need not be sorted.
func gap(happened []time.Time, from, to time.Time) time.Duration {
	longest, last := time.Duration(0), from
	var within []time.Time
	for _, t := range happened {
		if !t.Before(from) && !t.After(to) {
			within = append(within, t)
		}
	}
	sortTimes(within)
	for _, t := range append(within, to) {
		longest, last = max(longest, t.Sub(last)), t
	}
	return longest
}
