package rewrite

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/tetratelabs/wazero/api"
)

// kernel is one export of testdata/kernels.wasm with a size that takes about a
// millisecond.
type kernel struct {
	name string
	size uint64
}

var kernels = []kernel{
	{"fib", 20}, {"loop", 400_000}, {"sha256", 100_000}, {"matmul", 64}, {"sieve", 300_000},
	{"json", 1000}, {"sort", 8000}, {"interp", 80_000}, {"bytes", 30_000}, {"strlen", 2000}, {"trees", 60},
}

func kernelWasm(t testing.TB) []byte {
	t.Helper()
	wasm, err := os.ReadFile("testdata/kernels.wasm")
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

// instance compiles and instantiates a module with a poll that grants plenty.
func instance(t testing.TB, wasm []byte, p *pollCounter) api.Module {
	t.Helper()
	r := newRuntime(t, everyFeature, p)
	m, err := r.Instantiate(context.Background(), wasm)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// BenchmarkMeter prints, per kernel, the time of the metered module divided by
// that of the original, measured in turns in one process.
//
//	go test -run - -bench Meter -benchtime 1x ./host/runtime/internal/rewrite
func BenchmarkMeter(b *testing.B) {
	plainWasm := kernelWasm(b)
	res := mustRewrite(b, plainWasm, Options{Meter: true})
	plain := instance(b, plainWasm, &pollCounter{grant: 1})
	metered := instance(b, res.Wasm, &pollCounter{grant: 20_000})
	log := 0.0
	for _, k := range kernels {
		a, c := plain.ExportedFunction(k.name), metered.ExportedFunction(k.name)
		ratio, base := compare(b, k, a, c)
		log += math.Log(ratio)
		fmt.Printf("%-8s plain %8v  metered %.3f\n", k.name, base.Round(time.Microsecond), ratio)
	}
	b.ReportMetric(math.Exp(log/float64(len(kernels))), "ratio")
}

// compare returns the median ratio of rounds in which both run in turn, and the
// median time of the first.
func compare(b *testing.B, k kernel, plain, metered api.Function) (float64, time.Duration) {
	ctx := context.Background()
	stack := make([]uint64, 1)
	run := func(f api.Function) time.Duration {
		best := time.Hour
		for range 4 {
			stack[0] = k.size
			start := time.Now()
			if err := f.CallWithStack(ctx, stack); err != nil {
				b.Fatal(err)
			}
			best = min(best, time.Since(start))
		}
		return best
	}
	var ratios []float64
	var bases []time.Duration
	for i := range 31 {
		var x, y time.Duration
		if i%2 == 0 {
			x, y = run(plain), run(metered)
		} else {
			y, x = run(metered), run(plain)
		}
		ratios = append(ratios, float64(y)/float64(x))
		bases = append(bases, x)
	}
	slices.Sort(ratios)
	slices.Sort(bases)
	return ratios[len(ratios)/2], bases[len(bases)/2]
}
