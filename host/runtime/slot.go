package runtime

import "sync/atomic"

// Slot holds the module that serves, and lets another take its place while requests run. Safe for concurrent use; the zero value
// is empty.
type Slot struct{ current atomic.Pointer[Module] }

// Load returns the module in the slot, or nil.
func (s *Slot) Load() *Module { return s.current.Load() }

// Swap puts next into the slot at once and then waits until the calls in the module it replaces are over. A caller that got
// the old module and finds it closed (ErrClosed) loads the slot again.
func (s *Slot) Swap(next *Module) {
	if old := s.current.Swap(next); old != nil {
		old.Close()
	}
}
