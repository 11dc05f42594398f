package wire

import (
	"errors"
	"math"
	"unicode/utf8"
	"unsafe"
)

// ErrMalformed is returned when bytes are not the MessagePack that was expected.
var ErrMalformed = errors.New("stackhost: malformed record")

// Raw is one encoded value, aliasing the record it came from. Empty stands for nil.
type Raw []byte

// Reader takes values from the front of a record. The first failure sticks: later reads give zero values and Err reports it.
// Not safe for concurrent use.
type Reader struct {
	b     []byte
	depth int // arrays and maps that are open
	bad   bool
}

// NewReader returns a Reader of b.
func NewReader(b []byte) Reader { return Reader{b: b} }

// Err returns ErrMalformed when any read failed.
func (r *Reader) Err() error {
	if r.bad {
		return ErrMalformed
	}
	return nil
}

// Rest returns what was not read yet.
func (r *Reader) Rest() []byte { return r.b }

func (r *Reader) fail() {
	r.bad = true
	r.b = nil
}

// take cuts n bytes from the front.
func (r *Reader) take(n int) []byte {
	if uint(n) > uint(len(r.b)) {
		r.fail()
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

// be reads a big-endian integer of n bytes.
func (r *Reader) be(n int) uint64 {
	var v uint64
	for _, c := range r.take(n) {
		v = v<<8 | uint64(c)
	}
	return v
}

func (r *Reader) lead() byte {
	if len(r.b) == 0 {
		r.bad = true
		return 0xc1
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

// Nil consumes a nil and tells whether there was one.
func (r *Reader) Nil() bool {
	if len(r.b) > 0 && r.b[0] == 0xc0 {
		r.b = r.b[1:]
		return true
	}
	return false
}

// Array reads the head of an array. No array can claim more elements than there are bytes left.
func (r *Reader) Array() int {
	c := r.lead()
	n := 0
	switch {
	case c&0xf0 == 0x90:
		n = int(c & 15)
	case c == 0xdc:
		n = int(r.be(2))
	case c == 0xdd:
		n = int(r.be(4))
	default:
		r.fail()
	}
	if n > len(r.b) {
		r.fail()
		return 0
	}
	return n
}

// Map reads the head of a map and returns its number of pairs.
func (r *Reader) Map() int {
	c := r.lead()
	n := 0
	switch {
	case c&0xf0 == 0x80:
		n = int(c & 15)
	case c == 0xde:
		n = int(r.be(2))
	case c == 0xdf:
		n = int(r.be(4))
	default:
		r.fail()
	}
	if n > len(r.b)/2 {
		r.fail()
		return 0
	}
	return n
}

// Bytes reads a string or a byte string.
func (r *Reader) Bytes() []byte {
	if len(r.b) > 0 && r.b[0]&0xe0 == 0xa0 { // by far the most common
		n := int(r.b[0]&31) + 1
		if n <= len(r.b) {
			v := r.b[1:n:n]
			r.b = r.b[n:]
			return v
		}
	}
	return r.longBytes()
}

func (r *Reader) longBytes() []byte {
	switch c := r.lead(); c {
	case 0xc4, 0xd9:
		return r.take(int(r.be(1)))
	case 0xc5, 0xda:
		return r.take(int(r.be(2)))
	case 0xc6, 0xdb:
		return r.take(int(r.be(4)))
	default:
		if c&0xe0 == 0xa0 {
			return r.take(int(c & 31))
		}
	}
	r.fail()
	return nil
}

// Str reads a string. It aliases the record.
func (r *Reader) Str() string {
	b := r.Bytes()
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// Uint reads an integer that is not negative.
func (r *Reader) Uint() uint64 {
	c := r.lead()
	if c < 0x80 {
		return uint64(c)
	}
	switch c {
	case 0xcc:
		return r.be(1)
	case 0xcd:
		return r.be(2)
	case 0xce:
		return r.be(4)
	case 0xcf:
		return r.be(8)
	case 0xd0, 0xd1, 0xd2, 0xd3:
		if v := r.signed(c); v >= 0 {
			return uint64(v)
		}
	}
	r.fail()
	return 0
}

func (r *Reader) signed(c byte) int64 {
	switch c {
	case 0xd0:
		return int64(int8(r.be(1)))
	case 0xd1:
		return int64(int16(r.be(2)))
	case 0xd2:
		return int64(int32(r.be(4)))
	}
	return int64(r.be(8))
}

// Int reads an integer.
func (r *Reader) Int() int64 {
	c := r.lead()
	switch {
	case c < 0x80:
		return int64(c)
	case c >= 0xe0:
		return int64(int8(c))
	case c >= 0xcc && c <= 0xcf:
		if v := r.be(1 << (c - 0xcc)); v <= math.MaxInt64 {
			return int64(v)
		}
	case c >= 0xd0 && c <= 0xd3:
		return r.signed(c)
	}
	r.fail()
	return 0
}

// Bool reads a bool.
func (r *Reader) Bool() bool {
	switch r.lead() {
	case 0xc3:
		return true
	case 0xc2:
		return false
	}
	r.fail()
	return false
}

// Float reads a float, or an integer as one.
func (r *Reader) Float() float64 {
	if len(r.b) > 0 {
		switch r.b[0] {
		case 0xca:
			r.b = r.b[1:]
			return float64(math.Float32frombits(uint32(r.be(4))))
		case 0xcb:
			r.b = r.b[1:]
			return math.Float64frombits(r.be(8))
		case 0xcf:
			return float64(r.Uint())
		}
	}
	return float64(r.Int())
}

// Raw reads one free-form value and checks it without building anything: strings are UTF-8 and keys are strings.
func (r *Reader) Raw() Raw {
	start := r.b
	r.check()
	if r.bad {
		return nil
	}
	n := len(start) - len(r.b)
	return Raw(start[:n:n])
}

func (r *Reader) check() {
	if len(r.b) == 0 {
		r.fail()
		return
	}
	c, start := r.b[0], r.b
	switch n := r.skipOne(); {
	case r.bad:
	case c&0xe0 == 0xa0, c >= 0xd9 && c <= 0xdb:
		again := Reader{b: start}
		if !utf8.Valid(again.Bytes()) {
			r.fail()
		}
	case n >= 0:
		if r.depth++; r.depth > LimitDepth {
			r.fail()
			return
		}
		pairs := c&0xf0 == 0x80 || c >= 0xde
		for i := 0; i < n && !r.bad; i++ {
			if !pairs || i&1 == 1 {
				r.check()
			} else if key := r.Bytes(); !utf8.Valid(key) {
				r.fail()
			}
		}
		r.depth--
	case c == 0xc1, c >= 0xc7 && c <= 0xc9, c >= 0xd4 && c <= 0xd8: // extensions have no free-form value
		r.fail()
	}
}

// Skip passes over one value of any kind, extensions included. It does not recurse: the counts of values still to come walk
// any nesting.
func (r *Reader) Skip() {
	var todo [LimitDepth + 1]int
	depth := r.depth
	todo[depth] = 1
	for {
		for todo[depth] == 0 {
			if depth == r.depth {
				return
			}
			depth--
		}
		todo[depth]--
		n := r.skipOne()
		if r.bad {
			return
		}
		if n >= 0 {
			if depth++; depth > LimitDepth {
				r.fail()
				return
			}
			todo[depth] = n
		}
	}
}

// open notes that an array or map was entered.
func (r *Reader) open() {
	if r.depth++; r.depth > LimitDepth {
		r.fail()
	}
}

// finish reports how decoding a whole record went.
func (r *Reader) finish(length int) error {
	if len(r.b) > 0 || length > LimitRecordBytes {
		r.bad = true
	}
	return r.Err()
}

// skipOne passes over a scalar and returns -1, or over the head of a collection and returns how many values follow.
func (r *Reader) skipOne() int {
	if len(r.b) == 0 {
		r.fail()
		return -1
	}
	switch c := r.b[0]; {
	case c < 0x80, c >= 0xe0, c == 0xc0, c == 0xc2, c == 0xc3:
		r.b = r.b[1:]
	case c&0xf0 == 0x80, c == 0xde, c == 0xdf:
		return 2 * r.Map()
	case c&0xf0 == 0x90, c == 0xdc, c == 0xdd:
		return r.Array()
	case c&0xe0 == 0xa0, c >= 0xc4 && c <= 0xc6, c >= 0xd9 && c <= 0xdb:
		r.Bytes()
	case c >= 0xcc && c <= 0xcf:
		r.take(1 + 1<<(c-0xcc))
	case c >= 0xd0 && c <= 0xd3:
		r.take(1 + 1<<(c-0xd0))
	case c == 0xca:
		r.take(5)
	case c == 0xcb:
		r.take(9)
	case c >= 0xd4 && c <= 0xd8: // extensions: a type byte and data
		r.take(2 + 1<<(c-0xd4))
	case c >= 0xc7 && c <= 0xc9:
		r.lead()
		r.take(1 + int(r.be(1<<(c-0xc7))))
	default:
		r.fail()
	}
	return -1
}
