package raftstore

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore/state"
)

// Sessions make writes of clients outside of the cluster happen once, however often and to whichever node they are sent. Safe for
// concurrent use.
type Sessions struct{ a Access }

// NewSessions returns the sessions of a store.
func NewSessions(a Access) *Sessions { return &Sessions{a} }

// OpenSession begins a session and returns its id, a random number below 2^53. It ends when it was not used for ten minutes of log
// time, or a little more.
func (s *Sessions) OpenSession(ctx context.Context) (id uint64, err error) {
	for range 3 {
		var b [8]byte
		rand.Read(b[:]) // never fails
		if id = binary.BigEndian.Uint64(b[:]) & state.MaxOnceSession; id == 0 {
			continue
		}
		_, err = ask(ctx, s.a, state.OnceOpen{ID: id}.Command())
		if err == nil {
			return id, nil
		}
		if !isCode(err, abi.CodeConflict) {
			break
		}
	}
	return 0, err
}

// isCode tells whether err is an *abi.Error with that code.
func isCode(err error, code abi.Code) bool {
	var e *abi.Error
	return errors.As(err, &e) && e.Code == code
}

// Once returns an Access whose Do is the write with the number sequence, 1 or more, in the session: if that was done before, Do returns
// the replies of then, and does nothing. So it is for clients that call Do once for what they are asked to do, of which a retry after an
// error is part. At most state.Window numbers may be without an answer at a time. The answers of a session that has expired are code
// closed, and so is that of a number which is Window behind; a number that was used for a write of another kind or app is code conflict.
// Views are those of the store.
func (s *Sessions) Once(session, sequence uint64) Access { return &once{s.a, session, sequence} }

type once struct {
	Access
	session, sequence uint64
}

// Do implements Access.
func (o *once) Do(ctx context.Context, commands ...state.Command) ([]state.Reply, error) {
	for i := range commands {
		if len(commands[i].Tenant) > 255 {
			return nil, abi.Errorf(abi.CodeInvalid, "store: the name of an app is at most 255 bytes long")
		}
	}
	b, err := ask(ctx, o.Access, state.Once{Session: o.session, Sequence: o.sequence, Commands: commands}.Command())
	if err != nil {
		return nil, err
	}
	replies, err := state.DecodeReplies(b, make([]state.Reply, 0, len(commands)))
	if err == nil && len(replies) != len(commands) {
		// the number was used for other commands of the same kind, more or fewer
		err = abi.Errorf(abi.CodeConflict, "store: number %d of session %d was used for another write: give each its own", o.sequence, o.session)
	}
	return replies, err
}
