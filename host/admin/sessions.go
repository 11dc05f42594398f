package admin

import (
	"context"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore"
)

// Sessions make writes of clients happen once.
type Sessions interface {
	// OpenSession begins a session, which lives until it has not been used for ten minutes.
	OpenSession(ctx context.Context) (id uint64, err error)
	// Once returns an Access whose one Do is the write with that number in the session: if that was done before, Do returns the replies
	// of then. A session that has expired is code closed.
	Once(session, sequence uint64) raftstore.Access
}

// SessionReply is a session that was opened.
type SessionReply struct {
	Session uint64 `json:"session"`
}

func sessionRoutes(s Services) []Route {
	return []Route{{
		Method: "POST", Path: "/v1/sessions", ID: "sessionOpen", Summary: "Open a session for writes that happen once", Scope: Write, Data: true,
		Doc: "Send its number as " + SessionHeader + " with writes, and " + SequenceHeader + " counting them from 1: a write that is sent again, " +
			"to any node, is not done again and gets the first answer. A session ends when it was not used for ten minutes. At most 1,024 writes " +
			"of a session may be without an answer at a time.",
		Answers: []Answer{{Status: 201, Doc: "Opened.", Type: SessionReply{}}},
		Handle: func(c *Call) error {
			if s.Sessions == nil {
				return errNoSessions
			}
			id, err := s.Sessions.OpenSession(c.Context())
			if err != nil {
				return err
			}
			return c.ReplyStatus(201, SessionReply{id})
		},
	}}
}

var errNoSessions = abi.Errorf(abi.CodeUnsupported, "this node keeps no sessions: send the write without %s", SessionHeader)

// access is the store, for this write once if it is numbered.
func (s *Services) access(c *Call) (raftstore.Access, error) {
	if c.once.session == 0 {
		return s.Store, nil
	}
	if s.Sessions == nil {
		return nil, errNoSessions
	}
	return s.Sessions.Once(c.once.session, c.once.sequence), nil
}
