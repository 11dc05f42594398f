package stackhost

import (
	"strings"

	"github.com/stackhost/stackhost/sdk/go/internal/host"
	"github.com/stackhost/stackhost/sdk/go/internal/wire"
)

// Response is the answer to a request. Status and headers may change until the handler returns or Flush is called for the
// first time. What is written is kept and leaves as a whole, unless Flush is called or it grows over 256 KiB; then it is
// streamed. Valid until the handler returns.
type Response struct {
	// buf holds the response record as it is built, so that nothing is copied when the handler returns:
	//
	//	0x93 | 0xcd status:2 | 0xdc 2*fields:2 | fields | 0xc6 length:4 | body
	//
	// While streaming it holds body bytes that did not leave yet.
	buf    []byte
	status int
	fields int
	body   int // offset of the body in buf, 0 before the first write
	typed  bool
	stream uint32 // 0 unless streaming
	closed bool
}

const (
	headBytes     = 7
	bodyHeadBytes = 5
	// A response longer than this leaves as a stream: a record must stay below LimitRecordBytes, and a guest's memory small.
	maxBuffered = 256 << 10
	// Streamed bytes that are gathered before they leave without a Flush.
	maxGathered = 32 << 10
)

func (w *Response) reset(buf []byte) {
	*w = Response{buf: append(buf[:0], 0x93, 0xcd, 0, 200, 0xdc, 0, 0), status: 200}
}

// Status sets the status, 200 to 599. It is 200 unless set.
func (w *Response) Status(code int) { w.status = code }

// Set sets a header field, replacing all of its name.
func (w *Response) Set(name, value string) {
	w.remove(name)
	w.Add(name, value)
}

// Add adds a header field, keeping others of its name. Fields of the connection (connection, content-length, …) are the
// host's and are ignored by it.
func (w *Response) Add(name, value string) {
	if w.stream != 0 {
		return
	}
	if len(name) == len("content-type") && strings.EqualFold(name, "content-type") {
		w.typed = true
	}
	w.fields++
	if w.body == 0 {
		w.buf = wire.AppendBin(wire.AppendStr(w.buf, name), value)
		return
	}
	// The body has begun: make room in front of it.
	field := wire.AppendBin(wire.AppendStr(nil, name), value)
	at := w.body - bodyHeadBytes
	w.buf = append(w.buf, field...)
	copy(w.buf[at+len(field):], w.buf[at:])
	copy(w.buf[at:], field)
	w.body += len(field)
}

// remove drops all fields called name.
func (w *Response) remove(name string) {
	if w.fields == 0 || w.stream != 0 {
		return
	}
	end := len(w.buf)
	if w.body != 0 {
		end = w.body - bodyHeadBytes
	}
	r := wire.NewReader(w.buf[headBytes:end])
	for len(r.Rest()) > 0 {
		from := end - len(r.Rest())
		n := r.Str()
		r.Str()
		if !strings.EqualFold(n, name) {
			continue
		}
		to := end - len(r.Rest())
		w.buf = append(w.buf[:from], w.buf[to:]...)
		w.fields--
		end -= to - from
		if w.body != 0 {
			w.body -= to - from
		}
		r = wire.NewReader(w.buf[from:end])
	}
}

func (w *Response) begin() {
	if w.body == 0 {
		w.buf = append(w.buf, 0xc6, 0, 0, 0, 0)
		w.body = len(w.buf)
	}
}

// Write adds to the body. It never fails before the response is streamed; afterwards an *Error tells that the client
// went away or the time is over.
func (w *Response) Write(p []byte) (int, error) {
	if w.stream != 0 {
		return w.gather(p)
	}
	w.begin()
	w.buf = append(w.buf, p...)
	if len(w.buf)-w.body > maxBuffered {
		if err := w.Flush(); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// WriteString adds to the body, as Write does.
func (w *Response) WriteString(s string) (int, error) {
	if w.stream != 0 || len(s) > maxBuffered {
		return w.Write([]byte(s))
	}
	w.begin()
	w.buf = append(w.buf, s...)
	if len(w.buf)-w.body > maxBuffered {
		if err := w.Flush(); err != nil {
			return 0, err
		}
	}
	return len(s), nil
}

func (w *Response) gather(p []byte) (int, error) {
	if w.closed {
		return 0, &Error{Code: CodeClosed, Text: "the response has ended"}
	}
	if len(w.buf)+len(p) > maxGathered {
		if err := w.drain(); err != nil {
			return 0, err
		}
	}
	if len(p) > maxGathered {
		if n := host.CoreWrite(w.stream, p); n < 0 {
			return 0, hostError(n)
		}
		return len(p), nil
	}
	w.buf = append(w.buf, p...)
	return len(p), nil
}

func (w *Response) drain() error {
	if len(w.buf) == 0 {
		return nil
	}
	n := host.CoreWrite(w.stream, w.buf)
	w.buf = w.buf[:0]
	if n < 0 {
		return hostError(n)
	}
	return nil
}

// Flush sends what was written so far. The first call sends status and headers too, which cannot change afterwards.
func (w *Response) Flush() error {
	if w.closed {
		return &Error{Code: CodeClosed, Text: "the response has ended"}
	}
	if w.stream == 0 {
		reply, err := ask(host.HTTPRespond, w.record())
		if err != nil {
			return err
		}
		var opened wire.StreamReply
		if err := opened.Decode(reply); err != nil {
			return err
		}
		w.stream = uint32(opened.Stream)
		w.buf = w.buf[:0]
		return nil
	}
	if err := w.drain(); err != nil {
		return err
	}
	if n := host.HTTPFlush(w.stream); n < 0 {
		return hostError(n)
	}
	return nil
}

// record completes the response record in place.
func (w *Response) record() []byte {
	b := w.buf
	b[2], b[3] = byte(w.status>>8), byte(w.status)
	b[5], b[6] = byte(w.fields>>7), byte(w.fields<<1)
	if w.body == 0 {
		w.buf = append(b, 0xc4, 0)
		return w.buf
	}
	n := len(b) - w.body
	head := b[w.body-4 : w.body]
	head[0], head[1], head[2], head[3] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	return b
}

// finish ends the response. The record is nil when the response was streamed.
func (w *Response) finish() ([]byte, error) {
	if w.stream == 0 {
		return w.record(), nil
	}
	err := w.drain()
	w.closed = true
	if n := host.CoreClose(w.stream); n < 0 && err == nil {
		err = hostError(n)
	}
	return nil, err
}

// Text writes s as text/plain in UTF-8, unless another content type was set.
func (w *Response) Text(s string) error { return w.send("text/plain; charset=utf-8", s) }

// HTML writes s as text/html in UTF-8, unless another content type was set. Nothing is escaped.
func (w *Response) HTML(s string) error { return w.send("text/html; charset=utf-8", s) }

// JSON writes v as application/json, unless another content type was set. See AppendJSON for what v may be.
func (w *Response) JSON(v any) error {
	if !w.typed {
		w.Add("content-type", "application/json")
	}
	b, err := AppendJSON(nil, v)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

func (w *Response) send(contentType, s string) error {
	if !w.typed && w.body == 0 { // Add, without asking what is known
		w.typed = true
		w.fields++
		w.buf = wire.AppendBin(append(w.buf, "\xaccontent-type"...), contentType)
	} else if !w.typed {
		w.Add("content-type", contentType)
	}
	_, err := w.WriteString(s)
	return err
}

// Redirect answers with a status of 301, 302, 303, 307 or 308 and a location.
func (w *Response) Redirect(status int, location string) error {
	w.Status(status)
	w.Set("location", location)
	return nil
}
