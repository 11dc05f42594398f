package raftstore

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore/state"
)

// Watcher is what an Access may offer besides, so that waiting needs no polling. *Store does.
type Watcher interface {
	// Watch yields the changes after the index from; see Store.Watch.
	Watch(ctx context.Context, tenant, namespace string, prefix []byte, from uint64) iter.Seq2[state.Event, error]
}

// ask commits one command and returns its answer.
func ask(ctx context.Context, a Access, c state.Command) ([]byte, error) {
	replies, err := a.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	return replies[0].Payload, replies[0].Err
}

// ended is the error of a caller whose time is over, nil when it is not.
func ended(ctx context.Context) error {
	switch err := ctx.Err(); {
	case err == nil:
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return abi.Errorf(abi.CodeDeadline, "store: the caller's time ran out")
	default:
		return abi.Errorf(abi.CodeCancelled, "store: the caller went away")
	}
}

// Lock has locks of one tenant: leases with fencing tokens, given to waiters in the order in which they came. A lease ends by the
// log's time whether its owner knows or not, so an owner that was paused can find itself beside the next one: pass the fencing token
// to whatever the lock protects and refuse there tokens below the highest seen. Safe for concurrent use.
type Lock struct {
	a      Access
	tenant string
}

// NewLock returns the locks of tenant.
func NewLock(a Access, tenant string) *Lock { return &Lock{a, tenant} }

// LockOptions says how to acquire a lock.
type LockOptions struct {
	TTL  time.Duration // of the lease: 100 ms to 24 h; 0 means 30 s
	Wait time.Duration // how long to wait in line, at most; 0: not at all
}

// LockLease is a lock that its owner holds.
type LockLease struct {
	ID      string // the owner's id; with Fence, what Renew and Release ask for
	Fence   uint64 // fencing token: above those of all earlier leases
	Expires int64  // log time in ms since the Unix epoch
}

// LockInfo is a lock that is held. Times are log times in ms since the Unix epoch.
type LockInfo struct {
	Name, Owner    string
	Fence          uint64
	Expires, Since int64
	Waiters        int // in line, about
}

const (
	defaultLease = 30 * time.Second
	// keepPlace is how long a waiter that is not heard of keeps its place; a waiter tells every third of it.
	keepPlace = 9 * time.Second
)

// Acquire takes the lock name for owner, an id that the caller makes up: one for each thing that must exclude the others. An owner that
// holds the lock already gets the same token again, so trying again after an error is safe. A lock that others hold is code conflict,
// at once or when Wait or ctx is over; the place in the line is given up then.
func (l *Lock) Acquire(ctx context.Context, namespace, name, owner string, o LockOptions) (LockLease, error) {
	if o.TTL == 0 {
		o.TTL = defaultLease
	}
	cmd := state.LockAcquire{Namespace: namespace, Name: name, Owner: owner, TTL: o.TTL.Milliseconds()}
	if o.Wait <= 0 {
		lease, _, err := l.acquire(ctx, cmd)
		return lease, err
	}
	outer := ctx
	ctx, cancel := context.WithTimeout(ctx, o.Wait)
	defer cancel()
	cmd.Wait = max(min(o.Wait, keepPlace).Milliseconds(), 1)
	for {
		from, err := l.index(ctx)
		if err != nil {
			return LockLease{}, err
		}
		lease, holder, err := l.acquire(ctx, cmd)
		if err == nil && lease.Fence != 0 {
			return lease, nil
		}
		if err != nil && ctx.Err() == nil {
			return LockLease{}, err
		}
		if ctx.Err() == nil {
			lease, err = l.await(ctx, namespace, name, owner, from, holder)
			if err != nil && ctx.Err() == nil {
				return LockLease{}, err
			}
		}
		if err == nil && lease.Fence != 0 {
			return lease, nil
		}
		if ctx.Err() != nil {
			return LockLease{}, l.giveUp(outer, namespace, name, owner, o.Wait)
		}
	}
}

// acquire sends the command; a lease without a token means a place in the line, behind the holder with the token holder.
func (l *Lock) acquire(ctx context.Context, cmd state.LockAcquire) (lease LockLease, holder uint64, err error) {
	r, err := l.ask(ctx, cmd.Command(l.tenant))
	if err != nil || !r.Held {
		return LockLease{}, r.Fence, err
	}
	return LockLease{ID: cmd.Owner, Fence: r.Fence, Expires: r.Expires}, 0, nil
}

func (l *Lock) ask(ctx context.Context, c state.Command) (state.LockReply, error) {
	b, err := ask(ctx, l.a, c)
	if err != nil {
		return state.LockReply{}, err
	}
	return state.DecodeLockReply(b)
}

func (l *Lock) index(ctx context.Context) (index uint64, err error) {
	err = l.a.View(ctx, Stale(0), func(v *state.View) error {
		index = v.Index
		return nil
	})
	return index, err
}

// await waits until owner was given the lock after the holder with the token holder, or until the place in the line should be confirmed:
// then Fence is 0. A node that lags behind may show an older lease of the same owner.
func (l *Lock) await(ctx context.Context, namespace, name, owner string, from, holder uint64) (LockLease, error) {
	ctx, cancel := context.WithTimeout(ctx, keepPlace/3)
	defer cancel()
	if w, ok := l.a.(Watcher); ok {
		for e, err := range w.Watch(ctx, l.tenant, state.LockEvents(namespace), []byte(name), from) {
			if err != nil {
				break
			}
			if string(e.Key) == name && string(e.Value) == owner && e.Version > holder {
				return l.held(ctx, namespace, name, owner, holder)
			}
		}
	}
	for pause := 10 * time.Millisecond; ctx.Err() == nil; pause = min(2*pause, time.Second/2) {
		if lease, err := l.held(ctx, namespace, name, owner, holder); err != nil || lease.Fence != 0 {
			return lease, err
		}
		timer := time.NewTimer(pause/2 + rand.N(pause)) // spread, so that waiters do not ask all at once
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
	return LockLease{}, nil
}

// held looks whether owner holds the lock as far as this node knows, by a lease newer than the token than.
func (l *Lock) held(ctx context.Context, namespace, name, owner string, than uint64) (lease LockLease, err error) {
	i, held, err := l.Show(ctx, Stale(0), namespace, name)
	if held && i.Owner == owner && i.Fence > than {
		lease = LockLease{ID: owner, Fence: i.Fence, Expires: i.Expires}
	}
	return lease, err
}

// giveUp leaves the line, and the lock if it was given just now.
func (l *Lock) giveUp(ctx context.Context, namespace, name, owner string, wait time.Duration) error {
	over := ended(ctx)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	_, _ = l.ask(ctx, state.LockRelease{Namespace: namespace, Name: name, Owner: owner}.Command(l.tenant)) // else the place ends by itself
	if over != nil {
		return over
	}
	return abi.Errorf(abi.CodeConflict, "lock: %q was not free within %v", name, wait)
}

// Renew makes the lease end ttl from now (0: 30 s). Code conflict: the lease ended before that, others may hold the lock, and the work
// that it guards must stop.
func (l *Lock) Renew(ctx context.Context, namespace, name, owner string, fence uint64, ttl time.Duration) (LockLease, error) {
	if ttl == 0 {
		ttl = defaultLease
	}
	cmd := state.LockRenew{Namespace: namespace, Name: name, Owner: owner, Fence: fence, TTL: ttl.Milliseconds()}
	r, err := l.ask(ctx, cmd.Command(l.tenant))
	if err != nil {
		return LockLease{}, err
	}
	return LockLease{ID: owner, Fence: r.Fence, Expires: r.Expires}, nil
}

// Release ends the lease and gives the lock to the next in line. It tells whether the lease was still there. With the fence 0 it ends
// whatever the owner has: a lease, or a place in the line.
func (l *Lock) Release(ctx context.Context, namespace, name, owner string, fence uint64) (released bool, err error) {
	r, err := l.ask(ctx, state.LockRelease{Namespace: namespace, Name: name, Owner: owner, Fence: fence}.Command(l.tenant))
	return r.Held, err
}

// Show returns the lock's holder, if it has one.
func (l *Lock) Show(ctx context.Context, level Consistency, namespace, name string) (info LockInfo, held bool, err error) {
	err = l.a.View(ctx, level, func(v *state.View) error {
		var i state.LockInfo
		if i, held = state.LockShow(v, 0, l.tenant, namespace, name); held {
			info = lockInfo(i)
		}
		return nil
	})
	return info, held, err
}

// List returns up to limit (1 to 1000; 0 means 100) locks that are held, in the order of their names, of those that begin with prefix
// and are above after. Next is what to pass as after for the following ones, empty at the end.
func (l *Lock) List(ctx context.Context, level Consistency, namespace, prefix, after string, limit int) (
	locks []LockInfo, next string, err error) {
	if limit = min(limit, 1000); limit <= 0 {
		limit = 100
	}
	err = l.a.View(ctx, level, func(v *state.View) error {
		locks, next = nil, ""
		state.LockList(v, 0, l.tenant, namespace, prefix, after, func(i state.LockInfo) bool {
			if len(locks) == limit {
				next = locks[limit-1].Name
				return false
			}
			locks = append(locks, lockInfo(i))
			return true
		})
		return nil
	})
	return locks, next, err
}

// lockInfo copies what belongs to a view.
func lockInfo(i state.LockInfo) LockInfo {
	return LockInfo{
		Name: strings.Clone(i.Name), Owner: strings.Clone(i.Owner), Fence: i.Fence, Expires: i.Expires, Since: i.Since, Waiters: int(i.Waiters),
	}
}
