package stackhost

import (
	"io"

	"github.com/stackhost/stackhost/sdk/go/internal/host"
	"github.com/stackhost/stackhost/sdk/go/internal/wire"
)

// body reads an inline body or a stream.
type body struct {
	inline []byte
	stream uint32
	done   bool
}

// Read fills p with the next bytes. It blocks until there is at least one.
func (b *body) Read(p []byte) (int, error) {
	if len(b.inline) > 0 {
		n := copy(p, b.inline)
		b.inline = b.inline[n:]
		return n, nil
	}
	if b.stream == 0 || b.done {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	n := host.CoreRead(b.stream, p)
	switch {
	case n < 0:
		return 0, hostError(n)
	case n == 0:
		b.done = true
		return 0, io.EOF
	}
	return int(n), nil
}

// Body returns the reader of the request body; each call returns the same one. Reads block until the client sent
// something; a failed read is an *Error.
func (r *Request) Body() io.Reader {
	r.openBody()
	return &r.body
}

func (r *Request) openBody() {
	if r.opened {
		return
	}
	r.opened = true
	e := r.element(wire.HTTPRequestBody)
	r.body = body{inline: e.Bytes(), stream: uint32(r.uint(wire.HTTPRequestBodyStream))}
}

// Bytes reads the rest of the body. A body over limit bytes is a Problem with status 413, and is not read further.
func (r *Request) Bytes(limit int) ([]byte, error) {
	r.openBody()
	if r.body.stream == 0 {
		b := r.body.inline
		if len(b) > limit {
			return nil, Fail(413, "the body is too long")
		}
		r.body.inline = nil
		return b, nil
	}
	if r.BodyLength() > int64(limit) {
		return nil, Fail(413, "the body is too long")
	}
	return readAll(&r.body, int(min(max(r.BodyLength(), 4096), 1<<20))+1, limit)
}

// readAll reads r to its end, beginning with room for size bytes.
func readAll(r io.Reader, size, limit int) ([]byte, error) {
	all := make([]byte, 0, min(size, limit+1))
	for {
		n, err := r.Read(all[len(all):cap(all)])
		all = all[:len(all)+n]
		switch {
		case len(all) > limit:
			return nil, Fail(413, "the body is too long")
		case err == io.EOF:
			return all, nil
		case err != nil:
			return nil, err
		case len(all) == cap(all):
			all = append(all, 0)[:len(all)]
		}
	}
}
