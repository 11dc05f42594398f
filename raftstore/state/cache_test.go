package state

import (
	"fmt"
	"strings"
)

func showCache(b []byte) string {
	r, err := DecodeCacheReply(b)
	if err != nil {
		return err.Error()
	}
	var w []string
	if r.Stored {
		w = append(w, "stored")
	}
	if r.Fresh {
		w = append(w, "fresh")
	}
	if r.Token != 0 {
		w = append(w, "token="+showID(r.Token))
	}
	if r.Version != 0 {
		w = append(w, "version="+showID(r.Version))
	}
	if r.Expires != 0 {
		w = append(w, "until="+showAt(r.Expires))
	}
	if w == nil {
		return "nothing"
	}
	return strings.Join(w, " ")
}

// scriptValue is a word, or "xN" for N bytes.
func scriptValue(word string) []byte {
	var n int
	if _, err := fmt.Sscanf(word, "x%d", &n); err == nil {
		return []byte(strings.Repeat("x", n))
	}
	return []byte(word)
}

var (
	_ = verb("cache put", func(a *scriptArgs) Command {
		return CachePut{
			Namespace: a.at(0), Key: a.at(1), Value: scriptValue(a.at(2)), TTL: a.ms("ttl"), Stale: a.ms("stale"),
			Token: a.num("token"), Tags: a.list("tags"),
		}.Command(a.Tenant)
	}, showCache)
	_ = verb("cache lease", func(a *scriptArgs) Command {
		return CacheLease{Namespace: a.at(0), Key: a.at(1), Lease: a.ms("lease")}.Command(a.Tenant)
	}, showCache)
	_ = verb("cache abandon", func(a *scriptArgs) Command {
		return CacheAbandon{Namespace: a.at(0), Key: a.at(1), Token: a.num("token")}.Command(a.Tenant)
	}, showCache)
	_ = verb("cache delete", func(a *scriptArgs) Command { return CacheDelete{a.at(0), a.at(1)}.Command(a.Tenant) }, showCache)
	_ = verb("cache tag", func(a *scriptArgs) Command { return CacheInvalidate{a.at(0), a.words[1:]}.Command(a.Tenant) }, showCache)
	_ = verb("cache clear", func(a *scriptArgs) Command { return CacheClear{a.at(0)}.Command(a.Tenant) }, showCache)
	_ = verb("cache limit", func(a *scriptArgs) Command { return CacheLimit{a.at(0), a.num("bytes")}.Command(a.Tenant) }, showCache)

	_ = readVerb("cache get", func(v *View, a *scriptArgs) string {
		e := CacheGet(v, 0, a.Tenant, a.at(0), a.at(1))
		filling := ""
		if e.Filling != 0 {
			filling = " filling until " + showAt(e.Filling)
		}
		if e.Version == 0 {
			return "miss" + filling
		}
		kind := "fresh until " + showAt(e.Expires)
		if !e.Fresh(v.Now) {
			kind = "stale until " + showAt(e.Stale)
		}
		return fmt.Sprintf("%.20q %s version=%s%s", e.Value, kind, showID(e.Version), filling)
	})
	_ = readVerb("cache info", func(v *View, a *scriptArgs) string {
		i := CacheInfo(v, 0, a.Tenant, a.at(0))
		return fmt.Sprintf("%d bytes in %d keys of %d bytes, generation %s", i.Bytes, i.Keys, i.Limit, showID(i.Generation))
	})
	_ = checkState(checkCaches)
)

// checkCaches: each namespace counts the bytes, keys and stamps of its generation rightly, and each entry has its place in the queue.
func checkCaches(r Reader) (err error) {
	spaces, counted := map[string]cacheSpace{}, map[string]cacheSpace{}
	queued := 0
	r.Scan([]byte{FamilyCache}, []byte{FamilyCache + 1}, func(k, v []byte) bool {
		tx := &Tx{}
		ns, rest, ok := onBehalfOf(tx, k)
		if !ok {
			err = fmt.Errorf("cache: malformed key %q", k)
			return false
		}
		at := fmt.Sprintf("%s/%s/", tx.tenant, ns)
		if rest[0] == 'n' {
			s := readCacheSpace(r, k)
			spaces[fmt.Sprintf("%s%x", at, BE(s.generation))] = s
			return true
		}
		at += fmt.Sprintf("%x", rest[1:9])
		s := counted[at]
		switch rest[0] {
		case 'e':
			e := decodeCacheEntry(len(rest)-9, v)
			s.used, s.count, s.horizon = s.used+uint64(e.size), s.count+1, max(s.horizon, e.stale)
			queued++
			if key, ok := r.Get(cacheKey(tx.shard, tx.tenant, ns, 'q', rest[1:9], string(BE(e.version)))); !ok || string(key) != string(rest[9:]) {
				err = fmt.Errorf("cache: %q is not in the queue", k)
			}
		case 'q':
			queued--
		case 't':
			s.stamps++
		case 'f', 'd':
		default:
			err = fmt.Errorf("cache: unknown key %q", k)
		}
		counted[at] = s
		return err == nil
	})
	if err == nil && queued != 0 {
		return fmt.Errorf("cache: %d more entries than places in queues", queued)
	}
	for at, s := range spaces {
		c := counted[at]
		if c.used != s.used || c.count != s.count || c.stamps != s.stamps || c.horizon > s.horizon {
			return fmt.Errorf("cache %s counts %+v, there are %+v", at, s, c)
		}
	}
	return err
}
