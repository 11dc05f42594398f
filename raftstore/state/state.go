// Package state is the replicated state machine, without a disk and without a network: what a committed command does to an ordered
// key space. Everything in it is pure. A command sees the keys, its arguments, its index in the log and the log's time; it never sees
// a clock, a random number, a map's order or the node's configuration, so every replica that applied the same commands has the same
// keys and values, byte for byte.
//
// A data type is a Family: one file with its commands (Apply), its reads (functions of a View) and what its timers do (Expire).
// Keys are built with Key, so that no two families, tenants or namespaces can meet.
package state

import (
	"bytes"
	"encoding/binary"
	"slices"
	"sort"
)

// Reader reads an ordered key space. A failure of storage is not an answer: implementations keep the first one and report it to their
// owner, who throws the whole result away.
type Reader interface {
	// Get returns the value of key. The value must not be changed; it stays as it is, also after the transaction or view.
	Get(key []byte) (value []byte, ok bool)
	// Scan visits the keys in [from, to) in ascending order until visit returns false. Key and value are valid during the visit only.
	Scan(from, to []byte, visit func(key, value []byte) bool)
	// Last visits the keys in [from, to) in descending order until visit returns false.
	Last(from, to []byte, visit func(key, value []byte) bool)
}

// Writer is the key space that committed commands change.
type Writer interface {
	Reader
	// Set keeps key and value: the caller must not change them afterwards.
	Set(key, value []byte)
	Delete(key []byte)
}

// View is the state at one index, for reads.
type View struct {
	Reader
	Index uint64 // of the last command that is visible
	Now   int64  // log time in milliseconds since the Unix epoch; what expires at or before it is gone
}

// Event tells watchers of a change. Value is nil when the key went away.
type Event struct {
	Tenant, Namespace string
	Key, Value        []byte
	Version           uint64 // of the key after the change
	Deleted           bool
}

// Size is about the memory of e in bytes.
func (e *Event) Size() int { return 64 + len(e.Key) + len(e.Value) }

// Tx is what one command reads and writes. Its writes reach the key space only when the command succeeds. Not safe for concurrent use.
type Tx struct {
	base   Writer
	index  uint64
	now    int64
	tenant string
	shard  uint16
	ids    uint32
	writes []write
	byKey  map[string]int // into writes; only when there are many
	events []Event
}

type write struct {
	key, value []byte
	deleted    bool
}

const manyWrites = 16

// Index is the command's index in the log. Commands of one entry share it; UniqueID tells them apart.
func (t *Tx) Index() uint64 { return t.index }

// Now is the log's time in milliseconds since the Unix epoch. It never runs backwards.
func (t *Tx) Now() int64 { return t.now }

// Tenant is the app on whose behalf the command runs; Shard where its keys are.
func (t *Tx) Tenant() string { return t.tenant }

// Key is Key for the tenant and shard of the command.
func (t *Tx) Key(family byte, namespace string, parts ...[]byte) []byte {
	return Key(family, t.shard, t.tenant, namespace, parts...)
}

// UniqueID returns a number that no other command gets, rising with the log: the index times 2^20, plus a count within the entry.
func (t *Tx) UniqueID() uint64 {
	t.ids++
	return t.index<<20 | uint64(t.ids-1)
}

func (t *Tx) find(key []byte) int {
	if t.byKey != nil {
		if i, ok := t.byKey[string(key)]; ok {
			return i
		}
		return -1
	}
	for i := range t.writes {
		if bytes.Equal(t.writes[i].key, key) {
			return i
		}
	}
	return -1
}

// Get returns the value of key, with the writes of this command in it.
func (t *Tx) Get(key []byte) ([]byte, bool) {
	if i := t.find(key); i >= 0 {
		return t.writes[i].value, !t.writes[i].deleted
	}
	return t.base.Get(key)
}

// Set keeps key and value: the caller must not change them afterwards.
func (t *Tx) Set(key, value []byte) { t.put(write{key: key, value: value}) }

// Delete removes key; that it does not exist is no error.
func (t *Tx) Delete(key []byte) { t.put(write{key: key, deleted: true}) }

func (t *Tx) put(w write) {
	if i := t.find(w.key); i >= 0 {
		t.writes[i] = w
		return
	}
	t.writes = append(t.writes, w)
	switch {
	case t.byKey != nil:
		t.byKey[string(w.key)] = len(t.writes) - 1
	case len(t.writes) > manyWrites:
		t.byKey = make(map[string]int, 4*manyWrites)
		for i := range t.writes {
			t.byKey[string(t.writes[i].key)] = i
		}
	}
}

// Scan visits [from, to) in ascending order, with the writes of this command in it. visit may write; it does not see that.
func (t *Tx) Scan(from, to []byte, visit func(key, value []byte) bool) {
	merge(t.own(from, to), func(f func(k, v []byte) bool) { t.base.Scan(from, to, f) }, bytes.Compare, visit)
}

// Last visits [from, to) in descending order, with the writes of this command in it.
func (t *Tx) Last(from, to []byte, visit func(key, value []byte) bool) {
	own := t.own(from, to)
	slices.Reverse(own)
	merge(own, func(f func(k, v []byte) bool) { t.base.Last(from, to, f) }, func(a, b []byte) int { return bytes.Compare(b, a) }, visit)
}

func (t *Tx) own(from, to []byte) []write {
	var own []write
	for _, w := range t.writes {
		if bytes.Compare(w.key, from) >= 0 && bytes.Compare(w.key, to) < 0 {
			own = append(own, w)
		}
	}
	sort.Slice(own, func(i, j int) bool { return bytes.Compare(own[i].key, own[j].key) < 0 })
	return own
}

func merge(own []write, base func(func(k, v []byte) bool), compare func(a, b []byte) int, visit func(k, v []byte) bool) {
	more := true
	next := func() {
		if !own[0].deleted {
			more = visit(own[0].key, own[0].value)
		}
		own = own[1:]
	}
	base(func(k, v []byte) bool {
		for more && len(own) > 0 && compare(own[0].key, k) < 0 {
			next()
		}
		if more && len(own) > 0 && bytes.Equal(own[0].key, k) {
			next()
			return more
		}
		if more {
			more = visit(k, v)
		}
		return more
	})
	for more && len(own) > 0 {
		next()
	}
}

// Emit tells watchers of a change, once the command has succeeded.
func (t *Tx) Emit(e Event) { t.events = append(t.events, e) }

// SetTimer makes the family's Expire run with ref once the log's time reaches at (milliseconds). ClearTimer takes that back; a timer
// that was not cleared finds out in Expire that it is stale.
func (t *Tx) SetTimer(at int64, family byte, ref []byte) { t.Set(timerKey(at, family, ref), nil) }

// ClearTimer removes a timer set with the same arguments.
func (t *Tx) ClearTimer(at int64, family byte, ref []byte) { t.Delete(timerKey(at, family, ref)) }

// Families' prefixes. A number is never used for anything else.
const (
	prefixMeta    = 0x00
	prefixReplies = 0x01
	prefixTimers  = 0x03

	FamilySystem  = 0x00 // ticks, feature level, hash checks
	FamilyKV      = 0x02
	FamilySession = 0x04 // user sessions, and once-only commands of outside clients
	FamilyCache   = 0x05
	FamilyLock    = 0x07
	FamilyBlob    = 0x08
	FamilyQueue   = 0x09
	FamilyApp     = 0x0b
	FamilySecret  = 0x0c
	FamilyQuota   = 0x0d

	familyTogether = 0x0e
	// 0x06, 0x0a, 0x0f: events, schedules and component state of later versions.
)

// Key builds a key: family, shard, tenant, namespace, then parts as they are, of which only the last may vary in length unless the
// family marks the lengths itself. Tenant and namespace are at most 255 bytes long.
func Key(family byte, shard uint16, tenant, namespace string, parts ...[]byte) []byte {
	n := 5 + len(tenant) + len(namespace)
	for _, p := range parts {
		n += len(p)
	}
	k := make([]byte, 0, n)
	k = append(k, family, byte(shard>>8), byte(shard), byte(len(tenant)))
	k = append(k, tenant...)
	k = append(k, byte(len(namespace)))
	k = append(k, namespace...)
	for _, p := range parts {
		k = append(k, p...)
	}
	return k
}

// Prefix returns the key that follows every key that begins with p: the end of a scan over a prefix.
func Prefix(p []byte) (end []byte) {
	end = slices.Clone(p)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil // all 0xff: no end; families' prefixes are below 0xff
}

// BE is v as eight big-endian bytes, which sort as the numbers do.
func BE(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }

func timerKey(at int64, family byte, ref []byte) []byte {
	k := make([]byte, 0, 10+len(ref))
	k = append(k, prefixTimers)
	k = binary.BigEndian.AppendUint64(k, uint64(max(at, 0)))
	k = append(k, family)
	return append(k, ref...)
}
