package host

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/stackhost/stackhost/host/app"
	"github.com/stackhost/stackhost/host/dialect"
)

// ErrClosed is returned when the host was shut down.
var ErrClosed = errors.New("host: shut down")

// Deploy loads a and puts it in the place of the app that it deployed before. Modules that did not change keep running; those that
// went away finish their calls first. When a cannot be loaded, what serves stays. Modules whose engine is not installed do not fail
// the deploy: their routes answer 503 and say how to get it; Missing lists them. While a version of an app with the same name is
// activated, that serves instead.
func (h *Host) Deploy(ctx context.Context, a *app.App) error {
	h.deploying.Lock()
	defer h.deploying.Unlock()
	if h.closed {
		return ErrClosed
	}
	var near []*deployment
	if h.local != nil {
		near = append(near, h.local)
	}
	next, err := h.load(ctx, a, 0, near)
	if err != nil {
		return err
	}
	if err := h.clash(next); err != nil {
		h.discard(next)
		return err
	}
	old := h.local
	h.local = next
	h.publish()
	h.retire(old)
	h.limit(a)
	return nil
}

// Prepare loads a as a version of the app, compiles its modules and keeps it ready for Activate. Unlike Deploy it fails when an engine
// is missing. A version that is ready already is left as it is.
func (h *Host) Prepare(ctx context.Context, a *app.App, version uint64) error {
	h.deploying.Lock()
	if h.closed {
		h.deploying.Unlock()
		return ErrClosed
	}
	versions := h.prepared[a.Name]
	near := slices.Collect(maps.Values(versions))
	if h.local != nil && h.local.app.Name == a.Name {
		near = append(near, h.local)
	}
	ready := versions[version] != nil
	h.deploying.Unlock()
	if ready {
		return nil
	}
	// Unlocked: compiling takes long, and what serves may have to change meanwhile.
	next, err := h.load(ctx, a, version, near)
	if err != nil {
		return err
	}
	for _, l := range next.guests {
		if l.err != nil {
			err = errors.Join(err, fmt.Errorf("module %s: %w", l.module.Name, l.err))
		}
	}
	h.deploying.Lock()
	defer h.deploying.Unlock()
	if h.closed {
		err = ErrClosed
	}
	if err == nil {
		err = h.clash(next)
	}
	if versions = h.prepared[a.Name]; err != nil || versions[version] != nil {
		h.discard(next)
		return err
	}
	if versions == nil {
		versions = map[uint64]*deployment{}
		h.prepared[a.Name] = versions
	}
	versions[version] = next
	return nil
}

// Prepared returns the versions of an app that are ready, in ascending order.
func (h *Host) Prepared(name string) []uint64 {
	h.deploying.Lock()
	defer h.deploying.Unlock()
	return slices.Sorted(maps.Keys(h.prepared[name]))
}

// Activate lets versions of an app serve, in proportion to their weights, from one moment to the next; each must be prepared. Without
// shares the app does not serve any more. Requests under way finish in the version that they began in. serial, above 0, names the
// activation; Counts counts anew.
func (h *Host) Activate(name string, serial uint64, shares []Share) error {
	h.deploying.Lock()
	defer h.deploying.Unlock()
	if h.closed {
		return ErrClosed
	}
	var list []*share
	for _, s := range shares {
		d := h.prepared[name][s.Version]
		if d == nil {
			return fmt.Errorf("host: version %d of %s is not prepared", s.Version, name)
		}
		if s.Weight > 0 {
			list = append(list, &share{d: d, weight: s.Weight})
		}
	}
	h.activated[name] = newServed(name, serial, list)
	h.publish()
	if len(list) > 0 {
		h.limit(h.activated[name].shares[0].d.app)
	}
	return nil
}

// Discard forgets a version that was prepared, once the requests inside have left. One that serves stays and is an error.
func (h *Host) Discard(name string, version uint64) error {
	h.deploying.Lock()
	defer h.deploying.Unlock()
	if a := h.activated[name]; a != nil && slices.ContainsFunc(a.shares, func(s *share) bool { return s.d.version == version }) {
		return fmt.Errorf("host: version %d of %s serves", version, name)
	}
	d := h.prepared[name][version]
	delete(h.prepared[name], version)
	h.retire(d)
	return nil
}

// Counts returns the serial of the activation of an app and what its versions have answered since; 0 when there is none.
func (h *Host) Counts(name string) (serial uint64, counts []Count) {
	s := h.serving.Load()
	if s == nil {
		return 0, nil
	}
	for _, a := range s.apps {
		if a.name == name && a.serial != 0 {
			for _, s := range a.shares {
				counts = append(counts, Count{Version: s.d.version, Requests: s.requests.Load(), Failures: s.failures.Load()})
			}
			return a.serial, counts
		}
	}
	return 0, nil
}

// publish makes what is activated serve. The caller holds deploying.
func (h *Host) publish() {
	next := &serving{}
	if h.local != nil && h.activated[h.local.app.Name] == nil {
		next.apps = append(next.apps, newServed(h.local.app.Name, 0, []*share{{d: h.local, weight: 1}}))
	}
	for _, name := range slices.Sorted(maps.Keys(h.activated)) {
		if a := h.activated[name]; len(a.shares) > 0 {
			next.apps = append(next.apps, a)
		}
	}
	if err := next.compile(); err != nil { // what clashes is refused before; two apps that came at once may do so all the same
		h.cfg.Log.Error("routes of apps clash, and the first app that knows a path gets it", "error", err.Error())
	}
	h.serving.Store(next)
}

// clash tells which routes of d, to be served beside the other apps, are theirs already. A folder's app (version 0) is served instead of
// the folder's that was deployed before. The caller holds deploying.
func (h *Host) clash(d *deployment) error {
	with := &serving{apps: []*served{newServed(d.app.Name, 0, []*share{{d: d, weight: 1}})}}
	if s := h.serving.Load(); s != nil {
		for _, a := range s.apps {
			if a.name != d.app.Name && (d.version != 0 || a.serial != 0) {
				with.apps = append(with.apps, a)
			}
		}
	}
	if err := with.compile(); err != nil {
		return fmt.Errorf("app %s cannot serve beside the others, give its routes another path or host:\n%w", d.app.Name, err)
	}
	return nil
}

// retireAll closes every deployment and waits until all are.
func (h *Host) retireAll() {
	h.deploying.Lock()
	h.closed = true
	h.serving.Store(&serving{})
	h.retire(h.local)
	for _, versions := range h.prepared {
		for _, d := range versions {
			h.retire(d)
		}
	}
	h.local, h.prepared = nil, nil
	h.deploying.Unlock()
	h.retiring.Wait()
}

// deployments are those that serve, newest version first within an app.
func (h *Host) deployments() (list []*deployment) {
	if s := h.serving.Load(); s != nil {
		for _, a := range s.apps {
			for _, s := range a.shares {
				list = append(list, s.d)
			}
		}
	}
	return list
}

// App returns the app that serves, the first by name when there are several, or nil.
func (h *Host) App() *app.App {
	for _, d := range h.deployments() {
		return d.app
	}
	return nil
}

// Guest returns a loaded module of an app that serves, or nil.
func (h *Host) Guest(module string) dialect.Guest {
	for _, d := range h.deployments() {
		if g := d.guest(module); g != nil {
			return g
		}
	}
	return nil
}

// Missing returns why modules that serve are not loaded, by name.
func (h *Host) Missing() map[string]error {
	missing := map[string]error{}
	for _, d := range h.deployments() {
		for name, l := range d.guests {
			if l.err != nil {
				missing[name] = l.err
			}
		}
	}
	return missing
}
