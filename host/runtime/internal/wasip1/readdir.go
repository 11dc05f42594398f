package wasip1

import (
	"encoding/binary"
	"io/fs"
	"path"
)

// direntSize is the size of a directory entry without its name:
//
//	0 next cookie, 8 inode, 16 length of the name, 20 type
const direntSize = 24

// fdReaddir lists a folder from a cookie. Cookies are positions: 0 is ".", 1 is
// "..", then the entries sorted by name. The listing is read when cookie 0 is
// asked for and kept until then.
func fdReaddir(c call) Errno {
	d, e := c.fd(c.u32(0))
	if e != Success {
		return e
	}
	if d.kind != kindDir {
		return NotDir
	}
	buf, ok := c.h.Read(c.u32(1), c.u32(2))
	if !ok {
		return Fault
	}
	cookie := c.u64(3)
	if d.entries == nil || cookie == 0 {
		entries, err := fs.ReadDir(c.cfg.Dirs[d.dir].FS, d.path)
		if err != nil {
			return errnoOf(err)
		}
		d.entries = entries
		c.changed = true
	}
	if cookie > uint64(len(d.entries))+2 {
		return Inval
	}
	used := 0
	for i := int(cookie); i < len(d.entries)+2 && used < len(buf); i++ {
		name, typ := ".", byte(typeDir)
		switch {
		case i == 1:
			name = ".."
		case i > 1:
			entry := d.entries[i-2]
			name, typ = entry.Name(), fileType(entry.Type())
		}
		var head [direntSize]byte
		le := binary.LittleEndian
		le.PutUint64(head[:], uint64(i)+1)
		le.PutUint64(head[8:], inode(path.Join(d.path, name)))
		le.PutUint32(head[16:], uint32(len(name)))
		head[20] = typ
		used += copy(buf[used:], head[:])
		used += copy(buf[used:], name)
	}
	return c.putU32(c.u32(4), uint32(used))
}
