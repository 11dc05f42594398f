package link

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

var (
	// ErrNotDelivered is returned (inside a *CallError) when no handler ran and none will: the peer could not be reached or verified, or
	// said that it does not know the path. Trying again, there or elsewhere, does nothing twice.
	ErrNotDelivered = errors.New("link: not delivered")
	// ErrOutcomeUnknown is returned (inside a *CallError) when the request was sent and the answer did not arrive whole, or the handler
	// was cut off: it may have run, may run now or never.
	ErrOutcomeUnknown = errors.New("link: outcome unknown")
)

// CallError is the error of a call. With errors.Is it is one of three: ErrNotDelivered; ErrOutcomeUnknown; or neither, when the peer's
// handler answered with an error, which Status and Err then describe. errors.Is sees Err too, such as context.DeadlineExceeded.
type CallError struct {
	Addr, Path string
	Kind       error // ErrNotDelivered, ErrOutcomeUnknown, or nil when the handler answered
	Status     int   // HTTP status of the answer, 0 without one
	Err        error // the cause, or the handler's own text
}

// Error implements error.
func (e *CallError) Error() string {
	if e.Kind == nil {
		return fmt.Sprintf("%s%s: %v", e.Addr, e.Path, e.Err)
	}
	return fmt.Sprintf("%v: %s%s: %v", e.Kind, e.Addr, e.Path, e.Err)
}

// Unwrap gives Kind and Err.
func (e *CallError) Unwrap() []error {
	if e.Kind == nil {
		return []error{e.Err}
	}
	return []error{e.Kind, e.Err}
}

// StatusError is an error with an HTTP status, for handlers of HandleCall.
type StatusError struct {
	Status int // 400 to 599
	Text   string
}

// Error implements error.
func (e *StatusError) Error() string { return e.Text }

func (l *Link) newTransport() *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	return &http.Transport{
		Protocols: &protocols,
		HTTP2:     l.http2(),
		DialTLSContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			return l.dialOnce(ctx, addr)
		},
		DisableCompression:     true,
		IdleConnTimeout:        0, // kept until the peer goes
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// Client is for requests that Call does not cover, such as streamed bodies. Scheme and host of a request's URL are replaced, so
// "https://node/path" will do. Connections are shared with Call: one for each peer, opened when needed, probed when silent
// (Config.IdleCheck). Redirects are not followed. There is no time limit but that of the request's context.
func (l *Link) Client(addr string) *http.Client {
	return &http.Client{
		Transport:     &toPeer{l, addr},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type toPeer struct {
	l    *Link
	addr string
}

// RoundTrip implements http.RoundTripper.
func (p *toPeer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = "https", p.addr, ""
	setTimeout(r)
	if err := p.l.connect(r.Context(), p.addr); err != nil {
		if r.Body != nil {
			r.Body.Close()
		}
		return nil, &CallError{Addr: p.addr, Path: r.URL.Path, Kind: ErrNotDelivered, Err: err}
	}
	return p.l.transport.RoundTrip(r)
}

func setTimeout(r *http.Request) {
	if end, ok := r.Context().Deadline(); ok {
		r.Header[headerTimeout] = []string{strconv.FormatInt(max(time.Until(end).Milliseconds(), 1), 10)}
	}
}

// opening is a first connection that many wait for.
type opening struct {
	done chan struct{}
	err  error // set before done is closed
}

// connect sees to it that a connection to addr is open, and that many callers who need the first one do not make one each: handshakes
// take a millisecond of computing, and after a fail-over everyone turns to the same node at once. A connection that this node's
// certificate is refused on fails here, before anything was sent.
func (l *Link) connect(ctx context.Context, addr string) error {
	l.mu.Lock()
	o := l.opening[addr]
	switch {
	case l.closed:
		l.mu.Unlock()
		return ErrClosed
	case o == nil && l.live[addr] > 0: // not while it is being opened: the transport cannot share it before the first answer
		l.mu.Unlock()
		return nil
	case o == nil:
		o = &opening{done: make(chan struct{})}
		l.opening[addr] = o
		l.wg.Go(func() {
			ctx, cancel := context.WithTimeout(l.ctx, 2*l.cfg.HandshakeTimeout)
			defer cancel()
			o.err = l.hello(ctx, addr)
			l.mu.Lock()
			delete(l.opening, addr)
			l.mu.Unlock()
			close(o.done)
		})
	}
	l.mu.Unlock()
	select {
	case <-o.done:
		return o.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// errShared is what a dial ends with that was not needed: see dialOnce.
var errShared = errors.New("link: another connection was opened meanwhile")

// dialOnce dials for the HTTP transport, which dials once for every request that finds no connection, although it gives the first one
// that is ready to all of them. Here the others wait for the first dial. If it fails, they fail. If not, they have been given its
// connection by the time they return errShared; who has not (it broke at once) tries again.
func (l *Link) dialOnce(ctx context.Context, addr string) (net.Conn, error) {
	l.mu.Lock()
	o := l.dialing[addr]
	if o == nil {
		o = &opening{done: make(chan struct{})}
		l.dialing[addr] = o
		l.mu.Unlock()
		c, err := l.dial(ctx, addr, protoHTTP)
		if err != nil {
			o.err = &dialError{err}
		}
		l.mu.Lock()
		delete(l.dialing, addr)
		l.mu.Unlock()
		close(o.done)
		if err != nil {
			return nil, o.err
		}
		return c, nil
	}
	l.mu.Unlock()
	select {
	case <-o.done:
	case <-ctx.Done():
		return nil, &dialError{ctx.Err()}
	}
	if o.err != nil {
		return nil, o.err
	}
	select {
	case <-time.After(20 * time.Millisecond):
	case <-l.ctx.Done():
	}
	return nil, &dialError{errShared}
}

// hello opens a connection and waits for any answer on it.
func (l *Link) hello(ctx context.Context, addr string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+addr+"/link/v1/ping", nil)
	if err != nil {
		return err
	}
	answer, err := l.transport.RoundTrip(r)
	if err == nil {
		return answer.Body.Close()
	}
	var d *dialError
	if errors.As(err, &d) {
		return d.error
	}
	// In TLS 1.3 a client learns that its certificate is refused after its handshake, and HTTP/2 may not pass on what it learned.
	if c, err := l.dial(ctx, addr, protoHTTP); err == nil {
		defer c.Close()
		c.SetReadDeadline(time.Now().Add(l.cfg.HandshakeTimeout))
		_, err := c.Read(make([]byte, 1))
		var alert *net.OpError
		if errors.As(err, &alert) && alert.Op == "remote error" {
			return fmt.Errorf("link: %s refuses this node's certificate; its log says why: %w", addr, err)
		}
	}
	return err
}

// dialError tells failures of connecting from what fails on a connection.
type dialError struct{ error }

// Unwrap gives the cause.
func (e *dialError) Unwrap() error { return e.error }

// Call sends body to a path of the node at addr and returns the answer, which is the caller's. body must not be changed until Call
// returns. The error is a *CallError. ctx bounds the call on both sides; a call without a deadline lasts until the connection is found
// dead, at most twice Config.IdleCheck after the peer's silence began, as long as the handler runs otherwise.
func (l *Link) Call(ctx context.Context, addr, path string, body []byte) (reply []byte, err error) {
	var sent atomic.Bool
	fail := func(err error) error {
		e := &CallError{Addr: addr, Path: path, Kind: ErrNotDelivered, Err: err}
		if sent.Load() {
			e.Kind = ErrOutcomeUnknown
		}
		return e
	}
	if err := ctx.Err(); err != nil {
		return nil, fail(err)
	}
	if l.ctx.Err() != nil {
		return nil, fail(ErrClosed)
	}
	if err := l.connect(ctx, addr); err != nil {
		return nil, fail(err)
	}
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent.Store(true) }})
	r := (&http.Request{
		Method: http.MethodPost, URL: &url.URL{Scheme: "https", Host: addr, Path: path}, Header: http.Header{},
		Body: http.NoBody, ContentLength: int64(len(body)),
	}).WithContext(traced)
	if len(body) > 0 {
		lent := &lentBody{b: body}
		defer lent.takeBack()
		r.Body = &lentReader{lent: lent}
		// The transport repeats a request only when nothing of it was processed (RFC 9113 section 8.7).
		r.GetBody = func() (io.ReadCloser, error) { return &lentReader{lent: lent}, nil }
	}
	setTimeout(r)
	answer, err := l.transport.RoundTrip(r)
	for n := 0; n < 3 && errors.Is(err, errShared) && !sent.Load(); n++ {
		if len(body) > 0 {
			r.Body, _ = r.GetBody()
		}
		answer, err = l.transport.RoundTrip(r)
	}
	if err != nil {
		if ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
			err = errors.Join(ctx.Err(), err)
		}
		return nil, fail(err)
	}
	defer answer.Body.Close()
	reply, err = readAll(answer.Body, answer.ContentLength, l.cfg.MaxBody)
	if err != nil {
		return nil, fail(err)
	}
	if answer.StatusCode == http.StatusOK {
		return reply, nil
	}
	e := &CallError{Addr: addr, Path: path, Status: answer.StatusCode, Err: errors.New(strings.TrimSpace(string(reply)))}
	if answer.Header.Get(headerNoRoute) != "" {
		e.Kind = ErrNotDelivered
	} else if answer.Header.Get(headerUnknown) != "" {
		e.Kind = ErrOutcomeUnknown
	}
	return nil, e
}

// lentBody is a slice that the transport may read until Call returns: it can go on for a while when the answer comes early.
type lentBody struct {
	mu sync.Mutex
	b  []byte // guarded by mu
}

func (l *lentBody) takeBack() {
	l.mu.Lock()
	l.b = nil
	l.mu.Unlock()
}

type lentReader struct {
	lent *lentBody
	at   int
}

// Read implements io.Reader.
func (r *lentReader) Read(p []byte) (int, error) {
	r.lent.mu.Lock()
	defer r.lent.mu.Unlock()
	if r.at >= len(r.lent.b) {
		return 0, io.EOF
	}
	n := copy(p, r.lent.b[r.at:])
	r.at += n
	return n, nil
}

// Close implements io.Closer.
func (r *lentReader) Close() error { return nil }

// Ping asks who answers at addr.
func (l *Link) Ping(ctx context.Context, addr string) (Member, error) {
	var m Member
	b, err := l.Call(ctx, addr, "/link/v1/ping", nil)
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	return m, err
}
