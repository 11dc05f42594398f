package runtime

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"testing"
	"time"
)

// resident returns the process's resident memory in bytes.
func resident(t *testing.T) int64 {
	t.Helper()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * int64(hostPage)
}

// A thousand small modules fit into 2 GiB. A hundred are loaded here; STACKHOST_DENSITY sets another number.
func TestManyModulesFit(t *testing.T) {
	modules := 100
	if text := os.Getenv("STACKHOST_DENSITY"); text != "" {
		fmt.Sscan(text, &modules)
	}
	rt := newRuntime(t)
	wasm := guest(t, "state")
	before := resident(t)
	start := time.Now()
	loaded := make([]*Module, modules)
	for i := range loaded {
		// Names differ, so that no code is shared.
		own := bytes.ReplaceAll(wasm, []byte("recurse"), fmt.Appendf(nil, "r%06d", i))
		m, err := rt.Load(t.Context(), Spec{Name: "test/state", Wasm: own})
		if err != nil {
			t.Fatal(err)
		}
		do(t, m, "count")
		loaded[i] = m
	}
	took := time.Since(start)
	busy := resident(t)
	for _, m := range loaded {
		m.pool.trim(time.Now().Add(time.Hour))
	}
	idle := resident(t)
	each := func(after int64) int64 { return (after - before) / int64(modules) >> 10 }
	t.Logf("%d modules loaded in %v: %d KiB each with an instance, %d KiB without", modules, took, each(busy), each(idle))
	if each(busy) > 2<<20/1000 {
		t.Errorf("a thousand modules would need more than 2 GiB")
	}
}

// One call that dirties much must not make every later restore dear.
func TestPagesOfOneLargeCallAreDroppedAgain(t *testing.T) {
	if pagemap < 0 {
		t.Skip("only where the kernel tells which pages are dirty")
	}
	m := load(t, Spec{Name: "test/state", Wasm: guest(t, "state"), Limits: Limits{Concurrency: 1}, Boot: func(_ context.Context, in *Instance) error {
		_, err := invoke(in, "grow", 15) // 1 MiB
		return err
	}})
	do(t, m, "fill", 0xff)
	private := func() int {
		in, err := m.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer in.Release()
		n, _, _ := m.snapshot.image.restoreDirty(in.linear.region[:m.snapshot.size])
		return n
	}
	if n := private(); n < 200 {
		t.Fatalf("%d pages are private after writing to all", n)
	}
	for range 100 {
		do(t, m, "count")
	}
	if n := private(); n > 10 {
		t.Errorf("%d pages are still private", n)
	}
}

// Without PAGEMAP_SCAN small memories are copied whole and large ones mapped anew.
func TestRestoringWithoutPagemap(t *testing.T) {
	kept := pagemap
	pagemap = -1
	defer func() { pagemap = kept }()
	for _, more := range []uint64{0, 15} {
		m := load(t, Spec{Name: "test/state", Wasm: guest(t, "state"), Limits: Limits{Concurrency: 1}, Boot: func(_ context.Context, in *Instance) error {
			_, err := invoke(in, "grow", more)
			return err
		}})
		sum := do(t, m, "sum")
		for range 50 {
			do(t, m, "fill", 0x55)
			if got := do(t, m, "sum"); got != sum {
				t.Fatalf("%d pages: the sum is %d, want %d", more+1, got, sum)
			}
		}
	}
}
