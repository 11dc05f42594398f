package web

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// conn is a client connection as fasthttp sees it. Reads pass the framer, and hand on bytes of one message at a time, so that
// the parser behind holds nothing of the next request while one is served. Waiting is bounded by the server's sweeper, which
// looks at reading and writing a few times a second; so the usual request sets no deadline at all.
//
// Read, Write and Close are called by the connection's goroutine; the sweeper and Shutdown use only the atomics and the
// deadlines of raw.
type conn struct {
	net.Conn // raw: *net.TCPConn, *tls.Conn or a test's pipe
	server   *Server
	accepted int64 // server clock

	framer framer
	rest   []byte // bytes received beyond the current message
	stash  []byte // backs rest
	began  int64  // server clock at the first byte of the current head
	waited int64  // nanoseconds spent waiting for the current body
	failed error  // a refusal, given by all later reads
	served bool   // a request has been answered on this connection
	over   bool   // the client has closed, or nothing was asked for too long
	slow   bool   // the current body may stand still

	stopped atomic.Bool // by StopReading

	reading atomic.Int64 // since when a read is waiting, as waitMark makes it; 0 is none
	writing atomic.Int64 // since when a write is waiting; 0 is none
	written int64        // bytes sent, for access records
	muted   bool         // drop what fasthttp writes: the answer has been sent by a Stream

	request Request
	record  *accessRecord // of the request being answered, nil when none is wanted
	key     string        // what the connection is counted by, empty when it is not
	address string        // of the client, made when first needed

	closeOnce sync.Once
}

// tlsConn shows fasthttp that the connection is encrypted.
type tlsConn struct{ *conn }

// Handshake performs the TLS handshake within HeadTimeout.
func (c tlsConn) Handshake() error {
	c.reading.Store(waitMark(waitHead, c.server.clock.Load()))
	err := c.Conn.(*tls.Conn).Handshake()
	c.reading.Store(0)
	return err
}

// ConnectionState returns what the TLS handshake agreed on.
func (c tlsConn) ConnectionState() tls.ConnectionState {
	return c.Conn.(*tls.Conn).ConnectionState()
}

type waitKind int64

const (
	waitIdle waitKind = iota + 1
	waitHead
	waitBody
)

// waitMark packs what is waited for into the low two bits of a time.
func waitMark(kind waitKind, since int64) int64 { return since&^3 | int64(kind) }

// Read gives fasthttp the next bytes of the current message, or of the next one when none is under way.
func (c *conn) Read(p []byte) (int, error) {
	if c.failed != nil {
		return 0, c.failed
	}
	if len(p) == 0 {
		return 0, nil
	}
	if f := &c.framer; f.length == chunked && f.phase != inStart && f.phase != inHead && f.body > c.request.bodyLimit {
		return 0, c.fail(errBodyLong)
	}
	var n int
	if len(c.rest) > 0 {
		n = copy(p, c.rest)
		if c.framer.phase == inStart {
			c.began = c.server.clock.Load()
			c.startMessage()
		}
	} else {
		var err error
		if n, err = c.receive(p); n == 0 && err != nil {
			return 0, err
		}
	}
	take, end, bad := c.framer.scan(p[:n])
	switch {
	case len(c.rest) > 0:
		c.rest = c.rest[take:]
	case end && take < n:
		c.stash = append(c.stash[:0], p[take:n]...)
		c.rest = c.stash
	}
	if bad != nil {
		if take == 0 {
			return 0, c.fail(bad)
		}
		c.fail(bad)
	}
	return take, nil
}

// startMessage resets what belongs to one message, at its first byte.
func (c *conn) startMessage() {
	c.request.bodyLimit = c.server.cfg.Limits.BodyBytes
	c.waited, c.slow = 0, false
}

func (c *conn) fail(bad *ProtocolError) error {
	c.failed = bad
	c.server.stats.refused.Add(1)
	return bad
}

// receive reads from the network within the time limit that the state of the connection sets.
func (c *conn) receive(p []byte) (int, error) {
	s := c.server
	for {
		kind, since := waitBody, s.clock.Load()
		switch c.framer.phase {
		case inStart:
			kind = waitIdle
			if !c.served {
				kind, since = waitHead, c.accepted
			}
			if s.draining.Load() {
				c.over = true
				return 0, io.EOF
			}
		case inHead:
			kind, since = waitHead, c.began
		default:
			since -= c.bodyDebt()
		}
		if c.stopped.Load() {
			return 0, c.fail(errBodyCut)
		}
		mark := waitMark(kind, since)
		started := s.clock.Load()
		if kind != waitBody || !c.slow {
			c.reading.Store(mark)
		}
		n, err := c.Conn.Read(p)
		c.reading.Store(0)
		c.waited += s.clock.Load() - started
		if n > 0 {
			if c.framer.phase == inStart {
				c.began = s.clock.Load()
				c.startMessage()
			}
			return n, nil
		}
		switch {
		case err == nil:
			continue
		case !isTimeout(err):
			c.over = true
			if err == io.EOF && kind == waitBody {
				return 0, c.fail(errBodyCut)
			}
			return 0, err
		case s.closed.Load():
			return 0, net.ErrClosed
		case c.stopped.Load():
			continue
		case kind != waitBody && c.framer.phase == inStart && (s.draining.Load() || s.overdue(mark)):
			c.over = true
			return 0, io.EOF // nothing was asked, so nothing is answered
		case !s.overdue(mark):
			// The sweeper meant an earlier wait that ended just then.
			if err := c.Conn.SetReadDeadline(time.Time{}); err != nil {
				return 0, err
			}
		case kind == waitHead:
			return 0, c.fail(errHeadSlow)
		default:
			return 0, c.fail(errBodySlow)
		}
	}
}

// bodyDebt is how much longer the body has kept us waiting than BodyRate allows for what has come, in nanoseconds. It counts
// against BodyTimeout, so that a client cannot hold a connection for ever by sending a byte now and then.
func (c *conn) bodyDebt() int64 {
	rate := c.server.cfg.Limits.BodyRate
	if rate < 0 {
		return 0
	}
	return max(c.waited-c.framer.body*1000/rate*int64(time.Millisecond), 0)
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}

// Write sends p. A client that takes nothing for WriteTimeout loses the connection.
func (c *conn) Write(p []byte) (int, error) {
	if c.muted {
		return len(p), nil
	}
	return c.send(p)
}

// send writes in pieces so that progress can be seen.
func (c *conn) send(p []byte) (int, error) {
	const piece = 64 << 10
	total := 0
	for {
		part := p[total:]
		if len(part) > piece {
			part = part[:piece]
		}
		mark := waitMark(waitBody, c.server.clock.Load())
		c.writing.Store(mark)
		n, err := c.Conn.Write(part)
		c.writing.Store(0)
		total += n
		c.written += int64(n)
		if err != nil {
			if !isTimeout(err) || c.server.closed.Load() ||
				c.server.clock.Load()-mark >= int64(c.server.cfg.Limits.WriteTimeout) {
				return total, err
			}
			if err := c.Conn.SetWriteDeadline(time.Time{}); err != nil {
				return total, err
			}
		}
		if total == len(p) {
			return total, nil
		}
	}
}

// ReadFrom sends what r has; a file goes out without passing through our memory when the connection is plain TCP.
func (c *conn) ReadFrom(r io.Reader) (int64, error) {
	tcp, ok := c.Conn.(*net.TCPConn)
	limited, bounded := r.(*io.LimitedReader)
	if !ok || !bounded || c.muted {
		return io.Copy(writerOnly{c}, r)
	}
	const piece = 128 << 10 // so that progress can be seen
	total := int64(0)
	for limited.N > 0 {
		part := io.LimitedReader{R: limited.R, N: min(limited.N, piece)}
		c.writing.Store(waitMark(waitBody, c.server.clock.Load()))
		n, err := tcp.ReadFrom(&part)
		c.writing.Store(0)
		limited.N -= n
		total += n
		c.written += n
		if err != nil || n == 0 {
			return total, err
		}
	}
	return total, nil
}

// writerOnly hides ReadFrom.
type writerOnly struct{ io.Writer }

// SetDeadline does nothing, nor do the two others: time limits are the server's.
func (c *conn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing; see SetDeadline.
func (c *conn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing; see SetDeadline.
func (c *conn) SetWriteDeadline(time.Time) error { return nil }

const (
	lingerTime  = 2 * time.Second
	lingerBytes = 1 << 20
)

// Close ends the connection. A client that may still be sending is first told that we are finished, and what it sends is
// thrown away for a short while: closing with unread data would make the kernel reset the connection, and the client would
// lose the answer (RFC 9112 section 9.6).
func (c *conn) Close() error {
	var err error
	c.closeOnce.Do(func() {
		c.finishRequest() // now: lingering is no part of how long it took
		if !c.over {
			c.linger()
		}
		err = c.Conn.Close()
	})
	return err
}

func (c *conn) linger() {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok || c.server.closed.Load() || half.CloseWrite() != nil {
		return
	}
	c.Conn.SetReadDeadline(time.Now().Add(lingerTime))
	io.CopyN(io.Discard, c.Conn, lingerBytes)
}

// connOf finds the connection of a request, nil when it does not come from a Server.
func connOf(c net.Conn) *conn {
	switch c := c.(type) {
	case *conn:
		return c
	case tlsConn:
		return c.conn
	}
	return nil
}
