package wasip1

import (
	"crypto/rand"
	"encoding/binary"
	"runtime"
)

// This file holds arguments, environment, clocks and randomness.

func (c call) putU32(at uint32, v uint32) Errno {
	b, ok := c.h.Read(at, 4)
	if !ok {
		return Fault
	}
	binary.LittleEndian.PutUint32(b, v)
	return Success
}

func (c call) putU64(at uint32, v uint64) Errno {
	b, ok := c.h.Read(at, 8)
	if !ok {
		return Fault
	}
	binary.LittleEndian.PutUint64(b, v)
	return Success
}

func argsGet(c call) Errno         { return c.strings(c.cfg.Args) }
func argsSizesGet(c call) Errno    { return c.sizes(c.cfg.Args) }
func environGet(c call) Errno      { return c.strings(c.cfg.Env) }
func environSizesGet(c call) Errno { return c.sizes(c.cfg.Env) }

// strings writes pointers to 0 and the zero-terminated strings to 1.
func (c call) strings(list []string) Errno {
	pointers, at := c.u32(0), uint64(c.u32(1))
	for i, s := range list {
		n := uint64(len(s)) + 1
		if at+n > 1<<32 {
			return Fault
		}
		b, ok := c.h.Read(uint32(at), uint32(n))
		if !ok {
			return Fault
		}
		copy(b, s)
		b[len(s)] = 0
		slot := uint64(pointers) + uint64(i)*4
		if slot > 1<<32-4 {
			return Fault
		}
		if e := c.putU32(uint32(slot), uint32(at)); e != Success {
			return e
		}
		at += n
	}
	return Success
}

// sizes writes the number of strings to 0 and their bytes with terminators to 1.
func (c call) sizes(list []string) Errno {
	bytes := 0
	for _, s := range list {
		bytes += len(s) + 1
	}
	if e := c.putU32(c.u32(0), uint32(len(list))); e != Success {
		return e
	}
	return c.putU32(c.u32(1), uint32(bytes))
}

// Clock identifiers.
const (
	clockRealtime = iota
	clockMonotonic
	clockProcess
	clockThread
)

func clockResGet(c call) Errno {
	if c.u32(0) > clockThread {
		return Inval
	}
	return c.putU64(c.u32(1), 1)
}

func clockTimeGet(c call) Errno {
	t, ok := c.clock(c.u32(0))
	if !ok {
		return Inval
	}
	return c.putU64(c.u32(2), uint64(t))
}

// clock reads a clock in nanoseconds. The guest's CPU time is not measured; the
// monotonic clock stands in for it.
func (s *State) clock(id uint32) (int64, bool) {
	switch id {
	case clockRealtime:
		return s.cfg.Now().UnixNano(), true
	case clockMonotonic, clockProcess, clockThread:
		return int64(s.cfg.Now().Sub(s.started)), true
	}
	return 0, false
}

// randomGet fills a buffer from the operating system's generator. There is no
// generator in the state, so a restored instance never sees the same bytes twice.
func randomGet(s *State, h Host, stack []uint64) error {
	c := call{s, h, stack}
	b, ok := h.Read(c.u32(0), c.u32(1))
	if !ok {
		stack[0] = uint64(Fault)
		return nil
	}
	stack[0] = uint64(Success)
	for {
		n := min(len(b), 1<<20)
		rand.Read(b[:n]) // never fails, see its documentation
		if b = b[n:]; len(b) == 0 {
			return nil
		}
		if err := c.interrupted(); err != nil {
			return err
		}
	}
}

func schedYield(c call) Errno {
	runtime.Gosched()
	return Success
}
