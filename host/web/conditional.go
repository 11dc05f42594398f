package web

import (
	"bytes"
	"time"

	"github.com/valyala/fasthttp"
)

// checkConditions evaluates the preconditions of a GET or HEAD request in the order of RFC 9110 section 13.2.2. It returns
// 304 or 412 when the request need not or must not be served, else 0.
func checkConditions(h *fasthttp.RequestHeader, etag string, modified time.Time) int {
	modified = modified.Truncate(time.Second) // HTTP dates know no fractions
	if list := h.Peek(fasthttp.HeaderIfMatch); len(list) > 0 {
		if !matchesTag(list, etag, true) {
			return fasthttp.StatusPreconditionFailed
		}
	} else if t, ok := httpDate(h.Peek(fasthttp.HeaderIfUnmodifiedSince)); ok && modified.After(t) {
		return fasthttp.StatusPreconditionFailed
	}
	if list := h.Peek(fasthttp.HeaderIfNoneMatch); len(list) > 0 {
		if matchesTag(list, etag, false) {
			return fasthttp.StatusNotModified
		}
	} else if t, ok := httpDate(h.Peek(fasthttp.HeaderIfModifiedSince)); ok && !modified.After(t) {
		return fasthttp.StatusNotModified
	}
	return 0
}

func httpDate(b []byte) (time.Time, bool) {
	if len(b) == 0 {
		return time.Time{}, false
	}
	t, err := fasthttp.ParseHTTPDate(b)
	return t, err == nil
}

// matchesTag tells whether a list of entity tags, or "*", has etag. Strong comparison needs both to be strong
// (RFC 9110 section 8.8.3.2).
func matchesTag(list []byte, etag string, strong bool) bool {
	weak := len(etag) > 2 && etag[0] == 'W'
	opaque := etag
	if weak {
		opaque = etag[2:]
	}
	for {
		list = bytes.TrimLeft(list, " \t,")
		if len(list) == 0 {
			return false
		}
		if list[0] == '*' {
			return true
		}
		theirs := false
		if bytes.HasPrefix(list, []byte("W/")) {
			theirs = true
			list = list[2:]
		}
		if len(list) == 0 || list[0] != '"' {
			return false // not a tag, and no telling where the next one begins
		}
		end := bytes.IndexByte(list[1:], '"')
		if end < 0 {
			return false
		}
		if string(list[:end+2]) == opaque && !(strong && (weak || theirs)) {
			return true
		}
		list = list[end+2:]
	}
}
