// Command inproc measures the store from inside its process, without HTTP: one node, 128-byte values. It prints lines, or JSON with
// -json. It is in a module of its own because it imports the store, which the other benchmarks must not depend on.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/stackhost/stackhost/bench/store/load"
	"github.com/stackhost/stackhost/raftstore"
)

func main() {
	rounds := flag.Int("rounds", 5, "interleaved rounds; medians are told")
	seconds := flag.Float64("seconds", 2, "seconds for each round and kind of load")
	asJSON := flag.Bool("json", false, "print JSON")
	flag.Parse()
	r, err := run(*rounds, time.Duration(*seconds*float64(time.Second)))
	if err != nil {
		log.Fatal(err)
	}
	if *asJSON {
		json.NewEncoder(os.Stdout).Encode(r)
		return
	}
	for name, v := range r {
		fmt.Printf("%-24s %.0f\n", name, v)
	}
}

// keys is how many there are.
const keys = 10_000

func run(rounds int, length time.Duration) (map[string]float64, error) {
	dir, err := os.MkdirTemp("", "stackhost-inproc-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	s, err := raftstore.Open(raftstore.Config{Dir: filepath.Join(dir, "store"), Node: "n1", Bootstrap: true})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	kv := raftstore.NewKV(s, "bench")
	if err := load.Fill(load.Job{Keys: keys, Bytes: 128}, dial(kv)); err != nil {
		return nil, err
	}
	flush, err := newFlusher(dir)
	if err != nil {
		return nil, err
	}
	defer flush.Close()
	all := map[string][]float64{}
	for range rounds {
		perSecond, p50, err := flush.measure(length / 2)
		if err != nil {
			return nil, err
		}
		all["fsync_per_second"], all["fsync_p50_us"] = append(all["fsync_per_second"], perSecond), append(all["fsync_p50_us"], p50)
		for _, l := range []struct {
			op      string
			clients int
		}{{"put", 1}, {"put", 64}, {"get", 1}, {"get", 512}, {"stale", 512}} {
			r, err := load.Run(context.Background(), load.Job{Op: l.op, Clients: l.clients, Seconds: length.Seconds(), Keys: keys, Bytes: 128}, dial(kv))
			if err != nil {
				return nil, err
			}
			if r.Errors > 0 {
				return nil, fmt.Errorf("%s: %d errors, such as %s", l.op, r.Errors, r.FirstErr)
			}
			name := fmt.Sprintf("%s_%d_", l.op, l.clients)
			all[name+"per_second"], all[name+"p50_us"] = append(all[name+"per_second"], r.PerSecond), append(all[name+"p50_us"], r.P50)
		}
	}
	medians := map[string]float64{}
	for name, v := range all {
		slices.Sort(v)
		medians[name] = (v[(len(v)-1)/2] + v[len(v)/2]) / 2
	}
	return medians, nil
}

func dial(kv *raftstore.KV) func(load.Job) (load.Client, error) {
	return func(load.Job) (load.Client, error) { return client{kv}, nil }
}

type client struct{ kv *raftstore.KV }

func (c client) Put(key string, value []byte) error {
	_, err := c.kv.Set(context.Background(), "main", []byte(key), value, raftstore.SetOptions{})
	return err
}

func (c client) Get(key string, stale bool) ([]byte, error) {
	level := raftstore.Linearizable
	if stale {
		level = raftstore.Stale(0)
	}
	e, found, err := c.kv.Get(context.Background(), level, "main", []byte(key))
	if err == nil && !found {
		err = errors.New("get: the key is absent")
	}
	return e.Value, err
}

func (c client) Close() error { return nil }

// flusher writes 128 bytes and flushes them to the disk.
type flusher struct {
	*os.File
	at int64
}

func newFlusher(dir string) (*flusher, error) {
	f, err := os.Create(filepath.Join(dir, "flush"))
	if err != nil {
		return nil, err
	}
	if _, err := f.Write(make([]byte, 64<<20)); err != nil { // so that no flush has to change the file's extents
		return nil, err
	}
	return &flusher{File: f}, f.Sync()
}

func (f *flusher) measure(length time.Duration) (perSecond, p50 float64, err error) {
	var took []time.Duration
	line := make([]byte, 128)
	begun := time.Now()
	for time.Since(begun) < length {
		at := time.Now()
		if _, err := f.WriteAt(line, f.at); err != nil {
			return 0, 0, err
		}
		if err := syscall.Fdatasync(int(f.Fd())); err != nil {
			return 0, 0, err
		}
		f.at = (f.at + 128) % (64 << 20)
		took = append(took, time.Since(at))
	}
	all := time.Since(begun)
	slices.Sort(took)
	return float64(len(took)) / all.Seconds(), load.Percentile(took, 50), nil
}
