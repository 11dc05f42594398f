package web

import (
	"bytes"

	"github.com/valyala/fasthttp"
)

// eachWeighted calls f for each member of a list such as Accept or Accept-Encoding, with its weight in thousandths
// (RFC 9110 section 12.4.2). Members whose weight cannot be read count as 0.
func eachWeighted(list []byte, f func(name []byte, q int)) {
	for len(list) > 0 {
		item := list
		if i := bytes.IndexByte(list, ','); i >= 0 {
			item, list = list[:i], list[i+1:]
		} else {
			list = nil
		}
		name, params, _ := bytes.Cut(item, []byte{';'})
		q := 1000
		for len(params) > 0 {
			var param []byte
			param, params, _ = bytes.Cut(params, []byte{';'})
			param = bytes.TrimSpace(param)
			if len(param) > 2 && param[0]|0x20 == 'q' && param[1] == '=' {
				q = parseWeight(param[2:])
			}
		}
		if name = bytes.TrimSpace(name); len(name) > 0 {
			f(name, q)
		}
	}
}

// parseWeight reads a qvalue: 0 to 1 with at most three decimals.
func parseWeight(b []byte) int {
	if len(b) == 0 || len(b) > 5 || b[0] != '0' && b[0] != '1' || len(b) > 1 && b[1] != '.' {
		return 0
	}
	q, unit := int(b[0]-'0')*1000, 100
	for _, c := range b[min(2, len(b)):] {
		if !isDigit(c) {
			return 0
		}
		q += int(c-'0') * unit
		unit /= 10
	}
	if q > 1000 {
		return 0
	}
	return q
}

// addVary adds name to the Vary field unless it is there, or "*" is.
func addVary(h *fasthttp.ResponseHeader, name string) {
	old := h.Peek(fasthttp.HeaderVary)
	if len(old) == 0 {
		h.Set(fasthttp.HeaderVary, name)
		return
	}
	for item := range bytes.SplitSeq(old, []byte{','}) {
		if item = bytes.TrimSpace(item); bytes.EqualFold(item, []byte(name)) || string(item) == "*" {
			return
		}
	}
	h.Set(fasthttp.HeaderVary, string(old)+", "+name)
}
