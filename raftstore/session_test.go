package raftstore

import (
	"bytes"
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stackhost/stackhost/abi"
)

// Two clients increment one counter through any of three nodes. Each number is sent again and again, at the same time too, some
// without waiting for the answer, while the leader changes; each is counted once and has one answer.
func TestOnceCountsOnce(t *testing.T) {
	t.Parallel()
	nodes := testCluster(t, 3)
	const clients, numbers = 2, 60
	var mu sync.Mutex
	var sums []int64
	var wg sync.WaitGroup
	for range clients {
		session, err := NewSessions(nodes[0].Store).OpenSession(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			for number := uint64(1); number <= numbers; number++ {
				answers := make([]int64, 3)
				var sent sync.WaitGroup
				for i := range answers {
					sent.Go(func() {
						for try := 0; ; try++ {
							node := nodes[rand.IntN(len(nodes))]
							ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
							if try == 0 && i > 0 { // most go without an answer
								ctx, cancel = context.WithTimeout(t.Context(), time.Duration(rand.IntN(3000))*time.Microsecond)
							}
							n, _, err := NewKV(NewSessions(node.Store).Once(session, number), "app").Increment(ctx, "ns", []byte("n"), 1)
							cancel()
							if err == nil {
								answers[i] = n
								return
							}
							if c := codeOf(err); try > 20 || c != abi.CodeUnavailable && c != abi.CodeDeadline {
								t.Errorf("number %d: %v", number, err)
								return
							}
						}
					})
				}
				sent.Wait()
				if answers[0] != answers[1] || answers[0] != answers[2] {
					t.Errorf("number %d was answered %v", number, answers)
				}
				mu.Lock()
				sums = append(sums, answers[0])
				mu.Unlock()
			}
		})
	}
	time.Sleep(30 * time.Millisecond)
	if err := leaderOf(t, nodes).Transfer(t.Context(), ""); err != nil {
		t.Error(err)
	}
	wg.Wait()
	slices.Sort(sums)
	if n := len(slices.Compact(slices.Clone(sums))); n != clients*numbers || sums[n-1] != clients*numbers {
		t.Errorf("%d different sums up to %d for %d numbers", n, sums[len(sums)-1], clients*numbers)
	}
	if n, _, err := NewKV(nodes[1].Store, "app").Increment(t.Context(), "ns", []byte("n"), 0); n != clients*numbers || err != nil {
		t.Errorf("counts %d (%v) after %d", n, err, clients*numbers)
	}
}

// A session's numbers and answers survive a restart; it expires ten minutes after its last use.
func TestOnceOverRestart(t *testing.T) {
	t.Parallel()
	dir, wall := t.TempDir(), time.Now()
	var session uint64
	for round := range 3 {
		s := openTest(t, Config{Dir: dir, Wall: func() time.Time { return wall }})
		sessions := NewSessions(s)
		if round == 0 {
			var err error
			if session, err = sessions.OpenSession(t.Context()); err != nil || session == 0 || session >= 1<<53 {
				t.Fatalf("session %d: %v", session, err)
			}
		}
		for range 2 {
			n, _, err := NewKV(sessions.Once(session, 1), "app").Increment(t.Context(), "ns", []byte("n"), 1)
			if round < 2 && (n != 1 || err != nil) || round == 2 && codeOf(err) != abi.CodeClosed {
				t.Errorf("round %d: %d, %v", round, n, err)
			}
		}
		if _, err := NewLock(sessions.Once(session, 1), "app").Acquire(t.Context(), "ns", "l", "o", LockOptions{}); round < 2 && codeOf(err) != abi.CodeConflict {
			t.Errorf("another write with the number: %v, want conflict", err)
		}
		if e, ok, err := NewKV(sessions.Once(session, 2), "app").Get(t.Context(), Linearizable, "ns", []byte("n")); !ok || err != nil || string(e.Value) != "1" {
			t.Errorf("round %d: a read through the session: %+v, %v", round, e, err)
		}
		s.Close()
		wall = wall.Add([]time.Duration{9 * time.Minute, 13 * time.Minute, 0}[round])
	}
}

func TestOnceRefuses(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Dir: t.TempDir()})
	k := func(session, number uint64) *KV { return NewKV(NewSessions(s).Once(session, number), "app") }
	for name, c := range map[string]struct {
		session, number uint64
		want            abi.Code
	}{"a session that never was": {12345, 1, abi.CodeClosed}, "no session": {0, 1, abi.CodeInvalid}, "no number": {12345, 0, abi.CodeInvalid}} {
		if _, err := k(c.session, c.number).Set(t.Context(), "ns", []byte("k"), nil, SetOptions{}); codeOf(err) != c.want {
			t.Errorf("%s: %v, want code %v", name, err, c.want)
		}
	}
	// the node's own session is not a client's, and still works after they tried
	setKV(t, NewKV(s, "app"), "k", "v", SetOptions{})
	s.outbox.numbers.Lock()
	own, next := s.outbox.session, s.outbox.sequence+1
	s.outbox.numbers.Unlock()
	if _, err := k(own, next).Set(t.Context(), "ns", []byte("k"), []byte("stolen"), SetOptions{}); codeOf(err) != abi.CodeClosed {
		t.Errorf("a write with a node's number: %v, want closed", err)
	}
	setKV(t, NewKV(s, "app"), "k", "w", SetOptions{})
	if v := getKV(t, NewKV(s, "app"), "k"); v != "w" {
		t.Errorf("the key is %q", v)
	}
}

func TestUserSessions(t *testing.T) {
	t.Parallel()
	dir, wall := t.TempDir(), time.Now()
	s := openTest(t, Config{Dir: dir, Wall: func() time.Time { return wall }})
	u, ctx := NewUserSessions(s, "app"), t.Context()
	token, made, err := u.Create(ctx, UserSessionOptions{Data: []byte("cart")})
	if err != nil || len(token) != 43 || bytes.Contains(made.ID, []byte(token)) || made.Idle != 30*60*1000 {
		t.Fatalf("token %q, session %+v, %v", token, made, err)
	}
	got, ok, err := u.Use(ctx, Linearizable, token)
	if err != nil || !ok || string(got.Data) != "cart" || !bytes.Equal(got.ID, SessionID(token)) || got.Seen != made.Seen {
		t.Errorf("use: %+v, %t, %v", got, ok, err)
	}
	if _, ok, err := NewUserSessions(s, "other").Get(ctx, Linearizable, token); ok || err != nil {
		t.Errorf("another app sees the session, or %v", err)
	}
	fresh, in, err := u.Rotate(ctx, token, "anna")
	if err != nil || in.Subject != "anna" || string(in.Data) != "cart" {
		t.Fatalf("rotate: %+v, %v", in, err)
	}
	if _, ok, err := u.Use(ctx, Linearizable, token); ok || err != nil {
		t.Errorf("the old token still works, or %v", err)
	}
	set, err := u.SetData(ctx, fresh, []byte("full"), in.Version)
	if err != nil || set.Version <= in.Version {
		t.Errorf("set: %+v, %v", set, err)
	}
	if _, err := u.SetData(ctx, fresh, []byte("late"), in.Version); codeOf(err) != abi.CodeConflict {
		t.Errorf("set of an old version: %v, want conflict", err)
	}
	second, _, err := u.Create(ctx, UserSessionOptions{Subject: "anna", Life: time.Hour, Idle: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	list, err := u.List(ctx, Linearizable, "anna")
	if err != nil || len(list) != 2 || string(list[0].Data) != "full" || !bytes.Equal(list[1].ID, SessionID(second)) {
		t.Errorf("list: %+v, %v", list, err)
	}
	s.Close()

	wall = wall.Add(20 * time.Minute)
	s = openTest(t, Config{Dir: dir, Wall: func() time.Time { return wall }})
	u = NewUserSessions(s, "app")
	setKV(t, NewKV(s, "app"), "k", "v", SetOptions{}) // with the leader's time
	if got, ok, err := u.Use(ctx, Linearizable, fresh); err != nil || !ok || got.Seen <= made.Seen+60_000 {
		t.Errorf("use after 20 minutes: %+v, %t, %v", got, ok, err)
	}
	s.Close()

	wall = wall.Add(29 * time.Minute)
	s = openTest(t, Config{Dir: dir, Wall: func() time.Time { return wall }})
	u = NewUserSessions(s, "app")
	setKV(t, NewKV(s, "app"), "k", "v", SetOptions{})
	if _, ok, err := u.Get(ctx, Linearizable, fresh); err != nil || !ok {
		t.Errorf("29 minutes after the last use it is gone, %v", err)
	}
	if n, err := u.RevokeAll(ctx, "anna", SessionID(fresh)); n != 1 || err != nil {
		t.Errorf("revoke all others: %d, %v", n, err)
	}
	if ended, err := u.Revoke(ctx, SessionID(fresh)); !ended || err != nil {
		t.Errorf("revoke: %t, %v", ended, err)
	}
	if ended, err := u.Revoke(ctx, SessionID(fresh)); ended || err != nil {
		t.Errorf("revoke again: %t, %v", ended, err)
	}
	if _, err := u.SetData(ctx, fresh, nil, 0); codeOf(err) != abi.CodeNotFound {
		t.Errorf("set of a session that ended: %v", err)
	}
}

// BenchmarkOnceSet is BenchmarkKVSet with numbered writes: each of 64 clients has a session.
func BenchmarkOnceSet(b *testing.B) {
	s := openTest(b, Config{Dir: b.TempDir()})
	const clients = 64
	var ids [clients]uint64
	for i := range ids {
		var err error
		if ids[i], err = NewSessions(s).OpenSession(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	value, sessions := make([]byte, 128), NewSessions(s)
	b.ResetTimer()
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for i := c; i < b.N; i += clients {
				k := NewKV(sessions.Once(ids[c], uint64(i/clients+1)), "app")
				if _, err := k.Set(context.Background(), "ns", []byte{byte(i), byte(i >> 8)}, value, SetOptions{}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
}
