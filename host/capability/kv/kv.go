// Package kv is the capability to keep keys and values in the replicated store.
package kv

import (
	"bytes"
	"context"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/capability"
	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/state"
)

// Store is where keys are; *raftstore.KV is one.
type Store interface {
	Get(ctx context.Context, level raftstore.Consistency, namespace string, key []byte) (raftstore.Entry, bool, error)
	Scan(ctx context.Context, level raftstore.Consistency, namespace string, o raftstore.ScanOptions) ([]raftstore.Entry, []byte, uint64, error)
	Txn(ctx context.Context, t raftstore.Txn) (raftstore.TxnResult, error)
}

// KV implements capability.Capability. Safe for concurrent use.
type KV struct {
	store  Store
	grants capability.Namespaces
}

var _ capability.Capability = (*KV)(nil)

// New grants namespaces of store.
func New(store Store, grants capability.Namespaces) *KV { return &KV{store, grants} }

// Name returns "kv".
func (k *KV) Name() string { return "kv" }

// Functions returns the functions of kv in abi/v1.json.
func (k *KV) Functions() (map[string]capability.Call, map[string]capability.Direct) {
	return map[string]capability.Call{
		"get": k.get, "set": k.set, "delete": k.delete, "increment": k.increment, "scan": k.scan, "transact": k.transact,
	}, nil
}

func (k *KV) get(s *capability.Session, req, out []byte) ([]byte, error) {
	var r abi.KVGetRequest
	if err := r.Decode(req); err != nil {
		return nil, err
	}
	level, err := k.reading(r.Namespace, r.Consistency, r.MaxStalenessMs)
	if err != nil {
		return nil, err
	}
	e, found, err := k.store.Get(s.Context(), level, r.Namespace, r.Key)
	if err != nil {
		return nil, err
	}
	reply := abi.KVGetReply{Found: found}
	if found {
		reply.Value, reply.Version, reply.ExpiresMs = e.Value, e.Version, uint64(e.Expires)
	}
	return reply.Append(out), nil
}

func (k *KV) reading(namespace string, c abi.Consistency, maxStalenessMs uint64) (raftstore.Consistency, error) {
	if err := k.grants.Allow("kv", namespace, false); err != nil {
		return raftstore.Consistency{}, err
	}
	return capability.ConsistencyOf(c, maxStalenessMs)
}

// write does one write under a guard. The store keeps its bytes, so they are copied out of the guest's memory by the command.
func (k *KV) write(s *capability.Session, g abi.KVGuard, version uint64, w state.KVWrite) (state.KVResult, error) {
	if err := k.grants.Allow("kv", w.Namespace, true); err != nil {
		return state.KVResult{}, err
	}
	guard, err := capability.GuardOf(g, version)
	if err != nil {
		return state.KVResult{}, err
	}
	t := raftstore.Txn{Writes: []state.KVWrite{w}}
	if guard != (raftstore.Guard{}) {
		t.Guards = []state.KVGuard{{Namespace: w.Namespace, Key: w.Key, Version: guard.Version}}
	}
	result, err := k.store.Txn(s.Context(), t)
	if err != nil {
		return state.KVResult{}, err
	}
	return result.Results[0], nil
}

func (k *KV) set(s *capability.Session, req, out []byte) ([]byte, error) {
	var r abi.KVSetRequest
	if err := r.Decode(req); err != nil {
		return nil, err
	}
	w := state.KVWrite{Kind: state.KVSet, Namespace: r.Namespace, Key: r.Key, Value: r.Value, TTL: ttl(r.TTLMs)}
	result, err := k.write(s, r.Guard, r.Version, w)
	reply := abi.KVSetReply{Version: result.Version}
	return reply.Append(out), err
}

// ttl keeps a number that is too large one that is too large.
func ttl(ms uint64) int64 { return int64(min(ms, 1<<62)) }

func (k *KV) delete(s *capability.Session, req, out []byte) ([]byte, error) {
	var r abi.KVDeleteRequest
	if err := r.Decode(req); err != nil {
		return nil, err
	}
	result, err := k.write(s, r.Guard, r.Version, state.KVWrite{Kind: state.KVDelete, Namespace: r.Namespace, Key: r.Key})
	reply := abi.KVDeleteReply{Existed: result.Existed}
	return reply.Append(out), err
}

func (k *KV) increment(s *capability.Session, req, out []byte) ([]byte, error) {
	var r abi.KVIncrementRequest
	if err := r.Decode(req); err != nil {
		return nil, err
	}
	result, err := k.write(s, abi.KVGuardAny, 0, state.KVWrite{Kind: state.KVAdd, Namespace: r.Namespace, Key: r.Key, Delta: r.Delta})
	reply := abi.KVIncrementReply{Value: result.Value, Version: result.Version}
	return reply.Append(out), err
}

// maxReply leaves room for what a reply has besides keys and values.
const maxReply = abi.LimitRecordBytes - 64<<10

func (k *KV) scan(s *capability.Session, req, out []byte) ([]byte, error) {
	var r abi.KVScanRequest
	if err := r.Decode(req); err != nil {
		return nil, err
	}
	level, err := k.reading(r.Namespace, r.Consistency, r.MaxStalenessMs)
	if err != nil {
		return nil, err
	}
	o := raftstore.ScanOptions{Prefix: bytes.Clone(r.Prefix), Limit: int(min(r.Limit, 1<<20)), KeysOnly: r.KeysOnly, Reverse: r.Reverse}
	if len(r.After) > 0 {
		o.After = bytes.Clone(r.After)
	}
	entries, next, index, err := k.store.Scan(s.Context(), level, r.Namespace, o)
	if err != nil {
		return nil, err
	}
	reply := abi.KVScanReply{Next: next, Index: index}
	size := 0
	for i := range entries {
		e := &entries[i]
		if size += len(e.Key) + len(e.Value) + 32; size > maxReply && i > 0 {
			reply.Next = entries[i-1].Key
			break
		}
		reply.Entries = append(reply.Entries, abi.KVEntry{Key: e.Key, Value: e.Value, Version: e.Version, ExpiresMs: uint64(e.Expires)})
	}
	return reply.Append(out), nil
}

// kindOf returns 0, which the store refuses, for a kind that this host does not know.
func kindOf(k abi.KVWriteKind) byte {
	switch k {
	case abi.KVWriteKindSet:
		return state.KVSet
	case abi.KVWriteKindDelete:
		return state.KVDelete
	case abi.KVWriteKindIncrement:
		return state.KVAdd
	}
	return 0
}

func (k *KV) transact(s *capability.Session, req, out []byte) ([]byte, error) {
	var r abi.KVTransactRequest
	if err := r.Decode(req); err != nil {
		return nil, err
	}
	var t raftstore.Txn
	for _, c := range r.Checks {
		if err := k.grants.Allow("kv", c.Namespace, false); err != nil {
			return nil, err
		}
		t.Guards = append(t.Guards, state.KVGuard{Namespace: c.Namespace, Key: c.Key, Version: c.Version})
	}
	for _, c := range r.Ranges {
		if err := k.grants.Allow("kv", c.Namespace, false); err != nil {
			return nil, err
		}
		t.Ranges = append(t.Ranges, state.KVRange{Namespace: c.Namespace, Prefix: c.Prefix, Since: c.Index})
	}
	for _, w := range r.Writes {
		if err := k.grants.Allow("kv", w.Namespace, true); err != nil {
			return nil, err
		}
		t.Writes = append(t.Writes, state.KVWrite{
			Kind: kindOf(w.Kind), Namespace: w.Namespace, Key: w.Key, Value: w.Value, TTL: ttl(w.TTLMs), Delta: w.Delta,
		})
	}
	result, err := k.store.Txn(s.Context(), t)
	if err != nil {
		return nil, err
	}
	var reply abi.KVTransactReply
	for _, x := range result.Results {
		reply.Results = append(reply.Results, abi.KVResult{Version: x.Version, Existed: x.Existed, Value: x.Value})
	}
	return reply.Append(out), nil
}
