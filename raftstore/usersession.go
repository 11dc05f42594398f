package raftstore

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore/state"
)

// UserSessions has the sessions of the users of one app. A session is known by its token, a secret that only the user keeps (as a
// cookie, say): the store has its hash as the session's id, so that neither it nor a backup can pass for a user. Errors are *abi.Error:
// not_found for a session that ended, conflict, limit, quota, invalid, and those of Access. Safe for concurrent use.
type UserSessions struct {
	a      Access
	tenant string
}

// NewUserSessions returns the sessions of tenant's users.
func NewUserSessions(a Access, tenant string) *UserSessions { return &UserSessions{a, tenant} }

// UserSession is a session; see state.UserSession. Its slices are the caller's.
type UserSession = state.UserSession

// UserSessionOptions say how a session begins.
type UserSessionOptions struct {
	Subject string        // the user; empty: a visitor
	Idle    time.Duration // ends when it was not used for so long; 0 means 30 minutes, or Life when that is shorter
	Life    time.Duration // ends however much it is used; 0 means 30 days
	Data    []byte        // at most state.SessionMaxData bytes
}

const (
	defaultIdle = 30 * time.Minute
	defaultLife = 30 * 24 * time.Hour
	tokenBytes  = 32
)

// newToken makes up a token.
func newToken() string {
	var b [tokenBytes]byte
	rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// SessionID is the id of the session with that token, as UserSession and events have it.
func SessionID(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// Create begins a session. When the outcome is unknown it may exist, unused, until it expires.
func (u *UserSessions) Create(ctx context.Context, o UserSessionOptions) (token string, s UserSession, err error) {
	if o.Life == 0 {
		o.Life = defaultLife
	}
	if o.Idle == 0 {
		o.Idle = min(defaultIdle, o.Life)
	}
	token = newToken()
	cmd := state.SessionCreate{ID: SessionID(token), Subject: o.Subject, Idle: o.Idle.Milliseconds(), Life: o.Life.Milliseconds(), Data: o.Data}
	s, err = u.ask(ctx, cmd.Command(u.tenant))
	if err != nil {
		return "", UserSession{}, err
	}
	return token, s, nil
}

func (u *UserSessions) ask(ctx context.Context, c state.Command) (UserSession, error) {
	b, err := ask(ctx, u.a, c)
	if err != nil {
		return UserSession{}, err
	}
	return state.DecodeSession(b)
}

// Get reads a session without using it. With Stale, or on a node that lags behind, it may have been revoked since.
func (u *UserSessions) Get(ctx context.Context, level Consistency, token string) (s UserSession, found bool, err error) {
	return u.Find(ctx, level, SessionID(token))
}

// Find is Get for who knows the session's id.
func (u *UserSessions) Find(ctx context.Context, level Consistency, id []byte) (s UserSession, found bool, err error) {
	err = u.a.View(ctx, level, func(v *state.View) error {
		if s, found = state.SessionGet(v, u.tenant, id); found {
			s = ownSession(s)
		}
		return nil
	})
	return s, found, err
}

// Use reads a session and counts as a use of it. The time of use is written only when the last one known is a sixteenth of Idle back,
// so that most uses cost a read; a session may end that much early.
func (u *UserSessions) Use(ctx context.Context, level Consistency, token string) (s UserSession, found bool, err error) {
	touch := false
	err = u.a.View(ctx, level, func(v *state.View) error {
		if s, found = state.SessionGet(v, u.tenant, SessionID(token)); found {
			s = ownSession(s)
			touch = v.Now-s.Seen > s.Idle/16 && s.Seen+s.Idle < s.Created+s.Life
		}
		return nil
	})
	if err != nil || !touch {
		return s, found, err
	}
	if s, err = u.ask(ctx, state.SessionTouch{ID: SessionID(token)}.Command(u.tenant)); isCode(err, abi.CodeNotFound) {
		return UserSession{}, false, nil
	}
	return s, err == nil, err
}

// SetData replaces the data of a session and returns it with its new version. Unless version is 0 or that of the data, it is code
// conflict.
func (u *UserSessions) SetData(ctx context.Context, token string, data []byte, version uint64) (UserSession, error) {
	return u.ask(ctx, state.SessionSet{ID: SessionID(token), Data: data, Version: version}.Command(u.tenant))
}

// Rotate gives the session a new token and makes the old one worth nothing: do so at each login, and when rights change. A subject that
// is not empty becomes the session's.
func (u *UserSessions) Rotate(ctx context.Context, token, subject string) (fresh string, s UserSession, err error) {
	fresh = newToken()
	s, err = u.ask(ctx, state.SessionRotate{ID: SessionID(token), NewID: SessionID(fresh), Subject: subject}.Command(u.tenant))
	if err != nil {
		return "", UserSession{}, err
	}
	return fresh, s, nil
}

// Revoke ends the session with that id (see SessionID) and tells whether there was one.
func (u *UserSessions) Revoke(ctx context.Context, id []byte) (ended bool, err error) {
	n, err := u.count(ctx, state.SessionRevoke{ID: id}.Command(u.tenant))
	return n > 0, err
}

// RevokeAll ends all sessions of a subject, but the one with the id except (nil: none is spared), and returns how many.
func (u *UserSessions) RevokeAll(ctx context.Context, subject string, except []byte) (ended int, err error) {
	return u.count(ctx, state.SessionRevokeAll{Subject: subject, Except: except}.Command(u.tenant))
}

func (u *UserSessions) count(ctx context.Context, c state.Command) (int, error) {
	b, err := ask(ctx, u.a, c)
	if err != nil {
		return 0, err
	}
	return state.DecodeSessionCount(b)
}

// List returns the sessions of a subject, the oldest first.
func (u *UserSessions) List(ctx context.Context, level Consistency, subject string) (list []UserSession, err error) {
	err = u.a.View(ctx, level, func(v *state.View) error {
		list = nil
		for _, s := range state.SessionList(v, u.tenant, subject) {
			list = append(list, ownSession(s))
		}
		return nil
	})
	return list, err
}

// ownSession copies what belongs to a view.
func ownSession(s UserSession) UserSession {
	s.ID, s.Data, s.Subject = bytes.Clone(s.ID), bytes.Clone(s.Data), strings.Clone(s.Subject)
	return s
}
