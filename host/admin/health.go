package admin

import (
	"time"

	"github.com/stackhost/stackhost/abi"
)

// Health is the answer of a node that is asked how it is.
type Health struct {
	Status string `json:"status" doc:"ok"`
	Node   string `json:"node,omitempty"`
}

// maxBehind is how long ago a ready node may have heard from a leader.
const maxBehind = 5 * time.Second

func healthRoutes(s Services) []Route {
	return []Route{{
		Method: "GET", Path: "/healthz", ID: "healthLive", Summary: "Tell whether the process lives", Scope: Public,
		Doc:     "For whatever restarts a process that hangs. It does not ask the store or the cluster.",
		Answers: []Answer{{Status: 200, Doc: "It does.", Type: Health{}}},
		Handle:  func(c *Call) error { return c.Reply(Health{"ok", c.server.cfg.Node}) },
	}, {
		Method: "GET", Path: "/readyz", ID: "healthReady", Summary: "Tell whether the node may get traffic", Scope: Public,
		Doc: "For load balancers: the cluster has a leader, the node is up to date with it, its disk is sound, an app is loaded, and the node " +
			"is not about to stop.",
		Answers: []Answer{{Status: 200, Doc: "It may.", Type: Health{}}, Refusal(503, "unavailable", "It may not now; detail says why.")},
		Handle: func(c *Call) error {
			if err := s.ready(); err != nil {
				return err
			}
			return c.Reply(Health{"ok", c.server.cfg.Node})
		},
	}}
}

func (s *Services) ready() error {
	if s.Cluster != nil {
		st := s.Cluster.Status()
		switch contact := time.Duration(st.Contact) * time.Millisecond; {
		case st.Failed != "":
			return abi.Errorf(abi.CodeUnavailable, "the store has stopped: %s", st.Failed)
		case st.Leader == "":
			return abi.Errorf(abi.CodeUnavailable, "the cluster has no leader")
		case contact < 0, contact > maxBehind:
			return abi.Errorf(abi.CodeUnavailable, "the node is not in touch with the leader")
		}
	}
	if s.Ready != nil {
		if err := s.Ready(); err != nil {
			return abi.Errorf(abi.CodeUnavailable, "%v", err)
		}
	}
	return nil
}
