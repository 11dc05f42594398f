package raftstore

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
)

// careful is a transport that keeps hashicorp/raft 1.8.0 out of three kinds of trouble.
//
// A follower takes everything in its log up to the leader's commit index for committed, where the Raft paper (section 5.3) says up to
// the last entry that came with the message. A message without entries can name an index before the place where the logs part: a new
// leader that could not reach the node sends such ones. The node would apply entries that were never committed. What comes in is
// therefore cut to what the message vouches for.
//
// Heartbeats are taken in a goroutine of their own. One that comes after this node was asked to stand for election, but before it has
// written its new term, names the old leader as the leader again; nothing takes that back while the node is a candidate, so that it
// rejects the pre-votes of all others. When two nodes are in that state nobody is elected until the old leader returns. A candidate
// does not hear heartbeats: it learns of a new leader from its entries.
//
// The transport keeps a few connections to each node and finds out that one is closed when it uses it, which costs a candidate the
// election. What an election needs is asked again.
type careful struct {
	raft.Transport
	raft.WithPreVote
	inner  raft.WithClose
	raft   *atomic.Pointer[raft.Raft]
	rpcs   chan raft.RPC
	closed chan struct{}
	once   sync.Once
}

var errCandidate = errors.New("store: this node stands for election")

// newCareful returns t with that, or t itself when it cannot do pre-votes.
func newCareful(t raft.Transport, node *atomic.Pointer[raft.Raft]) raft.Transport {
	pre, ok := t.(raft.WithPreVote)
	closer, closes := t.(raft.WithClose)
	if !ok || !closes {
		return t
	}
	c := &careful{Transport: t, WithPreVote: pre, inner: closer, raft: node, rpcs: make(chan raft.RPC), closed: make(chan struct{})}
	go c.forward()
	return c
}

// Consumer implements raft.Transport.
func (c *careful) Consumer() <-chan raft.RPC { return c.rpcs }

func (c *careful) forward() {
	for {
		select {
		case rpc := <-c.Transport.Consumer():
			if a, ok := rpc.Command.(*raft.AppendEntriesRequest); ok {
				vouched := a.PrevLogEntry
				if n := len(a.Entries); n > 0 {
					vouched = a.Entries[n-1].Index
				}
				a.LeaderCommitIndex = min(a.LeaderCommitIndex, vouched)
			}
			select {
			case c.rpcs <- rpc:
			case <-c.closed:
				return
			}
		case <-c.closed:
			return
		}
	}
}

// Close implements raft.WithClose.
func (c *careful) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.inner.Close()
}

// SetHeartbeatHandler implements raft.Transport.
func (c *careful) SetHeartbeatHandler(handle func(raft.RPC)) {
	c.Transport.SetHeartbeatHandler(func(rpc raft.RPC) {
		if r := c.raft.Load(); r != nil && r.State() == raft.Candidate {
			rpc.Respond(nil, errCandidate)
			return
		}
		handle(rpc)
	})
}

// RequestVote implements raft.Transport.
func (c *careful) RequestVote(id raft.ServerID, target raft.ServerAddress, args *raft.RequestVoteRequest, resp *raft.RequestVoteResponse) error {
	return tryAgain(func() error { return c.Transport.RequestVote(id, target, args, resp) })
}

// RequestPreVote implements raft.WithPreVote.
func (c *careful) RequestPreVote(id raft.ServerID, target raft.ServerAddress, args *raft.RequestPreVoteRequest, resp *raft.RequestPreVoteResponse) error {
	return tryAgain(func() error { return c.WithPreVote.RequestPreVote(id, target, args, resp) })
}

// TimeoutNow implements raft.Transport.
func (c *careful) TimeoutNow(id raft.ServerID, target raft.ServerAddress, args *raft.TimeoutNowRequest, resp *raft.TimeoutNowResponse) error {
	return tryAgain(func() error { return c.Transport.TimeoutNow(id, target, args, resp) })
}

// tryAgain asks again at once, for a while, when it fails. Asking for a vote twice is harmless.
func tryAgain(ask func() error) (err error) {
	begun := time.Now()
	for range poolSize + 1 {
		if err = ask(); err == nil || time.Since(begun) > 100*time.Millisecond {
			return err
		}
	}
	return err
}
