package wasip1

import (
	"encoding/binary"
	"io"
)

// vectors calls do for each buffer of an iovec array until it says stop.
func (c call) vectors(at, n uint32, do func(b []byte) (more bool, e Errno)) Errno {
	if n > maxVectors {
		return Inval
	}
	list, ok := c.h.Read(at, n*8)
	if !ok {
		return Fault
	}
	for ; len(list) > 0; list = list[8:] {
		b, ok := c.h.Read(binary.LittleEndian.Uint32(list), binary.LittleEndian.Uint32(list[4:]))
		if !ok {
			return Fault
		}
		more, e := do(b)
		if e != Success || !more {
			return e
		}
	}
	return Success
}

func fdRead(c call) Errno {
	d, e := c.fd(c.u32(0))
	if e != Success {
		return e
	}
	n, e := c.read(d, d.offset)
	if e != Success {
		return e
	}
	if n > 0 {
		c.changed = true
		d.offset += int64(n)
	}
	return c.putU32(c.u32(3), n)
}

func fdPread(c call) Errno {
	d, e := c.fd(c.u32(0))
	if e != Success {
		return e
	}
	if e := d.seekable(); e != Success {
		return e
	}
	at := int64(c.u64(3))
	if at < 0 {
		return Inval
	}
	n, e := c.read(d, at)
	if e != Success {
		return e
	}
	return c.putU32(c.u32(4), n)
}

// read fills the vectors of arguments 1 and 2 from a position.
func (c call) read(d *descriptor, at int64) (uint32, Errno) {
	switch d.kind {
	case kindInput: // always at its end
		return 0, c.vectors(c.u32(1), c.u32(2), func([]byte) (bool, Errno) { return false, Success })
	case kindOutput:
		return 0, BadF
	case kindDir:
		return 0, IsDir
	}
	f, e := c.open(d)
	if e != Success {
		return 0, e
	}
	total := uint32(0)
	e = c.vectors(c.u32(1), c.u32(2), func(b []byte) (bool, Errno) {
		if len(b) == 0 {
			return true, Success
		}
		n, err := f.readAt(b, at+int64(total))
		total += uint32(n)
		if err != nil && err != io.EOF {
			return false, errnoOf(err)
		}
		return n == len(b), Success
	})
	if total > 0 {
		return total, Success
	}
	return 0, e
}

func fdWrite(c call) Errno {
	d, e := c.fd(c.u32(0))
	if e != Success {
		return e
	}
	if d.kind != kindOutput {
		return BadF
	}
	total := uint32(0)
	e = c.vectors(c.u32(1), c.u32(2), func(b []byte) (bool, Errno) {
		if uint64(total)+uint64(len(b)) > 1<<32-1 {
			return false, Inval
		}
		total += uint32(len(b))
		c.emit(int(c.u32(0)), b)
		return true, Success
	})
	if e != Success {
		return e
	}
	return c.putU32(c.u32(3), total)
}

// emit passes output on, as long as the limit allows. Descriptor 2 counts as the
// error stream, whatever else was renumbered.
func (c call) emit(fd int, b []byte) {
	if limit := c.cfg.OutputBytes; limit > 0 {
		room := max(limit-c.output, 0)
		c.output += int64(len(b))
		if int64(len(b)) > room {
			c.dropped += int64(len(b)) - room
			b = b[:room]
		}
	}
	if len(b) > 0 {
		c.h.Output(fd, b)
	}
}

func fdPwrite(c call) Errno {
	d, e := c.fd(c.u32(0))
	if e != Success {
		return e
	}
	if e := d.seekable(); e == SPipe {
		return e
	}
	return BadF // nothing is open for writing
}
