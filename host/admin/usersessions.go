package admin

import (
	"encoding/hex"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/state"
)

// UserSession is a session of a user of an app. Its token is not kept, and its data is the app's.
type UserSession struct {
	ID      string    `json:"id"`
	Subject string    `json:"subject" doc:"the user; empty: a visitor"`
	Created time.Time `json:"created"`
	Seen    time.Time `json:"seen" doc:"when it was used last"`
	Expires time.Time `json:"expires" doc:"when it ends if it is not used any more"`
	Bytes   int       `json:"bytes" doc:"length of its data"`
}

// UserSessionList has the sessions of one user.
type UserSessionList struct {
	Sessions []UserSession `json:"sessions"`
}

// UserSessionRequest begins a session.
type UserSessionRequest struct {
	Subject string `json:"subject,omitempty" doc:"the user"`
	Idle    string `json:"idle,omitempty" doc:"it ends when it was not used for so long; 30m when missing"`
	Life    string `json:"life,omitempty" doc:"it ends however much it is used; 720h when missing"`
	Data    []byte `json:"data,omitempty"`
}

// NewUserSession is a session that has just begun.
type NewUserSession struct {
	UserSession
	Token string `json:"token" doc:"what the user shows; it is told once"`
}

// UserSessionsEnded says how many sessions were ended.
type UserSessionsEnded struct {
	Ended int `json:"ended"`
}

func userSessionRoutes(s Services) []Route {
	const all = "/v1/apps/{app}/sessions"
	const one = all + "/{session}"
	gone := Refusal(404, "not_found", "There is no such session (any more).")
	of := func(c *Call) *raftstore.UserSessions { return raftstore.NewUserSessions(s.Store, c.Path("app")) }
	subject := Param{In: Query, Name: "subject", Required: true, Doc: "the user"}
	return []Route{{
		Method: "GET", Path: all, ID: "userSessionList", Summary: "List the sessions of a user", Scope: Read, Params: concat([]Param{subject}, consistency),
		Answers: []Answer{{Status: 200, Doc: "The oldest first.", Type: UserSessionList{}}},
		Handle: func(c *Call) error {
			level, err := c.consistency()
			if err != nil {
				return err
			}
			list, err := of(c).List(c.Context(), level, c.Query("subject"))
			if err != nil {
				return err
			}
			reply := UserSessionList{Sessions: []UserSession{}}
			for i := range list {
				reply.Sessions = append(reply.Sessions, userSession(&list[i]))
			}
			return c.Reply(reply)
		},
	}, {
		Method: "POST", Path: all, ID: "userSessionCreate", Summary: "Begin a session for a user", Scope: Write, Data: true,
		Doc:  "For tests and for support: who has the token is the user to the app.",
		Body: &Body{Type: UserSessionRequest{}}, Answers: []Answer{{Status: 201, Doc: "It has begun.", Type: NewUserSession{}}},
		Handle: func(c *Call) error {
			var r UserSessionRequest
			if err := c.JSON(&r); err != nil {
				return err
			}
			o := raftstore.UserSessionOptions{Subject: r.Subject, Data: r.Data}
			var err error
			if o.Idle, err = duration("idle", r.Idle, state.SessionMaxLife*time.Millisecond); err != nil {
				return err
			}
			if o.Life, err = duration("life", r.Life, state.SessionMaxLife*time.Millisecond); err != nil {
				return err
			}
			token, session, err := of(c).Create(c.Context(), o)
			if err != nil {
				return err
			}
			return c.ReplyStatus(201, NewUserSession{userSession(&session), token})
		},
	}, {
		Method: "DELETE", Path: all, ID: "userSessionRevokeAll", Summary: "End all sessions of a user", Scope: Write, Data: true, Params: []Param{subject},
		Answers: []Answer{{Status: 200, Doc: "They have ended.", Type: UserSessionsEnded{}}},
		Handle: func(c *Call) error {
			n, err := of(c).RevokeAll(c.Context(), c.Query("subject"), nil)
			if err != nil {
				return err
			}
			return c.Reply(UserSessionsEnded{n})
		},
	}, {
		Method: "GET", Path: one, ID: "userSessionShow", Summary: "Show a session", Scope: Read, Params: consistency,
		Answers: []Answer{{Status: 200, Doc: "The session.", Type: UserSession{}}, gone},
		Handle: func(c *Call) error {
			level, err := c.consistency()
			if err != nil {
				return err
			}
			id, err := sessionID(c)
			if err != nil {
				return err
			}
			session, found, err := of(c).Find(c.Context(), level, id)
			if err != nil {
				return err
			}
			if !found {
				return errNoSession
			}
			return c.Reply(userSession(&session))
		},
	}, {
		Method: "DELETE", Path: one, ID: "userSessionRevoke", Summary: "End a session", Scope: Write, Data: true,
		Answers: []Answer{{Status: 204, Doc: "It has ended."}, gone},
		Handle: func(c *Call) error {
			id, err := sessionID(c)
			if err != nil {
				return err
			}
			ended, err := of(c).Revoke(c.Context(), id)
			if err != nil {
				return err
			}
			if !ended {
				return errNoSession
			}
			return c.Empty()
		},
	}}
}

var errNoSession = abi.Errorf(abi.CodeNotFound, "there is no such session (any more)")

func sessionID(c *Call) ([]byte, error) {
	id, err := hex.DecodeString(c.Path("session"))
	if err != nil {
		return nil, abi.Errorf(abi.CodeInvalid, "session %q: an id in hexadecimal digits is wanted, as the list shows it", c.Path("session"))
	}
	return id, nil
}

func userSession(s *raftstore.UserSession) UserSession {
	at := func(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
	return UserSession{hex.EncodeToString(s.ID), s.Subject, at(s.Created), at(s.Seen), at(s.Expires()), len(s.Data)}
}
