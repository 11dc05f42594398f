package extism

import (
	"bytes"
	"context"
	"io"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/dialect"
	"github.com/stackhost/stackhost/host/exchange"
)

// HTTP hands the request to the plug-in as JSON and sends what it answers.
func (g *guest) HTTP(x *exchange.Exchange) error {
	c, output, err := g.ask(x, &g.http, "http")
	if c != nil {
		defer c.finish()
	}
	if err != nil {
		return err
	}
	r, err := parseResponse(output)
	if err != nil {
		return g.malformed(&g.http, err)
	}
	return g.answer(x, &g.http, r)
}

// Middleware hands the request to the plug-in as JSON and does what it decides. No output means pass.
func (g *guest) Middleware(x *exchange.Exchange) (dialect.Verdict, error) {
	c, output, err := g.ask(x, &g.middleware, "middleware")
	if c != nil {
		defer c.finish()
	}
	if err != nil || len(bytes.TrimSpace(output)) == 0 {
		return dialect.Pass, err
	}
	v, err := parseVerdict(output)
	if err != nil {
		return dialect.Pass, g.malformed(&g.middleware, err)
	}
	if v.answer {
		return dialect.Answered, g.answer(x, &g.middleware, v.response)
	}
	return dialect.Pass, dialect.ApplyMiddleware(x, &v.change)
}

// Job hands the payload to the plug-in; what it puts out is the result.
func (g *guest) Job(ctx context.Context, job *abi.JobRequest) (*abi.JobResult, error) {
	if !g.job.ok {
		return nil, &dialect.UnsupportedError{Module: g.name, Trigger: "job"}
	}
	in, err := g.module.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	deadline, _ := ctx.Deadline()
	in.Begin(ctx, deadline)
	c := g.begin(in, nil)
	defer c.finish()
	output, err := c.run(&g.job, job.Payload)
	if err != nil {
		return nil, err
	}
	return &abi.JobResult{Result: bytes.Clone(output)}, nil
}

// Command is not a trigger of plug-ins.
func (g *guest) Command(context.Context, *dialect.Command) (int, error) {
	return 0, &dialect.UnsupportedError{Module: g.name, Trigger: "command"}
}

// ask runs an export for x. The call, when there is one, must be finished by the caller once it has used the output.
func (g *guest) ask(x *exchange.Exchange, e *export, trigger string) (*call, []byte, error) {
	if !e.ok {
		return nil, nil, &dialect.UnsupportedError{Module: g.name, Trigger: trigger}
	}
	body := x.Body
	if x.BodyStream != nil {
		var err error
		if body, err = readBody(x.BodyStream, g.limits.MemoryBytes); err != nil {
			return nil, nil, err
		}
		x.BodyStream = bytes.NewReader(body) // for the handler, when this is a middleware
	}
	in, err := g.module.Acquire(dialect.Background)
	if err != nil {
		return nil, nil, err
	}
	in.Begin(dialect.Background, x.Deadline)
	c := g.begin(in, x)
	c.text = appendRequest(c.text[:0], x, body)
	output, err := c.run(e, c.text)
	return c, output, err
}

// readBody reads a streamed body whole: an input has a length.
func readBody(r io.Reader, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(body)) > limit {
		err = abi.Errorf(abi.CodeLimit, "the request body is over %d bytes; raise limits.memory", limit)
	}
	return body, err
}

func (g *guest) malformed(e *export, err error) error {
	return &dialect.ProtocolError{Module: g.name, Export: e.name, Problem: "answered with JSON that cannot be used", Err: err}
}

func (g *guest) answer(x *exchange.Exchange, e *export, r *response) error {
	if int64(len(r.body)) > g.limits.ResponseBytes {
		return abi.Errorf(abi.CodeLimit, "the response body of %s is over %d bytes", g.name, g.limits.ResponseBytes)
	}
	if err := x.SetHead(&r.head); err != nil {
		return &dialect.ProtocolError{Module: g.name, Export: e.name, Problem: "returned a response that cannot be sent", Err: err}
	}
	x.Ctx.Response.SetBody(r.body) // copied: the kernel memory is reused
	return nil
}
