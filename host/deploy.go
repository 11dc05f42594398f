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

// deployment is one loaded app. Read-only once it serves.
type deployment struct {
	app     *app.App
	table   *router.Table
	guests  map[string]*loaded
	statics []*web.Static
}

// loaded is a module of a deployment. Deployments that have it unchanged share it.
type loaded struct {
	module  *app.Module
	key     string // of everything that went into it
	guest   dialect.Guest
	err     error // why there is no guest
	closers []io.Closer
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

// retire closes what next does not share, once the calls in it are over. It does not wait: requests that found the old
// deployment may still be on their way into it.
func (d *deployment) retire(next *deployment) {
	if d == nil {
		return
	}
	var wg sync.WaitGroup
	for name, l := range d.guests {
		if next == nil || next.guests[name] != l {
			wg.Go(l.close)
		}
	}
	for _, s := range d.statics {
		wg.Go(func() { s.Close() })
	}
	if next == nil {
		wg.Wait()
	}
}

func (h *Host) load(ctx context.Context, a *app.App, old *deployment) (*deployment, error) {
	d := &deployment{app: a, guests: map[string]*loaded{}}
	var mu sync.Mutex
	var wg sync.WaitGroup
	problems := make([]error, len(a.Modules))
	slots := make(chan struct{}, parallelLoads)
	for i, m := range a.Modules {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			l, err := h.loadModule(ctx, a, m, old)
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
	err := errors.Join(problems...)
	if err == nil {
		err = d.route(h)
	}
	if err != nil {
		for name, l := range d.guests {
			if old == nil || old.guests[name] != l {
				l.close()
			}
		}
		return nil, err
	}
	return d, nil
}

// parallelLoads bounds compilers at work: each takes a processor and some hundred MiB for a large module.
const parallelLoads = 8

func (h *Host) loadModule(ctx context.Context, a *app.App, m *app.Module, old *deployment) (*loaded, error) {
	spec, d, inputs, err := h.describe(a, m)
	var missing *engine.MissingError
	if errors.As(err, &missing) {
		h.log.Warn("module not loaded", "module", m.Name, "reason", missing.Error())
		return &loaded{module: m, err: err}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: module %s: %w", m.Pos, m.Name, err)
	}
	key := keyOf(m, inputs, spec)
	if old != nil {
		if same := old.guests[m.Name]; same != nil && same.key == key {
			return same, nil
		}
	}
	l := &loaded{module: m, key: key}
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

// keyOf tells whether a module changed since it was loaded: its manifest table, its bytes, the values of its secrets.
func keyOf(m *app.Module, inputs []byte, spec *dialect.Spec) string {
	sum := sha256.New()
	sum.Write(inputs)
	table := *m
	table.Pos = router.Position{} // where it stands in the file changes nothing
	described, _ := json.Marshal(table)
	sum.Write(described)
	sum.Write(spec.Source)
	return hex.EncodeToString(sum.Sum(nil))
}

// describe reads a module's bytes and finds its dialect. inputs are all bytes that decide whether it has to be loaded again.
func (h *Host) describe(a *app.App, m *app.Module) (*dialect.Spec, dialect.Dialect, []byte, error) {
	spec := &dialect.Spec{
		App: a.Name, Name: m.Name, Isolation: runtime.Isolation(m.Isolation), Limits: limitsOf(m.Limits), Args: m.Args, Env: m.Env,
		Config: m.Config, Options: extismOptions(m.Extism), Log: h.log.With("app", a.Name, "module", m.Name), Development: h.cfg.Development, Peer: h.Guest,
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
		program, err := engine.Bundle(e, m.Source)
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

// BuildDir is where the modules of a that are built from source are kept.
func BuildDir(a *app.App) string { return filepath.Join(a.Folder, ".stackhost") }

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
	spec.Capabilities = capability.NewSet(granted...)
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
