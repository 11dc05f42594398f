package extism

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/runtime"
)

// userFunction is a host function that another module answers: the block that the plug-in gives is the payload of a job, whose
// result becomes a block again.
type userFunction struct{ Name, Namespace, Module string }

// maxDepth bounds plug-ins that answer each other's functions in a circle.
const maxDepth = 8

type depthKey struct{}

// resolveUser returns the host function for an import that the manifest gives to a module; false when it names none.
func (g *guest) resolveUser(imp runtime.Import) (runtime.HostFunc, bool, error) {
	i := slices.IndexFunc(g.options.Functions, func(f userFunction) bool {
		return f.Name == imp.Name && (f.Namespace == imp.Module || f.Namespace == "" && imp.Module == userModule)
	})
	if i < 0 {
		return nil, false, nil
	}
	f := g.options.Functions[i]
	if len(imp.Params) > 1 || len(imp.Results) > 1 || slices.ContainsFunc(slices.Concat(imp.Params, imp.Results), notOffset) {
		return nil, false, fmt.Errorf("a host function that a module answers takes at most one block and returns at most one: (i64) -> i64")
	}
	if g.spec.Peer == nil {
		return nil, false, fmt.Errorf("there are no other modules here to answer it")
	}
	params, results := len(imp.Params), len(imp.Results)
	return func(in *runtime.Instance, stack []uint64) {
		c := g.callOf(in)
		c.count()
		var payload []byte
		if params == 1 {
			payload = bytes.Clone(c.kernel.block(stack[0]))
		}
		answer, err := c.ask(f, payload)
		if err != nil {
			in.Fail(fmt.Errorf("host function %s: %w", f.Name, err))
		}
		if results == 1 {
			stack[0] = c.kernel.put(answer)
			if stack[0] == 0 && len(answer) > 0 {
				in.Fail(abi.Errorf(abi.CodeLimit, "host function %s: no room for an answer of %d bytes; raise limits.memory", f.Name, len(answer)))
			}
		}
	}, true, nil
}

func notOffset(t runtime.ValueType) bool { return t != runtime.ValueI64 }

func (c *call) ask(f userFunction, payload []byte) ([]byte, error) {
	peer := c.g.spec.Peer(f.Module)
	if peer == nil {
		return nil, abi.Errorf(abi.CodeUnavailable, "module %q is not loaded", f.Module)
	}
	ctx := c.in.Context()
	depth, _ := ctx.Value(depthKey{}).(int)
	if depth >= maxDepth {
		return nil, abi.Errorf(abi.CodeLimit, "modules called each other more than %d deep", maxDepth)
	}
	job := abi.JobRequest{Name: f.Name, Payload: payload}
	if x := c.s.Exchange; x != nil {
		job.ID = x.ID
	}
	result, err := peer.Job(context.WithValue(ctx, depthKey{}, depth+1), &job)
	if err != nil {
		return nil, err
	}
	return result.Result, nil
}
