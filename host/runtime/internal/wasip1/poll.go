package wasip1

import (
	"encoding/binary"
	"math"
	"runtime"
	"time"
)

// Sizes of records, and event types.
const (
	subscriptionSize = 48
	eventSize        = 32

	eventClock = 0
	eventRead  = 1
	eventWrite = 2

	absoluteTime = 1
)

// pollOneoff waits for clocks. Descriptors are always ready, as nothing here
// blocks; so when one is among the subscriptions there is no wait. A wait ends
// early, with ErrInterrupted, at the deadline or when the request ends.
func pollOneoff(s *State, h Host, stack []uint64) error {
	c := call{s, h, stack}
	e, err := c.poll()
	stack[0] = uint64(e)
	return err
}

func (c call) poll() (Errno, error) {
	n := c.u32(2)
	if n == 0 || n > maxSubscriptions {
		return Inval, nil
	}
	// Copied, because the areas for subscriptions and events may overlap.
	view, ok := c.h.Read(c.u32(0), n*subscriptionSize)
	if !ok {
		return Fault, nil
	}
	subs := append([]byte(nil), view...)
	out, ok := c.h.Read(c.u32(1), n*eventSize)
	if !ok {
		return Fault, nil
	}
	if _, ok := c.h.Read(c.u32(3), 4); !ok {
		return Fault, nil
	}
	count := 0
	add := func(sub []byte, e Errno, hangup bool) {
		ev := out[count*eventSize:][:eventSize]
		clear(ev)
		copy(ev, sub[:8]) // user data
		binary.LittleEndian.PutUint16(ev[8:], uint16(e))
		ev[10] = sub[8]
		if hangup {
			ev[24] = 1
		}
		count++
	}
	wait := time.Duration(math.MaxInt64)
	for i := range n {
		sub := subs[i*subscriptionSize:][:subscriptionSize]
		switch sub[8] {
		case eventClock:
			d, e := c.delay(sub)
			if e != Success {
				add(sub, e, false)
				wait = 0
			}
			wait = min(wait, d)
			// From here on it is a relative one, counted from the same moment.
			binary.LittleEndian.PutUint64(sub[24:], uint64(d))
			binary.LittleEndian.PutUint16(sub[40:], 0)
		case eventRead, eventWrite:
			d, e := c.fd(binary.LittleEndian.Uint32(sub[16:]))
			add(sub, e, e == Success && d.kind == kindInput)
			wait = 0
		default:
			return Inval, nil
		}
	}
	if err := c.sleep(wait); err != nil {
		return Success, err
	}
	for i := range n {
		sub := subs[i*subscriptionSize:][:subscriptionSize]
		if sub[8] == eventClock {
			if d, e := c.delay(sub); e == Success && d <= wait {
				add(sub, Success, false)
			}
		}
	}
	return c.putU32(c.u32(3), uint32(count)), nil
}

// delay is how long a clock subscription has to wait from now.
func (c call) delay(sub []byte) (time.Duration, Errno) {
	le := binary.LittleEndian
	now, ok := c.clock(le.Uint32(sub[16:]))
	if !ok {
		return 0, Inval
	}
	timeout := le.Uint64(sub[24:])
	if le.Uint16(sub[40:])&absoluteTime != 0 {
		timeout -= min(timeout, uint64(max(now, 0)))
	}
	return time.Duration(min(timeout, math.MaxInt64)), Success
}

// sleep waits for d, the deadline or the end of the request, whichever is first.
func (c call) sleep(d time.Duration) error {
	if d <= 0 {
		runtime.Gosched()
		return c.interrupted()
	}
	if deadline := c.h.Deadline(); !deadline.IsZero() {
		d = min(d, max(time.Until(deadline), 0))
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.h.Done():
	}
	return c.interrupted()
}

func (c call) interrupted() error {
	select {
	case <-c.h.Done():
		return ErrInterrupted
	default:
	}
	if deadline := c.h.Deadline(); !deadline.IsZero() && time.Until(deadline) <= 0 {
		return ErrInterrupted
	}
	return nil
}
