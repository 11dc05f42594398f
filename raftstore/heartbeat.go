package raftstore

import (
	"errors"
	"sync/atomic"

	"github.com/hashicorp/raft"
)

// deaf is a transport on which a candidate does not hear heartbeats. hashicorp/raft 1.8.0 takes heartbeats in a goroutine of their own.
// One that comes after this node was asked to stand for election, but before it has written its new term, names the old leader as the
// leader again; nothing takes that back while the node is a candidate, so that it rejects the pre-votes of all others. When two nodes
// are in that state nobody is elected until the old leader returns. A candidate learns of a new leader from its entries.
type deaf struct {
	raft.Transport
	raft.WithPreVote
	raft.WithClose
	raft *atomic.Pointer[raft.Raft]
}

var errCandidate = errors.New("store: this node stands for election")

// newDeaf returns t with that, or t itself when it cannot do pre-votes.
func newDeaf(t raft.Transport, node *atomic.Pointer[raft.Raft]) raft.Transport {
	pre, ok := t.(raft.WithPreVote)
	closer, closes := t.(raft.WithClose)
	if !ok || !closes {
		return t
	}
	return &deaf{t, pre, closer, node}
}

// SetHeartbeatHandler implements raft.Transport.
func (d *deaf) SetHeartbeatHandler(handle func(raft.RPC)) {
	d.Transport.SetHeartbeatHandler(func(rpc raft.RPC) {
		if r := d.raft.Load(); r != nil && r.State() == raft.Candidate {
			rpc.Respond(nil, errCandidate)
			return
		}
		handle(rpc)
	})
}
