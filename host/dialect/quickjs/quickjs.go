// Package quickjs is the dialect of the JavaScript engine: QuickJS-NG as a WASI reactor (npm package quickjs-wasi), driven
// unmodified through its exports.
//
// A module of this dialect is the engine plus a program. Boot initialises the interpreter, evaluates the runtime in prelude/
// (Request, Response, fetch, timers, the router …) and then the program; the snapshot holds all of it, so a request starts in
// a booted interpreter whose memory nobody has used before.
//
// A request takes few crossings: the line "METHOD target" goes in as one string, the answer comes back as one, and everything
// else of the request is fetched by the runtime when the program asks for it, through one host function. That function may call
// back into the engine to read its arguments and to make its result; the engine's C code allows that at a host call.
//
// What the program throws is reported with its JavaScript stack, positions mapped to the sources that were bundled.
package quickjs

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/capability"
	"github.com/stackhost/stackhost/host/dialect"
	"github.com/stackhost/stackhost/host/exchange"
	"github.com/stackhost/stackhost/host/runtime"
)

//go:embed prelude/*.js
var preludeFiles embed.FS

// prelude is the runtime as one script: a function of the host function.
var prelude = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	b.WriteString(`(function(host){"use strict";` + "\n")
	names, err := fs.Glob(preludeFiles, "prelude/*.js") // sorted
	for _, name := range names {
		var text []byte
		if text, err = preludeFiles.ReadFile(name); err != nil {
			break
		}
		b.Write(text)
	}
	if err != nil {
		panic(err) // the files are part of this binary
	}
	b.WriteString("\n})")
	return b.Bytes()
})

const preludeName = "stackhost:runtime"

// Dialect implements dialect.Dialect.
type Dialect struct{}

var _ dialect.Dialect = Dialect{}

// Name returns "quickjs".
func (Dialect) Name() string { return "quickjs" }

// Detect looks for the engine's own exports.
func (Dialect) Detect(info *runtime.Info) bool {
	for _, name := range []string{"qjs_init", "qjs_new_host_function", "JS_Call"} {
		if _, ok := info.Export(name); !ok {
			return false
		}
	}
	return true
}

// Triggers returns every trigger: which of them a program handles is known once it has booted (Guest.Triggers).
func (Dialect) Triggers(*runtime.Info) []string {
	return []string{"http", "middleware", "job", "command"}
}

// Load boots the engine in spec.Wasm with the program in spec.Source.
func (Dialect) Load(ctx context.Context, rt *runtime.Runtime, spec dialect.Spec) (dialect.Guest, error) {
	if spec.Limits.StackBytes == 0 {
		spec.Limits.StackBytes = stackBytes
	}
	g := &guest{name: spec.App + "/" + spec.Name, spec: spec, limits: spec.Limits.WithDefaults()}
	if len(spec.Source) == 0 {
		return nil, &runtime.LoadError{Module: g.name, Reason: "the JavaScript engine needs a program; set source in the manifest"}
	}
	if spec.SourceMap != nil {
		var err error
		if g.positions, err = parseSourceMap(spec.SourceMap); err != nil {
			return nil, &runtime.LoadError{Module: g.name, Reason: "the program's source map is malformed", Err: err}
		}
	}
	var err error
	g.module, err = rt.Load(ctx, runtime.Spec{
		Name: g.name, Wasm: spec.Wasm, Resolve: g.resolve, Boot: g.boot,
		Isolation: spec.Isolation, Limits: spec.Limits, Args: spec.Args, Env: spec.Env, Dirs: spec.Dirs, Output: g.output,
	})
	if err != nil {
		return nil, err
	}
	return g, nil
}

// guest is a program in its engine. Safe for concurrent use.
type guest struct {
	name      string
	spec      dialect.Spec
	limits    runtime.Limits
	module    *runtime.Module
	positions *sourceMap
	triggers  []string

	once   sync.Once
	engine *engine // set by the first boot; every other boots to the same addresses
}

var _ dialect.Guest = (*guest)(nil)

func (g *guest) Triggers() []string      { return g.triggers }
func (g *guest) Module() *runtime.Module { return g.module }
func (g *guest) Close() error            { return g.module.Close() }

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

// handles reports whether the program has a handler for a trigger.
func (g *guest) handles(trigger string) error {
	for _, t := range g.triggers {
		if t == trigger {
			return nil
		}
	}
	return &dialect.UnsupportedError{Module: g.name, Trigger: trigger}
}

// call is what the host functions know of one call beyond its Session. From a pool.
type call struct {
	g       *guest
	e       *engine
	in      *runtime.Instance
	s       *capability.Session
	x       *exchange.Exchange
	job     *abi.JobRequest
	command *abi.CommandRequest
	seed    [abi.LimitRandomBytes]byte
	timeout int64 // milliseconds
	micros  int64
	line    []byte
	stack   [8]uint64
	inner   [8]uint64 // of calls made from inside a host function
}

var calls = sync.Pool{New: func() any { return new(call) }}

func (g *guest) begin(in *runtime.Instance, x *exchange.Exchange) *call {
	c := calls.Get().(*call)
	log := g.spec.Log
	s := capability.Begin(in, g.spec.Capabilities, log, x)
	s.Engine = c
	*c = call{g: g, e: g.engine, in: in, s: s, x: x, line: c.line[:0]}
	return c
}

func (c *call) end() {
	c.s.End()
	c.in.Release()
	line := c.line
	*c = call{line: line}
	calls.Put(c)
}

// exception is what a program threw and did not catch, as describe in the prelude tells it.
type exception struct {
	Code    int64  `json:"code"`
	Name    string `json:"name"`
	Message string `json:"message"`
	Stack   string `json:"stack"`
}

// error makes a report of e: a CodeError when the program threw a HostError to answer with its code, else a Trap with the
// JavaScript stack.
func (g *guest) error(entry string, e exception) error {
	if e.Code < 0 {
		return &dialect.CodeError{Module: g.name, Export: entry, Code: abi.Code(e.Code), Text: e.Message}
	}
	t := &runtime.Trap{Kind: runtime.TrapException, Module: g.name, Export: entry, Message: e.Message}
	if e.Name != "" {
		t.Message = e.Name + ": " + e.Message
	}
	for line := range strings.Lines(e.Stack) {
		if line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "at ")); line != "" && !strings.Contains(line, preludeName) {
			t.Frames = append(t.Frames, runtime.Frame{Function: g.positions.rewrite(line, g.spec.SourceName)})
		}
	}
	return t
}

func (g *guest) protocol(entry, format string, args ...any) error {
	return &dialect.ProtocolError{Module: g.name, Export: entry, Problem: fmt.Sprintf(format, args...)}
}
