package state

// CacheEntry is what a cache knows about a key. Times are log times in ms.
type CacheEntry struct {
	Value          []byte // valid as long as the view
	Version        uint64 // 0: there is no entry that counts
	Expires, Stale int64  // fresh before Expires, stale before Stale
	Tags           []string
	Filling        int64 // until when somebody has the token to make the value; 0: nobody
}

// Fresh tells whether the value may be used as it is, at log time now.
func (e *CacheEntry) Fresh(now int64) bool { return e.Version != 0 && e.Expires > now }

// CacheGet returns the entry of key if it counts: it has not ended, nor was one of its tags invalidated since its making began.
func CacheGet(v *View, shard uint16, tenant, namespace, key string) (found CacheEntry) {
	space := readCacheSpace(v, cacheKey(shard, tenant, namespace, 'n', nil, ""))
	generation := BE(space.generation)
	if b, ok := v.Get(cacheKey(shard, tenant, namespace, 'e', generation, key)); ok {
		e := decodeCacheEntry(len(key), b)
		if e.stale > v.Now && cacheCounts(v, shard, tenant, namespace, generation, &e) {
			found = CacheEntry{Value: e.value, Version: e.version, Expires: e.expires, Stale: e.stale, Tags: e.tags}
		}
	}
	if !found.Fresh(v.Now) {
		if f, ok := readCacheFill(v, cacheKey(shard, tenant, namespace, 'f', generation, key)); ok && f.expires > v.Now {
			found.Filling = f.expires
		}
	}
	return found
}

// CacheSpace is what a namespace of a cache holds. Entries that were invalidated by tag count until they end or are evicted.
type CacheSpace struct{ Bytes, Keys, Limit, Generation uint64 }

// CacheInfo returns what the namespace holds.
func CacheInfo(v *View, shard uint16, tenant, namespace string) CacheSpace {
	s := readCacheSpace(v, cacheKey(shard, tenant, namespace, 'n', nil, ""))
	return CacheSpace{Bytes: s.used, Keys: s.count, Limit: s.limit, Generation: s.generation}
}
