package state

import (
	"fmt"
	"testing"
)

// Eviction and the removal of a cleared generation take several entries, each of which changes a bounded number of keys.
func TestCacheSteps(t *testing.T) {
	s := newScriptRun()
	do := func(c Command) {
		t.Helper()
		if _, _, err := s.do(c); err != nil {
			t.Fatal(err)
		}
	}
	fill := func() {
		for n := range 3*cacheSteps + 5 {
			do(CachePut{Namespace: "ns", Key: fmt.Sprint("k", n), TTL: 10_000, Stale: int64(n), Tags: []string{fmt.Sprint("t", n)}}.Command("shop"))
			do(CacheLease{"ns", fmt.Sprint("f", n), 1000}.Command("shop"))
			do(CacheInvalidate{"ns", []string{fmt.Sprint("t", n)}}.Command("shop"))
		}
	}
	ticks := func(what string, want int) {
		t.Helper()
		if _, n, err := s.tick(); n != want || err != nil {
			t.Errorf("%s took %d entries, want %d (%v)", what, n, want, err)
		}
		if err := s.check(); err != nil {
			t.Error(err)
		}
	}
	fill()
	do(CacheLimit{"ns", 1}.Command("shop"))
	if i := CacheInfo(s.view(), 0, "shop", "ns"); i.Keys != 2*cacheSteps+5 {
		t.Errorf("one command evicted down to %d keys", i.Keys)
	}
	ticks("evicting the others", 3)
	if i := CacheInfo(s.view(), 0, "shop", "ns"); i.Keys != 0 || i.Bytes != 0 {
		t.Errorf("%+v are left after eviction", i)
	}
	do(CacheLimit{"ns", 0}.Command("shop"))
	fill()
	do(CacheClear{"ns"}.Command("shop"))
	do(CachePut{Namespace: "ns", Key: "k1", TTL: 10_000}.Command("shop")) // stays
	ticks("removing entries, fills and tags of a generation", 10)
	if n := s.mem.Len(); n != 5 { // the entry, its place in the queue and timer; the namespace; what the app is charged
		t.Errorf("%d keys are left", n)
	}
	if e := CacheGet(s.view(), 0, "shop", "ns", "k1"); e.Version == 0 {
		t.Error("an entry of the new generation went with the old one")
	}
}

// When there are too many stamps the namespace is cleared: everything that the stamps said still holds.
func TestCacheForgetsTagsByClearing(t *testing.T) {
	s := newScriptRun()
	put := CachePut{Namespace: "ns", Key: "k", TTL: 10_000, Tags: []string{"a"}}.Command("shop")
	for _, c := range []Command{put, CacheInvalidate{"ns", []string{"b"}}.Command("shop")} {
		if _, _, err := s.do(c); err != nil {
			t.Fatal(err)
		}
	}
	key := cacheKey(0, "shop", "ns", 'n', nil, "")
	tx := &Tx{base: &s.mem, tenant: "shop"}
	c := cacheOf{tx: tx, name: "ns"}
	c.open()
	c.stamps, c.changed = CacheMaxStamps-1, true
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	v, _ := tx.Get(key)
	s.mem.Set(key, v)
	for _, tags := range [][]string{{"b"}, {"x", "y"}} {
		if _, _, err := s.do(CacheInvalidate{"ns", tags}.Command("shop")); err != nil {
			t.Fatal(err)
		}
		left := CacheGet(s.view(), 0, "shop", "ns", "k").Version != 0
		if cleared := len(tags) == 2; left == cleared {
			t.Errorf("after %v the entry is there: %t", tags, left)
		}
	}
	if _, _, err := s.tick(); err != nil {
		t.Fatal(err)
	}
	if err := s.check(); err != nil {
		t.Error(err)
	}
}
