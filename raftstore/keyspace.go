package raftstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
	"github.com/stackhost/stackhost/raftstore/state"
)

// A keyspace is a Badger database in managed mode, whose commit timestamps are indexes of the Raft log.
//
// The Raft log is its only write-ahead log. Badger's own (the .mem files) is never synced, so after a power cut any part of it may be
// missing, an older part while a newer one is there; it is therefore thrown away whenever the keyspace is opened. What is left are the
// tables, which Badger syncs and records in its manifest before it drops the memtable that they came from, in the order of the
// memtables. A transaction is in one memtable. So the tables hold the effect of exactly the entries up to some index, which Meta,
// written in each transaction, names: the durable index. Entries after it are applied again from the Raft log, which is never cut
// beyond it. A version at index i of any key is the value right after entry i, in whatever batches the entries were applied, so
// applying them again changes nothing.
type keyspace struct {
	db   *badger.DB
	dir  string
	refs atomic.Int64 // the store's, and one for each view

	mu      sync.Mutex
	current atomic.Pointer[view]
	views   map[*view]struct{} // guarded by mu
	floor   uint64             // guarded by mu; versions below are wanted by views only
	discard uint64             // guarded by mu; what Badger was told last

	recent recent // of the goroutine that applies entries
}

// Bytes of Badger's memory. A memtable bounds the longest transaction (15 %) and what is applied again after a crash.
const (
	memTableBytes   = 32 << 20
	blockCacheBytes = 64 << 20
	indexCacheBytes = 32 << 20
	// valueLogBytes is the length from which Badger keeps values outside of tables. No command can make one.
	valueLogBytes = 1 << 20
	// batchBytes is how much of the log one transaction takes in; it may exceed this by one entry and what that expands to.
	batchBytes = 1 << 20
)

func openKeyspace(dir string, log badger.Logger) (*keyspace, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := dropMemtables(dir); err != nil {
		return nil, err
	}
	opt := badger.DefaultOptions(dir).WithLogger(log).
		WithMemTableSize(memTableBytes).WithNumMemtables(3).WithBlockCacheSize(blockCacheBytes).WithIndexCacheSize(indexCacheBytes).
		WithNumCompactors(2).WithDetectConflicts(false).WithMetricsEnabled(false).WithSyncWrites(false).WithCompression(options.None).
		WithChecksumVerificationMode(options.OnBlockRead).WithNumVersionsToKeep(1).WithValueLogFileSize(64 << 20).WithNumLevelZeroTables(4).WithValueThreshold(valueLogBytes)
	db, err := badger.OpenManaged(opt)
	if err != nil {
		return nil, corrupt(dir, err)
	}
	k := &keyspace{db: db, dir: dir, views: map[*view]struct{}{}}
	k.refs.Store(1)
	if err := k.verify(); err != nil {
		db.Close()
		return nil, err
	}
	return k, nil
}

// verify checks every block of every table. Badger checks a block when it reads it, but takes one that is damaged for one in which the
// key is not; so damage has to be found before: when the keyspace is opened, and by a scrub from time to time.
func (k *keyspace) verify() (err error) {
	defer func() {
		if r := recover(); r != nil { // Badger 4.9.6 panics on the block that it could not read
			err = &CorruptError{Path: k.dir, Err: errors.New("checksum error in a block of a table")}
		}
	}()
	return corrupt(k.dir, k.db.VerifyChecksum())
}

// dropMemtables removes what only a clean stop would have made durable; a clean stop leaves none. Files of the value log go too: values
// are too short to be in them, and one that a kill left at length 0 would keep Badger 4.9.6 from opening.
func dropMemtables(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.mem"))
	if err != nil {
		return err
	}
	values, err := filepath.Glob(filepath.Join(dir, "*.vlog"))
	for _, f := range append(files, values...) {
		err = errors.Join(err, os.Remove(f))
	}
	return err
}

// durable returns the index up to which the tables hold everything.
func (k *keyspace) durable() (index uint64) {
	for _, t := range k.db.Tables() {
		index = max(index, t.MaxVersion)
	}
	return index
}

// meta reads what is stored as of the newest version.
func (k *keyspace) meta() (state.Meta, error) {
	txn := k.db.NewTransactionAt(^uint64(0), false)
	defer txn.Discard()
	item, err := txn.Get(state.MetaKey)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return state.Meta{}, nil
	}
	if err != nil {
		return state.Meta{}, corrupt(k.dir, err)
	}
	b, err := item.ValueCopy(nil)
	if err != nil {
		return state.Meta{}, corrupt(k.dir, err)
	}
	return state.DecodeMeta(b)
}

// CorruptError says that stored bytes are not what was written. The node must not serve them.
type CorruptError struct {
	Path string
	Err  error
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("store: %s is damaged (%v): what it holds must not be used. On a cluster, move this node's data folder away and let the node join again; "+
		"on a single node, restore a backup with `stackhost cluster restore`. `stackhost store verify` lists the damage", e.Path, e.Err)
}

func (e *CorruptError) Unwrap() error { return e.Err }

func corrupt(path string, err error) error {
	if err == nil || errors.Is(err, badger.ErrTxnTooBig) || strings.Contains(err.Error(), "Cannot acquire directory lock") {
		return err
	}
	return &CorruptError{Path: path, Err: err}
}

// release ends one use of k and closes it after the last.
func (k *keyspace) release() error {
	if k.refs.Add(-1) > 0 {
		return nil
	}
	return k.db.Close()
}

// A view is the keyspace at one index. Readers at the same index share it.
type view struct {
	k     *keyspace
	txn   *badger.Txn
	index uint64
	now   int64
	refs  atomic.Int64 // 0: gone
}

// at returns a view at index, which must have been applied, with one reference for the caller.
func (k *keyspace) at(index uint64, now int64) *view {
	if v := k.current.Load(); v != nil && v.index == index && v.acquire() {
		return v
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if v := k.current.Load(); v != nil && v.index == index && v.acquire() {
		return v
	}
	k.refs.Add(1)
	v := &view{k: k, txn: k.db.NewTransactionAt(index, false), index: index, now: now}
	k.views[v] = struct{}{}
	if old := k.current.Load(); old == nil || old.index < index {
		v.refs.Store(2)
		k.current.Store(v)
		if old != nil {
			old.dropLocked()
		}
	} else {
		v.refs.Store(1)
	}
	return v
}

func (v *view) acquire() bool {
	for {
		n := v.refs.Load()
		if n == 0 {
			return false
		}
		if v.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (v *view) release() {
	if v.refs.Add(-1) == 0 {
		v.k.mu.Lock()
		v.end()
		v.k.mu.Unlock()
		v.k.release()
	}
}

// dropLocked is release with k.mu held; the keyspace's own reference stays, so it does not close here.
func (v *view) dropLocked() {
	if v.refs.Add(-1) == 0 {
		v.end()
		v.k.refs.Add(-1)
	}
}

func (v *view) end() {
	v.txn.Discard()
	delete(v.k.views, v)
	v.k.allowLocked()
}

// allow lets Badger forget versions that nobody at index or later can see.
func (k *keyspace) allow(index uint64) {
	k.mu.Lock()
	k.floor = max(k.floor, index)
	if v := k.current.Load(); v != nil { // an idle current view would hold everything back
		k.current.Store(nil)
		v.dropLocked()
	}
	k.allowLocked()
	k.mu.Unlock()
}

func (k *keyspace) allowLocked() {
	oldest := k.floor
	for v := range k.views {
		oldest = min(oldest, v.index)
	}
	if oldest > k.discard {
		k.discard = oldest
		k.db.SetDiscardTs(oldest)
	}
}

// closeViews ends the current view, before the keyspace goes away.
func (k *keyspace) closeViews() {
	k.mu.Lock()
	if v := k.current.Swap(nil); v != nil {
		v.dropLocked()
	}
	k.mu.Unlock()
}

// reader reads a Badger transaction as a state.Reader. The first failure is kept in err.
type reader struct {
	txn *badger.Txn
	dir string
	err error
	mu  sync.Mutex // guards err; commands of one view may read concurrently
}

func (r *reader) fail(err error) {
	r.mu.Lock()
	if r.err == nil {
		r.err = corrupt(r.dir, err)
	}
	r.mu.Unlock()
}

func (r *reader) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Get implements state.Reader.
func (r *reader) Get(key []byte) ([]byte, bool) {
	item, err := r.txn.Get(key)
	if err != nil {
		if !errors.Is(err, badger.ErrKeyNotFound) {
			r.fail(err)
		}
		return nil, false
	}
	value, err := item.ValueCopy(nil)
	if err != nil {
		r.fail(err)
		return nil, false
	}
	return value, true
}

// Scan implements state.Reader.
func (r *reader) Scan(from, to []byte, visit func(key, value []byte) bool) {
	r.walk(from, func(key []byte) bool { return string(key) < string(to) }, false, visit)
}

// Last implements state.Reader.
func (r *reader) Last(from, to []byte, visit func(key, value []byte) bool) {
	r.walk(to, func(key []byte) bool { return string(key) >= string(from) }, true, func(key, value []byte) bool {
		return string(key) >= string(to) || visit(key, value) // a reverse seek finds to itself too
	})
}

func (r *reader) walk(start []byte, within func(key []byte) bool, reverse bool, visit func(key, value []byte) bool) {
	it := r.txn.NewIterator(badger.IteratorOptions{PrefetchValues: false, Reverse: reverse})
	defer it.Close()
	for it.Seek(start); it.Valid(); it.Next() {
		item := it.Item()
		key := item.Key()
		if !within(key) {
			return
		}
		more := true
		if err := item.Value(func(value []byte) error {
			more = visit(key, value)
			return nil
		}); err != nil {
			r.fail(err)
			return
		}
		if !more {
			return
		}
	}
}

// writer is a reader whose transaction is written too.
type writer struct {
	reader
	recent *recent
	bytes  int // written so far
}

// Get implements state.Reader.
func (w *writer) Get(key []byte) ([]byte, bool) {
	if v, ok := w.recent.get(key); ok {
		return v.value, v.there
	}
	value, ok := w.reader.Get(key)
	if w.failure() == nil {
		w.recent.put(key, value, ok)
	}
	return value, ok
}

// Set implements state.Writer.
func (w *writer) Set(key, value []byte) {
	w.bytes += len(key) + len(value) + 32
	if len(value) >= valueLogBytes {
		w.fail(fmt.Errorf("a value of %d bytes would leave the tables", len(value)))
		return
	}
	if err := w.txn.Set(key, value); err != nil {
		w.fail(err)
	}
	w.recent.put(key, value, true)
}

// Delete implements state.Writer.
func (w *writer) Delete(key []byte) {
	w.bytes += len(key) + 32
	if err := w.txn.Delete(key); err != nil {
		w.fail(err)
	}
	w.recent.put(key, nil, false)
}
