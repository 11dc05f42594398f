package wasip1

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"testing"
	"testing/fstest"
	"time"
)

// fakeHost has one page of memory.
type fakeHost struct {
	mem      [1 << 16]byte
	deadline time.Time
	done     chan struct{}
	out      [3]bytes.Buffer
}

func (h *fakeHost) Read(at, n uint32) ([]byte, bool) {
	if uint64(at)+uint64(n) > uint64(len(h.mem)) {
		return nil, false
	}
	return h.mem[at:][:n:n], true
}

func (h *fakeHost) Write(at uint32, b []byte) bool {
	v, ok := h.Read(at, uint32(len(b)))
	if ok {
		copy(v, b)
	}
	return ok
}

func (h *fakeHost) Deadline() time.Time     { return h.deadline }
func (h *fakeHost) Done() <-chan struct{}   { return h.done }
func (h *fakeHost) Output(fd int, p []byte) { h.out[fd].Write(p) }

func (h *fakeHost) u32(at uint32) uint32 { return binary.LittleEndian.Uint32(h.mem[at:]) }
func (h *fakeHost) u64(at uint32) uint64 { return binary.LittleEndian.Uint64(h.mem[at:]) }

// iovec writes buffers as an array at a place.
func (h *fakeHost) iovec(at uint32, pairs ...uint32) {
	for i, v := range pairs {
		binary.LittleEndian.PutUint32(h.mem[at+uint32(i)*4:], v)
	}
}

const bad = 0xffff_fff0 // a pointer outside memory

// world is a state with a host and short ways to call.
type world struct {
	*State
	*fakeHost
	t *testing.T
}

var testTime = time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)

func files() fs.FS {
	return fstest.MapFS{
		"hello.txt":     {Data: []byte("hello, world"), ModTime: testTime},
		"empty":         {},
		"sub/one.txt":   {Data: []byte("one")},
		"sub/two.txt":   {Data: []byte("two")},
		"sub/deep/x":    {Data: []byte("x")},
		"link":          {Data: []byte("hello.txt"), Mode: fs.ModeSymlink},
		"absolute":      {Data: []byte("/etc/passwd"), Mode: fs.ModeSymlink},
		"pipe":          {Mode: fs.ModeNamedPipe},
		"sub/back-link": {Data: []byte("../hello.txt"), Mode: fs.ModeSymlink},
	}
}

func newWorld(t *testing.T) *world {
	s := New(Config{
		Args: []string{"guest", "-v"}, Env: []string{"A=1", "LONG=value"},
		Dirs: []Dir{{Guest: "/", FS: files()}, {Guest: "/second", FS: fstest.MapFS{"f": {Data: []byte("2nd")}}}},
	})
	return &world{State: s, fakeHost: &fakeHost{}, t: t}
}

// call runs a function with garbage in the upper halves of i32 parameters.
func (w *world) call(name string, args ...uint64) Errno {
	w.t.Helper()
	e, err := w.callErr(name, args...)
	if err != nil {
		w.t.Fatalf("%s: %v", name, err)
	}
	return e
}

func (w *world) callErr(name string, args ...uint64) (Errno, error) {
	w.t.Helper()
	f, ok := Functions[name]
	if !ok || len(args) != len(f.Params) {
		w.t.Fatalf("%s%v: no such function or wrong number of arguments", name, args)
	}
	stack := make([]uint64, max(len(args), 1))
	for i, a := range args {
		stack[i] = a
		if f.Params[i] == I32 {
			stack[i] = a&0xffff_ffff | 0xdead_beef_0000_0000
		}
	}
	err := f.Call(w.State, w.fakeHost, stack)
	return Errno(stack[0]), err
}

func (w *world) want(want Errno, name string, args ...uint64) {
	w.t.Helper()
	if got := w.call(name, args...); got != want {
		w.t.Errorf("%s%x = errno %d, want %d", name, args, got, want)
	}
}

// path puts a path at 60000 and returns pointer and length.
func (w *world) path(p string) (at, n uint64) {
	copy(w.mem[60000:], p)
	return 60000, uint64(len(p))
}

// open opens a path below descriptor 3 and returns the new descriptor.
func (w *world) open(p string, oflags, rights uint64) (uint64, Errno) {
	w.t.Helper()
	at, n := w.path(p)
	e := w.call("path_open", 3, followLinks, at, n, oflags, rights, 0, 0, 59000)
	return uint64(w.u32(59000)), e
}

func (w *world) mustOpen(p string) uint64 {
	w.t.Helper()
	fd, e := w.open(p, 0, rightRead)
	if e != Success {
		w.t.Fatalf("open %s: errno %d", p, e)
	}
	return fd
}

// read reads n bytes by fd_read.
func (w *world) read(fd uint64, n uint32) string {
	w.t.Helper()
	w.iovec(1000, 2000, n)
	w.want(Success, "fd_read", fd, 1000, 1, 1100)
	return string(w.mem[2000 : 2000+w.u32(1100)])
}
