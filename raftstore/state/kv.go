package state

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"

	"github.com/stackhost/stackhost/abi"
)

// OpKVTxn is the one command of the kv family: writes under guards, all or none. A single write is a transaction of one.
const OpKVTxn = 1

// Limits of the kv family.
const (
	KVMaxKey   = 1024      // bytes
	KVMaxValue = 256 << 10 // bytes
	KVMaxOps   = 64        // guards, ranges and writes of one transaction
	KVMaxTTL   = 10 * 365 * 24 * 60 * 60 * 1000
	KVMaxPage  = 1000 // entries
	// KVRangeKeys is how many keys a KVRange may cover.
	KVRangeKeys = 1000
)

// KVFamily has keys and values, in order of the keys. A key's version is that of its last write, above every earlier one in the store.
//
//	k key   version, created (8 bytes each), expires (8, ms of log time, 0: never), value
//	d       version of the last deletion in the namespace, for range guards
var KVFamily = Register(&Family{ID: FamilyKV, Name: "kv", Apply: applyKV, Expire: expireKV})

// Kinds of writes.
const (
	KVSet    = 1
	KVDelete = 2
	KVAdd    = 3 // to a decimal number as text; an absent key counts as 0
)

// KVWrite is one write of a transaction.
type KVWrite struct {
	Kind      byte
	Namespace string
	Key       []byte
	Value     []byte // of KVSet
	TTL       int64  // of KVSet, ms; 0: for ever. KVAdd keeps what there is
	Delta     int64  // of KVAdd
}

// KVGuard is a condition on a key: its version is Version, or, with 0, it is absent.
type KVGuard struct {
	Namespace string
	Key       []byte
	Version   uint64
}

// KVRange is a condition on the keys with a prefix: none was written, deleted or expired after the index Since. A deletion elsewhere in
// the namespace may count as one. More than KVRangeKeys keys are the code limit.
type KVRange struct {
	Namespace string
	Prefix    []byte
	Since     uint64
}

// KVTxn is a transaction: when every condition holds all writes are done, else none, with the code conflict.
type KVTxn struct {
	Guards []KVGuard
	Ranges []KVRange
	Writes []KVWrite
}

// KVResult is the answer for one write.
type KVResult struct {
	Version uint64 // after the write; 0 after a deletion
	Existed bool   // before
	Value   int64  // of KVAdd, after it
}

// KVEntry is a key as it is stored.
type KVEntry struct {
	Key, Value       []byte
	Version, Created uint64 // of the last write, and of the write that made the key
	Expires          int64  // log time in ms; 0: never
}

// Command returns the command for tenant.
func (t KVTxn) Command(tenant string) Command {
	n := 64
	for i := range t.Writes {
		n += 48 + len(t.Writes[i].Namespace) + len(t.Writes[i].Key) + len(t.Writes[i].Value)
	}
	b := abi.AppendArray(make([]byte, 0, n), 3)
	b = abi.AppendArray(b, len(t.Guards))
	for _, g := range t.Guards {
		b = abi.AppendUint(abi.AppendBin(abi.AppendStr(abi.AppendArray(b, 3), g.Namespace), g.Key), g.Version)
	}
	b = abi.AppendArray(b, len(t.Ranges))
	for _, r := range t.Ranges {
		b = abi.AppendUint(abi.AppendBin(abi.AppendStr(abi.AppendArray(b, 3), r.Namespace), r.Prefix), r.Since)
	}
	b = abi.AppendArray(b, len(t.Writes))
	for i := range t.Writes {
		w := &t.Writes[i]
		b = abi.AppendUint(abi.AppendArray(b, 6), uint64(w.Kind))
		b = abi.AppendBin(abi.AppendBin(abi.AppendStr(b, w.Namespace), w.Key), w.Value)
		b = abi.AppendInt(abi.AppendInt(b, w.TTL), w.Delta)
	}
	return Command{Family: FamilyKV, Op: OpKVTxn, Tenant: tenant, Args: b}
}

func decodeKVTxn(args []byte) (t KVTxn, err error) {
	d := abi.NewDecoder(args)
	n := d.Record()
	list := func(i int, each func(t *tuple)) {
		if !d.Field(i, n) {
			return
		}
		for range d.Array() {
			f := tuple{d: d, n: d.Record()}
			each(&f)
			d.Rest(f.i, max(f.i, f.n))
			if d.Failed() {
				return
			}
		}
		d.Leave()
	}
	list(0, func(f *tuple) {
		t.Guards = append(t.Guards, KVGuard{Namespace: f.str(), Key: f.bin(), Version: f.uint()})
	})
	list(1, func(f *tuple) {
		t.Ranges = append(t.Ranges, KVRange{Namespace: f.str(), Prefix: f.bin(), Since: f.uint()})
	})
	list(2, func(f *tuple) {
		t.Writes = append(t.Writes, KVWrite{Kind: byte(f.uint()), Namespace: f.str(), Key: f.bin(), Value: f.bin(), TTL: f.int(), Delta: f.int()})
	})
	d.Rest(3, max(n, 3))
	if err := d.End(); err != nil {
		return t, abi.Errorf(abi.CodeInvalid, "kv: malformed transaction")
	}
	return t, nil
}

// DecodeKVResults reads the answer of a transaction.
func DecodeKVResults(b []byte) (results []KVResult, err error) {
	for len(b) > 0 {
		if len(b) < 17 {
			return nil, abi.Errorf(abi.CodeInternal, "kv: malformed answer")
		}
		results = append(results, KVResult{
			Version: binary.BigEndian.Uint64(b), Value: int64(binary.BigEndian.Uint64(b[8:])), Existed: b[16] == 1,
		})
		b = b[17:]
	}
	return results, nil
}

func (r KVResult) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, r.Version)
	b = binary.BigEndian.AppendUint64(b, uint64(r.Value))
	if r.Existed {
		return append(b, 1)
	}
	return append(b, 0)
}

var kvKind, kvDeletions = []byte{'k'}, []byte{'d'}

func (e *KVEntry) record() []byte {
	b := make([]byte, 24, 24+len(e.Value))
	binary.BigEndian.PutUint64(b, e.Version)
	binary.BigEndian.PutUint64(b[8:], e.Created)
	binary.BigEndian.PutUint64(b[16:], uint64(e.Expires))
	return append(b, e.Value...)
}

func kvEntry(record []byte) KVEntry {
	if len(record) < 24 {
		return KVEntry{}
	}
	return KVEntry{
		Version: binary.BigEndian.Uint64(record), Created: binary.BigEndian.Uint64(record[8:]),
		Expires: int64(binary.BigEndian.Uint64(record[16:])), Value: record[24:],
	}
}

// live tells whether e is there at log time now.
func (e *KVEntry) live(now int64) bool { return e.Expires == 0 || e.Expires > now }

func checkKVKey(namespace string, key []byte) error {
	if len(key) == 0 || len(key) > KVMaxKey {
		return abi.Errorf(abi.CodeInvalid, "kv: a key is 1 to %d bytes long, not %d", KVMaxKey, len(key))
	}
	return checkNamespace(namespace)
}

func applyKV(tx *Tx, op byte, args []byte) (reply []byte, err error) {
	if op != OpKVTxn {
		return nil, abi.Errorf(abi.CodeUnsupported, "kv: no command %d in this version", op)
	}
	t, err := decodeKVTxn(args)
	if err != nil {
		return nil, err
	}
	if n := len(t.Guards) + len(t.Ranges) + len(t.Writes); n > KVMaxOps {
		return nil, abi.Errorf(abi.CodeLimit, "kv: a transaction has at most %d guards and writes, not %d", KVMaxOps, n)
	}
	for i := range t.Guards {
		if err := t.Guards[i].check(tx); err != nil {
			return nil, err
		}
	}
	for i := range t.Ranges {
		if err := t.Ranges[i].check(tx); err != nil {
			return nil, err
		}
	}
	var bytes, keys int64
	reply = make([]byte, 0, 17*len(t.Writes))
	for i := range t.Writes {
		result, b, k, err := t.Writes[i].apply(tx)
		if err != nil {
			return nil, err
		}
		bytes, keys = bytes+b, keys+k
		reply = result.append(reply)
	}
	return reply, charge(tx, bytes, keys)
}

func (g *KVGuard) check(tx *Tx) error {
	if err := checkKVKey(g.Namespace, g.Key); err != nil {
		return err
	}
	version := uint64(0)
	if record, ok := tx.Get(tx.Key(FamilyKV, g.Namespace, kvKind, g.Key)); ok {
		if e := kvEntry(record); e.live(tx.now) {
			version = e.Version
		}
	}
	if version != g.Version {
		return abi.Errorf(abi.CodeConflict, "kv: %q has version %d, not %d", g.Key, version, g.Version)
	}
	return nil
}

func (r *KVRange) check(tx *Tx) error {
	if err := checkNamespace(r.Namespace); err != nil {
		return err
	}
	if last, ok := tx.Get(tx.Key(FamilyKV, r.Namespace, kvDeletions)); ok && binary.BigEndian.Uint64(last)>>20 > r.Since {
		return abi.Errorf(abi.CodeConflict, "kv: keys of %q were deleted after index %d", r.Namespace, r.Since)
	}
	from := tx.Key(FamilyKV, r.Namespace, kvKind, r.Prefix)
	n, changed := 0, false
	tx.Scan(from, Prefix(from), func(_, record []byte) bool {
		e := kvEntry(record)
		n++
		changed = e.Version>>20 > r.Since || !e.live(tx.now)
		return !changed && n <= KVRangeKeys
	})
	switch {
	case changed:
		return abi.Errorf(abi.CodeConflict, "kv: keys with the prefix %q changed after index %d", r.Prefix, r.Since)
	case n > KVRangeKeys:
		return abi.Errorf(abi.CodeLimit, "kv: more than %d keys have the prefix %q: guard fewer", KVRangeKeys, r.Prefix)
	}
	return nil
}

// apply does one write and returns by how much it changes what the tenant keeps.
func (w *KVWrite) apply(tx *Tx) (result KVResult, bytes, keys int64, err error) {
	if err := checkKVKey(w.Namespace, w.Key); err != nil {
		return result, 0, 0, err
	}
	key := tx.Key(FamilyKV, w.Namespace, kvKind, w.Key)
	record, stored := tx.Get(key)
	old := kvEntry(record)
	result.Existed = stored && old.live(tx.now)
	if stored {
		bytes, keys = -int64(len(w.Key)+len(old.Value)), -1
	}
	next := KVEntry{Created: old.Created}
	switch w.Kind {
	case KVDelete:
		if stored {
			dropKV(tx, w.Namespace, key, &old)
			told(tx, w.Namespace, w.Key, nil, tx.UniqueID(), true)
		}
		return result, bytes, keys, nil
	case KVSet:
		if len(w.Value) > KVMaxValue {
			return result, 0, 0, abi.Errorf(abi.CodeLimit, "kv: a value of %d bytes is over the limit of %d; use blob for long ones", len(w.Value), KVMaxValue)
		}
		if w.TTL < 0 || w.TTL > KVMaxTTL {
			return result, 0, 0, abi.Errorf(abi.CodeInvalid, "kv: a time to live is 1 ms to ten years, or 0 for ever")
		}
		next.Value = w.Value
		if w.TTL > 0 {
			next.Expires = tx.now + w.TTL
		}
	case KVAdd:
		n := int64(0)
		if result.Existed {
			if n, err = strconv.ParseInt(string(old.Value), 10, 64); err != nil {
				return result, 0, 0, abi.Errorf(abi.CodeConflict, "kv: the value of %q is not a decimal number", w.Key)
			}
			next.Expires = old.Expires
		}
		if w.Delta > 0 && n > math.MaxInt64-w.Delta || w.Delta < 0 && n < math.MinInt64-w.Delta {
			return result, 0, 0, abi.Errorf(abi.CodeConflict, "kv: %q does not fit into 64 bits any more", w.Key)
		}
		result.Value = n + w.Delta
		next.Value = strconv.AppendInt(nil, result.Value, 10)
	default:
		return result, 0, 0, abi.Errorf(abi.CodeInvalid, "kv: no kind %d of writes", w.Kind)
	}
	next.Version = tx.UniqueID()
	if !result.Existed {
		next.Created = next.Version
	}
	if stored && old.Expires != 0 && old.Expires != next.Expires {
		tx.ClearTimer(old.Expires, FamilyKV, key)
	}
	if next.Expires != 0 {
		tx.SetTimer(next.Expires, FamilyKV, key)
	}
	tx.Set(key, next.record())
	told(tx, w.Namespace, w.Key, next.Value, next.Version, false)
	result.Version = next.Version
	return result, bytes + int64(len(w.Key)+len(next.Value)), keys + 1, nil
}

func told(tx *Tx, namespace string, key, value []byte, version uint64, deleted bool) {
	tx.Emit(Event{Tenant: tx.tenant, Namespace: namespace, Key: bytes.Clone(key), Value: bytes.Clone(value), Version: version, Deleted: deleted})
}

// dropKV deletes a stored key.
func dropKV(tx *Tx, namespace string, key []byte, e *KVEntry) {
	if e.Expires != 0 {
		tx.ClearTimer(e.Expires, FamilyKV, key)
	}
	tx.Delete(key)
	tx.Set(tx.Key(FamilyKV, namespace, kvDeletions), BE(tx.UniqueID()))
}

func expireKV(tx *Tx, ref []byte) {
	namespace, rest, ok := onBehalfOf(tx, ref)
	record, stored := tx.Get(ref)
	if !ok || !stored || len(rest) < 2 {
		return
	}
	e := kvEntry(record)
	if e.live(tx.now) {
		return
	}
	dropKV(tx, namespace, bytes.Clone(ref), &e)
	charge(tx, -int64(len(rest)-1+len(e.Value)), -1)
	told(tx, namespace, rest[1:], nil, tx.UniqueID(), true)
}

// KVGet returns a key. The entry's Key is key; its Value must not be changed.
func KVGet(v *View, tenant, namespace string, key []byte) (KVEntry, bool, error) {
	if err := checkKVKey(namespace, key); err != nil {
		return KVEntry{}, false, err
	}
	record, ok := v.Get(Key(FamilyKV, 0, tenant, namespace, kvKind, key))
	if !ok {
		return KVEntry{}, false, nil
	}
	e := kvEntry(record)
	e.Key = key
	return e, e.live(v.Now), nil
}

// KVScan says which keys to read. Keys are in ascending order, or descending with Reverse.
type KVScan struct {
	Prefix   []byte
	After    []byte // the page token of the page before; nil for the first
	Limit    int    // entries, 1 to KVMaxPage; 0 means 100
	KeysOnly bool
	Reverse  bool
}

// kvScanBytes ends a page of long values.
const kvScanBytes = 512 << 10

// KVRead returns a page of the keys of a namespace and the token of the next one; nil after the last.
func KVRead(v *View, tenant, namespace string, s KVScan) (entries []KVEntry, next []byte, err error) {
	if err := checkNamespace(namespace); err != nil {
		return nil, nil, err
	}
	if s.Limit == 0 {
		s.Limit = 100
	}
	if s.Limit < 0 || s.Limit > KVMaxPage {
		return nil, nil, abi.Errorf(abi.CodeInvalid, "kv: a page has 1 to %d entries, not %d", KVMaxPage, s.Limit)
	}
	if s.After != nil && !bytes.HasPrefix(s.After, s.Prefix) {
		return nil, nil, abi.Errorf(abi.CodeInvalid, "kv: the page token does not belong to this prefix")
	}
	from := Key(FamilyKV, 0, tenant, namespace, kvKind, s.Prefix)
	to := Prefix(from)
	head := len(from) - len(s.Prefix)
	if s.After != nil {
		after := Key(FamilyKV, 0, tenant, namespace, kvKind, s.After)
		if s.Reverse {
			to = after
		} else {
			from = append(after, 0)
		}
	}
	read := v.Scan
	if s.Reverse {
		read = v.Last
	}
	size, more := 0, false
	read(from, to, func(key, record []byte) bool {
		e := kvEntry(record)
		if !e.live(v.Now) {
			return true
		}
		if len(entries) == s.Limit || size > kvScanBytes {
			more = true
			return false
		}
		e.Key = bytes.Clone(key[head:])
		if s.KeysOnly {
			e.Value = nil
		} else {
			e.Value = bytes.Clone(e.Value)
			size += len(e.Value)
		}
		size += len(e.Key)
		entries = append(entries, e)
		return true
	})
	if more {
		next = entries[len(entries)-1].Key
	}
	return entries, next, nil
}
