package runtime

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// goGuest builds the Go guest of the tests: Go is always there.
func goGuest(t testing.TB) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "guest.wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-w", "-o", out, "./testdata/goguest")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if b, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, b)
	}
	wasm, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

func TestGoGuestIsPristine(t *testing.T) {
	m := load(t, Spec{Name: "test/go", Wasm: goGuest(t), Limits: Limits{Concurrency: 1}})
	seen := map[uint64]bool{}
	for range 2000 {
		if got := do(t, m, "count"); got != 1 {
			t.Fatalf("count is %d", got)
		}
		r := do(t, m, "random")
		if seen[r] {
			t.Fatal("crypto/rand gave the same bytes to two calls")
		}
		seen[r] = true
		if got := do(t, m, "goroutine"); got != 42 {
			t.Fatalf("goroutine: %d", got)
		}
	}
	if s := m.Stats(); s.Created != 1 {
		t.Errorf("%d instances were made", s.Created)
	}
	if got := do(t, m, "allocate", 20); got != 20 {
		t.Fatalf("allocate: %d", got)
	}
	if got := do(t, m, "count"); got != 1 {
		t.Fatalf("after growth: count is %d", got)
	}
}

func BenchmarkRestore(b *testing.B) {
	for _, g := range []struct {
		name   string
		wasm   func(testing.TB) []byte
		export string
	}{{"small", func(t testing.TB) []byte { return guest(t, "state") }, "count"}, {"go", goGuest, "count"}} {
		b.Run(g.name, func(b *testing.B) {
			m := load(b, Spec{Name: "bench/" + g.name, Wasm: g.wasm(b), Limits: Limits{Concurrency: 1}})
			f, _ := m.Func(g.export)
			stack := make([]uint64, 1)
			before := m.Stats()
			for b.Loop() {
				in, _ := m.Acquire(context.Background())
				in.Begin(context.Background(), time.Time{})
				in.Call(context.Background(), f, stack)
				in.Release()
			}
			after := m.Stats()
			n := after.Restores - before.Restores
			b.ReportMetric(float64(after.RestoreTime-before.RestoreTime)/float64(n), "ns/restore")
			b.ReportMetric(float64(after.PagesRestored-before.PagesRestored)/float64(n), "pages/restore")
		})
	}
}

func BenchmarkHostCall(b *testing.B) {
	m := hostGuest(b, func(in *Instance, stack []uint64) { stack[0] = 1 }, Limits{HostCalls: -1, Time: time.Hour})
	in, _ := m.Acquire(context.Background())
	defer in.Release()
	f, _ := m.Func("many")
	in.Begin(context.Background(), time.Time{})
	const calls = 1000
	stack := make([]uint64, 1)
	for b.Loop() {
		stack[0] = calls
		if err := in.Call(context.Background(), f, stack); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*calls), "ns/hostcall")
}

func BenchmarkClone(b *testing.B) {
	for name, wasm := range map[string][]byte{"small": guest(b, "state"), "go": goGuest(b)} {
		b.Run(name, func(b *testing.B) {
			m := load(b, Spec{Name: "bench/" + name, Wasm: wasm})
			for b.Loop() {
				in, err := m.newInstance(context.Background())
				if err != nil {
					b.Fatal(err)
				}
				in.destroy()
			}
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	wasm := goGuest(b)
	once := func(b *testing.B, dir string) {
		rt, err := New(Config{CacheDir: dir})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := rt.Load(context.Background(), Spec{Name: "bench/go", Wasm: wasm}); err != nil {
			b.Fatal(err)
		}
		rt.Close()
	}
	b.Run("cold", func(b *testing.B) {
		for b.Loop() {
			once(b, b.TempDir())
		}
	})
	b.Run("warm", func(b *testing.B) {
		dir := b.TempDir()
		once(b, dir)
		for b.Loop() {
			once(b, dir)
		}
	})
}
