// Package wasip1 implements WASI preview 1 (snapshot 01, module
// wasi_snapshot_preview1) for guests of the host.
//
// It differs from a general implementation in what it is for. Guests see a
// read-only file system made of fs.FS values, no sockets, an empty standard input
// and an output that goes to the host's log. Everything that changes is in a
// State, which is captured once after boot and put back after every request in a
// few nanoseconds; open files are reopened when they are next used. Nothing blocks
// longer than the request's deadline.
//
//	state := wasip1.New(wasip1.Config{Args: args, Env: env, Dirs: dirs})
//	boot := state.Snapshot()
//	err := wasip1.Functions["fd_read"].Call(state, host, stack)
//	state.Restore(boot)
//
// # Errors
//
// A pointer outside the guest's memory answers errno FAULT; it does not trap.
// Whatever would write to the file system answers ROFS, socket functions NOTSOCK, as no descriptor is a socket.
// Call returns a Go error only when the guest must not go on: *ExitError for
// proc_exit, ErrInterrupted when a sleep met the deadline or the end of the
// request.
//
// # Paths
//
// A path is relative to a directory descriptor. It is cleaned as text before it
// reaches the fs.FS: an absolute path or one that leads above its preopened
// directory answers NOTCAPABLE. Symbolic links are the fs.FS's business; one made
// by os.Root.FS never leaves its root. Devices, pipes and sockets do not open.
package wasip1
