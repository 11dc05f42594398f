// Package runtime runs WebAssembly modules: it compiles them, keeps pools of instances, gives each call an instance whose state
// is what it was after boot, and stops guests that overstep their limits. It is the only importer of wazero.
//
//	rt, err := runtime.New(runtime.Config{CacheDir: dir})
//	m, err := rt.Load(ctx, runtime.Spec{Name: "app/module", Wasm: wasm, Resolve: link})
//	in, err := m.Acquire(ctx)
//	in.Begin(ctx, deadline)
//	err = in.Call(ctx, f, stack)
//	in.Release()
//
// A Module is compiled code, a snapshot of one instance after its boot, and a pool. An Instance is a running copy with memory
// of its own; it belongs to one caller between Acquire and Release. A Trap is how a guest's failure is told.
//
// The package knows nothing of what guests and host say to each other: dialects give it the functions to link. WASI preview 1
// is the exception, because its descriptors are state that has to be restored.
package runtime
