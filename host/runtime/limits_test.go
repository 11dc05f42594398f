package runtime

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestMemoryBombIsRefused(t *testing.T) {
	m := load(t, Spec{Name: "test/bomb", Wasm: guest(t, "bomb"), Limits: Limits{MemoryBytes: 4 << 20}})
	_, err := try(m, "bomb")
	wantTrap(t, err, TrapMemoryLimit)
	if !errors.Is(err, ErrMemory) {
		t.Errorf("%v does not wrap ErrMemory", err)
	}
	if got := do(t, m, "modest"); int32(got) != -1 {
		t.Errorf("growing too much answers %d", int32(got))
	}
	if got := do(t, m, "pages"); got != 1 {
		t.Errorf("%d pages afterwards", got)
	}
	if s := m.Stats(); s.Traps[string(TrapMemoryLimit)] != 1 || s.Created != 1 {
		t.Errorf("stats %+v", s)
	}
}

func TestAModuleLargerThanItsLimitIsRefused(t *testing.T) {
	_, err := newRuntime(t).Load(t.Context(), Spec{Name: "test/go", Wasm: goGuest(t), Limits: Limits{MemoryBytes: 1 << 20}})
	var load *LoadError
	if !errors.As(err, &load) {
		t.Errorf("got %v", err)
	}
}

func TestDeadlineIsTheEarlierOne(t *testing.T) {
	m := load(t, Spec{Name: "test/state", Wasm: guest(t, "state"), Limits: Limits{Time: time.Hour}})
	in, err := m.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer in.Release()
	start := time.Now()
	in.Begin(t.Context(), start.Add(20*time.Millisecond))
	ctx := in.Context()
	if d, ok := ctx.Deadline(); !ok || !d.Equal(in.Deadline()) {
		t.Errorf("the context's deadline is %v, the instance's %v", d, in.Deadline())
	}
	_, err = invoke(in, "spin")
	wantTrap(t, err, TrapDeadline)
	t.Logf("stopped %v after the deadline", time.Since(start)-20*time.Millisecond)
	<-ctx.Done()
}

func TestASpinningGuestLetsOthersRun(t *testing.T) {
	m := load(t, Spec{Name: "test/state", Wasm: guest(t, "state"), Limits: Limits{Time: 300 * time.Millisecond}})
	done := make(chan struct{})
	for range 4 { // more than there are processors on a small machine
		go func() {
			try(m, "spin")
			done <- struct{}{}
		}()
	}
	served, running := 0, 4
	var worst time.Duration
	for running > 0 {
		select {
		case <-done:
			running--
		default:
			start := time.Now()
			if got := do(t, m, "count"); got != 1 {
				t.Fatalf("count is %d", got)
			}
			worst = max(worst, time.Since(start))
			served++
		}
	}
	t.Logf("%d calls served beside, the slowest in %v", served, worst)
	if served < 20 {
		t.Errorf("only %d calls were served beside guests that spin", served)
	}
}

func TestBootingAFreshInstanceCountsAgainstTheRequest(t *testing.T) {
	booted := false
	m := load(t, Spec{Name: "test/state", Wasm: guest(t, "state"), Isolation: Fresh, Boot: func(_ context.Context, in *Instance) error {
		if !booted {
			booted = true
			return nil
		}
		_, err := invoke(in, "spin")
		return err
	}})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := m.Acquire(ctx); !errors.Is(err, ErrDeadline) && !errors.Is(err, ErrCancelled) {
		t.Errorf("got %v", err)
	}
	if s := m.Stats(); s.InUse != 0 || s.Idle != 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestShadowStackOverrunIsSetBack(t *testing.T) {
	m := load(t, Spec{Name: "test/handler", Wasm: guest(t, "handler"), Limits: Limits{Concurrency: 1}})
	for range 3 {
		_, err := try(m, "overrun", 1)
		if trap := (*Trap)(nil); !errors.As(err, &trap) || trap.Kind != TrapMemory && trap.Kind != TrapStack {
			t.Fatalf("got %v", err)
		}
		answer(t, m, "you", "hello you 1")
	}
}

// answer runs a request of the C guest.
func answer(t *testing.T, m *Module, request, want string) {
	t.Helper()
	in, err := m.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer in.Release()
	in.Begin(t.Context(), time.Time{})
	area, err := invoke(in, "input")
	if err != nil || !in.Memory().Write(uint32(area), []byte(request)) {
		t.Fatal("no input area", err)
	}
	packed, err := invoke(in, "handle", area, uint64(len(request)))
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := in.Memory().Read(uint32(packed>>32), uint32(packed)); !ok || string(got) != want {
		t.Fatalf("got %q", got)
	}
}

func TestPointersOutsideMemoryAreRefused(t *testing.T) {
	m := load(t, Spec{Name: "test/state", Wasm: guest(t, "state")})
	in, err := m.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer in.Release()
	memory := in.Memory()
	for _, p := range [][2]uint32{{65536, 1}, {65535, 2}, {^uint32(0), 1}, {1, ^uint32(0)}, {^uint32(0), ^uint32(0)}} {
		if _, ok := memory.Read(p[0], p[1]); ok {
			t.Errorf("%d bytes at %d can be read", p[1], p[0])
		}
	}
	if memory.Write(65535, []byte("ab")) {
		t.Error("a write past the end is accepted")
	}
}

func TestNamesInBacktracesAreReadable(t *testing.T) {
	for in, want := range map[string]string{
		"guest.wasm._ZN4core9panicking5panic17h0123456789abcdefE(i32)":           "core::panicking::panic",
		"guest.wasm._RNvNtCs6VDZWQTR7g_4core9panicking9panic_fmt(i32,i32)":       "core::panicking::panic_fmt",
		"guest.wasm._ZN3foo3barEi(i32) i64":                                      "foo::bar",
		"guest.wasm.main.handle()":                                               "main.handle",
		".$12()":                                                                 "$12",
		"guest.wasm._ZN99x()":                                                    "_ZN99x",
		"guest.wasm._RNvYNCNvCs7lemk9xAmIr_11conformance6ROUTESs_0INtNtNtC(i32)": "_RNvYNCNvCs7lemk9xAmIr_11conformance6ROUTESs_0INtNtNtC",
	} {
		if got := parseFrames(in, "guest.wasm"); len(got) != 1 || got[0].Function != want {
			t.Errorf("%s: got %v, want %s", in, got, want)
		}
	}
}
