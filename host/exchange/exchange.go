// Package exchange holds one HTTP exchange while it passes through the host: what the client sent, what the router found,
// and the way an answer leaves, at once or as a stream.
//
// An Exchange belongs to one request. Its handler fills Ctx.Response and returns, or it calls Respond, after which the
// head is on its way and the body follows through the returned Stream. A handler that may stream runs inside Detach, which
// gives it a goroutine of its own: fasthttp writes a response only after its handler has returned.
package exchange

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/router"
	"github.com/valyala/fasthttp"
)

// ErrResponded is returned by Respond when the answer was already begun.
var ErrResponded = errors.New("exchange: the response was already begun")

// ErrClientGone is returned by a Stream's Write when nobody reads the response any more.
var ErrClientGone = errors.New("exchange: the client went away")

// Exchange is one HTTP request and its answer. Not safe for concurrent use, except where a method says so.
type Exchange struct {
	// Ctx is fasthttp's context of the request. Its slices are valid until the exchange ends.
	Ctx *fasthttp.RequestCtx

	Route       string         // pattern that matched
	Params      []router.Param // values of its wildcards, percent-decoded
	ID          string         // request id
	TraceParent string         // W3C traceparent to pass on
	Scheme      string         // "http" or "https"
	Remote      string         // IP address of the client
	Path        []byte         // path as sent, percent-encoded; a middleware may have replaced it
	Query       []byte         // query as sent, without the question mark
	Start       time.Time      // when the request was handed to the host
	Deadline    time.Time      // when an answer must be complete

	// Wildcards is where the router writes; Params is a view of it.
	Wildcards router.Params

	Body       []byte    // the whole body when BodyStream is nil; kept for the next exchange
	BodyStream io.Reader // the body, when it is longer than abi.LimitInlineBodyBytes or of unknown length
	BodyLength int64     // bytes, -1 when unknown

	// HostCalls, when set, is told of every structured host call; the development error page shows them.
	HostCalls func(name string, took time.Duration, code abi.Code)

	// SendStream makes body the response's body stream. It is the web server's, which compresses it where that is called for.
	SendStream func(ctx *fasthttp.RequestCtx, body io.Reader, size int)
	// Failed, when set, is told of the error that a handler ended with after its answer had begun.
	Failed func(error)

	headers   []abi.Header // parsed request headers; nil until Headers is called
	names     []byte       // lower-cased names that headers points into
	parsed    bool
	later     []abi.Header // response headers that a middleware asked for
	detached  bool
	mu        sync.Mutex
	responded bool          // guarded by mu
	headReady chan struct{} // closed by Respond in a detached exchange
	done      chan struct{} // closed when the detached handler has returned
	pipe      *pipe
}

var pool = sync.Pool{New: func() any { return new(Exchange) }}

// Acquire takes an empty Exchange for ctx from a pool. Give it back with Release once nothing refers to it.
func Acquire(ctx *fasthttp.RequestCtx) *Exchange {
	x := pool.Get().(*Exchange)
	x.Ctx = ctx
	return x
}

// Release returns x to the pool. A detached exchange that streams is released by its stream instead, when both sides
// are finished; Release then does nothing.
func (x *Exchange) Release() {
	if x.pipe != nil {
		return
	}
	x.recycle()
}

func (x *Exchange) recycle() {
	*x = Exchange{headers: x.headers[:0], names: x.names[:0], later: x.later[:0], Body: x.Body[:0]}
	pool.Put(x)
}

// Responded tells whether the head of a streamed answer has left. Safe for concurrent use.
func (x *Exchange) Responded() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.responded
}

// Detach runs serve on a goroutine of its own and returns when serve has returned, with its error, or when serve has
// called Respond, with nil; serve then goes on, and Failed gets the error it ends with.
//
// After Respond the fasthttp handler must return at once without touching x or Ctx.Response.
func (x *Exchange) Detach(serve func() error) error {
	x.detached = true
	x.headReady = make(chan struct{})
	x.done = make(chan struct{})
	head, done := x.headReady, x.done
	var result error
	go func() {
		defer close(done)
		result = serve()
		x.endStream(result)
		if result != nil && x.Failed != nil && x.Responded() {
			x.Failed(result)
		}
	}()
	select {
	case <-done:
		if x.Responded() { // finished before this goroutine woke up
			return nil
		}
		return result
	case <-head:
		return nil
	}
}

// Respond sends the status and headers that are set on Ctx.Response now and returns the stream for the body. ctx ends
// waiting for a slow client. Once per exchange, and only inside Detach; a second call returns ErrResponded.
func (x *Exchange) Respond(ctx context.Context) (*Stream, error) {
	x.mu.Lock()
	if x.responded || !x.detached {
		x.mu.Unlock()
		return nil, ErrResponded
	}
	x.responded = true
	x.mu.Unlock()
	x.ApplyLaterHeaders()
	x.pipe = newPipe()
	x.Ctx.Response.ImmediateHeaderFlush = true
	if reader := (&body{pipe: x.pipe, x: x, done: x.done}); x.SendStream != nil {
		x.SendStream(x.Ctx, reader, -1)
	} else {
		x.Ctx.Response.SetBodyStream(reader, -1)
	}
	close(x.headReady)
	return &Stream{x: x, ctx: ctx}, nil
}

func (x *Exchange) endStream(err error) {
	if x.pipe != nil {
		x.pipe.closeWrite(err)
	}
}

// AddLater remembers a header to set on the response that the handler will give, replacing others of its name.
// The header's bytes are copied.
func (x *Exchange) AddLater(name, value []byte) {
	x.later = append(x.later, abi.Header{Name: append([]byte(nil), name...), Value: append([]byte(nil), value...)})
}

// ApplyLaterHeaders sets what AddLater remembered on Ctx.Response. Respond does so by itself.
func (x *Exchange) ApplyLaterHeaders() {
	for _, h := range x.later {
		if Settable(h.Name) {
			x.Ctx.Response.Header.SetBytesKV(h.Name, h.Value)
		}
	}
	x.later = x.later[:0]
}

// SetHead sets the status and header fields of a guest's answer on Ctx.Response. The bytes are copied.
func (x *Exchange) SetHead(head *abi.HTTPResponse) error {
	status := int(head.Status)
	switch {
	case status == 0:
		status = 200
	case status < 200 || status > 599:
		return abi.Errorf(abi.CodeInvalid, "status %d is not between 200 and 599", head.Status)
	}
	x.Ctx.Response.Header.SetNoDefaultContentType(true)
	x.Ctx.Response.SetStatusCode(status)
	return x.AddResponseHeaders(head.Headers)
}
