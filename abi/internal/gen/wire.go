package main

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"strings"
	"unicode/utf8"
)

// This file is a second implementation of the encoding, written from the description alone and driven by field types instead
// of generated code. The golden vectors come from it, so that package abi is compared with something other than itself.

// A value is what a field holds: uint64 (uint, enum), int64, bool, float64, string, []byte (bin), flat (headers, pairs),
// []any (list, record) or, for any, also nil and table.
type (
	flat  [][2]any // name, value
	table []entry  // a map of free-form data, in the order written
	entry struct {
		key   string
		value any
	}
	raw []byte // bytes that stand for themselves, for values that no encoder would make
)

// style says how to encode: the shortest way, as the host does, or the widest, with str and bin exchanged in typed fields,
// which every reader must accept as well.
type style struct{ wide bool }

func (y style) put(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, 0xc0)
	case raw:
		return append(dst, v...)
	case bool:
		if v {
			return append(dst, 0xc3)
		}
		return append(dst, 0xc2)
	case uint64:
		if !y.wide && v < 0x80 {
			return append(dst, byte(v))
		}
		return y.number(dst, 0xcc, v, math.MaxUint8, math.MaxUint16, math.MaxUint32)
	case int64:
		switch {
		case v >= 0:
			return y.put(dst, uint64(v))
		case !y.wide && v >= -32:
			return append(dst, byte(v))
		}
		// Of a negative number, the bits that its complement needs and one for the sign.
		return y.sized(dst, 0xd0, uint64(v), width(uint64(^v)<<1, math.MaxUint8, math.MaxUint16, math.MaxUint32))
	case float64:
		return binary.BigEndian.AppendUint64(append(dst, 0xcb), math.Float64bits(v))
	case string:
		return y.str(dst, v)
	case []byte:
		return y.bin(dst, v)
	case flat:
		dst = y.array(dst, 2*len(v))
		for _, f := range v {
			dst = y.put(y.put(dst, f[0]), f[1])
		}
		return dst
	case []any:
		dst = y.array(dst, len(v))
		for _, e := range v {
			dst = y.put(dst, e)
		}
		return dst
	case table:
		dst = style{}.head(dst, 0x80, 16, 0xde, len(v))
		for _, e := range v {
			dst = style{}.put(style{}.put(dst, e.key), e.value)
		}
		return dst
	}
	panic("a value that the encoding has no form for")
}

func (y style) str(dst []byte, s string) []byte {
	if y.wide {
		return append(y.sized(dst, 0xc4, uint64(len(s)), 2), s...)
	}
	if len(s) < 32 {
		return append(append(dst, 0xa0|byte(len(s))), s...)
	}
	return append(y.number(dst, 0xd9, uint64(len(s)), math.MaxUint8, math.MaxUint16), s...)
}

func (y style) bin(dst, b []byte) []byte {
	if y.wide {
		return append(y.sized(dst, 0xd9, uint64(len(b)), 2), b...)
	}
	return append(y.number(dst, 0xc4, uint64(len(b)), math.MaxUint8, math.MaxUint16), b...)
}

func (y style) array(dst []byte, n int) []byte { return y.head(dst, 0x90, 16, 0xdc, n) }

func (y style) head(dst []byte, fix byte, below int, first byte, n int) []byte {
	switch {
	case y.wide:
		return binary.BigEndian.AppendUint32(append(dst, first+1), uint32(n))
	case n < below:
		return append(dst, fix|byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, first), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(dst, first+1), uint32(n))
}

// number appends the kind whose range holds v; ranges are those of one, two, four bytes.
func (y style) number(dst []byte, first byte, v uint64, ranges ...uint64) []byte {
	n := width(v, ranges...)
	if y.wide {
		n = len(ranges)
	}
	return y.sized(dst, first, v, n)
}

func width(v uint64, ranges ...uint64) int {
	for i, max := range ranges {
		if v <= max {
			return i
		}
	}
	return len(ranges)
}

// sized appends the kind first+log and then 1<<log bytes of v.
func (y style) sized(dst []byte, first byte, v uint64, log int) []byte {
	if y.wide && first == 0xd0 {
		log = 3
	}
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], v)
	return append(append(dst, first+byte(log)), b[8-1<<log:]...)
}

// plain renders a decoded value as JSON can hold it: str as a string, or {"hex"} when it is not UTF-8; bin as {"hex"};
// integers as numbers, or {"int"} beyond 2^53; floats as {"float"}; headers and pairs as lists of two; a record as an object in
// the order of its fields; a map of free-form data as {"map"} with pairs in the order of their keys.
func plain(s *Spec, t Type, v any) json.RawMessage {
	object := func(key string, v any) json.RawMessage { return toJSON(map[string]any{key: v}) }
	switch v := v.(type) {
	case uint64:
		if v > 1<<53 {
			return object("int", string(toJSON(v)))
		}
	case int64:
		if v > 1<<53 || v < -1<<53 {
			return object("int", string(toJSON(v)))
		}
	case float64:
		return object("float", string(toJSON(v)))
	case string:
		if !utf8.ValidString(v) {
			return object("hex", hex.EncodeToString([]byte(v)))
		}
	case []byte:
		return object("hex", hex.EncodeToString(v))
	case flat:
		pairs := make([][2]json.RawMessage, len(v))
		for i, f := range v {
			pairs[i] = [2]json.RawMessage{plain(s, t, f[0]), plain(s, t, f[1])}
		}
		return toJSON(pairs)
	case table:
		pairs := make([][2]any, len(v))
		for i, e := range v {
			pairs[i] = [2]any{e.key, plain(s, t, e.value)}
		}
		return object("map", pairs)
	case []any:
		if t.Kind == "record" {
			fields := make([]string, len(v))
			for i, f := range s.record(t.Name).Fields {
				fields[i] = string(toJSON(f.Name)) + ":" + string(plain(s, MustType(f.Type), v[i]))
			}
			return json.RawMessage("{" + strings.Join(fields, ",") + "}")
		}
		elem := t
		if t.Kind == "list" {
			elem = *t.Elem
		}
		list := make([]json.RawMessage, len(v))
		for i, e := range v {
			list[i] = plain(s, elem, e)
		}
		return toJSON(list)
	}
	return toJSON(v)
}

// toJSON is json.Marshal without HTML escapes, for values that JSON can always hold.
func toJSON(v any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimSpace(b.Bytes())
}

// record returns the record of that name, which a validated description has.
func (s *Spec) record(name string) *Record {
	for i := range s.Records {
		if s.Records[i].Name == name {
			return &s.Records[i]
		}
	}
	panic("unknown record " + name)
}

// limit returns a limit of a validated description.
func (s *Spec) limit(name string) int {
	for _, l := range s.Limits {
		if l.Name == name {
			return int(l.Value)
		}
	}
	panic("unknown limit " + name)
}
