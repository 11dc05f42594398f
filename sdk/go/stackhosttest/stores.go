//go:build !wasip1

package stackhosttest

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	stackhost "github.com/stackhost/stackhost/sdk/go"
	"github.com/stackhost/stackhost/sdk/go/internal/wire"
)

// stores are keys, caches, locks and blobs in memory. They answer as a cluster does; only, nobody else is there to wait for.
type stores struct {
	index    uint64 // rises with each change
	keys     map[place]kept
	deleted  map[string]uint64 // namespace -> index of the last deletion
	cached   map[place]cached
	fills    map[place]fill
	stamps   map[place]uint64 // of tags
	locks    map[place]lease
	blobs    map[place]blob
	attempts int // owners that were made up
}

// place is a key, name or tag in a namespace.
type place struct{ namespace, key string }

type kept struct {
	value   []byte
	version uint64
	expires int64 // ms since the Unix epoch; 0: never
}

func (h *Host) ms() int64 { return int64(h.micros() / 1000) }

func (h *Host) next() uint64 {
	h.data.index++
	return h.data.index
}

func failed(code stackhost.Code, format string, args ...any) error {
	return &stackhost.Error{Code: code, Text: fmt.Sprintf(format, args...)}
}

type reply interface{ Append([]byte) []byte }

// stored answers a call of kv, cache, lock, blob or secret.
func (h *Host) stored(name string, req []byte) (reply, error) {
	switch name {
	case "kv get":
		return with(req, h.kvGet)
	case "kv set":
		return with(req, h.kvSet)
	case "kv delete":
		return with(req, h.kvDelete)
	case "kv increment":
		return with(req, h.kvIncrement)
	case "kv scan":
		return with(req, h.kvScan)
	case "kv transact":
		return with(req, h.kvTransact)
	case "cache get":
		return with(req, h.cacheGet)
	case "cache fill":
		return with(req, h.cacheFill)
	case "cache put":
		return with(req, h.cachePut)
	case "cache invalidate":
		return with(req, h.cacheInvalidate)
	case "cache delete":
		return with(req, h.cacheDelete)
	case "cache clear":
		return with(req, h.cacheClear)
	case "lock acquire":
		return with(req, h.lockAcquire)
	case "lock renew":
		return with(req, h.lockRenew)
	case "lock release":
		return with(req, h.lockRelease)
	case "blob put":
		return with(req, h.blobPut)
	case "blob write":
		return with(req, h.blobWrite)
	case "blob commit":
		return with(req, h.blobCommit)
	case "blob read":
		return with(req, h.blobRead)
	case "blob stat":
		return with(req, h.blobStat)
	case "blob delete":
		return with(req, h.blobDelete)
	case "blob list":
		return with(req, h.blobList)
	case "secret get":
		return with(req, h.secretGet)
	}
	return nil, failed(stackhost.CodeUnsupported, "the test host does not know %s", name)
}

func with[T any, P interface {
	*T
	Decode([]byte) error
}](req []byte, answer func(P) (reply, error)) (reply, error) {
	var r T
	if P(&r).Decode(req) != nil {
		return nil, failed(stackhost.CodeInvalid, "malformed request")
	}
	return answer(&r)
}

func (h *Host) secretGet(r *wire.SecretGetRequest) (reply, error) {
	v, ok := h.ClusterSecrets[r.Name]
	if !ok {
		return nil, failed(stackhost.CodeNotFound, "secret: %q is not set", r.Name)
	}
	return &wire.SecretGetReply{Value: []byte(v), Version: 1}, nil
}

// at checks a place and returns it.
func at(namespace, key string, longest int) (place, error) {
	bad := func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("._-", c))
	}
	switch {
	case namespace == "" || len(namespace) > 64 || strings.ContainsFunc(namespace, bad):
		return place{}, failed(stackhost.CodeInvalid, "namespace %q: use 1 to 64 letters, digits, dots, dashes and underscores", namespace)
	case key == "" || len(key) > longest:
		return place{}, failed(stackhost.CodeInvalid, "a key of %d bytes: 1 to %d are possible", len(key), longest)
	}
	return place{strings.Clone(namespace), strings.Clone(key)}, nil
}

func (h *Host) live(p place) (kept, bool) {
	e, ok := h.data.keys[p]
	if ok && e.expires != 0 && e.expires <= h.ms() {
		return kept{}, false
	}
	return e, ok
}

func (h *Host) kvGet(r *wire.KvGetRequest) (reply, error) {
	p, err := at(r.Namespace, string(r.Key), 1024)
	if err != nil {
		return nil, err
	}
	e, found := h.live(p)
	return &wire.KvGetReply{Found: found, Value: e.value, Version: e.version, ExpiresMs: uint64(e.expires)}, nil
}

// one does one write under a guard.
func (h *Host) one(g wire.KvGuard, version uint64, w wire.KvWrite) (wire.KvResult, error) {
	t := &wire.KvTransactRequest{Writes: []wire.KvWrite{w}}
	switch {
	case g == wire.KvGuardAbsent:
		t.Checks = []wire.KvCheck{{Namespace: w.Namespace, Key: w.Key}}
	case g == wire.KvGuardVersion:
		t.Checks = []wire.KvCheck{{Namespace: w.Namespace, Key: w.Key, Version: version}}
	case g != wire.KvGuardAny:
		return wire.KvResult{}, failed(stackhost.CodeInvalid, "there is no guard %d", g)
	}
	results, err := h.transact(t)
	if err != nil {
		return wire.KvResult{}, err
	}
	return results[0], nil
}

func (h *Host) kvSet(r *wire.KvSetRequest) (reply, error) {
	w := wire.KvWrite{Kind: wire.KvWriteKindSet, Namespace: r.Namespace, Key: r.Key, Value: r.Value, TtlMs: r.TtlMs}
	result, err := h.one(r.Guard, r.Version, w)
	return &wire.KvSetReply{Version: result.Version}, err
}

func (h *Host) kvDelete(r *wire.KvDeleteRequest) (reply, error) {
	result, err := h.one(r.Guard, r.Version, wire.KvWrite{Kind: wire.KvWriteKindDelete, Namespace: r.Namespace, Key: r.Key})
	return &wire.KvDeleteReply{Existed: result.Existed}, err
}

func (h *Host) kvIncrement(r *wire.KvIncrementRequest) (reply, error) {
	w := wire.KvWrite{Kind: wire.KvWriteKindIncrement, Namespace: r.Namespace, Key: r.Key, Delta: r.Delta}
	result, err := h.one(wire.KvGuardAny, 0, w)
	return &wire.KvIncrementReply{Value: result.Value, Version: result.Version}, err
}

func (h *Host) kvTransact(r *wire.KvTransactRequest) (reply, error) {
	results, err := h.transact(r)
	return &wire.KvTransactReply{Results: results}, err
}

func (h *Host) transact(t *wire.KvTransactRequest) (results []wire.KvResult, err error) {
	if n := len(t.Checks) + len(t.Ranges) + len(t.Writes); n > 64 {
		return nil, failed(stackhost.CodeLimit, "kv: a transaction has at most 64 conditions and writes, not %d", n)
	}
	for _, c := range t.Checks {
		p, err := at(c.Namespace, string(c.Key), 1024)
		if err != nil {
			return nil, err
		}
		if e, _ := h.live(p); e.version != c.Version {
			return nil, failed(stackhost.CodeConflict, "kv: %q has version %d, not %d", c.Key, e.version, c.Version)
		}
	}
	for _, r := range t.Ranges {
		changed := h.data.deleted[r.Namespace] > r.Index
		for p, e := range h.data.keys {
			if p.namespace == r.Namespace && strings.HasPrefix(p.key, string(r.Prefix)) {
				_, there := h.live(p)
				changed = changed || !there || e.version > r.Index
			}
		}
		if changed {
			return nil, failed(stackhost.CodeConflict, "kv: keys with the prefix %q changed after index %d", r.Prefix, r.Index)
		}
	}
	keys, deleted := maps.Clone(h.data.keys), maps.Clone(h.data.deleted)
	for i := range t.Writes {
		result, err := h.write(&t.Writes[i])
		if err != nil {
			h.data.keys, h.data.deleted = keys, deleted
			return nil, err
		}
		results = append(results, result)
	}
	return results, nil
}

func (h *Host) write(w *wire.KvWrite) (result wire.KvResult, err error) {
	p, err := at(w.Namespace, string(w.Key), 1024)
	if err != nil {
		return result, err
	}
	old, existed := h.live(p)
	result.Existed = existed
	var e kept
	switch w.Kind {
	case wire.KvWriteKindDelete:
		if _, stored := h.data.keys[p]; stored {
			delete(h.data.keys, p)
			put(&h.data.deleted, p.namespace, h.next())
		}
		return result, nil
	case wire.KvWriteKindSet:
		if len(w.Value) > 256<<10 {
			return result, failed(stackhost.CodeLimit, "kv: a value of %d bytes is over the limit of 256 KiB", len(w.Value))
		}
		e.value = append([]byte{}, w.Value...)
		if w.TtlMs > 0 {
			e.expires = h.ms() + int64(w.TtlMs)
		}
	case wire.KvWriteKindIncrement:
		n := int64(0)
		if existed {
			if n, err = strconv.ParseInt(string(old.value), 10, 64); err != nil {
				return result, failed(stackhost.CodeConflict, "kv: the value of %q is not a decimal number", w.Key)
			}
		}
		if w.Delta > 0 && n > math.MaxInt64-w.Delta || w.Delta < 0 && n < math.MinInt64-w.Delta {
			return result, failed(stackhost.CodeConflict, "kv: %q does not fit into 64 bits any more", w.Key)
		}
		result.Value, e.expires = n+w.Delta, old.expires
		e.value = strconv.AppendInt(nil, result.Value, 10)
	default:
		return result, failed(stackhost.CodeInvalid, "kv: no kind %d of writes", w.Kind)
	}
	e.version = h.next()
	result.Version = e.version
	put(&h.data.keys, p, e)
	return result, nil
}

func put[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[k] = v
}

func (h *Host) kvScan(r *wire.KvScanRequest) (reply, error) {
	if _, err := at(r.Namespace, "-", 1); err != nil {
		return nil, err
	}
	prefix, after, limit := string(r.Prefix), string(r.After), r.Limit
	if limit == 0 {
		limit = 100
	}
	if limit > 1000 || after != "" && !strings.HasPrefix(after, prefix) {
		return nil, failed(stackhost.CodeInvalid, "kv: a page has 1 to 1000 entries, and its token belongs to its prefix")
	}
	var found []string
	for p := range h.data.keys {
		if _, ok := h.live(p); ok && p.namespace == r.Namespace && strings.HasPrefix(p.key, prefix) {
			found = append(found, p.key)
		}
	}
	slices.Sort(found)
	if r.Reverse {
		slices.Reverse(found)
	}
	answer := &wire.KvScanReply{Index: h.data.index}
	size := 0
	for _, key := range found {
		if after != "" && (!r.Reverse && key <= after || r.Reverse && key >= after) {
			continue
		}
		if n := len(answer.Entries); n == int(limit) || size > 512<<10 {
			answer.Next = answer.Entries[n-1].Key
			break
		}
		e, _ := h.live(place{r.Namespace, key})
		entry := wire.KvEntry{Key: []byte(key), Version: e.version, ExpiresMs: uint64(e.expires)}
		if !r.KeysOnly {
			entry.Value = e.value
		}
		size += len(key) + len(entry.Value)
		answer.Entries = append(answer.Entries, entry)
	}
	return answer, nil
}

type cached struct {
	value          []byte
	fresh, expires int64 // ms since the Unix epoch
	tags           []place
	began          uint64
}

type fill struct {
	token uint64
	until int64
}

// counts tells whether no tag of e was invalidated after its making began.
func (h *Host) counts(e *cached) bool {
	for _, tag := range e.tags {
		if h.data.stamps[tag] > e.began {
			return false
		}
	}
	return true
}

func (h *Host) look(p place) (cached, wire.CacheState) {
	e, ok := h.data.cached[p]
	switch now := h.ms(); {
	case !ok || e.expires <= now || !h.counts(&e):
		return cached{}, wire.CacheStateMiss
	case e.fresh > now:
		return e, wire.CacheStateFresh
	}
	return e, wire.CacheStateStale
}

func (h *Host) cacheGet(r *wire.CacheGetRequest) (reply, error) {
	e, state := h.look(place{r.Namespace, r.Key})
	return &wire.CacheGetReply{State: state, Value: e.value}, nil
}

func (h *Host) cacheFill(r *wire.CacheFillRequest) (reply, error) {
	p, err := at(r.Namespace, r.Key, 1024)
	if err != nil {
		return nil, err
	}
	lease := int64(r.LeaseMs)
	if lease == 0 {
		lease = 30_000
	}
	if lease < 100 || lease > 300_000 {
		return nil, failed(stackhost.CodeInvalid, "cache: a lease lasts 100 ms to 300,000 ms, not %d", lease)
	}
	e, state := h.look(p)
	answer := &wire.CacheFillReply{State: state, Value: e.value}
	if state != wire.CacheStateFresh && h.data.fills[p].until <= h.ms() {
		answer.Token = h.next()
		put(&h.data.fills, p, fill{answer.Token, h.ms() + lease})
	}
	return answer, nil
}

func (h *Host) cachePut(r *wire.CachePutRequest) (reply, error) {
	p, err := at(r.Namespace, r.Key, 1024)
	if err != nil {
		return nil, err
	}
	longest := uint64(30 * 24 * time.Hour / time.Millisecond)
	switch {
	case len(r.Value) > 512<<10 || len(r.Tags) > 32:
		return nil, failed(stackhost.CodeLimit, "cache: %d bytes with %d tags; at most 512 KiB and 32 are possible", len(r.Value), len(r.Tags))
	case r.TtlMs > longest || r.StaleMs > longest-r.TtlMs:
		return nil, failed(stackhost.CodeInvalid, "cache: an entry ends within 30 days")
	case r.TtlMs == 0:
		r.TtlMs = longest - r.StaleMs
	}
	e := cached{value: append([]byte{}, r.Value...), fresh: h.ms() + int64(r.TtlMs), began: h.next()}
	e.expires = e.fresh + int64(r.StaleMs)
	for _, tag := range r.Tags {
		t, err := at(r.Namespace, tag, 128)
		if err != nil {
			return nil, err
		}
		e.tags = append(e.tags, t)
	}
	if f := h.data.fills[p]; r.Token != 0 {
		if f.token != r.Token || f.until <= h.ms() {
			return &wire.CachePutReply{}, nil
		}
		e.began = r.Token
	}
	delete(h.data.fills, p)
	if !h.counts(&e) {
		return &wire.CachePutReply{}, nil
	}
	put(&h.data.cached, p, e)
	return &wire.CachePutReply{Stored: true}, nil
}

func (h *Host) cacheInvalidate(r *wire.CacheInvalidateRequest) (reply, error) {
	stamp := h.next()
	for _, tag := range r.Tags {
		p, err := at(r.Namespace, tag, 128)
		if err != nil {
			return nil, err
		}
		put(&h.data.stamps, p, stamp)
	}
	return nil, nil
}

func (h *Host) cacheDelete(r *wire.CacheDeleteRequest) (reply, error) {
	p, err := at(r.Namespace, r.Key, 1024)
	_, state := h.look(p)
	delete(h.data.cached, p)
	delete(h.data.fills, p)
	return &wire.CacheDeleteReply{Existed: state != wire.CacheStateMiss}, err
}

func (h *Host) cacheClear(r *wire.CacheClearRequest) (reply, error) {
	maps.DeleteFunc(h.data.cached, func(p place, _ cached) bool { return p.namespace == r.Namespace })
	maps.DeleteFunc(h.data.fills, func(p place, _ fill) bool { return p.namespace == r.Namespace })
	return nil, nil
}
