package raftstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore/state"
)

func setKV(t testing.TB, k *KV, key, value string, o SetOptions) uint64 {
	t.Helper()
	v, err := k.Set(t.Context(), "ns", []byte(key), []byte(value), o)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func getKV(t testing.TB, k *KV, key string) string {
	t.Helper()
	e, ok, err := k.Get(t.Context(), Linearizable, "ns", []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		return "-"
	}
	return string(e.Value)
}

func TestKVClient(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Dir: t.TempDir()})
	k, other, ctx := NewKV(s, "app"), NewKV(s, "other"), t.Context()

	v1 := setKV(t, k, "a", "one", SetOptions{Guard: Guard{Absent: true}})
	if _, err := k.Set(ctx, "ns", []byte("a"), []byte("no"), SetOptions{Guard: Guard{Absent: true}}); codeOf(err) != abi.CodeConflict {
		t.Errorf("set if absent: %v, want conflict", err)
	}
	v2 := setKV(t, k, "a", "two", SetOptions{Guard: Guard{Version: v1}})
	if _, err := k.Set(ctx, "ns", []byte("a"), []byte("no"), SetOptions{Guard: Guard{Version: v1}}); codeOf(err) != abi.CodeConflict || v2 <= v1 {
		t.Errorf("set of an old version: %v, want conflict; versions %d, %d", err, v1, v2)
	}
	for name, level := range map[string]Consistency{"linearizable": Linearizable, "lease": Lease, "stale": Stale(time.Second)} {
		e, ok, err := k.Get(ctx, level, "ns", []byte("a"))
		if err != nil || !ok || string(e.Key) != "a" || string(e.Value) != "two" || e.Version != v2 || e.Created != v1 || e.Expires != 0 {
			t.Errorf("%s: %+v, %t, %v", name, e, ok, err)
		}
	}
	if _, ok, err := other.Get(ctx, Linearizable, "ns", []byte("a")); ok || err != nil {
		t.Errorf("another app sees the key: %v", err)
	}
	for want := int64(5); want <= 15; want += 5 {
		if n, v, err := k.Increment(ctx, "ns", []byte("n"), 5); n != want || v <= v2 || err != nil {
			t.Errorf("increment: %d @%d, %v, want %d", n, v, err, want)
		}
	}

	r, err := k.Txn(ctx, Txn{
		Guards: []state.KVGuard{{Namespace: "ns", Key: []byte("a"), Version: v2}, {Namespace: "ns", Key: []byte("b")}},
		Writes: []state.KVWrite{
			{Kind: state.KVSet, Namespace: "ns", Key: []byte("b"), Value: []byte("b")}, {Kind: state.KVDelete, Namespace: "ns", Key: []byte("a")},
			{Kind: state.KVAdd, Namespace: "ns", Key: []byte("n"), Delta: -15},
		},
	})
	if err != nil || len(r.Results) != 3 || r.Results[0].Existed || !r.Results[1].Existed || r.Results[2].Value != 0 {
		t.Fatalf("transaction: %+v, %v", r, err)
	}
	if existed, err := k.Delete(ctx, "ns", []byte("b"), Guard{Version: r.Results[0].Version}); !existed || err != nil {
		t.Errorf("delete: %t, %v", existed, err)
	}
	if existed, err := k.Delete(ctx, "ns", []byte("b"), Guard{}); existed || err != nil {
		t.Errorf("delete again: %t, %v", existed, err)
	}

	var want []string
	for i := range 25 {
		setKV(t, k, fmt.Sprintf("p/%02d", i), "v", SetOptions{})
		want = append(want, fmt.Sprintf("p/%02d", i))
	}
	for _, reverse := range []bool{false, true} {
		var got []string
		o := ScanOptions{Prefix: []byte("p/"), Limit: 10, Reverse: reverse}
		for first := true; first || o.After != nil; first = false {
			entries, next, index, err := k.Scan(ctx, Linearizable, "ns", o)
			if err != nil || index == 0 {
				t.Fatal(err)
			}
			for _, e := range entries {
				got = append(got, string(e.Key))
			}
			o.After = next
		}
		if reverse {
			slices.Reverse(got)
		}
		if !slices.Equal(got, want) {
			t.Errorf("reverse %t: pages have %v", reverse, got)
		}
	}
	_, _, index, err := k.Scan(ctx, Linearizable, "ns", ScanOptions{Prefix: []byte("p/")})
	if err != nil {
		t.Fatal(err)
	}
	unchanged := Txn{
		Ranges: []state.KVRange{{Namespace: "ns", Prefix: []byte("p/"), Since: index}},
		Writes: []state.KVWrite{{Kind: state.KVAdd, Namespace: "ns", Key: []byte("p/count"), Delta: 25}},
	}
	if _, err := k.Txn(ctx, unchanged); err != nil {
		t.Errorf("nothing changed since the scan: %v", err)
	}
	if _, err := k.Txn(ctx, unchanged); codeOf(err) != abi.CodeConflict {
		t.Errorf("the range changed since the scan: %v, want conflict", err)
	}

	used, _, err := k.Usage(ctx)
	if want := (state.Usage{Bytes: 25*5 + 9 + 2, Keys: 27}); used != want || err != nil {
		t.Errorf("usage %+v, %v, want %+v", used, err, want)
	}
	if err := k.SetQuota(ctx, state.Usage{Keys: 27}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Set(ctx, "ns", []byte("more"), nil, SetOptions{}); codeOf(err) != abi.CodeQuota {
		t.Errorf("a key over the quota: %v, want code quota", err)
	}
	if _, err := other.Set(ctx, "ns", []byte("more"), nil, SetOptions{}); err != nil {
		t.Errorf("another app's quota counts: %v", err)
	}
	for name, err := range map[string]error{
		"too short a ttl": second(k.Set(ctx, "ns", []byte("x"), nil, SetOptions{TTL: time.Microsecond})),
		"two guards":      second(k.Set(ctx, "ns", []byte("x"), nil, SetOptions{Guard: Guard{Absent: true, Version: 1}})),
		"no key":          second(k.Set(ctx, "ns", nil, nil, SetOptions{})),
		"namespace":       second(k.Set(ctx, "a/b", []byte("x"), nil, SetOptions{})),
	} {
		if codeOf(err) != abi.CodeInvalid {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// A watcher gets every change once and in order, while four writers make 10,000 and entries are applied in batches; so does one that
// goes away and comes back.
func TestWatchHasNoGap(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Dir: t.TempDir()})
	k := NewKV(s, "app")
	setKV(t, k, "before", "x", SetOptions{})
	var from uint64
	if err := s.View(t.Context(), Linearizable, func(v *state.View) error {
		from = v.Index
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	const changes, perDo, writers = 10_000, 25, 4
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()

	watch := func(comesBack bool) (versions []uint64, err error) {
		last, at := uint64(0), from
		for {
			n := 0
			for e, err := range s.Watch(ctx, "app", "ns", []byte("k"), at) {
				if err != nil {
					return versions, err
				}
				if e.Version <= last && comesBack {
					continue // seen before: it came back to the entry that it had a part of
				}
				versions, last = append(versions, e.Version), e.Version
				if n++; len(versions) == changes || comesBack && n == 97 {
					break
				}
			}
			if len(versions) == changes {
				return versions, nil
			}
			at = last>>20 - 1
		}
	}
	type seen struct {
		versions []uint64
		err      error
	}
	watchers := make(chan seen, 3)
	for _, comesBack := range []bool{false, false, true} {
		go func() {
			v, err := watch(comesBack)
			watchers <- seen{v, err}
		}()
	}
	var mu sync.Mutex
	var written []uint64
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := 0; i < changes/writers; i += perDo {
				var commands []state.Command
				for j := range perDo {
					key := fmt.Appendf(nil, "k%d", (i+j)%500)
					commands = append(commands, Txn{Writes: []state.KVWrite{{Kind: state.KVAdd, Namespace: "ns", Key: key, Delta: int64(w)}}}.Command("app"))
				}
				commands = append(commands, Txn{Writes: []state.KVWrite{{Kind: state.KVSet, Namespace: "other", Key: []byte("k")}}}.Command("app"))
				replies, err := s.Do(ctx, commands...)
				if err != nil {
					t.Error(err)
					return
				}
				for _, r := range replies[:perDo] {
					results, err := state.DecodeKVResults(r.Payload)
					if r.Err != nil || err != nil {
						t.Error(r.Err, err)
						return
					}
					mu.Lock()
					written = append(written, results[0].Version)
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	slices.Sort(written)
	for range cap(watchers) {
		got := <-watchers
		if got.err != nil {
			t.Fatal(got.err)
		}
		if !slices.Equal(got.versions, written) {
			t.Errorf("a watcher saw %d changes, %d in order; there were %d", len(got.versions), inOrder(got.versions), len(written))
		}
	}
}

// inOrder counts the elements that are above the one before.
func inOrder(v []uint64) (n int) {
	for i := range v {
		if i == 0 || v[i] > v[i-1] {
			n++
		}
	}
	return n
}

// A watcher that wants changes that are not kept any more, or is too slow, is told, and can go on from what it reads.
func TestWatchSaysWhenChangesAreGone(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Dir: t.TempDir()})
	k := NewKV(s, "app")
	first := setKV(t, k, "k", "first", SetOptions{})
	value := make([]byte, state.KVMaxValue)
	n := 0
	fill := func() {
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for range feedBytes/len(value)/2 + 1 {
					if _, err := k.Set(t.Context(), "ns", []byte("big"), value, SetOptions{}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		n++
	}
	var slow error
	for _, err := range s.Watch(t.Context(), "app", "ns", nil, first>>20-1) {
		if err != nil {
			slow = err
			break
		}
		if n == 0 {
			fill()
		}
	}
	if codeOf(slow) != abi.CodeClosed || !strings.Contains(slow.Error(), "again") {
		t.Errorf("a slow watcher ends with %v, want code closed and what to do", slow)
	}
	for _, err := range s.Watch(t.Context(), "app", "ns", nil, first>>20) {
		if codeOf(err) != abi.CodeClosed {
			t.Errorf("a watch from an old index: %v, want code closed", err)
		}
		break
	}
	_, _, index, err := k.Scan(t.Context(), Linearizable, "ns", ScanOptions{KeysOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	last := setKV(t, k, "k", "last", SetOptions{})
	for e, err := range s.Watch(t.Context(), "app", "ns", nil, index) {
		if err != nil || e.Version != last || string(e.Value) != "last" {
			t.Errorf("after reading again: %+v, %v", e, err)
		}
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range s.Watch(ctx, "app", "ns", nil, last>>20) {
		if codeOf(err) != abi.CodeCancelled {
			t.Errorf("a watch that was ended: %v", err)
		}
	}
}

// What expires does so by the log's time, which goes on while the node does not run, and never back.
func TestKVTimeToLiveOverRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	wall := time.Now()
	open := func() (*Store, *KV) {
		s := openTest(t, Config{Dir: dir, Wall: func() time.Time { return wall }})
		return s, NewKV(s, "app")
	}
	s, k := open()
	setKV(t, k, "hour", "v", SetOptions{TTL: time.Hour})
	setKV(t, k, "day", "v", SetOptions{TTL: 24 * time.Hour})
	setKV(t, k, "ever", "v", SetOptions{})
	e, _, err := k.Get(t.Context(), Linearizable, "ns", []byte("hour"))
	if left := e.Expires - wall.UnixMilli(); err != nil || left < 3590_000 || left > 3610_000 {
		t.Errorf("expires in %d ms, %v; want an hour", left, err)
	}
	s.Close()

	wall = wall.Add(-10 * time.Hour) // a clock that was set back changes nothing
	s, k = open()
	for _, key := range []string{"hour", "day", "ever"} {
		if v := getKV(t, k, key); v != "v" {
			t.Errorf("%s is %q after a restart", key, v)
		}
	}
	setKV(t, k, "short", "v", SetOptions{TTL: time.Hour})
	if e, _, _ := k.Get(t.Context(), Linearizable, "ns", []byte("short")); e.Expires < wall.Add(10*time.Hour).UnixMilli() {
		t.Error("the log's time ran backwards")
	}
	s.Close()

	wall = wall.Add(12 * time.Hour)
	s, k = open()
	setKV(t, k, "now", "v", SetOptions{}) // with the leader's time
	for key, want := range map[string]string{"hour": "-", "short": "-", "day": "v", "ever": "v"} {
		if v := getKV(t, k, key); v != want {
			t.Errorf("%s is %q two hours later, want %q", key, v, want)
		}
	}
	until(t, "the timers take back what expired", func() bool {
		used, _, err := k.Usage(t.Context())
		return err == nil && used == state.Usage{Bytes: int64(len("dayeverx") + len("nowx") + 1), Keys: 3}
	})
	// one that expires while the store runs is told to watchers
	version := setKV(t, k, "soon", "v", SetOptions{TTL: 50 * time.Millisecond})
	for e, err := range s.Watch(t.Context(), "app", "ns", []byte("soon"), version>>20) {
		if err != nil || !e.Deleted || string(e.Key) != "soon" {
			t.Errorf("expiry is told as %+v, %v", e, err)
		}
		break
	}
	if v := getKV(t, k, "soon"); v != "-" {
		t.Errorf("an expired key is %q", v)
	}
}

// A store that is closed while it is watched ends the watch.
func TestWatchEndsWithTheStore(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Dir: t.TempDir()})
	version := setKV(t, NewKV(s, "app"), "k", "v", SetOptions{})
	time.AfterFunc(20*time.Millisecond, func() { s.Close() })
	for e, err := range s.Watch(t.Context(), "app", "", nil, version>>20) {
		if codeOf(err) != abi.CodeUnavailable {
			t.Errorf("%+v, %v", e, err)
		}
	}
}

func BenchmarkKVSet(b *testing.B) {
	s := openTest(b, Config{Dir: b.TempDir()})
	k, value := NewKV(s, "app"), bytes.Repeat([]byte("x"), 128)
	setKV(b, k, "warm", "", SetOptions{})
	b.ResetTimer()
	var wg sync.WaitGroup
	const clients = 64
	for c := range clients {
		wg.Go(func() {
			for i := c; i < b.N; i += clients {
				if _, err := k.Set(context.Background(), "ns", fmt.Appendf(nil, "key-%d", i%10000), value, SetOptions{}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
}

func BenchmarkKVGet(b *testing.B) {
	s := openTest(b, Config{Dir: b.TempDir()})
	k, key := NewKV(s, "app"), []byte("k")
	setKV(b, k, "k", strings.Repeat("x", 128), SetOptions{})
	b.ReportAllocs()
	for b.Loop() {
		if _, ok, err := k.Get(context.Background(), Linearizable, "ns", key); !ok || err != nil {
			b.Fatal(errors.Join(err, errors.New("not there")))
		}
	}
}
