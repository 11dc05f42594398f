package quickjs

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/stackhost/stackhost/host/runtime"
)

// The engine's values are 64 bits wide: the upper half is a tag, the lower half a pointer or an integer (JSValue of
// QuickJS-NG with NaN boxing, as of the pinned build). Doubles have other upper halves.
const (
	tagString    = -7
	tagRope      = -6 // a string that was joined and not yet copied together
	tagObject    = -1
	tagInt       = 0
	tagUndefined = 3
	tagException = 6
)

const undefined = uint64(tagUndefined) << 32

func tagOf(v uint64) int32 { return int32(v >> 32) }

func isString(v uint64) bool { return tagOf(v) == tagString || tagOf(v) == tagRope }

func integer(n int32) uint64 { return uint64(uint32(n)) }

// engine is where an interpreter keeps what the host calls. The same in every clone of a snapshot.
type engine struct {
	ctx, rt uint32
	scratch uint32 // scratchBytes of memory for arguments
	// Entry points of the prelude.
	fetch, middleware, job, command, pump, describe uint64
	fn                                              functions
}

// scratch is laid out as:
//
//	0   a length that the engine writes
//	16  arguments, 8 bytes each
//	64  text
const (
	scratchArgs  = 16
	scratchText  = 64
	scratchBytes = 8192
)

// functions are the engine's exports that are used after boot.
type functions struct {
	call, newString, toCString, freeCString, getIndex, getBytes, newBytes, free, exception, jobPending, runJob, malloc, freeMemory,
	box runtime.Func
}

var errEngine = errors.New("quickjs: the engine is not the one that this dialect was written for")

func findFunctions(m *runtime.Module) (f functions, err error) {
	for name, at := range map[string]*runtime.Func{
		"JS_Call": &f.call, "JS_NewStringLen": &f.newString, "JS_ToCStringLen2": &f.toCString, "JS_FreeCString": &f.freeCString,
		"JS_GetPropertyUint32": &f.getIndex, "JS_GetUint8Array": &f.getBytes, "JS_NewUint8ArrayCopy": &f.newBytes,
		"JS_FreeValue": &f.free, "JS_GetException": &f.exception, "JS_IsJobPending": &f.jobPending,
		"JS_ExecutePendingJob": &f.runJob, "wasm_malloc": &f.malloc, "wasm_free": &f.freeMemory, "qjs_get_undefined": &f.box,
	} {
		found, ok := m.Func(name)
		if !ok {
			return f, fmt.Errorf("%w: it has no %s", errEngine, name)
		}
		*at = found
	}
	return f, nil
}

// machine drives an engine in one instance. stack is scratch space for the calls; a host function uses a machine of its own.
type machine struct {
	e     *engine
	in    *runtime.Instance
	stack *[8]uint64
}

func (c *call) outer() machine { return machine{c.e, c.in, &c.stack} }
func (c *call) host() machine  { return machine{c.e, c.in, &c.inner} }

// run calls an export of the engine with up to eight parameters.
func (m machine) run(f runtime.Func, args ...uint64) (uint64, error) {
	copy(m.stack[:], args)
	if err := m.in.Call(nil, f, m.stack[:max(len(args), 1)]); err != nil {
		return 0, err
	}
	return m.stack[0], nil
}

// apply calls a JavaScript function. The result may be an exception.
func (m machine) apply(f uint64, args ...uint64) (uint64, error) {
	if len(args) > 0 {
		var b [32]byte
		for i, a := range args {
			binary.LittleEndian.PutUint64(b[8*i:], a)
		}
		m.in.Memory().Write(m.e.scratch+scratchArgs, b[:8*len(args)])
	}
	return m.run(m.e.fn.call, uint64(m.e.ctx), f, undefined, uint64(len(args)), uint64(m.e.scratch+scratchArgs))
}

// alloc writes b, and a NUL behind it, into the engine's memory. free releases it.
func (m machine) alloc(b []byte) (ptr uint32, free func() error, err error) {
	memory := m.in.Memory()
	if len(b) < scratchBytes-scratchText {
		ptr = m.e.scratch + scratchText
		memory.Write(ptr, b)
		memory.Write(ptr+uint32(len(b)), zero)
		return ptr, nothing, nil
	}
	at, err := m.run(m.e.fn.malloc, uint64(len(b)+1))
	if err != nil {
		return 0, nothing, err
	}
	ptr = runtime.DecodeU32(at)
	if ptr == 0 || !memory.Write(ptr, b) || !memory.Write(ptr+uint32(len(b)), zero) {
		return 0, nothing, fmt.Errorf("%w: %d bytes", errNoMemory, len(b))
	}
	return ptr, func() error {
		_, err := m.run(m.e.fn.freeMemory, uint64(ptr))
		return err
	}, nil
}

var (
	zero        = []byte{0}
	errNoMemory = errors.New("quickjs: the engine's memory is full")
)

func nothing() error { return nil }

// newString makes a string of UTF-8.
func (m machine) newString(b []byte) (uint64, error) {
	ptr, free, err := m.alloc(b)
	if err != nil {
		return 0, err
	}
	v, err := m.run(m.e.fn.newString, uint64(m.e.ctx), uint64(ptr), uint64(len(b)))
	if err == nil {
		err = free()
	}
	return v, err
}

// newBytes makes a Uint8Array.
func (m machine) newBytes(b []byte) (uint64, error) {
	ptr, free, err := m.alloc(b)
	if err != nil {
		return 0, err
	}
	v, err := m.run(m.e.fn.newBytes, uint64(m.e.ctx), uint64(ptr), uint64(len(b)))
	if err == nil {
		err = free()
	}
	return v, err
}

// text returns a value as UTF-8 in the engine's memory: valid until release is called or the engine runs on.
func (m machine) text(v uint64) (text []byte, ptr uint32, err error) {
	at, err := m.run(m.e.fn.toCString, uint64(m.e.ctx), uint64(m.e.scratch), v, 0)
	if err != nil {
		return nil, 0, err
	}
	if ptr = runtime.DecodeU32(at); ptr == 0 {
		return nil, 0, errNoMemory
	}
	text, ok := m.in.Memory().Read(ptr, m.length())
	if !ok {
		return nil, 0, errEngine
	}
	return text, ptr, nil
}

// release frees a text.
func (m machine) release(ptr uint32) error {
	_, err := m.run(m.e.fn.freeCString, uint64(m.e.ctx), uint64(ptr))
	return err
}

// str returns a value as a string of the host's.
func (m machine) str(v uint64) (string, error) {
	b, ptr, err := m.text(v)
	if err != nil {
		return "", err
	}
	s := string(b)
	return s, m.release(ptr)
}

// bytes returns the memory of a Uint8Array, and where it is. ok is false for other values.
func (m machine) bytes(v uint64) (b []byte, ptr uint32, ok bool, err error) {
	if tagOf(v) != tagObject {
		return nil, 0, false, nil
	}
	at, err := m.run(m.e.fn.getBytes, uint64(m.e.ctx), uint64(m.e.scratch), v)
	if err != nil {
		return nil, 0, false, err
	}
	n := m.length()
	if ptr = runtime.DecodeU32(at); ptr == 0 && n != 0 {
		return nil, 0, false, nil
	}
	b, ok = m.in.Memory().Read(ptr, n)
	return b, ptr, ok, nil
}

// length reads what the engine wrote to the front of scratch.
func (m machine) length() uint32 {
	b, _ := m.in.Memory().Read(m.e.scratch, 4)
	if len(b) < 4 {
		return 0
	}
	return binary.LittleEndian.Uint32(b)
}
