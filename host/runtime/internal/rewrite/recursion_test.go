package rewrite

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"testing"
)

// TestRecursionPollsEarly measures how much stack endless recursion takes
// between two polls. The engine's own ceiling is 50 MB and it doubles the stack
// as it grows, so the host needs to be asked long before.
func TestRecursionPollsEarly(t *testing.T) {
	const grant = 20_000
	sum := func(n int) (code []byte) { // uses n locals across the call, so that all need a place in the frame
		for i := range n {
			code = append(code, opLocalGet)
			code = appendU32(code, uint32(i))
			code = append(code, opI32Const, 1, opI32Add, opLocalSet)
			code = appendU32(code, uint32(i))
		}
		code = append(code, opCall, 0)
		for i := range n {
			code = append(code, opLocalGet)
			code = appendU32(code, uint32(i))
			code = append(code, opGlobalSet, 0)
		}
		return code
	}
	for _, c := range []struct {
		name   string
		locals []byte
		code   []byte
	}{
		{"no locals", nil, []byte{opCall, 0}},
		{"10 locals", []byte{1, 10, 0x7f}, sum(10)},
		{"10,000 locals, unused", append(append([]byte{1}, appendU32(nil, 10_000)...), 0x7f), []byte{opCall, 0}},
		{"4,000 operands on the stack", nil, join(bytes.Repeat([]byte{opGlobalGet, 0, opI32Const, 1, opI32Add}, 4000),
			[]byte{opCall, 0}, bytes.Repeat([]byte{opGlobalSet, 0}, 4000))},
		{"2,000 locals, live", append(append([]byte{1}, appendU32(nil, 2000)...), 0x7f), sum(2000)},
	} {
		a := newAsm()
		a.typ("", "")
		a.globals = append(a.globals, []byte{0x7f, 1, opI32Const, 0, opEnd})
		a.run(c.locals, c.code...)
		p := &pollCounter{grant: grant}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		p.stop = func() {
			if p.polls == 5 { // the first asks at once, so four grants were used
				runtime.ReadMemStats(&after)
				panic(errStopped)
			}
		}
		m := instance(t, mustRewrite(t, a.bytes(), Options{Meter: true}).Wasm, p)
		runtime.ReadMemStats(&before)
		_, err := m.ExportedFunction("run").Call(context.Background())
		if !errors.Is(err, errStopped) {
			t.Errorf("%s: ended with %v after %d polls", c.name, err, p.polls)
			continue
		}
		// All stacks that were allocated while growing, of which the last is half.
		kib := (after.TotalAlloc - before.TotalAlloc) / 1024
		t.Logf("%s: %d KiB of stacks allocated in four grants of %d", c.name, kib, grant)
		if kib > 8<<10 {
			t.Errorf("%s: %d KiB of stack in four grants", c.name, kib)
		}
	}
}
