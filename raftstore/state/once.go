package state

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
	"github.com/stackhost/stackhost/abi"
)

// Commands of outside clients that are applied once. A client opens a session and numbers its commands; the session's answers are kept
// in a ring like those of a node's own session, but apart from them, so that no client can get in a node's way.

// OnceTTL is how long a client's session lives at least after its last use, in ms of log time.
const OnceTTL = 10 * 60 * 1000

// onceRenew is how far the stored time of the last use may lag behind, so that not every use writes it.
const onceRenew = OnceTTL / 4

// MaxOnceSession is the highest id of a client's session: JSON numbers are exact up to it.
const MaxOnceSession = 1<<53 - 1

// OnceOpen opens the session of an outside client. ID is a random number from 1 to MaxOnceSession that the proposer made up; one that is
// taken is abi.CodeConflict.
type OnceOpen struct{ ID uint64 }

// Command returns the command.
func (o OnceOpen) Command() Command {
	return Command{Family: FamilySession, Op: OpOnceOpen, Args: abi.AppendUint(abi.AppendArray(nil, 1), o.ID)}
}

// Once has commands applied once per session of a client and sequence number, which is 1 or more. The answer is a run of replies for
// DecodeReplies. When the session is not open each of them is abi.CodeClosed; when the number was used for other commands (another
// tenant, family or operation), abi.CodeConflict. Commands of the system, and Once itself, cannot be in it.
type Once struct {
	Session, Sequence uint64
	Commands          []Command
}

// Command returns the command.
func (o Once) Command() Command {
	b := Bundle{Session: o.Session, Sequence: o.Sequence, Commands: o.Commands}
	n := 32
	for i := range o.Commands {
		n += o.Commands[i].Size()
	}
	return Command{Family: FamilySession, Op: OpOnce, Args: b.Append(make([]byte, 0, n))}
}

// once runs a Once. It returns an error only when nothing in it was run, now or earlier.
func (m *Machine) once(tx *Tx, args []byte) ([]byte, error) {
	b, err := DecodeBundle(args)
	if err != nil || b.Session == 0 || b.Sequence == 0 || len(b.Commands) == 0 {
		return nil, abi.Errorf(abi.CodeInvalid, "store: a numbered write needs a session, a number from 1 up, and commands")
	}
	for i := range b.Commands {
		if c := &b.Commands[i]; c.Family == FamilySystem || c.Family == FamilySession && (c.Op == OpOnce || c.Op == OpOnceOpen) {
			return nil, abi.Errorf(abi.CodeInvalid, "store: command %d of family %d cannot be numbered by a client", c.Op, c.Family)
		}
	}
	b.client = true
	return m.bundle(tx, &b), nil
}

func clientSession(id uint64) []byte { return Key(FamilySession, 0, "", "", []byte{'c'}, BE(id)) }

func clientReplies(id uint64) []byte { return Key(FamilySession, 0, "", "", []byte{'r'}, BE(id)) }

func openClient(tx *Tx, args []byte) ([]byte, error) {
	t := openTuple(args)
	id := t.uint()
	if err := t.end(); err != nil || id == 0 || id > MaxOnceSession {
		return nil, abi.Errorf(abi.CodeInvalid, "store: a session's id is 1 to %d", uint64(MaxOnceSession))
	}
	if _, taken := tx.Get(clientSession(id)); taken {
		return nil, abi.Errorf(abi.CodeConflict, "store: there is a session %d already: open one with another id", id)
	}
	touchClient(tx, id, 0, tx.now)
	return nil, nil
}

// touchClient moves a session's last use; from is 0 when it is new.
func touchClient(tx *Tx, id uint64, from, to int64) {
	key := clientSession(id)
	if from != 0 {
		tx.ClearTimer(from+OnceTTL+onceRenew, FamilySession, key)
	}
	tx.Set(key, BE(uint64(to)))
	tx.SetTimer(to+OnceTTL+onceRenew, FamilySession, key)
}

// expireClient ends a session that was not used; at most Window+2 keys go.
func expireClient(tx *Tx, key, id []byte) {
	last, ok := tx.Get(key)
	if !ok || len(id) != 8 || int64(binary.BigEndian.Uint64(last))+OnceTTL+onceRenew > tx.now {
		return
	}
	tx.Delete(append([]byte(nil), key...))
	from := clientReplies(binary.BigEndian.Uint64(id))
	tx.Scan(from, Prefix(from), func(k, _ []byte) bool {
		tx.Delete(append([]byte(nil), k...))
		return true
	})
}

// likeness is what two bundles with the same number must have in common: who they are for, and what kinds of commands they have. It does
// not take in arguments: some, like encrypted values, differ each time they are sent.
func (b *Bundle) likeness() uint64 {
	var h xxhash.Digest
	h.Reset()
	for i := range b.Commands {
		c := &b.Commands[i]
		h.Write([]byte{c.Family, c.Op, byte(c.Shard >> 8), byte(c.Shard), byte(len(c.Tenant))})
		h.WriteString(c.Tenant)
	}
	return h.Sum64()
}
