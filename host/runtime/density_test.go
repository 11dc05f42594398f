//go:build linux

package runtime

import (
	"bytes"
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
