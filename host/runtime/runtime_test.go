package runtime

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

func guest(t testing.TB, name string) []byte {
	t.Helper()
	wasm, err := os.ReadFile(filepath.Join("testdata", name+".wasm"))
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

func newRuntime(t testing.TB) *Runtime {
	t.Helper()
	rt, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rt.Close() })
	return rt
}

func load(t testing.TB, spec Spec) *Module {
	t.Helper()
	m, err := newRuntime(t).Load(context.Background(), spec)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// do calls one export in an instance of its own and returns its result.
func do(t testing.TB, m *Module, export string, args ...uint64) uint64 {
	t.Helper()
	v, err := try(m, export, args...)
	if err != nil {
		t.Fatalf("%s%v: %v", export, args, err)
	}
	return v
}

func try(m *Module, export string, args ...uint64) (uint64, error) {
	in, err := m.Acquire(context.Background())
	if err != nil {
		return 0, err
	}
	defer in.Release()
	in.Begin(context.Background(), time.Time{})
	return invoke(in, export, args...)
}

func invoke(in *Instance, export string, args ...uint64) (uint64, error) {
	f, ok := in.Module().Func(export)
	if !ok {
		return 0, errors.New("no export " + export)
	}
	stack := append(slices.Clone(args), 0)
	err := in.Call(context.Background(), f, stack)
	return stack[0], err
}

func wantTrap(t *testing.T, err error, kind TrapKind) *Trap {
	t.Helper()
	var trap *Trap
	if !errors.As(err, &trap) || trap.Kind != kind {
		t.Fatalf("got %v, want a trap of kind %s", err, kind)
	}
	return trap
}

func TestEveryKindOfStateIsSetBack(t *testing.T) {
	m := load(t, Spec{Name: "test/state", Wasm: guest(t, "state"), Limits: Limits{Concurrency: 1}})
	if m.Isolation() != Pristine {
		t.Fatalf("isolation is %s", m.Isolation())
	}
	sum := do(t, m, "sum")
	for round := range 3 {
		if got := do(t, m, "count"); got != 1 {
			t.Fatalf("round %d: i32 global: count is %d", round, got)
		}
		if got := do(t, m, "globals"); got != 9 {
			t.Fatalf("round %d: i64 and f64 globals: got %d, want 9", round, got)
		}
		do(t, m, "poke", 40000, 1)
		if got := do(t, m, "peek", 40000); got != 0 {
			t.Fatalf("round %d: memory: byte is %d", round, got)
		}
		do(t, m, "fill", 0xff)
		if got := do(t, m, "sum"); got != sum {
			t.Fatalf("round %d: all memory: sum is %d, want %d", round, got, sum)
		}
		_, err := try(m, "trap")
		wantTrap(t, err, TrapUnreachable)
		if got := do(t, m, "count"); got != 1 {
			t.Fatalf("round %d: after a trap: count is %d", round, got)
		}
	}
	if s := m.Stats(); s.Created != 1 || s.InUse != 0 || s.Idle != 1 {
		t.Errorf("stats %+v: one instance should have served everything", s)
	}
}

// TestMemoryShrinks pins the behaviour of wazero that giving grown memory back relies on.
func TestMemoryShrinks(t *testing.T) {
	m := load(t, Spec{Name: "test/state", Wasm: guest(t, "state"), Limits: Limits{Concurrency: 1, MemoryBytes: 4 << 20}})
	for range 3 {
		in, err := m.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		in.Begin(t.Context(), time.Time{})
		size, _ := invoke(in, "size")
		if size != 1 {
			t.Fatalf("size is %d pages", size)
		}
		if _, err := invoke(in, "peek", 100_000); err == nil {
			t.Fatal("memory beyond the size can be read")
		}
		in.Release()
		in, _ = m.Acquire(t.Context())
		in.Begin(t.Context(), time.Time{})
		if old, err := invoke(in, "grow", 63); err != nil || old != 1 {
			t.Fatalf("grow: %d, %v", int32(old), err)
		}
		if b, _ := invoke(in, "peek", 100_000); b != 0 {
			t.Fatal("grown memory is not zero")
		}
		invoke(in, "fill", 0xaa)
		if old, _ := invoke(in, "grow", 1); int32(old) != -1 {
			t.Fatalf("grow beyond the limit: %d", int32(old))
		}
		in.Release()
	}
	if s := m.Stats(); s.Created != 1 {
		t.Errorf("%d instances were made: shrinking failed", s.Created)
	}
}

func TestStateThatCannotBeSetBackGetsFreshInstances(t *testing.T) {
	m := load(t, Spec{Name: "test/table", Wasm: guest(t, "table")})
	if m.Isolation() != Fresh {
		t.Fatalf("isolation is %s", m.Isolation())
	}
	for range 3 {
		if got := do(t, m, "call"); got != 1 {
			t.Fatalf("table: got %d", got)
		}
		do(t, m, "change")
		if got := do(t, m, "take"); got != 5 {
			t.Fatalf("segment: got %d", got)
		}
	}
}

func TestReuseKeepsStateUntilATrap(t *testing.T) {
	m := load(t, Spec{Name: "test/state", Wasm: guest(t, "state"), Isolation: Reuse, Limits: Limits{Concurrency: 1}})
	for want := uint64(1); want < 4; want++ {
		if got := do(t, m, "count"); got != want {
			t.Fatalf("count is %d, want %d", got, want)
		}
	}
	_, err := try(m, "trap")
	wantTrap(t, err, TrapUnreachable)
	if got := do(t, m, "count"); got != 1 {
		t.Fatalf("after a trap: count is %d", got)
	}
}

func TestTrapsAreTold(t *testing.T) {
	m := load(t, Spec{Name: "test/state", Wasm: guest(t, "state")})
	for export, kind := range map[string]TrapKind{"outside": TrapMemory, "divide": TrapArithmetic, "trap": TrapUnreachable} {
		_, err := try(m, export, 0)
		trap := wantTrap(t, err, kind)
		if trap.Module != "test/state" || trap.Export != export || len(trap.Frames) == 0 {
			t.Errorf("trap %+v", trap)
		}
	}
}

func TestSpinningGuestIsStoppedInTime(t *testing.T) {
	m := load(t, Spec{Name: "test/state", Wasm: guest(t, "state"), Limits: Limits{Time: 50 * time.Millisecond}})
	for range 3 {
		start := time.Now()
		_, err := try(m, "spin")
		wantTrap(t, err, TrapDeadline)
		if took := time.Since(start); took < 45*time.Millisecond || took > 5*time.Second {
			t.Errorf("stopped after %v", took)
		}
	}
	if got := do(t, m, "count"); got != 1 {
		t.Errorf("afterwards count is %d", got)
	}
}

func TestFuelIsBounded(t *testing.T) {
	m := load(t, Spec{Name: "test/state", Wasm: guest(t, "state"), Limits: Limits{Fuel: 5_000_000}})
	_, err := try(m, "spin")
	wantTrap(t, err, TrapFuel)
	do(t, m, "sum")
}

func TestCancelledCallerStopsTheGuest(t *testing.T) {
	m := load(t, Spec{Name: "test/state", Wasm: guest(t, "state")})
	in, err := m.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer in.Release()
	ctx, cancel := context.WithCancel(t.Context())
	in.Begin(ctx, time.Time{})
	time.AfterFunc(10*time.Millisecond, cancel)
	_, err = invoke(in, "spin")
	wantTrap(t, err, TrapCancelled)
}

func TestRecursionIsStopped(t *testing.T) {
	m := load(t, Spec{Name: "test/state", Wasm: guest(t, "state")})
	if m.stackOf == nil {
		t.Fatal("the stack of a call engine is not where wazero 1.12 has it")
	}
	for range 3 {
		// What has been polled seldom for a while recurses far before it is polled again.
		in, err := m.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		in.Begin(t.Context(), time.Now().Add(20*time.Millisecond))
		_, err = invoke(in, "spin")
		wantTrap(t, err, TrapDeadline)
		in.Release()
		start := time.Now()
		_, err = try(m, "recurse", 0)
		trap := wantTrap(t, err, TrapStack)
		if !errors.Is(err, ErrStack) {
			t.Errorf("stopped by the engine (%v), not by the poll", trap.Message)
		}
		t.Logf("stopped after %v", time.Since(start))
	}
}

// A guest that computes must not keep the collector waiting.
func TestGarbageCollectionDoesNotWaitForGuests(t *testing.T) {
	m := load(t, Spec{Name: "test/state", Wasm: guest(t, "state"), Limits: Limits{Time: 300 * time.Millisecond}})
	done := make(chan struct{})
	go func() {
		defer close(done)
		try(m, "spin")
	}()
	collections := 0
	for spinning := true; spinning; collections++ {
		select {
		case <-done:
			spinning = false
		default:
			runtime.GC()
		}
	}
	t.Logf("%d collections", collections)
	if collections < 10 {
		t.Errorf("only %d collections: without polls the first waits as long as the guest computes", collections)
	}
}

func hostGuest(t testing.TB, f HostFunc, limits Limits) *Module {
	return load(t, Spec{Name: "test/host", Wasm: guest(t, "host"), Limits: limits, Resolve: func(i Import) (HostFunc, error) {
		if i.Module != "host" || i.Name != "ping" || len(i.Params) != 1 {
			return nil, errors.New("unexpected import " + i.String())
		}
		return f, nil
	}})
}

func TestHostFunctions(t *testing.T) {
	m := hostGuest(t, func(in *Instance, stack []uint64) { stack[0] = uint64(DecodeU32(stack[0]) + 1) }, Limits{HostCalls: 1000})
	if got := do(t, m, "once", 41); got != 42 {
		t.Fatalf("got %d", got)
	}
	_, err := try(m, "flood")
	wantTrap(t, err, TrapHostCalls)
}

func TestHostFunctionsCanStopTheGuestAndMayNotTakeTheHostDown(t *testing.T) {
	refusal := errors.New("no")
	m := hostGuest(t, func(in *Instance, stack []uint64) { in.Fail(refusal) }, Limits{})
	_, err := try(m, "once", 1)
	wantTrap(t, err, TrapHost)
	if !errors.Is(err, refusal) {
		t.Errorf("%v does not wrap the refusal", err)
	}
	m = hostGuest(t, func(in *Instance, stack []uint64) { var p *int; *p = 1 }, Limits{})
	_, err = try(m, "once", 1)
	if trap := wantTrap(t, err, TrapHost); strings.Contains(trap.Message, "nil pointer") {
		t.Errorf("the message shows the host's inside: %s", trap.Message)
	}
}

func TestLoadErrorsSayWhatToDo(t *testing.T) {
	rt := newRuntime(t)
	_, err := rt.Load(t.Context(), Spec{Name: "test/host", Wasm: guest(t, "host"), Resolve: func(Import) (HostFunc, error) { return nil, errors.New("grant it") }})
	var load *LoadError
	if !errors.As(err, &load) || load.Module != "test/host" || load.Import != "host ping" || !strings.Contains(err.Error(), "grant it") {
		t.Errorf("got %v", err)
	}
	_, err = rt.Load(t.Context(), Spec{Name: "test/shared", Wasm: guest(t, "shared")})
	if !errors.As(err, &load) || !strings.Contains(err.Error(), "import of memory env.memory") {
		t.Errorf("got %v", err)
	}
	for name, wasm := range map[string][]byte{"nothing": nil, "text": []byte("(module)"), "cut short": guest(t, "state")[:100], "header only": []byte("\x00asm\x02\x00\x00\x00")} {
		if _, err := rt.Load(t.Context(), Spec{Name: "test/bad", Wasm: wasm}); !errors.As(err, &load) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
