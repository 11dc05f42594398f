package wasip1

import (
	"io/fs"
	"slices"
	"time"
)

// Limits of one instance.
const (
	// maxDescriptors is how many descriptors may be open at once.
	maxDescriptors = 256
	// maxVectors is how many buffers one read or write may name.
	maxVectors = 1024
	// maxSubscriptions is how many events one poll_oneoff may wait for.
	maxSubscriptions = 4096
	// maxPath is the longest path in bytes.
	maxPath = 4096
)

// Dir is a read-only folder a guest may look into.
type Dir struct {
	// Guest is the name the guest sees, such as "/" or "/assets".
	Guest string
	// FS is the content. It must be safe for concurrent use.
	FS fs.FS
}

// Config says what a guest sees. New keeps the slices, which must not change.
type Config struct {
	// Args are the program's arguments, the program's name first.
	Args []string
	// Env are "NAME=value" entries.
	Env []string
	// Dirs are preopened, in order, from descriptor 3.
	Dirs []Dir
	// OutputBytes is how much a guest may write to descriptors 1 and 2 between two
	// restores. What goes beyond is dropped, and the guest is told it was written.
	// Zero means no limit.
	OutputBytes int64
	// Now is the wall clock; nil means time.Now. Its monotonic reading serves the
	// monotonic clock.
	Now func() time.Time
}

// State is what WASI keeps for one instance. Not safe for concurrent use.
type State struct {
	cfg     Config
	fds     []descriptor
	changed bool  // fds differ from the last snapshot or restore
	output  int64 // bytes written since the last restore
	dropped int64
	started time.Time
}

// Snapshot is the state of the descriptors at one moment. It holds no open
// files. Read-only, so any number of instances of the same module with the same
// Config can be restored from it.
type Snapshot struct{ fds []descriptor }

// New makes the state of an instance: descriptors 0 to 2 and the preopened
// folders.
func New(cfg Config) *State {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &State{cfg: cfg, started: processStart}
	s.fds = append(s.fds, descriptor{kind: kindInput}, descriptor{kind: kindOutput}, descriptor{kind: kindOutput})
	for i := range cfg.Dirs {
		s.fds = append(s.fds, descriptor{kind: kindDir, preopen: true, dir: int32(i), path: "."})
	}
	return s
}

// processStart is the origin of the monotonic clock, the same for all instances,
// so that a clone does not see time go back.
var processStart = time.Now()

// Snapshot captures the descriptors. Files stay open in this state.
func (s *State) Snapshot() *Snapshot {
	fds := slices.Clone(s.fds)
	for i := range fds {
		fds[i].file, fds[i].entries = nil, nil
	}
	s.changed = false
	return &Snapshot{fds: fds}
}

// Restore puts the descriptors back, closes what was opened since, and starts
// counting output anew. It costs nothing when no descriptor was touched.
func (s *State) Restore(snap *Snapshot) {
	s.output, s.dropped = 0, 0
	if !s.changed {
		return
	}
	s.closeFiles()
	s.fds = append(s.fds[:0], snap.fds...)
	s.changed = false
}

// Adopt makes the state that of a snapshot taken of another instance.
func (s *State) Adopt(snap *Snapshot) {
	s.changed = true
	s.Restore(snap)
}

// Close closes open files. The state can still be restored.
func (s *State) Close() { s.closeFiles() }

// Dropped is how many bytes of output were dropped since the last restore.
func (s *State) Dropped() int64 { return s.dropped }

func (s *State) closeFiles() {
	for i := range s.fds {
		s.fds[i].close()
	}
	clear(s.fds)
}

// kind is what a descriptor stands for.
type kind byte

const (
	kindFree kind = iota
	kindInput
	kindOutput
	kindFile
	kindDir
)

// descriptor is an entry of the table. Only file and entries hold resources;
// both can be made again from the rest.
type descriptor struct {
	kind    kind
	preopen bool
	flags   uint16 // fdflags given at opening
	dir     int32  // index in Config.Dirs
	path    string // in that folder, valid for fs.FS
	offset  int64
	file    *openFile
	entries []fs.DirEntry
}

func (d *descriptor) close() {
	if d.file != nil {
		d.file.close()
	}
	d.file, d.entries = nil, nil
}

// fd returns an open descriptor. The pointer is valid until the table grows.
func (s *State) fd(n uint32) (*descriptor, Errno) {
	if uint64(n) >= uint64(len(s.fds)) || s.fds[n].kind == kindFree {
		return nil, BadF
	}
	return &s.fds[n], Success
}

// install puts a descriptor into the lowest free slot.
func (s *State) install(d descriptor) (uint32, Errno) {
	s.changed = true
	for i := range s.fds {
		if s.fds[i].kind == kindFree {
			s.fds[i] = d
			return uint32(i), Success
		}
	}
	if len(s.fds) >= maxDescriptors {
		return 0, MFile
	}
	s.fds = append(s.fds, d)
	return uint32(len(s.fds) - 1), Success
}
