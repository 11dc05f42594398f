package wire

import "math"

// AppendAny appends a free-form value: nil, bool, integers, floats, string, []byte, []any, []string, map[string]any and
// map[string]string. Any other type is appended as nil and makes ok false.
func AppendAny(b []byte, v any) (out []byte, ok bool) { return appendAny(b, v, 0) }

func appendAny(b []byte, v any, depth int) ([]byte, bool) {
	if depth > LimitDepth {
		return AppendNil(b), false
	}
	switch v := v.(type) {
	case nil:
		return AppendNil(b), true
	case bool:
		return AppendBool(b, v), true
	case int:
		return AppendInt(b, int64(v)), true
	case int64:
		return AppendInt(b, v), true
	case int32:
		return AppendInt(b, int64(v)), true
	case uint:
		return AppendUint(b, uint64(v)), true
	case uint64:
		return AppendUint(b, v), true
	case uint32:
		return AppendUint(b, uint64(v)), true
	case uint8:
		return AppendUint(b, uint64(v)), true
	case float64:
		return AppendFloat(b, v), true
	case float32:
		return AppendFloat(b, float64(v)), true
	case string:
		return AppendStr(b, v), true
	case []byte:
		return AppendBin(b, v), true
	case Raw:
		return AppendRaw(b, v), true
	case error:
		return AppendStr(b, v.Error()), true
	case []string:
		b = AppendArray(b, len(v))
		for _, e := range v {
			b = AppendStr(b, e)
		}
		return b, true
	case []any:
		ok := true
		b = AppendArray(b, len(v))
		for _, e := range v {
			var fine bool
			b, fine = appendAny(b, e, depth+1)
			ok = ok && fine
		}
		return b, ok
	case map[string]string:
		b = AppendMap(b, len(v))
		for k, e := range v {
			b = AppendStr(AppendStr(b, k), e)
		}
		return b, true
	case map[string]any:
		ok := true
		b = AppendMap(b, len(v))
		for k, e := range v {
			var fine bool
			b, fine = appendAny(AppendStr(b, k), e, depth+1)
			ok = ok && fine
		}
		return b, ok
	case interface{ String() string }:
		return AppendStr(b, v.String()), true
	}
	return AppendNil(b), false
}

// Any reads a free-form value: nil, bool, int64, uint64 (beyond int64 only), float64, string, []byte, []any or
// map[string]any. Strings and bytes alias the record.
func (r *Reader) Any() any {
	if len(r.b) == 0 {
		r.fail()
		return nil
	}
	switch c := r.b[0]; {
	case c < 0x80, c >= 0xe0, c >= 0xd0 && c <= 0xd3:
		return r.Int()
	case c >= 0xcc && c <= 0xcf:
		v := r.Uint()
		if v > math.MaxInt64 {
			return v
		}
		return int64(v)
	case c == 0xc0:
		r.b = r.b[1:]
		return nil
	case c == 0xc2, c == 0xc3:
		return r.Bool()
	case c == 0xca, c == 0xcb:
		return r.Float()
	case c&0xe0 == 0xa0, c >= 0xd9 && c <= 0xdb:
		return r.Str()
	case c >= 0xc4 && c <= 0xc6:
		return r.Bytes()
	case c&0xf0 == 0x90, c == 0xdc, c == 0xdd:
		list := make([]any, r.Array())
		r.open()
		for i := range list {
			list[i] = r.Any()
		}
		r.depth--
		return list
	case c&0xf0 == 0x80, c == 0xde, c == 0xdf:
		n := r.Map()
		m := make(map[string]any, n)
		r.open()
		for i := 0; i < n && !r.bad; i++ {
			k := r.Str()
			m[k] = r.Any()
		}
		r.depth--
		return m
	}
	r.fail()
	return nil
}
