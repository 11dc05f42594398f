package state

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"
)

var seed = flag.Uint64("seed", 0, "of random tests; 0: another one each time")

// newRandom returns random numbers and tells the seed, with which a run can be repeated.
func newRandom(t testing.TB) *rand.Rand {
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("seed: go test -run '%s' -seed %d", t.Name(), s)
	return rand.New(rand.NewPCG(s, 0))
}
