package extism

import (
	"encoding/binary"
	"math/bits"
	"sort"
)

// kernel is the memory that a plug-in shares with its host: blocks in an arena of their own, which the plug-in reaches only
// through imports. An offset is an index into the arena; 0 is no block. Not safe for concurrent use.
//
// The arena grows up to limit and keeps what it grew to; reset only forgets. Blocks are zeroed when they are handed out, and
// nothing above top can be read, so a call never sees bytes of another one.
type kernel struct {
	mem    []byte
	top    uint64 // first byte that no block has
	limit  uint64
	blocks []block     // by offset
	free   [40][]int32 // indexes of freed blocks, by the power of two that their room reaches
	freed  bool        // whether free has entries
	input  span
	output span
	fault  uint64 // block with the error text
}

type block struct {
	at, size uint64
	room     uint64
	live     bool
}

type span struct{ at, size uint64 }

const (
	firstOffset = 16
	blockAlign  = 16
	keepArena   = 1 << 20 // an arena larger than this is not kept for other calls
)

// reset forgets every block.
func (k *kernel) reset() {
	k.top, k.blocks = firstOffset, k.blocks[:0]
	k.input, k.output, k.fault = span{}, span{}, 0
	if k.freed {
		for i := range k.free {
			k.free[i] = k.free[i][:0]
		}
		k.freed = false
	}
}

// trim gives back what a large call grew to.
func (k *kernel) trim() {
	if cap(k.mem) > keepArena {
		k.mem = nil
	}
	if cap(k.blocks) > keepArena/64 {
		*k = kernel{mem: k.mem}
	}
}

// alloc returns the offset of a zeroed block of n bytes, or 0 for n = 0 and when the arena is full.
func (k *kernel) alloc(n uint64) uint64 {
	if n == 0 || n > k.limit {
		return 0
	}
	room := (n + blockAlign - 1) &^ (blockAlign - 1)
	if k.freed {
		if at := k.reuse(n, room); at != 0 {
			return at
		}
	}
	if room > k.limit-k.top { // top is at most limit
		return 0
	}
	at := k.top
	if at+room > uint64(len(k.mem)) {
		k.grow(at + room)
	} else {
		clear(k.mem[at : at+room])
	}
	k.top = at + room
	k.blocks = append(k.blocks, block{at: at, size: n, room: room, live: true})
	return at
}

func (k *kernel) grow(need uint64) {
	size := max(need, 2*uint64(len(k.mem)), 4096)
	mem := make([]byte, min(size, max(k.limit, need)))
	copy(mem, k.mem[:min(k.top, uint64(len(k.mem)))])
	k.mem = mem
}

// class is the power of two that room reaches.
func class(room uint64) int { return min(bits.Len64(room)-1, 39) }

// reuse finds a freed block: the last one of room's own class when it is large enough, else one of the class above, all of
// which are.
func (k *kernel) reuse(n, room uint64) uint64 {
	for c := class(room); c <= class(room)+1 && c < len(k.free); c++ {
		list := k.free[c]
		if len(list) == 0 {
			continue
		}
		b := &k.blocks[list[len(list)-1]]
		if b.room < room {
			continue
		}
		k.free[c] = list[:len(list)-1]
		b.size, b.live = n, true
		clear(k.mem[b.at : b.at+b.room])
		return b.at
	}
	return 0
}

// find returns the block that begins at an offset, or nil.
func (k *kernel) find(at uint64) (int, *block) {
	i := sort.Search(len(k.blocks), func(i int) bool { return k.blocks[i].at >= at })
	if i == len(k.blocks) || k.blocks[i].at != at || !k.blocks[i].live {
		return 0, nil
	}
	return i, &k.blocks[i]
}

// release frees the block at an offset. Offsets of no block are ignored, as plug-ins free twice.
func (k *kernel) release(at uint64) {
	i, b := k.find(at)
	if b == nil {
		return
	}
	b.live, k.freed = false, true
	c := class(b.room)
	k.free[c] = append(k.free[c], int32(i))
	if at == k.input.at {
		k.input.size = 0
	}
}

// length returns the size of the block at an offset, 0 when there is none.
func (k *kernel) length(at uint64) uint64 {
	if _, b := k.find(at); b != nil {
		return b.size
	}
	return 0
}

// within tells whether size bytes at an offset are in the used part of the arena.
func (k *kernel) within(at, size uint64) bool {
	return at >= firstOffset && at <= k.top && size <= k.top-at
}

// view returns size bytes at an offset, until the next alloc.
func (k *kernel) view(s span) ([]byte, bool) {
	if s.size == 0 {
		return nil, true
	}
	if !k.within(s.at, s.size) {
		return nil, false
	}
	return k.mem[s.at : s.at+s.size], true
}

// block returns the bytes of the block at an offset, nil when there is none.
func (k *kernel) block(at uint64) []byte {
	_, b := k.find(at)
	if b == nil {
		return nil
	}
	return k.mem[b.at : b.at+b.size]
}

// put makes a block of b and returns its offset, 0 when b is empty or does not fit.
func (k *kernel) put(b []byte) uint64 {
	at := k.alloc(uint64(len(b)))
	if at != 0 {
		copy(k.mem[at:], b)
	}
	return at
}

// load8 and load64 read little-endian; bytes outside the used part are 0.
func (k *kernel) load8(at uint64) byte {
	if at >= firstOffset && at < k.top {
		return k.mem[at]
	}
	return 0
}

func (k *kernel) load64(at uint64) uint64 {
	if k.within(at, 8) {
		return binary.LittleEndian.Uint64(k.mem[at:])
	}
	var v uint64
	for i := range uint64(8) {
		if at+i < at {
			break
		}
		v |= uint64(k.load8(at+i)) << (8 * i)
	}
	return v
}

// store8 and store64 report whether the bytes are in the used part; nothing is written when they are not.
func (k *kernel) store8(at uint64, v byte) bool {
	if !k.within(at, 1) {
		return false
	}
	k.mem[at] = v
	return true
}

func (k *kernel) store64(at, v uint64) bool {
	if !k.within(at, 8) {
		return false
	}
	binary.LittleEndian.PutUint64(k.mem[at:], v)
	return true
}

// input8 and input64 read the input; bytes after its end are 0.
func (k *kernel) input8(i uint64) byte {
	if i < k.input.size {
		return k.load8(k.input.at + i)
	}
	return 0
}

func (k *kernel) input64(i uint64) uint64 {
	if i < k.input.size && k.input.size-i >= 8 {
		return k.load64(k.input.at + i)
	}
	var v uint64
	for j := range uint64(8) {
		if i+j < i {
			break
		}
		v |= uint64(k.input8(i+j)) << (8 * j)
	}
	return v
}

// memoryBytes is the size that the arena would have in pages.
func (k *kernel) memoryBytes() uint64 { return (k.top + 0xffff) &^ 0xffff }
