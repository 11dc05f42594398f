package raftstore

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"github.com/hashicorp/raft"
	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore/state"
)

// Limits of one call of Do and of a bundle, in bytes and commands.
const (
	MaxCommand     = 640 << 10
	bundleBytes    = 256 << 10
	bundleCommands = 1024
	// bundlesUnderWay is how many bundles a node has sent and not seen answered. While it is reached, commands gather.
	bundlesUnderWay = 4
)

// codeStorageFull refuses writes while a disk is full.
const codeStorageFull = abi.CodeStorageFull

// Do implements Access.
func (s *Store) Do(ctx context.Context, commands ...state.Command) ([]state.Reply, error) {
	if err := s.failure(); err != nil {
		return nil, err
	}
	c := &call{commands: commands, done: make(chan struct{}), deadline: time.Now().Add(waitOf(ctx))}
	for i := range commands {
		c.size += commands[i].Size()
		if len(commands[i].Tenant) > 255 {
			return nil, abi.Errorf(abi.CodeInvalid, "store: the name of an app is at most 255 bytes long")
		}
	}
	if c.size > MaxCommand {
		return nil, abi.Errorf(abi.CodeLimit, "store: commands of %d bytes are over the limit of %d", c.size, MaxCommand)
	}
	if err := ctx.Err(); err != nil {
		return nil, abi.Errorf(abi.CodeDeadline, "store: the time for the write ran out before it began")
	}
	s.outbox.put(c)
	timer := time.NewTimer(time.Until(c.deadline) + time.Second)
	defer timer.Stop()
	select {
	case <-c.done:
		return c.replies, c.err
	case <-timer.C:
	case <-ctx.Done():
	}
	if s.outbox.take(c) {
		return nil, abi.Errorf(abi.CodeUnavailable, "store: the cluster took no write in time; nothing was done")
	}
	select {
	case <-c.done:
		return c.replies, c.err
	default:
		return nil, unknown(abi.CodeDeadline, "store: the write was not answered in time")
	}
}

// call is what one caller of Do waits for.
type call struct {
	commands []state.Command
	size     int
	deadline time.Time
	replies  []state.Reply
	err      error
	done     chan struct{}
}

func (c *call) end(replies []state.Reply, err error) {
	c.replies, c.err = replies, err
	close(c.done)
}

// outbox groups the commands of this node into bundles and sends them to the leader, numbered, so that one that was sent twice is
// applied once.
type outbox struct {
	s       *Store
	mu      sync.Mutex
	calls   []*call       // guarded by mu
	bundles int           // guarded by mu; under way
	sent    int           // guarded by mu; calls in them
	look    chan struct{} // calls have come, or a bundle was answered

	numbers  sync.Mutex
	session  uint64 // guarded by numbers
	sequence uint64 // guarded by numbers
}

func (o *outbox) init(s *Store) {
	o.s, o.look = s, make(chan struct{}, 1)
}

func (o *outbox) put(c *call) {
	o.mu.Lock()
	o.calls = append(o.calls, c)
	o.mu.Unlock()
	o.poke()
}

func (o *outbox) poke() {
	select {
	case o.look <- struct{}{}:
	default:
	}
}

// take removes a call that was not sent yet.
func (o *outbox) take(c *call) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, other := range o.calls {
		if other == c {
			o.calls = append(o.calls[:i], o.calls[i+1:]...)
			return true
		}
	}
	return false
}

// gather takes the calls of the next bundle. While bundles are under way it waits for as many calls as they have, so that bundles get
// long when there is much to do: every entry of the log has its cost. More than bundlesUnderWay are never out.
func (o *outbox) gather() (calls []*call) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.bundles == bundlesUnderWay || len(o.calls) < min(o.sent, bundleCommands/4) {
		return nil
	}
	calls = o.next()
	if len(calls) > 0 {
		o.bundles, o.sent = o.bundles+1, o.sent+len(calls)
	}
	return calls
}

// next is gather without waiting, with mu held.
func (o *outbox) next() (calls []*call) {
	size, n := 0, 0
	for _, c := range o.calls {
		if len(calls) > 0 && (size+c.size > bundleBytes || n+len(c.commands) > bundleCommands) {
			break
		}
		size, n = size+c.size, n+len(c.commands)
		calls = append(calls, c)
	}
	o.calls = o.calls[len(calls):]
	if len(o.calls) == 0 {
		o.calls = nil
	}
	return calls
}

func (o *outbox) answered(calls int) {
	o.mu.Lock()
	o.bundles, o.sent = o.bundles-1, o.sent-calls
	o.mu.Unlock()
	o.poke()
}

func (o *outbox) run() {
	for {
		calls := o.gather()
		if len(calls) == 0 {
			select {
			case <-o.look:
				continue
			case <-o.s.closing:
				o.refuse()
				return
			}
		}
		b := state.Bundle{}
		deadline := time.Time{}
		for _, c := range calls {
			b.Commands = append(b.Commands, c.commands...)
			if c.deadline.After(deadline) {
				deadline = c.deadline
			}
		}
		o.s.running.Go(func() {
			defer o.answered(len(calls))
			o.deliver(b, calls, deadline)
		})
	}
}

// refuse ends the calls that were not sent.
func (o *outbox) refuse() {
	for {
		o.mu.Lock()
		calls := o.next()
		o.mu.Unlock()
		if len(calls) == 0 {
			return
		}
		for _, c := range calls {
			c.end(nil, abi.Errorf(abi.CodeUnavailable, "store: this node is stopping; nothing was done"))
		}
	}
}

// number gives b its place in this node's session, and opens one first when there is none.
func (o *outbox) number(b *state.Bundle, deadline time.Time) error {
	o.numbers.Lock()
	defer o.numbers.Unlock()
	if o.session == 0 {
		open := state.Bundle{Commands: []state.Command{{Family: state.FamilySystem, Op: state.OpOpenSession}}}
		replies, _, err := o.exchange(open, deadline)
		if err != nil {
			var e *abi.Error
			errors.As(err, &e)
			return e // nothing of the caller's was sent
		}
		if replies[0].Err != nil {
			return replies[0].Err
		}
		o.session, o.sequence = binary.BigEndian.Uint64(replies[0].Payload), 0
	}
	o.sequence++
	b.Session, b.Sequence = o.session, o.sequence
	return nil
}

func (o *outbox) forget(session uint64) {
	o.numbers.Lock()
	if o.session == session {
		o.session = 0
	}
	o.numbers.Unlock()
}

func (o *outbox) deliver(b state.Bundle, calls []*call, deadline time.Time) {
	replies, err := o.apply(&b, deadline)
	for _, c := range calls {
		if err != nil {
			c.end(nil, err)
			continue
		}
		n := len(c.commands)
		c.end(replies[:n:n], nil)
		replies = replies[n:]
	}
}

// apply has b applied once. A session that expired while this node was idle is replaced, as long as b cannot have been applied in it.
func (o *outbox) apply(b *state.Bundle, deadline time.Time) ([]state.Reply, error) {
	for {
		if err := o.number(b, deadline); err != nil {
			return nil, err
		}
		replies, unsure, err := o.exchange(*b, deadline)
		if err == nil && len(replies) != len(b.Commands) {
			err = abi.Errorf(abi.CodeInternal, "store: %d replies for %d commands", len(replies), len(b.Commands))
		}
		if err != nil {
			return nil, err
		}
		if !state.Expired(replies[0].Err) {
			return replies, nil
		}
		o.forget(b.Session)
		if unsure {
			return nil, unknown(abi.CodeUnavailable, "store: this node was away from the cluster for too long")
		}
	}
}

// exchange sends b until it is answered. It is sent again after every failure: its number makes that harmless. unsure tells that an
// earlier sending went without an answer.
func (o *outbox) exchange(b state.Bundle, deadline time.Time) (replies []state.Reply, unsure bool, err error) {
	last := error(errNoLeader)
	for try := 0; ; try++ {
		left := time.Until(deadline)
		if left <= 0 {
			if unsure {
				return nil, unsure, unknown(abi.CodeUnavailable, "store: the write was not acknowledged in time (%v)", last)
			}
			return nil, unsure, last
		}
		ctx, cancel := o.s.epoch.within(min(left, 4*time.Second))
		answer, index, err := o.s.propose(ctx, b)
		cancel()
		if err == nil {
			if seenLocally(&b) { // reads of these are of what this node has: the caller's must see the write
				wait, cancel := context.WithDeadline(context.Background(), deadline)
				o.s.await(wait, index)
				cancel()
			}
			if replies, err = state.DecodeReplies(answer, nil); err != nil || len(replies) == 0 {
				return nil, unsure, abi.Errorf(abi.CodeInternal, "store: malformed replies: %v", err)
			}
			return replies, unsure, nil
		}
		var refused *refusedError
		if errors.As(err, &refused) {
			if !refused.again {
				return nil, unsure, refused.err
			}
		} else {
			unsure = true
		}
		last = err
		if err := o.s.failure(); err != nil {
			return nil, unsure, err
		}
		select {
		case <-o.s.closing:
			if unsure {
				return nil, unsure, unknown(abi.CodeUnavailable, "store: this node is stopping")
			}
			return nil, unsure, abi.Errorf(abi.CodeUnavailable, "store: this node is stopping; nothing was done")
		case <-time.After(min(time.Duration(1+try)*2*time.Millisecond, 20*time.Millisecond)):
		}
	}
}

// refusedError is a refusal: nothing was done.
type refusedError struct {
	err   *abi.Error
	again bool // another try may succeed
}

func (r *refusedError) Error() string { return r.err.Error() }
func (r *refusedError) Unwrap() error { return r.err }

// seenLocally tells whether b has a command of a family that is read without asking the leader.
func seenLocally(b *state.Bundle) bool {
	for i := range b.Commands {
		if b.Commands[i].Family == state.FamilyCache {
			return true
		}
	}
	return false
}

// propose has b committed by the leader and returns its replies and the index of its entry.
func (s *Store) propose(ctx context.Context, b state.Bundle) (answer []byte, index uint64, err error) {
	if s.raft.State() == raft.Leader {
		return s.commit(ctx, b)
	}
	addr, _ := s.raft.LeaderWithID()
	if addr == "" || s.cfg.Network == nil {
		return nil, 0, &refusedError{errNoLeader, true}
	}
	answer, err = s.cfg.Network.Call(ctx, string(addr), "propose", b.Append(nil))
	if err != nil {
		return nil, 0, err
	}
	return decodeProposed(answer)
}

// commit puts b into the log as the leader.
func (s *Store) commit(ctx context.Context, b state.Bundle) (answer []byte, index uint64, err error) {
	if !s.leading.ready.Load() {
		return nil, 0, &refusedError{errNoLeader, true}
	}
	if s.full.Load() && !freesSpace(&b) {
		return nil, 0, &refusedError{abi.Errorf(codeStorageFull, "store: the leader's disk is full: free some space; reads go on"), false}
	}
	a := s.at.Load()
	entry := state.Entry{Now: s.leading.clock.now(), Check: a.Chain, CheckIndex: a.Index, Bundles: []state.Bundle{b}}
	f := s.raft.Apply(entry.Append(make([]byte, 0, bundleSize(&b))), waitOf(ctx))
	err = s.settled(ctx, f)
	switch {
	case err == nil:
	case errors.Is(err, raft.ErrNotLeader), errors.Is(err, raft.ErrLeadershipTransferInProgress), errors.Is(err, raft.ErrEnqueueTimeout):
		return nil, 0, &refusedError{errNoLeader, true}
	default:
		return nil, 0, err
	}
	switch r := f.Response().(type) {
	case [][]byte:
		return r[0], f.Index(), nil
	case error:
		return nil, 0, r
	}
	return nil, 0, errors.New("store: the entry was not applied")
}

// settled waits for a future, at most until ctx ends: a leader whose disk hangs does not settle it.
func (s *Store) settled(ctx context.Context, f raft.Future) error {
	done := make(chan error, 1)
	go func() { done <- f.Error() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closing:
		return raft.ErrRaftShutdown
	}
}

func bundleSize(b *state.Bundle) int {
	n := 64
	for i := range b.Commands {
		n += b.Commands[i].Size()
	}
	return n
}

// freesSpace tells whether all of b are commands of the system, which are short and let go of things.
func freesSpace(b *state.Bundle) bool {
	for i := range b.Commands {
		if b.Commands[i].Family != state.FamilySystem {
			return false
		}
	}
	return true
}

// An answer to a forwarded bundle is a byte and then: the index of its entry in
// eight bytes and its replies; the code and text of a refusal; or the text of an error after which
// the outcome is not known.
const (
	proposedDone = iota
	proposedRefused
	proposedAgain
	proposedUnknown
)

// serveCalls answers what other nodes ask.
func (s *Store) serveCalls() {
	s.cfg.Network.Handle("propose", func(ctx context.Context, message []byte) ([]byte, error) {
		b, err := state.DecodeBundle(message)
		if err != nil {
			return nil, err
		}
		if s.raft == nil || s.raft.State() != raft.Leader {
			return encodeProposed(nil, 0, &refusedError{errNoLeader, true}), nil
		}
		return encodeProposed(s.commit(ctx, b)), nil
	})
	s.cfg.Network.Handle("read-index", func(ctx context.Context, _ []byte) ([]byte, error) {
		if s.raft == nil || s.raft.State() != raft.Leader {
			return nil, errNoLeader
		}
		index, err := s.rounds.join(ctx)
		if err != nil {
			return nil, err
		}
		return binary.BigEndian.AppendUint64(nil, index), nil
	})
}

func encodeProposed(answer []byte, index uint64, err error) []byte {
	var refused *refusedError
	switch {
	case err == nil:
		return append(binary.BigEndian.AppendUint64([]byte{proposedDone}, index), answer...)
	case errors.As(err, &refused):
		kind := byte(proposedRefused)
		if refused.again {
			kind = proposedAgain
		}
		return state.AppendReply([]byte{kind}, nil, refused.err)
	}
	return append([]byte{proposedUnknown}, err.Error()...)
}

func decodeProposed(b []byte) (answer []byte, index uint64, err error) {
	if len(b) == 0 {
		return nil, 0, errors.New("store: an empty answer")
	}
	switch b[0] {
	case proposedDone:
		if len(b) < 9 {
			return nil, 0, errors.New("store: an answer is cut short")
		}
		return b[9:], binary.BigEndian.Uint64(b[1:]), nil
	case proposedRefused, proposedAgain:
		r, err := state.DecodeReplies(b[1:], nil)
		var e *abi.Error
		if err == nil && len(r) == 1 && errors.As(r[0].Err, &e) {
			return nil, 0, &refusedError{e, b[0] == proposedAgain}
		}
	}
	return nil, 0, errors.New(string(b[1:]))
}
