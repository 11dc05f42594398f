package fetch

import (
	"io"
	"sync"

	"github.com/stackhost/stackhost/abi"
)

// limitedBody ends with a limit code instead of silently cutting a response short.
type limitedBody struct {
	body io.ReadCloser
	left int64
	end  func()
}

func (l *limitedBody) Read(p []byte) (int, error) {
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.body.Read(p)
	if int64(n) > l.left {
		return int(l.left), abi.Errorf(abi.CodeLimit, "fetch: the response body is over the limit")
	}
	l.left -= int64(n)
	if err != nil && err != io.EOF {
		err = asCode(err)
	}
	return n, err
}

func (l *limitedBody) Close() error {
	defer l.end()
	return l.body.Close()
}

// guardedReader lends a stream of the call to the transport, which may go on reading after the response came: stop ends that
// before the call's request is reused.
type guardedReader struct {
	mu   sync.Mutex
	r    io.Reader // guarded by mu; nil once stopped
	left int64     // guarded by mu
}

func (g *guardedReader) Read(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.r == nil {
		return 0, io.ErrClosedPipe
	}
	n, err := g.r.Read(p)
	if g.left -= int64(n); g.left < 0 {
		return 0, abi.Errorf(abi.CodeLimit, "fetch: the request body is over the limit")
	}
	return n, err
}

func (g *guardedReader) stop() {
	g.mu.Lock()
	g.r = nil
	g.mu.Unlock()
}
