package rollout

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/state"
)

// Coordinator changes which versions serve. Any node can: the commands go through the log. Safe for concurrent use.
type Coordinator struct {
	Apps *raftstore.Apps
	// Voters returns the names of the live voters, which all must be ready before an activation.
	Voters func(ctx context.Context) ([]string, error)
	// Wait bounds the wait for them. Default 1 minute.
	Wait time.Duration
}

// Bound is the rule for an automatic rollback.
type Bound struct {
	Errors  float64       // share of the requests, from 0 to 1
	Window  time.Duration // default 30 s
	Minimum uint32        // requests within Window before the rule applies; default 20
}

// Change is a wish for what serves.
type Change struct {
	Version uint64        // the version that it is about
	Weight  uint32        // percent of the requests for Version; 0 means 100. What serves now shares the rest
	Bound   *Bound        // guards Version; nil: no automatic rollback
	Reason  string        // for people
	Wait    time.Duration // 0: the coordinator's
}

// Outcome is what a change came to.
type Outcome struct {
	Activation *state.Activation
	Switched   []string // nodes that serve it already
	Behind     []string // voters that do not yet; they follow on their own
}

// settleTime bounds the wait for nodes to tell that they have switched. It takes them some milliseconds.
const settleTime = 3 * time.Second

// look is how often the coordinator looks at the state while it waits.
const lookEvery = 20 * time.Millisecond

// Promote lets a version serve, or a share of the requests. When not all live voters get ready in time it changes nothing, and says
// which are not and why.
func (c *Coordinator) Promote(ctx context.Context, app string, change Change) (*Outcome, error) {
	status, err := c.Apps.Get(ctx, raftstore.Linearizable, app)
	if err != nil {
		return nil, err
	}
	command := state.AppActivate{Expect: status.Activation.Serial, Reason: change.Reason}
	if command.Weights, err = Split(status.Activation.Weights, change.Version, change.Weight); err != nil {
		return nil, err
	}
	if command.Guard, err = guard(change); err != nil {
		return nil, err
	}
	return c.activate(ctx, app, command, change.Wait)
}

// Rollback lets what served before serve again: without the newest version when several serve, else the version before. version,
// when it is not 0, names what to go back to.
func (c *Coordinator) Rollback(ctx context.Context, app string, version uint64, reason string) (*Outcome, error) {
	weights, serial, err := c.Apps.Back(ctx, app)
	if version != 0 {
		weights, err = []state.Weight{{Version: version, Weight: 100}}, nil
	}
	if err != nil {
		return nil, err
	}
	return c.activate(ctx, app, state.AppActivate{Weights: weights, Expect: serial, Reason: cmp.Or(reason, "rollback")}, 0)
}

// Stop lets an app serve no more. Its versions stay.
func (c *Coordinator) Stop(ctx context.Context, app, reason string) (*Outcome, error) {
	if _, err := c.Apps.Get(ctx, raftstore.Linearizable, app); err != nil {
		return nil, err
	}
	return c.activate(ctx, app, state.AppActivate{Reason: cmp.Or(reason, "stopped")}, 0)
}

func guard(change Change) (*state.Guard, error) {
	b := change.Bound
	if b == nil {
		return nil, nil
	}
	if b.Errors < 0 || b.Errors > 1 {
		return nil, abi.Errorf(abi.CodeInvalid, "rollout: an error bound is a share of the requests, from 0 to 1 (0%% to 100%%), not %v", b.Errors)
	}
	return &state.Guard{
		Version: change.Version, Bound: uint32(b.Errors * 1e6), Window: cmp.Or(b.Window, 30*time.Second).Milliseconds(), Min: cmp.Or(b.Minimum, 20),
	}, nil
}

// Split gives version percent of the requests (0: all) and lets what serves now keep its proportions in the rest.
func Split(now []state.Weight, version uint64, percent uint32) ([]state.Weight, error) {
	percent = cmp.Or(percent, 100)
	if percent > 100 {
		return nil, abi.Errorf(abi.CodeInvalid, "rollout: a weight is 1 to 100 percent, not %d", percent)
	}
	if percent == 100 {
		return []state.Weight{{Version: version, Weight: 100}}, nil
	}
	total := uint32(0)
	for _, w := range now {
		if w.Version != version {
			total += w.Weight
		}
	}
	if total == 0 {
		return nil, abi.Errorf(abi.CodeInvalid, "rollout: no other version serves that could take the other %d %%: leave the weight out", 100-percent)
	}
	var weights []state.Weight
	for _, w := range now {
		if w.Version != version {
			weights = append(weights, state.Weight{Version: w.Version, Weight: max(1, w.Weight*100*(100-percent)/total)})
		}
	}
	return append(weights, state.Weight{Version: version, Weight: 100 * percent}), nil
}

// activate waits until every live voter is ready, commits, and waits shortly until they have switched.
func (c *Coordinator) activate(ctx context.Context, app string, command state.AppActivate, wait time.Duration) (*Outcome, error) {
	ready, cancel := context.WithTimeout(ctx, cmp.Or(wait, c.Wait, time.Minute))
	defer cancel()
	nodes, err := c.await(ready, app, command.Weights)
	if err != nil {
		return nil, err
	}
	command.Nodes = nodes
	activation, err := c.Apps.Activate(ctx, app, command)
	if err != nil {
		return nil, err
	}
	return c.settle(ctx, app, activation, nodes), nil
}

// await waits until every live voter has told that it can serve the versions.
func (c *Coordinator) await(ctx context.Context, app string, weights []state.Weight) (nodes []string, err error) {
	asked := false
	for {
		if nodes, err = c.Voters(ctx); err != nil {
			return nil, err
		}
		status, err := c.Apps.Get(ctx, raftstore.Stale(0), app)
		if err != nil {
			return nil, err
		}
		missing, problems := notReady(status, weights, nodes)
		if len(missing) == 0 && len(problems) == 0 {
			return nodes, nil
		}
		if len(problems) > 0 && asked {
			return nil, abi.Errorf(abi.CodeConflict, "rollout: version cannot serve, and nothing has changed: %s", strings.Join(problems, "; "))
		}
		if !asked { // what nodes do not keep ready they have to be asked for, and what failed is tried again
			for _, w := range weights {
				if len(problems) > 0 || !slices.Contains(status.Ready, w.Version) {
					if err := c.Apps.Prepare(ctx, app, w.Version); err != nil {
						return nil, err
					}
				}
			}
			asked = true
		}
		select {
		case <-ctx.Done():
			return nil, abi.Errorf(abi.CodeDeadline, "rollout: nothing has changed: these nodes were not ready in time: %s; see their records, "+
				"remove a node that is gone, or wait longer with --wait", strings.Join(missing, ", "))
		case <-time.After(lookEvery):
		}
	}
}

func notReady(status *raftstore.AppStatus, weights []state.Weight, nodes []string) (missing, problems []string) {
	for _, w := range weights {
		for _, node := range nodes {
			i := slices.IndexFunc(status.Readiness, func(r state.AppReadiness) bool { return r.Version == w.Version && r.Node == node })
			switch {
			case i < 0:
				missing = append(missing, fmt.Sprintf("%s (version %d)", node, w.Version))
			case status.Readiness[i].Problem != "":
				problems = append(problems, fmt.Sprintf("node %s, version %d: %s", node, w.Version, status.Readiness[i].Problem))
			}
		}
	}
	return missing, problems
}

// settle waits until the nodes have told that they switched.
func (c *Coordinator) settle(ctx context.Context, app string, activation *state.Activation, nodes []string) *Outcome {
	o := &Outcome{Activation: activation}
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	for {
		o.Switched, o.Behind = nil, slices.Clone(nodes)
		if status, err := c.Apps.Get(ctx, raftstore.Stale(0), app); err == nil {
			for _, node := range slices.Sorted(maps.Keys(status.Switched)) {
				if status.Switched[node] >= activation.Serial && slices.Contains(nodes, node) {
					o.Switched = append(o.Switched, node)
					o.Behind = slices.DeleteFunc(o.Behind, func(n string) bool { return n == node })
				}
			}
		}
		if len(o.Behind) == 0 {
			return o
		}
		select {
		case <-ctx.Done():
			return o
		case <-time.After(lookEvery):
		}
	}
}
