package rewrite

import (
	"errors"
	"fmt"
)

// Sentinels for errors.Is. Every error of Parse wraps ErrMalformed,
// ErrUnsupported or ErrTooLarge; Rewrite adds ErrRefused.
var (
	// ErrMalformed is returned when the bytes are not a WebAssembly module.
	ErrMalformed = errors.New("malformed module")
	// ErrUnsupported is returned for features this host does not run, such as
	// legacy exception handling, memory64 or garbage collection types.
	ErrUnsupported = errors.New("unsupported feature")
	// ErrTooLarge is returned when a module passes an implementation limit.
	ErrTooLarge = errors.New("module exceeds a limit")
	// ErrRefused is returned when a well-formed module asks for something the
	// options do not allow, such as an imported memory.
	ErrRefused = errors.New("module refused")
)

// Error is what Parse and Rewrite return. Use errors.Is with the sentinels
// above for its class and errors.As for the position.
type Error struct {
	// Class is one of the sentinels of this package.
	Class error
	// Offset is the byte offset in the module where the problem was found, or
	// -1 when it belongs to no single place.
	Offset int
	// Text says what was found, without a trailing period.
	Text string
}

// Error returns class, text and, when known, the offset in hexadecimal.
func (e *Error) Error() string {
	if e.Offset < 0 {
		return fmt.Sprintf("%v: %s", e.Class, e.Text)
	}
	return fmt.Sprintf("%v at offset %#x: %s", e.Class, e.Offset, e.Text)
}

// Unwrap returns the class.
func (e *Error) Unwrap() error { return e.Class }

func malformed(off int, format string, args ...any) error {
	return &Error{Class: ErrMalformed, Offset: off, Text: fmt.Sprintf(format, args...)}
}

func unsupported(off int, format string, args ...any) error {
	return &Error{Class: ErrUnsupported, Offset: off, Text: fmt.Sprintf(format, args...)}
}

func tooLarge(off int, format string, args ...any) error {
	return &Error{Class: ErrTooLarge, Offset: off, Text: fmt.Sprintf(format, args...)}
}

func refused(format string, args ...any) error {
	return &Error{Class: ErrRefused, Offset: -1, Text: fmt.Sprintf(format, args...)}
}
