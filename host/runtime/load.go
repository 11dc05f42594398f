package runtime

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/stackhost/stackhost/host/runtime/internal/rewrite"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// HostFunc is a host function: parameters are in stack, results go there. i32 parameters need DecodeU32.
type HostFunc func(in *Instance, stack []uint64)

// Dir is a folder that WASI shows to the guest, read-only.
type Dir struct {
	Guest string // "/data"
	FS    fs.FS
}

// Spec is a module to load.
type Spec struct {
	Name string // "app/module", for reports
	Wasm []byte
	// Resolve returns the function for an import. Called once for each function import that is not WASI's; an error
	// refuses the module.
	Resolve func(Import) (HostFunc, error)
	// Boot runs in the first instance after _initialize and before the snapshot, under the module's limits. It may call exports.
	Boot func(ctx context.Context, in *Instance) error
	// Warm runs after Boot and before the snapshot, so that what first calls allocate is in the snapshot already. It must have
	// no effect that a request would see. Not called where isolation is fresh: there is no snapshot.
	Warm func(in *Instance) error
	// Isolation, default Pristine. What the module really gets is Module.Isolation.
	Isolation Isolation
	Limits    Limits
	Args      []string
	Env       map[string]string
	Dirs      []Dir
	// Output gets what the guest writes to standard output (1) and error (2). Nil: it is dropped.
	Output func(in *Instance, fd int, p []byte)
}

const pollModule = "stackhost:runtime"

// Load compiles a module, links it, boots an instance and takes its snapshot. Errors are *LoadError, or the *Trap of a boot that
// failed inside one.
func (r *Runtime) Load(ctx context.Context, spec Spec) (_ *Module, err error) {
	refuse := func(reason string, err error) error { return &LoadError{Module: spec.Name, Reason: reason, Err: err} }
	defer func() {
		if p := recover(); p != nil { // the compiler must not take the host with it, whatever the bytes are
			err = refuse("the compiler failed on this binary", fmt.Errorf("%v", p))
		}
	}()
	parsed, err := rewrite.Parse(spec.Wasm)
	if err != nil {
		return nil, refuse("the binary cannot be used", err)
	}
	m := &Module{rt: r, spec: spec, limits: spec.Limits.WithDefaults(), info: describe(spec.Wasm, parsed), exports: map[string]Func{}}
	m.isolation = effectiveIsolation(spec.Isolation, parsed)
	result, err := rewrite.Rewrite(parsed, rewrite.Options{
		Meter: true, PollModule: pollModule, MemoryPages: uint32(m.limits.MemoryBytes / pageSize), SparePage: true, ExportStart: true, Clone: true,
	})
	if err != nil {
		return nil, refuse("the binary cannot be used", err)
	}
	m.globals = result.Globals
	if slices.ContainsFunc(m.globals, func(g rewrite.GlobalExport) bool { return g.Get != "" || g.Type.IsRef() }) && m.isolation == Pristine {
		m.isolation = Fresh
	}
	m.memoryMax = result.MemoryMax
	binary := result.Clone
	if segments, ok := parsed.ActiveData(); ok {
		m.data = segments
	} else {
		binary, m.placesOwnData = result.Wasm, true
	}
	for _, e := range m.info.Exports {
		if e.Kind == ExternFunc {
			m.exports[e.Name] = Func{len(m.names)}
			m.names = append(m.names, e.Name)
		}
	}
	loaded := false
	defer func() { // also when the compiler panics
		if !loaded {
			m.free()
		}
	}()
	if err = m.compile(ctx, binary); err != nil {
		var load *LoadError
		if errors.As(err, &load) {
			return nil, err
		}
		return nil, refuse("the binary is not valid", trimCompileError(err))
	}
	if err = m.takeSnapshot(ctx); err != nil {
		return nil, err
	}
	m.spec.Wasm = nil
	if m.snapshot != nil {
		m.data = nil // clones start from the snapshot
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, ErrClosed
	}
	loaded = true
	r.modules[m] = struct{}{}
	return m, nil
}

// effectiveIsolation falls back to fresh instances where restoring would not reach: tables and segments that change.
func effectiveIsolation(asked Isolation, parsed *rewrite.Module) Isolation {
	switch {
	case asked == "":
		asked = Pristine
		fallthrough
	case asked == Pristine && (parsed.Traits.MutatesTables || parsed.Traits.DropsSegments):
		if parsed.Traits.MutatesTables || parsed.Traits.DropsSegments {
			return Fresh
		}
	}
	return asked
}

func trimCompileError(err error) error {
	text, _, _ := strings.Cut(err.Error(), "\n")
	return errors.New(text)
}

// link makes one host module for each import module name, holding just the functions that the guest imports.
func (m *Module) link(ctx context.Context) error {
	builders := map[string]wazero.HostModuleBuilder{}
	add := func(module, name string, f HostFunc, params, results []ValueType) {
		b := builders[module]
		if b == nil {
			b = m.engine.NewHostModuleBuilder(module)
			builders[module] = b
		}
		b.NewFunctionBuilder().WithGoModuleFunction(m.wrap(f), valueTypes(params), valueTypes(results)).WithName(name).Export(name)
	}
	done := map[[2]string]bool{}
	for _, i := range m.info.Imports {
		if i.Kind != ExternFunc || done[[2]string{i.Module, i.Name}] {
			continue
		}
		done[[2]string{i.Module, i.Name}] = true
		f, err := m.resolve(i)
		if err != nil {
			return &LoadError{Module: m.spec.Name, Import: fmt.Sprintf("%s %s", i.Module, i.Name), Reason: err.Error()}
		}
		add(i.Module, i.Name, f, i.Params, i.Results)
	}
	poll := func(in *Instance, stack []uint64) { stack[0] = uint64(uint32(in.poll(int32(stack[0])))) }
	b := m.engine.NewHostModuleBuilder(pollModule)
	b.NewFunctionBuilder().WithGoModuleFunction(unwrapped(poll), valueTypes([]ValueType{ValueI32}), valueTypes([]ValueType{ValueI32})).Export(rewrite.PollName)
	builders[pollModule] = b
	for module, b := range builders {
		if _, err := b.Instantiate(ctx); err != nil {
			return &LoadError{Module: m.spec.Name, Reason: "the imports of " + module + " cannot be linked", Err: err}
		}
	}
	return nil
}

func (m *Module) resolve(i Import) (HostFunc, error) {
	if i.Module == wasiModule {
		return m.resolveWASI(i)
	}
	if m.spec.Resolve == nil {
		return nil, errors.New("nothing is offered to this module")
	}
	return m.spec.Resolve(i)
}

// unwrapped finds the instance by a type assertion: a context value would cost a search.
func unwrapped(f HostFunc) api.GoModuleFunc {
	return func(ctx context.Context, _ api.Module, stack []uint64) { f(ctx.(*callContext).in, stack) }
}

// wrap counts host calls and looks at the deadline: a guest that does nothing but call the host never runs out of fuel.
func (m *Module) wrap(f HostFunc) api.GoModuleFunc {
	limit := m.limits.HostCalls
	return func(ctx context.Context, _ api.Module, stack []uint64) {
		in := ctx.(*callContext).in
		in.hostCalls++
		if in.hostCalls > limit && limit > 0 {
			in.Fail(ErrHostCalls)
		}
		if in.hostCalls&0xff == 0 {
			in.checkTime()
		}
		f(in, stack)
	}
}

func valueTypes(types []ValueType) []api.ValueType {
	out := make([]api.ValueType, len(types))
	for i, t := range types {
		out[i] = api.ValueType(t)
	}
	return out
}
