package rewrite

import (
	"context"
	"errors"
	"runtime/debug"
	"testing"
)

var errStopped = errors.New("stopped by the test")

// endless are programs that never end, by every way a program can repeat. Each
// exports "run" of type () -> ().
var endless = map[string]func(a *asm){
	"br": func(a *asm) {
		a.run(nil, opLoop, 0x40, opBr, 0, opEnd)
	},
	"br from an inner block": func(a *asm) {
		a.run(nil, opLoop, 0x40, opBlock, 0x40, opI32Const, 1, opIf, 0x40, opBr, 2, opEnd, opEnd, opEnd)
	},
	"br_if": func(a *asm) {
		a.run(nil, opLoop, 0x40, opI32Const, 1, opBrIf, 0, opEnd)
	},
	"br_table": func(a *asm) {
		a.run(nil, opBlock, 0x40, opLoop, 0x40, opI32Const, 5, opBrTable, 2, 1, 1, 0, opEnd, opEnd)
	},
	"br_table default out": func(a *asm) {
		a.run(nil, opBlock, 0x40, opLoop, 0x40, opI32Const, 0, opBrTable, 2, 0, 1, 1, opEnd, opEnd)
	},
	"loop with parameters": func(a *asm) {
		t := a.typ("i", "i")
		a.run(nil, opI32Const, 0, opLoop, t, opI32Const, 1, opI32Add, opBr, 0, opEnd, 0x1a)
	},
	"loop with a result": func(a *asm) {
		a.run(nil, opLoop, 0x7f, opI32Const, 1, opBrIf, 0, opI32Const, 7, opEnd, 0x1a)
	},
	"nested loops, inner one short": func(a *asm) {
		a.run([]byte{1, 1, 0x7f},
			opLoop, 0x40,
			opI32Const, 3, opLocalSet, 0,
			opLoop, 0x40, opLocalGet, 0, opI32Const, 1, opI32Sub, opLocalTee, 0, opBrIf, 0, opEnd,
			opBr, 0, opEnd)
	},
	"outer loop through inner body": func(a *asm) {
		a.run(nil, opLoop, 0x40, opLoop, 0x40, opBr, 1, opEnd, opEnd)
	},
	"null reference": func(a *asm) {
		a.run(nil, opLoop, 0x40, 0xd0, 0x70, opBrOnNull, 0, 0x1a, opEnd)
	},
	"non-null reference": func(a *asm) {
		f := a.fn(0, nil)
		a.elements = append(a.elements, []byte{3, 0, 1, f})
		// The branch carries the reference, so the loop takes one.
		a.types = append(a.types, []byte{0x60, 1, refNonNull, 0x70, 0})
		t := byte(len(a.types) - 1)
		a.run(nil, opRefFunc, f, opLoop, t, opBrOnNonNull, 0, opEnd)
	},
	"catch": func(a *asm) {
		a.tags = append(a.tags, []byte{0, 0})
		a.run(nil, opLoop, 0x40, opTryTable, 0x40, 1, 0, 0, 0, 0x08, 0, opEnd, opEnd)
	},
	"recursion": func(a *asm) {
		a.run(nil, opCall, 0)
	},
	"recursion through an import-shifted chain": func(a *asm) {
		a.run(nil, opCall, 1)
		a.fn(0, nil, opCall, 2)
		a.fn(0, nil, opCall, 0)
	},
	"recursion in a loop": func(a *asm) {
		a.run(nil, opLoop, 0x40, opCall, 0, opBr, 0, opEnd)
	},
	"tail call": func(a *asm) {
		a.run(nil, opReturnCall, 0)
	},
	"mutual tail calls": func(a *asm) {
		a.run(nil, opReturnCall, 1)
		a.fn(0, nil, opReturnCall, 0)
	},
	"indirect recursion": func(a *asm) {
		a.run(nil, opI32Const, 0, opCallIndirect, 0, 0)
		a.table(0)
	},
	"indirect tail call": func(a *asm) {
		a.run(nil, opI32Const, 0, opReturnIndirect, 0, 0)
		a.table(0)
	},
	"reference recursion": func(a *asm) {
		f := a.run(nil, opRefFunc, 0, opCallRef, 0)
		a.elements = append(a.elements, []byte{3, 0, 1, f})
	},
	"reference tail call": func(a *asm) {
		f := a.run(nil, opRefFunc, 0, opReturnCallRef, 0)
		a.elements = append(a.elements, []byte{3, 0, 1, f})
	},
	"reference set into a table at run time": func(a *asm) {
		a.run(nil, opI32Const, 0, opRefFunc, 1, opTableSet, 0, opI32Const, 0, opCallIndirect, 0, 0)
		a.fn(0, nil, opI32Const, 0, opCallIndirect, 0, 0)
		a.tables = append(a.tables, []byte{0x70, 0, 1})
		a.elements = append(a.elements, []byte{3, 0, 1, 1})
	},
	"doubling chain": func(a *asm) {
		// Function i calls function i+1 twice: 2^60 calls without loop or recursion.
		a.run(nil, opCall, 1, opCall, 1)
		for i := byte(1); i < 60; i++ {
			a.fn(0, nil, opCall, i+1, opCall, i+1)
		}
		a.fn(0, nil)
	},
	"doubling chain of indirect calls": func(a *asm) {
		// Each level has a type of its own, so no cycle is suspected.
		for i := range 40 {
			params := ""
			for j := range 6 {
				params += string("il"[i>>j&1])
			}
			a.typ(params, "")
		}
		push := func(i int) (code []byte) {
			for j := range 6 {
				code = append(code, byte(opI32Const+i>>j&1), 0)
			}
			return append(code, opI32Const, byte(i+1), opCallIndirect, byte(i+1), 0)
		}
		a.run(nil, join(push(0), push(0))...)
		for i := 1; i < 40; i++ {
			a.fn(byte(i), nil, join(push(i), push(i))...)
		}
		a.fn(40, nil)
		element := []byte{0, opI32Const, 0, opEnd, 41}
		for i := range 41 {
			element = append(element, byte(i))
		}
		a.tables = append(a.tables, []byte{0x70, 0, 41})
		a.elements = append(a.elements, element)
	},
	"straight line in a loop": func(a *asm) {
		code := []byte{opLoop, 0x40}
		for range 40000 {
			code = append(code, opI32Const, 1, 0x1a)
		}
		a.run(nil, append(code, opBr, 0, opEnd)...)
	},
}

// run adds the exported function; its type is type 0 and it is function 0 unless
// others were added before.
func (a *asm) run(locals []byte, code ...byte) byte {
	f := a.fn(0, locals, code...)
	a.export("run", ExternFunc, f)
	return f
}

// table adds a table with one function.
func (a *asm) table(f byte) {
	a.tables = append(a.tables, []byte{0x70, 0, 1})
	a.elements = append(a.elements, []byte{0, opI32Const, 0, opEnd, 1, f})
}

// TestEndlessStops runs programs that never end and stops them at the 30th
// poll.
func TestEndlessStops(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a missing poll would hang in the collector
	for title, build := range endless {
		t.Run(title, func(t *testing.T) {
			a := newAsm()
			a.typ("", "")
			build(a)
			p := &pollCounter{grant: 50_000}
			p.stop = func() {
				if p.polls == 30 {
					panic(errStopped)
				}
			}
			m := instance(t, mustRewrite(t, a.bytes(), Options{Meter: true}).Wasm, p)
			_, err := m.ExportedFunction("run").Call(context.Background())
			if !errors.Is(err, errStopped) {
				t.Errorf("ended with %v after %d polls", err, p.polls)
			}
			t.Logf("fuel used per poll: %d", p.used/int64(p.polls))
		})
	}
}
