package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// Server accepts connections and hands their requests to a handler. Safe for concurrent use.
type Server struct {
	cfg     Config
	limits  headLimits
	http    *fasthttp.Server
	tls     *certificates // nil for plain HTTP
	retry   string        // Retry-After of a 503
	idField []byte        // name of the field for the request id, nil for none
	epoch   time.Time     // zero of clock
	clock   atomic.Int64  // nanoseconds since epoch, a tick old at most
	serving sync.WaitGroup
	stats   counters

	draining atomic.Bool
	closed   atomic.Bool
	stop     chan struct{} // ends the sweeper
	swept    chan struct{} // the sweeper has ended
	nudge    chan struct{} // makes the sweeper look now

	mu        sync.Mutex
	conns     map[*conn]struct{}    // guarded by mu
	listeners map[net.Listener]bool // guarded by mu
	perIP     map[string]int        // guarded by mu
	ended     bool                  // guarded by mu; no more connections are taken
	endOnce   sync.Once
}

// New prepares a Server. It reads the TLS files, but opens no port.
func New(cfg Config) (*Server, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	s := &Server{
		cfg:       cfg,
		limits:    headLimits{target: cfg.Limits.TargetBytes, head: cfg.Limits.HeadBytes, fields: cfg.Limits.Fields},
		retry:     strconv.Itoa(max(1, int(cfg.Limits.RetryAfter/time.Second))),
		epoch:     time.Now().Add(-time.Second), // so that no time is 0
		stop:      make(chan struct{}),
		swept:     make(chan struct{}),
		nudge:     make(chan struct{}, 1),
		conns:     make(map[*conn]struct{}),
		listeners: make(map[net.Listener]bool),
		perIP:     make(map[string]int),
	}
	s.clock.Store(int64(time.Since(s.epoch)))
	if cfg.RequestIDHeader != "-" {
		s.idField = fasthttp.AppendNormalizedHeaderKey(nil, cfg.RequestIDHeader)
	}
	if cfg.TLS != nil {
		var err error
		if s.tls, err = loadCertificates(*cfg.TLS, cfg.Log); err != nil {
			return nil, err
		}
	}
	s.http = &fasthttp.Server{
		Handler:                      s.serveRequest,
		ErrorHandler:                 s.serveError,
		ExpectHandler:                s.expect,
		ConnState:                    s.connState,
		Logger:                       quietLogger{cfg.Log},
		Name:                         cfg.ServerName,
		NoDefaultServerHeader:        cfg.ServerName == "",
		NoDefaultContentType:         true,
		Concurrency:                  math.MaxInt32, // bounded by accept
		ReadBufferSize:               cfg.Limits.HeadBytes + 64,
		WriteBufferSize:              8 << 10,
		MaxRequestBodySize:           math.MaxInt,
		StreamRequestBody:            true,
		DisablePreParseMultipartForm: true,
		LazyRequestTime:              true,
		SecureErrorLogMessage:        true,
	}
	go s.sweep()
	return s, nil
}

// ListenAndServe listens on Config.Addr and serves until Shutdown or Close, then returns ErrServerClosed.
func (s *Server) ListenAndServe() error {
	ln, err := net.Listen("tcp", s.cfg.Addr)
	if err != nil {
		return fmt.Errorf("web: listen: %w", err)
	}
	return s.Serve(ln)
}

// Serve accepts connections from ln, which it closes, until Shutdown or Close, and then returns ErrServerClosed. It may be
// called for several listeners.
func (s *Server) Serve(ln net.Listener) error {
	defer ln.Close()
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return ErrServerClosed
	}
	s.listeners[ln] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.listeners, ln)
		s.mu.Unlock()
	}()
	pause := time.Duration(0)
	for {
		raw, err := ln.Accept()
		switch {
		case err == nil:
			pause = 0
			s.accept(raw)
		case s.draining.Load() || s.closed.Load():
			return ErrServerClosed
		case temporary(err):
			// Out of file descriptors, mostly. Waiting is all one can do.
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			s.cfg.Log.Warn("accept failed, trying again", "error", err, "pause", pause)
			select {
			case <-time.After(pause):
			case <-s.stop:
				return ErrServerClosed
			}
		default:
			return fmt.Errorf("web: accept: %w", err)
		}
	}
}

func temporary(err error) bool {
	var ne net.Error
	if !errors.As(err, &ne) {
		return false
	}
	t, ok := err.(interface{ Temporary() bool })
	return ne.Timeout() || ok && t.Temporary()
}

// accept starts serving a connection, or turns it away.
func (s *Server) accept(raw net.Conn) {
	c := &conn{server: s, accepted: s.clock.Load()}
	c.framer.limits = &s.limits
	l := &s.cfg.Limits
	if l.ConnectionsPerIP > 0 {
		c.key = clientKey(raw.RemoteAddr())
	}
	s.mu.Lock()
	refuse := 0
	switch {
	case s.ended:
		refuse = -1
	case len(s.conns) >= l.Connections:
		refuse = fasthttp.StatusServiceUnavailable
	case c.key != "" && s.perIP[c.key] >= l.ConnectionsPerIP:
		refuse = fasthttp.StatusTooManyRequests
	}
	if refuse != 0 {
		s.mu.Unlock()
		if refuse > 0 {
			s.stats.turnedAway.Add(1)
			s.turnAway(raw, refuse)
		}
		raw.Close()
		return
	}
	if s.tls != nil {
		raw = tls.Server(raw, s.tls.config)
	}
	c.Conn = raw
	s.conns[c] = struct{}{}
	if c.key != "" {
		s.perIP[c.key]++
	}
	s.serving.Add(1)
	s.mu.Unlock()
	s.stats.accepted.Add(1)
	go s.serveConn(c)
}

func (s *Server) serveConn(c *conn) {
	defer s.serving.Done()
	var err error
	if s.tls != nil {
		err = s.http.ServeConn(tlsConn{c})
	} else {
		err = s.http.ServeConn(c)
	}
	c.finishRequest()
	s.mu.Lock()
	delete(s.conns, c)
	if c.key != "" {
		if s.perIP[c.key]--; s.perIP[c.key] <= 0 {
			delete(s.perIP, c.key)
		}
	}
	s.mu.Unlock()
	if err != nil && s.cfg.Log.Enabled(context.Background(), slog.LevelDebug) {
		s.cfg.Log.Debug("connection ended", "remote", c.RemoteAddr().String(), "error", err)
	}
}

// turnAway answers a connection that cannot be taken, without waiting for its request. An encrypted one is only closed:
// a handshake would cost what there is not enough of.
func (s *Server) turnAway(raw net.Conn, status int) {
	if s.tls != nil {
		return
	}
	raw.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
	body := `{"type":"about:blank","title":"` + fasthttp.StatusMessage(status) + `","status":` + strconv.Itoa(status) + `}`
	io.WriteString(raw, "HTTP/1.1 "+strconv.Itoa(status)+" "+fasthttp.StatusMessage(status)+
		"\r\nConnection: close\r\nRetry-After: "+s.retry+"\r\nContent-Type: application/problem+json\r\nContent-Length: "+
		strconv.Itoa(len(body))+"\r\n\r\n"+body)
	if half, ok := raw.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
}

// Ready tells whether the server takes new requests: true until Shutdown or Close begins.
func (s *Server) Ready() bool { return !s.draining.Load() }

// Shutdown stops taking connections, closes idle ones, lets requests in flight finish, and returns when the last connection
// has ended, or with ctx's error when ctx ends first; Close then ends the rest.
func (s *Server) Shutdown(ctx context.Context) error {
	s.drain()
	done := make(chan struct{})
	go func() {
		s.serving.Wait()
		close(done)
	}()
	select {
	case <-done:
		return s.Close()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Server) drain() {
	s.draining.Store(true)
	s.mu.Lock()
	s.ended = true
	for ln := range s.listeners {
		ln.Close()
	}
	s.mu.Unlock()
	select {
	case s.nudge <- struct{}{}:
	default:
	}
}

// Close ends the server at once: listeners and connections are closed, and Close returns when the goroutines that served
// them have ended. A handler that does not return keeps Close waiting.
func (s *Server) Close() error {
	s.drain()
	s.closed.Store(true)
	s.mu.Lock()
	for c := range s.conns {
		c.Conn.Close()
	}
	s.mu.Unlock()
	s.serving.Wait()
	s.endOnce.Do(func() { close(s.stop) })
	<-s.swept
	return nil
}

// quietLogger passes fasthttp's own messages on at debug level: what matters of them is counted or answered already.
type quietLogger struct{ log *slog.Logger }

func (q quietLogger) Printf(format string, args ...any) {
	if q.log.Enabled(context.Background(), slog.LevelDebug) {
		q.log.Debug(fmt.Sprintf(format, args...))
	}
}
