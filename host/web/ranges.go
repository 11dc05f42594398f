package web

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"
)

// byteRange is a range of bytes, both ends included.
type byteRange struct{ first, last int64 }

func (r byteRange) length() int64 { return r.last - r.first + 1 }

// maxRanges is how many ranges one request may ask for; with more it gets the whole (RFC 9110 section 14.2 warns of requests
// made to cost much).
const maxRanges = 16

// requestedRanges returns the ranges to send: none when the whole is to be sent. ok is false when the request asks for ranges
// and none of them has a byte of the file, which is 416.
func requestedRanges(h *fasthttp.RequestHeader, etag string, modified time.Time, size int64) (ranges []byteRange, ok bool) {
	spec := h.Peek(fasthttp.HeaderRange)
	if len(spec) == 0 {
		return nil, true
	}
	if cond := h.Peek(fasthttp.HeaderIfRange); len(cond) > 0 {
		// A tag must match strongly, a date exactly (RFC 9110 section 13.1.5).
		if cond[0] == '"' || cond[0] == 'W' {
			if !matchesTag(cond, etag, true) {
				return nil, true
			}
		} else if t, valid := httpDate(cond); !valid || !t.Equal(modified.Truncate(time.Second)) || time.Since(modified) < 2*time.Second {
			return nil, true
		}
	}
	return parseRanges(spec, size)
}

// parseRanges reads a Range field. One that is malformed or asks for too much is ignored, as the RFC allows: the answer is
// the whole.
func parseRanges(spec []byte, size int64) (ranges []byteRange, ok bool) {
	if len(spec) < 6 || !equalFold(spec[:6], "bytes=") {
		return nil, true
	}
	total, members := int64(0), 0
	for item := range bytes.SplitSeq(spec[6:], []byte{','}) {
		item = bytes.Trim(item, " \t")
		if len(item) == 0 {
			continue
		}
		if members++; members > maxRanges {
			return nil, true
		}
		from, to, found := bytes.Cut(item, []byte{'-'})
		if !found {
			return nil, true
		}
		var r byteRange
		switch {
		case len(from) == 0: // the last n bytes
			n, valid := parseLength(to)
			if !valid {
				return nil, true
			}
			if n == 0 || size == 0 {
				continue
			}
			r = byteRange{max(size-n, 0), size - 1}
		default:
			first, valid := parseLength(from)
			if !valid {
				return nil, true
			}
			last := size - 1
			if len(to) > 0 {
				if last, valid = parseLength(to); !valid || last < first {
					return nil, true
				}
			}
			if first >= size {
				continue
			}
			r = byteRange{first, min(last, size-1)}
		}
		ranges = append(ranges, r)
		total += r.length()
	}
	switch {
	case members == 0:
		return nil, true
	case len(ranges) == 0:
		return nil, false
	case total > size: // overlapping: the whole is cheaper
		return nil, true
	}
	return ranges, true
}

// contentRange is the value of a Content-Range field; a range that begins at -1 is the unsatisfied one.
func contentRange(r byteRange, size int64) string {
	if r.first < 0 {
		return "bytes */" + strconv.FormatInt(size, 10)
	}
	return fmt.Sprintf("bytes %d-%d/%d", r.first, r.last, size)
}

// sendParts sends several ranges as multipart/byteranges (RFC 9110 section 14.6).
func (s *Static) sendParts(ctx *fasthttp.RequestCtx, v *staticVariant, mediaType string, ranges []byteRange) {
	var file io.ReadSeekCloser
	if v.data == nil {
		f, err := s.open(v, 0)
		if err != nil {
			s.cfg.Problems.NotFound(ctx)
			return
		}
		file = f
	}
	boundary := fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64())
	heads := make([]string, len(ranges))
	total := int64(0)
	for i, r := range ranges {
		heads[i] = "\r\n--" + boundary + "\r\nContent-Type: " + mediaType + "\r\nContent-Range: " + contentRange(r, v.size) + "\r\n\r\n"
		total += int64(len(heads[i])) + r.length()
	}
	tail := "\r\n--" + boundary + "--\r\n"
	total += int64(len(tail))
	ctx.SetStatusCode(fasthttp.StatusPartialContent)
	ctx.Response.Header.SetContentType("multipart/byteranges; boundary=" + boundary)
	ctx.Response.SetBodyStream(&partsReader{file: file, data: v.data, heads: heads, ranges: ranges, tail: tail}, int(total))
}

// partsReader yields the parts one after the other. Not safe for concurrent use.
type partsReader struct {
	file   io.ReadSeekCloser // nil when data holds the bytes
	data   []byte
	heads  []string
	ranges []byteRange
	tail   string
	text   string    // of the head or tail being read
	part   io.Reader // bytes being read
	next   int
}

func (p *partsReader) Read(b []byte) (int, error) {
	for {
		if len(p.text) > 0 {
			n := copy(b, p.text)
			p.text = p.text[n:]
			return n, nil
		}
		if p.part != nil {
			n, err := p.part.Read(b)
			if n > 0 {
				return n, nil
			}
			if err != nil && err != io.EOF {
				return 0, err
			}
			p.part = nil
		}
		if err := p.advance(); err != nil {
			return 0, err
		}
	}
}

// advance begins the next part, or the tail.
func (p *partsReader) advance() error {
	switch {
	case p.next < len(p.ranges):
		r := p.ranges[p.next]
		p.text = p.heads[p.next]
		if p.file == nil {
			p.part = bytes.NewReader(p.data[r.first : r.last+1])
		} else {
			if _, err := p.file.Seek(r.first, io.SeekStart); err != nil {
				return err
			}
			p.part = io.LimitReader(p.file, r.length())
		}
	case p.next == len(p.ranges):
		p.text = p.tail
	default:
		return io.EOF
	}
	p.next++
	return nil
}

func (p *partsReader) Close() error {
	if p.file != nil {
		return p.file.Close()
	}
	return nil
}
