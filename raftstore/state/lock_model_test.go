package state

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stackhost/stackhost/abi"
)

// lockModel is a naive lock service: a list of waiters behind each holder.
type lockModel struct {
	now   int64
	locks map[string]*modelLock
	last  uint64 // the highest token given out
}

type modelLock struct {
	held         bool
	owner        string
	fence        uint64 // 0: just granted, the token is taken from the machine
	ttl, expires int64
	line         []modelWaiter
}

type modelWaiter struct {
	owner        string
	ttl, expires int64
}

func (l *modelLock) clone() *modelLock {
	c := *l
	c.line = slices.Clone(l.line)
	return &c
}

func (m *lockModel) raw(name string) *modelLock {
	if m.locks[name] == nil {
		m.locks[name] = &modelLock{}
	}
	return m.locks[name]
}

func (m *lockModel) at(name string) *modelLock {
	l := m.raw(name)
	if l.held && l.expires <= m.now {
		m.pass(l)
	}
	return l
}

func (m *lockModel) pass(l *modelLock) {
	for l.held = false; len(l.line) > 0 && !l.held; l.line = l.line[1:] {
		if w := l.line[0]; w.expires > m.now {
			m.grant(l, w.owner, w.ttl)
		}
	}
}

func (m *lockModel) grant(l *modelLock, owner string, ttl int64) {
	l.held, l.owner, l.fence, l.ttl, l.expires = true, owner, 0, ttl, m.now+ttl
}

func (m *lockModel) acquire(name, owner string, ttl, wait int64) (held, conflict bool) {
	l := m.at(name)
	switch {
	case !l.held:
		m.grant(l, owner, ttl)
	case l.owner == owner:
		l.expires = max(l.expires, m.now+ttl)
	case wait == 0:
		return false, true
	default:
		i := slices.IndexFunc(l.line, func(w modelWaiter) bool { return w.owner == owner })
		switch {
		case i >= 0 && l.line[i].expires > m.now:
			l.line[i].ttl, l.line[i].expires = ttl, max(l.line[i].expires, m.now+wait)
			return false, false
		case i >= 0:
			l.line = slices.Delete(l.line, i, i+1)
		}
		l.line = append(l.line, modelWaiter{owner, ttl, m.now + wait})
		return false, false
	}
	return true, false
}

func (m *lockModel) release(name, owner string, fence uint64) (ended bool) {
	l := m.at(name)
	if fence == 0 {
		n := len(l.line)
		l.line = slices.DeleteFunc(l.line, func(w modelWaiter) bool { return w.owner == owner })
		ended = len(l.line) < n
	}
	if l.held && l.owner == owner && (fence == 0 || fence == l.fence) {
		m.pass(l)
		ended = true
	}
	return ended
}

// granted takes the tokens of new grants from the events, each above all before.
func (m *lockModel) granted(events []Event) error {
	for i, e := range events {
		l := m.locks[e.Namespace+"/"+string(e.Key)]
		if e.Version <= m.last {
			return fmt.Errorf("token %d after %d", e.Version, m.last)
		}
		m.last = e.Version
		again := func(o Event) bool { return o.Namespace == e.Namespace && string(o.Key) == string(e.Key) }
		if slices.ContainsFunc(events[i+1:], again) {
			continue // became free and was given out in one command
		}
		switch {
		case e.Deleted && l.held:
			return fmt.Errorf("%s went free, want held by %s", e.Key, l.owner)
		case !e.Deleted && (!l.held || l.owner != string(e.Value) || l.fence != 0):
			return fmt.Errorf("%s granted to %s, want %+v", e.Key, e.Value, *l)
		case !e.Deleted:
			l.fence = e.Version
		}
	}
	for name, l := range m.locks {
		if l.held && l.fence == 0 {
			return fmt.Errorf("%s was not granted to %s", name, l.owner)
		}
	}
	return nil
}

func TestLockModel(t *testing.T) {
	random := newRandom(t)
	ops := 12_000
	if testing.Short() {
		ops = 3_000
	}
	s, again := newScriptRun(), newScriptRun()
	m := &lockModel{now: s.now, locks: map[string]*modelLock{}}
	for i := range ops {
		if random.IntN(3) == 0 {
			s.now += random.Int64N(800)
		}
		m.now = s.now
		name, owner := fmt.Sprintf("l%d", random.IntN(4)), fmt.Sprintf("o%d", random.IntN(7))
		id := LockEvents("ns") + "/" + name
		ttl := 100 + random.Int64N(2000)
		var c Command
		var want string
		op := random.IntN(10)
		before, fence := m.raw(id).clone(), m.raw(id).fence
		switch {
		case op < 5:
			wait := max(0, random.Int64N(3000)-1000)
			held, conflict := m.acquire(id, owner, ttl, wait)
			want = fmt.Sprint(held, conflict)
			c = LockAcquire{Namespace: "ns", Name: name, Owner: owner, TTL: ttl, Wait: wait}.Command("shop")
		case op < 7:
			l := m.at(id)
			if random.IntN(4) == 0 {
				fence--
			}
			ok := l.held && l.owner == owner && l.fence == fence
			if ok {
				l.expires = m.now + ttl
			}
			want = fmt.Sprint(ok, !ok)
			c = LockRenew{Namespace: "ns", Name: name, Owner: owner, Fence: fence, TTL: ttl}.Command("shop")
		case op < 9:
			fence *= uint64(random.IntN(2))
			want = fmt.Sprint(m.release(id, owner, fence), false)
			c = LockRelease{Namespace: "ns", Name: name, Owner: owner, Fence: fence}.Command("shop")
		default:
			for name := range m.locks {
				m.at(name)
			}
			for _, l := range m.locks {
				l.line = slices.DeleteFunc(l.line, func(w modelWaiter) bool { return w.expires <= m.now })
			}
			c = Command{Family: FamilySystem, Op: OpTick}
		}
		payload, events, err := s.do(c)
		again.now = s.now
		if _, _, err2 := again.do(c); fmt.Sprint(err) != fmt.Sprint(err2) {
			t.Fatalf("op %d: two machines answer %v and %v", i, err, err2)
		}
		if c.Family == FamilyLock {
			r, _ := DecodeLockReply(payload)
			var e *abi.Error
			got := fmt.Sprint(r.Held, errors.As(err, &e) && e.Code == abi.CodeConflict)
			if got != want {
				t.Fatalf("op %d: op %d of %s by %s: got held, conflict %s (%v), want %s", i, c.Op, name, owner, got, err, want)
			}
		}
		if err == nil {
			if err := m.granted(events); err != nil {
				t.Fatalf("op %d: %v", i, err)
			}
		} else { // nothing happened, an expired lock was not passed on either
			m.locks[id] = before
		}
		for name, l := range m.locks {
			info, held := LockShow(s.view(), 0, "shop", "ns", name[len("lock:ns/"):])
			want := LockInfo{Name: info.Name, Since: info.Since, Owner: l.owner, Fence: l.fence, Expires: l.expires, Waiters: uint64(len(l.line))}
			if held != (l.held && l.expires > m.now) || held && info != want {
				t.Fatalf("op %d: %s is %+v (held %t), want %+v", i, name, info, held, *l)
			}
		}
		if i%50 == 0 {
			if err := s.check(); err != nil {
				t.Fatalf("op %d: %v", i, err)
			}
		}
	}
	sameState(t, s, again)
	s.now += LockMaxTTL
	for range 50 { // each round passes a lock on, until nobody waits
		if _, _, err := s.tick(); err != nil {
			t.Fatal(err)
		}
		s.now += LockMaxTTL
	}
	if s.mem.Len() != 0 {
		t.Errorf("%d keys are left after all leases ended", s.mem.Len())
	}
}
