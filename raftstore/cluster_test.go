package raftstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/raft"
	"github.com/stackhost/stackhost/raftstore/link"
	"github.com/stackhost/stackhost/raftstore/state"
)

// testNode is a node with a link on loopback.
type testNode struct {
	*Store
	net     *LinkNetwork
	link    *link.Link
	dir     string
	addr    string
	feature uint16
	stall   atomic.Pointer[chan struct{}] // while set, writes of the log wait for it
}

func testLog(t testing.TB, node string) *slog.Logger {
	if os.Getenv("STACKHOST_TEST_LOG") == "" {
		return nil
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})).With("node", node)
}

// testCluster starts n nodes and waits until all have a vote.
func testCluster(t testing.TB, n int) []*testNode {
	t.Helper()
	nodes := make([]*testNode, n)
	for i := range nodes {
		nodes[i] = &testNode{dir: t.TempDir()}
	}
	nodes[0].init(t, "n0")
	nodes[0].start(t, "n0", true)
	tokens := nodes[0].link
	for i, node := range nodes[1:] {
		name := fmt.Sprintf("n%d", i+1)
		token, err := tokens.NewToken(t.Context(), link.TokenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := link.Join(t.Context(), link.JoinConfig{Dir: filepath.Join(node.dir, "node"), Node: name, Token: token, Seeds: []string{tokens.Addr()}}); err != nil {
			t.Fatal(err)
		}
		node.start(t, name, false)
		if err := node.Join(t.Context(), []string{tokens.Addr()}); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "every node has a vote", func() bool { return nodes[0].voters() == n })
	return nodes
}

func (n *testNode) init(t testing.TB, name string) {
	if _, err := link.Init(filepath.Join(n.dir, "node"), name, link.Options{}); err != nil {
		t.Fatal(err)
	}
}

func (n *testNode) start(t testing.TB, name string, bootstrap bool) {
	t.Helper()
	id, err := link.Load(filepath.Join(n.dir, "node"), link.Options{})
	if err != nil {
		t.Fatal(err)
	}
	addr := n.addr
	if addr == "" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addr = l.Addr().String()
		l.Close()
	}
	l, err := link.Listen(link.Config{Addr: addr, Identity: id, Tokens: &link.MemTokens{}, Log: testLog(t, name)})
	if err != nil {
		t.Fatal(err)
	}
	n.link, n.addr = l, addr
	n.net = NewNetwork(l)
	n.Store, err = Open(Config{Dir: filepath.Join(n.dir, "store"), Node: name, Network: n.net, Bootstrap: bootstrap, MinFree: 1, Feature: n.feature, logSegment: 16 << 10, Log: testLog(t, name), logFault: func() {
		if c := n.stall.Load(); c != nil {
			<-*c
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.stop)
}

func (n *testNode) stop() {
	n.Store.Close()
	n.link.Close()
}

func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never: " + what)
		}
	}
}

func leaderOf(t testing.TB, nodes []*testNode) *testNode {
	t.Helper()
	var leader *testNode
	until(t, "a leader", func() bool {
		for _, n := range nodes {
			if n.raft.State() == raft.Leader && n.leading.ready.Load() {
				leader = n
				return true
			}
		}
		return false
	})
	return leader
}

func TestClusterCountsOnceThroughEveryNode(t *testing.T) {
	nodes := testCluster(t, 3)
	var wg sync.WaitGroup
	for _, n := range nodes {
		for range 4 {
			wg.Go(func() {
				for range 25 {
					do(t, n.Store, command('+', "n", nil))
				}
			})
		}
	}
	time.Sleep(50 * time.Millisecond)
	if err := nodes[1].Transfer(t.Context(), ""); err != nil {
		t.Error(err)
	}
	wg.Wait()
	for i, n := range nodes {
		if v := binary.BigEndian.Uint64(get(t, n.Store, "n")); v != 300 {
			t.Errorf("node %d counts %d after 300 increments", i, v)
		}
	}
	until(t, "equal hashes", func() bool {
		a, b, c := nodes[0].Status(), nodes[1].Status(), nodes[2].Status()
		return a.Chain == b.Chain && b.Chain == c.Chain && a.Applied == b.Applied && b.Applied == c.Applied
	})
	var first [32]byte
	for i, n := range nodes {
		_, sum, err := n.Hash(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = sum
		} else if sum != first {
			t.Errorf("node %d's state is not that of node 0", i)
		}
	}
}

func TestLeaderWhoseDiskHangsIsReplaced(t *testing.T) {
	nodes := testCluster(t, 3)
	leader := leaderOf(t, nodes)
	var others []*testNode
	for _, n := range nodes {
		if n != leader {
			others = append(others, n)
		}
	}
	do(t, others[0].Store, command('s', "k", []byte("before")))
	hang := make(chan struct{})
	leader.stall.Store(&hang)
	begun := time.Now()
	do(t, others[0].Store, command('s', "k", []byte("after")))
	took := time.Since(begun)
	if next := leaderOf(t, others); next == leader {
		t.Fatal("the leader stayed")
	}
	leader.stall.Store(nil)
	close(hang)
	t.Logf("a write went through %v after the disk hung (election timeout %v)", took, leader.cfg.Heartbeat)
	if took > 3*time.Second { // three election timeouts on a machine that is not busy
		t.Fatal("too late")
	}
	until(t, "the old leader catches up", func() bool { return leader.Status().Applied == others[0].Status().Applied })
}

func TestNodeComesBackThroughASnapshot(t *testing.T) {
	nodes := testCluster(t, 3)
	leader := leaderOf(t, nodes)
	away := nodes[0]
	if away == leader {
		away = nodes[1]
	}
	name := away.cfg.Node
	away.stop()
	for i := range 200 {
		do(t, leader.Store, command('s', fmt.Sprint(i), make([]byte, 100)))
	}
	rc := raft.ReloadableConfig{TrailingLogs: 1, SnapshotInterval: time.Hour, SnapshotThreshold: 1 << 40, HeartbeatTimeout: 300 * time.Millisecond, ElectionTimeout: 300 * time.Millisecond}
	if err := leader.raft.ReloadConfig(rc); err != nil {
		t.Fatal(err)
	}
	leader.log.durable = func() uint64 { return 1 << 40 } // as if the tables held all: this test never stops the leader
	if err := leader.raft.Snapshot().Error(); err != nil {
		t.Fatal(err)
	}
	do(t, leader.Store, command('s', "last", []byte("x")))
	away.start(t, name, false)
	until(t, "the node has everything", func() bool { return away.Status().Chain == leader.Status().Chain })
	if first, _ := away.log.FirstIndex(); first < 100 {
		t.Errorf("the node's log begins at %d: it came back through the log", first)
	}
	do(t, away.Store, command('s', "more", []byte("y")))
	away.stop()
	away.start(t, name, false)
	if v := get(t, away.Store, "199"); len(v) != 100 {
		t.Errorf("after a restart: %q", v)
	}
}

// TestLogWhoseEndWasTakenBack opens a log again after its end was replaced, which raft-wal 0.4.0 alone cannot.
func TestLogWhoseEndWasTakenBack(t *testing.T) {
	dir := t.TempDir()
	open := func() *raftLog {
		l, err := openLog(dir, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		l.durable, l.snapshot = func() uint64 { return 0 }, func() (uint64, uint64) { return 0, 0 }
		return l
	}
	store := func(l *raftLog, from, to, term uint64) {
		for i := from; i <= to; i++ {
			if err := l.StoreLog(&raft.Log{Index: i, Term: term, Data: []byte{byte(i)}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	l := open()
	store(l, 1, 10, 1)
	if err := l.DeleteRange(6, 10); err != nil {
		t.Fatal(err)
	}
	store(l, 6, 8, 2)
	for range 2 {
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		l = open()
		for i := uint64(1); i <= 8; i++ {
			var e raft.Log
			if err := l.GetLog(i, &e); err != nil || e.Term != 1+i/6 {
				t.Errorf("entry %d: term %d, %v", i, e.Term, err)
			}
		}
		if last, _ := l.LastIndex(); last != 8 {
			t.Errorf("the log ends with %d", last)
		}
	}
	l.Close()
}

// TestLogWhoseRotationWasCutShort opens a log that was killed after a file had been ended and before that was noted, which raft-wal 0.4.0
// alone can read and never write again.
func TestLogWhoseRotationWasCutShort(t *testing.T) {
	dir := t.TempDir()
	open := func() *raftLog {
		l, err := openLog(dir, 4<<10)
		if err != nil {
			t.Fatal(err)
		}
		l.durable, l.snapshot = func() uint64 { return 0 }, func() (uint64, uint64) { return 0, 0 }
		return l
	}
	store := func(l *raftLog, i uint64) {
		if err := l.StoreLog(&raft.Log{Index: i, Term: 1, Data: make([]byte, 100)}); err != nil {
			t.Fatal(err)
		}
	}
	l := open()
	last := uint64(0)
	for files := []string{}; len(files) < 2; files, _ = filepath.Glob(filepath.Join(dir, "*.wal")) {
		last++
		store(l, last)
	}
	noted, err := l.meta.Load(dir)
	if err != nil || len(noted.Segments) != 2 {
		t.Fatalf("%d files are noted: %v", len(noted.Segments), err)
	}
	noted.Segments = noted.Segments[:1]
	ended := &noted.Segments[0]
	end := ended.MaxIndex
	ended.SealTime, ended.MaxIndex, ended.IndexStart = time.Time{}, 0, 0
	if err := l.meta.CommitState(noted); err != nil {
		t.Fatal(err)
	}
	l.Close()
	l = open()
	defer l.Close()
	if got, _ := l.LastIndex(); got != end {
		t.Fatalf("the log ends with %d, not %d", got, end)
	}
	for i := end + 1; i < end+100; i++ {
		store(l, i)
	}
	for i := uint64(1); i < end+100; i++ {
		if err := l.GetLog(i, new(raft.Log)); err != nil {
			t.Fatalf("entry %d: %v", i, err)
		}
	}
}

func BenchmarkClusterSet(b *testing.B) {
	for _, clients := range []int{1, 64} {
		b.Run(fmt.Sprint(clients), func(b *testing.B) {
			nodes := testCluster(b, 3)
			leader := leaderOf(b, nodes)
			value := make([]byte, 128)
			b.ResetTimer()
			var wg sync.WaitGroup
			for c := range clients {
				wg.Go(func() {
					for i := c; i < b.N; i += clients {
						if _, err := leader.Do(context.Background(), state.Command(command('s', fmt.Sprint(i%10000), value))); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
		})
	}
}
