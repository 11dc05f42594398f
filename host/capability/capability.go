// Package capability is the frame in which the host offers functions to guests.
//
// A capability lives in a folder of its own below this one and has three moments: its Config is read from the manifest, its
// constructor validates that and returns a Capability, and a Set prepares the Capability for one module by resolving the
// module's imports. Nothing is offered to a module that is not in its Set.
//
// Functions come in the two shapes of ABI v1: structured calls (Call), which take a request record and append a reply
// record, and direct functions (Direct), which take up to three i32 arguments. The Set wraps both: it checks pointers,
// keeps replies that do not fit, remembers error texts and turns Go errors into codes. A refused or failed operation
// never traps; a pointer outside the guest's memory does.
package capability

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/runtime"
)

// Call is a structured function: it reads the request record in req, which is guest memory and must not be kept after the
// return, appends the reply record to out and returns it. Called concurrently for one Session by batch, never otherwise.
type Call func(s *Session, req, out []byte) ([]byte, error)

// Direct is a direct function. Pointers among the arguments are offsets into s.Memory(). The result is at least 0; errors
// become codes.
type Direct func(s *Session, args [3]uint32) (int64, error)

// Capability is a named group of functions, configured for one module. Implementations are safe for concurrent use.
type Capability interface {
	Name() string
	// Functions returns what the capability offers; a name is in one of the maps.
	Functions() (map[string]Call, map[string]Direct)
}

// Set is what one module may use. Immutable; safe for concurrent use.
type Set struct {
	calls   map[string]map[string]Call
	directs map[string]map[string]Direct
}

// NewSet makes a Set of the given capabilities. Two of the same name are a programming error and panic.
func NewSet(capabilities ...Capability) *Set {
	s := &Set{calls: map[string]map[string]Call{}, directs: map[string]map[string]Direct{}}
	for _, c := range capabilities {
		if _, twice := s.calls[c.Name()]; twice {
			panic("capability: " + c.Name() + " given twice")
		}
		s.calls[c.Name()], s.directs[c.Name()] = c.Functions()
	}
	return s
}

// Granted tells whether the capability called name is in s.
func (s *Set) Granted(name string) bool {
	_, ok := s.calls[name]
	return ok
}

// Call returns a structured function, for batch and for engines that reach capabilities without imports.
func (s *Set) Call(capability, function string) (Call, error) {
	calls, ok := s.calls[capability]
	if !ok {
		if find(capability) == nil {
			return nil, abi.Errorf(abi.CodeUnsupported, "this host has no capability %q", capability)
		}
		return nil, abi.Errorf(abi.CodeDenied, "capability %q is not granted to this module", capability)
	}
	call, ok := calls[function]
	if !ok {
		return nil, abi.Errorf(abi.CodeUnsupported, "this host does not know %s %s as a structured call", capability, function)
	}
	return call, nil
}

// Direct returns a direct function, for engines that reach capabilities without imports.
func (s *Set) Direct(capability, function string) (Direct, bool) {
	d, ok := s.directs[capability][function]
	return d, ok
}

const prefix = "stackhost:"

// Resolve returns the host function for one import of a native module. An error refuses the module: an unknown module
// name, capability or major version, a capability that is not granted, or a wrong signature. A function that this host does
// not know, inside a capability that it does know, answers unsupported, so newer guests run on older hosts.
func (s *Set) Resolve(imp runtime.Import) (runtime.HostFunc, error) {
	name, ok := strings.CutPrefix(imp.Module, prefix)
	if !ok {
		return nil, fmt.Errorf("this host has no import module %q; native modules import %s<capability>@1 and wasi_snapshot_preview1", imp.Module, prefix)
	}
	name, version, _ := strings.Cut(name, "@")
	known := find(name)
	switch {
	case known == nil:
		return nil, fmt.Errorf("this host has no capability %q", name)
	case version != fmt.Sprint(known.Version):
		return nil, fmt.Errorf("this host has version %d of capability %q, not %q", known.Version, name, version)
	case !s.Granted(name):
		form := `["…"]`
		if name == "fetch" {
			form = "{ … }"
		}
		return nil, fmt.Errorf("capability %q is not granted: add `grants.%s = %s` to the module in stackhost.toml", name, name, form)
	case !slices.Equal(imp.Results, []runtime.ValueType{runtime.ValueI64}):
		return nil, fmt.Errorf("a function of %q returns one i64", imp.Module)
	}
	for _, p := range imp.Params {
		if p != runtime.ValueI32 {
			return nil, fmt.Errorf("a function of %q takes only i32", imp.Module)
		}
	}
	full := name + " " + imp.Name
	if call, ok := s.calls[name][imp.Name]; ok {
		if len(imp.Params) != 4 {
			return nil, fmt.Errorf("%s takes (req_ptr, req_len, out_ptr, out_cap)", full)
		}
		return structured(full, call), nil
	}
	if direct, ok := s.directs[name][imp.Name]; ok {
		if f := findFunction(known, imp.Name); f != nil && len(f.Params) != len(imp.Params) {
			return nil, fmt.Errorf("%s takes (%s)", full, strings.Join(f.Params, ", "))
		}
		return plain(full, direct, len(imp.Params)), nil
	}
	return plain(full, func(*Session, [3]uint32) (int64, error) {
		return 0, abi.Errorf(abi.CodeUnsupported, "this host does not know %s", full)
	}, 0), nil
}

func structured(full string, call Call) runtime.HostFunc {
	return func(in *runtime.Instance, stack []uint64) {
		s := sessionOf(in)
		reqPtr, reqLen := runtime.DecodeU32(stack[0]), runtime.DecodeU32(stack[1])
		outPtr, outCap := runtime.DecodeU32(stack[2]), runtime.DecodeU32(stack[3])
		req, ok := s.memory.Read(reqPtr, reqLen)
		if !ok {
			in.Fail(fmt.Errorf("%s: request at %d, %d bytes long, is outside memory", full, reqPtr, reqLen))
		}
		if _, ok := s.memory.Read(outPtr, outCap); !ok {
			in.Fail(fmt.Errorf("%s: reply area at %d, %d bytes long, is outside memory", full, outPtr, outCap))
		}
		if reqLen > abi.LimitRecordBytes {
			stack[0] = uint64(s.fail(abi.Errorf(abi.CodeLimit, "%s: the request record is over %d bytes", full, abi.LimitRecordBytes)))
			return
		}
		stop := s.trace(full)
		reply, err := call(s, req, s.scratch[:0])
		if err != nil {
			code := s.fail(err)
			stop(code)
			stack[0] = uint64(code)
			return
		}
		stop(0)
		s.scratch = reply
		if len(reply) <= int(outCap) {
			s.memory.Write(outPtr, reply)
		} else {
			s.keep(reply)
		}
		stack[0] = uint64(len(reply))
	}
}

func plain(full string, direct Direct, params int) runtime.HostFunc {
	return func(in *runtime.Instance, stack []uint64) {
		s := sessionOf(in)
		var args [3]uint32
		for i := range min(params, len(args)) {
			args[i] = runtime.DecodeU32(stack[i])
		}
		n, err := direct(s, args)
		if err != nil {
			if bad, ok := err.(*PointerError); ok {
				in.Fail(fmt.Errorf("%s: %w", full, bad))
			}
			n = int64(s.fail(err))
		}
		stack[0] = uint64(n)
	}
}

// PointerError stops the guest: it gave a pointer outside its memory.
type PointerError struct{ Ptr, Len uint32 }

func (e *PointerError) Error() string {
	return fmt.Sprintf("%d bytes at %d are outside memory", e.Len, e.Ptr)
}

func find(name string) *abi.CapabilityInfo {
	for i := range abi.Capabilities {
		if abi.Capabilities[i].Name == name {
			return &abi.Capabilities[i]
		}
	}
	return nil
}

func findFunction(c *abi.CapabilityInfo, name string) *abi.FunctionInfo {
	for i := range c.Functions {
		if c.Functions[i].Name == name {
			return &c.Functions[i]
		}
	}
	return nil
}
