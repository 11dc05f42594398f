package runtime

import "errors"

const wasiModule = "wasi_snapshot_preview1"

type wasiState struct{}
type wasiSnapshot struct{}

func (in *Instance) initWASI()                           {}
func (w *wasiState) snapshot() wasiSnapshot              { return wasiSnapshot{} }
func (w *wasiState) restore(wasiSnapshot)                {}
func (w *wasiState) close()                              {}
func (m *Module) resolveWASI(i Import) (HostFunc, error) { return nil, errors.New("no WASI") }
