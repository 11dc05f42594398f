package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/stackhost/stackhost/abi"
)

// Family is one data type: a set of commands over keys with one prefix.
type Family struct {
	ID   byte
	Name string
	// Apply runs one command. args is valid during the call and may be kept. An error (an *abi.Error) is the command's answer:
	// its writes are dropped and the commands beside it are not affected.
	Apply func(tx *Tx, op byte, args []byte) (reply []byte, err error)
	// Expire runs when a timer is due; nil when the family sets none. It must cope with timers that are stale.
	Expire func(tx *Tx, ref []byte)
	// Since is the feature level at which all of the family's commands may be proposed.
	Since uint16
}

// Families are all data types that this version knows.
func Families() []*Family { return families }

var families []*Family

// Register adds a family, when a package is initialised.
func Register(f *Family) *Family {
	families = append(families, f)
	return f
}

// Command is one command of a family, for one tenant.
type Command struct {
	Family, Op byte
	Shard      uint16
	Tenant     string
	Args       []byte
}

// Bundle is a run of commands that one origin sent together. With a Session they are applied once, however often they are sent: the
// replies are kept until Sequence numbers have moved on by Window.
type Bundle struct {
	Session, Sequence uint64
	Commands          []Command

	client bool // the session is an outside client's, not a node's
}

// Window is how many numbered bundles of one session may be without an answer at a time.
const Window = 1024

// MaxEntry is the longest entry in bytes.
const MaxEntry = 1 << 20

// Meta is what the machine knows besides its keys. It is stored with every batch, in the same transaction.
type Meta struct {
	Index   uint64 // of the last entry applied
	Now     int64  // log time, ms
	Chain   uint64 // hash over everything written since the beginning
	Feature uint16 // commands up to this level may be proposed
}

// MetaKey is where Meta is stored.
var MetaKey = []byte{prefixMeta, 'm'}

// Append encodes m.
func (m Meta) Append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, m.Index)
	dst = binary.BigEndian.AppendUint64(dst, uint64(m.Now))
	dst = binary.BigEndian.AppendUint64(dst, m.Chain)
	return binary.BigEndian.AppendUint16(dst, m.Feature)
}

// DecodeMeta is the reverse of Append. Longer values are of later versions and accepted.
func DecodeMeta(b []byte) (Meta, error) {
	if len(b) < 26 {
		return Meta{}, fmt.Errorf("state: meta record of %d bytes", len(b))
	}
	return Meta{
		Index: binary.BigEndian.Uint64(b), Now: int64(binary.BigEndian.Uint64(b[8:])), Chain: binary.BigEndian.Uint64(b[16:]),
		Feature: binary.BigEndian.Uint16(b[24:]),
	}, nil
}

// Machine applies entries. Not safe for concurrent use.
type Machine struct {
	Meta
	families [256]*Family
	tx       Tx
	ticked   int64                               // log time, ms; no timer is before it
	recent   [4096]struct{ index, chain uint64 } // by index; what a leader's check is compared with
}

// NewMachine returns a Machine that goes on from meta.
func NewMachine(meta Meta) *Machine {
	m := &Machine{Meta: meta}
	for _, f := range families {
		m.families[f.ID] = f
	}
	return m
}

// Divergence is the error of an entry that found this replica's history different from the leader's. The node must stop.
type Divergence struct{ Index, Own, Leader uint64 }

func (d *Divergence) Error() string {
	return fmt.Sprintf("state: this replica's history differs from the leader's at index %d (hash %016x, leader %016x): its data must not be used; wipe its data folder and let it join again", d.Index, d.Own, d.Leader)
}

// Apply runs the entry at index on base and returns the replies, one element a bundle, and what watchers are told. An error means that
// the entry cannot be understood or that the replica has diverged; the node must stop.
func (m *Machine) Apply(base Writer, index uint64, entry []byte) (replies [][]byte, events []Event, err error) {
	e, err := DecodeEntry(entry)
	if err != nil {
		return nil, nil, fmt.Errorf("state: entry %d: %w", index, err)
	}
	if own := m.recent[e.CheckIndex%uint64(len(m.recent))]; e.Check != 0 && own.index == e.CheckIndex && own.chain != e.Check {
		return nil, nil, &Divergence{Index: own.index, Own: own.chain, Leader: e.Check}
	}
	m.Index = index
	m.Now = max(m.Now, e.Now)
	tx := &m.tx
	*tx = Tx{base: base, index: index, now: m.Now, writes: tx.writes[:0], events: nil}
	for i := range e.Bundles {
		replies = append(replies, m.bundle(tx, &e.Bundles[i]))
	}
	events, tx.events = tx.events, nil
	m.recent[index%uint64(len(m.recent))] = struct{ index, chain uint64 }{index, m.Chain}
	return replies, events, nil
}

// bundle runs the commands of b, or returns the replies of when it was run before.
func (m *Machine) bundle(tx *Tx, b *Bundle) (reply []byte) {
	if b.Session != 0 {
		if kept, ok := m.kept(tx, b); ok {
			return kept
		}
	}
	for i := range b.Commands {
		payload, err := m.run(tx, &b.Commands[i])
		reply = AppendReply(reply, payload, err)
	}
	if b.Session != 0 {
		m.keep(tx, b, reply)
	}
	return reply
}

// run runs one command and moves its writes to the base when it succeeds.
func (m *Machine) run(tx *Tx, c *Command) (reply []byte, err error) {
	tx.tenant, tx.shard = c.Tenant, c.Shard
	told := len(tx.events)
	if c.Family == FamilySystem {
		reply, err = m.system(tx, c)
	} else if c.Family == FamilySession && c.Op == OpOnce {
		reply, err = m.once(tx, c.Args)
	} else if f := m.families[c.Family]; f == nil {
		err = abi.Errorf(abi.CodeUnsupported, "store: no command family %d in this version", c.Family)
	} else {
		reply, err = f.Apply(tx, c.Op, c.Args)
	}
	if err != nil {
		tx.events = tx.events[:told]
		tx.reset()
		return nil, err
	}
	m.flush(tx)
	return reply, nil
}

func (t *Tx) reset() { t.writes, t.byKey = t.writes[:0], nil }

func (m *Machine) flush(tx *Tx) {
	var h xxhash.Digest
	h.ResetWithSeed(m.Chain)
	var lengths [9]byte
	for _, w := range tx.writes {
		binary.LittleEndian.PutUint32(lengths[:], uint32(len(w.key)))
		binary.LittleEndian.PutUint32(lengths[4:], uint32(len(w.value)))
		lengths[8] = 0
		if w.deleted {
			lengths[8] = 1
			tx.base.Delete(w.key)
		} else {
			tx.base.Set(w.key, w.value)
		}
		h.Write(lengths[:])
		h.Write(w.key)
		h.Write(w.value)
	}
	m.Chain = h.Sum64()
	tx.reset()
}

// Replies of a session's bundles are in a ring of Window keys; a value begins with its sequence number, and a client's with the likeness
// of its bundle after that.
func (b *Bundle) replyKey() []byte {
	if b.client {
		return binary.BigEndian.AppendUint16(clientReplies(b.Session), uint16(b.Sequence%Window))
	}
	k := make([]byte, 0, 11)
	k = append(k, prefixReplies)
	k = binary.BigEndian.AppendUint64(k, b.Session)
	return binary.BigEndian.AppendUint16(k, uint16(b.Sequence%Window))
}

// open tells whether the session of b is open, and renews it: by use, but not at every use.
func (m *Machine) open(tx *Tx, b *Bundle) bool {
	key, touch, renew := sessionKey(b.Session), touchSession, int64(nodeSessionTTL/4)
	if b.client {
		key, touch, renew = clientSession(b.Session), touchClient, onceRenew
	}
	last, open := tx.base.Get(key)
	if !open {
		return false
	}
	at := int64(binary.BigEndian.Uint64(last))
	if b.client && m.Now-at >= OnceTTL+onceRenew { // its timer has not run yet
		return false
	}
	if m.Now-at > renew {
		touch(tx, b.Session, at, m.Now)
		m.flush(tx)
	}
	return true
}

// kept returns the reply of a bundle that was applied before, or an error reply for one that must not run.
func (m *Machine) kept(tx *Tx, b *Bundle) ([]byte, bool) {
	if !m.open(tx, b) {
		return repeat(b, abi.Errorf(abi.CodeClosed, "%s%d has expired; whether earlier commands ran is unknown", expired, b.Session)), true
	}
	v, ok := tx.base.Get(b.replyKey())
	if !ok {
		return nil, false
	}
	switch seen := binary.BigEndian.Uint64(v); {
	case seen == b.Sequence && !b.client:
		return v[8:], true
	case seen == b.Sequence:
		if binary.BigEndian.Uint64(v[8:]) != b.likeness() {
			return repeat(b, abi.Errorf(abi.CodeConflict, "store: number %d of session %d was used for another write: give each its own", b.Sequence, b.Session)), true
		}
		return v[16:], true
	case seen > b.Sequence:
		return repeat(b, abi.Errorf(abi.CodeClosed, "store: command %d of session %d was answered long ago", b.Sequence, b.Session)), true
	}
	return nil, false
}

const expired = "store: session "

// Expired tells whether err is the answer to a bundle whose session is not open.
func Expired(err error) bool {
	var e *abi.Error
	return errors.As(err, &e) && e.Code == abi.CodeClosed && strings.HasPrefix(e.Text, expired)
}

func (m *Machine) keep(tx *Tx, b *Bundle, reply []byte) {
	v := binary.BigEndian.AppendUint64(make([]byte, 0, 16+len(reply)), b.Sequence)
	if b.client {
		v = binary.BigEndian.AppendUint64(v, b.likeness())
	}
	tx.Set(b.replyKey(), append(v, reply...))
	m.flush(tx)
}

func repeat(b *Bundle, err error) (reply []byte) {
	for range b.Commands {
		reply = AppendReply(reply, nil, err)
	}
	return reply
}
