package stackhost

import (
	"time"

	"github.com/stackhost/stackhost/sdk/go/internal/host"
	"github.com/stackhost/stackhost/sdk/go/internal/wire"
)

// Cache is a namespace of values that can be made again, shared by the cluster. Reads ask no other node.
//
//	page, err := stackhost.Cache("pages").Remember("front", render, stackhost.For(time.Minute), stackhost.Tags("posts"))
type Cache string

// CacheOption says how a value is kept.
type CacheOption func(*wire.CachePutRequest)

// For keeps a value fresh for d. Without it the value stays until it is evicted or invalidated.
func For(d time.Duration) CacheOption {
	return func(r *wire.CachePutRequest) { r.TtlMs = millis(d) }
}

// StaleFor lets a value be used for d after it is no longer fresh, by all but the one who makes it anew.
func StaleFor(d time.Duration) CacheOption {
	return func(r *wire.CachePutRequest) { r.StaleMs = millis(d) }
}

// Tags are what Invalidate finds a value by.
func Tags(tags ...string) CacheOption {
	return func(r *wire.CachePutRequest) { r.Tags = tags }
}

// Get returns a value, unless there is none.
func (c Cache) Get(key string) (value []byte, found bool, err error) {
	reply, err := ask(host.CacheGet, (&wire.CacheGetRequest{Namespace: string(c), Key: key}).Append(nil))
	if err != nil {
		return nil, false, err
	}
	var r wire.CacheGetReply
	err = r.Decode(reply)
	return r.Value, r.State != wire.CacheStateMiss, err
}

// Put stores a value.
func (c Cache) Put(key string, value []byte, options ...CacheOption) error {
	_, err := c.put(key, value, 0, options)
	return err
}

func (c Cache) put(key string, value []byte, token uint64, options []CacheOption) (stored bool, err error) {
	req := wire.CachePutRequest{Namespace: string(c), Key: key, Value: value, Token: token}
	for _, o := range options {
		o(&req)
	}
	reply, err := ask(host.CachePut, req.Append(make([]byte, 0, len(key)+len(value)+64)))
	if err != nil {
		return false, err
	}
	var r wire.CachePutReply
	err = r.Decode(reply)
	return r.Stored, err
}

// Remember returns the value of key. When there is none, fill makes it: in one caller of the whole cluster at a time, while the others
// wait for it or get a stale one.
func (c Cache) Remember(key string, fill func() ([]byte, error), options ...CacheOption) ([]byte, error) {
	reply, err := ask(host.CacheFill, (&wire.CacheFillRequest{Namespace: string(c), Key: key}).Append(nil))
	if err != nil {
		return nil, err
	}
	var r wire.CacheFillReply
	if err := r.Decode(reply); err != nil {
		return nil, err
	}
	if r.Token == 0 && r.State != wire.CacheStateMiss {
		return r.Value, nil
	}
	value, err := fill()
	if err != nil {
		if r.State == wire.CacheStateStale {
			return r.Value, nil
		}
		return nil, err
	}
	if r.Token != 0 {
		c.put(key, value, r.Token, options) // a value that cannot be kept is good for this caller all the same
	}
	return value, nil
}

// Invalidate makes every value that has one of the tags count no more.
func (c Cache) Invalidate(tags ...string) error {
	_, err := ask(host.CacheInvalidate, (&wire.CacheInvalidateRequest{Namespace: string(c), Tags: tags}).Append(nil))
	return err
}

// Delete removes a value and tells whether there was one.
func (c Cache) Delete(key string) (existed bool, err error) {
	reply, err := ask(host.CacheDelete, (&wire.CacheDeleteRequest{Namespace: string(c), Key: key}).Append(nil))
	if err != nil {
		return false, err
	}
	var r wire.CacheDeleteReply
	err = r.Decode(reply)
	return r.Existed, err
}

// Clear empties the namespace.
func (c Cache) Clear() error {
	_, err := ask(host.CacheClear, (&wire.CacheClearRequest{Namespace: string(c)}).Append(nil))
	return err
}
