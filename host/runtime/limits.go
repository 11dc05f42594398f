package runtime

import "time"

// Isolation says what a call finds in its instance.
type Isolation string

// Isolations.
const (
	Pristine Isolation = "pristine" // state as after boot, restored in place (the default)
	Reuse    Isolation = "reuse"    // what the last call left
	Fresh    Isolation = "fresh"    // a new instance, initialised and booted
)

// Limits of one module. Zero means the default; a negative number means no limit where that is allowed.
type Limits struct {
	MemoryBytes   int64         // linear memory, default 64 MiB; rounded down to pages of 64 KiB
	Time          time.Duration // of one call, default 10 s
	Fuel          int64         // of one call, in units of about one instruction, default none
	StackBytes    int64         // of nested calls, default 1 MiB
	HostCalls     int64         // of one call, default 100,000
	ResponseBytes int64         // of one answer, default 16 MiB; the dialect enforces it
	LogBytes      int64         // of one call's records, default 64 KiB; the dialect enforces it
	OutboundBytes int64         // of one call's outbound requests, default 10 MiB; the capability enforces it
	Concurrency   int           // instances at once, default 64
	Wait          time.Duration // for an instance, default 1 s
}

const pageSize = 64 << 10

// WithDefaults returns l with zeros filled in.
func (l Limits) WithDefaults() Limits {
	set := func(v *int64, def int64) {
		if *v == 0 {
			*v = def
		}
	}
	set(&l.MemoryBytes, 64<<20)
	set((*int64)(&l.Time), int64(10*time.Second))
	set(&l.Fuel, -1)
	set(&l.StackBytes, 1<<20)
	set(&l.HostCalls, 100_000)
	set(&l.ResponseBytes, 16<<20)
	set(&l.LogBytes, 64<<10)
	set(&l.OutboundBytes, 10<<20)
	set((*int64)(&l.Wait), int64(time.Second))
	if l.Concurrency == 0 {
		l.Concurrency = 64
	}
	l.MemoryBytes = min(l.MemoryBytes, maxMemory) / pageSize * pageSize
	return l
}

// maxMemory keeps every pointer below 2^31, so that a packed result is never negative.
const maxMemory = 2<<30 - 2*pageSize
