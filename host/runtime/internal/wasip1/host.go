package wasip1

import "time"

// Host is the running instance as the functions see it. Its methods are called
// on the goroutine of the guest, during Call only.
type Host interface {
	// Read returns a view of n bytes of guest memory, through which results are
	// written as well; false when out of range.
	Read(offset, n uint32) ([]byte, bool)
	// Write copies b into guest memory; false when out of range.
	Write(offset uint32, b []byte) bool
	// Deadline is when the request ends; the zero time means never.
	Deadline() time.Time
	// Done is closed when the request is cancelled; nil means never.
	Done() <-chan struct{}
	// Output takes bytes written to descriptor 1 or 2. p is a view of guest memory,
	// valid during the call.
	Output(fd int, p []byte)
}

// ValueType is the type of a parameter or result, coded as in the WebAssembly
// binary format.
type ValueType byte

// The value types that occur.
const (
	I32 ValueType = 0x7f
	I64 ValueType = 0x7e
)

// Func is one host function.
type Func struct {
	// Params and Results are its WebAssembly type. Read-only.
	Params, Results []ValueType
	// Call runs the function: stack holds the parameters and receives the result.
	// The upper halves of i32 parameters are ignored. An error means that the guest
	// must be stopped.
	Call func(s *State, h Host, stack []uint64) error
}

// Module is the name of the import module.
const Module = "wasi_snapshot_preview1"

// Functions holds all 46 functions of the specification by name. Read-only.
var Functions = table()

// call is one running call: the arguments of a function.
type call struct {
	*State
	h     Host
	stack []uint64
}

func (c call) u32(i int) uint32 { return uint32(c.stack[i]) }
func (c call) u64(i int) uint64 { return c.stack[i] }

func table() map[string]Func {
	t := map[string]Func{}
	// The signature is one letter per parameter: i for i32, l for i64. The result
	// is an errno.
	add := func(name, params string, f func(c call) Errno) {
		fn := Func{Results: []ValueType{I32}}
		for _, p := range params {
			if p == 'l' {
				fn.Params = append(fn.Params, I64)
			} else {
				fn.Params = append(fn.Params, I32)
			}
		}
		fn.Call = func(s *State, h Host, stack []uint64) error {
			stack[0] = uint64(f(call{s, h, stack}))
			return nil
		}
		t[name] = fn
	}
	add("args_get", "ii", argsGet)
	add("args_sizes_get", "ii", argsSizesGet)
	add("environ_get", "ii", environGet)
	add("environ_sizes_get", "ii", environSizesGet)
	add("clock_res_get", "ii", clockResGet)
	add("clock_time_get", "ili", clockTimeGet)
	add("sched_yield", "", schedYield)
	add("proc_raise", "i", unsupported)

	add("fd_advise", "illi", fdAdvise)
	add("fd_allocate", "ill", fdResize)
	add("fd_close", "i", fdClose)
	add("fd_datasync", "i", fdSync)
	add("fd_fdstat_get", "ii", fdStatGet)
	add("fd_fdstat_set_flags", "ii", fdStatSetFlags)
	add("fd_fdstat_set_rights", "ill", fdStatSetRights)
	add("fd_filestat_get", "ii", fdFilestatGet)
	add("fd_filestat_set_size", "il", fdResize)
	add("fd_filestat_set_times", "illi", fdReadOnly)
	add("fd_pread", "iiili", fdPread)
	add("fd_prestat_get", "ii", fdPrestatGet)
	add("fd_prestat_dir_name", "iii", fdPrestatDirName)
	add("fd_pwrite", "iiili", fdPwrite)
	add("fd_read", "iiii", fdRead)
	add("fd_readdir", "iiili", fdReaddir)
	add("fd_renumber", "ii", fdRenumber)
	add("fd_seek", "ilii", fdSeek)
	add("fd_sync", "i", fdSync)
	add("fd_tell", "ii", fdTell)
	add("fd_write", "iiii", fdWrite)

	add("path_create_directory", "iii", pathReadOnly(1))
	add("path_filestat_get", "iiiii", pathFilestatGet)
	add("path_filestat_set_times", "iiiilli", pathReadOnly(2))
	add("path_link", "iiiiiii", pathReadOnly(2))
	add("path_open", "iiiiillii", pathOpen)
	add("path_readlink", "iiiiii", pathReadlink)
	add("path_remove_directory", "iii", pathReadOnly(1))
	add("path_rename", "iiiiii", pathReadOnly(1))
	add("path_symlink", "iiiii", pathSymlink)
	add("path_unlink_file", "iii", pathReadOnly(1))

	add("sock_accept", "iii", noSocket)
	add("sock_recv", "iiiiii", noSocket)
	add("sock_send", "iiiii", noSocket)
	add("sock_shutdown", "ii", noSocket)

	t["poll_oneoff"] = Func{Params: []ValueType{I32, I32, I32, I32}, Results: []ValueType{I32}, Call: pollOneoff}
	t["random_get"] = Func{Params: []ValueType{I32, I32}, Results: []ValueType{I32}, Call: randomGet}
	t["proc_exit"] = Func{Params: []ValueType{I32}, Call: func(_ *State, _ Host, stack []uint64) error {
		return &ExitError{Code: uint32(stack[0])}
	}}
	return t
}

// noSocket answers for the socket functions: no descriptor is one.
func noSocket(c call) Errno {
	if _, e := c.fd(c.u32(0)); e != Success {
		return e
	}
	return NotSock
}

func unsupported(call) Errno { return NotSup }
