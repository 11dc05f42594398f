package quickjs

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/stackhost/stackhost/host/runtime"
)

// maxJSStack is how much of its stack of 1 MiB the interpreter lets a program use before it throws. Recursion must end as a
// RangeError of the program's, not as an overflow of the engine.
const maxJSStack = 256 << 10

// stackBytes is what the compiled engine needs of its own stack for that: several times as much, as measured.
const stackBytes = 8 << 20

// boot initialises the interpreter and evaluates the prelude and the program in it.
func (g *guest) boot(ctx context.Context, in *runtime.Instance) error {
	e := &engine{}
	c := g.begin(in, nil)
	c.e = e
	defer c.s.End()
	m := c.outer()
	var err error
	if e.fn, err = findFunctions(in.Module()); err != nil {
		return err
	}
	direct := func(name string, args ...uint64) (uint32, error) {
		f, ok := in.Module().Func(name)
		if !ok {
			return 0, fmt.Errorf("%w: it has no %s", errEngine, name)
		}
		v, err := m.run(f, args...)
		return runtime.DecodeU32(v), err
	}
	if code, err := direct("qjs_init"); err != nil || code != 0 {
		return fmt.Errorf("%w: qjs_init answered %d: %w", errEngine, code, err)
	}
	if e.ctx, err = direct("qjs_get_context_ptr"); err != nil {
		return err
	}
	if e.rt, err = direct("qjs_get_runtime_ptr"); err != nil {
		return err
	}
	if e.scratch, err = direct("wasm_malloc", scratchBytes+4096); err != nil || e.scratch == 0 {
		return fmt.Errorf("%w: no memory at boot: %w", errEngine, err)
	}
	e.scratch = (e.scratch + 4095) &^ 4095 // a page of its own
	if _, err = direct("qjs_set_max_stack_size", maxJSStack); err != nil {
		return err
	}
	name, free, err := m.alloc([]byte("host"))
	if err != nil {
		return err
	}
	box, err := direct("qjs_new_host_function", uint64(name), 4, 0)
	if err != nil {
		return err
	}
	if err := free(); err != nil {
		return err
	}
	hostFunction, err := unbox(in, box)
	if err != nil {
		return err
	}
	setup, err := c.eval(prelude(), preludeName)
	if err != nil {
		return err
	}
	entries, err := c.checked("runtime", func() (uint64, error) { return m.apply(setup, hostFunction) })
	if err != nil {
		return err
	}
	var mount, warm uint64
	for i, at := range []*uint64{&e.fetch, &e.middleware, &e.job, &e.command, &e.pump, &e.describe, &mount, &warm} {
		if *at, err = m.run(e.fn.getIndex, uint64(e.ctx), entries, uint64(i)); err != nil {
			return err
		}
	}
	if _, err := c.eval(g.spec.Source, g.spec.SourceName); err != nil {
		return err
	}
	if err := c.runJobs("boot"); err != nil {
		return err
	}
	program, err := c.eval([]byte(globalName), preludeName)
	if err != nil {
		return err
	}
	mounted, err := c.checked("boot", func() (uint64, error) { return m.apply(mount, program) })
	if err != nil {
		return err
	}
	has, err := m.str(mounted)
	if err != nil {
		return err
	}
	if err := c.warm(direct, warm); err != nil {
		return err
	}
	g.once.Do(func() {
		g.engine, g.triggers = e, strings.Fields(strings.Replace(has, "fetch", "http", 1))
	})
	if *g.engine != *e { // nothing before the program depends on anything that changes
		return fmt.Errorf("%w: it boots to other addresses each time", errEngine)
	}
	return nil
}

// globalName is where a bundled program leaves its exports; the bundler in host/engine uses the same name.
const globalName = "__stackhost_app"

// gcThreshold is how much a request may allocate before the collector looks for cycles. Memory is restored afterwards
// anyway, and a collection touches every object.
const gcThreshold = 8 << 20

// warm does the runtime's first-time work and leaves a heap that small requests do not outgrow.
func (c *call) warm(direct func(string, ...uint64) (uint32, error), warm uint64) error {
	if _, err := c.checked("boot", func() (uint64, error) { return c.outer().apply(warm) }); err != nil {
		return err
	}
	if err := c.runJobs("boot"); err != nil {
		return err
	}
	if _, err := direct("qjs_run_gc"); err != nil {
		return err
	}
	if _, err := direct("qjs_set_gc_threshold", gcThreshold); err != nil {
		return err
	}
	return fillHoles(direct)
}

// fillHoles takes the small free blocks that booting left all over the heap, so that what a request allocates lies side by
// side at the end: fewer pages to restore. The blocks are lost, some tens of kilobytes of the snapshot that all clones share.
func fillHoles(direct func(string, ...uint64) (uint32, error)) error {
	const roomBytes = 512 << 10
	room, err := direct("wasm_malloc", roomBytes) // larger than any hole, so at the end
	if err != nil || room == 0 {
		return err
	}
	if _, err := direct("wasm_free", uint64(room)); err != nil {
		return err
	}
	for size := uint64(4096); size >= 8; size = size * 3 / 4 {
		for range 4096 {
			at, err := direct("wasm_malloc", size)
			if err != nil {
				return err
			}
			if at == 0 || at >= room {
				if _, err := direct("wasm_free", uint64(at)); err != nil {
					return err
				}
				break
			}
		}
	}
	return nil
}

// unbox returns the value that a box of the engine holds.
func unbox(in *runtime.Instance, box uint32) (uint64, error) {
	b, ok := in.Memory().Read(box, 8)
	if !ok || box == 0 {
		return 0, errEngine
	}
	return le64(b), nil
}

// eval evaluates a script.
func (c *call) eval(source []byte, name string) (uint64, error) {
	m := c.outer()
	eval, ok := c.in.Module().Func("JS_Eval")
	if !ok {
		return 0, fmt.Errorf("%w: it has no JS_Eval", errEngine)
	}
	malloc := func(b []byte) (uint32, error) {
		v, err := m.run(c.e.fn.malloc, uint64(len(b)+1))
		ptr := runtime.DecodeU32(v)
		if err == nil && (ptr == 0 || !c.in.Memory().Write(ptr, b) || !c.in.Memory().Write(ptr+uint32(len(b)), zero)) {
			err = errNoMemory
		}
		return ptr, err
	}
	text, err := malloc(source)
	if err != nil {
		return 0, err
	}
	file, err := malloc([]byte(name))
	if err != nil {
		return 0, err
	}
	v, err := c.checked("boot", func() (uint64, error) {
		return m.run(eval, uint64(c.e.ctx), uint64(text), uint64(len(source)), uint64(file), 0)
	})
	if err != nil {
		return 0, err
	}
	for _, ptr := range []uint32{text, file} {
		if _, err := m.run(c.e.fn.freeMemory, uint64(ptr)); err != nil {
			return 0, err
		}
	}
	return v, nil
}

// checked turns an exception into an error.
func (c *call) checked(entry string, f func() (uint64, error)) (uint64, error) {
	v, err := f()
	if err == nil && tagOf(v) == tagException {
		err = c.thrown(entry)
	}
	return v, err
}

// thrown makes an error of the engine's pending exception.
func (c *call) thrown(entry string) error {
	m := c.outer()
	thrown, err := m.run(c.e.fn.exception, uint64(c.e.ctx))
	if err != nil {
		return err
	}
	var what exception
	if c.e.describe != 0 {
		told, err := m.apply(c.e.describe, thrown)
		if err != nil {
			return err
		}
		if isString(told) {
			text, err := m.str(told)
			if err != nil {
				return err
			}
			if json.Unmarshal([]byte(text), &what) == nil {
				return c.g.error(entry, what)
			}
		}
	}
	what.Message, _ = m.str(thrown)
	return c.g.error(entry, what)
}
