package runtime

import (
	"context"
	"testing"
	"time"
)

// BenchmarkRequest is the whole life of a request with the C guest: acquire, write, two calls, read, restore, release.
func BenchmarkRequest(b *testing.B) {
	for _, isolation := range []Isolation{Reuse, Pristine, Fresh} {
		b.Run(string(isolation), func(b *testing.B) {
			m := load(b, Spec{Name: "bench/handler", Wasm: guest(b, "handler"), Isolation: isolation})
			input, _ := m.Func("input")
			handle, _ := m.Func("handle")
			request, ctx := []byte("you"), context.Background()
			stack := make([]uint64, 2)
			for b.Loop() {
				in, err := m.Acquire(ctx)
				if err != nil {
					b.Fatal(err)
				}
				in.Begin(ctx, time.Time{})
				if err := in.Call(ctx, input, stack); err != nil {
					b.Fatal(err)
				}
				in.Memory().Write(uint32(stack[0]), request)
				stack[1] = uint64(len(request))
				if err := in.Call(ctx, handle, stack); err != nil {
					b.Fatal(err)
				}
				if _, ok := in.Memory().Read(uint32(stack[0]>>32), uint32(stack[0])); !ok {
					b.Fatal("no answer")
				}
				in.Release()
			}
		})
	}
}

// BenchmarkAcquire takes an instance from the pool and gives it back unused.
func BenchmarkAcquire(b *testing.B) {
	m := load(b, Spec{Name: "bench/handler", Wasm: guest(b, "handler")})
	ctx := context.Background()
	for b.Loop() {
		in, err := m.Acquire(ctx)
		if err != nil {
			b.Fatal(err)
		}
		in.Release()
	}
}

// BenchmarkCall calls an export that does next to nothing.
func BenchmarkCall(b *testing.B) {
	m := load(b, Spec{Name: "bench/handler", Wasm: guest(b, "handler"), Limits: Limits{Time: time.Hour}})
	ctx := context.Background()
	in, err := m.Acquire(ctx)
	if err != nil {
		b.Fatal(err)
	}
	defer in.Release()
	in.Begin(ctx, time.Time{})
	input, _ := m.Func("input")
	stack := make([]uint64, 1)
	for b.Loop() {
		in.Call(ctx, input, stack)
	}
}
