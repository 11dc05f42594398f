package stackhost

import (
	"encoding/json"
	"errors"
	"iter"
	"time"

	"github.com/stackhost/stackhost/sdk/go/internal/host"
	"github.com/stackhost/stackhost/sdk/go/internal/wire"
)

// Consistency says how fresh a read has to be.
type Consistency = wire.Consistency

// Consistencies.
const (
	Linearizable = wire.ConsistencyLinearizable // sees every write acknowledged anywhere before it began; the default
	Leased       = wire.ConsistencyLease        // the same, relying on clocks that run at about the same speed
	Stale        = wire.ConsistencyStale        // what this node has
)

// KV is a namespace of keys and values, shared by all requests, modules and nodes of the app.
//
//	posts := stackhost.KV("posts")
//	version, err := posts.Set("hello", []byte("world"))
type KV string

// Entry is a key with its value. Version rises with each write of the key.
type Entry struct {
	Key     string
	Value   []byte
	Version uint64
	Expires time.Time // zero: never
}

func expiry(ms uint64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(ms))
}

// SetOption says how to write.
type SetOption func(*setting)

type setting struct {
	ttl     time.Duration
	guard   wire.KvGuard
	version uint64
}

// TTL makes a key go after d, in whole milliseconds.
func TTL(d time.Duration) SetOption { return func(s *setting) { s.ttl = d } }

// IfAbsent writes only when there is nothing there; otherwise the error has CodeConflict.
func IfAbsent() SetOption { return func(s *setting) { s.guard = wire.KvGuardAbsent } }

// IfVersion writes only when that is the version there; otherwise the error has CodeConflict. 0 is IfAbsent.
func IfVersion(v uint64) SetOption {
	return func(s *setting) { s.guard, s.version = wire.KvGuardVersion, v }
}

func settings(options []SetOption) (s setting) {
	for _, o := range options {
		o(&s)
	}
	return s
}

func millis(d time.Duration) uint64 {
	if d <= 0 {
		return 0
	}
	return uint64((d + time.Millisecond - 1) / time.Millisecond)
}

// Get reads a key. found is false when it is not there.
func (k KV) Get(key string) (e Entry, found bool, err error) { return k.Read(key, Linearizable) }

// Read is Get with another consistency.
func (k KV) Read(key string, c Consistency) (e Entry, found bool, err error) {
	req := wire.KvGetRequest{Namespace: string(k), Key: []byte(key), Consistency: c}
	reply, err := ask(host.KvGet, req.Append(nil))
	if err != nil {
		return Entry{}, false, err
	}
	var r wire.KvGetReply
	if err := r.Decode(reply); err != nil || !r.Found {
		return Entry{}, false, err
	}
	return Entry{Key: key, Value: r.Value, Version: r.Version, Expires: expiry(r.ExpiresMs)}, true, nil
}

// Set writes a key and returns its version.
func (k KV) Set(key string, value []byte, options ...SetOption) (version uint64, err error) {
	s := settings(options)
	req := wire.KvSetRequest{Namespace: string(k), Key: []byte(key), Value: value, TtlMs: millis(s.ttl), Guard: s.guard, Version: s.version}
	reply, err := ask(host.KvSet, req.Append(make([]byte, 0, len(key)+len(value)+64)))
	if err != nil {
		return 0, err
	}
	var r wire.KvSetReply
	err = r.Decode(reply)
	return r.Version, err
}

// GetJSON reads a key whose value is JSON into v and returns its version, 0 when it is not there.
func (k KV) GetJSON(key string, v any) (version uint64, err error) {
	e, found, err := k.Get(key)
	if err != nil || !found {
		return 0, err
	}
	return e.Version, json.Unmarshal(e.Value, v)
}

// SetJSON writes v as JSON.
func (k KV) SetJSON(key string, v any, options ...SetOption) (version uint64, err error) {
	b, err := json.Marshal(v)
	if err != nil {
		return 0, err
	}
	return k.Set(key, b, options...)
}

// Delete removes a key and tells whether it was there.
func (k KV) Delete(key string, options ...SetOption) (existed bool, err error) {
	s := settings(options)
	req := wire.KvDeleteRequest{Namespace: string(k), Key: []byte(key), Guard: s.guard, Version: s.version}
	reply, err := ask(host.KvDelete, req.Append(nil))
	if err != nil {
		return false, err
	}
	var r wire.KvDeleteReply
	err = r.Decode(reply)
	return r.Existed, err
}

// Increment adds delta to a counter, which is a decimal number kept as text, and returns the sum.
func (k KV) Increment(key string, delta int64) (int64, error) {
	req := wire.KvIncrementRequest{Namespace: string(k), Key: []byte(key), Delta: delta}
	reply, err := ask(host.KvIncrement, req.Append(nil))
	if err != nil {
		return 0, err
	}
	var r wire.KvIncrementReply
	err = r.Decode(reply)
	return r.Value, err
}

// updates is how often Update tries.
const updates = 16

// Update reads a key, lets change make the new value, and writes it if nobody else has written in the meantime; else it begins again.
// change gets nil for a key that is not there, and leaves everything as it is by returning nil.
func (k KV) Update(key string, change func(value []byte) ([]byte, error), options ...SetOption) error {
	for try := 0; ; try++ {
		e, found, err := k.Get(key)
		if err != nil {
			return err
		}
		next, err := change(e.Value)
		if err != nil || next == nil {
			return err
		}
		guard := IfAbsent()
		if found {
			guard = IfVersion(e.Version)
		}
		_, err = k.Set(key, next, append(options[:len(options):len(options)], guard)...)
		if !errors.Is(err, &Error{Code: CodeConflict}) || try == updates {
			return err
		}
	}
}

// Scan says which keys to read.
type Scan struct {
	Prefix      string
	After       string // Page.Next of the page before
	Limit       int    // entries, up to 1,000; 0 means 100
	KeysOnly    bool
	Reverse     bool
	Consistency Consistency
}

// Page is a run of keys in order. Next is empty after the last.
type Page struct {
	Entries []Entry
	Next    string
	Index   uint64 // for ranges of a transaction
}

// Scan reads a page of keys.
func (k KV) Scan(s Scan) (Page, error) {
	req := wire.KvScanRequest{
		Namespace: string(k), Prefix: []byte(s.Prefix), After: []byte(s.After), Limit: uint64(s.Limit),
		KeysOnly: s.KeysOnly, Reverse: s.Reverse, Consistency: s.Consistency,
	}
	reply, err := ask(host.KvScan, req.Append(nil))
	if err != nil {
		return Page{}, err
	}
	var r wire.KvScanReply
	if err := r.Decode(reply); err != nil {
		return Page{}, err
	}
	p := Page{Next: string(r.Next), Index: r.Index}
	for _, e := range r.Entries {
		p.Entries = append(p.Entries, Entry{Key: string(e.Key), Value: e.Value, Version: e.Version, Expires: expiry(e.ExpiresMs)})
	}
	return p, nil
}

// All yields every key that s asks for, page after page.
func (k KV) All(s Scan) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for {
			p, err := k.Scan(s)
			if err != nil {
				yield(Entry{}, err)
				return
			}
			for _, e := range p.Entries {
				if !yield(e, nil) {
					return
				}
			}
			if s.After = p.Next; p.Next == "" {
				return
			}
		}
	}
}

// Txn is several writes, of any namespaces of the app, that are done together when all conditions hold, else not at all.
type Txn struct{ rec wire.KvTransactRequest }

// Transact runs f and commits what it put into the Txn; when somebody else wrote in the meantime, it begins again with an empty one, 16
// times at most. An error of f ends it, and nothing is done. Read with Txn.Get what the writes depend on.
func Transact(f func(t *Txn) error) ([]Written, error) {
	for try := 0; ; try++ {
		t := new(Txn)
		if err := f(t); err != nil {
			return nil, err
		}
		written, err := t.Commit()
		if !errors.Is(err, &Error{Code: CodeConflict}) || try == updates {
			return written, err
		}
	}
}

// Get reads a key and makes it a condition that it stays as it is, there or not, until Commit.
func (t *Txn) Get(k KV, key string) (e Entry, found bool, err error) {
	if e, found, err = k.Get(key); err == nil {
		t.Check(k, key, e.Version)
	}
	return e, found, err
}

// Check makes the version of a key a condition; 0: the key is not there.
func (t *Txn) Check(k KV, key string, version uint64) *Txn {
	t.rec.Checks = append(t.rec.Checks, wire.KvCheck{Namespace: string(k), Key: []byte(key), Version: version})
	return t
}

// Unchanged makes it a condition that no key with the prefix changed since the index of a Page.
func (t *Txn) Unchanged(k KV, prefix string, index uint64) *Txn {
	t.rec.Ranges = append(t.rec.Ranges, wire.KvRange{Namespace: string(k), Prefix: []byte(prefix), Index: index})
	return t
}

// Set writes a key. Of the options only TTL counts.
func (t *Txn) Set(k KV, key string, value []byte, options ...SetOption) *Txn {
	return t.add(wire.KvWrite{Kind: wire.KvWriteKindSet, Namespace: string(k), Key: []byte(key), Value: value, TtlMs: millis(settings(options).ttl)})
}

// Delete removes a key.
func (t *Txn) Delete(k KV, key string) *Txn {
	return t.add(wire.KvWrite{Kind: wire.KvWriteKindDelete, Namespace: string(k), Key: []byte(key)})
}

// Increment adds to a counter.
func (t *Txn) Increment(k KV, key string, delta int64) *Txn {
	return t.add(wire.KvWrite{Kind: wire.KvWriteKindIncrement, Namespace: string(k), Key: []byte(key), Delta: delta})
}

func (t *Txn) add(w wire.KvWrite) *Txn {
	t.rec.Writes = append(t.rec.Writes, w)
	return t
}

// Written is the outcome of one write of a transaction.
type Written struct {
	Version uint64 // 0 after a deletion
	Existed bool
	Value   int64 // of an increment
}

// Commit does the writes and returns an outcome for each. CodeConflict: a condition does not hold, and nothing was done.
func (t *Txn) Commit() ([]Written, error) {
	reply, err := ask(host.KvTransact, t.rec.Append(nil))
	if err != nil {
		return nil, err
	}
	var r wire.KvTransactReply
	if err := r.Decode(reply); err != nil {
		return nil, err
	}
	written := make([]Written, len(r.Results))
	for i, w := range r.Results {
		written[i] = Written{Version: w.Version, Existed: w.Existed, Value: w.Value}
	}
	return written, nil
}
