package state

import (
	"encoding/binary"

	"github.com/stackhost/stackhost/abi"
)

// cacheOf is the cache of one namespace during a command. The keys and bytes that it adds are charged when it is closed.
type cacheOf struct {
	tx   *Tx
	name string
	cacheSpace
	changed     bool
	bytes, keys int64
}

// cacheSpace is the record of a namespace.
type cacheSpace struct {
	generation         uint64
	used, count, limit uint64
	horizon            int64  // no entry of this generation ends later
	head               uint64 // entries written before this id are gone
	stamps             uint64 // tags of this generation that have one
}

type cacheEntry struct {
	version, began uint64
	expires, stale int64
	tags           []string
	value          []byte
	size           int64
}

type cacheFill struct {
	token   uint64
	expires int64
}

type cacheTag struct {
	stamp  uint64
	forget int64
}

// getter is what a Tx and a View have in common for reading one key.
type getter interface {
	Get(key []byte) (value []byte, ok bool)
}

func cacheKey(shard uint16, tenant, namespace string, kind byte, generation []byte, rest string) []byte {
	return Key(FamilyCache, shard, tenant, namespace, []byte{kind}, generation, []byte(rest))
}

func (c *cacheOf) key(kind byte, generation []byte, rest string) []byte {
	return cacheKey(c.tx.shard, c.tx.tenant, c.name, kind, generation, rest)
}

func (c *cacheOf) emit(kind byte, rest string, version uint64, deleted bool) {
	e := Event{Tenant: c.tx.tenant, Namespace: CacheEvents(c.name), Key: append([]byte{kind}, rest...), Version: version, Deleted: deleted}
	if !deleted {
		e.Value = []byte{}
	}
	c.tx.Emit(e)
}

// open reads the namespace's record.
func (c *cacheOf) open() { c.cacheSpace = readCacheSpace(c.tx, c.key('n', nil, "")) }

func readCacheSpace(r getter, key []byte) (s cacheSpace) {
	v, ok := r.Get(key)
	if !ok {
		return cacheSpace{limit: CacheDefaultLimit}
	}
	t := openTuple(v)
	return cacheSpace{generation: t.uint(), used: t.uint(), count: t.uint(), limit: t.uint(), horizon: t.int(), head: t.uint(), stamps: t.uint()}
}

// close writes the record and charges the app.
func (c *cacheOf) close() error {
	if c.changed {
		b := abi.AppendUint(abi.AppendArray(nil, 7), c.generation)
		b = abi.AppendUint(abi.AppendUint(abi.AppendUint(b, c.used), c.count), c.limit)
		c.tx.Set(c.key('n', nil, ""), abi.AppendUint(abi.AppendUint(abi.AppendInt(b, c.horizon), c.head), c.stamps))
	}
	return charge(c.tx, c.bytes, c.keys)
}

func (c *cacheOf) entry(key string) (cacheEntry, bool) {
	v, ok := c.tx.Get(c.key('e', BE(c.generation), key))
	if !ok {
		return cacheEntry{}, false
	}
	return decodeCacheEntry(len(key), v), true
}

func decodeCacheEntry(key int, v []byte) cacheEntry {
	t := openTuple(v)
	e := cacheEntry{version: t.uint(), began: t.uint(), expires: t.int(), stale: t.int()}
	e.tags, _ = t.strs(CacheMaxTags)
	e.value = t.bin()
	e.size = int64(key+len(e.value)) + cacheOverhead
	for _, tag := range e.tags {
		e.size += int64(len(tag))
	}
	return e
}

func (c *cacheOf) fill(key string) (cacheFill, bool) {
	return readCacheFill(c.tx, c.key('f', BE(c.generation), key))
}

func readCacheFill(r getter, key []byte) (cacheFill, bool) {
	v, ok := r.Get(key)
	if !ok {
		return cacheFill{}, false
	}
	t := openTuple(v)
	return cacheFill{token: t.uint(), expires: t.int()}, true
}

func (f cacheFill) append(dst []byte) []byte {
	return abi.AppendInt(abi.AppendUint(abi.AppendArray(dst, 2), f.token), f.expires)
}

func (c *cacheOf) endFill(key string, f cacheFill) {
	k := c.key('f', BE(c.generation), key)
	c.tx.ClearTimer(f.expires, FamilyCache, k)
	c.tx.Delete(k)
}

func (t cacheTag) append(dst []byte) []byte {
	return abi.AppendInt(abi.AppendUint(abi.AppendArray(dst, 2), t.stamp), t.forget)
}

func decodeCacheTag(v []byte) cacheTag {
	t := openTuple(v)
	return cacheTag{stamp: t.uint(), forget: t.int()}
}

// cacheCounts tells whether none of the entry's tags was invalidated after its making began.
func cacheCounts(r getter, shard uint16, tenant, namespace string, generation []byte, e *cacheEntry) bool {
	for _, tag := range e.tags {
		if v, ok := r.Get(cacheKey(shard, tenant, namespace, 't', generation, tag)); ok && decodeCacheTag(v).stamp > e.began {
			return false
		}
	}
	return true
}

func (c *cacheOf) counts(e *cacheEntry) bool {
	return cacheCounts(c.tx, c.tx.shard, c.tx.tenant, c.name, BE(c.generation), e)
}

// store puts an entry in the place of an older one.
func (c *cacheOf) store(key string, e *cacheEntry) {
	if old, ok := c.entry(key); ok {
		c.remove(key, &old)
	}
	generation := BE(c.generation)
	k := c.key('e', generation, key)
	b := abi.AppendArray(make([]byte, 0, e.size), 6)
	b = abi.AppendInt(abi.AppendInt(abi.AppendUint(abi.AppendUint(b, e.version), e.began), e.expires), e.stale)
	c.tx.Set(k, abi.AppendBin(appendStrs(b, e.tags), e.value))
	c.tx.Set(c.key('q', generation, string(BE(e.version))), []byte(key))
	c.tx.SetTimer(e.stale, FamilyCache, k)
	c.used, c.count, c.horizon, c.changed = c.used+uint64(e.size), c.count+1, max(c.horizon, e.stale), true
	c.bytes, c.keys = c.bytes+e.size, c.keys+1
}

// remove takes an entry of the current generation out.
func (c *cacheOf) remove(key string, e *cacheEntry) {
	c.drop(c.key('e', BE(c.generation), key), BE(c.generation), e)
	c.used, c.count, c.changed = c.used-uint64(e.size), c.count-1, true
	c.bytes, c.keys = c.bytes-e.size, c.keys-1
}

func (c *cacheOf) drop(k, generation []byte, e *cacheEntry) {
	c.tx.ClearTimer(e.stale, FamilyCache, k)
	c.tx.Delete(k)
	c.tx.Delete(c.key('q', generation, string(BE(e.version))))
}

// evict removes the oldest entries while there are too many bytes: some now, the others by a timer.
func (c *cacheOf) evict() {
	if c.used <= c.limit {
		return
	}
	type old struct {
		key string
		id  uint64
	}
	var oldest []old
	generation := BE(c.generation)
	queue := c.key('q', generation, "")
	c.tx.Scan(c.key('q', generation, string(BE(c.head))), Prefix(queue), func(k, v []byte) bool {
		oldest = append(oldest, old{string(v), binary.BigEndian.Uint64(k[len(queue):])})
		return len(oldest) < cacheSteps
	})
	for _, o := range oldest {
		if c.used <= c.limit {
			return
		}
		if e, ok := c.entry(o.key); ok {
			c.remove(o.key, &e)
		}
		c.head = o.id + 1 // a scan from the beginning would pass over every key that was ever deleted
	}
	if c.used > c.limit {
		c.tx.SetTimer(c.tx.now, FamilyCache, c.key('n', nil, ""))
	}
}

func expireCache(tx *Tx, ref []byte) {
	namespace, rest, ok := onBehalfOf(tx, ref)
	if !ok || len(rest) == 0 {
		return
	}
	if len(tx.writes) > timerWrites { // the next entry goes on
		tx.SetTimer(tx.now, FamilyCache, ref)
		return
	}
	c := cacheOf{tx: tx, name: namespace}
	c.open()
	switch {
	case rest[0] == 'n':
		c.evict()
	case len(rest) < 9:
	case rest[0] == 't':
		if v, ok := tx.Get(ref); ok && decodeCacheTag(v).forget <= tx.now {
			tx.Delete(ref)
			if binary.BigEndian.Uint64(rest[1:]) == c.generation {
				c.stamps, c.changed = c.stamps-1, true
			}
		}
	case rest[0] == 'e':
		v, ok := tx.Get(ref)
		if !ok {
			break
		}
		if e := decodeCacheEntry(len(rest)-9, v); e.stale > tx.now {
			break
		} else if binary.BigEndian.Uint64(rest[1:]) == c.generation {
			c.remove(string(rest[9:]), &e)
		} else {
			c.drop(ref, rest[1:9], &e)
		}
	case rest[0] == 'f':
		if f, ok := readCacheFill(tx, ref); ok && f.expires <= tx.now {
			tx.Delete(ref)
			c.emit('f', string(rest[9:]), tx.UniqueID(), true)
		}
	case rest[0] == 'd':
		c.removeGeneration(ref, rest[1:9])
	}
	_ = c.close() // what a timer does only gives back
}

// timerWrites is after how many changes the families whose timers may change many keys leave the rest to the next entry.
const timerWrites = 4096

// removeGeneration removes some keys of a generation that was cleared; ref's value says which was the last. Entries come first,
// then fills, then tags.
func (c *cacheOf) removeGeneration(ref, generation []byte) {
	last, ok := c.tx.Get(ref)
	if !ok {
		return
	}
	type found struct {
		key   []byte
		entry cacheEntry
	}
	var some []found
	for _, kind := range []byte{'e', 'f', 't'} {
		prefix := c.key(kind, generation, "")
		from := prefix
		if len(last) > 0 && last[0] > kind {
			continue
		} else if len(last) > 0 && last[0] == kind {
			from = append(c.key(kind, generation, string(last[1:])), 0)
		}
		if len(some) == cacheSteps {
			break
		}
		c.tx.Scan(from, Prefix(prefix), func(k, v []byte) bool {
			f := found{key: append([]byte(nil), k...)}
			if kind == 'e' {
				f.entry = decodeCacheEntry(0, v)
				f.entry.tags, f.entry.value = nil, nil // valid during the visit only
			} else {
				t := openTuple(v)
				f.entry.version, f.entry.stale = t.uint(), t.int()
			}
			some = append(some, f)
			return len(some) < cacheSteps
		})
	}
	head := len(c.key('e', generation, "")) - 9
	for i := range some {
		c.drop(some[i].key, generation, &some[i].entry)
		last = append([]byte{some[i].key[head]}, some[i].key[head+9:]...)
	}
	if len(some) < cacheSteps {
		c.tx.Delete(ref)
		return
	}
	c.tx.Set(ref, last)
	c.tx.SetTimer(c.tx.now, FamilyCache, ref)
}
