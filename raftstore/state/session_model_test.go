package state

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stackhost/stackhost/abi"
)

// sessionModel is a naive list of sessions, in the order in which they began.
type sessionModel struct {
	now  int64
	list []UserSession
}

func (m *sessionModel) find(id []byte) *UserSession {
	for i := range m.list {
		if bytes.Equal(m.list[i].ID, id) && m.list[i].Expires() > m.now {
			return &m.list[i]
		}
	}
	return nil
}

func (m *sessionModel) drop(gone func(s UserSession) bool) int {
	n := 0
	m.list = slices.DeleteFunc(m.list, func(s UserSession) bool {
		if gone(s) && s.Expires() > m.now {
			n++
		}
		return gone(s)
	})
	return n
}

func (m *sessionModel) begin(s UserSession) {
	m.drop(func(old UserSession) bool { return bytes.Equal(old.ID, s.ID) }) // one whose time was over
	m.list = append(m.list, s)
}

func TestSessionModel(t *testing.T) {
	random := newRandom(t)
	ops := 12_000
	if testing.Short() {
		ops = 3_000
	}
	s, again := newScriptRun(), newScriptRun()
	m := &sessionModel{}
	seen := map[string]int{}
	version := uint64(0)
	for i := range ops {
		if random.IntN(3) == 0 {
			s.now += random.Int64N(900)
		}
		m.now, again.now = s.now, s.now
		ids := [][]byte{scriptID(fmt.Sprint("s", random.IntN(8))), scriptID(fmt.Sprint("s", random.IntN(8)))}
		subject := []string{"", "anna", "ben", "b"}[random.IntN(4)]
		own := m.find(ids[0])
		want, name := abi.Code(0), ""
		count := -1
		var c Command
		var after func(got UserSession)
		switch op := random.IntN(100); {
		case op < 30:
			a := SessionCreate{ID: ids[0], Subject: subject, Life: 1000 + random.Int64N(5000), Data: []byte{byte(i)}}
			a.Idle = []int64{0, 1000, a.Life, 500, a.Life + 1}[random.IntN(5)]
			c, name = a.Command("shop"), "create"
			switch {
			case a.Idle == 500 || a.Idle > a.Life:
				want = abi.CodeInvalid
			case own != nil:
				want = abi.CodeConflict
			}
			after = func(got UserSession) {
				idle := a.Idle
				if idle == 0 {
					idle = a.Life
				}
				m.begin(UserSession{ID: a.ID, Subject: subject, Data: a.Data, Version: got.Version, Created: m.now, Seen: m.now, Idle: idle, Life: a.Life})
			}
		case op < 50:
			c, name = SessionTouch{ids[0]}.Command("shop"), "touch"
			if own == nil {
				want = abi.CodeNotFound
			}
			after = func(UserSession) { own.Seen = m.now }
		case op < 65:
			a := SessionSet{ID: ids[0], Data: []byte{byte(i), byte(i)}}
			switch {
			case own == nil:
				want = abi.CodeNotFound
			case random.IntN(3) == 0:
				a.Version = own.Version
			case random.IntN(3) == 0:
				a.Version, want = own.Version-1, abi.CodeConflict
			}
			c, name = a.Command("shop"), "set"
			after = func(got UserSession) { own.Seen, own.Data, own.Version = m.now, a.Data, got.Version }
		case op < 80:
			c, name = SessionRotate{ID: ids[0], NewID: ids[1], Subject: subject}.Command("shop"), "rotate"
			switch {
			case own == nil:
				want = abi.CodeNotFound
			case bytes.Equal(ids[0], ids[1]):
				want = abi.CodeInvalid
			case m.find(ids[1]) != nil:
				want = abi.CodeConflict
			}
			after = func(UserSession) {
				n := *own
				if n.ID, n.Seen = ids[1], m.now; subject != "" && subject != n.Subject {
					n.Subject, n.Created = subject, m.now
				}
				m.drop(func(s UserSession) bool { return bytes.Equal(s.ID, ids[0]) })
				m.begin(n)
			}
		case op < 88:
			c, name = SessionRevoke{ids[0]}.Command("shop"), "revoke"
			count = 0
			if own != nil {
				count = m.drop(func(s UserSession) bool { return bytes.Equal(s.ID, ids[0]) })
			}
		case op < 92:
			c, name = SessionRevokeAll{Subject: subject, Except: ids[0]}.Command("shop"), "revoke all"
			if subject == "" {
				want = abi.CodeInvalid
			} else {
				count = m.drop(func(s UserSession) bool { return s.Subject == subject && !bytes.Equal(s.ID, ids[0]) })
			}
		default:
			c, name = Command{Family: FamilySystem, Op: OpTick}, "tick"
			m.drop(func(s UserSession) bool { return s.Expires() <= m.now })
		}
		payload, _, err := s.do(c)
		if _, _, err2 := again.do(c); fmt.Sprint(err) != fmt.Sprint(err2) {
			t.Fatalf("op %d: two machines answer %v and %v", i, err, err2)
		}
		var e *abi.Error
		if errors.As(err, &e); err == nil && want != 0 || err != nil && e.Code != want {
			t.Fatalf("op %d: %s of %s: %v, want code %v", i, name, ids[0], err, want)
		}
		seen[fmt.Sprint(name, " ", want)]++
		if err == nil && after != nil {
			got, err := DecodeSession(payload)
			if err != nil || (name == "create" || name == "set") != (got.Version > version) {
				t.Fatalf("op %d: %s answers %+v, %v after version %d", i, name, got, err, version)
			}
			version = max(version, got.Version)
			after(got)
			if n := m.find(got.ID); n == nil || showSession(*n) != showSession(got) {
				t.Fatalf("op %d: %s answers %s, want %+v", i, name, showSession(got), n)
			}
		}
		if n, err := DecodeSessionCount(payload); count >= 0 && (err != nil || n != count) {
			t.Fatalf("op %d: %s ended %d, %v, want %d", i, name, n, err, count)
		}
		if err := m.same(s.view()); err != nil {
			t.Fatalf("op %d: after %s of %s: %v", i, name, ids[0], err)
		}
		if i%50 == 0 {
			if err := s.check(); err != nil {
				t.Fatalf("op %d: %v", i, err)
			}
		}
	}
	sameState(t, s, again)
	t.Log(seen)
	s.now += SessionMaxLife
	if _, _, err := s.tick(); err != nil || s.mem.Len() != 0 {
		t.Errorf("%d keys are left after all sessions ended, %v", s.mem.Len(), err)
	}
}

// same compares what can be read.
func (m *sessionModel) same(v *View) error {
	v.Now = m.now
	for n := range 8 {
		id := scriptID(fmt.Sprint("s", n))
		got, ok := SessionGet(v, "shop", id)
		if want := m.find(id); ok != (want != nil) || ok && showSession(got) != showSession(*want) {
			return fmt.Errorf("%s is %s (%t), want %+v", id, showSession(got), ok, want)
		}
	}
	for _, subject := range []string{"anna", "ben", "b"} {
		var got, want []string
		for _, s := range SessionList(v, "shop", subject) {
			got = append(got, showSession(s))
		}
		for _, s := range m.list {
			if s.Subject == subject && s.Expires() > m.now {
				want = append(want, showSession(s))
			}
		}
		if !slices.Equal(got, want) {
			return fmt.Errorf("%s has\n%s\nwant\n%s", subject, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	return nil
}

// Numbered writes are sent any number of times and in any order; a naive model remembers every answer for ever.
func TestOnceModel(t *testing.T) {
	random := newRandom(t)
	ops := 12_000
	if testing.Short() {
		ops = 3_000
	}
	s := newScriptRun()
	type number struct{ session, sequence uint64 }
	answers := map[number]string{}
	kinds := map[number]int{}
	used := map[uint64]int64{} // log time of the last use of open sessions
	highest := map[uint64]uint64{}
	var opened [3]uint64 // by client
	var counted int64
	seen := map[string]int{}
	for i := range ops {
		if random.IntN(200) == 0 {
			s.now += random.Int64N(14 * 60_000)
			if random.IntN(2) == 0 {
				if _, _, err := s.tick(); err != nil {
					t.Fatal(err)
				}
			}
		}
		client := random.IntN(3)
		session := 1 + uint64(client) + 10*opened[client]
		if _, open := highest[session]; !open {
			if _, _, err := s.do(OnceOpen{session}.Command()); err != nil {
				t.Fatal(err)
			}
			used[session], highest[session] = s.now, 0
		}
		n := number{session, 1 + highest[session]}
		if random.IntN(2) == 0 {
			n.sequence = max(1, n.sequence-min(n.sequence, uint64(random.IntN(1200))))
		} else if random.IntN(20) == 0 {
			n.sequence += uint64(random.IntN(200)) // some numbers are never used
		}
		kind := i % 7 / 6 // some are of another kind
		c := KVTxn{Writes: []KVWrite{{Kind: KVAdd, Namespace: "n", Key: []byte("k"), Delta: 1}}}.Command("shop")
		if kind == 1 {
			c = QuotaSet{}.Command("shop")
		}
		payload, _, err := s.do(Once{n.session, n.sequence, []Command{c, c}}.Command())
		if err != nil {
			t.Fatal(err)
		}
		replies, err := DecodeReplies(payload, nil)
		if err != nil || len(replies) != 2 {
			t.Fatalf("op %d: %v, %v", i, replies, err)
		}
		got := fmt.Sprintf("%q", replies)
		var e *abi.Error
		code := abi.Code(0)
		if errors.As(replies[0].Err, &e) {
			code = e.Code
		}
		before, done := answers[n]
		idle := s.now - used[session]
		var want []abi.Code
		switch {
		case idle >= OnceTTL+onceRenew:
			want = []abi.Code{abi.CodeClosed}
		case idle >= OnceTTL:
			want = []abi.Code{abi.CodeClosed, code} // it may end within that time
		case n.sequence+Window <= highest[session]:
			want = []abi.Code{abi.CodeClosed, code} // unless no number took its place
		case done && kinds[n] != kind:
			want = []abi.Code{abi.CodeConflict}
		default:
			want = []abi.Code{0}
		}
		if !slices.Contains(want, code) {
			t.Fatalf("op %d: number %+v (highest %d, idle %d ms): %s, want code %v", i, n, highest[session], idle, got, want)
		}
		seen[fmt.Sprint(code, " done before ", done)]++
		if code == abi.CodeClosed {
			if Expired(replies[0].Err) {
				if idle < OnceTTL {
					t.Fatalf("op %d: session %d expired after %d ms", i, session, idle)
				}
				used[session] = -1 << 40 // for ever
				opened[client] += uint64(random.IntN(2))
			} else {
				used[session] = s.now
			}
			continue
		}
		used[session] = s.now
		switch {
		case code == 0 && done && got != before:
			t.Fatalf("op %d: number %+v answers %s, and before %s", i, n, got, before)
		case code == 0 && !done:
			answers[n], kinds[n] = got, kind
			highest[session] = max(highest[session], n.sequence)
			if kind == 0 {
				counted += 2
			}
		}
	}
	t.Log(seen)
	for _, kind := range []string{"ok done before true", "closed done before true", "conflict done before true"} {
		if seen[strings.Replace(kind, "ok", abi.Code(0).String(), 1)] == 0 {
			t.Errorf("the run had no case of %q", kind)
		}
	}
	if entry, _, _ := KVGet(s.view(), "shop", "n", []byte("k")); string(entry.Value) != fmt.Sprint(counted) {
		t.Errorf("the counter is %s, want %d", entry.Value, counted)
	}
}
