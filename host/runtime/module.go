package runtime

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stackhost/stackhost/host/runtime/internal/rewrite"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// Func is a resolved export of a Module. The zero value is its first one.
type Func struct{ index int }

// Module is a loaded module: compiled code, a snapshot and a pool of instances. Safe for concurrent use.
type Module struct {
	rt        *Runtime
	spec      Spec
	limits    Limits
	info      *Info
	isolation Isolation
	engine    wazero.Runtime
	compiled  wazero.CompiledModule
	globals   []rewrite.GlobalExport
	memoryMax uint32 // declared, in pages, the spare page included
	data      []rewrite.Active
	// placesOwnData: the engine writes the data segments, because an offset is not a constant.
	placesOwnData bool
	exports       map[string]Func
	names         []string
	snapshot      *snapshot
	stackOf       func(api.Function) int64 // see stack.go
	pool          pool
	counters      counters
	closeOnce     sync.Once
}

type counters struct {
	busy, created, calls, restores, restoreNanos, pages atomic.Int64
	traps                                               sync.Map // TrapKind -> *atomic.Int64
}

// Stats are counts since the module was loaded.
type Stats struct {
	InUse, Idle     int
	Created         int64            // instances made
	Calls           int64            // into exports
	Busy            int64            // Acquires that got ErrBusy
	Restores        int64            // instances set back
	RestoreTime     time.Duration    // total, estimated from a sample
	PagesRestored   int64            // host pages copied back
	Traps           map[string]int64 // by kind
	MemoryBytes     int64            // of the snapshot
	EffectiveLimits Limits
}

// Info returns what the binary tells.
func (m *Module) Info() *Info { return m.info }

// Name returns "app/module".
func (m *Module) Name() string { return m.spec.Name }

// Isolation returns what the module really gets: Fresh instead of Pristine when restoring cannot reach all of its state.
func (m *Module) Isolation() Isolation { return m.isolation }

// Limits returns the limits in force.
func (m *Module) Limits() Limits { return m.limits }

// Func returns an exported function.
func (m *Module) Func(name string) (Func, bool) {
	f, ok := m.exports[name]
	return f, ok
}

// Stats returns current counts.
func (m *Module) Stats() Stats {
	s := Stats{
		Created: m.counters.created.Load(), Calls: m.counters.calls.Load(), Busy: m.counters.busy.Load(), Restores: m.counters.restores.Load(),
		RestoreTime: time.Duration(m.counters.restoreNanos.Load()), PagesRestored: m.counters.pages.Load(), Traps: map[string]int64{},
		EffectiveLimits: m.limits,
	}
	if m.snapshot != nil {
		s.MemoryBytes = int64(m.snapshot.size)
	}
	s.InUse, s.Idle = m.pool.counts()
	m.counters.traps.Range(func(kind, n any) bool {
		s.Traps[string(kind.(TrapKind))] = n.(*atomic.Int64).Load()
		return true
	})
	return s
}

func (m *Module) countTrap(kind TrapKind) {
	n, ok := m.counters.traps.Load(kind)
	if !ok {
		n, _ = m.counters.traps.LoadOrStore(kind, new(atomic.Int64))
	}
	n.(*atomic.Int64).Add(1)
}

// Acquire gives the caller an instance in its initial state, waiting at most Limits.Wait for one: ErrBusy, ErrClosed, or ctx's
// error. The instance must be released.
func (m *Module) Acquire(ctx context.Context) (*Instance, error) {
	in, err := m.pool.acquire(ctx, m.limits.Wait)
	if err == ErrBusy {
		m.counters.busy.Add(1)
	}
	if in != nil {
		in.use.Store(held)
	}
	if err != nil || in != nil {
		return in, err
	}
	in, err = m.newInstance(ctx)
	if err != nil {
		m.pool.discarded()
		return nil, err
	}
	return in, nil
}

// Close lets calls in flight finish, refuses new ones with ErrClosed, and frees the module. Idempotent; every call returns only
// when the module is freed.
func (m *Module) Close() error {
	m.closeOnce.Do(func() {
		m.pool.drain()
		m.free()
		m.rt.mu.Lock()
		delete(m.rt.modules, m)
		m.rt.mu.Unlock()
	})
	return nil
}

// free closes what Load made. Nothing runs in the module any more.
func (m *Module) free() {
	if m.engine != nil {
		m.engine.Close(context.Background())
	}
	if m.snapshot != nil {
		m.snapshot.image.close()
	}
}
