package rewrite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero/api"
)

// sample is a module with most kinds of things in it.
func sample() *asm {
	a := newAsm()
	v := a.typ("", "")
	i := a.typ("", "i")
	a.imported("env", "log", v)
	f := a.fn(i, nil, opGlobalGet, 0, opI32Const, 1, opI32Add, opGlobalSet, 0, opGlobalGet, 0)
	boot := a.fn(v, nil, opI32Const, 5, opGlobalSet, 0)
	fail := a.fn(v, nil, opCall, 0, opUnreachable)
	outer := a.fn(v, nil, opCall, fail)
	a.globals = append(a.globals,
		[]byte{0x7f, 1, opI32Const, 1, opEnd}, []byte{0x7f, 0, opI32Const, 9, opEnd},
		append(append([]byte{0x7b, 1, 0xfd, 0x0c}, bytes.Repeat([]byte{3}, 16)...), opEnd))
	a.memories = append(a.memories, []byte{1, 1, 100})
	a.export("count", ExternFunc, f)
	a.export("fail", ExternFunc, outer)
	a.export("memory", ExternMemory, 0)
	a.start = int(boot)
	a.datas = append(a.datas, join([]byte{0, opI32Const, 8, opEnd, 5}, []byte("hello")), join([]byte{1, 3}, []byte("abc")))
	names := join([]byte{2}, []byte{fail}, name("my_fail"), []byte{outer}, name("my::outer"))
	section := join(name("name"), []byte{1, byte(len(names))}, names)
	a.custom = join([]byte{0, byte(len(section))}, section, []byte{0, 5}, name("note"))
	return a
}

func TestParse(t *testing.T) {
	m, err := Parse(sample().bytes())
	if err != nil {
		t.Fatal(err)
	}
	mem, _ := m.Memory()
	got := fmt.Sprint(len(m.Types), len(m.Functions), m.ImportedFunctions, m.MutableGlobals(), mem, m.DataSegments, m.DataBytes,
		m.HasStart, m.CustomSections, []string{m.FuncName(0), m.FuncName(1), m.FuncName(3), m.FuncName(4)}, m.HasPassiveData(), m.Exports[1].Type)
	want := "2 5 1 2 {1 100 true false} 2 8 true [name note] [log count my_fail my::outer] true () -> ()"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestParseRefuses(t *testing.T) {
	code := func(c ...byte) []byte {
		a := newAsm()
		a.typ("", "")
		a.fn(0, nil, c...)
		return a.bytes()
	}
	memory := func(b ...byte) []byte {
		a := newAsm()
		a.memories = append(a.memories, b)
		return a.bytes()
	}
	locals := newAsm()
	locals.typ("", "")
	locals.fn(0, []byte{1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x7f})
	table := newAsm()
	table.tables = append(table.tables, []byte{0x70, 0, 0x80, 0x80, 0x80, 0x40})
	for _, c := range []struct {
		name string
		wasm []byte
		want error
	}{
		{"empty", nil, ErrMalformed},
		{"text", []byte("(module)"), ErrMalformed},
		{"component", []byte("\x00asm\x0d\x00\x01\x00"), ErrUnsupported},
		{"cut", sample().bytes()[:60], ErrMalformed},
		{"legacy exceptions", code(0x06, 0x40, opEnd), ErrUnsupported},
		{"garbage collection", code(0xfb, 0), ErrUnsupported},
		{"relaxed SIMD", code(0xfd, 0x80, 0x02), ErrUnsupported},
		{"unknown opcode", code(0xc8), ErrMalformed},
		{"unknown misc opcode", code(0xfc, 0x40), ErrMalformed},
		{"the fuel global", code(opGlobalGet, 0, 0x1a), ErrMalformed},
		{"an added function", code(opCall, 1), ErrMalformed},
		{"an added type", code(opBlock, 1, opEnd), ErrMalformed},
		{"memory64", memory(4, 1), ErrUnsupported},
		{"huge locals", locals.bytes(), ErrTooLarge},
		{"huge table", table.bytes(), ErrTooLarge},
	} {
		_, err := Parse(c.wasm)
		var e *Error
		if !errors.Is(err, c.want) || !errors.As(err, &e) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestRewriteRefuses(t *testing.T) {
	prefixed := sample()
	prefixed.export("stackhost:fuel", ExternFunc, 1)
	imports := newAsm()
	imports.imports = append(imports.imports, join(name("env"), name("memory"), []byte{byte(ExternMemory), 0, 1}))
	big := newAsm()
	big.memories = append(big.memories, []byte{0, 2})
	shared := newAsm()
	shared.memories = append(shared.memories, []byte{3, 1, 1})
	for _, c := range []struct {
		name string
		a    *asm
		opts Options
		want error
	}{
		{"reserved export", prefixed, Options{}, ErrRefused},
		{"imported memory", imports, Options{}, ErrRefused},
		{"shared memory", shared, Options{}, ErrRefused},
		{"memory over the cap", big, Options{MemoryPages: 1}, ErrTooLarge},
		{"memory at the cap", sample(), Options{MemoryPages: 1}, nil},
	} {
		m, err := Parse(c.a.bytes())
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if _, err := Rewrite(m, c.opts); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestMemoryMaximum(t *testing.T) {
	for _, c := range []struct {
		limits []byte
		opts   Options
		want   uint32
	}{
		{[]byte{0, 1}, Options{}, 0},
		{[]byte{0, 1}, Options{MemoryPages: 16}, 16},
		{[]byte{0, 1}, Options{MemoryPages: 16, SparePage: true}, 17},
		{[]byte{1, 1, 4}, Options{MemoryPages: 16, SparePage: true}, 5},
		{[]byte{1, 1, 40}, Options{MemoryPages: 16}, 16},
		{[]byte{0, 1}, Options{MemoryPages: maxPages, SparePage: true}, maxPages},
	} {
		a := newAsm()
		a.memories = append(a.memories, c.limits)
		res := mustRewrite(t, a.bytes(), c.opts)
		m, err := Parse(res.Wasm)
		if err != nil {
			t.Fatal(err)
		}
		if l, _ := m.Memory(); l.Max != c.want || res.MemoryMax != c.want {
			t.Errorf("limits %v, options %+v: maximum %d, told %d, want %d", c.limits, c.opts, l.Max, res.MemoryMax, c.want)
		}
	}
}

// start instantiates sample's rewritten form with its import.
func start(t *testing.T, wasm []byte) api.Module {
	t.Helper()
	r := newRuntime(t, everyFeature, &pollCounter{grant: 1000})
	ctx := context.Background()
	if _, err := r.NewHostModuleBuilder("env").NewFunctionBuilder().WithFunc(func() {}).Export("log").Instantiate(ctx); err != nil {
		t.Fatal(err)
	}
	m, err := r.Instantiate(ctx, wasm)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestGlobalsAreExported(t *testing.T) {
	ctx := context.Background()
	res := mustRewrite(t, sample().bytes(), Options{Meter: true})
	m := start(t, res.Wasm)
	if len(res.Globals) != 2 || res.Globals[0].Type != I32 || res.Globals[1].Type != V128 {
		t.Fatalf("globals %+v", res.Globals)
	}
	g, ok := m.ExportedGlobal(res.Globals[0].Name).(api.MutableGlobal)
	if !ok || g.Get() != 5 {
		t.Fatalf("global %v", g)
	}
	g.Set(41)
	if out, err := m.ExportedFunction("count").Call(ctx); err != nil || out[0] != 42 {
		t.Errorf("count = %v, %v", out, err)
	}
	if _, err := m.ExportedFunction(res.Globals[1].Set).Call(ctx, 7, 8); err != nil {
		t.Fatal(err)
	}
	if out, err := m.ExportedFunction(res.Globals[1].Get).Call(ctx); err != nil || fmt.Sprint(out) != "[7 8]" {
		t.Errorf("vector = %v, %v", out, err)
	}
	if m.ExportedGlobal(FuelExport) == nil {
		t.Error("the fuel is not exported")
	}
}

func TestCloneAndStart(t *testing.T) {
	res := mustRewrite(t, sample().bytes(), Options{Meter: true, Clone: true, ExportStart: true})
	for title, wasm := range map[string][]byte{"module": res.Wasm, "clone": res.Clone} {
		m := start(t, wasm)
		got, _ := m.Memory().Read(8, 5)
		if want := title == "module"; (string(got) == "hello") != want {
			t.Errorf("%s: memory holds %q", title, got)
		}
		g := m.ExportedGlobal(res.Globals[0].Name)
		if g.Get() != 1 {
			t.Errorf("%s: the start function ran", title)
		}
		if title == "module" {
			if _, err := m.ExportedFunction(StartExport).Call(context.Background()); err != nil || g.Get() != 5 {
				t.Errorf("start: %v, global %d", err, g.Get())
			}
		}
	}
	if bytes.Contains(res.Clone, []byte("hello")) || !bytes.Contains(res.Wasm, []byte("hello")) {
		t.Error("active data is in the module and not in the clone")
	}
	if plain := mustRewrite(t, sample().bytes(), Options{}); plain.Clone != nil || plain.Polls.Total() != 0 || plain.FunctionShift != 0 {
		t.Errorf("without options: %+v", plain.Polls)
	}
}

func TestNamesInTraces(t *testing.T) {
	for _, meter := range []bool{false, true} {
		m := start(t, mustRewrite(t, sample().bytes(), Options{Meter: meter}).Wasm)
		_, err := m.ExportedFunction("fail").Call(context.Background())
		if err == nil || !strings.Contains(err.Error(), ".my_fail()\n\t.my::outer()") {
			t.Errorf("meter %v: %v", meter, err)
		}
	}
	// Without a name section functions keep the number they had.
	a := sample()
	a.custom = nil
	m := start(t, mustRewrite(t, a.bytes(), Options{Meter: true}).Wasm)
	if _, err := m.ExportedFunction("fail").Call(context.Background()); err == nil || !strings.Contains(err.Error(), ".$3()\n\t.fail()") {
		t.Errorf("without names: %v", err)
	}
}

// TestKernelsAgree compares results of the original and the metered kernels, with
// fuel that runs out all the time.
func TestKernelsAgree(t *testing.T) {
	wasm := kernelWasm(t)
	plain := instance(t, wasm, &pollCounter{grant: 1})
	p := &pollCounter{grant: 30}
	metered := instance(t, mustRewrite(t, wasm, Options{Meter: true}).Wasm, p)
	rng := rand.New(rand.NewPCG(1, 2))
	for _, k := range kernels {
		for range 20 {
			n := rng.Uint64N(max(k.size/50, 12))
			a, errA := plain.ExportedFunction(k.name).Call(context.Background(), n)
			b, errB := metered.ExportedFunction(k.name).Call(context.Background(), n)
			if errA != nil || errB != nil || a[0] != b[0] {
				t.Errorf("%s(%d): plain %v %v, metered %v %v", k.name, n, a, errA, b, errB)
			}
		}
	}
	if p.polls < 1000 {
		t.Errorf("only %d polls", p.polls)
	}
}

// TestGoGuestSize checks what rewriting does to a large guest.
func TestGoGuestSize(t *testing.T) {
	dir := t.TempDir()
	src := filepath.Join(dir, "main.go")
	if err := os.WriteFile(src, []byte("package main\nimport \"encoding/json\"\nfunc main(){ b,_:=json.Marshal(map[string]int{\"a\":1}); println(string(b)) }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "main.wasm")
	build := exec.Command("go", "build", "-o", out, src)
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if msg, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, msg)
	}
	wasm, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	res := mustRewrite(t, wasm, Options{Meter: true, Clone: true})
	t.Logf("%d -> %d bytes, code %d -> %d, polls %+v, %d globals", res.SizeBefore, res.SizeAfter, res.CodeBefore, res.CodeAfter, res.Polls, len(res.Globals))
	if len(res.Globals) != 8 || res.CodeAfter > res.CodeBefore*5/4 {
		t.Errorf("%d globals, code %d -> %d", len(res.Globals), res.CodeBefore, res.CodeAfter)
	}
}
