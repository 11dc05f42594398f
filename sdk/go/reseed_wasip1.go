//go:build wasip1

package stackhost

import (
	"math/rand/v2"
	"unsafe"
)

// The Go runtime seeds its generator once, when the program starts. That is before the snapshot, so without help every
// request would see the same numbers from the top-level functions of math/rand and math/rand/v2, the same map seeds and
// the same iteration orders. The generator (internal/chacha8rand.State) lives in the runtime's only m, where reseed finds
// it by the numbers it gives out, and gives it a new seed at the start of every call. Nothing of it is needed for safety:
// should a later Go lay it out differently, calibrate fails, numbers repeat as described, and a test says so.

// getm is one of the runtime functions that are kept accessible (go.dev/issue/67401).
//
//go:linkname getm runtime.getm
func getm() unsafe.Pointer

// chacha is the layout of chacha8rand.State as of Go 1.25: after n values were used it refills buf from seed and c.
type chacha struct {
	buf  [32]uint64
	seed [4]uint64
	i    uint32 // next value of buf
	n    uint32 // values in buf
	c    uint32 // block counter
}

// generator is the runtime's generator, nil when it was not found.
var generator *chacha

// calibrate finds the generator.
func calibrate() {
	const words = 256 // far less than an m has from its front to its end
	m := getm()
	for range 4 { // a refill in between hides it
		a, b := rand.Uint64(), rand.Uint64()
		for at := uintptr(0); at < words*8; at += 8 {
			if *(*uint64)(unsafe.Add(m, at)) != a || *(*uint64)(unsafe.Add(m, at+8)) != b {
				continue
			}
			for used := uintptr(2); used <= 32 && (used-2)*8 <= at; used++ {
				g := (*chacha)(unsafe.Add(m, at-(used-2)*8))
				if uintptr(g.i) == used && g.n <= 32 && g.n >= g.i && g.c <= 16 && works(g) {
					generator = g
					return
				}
			}
		}
	}
}

// works gives g two seeds and tells whether the runtime's numbers follow them.
func works(g *chacha) bool {
	was := *g
	draw := func(a, b uint64) (uint64, uint64) {
		g.reseed(a, b)
		return rand.Uint64(), rand.Uint64()
	}
	a1, a2 := draw(1, 2)
	b1, b2 := draw(1, 2)
	c1, _ := draw(3, 2)
	ok := a1 == b1 && a2 == b2 && a1 != c1
	if !ok {
		*g = was
	}
	return ok
}

func (g *chacha) reseed(a, b uint64) {
	g.seed = [4]uint64{a, b, 0x676f2072756e7469, 0x6d65207365656421}
	g.c = 0
	g.i = g.n // the next value is taken from a new block
}

func reseed(a, b uint64) {
	if generator != nil {
		generator.reseed(a, b)
	}
}
