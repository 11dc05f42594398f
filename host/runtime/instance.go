package runtime

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/tetratelabs/wazero/api"
)

// Instance is a running copy of a module. It belongs to one caller between Acquire and Release and is not safe for concurrent
// use, except Context and Deadline.
type Instance struct {
	module  *Module
	mod     api.Module
	memory  Memory
	linear  *linearMemory // nil without memory
	funcs   []api.Function
	globals []api.MutableGlobal
	fuel    api.MutableGlobal
	wasi    wasiState
	ctx     callContext
	idle    int64        // the runtime's clock when it was last given back
	waste   int          // see image.restore
	use     atomic.Int32 // free, held or releasing

	// Of the call under way.
	parent    context.Context
	deadline  time.Time
	granted   int32 // fuel given at the last poll
	slice     int32 // fuel to give at the next; kept from call to call
	polled    time.Time
	fuelUsed  int64
	yielded   time.Time
	hostCalls int64
	state     any
	onRelease []func()
	context   context.Context // made when first asked for
	cancel    context.CancelFunc
	running   api.Function
	trapped   bool
	discard   bool // must not be used again
	dirty     bool // ran since it was restored
}

// Who uses an instance: nobody, a caller between Acquire and Release, or the clean-ups of Release.
const (
	free int32 = iota
	held
	releasing
)

// callContext is how host functions find their instance.
type callContext struct{ in *Instance }

func (*callContext) Deadline() (time.Time, bool) { return time.Time{}, false }
func (*callContext) Done() <-chan struct{}       { return nil }
func (*callContext) Err() error                  { return nil }

// Value knows no keys: wazero asks for one of its own on every call, and a search would cost more than the call.
func (*callContext) Value(any) any { return nil }

var _ context.Context = (*callContext)(nil)

// Module returns the instance's module.
func (in *Instance) Module() *Module { return in.module }

// Memory returns the instance's memory; an empty one when the instance was released.
func (in *Instance) Memory() Memory {
	if in.use.Load() == free {
		return Memory{}
	}
	return in.memory
}

// Begin starts a call: counters are zeroed, and the guest must be done at deadline or after Limits.Time, whichever is earlier. A
// zero deadline means only the limit. When ctx ends the guest is stopped.
func (in *Instance) Begin(ctx context.Context, deadline time.Time) {
	in.polled = time.Now()
	if limit := in.polled.Add(in.module.limits.Time); deadline.IsZero() || limit.Before(deadline) {
		deadline = limit
	}
	in.begin(ctx, deadline)
}

// slice is the fuel between two polls to begin with: some tens of microseconds of straight code. Weights are upper bounds, and
// far too high where code branches much, as interpreters do; so an instance whose polls come sooner than pollEvery gets
// larger slices, and smaller ones again when they come late.
const (
	slice     = 20_000
	maxSlice  = slice << 8
	pollEvery = 10 * time.Microsecond
)

func (in *Instance) begin(ctx context.Context, deadline time.Time) {
	in.parent, in.deadline = ctx, deadline
	if in.slice == 0 || in.module.limits.Fuel > 0 {
		in.slice = slice
	}
	in.granted, in.fuelUsed, in.hostCalls = in.slice, 0, 0
	in.yielded = time.Time{}
	if in.linear != nil {
		in.linear.refused = false
	}
	in.fuel.Set(uint64(in.slice))
}

// Deadline is when the call must be done.
func (in *Instance) Deadline() time.Time { return in.deadline }

// Context is done at the deadline, when the caller goes away, and when the instance is released. Host functions that block use it.
func (in *Instance) Context() context.Context {
	if in.context == nil {
		parent := in.parent
		if parent == nil {
			parent = context.Background()
		}
		in.context, in.cancel = context.WithDeadline(parent, in.deadline)
	}
	return in.context
}

// SetState keeps a value for the host functions of this call.
func (in *Instance) SetState(v any) { in.state = v }

// State returns what SetState kept.
func (in *Instance) State() any { return in.state }

// OnRelease runs f when the call is over, last first.
func (in *Instance) OnRelease(f func()) { in.onRelease = append(in.onRelease, f) }

// Fail stops the guest from inside a host function: Call returns a *Trap that wraps err. It does not return.
func (in *Instance) Fail(err error) { panic(&failure{err}) }

// Call calls an export. stack holds the parameters and then the results, and must have room for both. The error is a *Trap.
func (in *Instance) Call(_ context.Context, f Func, stack []uint64) error {
	if in.use.Load() == free {
		return &Trap{Kind: TrapHost, Module: in.module.spec.Name, Export: in.module.names[f.index], Message: "the instance was released", Err: ErrReleased}
	}
	fn := in.funcs[f.index]
	if fn == nil {
		fn = in.mod.ExportedFunction(in.module.names[f.index])
		in.funcs[f.index] = fn
	}
	in.module.counters.calls.Add(1)
	return in.call(fn, in.module.names[f.index], stack)
}

func (in *Instance) call(fn api.Function, name string, stack []uint64) error {
	in.dirty = true
	outer := in.running // set when a host function calls back into an export
	in.running = fn
	err := fn.CallWithStack(&in.ctx, stack)
	in.running = outer
	if err == nil {
		return nil
	}
	trap := newTrap(in.module.spec.Name, in.module.info.Name, name, err)
	if in.linear != nil && in.linear.refused && (trap.Kind == TrapUnreachable || trap.Kind == TrapMemory || trap.Kind == TrapExit) {
		trap.Kind, trap.Err, trap.Message = TrapMemoryLimit, ErrMemory, trap.Message+", after more memory than the limit was asked for"
	}
	in.trapped = true
	if trap.Kind == TrapStack || trap.Kind == TrapHost {
		in.discard = true // its stack keeps what it grew to, or the host left it half way
	}
	in.module.countTrap(trap.Kind)
	return trap
}

// poll is called by the guest itself when its fuel has run out. It is also where the Go scheduler and collector get their turn.
func (in *Instance) poll(left int32) int32 {
	in.fuelUsed += int64(in.granted) - int64(left)
	if limit := in.module.limits.Fuel; limit > 0 && in.fuelUsed > limit {
		in.Fail(ErrFuel)
	}
	in.checkTime()
	if stackOf := in.module.stackOf; stackOf != nil && in.running != nil && stackOf(in.running) > in.module.limits.StackBytes {
		in.Fail(ErrStack)
	}
	in.granted = in.slice
	return in.slice
}

// pace sets the size of the next slices from the time since the last poll. A module with a fuel limit keeps the first one, so
// that its limit is exact to a slice.
func (in *Instance) pace(now time.Time) {
	since := now.Sub(in.polled)
	in.polled = now
	switch {
	case in.module.limits.Fuel > 0:
	case since < pollEvery && in.slice < maxSlice:
		in.slice *= 2
	case since > 8*pollEvery && in.slice > slice:
		in.slice /= 2
	}
}

// yieldAfter is how long a guest computes before other goroutines get its processor. Go's own preemption needs 10 ms.
const yieldAfter = time.Millisecond

func (in *Instance) checkTime() {
	now := time.Now()
	in.pace(now)
	if now.After(in.deadline) {
		in.Fail(ErrDeadline)
	}
	if in.parent != nil && in.parent.Err() != nil {
		in.Fail(ErrCancelled)
	}
	if in.yielded.IsZero() {
		in.yielded = now
	} else if now.Sub(in.yielded) > yieldAfter {
		runtime.Gosched()
		in.yielded = time.Now()
	}
}

func (in *Instance) end() {
	for i := len(in.onRelease) - 1; i >= 0; i-- {
		in.cleanUp(in.onRelease[i])
		in.onRelease[i] = nil
	}
	in.onRelease = in.onRelease[:0]
	if in.cancel != nil {
		in.cancel()
		in.context, in.cancel = nil, nil
	}
	in.state, in.parent = nil, nil
}

// cleanUp runs one function of OnRelease. One that panics costs the instance, not the process.
func (in *Instance) cleanUp(f func()) {
	defer func() {
		if p := recover(); p != nil {
			in.discard = true
			in.module.rt.cfg.Log.Error("a clean-up failed", slog.String("module", in.module.spec.Name), slog.String("panic", fmt.Sprint(p)))
		}
	}()
	f()
}

// Release ends the call and gives the instance back, restored. The caller must not touch it afterwards; a second Release of the
// same acquisition does nothing.
func (in *Instance) Release() {
	if !in.use.CompareAndSwap(held, releasing) {
		return
	}
	in.end()
	in.use.Store(free)
	m := in.module
	keep := !in.discard
	switch {
	case m.isolation == Fresh:
		keep = keep && !in.dirty
	case m.isolation == Reuse && !in.trapped:
	case keep && in.dirty:
		keep = in.restore()
	}
	in.trapped = false
	if !keep {
		in.destroy()
		m.pool.discarded()
		return
	}
	m.pool.release(in)
}

// restore sets the instance back to the snapshot. False means that it could not and must be thrown away.
func (in *Instance) restore() bool {
	c := &in.module.counters
	// Reading the clock twice would be a tenth of a small guest's restore: one in restoreSample is timed, for all.
	timed := c.restores.Add(1)%restoreSample == 1
	var start time.Time
	if timed {
		start = time.Now()
	}
	s := in.module.snapshot
	pages := 0
	if l := in.linear; l != nil {
		grown := l.size
		if grown > s.size && !in.shrinkMemory() {
			return false
		}
		pages = s.image.restore(l.region[:s.size], &in.waste)
		if grown > s.size {
			zero(l.region[s.size:grown])
		}
	}
	in.restoreGlobals()
	in.wasi.restore(s.wasi)
	in.dirty = false
	c.pages.Add(int64(pages))
	if timed {
		c.restoreNanos.Add(restoreSample * int64(time.Since(start)))
	}
	return true
}

const restoreSample = 64

func (in *Instance) restoreGlobals() {
	for i, v := range in.module.snapshot.globals {
		in.globals[i].Set(v)
	}
}

// shrinkMemory makes the engine take the snapshot's size for the memory's. wazero 1.12 reads base and length again when Grow
// succeeds, and takes the slice that Reallocate returns; TestMemoryShrinks fails if another version does not.
func (in *Instance) shrinkMemory() bool {
	in.linear.shrink = true
	_, ok := in.mod.Memory().Grow(1)
	in.linear.shrink = false
	return ok && uint64(in.mod.Memory().Size()) == in.module.snapshot.size
}

// adopt lays the snapshot over an instance that has the same content or is about to be restored.
func (in *Instance) adopt(s *snapshot) error { return s.image.mapInto(in.linear.region) }

func (in *Instance) destroy() {
	in.wasi.close()
	in.mod.Close(context.Background()) // frees the memory
}
