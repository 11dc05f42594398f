package main

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// testClock is a wall clock that is off by the milliseconds in a file, for tests that skew the clocks of nodes on one machine. It is
// used when STACKHOST_TEST_CLOCK names the file. Nil otherwise.
func testClock() func() time.Time {
	file := os.Getenv("STACKHOST_TEST_CLOCK")
	if file == "" {
		return nil
	}
	var off, read atomic.Int64
	return func() time.Time {
		now := time.Now()
		if last := read.Load(); now.UnixMilli()-last > 100 && read.CompareAndSwap(last, now.UnixMilli()) {
			if b, err := os.ReadFile(file); err == nil {
				ms, _ := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
				off.Store(ms)
			}
		}
		return now.Add(time.Duration(off.Load()) * time.Millisecond)
	}
}
