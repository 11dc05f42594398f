package runtime

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// goroutinesReturnTo waits until the goroutines that ended have gone.
func goroutinesReturnTo(t *testing.T, before int) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			stacks := make([]byte, 64<<10)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

func TestAFullPoolAnswersBusy(t *testing.T) {
	m := load(t, Spec{Name: "test/state", Wasm: guest(t, "state"), Limits: Limits{Concurrency: 1, Wait: 10 * time.Millisecond}})
	in, err := m.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Acquire(t.Context()); !errors.Is(err, ErrBusy) {
		t.Errorf("got %v, want ErrBusy", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Acquire(cancelled); !errors.Is(err, context.Canceled) && !errors.Is(err, ErrBusy) {
		t.Errorf("got %v, want that the caller went away", err)
	}
	in.Release()
	in, err = m.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	in.Release()
	if s := m.Stats(); s.InUse != 0 || s.Idle != 1 || s.Busy == 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestAReleasedInstanceCannotBeCalled(t *testing.T) {
	m := load(t, Spec{Name: "test/state", Wasm: guest(t, "state"), Limits: Limits{Concurrency: 1}})
	in, err := m.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	in.Begin(t.Context(), time.Time{})
	in.Release()
	in.Release() // harmless
	if _, err := invoke(in, "count"); !errors.Is(err, ErrReleased) {
		t.Errorf("after Release: %v", err)
	}
	if in.Memory().Size() != 0 {
		t.Error("its memory can be seen")
	}
	if s := m.Stats(); s.Idle != 1 || s.InUse != 0 {
		t.Errorf("stats %+v", s)
	}
	m.Close()
	if _, err := invoke(in, "count"); !errors.Is(err, ErrReleased) {
		t.Errorf("after Close: %v", err)
	}
	if _, err := m.Acquire(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("Acquire after Close: %v", err)
	}
}

func TestACleanUpThatPanicsCostsOnlyTheInstance(t *testing.T) {
	m := load(t, Spec{Name: "test/state", Wasm: guest(t, "state")})
	in, _ := m.Acquire(t.Context())
	ran := false
	in.OnRelease(func() { ran = in.Memory().Size() > 0 }) // it may still look at memory
	in.OnRelease(func() { panic("broken") })
	in.Release()
	if s := m.Stats(); !ran || s.InUse != 0 || s.Idle != 0 {
		t.Errorf("ran %v, stats %+v", ran, s)
	}
	do(t, m, "count")
}

func TestCloseWaitsForCallsInFlight(t *testing.T) {
	before := runtime.NumGoroutine()
	rt, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		m, err := rt.Load(t.Context(), Spec{Name: "test/state", Wasm: guest(t, "state"), Limits: Limits{Concurrency: 4, Wait: 5 * time.Second}})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		var served atomic.Int64
		for range 8 {
			wg.Go(func() {
				for {
					got, err := try(m, "count")
					switch {
					case errors.Is(err, ErrClosed):
						return
					case err != nil || got != 1:
						t.Errorf("count is %d, %v", got, err)
						return
					}
					served.Add(1)
				}
			})
		}
		for served.Load() < 500 {
			m.pool.trim(time.Now().Add(time.Hour)) // instances come and go meanwhile
			runtime.Gosched()
		}
		m.Close()
		if s := m.Stats(); s.InUse != 0 || s.Idle != 0 {
			t.Errorf("after Close: %+v", s)
		}
		wg.Wait()
	}
	if err := rt.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := rt.Load(t.Context(), Spec{Name: "test/state", Wasm: guest(t, "state")}); err == nil {
		t.Error("a closed runtime loads modules")
	}
	goroutinesReturnTo(t, before)
}

func TestSwappingModulesFailsNoCall(t *testing.T) {
	rt := newRuntime(t)
	next := func() *Module {
		m, err := rt.Load(t.Context(), Spec{Name: "test/state", Wasm: guest(t, "state"), Limits: Limits{Concurrency: 2, Wait: 10 * time.Second}})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	var slot Slot
	if _, err := slot.Acquire(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("an empty slot: %v", err)
	}
	slot.Swap(next())
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var served atomic.Int64
	for range 6 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				in, err := slot.Acquire(context.Background())
				if err != nil {
					t.Errorf("acquire: %v", err)
					return
				}
				in.Begin(context.Background(), time.Time{})
				got, err := invoke(in, []string{"count", "sum"}[rand.IntN(2)])
				in.Release()
				if err != nil || got == 0 {
					t.Errorf("got %d, %v", got, err)
					return
				}
				served.Add(1)
			}
		})
	}
	for range 30 {
		goal := served.Load() + 20
		for served.Load() < goal && !t.Failed() {
			runtime.Gosched()
		}
		slot.Swap(next())
	}
	close(stop)
	wg.Wait()
	slot.Swap(nil)
	if n := len(rt.loaded()); n != 0 {
		t.Errorf("%d modules are still loaded", n)
	}
}

func TestIdleInstancesAreGivenBack(t *testing.T) {
	m := load(t, Spec{Name: "test/state", Wasm: guest(t, "state")})
	var held []*Instance
	for range 5 {
		in, err := m.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, in)
	}
	for _, in := range held {
		in.Release()
	}
	m.pool.trim(time.Now().Add(time.Second))
	if s := m.Stats(); s.Idle != 0 || s.InUse != 0 {
		t.Errorf("stats %+v", s)
	}
	if got := do(t, m, "count"); got != 1 {
		t.Errorf("a clone counts %d", got)
	}
}
