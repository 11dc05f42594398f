package raftstore

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
	"github.com/stackhost/stackhost/raftstore/state"
)

// Feature is the highest feature level of this version. A level is raised with every command that older versions do not know; the
// leader raises the cluster's once every member offers it.
const Feature uint16 = 1

// leading is what a node knows while it leads.
type leading struct {
	ready atomic.Bool // everything of earlier terms is applied
	alone atomic.Bool // ready, and the only voter
	clock clock
	// ticked is from where timers are looked for, ms; used by the goroutine that leads.
	ticked int64
}

// followLeadership does what a leader has to, in the times when this node is one.
func (s *Store) followLeadership(leads <-chan bool) {
	for {
		select {
		case lead := <-leads:
			s.leading.ready.Store(false)
			s.leading.alone.Store(false)
			if lead && s.takeOver() {
				s.lead(leads)
			}
		case <-s.closing:
			s.leading.ready.Store(false)
			s.leading.alone.Store(false)
			return
		}
	}
}

// takeOver waits until everything that earlier leaders committed is applied here.
func (s *Store) takeOver() bool {
	f := s.raft.Barrier(0)
	if err := f.Error(); err != nil {
		return false
	}
	s.reach(f.(interface{ Index() uint64 }).Index())
	s.offset.Store(s.wallOffset())
	s.leading.ticked = 0
	s.leading.clock.start(s.at.Load().Now, s.medianWall)
	s.leading.ready.Store(true)
	s.cfg.Log.Info("this node leads the cluster", "term", s.raft.CurrentTerm())
	return true
}

// lead runs until leadership changes: it proposes ticks when timers are due, and sees after the members.
func (s *Store) lead(leads <-chan bool) {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	var tended time.Time
	for {
		s.leading.alone.Store(s.voters() == 1 && s.raft.State() == raft.Leader)
		select {
		case lead := <-leads:
			s.leading.ready.Store(false)
			s.leading.alone.Store(false)
			if lead && s.takeOver() {
				continue
			}
			return
		case <-s.closing:
			return
		case <-ticker.C:
		}
		if s.due() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			s.commit(ctx, state.Bundle{Commands: []state.Command{{Family: state.FamilySystem, Op: state.OpTick}}})
			cancel()
		}
		if time.Since(tended) > askEvery/2 {
			tended = time.Now()
			s.offset.Store(s.wallOffset())
			s.readdress()
			if s.cfg.Network != nil {
				s.tend()
			}
			if feature := s.at.Load().Feature; feature < s.cfg.Feature {
				s.raiseFeature(feature)
			}
		}
	}
}

// epoch ends whenever this node hears of another leader, or of none: what waits for an answer of the old one need not go on.
type epoch struct {
	mu    sync.Mutex
	ended chan struct{} // guarded by mu
}

func (e *epoch) follow(changes <-chan raft.Observation, closing <-chan struct{}) {
	for {
		select {
		case <-changes:
			e.mu.Lock()
			close(e.ended)
			e.ended = make(chan struct{})
			e.mu.Unlock()
		case <-closing:
			return
		}
	}
}

// within returns a context that ends with the epoch, or after at most limit.
func (e *epoch) within(limit time.Duration) (context.Context, context.CancelFunc) {
	e.mu.Lock()
	ended := e.ended
	e.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	go func() {
		select {
		case <-ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// due tells whether a timer is.
func (s *Store) due() bool {
	now := s.leading.clock.now()
	v, err := s.viewAt(context.Background(), Stale(0))
	if err != nil {
		return false
	}
	defer v.release()
	due, next := state.TimersDue(&reader{txn: v.txn, dir: v.k.dir}, s.leading.ticked, now)
	s.leading.ticked = next
	return due
}

// raiseFeature raises the cluster's feature level to what every member offers.
func (s *Store) raiseFeature(from uint16) {
	level := s.cfg.Feature
	for _, p := range s.Peers() {
		if p.Heard.IsZero() {
			return // it may be an old one
		}
		level = min(level, p.Info.Feature)
	}
	if level > from {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		s.commit(ctx, state.Bundle{Commands: []state.Command{{Family: state.FamilySystem, Op: state.OpFeature, Args: binary.BigEndian.AppendUint16(nil, level)}}})
	}
}

// clock is the log's time as a leader gives it: from the log's last time on, with the monotonic clock, so that neither a jump of the
// wall clock nor a new leader makes it run backwards or leap. It is drawn towards the wall clock by at most 1 part in 200.
type clock struct {
	mu    sync.Mutex
	wall  func() time.Time
	begun time.Time // with its monotonic reading
	last  time.Duration
	value float64 // ms
}

// start begins with the log's last time, or with the wall clock's when that is ahead: while nobody led, time has passed.
func (c *clock) start(log int64, wall func() time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wall, c.begun, c.last = wall, time.Now(), 0
	c.value = max(float64(log), float64(wall().UnixMilli()))
}

// now returns milliseconds since the Unix epoch.
func (c *clock) now() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.wall == nil {
		return 0
	}
	elapsed := time.Since(c.begun)
	step := float64(elapsed-c.last) / 1e6
	c.last = elapsed
	ahead := float64(c.wall().UnixMilli()) - (c.value + step)
	slew := step / 200
	c.value += step + max(-slew, min(slew, ahead))
	return int64(c.value)
}

// stallLimit is how long a write of the log may take before a leader gives up: its heartbeats go on while its disk hangs, so that the
// others would wait for ever (hashicorp/raft issue 503).
func (s *Store) stallLimit() time.Duration { return s.cfg.Heartbeat }

// watchLog gives up leadership when the disk hangs: it asks the others to elect one of them, and falls silent until the write ends.
func (s *Store) watchLog() {
	cut := false
	for {
		select {
		case <-s.closing:
			return
		case <-time.After(10 * time.Millisecond):
		}
		stalled := s.log.stalled()
		switch {
		case !cut && stalled > s.stallLimit() && s.raft.State() == raft.Leader && s.voters() > 1:
			cut = true
			s.cfg.Log.Warn("the disk of the log hangs: giving up leadership", "for", stalled)
			s.leading.ready.Store(false)
			s.handOver()
			s.cfg.Network.Cut(true)
		case cut && stalled == 0 && s.failed.Load() == nil:
			cut = false
			s.cfg.Log.Info("the disk of the log answers again")
			s.cfg.Network.Cut(false)
		}
	}
}

// handOver asks another voter to stand for election at once, and the next one when that does not lead soon: at the same time they would
// split the votes, and one that stands when there is a leader already takes its leadership away.
func (s *Store) handOver() {
	peers := s.Peers()
	sort.SliceStable(peers, func(i, j int) bool { return peers[i].Info.Last > peers[j].Info.Last })
	for _, p := range peers {
		if !p.Voter {
			continue
		}
		req := &raft.TimeoutNowRequest{RPCHeader: raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax, ID: []byte(s.cfg.Node), Addr: s.trans.EncodePeer(raft.ServerID(s.cfg.Node), s.trans.LocalAddr())}}
		go s.trans.TimeoutNow(raft.ServerID(p.Node), raft.ServerAddress(p.Address), req, new(raft.TimeoutNowResponse))
		for range 4 {
			<-s.pause()
			if s.leads(p.Address) {
				return
			}
		}
	}
}

// leads asks the node at addr whether it leads.
func (s *Store) leads(addr string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	b, err := s.cfg.Network.Call(ctx, addr, "info", nil)
	var i Info
	return err == nil && json.Unmarshal(b, &i) == nil && i.Leads
}
