// Package host is the server: it loads apps, routes requests to their modules and static folders, and turns what goes wrong into
// answers and records. It wires the packages below it; none of those imports another of its siblings.
//
//	h, err := host.Open(host.Config{DataDir: dir})
//	err = h.Deploy(ctx, application)
//	err = h.Serve(listener)
//
// Host is the server, a deployment is one loaded version of an app. What serves is replaced whole, by Deploy or Activate, while requests
// run: each is answered by the version that it found when it was routed.
package host

import (
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stackhost/stackhost/host/dialect"
	"github.com/stackhost/stackhost/host/dialect/extism"
	"github.com/stackhost/stackhost/host/dialect/native"
	"github.com/stackhost/stackhost/host/dialect/quickjs"
	"github.com/stackhost/stackhost/host/engine"
	"github.com/stackhost/stackhost/host/runtime"
	"github.com/stackhost/stackhost/host/web"
	"github.com/stackhost/stackhost/raftstore"
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
	// Store is the replicated state that modules are granted parts of. Nil: a module that is granted any fails to load.
	Store raftstore.Access
	// Secrets are those of the cluster. Nil: none.
	Secrets *raftstore.Secrets
	// Intercept, when set, may answer a request before it is routed: true when it has.
	Intercept func(*fasthttp.RequestCtx) bool
	// Overflow, when set, may answer a request for which no instance of its module became free in time: true when it has. The request
	// has not begun; body is what it came with.
	Overflow func(ctx *fasthttp.RequestCtx, body []byte) bool
}

// Host serves apps: that of a folder (Deploy), and versions of others by weight (Prepare, Activate). Safe for concurrent use.
type Host struct {
	cfg      Config
	log      *slog.Logger
	rt       *runtime.Runtime
	engines  *engine.Store
	server   *web.Server
	access   *web.AccessLog
	problems *web.Problems
	dialects []dialect.Dialect
	quotas   quotas
	tier     *raftstore.CacheTier

	life       context.Context
	end        context.CancelFunc
	background sync.WaitGroup

	deploying sync.Mutex // held by whatever changes what serves
	serving   atomic.Pointer[serving]
	local     *deployment                       // guarded by deploying; of Deploy
	prepared  map[string]map[uint64]*deployment // guarded by deploying; by app and version
	activated map[string]*served                // guarded by deploying; by app
	closed    bool                              // guarded by deploying
	owning    sync.Mutex
	retiring  sync.WaitGroup
	url       atomic.Pointer[string]
	closeOnce sync.Once
}

// Open prepares a Host. Nothing listens yet.
func Open(cfg Config) (*Host, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	h := &Host{cfg: cfg, log: cfg.Log, prepared: map[string]map[uint64]*deployment{}, activated: map[string]*served{}, problems: &web.Problems{Development: cfg.Development}, dialects: Dialects()}
	if cfg.Store != nil {
		h.tier = raftstore.NewCacheTier(cfg.Store, cacheTierBytes)
	}
	h.life, h.end = context.WithCancel(context.Background())
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

// Serve answers requests on ln until Shutdown or Close.
func (h *Host) Serve(ln net.Listener) error {
	scheme := "http://"
	if h.cfg.TLSCert != "" {
		scheme = "https://"
	}
	if a, ok := ln.Addr().(*net.TCPAddr); ok && a.Port != 0 {
		url := scheme + a.String()
		h.url.CompareAndSwap(nil, &url)
	}
	return h.server.Serve(ln)
}

// URL is where the first Serve with a TCP listener answers; "" before.
func (h *Host) URL() string {
	if url := h.url.Load(); url != nil {
		return *url
	}
	return ""
}

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
		h.retireAll()
		h.end()
		h.background.Wait()
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
