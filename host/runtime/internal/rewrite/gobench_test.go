package rewrite

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

const goKernels = `package main

import (
	"crypto/md5"
	"encoding/json"
	"sort"
	"strings"
)

func main() {}

func fib(n uint32) uint32 { if n < 2 { return n }; return fib(n-1) + fib(n-2) }

//go:wasmexport fib
func fibExport(n uint32) uint32 { return fib(n) }

//go:wasmexport loop
func loop(n uint32) uint32 { x := uint32(1); for i := uint32(0); i < n; i++ { x = x*1664525 + 1013904223 }; return x }

//go:wasmexport sieve
func sieve(n uint32) uint32 {
	b := make([]bool, n)
	c := uint32(0)
	for i := uint32(2); i < n; i++ { if !b[i] { c++; for j := i * 2; j < n; j += i { b[j] = true } } }
	return c
}

type item struct { ID int; Name string; Tags []string }

//go:wasmexport json
func jsonExport(n uint32) uint32 {
	s := 0
	for i := uint32(0); i < n; i++ {
		b, _ := json.Marshal(item{int(i), "a name", []string{"red", "green"}})
		var v item
		json.Unmarshal(b, &v)
		s += len(b) + v.ID
	}
	return uint32(s)
}

//go:wasmexport md5
func md5Export(n uint32) uint32 { s := md5.Sum(make([]byte, n)); return uint32(s[0]) }

//go:wasmexport sort
func sortExport(n uint32) uint32 {
	v := make([]int, n)
	for i := range v { v[i] = i * 7919 % int(n) }
	sort.Slice(v, func(i, j int) bool { return v[i] < v[j] })
	return uint32(v[n/2])
}

//go:wasmexport text
func text(n uint32) uint32 {
	var b strings.Builder
	for i := uint32(0); i < n; i++ { b.WriteString("word "); b.WriteByte(byte('a' + i%26)) }
	return uint32(len(strings.Fields(strings.ToUpper(b.String()))))
}
`

// BenchmarkMeterGo is BenchmarkMeter for a guest built with the Go tool.
func BenchmarkMeterGo(b *testing.B) {
	dir := b.TempDir()
	src, out := filepath.Join(dir, "main.go"), filepath.Join(dir, "main.wasm")
	if err := os.WriteFile(src, []byte(goKernels), 0o600); err != nil {
		b.Fatal(err)
	}
	build := exec.Command("go", "build", "-buildmode=c-shared", "-o", out, src)
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if msg, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, msg)
	}
	wasm, err := os.ReadFile(out)
	if err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	res := mustRewrite(b, wasm, Options{Meter: true})
	fmt.Printf("rewriting %d KiB: %v, polls %+v\n", len(wasm)>>10, time.Since(start).Round(time.Millisecond), res.Polls)
	p := &pollCounter{grant: 20_000}
	load := func(wasm []byte) api.Module {
		r := newRuntime(b, everyFeature, p)
		ctx := context.Background()
		wasi_snapshot_preview1.MustInstantiate(ctx, r)
		m, err := r.InstantiateWithConfig(ctx, wasm, wazero.NewModuleConfig().WithStartFunctions("_initialize"))
		if err != nil {
			b.Fatal(err)
		}
		return m
	}
	plain, metered := load(wasm), load(res.Wasm)
	for _, k := range []kernel{{"fib", 18}, {"loop", 300_000}, {"sieve", 100_000}, {"json", 50}, {"md5", 100_000}, {"sort", 3000}, {"text", 3000}} {
		p.polls, p.used = 0, 0
		ratio, base := compare(b, k, plain.ExportedFunction(k.name), metered.ExportedFunction(k.name))
		fmt.Printf("%-8s plain %8v  metered %.3f  %d polls a call\n", k.name, base.Round(time.Microsecond), ratio, p.polls/124)
	}
}
