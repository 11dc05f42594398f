// Package native is the dialect of ABI v1: modules that export stackhost_abi_1.
package native

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/capability"
	"github.com/stackhost/stackhost/host/dialect"
	"github.com/stackhost/stackhost/host/exchange"
	"github.com/stackhost/stackhost/host/runtime"
)

// Dialect implements dialect.Dialect.
type Dialect struct{}

var _ dialect.Dialect = Dialect{}

// Name returns "native".
func (Dialect) Name() string { return "native" }

// Detect looks for the marker export.
func (Dialect) Detect(info *runtime.Info) bool {
	_, ok := info.Export(abi.ExportMarker)
	return ok
}

// Triggers returns the triggers whose exports the module has.
func (Dialect) Triggers(info *runtime.Info) (names []string) {
	for _, t := range abi.Triggers {
		if _, ok := info.Export(t.Export); ok && !t.Reserved {
			names = append(names, t.Name)
		}
	}
	return names
}

// Load checks the exports against ABI v1, links the imports to spec.Capabilities and boots the module.
func (d Dialect) Load(ctx context.Context, rt *runtime.Runtime, spec dialect.Spec) (dialect.Guest, error) {
	info, err := runtime.Inspect(spec.Wasm)
	if err != nil {
		return nil, err
	}
	name := spec.App + "/" + spec.Name
	if err := checkExports(name, info); err != nil {
		return nil, err
	}
	g := &guest{name: name, spec: spec, triggers: d.Triggers(info)}
	g.module, err = rt.Load(ctx, runtime.Spec{
		Name: name, Wasm: spec.Wasm, Resolve: spec.Capabilities.Resolve, Boot: g.boot,
		Isolation: spec.Isolation, Limits: spec.Limits, Args: spec.Args, Env: spec.Env, Dirs: spec.Dirs, Output: g.output,
	})
	if err != nil {
		return nil, err
	}
	g.limits = spec.Limits.WithDefaults()
	g.alloc, _ = g.module.Func(abi.ExportAlloc)
	g.http, g.hasHTTP = g.module.Func(abi.ExportHTTP)
	g.middleware, g.hasMiddleware = g.module.Func(abi.ExportMiddleware)
	g.job, g.hasJob = g.module.Func(abi.ExportJob)
	g.command, g.hasCommand = g.module.Func(abi.ExportCommand)
	return g, nil
}

func checkExports(name string, info *runtime.Info) error {
	entry := []runtime.ValueType{runtime.ValueI32, runtime.ValueI32}
	check := func(export string, params, results []runtime.ValueType, required bool) error {
		e, ok := info.Export(export)
		switch {
		case !ok && required:
			return &runtime.LoadError{Module: name, Reason: fmt.Sprintf("the module exports %s but not %s, which ABI v1 needs", abi.ExportMarker, export)}
		case ok && (!slices.Equal(e.Params, params) || !slices.Equal(e.Results, results)):
			return &runtime.LoadError{Module: name, Reason: fmt.Sprintf("export %s has another signature than ABI v1 says", export)}
		}
		return nil
	}
	if !info.HasMemory {
		return &runtime.LoadError{Module: name, Reason: "the module does not export its memory; link it with an exported memory named \"memory\""}
	}
	if err := check(abi.ExportAlloc, entry[:1], entry[:1], true); err != nil {
		return err
	}
	i64 := []runtime.ValueType{runtime.ValueI64}
	for _, t := range abi.Triggers {
		if t.Reserved {
			continue
		}
		if err := check(t.Export, entry, i64, false); err != nil {
			return err
		}
	}
	return check(abi.ExportBoot, entry, i64, false)
}

type guest struct {
	name     string
	spec     dialect.Spec
	module   *runtime.Module
	limits   runtime.Limits
	triggers []string

	alloc, http, middleware, job, command      runtime.Func
	hasHTTP, hasMiddleware, hasJob, hasCommand bool
}

func (g *guest) Triggers() []string      { return g.triggers }
func (g *guest) Module() *runtime.Module { return g.module }
func (g *guest) Close() error            { return g.module.Close() }

// output sends what a guest prints to its records.
func (g *guest) output(in *runtime.Instance, fd int, p []byte) {
	log := g.spec.Log
	if s, ok := in.State().(*capability.Session); ok {
		log = s.Log()
		if s.SpendLog(len(p), g.limits.LogBytes) != nil {
			return
		}
	}
	dialect.LogOutput(log, fd, p)
}

// boot runs stackhost_boot, when there is one, before the snapshot is taken.
func (g *guest) boot(ctx context.Context, in *runtime.Instance) error {
	boot, ok := in.Module().Func(abi.ExportBoot)
	if !ok {
		return nil
	}
	alloc, _ := in.Module().Func(abi.ExportAlloc)
	s := capability.Begin(in, g.spec.Capabilities, g.spec.Log, nil)
	defer s.End()
	req := abi.BootRequest{App: g.spec.App, Module: g.spec.Name, Source: g.spec.Source, SourceName: g.spec.SourceName}
	c := call{g: g, in: in, alloc: alloc}
	code, _, err := c.run(ctx, boot, abi.ExportBoot, req.Append(nil))
	if err != nil {
		return err
	}
	if code < 0 {
		return &dialect.CodeError{Module: g.name, Export: abi.ExportBoot, Code: abi.Code(code)}
	}
	return nil
}

// scratch is the memory of one call on the host's side, reused between calls.
type scratch struct {
	request  abi.HTTPRequest
	response abi.HTTPResponse
	verdict  abi.MiddlewareResult
	encoded  []byte
	seed     [abi.LimitRandomBytes]byte
	stack    [2]uint64
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

func (g *guest) HTTP(x *exchange.Exchange) error {
	if !g.hasHTTP {
		return &dialect.UnsupportedError{Module: g.name, Trigger: "http"}
	}
	in, s, err := g.begin(x)
	if err != nil {
		return err
	}
	defer g.end(in, s)
	buf := scratches.Get().(*scratch)
	defer scratches.Put(buf)
	record, err := g.ask(x, in, s, buf, g.http, abi.ExportHTTP)
	if err != nil {
		return err
	}
	if record == nil {
		if !x.Responded() {
			return &dialect.ProtocolError{Module: g.name, Export: abi.ExportHTTP, Problem: "returned 0 without having answered through http respond"}
		}
		return nil
	}
	if x.Responded() {
		return &dialect.ProtocolError{Module: g.name, Export: abi.ExportHTTP, Problem: "returned a response after it had answered through http respond"}
	}
	if err := buf.response.Decode(record); err != nil {
		return &dialect.ProtocolError{Module: g.name, Export: abi.ExportHTTP, Problem: "returned a record that is no HttpResponse", Err: err}
	}
	return g.answer(x, &buf.response)
}

func (g *guest) answer(x *exchange.Exchange, r *abi.HTTPResponse) error {
	if int64(len(r.Body)) > g.limits.ResponseBytes {
		return abi.Errorf(abi.CodeLimit, "the response body of %s is over %d bytes", g.name, g.limits.ResponseBytes)
	}
	if err := x.SetHead(r); err != nil {
		return &dialect.ProtocolError{Module: g.name, Export: abi.ExportHTTP, Problem: "returned a response that cannot be sent", Err: err}
	}
	x.Ctx.Response.SetBody(r.Body) // copied: the instance is restored before the bytes leave
	return nil
}

func (g *guest) Middleware(x *exchange.Exchange) (dialect.Verdict, error) {
	if !g.hasMiddleware {
		return dialect.Pass, &dialect.UnsupportedError{Module: g.name, Trigger: "middleware"}
	}
	in, s, err := g.begin(x)
	if err != nil {
		return dialect.Pass, err
	}
	defer g.end(in, s)
	buf := scratches.Get().(*scratch)
	defer scratches.Put(buf)
	record, err := g.ask(x, in, s, buf, g.middleware, abi.ExportMiddleware)
	switch {
	case err != nil:
		return dialect.Pass, err
	case x.Responded() && record != nil:
		return dialect.Pass, &dialect.ProtocolError{Module: g.name, Export: abi.ExportMiddleware, Problem: "returned a verdict after it had answered through http respond"}
	case x.Responded():
		return dialect.Answered, nil
	case record == nil:
		return dialect.Pass, nil
	}
	v := &buf.verdict
	if err := v.Decode(record); err != nil {
		return dialect.Pass, &dialect.ProtocolError{Module: g.name, Export: abi.ExportMiddleware, Problem: "returned a record that is no MiddlewareResult", Err: err}
	}
	if v.Action == abi.MiddlewareActionAnswer {
		return dialect.Answered, g.answer(x, &v.Response)
	}
	return dialect.Pass, dialect.ApplyMiddleware(x, v)
}

func (g *guest) Job(ctx context.Context, job *abi.JobRequest) (*abi.JobResult, error) {
	if !g.hasJob {
		return nil, &dialect.UnsupportedError{Module: g.name, Trigger: "job"}
	}
	in, err := g.module.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	deadline, _ := ctx.Deadline()
	in.Begin(ctx, deadline)
	s := capability.Begin(in, g.spec.Capabilities, g.spec.Log.With("job", job.ID), nil)
	defer g.end(in, s)
	request := *job
	var seed [abi.LimitRandomBytes]byte
	dialect.StampJob(&request, in.Deadline(), &seed)
	c := call{g: g, in: in, alloc: g.alloc}
	code, record, err := c.run(ctx, g.job, abi.ExportJob, request.Append(nil))
	switch {
	case err != nil:
		return nil, err
	case code < 0:
		return nil, &dialect.CodeError{Module: g.name, Export: abi.ExportJob, Code: abi.Code(code)}
	}
	var result abi.JobResult
	if record != nil {
		if err := result.Decode(record); err != nil {
			return nil, &dialect.ProtocolError{Module: g.name, Export: abi.ExportJob, Problem: "returned a record that is no JobResult", Err: err}
		}
		result.Result = slices.Clone(result.Result)
	}
	return &result, nil
}

func (g *guest) Command(ctx context.Context, cmd *dialect.Command) (exit int, err error) {
	if !g.hasCommand {
		return 0, &dialect.UnsupportedError{Module: g.name, Trigger: "command"}
	}
	in, err := g.module.Acquire(ctx)
	if err != nil {
		return 0, err
	}
	deadline, _ := ctx.Deadline()
	in.Begin(ctx, deadline)
	s := capability.Begin(in, g.spec.Capabilities, g.spec.Log.With("command", cmd.Request.ID), nil)
	defer g.end(in, s)
	var seed [abi.LimitRandomBytes]byte
	if err := dialect.StampCommand(cmd, s, in.Deadline(), &seed); err != nil {
		return 0, err
	}
	c := call{g: g, in: in, alloc: g.alloc}
	code, record, err := c.run(ctx, g.command, abi.ExportCommand, cmd.Request.Append(nil))
	switch {
	case err != nil:
		return 0, err
	case code < 0:
		return 0, &dialect.CodeError{Module: g.name, Export: abi.ExportCommand, Code: abi.Code(code), Text: s.Failure()}
	}
	var result abi.CommandResult
	if record != nil {
		if err := result.Decode(record); err != nil || result.Exit > 255 {
			return 0, &dialect.ProtocolError{Module: g.name, Export: abi.ExportCommand, Problem: "returned a record that is no CommandResult", Err: err}
		}
	}
	return int(result.Exit), nil
}

func (g *guest) begin(x *exchange.Exchange) (*runtime.Instance, *capability.Session, error) {
	in, err := g.module.Acquire(dialect.Background)
	if err != nil {
		return nil, nil, err
	}
	in.Begin(dialect.Background, x.Deadline)
	return in, capability.Begin(in, g.spec.Capabilities, g.spec.Log, x), nil
}

func (g *guest) end(in *runtime.Instance, s *capability.Session) {
	s.End()
	in.Release()
}

// ask hands x to an entry export and returns the response record, which is guest memory, or nil for 0.
func (g *guest) ask(x *exchange.Exchange, in *runtime.Instance, s *capability.Session, buf *scratch, f runtime.Func, export string) ([]byte, error) {
	var stream uint64
	if x.BodyStream != nil {
		var err error
		if stream, err = s.Streams.Open(x.BodyStream); err != nil {
			return nil, err
		}
	}
	dialect.HTTPRequest(&buf.request, x, stream, &buf.seed)
	buf.encoded = buf.request.Append(buf.encoded[:0])
	c := call{g: g, in: in, alloc: g.alloc, stack: &buf.stack}
	code, record, err := c.run(dialect.Background, f, export, buf.encoded)
	if err == nil && code < 0 {
		err = &dialect.CodeError{Module: g.name, Export: export, Code: abi.Code(code), Text: s.Failure()}
	}
	return record, err
}

// call is one record handed to an entry export.
type call struct {
	g     *guest
	in    *runtime.Instance
	alloc runtime.Func
	stack *[2]uint64
}

// run writes record into the guest and calls f. The returned slice is guest memory.
func (c *call) run(ctx context.Context, f runtime.Func, export string, record []byte) (int64, []byte, error) {
	if c.stack == nil {
		c.stack = new([2]uint64)
	}
	stack := c.stack[:]
	stack[0] = uint64(len(record))
	if err := c.in.Call(ctx, c.alloc, stack[:1]); err != nil {
		return 0, nil, err
	}
	ptr := runtime.DecodeU32(stack[0])
	memory := c.in.Memory()
	switch {
	case ptr == 0:
		return 0, nil, abi.Errorf(abi.CodeLimit, "%s has no room for a record of %d bytes", c.g.name, len(record))
	case ptr%8 != 0 || !memory.Write(ptr, record):
		return 0, nil, &dialect.ProtocolError{Module: c.g.name, Export: abi.ExportAlloc, Problem: fmt.Sprintf("gave %d for %d bytes, which is misaligned or outside memory", ptr, len(record))}
	}
	stack[0], stack[1] = uint64(ptr), uint64(len(record))
	if err := c.in.Call(ctx, f, stack[:2]); err != nil {
		return 0, nil, err
	}
	result := int64(stack[0])
	if result <= 0 {
		return result, nil, nil
	}
	at, n := abi.Unpack(uint64(result))
	answer, ok := memory.Read(at, n)
	switch {
	case !ok:
		return 0, nil, &dialect.ProtocolError{Module: c.g.name, Export: export, Problem: fmt.Sprintf("returned a record of %d bytes at %d, which is outside memory", n, at)}
	case n == 0:
		return 0, nil, &dialect.ProtocolError{Module: c.g.name, Export: export, Problem: "returned an empty record"}
	}
	return result, answer, nil
}
