package raftstore

import (
	"bytes"
	"context"
	"iter"
	"sync"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore/state"
)

// feed keeps the newest changes in memory, for watchers. What is older is gone: a watcher that wants it reads the keys again.
type feed struct {
	mu      sync.Mutex
	changes []change            // guarded by mu; ascending
	bytes   int                 // guarded by mu
	from    uint64              // guarded by mu; every change after this index is in changes
	last    uint64              // guarded by mu; index of the newest entry that was published
	woken   chan struct{}       // guarded by mu; closed at the next publish
	before  []func(state.Event) // guarded by mu; run before reads see a change
	visible []func(state.Event) // guarded by mu; run once they do
}

type change struct {
	index uint64
	state.Event
}

// feedBytes bounds the memory of a feed.
const feedBytes = 16 << 20

func newFeed(index uint64) *feed { return &feed{from: index, last: index, woken: make(chan struct{})} }

func (f *feed) publish(index uint64, events []state.Event) {
	if len(events) == 0 {
		return
	}
	f.mu.Lock()
	f.last = index
	for _, e := range events {
		f.changes = append(f.changes, change{index, e})
		f.bytes += e.Size()
	}
	cut := 0
	for f.bytes > feedBytes {
		f.bytes -= f.changes[cut].Size()
		f.from = f.changes[cut].index
		cut++
	}
	for cut > 0 && cut < len(f.changes) && f.changes[cut].index == f.from { // never half an entry
		f.bytes -= f.changes[cut].Size()
		cut++
	}
	f.changes = f.changes[cut:]
	close(f.woken)
	f.woken = make(chan struct{})
	visible := f.visible
	f.mu.Unlock()
	tell(visible, events)
}

// announce tells of changes that no read sees yet.
func (f *feed) announce(events []state.Event) {
	if len(events) == 0 {
		return
	}
	f.mu.Lock()
	before := f.before
	f.mu.Unlock()
	tell(before, events)
}

func tell(hooks []func(state.Event), events []state.Event) {
	for _, hook := range hooks {
		for _, e := range events {
			hook(e)
		}
	}
}

func (f *feed) restart(index uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.changes, f.bytes, f.from, f.last = nil, 0, index, index
	close(f.woken)
	f.woken = make(chan struct{})
}

// after returns the changes after index, or a channel that is closed when there may be some.
func (f *feed) after(index uint64) (found []change, last uint64, wait <-chan struct{}, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if index < f.from {
		return nil, 0, nil, abi.Errorf(abi.CodeClosed, "store: changes after index %d are not kept any more (the oldest kept follow %d): read the keys again and watch from there", index, f.from)
	}
	i := len(f.changes)
	for i > 0 && f.changes[i-1].index > index {
		i--
	}
	return f.changes[i:len(f.changes):len(f.changes)], f.last, f.woken, nil
}

// Watch yields the changes of keys that begin with prefix, of one tenant and namespace (empty: all of the tenant's), after the index
// from, without a gap, until ctx ends. It ends with the code closed when the changes are not kept any more. Events must not be changed.
func (s *Store) Watch(ctx context.Context, tenant, namespace string, prefix []byte, from uint64) iter.Seq2[state.Event, error] {
	return func(yield func(state.Event, error) bool) {
		for {
			found, last, wait, err := s.feed.after(from)
			if err != nil {
				yield(state.Event{}, err)
				return
			}
			for _, c := range found {
				from = c.index
				if c.Tenant == tenant && (namespace == "" || c.Namespace == namespace) && bytes.HasPrefix(c.Key, prefix) && !yield(c.Event, nil) {
					return
				}
			}
			from = max(from, last)
			if len(found) > 0 {
				continue
			}
			select {
			case <-wait:
			case <-s.closing:
				yield(state.Event{}, abi.Errorf(abi.CodeUnavailable, "store: this node is stopping"))
				return
			case <-ctx.Done():
				yield(state.Event{}, abi.Errorf(abi.CodeCancelled, "store: the watch was ended"))
				return
			}
		}
	}
}

// OnApply makes hook run for each event of an applied command, in the order of the log, on every node, just before reads of this node
// see the change. It runs between entries: it must be quick and must not use the store. Call it before the store has work.
func (s *Store) OnApply(hook func(state.Event)) {
	s.feed.mu.Lock()
	s.feed.before = append(s.feed.before[:len(s.feed.before):len(s.feed.before)], hook)
	s.feed.mu.Unlock()
}

// OnVisible is OnApply for a hook that runs once reads of this node see the change.
func (s *Store) OnVisible(hook func(state.Event)) {
	s.feed.mu.Lock()
	s.feed.visible = append(s.feed.visible[:len(s.feed.visible):len(s.feed.visible)], hook)
	s.feed.mu.Unlock()
}
