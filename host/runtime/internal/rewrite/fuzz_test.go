package rewrite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tetratelabs/wazero"
)

// seeds adds the modules of the core specification tests, the invalid ones
// included, up to a size.
func seeds(f *testing.F, limit int64) {
	f.Helper()
	for _, pattern := range []string{"v1", "v2", "tail-call", "exception-handling", "typed-function-references", "threads"} {
		files, err := filepath.Glob(filepath.Join(specDir(f), pattern, "testdata", "*.wasm"))
		if err != nil {
			f.Fatal(err)
		}
		for i, path := range files {
			info, err := os.Stat(path)
			if err != nil || info.Size() > limit || i%7 != 0 {
				continue
			}
			wasm, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(wasm)
		}
	}
	f.Add(sample().bytes())
	for _, build := range endless {
		a := newAsm()
		a.typ("", "")
		build(a)
		f.Add(a.bytes())
	}
}

// FuzzParse requires a module or a typed error, and that what Parse accepts
// rewrites without a panic.
func FuzzParse(f *testing.F) {
	seeds(f, 4096)
	f.Fuzz(func(t *testing.T, wasm []byte) {
		m, err := Parse(wasm)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Class == nil || m != nil {
				t.Fatalf("Parse: %v", err)
			}
			return
		}
		for i := range m.Functions {
			m.FuncName(uint32(i))
		}
		m.ActiveData()
		for _, opts := range []Options{{}, {Meter: true, Clone: true, ExportStart: true, MemoryPages: 4, SparePage: true}} {
			res, err := Rewrite(m, opts)
			if err != nil {
				var e *Error
				if !errors.As(err, &e) {
					t.Fatalf("Rewrite: %v", err)
				}
				continue
			}
			if _, err := Parse(res.Wasm); err != nil && !errors.Is(err, ErrTooLarge) {
				t.Fatalf("the result does not parse: %v", err)
			}
		}
	})
}

// FuzzRewrite requires that the engine takes the rewritten module when it takes
// the original, and does not when it does not.
func FuzzRewrite(f *testing.F) {
	seeds(f, 1024)
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(everyFeature))
	f.Cleanup(func() { r.Close(ctx) })
	compiles := func(wasm []byte) error {
		c, err := r.CompileModule(ctx, wasm)
		if err == nil {
			c.Close(ctx)
		}
		return err
	}
	f.Fuzz(func(t *testing.T, wasm []byte) {
		m, err := Parse(wasm)
		if err != nil {
			return
		}
		if l, ok := m.Memory(); ok && l.Min > 16 {
			return
		}
		for _, opts := range []Options{{AllowImports: true}, {Meter: true, Clone: true, AllowImports: true, AllowShared: true}} {
			res, err := Rewrite(m, opts)
			if err != nil {
				continue
			}
			plain := compiles(wasm)
			for i, out := range [][]byte{res.Wasm, res.Clone} {
				if out == nil {
					continue
				}
				rewritten := compiles(out)
				if plain == nil && rewritten != nil {
					t.Fatalf("plain compiles, rewritten: %v", rewritten)
				}
				// A clone may lack what was wrong, and custom sections are dropped.
				if plain != nil && rewritten == nil && i == 0 && len(m.CustomSections) == 0 {
					t.Fatalf("rewritten compiles, plain: %v", plain)
				}
			}
		}
	})
}
