package admin

import (
	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/state"
)

// Quota is an amount of stored data, as an app sees it.
type Quota struct {
	Bytes int64 `json:"bytes" doc:"of keys and values; as a limit 0 is none"`
	Keys  int64 `json:"keys" doc:"as a limit 0 is none"`
}

// UsageReply is what an app keeps.
type UsageReply struct {
	Used  Quota `json:"used" doc:"over all kinds of data"`
	Limit Quota `json:"limit"`
}

func usageRoutes(s Services) []Route {
	return []Route{{
		Method: "GET", Path: "/v1/apps/{app}/usage", ID: "usageGet", Summary: "Show what an app keeps, and its quota", Scope: Read,
		Answers: []Answer{{Status: 200, Doc: "As this node has it.", Type: UsageReply{}}},
		Handle: func(c *Call) error {
			used, limit, err := raftstore.NewKV(s.Store, c.Path("app")).Usage(c.Context())
			if err != nil {
				return err
			}
			return c.Reply(UsageReply{Quota(used), Quota(limit)})
		},
	}, {
		Method: "PUT", Path: "/v1/apps/{app}/quota", ID: "usageLimit", Summary: "Set an app's quota", Scope: Admin,
		Doc:  "What is kept already stays. The quota in the manifest is set anew when a version is activated.",
		Body: &Body{Type: Quota{}}, Answers: []Answer{{Status: 204, Doc: "Set."}},
		Handle: func(c *Call) error {
			var q Quota
			if err := c.JSON(&q); err != nil {
				return err
			}
			if q.Bytes < 0 || q.Keys < 0 {
				return abi.Errorf(abi.CodeInvalid, "a quota is 0 or more")
			}
			if err := raftstore.NewKV(s.Store, c.Path("app")).SetQuota(c.Context(), state.Usage(q)); err != nil {
				return err
			}
			return c.Empty()
		},
	}}
}
