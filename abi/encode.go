package abi

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"unicode/utf8"
)

// AppendArray appends the head of an array of n elements.
func AppendArray(dst []byte, n int) []byte {
	switch {
	case n < 16:
		return append(dst, 0x90|byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, 0xdc), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(dst, 0xdd), uint32(n))
}

// AppendMap appends the head of a map of n pairs.
func AppendMap(dst []byte, n int) []byte {
	switch {
	case n < 16:
		return append(dst, 0x80|byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, 0xde), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(dst, 0xdf), uint32(n))
}

// AppendStr appends a string.
func AppendStr(dst []byte, s string) []byte {
	n := len(s)
	switch {
	case n < 32:
		dst = append(dst, 0xa0|byte(n))
	case n <= math.MaxUint8:
		dst = append(dst, 0xd9, byte(n))
	case n <= math.MaxUint16:
		dst = binary.BigEndian.AppendUint16(append(dst, 0xda), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint32(append(dst, 0xdb), uint32(n))
	}
	return append(dst, s...)
}

// appendName appends bytes as a string.
func appendName(dst, s []byte) []byte {
	n := len(s)
	switch {
	case n < 32:
		dst = append(dst, 0xa0|byte(n))
	case n <= math.MaxUint8:
		dst = append(dst, 0xd9, byte(n))
	case n <= math.MaxUint16:
		dst = binary.BigEndian.AppendUint16(append(dst, 0xda), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint32(append(dst, 0xdb), uint32(n))
	}
	return append(dst, s...)
}

// AppendBin appends bytes.
func AppendBin(dst, b []byte) []byte {
	n := len(b)
	switch {
	case n <= math.MaxUint8:
		dst = append(dst, 0xc4, byte(n))
	case n <= math.MaxUint16:
		dst = binary.BigEndian.AppendUint16(append(dst, 0xc5), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint32(append(dst, 0xc6), uint32(n))
	}
	return append(dst, b...)
}

// AppendUint appends an integer in its shortest encoding.
func AppendUint(dst []byte, v uint64) []byte {
	switch {
	case v < 128:
		return append(dst, byte(v))
	case v <= math.MaxUint8:
		return append(dst, 0xcc, byte(v))
	case v <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, 0xcd), uint16(v))
	case v <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(dst, 0xce), uint32(v))
	}
	return binary.BigEndian.AppendUint64(append(dst, 0xcf), v)
}

// AppendInt appends an integer in its shortest encoding.
func AppendInt(dst []byte, v int64) []byte {
	switch {
	case v >= 0:
		return AppendUint(dst, uint64(v))
	case v >= -32:
		return append(dst, byte(v))
	case v >= math.MinInt8:
		return append(dst, 0xd0, byte(v))
	case v >= math.MinInt16:
		return binary.BigEndian.AppendUint16(append(dst, 0xd1), uint16(v))
	case v >= math.MinInt32:
		return binary.BigEndian.AppendUint32(append(dst, 0xd2), uint32(v))
	}
	return binary.BigEndian.AppendUint64(append(dst, 0xd3), uint64(v))
}

// AppendBool appends true or false.
func AppendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, 0xc3)
	}
	return append(dst, 0xc2)
}

// AppendNil appends nil.
func AppendNil(dst []byte) []byte { return append(dst, 0xc0) }

// AppendFloat appends a 64-bit float.
func AppendFloat(dst []byte, v float64) []byte {
	return binary.BigEndian.AppendUint64(append(dst, 0xcb), math.Float64bits(v))
}

// Append appends the flat array.
func (h Headers) Append(dst []byte) []byte {
	dst = AppendArray(dst, 2*len(h))
	for i := range h {
		dst = AppendBin(appendName(dst, h[i].Name), h[i].Value)
	}
	return dst
}

// Append appends the flat array.
func (p Pairs) Append(dst []byte) []byte {
	dst = AppendArray(dst, 2*len(p))
	for i := range p {
		dst = AppendStr(AppendStr(dst, p[i].Name), p[i].Value)
	}
	return dst
}

// AppendAny appends free-form data: nil, bool, int, int64, uint64, float64, string, []byte, fmt.Stringer (as its text), []any and
// map[string]any, whose pairs are written in the order of their keys. It makes only what Decoder.Any reads: other types and text
// that is not UTF-8 are CodeInvalid, nesting that would not fit a record, itself one array, is CodeLimit.
func AppendAny(dst []byte, v any) ([]byte, error) { return appendAny(dst, v, LimitDepth-1) }

// appendAnyOrNil is AppendAny for values that were checked when they entered; one that was not becomes nil.
func appendAnyOrNil(dst []byte, v any) []byte {
	out, err := AppendAny(dst, v)
	if err != nil {
		return AppendNil(dst)
	}
	return out
}

func appendAny(dst []byte, v any, depth int) ([]byte, error) {
	switch v.(type) {
	case []any, map[string]any:
		if depth == 0 {
			return dst, Errorf(CodeLimit, "a value is nested deeper than %d", LimitDepth-1)
		}
	}
	switch v := v.(type) {
	case nil:
		return AppendNil(dst), nil
	case bool:
		return AppendBool(dst, v), nil
	case int:
		return AppendInt(dst, int64(v)), nil
	case int64:
		return AppendInt(dst, v), nil
	case uint64:
		return AppendUint(dst, v), nil
	case float64:
		return AppendFloat(dst, v), nil
	case string:
		return appendText(dst, v)
	case []byte:
		return AppendBin(dst, v), nil
	case fmt.Stringer: // dates and times of a manifest
		return appendText(dst, v.String())
	case []any:
		dst = AppendArray(dst, len(v))
		for _, e := range v {
			var err error
			if dst, err = appendAny(dst, e, depth-1); err != nil {
				return dst, err
			}
		}
		return dst, nil
	case map[string]any:
		dst = AppendMap(dst, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			var err error
			if dst, err = appendText(dst, k); err != nil {
				return dst, err
			}
			if dst, err = appendAny(dst, v[k], depth-1); err != nil {
				return dst, err
			}
		}
		return dst, nil
	}
	return dst, Errorf(CodeInvalid, "a value of type %T cannot be given to a guest", v)
}

func appendText(dst []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return dst, Errorf(CodeInvalid, "text is not UTF-8")
	}
	return AppendStr(dst, s), nil
}
