package stackhost

import "strings"

// Values are the pairs of a query or a form, in the order sent.
type Values []Value

// Value is one pair, percent-decoded.
type Value struct{ Name, Value string }

// Get returns the first value of name, or "".
func (v Values) Get(name string) string {
	for _, p := range v {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

// Has tells whether name is there.
func (v Values) Has(name string) bool {
	for _, p := range v {
		if p.Name == name {
			return true
		}
	}
	return false
}

// All returns every value of name.
func (v Values) All(name string) []string {
	var all []string
	for _, p := range v {
		if p.Name == name {
			all = append(all, p.Value)
		}
	}
	return all
}

// ParseQuery parses application/x-www-form-urlencoded text as browsers send it (WHATWG URL, section 5.1).
func ParseQuery(s string) Values { return parseValues(s) }

func parseValues(s string) Values {
	if s == "" {
		return nil
	}
	values := make(Values, 0, strings.Count(s, "&")+1)
	for s != "" {
		var pair string
		pair, s, _ = strings.Cut(s, "&")
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		values = append(values, Value{unescape(name, true), unescape(value, true)})
	}
	return values
}

// unescape undoes percent-encoding, and plus signs for spaces in forms. A percent sign without two hex digits stays.
func unescape(s string, form bool) string {
	plain := true
	for i := 0; i < len(s); i++ {
		if s[i] == '%' || form && s[i] == '+' {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '+' && form:
			c = ' '
		case c == '%' && i+2 < len(s):
			hi, ok1 := unhex(s[i+1])
			lo, ok2 := unhex(s[i+2])
			if ok1 && ok2 {
				c = hi<<4 | lo
				i += 2
			}
		}
		out = append(out, c)
	}
	return string(out)
}

func unhex(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return (c | 0x20) - 'a' + 10, true
	}
	return 0, false
}

// maxForm is the longest form that Form reads: more than any form written by hand.
const maxForm = 1 << 20

// Form reads an application/x-www-form-urlencoded body of at most 1 MiB. Another content type is a Problem with status 415.
func (r *Request) Form() (Values, error) {
	if r.parsed {
		return r.form, nil
	}
	kind, _, _ := strings.Cut(r.Header("content-type"), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded") {
		return nil, Fail(415, "the body must be application/x-www-form-urlencoded")
	}
	b, err := r.Bytes(maxForm)
	if err != nil {
		return nil, err
	}
	r.form, r.parsed = parseValues(string(b)), true
	return r.form, nil
}
