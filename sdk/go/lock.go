package stackhost

import (
	"time"

	"github.com/stackhost/stackhost/sdk/go/internal/host"
	"github.com/stackhost/stackhost/sdk/go/internal/wire"
)

// Locks is a namespace of locks: leases that one owner in the cluster has at a time.
type Locks string

// Lease is a lock that is held until Expires. Fence rises with every lease: let what the lock protects refuse lower ones, since a lease
// may end while its owner still works.
type Lease struct {
	Name, Owner string
	Fence       uint64
	Expires     time.Time
	locks       Locks
}

// Acquire takes the lock called name for ttl, and waits for it at most wait. CodeConflict: others hold it.
func (l Locks) Acquire(name string, ttl, wait time.Duration) (*Lease, error) {
	req := wire.LockAcquireRequest{Namespace: string(l), Name: name, TtlMs: millis(ttl), WaitMs: millis(wait)}
	reply, err := ask(host.LockAcquire, req.Append(nil))
	if err != nil {
		return nil, err
	}
	var r wire.LockAcquireReply
	if err := r.Decode(reply); err != nil {
		return nil, err
	}
	return &Lease{Name: name, Owner: r.Owner, Fence: r.Fence, Expires: expiry(r.ExpiresMs), locks: l}, nil
}

// With runs f while the lock is held.
func (l Locks) With(name string, ttl, wait time.Duration, f func(*Lease) error) error {
	lease, err := l.Acquire(name, ttl, wait)
	if err != nil {
		return err
	}
	defer lease.Release()
	return f(lease)
}

// Renew makes the lease last ttl from now. CodeConflict: it has ended.
func (l *Lease) Renew(ttl time.Duration) error {
	req := wire.LockRenewRequest{Namespace: string(l.locks), Name: l.Name, Owner: l.Owner, Fence: l.Fence, TtlMs: millis(ttl)}
	reply, err := ask(host.LockRenew, req.Append(nil))
	if err != nil {
		return err
	}
	var r wire.LockRenewReply
	err = r.Decode(reply)
	l.Expires = expiry(r.ExpiresMs)
	return err
}

// Release ends the lease. held is false when it had ended already.
func (l *Lease) Release() (held bool, err error) {
	req := wire.LockReleaseRequest{Namespace: string(l.locks), Name: l.Name, Owner: l.Owner, Fence: l.Fence}
	reply, err := ask(host.LockRelease, req.Append(nil))
	if err != nil {
		return false, err
	}
	var r wire.LockReleaseReply
	err = r.Decode(reply)
	return r.Held, err
}
