package extism

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"weak"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/capability"
	"github.com/stackhost/stackhost/host/dialect"
	"github.com/stackhost/stackhost/host/exchange"
	hostruntime "github.com/stackhost/stackhost/host/runtime"
)

// call is what the imports know of one call. From a pool; used by one goroutine.
type call struct {
	g         *guest
	in        *hostruntime.Instance
	s         *capability.Session
	kernel    kernel
	vars      *variables
	own       variables // vars, where instances are not kept
	status    int       // of the last http_request
	headers   http.Header
	failure   string // why the host refused or failed something last
	text      []byte // JSON under construction; reused
	hostCalls int64  // to services
	stack     [1]uint64
}

var calls = sync.Pool{New: func() any { return new(call) }}

// begin makes the call for x, which is nil outside HTTP.
func (g *guest) begin(in *hostruntime.Instance, x *exchange.Exchange) *call {
	c := calls.Get().(*call)
	c.g, c.in = g, in
	c.s = capability.Begin(in, g.spec.Capabilities, g.spec.Log, x)
	c.s.Engine = c
	c.kernel.limit = uint64(g.limits.MemoryBytes)
	c.kernel.reset()
	if c.vars = g.variablesOf(in); c.vars == nil {
		c.vars = &c.own
	}
	return c
}

// end takes the call away from its instance.
func (c *call) end() {
	c.s.End()
	c.own.clear()
	c.kernel.reset()
	c.kernel.trim()
	text := c.text
	if cap(text) > keepArena {
		text = nil
	}
	kernel, own := c.kernel, c.own
	*c = call{kernel: kernel, own: own, text: text[:0]}
	calls.Put(c)
}

// finish ends the call and hands the instance back.
func (c *call) finish() {
	in := c.in
	c.end()
	in.Release()
}

// callOf returns the call that runs in an instance. Initialisers may use imports before the dialect is asked: they get a call
// that lasts until the instance is handed on.
func (g *guest) callOf(in *hostruntime.Instance) *call {
	if s, ok := in.State().(*capability.Session); ok {
		if c, ok := s.Engine.(*call); ok {
			return c
		}
	}
	c := g.begin(in, nil)
	in.OnRelease(c.end)
	return c
}

// run hands input to an export and returns its output: kernel memory, valid until end.
func (c *call) run(e *export, input []byte) ([]byte, error) {
	k := &c.kernel
	if len(input) > 0 {
		at := k.put(input)
		if at == 0 {
			return nil, abi.Errorf(abi.CodeLimit, "%s has no room for an input of %d bytes; raise limits.memory", c.g.name, len(input))
		}
		k.input = span{at, uint64(len(input))}
	}
	c.stack[0] = 0
	err := c.in.Call(dialect.Background, e.f, c.stack[:])
	code := uint32(0)
	if e.result {
		code = uint32(c.stack[0])
	}
	if err != nil {
		var trap *hostruntime.Trap
		if !errors.As(err, &trap) || trap.Kind != hostruntime.TrapExit || trap.ExitCode != 0 {
			if c.vars != &c.own {
				c.vars.clear() // the instance is restored, and what it kept with it
			}
			if trap != nil {
				if text := c.fault(); text != "" {
					trap.Message += ": " + text
				}
			}
			return nil, err
		}
		code = 0 // a command that ended itself well
	}
	if text := c.fault(); code != 0 || k.fault != 0 && text != "" {
		return nil, &dialect.CodeError{Module: c.g.name, Export: e.name, Code: abi.CodeGuest - abi.Code(code), Text: text}
	}
	output, ok := k.view(k.output)
	if !ok {
		return nil, &dialect.ProtocolError{Module: c.g.name, Export: e.name, Problem: fmt.Sprintf("gave an output of %d bytes at %d, which is outside the kernel memory", k.output.size, k.output.at)}
	}
	return output, nil
}

// fault is the text that the plug-in set as its error, or else what the host refused it last.
func (c *call) fault() string {
	if b := c.kernel.block(c.kernel.fault); b != nil {
		return strings.ToValidUTF8(string(b), "\uFFFD")
	}
	return c.failure
}

// fail remembers why the host did not do what it was asked for, and records it.
func (c *call) fail(what string, err error) {
	_, text := capability.CodeOf(err)
	c.failure = what + ": " + text
	c.s.Log().Warn("plug-in's host call failed", "call", what, "error", err)
}

// addCleanup forgets an instance's variables when the instance is gone.
func addCleanup(in *hostruntime.Instance, kept *sync.Map, key weak.Pointer[hostruntime.Instance]) {
	runtime.AddCleanup(in, func(key weak.Pointer[hostruntime.Instance]) { kept.Delete(key) }, key)
}
