package runtime

import (
	"github.com/stackhost/stackhost/abi"
	"github.com/tetratelabs/wazero/api"
)

// Memory is a guest's linear memory. Views are valid until the guest runs again. The zero value is an empty memory.
type Memory struct{ m api.Memory }

var _ abi.Memory = Memory{}

// Read returns a view of n bytes at offset; false when they are not inside memory.
func (m Memory) Read(offset, n uint32) ([]byte, bool) {
	if m.m == nil {
		return nil, n == 0 && offset == 0
	}
	return m.m.Read(offset, n)
}

// Write copies b to offset; false when it does not fit into memory.
func (m Memory) Write(offset uint32, b []byte) bool {
	if m.m == nil {
		return len(b) == 0
	}
	return m.m.Write(offset, b)
}

// Size returns the length in bytes.
func (m Memory) Size() uint32 {
	if m.m == nil {
		return 0
	}
	return m.m.Size()
}

// DecodeU32 returns an i32 argument of a host function. The upper half of its stack slot is garbage in wazero 1.12.
func DecodeU32(slot uint64) uint32 { return uint32(slot) }

// linearMemory backs one instance's memory with a reservation that never moves. It implements experimental.LinearMemory.
//
//	0                 snapshot.size         size              len(region)
//	├── snapshot, copy on write ──┼── grown, zero ──┼── reserved, untouched ──┤
type linearMemory struct {
	region   []byte
	slab     *slab
	size     uint64 // what the guest sees
	limit    uint64
	snapshot *snapshot // nil while the template boots
	shrink   bool      // the next Reallocate gives back what grew
	refused  bool      // the guest asked for more than its limit
}

func (l *linearMemory) Reallocate(size uint64) []byte {
	switch {
	case l.shrink:
		size = l.snapshot.size
	case size > l.limit:
		l.refused = true
		return nil
	case l.snapshot != nil && size < l.snapshot.size:
		size = l.snapshot.size // the first allocation of a clone
	}
	l.size = size
	return l.region[:size]
}

// Free gives the reservation back. Nothing runs in the instance any more.
func (l *linearMemory) Free() {
	if l.region != nil && l.slab != nil {
		l.slab.put(l.region)
	}
	l.region = nil
}
