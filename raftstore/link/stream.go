package link

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

var _ raft.StreamLayer = (*Stream)(nil)

// Stream is the part of a link that carries Raft: a raft.StreamLayer for raft.NewNetworkTransport. Safe for concurrent use.
type Stream struct {
	*feed
	l  *Link
	mu sync.Mutex
	// open has the connections that were accepted, because the transport does not close them; nil after Close. guarded by mu
	open map[net.Conn]struct{}
}

// Raft is the link's stream layer. Closing it leaves the link open, and the next call makes a new one, so that Raft can be started
// anew. Connections that arrive while there is none are closed.
func (l *Link) Raft() *Stream {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.raft == nil {
		l.raft = &Stream{feed: newFeed(streamAddr(l.advertise)), l: l, open: map[net.Conn]struct{}{}}
		if l.closed {
			l.raft.feed.Close()
		}
	}
	return l.raft
}

// streamAddr is the advertised address, which need not be a numeric one.
type streamAddr string

func (streamAddr) Network() string  { return "tcp" }
func (a streamAddr) String() string { return string(a) }

// Accept implements net.Listener.
func (s *Stream) Accept() (net.Conn, error) {
	c, err := s.feed.Accept()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		c.Close()
		return nil, net.ErrClosed
	}
	t := &streamConn{c, s}
	s.open[t] = struct{}{}
	return t, nil
}

type streamConn struct {
	net.Conn
	s *Stream
}

func (c *streamConn) Close() error {
	c.s.mu.Lock()
	delete(c.s.open, c)
	c.s.mu.Unlock()
	return c.Conn.Close()
}

// Dial implements raft.StreamLayer. timeout bounds connecting and the handshake.
func (s *Stream) Dial(addr raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	ctx := s.l.ctx
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	return s.l.dial(ctx, string(addr), protoRaft)
}

// Close implements net.Listener. Connections that were accepted are closed too.
func (s *Stream) Close() error {
	s.feed.Close()
	s.l.mu.Lock()
	if s.l.raft == s {
		s.l.raft = nil
	}
	s.l.mu.Unlock()
	s.mu.Lock()
	open := s.open
	s.open = nil
	s.mu.Unlock()
	for c := range open {
		c.(*streamConn).Conn.Close()
	}
	return nil
}
