package stackhost

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Object is a JSON object whose members keep their order.
type Object []Member

// Member is one member of an Object.
type Member struct {
	Name  string
	Value any
}

// AppendJSON appends v as JSON (RFC 8259). v may hold nil, bool, integers, floats, strings, []string, []any, Object,
// map[string]string, map[string]any (members sorted) and Values (the first value of each name). It fails for other types, for
// which package encoding/json is there, and for numbers that JSON has not.
func AppendJSON(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case string:
		return appendJSONString(b, v), nil
	case int:
		return appendInt(b, int64(v)), nil
	case int64:
		return appendInt(b, v), nil
	case int32:
		return appendInt(b, int64(v)), nil
	case uint:
		return strconv.AppendUint(b, uint64(v), 10), nil
	case uint32:
		return strconv.AppendUint(b, uint64(v), 10), nil
	case uint64:
		return strconv.AppendUint(b, v, 10), nil
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return b, errors.New("stackhost: JSON has no infinity and no NaN")
		}
		return strconv.AppendFloat(b, v, 'g', -1, 64), nil
	case []string:
		return appendList(b, len(v), func(b []byte, i int) ([]byte, error) { return appendJSONString(b, v[i]), nil })
	case []any:
		return appendList(b, len(v), func(b []byte, i int) ([]byte, error) { return AppendJSON(b, v[i]) })
	case Object:
		return appendObject(b, v)
	case Values:
		return appendObject(b, v.firsts())
	case map[string]any:
		return appendObject(b, sorted(v))
	case map[string]string:
		return appendObject(b, sorted(v))
	}
	return b, errors.New("stackhost: AppendJSON does not know this type; use encoding/json")
}

func appendInt(b []byte, v int64) []byte { return strconv.AppendInt(b, v, 10) }

func appendList(b []byte, n int, each func([]byte, int) ([]byte, error)) (_ []byte, err error) {
	b = append(b, '[')
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = each(b, i); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

func appendObject(b []byte, o Object) (_ []byte, err error) {
	b = append(b, '{')
	for i, m := range o {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendJSONString(b, m.Name), ':')
		if b, err = AppendJSON(b, m.Value); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

// firsts returns the first value of each name, in order.
func (v Values) firsts() Object {
	o := make(Object, 0, len(v))
	for i, p := range v {
		if !v[:i].Has(p.Name) {
			o = append(o, Member{p.Name, p.Value})
		}
	}
	return o
}

func sorted[V any](m map[string]V) Object {
	o := make(Object, 0, len(m))
	for k, v := range m {
		o = append(o, Member{k, v})
	}
	slices.SortFunc(o, func(a, b Member) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return o
}

// appendJSONString appends s quoted. Bytes that are not UTF-8 become U+FFFD.
func appendJSONString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			if r, n := utf8.DecodeRuneInString(s[i:]); r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
			b = append(append(b, s[from:i]...), "\ufffd"...)
			i++
			from = i
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[from:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		from = i
	}
	return append(append(b, s[from:]...), '"')
}
