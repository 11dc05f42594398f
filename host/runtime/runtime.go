package runtime

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// Config of a Runtime. The zero value compiles in memory only.
type Config struct {
	// CacheDir keeps compiled code between runs. Empty: nothing is kept.
	CacheDir string
	// Log gets what operators should know. Nil: nothing is logged.
	Log *slog.Logger
	// IdleAfter is how long an instance stays in its pool unused. Default 30 s.
	IdleAfter time.Duration
}

// Runtime loads modules. Safe for concurrent use.
type Runtime struct {
	cfg      Config
	cache    *codeCache
	uncached wazero.CompilationCache // for when the cache's disk fails
	slab     *slab

	clock atomic.Int64 // Unix nanoseconds, as of the last look for idle instances: a finer clock would cost every Release

	mu      sync.Mutex
	modules map[*Module]struct{} // guarded by mu
	closed  bool                 // guarded by mu
	stop    chan struct{}
	done    chan struct{}
}

// features are WebAssembly 2.0, tail calls and the final exception handling proposal, which setjmp-based interpreters need.
const features = api.CoreFeaturesV2 | experimental.CoreFeaturesTailCall | experimental.CoreFeaturesExceptionHandling | experimental.CoreFeaturesExtendedConst

// New makes a Runtime. A cache folder that cannot be used is an error.
func New(cfg Config) (*Runtime, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.IdleAfter == 0 {
		cfg.IdleAfter = 30 * time.Second
	}
	cache, err := openCache(cfg.CacheDir)
	if err != nil {
		return nil, err
	}
	r := &Runtime{
		cfg: cfg, cache: cache, uncached: wazero.NewCompilationCache(), slab: newSlab(), modules: map[*Module]struct{}{},
		stop: make(chan struct{}), done: make(chan struct{}),
	}
	r.clock.Store(time.Now().UnixNano())
	go r.trim()
	return r, nil
}

// trim gives idle instances back from time to time.
func (r *Runtime) trim() {
	defer close(r.done)
	tick := time.NewTicker(r.cfg.IdleAfter / 2)
	defer tick.Stop()
	for {
		select {
		case <-r.stop:
			return
		case now := <-tick.C:
			for _, m := range r.loaded() {
				m.pool.trim(now.Add(-r.cfg.IdleAfter))
			}
			r.clock.Store(now.UnixNano())
		}
	}
}

func (r *Runtime) loaded() []*Module {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]*Module, 0, len(r.modules))
	for m := range r.modules {
		all = append(all, m)
	}
	return all
}

// Close closes every module, waiting for calls in flight, and frees compiled code. Idempotent.
func (r *Runtime) Close() error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		<-r.done
		return nil
	}
	r.closed = true
	r.mu.Unlock()
	for _, m := range r.loaded() {
		m.Close()
	}
	close(r.stop)
	<-r.done
	return errors.Join(r.cache.engine.Close(context.Background()), r.uncached.Close(context.Background()))
}
