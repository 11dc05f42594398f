package runtime

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"
)

// Damaged binaries are refused or run; whatever they do stays inside.
func TestDamagedBinariesHarmNobody(t *testing.T) {
	rounds := 1500
	if testing.Short() {
		rounds = 150
	}
	rt := newRuntime(t)
	random := rand.New(rand.NewPCG(2, 1))
	refused, ran, trapped := 0, 0, 0
	for i := range rounds {
		wasm := guest(t, []string{"state", "host", "table", "refs", "wide", "handler", "bomb"}[i%7])
		for range 1 + random.IntN(3) {
			wasm[8+random.IntN(len(wasm)-8)] = byte(random.Uint32())
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		m, err := rt.Load(ctx, Spec{Name: "test/damaged", Wasm: wasm, Limits: Limits{Time: 2 * time.Millisecond, MemoryBytes: 4 << 20, Concurrency: 1},
			Resolve: func(Import) (HostFunc, error) { return func(*Instance, []uint64) {}, nil }})
		cancel()
		if err != nil {
			var load *LoadError
			if !errors.As(err, &load) {
				t.Fatalf("round %d: %v (%T)", i, err, err)
			}
			refused++
			continue
		}
		for _, e := range m.Info().Exports {
			if e.Kind != ExternFunc {
				continue
			}
			ran++
			in, err := m.Acquire(t.Context())
			if err != nil {
				t.Fatalf("round %d: %v", i, err)
			}
			in.Begin(t.Context(), time.Time{})
			f, _ := m.Func(e.Name)
			stack := make([]uint64, 1+2*max(len(e.Params), len(e.Results)))
			for j := range stack {
				stack[j] = random.Uint64()
			}
			if err := in.Call(t.Context(), f, stack); err != nil {
				var trap *Trap
				if !errors.As(err, &trap) || trap.Kind == TrapHost {
					t.Fatalf("round %d: %s: %v", i, e.Name, err)
				}
				trapped++
			}
			in.Release()
		}
		m.Close()
	}
	t.Logf("%d of %d refused; %d calls, %d trapped", refused, rounds, ran, trapped)
	if refused == 0 || ran == 0 || trapped == 0 {
		t.Error("the damage is not of every kind")
	}
}
