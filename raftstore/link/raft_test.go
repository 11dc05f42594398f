package link

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// cutter is a network whose nodes can be cut off: their connections break and new ones are refused.
type cutter struct {
	mu    sync.Mutex
	off   bool                  // guarded by mu
	conns map[net.Conn]struct{} // guarded by mu
}

func (c *cutter) apply(cfg *Config) {
	cfg.Wrap = func(conn net.Conn) net.Conn {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.off {
			conn.Close()
		}
		if c.conns == nil {
			c.conns = map[net.Conn]struct{}{}
		}
		c.conns[conn] = struct{}{}
		return conn
	}
}

func (c *cutter) set(off bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off = off
	if off {
		for conn := range c.conns {
			conn.Close()
		}
		c.conns = nil
	}
}

// journal is a state machine that remembers what was applied.
type journal struct {
	mu      sync.Mutex
	entries []string // guarded by mu
}

func (j *journal) Apply(l *raft.Log) any {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, string(l.Data))
	return len(j.entries)
}
func (j *journal) Snapshot() (raft.FSMSnapshot, error) { return nil, fmt.Errorf("none") }
func (j *journal) Restore(io.ReadCloser) error         { return fmt.Errorf("none") }
func (j *journal) len() int                            { j.mu.Lock(); defer j.mu.Unlock(); return len(j.entries) }

type raftNode struct {
	link    *Link
	raft    *raft.Raft
	journal *journal
	cut     cutter
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(8 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not in time: " + what)
		}
	}
}

// TestRaft runs three Raft nodes over three links.
func TestRaft(t *testing.T) {
	t.Parallel()
	first := newCluster(t, "n0")
	ids := []*Identity{first, another(t, first, "n1", true, Options{}), another(t, first, "n2", true, Options{})}
	var nodes []*raftNode
	var members raft.Configuration
	names := map[string]string{}
	var mu sync.Mutex
	for _, id := range ids {
		n := &raftNode{journal: &journal{}}
		n.link = start(t, id, func(c *Config) {
			n.cut.apply(c)
			c.NodeAt = func(addr string) string { mu.Lock(); defer mu.Unlock(); return names[addr] }
		})
		mu.Lock()
		names[n.link.Addr()] = id.Node()
		mu.Unlock()
		nodes = append(nodes, n)
		members.Servers = append(members.Servers, raft.Server{ID: raft.ServerID(id.Node()), Address: raft.ServerAddress(n.link.Addr())})
	}
	for i, n := range nodes {
		cfg := raft.DefaultConfig()
		cfg.LocalID = members.Servers[i].ID
		cfg.HeartbeatTimeout, cfg.ElectionTimeout, cfg.LeaderLeaseTimeout = 300*time.Millisecond, 300*time.Millisecond, 200*time.Millisecond
		cfg.LogOutput = io.Discard
		store := raft.NewInmemStore()
		transport := raft.NewNetworkTransport(n.link.Raft(), 3, time.Second, io.Discard)
		if err := raft.BootstrapCluster(cfg, store, store, raft.NewInmemSnapshotStore(), transport, members); err != nil {
			t.Fatal(err)
		}
		r, err := raft.NewRaft(cfg, n.journal, store, store, raft.NewInmemSnapshotStore(), transport)
		if err != nil {
			t.Fatal(err)
		}
		n.raft = r
		defer func() {
			r.Shutdown().Error()
			transport.Close()
		}()
	}
	leader := func(not *raftNode) (found *raftNode) {
		eventually(t, "a leader", func() bool {
			for _, n := range nodes {
				if n != not && n.raft.State() == raft.Leader {
					found = n
				}
			}
			return found != nil
		})
		return found
	}
	one := leader(nil)
	if err := one.raft.Apply([]byte("before"), 2*time.Second).Error(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all applied", func() bool {
		return nodes[0].journal.len() == 1 && nodes[1].journal.len() == 1 && nodes[2].journal.len() == 1
	})
	if string(one.raft.Leader()) != one.link.Addr() {
		t.Errorf("the leader is known as %s, its link as %s", one.raft.Leader(), one.link.Addr())
	}
	one.cut.set(true)
	two := leader(one)
	if err := two.raft.Apply([]byte("after"), 2*time.Second).Error(); err != nil {
		t.Fatal(err)
	}
	if one.journal.len() != 1 {
		t.Error("a node that is cut off applied something")
	}
	one.cut.set(false)
	eventually(t, "the one cut off catches up", func() bool { return one.journal.len() == 2 })
}

// TestStreamReopens closes the stream layer and takes a new one while calls go on.
func TestStreamReopens(t *testing.T) {
	first := newCluster(t, "a")
	a := start(t, first, nil)
	b := start(t, another(t, first, "b", false, Options{}), nil)
	to := raft.ServerAddress(b.Addr())
	for range 3 {
		s := b.Raft()
		if s.Addr().String() != b.Addr() {
			t.Errorf("address %s, want %s", s.Addr(), b.Addr())
		}
		out, err := a.Raft().Dial(to, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		in, err := s.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 5)
		if _, err := io.ReadFull(in, got); err != nil || string(got) != "hello" {
			t.Fatalf("%q, %v", got, err)
		}
		s.Close()
		s.Close()
		if _, err := s.Accept(); err == nil {
			t.Fatal("a closed layer accepts")
		}
		out.SetReadDeadline(time.Now().Add(3 * time.Second))
		if _, err := out.Read(got); err != io.EOF && isTimeout(err) {
			t.Errorf("a connection outlives its layer: %v", err)
		}
		out.Close()
		if _, err := a.Ping(soon(t), b.Addr()); err != nil {
			t.Errorf("calls after the layer closed: %v", err)
		}
	}
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

// silent is a TCP connection that can stop carrying anything, without an end that either side sees.
type silent struct {
	net.Conn
	gate *gate
	done chan struct{}
	once sync.Once
}

type gate struct {
	mu   sync.Mutex
	shut chan struct{} // nil: open; guarded by mu
}

func (g *gate) close() { g.mu.Lock(); g.shut = make(chan struct{}); g.mu.Unlock() }
func (g *gate) open()  { g.mu.Lock(); close(g.shut); g.shut = nil; g.mu.Unlock() }

func (s *silent) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	s.gate.mu.Lock()
	shut := s.gate.shut
	s.gate.mu.Unlock()
	if shut != nil {
		select {
		case <-shut:
		case <-s.done:
		}
	}
	return n, err
}

func (s *silent) Close() error {
	s.once.Do(func() { close(s.done) })
	return s.Conn.Close()
}

// TestSilentPeer cuts the network without a word: calls without a deadline end, and go on when it is back.
func TestSilentPeer(t *testing.T) {
	t.Parallel()
	first := newCluster(t, "a")
	var g gate
	a := start(t, first, func(c *Config) {
		c.IdleCheck = 150 * time.Millisecond
		c.HandshakeTimeout = 300 * time.Millisecond
		c.Wrap = func(c net.Conn) net.Conn { return &silent{Conn: c, gate: &g, done: make(chan struct{})} }
	})
	b := start(t, another(t, first, "b", false, Options{}), nil)
	entered := make(chan struct{}, 8)
	b.HandleCall("/wait", func(ctx context.Context, _ []byte) ([]byte, error) {
		entered <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	})
	done := make(chan error, 1)
	go func() {
		_, err := a.Call(t.Context(), b.Addr(), "/wait", []byte("x"))
		done <- err
	}()
	<-entered
	select {
	case err := <-done:
		t.Fatalf("a slow handler's call was given up: %v", err)
	case <-time.After(600 * time.Millisecond): // longer than two probes: a slow handler is no silent peer
	}
	g.close()
	select {
	case err := <-done:
		if !isKind(err, ErrOutcomeUnknown) {
			t.Errorf("a call while the network is cut: %v", err)
		}
	case <-time.After(3 * time.Second):
		t.Error("a call without a deadline hangs while the network is cut")
	}
	if _, err := a.Ping(soon(t), b.Addr()); !isKind(err, ErrNotDelivered) {
		t.Errorf("a call when the network is known to be cut: %v", err)
	}
	g.open()
	if _, err := a.Ping(soon(t), b.Addr()); err != nil {
		t.Errorf("the network is back: %v", err)
	}
}

func isKind(err, kind error) bool {
	var e *CallError
	return errors.As(err, &e) && e.Kind == kind
}
