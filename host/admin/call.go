package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/web"
	"github.com/valyala/fasthttp"
)

// Call is one request under way. Not safe for concurrent use; valid until the route's Handle returns.
type Call struct {
	// HTTP is the request and its response. Its body is read with Body, JSON or Reader.
	HTTP *fasthttp.RequestCtx
	// Token is who calls; the zero Token for public operations.
	Token Token

	route  *Route
	leaf   *leaf
	server *Server
	vars   [maxVars][]byte
	ctx    context.Context
	once   onceKey
}

// onceKey numbers a write: it is applied once.
type onceKey struct{ session, sequence uint64 }

var calls = sync.Pool{New: func() any { return new(Call) }}

// Context ends when the time allowed for the operation is over, and when the server stops. Operations with Wait have no time limit.
// That the client has gone is seen only by writing to it.
func (c *Call) Context() context.Context {
	if c.ctx == nil {
		c.ctx = c.server.base
		if !c.route.Wait {
			c.ctx = c.server.deadlines.get()
		}
	}
	return c.ctx
}

// within returns a context for an operation that waits for wait and then needs as long as others.
func (c *Call) within(wait time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(c.server.base, wait+c.server.cfg.Timeout)
}

// PathBytes returns a path variable without its percent-encoding. It is valid until Handle returns.
func (c *Call) PathBytes(name string) []byte {
	for i, n := range c.leaf.names {
		if n == name {
			return c.vars[i]
		}
	}
	panic("admin: " + c.route.Path + " has no variable " + name)
}

// Path returns a path variable without its percent-encoding.
func (c *Call) Path(name string) string { return string(c.PathBytes(name)) }

// Query returns a query parameter, "" when it is missing.
func (c *Call) Query(name string) string {
	if len(c.HTTP.Request.URI().QueryString()) == 0 {
		return ""
	}
	return string(c.HTTP.QueryArgs().Peek(name))
}

// QueryInt returns a whole number in [low, high], or otherwise when the parameter is missing.
func (c *Call) QueryInt(name string, otherwise, low, high int64) (int64, error) {
	text := c.Query(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < low || n > high {
		return 0, abi.Errorf(abi.CodeInvalid, "%s=%q: a whole number from %d to %d is wanted", name, text, low, high)
	}
	return n, nil
}

// QueryBool returns a parameter that is true, false or missing, which is false.
func (c *Call) QueryBool(name string) (bool, error) {
	switch text := c.Query(name); text {
	case "", "false", "0":
		return false, nil
	case "true", "1":
		return true, nil
	default:
		return false, abi.Errorf(abi.CodeInvalid, "%s=%q: true or false is wanted", name, text)
	}
}

// QueryDuration returns a duration such as 30s, at most limit, or otherwise when the parameter is missing.
func (c *Call) QueryDuration(name string, otherwise, limit time.Duration) (time.Duration, error) {
	text := c.Query(name)
	if text == "" {
		return otherwise, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > limit {
		return 0, abi.Errorf(abi.CodeInvalid, "%s=%q: a duration such as 30s or 1h30m, up to %v, is wanted", name, text, limit)
	}
	return d, nil
}

// Header returns a header field of the request, valid until Handle returns.
func (c *Call) Header(name string) []byte { return c.HTTP.Request.Header.Peek(name) }

// Body reads the whole request body, up to the route's limit. The caller owns it.
func (c *Call) Body() ([]byte, error) { return web.ReadBody(c.HTTP, nil) }

// Reader is the request body as a stream, up to the route's limit; valid until Handle returns.
func (c *Call) Reader() io.Reader { return web.BodyReader(c.HTTP) }

// JSON reads the request body into v. Members that v does not know are an error.
func (c *Call) JSON(v any) error {
	body, err := c.Body()
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(body)) == 0 {
		if c.route.Body.Optional {
			return nil
		}
		return abi.Errorf(abi.CodeInvalid, "the operation needs a JSON body")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return abi.Errorf(abi.CodeInvalid, "the body is not the JSON that %s %s takes: %v", c.route.Method, c.route.Path, jsonReason(err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return abi.Errorf(abi.CodeInvalid, "something follows the JSON value in the body")
	}
	return nil
}

func jsonReason(err error) string { return strings.TrimPrefix(err.Error(), "json: ") }

// Reply answers 200 with v as JSON.
func (c *Call) Reply(v any) error { return c.ReplyStatus(200, v) }

// ReplyStatus answers with v as JSON.
func (c *Call) ReplyStatus(status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	c.HTTP.SetStatusCode(status)
	c.HTTP.Response.Header.SetContentType("application/json")
	c.HTTP.Response.SetBodyRaw(append(body, '\n'))
	return nil
}

// Empty answers 204.
func (c *Call) Empty() error {
	c.HTTP.SetStatusCode(204)
	return nil
}

// Stream begins an answer that is written while the handler runs; see web.StartStream.
func (c *Call) Stream(status int, media string, length int64) (*web.Stream, error) {
	c.HTTP.SetStatusCode(status)
	c.HTTP.Response.Header.SetContentType(media)
	return web.StartStream(c.HTTP, length)
}

// RequestID names the request in records and problems.
func (c *Call) RequestID() string { return web.Of(c.HTTP).ID }

// checkQuery refuses query parameters that the route does not have: a misspelt one must not be ignored.
func (c *Call) checkQuery() error {
	if len(c.HTTP.Request.URI().QueryString()) == 0 {
		return nil
	}
	for key := range c.HTTP.QueryArgs().All() {
		name := string(key)
		if !slices.ContainsFunc(c.route.Params, func(p Param) bool { return p.In == Query && p.Name == name }) {
			return abi.Errorf(abi.CodeInvalid, "%s %s has no query parameter %q", c.route.Method, c.route.Path, name)
		}
	}
	return nil
}

// unescape replaces %xx in b by the byte, in a new slice when there is one.
func unescape(b []byte) ([]byte, error) {
	if bytes.IndexByte(b, '%') < 0 {
		return b, nil
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '%' {
			out = append(out, b[i])
			continue
		}
		if i+2 >= len(b) {
			return nil, errEscape
		}
		n, err := strconv.ParseUint(string(b[i+1:i+3]), 16, 8)
		if err != nil {
			return nil, errEscape
		}
		out = append(out, byte(n))
		i += 2
	}
	return out, nil
}

var errEscape = &Problem{Status: 400, Code: abi.CodeInvalid.String(),
	Detail: "the path has a % that two hexadecimal digits do not follow; a % itself is %25"}

// deadlines shares one context among the calls that begin within the same tenth of a second, so that a call does not pay for a timer.
type deadlines struct {
	mu      sync.Mutex
	base    context.Context
	allowed time.Duration
	until   time.Time
	current context.Context
}

const deadlineStep = 100 * time.Millisecond

// get returns a context that ends between allowed and allowed plus deadlineStep from now.
func (d *deadlines) get() context.Context {
	now := time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	if now.After(d.until) {
		d.until = now.Add(deadlineStep)
		ctx, cancel := context.WithDeadline(d.base, d.until.Add(d.allowed))
		context.AfterFunc(ctx, cancel) // not earlier: calls must not cut each other off
		d.current = ctx
	}
	return d.current
}
