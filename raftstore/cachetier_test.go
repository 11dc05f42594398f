package raftstore

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stackhost/stackhost/raftstore/state"
)

// Of all callers on all nodes one makes the value, and what is invalidated through one node goes from the memory of all.
func TestCacheAcrossNodes(t *testing.T) {
	t.Parallel()
	nodes := testCluster(t, 3)
	caches := make([]*Cache, len(nodes))
	for i, n := range nodes {
		caches[i] = NewCache(n.Store, "app", NewCacheTier(n.Store, 1<<20))
	}
	for round := range 3 {
		var fills atomic.Int32
		var wg sync.WaitGroup
		for i := range 24 {
			wg.Go(func() {
				v, err := caches[i%3].Compute(t.Context(), "ns", "k", CachePutOptions{Tags: []string{"t"}}, CacheLeaseOptions{},
					func(context.Context) ([]byte, error) {
						fills.Add(1)
						time.Sleep(10 * time.Millisecond)
						return fmt.Append(nil, "round ", round), nil
					})
				if err != nil || string(v) != fmt.Sprint("round ", round) {
					t.Errorf("round %d: node %d got %q, %v", round, i%3, v, err)
				}
			})
		}
		wg.Wait()
		if fills.Load() != 1 {
			t.Errorf("round %d: the value was made %d times", round, fills.Load())
		}
		if err := caches[round].InvalidateTag(t.Context(), "ns", "t"); err != nil {
			t.Fatal(err)
		}
		for i, c := range caches {
			until(t, "every node has heard of the invalidation", func() bool {
				_, st, err := c.Get(t.Context(), "ns", "k")
				if err != nil {
					t.Fatalf("node %d: %v", i, err)
				}
				return st == CacheMiss
			})
		}
	}
}

// A value counts while the node knows of no change after the state it was read from, whichever of the two came first.
func TestCacheTierSlots(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Dir: t.TempDir()})
	tier := NewCacheTier(s, 1<<20)
	snapshot := new(int)
	tier.base = func() any { return snapshot }
	k := tierKey{'e', "app", "ns", "k"}
	event := func(key string, index uint64) {
		tier.applied(state.Event{Tenant: "app", Namespace: "cache:ns", Key: []byte(key), Version: index << 20})
	}
	put := func(index uint64) {
		tier.put(k, &state.CacheEntry{Value: []byte("v"), Tags: []string{"t"}}, index, time.Hour, tier.base())
	}
	for i, key := range []string{"ek", "tt", "c"} {
		at := uint64(10 * (i + 1))
		put(at)
		if _, ok := tier.get(k); !ok {
			t.Fatalf("%s: a value that nothing changed is gone", key)
		}
		for _, other := range []string{"ex", "fk", "tu"} {
			event(other, at+1)
		}
		if _, ok := tier.get(k); !ok {
			t.Errorf("%s: a value went because of others", key) // or two of six names have one of 65,536 slots
		}
		event(key, at+2)
		if _, ok := tier.get(k); ok {
			t.Errorf("%s: a value stayed after it was changed", key)
		}
		put(at + 1)
		if _, ok := tier.get(k); ok {
			t.Errorf("%s: a value that was read before the change counts after it", key)
		}
	}
	put(100)
	snapshot = new(int)
	if _, ok := tier.get(k); ok {
		t.Error("a value that was read before a snapshot was installed counts after it")
	}
	tier.put(k, &state.CacheEntry{Value: []byte("v")}, 100, 0, tier.base())
	if _, ok := tier.get(k); ok {
		t.Error("a value counts after its time")
	}
}
