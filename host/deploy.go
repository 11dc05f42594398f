package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stackhost/stackhost/host/app"
	"github.com/stackhost/stackhost/host/capability"
	"github.com/stackhost/stackhost/host/capability/core"
	"github.com/stackhost/stackhost/host/capability/fetch"
	"github.com/stackhost/stackhost/host/capability/http"
	"github.com/stackhost/stackhost/host/dialect"
	"github.com/stackhost/stackhost/host/dialect/extism"
	"github.com/stackhost/stackhost/host/engine"
	"github.com/stackhost/stackhost/host/runtime"
	"github.com/stackhost/stackhost/host/web"
	"github.com/stackhost/stackhost/router"
	"github.com/valyala/fasthttp"
)

// deployment is one loaded version of an app. Read-only once it serves.
type deployment struct {
	app     *app.App
	version uint64 // 0: of a folder
	table   *router.Table
	guests  map[string]*loaded
	statics []*web.Static

	complete atomic.Bool // guests is not written any more
	retired  atomic.Bool
	left     chan struct{} // told, at times, that a request has left after it was retired
	slots    [slots]slot
}

// guest returns a module of the deployment that is loaded, or nil.
func (d *deployment) guest(module string) dialect.Guest {
	if d.complete.Load() && d.guests[module] != nil {
		return d.guests[module].guest
	}
	return nil
}

// loaded is a module of a deployment. Deployments that have it unchanged share it.
type loaded struct {
	module  *app.Module
	key     string // of everything that went into it
	guest   dialect.Guest
	err     error // why there is no guest
	closers []io.Closer
	owners  int // guarded by Host.owning; how many deployments have it
}

func (l *loaded) close() {
	if l.guest != nil {
		l.guest.Close()
	}
	for _, c := range l.closers {
		c.Close()
	}
}

// target is what a route leads to.
type target struct {
	*app.Target
	loaded     *loaded // of a module
	middleware []*loaded
	files      fasthttp.RequestHandler // of a static folder
	body       int64
	time       time.Duration
}

// retire closes d, which no request finds any more, once those inside have left. It does not wait for that; Shutdown does.
func (h *Host) retire(d *deployment) {
	if d == nil {
		return
	}
	h.retiring.Go(func() {
		d.drain()
		h.discard(d)
	})
}

// discard closes what only d has.
func (h *Host) discard(d *deployment) {
	var wg sync.WaitGroup
	for _, l := range d.guests {
		h.owning.Lock()
		l.owners--
		last := l.owners == 0
		h.owning.Unlock()
		if last {
			wg.Go(l.close)
		}
	}
	for _, s := range d.statics {
		wg.Go(func() { s.Close() })
	}
	wg.Wait()
}

// load loads a. It shares the modules of the deployments in near that have not changed.
func (h *Host) load(ctx context.Context, a *app.App, version uint64, near []*deployment) (*deployment, error) {
	d := &deployment{app: a, version: version, guests: map[string]*loaded{}, left: make(chan struct{}, 1)}
	var mu sync.Mutex
	var wg sync.WaitGroup
	problems := make([]error, len(a.Modules))
	slots := make(chan struct{}, parallelLoads)
	for i, m := range a.Modules {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			l, err := h.loadModule(ctx, d, m, near)
			if err != nil {
				problems[i] = err
				return
			}
			mu.Lock()
			d.guests[m.Name] = l
			mu.Unlock()
		})
	}
	wg.Wait()
	d.complete.Store(true)
	err := errors.Join(problems...)
	if err == nil {
		err = d.route(h)
	}
	if err != nil {
		h.discard(d)
		return nil, err
	}
	return d, nil
}

// parallelLoads bounds compilers at work: each takes a processor and some hundred MiB for a large module.
const parallelLoads = 8

func (h *Host) loadModule(ctx context.Context, own *deployment, m *app.Module, near []*deployment) (*loaded, error) {
	a := own.app
	spec, d, inputs, err := h.describe(own, m)
	var missing *engine.MissingError
	if errors.As(err, &missing) {
		h.log.Warn("module not loaded", "module", m.Name, "reason", missing.Error())
		return &loaded{module: m, err: err, owners: 1}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: module %s: %w", m.Pos, m.Name, err)
	}
	key := keyOf(m, inputs, spec)
	if same := h.share(m, key, near); same != nil {
		return same, nil
	}
	l := &loaded{module: m, key: key, owners: 1}
	if err := h.grant(a, m, spec, l); err != nil {
		return nil, fmt.Errorf("%s: module %s: %w", m.Pos, m.Name, err)
	}
	if l.guest, err = d.Load(ctx, h.rt, *spec); err != nil {
		l.close()
		return nil, fmt.Errorf("%s: %w", m.Pos, err)
	}
	for _, t := range l.guest.Triggers() {
		h.log.Debug("module loaded", "module", m.Name, "dialect", d.Name(), "trigger", t, "isolation", l.guest.Module().Isolation())
	}
	return l, nil
}

// share finds a module that is loaded already. One that calls others is not shared: it calls those of its own deployment.
func (h *Host) share(m *app.Module, key string, near []*deployment) *loaded {
	if m.Extism != nil && len(m.Extism.Functions) > 0 {
		return nil
	}
	h.owning.Lock()
	defer h.owning.Unlock()
	for _, d := range near {
		if same := d.guests[m.Name]; same != nil && same.key == key && same.owners > 0 {
			same.owners++
			return same
		}
	}
	return nil
}

// keyOf tells whether a module changed since it was loaded: its app, which its data are under, its manifest table and its bytes.
func keyOf(m *app.Module, inputs []byte, spec *dialect.Spec) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%q", spec.App)
	sum.Write(inputs)
	table := *m
	table.Pos = router.Position{}                        // where it stands in the file changes nothing,
	table.Path, table.Source, table.Program = "", "", "" // nor where the bytes are
	described, _ := json.Marshal(table)
	sum.Write(described)
	sum.Write(spec.Source)
	return hex.EncodeToString(sum.Sum(nil))
}

// describe reads a module's bytes and finds its dialect. inputs are all bytes that decide whether it has to be loaded again.
func (h *Host) describe(own *deployment, m *app.Module) (*dialect.Spec, dialect.Dialect, []byte, error) {
	a := own.app
	spec := &dialect.Spec{
		App: a.Name, Name: m.Name, Isolation: runtime.Isolation(m.Isolation), Limits: limitsOf(m.Limits), Args: m.Args, Env: m.Env,
		Config: m.Config, Options: extismOptions(m.Extism), Log: h.log.With("app", a.Name, "module", m.Name), Development: h.cfg.Development, Peer: own.guest,
	}
	if m.Engine != "" {
		e, ok := engine.Lookup(m.Engine)
		if !ok {
			return nil, nil, nil, fmt.Errorf("this host has no engine %q", m.Engine)
		}
		wasm, err := h.engines.Wasm(e)
		if err != nil {
			return nil, nil, nil, err
		}
		program, err := programOf(e, m)
		if err != nil {
			return nil, nil, nil, err
		}
		spec.Wasm, spec.Source, spec.SourceName, spec.SourceMap = wasm, program.Source, program.Name, program.Map
		for _, d := range h.dialects {
			if d.Name() == e.Dialect {
				return spec, d, []byte(e.Digest), nil
			}
		}
		return nil, nil, nil, fmt.Errorf("engine %s needs dialect %q, which this host does not have", e.Name, e.Dialect)
	}
	wasm, err := os.ReadFile(m.Output(BuildDir(a)))
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, nil, nil, fmt.Errorf("%s does not exist; run `stackhost build %s`", m.Output(BuildDir(a)), a.Folder)
		}
		return nil, nil, nil, err
	}
	info, err := runtime.Inspect(wasm)
	if err != nil {
		return nil, nil, nil, err
	}
	spec.Wasm = wasm
	if m.Extism != nil { // says so itself: a plug-in that only computes imports nothing that tells
		return spec, extism.Dialect{}, wasm, nil
	}
	d, err := dialect.Detect(h.dialects, info)
	return spec, d, wasm, err
}

// programOf makes the program of a module that an engine runs, or takes the one that a bundle has.
func programOf(e engine.Engine, m *app.Module) (*engine.Program, error) {
	if m.Program == "" {
		return engine.Bundle(e, m.Source)
	}
	p := &engine.Program{Name: filepath.Base(m.Program), Inputs: []string{m.Program}}
	var err error
	if p.Source, err = os.ReadFile(m.Program); err != nil {
		return nil, err
	}
	if p.Map, err = os.ReadFile(m.Program + ".map"); errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return p, err
}

// BuildDir is where the modules of a that are built from source are kept.
func BuildDir(a *app.App) string { return filepath.Join(a.Folder, app.BuildFolder) }

// grant gives a module what its manifest table says, and nothing else.
func (h *Host) grant(a *app.App, m *app.Module, spec *dialect.Spec, l *loaded) error {
	secrets, err := m.ResolveSecrets(a.Folder)
	if err != nil {
		return err
	}
	limits := spec.Limits.WithDefaults()
	own, err := core.New(core.Config{Values: m.Config, Secrets: secrets, LogBytes: limits.LogBytes})
	if err != nil {
		return err
	}
	granted := []capability.Capability{own, &http.HTTP{ResponseBytes: limits.ResponseBytes}}
	if g := m.Fetch; g != nil {
		f, err := fetch.New(fetch.Config{
			Hosts: g.Hosts, Private: g.Private, Methods: g.Methods, Timeout: g.Timeout, MaxResponse: g.MaxResponse,
			MaxRequest: limits.OutboundBytes, Concurrency: g.Concurrency,
		})
		if err != nil {
			return err
		}
		l.closers = append(l.closers, f)
		granted = append(granted, f)
	}
	stores, err := h.stores(a, m)
	if err != nil {
		return err
	}
	spec.Capabilities = capability.NewSet(append(granted, stores...)...)
	for guest, folder := range m.Files {
		root, err := os.OpenRoot(folder)
		if err != nil {
			return err
		}
		l.closers = append(l.closers, root)
		spec.Dirs = append(spec.Dirs, runtime.Dir{Guest: guest, FS: root.FS()})
	}
	slices.SortFunc(spec.Dirs, func(a, b runtime.Dir) int { return len(a.Guest) - len(b.Guest) })
	return nil
}

func limitsOf(l app.Limits) runtime.Limits {
	return runtime.Limits{
		MemoryBytes: l.Memory, Time: l.Time, Fuel: l.Fuel, StackBytes: l.Stack, HostCalls: l.HostCalls, ResponseBytes: l.Response,
		LogBytes: l.Log, OutboundBytes: l.Outbound, Concurrency: l.Concurrency, Wait: l.Wait,
	}
}

// extismOptions hands the manifest's table to the dialect without making dialects know manifests.
func extismOptions(e *app.Extism) map[string]any {
	if e == nil {
		return nil
	}
	var options map[string]any
	b, _ := json.Marshal(e)
	json.Unmarshal(b, &options)
	return options
}

// route compiles the routing table of a deployment whose modules are loaded.
func (d *deployment) route(h *Host) error {
	var routes []router.Route
	for _, t := range d.app.Routes {
		next := &target{Target: t, body: t.Body, time: t.Time}
		if next.body == 0 {
			next.body = d.app.Server.Body
		}
		if next.time == 0 {
			next.time = d.app.Server.Time
		}
		if t.Module != "" {
			next.loaded = d.guests[t.Module]
			if err := handles(next.loaded, "http"); err != nil {
				return fmt.Errorf("%s: %w", t.Pos, err)
			}
		}
		for _, name := range t.Middleware {
			next.middleware = append(next.middleware, d.guests[name])
			if err := handles(d.guests[name], "middleware"); err != nil {
				return fmt.Errorf("%s: %w", t.Pos, err)
			}
		}
		if t.Static != nil {
			files, err := web.NewStatic(web.StaticConfig{
				Dir: t.Static.Dir, Prefix: t.Static.Prefix, Index: t.Static.Index, Fallback: t.Static.SPA, CacheControl: t.Static.Cache, Problems: h.problems,
				IgnorePrecompressed: !t.Static.Precompressed, Dotfiles: t.Static.Dotfiles,
			})
			if err != nil {
				return fmt.Errorf("%s: %w", t.Pos, err)
			}
			d.statics = append(d.statics, files)
			next.files = files.Handle
		}
		routes = append(routes, router.Route{Pattern: t.Pattern, Pos: t.Pos, Value: next})
	}
	for _, c := range d.app.Commands {
		if err := handles(d.guests[c.Module], "command"); err != nil {
			return fmt.Errorf("%s: %w", c.Pos, err)
		}
	}
	table, err := router.Compile(routes)
	d.table = table
	return err
}

// handles checks that a module has the export that a route needs. One that is not loaded is asked when it is.
func handles(l *loaded, trigger string) error {
	if l.guest == nil || slices.Contains(l.guest.Triggers(), trigger) {
		return nil
	}
	return &dialect.UnsupportedError{Module: l.module.Name, Trigger: trigger}
}
