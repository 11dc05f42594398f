package wire

import "unsafe"

// Fields is a list of name and value pairs in its encoded form: HTTP headers (values are bytes) or parameters (values are
// strings). Looking a name up walks the encoding, so a request whose headers nobody asks for costs nothing.
// The zero value is an empty list.
type Fields struct {
	raw []byte // names and values in turn, without the array's head
	n   int    // pairs
}

// Len returns the number of pairs.
func (f *Fields) Len() int { return f.n }

// AddHeader appends a pair whose value is bytes.
func (f *Fields) AddHeader(name, value string) {
	f.raw = AppendBin(AppendStr(f.raw, name), value)
	f.n++
}

// AddPair appends a pair whose value is a string.
func (f *Fields) AddPair(name, value string) {
	f.raw = AppendStr(AppendStr(f.raw, name), value)
	f.n++
}

// Get returns the first value of name.
func (f *Fields) Get(name string) (value string, ok bool) {
	r := Reader{b: f.raw}
	for i := 0; i < f.n; i++ {
		n, v := r.Bytes(), r.Bytes()
		if string(n) == name {
			return unsafe.String(unsafe.SliceData(v), len(v)), true
		}
	}
	return "", false
}

// All calls yield with each pair in order until it returns false.
func (f *Fields) All(yield func(name, value string) bool) {
	r := Reader{b: f.raw}
	for i := 0; i < f.n; i++ {
		n, v := r.Str(), r.Str()
		if !yield(n, v) {
			return
		}
	}
}

// AppendFields appends f as a flat array.
func AppendFields(b []byte, f Fields) []byte {
	return append(AppendArray(b, 2*f.n), f.raw...)
}

// Fields reads a flat array of at most limit pairs. Names and values may be strings or bytes.
func (r *Reader) Fields(limit int) Fields {
	if r.Nil() {
		return Fields{}
	}
	n := r.Array()
	if n&1 != 0 || n > 2*limit {
		r.fail()
		return Fields{}
	}
	start := r.b
	for i := 0; i < n; i++ {
		r.Bytes()
	}
	if r.bad {
		return Fields{}
	}
	used := len(start) - len(r.b)
	return Fields{raw: start[:used:used], n: n / 2}
}
