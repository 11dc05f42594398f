package state

import (
	"bytes"

	"github.com/stackhost/stackhost/abi"
)

// Commands of the session family. Their arguments are the types with the same names; SessionRevoke and SessionRevokeAll answer with how
// many sessions ended (DecodeSessionCount), the others with the session (DecodeSession).
const (
	OpOnceOpen         = 1
	OpOnce             = 2
	OpSessionCreate    = 3
	OpSessionTouch     = 4
	OpSessionSet       = 5
	OpSessionRotate    = 6
	OpSessionRevoke    = 7
	OpSessionRevokeAll = 8
)

// Limits of user sessions. Times are in ms.
const (
	SessionMinID      = 16 // bytes
	SessionMaxID      = 64
	SessionMaxSubject = 255      // bytes
	SessionMaxData    = 64 << 10 // bytes
	SessionMaxLife    = 400 * 24 * 60 * 60 * 1000
	SessionMinIdle    = 1000
	SessionPerSubject = 256 // sessions; when one more is created, the oldest ends

	sessionOverhead = 64 // bytes that a session counts besides its id, subject and data
)

// SessionFamily has the sessions of the users of apps, and those of outside clients whose commands are applied once (Once).
//
// A user's session ends when it was not used for Idle, and Life after it began, however much it is used. Its id is the proposer's: the
// hash of a secret that the user has, so that whoever reads the store cannot pass for the user.
//
//	u id                        the session
//	s #subject subject order    id; order rises with the log
//	c id                        last use of a client's session, ms of log time
//	r id number                 its replies; see Bundle.replyKey
var SessionFamily = Register(&Family{ID: FamilySession, Name: "session", Apply: applySession, Expire: expireSession})

// SessionCreate begins a session. An id that is in use is abi.CodeConflict. An empty Subject is a visitor, whom no list shows.
type SessionCreate struct {
	ID         []byte
	Subject    string
	Idle, Life int64 // ms; Idle 0: Life
	Data       []byte
}

// SessionTouch counts as a use. A session that ended is abi.CodeNotFound; so it is in SessionSet and SessionRotate.
type SessionTouch struct{ ID []byte }

// SessionSet replaces the data, and counts as a use. Unless Version is 0 or that of the session, it is abi.CodeConflict.
type SessionSet struct {
	ID      []byte
	Data    []byte
	Version uint64
}

// SessionRotate gives a session a new id and ends the old one: whoever learnt that before a login has nothing. A Subject that is not
// empty becomes the session's; if it is another than before, the session's life begins anew.
type SessionRotate struct {
	ID, NewID []byte
	Subject   string
}

// SessionRevoke ends a session.
type SessionRevoke struct{ ID []byte }

// SessionRevokeAll ends all sessions of a subject, but Except.
type SessionRevokeAll struct {
	Subject string
	Except  []byte // may be empty
}

// UserSession is a session of a user. Times are log times in ms since the Unix epoch.
type UserSession struct {
	ID      []byte
	Subject string
	Data    []byte
	Version uint64 // of the data
	Created int64
	Seen    int64 // last use
	Idle    int64 // ms
	Life    int64 // ms
	order   uint64
}

// Expires is when the session ends if it is not used any more.
func (s *UserSession) Expires() int64 { return min(s.Seen+s.Idle, s.Created+s.Life) }

func sessionCommand(op byte, tenant string, args []byte) Command {
	return Command{Family: FamilySession, Op: op, Tenant: tenant, Args: args}
}

// Command returns the command for tenant.
func (a SessionCreate) Command(tenant string) Command {
	b := abi.AppendStr(abi.AppendBin(abi.AppendArray(nil, 5), a.ID), a.Subject)
	return sessionCommand(OpSessionCreate, tenant, abi.AppendBin(abi.AppendInt(abi.AppendInt(b, a.Idle), a.Life), a.Data))
}

// Command returns the command for tenant.
func (a SessionTouch) Command(tenant string) Command {
	return sessionCommand(OpSessionTouch, tenant, abi.AppendBin(abi.AppendArray(nil, 1), a.ID))
}

// Command returns the command for tenant.
func (a SessionSet) Command(tenant string) Command {
	b := abi.AppendBin(abi.AppendBin(abi.AppendArray(nil, 3), a.ID), a.Data)
	return sessionCommand(OpSessionSet, tenant, abi.AppendUint(b, a.Version))
}

// Command returns the command for tenant.
func (a SessionRotate) Command(tenant string) Command {
	b := abi.AppendBin(abi.AppendBin(abi.AppendArray(nil, 3), a.ID), a.NewID)
	return sessionCommand(OpSessionRotate, tenant, abi.AppendStr(b, a.Subject))
}

// Command returns the command for tenant.
func (a SessionRevoke) Command(tenant string) Command {
	return sessionCommand(OpSessionRevoke, tenant, abi.AppendBin(abi.AppendArray(nil, 1), a.ID))
}

// Command returns the command for tenant.
func (a SessionRevokeAll) Command(tenant string) Command {
	b := abi.AppendBin(abi.AppendStr(abi.AppendArray(nil, 2), a.Subject), a.Except)
	return sessionCommand(OpSessionRevokeAll, tenant, b)
}

// record is the session as it is stored, and answered.
func (s *UserSession) record() []byte {
	b := abi.AppendArray(make([]byte, 0, 96+len(s.ID)+len(s.Subject)+len(s.Data)), 9)
	b = abi.AppendStr(abi.AppendBin(b, s.ID), s.Subject)
	b = abi.AppendUint(abi.AppendUint(b, s.Version), s.order)
	b = abi.AppendInt(abi.AppendInt(b, s.Created), s.Seen)
	return abi.AppendBin(abi.AppendInt(abi.AppendInt(b, s.Idle), s.Life), s.Data)
}

// DecodeSession reads the answer of a command. The result refers to b.
func DecodeSession(b []byte) (UserSession, error) {
	t := openTuple(b)
	s := UserSession{
		ID: t.bin(), Subject: t.str(), Version: t.uint(), order: t.uint(), Created: t.int(), Seen: t.int(), Idle: t.int(), Life: t.int(), Data: t.bin(),
	}
	return s, t.end()
}

// DecodeSessionCount reads how many sessions a command ended.
func DecodeSessionCount(b []byte) (int, error) {
	t := openTuple(b)
	n := t.uint()
	return int(n), t.end()
}

// SessionEvents is the namespace of the event of each session that ended: a deletion of the session's id.
const SessionEvents = "session:"

func checkSessionID(id []byte) error {
	if len(id) < SessionMinID || len(id) > SessionMaxID {
		return abi.Errorf(abi.CodeInvalid, "session: an id has %d to %d bytes, not %d", SessionMinID, SessionMaxID, len(id))
	}
	return nil
}

func errSessionEnded() error {
	return abi.Errorf(abi.CodeNotFound, "session: it has ended, or never was: let the user log in again")
}

func applySession(tx *Tx, op byte, args []byte) ([]byte, error) {
	t := openTuple(args)
	switch op {
	case OpOnceOpen:
		return openClient(tx, args)
	case OpSessionCreate:
		s := UserSession{ID: t.bin(), Subject: t.str(), Idle: t.int(), Life: t.int(), Data: t.bin()}
		if err := t.end(); err != nil {
			return nil, err
		}
		return createSession(tx, s)
	case OpSessionTouch:
		s, err := openSession(tx, t.bin())
		if err := firstOf(t.end(), err); err != nil {
			return nil, err
		}
		return s.use(tx), nil
	case OpSessionSet:
		s, err := openSession(tx, t.bin())
		data, version := t.bin(), t.uint()
		if err := firstOf(t.end(), err); err != nil {
			return nil, err
		}
		return s.set(tx, data, version)
	case OpSessionRotate:
		s, err := openSession(tx, t.bin())
		id, subject := t.bin(), t.str()
		if err := firstOf(t.end(), err); err != nil {
			return nil, err
		}
		return s.rotate(tx, id, subject)
	case OpSessionRevoke:
		s, err := openSession(tx, t.bin())
		if bad := t.end(); bad != nil || err != nil {
			return sessionCount(0), bad
		}
		return sessionCount(1), s.end(tx)
	case OpSessionRevokeAll:
		subject, except := t.str(), t.bin()
		if err := t.end(); err != nil {
			return nil, err
		}
		return revokeAll(tx, subject, except)
	}
	return nil, abi.Errorf(abi.CodeUnsupported, "session: no command %d in this version", op)
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func sessionCount(n int) []byte { return abi.AppendUint(abi.AppendArray(nil, 1), uint64(n)) }

func userSession(tx *Tx, id []byte) []byte { return tx.Key(FamilySession, "", []byte{'u'}, id) }

func (s *UserSession) subjectKey(tx *Tx) []byte {
	return tx.Key(FamilySession, "", []byte{'s'}, lengthOf(s.Subject), []byte(s.Subject), BE(s.order))
}

func (s *UserSession) size() int64 {
	return int64(len(s.ID)+len(s.Subject)+len(s.Data)) + sessionOverhead
}

// openSession returns a session that has not ended.
func openSession(tx *Tx, id []byte) (*UserSession, error) {
	if err := checkSessionID(id); err != nil {
		return nil, err
	}
	v, ok := tx.Get(userSession(tx, id))
	if !ok {
		return nil, errSessionEnded()
	}
	s, err := DecodeSession(v)
	if err != nil || s.Expires() <= tx.now {
		return nil, errSessionEnded()
	}
	return &s, nil
}

func checkSession(s *UserSession) error {
	if err := checkSessionID(s.ID); err != nil {
		return err
	}
	switch {
	case len(s.Subject) > SessionMaxSubject:
		return abi.Errorf(abi.CodeInvalid, "session: a subject has at most %d bytes", SessionMaxSubject)
	case len(s.Data) > SessionMaxData:
		return abi.Errorf(abi.CodeLimit, "session: data of %d bytes are over the limit of %d: keep long values in kv", len(s.Data), SessionMaxData)
	case s.Life < SessionMinIdle || s.Life > SessionMaxLife || s.Idle < SessionMinIdle || s.Idle > s.Life:
		return abi.Errorf(abi.CodeInvalid, "session: a session lives %d ms to %d ms, and unused not longer than that", SessionMinIdle, SessionMaxLife)
	}
	return nil
}

func createSession(tx *Tx, s UserSession) ([]byte, error) {
	if s.Idle == 0 {
		s.Idle = s.Life
	}
	if err := checkSession(&s); err != nil {
		return nil, err
	}
	s.Created, s.Seen, s.order = tx.now, tx.now, tx.UniqueID()
	s.Version = s.order
	if err := s.begin(tx); err != nil {
		return nil, err
	}
	return s.record(), nil
}

// begin stores a session under a new id.
func (s *UserSession) begin(tx *Tx) error {
	if v, ok := tx.Get(userSession(tx, s.ID)); ok {
		old, err := DecodeSession(v)
		if err != nil || old.Expires() > tx.now {
			return abi.Errorf(abi.CodeConflict, "session: the id is in use: make up another")
		}
		if err := old.end(tx); err != nil { // its timer has not run yet
			return err
		}
	}
	if s.Subject != "" {
		own := sessionsOf(tx, tx.tenant, tx.shard, s.Subject)
		for ; len(own) >= SessionPerSubject; own = own[1:] {
			if v, ok := tx.Get(userSession(tx, own[0])); ok {
				oldest, _ := DecodeSession(v)
				if err := oldest.end(tx); err != nil {
					return err
				}
			}
		}
		tx.Set(s.subjectKey(tx), s.ID)
	}
	s.save(tx)
	return charge(tx, s.size(), 1)
}

func (s *UserSession) save(tx *Tx) {
	key := userSession(tx, s.ID)
	tx.Set(key, s.record())
	tx.SetTimer(s.Expires(), FamilySession, key)
}

// use moves the time of the last use and stores the session.
func (s *UserSession) use(tx *Tx) []byte {
	tx.ClearTimer(s.Expires(), FamilySession, userSession(tx, s.ID))
	s.Seen = tx.now
	s.save(tx)
	return s.record()
}

func (s *UserSession) set(tx *Tx, data []byte, version uint64) ([]byte, error) {
	if version != 0 && version != s.Version {
		return nil, abi.Errorf(abi.CodeConflict, "session: its data have version %d, not %d", s.Version, version)
	}
	before := s.size()
	s.Data, s.Version = data, tx.UniqueID()
	if err := checkSession(s); err != nil {
		return nil, err
	}
	return s.use(tx), charge(tx, s.size()-before, 0)
}

func (s *UserSession) rotate(tx *Tx, id []byte, subject string) ([]byte, error) {
	if bytes.Equal(id, s.ID) {
		return nil, abi.Errorf(abi.CodeInvalid, "session: the new id must be another one")
	}
	if err := s.end(tx); err != nil {
		return nil, err
	}
	s.ID, s.Seen, s.order = id, tx.now, tx.UniqueID()
	if subject != "" && subject != s.Subject {
		s.Subject, s.Created = subject, tx.now
	}
	if err := checkSession(s); err != nil {
		return nil, err
	}
	if err := s.begin(tx); err != nil {
		return nil, err
	}
	return s.record(), nil
}

// end removes a session and tells.
func (s *UserSession) end(tx *Tx) error {
	key := userSession(tx, s.ID)
	tx.ClearTimer(s.Expires(), FamilySession, key)
	tx.Delete(key)
	if s.Subject != "" {
		tx.Delete(s.subjectKey(tx))
	}
	tx.Emit(Event{Tenant: tx.tenant, Namespace: SessionEvents, Key: bytes.Clone(s.ID), Version: tx.UniqueID(), Deleted: true})
	return charge(tx, -s.size(), -1)
}

func revokeAll(tx *Tx, subject string, except []byte) ([]byte, error) {
	if subject == "" || len(subject) > SessionMaxSubject {
		return nil, abi.Errorf(abi.CodeInvalid, "session: a subject has 1 to %d bytes", SessionMaxSubject)
	}
	n := 0
	for _, id := range sessionsOf(tx, tx.tenant, tx.shard, subject) {
		v, ok := tx.Get(userSession(tx, id))
		if !ok || bytes.Equal(id, except) {
			continue
		}
		s, err := DecodeSession(v)
		if err != nil {
			continue
		}
		if s.Expires() > tx.now {
			n++
		}
		if err := s.end(tx); err != nil {
			return nil, err
		}
	}
	return sessionCount(n), nil
}

// sessionsOf returns the ids of a subject's sessions, the oldest first; some may have ended.
func sessionsOf(r Reader, tenant string, shard uint16, subject string) (ids [][]byte) {
	from := Key(FamilySession, shard, tenant, "", []byte{'s'}, lengthOf(subject), []byte(subject))
	r.Scan(from, Prefix(from), func(_, id []byte) bool {
		ids = append(ids, bytes.Clone(id))
		return true
	})
	return ids
}

func expireSession(tx *Tx, ref []byte) {
	_, rest, ok := onBehalfOf(tx, ref)
	if !ok || len(rest) == 0 {
		return
	}
	switch rest[0] {
	case 'c':
		expireClient(tx, ref, rest[1:])
	case 'u':
		v, ok := tx.Get(ref)
		if !ok {
			return
		}
		if s, err := DecodeSession(v); err == nil && s.Expires() <= tx.now {
			_ = s.end(tx) // giving back is never refused
		}
	}
}

// SessionGet returns a session that has not ended. It is valid as long as the view.
func SessionGet(v *View, tenant string, id []byte) (s UserSession, ok bool) {
	b, ok := v.Get(Key(FamilySession, 0, tenant, "", []byte{'u'}, id))
	if !ok {
		return UserSession{}, false
	}
	s, err := DecodeSession(b)
	return s, err == nil && s.Expires() > v.Now
}

// SessionList returns the sessions of a subject, the oldest first. They are valid as long as the view.
func SessionList(v *View, tenant, subject string) (list []UserSession) {
	for _, id := range sessionsOf(v, tenant, 0, subject) {
		if s, ok := SessionGet(v, tenant, id); ok {
			list = append(list, s)
		}
	}
	return list
}
