package raftstore

import (
	"context"
	"errors"
	"sync"
	"time"

	"encoding/binary"

	"github.com/hashicorp/raft"
	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore/state"
)

// defaultWait bounds reads and writes whose context has no deadline.
const defaultWait = 10 * time.Second

// View implements Access.
func (s *Store) View(ctx context.Context, level Consistency, read func(*state.View) error) error {
	v, err := s.viewAt(ctx, level)
	if err != nil {
		return err
	}
	defer v.release()
	r := reader{txn: v.txn, dir: v.k.dir}
	err = read(&state.View{Reader: &r, Index: v.index, Now: v.now})
	if damage := r.failure(); damage != nil {
		s.fail(damage)
		return s.failure()
	}
	return err
}

// viewAt returns a view that is fresh enough. The caller releases it.
func (s *Store) viewAt(ctx context.Context, level Consistency) (*view, error) {
	if err := s.failure(); err != nil {
		return nil, err
	}
	switch {
	case level.mode == stale:
		if c := s.contact(); level.MaxStaleness > 0 && (c < 0 || c > level.MaxStaleness) {
			return nil, abi.Errorf(abi.CodeUnavailable, "store: this node last heard from a leader %v ago, which is longer than the %v that the read allows", c, level.MaxStaleness)
		}
	case s.leading.alone.Load(): // the only voter: nobody else can have committed anything
	case level.mode == lease && s.leading.ready.Load():
		if err := s.await(ctx, s.raft.CommitIndex()); err != nil {
			return nil, err
		}
	default:
		index, err := s.rounds.join(ctx)
		if err != nil {
			return nil, err
		}
		if err := s.await(ctx, index); err != nil {
			return nil, err
		}
	}
	for {
		a := s.at.Load()
		if a.k.use() {
			v := a.k.at(a.Index, a.Now)
			a.k.release()
			return v, nil
		}
	}
}

// use takes a reference, unless the keyspace is closed.
func (k *keyspace) use() bool {
	for {
		n := k.refs.Load()
		if n == 0 {
			return false
		}
		if k.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// await waits until index is applied here.
func (s *Store) await(ctx context.Context, index uint64) error {
	if s.reached.Load() >= index {
		return nil
	}
	w := waiter{index: index, done: make(chan struct{})}
	s.waiters.Lock()
	if s.reached.Load() >= index {
		s.waiters.Unlock()
		return nil
	}
	s.waiters.list = append(s.waiters.list, w)
	s.waiters.Unlock()
	timer := time.NewTimer(waitOf(ctx))
	defer timer.Stop()
	select {
	case <-w.done:
		return s.failure()
	case <-s.closing:
		return abi.Errorf(abi.CodeUnavailable, "store: this node is stopping")
	case <-ctx.Done():
	case <-timer.C:
	}
	return abi.Errorf(abi.CodeUnavailable, "store: this node did not catch up with the cluster in time")
}

func waitOf(ctx context.Context) time.Duration {
	if at, ok := ctx.Deadline(); ok {
		return time.Until(at)
	}
	return defaultWait
}

// rounds finds read indexes. Readers that come while a round is under way share the next one: a round asks, once for all of them,
// whether this node is still the leader (Ongaro, "Consensus: Bridging Theory and Practice", 6.4), or asks the leader.
type rounds struct {
	s       *Store
	mu      sync.Mutex
	next    *round // guarded by mu; joined by readers, not begun
	running bool   // guarded by mu
}

type round struct {
	done  chan struct{}
	index uint64
	err   error
}

func (r *rounds) init(s *Store) { r.s = s }

func (r *rounds) join(ctx context.Context) (uint64, error) {
	deadline := time.Now().Add(waitOf(ctx))
	for {
		r.mu.Lock()
		if r.next == nil {
			r.next = &round{done: make(chan struct{})}
		}
		mine := r.next
		if !r.running {
			r.running = true
			go r.run()
		}
		r.mu.Unlock()
		select {
		case <-mine.done:
		case <-ctx.Done():
			return 0, abi.Errorf(abi.CodeDeadline, "store: the time for the read ran out before the leader answered")
		case <-r.s.closing:
			return 0, abi.Errorf(abi.CodeUnavailable, "store: this node is stopping")
		}
		if mine.err == nil {
			return mine.index, nil
		}
		if time.Now().After(deadline) {
			return 0, mine.err
		}
		select { // there is no leader: there may be one soon
		case <-ctx.Done():
			return 0, mine.err
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (r *rounds) run() {
	for {
		r.mu.Lock()
		now := r.next
		r.next = nil
		if now == nil {
			r.running = false
			r.mu.Unlock()
			return
		}
		r.mu.Unlock()
		now.index, now.err = r.s.readIndex()
		close(now.done)
	}
}

var errNoLeader = abi.Errorf(abi.CodeUnavailable, "store: the cluster has no leader now: too few of its nodes are running or can reach each other")

// readIndex returns an index that a read must have applied to see everything acknowledged before the call.
func (s *Store) readIndex() (uint64, error) {
	if s.raft.State() == raft.Leader {
		return s.leaderReadIndex()
	}
	addr, _ := s.raft.LeaderWithID()
	if addr == "" || s.cfg.Network == nil {
		return 0, errNoLeader
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*s.cfg.Heartbeat)
	defer cancel()
	b, err := s.cfg.Network.Call(ctx, string(addr), "read-index", nil)
	if err == nil && len(b) != 8 {
		err = errNoLeader
	}
	if err != nil {
		var e *abi.Error
		if errors.As(err, &e) {
			return 0, e
		}
		return 0, abi.Errorf(abi.CodeUnavailable, "store: the leader cannot be reached: %v", err)
	}
	return binary.BigEndian.Uint64(b), nil
}

// leaderReadIndex is readIndex on the leader. Once it has the commit index and has then heard from a quorum, nobody else can have been
// leader when it took the index. The answer is the index of the last command, which followers apply; the commit index may be that of
// an entry that only Raft sees.
func (s *Store) leaderReadIndex() (uint64, error) {
	if !s.leading.ready.Load() { // commits of earlier terms may not be known yet
		return 0, errNoLeader
	}
	term := s.raft.CurrentTerm()
	commit := s.raft.CommitIndex()
	if err := s.raft.VerifyLeader().Error(); err != nil || s.raft.CurrentTerm() != term {
		return 0, errNoLeader
	}
	ctx, cancel := context.WithTimeout(context.Background(), defaultWait)
	defer cancel()
	if err := s.await(ctx, commit); err != nil {
		return 0, err
	}
	return min(s.at.Load().Index, s.reached.Load()), nil
}
