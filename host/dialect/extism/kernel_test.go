package extism

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"github.com/stackhost/stackhost/host/dialect"
	"github.com/stackhost/stackhost/host/runtime"
)

func newKernel(limit uint64) *kernel {
	k := &kernel{limit: limit}
	k.reset()
	return k
}

func TestKernel(t *testing.T) {
	k := newKernel(1 << 16)
	if k.alloc(0) != 0 || k.alloc(1<<16) != 0 || k.alloc(math.MaxUint64) != 0 {
		t.Error("alloc gave a block of a size that cannot be")
	}
	a, b := k.put([]byte("hello")), k.put([]byte("0123456789abcdefg"))
	if a == 0 || b == 0 || k.length(a) != 5 || k.length(b) != 17 || k.length(a+1) != 0 || k.length(0) != 0 {
		t.Errorf("blocks at %d and %d have lengths %d and %d", a, b, k.length(a), k.length(b))
	}
	if got := k.load64(b + 16); got != 'g' {
		t.Errorf("a load over the end gives %x", got)
	}
	k.release(a)
	k.release(a)
	if k.length(a) != 0 || k.block(a) != nil {
		t.Error("a freed block has a length")
	}
	if c := k.alloc(3); c != a || k.load8(c) != 0 {
		t.Errorf("the freed block at %d was not reused and zeroed, got %d", a, c)
	}
	k.reset()
	if k.load64(a) != 0 || k.store8(a, 1) || k.length(b) != 0 {
		t.Error("reset left blocks")
	}
	if c := k.alloc(32); !bytes.Equal(k.block(c), make([]byte, 32)) {
		t.Error("a block has bytes of another call")
	}
}

func TestKernelLimit(t *testing.T) {
	k := newKernel(1 << 16)
	var n uint64
	for k.alloc(1) != 0 {
		n++
	}
	if n != (1<<16-firstOffset)/blockAlign || uint64(len(k.mem)) > 1<<16 {
		t.Errorf("%d blocks in %d bytes", n, len(k.mem))
	}
	for i := range k.blocks {
		k.release(k.blocks[i].at)
	}
	if k.alloc(9) == 0 {
		t.Error("no freed block was reused")
	}
}

func TestKernelKeepsLittle(t *testing.T) {
	k := newKernel(1 << 30)
	if k.alloc(keepArena*2) == 0 {
		t.Fatal("no room")
	}
	k.reset()
	k.trim()
	if cap(k.mem) > keepArena {
		t.Errorf("%d bytes are kept", cap(k.mem))
	}
}

// FuzzKernel compares the kernel with a plain map of blocks.
func FuzzKernel(f *testing.F) {
	f.Add([]byte{0, 10, 0, 20, 1, 0, 0, 9, 2, 3, 3, 1, 4, 0})
	f.Add([]byte{0, 255, 1, 0, 1, 0, 0, 255, 5, 1})
	f.Fuzz(func(t *testing.T, ops []byte) {
		k := newKernel(8 << 10)
		model := map[uint64][]byte{}
		var offsets []uint64
		pick := func(n byte) uint64 {
			if len(offsets) == 0 {
				return uint64(n)
			}
			return offsets[int(n)%len(offsets)]
		}
		for len(ops) >= 2 {
			op, n := ops[0]%6, ops[1]
			ops = ops[2:]
			switch op {
			case 0:
				at := k.alloc(uint64(n))
				if at == 0 {
					continue
				}
				if _, live := model[at]; live || at < firstOffset {
					t.Fatalf("alloc gave the live block at %d again", at)
				}
				model[at] = make([]byte, n)
				offsets = append(offsets, at)
			case 1:
				at := pick(n)
				k.release(at)
				delete(model, at)
			case 2:
				at := pick(n)
				if block, live := model[at]; live && len(block) > 0 && k.store8(at, n) {
					block[0] = n
				}
			case 3:
				at := pick(n)
				if block, live := model[at]; live && len(block) >= 8 && k.store64(at+uint64(len(block))-8, uint64(n)*0x0101010101010101) {
					binary.LittleEndian.PutUint64(block[len(block)-8:], uint64(n)*0x0101010101010101)
				}
			case 4:
				at := pick(n)
				k.load64(at + uint64(n))
				k.load64(math.MaxUint64 - uint64(n))
				if k.store64(math.MaxUint64-uint64(n), 1) || k.store8(k.top, 1) {
					t.Fatal("a store outside was taken")
				}
			case 5:
				k.reset()
				clear(model)
				offsets = offsets[:0]
			}
		}
		for _, at := range offsets {
			if want, live := model[at]; live && !bytes.Equal(k.block(at), want) {
				t.Fatalf("block %d is %x, want %x", at, k.block(at), want)
			} else if !live && k.length(at) != 0 {
				t.Fatalf("freed block %d has length %d", at, k.length(at))
			}
		}
	})
}

// record is one call that hostile.wat makes.
func record(op byte, a, b uint64) []byte {
	r := make([]byte, 24)
	r[0] = op
	binary.LittleEndian.PutUint64(r[8:], a)
	binary.LittleEndian.PutUint64(r[16:], b)
	return r
}

// Numbers of the functions in hostile.wat.
const (
	opAlloc = iota
	opFree
	opLength
	opLengthUnsafe
	opLoad8
	opLoad64
	opStore8
	opStore64
	opInput8
	opInput64
	opInputSet
	opOutputSet
	opErrorSet
	opReset
	opConfigGet
	opVarGet
	opVarSet
	opHTTPRequest
	opHTTPHeaders
	opLog
)

func hostile(t testing.TB) dialect.Guest {
	g, err := load(t, "hostile.wasm", settings{options: map[string]any{"Function": "poke"}, limits: runtime.Limits{MemoryBytes: 1 << 20}})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestHostileOffsets calls every function with offsets that are no block. Stores and ranges outside the kernel memory stop the
// plug-in, the rest answers nothing; the instance serves the next call.
func TestHostileOffsets(t *testing.T) {
	g := hostile(t)
	stops := []byte{opStore8, opStore64, opInputSet, opOutputSet}
	for op := byte(opAlloc); op <= opLog; op++ {
		for _, at := range []uint64{0, 1, 15, 1 << 20, 1<<32 - 1, 1 << 32, 1 << 63, math.MaxUint64 - 7, math.MaxUint64} {
			for _, second := range []uint64{1, math.MaxUint64} {
				_, err := job(g, string(record(op, at, second)))
				if stopped := err != nil; stopped != slices.Contains(stops, op) {
					t.Errorf("function %d with %d, %d: %v", op, at, second, err)
				}
			}
		}
	}
	if got, err := job(g, string(record(opLength, 16, 0))); err != nil || binary.LittleEndian.Uint64([]byte(got)) != 24 {
		t.Errorf("the length of the input is %x, %v", got, err)
	}
}

// FuzzHostile runs any sequence of calls: the host must answer or stop the plug-in, and stay whole.
func FuzzHostile(f *testing.F) {
	f.Add(slices.Concat(record(opAlloc, 10, 0), record(opStore64, 48, 7), record(opOutputSet, 48, 10), record(opFree, 48, 0), record(opErrorSet, 48, 0)))
	f.Add(slices.Concat(record(opReset, 0, 0), record(opAlloc, 1<<20, 0), record(opVarSet, 16, 16), record(opVarGet, 16, 0)))
	f.Add(slices.Concat(record(opInputSet, 16, 8), record(opInput64, math.MaxUint64, 0), record(opHTTPRequest, 16, 16), record(opHTTPHeaders, 0, 0)))
	f.Add(record(opFree, 16, 0))
	g := hostile(f)
	f.Fuzz(func(t *testing.T, input []byte) {
		job(g, string(input))
		if got, err := job(g, string(record(opLength, 16, 0))); err != nil || binary.LittleEndian.Uint64([]byte(got)) != 24 {
			t.Fatalf("the next call got %x, %v", got, err)
		}
	})
}
