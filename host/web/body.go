package web

import (
	"errors"
	"io"
	"time"

	"github.com/valyala/fasthttp"
)

// SetBodyLimit sets the body limit in bytes for this request, for routes that differ from the server's limit. Call it before
// the body is read. When the announced length exceeds it, the result is ErrBodyTooLarge and the limit is set nevertheless.
func SetBodyLimit(ctx *fasthttp.RequestCtx, n int64) error {
	Of(ctx).bodyLimit = n
	if int64(ctx.Request.Header.ContentLength()) > n {
		return errBodyLong
	}
	return nil
}

// BodyLength returns the length of the request body in bytes: 0 when there is none, -1 when only reading it will tell.
func BodyLength(ctx *fasthttp.RequestCtx) int64 {
	if ctx.RequestBodyStream() == nil {
		return int64(len(ctx.Request.Body()))
	}
	return max(int64(ctx.Request.Header.ContentLength()), -1)
}

// BodyReader returns the request body as a stream. Reads fail with ErrBodyTooLarge once the body exceeds the limit in force,
// ErrBodyTimeout when it stands still for too long, and ErrBodyBroken when it ends early or breaks its framing. The reader is
// valid until the handler returns. Not safe for concurrent use.
//
// fasthttp's own PostBody and Body know none of this: they take any length, and put the text of an error in place of the body.
func BodyReader(ctx *fasthttp.RequestCtx) io.Reader {
	stream := ctx.RequestBodyStream()
	if stream == nil {
		return eofReader{}
	}
	return &bodyReader{stream: stream, ctx: ctx, request: Of(ctx)}
}

// AllowSlowBody takes the time limits off the body of this request: somebody may type it. Call it before the body is read.
func AllowSlowBody(ctx *fasthttp.RequestCtx) {
	if c := connOf(ctx.Conn()); c != nil {
		c.slow = true
	}
}

// StopReading ends reads of the request body, with an error, also one that waits in another goroutine. The connection closes after the
// response. Safe for concurrent use.
func StopReading(ctx *fasthttp.RequestCtx) {
	if c := connOf(ctx.Conn()); c != nil {
		c.stopped.Store(true)
		c.Conn.SetReadDeadline(time.Unix(1, 0))
	}
}

type eofReader struct{}

func (eofReader) Read([]byte) (int, error) { return 0, io.EOF }

type bodyReader struct {
	stream  io.Reader
	ctx     *fasthttp.RequestCtx
	request *Request
	read    int64
	err     error
}

func (b *bodyReader) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	left := b.request.bodyLimit - b.read
	if int64(len(p)) > left+1 {
		p = p[:left+1] // one more byte tells whether there is more
	}
	n, err := b.stream.Read(p)
	b.read += int64(n)
	if b.read > b.request.bodyLimit {
		n -= int(b.read - b.request.bodyLimit)
		err = errBodyLong
	}
	if err != nil {
		b.err = bodyError(b.ctx, err)
	}
	return n, b.err
}

// bodyError gives an error of reading a body its meaning, which fasthttp hides in texts.
func bodyError(ctx *fasthttp.RequestCtx, err error) error {
	var known *ProtocolError
	switch {
	case err == io.EOF || errors.As(err, &known):
		return err
	}
	if c := connOf(ctx.Conn()); c != nil && c.failed != nil {
		return c.failed
	}
	return errBodyCut
}

// ReadBody appends the whole request body to dst. Errors as for BodyReader; dst is returned as far as it was filled.
// Memory grows with what has arrived, not with what was announced.
func ReadBody(ctx *fasthttp.RequestCtx, dst []byte) ([]byte, error) {
	if ctx.RequestBodyStream() == nil {
		return append(dst, ctx.Request.Body()...), nil
	}
	const step = 64 << 10
	n := int64(ctx.Request.Header.ContentLength())
	if n > Of(ctx).bodyLimit {
		return dst, errBodyLong
	}
	if n < 0 {
		n = 512
	}
	dst = grow(dst, int(min(n+1, step)))
	r := bodyReader{stream: ctx.RequestBodyStream(), ctx: ctx, request: Of(ctx)}
	for {
		if len(dst) == cap(dst) {
			dst = grow(dst, min(max(cap(dst), 512), 16*step))
		}
		k, err := r.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+k]
		if err == io.EOF {
			return dst, nil
		}
		if err != nil {
			return dst, err
		}
	}
}

func grow(b []byte, n int) []byte {
	if cap(b)-len(b) >= n {
		return b
	}
	larger := make([]byte, len(b), len(b)+n)
	copy(larger, b)
	return larger
}
