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
	"runtime/debug"
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
		c.key = hostOf(raw.RemoteAddr())
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

// serveRequest is the handler fasthttp calls.
func (s *Server) serveRequest(ctx *fasthttp.RequestCtx) {
	c := connOf(ctx.Conn())
	r := s.begin(ctx, c)
	if n := s.stats.inFlight.Add(1); n > int64(s.cfg.Limits.InFlight) {
		s.stats.overloaded.Add(1)
		r.Outcome = "overloaded"
		ctx.Response.Header.Set(fasthttp.HeaderRetryAfter, s.retry)
		s.cfg.Problems.Write(ctx, &Problem{Status: fasthttp.StatusServiceUnavailable, Code: "overloaded", Detail: "The server is busy. Try again shortly."})
	} else {
		s.handle(ctx, c, r)
	}
	s.stats.inFlight.Add(-1)
	s.stats.requests.Add(1)
	s.finishResponse(ctx, c, r)
}

func (s *Server) handle(ctx *fasthttp.RequestCtx, c *conn, r *Request) {
	defer s.recover(ctx, r)
	h := &ctx.Request.Header
	if n := h.ContentLength(); int64(n) > r.bodyLimit && int64(n) > s.bodyLimit(ctx, r) {
		r.Outcome = "body-too-large"
		ctx.Response.SetConnectionClose()
		s.cfg.Problems.WriteError(ctx, errBodyLong)
		return
	}
	if uri := h.RequestURI(); len(uri) == 1 && uri[0] == '*' { // OPTIONS about the server as a whole (RFC 9110 section 9.3.7)
		ctx.Response.Header.Set(fasthttp.HeaderAllow, allMethods)
		ctx.SetStatusCode(fasthttp.StatusNoContent)
		return
	}
	s.cfg.Handler(ctx)
}

// finishHead sets the header fields that every response has.
func (s *Server) finishHead(ctx *fasthttp.RequestCtx, r *Request) {
	if s.idField != nil {
		ctx.Response.Header.SetCanonical(s.idField, []byte(r.ID))
	}
	if s.draining.Load() {
		ctx.Response.SetConnectionClose()
	}
}

// finishResponse completes what the handler left.
func (s *Server) finishResponse(ctx *fasthttp.RequestCtx, c *conn, r *Request) {
	if stream := r.stream; stream != nil {
		// The answer has been sent; what fasthttp sends next is muted. Its part is to go on or to close.
		ctx.Response.Reset()
		if stream.Close() != nil || stream.last {
			ctx.Response.SetConnectionClose()
		}
	} else {
		s.cfg.Compression.Apply(ctx)
		s.finishHead(ctx, r)
	}
	s.cfg.Access.note(ctx, c)
}

// bodyLimit asks the configuration for the limit of this request and puts it into force.
func (s *Server) bodyLimit(ctx *fasthttp.RequestCtx, r *Request) int64 {
	if s.cfg.BodyLimit != nil {
		if n := s.cfg.BodyLimit(ctx); n > 0 {
			r.bodyLimit = n
		}
	}
	return r.bodyLimit
}

func (s *Server) recover(ctx *fasthttp.RequestCtx, r *Request) {
	v := recover()
	if v == nil {
		return
	}
	s.stats.panics.Add(1)
	r.Outcome = "panic"
	s.cfg.Log.Error("handler panicked", "request_id", r.ID, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
	if r.stream != nil {
		r.stream.Abort()
		return
	}
	ctx.Response.Reset()
	ctx.Response.SetConnectionClose()
	s.cfg.Problems.Write(ctx, &Problem{Status: fasthttp.StatusInternalServerError, Code: "internal", Detail: fmt.Sprint(v)})
}

// expect decides about a request that waits for 100 Continue: the answer is 100, or the status to refuse it with.
func (s *Server) expect(ctx *fasthttp.RequestCtx) int {
	c := connOf(ctx.Conn())
	n := int64(ctx.Request.Header.ContentLength())
	limit := s.bodyLimit(ctx, &c.request)
	status := fasthttp.StatusContinue
	switch {
	case n > limit:
		status = fasthttp.StatusRequestEntityTooLarge
	case s.stats.inFlight.Load() >= int64(s.cfg.Limits.InFlight):
		status = fasthttp.StatusServiceUnavailable
	}
	if status != fasthttp.StatusContinue {
		r := s.begin(ctx, c)
		p := Problem{Status: status, Code: "body-too-large"}
		if status == fasthttp.StatusServiceUnavailable {
			p.Code = "overloaded"
			ctx.Response.Header.Set(fasthttp.HeaderRetryAfter, s.retry)
		}
		r.Outcome = p.Code
		s.cfg.Problems.Write(ctx, &p)
		s.finishResponse(ctx, c, r)
	}
	return status
}

// serveError answers a request that fasthttp could not read; mostly because the framer refused it.
func (s *Server) serveError(ctx *fasthttp.RequestCtx, err error) {
	c := connOf(ctx.Conn())
	r := s.begin(ctx, c)
	var bad *ProtocolError
	if !errors.As(err, &bad) {
		// ErrBrokenChunk and its like do not unwrap; the connection knows.
		if bad, _ = c.failed.(*ProtocolError); bad == nil {
			bad = errRequestLine
		}
	}
	r.Outcome = bad.Code
	s.cfg.Problems.WriteError(ctx, bad)
	s.finishResponse(ctx, c, r)
}

// connState learns from fasthttp that an answer has been written.
func (s *Server) connState(nc net.Conn, state fasthttp.ConnState) {
	if state == fasthttp.StateIdle {
		c := connOf(nc)
		c.served = true
		c.finishRequest()
	}
}

// finishRequest closes the books of a request whose answer has been written.
func (c *conn) finishRequest() {
	c.muted = false
	if c.record != nil {
		c.server.cfg.Access.emit(c)
	}
}

func hostOf(addr net.Addr) string {
	if a, ok := addr.(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap().String()
	}
	if addr == nil {
		return ""
	}
	host, _, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String()
	}
	return host
}

// quietLogger passes fasthttp's own messages on at debug level: what matters of them is counted or answered already.
type quietLogger struct{ log *slog.Logger }

func (q quietLogger) Printf(format string, args ...any) {
	if q.log.Enabled(context.Background(), slog.LevelDebug) {
		q.log.Debug(fmt.Sprintf(format, args...))
	}
}
