package wasip1

import "encoding/binary"

// Flags and rights of the specification that occur here.
const (
	flagAppend   = 1 << 0
	flagDSync    = 1 << 1
	flagNonblock = 1 << 2
	flagRSync    = 1 << 3
	flagSync     = 1 << 4
	allFlags     = 1<<5 - 1

	rightRead            = 1 << 1
	rightSeek            = 1 << 2
	rightSetFlags        = 1 << 3
	rightTell            = 1 << 5
	rightWrite           = 1 << 6
	rightAdvise          = 1 << 7
	rightPathOpen        = 1 << 13
	rightReaddir         = 1 << 14
	rightReadlink        = 1 << 15
	rightPathFilestatGet = 1 << 18
	rightFilestatGet     = 1 << 21
	rightPoll            = 1 << 27

	fileRights = rightRead | rightSeek | rightSetFlags | rightTell | rightAdvise | rightFilestatGet | rightPoll
	dirRights  = rightPathOpen | rightReaddir | rightReadlink | rightPathFilestatGet | rightFilestatGet | rightSetFlags
)

// File types.
const (
	typeUnknown = 0
	typeChar    = 2
	typeDir     = 3
	typeRegular = 4
	typeLink    = 7
)

func fdAdvise(c call) Errno {
	d, e := c.fd(c.u32(0))
	switch {
	case e != Success:
		return e
	case d.kind != kindFile:
		return BadF
	case c.u32(3) > 5, int64(c.u64(1)) < 0, int64(c.u64(2)) < 0:
		return Inval
	}
	return Success
}

// fdReadOnly answers for functions that would change a file.
func fdReadOnly(c call) Errno {
	if _, e := c.fd(c.u32(0)); e != Success {
		return e
	}
	return ROFS
}

// fdResize answers for functions that need a file open for writing.
func fdResize(c call) Errno {
	d, e := c.fd(c.u32(0))
	switch {
	case e != Success:
		return e
	case d.kind != kindFile:
		return BadF
	}
	return ROFS
}

func fdSync(c call) Errno {
	_, e := c.fd(c.u32(0))
	return e
}

func fdClose(c call) Errno {
	d, e := c.fd(c.u32(0))
	if e != Success {
		return e
	}
	c.changed = true
	d.close()
	*d = descriptor{}
	return Success
}

func fdStatGet(c call) Errno {
	d, e := c.fd(c.u32(0))
	if e != Success {
		return e
	}
	b, ok := c.h.Read(c.u32(1), 24)
	if !ok {
		return Fault
	}
	clear(b)
	var base, inheriting uint64
	switch d.kind {
	case kindInput:
		b[0], base = typeChar, rightRead|rightFilestatGet|rightPoll
	case kindOutput:
		b[0], base = typeChar, rightWrite|rightFilestatGet|rightPoll
	case kindFile:
		b[0], base = typeRegular, fileRights
	case kindDir:
		b[0], base, inheriting = typeDir, dirRights, dirRights|fileRights
	}
	binary.LittleEndian.PutUint16(b[2:], d.flags)
	binary.LittleEndian.PutUint64(b[8:], base)
	binary.LittleEndian.PutUint64(b[16:], inheriting)
	return Success
}

func fdStatSetFlags(c call) Errno {
	d, e := c.fd(c.u32(0))
	if e != Success {
		return e
	}
	if c.u32(1)&^allFlags != 0 {
		return Inval
	}
	c.changed = true
	d.flags = uint16(c.u32(1))
	return Success
}

// fdStatSetRights lets a guest ask for no more than it has; rights are not kept
// per descriptor, because nothing but reading is possible anyway.
func fdStatSetRights(c call) Errno {
	d, e := c.fd(c.u32(0))
	if e != Success {
		return e
	}
	has := uint64(fileRights)
	switch d.kind {
	case kindDir:
		has |= dirRights
	case kindOutput:
		has |= rightWrite
	}
	if (c.u64(1)|c.u64(2))&^has != 0 {
		return NotCapable
	}
	return Success
}

func fdPrestatGet(c call) Errno {
	d, e := c.fd(c.u32(0))
	if e != Success {
		return e
	}
	if !d.preopen {
		return BadF
	}
	b, ok := c.h.Read(c.u32(1), 8)
	if !ok {
		return Fault
	}
	clear(b) // tag 0: a directory
	binary.LittleEndian.PutUint32(b[4:], uint32(len(c.cfg.Dirs[d.dir].Guest)))
	return Success
}

func fdPrestatDirName(c call) Errno {
	d, e := c.fd(c.u32(0))
	if e != Success {
		return e
	}
	if !d.preopen {
		return BadF
	}
	name := c.cfg.Dirs[d.dir].Guest
	if int64(c.u32(2)) < int64(len(name)) {
		return NameTooLong
	}
	if !c.h.Write(c.u32(1), []byte(name)) {
		return Fault
	}
	return Success
}

func fdRenumber(c call) Errno {
	from, e := c.fd(c.u32(0))
	if e != Success {
		return e
	}
	to, e := c.fd(c.u32(1))
	if e != Success {
		return e
	}
	if from.preopen || to.preopen {
		return NotSup
	}
	if from == to {
		return Success
	}
	c.changed = true
	to.close()
	*to, *from = *from, descriptor{}
	return Success
}

func fdSeek(c call) Errno {
	d, e := c.fd(c.u32(0))
	if e != Success {
		return e
	}
	if e := d.seekable(); e != Success {
		return e
	}
	base := int64(0)
	switch c.u32(2) {
	case 0:
	case 1:
		base = d.offset
	case 2:
		info, e := c.stat(d)
		if e != Success {
			return e
		}
		base = info.Size()
	default:
		return Inval
	}
	delta := int64(c.u64(1))
	at := base + delta
	if at < 0 || delta > 0 && at < base {
		return Inval
	}
	if e := c.putU64(c.u32(3), uint64(at)); e != Success {
		return e
	}
	c.changed = true
	d.offset = at
	return Success
}

func fdTell(c call) Errno {
	d, e := c.fd(c.u32(0))
	if e != Success {
		return e
	}
	if e := d.seekable(); e != Success {
		return e
	}
	return c.putU64(c.u32(1), uint64(d.offset))
}

func (d *descriptor) seekable() Errno {
	switch d.kind {
	case kindFile:
		return Success
	case kindDir:
		return IsDir
	}
	return SPipe
}
