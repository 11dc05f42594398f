package runtime

import (
	"errors"
	"fmt"
)

// ErrBusy is returned by Acquire when every instance stayed in use for as long as Limits.Wait.
var ErrBusy = errors.New("runtime: all instances of the module are busy")

// ErrClosed is returned by Acquire when the module is closed or draining. The caller should look for its successor.
var ErrClosed = errors.New("runtime: the module is closed")

// ErrReleased is wrapped by the *Trap of a Call on an instance that its caller has given back.
var ErrReleased = errors.New("runtime: the instance was released")

// Sentinels that a *Trap of the matching kind wraps.
var (
	ErrDeadline  = errors.New("runtime: the guest used up its time")
	ErrFuel      = errors.New("runtime: the guest used up its fuel")
	ErrHostCalls = errors.New("runtime: the guest used up its host calls")
	ErrMemory    = errors.New("runtime: the guest used up its memory")
	ErrStack     = errors.New("runtime: the guest's calls are nested too deeply")
	ErrCancelled = errors.New("runtime: the caller went away")
)

// LoadError is returned by Load and Inspect when a module cannot be used. Its text says what to do about it.
type LoadError struct {
	Module string // "app/module", empty from Inspect
	Import string // the import that could not be linked, or ""
	Reason string
	Err    error
}

func (e *LoadError) Error() string {
	text := e.Reason
	if e.Import != "" {
		text = fmt.Sprintf("import %s: %s", e.Import, e.Reason)
	}
	if e.Module != "" {
		text = fmt.Sprintf("module %s: %s", e.Module, text)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the underlying error.
func (e *LoadError) Unwrap() error { return e.Err }
