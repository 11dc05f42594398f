// Package rollout brings apps to the nodes of a cluster. An Agent runs on each node: it fetches, verifies, unpacks and compiles the
// versions that the replicated state asks for, tells when they are ready, switches the host when an activation is committed, and reports
// what was answered. A Coordinator makes the commands for deploys, canaries and rollbacks: it waits until every node is ready before it
// commits an activation, so that no request finds a node that is not.
//
//	agent := rollout.Start(rollout.Config{Node: "n1", Apps: raftstore.NewApps(store), Host: h, Dir: "data/bundles"})
//	store.OnVisible(agent.Notify)
//	...
//	agent.Close()
//
// Whether a version that fails is taken back is decided in the replicated state, from the reports, not here.
package rollout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stackhost/stackhost/host/app"
	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/state"
)

// Host is what an Agent switches; *host.Host is one.
type Host interface {
	Prepare(ctx context.Context, a *app.App, version uint64) error
	Prepared(name string) []uint64
	Activate(name string, serial uint64, shares []app.Share) error
	Discard(name string, version uint64) error
	Counts(name string) (serial uint64, counts []app.Count)
}

// Config of an Agent.
type Config struct {
	// Node is this node's name.
	Node string
	Apps *raftstore.Apps
	Host Host
	// Dir is the folder for unpacked bundles. The agent owns what is in it.
	Dir string
	// Log gets records. Nil: none are written.
	Log *slog.Logger
	// Poll is how long the agent goes without looking when nothing was notified. Default 2 s.
	Poll time.Duration
}

// Agent keeps a host at what the replicated state says. Safe for concurrent use.
type Agent struct {
	cfg      Config
	boot     uint64 // tells this process's counts from an earlier one's
	cancel   context.CancelFunc
	wake     chan struct{}
	switched chan struct{} // the host serves something else
	done     sync.WaitGroup

	mu       sync.Mutex
	jobs     map[key]*job         // guarded by mu
	idle     map[string]time.Time // guarded by mu; since when nothing needs a bundle's folder
	serials  map[string]uint64    // guarded by mu; activations that serve, by app
	reported map[string]reported
	settled  chan struct{} // guarded by mu; closed once everything that was asked for at the start serves
	behind   []string      // guarded by mu; apps of which an activation is not followed yet
	since    time.Time     // guarded by mu; when behind was empty last
}

type key struct {
	app     string
	version uint64
}

// job is the work to get a version ready. It stays while the version is asked for.
type job struct {
	running bool
	problem string // of the last try
	told    bool   // the replicated state knew the problem; when it has forgotten, somebody wants another try
	next    time.Time
}

type reported struct {
	serial, requests uint64
	at               time.Time
}

const (
	retryAfter    = 10 * time.Second // for a version that could not be prepared
	reportEvery   = 5 * time.Second  // counts that no guard waits for
	commandTime   = 5 * time.Second
	shortestGuard = 100 * time.Millisecond
	followTime    = 5 * time.Second // for an activation that came while this node was away
	keepFolder    = time.Minute     // requests that began in a version may still read its files
)

// Start starts an agent.
func Start(cfg Config) *Agent {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Poll = cmp.Or(cfg.Poll, 2*time.Second)
	ctx, cancel := context.WithCancel(context.Background())
	a := &Agent{
		cfg: cfg, boot: rand.Uint64(), cancel: cancel, wake: make(chan struct{}, 1), switched: make(chan struct{}, 1),
		jobs: map[key]*job{}, idle: map[string]time.Time{}, serials: map[string]uint64{}, reported: map[string]reported{}, settled: make(chan struct{}),
	}
	a.done.Go(func() { a.run(ctx) })
	a.done.Go(func() { a.report(ctx) })
	return a
}

// Notify tells the agent of a change in the replicated state, once this node's reads see it. It never blocks.
func (a *Agent) Notify(e state.Event) {
	if e.Namespace == state.AppEvents && string(e.Key) != "counters" {
		a.poke()
	}
}

func (a *Agent) poke() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// Settled is closed once everything serves that was active when the agent looked first.
func (a *Agent) Settled() <-chan struct{} { return a.settled }

// Ready returns why the node should get no traffic, or nil: it has not settled yet, or for some seconds it has not been able to follow an
// activation that the other nodes follow.
func (a *Agent) Ready() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case <-a.settled:
	default:
		return errors.New("the node is still loading apps")
	}
	if len(a.behind) == 0 || time.Since(a.since) < followTime {
		return nil
	}
	text := "what serves elsewhere does not serve here yet: " + strings.Join(a.behind, ", ")
	for k, j := range a.jobs {
		if j.problem != "" && slices.Contains(a.behind, k.app) {
			text += fmt.Sprintf("; version %d of %s: %s", k.version, k.app, j.problem)
		}
	}
	return errors.New(text)
}

// Close stops the agent. What serves goes on.
func (a *Agent) Close() {
	a.cancel()
	a.done.Wait()
}

func (a *Agent) run(ctx context.Context) {
	for {
		a.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
		case <-time.After(a.cfg.Poll):
		}
	}
}

// look brings the host one step closer to the replicated state. What takes long runs beside it and wakes it when it is over.
func (a *Agent) look(ctx context.Context) {
	apps, err := a.cfg.Apps.List(ctx, raftstore.Stale(0))
	if err != nil {
		a.cfg.Log.Warn("cannot read which apps serve", "error", err.Error())
		return
	}
	var behind []string
	needed := map[string]bool{}
	for _, info := range apps {
		status, err := a.cfg.Apps.Get(ctx, raftstore.Stale(0), info.Name)
		if err != nil {
			behind = append(behind, info.Name)
			continue
		}
		if !a.switchTo(status) {
			behind = append(behind, info.Name)
		}
		a.prepare(ctx, status, needed)
	}
	a.forget(apps)
	a.mu.Lock()
	if a.behind = behind; len(behind) == 0 {
		a.since = time.Now()
		select {
		case <-a.settled:
		default:
			close(a.settled)
		}
	}
	a.mu.Unlock()
	a.clean(needed)
}

// switchTo activates what the replicated state says, when it is ready here.
func (a *Agent) switchTo(s *raftstore.AppStatus) bool {
	act := s.Activation
	a.mu.Lock()
	now := a.serials[s.Name]
	a.mu.Unlock()
	if act.Serial == now {
		return true
	}
	prepared := a.cfg.Host.Prepared(s.Name)
	var shares []app.Share
	for _, w := range act.Weights {
		if !slices.Contains(prepared, w.Version) {
			return false
		}
		shares = append(shares, app.Share{Version: w.Version, Weight: w.Weight})
	}
	if err := a.cfg.Host.Activate(s.Name, act.Serial, shares); err != nil {
		a.cfg.Log.Error("cannot activate", "app", s.Name, "error", err.Error())
		return false
	}
	a.mu.Lock()
	a.serials[s.Name] = act.Serial
	a.mu.Unlock()
	select {
	case a.switched <- struct{}{}:
	default:
	}
	a.cfg.Log.Info("activated", "app", s.Name, "versions", fmt.Sprint(shares), "reason", act.Reason)
	return true
}

// prepare starts the work for versions that are asked for, tells about those that are ready, and forgets the others.
func (a *Agent) prepare(ctx context.Context, s *raftstore.AppStatus, needed map[string]bool) {
	prepared := a.cfg.Host.Prepared(s.Name)
	for _, v := range s.Versions {
		if !slices.Contains(s.Ready, v.Number) {
			continue
		}
		needed[v.Digest.String()] = true
		k := key{s.Name, v.Number}
		a.mu.Lock()
		j := a.jobs[k]
		if j == nil {
			j = &job{}
			a.jobs[k] = j
		}
		ready := slices.Contains(prepared, v.Number)
		if ready {
			j.problem = ""
		}
		at := slices.IndexFunc(s.Readiness, func(r state.AppReadiness) bool { return r.Version == v.Number && r.Node == a.cfg.Node })
		again := j.told && at < 0
		j.told = j.problem != "" && at >= 0
		load := !ready && (again || time.Now().After(j.next))
		tell := ready && (at < 0 || s.Readiness[at].Problem != "") && time.Now().After(j.next)
		if !j.running && (load || tell) {
			j.running = true
			a.done.Go(func() { a.work(ctx, k, j, v, load) })
		}
		a.mu.Unlock()
	}
	a.mu.Lock()
	maps.DeleteFunc(a.jobs, func(k key, j *job) bool { return k.app == s.Name && !j.running && !slices.Contains(s.Ready, k.version) })
	a.mu.Unlock()
	for _, number := range prepared {
		if !slices.Contains(s.Ready, number) {
			if err := a.cfg.Host.Discard(s.Name, number); err != nil { // it serves until the next activation is applied
				a.cfg.Log.Debug("keep a version", "error", err.Error())
			}
		}
	}
}

// forget stops and discards what was removed.
func (a *Agent) forget(apps []state.AppInfo) {
	a.mu.Lock()
	gone := slices.DeleteFunc(slices.Collect(maps.Keys(a.serials)), func(name string) bool {
		return slices.ContainsFunc(apps, func(i state.AppInfo) bool { return i.Name == name })
	})
	for _, name := range gone {
		delete(a.serials, name)
	}
	a.mu.Unlock()
	for _, name := range gone {
		if err := a.cfg.Host.Activate(name, 0, nil); err != nil {
			a.cfg.Log.Error("cannot stop an app that was removed", "app", name, "error", err.Error())
		}
		for _, number := range a.cfg.Host.Prepared(name) {
			if err := a.cfg.Host.Discard(name, number); err != nil {
				a.cfg.Log.Debug("keep a version", "error", err.Error())
			}
		}
	}
}

// work gets a version ready, when load is set, and tells the cluster how that went.
func (a *Agent) work(ctx context.Context, k key, j *job, v state.AppVersion, load bool) {
	log := a.cfg.Log.With("app", k.app, "version", k.version)
	problem := ""
	if load {
		start := time.Now()
		if err := a.load(ctx, k, v); err != nil {
			if ctx.Err() != nil {
				return
			}
			problem = short(err.Error())
			log.Error("cannot prepare a version", "error", problem)
		} else {
			log.Info("version is ready", "digest", v.Digest.String()[:12], "took", time.Since(start).Round(time.Millisecond))
		}
		a.poke() // it may have to serve already
	}
	tell, cancel := context.WithTimeout(ctx, commandTime)
	err := a.cfg.Apps.Ready(tell, k.app, k.version, a.cfg.Node, problem)
	cancel()
	if err != nil && ctx.Err() == nil {
		log.Debug("cannot tell whether a version is ready", "error", err.Error())
	}
	a.mu.Lock()
	j.running, j.problem = false, problem
	switch {
	case problem != "":
		j.next = time.Now().Add(retryAfter)
	case err != nil:
		j.next = time.Now().Add(a.cfg.Poll)
	}
	a.mu.Unlock()
	a.poke()
}

// short cuts an error to what the replicated state keeps.
func short(text string) string {
	if len(text) > state.AppMaxText {
		text = text[:state.AppMaxText-3] + "..."
	}
	return strings.ToValidUTF8(text, "")
}
