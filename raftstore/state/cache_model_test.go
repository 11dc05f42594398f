package state

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// cacheModel is a naive cache: it never forgets an invalidation, and keeps entries in a list in the order of writing.
type cacheModel struct {
	now     int64
	limit   int64
	clock   uint64 // counts commands
	entries []*modelEntry
	fills   map[string]*modelFill
	tagged  map[string]uint64 // clock of the last invalidation
	cleared uint64
}

type modelEntry struct {
	key, value     string
	tags           []string
	began          uint64
	expires, stale int64
}

type modelFill struct {
	token   uint64 // as the machine gave it
	began   uint64
	expires int64
}

func (m *cacheModel) size(e *modelEntry) int64 {
	return int64(len(e.key)+len(e.value)+len(strings.Join(e.tags, ""))) + cacheOverhead
}

func (m *cacheModel) counts(e *modelEntry) bool {
	return e.began > m.cleared && !slices.ContainsFunc(e.tags, func(t string) bool { return m.tagged[t] > e.began })
}

func (m *cacheModel) get(key string) (value string, state string) {
	for _, e := range m.entries {
		if e.key == key && m.counts(e) {
			switch {
			case e.expires > m.now:
				return e.value, "fresh"
			case e.stale > m.now:
				return e.value, "stale"
			}
		}
	}
	return "", "miss"
}

// drop removes entries, as the timers and eviction do.
func (m *cacheModel) drop(gone func(e *modelEntry) bool) {
	m.entries = slices.DeleteFunc(m.entries, gone)
}

func (m *cacheModel) put(a CachePut) bool {
	e := &modelEntry{key: a.Key, value: string(a.Value), tags: a.Tags, began: m.clock, expires: m.now + a.TTL, stale: m.now + a.TTL + a.Stale}
	f := m.fills[a.Key]
	if a.Token != 0 {
		if f == nil || f.token != a.Token || f.expires <= m.now {
			return false
		}
		e.began = f.began
	}
	delete(m.fills, a.Key)
	if !m.counts(e) {
		return false
	}
	m.drop(func(old *modelEntry) bool { return old.key == a.Key })
	m.entries = append(m.entries, e)
	m.evict()
	return true
}

func (m *cacheModel) evict() {
	var sum int64
	for _, e := range m.entries {
		sum += m.size(e)
	}
	for ; sum > m.limit; m.entries = m.entries[1:] {
		sum -= m.size(m.entries[0])
	}
}

func TestCacheModel(t *testing.T) {
	random := newRandom(t)
	ops := 15_000
	if testing.Short() {
		ops = 4_000
	}
	s, again := newScriptRun(), newScriptRun()
	m := &cacheModel{now: s.now, limit: CacheDefaultLimit, fills: map[string]*modelFill{}, tagged: map[string]uint64{}}
	seen := map[string]int{}
	var old []uint64 // tokens that were given out
	for i := range ops {
		if random.IntN(4) == 0 {
			s.now += random.Int64N(900)
		}
		m.now = s.now
		m.clock++
		key := fmt.Sprintf("k%d", random.IntN(12))
		tags := []string{"a", "b", "c", "d"}[:random.IntN(5)]
		var c Command
		want := func(CacheReply) bool { return true }
		switch op := random.IntN(100); {
		case op < 45:
			a := CachePut{Namespace: "ns", Key: key, TTL: 1 + random.Int64N(2000), Stale: random.Int64N(2000), Tags: slices.Clone(tags)}
			a.Value = []byte(strings.Repeat(string(rune('a'+i%26)), random.IntN(200)))
			if f := m.fills[key]; f != nil && random.IntN(5) > 0 {
				a.Token = f.token
			} else if len(old) > 0 && random.IntN(2) == 0 {
				a.Token = old[random.IntN(len(old))]
			}
			c = a.Command("shop")
			stored := m.put(a)
			want = func(r CacheReply) bool { return r.Stored == stored }
			seen[fmt.Sprintf("put %t token %t", stored, a.Token != 0)]++
		case op < 70:
			lease := 100 + random.Int64N(1000)
			c = CacheLease{"ns", key, lease}.Command("shop")
			_, kind := m.get(key)
			f := m.fills[key]
			busy := f != nil && f.expires > m.now
			began := m.clock
			want = func(r CacheReply) bool {
				if r.Token != 0 {
					m.fills[key] = &modelFill{r.Token, began, m.now + lease}
					old = append(old, r.Token)
				}
				return r.Fresh == (kind == "fresh") && (r.Token != 0) == (kind != "fresh" && !busy)
			}
			seen[fmt.Sprintf("lease %s busy %t", kind, busy)]++
		case op < 73 && len(old) > 0:
			token := old[random.IntN(len(old))]
			if f := m.fills[key]; f != nil && random.IntN(2) == 0 {
				token = f.token
			}
			c = CacheAbandon{"ns", key, token}.Command("shop")
			f := m.fills[key]
			had := f != nil && f.token == token
			if had {
				delete(m.fills, key)
			}
			// a fill whose time is over may have been removed by its timer, or not yet
			want = func(r CacheReply) bool { return r.Stored == had || had && f.expires <= m.now }
		case op < 80:
			c = CacheDelete{"ns", key}.Command("shop")
			_, kind := m.get(key)
			delete(m.fills, key)
			m.drop(func(e *modelEntry) bool { return e.key == key })
			want = func(r CacheReply) bool { return r.Stored == (kind != "miss") }
		case op < 88:
			c = CacheInvalidate{"ns", tags}.Command("shop")
			for _, tag := range tags {
				m.tagged[tag] = m.clock
			}
		case op < 89:
			c = CacheClear{"ns"}.Command("shop")
			m.cleared, m.entries, m.fills = m.clock, nil, map[string]*modelFill{}
		case op < 91:
			m.limit = 800 + random.Int64N(2000)
			c = CacheLimit{"ns", uint64(m.limit)}.Command("shop")
			m.evict()
		default:
			c = Command{Family: FamilySystem, Op: OpTick}
			m.drop(func(e *modelEntry) bool { return e.stale <= m.now })
		}
		payload, _, err := s.do(c)
		again.now = s.now
		if _, _, err2 := again.do(c); fmt.Sprint(err) != fmt.Sprint(err2) {
			t.Fatalf("op %d: two machines answer %v and %v", i, err, err2)
		}
		if err != nil {
			t.Fatalf("op %d: %v", i, err)
		}
		if c.Family == FamilyCache {
			if r, err := DecodeCacheReply(payload); err != nil || !want(r) {
				t.Fatalf("op %d: command %d of %s answers %+v, %v, which the model does not", i, c.Op, key, r, err)
			}
		}
		for n := range 12 {
			key := fmt.Sprintf("k%d", n)
			value, kind := m.get(key)
			e := CacheGet(s.view(), 0, "shop", "ns", key)
			got := "miss"
			if e.Fresh(m.now) {
				got = "fresh"
			} else if e.Version != 0 {
				got = "stale"
			}
			if got != kind || kind != "miss" && string(e.Value) != value {
				t.Fatalf("op %d (command %d): %s is %s %q, want %s %q", i, c.Op, key, got, e.Value, kind, value)
			}
			seen["read "+kind]++
		}
		if i%50 == 0 {
			if err := s.check(); err != nil {
				t.Fatalf("op %d: %v", i, err)
			}
		}
	}
	sameState(t, s, again)
	t.Log(seen)
	for _, kind := range []string{"put true token true", "put false token true", "lease miss busy true", "lease stale busy false", "read stale"} {
		if seen[kind] == 0 {
			t.Errorf("the run had no case of %q", kind)
		}
	}
	s.now += 2 * CacheMaxLife
	if _, _, err := s.tick(); err != nil {
		t.Fatal(err)
	}
	if s.mem.Len() != 1 {
		t.Errorf("%d keys are left after everything ended, want the namespace's record only", s.mem.Len())
	}
}
