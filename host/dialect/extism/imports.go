package extism

import (
	"errors"
	"fmt"
	"slices"

	"github.com/stackhost/stackhost/host/runtime"
)

// function is one import of extism:host/env. run gets the parameters in stack and leaves the result there.
type function struct {
	params, results []runtime.ValueType
	run             func(c *call, stack []uint64)
}

var (
	none   = []runtime.ValueType{}
	i32    = []runtime.ValueType{runtime.ValueI32}
	i64    = []runtime.ValueType{runtime.ValueI64}
	i64i32 = []runtime.ValueType{runtime.ValueI64, runtime.ValueI32}
	i64s   = []runtime.ValueType{runtime.ValueI64, runtime.ValueI64}
)

// kernelCalls reach the kernel memory. A plug-in needs one for every 8 bytes, so they do not count as host calls; time bounds them.
// Loads outside the kernel memory give 0, as the reference kernel does; stores outside stop the plug-in.
var kernelCalls = map[string]function{
	"alloc":         {i64, i64, func(c *call, s []uint64) { s[0] = c.kernel.alloc(s[0]) }},
	"free":          {i64, none, func(c *call, s []uint64) { c.kernel.release(s[0]) }},
	"length":        {i64, i64, func(c *call, s []uint64) { s[0] = c.kernel.length(s[0]) }},
	"length_unsafe": {i64, i64, func(c *call, s []uint64) { s[0] = c.kernel.length(s[0]) }},
	"load_u8":       {i64, i32, func(c *call, s []uint64) { s[0] = uint64(c.kernel.load8(s[0])) }},
	"load_u64":      {i64, i64, func(c *call, s []uint64) { s[0] = c.kernel.load64(s[0]) }},
	"store_u8": {i64i32, none, func(c *call, s []uint64) {
		if !c.kernel.store8(s[0], byte(s[1])) {
			c.stop("store_u8", s[0], 1)
		}
	}},
	"store_u64": {i64s, none, func(c *call, s []uint64) {
		if !c.kernel.store64(s[0], s[1]) {
			c.stop("store_u64", s[0], 8)
		}
	}},

	"input_length":   {none, i64, func(c *call, s []uint64) { s[0] = c.kernel.input.size }},
	"input_offset":   {none, i64, func(c *call, s []uint64) { s[0] = c.kernel.input.at }},
	"input_load_u8":  {i64, i32, func(c *call, s []uint64) { s[0] = uint64(c.kernel.input8(s[0])) }},
	"input_load_u64": {i64, i64, func(c *call, s []uint64) { s[0] = c.kernel.input64(s[0]) }},
	"input_set":      {i64s, none, func(c *call, s []uint64) { c.setSpan("input_set", &c.kernel.input, s) }},
	"output_set":     {i64s, none, func(c *call, s []uint64) { c.setSpan("output_set", &c.kernel.output, s) }},
	"output_length":  {none, i64, func(c *call, s []uint64) { s[0] = c.kernel.output.size }},
	"output_offset":  {none, i64, func(c *call, s []uint64) { s[0] = c.kernel.output.at }},
	"error_set":      {i64, none, func(c *call, s []uint64) { c.kernel.fault = s[0] }},
	"error_get":      {none, i64, func(c *call, s []uint64) { s[0] = c.kernel.fault }},
	"reset":          {none, none, func(c *call, s []uint64) { c.kernel.reset() }},
	"memory_bytes":   {none, i64, func(c *call, s []uint64) { s[0] = c.kernel.memoryBytes() }},
}

// serviceCalls count as host calls.
var serviceCalls = map[string]function{
	"config_get":       {i64, i64, (*call).configGet},
	"var_get":          {i64, i64, (*call).varGet},
	"var_set":          {i64s, none, (*call).varSet},
	"http_request":     {i64s, i64, (*call).httpRequest},
	"http_status_code": {none, i32, func(c *call, s []uint64) { s[0] = uint64(uint32(c.status)) }},
	"http_headers":     {none, i64, (*call).httpHeaders},
	"get_log_level":    {none, i32, (*call).logLevel},
	"log_trace":        {i64, none, logger(levelTrace)},
	"log_debug":        {i64, none, logger(levelDebug)},
	"log_info":         {i64, none, logger(levelInfo)},
	"log_warn":         {i64, none, logger(levelWarn)},
	"log_error":        {i64, none, logger(levelError)},
}

// stop ends the plug-in because of an offset outside the kernel memory.
func (c *call) stop(name string, at, size uint64) {
	c.in.Fail(&OffsetError{Function: name, Offset: at, Length: size})
}

// OffsetError stops a plug-in that gave an offset outside the kernel memory.
type OffsetError struct {
	Function       string
	Offset, Length uint64 // bytes
}

func (e *OffsetError) Error() string {
	return fmt.Sprintf("%s: %d bytes at offset %d are outside the kernel memory", e.Function, e.Length, e.Offset)
}

func (c *call) setSpan(name string, to *span, s []uint64) {
	set := span{s[0], s[1]}
	if _, ok := c.kernel.view(set); !ok {
		c.stop(name, s[0], s[1])
	}
	*to = set
}

// resolve returns the host function for an import.
func (g *guest) resolve(imp runtime.Import) (runtime.HostFunc, error) {
	if f, ok, err := g.resolveUser(imp); ok || err != nil {
		return f, err
	}
	switch {
	case imp.Module == envModule:
	case imp.Module == userModule:
		return nil, fmt.Errorf("no module answers this host function; add { name = %q, module = \"…\" } to the plug-in's extism.functions in stackhost.toml", imp.Name)
	case g.spec.Capabilities != nil:
		return g.spec.Capabilities.Resolve(imp)
	default:
		return nil, errors.New("plug-ins import extism:host/env, extism:host/user and wasi_snapshot_preview1")
	}
	f, kernel := kernelCalls[imp.Name]
	if !kernel {
		var ok bool
		if f, ok = serviceCalls[imp.Name]; !ok {
			return nil, fmt.Errorf("this host does not know %s", imp.Name)
		}
	}
	if !sameTypes(imp, f.params, f.results) {
		return nil, fmt.Errorf("%s is imported with another signature than Extism's", imp.Name)
	}
	if kernel {
		return func(in *runtime.Instance, stack []uint64) { f.run(g.callOf(in), stack) }, nil
	}
	return func(in *runtime.Instance, stack []uint64) {
		c := g.callOf(in)
		c.count()
		f.run(c, stack)
	}, nil
}

// count stops the plug-in at its limit of host calls.
func (c *call) count() {
	if c.hostCalls++; c.hostCalls > c.g.limits.HostCalls && c.g.limits.HostCalls > 0 {
		c.in.Fail(runtime.ErrHostCalls)
	}
}

func sameTypes(imp runtime.Import, params, results []runtime.ValueType) bool {
	return slices.Equal(imp.Params, params) && slices.Equal(imp.Results, results)
}
