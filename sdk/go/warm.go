package stackhost

import (
	"runtime"

	"github.com/stackhost/stackhost/sdk/go/internal/wire"
)

// warm runs the SDK's and the runtime's own first-time work, so that requests start from memory in which it is done: the codec,
// a goroutine, the heap at a size that ordinary handlers do not outgrow, a clean collector, and a deep stack.
func warm() {
	calibrate()
	rec := wire.HTTPRequest{Method: "GET", Path: "/", Host: "boot", Random: make([]byte, 16)}
	rec.Headers.AddHeader("accept", "*/*")
	var back wire.HTTPRequest
	if back.Decode(rec.Append(nil)) != nil {
		panic("stackhost: the record codec is broken")
	}
	done := make(chan bool)
	go func() { done <- true }()
	<-done
	grow(1 << 20)
	runtime.GC()
	runtime.GC() // the second one sweeps what the first one left
	deepen(24)
	touchClasses()
}

// kept keeps grow's allocation alive until the heap has it.
var kept []byte

func grow(n int) {
	kept = make([]byte, n)
	kept = nil
}

// deepen uses the stack down to n KiB, so that it does not have to grow in a request.
//
//go:noinline
func deepen(n int) byte {
	var frame [1024]byte
	frame[n&1023] = 1
	if n == 0 {
		return frame[0]
	}
	return deepen(n-1) + frame[n&1023]
}

// touchClasses gets a span of each small size class into the allocator's cache.
func touchClasses() {
	for n := 8; n <= 2048; n += n / 2 {
		kept = make([]byte, n)
	}
	kept = nil
}
