package raftstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore/state"
	"golang.org/x/sys/unix"
)

// Config of a Store. Zero values have defaults, except Dir and Node.
type Config struct {
	// Dir is the folder of this node's data. One process at a time uses it.
	Dir string
	// Node is this node's id, which must not change.
	Node string
	// Network connects the node to others. Nil: the node is alone and nothing listens.
	Network Network
	// Bootstrap makes a new data folder the first voter of a new cluster. Without it a node with an empty folder waits to be added.
	Bootstrap bool
	// Heartbeat is both the heartbeat and the election timeout. Default 300 ms.
	Heartbeat time.Duration
	// MinFree is the free space in bytes below which writes are refused. Default 256 MiB, or a twentieth of a smaller disk.
	MinFree uint64
	// RemoveDead is how long a voter may be silent before the leader removes it, as long as three voters and a majority stay. 0: never.
	RemoveDead time.Duration
	// Feature is the highest feature level that this node offers. Default: that of this version.
	Feature uint16
	// Wall tells the time of day. Default: time.Now.
	Wall func() time.Time
	// Log gets records. Nil: none are written.
	Log *slog.Logger
	// Failed is called once when the store has stopped itself because it must not go on: its data are damaged or differ from the
	// leader's. The process should end.
	Failed func(error)

	logFault   func() // for tests: runs before each write of the log
	logSegment int    // for tests: bytes
	logBytes   int64  // for tests
}

// Network is how nodes reach each other. Implementations are safe for concurrent use.
type Network interface {
	// Transport carries Raft's messages. The store closes it.
	Transport() raft.Transport
	// Call sends a message to the node at addr and waits for its answer, or for ctx to end.
	Call(ctx context.Context, addr, method string, message []byte) ([]byte, error)
	// Handle answers calls of method.
	Handle(method string, answer func(ctx context.Context, message []byte) ([]byte, error))
	// Cut ends and refuses, or allows again, all connections of Raft from this node.
	Cut(bool)
}

// Store is one node of the replicated store. Safe for concurrent use.
type Store struct {
	cfg       Config
	dir       string
	log       *raftLog
	snaps     *snapshots
	fsm       *fsm
	raft      *raft.Raft
	trans     raft.Transport
	candidate atomic.Pointer[raft.Raft]
	folder    string // of the key space, below state
	lock      *os.File

	at      atomic.Pointer[at]
	reached atomic.Uint64 // every entry up to it has been applied
	waiters waiters
	feed    *feed
	members members
	offset  atomic.Int64 // of the voters' median wall clock, ms

	outbox  outbox
	rounds  rounds
	leading leading
	epoch   epoch
	full    atomic.Bool // the disk
	failed  atomic.Pointer[error]

	closing   chan struct{}
	running   sync.WaitGroup
	closeOnce sync.Once
	closeErr  error
}

var _ Access = (*Store)(nil)

// formatVersion is that of the files in a data folder.
const formatVersion = 1

// Open opens or makes the data folder and starts the node. It returns as soon as reads and writes can be asked for; they wait for a
// leader until their context ends.
func Open(cfg Config) (*Store, error) {
	cfg.defaults()
	s := &Store{cfg: cfg, dir: cfg.Dir, closing: make(chan struct{})}
	err := s.open()
	if err == nil {
		err = s.start()
	}
	if err != nil {
		s.release()
		return nil, err
	}
	return s, nil
}

func (cfg *Config) defaults() {
	if cfg.Heartbeat == 0 {
		cfg.Heartbeat = 300 * time.Millisecond
	}
	if cfg.Wall == nil {
		cfg.Wall = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Feature == 0 {
		cfg.Feature = Feature
	}
	if cfg.logSegment == 0 {
		cfg.logSegment = segmentBytes
	}
	if cfg.logBytes == 0 {
		cfg.logBytes = logBytes
	}
}

// open opens the files and brings the state to the newest snapshot, without starting Raft.
func (s *Store) open() (err error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	if err := s.lockDir(); err != nil {
		return err
	}
	if err := checkFormat(s.dir); err != nil {
		return err
	}
	if s.snaps, err = openSnapshots(filepath.Join(s.dir, "snapshots")); err != nil {
		return err
	}
	k, err := s.openState()
	if err != nil {
		return err
	}
	meta, err := k.meta()
	s.at.Store(&at{k: k, Meta: meta})
	if err != nil {
		return err
	}
	s.feed = newFeed(meta.Index)
	if s.log, err = openLog(filepath.Join(s.dir, "log"), s.cfg.logSegment); err != nil {
		return err
	}
	s.log.fault = s.cfg.logFault
	s.log.damage = s.fail
	s.log.durable = func() uint64 { return s.at.Load().k.durable() }
	s.log.snapshot = s.snaps.last
	s.fsm = &fsm{s: s, machine: state.NewMachine(meta)}
	if err := s.recoverState(); err != nil {
		return err
	}
	s.snaps.open = func(index uint64) (*view, error) {
		a := s.at.Load()
		if a.Index < s.snaps.newest.State {
			return nil, errors.New("store: the snapshot's state is not applied yet")
		}
		return a.k.at(index, a.Now), nil
	}
	s.snaps.kept = func(index uint64) { s.at.Load().k.allow(index) }
	return nil
}

// recoverState brings the key space to the newest snapshot: from its file when the node stopped while it was taking one in, else from
// the log.
func (s *Store) recoverState() error {
	n := s.snaps.newest
	if n == nil {
		return nil
	}
	index := s.at.Load().Index
	switch {
	case n.File != "" && index < n.State:
		f, err := os.Open(filepath.Join(s.snaps.dir, n.File))
		if err != nil {
			return err
		}
		if err := s.fsm.Restore(f); err != nil {
			return corrupt(f.Name(), err)
		}
	case n.File != "":
		if err := s.snaps.adopted(); err != nil {
			return err
		}
	case index < n.State:
		if err := s.fsm.replay(index, n.State); err != nil {
			return err
		}
	}
	s.at.Load().k.allow(n.Meta.Index)
	s.reach(n.Meta.Index)
	return nil
}

func (s *Store) openState() (*keyspace, error) {
	root := filepath.Join(s.dir, "state")
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, err
	}
	name, err := os.ReadFile(filepath.Join(root, "CURRENT"))
	if errors.Is(err, os.ErrNotExist) {
		name = []byte("1")
		err = writeFile(filepath.Join(root, "CURRENT"), name)
	}
	if err != nil {
		return nil, err
	}
	if _, err := strconv.ParseUint(string(name), 10, 32); err != nil {
		return nil, &CorruptError{Path: filepath.Join(root, "CURRENT"), Err: errors.New("it does not name a folder")}
	}
	s.folder = string(name)
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	for _, e := range entries { // left by a stop while a snapshot was taken in
		if e.IsDir() && e.Name() != s.folder {
			os.RemoveAll(filepath.Join(root, e.Name()))
		}
	}
	return openKeyspace(filepath.Join(root, s.folder), s.badgerLog())
}

func (s *Store) lockDir() error {
	f, err := os.OpenFile(filepath.Join(s.dir, "LOCK"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		pid := make([]byte, 20)
		n, _ := f.Read(pid)
		f.Close()
		return fmt.Errorf("store: %s is in use by another stackhost (process %s): stop that, or give this one another folder with --data", s.dir, strings.TrimSpace(string(pid[:n])))
	}
	s.lock = f
	f.Truncate(0)
	_, err = fmt.Fprintf(f, "%d\n", os.Getpid())
	return err
}

// checkFormat refuses a folder of a later version and writes the version of a new one.
func checkFormat(dir string) error {
	path := filepath.Join(dir, "FORMAT")
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return writeFile(path, fmt.Appendf(nil, "stackhost store %d\n", formatVersion))
	}
	if err != nil {
		return err
	}
	var v int
	if _, err := fmt.Sscanf(string(b), "stackhost store %d", &v); err != nil {
		return &CorruptError{Path: path, Err: errors.New("it does not name a version")}
	}
	if v > formatVersion {
		return fmt.Errorf("store: %s was written by a later version of stackhost (format %d; this one knows %d): upgrade stackhost", dir, v, formatVersion)
	}
	return nil
}

func (s *Store) start() (err error) {
	conf := raft.DefaultConfig()
	conf.LocalID = raft.ServerID(s.cfg.Node)
	conf.HeartbeatTimeout, conf.ElectionTimeout = s.cfg.Heartbeat, s.cfg.Heartbeat
	if s.cfg.Network == nil { // nobody else could lead: no need to wait for anybody
		conf.HeartbeatTimeout, conf.ElectionTimeout = 20*time.Millisecond, 20*time.Millisecond
	}
	conf.LeaderLeaseTimeout = conf.HeartbeatTimeout / 2
	conf.CommitTimeout = 5 * time.Millisecond // an idle leader tells followers what is committed this late, which their readers wait for
	conf.MaxAppendEntries = 512
	conf.BatchApplyCh = true
	conf.NoSnapshotRestoreOnStart = true // the key space is on disk
	conf.SnapshotThreshold = 32 << 10
	conf.SnapshotInterval = 10 * time.Second
	if conf.TrailingLogs, err = s.log.entriesIn(s.cfg.logBytes); err != nil {
		return err
	}
	conf.Logger = hclog.New(&hclog.LoggerOptions{Name: "raft", Level: hclog.Info, Output: raftRecords{s.cfg.Log}, DisableTime: true})
	leads := make(chan bool, 16)
	conf.NotifyCh = leads
	address := alone
	if s.cfg.Network != nil {
		s.trans = newCareful(s.cfg.Network.Transport(), &s.candidate)
		address = s.trans.LocalAddr()
	} else {
		_, s.trans = raft.NewInmemTransport(address)
	}
	existing, err := raft.HasExistingState(s.log, s.log, s.snaps)
	if err != nil {
		return err
	}
	if !existing && s.cfg.Bootstrap {
		first := raft.Configuration{Servers: []raft.Server{{ID: conf.LocalID, Address: address}}}
		if err := raft.BootstrapCluster(conf, s.log, s.log, s.snaps, s.trans, first); err != nil {
			return err
		}
	}
	s.epoch.ended = make(chan struct{})
	s.members.peers, s.members.healthy = map[string]*Peer{}, map[string]time.Time{}
	s.outbox.init(s)
	s.rounds.init(s)
	if s.cfg.Network != nil {
		s.serveCalls()
		s.serveMembers()
	}
	if s.raft, err = raft.NewRaft(conf, s.fsm, s.log, s.log, s.snaps, s.trans); err != nil {
		return err
	}
	s.candidate.Store(s.raft)
	changes := make(chan raft.Observation, 16)
	s.raft.RegisterObserver(raft.NewObserver(changes, false, func(o *raft.Observation) bool {
		_, ok := o.Data.(raft.LeaderObservation)
		return ok
	}))
	s.running.Go(func() { s.epoch.follow(changes, s.closing) })
	s.running.Go(func() { s.followLeadership(leads) })
	s.running.Go(s.watchDisk)
	s.running.Go(s.scrub)
	s.running.Go(s.note)
	s.running.Go(s.watchLog)
	s.running.Go(s.outbox.run)
	if s.cfg.Network != nil {
		s.running.Go(s.askPeers)
	}
	return nil
}

// trailingEntries stay in the log behind a snapshot, or as many as have logBytes, so that a node that was away a while catches up from
// there.
const (
	trailingEntries = 128 << 10
	logBytes        = 256 << 20
)

// Close stops the node; a leader hands over first. What was acknowledged is on disk already.
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		if s.raft != nil && s.raft.State() == raft.Leader && s.voters() > 1 {
			s.raft.LeadershipTransfer().Error()
		}
		close(s.closing)
		s.running.Wait()
		s.closeErr = s.release()
	})
	return s.closeErr
}

func (s *Store) release() error {
	var errs []error
	if s.raft != nil {
		errs = append(errs, s.raft.Shutdown().Error())
	}
	if c, ok := s.trans.(io.Closer); ok {
		errs = append(errs, c.Close())
	}
	if s.log != nil {
		errs = append(errs, s.log.Close())
	}
	if a := s.at.Load(); a != nil {
		a.k.closeViews()
		errs = append(errs, a.k.release())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

// fail stops the store for good: it answers unavailable from now on and gives up leadership.
func (s *Store) fail(err error) {
	if !s.failed.CompareAndSwap(nil, &err) {
		return
	}
	s.cfg.Log.Error("the store has stopped", "error", err)
	if s.cfg.Network != nil {
		s.cfg.Network.Cut(true)
	}
	if s.cfg.Failed != nil {
		go s.cfg.Failed(err)
	}
}

func (s *Store) failure() error {
	if err := s.failed.Load(); err != nil {
		return errFailed(*err)
	}
	return nil
}

// Failure returns why the store has stopped itself, or nil.
func (s *Store) Failure() error {
	if err := s.failed.Load(); err != nil {
		return *err
	}
	return nil
}

func (s *Store) pause() <-chan time.Time { return time.After(50 * time.Millisecond) }

// watchDisk refuses writes while there is too little free space: Badger maps files, and a map that cannot be filled kills the process.
func (s *Store) watchDisk() {
	for {
		var fs unix.Statfs_t
		if err := unix.Statfs(s.dir, &fs); err == nil {
			free, size := fs.Bavail*uint64(fs.Bsize), fs.Blocks*uint64(fs.Bsize)
			floor := s.cfg.MinFree
			if floor == 0 {
				floor = min(256<<20, size/20)
			}
			if full := free < floor; full != s.full.Swap(full) {
				s.cfg.Log.Warn("free space of the data folder changed", "full", full, "free_bytes", free, "needed_bytes", floor, "dir", s.dir)
			}
		}
		select {
		case <-s.closing:
			return
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// noteBytes is how much of the log may be behind the newest snapshot. A snapshot is a note only; what comes after it is read when the node
// starts. Raft itself counts entries, which may be long.
const noteBytes = 64 << 20

// note takes snapshots, and lets Raft cut the log behind them so far that it keeps about logBytes, and hardly anything on a full disk.
func (s *Store) note() {
	noted, small := int64(0), false
	for {
		select {
		case <-s.closing:
			return
		case <-time.After(time.Second):
		}
		n, full := s.log.bytes.Load(), s.full.Load()
		if n-noted <= min(noteBytes, s.cfg.logBytes/4) && (!full || small) {
			continue
		}
		noted, small = n, full
		keep := s.cfg.logBytes
		if full {
			keep = 0
		}
		conf := s.raft.ReloadableConfig()
		if entries, err := s.log.entriesIn(keep); err != nil {
			s.cfg.Log.Warn("cannot tell how long the log is", "error", err)
		} else if conf.TrailingLogs = entries; s.raft.ReloadConfig(conf) != nil {
			s.cfg.Log.Warn("cannot change how much of the log is kept")
		}
		s.raft.Snapshot().Error() // nothing new is no failure
	}
}

// scrubEvery is how often all tables are read and checked while the node runs.
const scrubEvery = time.Hour

func (s *Store) scrub() {
	for {
		select {
		case <-s.closing:
			return
		case <-time.After(scrubEvery):
		}
		if a := s.at.Load(); a.k.use() {
			if err := a.k.verify(); err != nil {
				s.fail(err)
			}
			a.k.release()
		}
	}
}

// Node is this node's id.
func (s *Store) Node() string { return s.cfg.Node }

// Status is what a node knows of itself and the cluster.
type Status struct {
	Node     string   `json:"node"`
	State    string   `json:"state"` // Leader, Follower, Candidate, Shutdown
	Leader   string   `json:"leader"`
	Address  string   `json:"leader_address"`
	Term     uint64   `json:"term"`
	Commit   uint64   `json:"commit_index"`
	Applied  uint64   `json:"applied_index"` // of commands
	Chain    string   `json:"chain"`         // hash over everything that commands wrote, up to Applied
	Durable  uint64   `json:"durable_index"`
	First    uint64   `json:"first_log_index"`
	Snapshot uint64   `json:"snapshot_index"`
	LogTime  int64    `json:"log_time_ms"`
	Feature  uint16   `json:"feature_level"`
	Full     bool     `json:"disk_full"`
	Contact  int64    `json:"last_contact_ms"` // since this node heard from a leader; -1: never
	Failed   string   `json:"failed,omitempty"`
	Members  []Member `json:"members"`
}

// Member is a node in the cluster's configuration.
type Member struct {
	Node    string `json:"node"`
	Address string `json:"address"`
	Voter   bool   `json:"voter"`
}

// Status returns the node's state.
func (s *Store) Status() Status {
	a := s.at.Load()
	addr, id := s.raft.LeaderWithID()
	st := Status{
		Node: s.cfg.Node, State: s.raft.State().String(), Leader: string(id), Address: string(addr), Term: s.raft.CurrentTerm(),
		Commit: s.raft.CommitIndex(), Applied: a.Index, Chain: fmt.Sprintf("%016x", a.Chain), Durable: a.k.durable(), LogTime: a.Now,
		Feature: a.Feature, Full: s.full.Load(), Contact: s.contact().Milliseconds(),
	}
	st.First, _ = s.log.FirstIndex()
	st.Snapshot, _ = s.snaps.last()
	if err := s.Failure(); err != nil {
		st.Failed = err.Error()
	}
	st.Members = s.Members()
	return st
}

// Members returns the cluster's configuration as this node knows it.
func (s *Store) Members() []Member {
	members := []Member{}
	for _, m := range s.raft.GetConfiguration().Configuration().Servers {
		members = append(members, Member{Node: string(m.ID), Address: string(m.Address), Voter: m.Suffrage == raft.Voter})
	}
	return members
}

func (s *Store) voters() (n int) {
	for _, m := range s.raft.GetConfiguration().Configuration().Servers {
		if m.Suffrage == raft.Voter {
			n++
		}
	}
	return n
}

// contact is how long ago this node heard from a leader; a leader hears itself.
func (s *Store) contact() time.Duration {
	if s.raft.State() == raft.Leader {
		return 0
	}
	last := s.raft.LastContact()
	if last.IsZero() {
		return -time.Millisecond
	}
	return time.Since(last)
}

// Backup streams the whole state, as of one index, to w. Writes go on meanwhile. The format is that of snapshots.
func (s *Store) Backup(ctx context.Context, w io.Writer) error {
	if err := s.failure(); err != nil {
		return err
	}
	v, err := s.viewAt(ctx, Linearizable)
	if err != nil {
		return err
	}
	defer v.release()
	return writeState(ctx, &paced{w: w}, v)
}

// paced lets others have the processor and the disk: it rests three times as long as the work for each write took.
type paced struct {
	w    io.Writer
	last time.Time
}

// Write implements io.Writer.
func (p *paced) Write(b []byte) (int, error) {
	if !p.last.IsZero() {
		time.Sleep(min(3*time.Since(p.last), 100*time.Millisecond))
	}
	n, err := p.w.Write(b)
	p.last = time.Now()
	return n, err
}

// Hash returns the SHA-256 of the state and the index that it is of.
func (s *Store) Hash(ctx context.Context) (index uint64, sum [32]byte, err error) {
	v, err := s.viewAt(ctx, Stale(0))
	if err != nil {
		return 0, sum, err
	}
	defer v.release()
	sum, err = hashState(ctx, v)
	return v.index, sum, err
}

// raftRecords turns the lines of Raft and Badger into records.
type raftRecords struct{ log *slog.Logger }

// Write implements io.Writer.
func (r raftRecords) Write(p []byte) (int, error) {
	line := strings.TrimSpace(string(p))
	level := slog.LevelDebug
	switch {
	case strings.Contains(line, "raft: failed to"), strings.Contains(line, "heartbeat timeout"), strings.Contains(line, "appendEntries rejected"):
		// A peer is away: said many times a second, and cluster status shows it.
	case strings.HasPrefix(line, "[ERROR]"):
		level = slog.LevelWarn
	case strings.HasPrefix(line, "[WARN]"):
		level = slog.LevelInfo
	}
	r.log.Log(context.Background(), level, line)
	return len(p), nil
}

type badgerRecords struct{ log *slog.Logger }

func (s *Store) badgerLog() badgerRecords { return badgerRecords{s.cfg.Log} }

func (b badgerRecords) Errorf(f string, a ...any) {
	b.log.Warn("badger: " + strings.TrimSpace(fmt.Sprintf(f, a...)))
}
func (b badgerRecords) Warningf(f string, a ...any) {
	b.log.Info("badger: " + strings.TrimSpace(fmt.Sprintf(f, a...)))
}
func (b badgerRecords) Infof(f string, a ...any) {
	b.log.Debug("badger: " + strings.TrimSpace(fmt.Sprintf(f, a...)))
}
func (b badgerRecords) Debugf(string, ...any) {}

// OutcomeUnknown tells whether a command that ended with err may have been done after all.
func OutcomeUnknown(err error) bool {
	var u *unknownError
	return errors.As(err, &u)
}

// unknownError is the error of a command that was sent and never answered.
type unknownError struct{ err *abi.Error }

func (u *unknownError) Error() string { return u.err.Error() }
func (u *unknownError) Unwrap() error { return u.err }

func unknown(code abi.Code, format string, args ...any) error {
	return &unknownError{abi.Errorf(code, format+"; whether it was done is not known", args...)}
}
