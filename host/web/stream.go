package web

import (
	"strconv"
	"sync"

	"github.com/valyala/fasthttp"
)

// Stream is a response whose body is sent while the handler runs. It writes to the connection from the handler's own
// goroutine, so it costs neither a goroutine nor a pipe, and a slow client slows the handler. Not safe for concurrent use, and
// not to be used after the handler has returned.
type Stream struct {
	conn    *conn
	buf     []byte // head or chunk being gathered
	chunk   int    // where the data of the chunk in buf begins; the room before is for its size
	left    int64  // bytes still owed under a Content-Length
	sized   bool   // the response has a Content-Length
	chunked bool
	silent  bool // HEAD and statuses without a body
	status  int
	encoder streamEncoder // nil without compression
	last    bool          // the connection closes afterwards
	closed  bool
	err     error
}

// streamBuffer is how many bytes a Stream gathers before it sends them by itself.
const streamBuffer = 8 << 10

// chunkRoom holds the size line of a chunk of up to streamBuffer bytes: four digits and CR LF.
const chunkRoom = 6

var streamBuffers = sync.Pool{New: func() any {
	b := make([]byte, 0, streamBuffer+1024)
	return &b
}}

// StartStream sends the status and header fields that are set on ctx.Response, and returns the stream for the body. length is
// the body's length in bytes, or -1 when it is not known; the body then is chunked, or for an HTTP/1.0 client ended by closing
// the connection. What is set on ctx.Response afterwards is not sent. The handler should Close the stream; the server does so
// when it returns without.
//
// The head is sent with the first data, at Flush, or at Close. Compression is applied as the server's Config.Compression says;
// Flush passes through it.
func StartStream(ctx *fasthttp.RequestCtx, length int64) (*Stream, error) {
	c := connOf(ctx.Conn())
	if c == nil {
		return nil, ErrStreamClosed
	}
	r := &c.request
	if r.stream != nil {
		return nil, ErrStreamClosed
	}
	resp := &ctx.Response
	s := &Stream{conn: c, buf: (*streamBuffers.Get().(*[]byte))[:0], status: resp.StatusCode(), left: length, sized: length >= 0}
	s.silent = ctx.IsHead() || s.status == fasthttp.StatusNoContent || s.status == fasthttp.StatusNotModified
	compression := c.server.cfg.Compression
	if enc := compression.choose(ctx, length); enc != "" {
		s.encoder = compression.encoder(enc, s)
		s.sized = false
		markEncoded(&resp.Header, enc)
	}
	http11 := ctx.Request.Header.IsHTTP11()
	switch {
	case s.sized:
		resp.Header.SetContentLength(int(length))
	case http11:
		resp.Header.SetContentLength(-1)
		s.chunked = !s.silent
	default:
		resp.Header.SetContentLength(-2) // until the connection closes
	}
	c.server.finishHead(ctx, r)
	s.last = resp.ConnectionClose() || ctx.Request.Header.ConnectionClose() || !http11
	if s.last {
		resp.SetConnectionClose()
	}
	s.buf = resp.Header.AppendBytes(s.buf)
	s.startChunk()
	r.stream = s
	c.muted = true
	return s, nil
}

// startChunk leaves room for a chunk's size after what buf holds.
func (s *Stream) startChunk() {
	if s.chunked {
		s.buf = append(s.buf, "      "...)
	}
	s.chunk = len(s.buf)
}

// Write adds p to the body. It blocks while the client is slow, for at most the server's WriteTimeout without progress.
// p may be reused at once.
func (s *Stream) Write(p []byte) (int, error) {
	if s.closed {
		return 0, ErrStreamClosed
	}
	if s.silent {
		return len(p), nil
	}
	if s.encoder != nil {
		return s.encoder.Write(p)
	}
	return s.raw(p)
}

// raw adds bytes of the body as they go over the wire.
func (s *Stream) raw(p []byte) (int, error) {
	if s.sized {
		if int64(len(p)) > s.left {
			return 0, ErrStreamLength
		}
		s.left -= int64(len(p))
	}
	total := len(p)
	for len(p) > 0 && s.err == nil {
		room := streamBuffer - (len(s.buf) - s.chunk)
		n := min(room, len(p))
		s.buf = append(s.buf, p[:n]...)
		p = p[n:]
		if n == room {
			s.send(false)
		}
	}
	if s.err != nil {
		return total - len(p), s.err
	}
	return total, nil
}

// Flush sends what has been written so far, the head included.
func (s *Stream) Flush() error {
	if s.closed {
		return ErrStreamClosed
	}
	if s.encoder != nil && !s.silent {
		if err := s.encoder.Flush(); err != nil {
			return err
		}
	}
	s.send(false)
	return s.err
}

// send puts the gathered bytes on the wire, and after the last ones the end of the body.
func (s *Stream) send(last bool) {
	out := s.buf
	if s.chunked {
		if data := len(s.buf) - s.chunk; data > 0 {
			var digits [4]byte
			size := strconv.AppendInt(digits[:0], int64(data), 16)
			// Zeros in front make every size line as long as the room for it.
			line := s.buf[s.chunk-chunkRoom : s.chunk]
			copy(line, "0000\r\n")
			copy(line[4-len(size):], size)
			out = append(out, '\r', '\n')
		} else {
			out = out[:s.chunk-chunkRoom]
		}
		if last {
			out = append(out, "0\r\n\r\n"...)
		}
	}
	if s.err == nil && len(out) > 0 {
		_, s.err = s.conn.send(out)
	}
	s.buf = s.buf[:0]
	s.startChunk()
}

// Close ends the body. It does not end the request: the handler goes on until it returns.
func (s *Stream) Close() error {
	if s.closed {
		return s.err
	}
	if s.encoder != nil {
		if !s.silent && s.err == nil {
			if err := s.encoder.Close(); s.err == nil {
				s.err = err
			}
		}
		s.encoder.release()
	}
	s.end()
	if s.sized && !s.silent && s.left > 0 && s.err == nil {
		s.err = ErrStreamLength // the connection closes, so that the client can tell
	}
	return s.err
}

// Abort ends the response so that the client can tell it is incomplete: the connection is closed without the body's end.
func (s *Stream) Abort() {
	if s.closed {
		return
	}
	if s.encoder != nil {
		s.encoder.release()
	}
	if s.err == nil {
		s.send(false) // what was written before the failure may help
		s.err = ErrStreamClosed
	}
	s.end()
}

func (s *Stream) end() {
	s.send(true) // nothing, once err is set
	s.closed = true
	s.encoder = nil
	buf := s.buf[:0]
	s.buf = nil
	streamBuffers.Put(&buf) // not &s.buf, which is written here while others have it
}
