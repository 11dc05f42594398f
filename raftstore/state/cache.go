package state

import (
	"slices"

	"github.com/stackhost/stackhost/abi"
)

// Commands of the cache family. Their arguments are the types with the same names, their answers CacheReply.
const (
	OpCachePut     = 1
	OpCacheLease   = 2
	OpCacheAbandon = 3
	OpCacheDelete  = 4
	OpCacheTag     = 5 // CacheInvalidate
	OpCacheClear   = 6
	OpCacheLimit   = 7
)

// Limits of caches. Times are in ms.
const (
	CacheMaxKey       = 1024
	CacheMaxValue     = 512 << 10
	CacheMaxTags      = 32 // of an entry or a CacheInvalidate
	CacheMaxTag       = 128
	CacheMaxLife      = 30 * 24 * 60 * 60 * 1000 // until an entry is not even stale any more
	CacheMinLease     = 100
	CacheMaxLease     = 5 * 60 * 1000
	CacheDefaultLimit = 64 << 20 // bytes of a namespace
	CacheMaxLimit     = 1 << 40
	CacheMaxStamps    = 1 << 16 // tags of a namespace that are remembered as invalidated

	cacheOverhead = 64  // bytes that an entry counts besides its key, value and tags
	cacheSteps    = 128 // entries that one command or timer evicts or removes, at most
)

// CacheFamily has caches whose entries end by the log's time, are invalidated by tag, and are made by one caller in the cluster at a
// time.
//
// Each entry knows when the making of its value began: the id of the fill token, or of the put when it came without one. Invalidating
// a tag writes down one number, the tag's stamp. An entry counts only if it began after the stamps of all its tags, so a value that was
// being made while a tag was invalidated never comes up, however late it is put. A stamp is forgotten when every entry that began
// before it has ended; should there be too many at a time, the namespace is cleared instead. Clearing begins a new generation; the keys
// of the old one are removed in steps.
//
//	n                  generation, bytes, keys, limit, horizon, head, stamps: the namespace
//	e generation key   version, began, expires, stale until, tags, value
//	q generation id    key; in the order of writing, which is the order of eviction
//	f generation key   token, expires: somebody is making the value
//	t generation tag   stamp, forget at
//	d generation       the last key removed, of a generation that is being removed
var CacheFamily = Register(&Family{ID: FamilyCache, Name: "cache", Apply: applyCache, Expire: expireCache})

// CachePut stores an entry. With a Token, only if that is still the token of the key's fill, and nothing that the value depends on was
// invalidated since it was given; without, the value counts as made now and takes fills under way their right to put. Stored in the
// reply tells.
type CachePut struct {
	Namespace, Key string
	Value          []byte
	TTL, Stale     int64 // ms: how long it is fresh, and how long stale after that
	Token          uint64
	Tags           []string
}

// CacheLease asks for the right to make a value. Of all that ask while there is no fresh entry, one gets a token, for Lease ms.
type CacheLease struct {
	Namespace, Key string
	Lease          int64 // ms
}

// CacheAbandon gives a token back.
type CacheAbandon struct {
	Namespace, Key string
	Token          uint64
}

// CacheDelete removes an entry. A fill of it that is under way will not be stored.
type CacheDelete struct{ Namespace, Key string }

// CacheInvalidate makes every entry with one of the tags, and every fill that began before, count no more. It takes the same time
// however many there are.
type CacheInvalidate struct {
	Namespace string
	Tags      []string
}

// CacheClear makes the namespace empty, at once.
type CacheClear struct{ Namespace string }

// CacheLimit sets how many bytes of entries the namespace holds before the oldest go; 0 is CacheDefaultLimit.
type CacheLimit struct {
	Namespace string
	Bytes     uint64
}

// CacheReply is the answer of the commands.
type CacheReply struct {
	Stored  bool   // of CachePut; of CacheDelete and CacheAbandon: there was something to remove
	Fresh   bool   // of CacheLease: there is a fresh entry, read it
	Token   uint64 // of CacheLease; 0: another caller has it
	Version uint64 // of the entry; of CacheInvalidate and CacheClear: the stamp
	Expires int64  // of the fill that is under way, log time in ms
}

func cacheCommand(op byte, tenant string, args []byte) Command {
	return Command{Family: FamilyCache, Op: op, Tenant: tenant, Args: args}
}

// Command returns the command for tenant.
func (a CachePut) Command(tenant string) Command {
	b := abi.AppendArray(make([]byte, 0, len(a.Value)+len(a.Key)+128), 7)
	b = abi.AppendBin(abi.AppendStr(abi.AppendStr(b, a.Namespace), a.Key), a.Value)
	b = abi.AppendUint(abi.AppendInt(abi.AppendInt(b, a.TTL), a.Stale), a.Token)
	return cacheCommand(OpCachePut, tenant, appendStrs(b, a.Tags))
}

// Command returns the command for tenant.
func (a CacheLease) Command(tenant string) Command {
	b := abi.AppendStr(abi.AppendStr(abi.AppendArray(nil, 3), a.Namespace), a.Key)
	return cacheCommand(OpCacheLease, tenant, abi.AppendInt(b, a.Lease))
}

// Command returns the command for tenant.
func (a CacheAbandon) Command(tenant string) Command {
	b := abi.AppendStr(abi.AppendStr(abi.AppendArray(nil, 3), a.Namespace), a.Key)
	return cacheCommand(OpCacheAbandon, tenant, abi.AppendUint(b, a.Token))
}

// Command returns the command for tenant.
func (a CacheDelete) Command(tenant string) Command {
	return cacheCommand(OpCacheDelete, tenant, abi.AppendStr(abi.AppendStr(abi.AppendArray(nil, 2), a.Namespace), a.Key))
}

// Command returns the command for tenant.
func (a CacheInvalidate) Command(tenant string) Command {
	return cacheCommand(OpCacheTag, tenant, appendStrs(abi.AppendStr(abi.AppendArray(nil, 2), a.Namespace), a.Tags))
}

// Command returns the command for tenant.
func (a CacheClear) Command(tenant string) Command {
	return cacheCommand(OpCacheClear, tenant, abi.AppendStr(abi.AppendArray(nil, 1), a.Namespace))
}

// Command returns the command for tenant.
func (a CacheLimit) Command(tenant string) Command {
	return cacheCommand(OpCacheLimit, tenant, abi.AppendUint(abi.AppendStr(abi.AppendArray(nil, 2), a.Namespace), a.Bytes))
}

func (r CacheReply) append(dst []byte) []byte {
	dst = abi.AppendBool(abi.AppendBool(abi.AppendArray(dst, 5), r.Stored), r.Fresh)
	return abi.AppendInt(abi.AppendUint(abi.AppendUint(dst, r.Token), r.Version), r.Expires)
}

// DecodeCacheReply reads the answer of a command.
func DecodeCacheReply(b []byte) (CacheReply, error) {
	t := openTuple(b)
	r := CacheReply{Stored: t.bool(), Fresh: t.bool(), Token: t.uint(), Version: t.uint(), Expires: t.int()}
	return r, t.end()
}

// CacheEvents is the namespace of the events of the cache in namespace. Keys begin with the kind: "e" and a key (entry put or deleted;
// none when it ends by time or is evicted), "f" and a key (a fill was given up), "t" and a tag (invalidated), "c" (cleared). Values are
// empty.
func CacheEvents(namespace string) string { return "cache:" + namespace }

func applyCache(tx *Tx, op byte, args []byte) ([]byte, error) {
	t := openTuple(args)
	c := cacheOf{tx: tx, name: t.str()}
	var r CacheReply
	var err error
	switch op {
	case OpCachePut:
		var tooMany bool
		a := CachePut{Key: t.str(), Value: t.bin(), TTL: t.int(), Stale: t.int(), Token: t.uint()}
		a.Tags, tooMany = t.strs(CacheMaxTags)
		if err = cacheArgs(&t, tooMany, c.name, a.Key, a.Tags); err == nil {
			c.open()
			r, err = c.put(a)
		}
	case OpCacheLease:
		a := CacheLease{Key: t.str(), Lease: t.int()}
		if err = cacheArgs(&t, false, c.name, a.Key, nil); err == nil {
			c.open()
			r, err = c.lease(a)
		}
	case OpCacheAbandon:
		a := CacheAbandon{Key: t.str(), Token: t.uint()}
		if err = cacheArgs(&t, false, c.name, a.Key, nil); err == nil {
			c.open()
			r = c.abandon(a)
		}
	case OpCacheDelete:
		key := t.str()
		if err = cacheArgs(&t, false, c.name, key, nil); err == nil {
			c.open()
			r = c.delete(key)
		}
	case OpCacheTag:
		tags, tooMany := t.strs(CacheMaxTags)
		if err = cacheArgs(&t, tooMany, c.name, "-", tags); err == nil {
			c.open()
			r = c.invalidate(tags)
		}
	case OpCacheClear:
		if err = cacheArgs(&t, false, c.name, "-", nil); err == nil {
			c.open()
			r = c.clear()
		}
	case OpCacheLimit:
		limit := t.uint()
		if err = cacheArgs(&t, false, c.name, "-", nil); err == nil {
			c.open()
			r, err = c.setLimit(limit)
		}
	default:
		return nil, abi.Errorf(abi.CodeUnsupported, "cache: no command %d in this version", op)
	}
	if err != nil {
		return nil, err
	}
	if err := c.close(); err != nil {
		return nil, err
	}
	return r.append(nil), nil
}

// cacheArgs checks what the commands have in common, and that the arguments were read whole.
func cacheArgs(t *tuple, tooMany bool, namespace, key string, tags []string) error {
	if tooMany {
		return abi.Errorf(abi.CodeLimit, "cache: at most %d tags", CacheMaxTags)
	}
	if err := t.end(); err != nil {
		return err
	}
	if err := checkNamespace(namespace); err != nil {
		return err
	}
	if key == "" || len(key) > CacheMaxKey {
		return abi.Errorf(abi.CodeInvalid, "cache: a key has 1 to %d bytes", CacheMaxKey)
	}
	if slices.ContainsFunc(tags, func(tag string) bool { return tag == "" || len(tag) > CacheMaxTag }) {
		return abi.Errorf(abi.CodeInvalid, "cache: a tag has 1 to %d bytes", CacheMaxTag)
	}
	return nil
}

func (c *cacheOf) put(a CachePut) (r CacheReply, err error) {
	size := int64(len(a.Key)+len(a.Value)) + cacheOverhead
	for _, tag := range a.Tags {
		size += int64(len(tag))
	}
	switch {
	case len(a.Value) > CacheMaxValue:
		return r, abi.Errorf(abi.CodeLimit, "cache: a value of %d bytes is over the limit of %d", len(a.Value), CacheMaxValue)
	case a.TTL <= 0 || a.Stale < 0 || a.TTL > CacheMaxLife || a.Stale > CacheMaxLife-a.TTL:
		return r, abi.Errorf(abi.CodeInvalid, "cache: an entry is fresh for 1 ms or more, and ends within %d ms", CacheMaxLife)
	case size > int64(c.limit):
		return r, abi.Errorf(abi.CodeLimit, "cache: an entry of %d bytes does not fit the limit of namespace %q, %d bytes", size, c.name, c.limit)
	}
	id := c.tx.UniqueID()
	e := cacheEntry{version: id, began: id, expires: c.tx.now + a.TTL, tags: a.Tags, value: a.Value, size: size}
	e.stale = e.expires + a.Stale
	fill, filling := c.fill(a.Key)
	if a.Token != 0 {
		if !filling || fill.token != a.Token || fill.expires <= c.tx.now {
			return r, nil
		}
		e.began = a.Token
	}
	if filling {
		c.endFill(a.Key, fill)
	}
	if !c.counts(&e) {
		c.emit('f', a.Key, id, true) // whoever waits may ask for a token
		return r, nil
	}
	c.store(a.Key, &e)
	c.emit('e', a.Key, id, false)
	c.evict()
	return CacheReply{Stored: true, Version: id}, nil
}

func (c *cacheOf) lease(a CacheLease) (r CacheReply, err error) {
	if a.Lease < CacheMinLease || a.Lease > CacheMaxLease {
		return r, abi.Errorf(abi.CodeInvalid, "cache: a lease lasts %d ms to %d ms, not %d", CacheMinLease, CacheMaxLease, a.Lease)
	}
	if e, ok := c.entry(a.Key); ok && e.expires > c.tx.now && c.counts(&e) {
		return CacheReply{Fresh: true, Version: e.version}, nil
	}
	fill, filling := c.fill(a.Key)
	if filling && fill.expires > c.tx.now {
		return CacheReply{Expires: fill.expires}, nil
	}
	if filling {
		c.endFill(a.Key, fill)
	}
	fill = cacheFill{token: c.tx.UniqueID(), expires: c.tx.now + a.Lease}
	key := c.key('f', BE(c.generation), a.Key)
	c.tx.Set(key, fill.append(nil))
	c.tx.SetTimer(fill.expires, FamilyCache, key)
	return CacheReply{Token: fill.token, Expires: fill.expires}, nil
}

func (c *cacheOf) abandon(a CacheAbandon) (r CacheReply) {
	if fill, ok := c.fill(a.Key); ok && fill.token == a.Token {
		c.endFill(a.Key, fill)
		c.emit('f', a.Key, c.tx.UniqueID(), true)
		r.Stored = true
	}
	return r
}

func (c *cacheOf) delete(key string) (r CacheReply) {
	r.Version = c.tx.UniqueID()
	if fill, ok := c.fill(key); ok {
		c.endFill(key, fill)
		c.emit('f', key, r.Version, true)
	}
	if e, ok := c.entry(key); ok {
		r.Stored = e.stale > c.tx.now && c.counts(&e)
		c.remove(key, &e)
		c.emit('e', key, r.Version, true)
	}
	return r
}

func (c *cacheOf) invalidate(tags []string) (r CacheReply) {
	if c.stamps+uint64(len(tags)) > CacheMaxStamps {
		return c.clear()
	}
	r.Version = c.tx.UniqueID()
	forget := max(c.horizon, c.tx.now+CacheMaxLease) + 1
	for _, tag := range tags {
		key := c.key('t', BE(c.generation), tag)
		if v, ok := c.tx.Get(key); ok {
			c.tx.ClearTimer(decodeCacheTag(v).forget, FamilyCache, key)
		} else {
			c.stamps, c.changed = c.stamps+1, true
		}
		c.tx.Set(key, cacheTag{r.Version, forget}.append(nil))
		c.tx.SetTimer(forget, FamilyCache, key)
		c.emit('t', tag, r.Version, false)
	}
	return r
}

func (c *cacheOf) clear() (r CacheReply) {
	r.Version = c.tx.UniqueID()
	key := c.key('d', BE(c.generation), "")
	c.tx.Set(key, nil)
	c.tx.SetTimer(c.tx.now, FamilyCache, key)
	c.bytes -= int64(c.used)
	c.keys -= int64(c.count)
	c.generation, c.used, c.count, c.horizon, c.head, c.stamps, c.changed = r.Version, 0, 0, 0, 0, 0, true
	c.emit('c', "", r.Version, false)
	return r
}

func (c *cacheOf) setLimit(limit uint64) (r CacheReply, err error) {
	if limit == 0 {
		limit = CacheDefaultLimit
	}
	if limit > CacheMaxLimit {
		return r, abi.Errorf(abi.CodeInvalid, "cache: a namespace's limit is at most %d bytes", CacheMaxLimit)
	}
	c.limit, c.changed = limit, true
	c.evict()
	return r, nil
}
