package wasip1

import (
	"encoding/binary"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAllFunctions(t *testing.T) {
	names := strings.Fields(`args_get args_sizes_get environ_get environ_sizes_get clock_res_get clock_time_get
		fd_advise fd_allocate fd_close fd_datasync fd_fdstat_get fd_fdstat_set_flags fd_fdstat_set_rights
		fd_filestat_get fd_filestat_set_size fd_filestat_set_times fd_pread fd_prestat_get fd_prestat_dir_name
		fd_pwrite fd_read fd_readdir fd_renumber fd_seek fd_sync fd_tell fd_write path_create_directory
		path_filestat_get path_filestat_set_times path_link path_open path_readlink path_remove_directory
		path_rename path_symlink path_unlink_file poll_oneoff proc_exit proc_raise sched_yield random_get
		sock_accept sock_recv sock_send sock_shutdown`)
	if len(names) != 46 || len(Functions) != 46 {
		t.Errorf("%d names, %d functions, want 46", len(names), len(Functions))
	}
	for _, n := range names {
		if _, ok := Functions[n]; !ok {
			t.Errorf("%s is missing", n)
		}
	}
}

func TestArgsAndEnviron(t *testing.T) {
	w := newWorld(t)
	for name, list := range map[string][]string{"args": {"guest", "-v"}, "environ": {"A=1", "LONG=value"}} {
		w.want(Success, name+"_sizes_get", 0, 4)
		if w.u32(0) != 2 || int(w.u32(4)) != len(list[0])+len(list[1])+2 {
			t.Errorf("%s sizes %d, %d", name, w.u32(0), w.u32(4))
		}
		w.want(Success, name+"_get", 100, 200)
		for i, s := range list {
			at := w.u32(100 + uint32(i)*4)
			if got := string(w.mem[at:][:len(s)+1]); got != s+"\x00" {
				t.Errorf("%s[%d] = %q, want %q", name, i, got, s)
			}
		}
		w.want(Fault, name+"_sizes_get", bad, 4)
		w.want(Fault, name+"_sizes_get", 0, bad)
		w.want(Fault, name+"_get", bad, 200)
		w.want(Fault, name+"_get", 100, bad)
	}
}

func TestClocks(t *testing.T) {
	w := newWorld(t)
	now := time.Now()
	w.cfg.Now = func() time.Time { return now }
	w.want(Success, "clock_time_get", clockRealtime, 1, 0)
	if got := int64(w.u64(0)); got != now.UnixNano() {
		t.Errorf("realtime %d, want %d", got, now.UnixNano())
	}
	w.want(Success, "clock_time_get", clockMonotonic, 1, 0)
	before := w.u64(0)
	now = now.Add(time.Second)
	w.want(Success, "clock_time_get", clockMonotonic, 1, 0)
	if got := w.u64(0) - before; got != uint64(time.Second) {
		t.Errorf("monotonic clock moved by %d", got)
	}
	w.want(Success, "clock_res_get", clockProcess, 8)
	if w.u64(8) != 1 {
		t.Errorf("resolution %d", w.u64(8))
	}
	w.want(Inval, "clock_time_get", 9, 1, 0)
	w.want(Inval, "clock_res_get", 9, 0)
	w.want(Fault, "clock_time_get", 0, 1, bad)
	w.want(Fault, "clock_res_get", 0, bad)
}

func TestRandom(t *testing.T) {
	w := newWorld(t)
	boot := w.Snapshot()
	seen := map[string]bool{}
	for range 100 {
		w.want(Success, "random_get", 0, 16)
		if key := string(w.mem[:16]); seen[key] {
			t.Fatal("the same bytes twice")
		} else {
			seen[key] = true
		}
		w.Restore(boot)
	}
	w.want(Success, "random_get", 0, 0)
	w.want(Fault, "random_get", bad, 100)
}

func TestOutput(t *testing.T) {
	w := newWorld(t)
	w.cfg.OutputBytes = 10
	boot := w.Snapshot()
	copy(w.mem[500:], "hello world")
	w.iovec(0, 500, 6, 506, 5)
	w.want(Success, "fd_write", 1, 0, 2, 100)
	if got := w.out[1].String(); got != "hello worl" || w.u32(100) != 11 || w.Dropped() != 1 {
		t.Errorf("wrote %q, told %d, dropped %d", got, w.u32(100), w.Dropped())
	}
	w.Restore(boot)
	w.want(Success, "fd_write", 2, 0, 1, 100)
	if got := w.out[2].String(); got != "hello " || w.Dropped() != 0 {
		t.Errorf("after restore wrote %q, dropped %d", got, w.Dropped())
	}
	w.want(BadF, "fd_write", 0, 0, 1, 100)
	w.want(BadF, "fd_write", 99, 0, 1, 100)
	w.want(BadF, "fd_write", 3, 0, 1, 100)
	w.want(Fault, "fd_write", 1, bad, 1, 100)
	w.want(Fault, "fd_write", 1, 0, 1, bad)
	w.want(Inval, "fd_write", 1, 0, maxVectors+1, 100)
	w.iovec(0, 65530, 100)
	w.want(Fault, "fd_write", 1, 0, 1, 100)
	w.want(SPipe, "fd_pwrite", 1, 0, 1, 0, 100)
	w.want(BadF, "fd_pwrite", w.mustOpen("hello.txt"), 0, 1, 0, 100)
}

func TestInputIsEmpty(t *testing.T) {
	w := newWorld(t)
	if got := w.read(0, 10); got != "" {
		t.Errorf("stdin gave %q", got)
	}
	w.want(SPipe, "fd_seek", 0, 0, 0, 100)
	w.want(BadF, "fd_read", 1, 1000, 1, 100)
}

func TestReadSeek(t *testing.T) {
	w := newWorld(t)
	fd := w.mustOpen("hello.txt")
	if got := w.read(fd, 5); got != "hello" {
		t.Errorf("read %q", got)
	}
	w.iovec(0, 2000, 3, 2100, 100)
	w.want(Success, "fd_read", fd, 0, 2, 50)
	if got := string(w.mem[2000:2003]) + string(w.mem[2100:2104]); got != ", world" || w.u32(50) != 7 {
		t.Errorf("vectors read %q, %d", got, w.u32(50))
	}
	if got := w.read(fd, 5); got != "" {
		t.Errorf("at the end %q", got)
	}
	w.want(Success, "fd_seek", fd, ^uint64(4), 2, 8) // -5
	if w.u64(8) != 7 || w.read(fd, 9) != "world" {
		t.Errorf("seek to %d", w.u64(8))
	}
	w.want(Success, "fd_seek", fd, ^uint64(1), 1, 8) // -2
	w.want(Success, "fd_tell", fd, 8)
	if w.u64(8) != 10 {
		t.Errorf("tell %d", w.u64(8))
	}
	w.iovec(0, 2000, 4)
	w.want(Success, "fd_pread", fd, 0, 1, 1, 50)
	if got := string(w.mem[2000:2004]); got != "ello" {
		t.Errorf("pread %q", got)
	}
	w.want(Success, "fd_tell", fd, 8)
	if w.u64(8) != 10 {
		t.Errorf("pread moved the offset to %d", w.u64(8))
	}
	w.want(Inval, "fd_pread", fd, 0, 1, ^uint64(0), 50)
	w.want(Inval, "fd_seek", fd, ^uint64(0), 0, 8)
	w.want(Inval, "fd_seek", fd, 1<<63-1, 1, 8)
	w.want(Inval, "fd_seek", fd, 0, 3, 8)
	w.want(IsDir, "fd_seek", 3, 0, 0, 8)
	w.want(IsDir, "fd_read", 3, 0, 1, 8)
	w.want(SPipe, "fd_tell", 1, 8)
	w.want(Fault, "fd_seek", fd, 0, 0, bad)
	w.want(Fault, "fd_tell", fd, bad)
	w.want(Fault, "fd_read", fd, bad, 1, 8)
	w.want(Fault, "fd_pread", fd, 0, 1, 0, bad)
}

func TestForwardOnlyFiles(t *testing.T) {
	w := newWorld(t)
	w.cfg.Dirs = slices.Clone(w.cfg.Dirs)
	w.cfg.Dirs[0].FS = forwardFS{files()}
	fd := w.mustOpen("hello.txt")
	w.iovec(0, 2000, 5)
	for _, at := range []uint64{7, 0, 3, 3, 12, 1} {
		w.want(Success, "fd_pread", fd, 0, 1, at, 50)
		want := "hello, world"[at:]
		want = want[:min(len(want), 5)]
		if got := string(w.mem[2000 : 2000+w.u32(50)]); got != want {
			t.Errorf("at %d got %q, want %q", at, got, want)
		}
	}
}

// forwardFS hides everything but Read.
type forwardFS struct{ fs.FS }

func (f forwardFS) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	return struct{ fs.File }{file}, err
}

func TestDescriptors(t *testing.T) {
	w := newWorld(t)
	a, b := w.mustOpen("hello.txt"), w.mustOpen("sub/one.txt")
	if a != 5 || b != 6 {
		t.Errorf("descriptors %d, %d, want 5, 6", a, b)
	}
	w.want(Success, "fd_renumber", b, a)
	if got := w.read(a, 10); got != "one" {
		t.Errorf("after renumber %q", got)
	}
	w.want(BadF, "fd_read", b, 0, 0, 0)
	w.want(Success, "fd_renumber", a, a)
	w.want(NotSup, "fd_renumber", a, 3)
	w.want(BadF, "fd_renumber", a, 99)
	w.want(Success, "fd_close", a)
	w.want(BadF, "fd_close", a)
	w.want(BadF, "fd_close", 0xffffffff)
	w.want(Success, "fd_close", 0)
	if fd := w.mustOpen("empty"); fd != 0 {
		t.Errorf("lowest descriptor is %d, want 0", fd)
	}
	for {
		if _, e := w.open("empty", 0, 0); e != Success {
			if e != MFile {
				t.Errorf("errno %d when the table is full", e)
			}
			break
		}
	}
	w.Close()
}

func TestFdstat(t *testing.T) {
	w := newWorld(t)
	fd := w.mustOpen("hello.txt")
	for _, c := range []struct {
		fd   uint64
		typ  byte
		base uint64
	}{{0, typeChar, rightRead}, {1, typeChar, rightWrite}, {3, typeDir, rightReaddir}, {fd, typeRegular, rightSeek}} {
		w.want(Success, "fd_fdstat_get", c.fd, 0)
		if w.mem[0] != c.typ || w.u64(8)&c.base == 0 {
			t.Errorf("fd %d: type %d, rights %x", c.fd, w.mem[0], w.u64(8))
		}
	}
	w.want(Success, "fd_fdstat_set_flags", fd, flagNonblock)
	w.want(Success, "fd_fdstat_get", fd, 0)
	if w.mem[2] != flagNonblock {
		t.Errorf("flags %x", w.mem[2])
	}
	w.want(Inval, "fd_fdstat_set_flags", fd, 1<<7)
	w.want(Success, "fd_fdstat_set_rights", fd, rightRead, 0)
	w.want(NotCapable, "fd_fdstat_set_rights", fd, rightWrite, 0)
	w.want(Success, "fd_fdstat_set_rights", 1, rightWrite, 0)
	w.want(Success, "fd_fdstat_set_rights", 3, rightReaddir, rightRead)
	w.want(BadF, "fd_fdstat_set_rights", 99, 0, 0)
	w.want(BadF, "fd_fdstat_set_flags", 99, 0)
	w.want(BadF, "fd_fdstat_get", 99, 0)
	w.want(Fault, "fd_fdstat_get", 0, bad)
	w.want(Success, "fd_advise", fd, 0, 0, 1)
	w.want(Inval, "fd_advise", fd, 0, 0, 9)
	w.want(BadF, "fd_advise", 3, 0, 0, 1)
	w.want(Success, "fd_sync", fd)
	w.want(Success, "fd_datasync", fd)
	w.want(BadF, "fd_sync", 99)
}

func TestPrestat(t *testing.T) {
	w := newWorld(t)
	w.want(Success, "fd_prestat_get", 4, 0)
	if w.u64(0) != uint64(len("/second"))<<32 {
		t.Errorf("prestat %x", w.u64(0))
	}
	w.want(Success, "fd_prestat_dir_name", 4, 0, 7)
	if string(w.mem[:7]) != "/second" {
		t.Errorf("name %q", w.mem[:7])
	}
	w.want(BadF, "fd_prestat_get", 5, 0)
	w.want(BadF, "fd_prestat_get", 1, 0)
	w.want(BadF, "fd_prestat_dir_name", 1, 0, 7)
	w.want(NameTooLong, "fd_prestat_dir_name", 4, 0, 6)
	w.want(Fault, "fd_prestat_dir_name", 4, bad, 7)
	w.want(Fault, "fd_prestat_get", 4, bad)
}

func TestFilestat(t *testing.T) {
	w := newWorld(t)
	fd := w.mustOpen("hello.txt")
	w.want(Success, "fd_filestat_get", fd, 0)
	if w.mem[16] != typeRegular || w.u64(32) != 12 || int64(w.u64(48)) != testTime.UnixNano() {
		t.Errorf("type %d, size %d, time %d", w.mem[16], w.u64(32), w.u64(48))
	}
	first := w.u64(8)
	at, n := w.path("./sub/../hello.txt")
	w.want(Success, "path_filestat_get", 3, 0, at, n, 0)
	if w.u64(8) != first {
		t.Error("the same file has two inodes")
	}
	at, n = w.path("link")
	w.want(Success, "path_filestat_get", 3, 0, at, n, 0)
	if w.mem[16] != typeLink {
		t.Errorf("type of a link %d", w.mem[16])
	}
	w.want(Success, "path_filestat_get", 3, followLinks, at, n, 0)
	if w.mem[16] != typeRegular {
		t.Errorf("type behind a link %d", w.mem[16])
	}
	w.want(Success, "fd_filestat_get", 1, 0)
	w.want(Success, "fd_filestat_get", 3, 0)
	if w.mem[16] != typeDir {
		t.Errorf("type of a folder %d", w.mem[16])
	}
	w.want(Fault, "fd_filestat_get", fd, bad)
	w.want(Fault, "fd_filestat_get", 1, bad)
	w.want(Fault, "path_filestat_get", 3, 0, at, n, bad)
	w.want(Fault, "path_filestat_get", 3, 0, bad, n, 0)
	w.want(BadF, "path_filestat_get", 99, 0, at, n, 0)
	w.want(NotDir, "path_filestat_get", fd, 0, at, n, 0)
}

func TestPathOpen(t *testing.T) {
	for _, c := range []struct {
		path           string
		oflags, rights uint64
		want           Errno
	}{
		{"hello.txt", 0, rightRead, Success},
		{"./sub//one.txt", 0, rightRead, Success},
		{"sub/../hello.txt", 0, rightRead, Success},
		{"sub", 0, 0, Success},
		{"sub/", openDirectory, 0, Success},
		{".", openDirectory, 0, Success},
		{"link", 0, rightRead, Success},
		{"sub/back-link", 0, rightRead, Success},
		{"hello.txt", openCreate, rightRead, Success},
		{"hello.txt", openDirectory, 0, NotDir},
		{"hello.txt/", 0, 0, NotDir},
		{"hello.txt", openCreate | openExclusive, 0, Exist},
		{"hello.txt", openTruncate, 0, ROFS},
		{"hello.txt", 0, rightWrite, ROFS},
		{"new", openCreate, rightWrite, ROFS},
		{"missing", 0, 0, NoEnt},
		{"sub", 0, rightWrite, IsDir},
		{"pipe", 0, rightRead, Access},
		{"", 0, 0, NoEnt},
		{"/hello.txt", 0, 0, NotCapable},
		{"..", 0, 0, NotCapable},
		{"../x", 0, 0, NotCapable},
		{"sub/../../x", 0, 0, NotCapable},
		{"../sub/one.txt", 0, 0, NotCapable},
		{"a\x00b", 0, 0, Inval},
		{"\xff", 0, 0, Inval},
		{strings.Repeat("a", maxPath+1), 0, 0, NameTooLong},
		{"hello.txt", 1 << 9, 0, Inval},
		{"sub", openDirectory | openCreate, 0, Inval},
	} {
		w := newWorld(t)
		if _, e := w.open(c.path, c.oflags, c.rights); e != c.want {
			t.Errorf("open %.40q flags %x rights %x: errno %d, want %d", c.path, c.oflags, c.rights, e, c.want)
		}
	}
	w := newWorld(t)
	at, n := w.path("link")
	w.want(Loop, "path_open", 3, 0, at, n, 0, 0, 0, 0, 0)
	w.want(Inval, "path_open", 3, 1, at, n, 0, 0, 0, 1<<9, 0)
	w.want(Fault, "path_open", 3, 1, at, n, 0, 0, 0, 0, bad)
	w.want(Fault, "path_open", 3, 1, bad, n, 0, 0, 0, 0, 0)
	w.want(NotDir, "path_open", 1, 1, at, n, 0, 0, 0, 0, 0)
	// A folder opened below stays inside its root, not inside itself.
	sub := w.mustOpen("sub")
	at, n = w.path("../hello.txt")
	w.want(Success, "path_open", sub, 1, at, n, 0, 0, 0, 0, 0)
	at, n = w.path("../../hello.txt")
	w.want(NotCapable, "path_open", sub, 1, at, n, 0, 0, 0, 0, 0)
}

func TestNothingWrites(t *testing.T) {
	w := newWorld(t)
	fd := w.mustOpen("hello.txt")
	at, n := w.path("hello.txt")
	w.want(ROFS, "fd_allocate", fd, 0, 10)
	w.want(ROFS, "fd_filestat_set_size", fd, 0)
	w.want(ROFS, "fd_filestat_set_times", fd, 0, 0, 0)
	w.want(BadF, "fd_allocate", 99, 0, 10)
	w.want(ROFS, "path_create_directory", 3, at, n)
	w.want(ROFS, "path_filestat_set_times", 3, 0, at, n, 0, 0, 0)
	w.want(ROFS, "path_link", 3, 0, at, n, 3, at, n)
	w.want(ROFS, "path_remove_directory", 3, at, n)
	w.want(ROFS, "path_rename", 3, at, n, 3, at, n)
	w.want(ROFS, "path_symlink", at, n, 3, at, n)
	w.want(ROFS, "path_unlink_file", 3, at, n)
	w.want(Fault, "path_unlink_file", 3, bad, n)
	w.want(Fault, "path_symlink", bad, n, 3, at, n)
	w.want(BadF, "path_rename", 99, at, n, 3, at, n)
	w.want(NotSock, "sock_accept", 1, 0, 0)
	w.want(NotSock, "sock_recv", 1, 0, 0, 0, 0, 0)
	w.want(NotSock, "sock_send", 1, 0, 0, 0, 0)
	w.want(NotSock, "sock_shutdown", 1, 0)
	w.want(BadF, "sock_shutdown", 99, 0)
	w.want(BadF, "fd_allocate", 3, 0, 10)
	w.want(NotSup, "proc_raise", 6)
	w.want(Success, "sched_yield")
}

func TestReadlink(t *testing.T) {
	w := newWorld(t)
	at, n := w.path("link")
	w.want(Success, "path_readlink", 3, at, n, 0, 100, 200)
	if got := string(w.mem[:w.u32(200)]); got != "hello.txt" {
		t.Errorf("link to %q", got)
	}
	w.want(Success, "path_readlink", 3, at, n, 0, 4, 200)
	if w.u32(200) != 4 {
		t.Errorf("truncated to %d", w.u32(200))
	}
	w.want(Fault, "path_readlink", 3, at, n, bad, 100, 200)
	w.want(Fault, "path_readlink", 3, at, n, 0, 100, bad)
	at, n = w.path("absolute")
	w.want(Perm, "path_readlink", 3, at, n, 0, 100, 200)
	at, n = w.path("hello.txt")
	w.want(Inval, "path_readlink", 3, at, n, 0, 100, 200)
}

func TestReaddir(t *testing.T) {
	w := newWorld(t)
	fd := w.mustOpen("sub")
	for _, size := range []uint64{4096, 64, 40} {
		var names []string
		cookie := uint64(0)
		for {
			w.want(Success, "fd_readdir", fd, 0, size, cookie, 5000)
			used := uint64(w.u32(5000))
			at := uint64(0)
			for at+direntSize <= used {
				n := uint64(binary.LittleEndian.Uint32(w.mem[at+16:]))
				if at+direntSize+n > used {
					break
				}
				names = append(names, string(w.mem[at+direntSize:][:n]))
				cookie = binary.LittleEndian.Uint64(w.mem[at:])
				at += direntSize + n
			}
			if used < size {
				break
			}
		}
		if got := strings.Join(names, " "); got != ". .. back-link deep one.txt two.txt" {
			t.Errorf("with a buffer of %d: %s", size, got)
		}
	}
	w.want(Inval, "fd_readdir", fd, 0, 100, 99, 5000)
	w.want(NotDir, "fd_readdir", 1, 0, 100, 0, 5000)
	w.want(Fault, "fd_readdir", fd, bad, 100, 0, 5000)
	w.want(Fault, "fd_readdir", fd, 0, 100, 0, bad)
}
