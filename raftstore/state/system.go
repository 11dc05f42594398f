package state

import (
	"encoding/binary"

	"github.com/stackhost/stackhost/abi"
)

// Commands of the system family.
const (
	OpTick         = 1 // runs timers that are due
	OpOpenSession  = 2 // reply: id, eight bytes
	OpCloseSession = 3 // args: id, eight bytes
	OpFeature      = 4 // args: level, two bytes
	OpNothing      = 5 // moves the log's time
)

// nodeSessionTTL is how long a session lives unused, in ms of log time.
const nodeSessionTTL = 10 * 60 * 1000

// ticks is how many timers one Tick runs, so that an entry stays short; the leader proposes another while timers are due.
const ticks = 1000

// tickWrites ends a Tick whose timers wrote that many keys: what one command writes must fit into a transaction of the key space.
const tickWrites = 8 << 10

func sessionKey(id uint64) []byte { return append([]byte{prefixMeta, 's'}, BE(id)...) }

// touchSession moves a session's last use. The timer of the old time goes.
func touchSession(tx *Tx, id uint64, from, to int64) {
	if from != 0 {
		tx.ClearTimer(from+nodeSessionTTL, FamilySystem, BE(id))
	}
	tx.Set(sessionKey(id), BE(uint64(to)))
	tx.SetTimer(to+nodeSessionTTL, FamilySystem, BE(id))
}

func (m *Machine) system(tx *Tx, c *Command) ([]byte, error) {
	switch c.Op {
	case OpTick:
		m.tick(tx)
		return nil, nil
	case OpOpenSession:
		id := tx.UniqueID()
		touchSession(tx, id, 0, tx.now)
		return BE(id), nil
	case OpCloseSession:
		if len(c.Args) == 8 {
			closeSession(tx, binary.BigEndian.Uint64(c.Args))
		}
		return nil, nil
	case OpFeature:
		if len(c.Args) != 2 {
			return nil, abi.Errorf(abi.CodeInvalid, "store: a feature level has two bytes")
		}
		m.Feature = max(m.Feature, binary.BigEndian.Uint16(c.Args))
		return nil, nil
	case OpNothing:
		return nil, nil
	}
	return nil, abi.Errorf(abi.CodeUnsupported, "store: no system command %d in this version", c.Op)
}

func closeSession(tx *Tx, id uint64) {
	if last, ok := tx.Get(sessionKey(id)); ok {
		tx.ClearTimer(int64(binary.BigEndian.Uint64(last))+nodeSessionTTL, FamilySystem, BE(id))
		tx.Delete(sessionKey(id))
	}
	from := append([]byte{prefixReplies}, BE(id)...)
	tx.Scan(from, Prefix(from), func(k, _ []byte) bool {
		tx.Delete(append([]byte(nil), k...))
		return true
	})
}

// tick runs the timers that are due, each with its own tenant and namespace in ref.
func (m *Machine) tick(tx *Tx) {
	type timer struct {
		key, ref []byte
		family   byte
	}
	var due []timer
	tx.Scan(timerKey(m.ticked, 0, nil), timerKey(tx.now+1, 0, nil), func(k, _ []byte) bool {
		k = append([]byte(nil), k...)
		due = append(due, timer{key: k, ref: k[10:], family: k[9]})
		return len(due) < ticks
	})
	if len(due) == 0 {
		m.ticked = max(m.ticked, tx.now-timerSlack)
	}
	for _, t := range due {
		if len(tx.writes) > tickWrites {
			return
		}
		tx.Delete(t.key)
		if t.family == FamilySystem {
			closeSession(tx, binary.BigEndian.Uint64(t.ref))
		} else if f := m.families[t.family]; f != nil && f.Expire != nil {
			f.Expire(tx, t.ref)
		}
	}
}

// timerSlack is how far, in ms of log time, behind a time at which no timer was due timers are still looked for: they are set for times
// to come, by commands that may have been under way for a while. Times before that need not be looked at again, where a key space may
// hold the traces of a great many timers that were taken back.
const timerSlack = 60_000

// TimersDue tells whether a timer is due at now, in ms of log time. from is 0 or the last such call's next: where that need not look
// again.
func TimersDue(r Reader, from, now int64) (due bool, next int64) {
	r.Scan(timerKey(from, 0, nil), timerKey(now+1, 0, nil), func(_, _ []byte) bool {
		due = true
		return false
	})
	if due {
		return true, from
	}
	return false, max(from, now-timerSlack)
}
