package runtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/runtime/internal/rewrite"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// snapshot is the state of an instance after its boot. Read-only.
type snapshot struct {
	image   *image
	size    uint64 // of memory, bytes
	globals []uint64
	wasi    wasiSnapshot
}

// bootTime bounds _initialize and boot together. Interpreters compile their program here.
const bootTime = 60 * time.Second

// takeSnapshot boots the first instance. It becomes the pool's first member.
func (m *Module) takeSnapshot(ctx context.Context) error {
	in, err := m.instantiate(ctx)
	if err != nil {
		return err
	}
	if len(m.names) > 0 {
		m.stackOf = findStack(in.mod.ExportedFunction(m.names[0]))
	}
	if err := in.boot(ctx); err != nil {
		in.destroy()
		return err
	}
	if m.isolation == Fresh {
		in.destroy() // each call boots one of its own; this one has shown that it can
		return m.pool.init(m, nil)
	}
	if err := in.warm(); err != nil {
		in.destroy()
		return err
	}
	s := &snapshot{size: uint64(in.memory.Size()), wasi: in.wasi.snapshot()}
	for _, g := range in.globals {
		s.globals = append(s.globals, g.Get())
	}
	content, _ := in.memory.Read(0, in.memory.Size())
	if s.image, err = newImage(content); err != nil {
		in.destroy()
		return &LoadError{Module: m.spec.Name, Reason: "no memory for a snapshot", Err: err}
	}
	m.snapshot = s
	if in.linear != nil {
		in.linear.snapshot = s
		if err := in.adopt(s); err != nil {
			in.destroy()
			return &LoadError{Module: m.spec.Name, Reason: "the snapshot cannot be mapped", Err: err}
		}
	}
	in.restoreGlobals()
	return m.pool.init(m, in)
}

// newInstance makes a pool member: a clone of the snapshot, or a booted instance where isolation is fresh.
func (m *Module) newInstance(ctx context.Context) (*Instance, error) {
	in, err := m.instantiate(ctx)
	if err != nil {
		return nil, err
	}
	if m.snapshot == nil {
		if err := in.boot(ctx); err != nil {
			in.destroy()
			return nil, err
		}
		return in, nil
	}
	in.restoreGlobals()
	in.wasi.adopt(m.snapshot.wasi)
	return in, nil
}

// instantiate makes an instance whose memory is the snapshot's, or, before there is one, what the data segments say.
func (m *Module) instantiate(ctx context.Context) (*Instance, error) {
	in := &Instance{module: m, funcs: make([]api.Function, len(m.names))}
	in.ctx.in = in
	in.use.Store(held)
	var failed error
	allocator := experimental.MemoryAllocatorFunc(func(_, max uint64) experimental.LinearMemory {
		in.linear, failed = m.newMemory(max)
		return in.linear
	})
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions()
	mod, err := m.engine.InstantiateModule(experimental.WithMemoryAllocator(context.WithoutCancel(ctx), allocator), m.compiled, config)
	if err == nil {
		err = failed
	}
	if err != nil {
		if in.linear != nil {
			in.linear.Free()
		}
		return nil, &LoadError{Module: m.spec.Name, Reason: "no instance can be made", Err: trimCompileError(err)}
	}
	m.counters.created.Add(1)
	in.mod = mod
	in.memory = Memory{mod.Memory()}
	if mod.Memory() == nil {
		in.memory = Memory{}
	}
	for _, g := range m.globals {
		in.globals = append(in.globals, mod.ExportedGlobal(g.Name).(api.MutableGlobal))
	}
	in.fuel = mod.ExportedGlobal(rewrite.FuelExport).(api.MutableGlobal)
	in.initWASI()
	if m.placesOwnData && m.snapshot != nil && in.linear != nil {
		// The engine wrote its data segments: lay the image over them once more.
		if err := in.adopt(m.snapshot); err != nil {
			in.destroy()
			return nil, err
		}
	}
	return in, nil
}

func (m *Module) newMemory(max uint64) (*linearMemory, error) {
	region, err := m.rt.slab.get(int(max))
	if err != nil {
		// The engine needs something; a region that is not the slab's must not go there.
		return &linearMemory{region: make([]byte, max), limit: max}, fmt.Errorf("no address space: %w", err)
	}
	l := &linearMemory{region: region, slab: m.rt.slab, limit: uint64(m.limits.MemoryBytes), snapshot: m.snapshot}
	if m.snapshot != nil {
		err = m.snapshot.image.mapInto(region)
	}
	return l, err
}

// boot does what a new instance needs before its first call: data segments, start function, _initialize, the dialect's boot.
func (in *Instance) boot(ctx context.Context) error {
	m := in.module
	if !m.placesOwnData {
		for _, s := range m.data {
			if !in.memory.Write(s.Offset, s.Bytes) {
				return &LoadError{Module: m.spec.Name, Reason: "a data segment lies outside memory"}
			}
		}
	}
	deadline := time.Now().Add(bootTime)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	in.begin(ctx, deadline)
	defer in.end()
	for _, name := range []string{rewrite.StartExport, abi.ExportInitialize, "__wasm_call_ctors"} {
		if name == "__wasm_call_ctors" && in.mod.ExportedFunction(abi.ExportInitialize) != nil {
			break // _initialize calls them
		}
		f := in.mod.ExportedFunction(name)
		if f == nil {
			continue
		}
		if err := in.call(f, name, nil); err != nil {
			return in.bootError(err)
		}
	}
	if m.spec.Boot != nil {
		if err := m.spec.Boot(in.Context(), in); err != nil {
			return in.bootError(err)
		}
	}
	return nil
}

func (in *Instance) warm() error {
	if in.module.spec.Warm == nil {
		return nil
	}
	in.begin(context.Background(), time.Now().Add(bootTime))
	defer in.end()
	if err := in.module.spec.Warm(in); err != nil {
		return in.bootError(err)
	}
	return nil
}

func (in *Instance) bootError(err error) error {
	var load *LoadError
	if errors.As(err, &load) {
		return err
	}
	return &LoadError{Module: in.module.spec.Name, Reason: "it failed while booting", Err: err}
}
