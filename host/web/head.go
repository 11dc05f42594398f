package web

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// requestHead is what the framing of the rest of a message depends on.
type requestHead struct {
	size   int   // bytes of the head itself
	length int64 // body length; chunked is -1
	expect bool  // Expect: 100-continue
}

// chunked is the length of a body that says by itself where it ends.
const chunked = -1

// headLimits bound one request head. Lengths in bytes.
type headLimits struct {
	target int // request target
	head   int // request line and header section together
	fields int // number of header fields
}

// checkHead judges the request head that b begins with. b must end with an empty line, though perhaps a later one: that bounds
// every scan. It refuses everything that two parsers could read differently, and computes the framing of the body (RFC 9112
// sections 2.2, 3, 5 and 6). No allocation.
func checkHead(b []byte, lim *headLimits) (requestHead, *ProtocolError) {
	var h requestHead
	target, minor, at, bad := checkRequestLine(b, lim)
	if bad != nil {
		return h, bad
	}
	var host []byte
	hosts, lengths, codings, count := 0, 0, 0, 0
	for {
		if b[at] == '\r' {
			if b[at+1] != '\n' {
				return h, errLineEnd
			}
			h.size = at + 2
			break
		}
		start := at
		for tokenByte[b[at]] {
			at++
		}
		if b[at] != ':' || at == start {
			switch b[start] {
			case ' ', '\t':
				return h, errFold
			case '\n':
				return h, errLineEnd
			}
			return h, errFieldName
		}
		name := b[start:at]
		value, next, ok := fieldValue(b, at+1)
		if !ok {
			if b[next] == '\n' || b[next] == '\r' {
				return h, errLineEnd
			}
			return h, errFieldValue
		}
		at = next
		if count++; count > lim.fields {
			return h, errHeadLong
		}
		switch len(name) { // the only fields that decide where the message ends or whom it is for
		case len("host"):
			if equalFold(name, "host") {
				hosts++
				host = value
			}
		case len("expect"):
			if minor == 1 && equalFold(name, "expect") {
				if !equalFold(value, "100-continue") {
					return h, errExpect
				}
				h.expect = true
			}
		case len("content-length"):
			if equalFold(name, "content-length") {
				if lengths++; lengths > 1 {
					return h, errLengthTwice
				}
				if h.length, ok = parseLength(value); !ok {
					return h, errLength
				}
			}
		case len("transfer-encoding"):
			if equalFold(name, "transfer-encoding") {
				codings++
				if bad := checkCoding(value, codings, minor); bad != nil {
					return h, bad
				}
			}
		}
	}
	if codings > 0 {
		if lengths > 0 {
			return h, errLengthCoding
		}
		h.length = chunked
	}
	switch {
	case hosts > 1:
		return h, errHostSeveral
	case hosts == 0 && minor == 1:
		return h, errHostMissing
	case hosts == 1 && !validHost(host):
		return h, errHostInvalid
	}
	if target[0] != '/' {
		if bad := checkTarget(b, target, host); bad != nil {
			return h, bad
		}
	}
	return h, nil
}

// checkRequestLine returns the target, the minor version and where the header section begins.
func checkRequestLine(b []byte, lim *headLimits) (target []byte, minor byte, next int, bad *ProtocolError) {
	end := nextControl(b, 0)
	if end+1 >= len(b) || b[end] != '\r' || b[end+1] != '\n' {
		return nil, 0, 0, errLineEnd
	}
	line := b[:end]
	space := bytes.IndexByte(line, ' ')
	if space <= 0 {
		return nil, 0, 0, errRequestLine
	}
	method, rest := line[:space], line[space+1:]
	for _, c := range method {
		if !tokenByte[c] {
			return nil, 0, 0, errMethod
		}
	}
	space = bytes.IndexByte(rest, ' ')
	if space < 0 {
		return nil, 0, 0, errVersionSyntax // HTTP/0.9
	}
	target, version := rest[:space], rest[space+1:]
	if len(target) > lim.target {
		return nil, 0, 0, errURILong
	}
	if len(target) == 0 || bytes.IndexByte(target, '#') >= 0 {
		return nil, 0, 0, errTarget
	}
	if string(version) != "HTTP/1.1" {
		switch {
		case string(version) == "HTTP/1.0":
		case len(version) == 8 && string(version[:5]) == "HTTP/" && isDigit(version[5]) && version[6] == '.' && isDigit(version[7]):
			return nil, 0, 0, errVersion
		default:
			return nil, 0, 0, errVersionSyntax
		}
	}
	if string(method) == "CONNECT" || string(method) == "TRACE" {
		return nil, 0, 0, errMethodRefused
	}
	return target, version[7] - '0', end + 2, nil
}

// checkTarget judges a request target that is not in origin form: "*" for OPTIONS, or an absolute URI for the host that the
// Host field names (RFC 9112 section 3.2).
func checkTarget(b, target, host []byte) *ProtocolError {
	if string(target) == "*" {
		if bytes.HasPrefix(b, []byte("OPTIONS ")) {
			return nil
		}
		return errTarget
	}
	rest := target
	switch {
	case len(rest) > 7 && equalFold(rest[:7], "http://"):
		rest = rest[7:]
	case len(rest) > 8 && equalFold(rest[:8], "https://"):
		rest = rest[8:]
	default:
		return errTarget
	}
	authority := rest
	if i := bytes.IndexAny(rest, "/?"); i >= 0 {
		authority = rest[:i]
	}
	if !validHost(authority) {
		return errTarget
	}
	if host != nil && !bytes.EqualFold(authority, host) {
		return errHostDiffers
	}
	return nil
}

func checkCoding(value []byte, seen int, minor byte) *ProtocolError {
	switch {
	case minor == 0:
		return errCodingOld
	case seen > 1:
		return errCoding
	case equalFold(value, "chunked"):
		return nil
	}
	last := value
	if i := bytes.LastIndexByte(value, ','); i >= 0 {
		last = bytes.Trim(value[i+1:], " \t")
		if equalFold(last, "chunked") && !bytes.Contains(bytes.ToLower(value[:i]), []byte("chunked")) {
			return errCodingUnknown // well framed, but coded in a way we do not know
		}
	}
	return errCoding
}

// fieldValue reads a field value from b[at:]. next is where the following line begins or, when ok is false, the offending byte.
func fieldValue(b []byte, at int) (value []byte, next int, ok bool) {
	for b[at] == ' ' || b[at] == '\t' {
		at++
	}
	end := at
	for {
		end = nextControl(b, end)
		if b[end] != '\t' {
			break
		}
		end++
	}
	if b[end] != '\r' || b[end+1] != '\n' {
		return nil, end, false
	}
	next = end + 2
	for end > at && (b[end-1] == ' ' || b[end-1] == '\t') {
		end--
	}
	return b[at:end], next, true
}

// nextControl returns the index of the first control byte (below 0x20, or 0x7f) in b at or after i, or len(b). Eight bytes at
// a time; b of a complete head always ends in one.
func nextControl(b []byte, i int) int {
	const low, high = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		del := w ^ low*0x7f
		// A borrow can mark bytes wrongly, but only above one that is marked rightly: the lowest mark is true.
		if marks := ((w-low*0x20)&^w | (del-low)&^del) & high; marks != 0 {
			return i + bits.TrailingZeros64(marks)/8
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c < 0x20 || c == 0x7f {
			return i
		}
	}
	return i
}

// parseLength reads Content-Length: digits only, below 10^18.
func parseLength(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	var n int64
	for _, c := range b {
		if !isDigit(c) {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// validHost accepts host[:port] as RFC 3986 section 3.2.2 spells it, without user information.
func validHost(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	i := 0
	if b[0] == '[' { // IP literal
		for i = 1; i < len(b) && b[i] != ']'; i++ {
			if c := b[i]; !isHex(c) && c != ':' && c != '.' && !hostByte[c] {
				return false
			}
		}
		if i < 3 || i >= len(b) {
			return false
		}
		i++
	} else {
		for i < len(b) && hostByte[b[i]] {
			i++
		}
		if i == 0 {
			return false
		}
	}
	if i == len(b) {
		return true
	}
	if b[i] != ':' || len(b)-i > 6 {
		return false
	}
	for _, c := range b[i+1:] {
		if !isDigit(c) {
			return false
		}
	}
	return true
}

// equalFold compares b with lower, which is in lower case ASCII.
func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

// tokenByte tells which bytes may stand in a method or field name (RFC 9110 section 5.6.2).
var tokenByte = byteSet("!#$%&'*+-.^_`|~")

// hostByte tells which bytes may stand in a registered name (RFC 3986 section 3.2.2).
var hostByte = byteSet("-._~!$&'()*+,;=%")

func byteSet(more string) (t [256]bool) {
	for c := '0'; c <= '9'; c++ {
		t[c] = true
	}
	for c := 'a'; c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = true, true
	}
	for i := range len(more) {
		t[more[i]] = true
	}
	return t
}
