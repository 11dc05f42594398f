package web

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/valyala/fasthttp"
)

// Config describes a Server. It is copied by New; the zero value of every field but Handler has a default.
type Config struct {
	// Handler answers requests. Required. It runs on the connection's goroutine; a panic in it becomes a 500 problem.
	Handler fasthttp.RequestHandler

	// Addr is the TCP address for ListenAndServe, such as "127.0.0.1:8080". Default "127.0.0.1:8080".
	Addr string

	// TLS makes Serve speak TLS on the listeners it is given. nil means plain HTTP.
	TLS *TLSFiles

	// Log receives what the server has to say about itself. Default slog.Default().
	Log *slog.Logger

	// Access is where access records go; nil writes none. The Server does not close it.
	Access *AccessLog

	// Problems writes errors that the server answers itself. nil means production: no detail beyond the status.
	Problems *Problems

	// Compression compresses responses; nil leaves them as they are. Not changed by the server, and may be shared.
	Compression *Compression

	Limits Limits

	// BodyLimit, when set, gives the body limit in bytes for a request whose announced body exceeds Limits.BodyBytes or that
	// waits for 100 Continue; it runs before Handler. 0 means Limits.BodyBytes.
	BodyLimit func(ctx *fasthttp.RequestCtx) int64

	// RequestIDHeader is the response field that carries the request id. Default "X-Request-Id"; "-" sends none.
	RequestIDHeader string

	// TrustRequestID accepts a client's request id of 8 to 64 letters, digits, '-', '_' and '.' from the field of that name.
	// For use behind a proxy that sets it. Default: a new id for every request.
	TrustRequestID bool

	// ServerName is sent as the Server field. Default: no such field.
	ServerName string
}

// Limits bound what clients can make the server hold and wait for.
type Limits struct {
	// TargetBytes bounds the request target; longer is 414. Default 8 KiB.
	TargetBytes int
	// HeadBytes bounds request line and header fields together; more is 431. Default 16 KiB. Each connection has a
	// read buffer of this size while it is open.
	HeadBytes int
	// Fields bounds the number of header fields; more is 431. Default 128.
	Fields int
	// BodyBytes bounds a request body unless Config.BodyLimit or SetBodyLimit says otherwise; more is 413. Default 8 MiB.
	BodyBytes int64
	// HeadTimeout bounds the time from the first byte of a request, or from the accept for the first one, to the end of its
	// head, and the TLS handshake; later is 408. Default 10 s.
	HeadTimeout time.Duration
	// BodyTimeout bounds the time a request body may stand still while it is read; 408. Default 20 s.
	BodyTimeout time.Duration
	// BodyRate is how many bytes a second a body must bring while it is waited for, on average and beyond the grace of
	// BodyTimeout; slower is 408. Default 512; negative allows any.
	BodyRate int64
	// WriteTimeout bounds the time a response may stand still because the client does not read; the connection is closed.
	// Default 30 s.
	WriteTimeout time.Duration
	// IdleTimeout bounds the time between requests on a connection. Default 75 s.
	IdleTimeout time.Duration
	// Connections bounds open connections; further ones get 503 with Retry-After. Default 16,384.
	Connections int
	// ConnectionsPerIP bounds open connections of one client address, for IPv6 of one /64 network; further ones get 429.
	// 0 means no bound.
	ConnectionsPerIP int
	// InFlight bounds requests inside Handler; further ones get 503 with Retry-After. Default 4,096.
	InFlight int
	// RetryAfter is what a 503 advises. Whole seconds, default 1 s.
	RetryAfter time.Duration
}

// WithDefaults returns l with defaults for its zero fields.
func (l Limits) WithDefaults() Limits {
	setDefault(&l.TargetBytes, 8<<10)
	setDefault(&l.HeadBytes, 16<<10)
	setDefault(&l.Fields, 128)
	setDefault(&l.BodyBytes, 8<<20)
	setDefault(&l.HeadTimeout, 10*time.Second)
	setDefault(&l.BodyTimeout, 20*time.Second)
	setDefault(&l.BodyRate, 512)
	setDefault(&l.WriteTimeout, 30*time.Second)
	setDefault(&l.IdleTimeout, 75*time.Second)
	setDefault(&l.Connections, 16384)
	setDefault(&l.InFlight, 4096)
	setDefault(&l.RetryAfter, time.Second)
	return l
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (c *Config) complete() error {
	if c.Handler == nil {
		return errors.New("web: Config.Handler is nil")
	}
	setDefault(&c.Addr, "127.0.0.1:8080")
	setDefault(&c.RequestIDHeader, "X-Request-Id")
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Problems == nil {
		c.Problems = &Problems{}
	}
	c.Limits = c.Limits.WithDefaults()
	l := &c.Limits
	for _, d := range []time.Duration{l.HeadTimeout, l.BodyTimeout, l.WriteTimeout, l.IdleTimeout, l.RetryAfter} {
		if d < 0 {
			return fmt.Errorf("web: negative time limit %s", d)
		}
	}
	if l.TargetBytes < 0 || l.HeadBytes < 256 || l.Fields < 0 || l.BodyBytes < 0 || l.Connections < 0 || l.ConnectionsPerIP < 0 || l.InFlight < 0 {
		return errors.New("web: a limit is negative, or HeadBytes below 256")
	}
	l.TargetBytes = min(l.TargetBytes, l.HeadBytes)
	return nil
}
