// Package lock is the capability to hold leases that exclude others, in the whole cluster.
package lock

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/capability"
	"github.com/stackhost/stackhost/raftstore"
)

// Store is where leases are; *raftstore.Lock is one.
type Store interface {
	Acquire(ctx context.Context, namespace, name, owner string, o raftstore.LockOptions) (raftstore.LockLease, error)
	Renew(ctx context.Context, namespace, name, owner string, fence uint64, ttl time.Duration) (raftstore.LockLease, error)
	Release(ctx context.Context, namespace, name, owner string, fence uint64) (bool, error)
}

// Lock implements capability.Capability. Safe for concurrent use.
type Lock struct {
	store  Store
	grants capability.Namespaces
}

var _ capability.Capability = (*Lock)(nil)

// New grants namespaces of store.
func New(store Store, grants capability.Namespaces) *Lock { return &Lock{store, grants} }

// Name returns "lock".
func (l *Lock) Name() string { return "lock" }

// Functions returns the functions of lock in abi/v1.json.
func (l *Lock) Functions() (map[string]capability.Call, map[string]capability.Direct) {
	return map[string]capability.Call{"acquire": l.acquire, "renew": l.renew, "release": l.release}, nil
}

func ttl(ms uint64) time.Duration {
	if ms == 0 {
		return 30 * time.Second
	}
	return capability.Milliseconds(ms)
}

func (l *Lock) acquire(s *capability.Session, req, out []byte) ([]byte, error) {
	var r abi.LockAcquireRequest
	if err := r.Decode(req); err != nil {
		return nil, err
	}
	if err := l.grants.Allow("lock", r.Namespace, true); err != nil {
		return nil, err
	}
	owner := strings.Clone(r.Owner)
	if owner == "" {
		owner = rand.Text()
	}
	o := raftstore.LockOptions{TTL: ttl(r.TTLMs), Wait: capability.Milliseconds(r.WaitMs)}
	lease, err := l.store.Acquire(s.Context(), strings.Clone(r.Namespace), strings.Clone(r.Name), owner, o)
	reply := abi.LockAcquireReply{Owner: owner, Fence: lease.Fence, ExpiresMs: uint64(lease.Expires)}
	return reply.Append(out), err
}

func (l *Lock) renew(s *capability.Session, req, out []byte) ([]byte, error) {
	var r abi.LockRenewRequest
	if err := r.Decode(req); err != nil {
		return nil, err
	}
	if err := l.grants.Allow("lock", r.Namespace, true); err != nil {
		return nil, err
	}
	lease, err := l.store.Renew(s.Context(), strings.Clone(r.Namespace), strings.Clone(r.Name), strings.Clone(r.Owner), r.Fence, ttl(r.TTLMs))
	reply := abi.LockRenewReply{ExpiresMs: uint64(lease.Expires)}
	return reply.Append(out), err
}

func (l *Lock) release(s *capability.Session, req, out []byte) ([]byte, error) {
	var r abi.LockReleaseRequest
	if err := r.Decode(req); err != nil {
		return nil, err
	}
	if err := l.grants.Allow("lock", r.Namespace, true); err != nil {
		return nil, err
	}
	held, err := l.store.Release(s.Context(), strings.Clone(r.Namespace), strings.Clone(r.Name), strings.Clone(r.Owner), r.Fence)
	reply := abi.LockReleaseReply{Held: held}
	return reply.Append(out), err
}
