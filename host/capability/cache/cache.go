// Package cache is the capability to keep values that can be made again, shared by the cluster.
package cache

import (
	"bytes"
	"context"
	"strings"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/capability"
	"github.com/stackhost/stackhost/raftstore"
)

// Store is where values are; *raftstore.Cache is one.
type Store interface {
	Get(ctx context.Context, namespace, key string) ([]byte, raftstore.CacheState, error)
	Lease(ctx context.Context, namespace, key string, o raftstore.CacheLeaseOptions) (raftstore.CacheLease, error)
	Put(ctx context.Context, namespace, key string, value []byte, o raftstore.CachePutOptions) (stored bool, err error)
	Abandon(ctx context.Context, namespace, key string, token uint64) error
	InvalidateTag(ctx context.Context, namespace string, tags ...string) error
	Delete(ctx context.Context, namespace, key string) (existed bool, err error)
	Clear(ctx context.Context, namespace string) error
}

// Cache implements capability.Capability. Safe for concurrent use.
type Cache struct {
	store  Store
	grants capability.Namespaces
}

var _ capability.Capability = (*Cache)(nil)

// New grants namespaces of store.
func New(store Store, grants capability.Namespaces) *Cache { return &Cache{store, grants} }

// Name returns "cache".
func (c *Cache) Name() string { return "cache" }

// Functions returns the functions of cache in abi/v1.json.
func (c *Cache) Functions() (map[string]capability.Call, map[string]capability.Direct) {
	return map[string]capability.Call{
		"get": c.get, "fill": c.fill, "put": c.put, "invalidate": c.invalidate, "delete": c.delete, "clear": c.clear,
	}, nil
}

func stateOf(s raftstore.CacheState) abi.CacheState {
	switch s {
	case raftstore.CacheFresh:
		return abi.CacheStateFresh
	case raftstore.CacheStale:
		return abi.CacheStateStale
	}
	return abi.CacheStateMiss
}

func (c *Cache) get(s *capability.Session, req, out []byte) ([]byte, error) {
	var r abi.CacheGetRequest
	if err := r.Decode(req); err != nil {
		return nil, err
	}
	if err := c.grants.Allow("cache", r.Namespace, false); err != nil {
		return nil, err
	}
	value, state, err := c.store.Get(s.Context(), r.Namespace, r.Key)
	reply := abi.CacheGetReply{State: stateOf(state), Value: value}
	return reply.Append(out), err
}

func (c *Cache) fill(s *capability.Session, req, out []byte) ([]byte, error) {
	var r abi.CacheFillRequest
	if err := r.Decode(req); err != nil {
		return nil, err
	}
	if err := c.grants.Allow("cache", r.Namespace, true); err != nil {
		return nil, err
	}
	if r.WaitMs == 0 {
		r.WaitMs = 5000
	}
	o := raftstore.CacheLeaseOptions{Lease: capability.Milliseconds(r.LeaseMs), Wait: capability.Milliseconds(r.WaitMs)}
	namespace, key := strings.Clone(r.Namespace), strings.Clone(r.Key)
	l, err := c.store.Lease(s.Context(), namespace, key, o)
	if token := l.Token; err == nil && token != 0 {
		s.Hold(token, func() { c.abandon(namespace, key, token) })
	}
	reply := abi.CacheFillReply{State: stateOf(l.State), Value: l.Value, Token: l.Token}
	return reply.Append(out), err
}

// abandon gives back the right to make a value, after a call that ended without making it: else others would wait until it runs out. It
// does not try for long, since the right runs out anyway.
func (c *Cache) abandon(namespace, key string, token uint64) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	c.store.Abandon(ctx, namespace, key, token)
}

func (c *Cache) put(s *capability.Session, req, out []byte) ([]byte, error) {
	var r abi.CachePutRequest
	if err := r.Decode(req); err != nil {
		return nil, err
	}
	if err := c.grants.Allow("cache", r.Namespace, true); err != nil {
		return nil, err
	}
	o := raftstore.CachePutOptions{TTL: capability.Milliseconds(r.TTLMs), Stale: capability.Milliseconds(r.StaleMs), Tags: clone(r.Tags), Token: r.Token}
	stored, err := c.store.Put(s.Context(), strings.Clone(r.Namespace), strings.Clone(r.Key), bytes.Clone(r.Value), o)
	if err == nil {
		s.Let(r.Token)
	}
	reply := abi.CachePutReply{Stored: stored}
	return reply.Append(out), err
}

// clone takes strings out of the guest's memory.
func clone(tags []string) (own []string) {
	for _, t := range tags {
		own = append(own, strings.Clone(t))
	}
	return own
}

func (c *Cache) invalidate(s *capability.Session, req, out []byte) ([]byte, error) {
	var r abi.CacheInvalidateRequest
	if err := r.Decode(req); err != nil {
		return nil, err
	}
	if err := c.grants.Allow("cache", r.Namespace, true); err != nil {
		return nil, err
	}
	return out, c.store.InvalidateTag(s.Context(), strings.Clone(r.Namespace), clone(r.Tags)...)
}

func (c *Cache) delete(s *capability.Session, req, out []byte) ([]byte, error) {
	var r abi.CacheDeleteRequest
	if err := r.Decode(req); err != nil {
		return nil, err
	}
	if err := c.grants.Allow("cache", r.Namespace, true); err != nil {
		return nil, err
	}
	existed, err := c.store.Delete(s.Context(), strings.Clone(r.Namespace), strings.Clone(r.Key))
	reply := abi.CacheDeleteReply{Existed: existed}
	return reply.Append(out), err
}

func (c *Cache) clear(s *capability.Session, req, out []byte) ([]byte, error) {
	var r abi.CacheClearRequest
	if err := r.Decode(req); err != nil {
		return nil, err
	}
	if err := c.grants.Allow("cache", r.Namespace, true); err != nil {
		return nil, err
	}
	return out, c.store.Clear(s.Context(), strings.Clone(r.Namespace))
}
