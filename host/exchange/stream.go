package exchange

import (
	"context"
	"io"
	"sync"
)

// Stream is the body of an answer that is sent while it is made. Not safe for concurrent use.
type Stream struct {
	x      *Exchange
	ctx    context.Context
	closed bool
}

// Write hands p to the connection and returns when it has been taken over; p may then be reused. It blocks while the client
// is slow, until the context given to Respond ends. ErrClientGone means that nobody reads any more.
func (s *Stream) Write(p []byte) (int, error) {
	if s.closed {
		return 0, io.ErrClosedPipe
	}
	if len(p) == 0 {
		return 0, nil
	}
	if err := s.x.pipe.write(s.ctx, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close ends the body. The exchange goes on until its handler returns.
func (s *Stream) Close() error {
	if s.closed {
		return io.ErrClosedPipe
	}
	s.closed = true
	s.x.pipe.closeWrite(nil)
	return nil
}

// pipe hands byte slices from the guest's goroutine to the one that writes the connection, one at a time, so a slow client
// slows the guest and nothing is buffered without bound. fasthttp flushes after each read, so every write leaves at once.
type pipe struct {
	data  chan []byte   // a slice on offer
	taken chan struct{} // the slice was copied whole
	gone  chan struct{} // closed by the reading side
	ended chan struct{} // closed by the writing side
	once  sync.Once
	stop  sync.Once
	err   error // set before ended is closed
	rest  []byte
}

func newPipe() *pipe {
	return &pipe{data: make(chan []byte), taken: make(chan struct{}), gone: make(chan struct{}), ended: make(chan struct{})}
}

func (p *pipe) write(ctx context.Context, b []byte) error {
	select {
	case p.data <- b:
	case <-p.gone:
		return ErrClientGone
	case <-ctx.Done():
		return ctx.Err()
	}
	// The reader holds b, which is guest memory: it must be done with it before the guest runs on.
	select {
	case <-p.taken:
		return nil
	case <-p.gone:
		return ErrClientGone
	}
}

func (p *pipe) closeWrite(err error) {
	p.once.Do(func() {
		p.err = err
		close(p.ended)
	})
}

func (p *pipe) read(buf []byte) (int, error) {
	if len(p.rest) == 0 {
		select {
		case p.rest = <-p.data:
		case <-p.ended:
			if p.err != nil {
				return 0, p.err
			}
			return 0, io.EOF
		}
	}
	n := copy(buf, p.rest)
	p.rest = p.rest[n:]
	if len(p.rest) == 0 {
		p.taken <- struct{}{}
	}
	return n, nil
}

// body is the reading side as fasthttp sees it.
type body struct {
	pipe *pipe
	x    *Exchange
	done chan struct{}
}

func (b *body) Read(p []byte) (int, error) { return b.pipe.read(p) }

// Close tells the guest that nobody reads any more and waits for it to end: it still uses the request, which fasthttp
// reuses afterwards. The wait is bounded by the exchange's deadline.
func (b *body) Close() error {
	b.pipe.stop.Do(func() {
		close(b.pipe.gone)
		<-b.done
		b.x.recycle()
	})
	return nil
}
