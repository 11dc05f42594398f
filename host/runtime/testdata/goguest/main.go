//go:build wasip1

// A Go guest that changes state, asks for randomness and uses a goroutine.
package main

import (
	"crypto/rand"
	"encoding/binary"
	"time"
)

var counter int
var kept [][]byte

//go:wasmexport count
func count() int32 {
	counter++
	return int32(counter)
}

//go:wasmexport random
func random() int64 {
	var b [8]byte
	rand.Read(b[:])
	return int64(binary.LittleEndian.Uint64(b[:]))
}

//go:wasmexport goroutine
func goroutine() int32 {
	answer := make(chan int32)
	go func() {
		time.Sleep(time.Microsecond)
		answer <- 42
	}()
	return <-answer
}

//go:wasmexport allocate
func allocate(mib int32) int32 {
	for range mib {
		kept = append(kept, make([]byte, 1<<20))
	}
	return int32(len(kept))
}

func main() {}
