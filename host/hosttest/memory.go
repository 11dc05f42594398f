// Package hosttest has what tests of several packages of the host need. Nothing that is served imports it.
package hosttest

import (
	"context"
	"encoding/binary"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/state"
)

// Memory is a store of one node without a log: the real state machine over keys in memory. It answers at once, whatever the context
// and the consistency. Nothing ends by itself: its time goes on with commands, and timers run then too. Safe for concurrent use.
type Memory struct {
	mu      sync.Mutex
	machine *state.Machine
	keys    state.Mem
	events  []indexed
	woken   chan struct{}
	down    bool
}

var (
	_ raftstore.Access  = (*Memory)(nil)
	_ raftstore.Watcher = (*Memory)(nil)
)

type indexed struct {
	index uint64
	state.Event
}

// NewMemory returns an empty store at index 100: changes before that are not kept.
func NewMemory() *Memory {
	return &Memory{machine: state.NewMachine(state.Meta{Index: 100, Feature: 1 << 15}), woken: make(chan struct{})}
}

// Fail makes the store answer unavailable, or stop doing so.
func (m *Memory) Fail(down bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = down
}

// Do implements raftstore.Access.
func (m *Memory) Do(_ context.Context, commands ...state.Command) ([]state.Reply, error) {
	return m.apply(state.Bundle{Commands: commands})
}

func (m *Memory) apply(b state.Bundle) ([]state.Reply, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down {
		return nil, abi.Errorf(abi.CodeUnavailable, "store: no leader")
	}
	e := state.Entry{Now: time.Now().UnixMilli(), Bundles: []state.Bundle{b}}
	replies, events, err := m.machine.Apply(&m.keys, m.machine.Index+1, e.Append(nil))
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		m.events = append(m.events, indexed{m.machine.Index, e})
	}
	close(m.woken)
	m.woken = make(chan struct{})
	return state.DecodeReplies(replies[0], nil)
}

// View implements raftstore.Access.
func (m *Memory) View(_ context.Context, _ raftstore.Consistency, read func(*state.View) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down {
		return abi.Errorf(abi.CodeUnavailable, "store: no leader")
	}
	return read(&state.View{Reader: &m.keys, Index: m.machine.Index, Now: max(m.machine.Now, time.Now().UnixMilli())})
}

// Watch implements raftstore.Watcher.
func (m *Memory) Watch(ctx context.Context, tenant, ns string, prefix []byte, from uint64) iter.Seq2[state.Event, error] {
	return func(yield func(state.Event, error) bool) {
		for {
			m.mu.Lock()
			events, wait := m.events, m.woken
			m.mu.Unlock()
			if from != 0 && from < 100 {
				yield(state.Event{}, abi.Errorf(abi.CodeClosed, "store: changes after index %d are not kept any more", from))
				return
			}
			for _, e := range events {
				if e.index <= from {
					continue
				}
				from = e.index
				if e.Tenant == tenant && e.Namespace == ns && strings.HasPrefix(string(e.Key), string(prefix)) && !yield(e.Event, nil) {
					return
				}
			}
			select {
			case <-wait:
			case <-ctx.Done():
				return
			}
		}
	}
}

// OpenSession begins a session for numbered writes and returns its number.
func (m *Memory) OpenSession(ctx context.Context) (uint64, error) {
	r, err := m.Do(ctx, state.Command{Family: state.FamilySystem, Op: state.OpOpenSession})
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(r[0].Payload), r[0].Err
}

// Once returns the store for one numbered write: it is done once however often it is sent.
func (m *Memory) Once(session, sequence uint64) raftstore.Access {
	return numbered{m, state.Bundle{Session: session, Sequence: sequence}}
}

type numbered struct {
	*Memory
	bundle state.Bundle
}

// Do implements raftstore.Access.
func (n numbered) Do(_ context.Context, commands ...state.Command) ([]state.Reply, error) {
	n.bundle.Commands = commands
	return n.apply(n.bundle)
}
