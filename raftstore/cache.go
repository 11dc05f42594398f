package raftstore

import (
	"context"
	"strings"
	"time"

	"github.com/stackhost/stackhost/raftstore/state"
)

// Cache has caches of one tenant, shared by the cluster. Reads are of what this node has applied, without asking others: they can be
// behind by the replication lag, but a node never returns what it has seen invalidated. Safe for concurrent use.
type Cache struct {
	a      Access
	tenant string
	tier   *CacheTier
}

// NewCache returns the caches of tenant. The tier, one for all tenants, may be nil.
func NewCache(a Access, tenant string, tier *CacheTier) *Cache { return &Cache{a, tenant, tier} }

// CacheState says what a value that was read is good for.
type CacheState byte

const (
	CacheMiss  CacheState = iota // there is no value
	CacheFresh                   // use it
	CacheStale                   // its time is over; use it while it is made anew
)

func (s CacheState) String() string { return [...]string{"miss", "fresh", "stale"}[s] }

// CachePutOptions says how long an entry lives and what it depends on.
type CachePutOptions struct {
	TTL   time.Duration // how long it is fresh; 0: until it is evicted, at most 30 days
	Stale time.Duration // how long after that it may be used while it is made anew
	Tags  []string      // up to 32 of 1 to 128 bytes
	Token uint64        // of CacheLease: store only if nothing was invalidated since; 0: the value counts as made now
}

// CacheLease is the answer of Cache.Lease.
type CacheLease struct {
	Value []byte // unless State is CacheMiss; must not be changed
	State CacheState
	// Token is the right to make the value: of all callers in the cluster, one has it at a time. Put it with the value, or Abandon it.
	Token uint64
}

// CacheLeaseOptions says how to get the right to make a value.
type CacheLeaseOptions struct {
	Lease time.Duration // how long making it may take; 100 ms to 5 min, 0 means 30 s
	Wait  time.Duration // how long to wait for the value when another caller is making it and there is no stale one; 0 means 10 s
}

// CacheInfo is what a namespace holds.
type CacheInfo struct{ Bytes, Keys, Limit uint64 }

// Get returns the value of key. It must not be changed.
func (c *Cache) Get(ctx context.Context, namespace, key string) (value []byte, st CacheState, err error) {
	value, st, _, err = c.read(ctx, namespace, key)
	return value, st, err
}

// look is what a read found besides the value.
type look struct {
	index   uint64
	filling time.Duration // how long somebody may still be making the value
}

func (c *Cache) read(ctx context.Context, namespace, key string) (value []byte, st CacheState, l look, err error) {
	if c.tier != nil {
		if value, ok := c.tier.get(tierKey{'e', c.tenant, namespace, key}); ok {
			return value, CacheFresh, l, nil
		}
	}
	return c.readView(ctx, namespace, key)
}

// readView is apart from read because what its closure uses is allocated before the tier is asked.
func (c *Cache) readView(ctx context.Context, namespace, key string) (value []byte, st CacheState, l look, err error) {
	var base any
	if c.tier != nil {
		base = c.tier.base() // before the view, so that a snapshot in between cannot make an old value look new
	}
	err = c.a.View(ctx, Stale(0), func(v *state.View) error {
		e := state.CacheGet(v, 0, c.tenant, namespace, key)
		l.index = v.Index
		if e.Filling != 0 {
			l.filling = time.Duration(e.Filling-v.Now) * time.Millisecond
		}
		switch {
		case e.Version == 0:
		case e.Fresh(v.Now):
			st = CacheFresh
			if c.tier != nil {
				k := tierKey{'e', c.tenant, strings.Clone(namespace), strings.Clone(key)} // they may be parts of a guest's memory
				value = c.tier.put(k, &e, v.Index, time.Duration(e.Expires-v.Now)*time.Millisecond, base)
				return nil
			}
			value = append([]byte{}, e.Value...)
		default:
			st, value = CacheStale, append([]byte{}, e.Value...)
		}
		return nil
	})
	return value, st, l, err
}

// Put stores a value. Stored is false when it has a token that is no longer good: its time is over, or the key, a tag or the namespace
// was invalidated since it was given. The value is then still right for the caller, but not for those that come later.
func (c *Cache) Put(ctx context.Context, namespace, key string, value []byte, o CachePutOptions) (stored bool, err error) {
	cmd := state.CachePut{Namespace: namespace, Key: key, Value: value, Token: o.Token, Tags: o.Tags}
	cmd.TTL, cmd.Stale = o.TTL.Milliseconds(), o.Stale.Milliseconds()
	switch {
	case o.TTL == 0:
		cmd.TTL = state.CacheMaxLife - min(cmd.Stale, state.CacheMaxLife-1)
	case o.TTL > 0 && cmd.TTL == 0:
		cmd.TTL = 1
	}
	r, err := c.ask(ctx, cmd.Command(c.tenant))
	return r.Stored, err
}

func (c *Cache) ask(ctx context.Context, cmd state.Command) (state.CacheReply, error) {
	b, err := ask(ctx, c.a, cmd)
	if err != nil {
		return state.CacheReply{}, err
	}
	return state.DecodeCacheReply(b)
}

// Lease returns the value of key or the right to make it. Of all that ask for a value that is missing one gets a token, the others wait
// until it is there; of all that ask for a stale one, one gets a token too, the others the stale value only. A miss without a token
// means that waiting took too long: make the value, and do not put it.
func (c *Cache) Lease(ctx context.Context, namespace, key string, o CacheLeaseOptions) (CacheLease, error) {
	if o.Lease == 0 {
		o.Lease = 30 * time.Second
	}
	if o.Wait == 0 {
		o.Wait = 10 * time.Second
	}
	want := state.CacheLease{Namespace: namespace, Key: key, Lease: o.Lease.Milliseconds()}
	end := time.Now().Add(o.Wait)
	for pause := 2 * time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		value, st, l, err := c.read(ctx, namespace, key)
		if err != nil || st == CacheFresh {
			return CacheLease{Value: value, State: st}, err
		}
		if l.filling == 0 {
			r, err := c.ask(ctx, want.Command(c.tenant))
			if err != nil {
				return CacheLease{}, err
			}
			if r.Token != 0 {
				return CacheLease{Value: value, State: st, Token: r.Token}, nil
			}
		}
		if st == CacheStale || !time.Now().Before(end) {
			return CacheLease{Value: value, State: st}, nil
		}
		if err := c.changed(ctx, namespace, key, l.index, min(time.Until(end), max(l.filling, pause)), pause); err != nil {
			return CacheLease{}, err
		}
	}
}

// changed waits until something happened to the key after the index from, or for limit; without a Watcher, for pause.
func (c *Cache) changed(ctx context.Context, namespace, key string, from uint64, limit, pause time.Duration) error {
	inner, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if w, ok := c.a.(Watcher); ok {
		for e, err := range w.Watch(inner, c.tenant, state.CacheEvents(namespace), nil, from) {
			if err != nil {
				break
			}
			if k := string(e.Key); k == "e"+key || k == "f"+key || k == "c" {
				return nil
			}
		}
		if inner.Err() != nil {
			return ended(ctx)
		}
	}
	timer := time.NewTimer(min(pause, limit))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return ended(ctx)
}

// Compute returns the value of key, made by fill when there is no fresh one. In the whole cluster one fill of a key runs at a time; others
// wait for it, or use the stale value. A caller whose fill of a stale value fails gets the stale value. An error beside a value says why
// it could not be stored.
func (c *Cache) Compute(ctx context.Context, namespace, key string, o CachePutOptions, l CacheLeaseOptions,
	fill func(context.Context) ([]byte, error)) ([]byte, error) {
	lease, err := c.Lease(ctx, namespace, key, l)
	if err != nil || lease.State == CacheFresh || lease.State == CacheStale && lease.Token == 0 {
		return lease.Value, err
	}
	value, err := fill(ctx)
	switch {
	case lease.Token == 0:
		return value, err
	case err != nil:
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		_ = c.Abandon(ctx, namespace, key, lease.Token) // else it ends by itself
		if lease.State == CacheStale {
			return lease.Value, nil
		}
		return nil, err
	}
	o.Token = lease.Token
	_, err = c.Put(ctx, namespace, key, value, o)
	return value, err
}

// Abandon gives a token back, so that another caller can have one at once.
func (c *Cache) Abandon(ctx context.Context, namespace, key string, token uint64) error {
	_, err := c.ask(ctx, state.CacheAbandon{Namespace: namespace, Key: key, Token: token}.Command(c.tenant))
	return err
}

// Delete removes an entry. A fill of it that is under way will not be stored.
func (c *Cache) Delete(ctx context.Context, namespace, key string) (existed bool, err error) {
	r, err := c.ask(ctx, state.CacheDelete{Namespace: namespace, Key: key}.Command(c.tenant))
	return r.Stored, err
}

// InvalidateTag makes every entry with one of the tags (1 to 32) count no more, and every fill that is under way unable to store one. It
// takes the same time however many there are.
func (c *Cache) InvalidateTag(ctx context.Context, namespace string, tags ...string) error {
	_, err := c.ask(ctx, state.CacheInvalidate{Namespace: namespace, Tags: tags}.Command(c.tenant))
	return err
}

// Clear makes a namespace empty, at once.
func (c *Cache) Clear(ctx context.Context, namespace string) error {
	_, err := c.ask(ctx, state.CacheClear{Namespace: namespace}.Command(c.tenant))
	return err
}

// SetLimit sets how many bytes a namespace holds before the entries that were written first go; 0 means 64 MiB.
func (c *Cache) SetLimit(ctx context.Context, namespace string, bytes uint64) error {
	_, err := c.ask(ctx, state.CacheLimit{Namespace: namespace, Bytes: bytes}.Command(c.tenant))
	return err
}

// Info returns what a namespace holds.
func (c *Cache) Info(ctx context.Context, level Consistency, namespace string) (info CacheInfo, err error) {
	err = c.a.View(ctx, level, func(v *state.View) error {
		i := state.CacheInfo(v, 0, c.tenant, namespace)
		info = CacheInfo{Bytes: i.Bytes, Keys: i.Keys, Limit: i.Limit}
		return nil
	})
	return info, err
}
