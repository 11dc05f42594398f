package runtime

import (
	"context"
	"errors"
	"sync/atomic"
)

// Slot holds the module that serves, and lets another take its place while requests run. Safe for concurrent use; the zero value
// is empty.
type Slot struct{ current atomic.Pointer[Module] }

// Load returns the module in the slot, or nil.
func (s *Slot) Load() *Module { return s.current.Load() }

// Acquire gives an instance of the module in the slot, of its successor when it is replaced meanwhile. An empty slot and a
// module closed by other means answer ErrClosed; other errors are Module.Acquire's.
func (s *Slot) Acquire(ctx context.Context) (*Instance, error) {
	for {
		m := s.current.Load()
		if m == nil {
			return nil, ErrClosed
		}
		in, err := m.Acquire(ctx)
		if errors.Is(err, ErrClosed) && s.current.Load() != m {
			continue
		}
		return in, err
	}
}

// Swap puts next, which may be nil, into the slot at once and then waits until the calls in the module it replaces are over.
func (s *Slot) Swap(next *Module) {
	if old := s.current.Swap(next); old != nil {
		old.Close()
	}
}
