package admin

import (
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/rollout"
	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/state"
)

func (a *appAPI) list(c *Call) error {
	level, err := c.consistency()
	if err != nil {
		return err
	}
	list, err := a.apps.List(c.Context(), level)
	if err != nil {
		return err
	}
	reply := AppListReply{Apps: []AppSummary{}}
	for i := range list {
		reply.Apps = append(reply.Apps, appSummary(&list[i]))
	}
	return c.Reply(reply)
}

func (a *appAPI) get(c *Call) error {
	level, err := c.consistency()
	if err != nil {
		return err
	}
	status, err := a.apps.Get(c.Context(), level, c.Path("app"))
	if err != nil {
		return err
	}
	reply := AppReply{AppSummary: appSummary(&status.AppInfo), Versions: []AppVersion{}}
	for i := len(status.Versions) - 1; i >= 0; i-- {
		reply.Versions = append(reply.Versions, appVersion(status, &status.Versions[i], reply.Activation.Weights))
	}
	return c.Reply(reply)
}

func appVersion(s *raftstore.AppStatus, v *state.AppVersion, weights []AppWeight) AppVersion {
	out := AppVersion{Number: v.Number, Digest: v.Digest.String(), Size: v.Size, Label: v.Label, Note: v.Note, Key: v.Key, Created: appTime(v.Created)}
	for _, w := range weights {
		if w.Version == v.Number {
			out.Percent = w.Percent
		}
	}
	for _, n := range s.Counts {
		if n.Version == v.Number {
			out.Requests, out.Failures = n.Requests, n.Errors
		}
	}
	for _, r := range s.Readiness {
		if r.Version == v.Number {
			out.Nodes = append(out.Nodes, AppNode{Node: r.Node, Ready: r.Problem == "", Problem: r.Problem})
		}
	}
	return out
}

func (a *appAPI) history(c *Call) error {
	level, err := c.consistency()
	if err != nil {
		return err
	}
	list, err := a.apps.History(c.Context(), level, c.Path("app"))
	if err != nil {
		return err
	}
	reply := AppHistoryReply{Activations: []AppActivation{}}
	for i := range list {
		reply.Activations = append(reply.Activations, appActivation(&list[i]))
	}
	return c.Reply(reply)
}

func (a *appAPI) add(c *Call) error {
	var r AppVersionRequest
	if err := c.JSON(&r); err != nil {
		return err
	}
	d, err := state.ParseDigest(r.Digest)
	if err != nil {
		return err
	}
	version, err := a.apps.Add(c.Context(), c.Path("app"), state.AppAdd{Digest: d, Label: r.Label, Note: r.Note, Key: r.Key, Signature: r.Signature})
	if err != nil {
		return err
	}
	return c.ReplyStatus(201, AppVersionReply{App: c.Path("app"), Version: version})
}

// changer is the service that changes what serves.
func (a *appAPI) changer() (Rollout, error) {
	if a.rollout == nil {
		return nil, abi.Errorf(abi.CodeUnsupported, "this node does not serve apps")
	}
	return a.rollout, nil
}

func durationOf(name, text string, limit time.Duration) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 || d > limit {
		return 0, abi.Errorf(abi.CodeInvalid, "%s %q: a duration such as 30s, up to %v, is wanted", name, text, limit)
	}
	return d, nil
}

func (a *appAPI) promote(c *Call) error {
	var r AppPromoteRequest
	if err := c.JSON(&r); err != nil {
		return err
	}
	if r.Version == 0 {
		return abi.Errorf(abi.CodeInvalid, "which version? Give its number; GET /v1/apps/%s/versions lists them", c.Path("app"))
	}
	window, err := durationOf("window", r.Window, time.Hour)
	if err != nil {
		return err
	}
	change := rollout.Change{Version: r.Version, Weight: r.Weight, Reason: r.Reason}
	if change.Wait, err = durationOf("wait", r.Wait, time.Hour); err != nil {
		return err
	}
	switch {
	case r.ErrorBound != nil:
		change.Bound = &rollout.Bound{Errors: *r.ErrorBound, Window: window, Minimum: r.Minimum}
	case window != 0 || r.Minimum != 0:
		return abi.Errorf(abi.CodeInvalid, "window and minimum are of use only together with error_bound")
	}
	to, err := a.changer()
	if err != nil {
		return err
	}
	return a.replyChange(c)(to.Promote(c.Context(), c.Path("app"), change))
}

func (a *appAPI) rollback(c *Call) error {
	var r AppRollbackRequest
	if err := c.JSON(&r); err != nil {
		return err
	}
	to, err := a.changer()
	if err != nil {
		return err
	}
	return a.replyChange(c)(to.Rollback(c.Context(), c.Path("app"), r.Version, r.Reason))
}

func (a *appAPI) stop(c *Call) error {
	var r AppStopRequest
	if err := c.JSON(&r); err != nil {
		return err
	}
	to, err := a.changer()
	if err != nil {
		return err
	}
	return a.replyChange(c)(to.Stop(c.Context(), c.Path("app"), r.Reason))
}

func (a *appAPI) replyChange(c *Call) func(*rollout.Outcome, error) error {
	return func(o *rollout.Outcome, err error) error {
		if err != nil {
			return err
		}
		r := AppChangeReply{App: c.Path("app"), Activation: appActivation(o.Activation), Switched: append([]string{}, o.Switched...), Behind: o.Behind}
		if a.url != nil {
			r.URL = a.url()
		}
		return c.Reply(r)
	}
}
