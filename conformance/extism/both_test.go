package extism

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	sdk "github.com/extism/go-sdk"
	"github.com/tetratelabs/wazero"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/dialect"
	ours "github.com/stackhost/stackhost/host/dialect/extism"
	"github.com/stackhost/stackhost/host/runtime"
)

// row is one guest export with what it is given. Both hosts get the same.
type row struct {
	guest, export string
	inputs        []string // calls in order, on one instance; none means one call without input
	config        map[string]string
	hosts         []string
	private       bool
	dirs          map[string]string // guest path to folder
	functions     []function
	links         []string // other modules that the SDK links
	reuse         bool     // our instance is kept between calls, as the SDK's is
	wasm          []byte   // instead of the SDK's guest
	maxResponse   int64
	writable      bool // the SDK may write to dirs

	differs string // why our host does something else; want then says what
	want    func(t *testing.T, theirs, ours outcome)
}

// function is a host function; both hosts answer it with f.
type function struct {
	namespace, name string
	params          int
	f               func([]byte) []byte
}

// outcome is what a host made of a row.
type outcome struct {
	outputs []string
	code    uint32
	err     error
	log     []string
}

// failed tells whether the last call failed. The SDK gives a code without an error when the plug-in set no error text.
func (o outcome) failed() bool { return o.err != nil || o.code != 0 }

func (o outcome) String() string {
	return fmt.Sprintf("outputs %q, code %d, error %v, log %q", o.outputs, o.code, o.err, o.log)
}

// sdkDir is the folder of the SDK's module.
var sdkDir = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/extism/go-sdk").Output()
	return strings.TrimSpace(string(out)), err
})

func TestMain(m *testing.M) {
	stdlog.SetOutput(io.Discard) // the SDK says there how it starts a guest
	os.Exit(m.Run())
}

func guestsDir(t testing.TB) string {
	t.Helper()
	dir, err := sdkDir()
	if err != nil {
		t.Fatalf("the SDK's module was not found: %v", err)
	}
	return filepath.Join(dir, "wasm")
}

func (r *row) binary(t testing.TB) []byte {
	t.Helper()
	if r.wasm != nil {
		return r.wasm
	}
	wasm, err := os.ReadFile(filepath.Join(guestsDir(t), r.guest))
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

func (r *row) calls() []string {
	if len(r.inputs) == 0 {
		return []string{""}
	}
	return r.inputs
}

// logged guards the SDK's process-wide log level.
var logged sync.Mutex

// theirs loads the guest into the SDK.
func (r *row) theirs(t testing.TB) (*sdk.Plugin, error) {
	t.Helper()
	manifest := sdk.Manifest{Config: maps.Clone(r.config), AllowedHosts: r.hosts, AllowedPaths: map[string]string{}}
	if manifest.Config == nil {
		manifest.Config = map[string]string{}
	}
	if r.maxResponse > 0 {
		manifest.Memory = &sdk.ManifestMemory{MaxHttpResponseBytes: r.maxResponse, MaxVarBytes: -1}
	}
	for guest, folder := range r.dirs {
		if !r.writable {
			folder = "ro:" + folder
		}
		manifest.AllowedPaths[folder] = guest
	}
	for _, name := range r.links {
		manifest.Wasm = append(manifest.Wasm, sdk.WasmFile{Path: filepath.Join(guestsDir(t), name), Name: strings.TrimSuffix(name, ".wasm")})
	}
	manifest.Wasm = append(manifest.Wasm, sdk.WasmData{Data: r.binary(t), Name: "main"})
	var functions []sdk.HostFunction
	for _, f := range r.functions {
		host := sdk.NewHostFunctionWithStack(f.name, func(_ context.Context, p *sdk.CurrentPlugin, stack []uint64) {
			in, err := p.ReadBytes(stack[0])
			if err != nil {
				panic(err)
			}
			if stack[0], err = p.WriteBytes(f.f(in)); err != nil {
				panic(err)
			}
		}, slices.Repeat([]sdk.ValueType{sdk.ValueTypeI64}, max(1, f.params)), []sdk.ValueType{sdk.ValueTypeI64})
		host.SetNamespace(f.namespace)
		functions = append(functions, host)
	}
	ctx := context.Background()
	compiled, err := sdk.NewCompiledPlugin(ctx, manifest, sdk.PluginConfig{EnableWasi: true, EnableHttpResponseHeaders: true}, functions)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { compiled.Close(ctx) })
	plugin, err := compiled.Instance(ctx, sdk.PluginInstanceConfig{ModuleConfig: wazero.NewModuleConfig().WithSysWalltime()})
	if err == nil {
		t.Cleanup(func() { plugin.Close(ctx) })
	}
	return plugin, err
}

func (r *row) runTheirs(t *testing.T) (o outcome) {
	logged.Lock()
	defer logged.Unlock()
	sdk.SetLogLevel(sdk.LogLevelTrace)
	plugin, err := r.theirs(t)
	if err != nil {
		o.err = err
		return o
	}
	plugin.SetLogger(func(level sdk.LogLevel, text string) {
		if !strings.HasPrefix(text, "Calling ") && !strings.HasPrefix(text, "Initializ") {
			o.log = append(o.log, level.String()+" "+text)
		}
	})
	for _, input := range r.calls() {
		code, output, err := plugin.Call(r.export, []byte(input))
		o.code = code
		if err != nil {
			o.err = err
			return o
		}
		o.outputs = append(o.outputs, string(output))
	}
	return o
}

// peer answers host functions as another module would.
type peer struct {
	dialect.Guest
	functions []function
}

func (p peer) Job(_ context.Context, job *abi.JobRequest) (*abi.JobResult, error) {
	for _, f := range p.functions {
		if f.name == job.Name {
			return &abi.JobResult{Result: f.f(job.Payload)}, nil
		}
	}
	return nil, errors.New("no such function")
}

// load loads the guest into our dialect; log may be nil.
func (r *row) load(t testing.TB, log io.Writer) (dialect.Guest, error) {
	t.Helper()
	rt, err := runtime.New(runtime.Config{CacheDir: filepath.Join(os.TempDir(), "stackhost-test-cache")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rt.Close() })
	logger := slog.New(slog.DiscardHandler)
	if log != nil {
		logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug - 4}))
	}
	config := map[string]any{}
	for name, value := range r.config {
		config[name] = value
	}
	var functions []any
	for _, f := range r.functions {
		functions = append(functions, map[string]any{"Name": f.name, "Namespace": f.namespace, "Module": "peer"})
	}
	spec := dialect.Spec{
		App: "conformance", Name: strings.TrimSuffix(r.guest, ".wasm"), Wasm: r.binary(t), Log: logger,
		Options: map[string]any{
			"Function": r.export, "AllowedHosts": r.hosts, "Private": r.private, "Config": config, "Functions": functions, "MaxHTTPResponse": r.maxResponse,
		},
		Peer: func(string) dialect.Guest { return peer{functions: r.functions} },
	}
	if r.reuse {
		spec.Isolation = runtime.Reuse
	}
	for guest, folder := range r.dirs {
		spec.Dirs = append(spec.Dirs, runtime.Dir{Guest: guest, FS: os.DirFS(folder)})
	}
	guest, err := ours.Dialect{}.Load(context.Background(), rt, spec)
	if err == nil {
		t.Cleanup(func() { guest.Close() })
	}
	return guest, err
}

func (r *row) runOurs(t *testing.T) (o outcome) {
	var log bytes.Buffer
	guest, err := r.load(t, &log)
	if err != nil {
		o.err = err
		return o
	}
	defer func() {
		for line := range strings.Lines(log.String()) {
			_, line, _ = strings.Cut(line, "level=")
			level, text, _ := strings.Cut(line, " msg=")
			o.log = append(o.log, level+" "+strings.TrimSpace(text))
		}
	}()
	for _, input := range r.calls() {
		result, err := guest.Job(context.Background(), &abi.JobRequest{Payload: []byte(input)})
		if err != nil {
			o.err = err
			var code *dialect.CodeError
			var trap *runtime.Trap
			switch {
			case errors.As(err, &code):
				o.code = uint32(abi.CodeGuest - code.Code)
				if code.Text != "" {
					o.err = errors.New(code.Text)
				}
			case errors.As(err, &trap) && trap.Kind == runtime.TrapExit:
				o.code = trap.ExitCode
			default:
				o.code = 1
			}
			return o
		}
		o.outputs = append(o.outputs, string(result.Result))
	}
	return o
}
