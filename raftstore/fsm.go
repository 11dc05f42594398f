package raftstore

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"github.com/hashicorp/raft"
	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore/state"
)

// fsm is what Raft drives: it applies committed entries to the key space. Raft calls it from one goroutine.
type fsm struct {
	s       *Store
	machine *state.Machine
}

// at is what readers see: the key space and how far it is. It is replaced whole.
type at struct {
	k *keyspace
	state.Meta
}

// ApplyBatch implements raft.BatchingFSM. One transaction takes in entries until it is long enough. An error stops the node: to go on
// would be to serve a state that no other replica has.
func (f *fsm) ApplyBatch(logs []*raft.Log) []any {
	answers := make([]any, len(logs))
	for i := 0; i < len(logs); {
		n, err := f.apply(logs[i:], answers[i:])
		if err != nil {
			f.s.fail(err)
			for ; i < len(logs); i++ {
				answers[i] = err
			}
			return answers
		}
		i += n
	}
	if len(logs) > 0 {
		f.s.reach(logs[len(logs)-1].Index)
	}
	return answers
}

// Apply implements raft.FSM.
func (f *fsm) Apply(l *raft.Log) any { return f.ApplyBatch([]*raft.Log{l})[0] }

// apply applies the first entries of logs in one transaction and returns how many.
func (f *fsm) apply(logs []*raft.Log, answers []any) (n int, err error) {
	if err := f.s.failure(); err != nil {
		return 0, err
	}
	now := f.s.at.Load()
	var w *writer
	var events []state.Event
	defer func() {
		if w != nil {
			w.txn.Discard()
		}
	}()
	for n < len(logs) && (w == nil || w.bytes < batchBytes) {
		l, i := logs[n], n
		n++
		if l.Type != raft.LogCommand || l.Index <= f.machine.Index { // or applied before the node stopped
			continue
		}
		if w == nil {
			w = &writer{reader: reader{txn: now.k.db.NewTransactionAt(f.machine.Index, true), dir: now.k.dir}, recent: &now.k.recent}
		}
		replies, told, err := f.machine.Apply(w, l.Index, l.Data)
		if err == nil {
			err = w.failure()
		}
		if err != nil {
			return 0, err
		}
		answers[i] = replies
		events = append(events, told...)
	}
	if w == nil {
		return n, nil
	}
	w.Set(state.MetaKey, f.machine.Meta.Append(nil))
	if err := w.failure(); err != nil {
		return 0, err
	}
	if err := w.txn.CommitAt(f.machine.Index, nil); err != nil {
		return 0, fmt.Errorf("store: entry %d cannot be written: %w", f.machine.Index, err)
	}
	w = nil
	f.s.feed.announce(events)
	f.s.at.Store(&at{k: now.k, Meta: f.machine.Meta})
	f.s.feed.publish(f.machine.Index, events)
	return n, nil
}

// replay applies the entries of the log in (from, to] before Raft starts: they are behind the newest snapshot, so it will not.
func (f *fsm) replay(from, to uint64) error {
	for i := from + 1; i <= to; {
		var batch []*raft.Log
		for bytes := 0; i <= to && bytes < batchBytes; i++ {
			l := new(raft.Log)
			if err := f.s.log.GetLog(i, l); err != nil {
				if errors.Is(err, raft.ErrLogNotFound) {
					err = fmt.Errorf("entry %d of the log is missing, and the tables end with %d", i, from)
				}
				return corrupt(f.s.log.dir, err)
			}
			bytes += len(l.Data)
			batch = append(batch, l)
		}
		f.ApplyBatch(batch)
		if err := f.s.failure(); err != nil {
			return err
		}
	}
	return nil
}

// Snapshot implements raft.FSM.
func (f *fsm) Snapshot() (raft.FSMSnapshot, error) {
	if err := f.s.failure(); err != nil {
		return nil, err
	}
	return ownSnapshot(f.machine.Index), nil
}

// ownSnapshot is a snapshot that Badger keeps: the index of its last command.
type ownSnapshot uint64

// Persist implements raft.FSMSnapshot.
func (o ownSnapshot) Persist(to raft.SnapshotSink) error {
	to.(*sink).n.State = uint64(o)
	return to.Close()
}

// Release implements raft.FSMSnapshot.
func (ownSnapshot) Release() {}

// Restore implements raft.FSM: the state becomes what the leader sent.
func (f *fsm) Restore(r io.ReadCloser) error {
	defer r.Close()
	err := f.s.replace(r)
	if err != nil {
		return err
	}
	f.machine = state.NewMachine(f.s.at.Load().Meta)
	return nil
}

// replace makes a new key space of a stream and puts it in the place of the old one.
func (s *Store) replace(r io.Reader) error {
	number, _ := strconv.Atoi(s.folder)
	name := strconv.Itoa(number + 1)
	k, err := loadState(filepath.Join(s.dir, "state", name), s.badgerLog(), r)
	if err != nil {
		return err
	}
	meta, err := k.meta()
	if err == nil {
		err = writeFile(filepath.Join(s.dir, "state", "CURRENT"), []byte(name))
	}
	if err == nil {
		err = s.snaps.adopted()
	}
	if err != nil {
		k.release()
		return err
	}
	old := s.at.Load()
	s.folder = name
	if index, _ := s.snaps.last(); index > 0 {
		k.allow(index)
	}
	s.at.Store(&at{k: k, Meta: meta})
	s.feed.restart(meta.Index)
	s.reach(meta.Index)
	if old != nil {
		old.k.closeViews()
		go func() { // views that are under way keep it until they end
			old.k.release()
			for old.k.refs.Load() > 0 {
				<-s.pause()
			}
			os.RemoveAll(old.k.dir)
		}()
	}
	return nil
}

// reach says that everything up to index is applied, and wakes who waits for it.
func (s *Store) reach(index uint64) {
	s.waiters.Lock()
	if index > s.reached.Load() {
		s.reached.Store(index)
		s.waiters.list = slices.DeleteFunc(s.waiters.list, func(w waiter) bool {
			if w.index <= index {
				close(w.done)
				return true
			}
			return false
		})
	}
	s.waiters.Unlock()
}

type waiters struct {
	sync.Mutex
	list []waiter // guarded by Mutex
}

type waiter struct {
	index uint64
	done  chan struct{}
}

// errFailed is the answer of a store that has stopped itself.
func errFailed(err error) error {
	return abi.Errorf(abi.CodeUnavailable, "this node's store has stopped: %v", err)
}
