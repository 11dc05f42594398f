// Package host is the server: it loads apps, routes requests to their modules and static folders, and turns what goes wrong into
// answers and records. It wires the packages below it; none of those imports another of its siblings.
//
//	h, err := host.Open(host.Config{DataDir: dir})
//	err = h.Deploy(ctx, application)
//	err = h.Serve(listener)
//
// Host is the server, a deployment is one loaded app, replaced whole by the next Deploy while requests run.
package host

import (
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stackhost/stackhost/host/app"
	"github.com/stackhost/stackhost/host/dialect"
	"github.com/stackhost/stackhost/host/dialect/extism"
	"github.com/stackhost/stackhost/host/dialect/native"
	"github.com/stackhost/stackhost/host/dialect/quickjs"
	"github.com/stackhost/stackhost/host/engine"
	"github.com/stackhost/stackhost/host/runtime"
	"github.com/stackhost/stackhost/host/web"
	"github.com/valyala/fasthttp"
)

// Config of a Host. Zero values have defaults.
type Config struct {
	// DataDir keeps compiled code and, later, state. Empty: nothing is kept.
	DataDir string
	// EngineDir is where engines are installed. Empty: the user's cache folder.
	EngineDir string
	// Log gets records. Nil: none are written.
	Log *slog.Logger
	// AccessLog writes a record for each request.
	AccessLog bool
	// Development shows details of errors to clients.
	Development bool
	// Reload is the path of the browser reload stream in development; empty for none.
	Reload string
	// TLSCert and TLSKey are files; they are read again when they change.
	TLSCert, TLSKey string
	// Limits of the HTTP front.
	Limits web.Limits
	// Intercept, when set, may answer a request before it is routed: true when it has.
	Intercept func(*fasthttp.RequestCtx) bool
}

// Host serves one app. Safe for concurrent use.
type Host struct {
	cfg      Config
	log      *slog.Logger
	rt       *runtime.Runtime
	engines  *engine.Store
	server   *web.Server
	access   *web.AccessLog
	problems *web.Problems
	dialects []dialect.Dialect

	deploying sync.Mutex // held by Deploy
	active    atomic.Pointer[deployment]
	closeOnce sync.Once
}

// Open prepares a Host. Nothing listens yet.
func Open(cfg Config) (*Host, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	h := &Host{cfg: cfg, log: cfg.Log, problems: &web.Problems{Development: cfg.Development}, dialects: Dialects()}
	var err error
	if h.engines, err = engine.NewStore(cfg.EngineDir); err != nil {
		return nil, err
	}
	cache := ""
	if cfg.DataDir != "" {
		cache = filepath.Join(cfg.DataDir, "compiled")
	}
	if h.rt, err = runtime.New(runtime.Config{CacheDir: cache, Log: cfg.Log}); err != nil {
		return nil, err
	}
	if cfg.AccessLog {
		h.access = web.NewAccessLog(web.AccessConfig{Log: cfg.Log})
	}
	front := web.Config{
		Handler: h.handle, Log: cfg.Log, Access: h.access, Problems: h.problems, Limits: cfg.Limits, Compression: &web.Compression{}, BodyLimit: h.bodyLimit,
	}
	if cfg.TLSCert != "" {
		front.TLS = &web.TLSFiles{CertFile: cfg.TLSCert, KeyFile: cfg.TLSKey}
	}
	if h.server, err = web.New(front); err != nil {
		h.rt.Close()
		return nil, err
	}
	return h, nil
}

// Dialects returns the dialects that this host knows, in the order in which a module is tried against them.
func Dialects() []dialect.Dialect {
	return []dialect.Dialect{native.Dialect{}, extism.Dialect{}, quickjs.Dialect{}}
}

// Deploy loads a and puts it in the place of the app that serves. Modules that did not change keep running; those that went
// away finish their calls first. When a cannot be loaded, what serves stays. Modules whose engine is not installed do not fail
// the deploy: their routes answer 503 and say how to get it; Missing lists them.
func (h *Host) Deploy(ctx context.Context, a *app.App) error {
	h.deploying.Lock()
	defer h.deploying.Unlock()
	old := h.active.Load()
	next, err := h.load(ctx, a, old)
	if err != nil {
		return err
	}
	h.active.Store(next)
	old.retire(next)
	return nil
}

// App returns the app that serves, or nil.
func (h *Host) App() *app.App {
	if d := h.active.Load(); d != nil {
		return d.app
	}
	return nil
}

// Guest returns a loaded module of the app that serves, or nil.
func (h *Host) Guest(module string) dialect.Guest {
	if d := h.active.Load(); d != nil && d.guests[module] != nil {
		return d.guests[module].guest
	}
	return nil
}

// Missing returns why modules of the app that serves are not loaded, by name.
func (h *Host) Missing() map[string]error {
	missing := map[string]error{}
	if d := h.active.Load(); d != nil {
		for name, l := range d.guests {
			if l.err != nil {
				missing[name] = l.err
			}
		}
	}
	return missing
}

// Serve answers requests on ln until Shutdown or Close.
func (h *Host) Serve(ln net.Listener) error { return h.server.Serve(ln) }

// Stats returns the counters of the HTTP front.
func (h *Host) Stats() web.Stats { return h.server.Stats() }

// drainTime bounds Close's wait for requests under way.
const drainTime = 10 * time.Second

// Shutdown stops taking connections, lets requests under way finish until ctx ends, and frees everything.
func (h *Host) Shutdown(ctx context.Context) error {
	var err error
	h.closeOnce.Do(func() {
		// The front first: a request that is still running needs its module.
		if err = h.server.Shutdown(ctx); err != nil {
			h.server.Close()
		}
		h.active.Swap(nil).retire(nil)
		h.rt.Close()
		if h.access != nil {
			h.access.Close() // last, so that it has the records of the last requests
		}
	})
	return err
}

// Close is Shutdown with a short patience. Idempotent.
func (h *Host) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	return h.Shutdown(ctx)
}
