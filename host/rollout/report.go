package rollout

import (
	"context"
	"time"

	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/state"
)

// report tells the cluster, while requests come, how many were answered.
func (a *Agent) report(ctx context.Context) {
	for {
		wait := a.reportOnce(ctx)
		select {
		case <-ctx.Done():
			return
		case <-a.switched:
		case <-time.After(wait):
		}
	}
}

func (a *Agent) reportOnce(ctx context.Context) (wait time.Duration) {
	wait = time.Second
	apps, err := a.cfg.Apps.List(ctx, raftstore.Stale(0))
	if err != nil {
		return wait
	}
	for _, info := range apps {
		every := reportEvery
		if g := info.Activation.Guard; g != nil {
			every = min(max(time.Duration(g.Window)*time.Millisecond/20, shortestGuard), time.Second)
			wait = min(wait, every)
		}
		if err := a.reportApp(ctx, info, every); err != nil && ctx.Err() == nil {
			a.cfg.Log.Debug("cannot report counts", "app", info.Name, "error", err.Error())
		}
	}
	return wait
}

func (a *Agent) reportApp(ctx context.Context, info state.AppInfo, every time.Duration) error {
	serial, counts := a.cfg.Host.Counts(info.Name)
	a.mu.Lock()
	last, served := a.reported[info.Name], a.serials[info.Name]
	a.mu.Unlock()
	if serial == 0 { // it was stopped: nothing to count, and yet the others want to know
		serial = served
	}
	if serial != info.Activation.Serial || serial == 0 {
		return nil
	}
	r := state.AppReport{Node: a.cfg.Node, Boot: a.boot, Serial: serial}
	total := uint64(0)
	for _, c := range counts {
		r.Counts = append(r.Counts, state.AppCount{Version: c.Version, Requests: c.Requests, Errors: c.Failures})
		total += c.Requests
	}
	if last.serial == serial && (last.requests == total || time.Since(last.at) < every) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	if err := a.cfg.Apps.Report(ctx, info.Name, r); err != nil {
		return err
	}
	a.mu.Lock()
	a.reported[info.Name] = reported{serial, total, time.Now()}
	a.mu.Unlock()
	return nil
}
