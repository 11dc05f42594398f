package rewrite

import "unicode/utf8"

// reader walks over part of a module. The first error sticks: later reads
// return zero values, so callers check err once per item. pos and end are
// offsets in the whole module, which makes them fit for error messages.
type reader struct {
	b   []byte
	pos int
	end int
	err error
	// types is how many function types exist, for checking references to them.
	types int
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.pos = r.end
}

func (r *reader) more() bool { return r.err == nil && r.pos < r.end }

func (r *reader) byte() byte {
	if r.pos >= r.end {
		r.fail(malformed(r.pos, "unexpected end"))
		return 0
	}
	c := r.b[r.pos]
	r.pos++
	return c
}

// u32 reads an unsigned LEB128 of at most 32 bits.
func (r *reader) u32() uint32 {
	if r.pos < r.end && r.b[r.pos] < 0x80 {
		r.pos++
		return uint32(r.b[r.pos-1])
	}
	start := r.pos
	var v uint32
	for shift := 0; shift < 35; shift += 7 {
		c := r.byte()
		if r.err != nil {
			return 0
		}
		if shift == 28 && c > 0x0f {
			break
		}
		v |= uint32(c&0x7f) << shift
		if c < 0x80 {
			return v
		}
	}
	r.fail(malformed(start, "integer too large for 32 bits"))
	return 0
}

// s33 reads a signed LEB128 of at most 33 bits, as in block and heap types.
func (r *reader) s33() int64 {
	start := r.pos
	var v int64
	for shift := 0; shift < 35; shift += 7 {
		c := r.byte()
		if r.err != nil {
			return 0
		}
		v |= int64(c&0x7f) << shift
		if c < 0x80 {
			if c&0x40 != 0 {
				v |= -1 << (shift + 7)
			}
			if v < -1<<32 || v >= 1<<32 {
				break
			}
			return v
		}
	}
	r.fail(malformed(start, "integer too large for 33 bits"))
	return 0
}

// skipLEB steps over a LEB128 of at most limit bytes.
func (r *reader) skipLEB(limit int) {
	start := r.pos
	for range limit {
		c := r.byte()
		if r.err != nil || c < 0x80 {
			return
		}
	}
	r.fail(malformed(start, "integer longer than %d bytes", limit))
}

func (r *reader) skip(n int) {
	if n > r.end-r.pos {
		r.fail(malformed(r.pos, "unexpected end: %d bytes needed", n))
		return
	}
	r.pos += n
}

// count reads the length of a vector whose items take at least one byte each,
// so that a forged length cannot make us allocate more than the input's size.
func (r *reader) count() int {
	start := r.pos
	n := int(r.u32())
	if r.err == nil && n > r.end-r.pos {
		r.fail(malformed(start, "vector of %d items is longer than the section", n))
		return 0
	}
	return n
}

func (r *reader) name() string {
	n := r.count()
	start := r.pos
	r.skip(n)
	if r.err != nil {
		return ""
	}
	s := r.b[start:r.pos]
	if !utf8.Valid(s) {
		r.fail(malformed(start, "name is not valid UTF-8"))
		return ""
	}
	return string(s)
}

// sub takes the next n bytes as a reader of their own.
func (r *reader) sub(n int) reader {
	start := r.pos
	r.skip(n)
	if r.err != nil {
		return reader{b: r.b, pos: r.end, end: r.end, err: r.err}
	}
	return reader{b: r.b, pos: start, end: r.pos, types: r.types}
}

func appendU32(dst []byte, v uint32) []byte {
	for v >= 0x80 {
		dst = append(dst, byte(v)|0x80)
		v >>= 7
	}
	return append(dst, byte(v))
}

func appendS32(dst []byte, v int32) []byte {
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(dst, c)
		}
		dst = append(dst, c|0x80)
	}
}

func appendName(dst []byte, s string) []byte {
	dst = appendU32(dst, uint32(len(s)))
	return append(dst, s...)
}
