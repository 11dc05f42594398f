package quickjs

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/dialect"
	"github.com/stackhost/stackhost/host/exchange"
	"github.com/stackhost/stackhost/host/runtime"
)

func le64(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

// What the prelude's entry points answer besides an answer; see prelude/90_dispatch.js.
const (
	stateNothing = 0
	statePending = 1
	stateWait    = 2 // and more: milliseconds
	stateIdle    = -1
)

// HTTP runs the program's fetch handler.
func (g *guest) HTTP(x *exchange.Exchange) error {
	if err := g.handles("http"); err != nil {
		return err
	}
	c, err := g.start(x)
	if err != nil {
		return err
	}
	defer c.end()
	v, err := c.enter("fetch", c.e.fetch)
	switch {
	case err != nil:
		return err
	case !x.Responded():
		return c.answer("fetch", v)
	case tagOf(v) != tagInt:
		return g.protocol("fetch", "answered twice")
	}
	return nil
}

// Middleware runs the program's middleware.
func (g *guest) Middleware(x *exchange.Exchange) (dialect.Verdict, error) {
	if err := g.handles("middleware"); err != nil {
		return dialect.Pass, err
	}
	c, err := g.start(x)
	if err != nil {
		return dialect.Pass, err
	}
	defer c.end()
	v, err := c.enter("middleware", c.e.middleware)
	if err != nil || tagOf(v) == tagInt {
		return dialect.Pass, err
	}
	if isString(v) {
		text, err := c.outer().str(v)
		if err != nil {
			return dialect.Pass, err
		}
		if len(text) > 0 && text[0] == '{' {
			return dialect.Pass, c.change([]byte(text))
		}
		return dialect.Answered, c.respond([]byte(text), nil)
	}
	return dialect.Answered, c.answer("middleware", v)
}

// change applies what a middleware asked for.
func (c *call) change(text []byte) error {
	var v struct {
		Set, Response [][2]string
		Remove        []string
		Path          string
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return c.g.protocol("middleware", "answered something unreadable")
	}
	result := abi.MiddlewareResult{RemoveHeaders: v.Remove, Path: v.Path}
	for _, h := range v.Set {
		result.SetHeaders = append(result.SetHeaders, abi.Header{Name: []byte(h[0]), Value: latin1([]byte(h[1]))})
	}
	for _, h := range v.Response {
		result.ResponseHeaders = append(result.ResponseHeaders, abi.Header{Name: []byte(h[0]), Value: latin1([]byte(h[1]))})
	}
	return dialect.ApplyMiddleware(c.x, &result)
}

// Job runs the program's job handler.
func (g *guest) Job(ctx context.Context, job *abi.JobRequest) (*abi.JobResult, error) {
	if err := g.handles("job"); err != nil {
		return nil, err
	}
	in, err := g.module.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	deadline, _ := ctx.Deadline()
	in.Begin(ctx, deadline)
	c := g.begin(in, nil)
	defer c.end()
	request := *job
	dialect.StampJob(&request, in.Deadline(), &c.seed)
	c.job, c.timeout, c.micros = &request, int64(request.TimeoutMs), int64(request.TimeUs)
	v, err := c.checked("job", func() (uint64, error) { return c.outer().apply(c.e.job) })
	if err == nil {
		v, err = c.settle("job", v)
	}
	if err != nil || tagOf(v) == tagInt {
		return &abi.JobResult{}, err
	}
	_, body, err := c.parts("job", v)
	if err != nil {
		return nil, err
	}
	return &abi.JobResult{Result: slices.Clone(body)}, nil
}

// start takes an instance and makes the call for x.
func (g *guest) start(x *exchange.Exchange) (*call, error) {
	in, err := g.module.Acquire(dialect.Background)
	if err != nil {
		return nil, err
	}
	in.Begin(dialect.Background, x.Deadline)
	c := g.begin(in, x)
	now := time.Now()
	dialect.Seed(&c.seed)
	c.timeout, c.micros = max(0, x.Deadline.Sub(now).Milliseconds()), now.UnixMicro()
	return c, nil
}

// enter calls an entry point with the line of the request and returns what it answers in the end.
func (c *call) enter(entry string, f uint64) (uint64, error) {
	x := c.x
	line := append(append(append(c.line[:0], x.Ctx.Method()...), ' '), x.Path...)
	if len(x.Query) > 0 {
		line = append(append(line, '?'), x.Query...)
	}
	c.line = line
	m := c.outer()
	arg, err := m.newString(line)
	if err != nil {
		return 0, err
	}
	v, err := m.apply(f, arg)
	if err == nil && tagOf(v) == tagException {
		err = c.thrown(entry)
	}
	if err != nil {
		return 0, err
	}
	return c.settle(entry, v)
}

// settle runs the event loop until a pending call has its answer.
func (c *call) settle(entry string, v uint64) (uint64, error) {
	if tagOf(v) != tagInt || int32(v) != statePending {
		return v, nil
	}
	for state := int32(statePending); ; {
		if state >= stateWait {
			timer := time.NewTimer(time.Duration(state-stateWait) * time.Millisecond)
			select {
			case <-timer.C:
			case <-c.in.Context().Done():
				timer.Stop()
				return 0, abi.Errorf(abi.CodeDeadline, "the time allowed ran out while %s waited for a timer", c.g.name)
			}
		}
		if err := c.runJobs(entry); err != nil {
			return 0, err
		}
		v, err := c.checked(entry, func() (uint64, error) { return c.outer().apply(c.e.pump) })
		if err != nil || tagOf(v) != tagInt {
			return v, err
		}
		switch state = int32(v); state {
		case stateNothing:
			return v, nil
		case stateIdle:
			return 0, c.g.error(entry, exception{Name: "Error", Message: "the handler's promise can never settle: nothing is left to wait for"})
		}
	}
}

// runJobs runs the engine's pending jobs: continuations of promises.
func (c *call) runJobs(entry string) error {
	m := c.outer()
	for {
		more, err := m.run(c.e.fn.jobPending, uint64(c.e.rt))
		if err != nil || runtime.DecodeU32(more) == 0 {
			return err
		}
		code, err := m.run(c.e.fn.runJob, uint64(c.e.rt), uint64(c.e.scratch))
		if err != nil {
			return err
		}
		if int32(code) < 0 {
			return c.thrown(entry)
		}
	}
}

// parts takes [head, bytes] apart. The slices are the engine's memory.
func (c *call) parts(entry string, v uint64) (head, body []byte, err error) {
	m := c.outer()
	var part [2]uint64
	for i := range part {
		if part[i], err = m.run(c.e.fn.getIndex, uint64(c.e.ctx), v, uint64(i)); err != nil {
			return nil, nil, err
		}
	}
	if head, _, err = m.text(part[0]); err != nil {
		return nil, nil, err
	}
	head = bytes.Clone(head)
	body, _, ok, err := m.bytes(part[1])
	if err == nil && !ok {
		err = c.g.protocol(entry, "answered with a body that is no Uint8Array")
	}
	return head, body, err
}

// answer sets the response from what an entry point returned.
func (c *call) answer(entry string, v uint64) error {
	m := c.outer()
	switch {
	case isString(v):
		text, ptr, err := m.text(v)
		if err == nil {
			err = c.respond(text, nil)
		}
		if err == nil && c.g.module.Isolation() == runtime.Reuse {
			if err = m.release(ptr); err == nil {
				_, err = m.run(c.e.fn.free, uint64(c.e.ctx), v)
			}
		}
		return err
	case tagOf(v) == tagObject:
		head, body, err := c.parts(entry, v)
		if err != nil {
			return err
		}
		return c.respond(head, body)
	}
	return c.g.protocol(entry, "answered nothing")
}

// respond sets the response from its head and body; a nil body is what follows the head.
func (c *call) respond(text, body []byte) error {
	head, rest, err := parseHead(text)
	if err != nil {
		return c.g.protocol("fetch", "%v", err)
	}
	if body == nil {
		body = rest
	}
	if int64(len(body)) > c.g.limits.ResponseBytes {
		return abi.Errorf(abi.CodeLimit, "the response body of %s is over %d bytes", c.g.name, c.g.limits.ResponseBytes)
	}
	if err := c.x.SetHead(&head); err != nil {
		return &dialect.ProtocolError{Module: c.g.name, Export: "fetch", Problem: "returned a response that cannot be sent", Err: err}
	}
	c.x.Ctx.Response.SetBody(body) // copied: the instance is restored before the bytes leave
	return nil
}

// parseHead reads "status\0name\0value\0…\0".
func parseHead(text []byte) (head abi.HTTPResponse, rest []byte, err error) {
	field := func() []byte {
		at := bytes.IndexByte(text, 0)
		if at < 0 {
			err = strconv.ErrSyntax
			return nil
		}
		f := text[:at]
		text = text[at+1:]
		return f
	}
	for _, c := range field() {
		head.Status = head.Status*10 + uint64(c-'0')
	}
	for err == nil {
		name := field()
		if err != nil || len(name) == 0 {
			break
		}
		head.Headers = append(head.Headers, abi.Header{Name: name, Value: latin1(field())})
	}
	return head, text, err
}

// latin1 undoes UTF-8 in a header value: each character of a JavaScript header is one byte.
func latin1(b []byte) []byte {
	plain := true
	for _, c := range b {
		if c >= 0x80 {
			plain = false
			break
		}
	}
	if plain {
		return b
	}
	out := make([]byte, 0, len(b))
	for _, r := range string(b) {
		if r > 0xff {
			return b // not a byte string: sent as UTF-8
		}
		out = append(out, byte(r))
	}
	return out
}
