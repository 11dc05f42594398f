package link

import (
	"context"
	"sync"
	"testing"
)

// pair is two linked nodes on loopback.
func pair(b *testing.B) (from, to *Link) {
	first := newCluster(b, "a")
	from, to = start(b, first, nil), start(b, another(b, first, "b", false, Options{}), nil)
	to.HandleCall("/echo", func(_ context.Context, body []byte) ([]byte, error) { return body, nil })
	if _, err := from.Call(b.Context(), to.Addr(), "/echo", nil); err != nil {
		b.Fatal(err)
	}
	return from, to
}

// BenchmarkCall is the round trip of one caller, and the time for each call of 64 callers, with 128 bytes each way.
func BenchmarkCall(b *testing.B) {
	for _, row := range []struct {
		name    string
		callers int
	}{{"one", 1}, {"64", 64}} {
		b.Run(row.name, func(b *testing.B) {
			from, to := pair(b)
			body := make([]byte, 128)
			var wg sync.WaitGroup
			b.ReportAllocs()
			b.ResetTimer()
			for c := range row.callers {
				n := b.N / row.callers
				if c < b.N%row.callers {
					n++
				}
				wg.Go(func() {
					for range n {
						if _, err := from.Call(b.Context(), to.Addr(), "/echo", body); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
		})
	}
}

// BenchmarkCallMegabyte moves 1 MiB each way.
func BenchmarkCallMegabyte(b *testing.B) {
	from, to := pair(b)
	body := make([]byte, 1<<20)
	b.SetBytes(2 << 20)
	for b.Loop() {
		if _, err := from.Call(b.Context(), to.Addr(), "/echo", body); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHandshake is a new connection with certificates on both sides.
func BenchmarkHandshake(b *testing.B) {
	from, to := pair(b)
	for b.Loop() {
		c, err := from.dial(b.Context(), to.Addr(), protoHTTP)
		if err != nil {
			b.Fatal(err)
		}
		c.Close()
	}
}
