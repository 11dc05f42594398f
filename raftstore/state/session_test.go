package state

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// scriptID makes an id that is long enough of a word.
func scriptID(word string) []byte {
	return []byte(word + strings.Repeat("-", max(0, SessionMinID-len(word))))
}

func showSession(s UserSession) string {
	return fmt.Sprintf("%s of %q %q version=%s created=%s seen=%s expires=%s", strings.TrimRight(string(s.ID), "-"), s.Subject, s.Data,
		showID(s.Version), showAt(s.Created), showAt(s.Seen), showAt(s.Expires()))
}

func showSessionReply(b []byte) string {
	s, err := DecodeSession(b)
	if err != nil {
		return err.Error()
	}
	return showSession(s)
}

func showSessionCount(b []byte) string {
	n, err := DecodeSessionCount(b)
	return fmt.Sprintf("%d ended %v", n, err)
}

var (
	_ = verb("session create", func(a *scriptArgs) Command {
		return SessionCreate{ID: scriptID(a.at(0)), Subject: a.str("of"), Idle: a.ms("idle"), Life: a.ms("life"), Data: scriptValue(a.str("data"))}.Command(a.Tenant)
	}, showSessionReply)
	_ = verb("session badid", func(a *scriptArgs) Command {
		return SessionCreate{ID: []byte(a.at(0)), Life: 1000}.Command(a.Tenant)
	}, showSessionReply)
	_ = verb("session touch", func(a *scriptArgs) Command { return SessionTouch{scriptID(a.at(0))}.Command(a.Tenant) }, showSessionReply)
	_ = verb("session set", func(a *scriptArgs) Command {
		return SessionSet{ID: scriptID(a.at(0)), Data: scriptValue(a.at(1)), Version: a.num("version")}.Command(a.Tenant)
	}, showSessionReply)
	_ = verb("session rotate", func(a *scriptArgs) Command {
		return SessionRotate{ID: scriptID(a.at(0)), NewID: scriptID(a.at(1)), Subject: a.str("of")}.Command(a.Tenant)
	}, showSessionReply)
	_ = verb("session revoke", func(a *scriptArgs) Command { return SessionRevoke{scriptID(a.at(0))}.Command(a.Tenant) }, showSessionCount)
	_ = verb("session revokeall", func(a *scriptArgs) Command {
		return SessionRevokeAll{Subject: a.at(0), Except: scriptID(a.str("except"))}.Command(a.Tenant)
	}, showSessionCount)
	_ = verb("session unknown", func(a *scriptArgs) Command { return sessionCommand(99, a.Tenant, nil) }, nil)
	_ = readVerb("session get", func(v *View, a *scriptArgs) string {
		s, ok := SessionGet(v, a.Tenant, scriptID(a.at(0)))
		if !ok {
			return "none"
		}
		return showSession(s)
	})
	_ = readVerb("session list", func(v *View, a *scriptArgs) string {
		var b strings.Builder
		for _, s := range SessionList(v, a.Tenant, a.at(0)) {
			fmt.Fprintln(&b, showSession(s))
		}
		return b.String()
	})

	_ = verb("client open", func(a *scriptArgs) Command { return OnceOpen{a.num("id")}.Command() }, nil)
	// client S N kv VERB ARGS, client S N twice KEY and client S N nested: a numbered write, as a client sends it
	_ = verb("client", func(a *scriptArgs) Command {
		o := Once{Session: scriptNumber(a.at(0)), Sequence: scriptNumber(a.at(1))}
		add := func(key string) Command {
			return KVTxn{Writes: []KVWrite{{Kind: KVAdd, Namespace: "n", Key: []byte(key), Delta: 1}}}.Command(a.Tenant)
		}
		switch a.at(2) {
		case "add":
			o.Commands = []Command{add(a.at(3))}
		case "twice": // the second is refused, which does not hold back the others
			bad := KVTxn{Writes: []KVWrite{{Kind: KVAdd, Namespace: "n", Key: nil, Delta: 1}}}.Command(a.Tenant)
			o.Commands = []Command{add(a.at(3)), bad, add(a.at(3))}
		case "lock":
			o.Commands = []Command{LockAcquire{Namespace: "n", Name: "l", Owner: "o", TTL: 1000}.Command(a.Tenant)}
		case "nested":
			o.Commands = []Command{Once{Session: 1, Sequence: 1, Commands: []Command{add("k")}}.Command()}
		case "system":
			o.Commands = []Command{{Op: OpOpenSession}}
		}
		return o.Command()
	}, func(b []byte) string {
		replies, err := DecodeReplies(b, nil)
		if err != nil {
			return err.Error()
		}
		var w []string
		for _, r := range replies {
			if r.Err != nil {
				w = append(w, r.Err.Error())
			} else if results, err := DecodeKVResults(r.Payload); err == nil && len(results) == 1 {
				w = append(w, fmt.Sprint(results[0].Value))
			} else {
				w = append(w, showLock(r.Payload))
			}
		}
		return strings.Join(w, ", ")
	})
	_ = checkState(checkSessions)
)

// checkSessions: every session of a subject is in its subject's list, nothing else is, and each has its one timer.
func checkSessions(r Reader) (err error) {
	listed, sessions, timers := map[string]bool{}, 0, 0
	r.Scan([]byte{FamilySession}, []byte{FamilySession + 1}, func(k, v []byte) bool {
		tx := &Tx{base: &Mem{}}
		_, rest, ok := onBehalfOf(tx, k)
		switch {
		case !ok:
			err = fmt.Errorf("session: malformed key %q", k)
		case rest[0] == 's':
			listed[string(k)+string(v)] = true
		case rest[0] == 'u':
			s, bad := DecodeSession(v)
			if sessions++; bad != nil || !bytes.Equal(s.ID, rest[1:]) {
				err = fmt.Errorf("session %q has the record %+v, %v", rest, s, bad)
			}
			if id := string(s.subjectKey(tx)) + string(s.ID); s.Subject != "" && !listed[id] {
				err = fmt.Errorf("session %q is not in the list of %q", s.ID, s.Subject)
			} else {
				delete(listed, id)
			}
			if _, ok := r.Get(timerKey(s.Expires(), FamilySession, k)); !ok {
				err = fmt.Errorf("session %q has no timer at its end", s.ID)
			}
		case rest[0] == 'c':
			sessions++
		}
		return err == nil
	})
	r.Scan([]byte{prefixTimers}, []byte{prefixTimers + 1}, func(k, _ []byte) bool {
		if k[9] == FamilySession {
			timers++
		}
		return true
	})
	if err == nil && (len(listed) > 0 || timers != sessions) {
		err = fmt.Errorf("session: %d in lists without a session, %d timers of %d sessions", len(listed), timers, sessions)
	}
	return err
}

func TestOldestSessionsOfASubjectEnd(t *testing.T) {
	s := newScriptRun()
	for i := range SessionPerSubject + 3 {
		if _, _, err := s.do(SessionCreate{ID: scriptID(fmt.Sprint("s", i)), Subject: "u", Life: 1000_000}.Command("shop")); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.check(); err != nil {
		t.Fatal(err)
	}
	list := SessionList(s.view(), "shop", "u")
	if len(list) != SessionPerSubject || string(list[0].ID) != string(scriptID("s3")) {
		t.Errorf("%d sessions, the first %q; want %d from s3 on", len(list), list[0].ID, SessionPerSubject)
	}
	payload, events, err := s.do(SessionRevokeAll{Subject: "u"}.Command("shop"))
	if n, _ := DecodeSessionCount(payload); err != nil || n != SessionPerSubject || len(events) != n {
		t.Errorf("%d ended with %d events, %v; want all", n, len(events), err)
	}
	if s.mem.Len() != 0 {
		t.Errorf("%d keys are left", s.mem.Len())
	}
}

// Many sessions with full rings that end at the same moment must not make one command too long for the key space.
func TestManySessionsEndInSteps(t *testing.T) {
	s := newScriptRun()
	const sessions = 12
	for id := range sessions {
		if _, _, err := s.do(OnceOpen{uint64(id + 1)}.Command()); err != nil {
			t.Fatal(err)
		}
	}
	for id := range sessions {
		var commands []Bundle
		for n := range Window {
			c := Once{Session: uint64(id + 1), Sequence: uint64(n + 1), Commands: []Command{QuotaSet{}.Command("shop")}}
			commands = append(commands, Bundle{Commands: []Command{c.Command()}})
		}
		if _, _, err := s.apply(commands...); err != nil {
			t.Fatal(err)
		}
	}
	s.now += 2 * OnceTTL
	before := s.mem.Len()
	_, entries, err := s.tick()
	if err != nil {
		t.Fatal(err)
	}
	if most := before / (tickWrites + 2*Window); entries <= most || entries == 1 {
		t.Errorf("%d keys went in %d entries, want more than %d", before, entries, most)
	}
	if n := s.mem.Len(); n != 0 {
		t.Errorf("%d keys are left", n)
	}
}
