// Package load puts requests on a store from a number of clients for a time and tells how many were answered and how long they took.
package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// Job is what to do. It is handed to load processes as JSON.
type Job struct {
	// Kind names the protocol: stackhost, etcd, etcd-http, rqlite or redis.
	Kind string
	// Address is host:port of the server. Token goes with it where the server wants one.
	Address, Token string
	// Op is put, get (linearizable) or stale (a get that may be old).
	Op string
	// Clients is how many work at the same time, each with one request at a time.
	Clients int
	// Seconds is how long is measured; a fifth of it goes before that, unmeasured.
	Seconds float64
	// Keys is how many keys there are, Bytes the length of each value.
	Keys, Bytes int
}

// Result is what was measured.
type Result struct {
	Requests  int     `json:"requests"`
	PerSecond float64 `json:"requests_per_second"`
	P50       float64 `json:"p50_us"` // microseconds
	P99       float64 `json:"p99_us"` // microseconds
	Errors    int     `json:"errors"` // requests that failed or were answered wrongly
	FirstErr  string  `json:"first_error,omitempty"`
}

// Client is one connection to a store. It is used by one goroutine.
type Client interface {
	// Put writes a value and returns when the store has acknowledged it.
	Put(key string, value []byte) error
	// Get reads a value; with stale it may be old. The value is valid until the next call.
	Get(key string, stale bool) ([]byte, error)
	Close() error
}

// Key returns the name of key i.
func Key(i int) string { return fmt.Sprintf("key%08d", i) }

// Value returns a value of n printable bytes that begins with the key it belongs to.
func Value(key string, n int, r *rand.Rand) []byte {
	v := make([]byte, n)
	for i := copy(v, key+" "); i < n; i++ {
		v[i] = 'a' + byte(r.IntN(26))
	}
	return v
}

// Fill writes every key once.
func Fill(job Job, dial func(Job) (Client, error)) error {
	c, err := dial(job)
	if err != nil {
		return err
	}
	defer c.Close()
	r := rand.New(rand.NewPCG(1, 1))
	for i := range job.Keys {
		if err := c.Put(Key(i), Value(Key(i), job.Bytes, r)); err != nil {
			return fmt.Errorf("fill: %w", err)
		}
	}
	return nil
}

// Run does the job. Every answer to a get is checked: it must be a value of the right length for its key.
func Run(ctx context.Context, job Job, dial func(Job) (Client, error)) (Result, error) {
	clients := make([]Client, job.Clients)
	defer func() {
		for _, c := range clients {
			if c != nil {
				c.Close()
			}
		}
	}()
	for i := range clients {
		c, err := dial(job)
		if err != nil {
			return Result{}, err
		}
		clients[i] = c
	}
	names := make([]string, job.Keys)
	for i := range names {
		names[i] = Key(i)
	}
	// The times are compared by each client: where hundreds of clients are busy in few threads, a timer may be told much too late.
	length := time.Duration(job.Seconds * float64(time.Second))
	from := time.Now().Add(length / 5)
	to := from.Add(length)
	tallies := make([]tally, job.Clients)
	var wg sync.WaitGroup
	for i, c := range clients {
		wg.Go(func() {
			tallies[i].from, tallies[i].to = from, to
			tallies[i].work(ctx, job, c, names, uint64(i))
		})
	}
	wg.Wait()
	return sum(tallies, length), ctx.Err()
}

// tally is what one client saw. Answers that come in [from, to) count.
type tally struct {
	from, to time.Time
	took     []time.Duration
	errs     int
	err      error // the first
}

func (t *tally) work(ctx context.Context, job Job, c Client, names []string, number uint64) {
	r := rand.New(rand.NewPCG(number, uint64(time.Now().UnixNano())))
	value := Value(names[0], job.Bytes, r)
	for begun := time.Now(); begun.Before(t.to) && ctx.Err() == nil; begun = time.Now() {
		key := names[r.IntN(len(names))]
		if job.Op == "put" { // a value like no other, made cheaply
			copy(value, key)
			for i, bits := job.Bytes-8, r.Uint64(); i < job.Bytes; i, bits = i+1, bits>>4 {
				value[i] = 'a' + byte(bits&15)
			}
		}
		if err := one(job, c, key, value); err != nil {
			t.errs++
			if t.err == nil {
				t.err = err
			}
			time.Sleep(time.Millisecond)
			continue
		}
		if end := time.Now(); !end.Before(t.from) && end.Before(t.to) {
			t.took = append(t.took, end.Sub(begun))
		}
	}
}

func one(job Job, c Client, key string, value []byte) error {
	if job.Op == "put" {
		return c.Put(key, value)
	}
	got, err := c.Get(key, job.Op == "stale")
	if err != nil {
		return err
	}
	if len(got) != job.Bytes || string(got[:len(key)]) != key {
		return fmt.Errorf("get %s: a wrong answer: %q", key, got)
	}
	return nil
}

func sum(tallies []tally, length time.Duration) Result {
	var all []time.Duration
	var r Result
	for _, t := range tallies {
		all = append(all, t.took...)
		r.Errors += t.errs
		if t.err != nil && r.FirstErr == "" {
			r.FirstErr = t.err.Error()
		}
	}
	slices.Sort(all)
	r.Requests = len(all)
	r.PerSecond = float64(len(all)) / length.Seconds()
	r.P50, r.P99 = Percentile(all, 50), Percentile(all, 99)
	return r
}

// Percentile returns the smallest value, in microseconds, that p percent of the values are not above. The values are sorted; 0 if none.
func Percentile(sorted []time.Duration, p int) float64 {
	if len(sorted) == 0 {
		return 0
	}
	i := (len(sorted)*p + 99) / 100
	return float64(sorted[max(i, 1)-1]) / float64(time.Microsecond)
}

// Main is a load process: it does the job in its first argument and prints the result as JSON.
func Main(args []string, dial func(Job) (Client, error)) error {
	var job Job
	if len(args) != 1 {
		return errors.New("a job in JSON is wanted")
	}
	d := json.NewDecoder(strings.NewReader(args[0]))
	d.DisallowUnknownFields()
	if err := d.Decode(&job); err != nil {
		return err
	}
	if job.Op == "fill" {
		return Fill(job, dial)
	}
	r, err := Run(context.Background(), job, dial)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}
