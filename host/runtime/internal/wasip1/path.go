package wasip1

import (
	"encoding/binary"
	"hash/fnv"
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"
)

// Flags of path functions.
const (
	followLinks = 1 << 0

	openCreate    = 1 << 0
	openDirectory = 1 << 1
	openExclusive = 1 << 2
	openTruncate  = 1 << 3
	allOpen       = 1<<4 - 1
)

// target is a resolved path.
type target struct {
	dir    int32
	fsys   fs.FS
	path   string // valid for fs.FS
	folder bool   // the guest wrote a trailing slash
}

// resolve reads the path at the given arguments relative to a descriptor.
func (c call) resolve(fd, at, n uint32) (t target, e Errno) {
	d, e := c.fd(fd)
	if e != Success {
		return t, e
	}
	raw, ok := c.h.Read(at, n)
	if !ok {
		return t, Fault
	}
	if d.kind != kindDir {
		return t, NotDir
	}
	switch {
	case n == 0:
		return t, NoEnt
	case n > maxPath:
		return t, NameTooLong
	case !utf8.Valid(raw):
		return t, Inval
	}
	p := string(raw)
	if strings.IndexByte(p, 0) >= 0 {
		return t, Inval
	}
	if p[0] == '/' {
		return t, NotCapable
	}
	full := path.Join(d.path, p)
	if escapes(d.path, p) {
		return t, NotCapable
	}
	last := p[strings.LastIndexByte(p, '/')+1:]
	return target{
		dir: d.dir, fsys: c.cfg.Dirs[d.dir].FS, path: full,
		folder: last == "" || last == "." || last == "..",
	}, Success
}

// escapes reports whether a path from a folder leads above the root on its way,
// even if it comes back.
func escapes(dir, p string) bool {
	depth := 0
	if dir != "." {
		depth = strings.Count(dir, "/") + 1
	}
	for part := range strings.SplitSeq(p, "/") {
		switch part {
		case "", ".":
		case "..":
			if depth--; depth < 0 {
				return true
			}
		default:
			depth++
		}
	}
	return false
}

// look returns what a path names, following a final link or not.
func (t target) look(follow bool) (fs.FileInfo, Errno) {
	var info fs.FileInfo
	var err error
	if follow || t.folder {
		info, err = fs.Stat(t.fsys, t.path)
	} else {
		info, err = fs.Lstat(t.fsys, t.path)
	}
	if err != nil {
		return nil, errnoOf(err)
	}
	if t.folder && !info.IsDir() {
		return nil, NotDir
	}
	return info, Success
}

// pathReadOnly answers for functions that would change the file system. at is
// the argument that points to the path; its length follows, the descriptor is
// argument 0.
func pathReadOnly(at int) func(call) Errno {
	return func(c call) Errno {
		if _, e := c.resolve(c.u32(0), c.u32(at), c.u32(at+1)); e != Success {
			return e
		}
		return ROFS
	}
}

func pathSymlink(c call) Errno {
	if _, ok := c.h.Read(c.u32(0), c.u32(1)); !ok {
		return Fault
	}
	if _, e := c.resolve(c.u32(2), c.u32(3), c.u32(4)); e != Success {
		return e
	}
	return ROFS
}

func pathOpen(c call) Errno {
	t, e := c.resolve(c.u32(0), c.u32(2), c.u32(3))
	if e != Success {
		return e
	}
	oflags, rights, flags := c.u32(4), c.u64(5), c.u32(7)
	if oflags&^allOpen != 0 || flags&^allFlags != 0 {
		return Inval
	}
	if oflags&openCreate != 0 && oflags&openDirectory != 0 {
		return Inval
	}
	if _, ok := c.h.Read(c.u32(8), 4); !ok {
		return Fault
	}
	info, e := t.look(c.u32(1)&followLinks != 0)
	switch {
	case e == NoEnt && oflags&openCreate != 0:
		return ROFS
	case e != Success:
		return e
	case oflags&openCreate != 0 && oflags&openExclusive != 0:
		return Exist
	}
	// Only the right to write counts as intent: Go, for one, asks for those to
	// allocate and to set the size even when it opens for reading.
	d := descriptor{kind: kindFile, dir: t.dir, path: t.path, flags: uint16(flags)}
	switch mode := info.Mode(); {
	case mode&fs.ModeSymlink != 0:
		return Loop
	case mode.IsDir():
		if rights&rightWrite != 0 && oflags&openDirectory == 0 || oflags&openTruncate != 0 {
			return IsDir
		}
		d.kind = kindDir
	case oflags&openDirectory != 0:
		return NotDir
	case !mode.IsRegular():
		return Access
	case rights&rightWrite != 0 || oflags&openTruncate != 0:
		return ROFS
	default:
		f, err := c.openFile(t.dir, t.path)
		if err != nil {
			return errnoOf(err)
		}
		d.file = f
	}
	n, e := c.install(d)
	if e != Success {
		d.close()
		return e
	}
	return c.putU32(c.u32(8), n)
}

func pathReadlink(c call) Errno {
	t, e := c.resolve(c.u32(0), c.u32(1), c.u32(2))
	if e != Success {
		return e
	}
	info, e := t.look(false)
	if e != Success {
		return e
	}
	if info.Mode()&fs.ModeSymlink == 0 {
		return Inval
	}
	link, err := fs.ReadLink(t.fsys, t.path)
	if err != nil {
		return errnoOf(err)
	}
	if path.IsAbs(link) {
		return Perm // would tell about the host's file system
	}
	n := min(uint64(len(link)), uint64(c.u32(4)))
	if !c.h.Write(c.u32(3), []byte(link[:n])) {
		return Fault
	}
	return c.putU32(c.u32(5), uint32(n))
}

func pathFilestatGet(c call) Errno {
	t, e := c.resolve(c.u32(0), c.u32(2), c.u32(3))
	if e != Success {
		return e
	}
	info, e := t.look(c.u32(1)&followLinks != 0)
	if e != Success {
		return e
	}
	return c.putFilestat(c.u32(4), t.dir, t.path, info)
}

func fdFilestatGet(c call) Errno {
	d, e := c.fd(c.u32(0))
	if e != Success {
		return e
	}
	if d.kind != kindFile && d.kind != kindDir {
		b, ok := c.h.Read(c.u32(1), 64)
		if !ok {
			return Fault
		}
		clear(b)
		b[16] = typeChar
		b[24] = 1 // links
		return Success
	}
	info, e := c.stat(d)
	if e != Success {
		return e
	}
	return c.putFilestat(c.u32(1), d.dir, d.path, info)
}

// putFilestat writes a filestat record:
//
//	0 device, 8 inode, 16 type, 24 links, 32 size, 40 access, 48 change, 56 status change
//
// An fs.FS has no inodes; a hash of the path serves to tell files apart.
func (c call) putFilestat(at uint32, dir int32, p string, info fs.FileInfo) Errno {
	b, ok := c.h.Read(at, 64)
	if !ok {
		return Fault
	}
	clear(b)
	le := binary.LittleEndian
	le.PutUint64(b, uint64(dir)+1)
	le.PutUint64(b[8:], inode(p))
	b[16] = fileType(info.Mode())
	le.PutUint64(b[24:], 1)
	le.PutUint64(b[32:], uint64(info.Size()))
	t := uint64(max(info.ModTime().UnixNano(), 0))
	if info.ModTime().IsZero() {
		t = 0
	}
	le.PutUint64(b[40:], t)
	le.PutUint64(b[48:], t)
	le.PutUint64(b[56:], t)
	return Success
}

func fileType(m fs.FileMode) byte {
	switch {
	case m.IsRegular():
		return typeRegular
	case m.IsDir():
		return typeDir
	case m&fs.ModeSymlink != 0:
		return typeLink
	}
	return typeUnknown
}

func inode(p string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(p))
	return h.Sum64() | 1
}
