package wire

// sizes gives, for each lead byte, the encoded length of the value that it begins, or one of the marks below when that
// depends on what follows.
var sizes = func() (t [256]uint8) {
	for c := range t {
		switch {
		case c < 0x80, c >= 0xe0, c == 0xc0, c == 0xc2, c == 0xc3:
			t[c] = 1
		case c&0xe0 == 0xa0:
			t[c] = uint8(1 + c&31)
		case c&0xf0 == 0x90:
			t[c] = markArray
		case c == 0xc4, c == 0xd9:
			t[c] = markByte
		case c >= 0xcc && c <= 0xcf:
			t[c] = 1 + 1<<(c-0xcc)
		case c >= 0xd0 && c <= 0xd3:
			t[c] = 1 + 1<<(c-0xd0)
		case c == 0xca:
			t[c] = 5
		case c == 0xcb:
			t[c] = 9
		default:
			t[c] = markOther
		}
	}
	return t
}()

const (
	markArray = 0x80 // the low bits of the lead byte count elements
	markByte  = 0x81 // the next byte is a length
	markOther = 0x82
)

// Index notes in at where each element of the record b begins, and returns how many elements it found, -1 when b is no
// record. Fewer jumps are worth more than anything here: this runs in every request, and Go on Wasm pays for each of them.
func Index(b []byte, at []uint32) int {
	r := Reader{b: b}
	n := r.Array()
	if r.bad {
		return -1
	}
	i := len(b) - len(r.b)
	for k := range n {
		if k < len(at) {
			at[k] = uint32(i)
		}
		for pending := 1; pending > 0; pending-- {
			if i >= len(b) {
				return -1
			}
			size := sizes[b[i]]
			if size < markArray {
				i += int(size)
				continue
			}
			switch size {
			case markArray:
				pending += int(b[i] & 15)
				i++
			case markByte:
				if i+1 >= len(b) {
					return -1
				}
				i += 2 + int(b[i+1])
			default:
				r = Reader{b: b[i:]}
				inner := r.skipOne()
				if r.bad {
					return -1
				}
				pending += max(inner, 0)
				i = len(b) - len(r.b)
			}
		}
	}
	if i > len(b) {
		return -1
	}
	return min(n, len(at))
}

// At returns a Reader that stands at the offset of an element that Index found.
func At(b []byte, offset uint32) Reader { return Reader{b: b[offset:]} }
