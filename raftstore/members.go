package raftstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
	"github.com/stackhost/stackhost/abi"
)

// Info is what a node tells the others about itself, once a second.
type Info struct {
	Node    string `json:"node"`
	Applied uint64 `json:"applied"`
	Last    uint64 `json:"last"` // index of the newest entry in its log
	Term    uint64 `json:"term"`
	Leads   bool   `json:"leads,omitempty"`
	Wall    int64  `json:"wall"` // ms
	Feature uint16 `json:"feature"`
	Learner bool   `json:"learner,omitempty"` // wants no vote
	// Load is how busy the node is: 0 idle, 1 at its limit. Draining nodes take no requests of others.
	Load     float64 `json:"load"`
	Draining bool    `json:"draining,omitempty"`
	// HTTP and Admin are where clients reach the node; empty when not told.
	HTTP  string `json:"http,omitempty"`
	Admin string `json:"admin,omitempty"`
}

// Peer is what a node knows of another.
type Peer struct {
	Node    string `json:"node"`
	Address string `json:"address"` // of its link
	Voter   bool   `json:"voter"`
	Info    Info   `json:"info"`
	// Heard is when the last answer came; zero: none since this node started.
	Heard time.Time `json:"heard"`
	// Offset is how far the peer's wall clock is ahead of this node's, in ms.
	Offset int64 `json:"wall_offset_ms"`
}

// Rules by which a leader changes the members, those of Consul's autopilot. github.com/hashicorp/raft-autopilot itself would bring a
// mocking library into the binary.
const (
	askEvery     = time.Second
	maxTrailing  = 1000             // entries behind the leader at which a node is not healthy
	stableFor    = 2 * time.Second  // healthy this long before it gets a vote
	silentFor    = 10 * time.Second // not healthy without an answer this long
	minVotersFor = 3                // voters that have to stay when dead ones are removed
)

// members is what a node knows of its peers.
type members struct {
	mu      sync.Mutex
	peers   map[string]*Peer     // guarded by mu
	healthy map[string]time.Time // guarded by mu; since when
	self    func() Info          // guarded by mu
	removed atomic.Pointer[map[string]bool]
}

// Describe sets what this node tells the others: the fields from Learner on. It is called once a second and must not block.
func (s *Store) Describe(self func() Info) {
	s.members.mu.Lock()
	s.members.self = self
	s.members.mu.Unlock()
}

func (s *Store) info() Info {
	s.members.mu.Lock()
	self := s.members.self
	s.members.mu.Unlock()
	var i Info
	if self != nil {
		i = self()
	}
	i.Node, i.Applied, i.Last, i.Term = s.cfg.Node, s.at.Load().Index, s.raft.LastIndex(), s.raft.CurrentTerm()
	i.Leads = s.raft.State() == raft.Leader
	i.Wall, i.Feature = s.cfg.Wall().UnixMilli(), s.cfg.Feature
	return i
}

// Peers returns the other members and what is known of them, ordered by id.
func (s *Store) Peers() []Peer {
	s.members.mu.Lock()
	defer s.members.mu.Unlock()
	peers := []Peer{}
	for _, m := range s.Members() {
		if m.Node == s.cfg.Node {
			continue
		}
		p := Peer{Node: m.Node, Address: m.Address, Voter: m.Voter}
		if known := s.members.peers[m.Node]; known != nil {
			p.Info, p.Heard, p.Offset = known.Info, known.Heard, known.Offset
		}
		peers = append(peers, p)
	}
	sort.Slice(peers, func(i, j int) bool { return peers[i].Node < peers[j].Node })
	return peers
}

// askPeers keeps Peers fresh.
func (s *Store) askPeers() {
	for {
		s.lookRemoved()
		var wg sync.WaitGroup
		for _, m := range s.Members() {
			if m.Node != s.cfg.Node {
				wg.Go(func() { s.ask(m) })
			}
		}
		wg.Wait()
		select {
		case <-s.closing:
			return
		case <-time.After(askEvery):
		}
	}
}

func (s *Store) ask(m Member) {
	ctx, cancel := context.WithTimeout(context.Background(), askEvery)
	defer cancel()
	sent := s.cfg.Wall()
	b, err := s.cfg.Network.Call(ctx, m.Address, "info", nil)
	var i Info
	if err != nil || json.Unmarshal(b, &i) != nil || i.Node != m.Node {
		return
	}
	now := s.cfg.Wall()
	p := &Peer{Info: i, Heard: time.Now(), Offset: i.Wall - (sent.UnixMilli()+now.UnixMilli())/2}
	s.members.mu.Lock()
	s.members.peers[m.Node] = p
	s.members.mu.Unlock()
}

// wallOffset is how far the median wall clock of the voters is ahead of this node's, in ms: one wrong clock among three moves nothing.
func (s *Store) wallOffset() int64 {
	offsets := []int64{0}
	for _, p := range s.Peers() {
		if p.Voter && time.Since(p.Heard) < silentFor {
			offsets = append(offsets, p.Offset)
		}
	}
	sort.Slice(offsets, func(i, j int) bool { return offsets[i] < offsets[j] })
	return offsets[(len(offsets)-1)/2]
}

// medianWall is the voters' time of day.
func (s *Store) medianWall() time.Time {
	return s.cfg.Wall().Add(time.Duration(s.offset.Load()) * time.Millisecond)
}

// tend gives learners a vote once they are up to date, and removes dead voters when enough others stay.
func (s *Store) tend() {
	last, term := s.raft.LastIndex(), s.raft.CurrentTerm()
	now := time.Now()
	peers := s.Peers()
	alive, voters := 1, 1
	for _, p := range peers {
		ok := now.Sub(p.Heard) < silentFor && p.Info.Term == term && p.Info.Last+maxTrailing >= last
		s.members.mu.Lock()
		since, was := s.members.healthy[p.Node]
		switch {
		case !ok:
			delete(s.members.healthy, p.Node)
		case !was:
			since = now
			s.members.healthy[p.Node] = now
		}
		s.members.mu.Unlock()
		if p.Voter {
			voters++
			if ok {
				alive++
			}
		}
		if ok && !p.Voter && !p.Info.Learner && now.Sub(since) >= stableFor {
			s.cfg.Log.Info("a node is up to date and gets a vote", "node", p.Node)
			s.raft.AddVoter(raft.ServerID(p.Node), raft.ServerAddress(p.Address), 0, time.Second)
			return // one change at a time
		}
	}
	if s.cfg.RemoveDead <= 0 || alive < minVotersFor || voters-1 < minVotersFor || alive <= voters/2+1 {
		return
	}
	for _, p := range peers {
		if !p.Heard.IsZero() && now.Sub(p.Heard) > s.cfg.RemoveDead {
			s.cfg.Log.Warn("a node was silent for too long and is removed", "node", p.Node, "last_heard", p.Heard)
			if err := s.raft.RemoveServer(raft.ServerID(p.Node), 0, time.Second).Error(); err == nil {
				s.running.Go(func() { s.noteRemoved(context.Background(), p.Node) })
			}
			return
		}
	}
}

// Join has the node added to the cluster whose members are at addrs, and waits until it is. A node that is a member already makes its
// address known. It returns at once when one of addrs agrees; the vote comes later, when the node is up to date.
func (s *Store) Join(ctx context.Context, addrs []string) error {
	me, _ := json.Marshal(Member{Node: s.cfg.Node, Address: string(s.trans.LocalAddr())})
	last := errors.New("no member is known")
	for {
		for _, addr := range addrs {
			call, cancel := context.WithTimeout(ctx, 5*time.Second)
			_, err := s.cfg.Network.Call(call, addr, "join", me)
			cancel()
			if err == nil {
				return nil
			}
			last = err
		}
		select {
		case <-ctx.Done():
			return abi.Errorf(abi.CodeUnavailable, "store: no member of the cluster took this node in: %v", last)
		case <-s.closing:
			return abi.Errorf(abi.CodeUnavailable, "store: this node is stopping")
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// onLeader runs do here if this node leads, else sends the message to the node that does.
func (s *Store) onLeader(ctx context.Context, method string, message []byte, do func() error) error {
	if s.raft.State() == raft.Leader {
		return do()
	}
	addr, _ := s.raft.LeaderWithID()
	if addr == "" || s.cfg.Network == nil {
		return errNoLeader
	}
	_, err := s.cfg.Network.Call(ctx, string(addr), method, message)
	return err
}

func (s *Store) admit(ctx context.Context, message []byte) error {
	var m Member
	if err := json.Unmarshal(message, &m); err != nil || m.Node == "" || m.Address == "" {
		return abi.Errorf(abi.CodeInvalid, "store: a node joins with its id and address")
	}
	return s.onLeader(ctx, "join", message, func() error {
		for _, known := range s.Members() {
			if known.Node == m.Node {
				if known.Address == m.Address {
					return nil
				}
				if known.Voter {
					return s.raft.AddVoter(raft.ServerID(m.Node), raft.ServerAddress(m.Address), 0, 5*time.Second).Error()
				}
			}
		}
		return s.raft.AddNonvoter(raft.ServerID(m.Node), raft.ServerAddress(m.Address), 0, 5*time.Second).Error()
	})
}

// Remove takes a node out of the cluster. Its data stay where they are and must not be used again. The leader cannot remove itself:
// Transfer first, or use Leave.
func (s *Store) Remove(ctx context.Context, node string) error {
	return s.onLeader(ctx, "remove", []byte(node), func() error {
		if node == s.cfg.Node {
			return abi.Errorf(abi.CodeConflict, "store: the leader cannot remove itself: transfer leadership first")
		}
		for _, m := range s.Members() {
			if m.Node == node {
				if err := s.raft.RemoveServer(raft.ServerID(node), 0, 10*time.Second).Error(); err != nil {
					return err
				}
				s.noteRemoved(ctx, node)
				return nil
			}
		}
		return abi.Errorf(abi.CodeNotFound, "store: %q is not a member of the cluster", node)
	})
}

// ClusterTenant is the owner of what belongs to the cluster and to no app; no app can have the name.
const ClusterTenant = "_cluster"

// removedNamespace has the names of nodes that were removed, whose certificates are good for a while yet.
const removedNamespace = "removed-nodes"

func (s *Store) noteRemoved(ctx context.Context, node string) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if _, err := NewKV(s, ClusterTenant).Set(ctx, removedNamespace, []byte(node), nil, SetOptions{}); err != nil {
		s.cfg.Log.Warn("a node was removed, and until its certificate ends other nodes talk to it", "node", node, "error", err)
	}
	s.lookRemoved()
}

// Readmit lets a node that was removed into the cluster's network again, once it has a new token. It can join then.
func (s *Store) Readmit(ctx context.Context, node string) error {
	if !s.Removed(node) {
		return nil
	}
	_, err := NewKV(s, ClusterTenant).Delete(ctx, removedNamespace, []byte(node), Guard{})
	s.lookRemoved()
	return err
}

// Removed tells whether a node was removed and has not joined again, as this node knew within the last second. It does not block.
func (s *Store) Removed(node string) bool {
	removed := s.members.removed.Load()
	return removed != nil && (*removed)[node]
}

func (s *Store) lookRemoved() {
	removed := map[string]bool{}
	for after, more := []byte(nil), true; more; more = len(after) > 0 {
		list, next, _, err := NewKV(s, ClusterTenant).Scan(context.Background(), Stale(0), removedNamespace, ScanOptions{After: after, KeysOnly: true})
		if err != nil {
			return
		}
		for _, e := range list {
			removed[string(e.Key)] = true
		}
		after = next
	}
	s.members.removed.Store(&removed)
}

// Leave takes this node out of the cluster; a leader hands over first. Close it afterwards.
func (s *Store) Leave(ctx context.Context) error {
	if s.voters() <= 1 && s.raft.State() == raft.Leader {
		return abi.Errorf(abi.CodeConflict, "store: the only voter cannot leave: its data are the cluster's")
	}
	for {
		if s.raft.State() == raft.Leader {
			if err := s.raft.LeadershipTransfer().Error(); err != nil {
				return fmt.Errorf("store: leadership could not be handed over: %w", err)
			}
		}
		err := s.Remove(ctx, s.cfg.Node)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-s.pause():
		}
	}
}

// Transfer hands leadership to node, or to the most up-to-date voter when node is empty. Called anywhere, it acts on the leader.
func (s *Store) Transfer(ctx context.Context, node string) error {
	return s.onLeader(ctx, "transfer", []byte(node), func() error {
		if node == s.cfg.Node {
			return nil
		}
		if node == "" {
			return s.raft.LeadershipTransfer().Error()
		}
		for _, m := range s.Members() {
			if m.Node == node && m.Voter {
				return s.raft.LeadershipTransferToServer(raft.ServerID(node), raft.ServerAddress(m.Address)).Error()
			}
		}
		return abi.Errorf(abi.CodeNotFound, "store: %q is not a voter of the cluster", node)
	})
}

func (s *Store) serveMembers() {
	n := s.cfg.Network
	n.Handle("info", func(context.Context, []byte) ([]byte, error) {
		if s.raft == nil {
			return nil, errNoLeader
		}
		return json.Marshal(s.info())
	})
	act := func(method string, do func(context.Context, []byte) error) {
		n.Handle(method, func(ctx context.Context, message []byte) ([]byte, error) {
			if s.raft == nil {
				return nil, errNoLeader
			}
			return nil, do(ctx, message)
		})
	}
	act("join", s.admit)
	act("remove", func(ctx context.Context, b []byte) error { return s.Remove(ctx, string(b)) })
	act("transfer", func(ctx context.Context, b []byte) error { return s.Transfer(ctx, string(b)) })
}
