package raftstore

import (
	"context"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore/state"
)

// KV has the keys and values of one tenant. Errors are *abi.Error: conflict when a guard does not hold, quota, limit, invalid, and
// those of Access. Safe for concurrent use.
type KV struct {
	a      Access
	tenant string
}

// NewKV returns the keys and values of tenant.
func NewKV(a Access, tenant string) *KV { return &KV{a, tenant} }

// Entry is a key with its value. Version rises with each write of the key and is above those of all earlier writes in the store;
// Created is the version of the write that made the key. Expires is log time in ms since the Unix epoch; 0: never.
type Entry = state.KVEntry

// Txn is several writes under conditions, done together or not at all; see state.KVTxn.
type Txn = state.KVTxn

// TxnResult is the answer for each write of a Txn.
type TxnResult struct{ Results []state.KVResult }

// Guard is a condition on the key that is written. The zero Guard holds always.
type Guard struct {
	Absent  bool   // the key is not there
	Version uint64 // if not 0: this is the key's version
}

// SetOptions say how to write a key.
type SetOptions struct {
	TTL   time.Duration // how long the key lives, in whole milliseconds; 0: for ever
	Guard Guard
}

// ScanOptions say which keys to read; see state.KVScan.
type ScanOptions = state.KVScan

// Get reads a key.
func (k *KV) Get(ctx context.Context, level Consistency, namespace string, key []byte) (e Entry, found bool, err error) {
	err = k.a.View(ctx, level, func(v *state.View) (err error) {
		e, found, err = state.KVGet(v, k.tenant, namespace, key)
		return err
	})
	return e, found, err
}

// Set writes a key and returns its version.
func (k *KV) Set(ctx context.Context, namespace string, key, value []byte, o SetOptions) (version uint64, err error) {
	if o.TTL != 0 && o.TTL < time.Millisecond {
		return 0, abi.Errorf(abi.CodeInvalid, "kv: the shortest time to live is 1 ms")
	}
	r, err := k.one(ctx, o.Guard, state.KVWrite{Kind: state.KVSet, Namespace: namespace, Key: key, Value: value, TTL: o.TTL.Milliseconds()})
	return r.Version, err
}

// Delete removes a key and tells whether it was there.
func (k *KV) Delete(ctx context.Context, namespace string, key []byte, g Guard) (existed bool, err error) {
	r, err := k.one(ctx, g, state.KVWrite{Kind: state.KVDelete, Namespace: namespace, Key: key})
	return r.Existed, err
}

// Increment adds delta to a decimal number kept as text; an absent key counts as 0. It returns the sum.
func (k *KV) Increment(ctx context.Context, namespace string, key []byte, delta int64) (value int64, version uint64, err error) {
	r, err := k.one(ctx, Guard{}, state.KVWrite{Kind: state.KVAdd, Namespace: namespace, Key: key, Delta: delta})
	return r.Value, r.Version, err
}

func (k *KV) one(ctx context.Context, g Guard, w state.KVWrite) (state.KVResult, error) {
	t := Txn{Writes: []state.KVWrite{w}}
	if g.Absent || g.Version != 0 {
		if g.Absent && g.Version != 0 {
			return state.KVResult{}, abi.Errorf(abi.CodeInvalid, "kv: a key cannot be absent and have a version")
		}
		t.Guards = []state.KVGuard{{Namespace: w.Namespace, Key: w.Key, Version: g.Version}}
	}
	r, err := k.Txn(ctx, t)
	if err != nil {
		return state.KVResult{}, err
	}
	return r.Results[0], nil
}

// Txn does several writes together. The code conflict says that a condition did not hold and nothing was done.
func (k *KV) Txn(ctx context.Context, t Txn) (TxnResult, error) {
	b, err := ask(ctx, k.a, t.Command(k.tenant))
	if err != nil {
		return TxnResult{}, err
	}
	results, err := state.DecodeKVResults(b)
	if err == nil && len(results) != len(t.Writes) {
		err = abi.Errorf(abi.CodeInternal, "kv: %d answers for %d writes", len(results), len(t.Writes))
	}
	return TxnResult{results}, err
}

// Scan reads a page of keys in order, the token of the next page (nil after the last), and the index that the page is of.
func (k *KV) Scan(ctx context.Context, level Consistency, namespace string, o ScanOptions) (entries []Entry, next []byte, index uint64, err error) {
	err = k.a.View(ctx, level, func(v *state.View) (err error) {
		index = v.Index
		entries, next, err = state.KVRead(v, k.tenant, namespace, o)
		return err
	})
	return entries, next, index, err
}

// Usage returns what the tenant keeps, over all families, and its limits (0: none).
func (k *KV) Usage(ctx context.Context) (used, limits state.Usage, err error) {
	err = k.a.View(ctx, Stale(0), func(v *state.View) error {
		used, limits = state.UsageOf(v, k.tenant)
		return nil
	})
	return used, limits, err
}

// SetQuota sets the tenant's limits; 0 is none. What is kept already stays.
func (k *KV) SetQuota(ctx context.Context, limits state.Usage) error {
	_, err := ask(ctx, k.a, state.QuotaSet{Usage: limits}.Command(k.tenant))
	return err
}
