package raftstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stackhost/stackhost/raftstore/state"
)

func TestCacheFillsOnce(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Dir: t.TempDir()})
	tier := NewCacheTier(s, 1<<20)
	for name, c := range map[string]*Cache{"watched": NewCache(s, "a", tier), "polled": NewCache(polled{s}, "b", nil)} {
		t.Run(name, func(t *testing.T) {
			var fills atomic.Int32
			var wg sync.WaitGroup
			for range 32 {
				wg.Go(func() {
					v, err := c.Compute(t.Context(), "ns", "k", CachePutOptions{TTL: time.Minute, Tags: []string{"t"}}, CacheLeaseOptions{},
						func(context.Context) ([]byte, error) {
							time.Sleep(20 * time.Millisecond)
							return []byte(strconv.Itoa(int(fills.Add(1)))), nil
						})
					if err != nil || string(v) != "1" {
						t.Errorf("got %q, %v", v, err)
					}
				})
			}
			wg.Wait()
			if fills.Load() != 1 {
				t.Errorf("the value was made %d times", fills.Load())
			}
		})
	}
}

func TestCacheFillThatBeganBeforeAnInvalidation(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Dir: t.TempDir()})
	c := NewCache(s, "app", NewCacheTier(s, 1<<20))
	ctx := t.Context()
	for _, invalidate := range []func() error{
		func() error { return c.InvalidateTag(ctx, "ns", "other", "t") },
		func() error { return c.Clear(ctx, "ns") },
		func() error { _, err := c.Delete(ctx, "ns", "k"); return err },
	} {
		l, err := c.Lease(ctx, "ns", "k", CacheLeaseOptions{})
		if err != nil || l.Token == 0 || l.State != CacheMiss {
			t.Fatalf("lease: %+v, %v", l, err)
		}
		if err := invalidate(); err != nil {
			t.Fatal(err)
		}
		if stored, err := c.Put(ctx, "ns", "k", []byte("old"), CachePutOptions{Token: l.Token, Tags: []string{"t"}}); stored || err != nil {
			t.Errorf("a value that was being made during the invalidation: stored %t, %v", stored, err)
		}
		if v, st, err := c.Get(ctx, "ns", "k"); st != CacheMiss || err != nil {
			t.Errorf("got %q, %v, %v", v, st, err)
		}
	}
}

func TestCacheStaleWhileItIsMade(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Dir: t.TempDir()})
	c := NewCache(s, "app", NewCacheTier(s, 1<<20))
	ctx := t.Context()
	if _, err := c.Put(ctx, "ns", "k", []byte("old"), CachePutOptions{TTL: 20 * time.Millisecond, Stale: time.Hour}); err != nil {
		t.Fatal(err)
	}
	until(t, "the entry to be stale", func() bool {
		if err := c.SetLimit(ctx, "other", 1000); err != nil { // moves the log's time
			t.Fatal(err)
		}
		v, st, err := c.Get(ctx, "ns", "k")
		return err == nil && st == CacheStale && string(v) == "old"
	})
	a, err := c.Lease(ctx, "ns", "k", CacheLeaseOptions{})
	if err != nil || a.State != CacheStale || a.Token == 0 || string(a.Value) != "old" {
		t.Fatalf("the first: %+v, %v", a, err)
	}
	if b, err := c.Lease(ctx, "ns", "k", CacheLeaseOptions{}); err != nil || b.State != CacheStale || b.Token != 0 {
		t.Fatalf("the second: %+v, %v", b, err)
	}
	if err := c.Abandon(ctx, "ns", "k", a.Token); err != nil {
		t.Fatal(err)
	}
	v, err := c.Compute(ctx, "ns", "k", CachePutOptions{}, CacheLeaseOptions{}, func(context.Context) ([]byte, error) {
		return nil, errors.New("the database is down")
	})
	if err != nil || string(v) != "old" {
		t.Errorf("a fill that fails: %q, %v", v, err)
	}
	v, err = c.Compute(ctx, "ns", "k", CachePutOptions{}, CacheLeaseOptions{}, func(context.Context) ([]byte, error) { return []byte("new"), nil })
	if err != nil || string(v) != "new" {
		t.Errorf("a fill: %q, %v", v, err)
	}
	if v, st, err := c.Get(ctx, "ns", "k"); st != CacheFresh || string(v) != "new" || err != nil {
		t.Errorf("after it: %q, %v, %v", v, st, err)
	}
}

// Readers race with an invalidator: after an invalidation was acknowledged, no reader sees a value from before it, tier or not.
func TestCacheTierNeverReturnsWhatWasInvalidated(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Dir: t.TempDir()})
	tier := NewCacheTier(s, 1<<20)
	c := NewCache(s, "app", tier)
	ctx := t.Context()
	var done atomic.Bool
	var floor, hits atomic.Int64 // values below floor were invalidated
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for !done.Load() {
				low := floor.Load()
				v, st, err := c.Get(ctx, "ns", "k")
				if err != nil {
					t.Error(err)
					return
				}
				if st == CacheMiss {
					continue
				}
				hits.Add(1)
				if n, err := strconv.ParseInt(string(v), 10, 64); err != nil || n < low {
					t.Errorf("read %q after values below %d were invalidated", v, low)
					return
				}
			}
		})
	}
	for n := int64(1); n <= 200; n++ {
		if _, err := c.Put(ctx, "ns", "k", strconv.AppendInt(nil, n, 10), CachePutOptions{TTL: time.Minute, Tags: []string{"t"}}); err != nil {
			t.Fatal(err)
		}
		if n%2 == 0 {
			floor.Store(n) // the put replaced the one before
		}
		var err error
		switch n % 3 {
		case 0:
			err = c.InvalidateTag(ctx, "ns", "t")
		case 1:
			err = c.Clear(ctx, "ns")
		default:
			_, err = c.Delete(ctx, "ns", "k")
		}
		if err != nil {
			t.Fatal(err)
		}
		floor.Store(n + 1)
	}
	done.Store(true)
	wg.Wait()
	if hits.Load() == 0 {
		t.Error("no reader found a value")
	}
}

func TestCacheTierIsBounded(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Dir: t.TempDir()})
	tier := NewCacheTier(s, 1<<20)
	c := NewCache(s, "app", tier)
	value := []byte(strings.Repeat("x", 4000))
	for n := range 400 {
		e := state.CacheEntry{Value: value}
		tier.put(tierKey{'e', "app", "ns", fmt.Sprint("k", n)}, &e, 1, time.Hour, tier.base())
		if tier.Bytes() > 1<<20 {
			t.Fatalf("the tier holds %d bytes", tier.Bytes())
		}
	}
	if tier.Bytes() < 1<<19 {
		t.Errorf("the tier holds %d bytes only", tier.Bytes())
	}
	if NewCacheTier(polled{s}, 1<<20) != nil {
		t.Error("a tier without a hook would never hear of changes")
	}
	if _, err := c.Put(t.Context(), "ns", "big", make([]byte, 300<<10), CachePutOptions{}); err != nil {
		t.Fatal(err)
	}
	if v, st, err := c.Get(t.Context(), "ns", "big"); len(v) != 300<<10 || st != CacheFresh || err != nil {
		t.Errorf("a value that is too long for the tier: %d bytes, %v, %v", len(v), st, err)
	}
}

func BenchmarkCacheGet(b *testing.B) {
	s := openTest(b, Config{Dir: b.TempDir()})
	for name, tier := range map[string]*CacheTier{"tier": NewCacheTier(s, 1<<20), "store": nil} {
		b.Run(name, func(b *testing.B) {
			c := NewCache(s, "app", tier)
			if _, err := c.Put(b.Context(), "ns", "k", make([]byte, 1000), CachePutOptions{Tags: []string{"a", "b"}}); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, st, err := c.Get(b.Context(), "ns", "k"); st != CacheFresh || err != nil {
					b.Fatal(st, err)
				}
			}
		})
	}
}
