// Package extism is the dialect of plug-ins made with an Extism PDK. They run unmodified: this package offers the functions of
// import module extism:host/env, and hands HTTP requests, jobs and middleware decisions to the plug-in's exports as JSON.
//
// The kernel memory, in which plug-in and host exchange blocks, is an arena on the host's side. It belongs to one call: it is
// empty when the call begins, so it needs no place in the snapshot.
//
// Specification: https://extism.org/docs/concepts/pdk and EIP-007 (the runtime kernel). docs/guides/extism.md has the JSON.
package extism

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"weak"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/capability"
	"github.com/stackhost/stackhost/host/capability/fetch"
	"github.com/stackhost/stackhost/host/dialect"
	"github.com/stackhost/stackhost/host/runtime"
)

// Names of the import modules.
const (
	envModule  = "extism:host/env"
	userModule = "extism:host/user"
)

// Dialect implements dialect.Dialect.
type Dialect struct{}

var _ dialect.Dialect = Dialect{}

// Name returns "extism".
func (Dialect) Name() string { return "extism" }

// Detect looks for imports from an Extism host, in a module without the marker of ABI v1.
func (Dialect) Detect(info *runtime.Info) bool {
	if _, native := info.Export(abi.ExportMarker); native {
		return false
	}
	return slices.ContainsFunc(info.Imports, func(i runtime.Import) bool { return i.Module == envModule || i.Module == userModule })
}

// Triggers returns http and job when the module exports the default function, else what any of its exports could serve.
// Which exports really serve is in the manifest; Guest.Triggers knows.
func (Dialect) Triggers(info *runtime.Info) []string {
	if e, ok := info.Export(defaultFunction); ok && entry(e) {
		return []string{"http", "job"}
	}
	if slices.ContainsFunc(info.Exports, entry) {
		return []string{"http", "middleware", "job"}
	}
	return nil
}

// entry tells whether an export can be called as a plug-in's function: no parameters, an i32 or nothing as result.
func entry(e runtime.Export) bool {
	return e.Kind == runtime.ExternFunc && len(e.Params) == 0 &&
		(len(e.Results) == 0 || len(e.Results) == 1 && e.Results[0] == runtime.ValueI32)
}

const defaultFunction = "handle"

// options is the manifest's table for a plug-in.
type options struct {
	Function, Middleware, Job string
	AllowedHosts              []string
	Private                   bool
	Config                    map[string]string
	MaxVars, MaxHTTPResponse  int64 // bytes
	Functions                 []userFunction
}

func parseOptions(spec *dialect.Spec) (options, error) {
	var o options
	b, err := json.Marshal(spec.Options)
	if err == nil {
		err = json.Unmarshal(b, &o)
	}
	if o.Function == "" {
		o.Function = defaultFunction
	}
	if o.MaxVars == 0 {
		o.MaxVars = 1 << 20
	}
	if o.MaxHTTPResponse == 0 {
		o.MaxHTTPResponse = 50 << 20
	}
	config := map[string]string{}
	for name, value := range spec.Config {
		if text, ok := value.(string); ok {
			config[name] = text
		}
	}
	maps.Copy(config, o.Config)
	o.Config = config
	return o, err
}

// Load compiles a plug-in, links its imports and calls hs_init where a Haskell plug-in exports it.
func (Dialect) Load(ctx context.Context, rt *runtime.Runtime, spec dialect.Spec) (dialect.Guest, error) {
	g := &guest{name: spec.App + "/" + spec.Name, spec: spec, limits: spec.Limits.WithDefaults()}
	refuse := func(err error, format string, args ...any) error {
		return &runtime.LoadError{Module: g.name, Reason: fmt.Sprintf(format, args...), Err: err}
	}
	var err error
	if g.options, err = parseOptions(&spec); err != nil {
		return nil, refuse(err, "its extism table cannot be used")
	}
	info, err := runtime.Inspect(spec.Wasm)
	if err != nil {
		return nil, err
	}
	if len(g.options.AllowedHosts) > 0 {
		hosts, err := parseGlobs(g.options.AllowedHosts)
		if err != nil {
			return nil, refuse(err, "its allowed_hosts cannot be used")
		}
		g.fetch, err = fetch.New(fetch.Config{
			Hosts: []string{"*:*"}, Allow: hosts.allow, Private: g.options.Private,
			MaxResponse: g.options.MaxHTTPResponse, MaxRequest: g.limits.OutboundBytes,
		})
		if err != nil {
			return nil, refuse(err, "its allowed_hosts cannot be used")
		}
	}
	spec.Limits.HostCalls = -1 // counted here, see kernelCalls
	g.module, err = rt.Load(ctx, runtime.Spec{
		Name: g.name, Wasm: spec.Wasm, Resolve: g.resolve, Boot: g.boot,
		Isolation: spec.Isolation, Limits: spec.Limits, Args: spec.Args, Env: spec.Env, Dirs: spec.Dirs, Output: g.output,
	})
	if err == nil {
		err = g.findExports(info)
	}
	if err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

// guest is a loaded plug-in. Safe for concurrent use.
type guest struct {
	name     string
	spec     dialect.Spec
	options  options
	limits   runtime.Limits
	module   *runtime.Module
	fetch    *fetch.Fetch // nil when no host is allowed
	triggers []string

	http, middleware, job export

	kept sync.Map // variables of instances that are kept between calls: weak.Pointer[runtime.Instance] to *variables
}

var _ dialect.Guest = (*guest)(nil)

// export is an export that serves a trigger.
type export struct {
	name   string
	f      runtime.Func
	result bool // returns an i32
	ok     bool
}

func (g *guest) Triggers() []string      { return g.triggers }
func (g *guest) Module() *runtime.Module { return g.module }

// Close waits for calls in flight, then frees the module.
func (g *guest) Close() (err error) {
	if g.module != nil {
		err = g.module.Close()
	}
	if g.fetch != nil {
		g.fetch.Close()
	}
	return err
}

// findExports resolves the functions that the manifest names. A default that is not there is no mistake: the trigger is missing.
func (g *guest) findExports(info *runtime.Info) error {
	o := g.options
	jobName := o.Job
	if jobName == "" {
		jobName = o.Function
	}
	for _, want := range []struct {
		trigger, name string
		to            *export
	}{{"http", o.Function, &g.http}, {"middleware", o.Middleware, &g.middleware}, {"job", jobName, &g.job}} {
		if want.name == "" {
			continue
		}
		e, ok := info.Export(want.name)
		switch {
		case !ok && want.name == defaultFunction:
			continue
		case !ok || !entry(e):
			return &runtime.LoadError{Module: g.name, Reason: fmt.Sprintf("it has no export %q that takes nothing and returns an i32 or nothing; it has %s", want.name, entries(info))}
		}
		f, _ := g.module.Func(want.name)
		*want.to = export{name: want.name, f: f, result: len(e.Results) == 1, ok: true}
		g.triggers = append(g.triggers, want.trigger)
	}
	return nil
}

func entries(info *runtime.Info) string {
	var names []string
	for _, e := range info.Exports {
		if entry(e) {
			names = append(names, e.Name)
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// boot starts Haskell's runtime. _initialize and __wasm_call_ctors have run.
func (g *guest) boot(ctx context.Context, in *runtime.Instance) error {
	f, ok := in.Module().Func("hs_init")
	if !ok {
		return nil
	}
	if e, _ := in.Module().Info().Export("hs_init"); len(e.Params) != 2 || len(e.Results) > 1 {
		return nil
	}
	c := g.begin(in, nil)
	defer c.end()
	var stack [2]uint64 // argc and argv: none
	return in.Call(ctx, f, stack[:])
}

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

// variablesOf returns the variables of an instance: its own when the manifest keeps instances, else none yet.
func (g *guest) variablesOf(in *runtime.Instance) *variables {
	if g.module == nil || g.module.Isolation() != runtime.Reuse {
		return nil
	}
	key := weak.Make(in)
	if v, ok := g.kept.Load(key); ok {
		return v.(*variables)
	}
	v := new(variables)
	g.kept.Store(key, v)
	addCleanup(in, &g.kept, key)
	return v
}
