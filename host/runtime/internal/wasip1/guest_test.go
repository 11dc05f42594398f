package wasip1

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// engineHost adapts a module of the engine.
type engineHost struct {
	api.Memory
	out [3][]byte
}

func (h *engineHost) Deadline() time.Time     { return time.Time{} }
func (h *engineHost) Done() <-chan struct{}   { return nil }
func (h *engineHost) Output(fd int, p []byte) { h.out[fd] = append(h.out[fd], p...) }

// runGuest runs a command until it exits and returns its exit code and output.
func runGuest(t testing.TB, wasm []byte, cfg Config) (code uint32, h *engineHost) {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCoreFeatures(api.CoreFeaturesV2|experimental.CoreFeaturesTailCall))
	defer r.Close(ctx)
	s := New(cfg)
	defer s.Close()
	h = &engineHost{}
	b := r.NewHostModuleBuilder(Module)
	types := func(list []ValueType) (out []api.ValueType) {
		for _, v := range list {
			out = append(out, api.ValueType(v))
		}
		return out
	}
	for name, f := range Functions {
		b.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(_ context.Context, m api.Module, stack []uint64) {
			h.Memory = m.Memory()
			if err := f.Call(s, h, stack); err != nil {
				panic(err) // an error, so that the engine wraps it
			}
		}), types(f.Params), types(f.Results)).Export(name)
	}
	if _, err := b.Instantiate(ctx); err != nil {
		t.Fatal(err)
	}
	m, err := r.InstantiateWithConfig(ctx, wasm, wazero.NewModuleConfig().WithStartFunctions())
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.ExportedFunction("_start").Call(ctx)
	var exit *ExitError
	switch {
	case errors.As(err, &exit):
		return exit.Code, h
	case err != nil:
		t.Logf("guest: %v", err)
		return 1 << 16, h
	}
	return 0, h
}

// TestGoGuest builds testdata/guest with the Go tool and compares what it saw.
func TestGoGuest(t *testing.T) {
	file := filepath.Join(t.TempDir(), "guest.wasm")
	build := exec.Command("go", "build", "-o", file, "main.go")
	build.Dir = filepath.Join("testdata", "guest")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the guest: %v\n%s", err, out)
	}
	wasm, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	code, h := runGuest(t, wasm, Config{
		Args: []string{"guest", "one"}, Env: []string{"COLOUR=blue", "B=2"},
		Dirs: []Dir{
			{Guest: "/", FS: fstest.MapFS{"hello.txt": {Data: []byte("hello, world")}}},
			{Guest: "/data", FS: fstest.MapFS{"nested/deep.txt": {Data: []byte("deep")}, "a.txt": {}}},
		},
	})
	want := `args guest,one
env blue 2
file hello, world <nil>
nested deep <nil>
seek world <nil>
walk /data /data/a.txt /data/nested /data/nested/deep.txt
missing true
write true true true
size 12 true
slept true
goroutine true
year true
random true
stdin 0 EOF
`
	if got := string(h.out[1]); got != want || string(h.out[2]) != "to stderr\n" || code != 7 {
		t.Errorf("exit code %d, stderr %q, stdout:\n%swant:\n%s", code, h.out[2], got, want)
	}
}
