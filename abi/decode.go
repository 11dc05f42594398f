package abi

import (
	"encoding/binary"
	"math"
	"unicode/utf8"
	"unsafe"
)

// Decoder reads MessagePack. It never panics, never reads outside its input, and keeps the first error: after that every method
// returns a zero value. Strings and slices are views of the input, which must not change while they are in use. Lists and
// free-form data are allocated once their announced elements are known to fit the input, all of them together, so memory stays
// within about a hundred times the input (an array of maps of one pair is the worst case). Not safe for concurrent use.
type Decoder struct {
	b     []byte
	depth int
	room  int // how many more elements the whole input can have: each takes at least one byte
	err   *Error
}

// NewDecoder reads from b. The value does not escape when it is used in one function.
func NewDecoder(b []byte) *Decoder {
	d := &Decoder{b: b, depth: LimitDepth, room: len(b)}
	if len(b) > LimitRecordBytes {
		d.fail(CodeLimit, "a record is longer than the limit")
	}
	return d
}

// End returns the first error, or one when bytes are left over.
func (d *Decoder) End() error {
	if d.err == nil && len(d.b) > 0 {
		d.fail(CodeInvalid, "bytes follow the record")
	}
	if d.err == nil {
		return nil
	}
	return d.err
}

// Failed tells whether an error happened.
func (d *Decoder) Failed() bool { return d.err != nil }

func (d *Decoder) fail(code Code, text string) {
	if d.err == nil {
		d.err = &Error{code, text}
	}
	d.b = nil
}

func (d *Decoder) take(n int) []byte {
	if n < 0 || n > len(d.b) {
		d.fail(CodeInvalid, "the record ends too early")
		return nil
	}
	v := d.b[:n:n]
	d.b = d.b[n:]
	return v
}

func (d *Decoder) byte() byte {
	if len(d.b) == 0 {
		d.fail(CodeInvalid, "the record ends too early")
		return 0xc0
	}
	c := d.b[0]
	d.b = d.b[1:]
	return c
}

// number reads n big-endian bytes.
func (d *Decoder) number(n int) uint64 {
	b := d.take(n)
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.BigEndian.Uint16(b))
	case 4:
		return uint64(binary.BigEndian.Uint32(b))
	case 8:
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// Record reads the head of a record and returns how many elements it has.
func (d *Decoder) Record() int { return d.Array() }

// Field tells whether element i of n is there and not nil; a nil is skipped.
func (d *Decoder) Field(i, n int) bool {
	if i >= n || d.err != nil {
		return false
	}
	if len(d.b) > 0 && d.b[0] == 0xc0 {
		d.b = d.b[1:]
		return false
	}
	return true
}

// Rest skips the elements after the known ones and leaves the record.
func (d *Decoder) Rest(known, n int) {
	for i := known; i < n && d.err == nil; i++ {
		d.Skip()
	}
	d.Leave()
}

// Array reads the head of an array; Leave must follow its elements.
func (d *Decoder) Array() int {
	c := d.byte()
	n := 0
	switch {
	case c&0xf0 == 0x90:
		n = int(c & 0x0f)
	case c == 0xdc:
		n = int(d.number(2))
	case c == 0xdd:
		n = int(d.number(4))
	default:
		d.fail(CodeInvalid, "expected an array")
	}
	return d.enter(n, 1)
}

// Map reads the head of a map and returns its number of pairs; Leave must follow them.
func (d *Decoder) Map() int {
	c := d.byte()
	n := 0
	switch {
	case c&0xf0 == 0x80:
		n = int(c & 0x0f)
	case c == 0xde:
		n = int(d.number(2))
	case c == 0xdf:
		n = int(d.number(4))
	default:
		d.fail(CodeInvalid, "expected a map")
	}
	return d.enter(n, 2)
}

func (d *Decoder) enter(n, each int) int {
	d.depth--
	switch {
	case d.err != nil:
	case d.depth < 0:
		d.fail(CodeLimit, "the record is nested too deeply")
	case n < 0 || n > len(d.b)/each: // an element takes at least one byte; an int of 32 bits may have wrapped
		d.fail(CodeInvalid, "the record ends too early")
	default:
		if d.room -= n * each; d.room >= 0 {
			return n
		}
		d.fail(CodeInvalid, "the record ends too early")
	}
	return 0
}

// Records reads the head of a list of records, of which there are at most LimitBatchCalls; Leave must follow its elements.
func (d *Decoder) Records() int { return d.records(LimitBatchCalls) }

// Page is Records for a page, which has at most LimitPageEntries.
func (d *Decoder) Page() int { return d.records(LimitPageEntries) }

func (d *Decoder) records(most int) int {
	n := d.Array()
	if n > most {
		d.fail(CodeLimit, "too many records in a list")
		return 0
	}
	return n
}

// room returns s without its elements, with room for n. slices.Grow allocates twice when the race detector is on.
func room[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, 0, n)
	}
	return s[:0]
}

// Leave ends an array or map.
func (d *Decoder) Leave() { d.depth++ }

// Bin reads bytes; a string is taken as its bytes.
func (d *Decoder) Bin() []byte {
	c := d.byte()
	switch {
	case c&0xe0 == 0xa0:
		return d.take(int(c & 0x1f))
	case c == 0xc4 || c == 0xd9:
		return d.take(int(d.number(1)))
	case c == 0xc5 || c == 0xda:
		return d.take(int(d.number(2)))
	case c == 0xc6 || c == 0xdb:
		return d.take(int(d.number(4)))
	}
	d.fail(CodeInvalid, "expected a string or bytes")
	return nil
}

// Str reads a string; bytes are taken as one. It may not be UTF-8: header values, paths and queries are what the client sent.
func (d *Decoder) Str() string {
	b := d.Bin()
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// Uint reads an integer that is not negative.
func (d *Decoder) Uint() uint64 {
	c := d.byte()
	switch {
	case c < 0x80:
		return uint64(c)
	case c >= 0xcc && c <= 0xcf:
		return d.number(1 << (c - 0xcc))
	case c >= 0xd0 && c <= 0xd3:
		if v := d.signed(c); v >= 0 {
			return uint64(v)
		}
	}
	d.fail(CodeInvalid, "expected an integer that is not negative")
	return 0
}

// Int reads an integer.
func (d *Decoder) Int() int64 {
	c := d.byte()
	switch {
	case c < 0x80 || c >= 0xe0:
		return int64(int8(c))
	case c >= 0xcc && c <= 0xcf:
		if v := d.number(1 << (c - 0xcc)); v <= math.MaxInt64 {
			return int64(v)
		}
	case c >= 0xd0 && c <= 0xd3:
		return d.signed(c)
	}
	d.fail(CodeInvalid, "expected an integer")
	return 0
}

func (d *Decoder) signed(c byte) int64 {
	switch c {
	case 0xd0:
		return int64(int8(d.number(1)))
	case 0xd1:
		return int64(int16(d.number(2)))
	case 0xd2:
		return int64(int32(d.number(4)))
	}
	return int64(d.number(8))
}

// Bool reads true or false.
func (d *Decoder) Bool() bool {
	switch d.byte() {
	case 0xc3:
		return true
	case 0xc2:
		return false
	}
	d.fail(CodeInvalid, "expected true or false")
	return false
}

// Float reads a float or an integer.
func (d *Decoder) Float() float64 {
	if len(d.b) > 0 {
		switch d.b[0] {
		case 0xca:
			d.b = d.b[1:]
			return float64(math.Float32frombits(uint32(d.number(4))))
		case 0xcb:
			d.b = d.b[1:]
			return math.Float64frombits(d.number(8))
		}
	}
	return float64(d.Int())
}

// Headers appends a flat array of names and values to into.
func (d *Decoder) Headers(into Headers) Headers {
	n := d.flat()
	for range n {
		into = append(into, Header{d.Bin(), d.Bin()})
	}
	d.Leave()
	return into
}

// Pairs appends a flat array of names and values to into.
func (d *Decoder) Pairs(into Pairs) Pairs {
	n := d.flat()
	for range n {
		into = append(into, Pair{d.Str(), d.Str()})
	}
	d.Leave()
	return into
}

func (d *Decoder) flat() int {
	n := d.Array()
	switch {
	case n%2 != 0:
		d.fail(CodeInvalid, "a name has no value")
	case n/2 > LimitHeaders:
		d.fail(CodeLimit, "too many names and values")
	default:
		return n / 2
	}
	return 0
}

// Any reads free-form data as nil, bool, int64, uint64 (only above the range of int64), float64, string, []byte, []any or
// map[string]any.
func (d *Decoder) Any() any {
	if len(d.b) == 0 {
		d.fail(CodeInvalid, "the record ends too early")
		return nil
	}
	switch c := d.b[0]; {
	case c == 0xc0:
		d.b = d.b[1:]
		return nil
	case c == 0xc2 || c == 0xc3:
		return d.Bool()
	case c == 0xca || c == 0xcb:
		return d.Float()
	case c < 0x80 || c >= 0xe0 || c >= 0xd0 && c <= 0xd3:
		return d.Int()
	case c >= 0xcc && c <= 0xcf:
		if v := d.Uint(); v > math.MaxInt64 {
			return v
		} else {
			return int64(v)
		}
	case c&0xe0 == 0xa0 || c >= 0xd9 && c <= 0xdb:
		s := d.Str()
		if !utf8.ValidString(s) {
			d.fail(CodeInvalid, "a string is not UTF-8")
			return nil
		}
		return s
	case c >= 0xc4 && c <= 0xc6:
		return d.Bin()
	case c&0xf0 == 0x90 || c == 0xdc || c == 0xdd:
		return d.anyArray()
	case c&0xf0 == 0x80 || c == 0xde || c == 0xdf:
		return d.anyMap()
	}
	d.fail(CodeInvalid, "extension types are not part of the ABI")
	return nil
}

func (d *Decoder) anyArray() any {
	n := d.Array()
	list := make([]any, 0, n)
	for range n {
		if d.err != nil {
			break
		}
		list = append(list, d.Any())
	}
	d.Leave()
	return list
}

func (d *Decoder) anyMap() any {
	n := d.Map()
	m := make(map[string]any, n)
	for range n {
		if d.err != nil {
			break
		}
		k := d.Str()
		if !utf8.ValidString(k) {
			d.fail(CodeInvalid, "a key is not UTF-8")
		}
		m[k] = d.Any()
	}
	d.Leave()
	return m
}

// Skip passes over one value of any kind, extension types included.
func (d *Decoder) Skip() {
	if len(d.b) == 0 {
		d.fail(CodeInvalid, "the record ends too early")
		return
	}
	switch c := d.b[0]; {
	case c&0xf0 == 0x90 || c == 0xdc || c == 0xdd:
		for range d.Array() {
			if d.err != nil {
				break
			}
			d.Skip()
		}
		d.Leave()
	case c&0xf0 == 0x80 || c == 0xde || c == 0xdf:
		for range 2 * d.Map() {
			if d.err != nil {
				break
			}
			d.Skip()
		}
		d.Leave()
	case c&0xe0 == 0xa0 || c >= 0xd9 && c <= 0xdb || c >= 0xc4 && c <= 0xc6:
		d.Bin()
	case c >= 0xc7 && c <= 0xc9: // ext 8, 16, 32: length, type, data
		d.b = d.b[1:]
		n := int(d.number(1 << (c - 0xc7)))
		d.take(1)
		d.take(n)
	case c >= 0xd4 && c <= 0xd8: // fixext 1, 2, 4, 8, 16: type, data
		d.b = d.b[1:]
		d.take(1<<(c-0xd4) + 1)
	case c == 0xca || c == 0xcb:
		d.Float()
	case c == 0xc0 || c == 0xc2 || c == 0xc3:
		d.b = d.b[1:]
	case c == 0xc1:
		d.fail(CodeInvalid, "byte c1 begins no value")
	case c >= 0xcc && c <= 0xcf:
		d.Uint()
	default:
		d.Int()
	}
}
