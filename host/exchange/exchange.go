// Package exchange holds one HTTP exchange while it passes through the host: what the client sent, what the router found,
// and the way an answer leaves, at once or as a stream.
//
// An Exchange belongs to one request. Its handler sets Ctx.Response and returns, or it calls Respond, after which the head is
// decided and the body follows through the returned stream.
package exchange

import (
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/web"
	"github.com/stackhost/stackhost/router"
	"github.com/valyala/fasthttp"
)

// ErrResponded is returned by Respond when the answer was already begun.
var ErrResponded = errors.New("exchange: the response was already begun")

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
	// Logged, when set, is told of every record that the guest writes.
	Logged func(level slog.Level, text string)

	headers []abi.Header // parsed request headers; nil until Headers is called
	names   []byte       // lower-cased names that headers points into
	parsed  bool
	later   []abi.Header // response headers that a middleware asked for
	stream  *web.Stream
}

var pool = sync.Pool{New: func() any { return new(Exchange) }}

// Acquire takes an empty Exchange for ctx from a pool. Give it back with Release once nothing refers to it.
func Acquire(ctx *fasthttp.RequestCtx) *Exchange {
	x := pool.Get().(*Exchange)
	x.Ctx = ctx
	return x
}

// Release returns x to the pool.
func (x *Exchange) Release() {
	*x = Exchange{headers: x.headers[:0], names: x.names[:0], later: x.later[:0], Body: x.Body[:0]}
	pool.Put(x)
}

// Responded tells whether a streamed answer was begun.
func (x *Exchange) Responded() bool { return x.stream != nil }

// Respond begins an answer with the status and headers that are set on Ctx.Response and returns the stream for its body, which
// writes from the caller's own goroutine: a slow client slows the guest. Once per exchange; a second call returns ErrResponded.
func (x *Exchange) Respond() (*web.Stream, error) {
	if x.stream != nil {
		return nil, ErrResponded
	}
	x.ApplyLaterHeaders()
	stream, err := web.StartStream(x.Ctx, -1)
	if err != nil {
		return nil, err
	}
	x.stream = stream
	return stream, nil
}

// Abort ends a streamed answer so that the client can tell it is incomplete.
func (x *Exchange) Abort() {
	if x.stream != nil {
		x.stream.Abort()
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
