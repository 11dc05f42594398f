package web

import (
	"errors"
	"fmt"
	"net"
	"runtime/debug"

	"github.com/valyala/fasthttp"
)

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
