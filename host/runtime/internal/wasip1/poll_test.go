package wasip1

import (
	"encoding/binary"
	"errors"
	"math"
	"testing"
	"time"
)

// subscribe writes the i-th subscription at 1000.
func (w *world) subscribe(i int, user uint64, typ byte, id uint32, timeout uint64, flags uint16) {
	b := w.mem[1000+i*subscriptionSize:][:subscriptionSize]
	clear(b)
	le := binary.LittleEndian
	le.PutUint64(b, user)
	b[8] = typ
	le.PutUint32(b[16:], id)
	le.PutUint64(b[24:], timeout)
	le.PutUint16(b[40:], flags)
}

// event returns user data, errno and type of the i-th event at 3000.
func (w *world) event(i int) (user uint64, e Errno, typ byte) {
	b := w.mem[3000+i*eventSize:]
	return binary.LittleEndian.Uint64(b), Errno(binary.LittleEndian.Uint16(b[8:])), b[10]
}

func TestPollSleeps(t *testing.T) {
	w := newWorld(t)
	w.subscribe(0, 42, eventClock, clockMonotonic, uint64(5*time.Millisecond), 0)
	w.subscribe(1, 43, eventClock, clockMonotonic, uint64(time.Hour), 0)
	w.subscribe(2, 44, eventClock, clockRealtime, uint64(time.Now().Add(time.Hour).UnixNano()), absoluteTime)
	start := time.Now()
	w.want(Success, "poll_oneoff", 1000, 3000, 3, 5000)
	if d := time.Since(start); d < 5*time.Millisecond {
		t.Errorf("slept %v", d)
	}
	if user, e, typ := w.event(0); w.u32(5000) != 1 || user != 42 || e != Success || typ != eventClock {
		t.Errorf("%d events, first %d errno %d type %d", w.u32(5000), user, e, typ)
	}
}

func TestPollAbsolute(t *testing.T) {
	w := newWorld(t)
	w.subscribe(0, 1, eventClock, clockRealtime, uint64(time.Now().Add(3*time.Millisecond).UnixNano()), absoluteTime)
	w.subscribe(1, 2, eventClock, clockRealtime, 1, absoluteTime) // long ago
	w.want(Success, "poll_oneoff", 1000, 3000, 2, 5000)
	if user, _, _ := w.event(0); w.u32(5000) != 1 || user != 2 {
		t.Errorf("%d events, first %d", w.u32(5000), user)
	}
	// An absolute time a little after the chosen one must not fire with it.
	w.subscribe(0, 1, eventClock, clockRealtime, uint64(time.Now().Add(time.Hour).UnixNano()), absoluteTime)
	w.subscribe(1, 2, eventClock, clockMonotonic, uint64(time.Millisecond), 0)
	w.want(Success, "poll_oneoff", 1000, 3000, 2, 5000)
	if user, _, _ := w.event(0); w.u32(5000) != 1 || user != 2 {
		t.Errorf("%d events, first %d", w.u32(5000), user)
	}
}

func TestPollDescriptors(t *testing.T) {
	w := newWorld(t)
	fd := w.mustOpen("hello.txt")
	w.subscribe(0, 1, eventClock, clockMonotonic, uint64(time.Hour), 0)
	w.subscribe(1, 2, eventRead, uint32(fd), 0, 0)
	w.subscribe(2, 3, eventWrite, 1, 0, 0)
	w.subscribe(3, 4, eventRead, 99, 0, 0)
	w.subscribe(4, 5, eventClock, 77, 0, 0)
	w.want(Success, "poll_oneoff", 1000, 3000, 5, 5000)
	if n := w.u32(5000); n != 4 {
		t.Fatalf("%d events, want 4", n)
	}
	for i, want := range []Errno{Success, Success, BadF, Inval} {
		if user, e, _ := w.event(i); user != uint64(i)+2 || e != want {
			t.Errorf("event %d: user %d errno %d, want %d", i, user, e, want)
		}
	}
}

func TestPollDeadline(t *testing.T) {
	w := newWorld(t)
	w.deadline = time.Now().Add(10 * time.Millisecond)
	for _, timeout := range []uint64{uint64(time.Hour), math.MaxUint64} {
		w.subscribe(0, 1, eventClock, clockMonotonic, timeout, 0)
		if _, err := w.callErr("poll_oneoff", 1000, 3000, 1, 5000); !errors.Is(err, ErrInterrupted) {
			t.Errorf("past the deadline: %v", err)
		}
		if late := time.Since(w.deadline); late > 5*time.Second {
			t.Errorf("woke %v after the deadline", late)
		}
	}
}

func TestPollCancel(t *testing.T) {
	w := newWorld(t)
	w.done = make(chan struct{})
	w.subscribe(0, 1, eventClock, clockMonotonic, uint64(time.Hour), 0)
	time.AfterFunc(time.Millisecond, func() { close(w.done) })
	if _, err := w.callErr("poll_oneoff", 1000, 3000, 1, 5000); !errors.Is(err, ErrInterrupted) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestPollArguments(t *testing.T) {
	w := newWorld(t)
	w.subscribe(0, 1, eventClock, clockMonotonic, 0, 0)
	w.want(Success, "poll_oneoff", 1000, 3000, 1, 5000)
	w.want(Success, "poll_oneoff", 1000, 1000, 1, 5000) // areas may overlap
	w.subscribe(0, 1, 9, 0, 0, 0)
	w.want(Inval, "poll_oneoff", 1000, 3000, 1, 5000)
	w.want(Inval, "poll_oneoff", 1000, 3000, 0, 5000)
	w.want(Inval, "poll_oneoff", 1000, 3000, maxSubscriptions+1, 5000)
	w.want(Fault, "poll_oneoff", bad, 3000, 1, 5000)
	w.want(Fault, "poll_oneoff", 1000, bad, 1, 5000)
	w.want(Fault, "poll_oneoff", 1000, 3000, 1, bad)
}
