package runtime

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/stackhost/stackhost/host/runtime/internal/wasip1"
	"github.com/tetratelabs/wazero/sys"
)

const wasiModule = wasip1.Module

// wasiState is an instance's descriptors. Modules that import nothing of WASI have none.
type wasiState struct{ *wasip1.State }

type wasiSnapshot = *wasip1.Snapshot

func (in *Instance) initWASI() {
	m := in.module
	if !slices.ContainsFunc(m.info.Imports, func(i Import) bool { return i.Module == wasiModule }) {
		return
	}
	cfg := wasip1.Config{Args: m.spec.Args, OutputBytes: m.limits.LogBytes}
	if len(cfg.Args) == 0 {
		cfg.Args = []string{m.spec.Name}
	}
	for _, k := range slices.Sorted(maps.Keys(m.spec.Env)) {
		cfg.Env = append(cfg.Env, k+"="+m.spec.Env[k])
	}
	for _, d := range m.spec.Dirs {
		cfg.Dirs = append(cfg.Dirs, wasip1.Dir{Guest: d.Guest, FS: d.FS})
	}
	in.wasi = wasiState{wasip1.New(cfg)}
}

func (w wasiState) snapshot() (s wasiSnapshot) {
	if w.State != nil {
		s = w.State.Snapshot()
	}
	return s
}

func (w wasiState) restore(s wasiSnapshot) {
	if w.State != nil {
		w.State.Restore(s)
	}
}

func (w wasiState) adopt(s wasiSnapshot) {
	if w.State != nil {
		w.State.Adopt(s)
	}
}

func (w wasiState) close() {
	if w.State != nil {
		w.State.Close()
	}
}

// resolveWASI links a function of WASI preview 1.
func (m *Module) resolveWASI(i Import) (HostFunc, error) {
	f, ok := wasip1.Functions[i.Name]
	if !ok {
		return nil, fmt.Errorf("WASI preview 1 has no function %q", i.Name)
	}
	if !slices.EqualFunc(f.Params, i.Params, sameType) || !slices.EqualFunc(f.Results, i.Results, sameType) {
		return nil, errors.New("it has another signature than WASI preview 1 says")
	}
	return func(in *Instance, stack []uint64) {
		err := f.Call(in.wasi.State, wasiHost{in}, stack)
		var exit *wasip1.ExitError
		switch {
		case err == nil:
		case errors.As(err, &exit):
			panic(sys.NewExitError(exit.Code))
		case errors.Is(err, wasip1.ErrInterrupted):
			in.checkTime()
			in.Fail(ErrCancelled)
		default:
			in.Fail(err)
		}
	}, nil
}

func sameType(a wasip1.ValueType, b ValueType) bool { return byte(a) == byte(b) }

// wasiHost is an instance as WASI's functions see it.
type wasiHost struct{ in *Instance }

func (h wasiHost) Read(offset, n uint32) ([]byte, bool) { return h.in.memory.Read(offset, n) }
func (h wasiHost) Write(offset uint32, b []byte) bool   { return h.in.memory.Write(offset, b) }
func (h wasiHost) Deadline() time.Time                  { return h.in.deadline }
func (h wasiHost) Done() <-chan struct{} {
	if h.in.parent == nil {
		return nil
	}
	return h.in.parent.Done()
}

func (h wasiHost) Output(fd int, p []byte) {
	if out := h.in.module.spec.Output; out != nil {
		out(h.in, fd, p)
	}
}
