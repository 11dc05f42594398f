package kv

import (
	"log/slog"
	"math"
	"os"
	"testing"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/capability"
	"github.com/stackhost/stackhost/host/runtime"
	"github.com/stackhost/stackhost/raftstore"
)

// BenchmarkGetFromGuest reads a key of a store of one node, from inside a guest: request record, host call, read, reply record.
func BenchmarkGetFromGuest(b *testing.B) {
	store, err := raftstore.Open(raftstore.Config{Dir: b.TempDir(), Node: "n1", Bootstrap: true})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	keys := raftstore.NewKV(store, "app")
	for end := time.Now().Add(20 * time.Second); ; {
		if _, err = keys.Set(b.Context(), "posts", []byte("n"), make([]byte, 128), raftstore.SetOptions{}); err == nil {
			break
		}
		if time.Now().After(end) {
			b.Fatal(err)
		}
	}
	wasm, err := os.ReadFile("testdata/counter.wasm")
	if err != nil {
		b.Fatal(err)
	}
	rt, err := runtime.New(runtime.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer rt.Close()
	set := capability.NewSet(New(keys, capability.Namespaces{Names: []string{"posts"}, Rate: capability.NewRate(math.MaxInt32)}))
	m, err := rt.Load(b.Context(), runtime.Spec{
		Name: "test/counter", Wasm: wasm, Resolve: set.Resolve, Limits: runtime.Limits{Time: time.Hour, HostCalls: math.MaxInt64},
	})
	if err != nil {
		b.Fatal(err)
	}
	read, _ := m.Func("read")
	for _, level := range []struct {
		name string
		abi.Consistency
	}{{"linearizable", abi.ConsistencyLinearizable}, {"lease", abi.ConsistencyLease}, {"stale", abi.ConsistencyStale}} {
		b.Run(level.name, func(b *testing.B) {
			in, err := m.Acquire(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			defer in.Release()
			in.Begin(b.Context(), time.Time{})
			s := capability.Begin(in, set, slog.New(slog.DiscardHandler), nil)
			defer s.End()
			b.ReportAllocs()
			b.ResetTimer()
			stack := []uint64{uint64(b.N), uint64(level.Consistency)}
			if err := in.Call(b.Context(), read, stack); err != nil {
				b.Fatal(err)
			}
			if n := int64(stack[0]); n < 128 {
				b.Fatalf("the last get gave %d: %s", n, s.Failure())
			}
		})
	}
}
