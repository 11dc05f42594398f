package web

import "bytes"

// framer follows the bytes that arrive on a connection and says where each message ends. It sees every byte before fasthttp
// does, so a request whose extent is open to doubt never reaches a parser that might settle the doubt differently than a
// proxy before us did. Not safe for concurrent use.
type framer struct {
	limits *headLimits
	phase  framePhase
	blank  int    // empty lines skipped before the request line
	head   []byte // head so far, when it came in pieces; also the trailer section
	left   int64  // bytes of the body or chunk still to come
	size   int64  // chunk size being read
	digits int    // digits of the chunk size, or bytes of its extension
	body   int64  // decoded body bytes so far
	expect bool   // the message asked for 100 Continue
	length int64  // of the body of the message, or chunked
}

type framePhase uint8

const (
	inStart framePhase = iota // before the first byte of a message
	inHead
	inBody // Content-Length
	inChunkSize
	inChunkExtension
	inChunkSizeLF
	inChunkData
	inChunkDataCR
	inChunkDataLF
	inTrailer
)

const (
	maxBlankLines     = 2    // RFC 9112 section 2.2 asks for at least one
	maxChunkDigits    = 15   // a chunk size below 2^60
	maxChunkExtension = 256  // bytes; nobody uses them but attackers
	maxTrailer        = 4096 // bytes
)

var headEnd = []byte("\r\n\r\n")

// scan looks at the next bytes and returns how many may be handed on: up to the end of the message, which end reports, or
// to just before the byte that breaks it. Of a message that is refused at least the first byte is handed on and never its
// head's end, so that the parser behind is waiting in the middle of a request when it meets the error.
func (f *framer) scan(b []byte) (n int, end bool, bad *ProtocolError) {
	for n < len(b) {
		switch f.phase {
		case inStart, inHead:
			took, bad := f.scanHead(b[n:])
			n += took
			if bad != nil {
				return n, false, bad
			}
			if f.phase == inStart && f.head == nil && f.blank == 0 {
				return n, true, nil // a message without a body
			}
		case inBody, inChunkData:
			took := min(f.left, int64(len(b)-n))
			n += int(took)
			f.body += took
			if f.left -= took; f.left == 0 {
				if f.phase == inBody {
					f.finish()
					return n, true, nil
				}
				f.phase = inChunkDataCR
			}
		case inTrailer:
			took, done, bad := f.scanTrailer(b[n:])
			n += took
			if bad != nil || done {
				return n, done, bad
			}
		default:
			if bad := f.scanChunk(b[n]); bad != nil {
				return n, false, bad
			}
			n++
		}
	}
	return n, false, nil
}

func (f *framer) finish() {
	f.phase = inStart
	f.blank = 0
	f.head = nil
}

// scanHead consumes bytes of a request head.
func (f *framer) scanHead(b []byte) (int, *ProtocolError) {
	skipped := 0
	if f.phase == inStart {
		for skipped < len(b) && (b[skipped] == '\r' || b[skipped] == '\n') {
			// Empty lines before a request: CR LF only, and few. blank counts their bytes.
			if want := "\r\n"[f.blank%2]; b[skipped] != want || f.blank >= 2*maxBlankLines {
				return skipped, errLineEnd
			}
			f.blank++
			skipped++
		}
		if skipped == len(b) {
			return skipped, nil
		}
		if f.blank%2 == 1 {
			return skipped, errLineEnd
		}
		b = b[skipped:]
		f.phase = inHead
		if !bytes.HasSuffix(b, headEnd) { // a lone request without a body, mostly, is spared the search
			if i := bytes.Index(b, headEnd); i >= 0 {
				return f.takeHead(b[:i+4], skipped)
			}
		} else if len(b) <= f.limits.head {
			return f.takeHead(b, skipped)
		} else {
			return f.takeHead(b[:bytes.Index(b, headEnd)+4], skipped)
		}
		f.head = make([]byte, 0, min(2*len(b)+512, f.limits.head+4))
	}
	old := len(f.head)
	first := old == 0
	room := f.limits.head + 4 - old
	if room < len(b) {
		f.head = append(f.head, b[:max(room, 0)]...)
	} else {
		f.head = append(f.head, b...)
	}
	if i := bytes.Index(f.head[max(old-3, 0):], headEnd); i >= 0 {
		whole := max(old-3, 0) + i + 4
		if _, bad := f.acceptHead(f.head[:whole]); bad != nil {
			return skipped + refusedPrefix(first), bad
		}
		return skipped + whole - old, nil
	}
	if old > 0 && f.head[old-1] == '\r' {
		old-- // its line feed has come only now
	}
	if bad := f.judgePartial(old); bad != nil {
		return skipped + refusedPrefix(first), bad
	}
	return skipped + len(b), nil
}

// takeHead judges a head that came in one piece, after so many bytes that were skipped.
func (f *framer) takeHead(b []byte, skipped int) (int, *ProtocolError) {
	n, bad := f.acceptHead(b)
	if bad != nil {
		n = refusedPrefix(true)
	}
	return skipped + n, bad
}

// refusedPrefix is how much of a refused message may be handed on.
func refusedPrefix(first bool) int {
	if first {
		return 1
	}
	return 0
}

// judgePartial refuses a head that can no longer become acceptable, before its end is seen: too long, or not HTTP at all.
// Line ends before from have been looked at.
func (f *framer) judgePartial(from int) *ProtocolError {
	line := f.head
	for i := nextControl(line, from); i < len(line); i = nextControl(line, i+1) {
		if line[i] == '\t' {
			continue
		}
		if line[i] != '\r' || i+1 < len(line) && line[i+1] != '\n' {
			return errLineEnd
		}
		i++
	}
	nl := bytes.IndexByte(line, '\n')
	if nl < 0 {
		if !tokenByte[line[0]] {
			return errMethod
		}
		if len(line) > f.limits.target+64 {
			return errURILong
		}
	} else if _, _, _, bad := checkRequestLine(line[:nl+1], f.limits); bad != nil {
		return bad
	}
	if len(f.head) > f.limits.head {
		return errHeadLong
	}
	return nil
}

// acceptHead judges a complete head, sets the phase for what follows it, and returns its length.
func (f *framer) acceptHead(b []byte) (int, *ProtocolError) {
	if len(b) > f.limits.head {
		// A long target is the more useful thing to say.
		if _, _, _, bad := checkRequestLine(b, f.limits); bad != nil {
			return 0, bad
		}
		return 0, errHeadLong
	}
	h, bad := checkHead(b, f.limits)
	if bad != nil {
		return 0, bad
	}
	f.body = 0
	f.expect = h.expect
	f.length = h.length
	switch {
	case h.length == 0:
		f.finish()
	case h.length == chunked:
		f.phase, f.size, f.digits = inChunkSize, 0, 0
		f.head, f.blank = nil, 0
	default:
		f.phase, f.left = inBody, h.length
		f.head, f.blank = nil, 0
	}
	return h.size, nil
}

// scanChunk consumes one byte between the data of chunks (RFC 9112 section 7.1). White space around extensions is refused:
// it is only ever sent to confuse.
func (f *framer) scanChunk(c byte) *ProtocolError {
	switch f.phase {
	case inChunkSize:
		switch {
		case isHex(c):
			if f.digits++; f.digits > maxChunkDigits {
				return errChunk
			}
			f.size = f.size<<4 | int64(hexValue(c))
		case f.digits == 0:
			return errChunk
		case c == '\r':
			f.phase = inChunkSizeLF
		case c == ';':
			f.phase, f.digits = inChunkExtension, 0
		default:
			return errChunk
		}
	case inChunkExtension:
		switch {
		case c == '\r':
			f.phase = inChunkSizeLF
		case c < 0x20 || c == 0x7f:
			return errChunk
		default:
			if f.digits++; f.digits > maxChunkExtension {
				return errChunk
			}
		}
	case inChunkSizeLF:
		if c != '\n' {
			return errChunk
		}
		if f.size == 0 {
			f.phase = inTrailer
			f.head = nil
		} else {
			f.phase, f.left = inChunkData, f.size
		}
		f.size, f.digits = 0, 0
	case inChunkDataCR:
		if c != '\r' {
			return errChunk
		}
		f.phase = inChunkDataLF
	case inChunkDataLF:
		if c != '\n' {
			return errChunk
		}
		f.phase = inChunkSize
	}
	return nil
}

// scanTrailer consumes bytes of the trailer section, whose lines obey the rules of header fields. Its last byte is held
// back until the section has been judged.
func (f *framer) scanTrailer(b []byte) (n int, done bool, bad *ProtocolError) {
	for i, c := range b {
		if len(f.head) >= maxTrailer {
			return i, false, errTrailer
		}
		f.head = append(f.head, c)
		if c != '\n' {
			continue
		}
		line := f.head
		if string(line) == "\r\n" {
			f.finish()
			return i + 1, true, nil
		}
		if bytes.HasSuffix(line, headEnd) {
			if !validFields(line) {
				return i, false, errTrailer
			}
			f.finish()
			return i + 1, true, nil
		}
		if len(line) < 2 || line[len(line)-2] != '\r' {
			return i, false, errTrailer
		}
	}
	return len(b), false, nil
}

// validFields judges a field section that ends in an empty line.
func validFields(b []byte) bool {
	at := 0
	for b[at] != '\r' {
		start := at
		for tokenByte[b[at]] {
			at++
		}
		if at == start || b[at] != ':' {
			return false
		}
		_, next, ok := fieldValue(b, at+1)
		if !ok {
			return false
		}
		at = next
	}
	return at+2 == len(b) && b[at+1] == '\n'
}

func hexValue(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
