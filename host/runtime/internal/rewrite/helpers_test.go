package rewrite

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

const everyFeature = api.CoreFeaturesV2 | experimental.CoreFeaturesThreads | experimental.CoreFeaturesTailCall |
	experimental.CoreFeaturesExtendedConst | experimental.CoreFeaturesExceptionHandling |
	experimental.CoreFeaturesTypedFunctionReferences

var wazeroDir = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/tetratelabs/wazero").Output()
	return strings.TrimSpace(string(out)), err
})

// specDir is where the module of the engine keeps the core specification tests.
func specDir(t testing.TB) string {
	t.Helper()
	dir, err := wazeroDir()
	if err != nil {
		t.Fatalf("find the engine's module: %v", err)
	}
	return filepath.Join(dir, "internal", "integration_test", "spectest")
}

// pollCounter grants fuel and counts how often it was asked.
type pollCounter struct {
	grant int32
	polls int
	used  int64
	// stop, when set, may panic to end the guest.
	stop func()
}

func (p *pollCounter) poll(_ context.Context, _ api.Module, stack []uint64) {
	left := api.DecodeI32(stack[0])
	if p.polls > 0 {
		p.used += int64(p.grant)
	}
	p.used -= int64(left)
	p.used -= 0
	p.polls++
	if p.stop != nil {
		p.stop()
	}
	stack[0] = api.EncodeI32(p.grant)
}

// newRuntime makes an engine with the poll function of p.
func newRuntime(t testing.TB, features api.CoreFeatures, p *pollCounter) wazero.Runtime {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler().WithCoreFeatures(features))
	t.Cleanup(func() { r.Close(ctx) })
	i32 := []api.ValueType{api.ValueTypeI32}
	_, err := r.NewHostModuleBuilder(PollModule).NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(p.poll), i32, i32).Export(PollName).Instantiate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func mustRewrite(t testing.TB, wasm []byte, opts Options) *Result {
	t.Helper()
	m, err := Parse(wasm)
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	res, err := Rewrite(m, opts)
	if err != nil {
		t.Fatalf("Rewrite: %v", err)
	}
	return res
}
