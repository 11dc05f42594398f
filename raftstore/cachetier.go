package raftstore

import (
	"container/list"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stackhost/stackhost/raftstore/state"
)

// CacheTier keeps values of caches that were read on this node in memory, for all tenants. Each event of an applied command stamps the
// slots of what it changes with its index; a value counts while no slot of its key, its tags and its namespace has an index above that
// of the state it was read from. So a value goes when this node applies what invalidates it, before that write is acknowledged here and
// whatever order readers and events come in; what the node has not applied yet it cannot know. Slots are shared by names with the
// same hash, which can only make a value go too early. Safe for concurrent use.
type CacheTier struct {
	seed   maphash.Seed
	base   func() any // what a restored snapshot replaces: values that were read before that do not count
	slots  [1 << 16]atomic.Uint64
	shards [tierShards]tierShard
}

const tierShards = 16

type tierShard struct {
	mu     sync.Mutex
	values map[tierKey]*list.Element // guarded by mu
	queue  list.List                 // guarded by mu; of *tierValue, the next to go in front
	bytes  int                       // guarded by mu
	limit  int
}

type tierKey struct {
	kind                    byte // e: entry, t: tag, c: namespace; as in the keys of events
	tenant, namespace, name string
}

type tierValue struct {
	key   tierKey
	value []byte
	slots []*atomic.Uint64
	index uint64
	base  any
	until time.Time // fresh until then, by the node's own clock: log time does not run ahead of it
	used  bool      // since it was last in front
}

// Applied is what an Access may offer besides: a hook for each event of an applied command. *Store does.
type Applied interface {
	OnApply(hook func(state.Event))
}

// NewCacheTier returns a tier that holds up to limit bytes of values read through a. It is nil, which NewCache takes for none, when a
// offers no hook or limit is below 1 MiB. Call it before the store has work.
func NewCacheTier(a Access, limit int) *CacheTier {
	hooks, ok := a.(Applied)
	if !ok || limit < 1<<20 {
		return nil
	}
	t := &CacheTier{seed: maphash.MakeSeed(), base: func() any { return nil }}
	for i := range t.shards {
		t.shards[i].values, t.shards[i].limit = map[tierKey]*list.Element{}, limit/tierShards
	}
	if s, ok := a.(*Store); ok {
		t.base = s.keysNow
	}
	hooks.OnApply(t.applied)
	return t
}

// keysNow is another value after each snapshot that was installed.
func (s *Store) keysNow() any { return s.at.Load().k }

func (t *CacheTier) hash(k tierKey) uint64 {
	var h maphash.Hash // maphash.Comparable would allocate
	h.SetSeed(t.seed)
	h.WriteByte(k.kind)
	h.WriteString(k.tenant)
	h.WriteByte(0)
	h.WriteString(k.namespace)
	h.WriteByte(0)
	h.WriteString(k.name)
	return h.Sum64()
}

func (t *CacheTier) slot(k tierKey) *atomic.Uint64 { return &t.slots[t.hash(k)%uint64(len(t.slots))] }

func (t *CacheTier) shard(k tierKey) *tierShard { return &t.shards[t.hash(k)>>60%tierShards] }

// applied is told of each event, in the order of the log.
func (t *CacheTier) applied(e state.Event) {
	const kind = "cache:"
	if len(e.Namespace) <= len(kind) || e.Namespace[:len(kind)] != kind || len(e.Key) == 0 || e.Key[0] == 'f' {
		return
	}
	k := tierKey{e.Key[0], e.Tenant, e.Namespace[len(kind):], string(e.Key[1:])}
	t.slot(k).Store(e.Version >> 20) // the log's index; later events have later ones
}

// get returns the value that was read last, if it still counts.
func (t *CacheTier) get(k tierKey) (value []byte, ok bool) {
	s := t.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.values[k]
	if !ok {
		return nil, false
	}
	v := found.Value.(*tierValue)
	if !v.counts(t) {
		s.remove(found)
		return nil, false
	}
	v.used = true
	return v.value, true
}

func (v *tierValue) counts(t *CacheTier) bool {
	for _, slot := range v.slots {
		if slot.Load() > v.index {
			return false
		}
	}
	return v.base == t.base() && time.Now().Before(v.until)
}

// put keeps a copy of an entry that was read at index while base was base.
func (t *CacheTier) put(k tierKey, e *state.CacheEntry, index uint64, fresh time.Duration, base any) []byte {
	v := &tierValue{key: k, value: append([]byte{}, e.Value...), index: index, base: base, until: time.Now().Add(fresh)}
	v.slots = append(make([]*atomic.Uint64, 0, 2+len(e.Tags)), t.slot(k), t.slot(tierKey{kind: 'c', tenant: k.tenant, namespace: k.namespace}))
	for _, tag := range e.Tags {
		v.slots = append(v.slots, t.slot(tierKey{'t', k.tenant, k.namespace, tag}))
	}
	s := t.shard(k)
	if v.size() > s.limit/8 {
		return v.value
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.values[k]; ok {
		if old.Value.(*tierValue).index > index {
			return v.value
		}
		s.remove(old)
	}
	s.values[k] = s.queue.PushBack(v)
	for s.bytes += v.size(); s.bytes > s.limit; {
		front := s.queue.Front()
		if old := front.Value.(*tierValue); old.used {
			old.used = false
			s.queue.MoveToBack(front)
			continue
		}
		s.remove(front)
	}
	return v.value
}

func (v *tierValue) size() int {
	return len(v.value) + len(v.key.tenant) + len(v.key.namespace) + len(v.key.name) + 8*len(v.slots) + 256
}

func (s *tierShard) remove(e *list.Element) {
	v := s.queue.Remove(e).(*tierValue)
	delete(s.values, v.key)
	s.bytes -= v.size()
}

// Bytes is how much memory the values take, about.
func (t *CacheTier) Bytes() (n int) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		n += s.bytes
		s.mu.Unlock()
	}
	return n
}
