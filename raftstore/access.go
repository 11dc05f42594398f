package raftstore

import (
	"context"
	"time"

	"github.com/stackhost/stackhost/raftstore/state"
)

// Access is how typed clients (KV, Cache, Lock …) use a store. *Store implements it. Safe for concurrent use.
type Access interface {
	// Do commits commands in order and returns an answer for each; a command that fails does not hold back those after it. The error
	// is an *abi.Error: unavailable when there is no leader or quorum before ctx ends and nothing is known to have been done or the
	// outcome is unknown (see OutcomeUnknown), limit when a command is too long or the disk is full.
	Do(ctx context.Context, commands ...state.Command) ([]state.Reply, error)
	// View runs read on the state at one index. The view is valid during read only.
	View(ctx context.Context, level Consistency, read func(*state.View) error) error
}

// Consistency says how fresh a read has to be.
type Consistency struct {
	mode         readMode
	MaxStaleness time.Duration // of a stale read: how long ago this node last heard from a leader, at most; 0 means any
}

type readMode byte

const (
	linearizable readMode = iota
	lease
	stale
)

// Linearizable reads see every write that was acknowledged anywhere before the read began. It is the zero Consistency.
var Linearizable = Consistency{}

// Lease reads skip the round to the other nodes while this node is the leader and heard from a quorum within its lease: they rely on
// clocks that run at about the same speed.
var Lease = Consistency{mode: lease}

// Stale reads see what this node has applied.
func Stale(max time.Duration) Consistency { return Consistency{mode: stale, MaxStaleness: max} }
