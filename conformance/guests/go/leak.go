package main

import (
	"bytes"
	"strconv"

	stackhost "github.com/stackhost/stackhost/sdk/go"
)

// Places where a guest can leave something behind.
var (
	static   [64 << 10]byte
	onHeap   = make([]byte, 64<<10)
	global   uint64
	textKept string
	keptMap  = map[string]string{}
	grown    []byte // nil until a request makes it

	zeros [4096]byte // never written
)

// leak looks for traces of earlier requests and then leaves its own everywhere: a guest that does all it can to tell one
// client what another one sent.
func leak(w *stackhost.Response, r *stackhost.Request) error {
	found := ""
	look := func(name string, area []byte) {
		for at := 0; at < len(area) && found == ""; at += len(zeros) {
			part := area[at:min(at+len(zeros), len(area))]
			if !bytes.Equal(part, zeros[:len(part)]) {
				found = name + " near " + strconv.Itoa(at) + ": " + strconv.Quote(string(part[:min(32, len(part))]))
			}
		}
	}
	look("static buffer", static[:])
	look("heap", onHeap)
	if global != 0 && found == "" {
		found = "global: " + strconv.FormatUint(global, 16)
	}
	if textKept != "" && found == "" {
		found = "string: " + strconv.Quote(textKept)
	}
	if len(keptMap) != 0 && found == "" {
		found = "map with " + strconv.Itoa(len(keptMap)) + " entries"
	}
	if grown != nil && found == "" {
		found = "grown memory of " + strconv.Itoa(len(grown)) + " bytes"
	}
	grown = make([]byte, 1<<20)
	look("fresh memory", grown)

	marker := r.Header("x-marker")
	if marker == "" {
		marker = "unmarked"
	}
	for _, area := range [][]byte{static[:], onHeap, grown} {
		for n := copy(area, marker); n < len(area); {
			n += copy(area[n:], area[:n])
		}
	}
	for _, c := range []byte(marker) {
		global = global*31 + uint64(c)
	}
	textKept = marker
	keptMap[marker] = marker
	if found != "" {
		return w.Text("leak: " + found)
	}
	return w.Text("clean")
}

// held keeps what /t/grow asked for.
var held [][]byte

func growMemory(w *stackhost.Response, r *stackhost.Request) error {
	mb := number(r, "mb", 1)
	return w.JSON(stackhost.Object{{Name: "ok", Value: tryGrow(mb)}})
}

// tryGrow takes mb MiB. Go's heap cannot answer that there is no room: the module ends then, and the host reports it.
func tryGrow(mb int) bool {
	for range mb {
		b := make([]byte, 1<<20)
		b[0] = 1
		held = append(held, b)
	}
	return true
}
