package runtime

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ianlancetaylor/demangle"
	"github.com/tetratelabs/wazero/sys"
)

// TrapKind says why a guest was stopped.
type TrapKind string

// Kinds of traps.
const (
	TrapUnreachable TrapKind = "unreachable"  // the guest gave up: a panic, abort or failed assertion
	TrapMemory      TrapKind = "memory"       // access outside memory
	TrapArithmetic  TrapKind = "arithmetic"   // division by zero, overflow of a conversion
	TrapTable       TrapKind = "table"        // a bad indirect call
	TrapStack       TrapKind = "stack"        // calls nested too deeply
	TrapException   TrapKind = "exception"    // thrown and not caught
	TrapExit        TrapKind = "exit"         // proc_exit
	TrapMemoryLimit TrapKind = "memory_limit" // gave up or went astray after more memory was refused
	TrapDeadline    TrapKind = "deadline"
	TrapFuel        TrapKind = "fuel"
	TrapHostCalls   TrapKind = "host_calls"
	TrapCancelled   TrapKind = "cancelled"
	TrapHost        TrapKind = "host" // a host function refused to go on, or failed
)

// Frame is one line of a backtrace.
type Frame struct {
	Function string // from the name section, or its number
}

// Trap is returned by Call when the guest was stopped. Its state is undefined until the instance is released.
type Trap struct {
	Kind    TrapKind
	Module  string
	Export  string
	Message string
	Frames  []Frame // innermost first
	Err     error   // a sentinel, or the error given to Fail; nil for traps of the guest's own
	// ExitCode is what the guest gave to proc_exit, with TrapExit.
	ExitCode uint32
}

func (t *Trap) Error() string {
	return fmt.Sprintf("%s: %s: %s", t.Module, t.Export, t.Message)
}

// Unwrap returns Err.
func (t *Trap) Unwrap() error { return t.Err }

// failure is what host functions panic with to stop a guest.
type failure struct{ err error }

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

var trapOfError = []struct {
	err  error
	kind TrapKind
}{
	{ErrDeadline, TrapDeadline}, {ErrFuel, TrapFuel}, {ErrHostCalls, TrapHostCalls}, {ErrStack, TrapStack}, {ErrCancelled, TrapCancelled},
}

// wazero 1.12 keeps the types of its own traps internal, so they are told apart by its texts, which its own tests pin.
var trapOfText = []struct {
	text string
	kind TrapKind
}{
	{"unreachable", TrapUnreachable}, {"out of bounds memory access", TrapMemory}, {"integer divide by zero", TrapArithmetic},
	{"integer overflow", TrapArithmetic}, {"invalid conversion to integer", TrapArithmetic}, {"invalid table access", TrapTable},
	{"indirect call type mismatch", TrapTable}, {"null reference", TrapTable}, {"stack overflow", TrapStack}, {"uncaught exception", TrapException},
	{"unaligned atomic", TrapMemory}, {"expected shared memory", TrapMemory},
}

const (
	wasmError  = "wasm error: "
	stackTrace = "\nwasm stack trace:\n\t"
)

func newTrap(module, binary, export string, err error) *Trap {
	t := &Trap{Kind: TrapHost, Module: module, Export: export}
	text, trace, _ := strings.Cut(err.Error(), stackTrace)
	trace, _, _ = strings.Cut(trace, "\n\n")
	t.Frames = parseFrames(trace, binary)
	var failed *failure
	var exit *sys.ExitError
	switch {
	case errors.As(err, &exit):
		t.Kind, t.Message, t.ExitCode = TrapExit, fmt.Sprintf("the guest called exit(%d)", exit.ExitCode()), exit.ExitCode()
	case errors.As(err, &failed):
		t.Err, t.Message = failed.err, failed.err.Error()
		for _, known := range trapOfError {
			if errors.Is(failed.err, known.err) {
				t.Kind = known.kind
			}
		}
	case strings.HasPrefix(text, wasmError):
		t.Message = strings.TrimPrefix(text, wasmError)
		for _, known := range trapOfText {
			if t.Message == known.text {
				t.Kind = known.kind
			}
		}
	default: // a panic of the host's own: its text stays inside
		t.Err, t.Message = err, "a host function failed"
	}
	return t
}

// parseFrames reads the engine's stack trace. It puts the name that the binary's name section gives the module before each
// function's, and mangled names of Rust and C++ are made readable.
func parseFrames(trace, binary string) (frames []Frame) {
	for line := range strings.SplitSeq(trace, "\n\t") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "...") {
			continue
		}
		name, _, _ := strings.Cut(line, "(")
		name = strings.TrimPrefix(strings.TrimPrefix(name, binary), ".")
		if strings.HasPrefix(name, pollModule) {
			continue
		}
		frames = append(frames, Frame{Function: demangle.Filter(name, demangle.NoParams)})
	}
	return frames
}
