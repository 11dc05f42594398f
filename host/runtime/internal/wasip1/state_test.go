package wasip1

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestSnapshot(t *testing.T) {
	w := newWorld(t)
	fd := w.mustOpen("hello.txt")
	w.read(fd, 7)
	boot := w.Snapshot()
	for range 3 {
		if got := w.read(fd, 5); got != "world" {
			t.Errorf("read %q after restore", got)
		}
		extra := w.mustOpen("sub/one.txt")
		w.want(Success, "fd_close", 1)
		w.Restore(boot)
		w.want(BadF, "fd_tell", extra, 0)
		w.want(Success, "fd_fdstat_get", 1, 0)
	}
	clone := New(w.cfg)
	clone.Adopt(boot)
	w.State = clone
	if got := w.read(fd, 5); got != "world" {
		t.Errorf("clone read %q", got)
	}
	if n := testing.AllocsPerRun(100, func() { w.Restore(boot) }); n != 0 {
		t.Errorf("%v allocations per restore", n)
	}
}

func TestExit(t *testing.T) {
	w := newWorld(t)
	_, err := w.callErr("proc_exit", 7)
	var exit *ExitError
	if !errors.As(err, &exit) || exit.Code != 7 {
		t.Errorf("proc_exit: %v", err)
	}
}

// TestRoot checks links that lead out of an os.Root.
func TestRoot(t *testing.T) {
	base := t.TempDir()
	secret := filepath.Join(base, "secret")
	folder := filepath.Join(base, "folder")
	for _, err := range []error{
		os.WriteFile(secret, []byte("secret"), 0o600), os.Mkdir(folder, 0o700),
		os.Symlink("../secret", filepath.Join(folder, "relative")),
		os.Symlink(secret, filepath.Join(folder, "absolute")),
		os.Symlink(base, filepath.Join(folder, "up")),
		os.WriteFile(filepath.Join(folder, "fine"), []byte("fine"), 0o600),
		os.Symlink("fine", filepath.Join(folder, "inside")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	w := newWorld(t)
	w.State = New(Config{Dirs: []Dir{{Guest: "/", FS: root.FS()}}})
	for _, p := range []string{"relative", "absolute", "up/secret", "../secret", "up/../../secret"} {
		if fd, e := w.open(p, 0, rightRead); e == Success {
			t.Errorf("%s opened: %q", p, w.read(fd, 100))
		}
		at, n := w.path(p)
		if e := w.call("path_filestat_get", 3, followLinks, at, n, 0); e == Success {
			t.Errorf("%s has a filestat", p)
		}
	}
	if got := w.read(w.mustOpen("inside"), 100); got != "fine" {
		t.Errorf("a link inside gave %q", got)
	}
	w.Close()
}

func BenchmarkRandom16(b *testing.B) {
	s, h := New(Config{}), &fakeHost{}
	stack := make([]uint64, 2)
	f := Functions["random_get"]
	for b.Loop() {
		stack[0], stack[1] = 0, 16
		f.Call(s, h, stack)
	}
}

func BenchmarkClock(b *testing.B) {
	s, h := New(Config{}), &fakeHost{}
	stack := make([]uint64, 3)
	f := Functions["clock_time_get"]
	for b.Loop() {
		stack[0], stack[1], stack[2] = 0, 0, 0
		f.Call(s, h, stack)
	}
}
