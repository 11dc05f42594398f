package admin

import (
	"bytes"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore"
)

// LockRequest asks for a lock, or for more time, or gives it up.
type LockRequest struct {
	Owner string `json:"owner" doc:"an id that the caller makes up: one for each thing that must exclude the others"`
	Fence uint64 `json:"fence,omitempty" doc:"the lease's fencing token, to renew or release it"`
	TTL   string `json:"ttl,omitempty" doc:"length of the lease, 100ms to 24h; 30s when missing"`
	Wait  string `json:"wait,omitempty" doc:"how long to wait in line, up to 5m; not at all when missing"`
}

// LockLease is a lock that its owner holds.
type LockLease struct {
	Owner   string    `json:"owner"`
	Fence   uint64    `json:"fence" doc:"above those of all earlier leases: pass it to whatever the lock protects"`
	Expires time.Time `json:"expires"`
}

// LockState is a lock that is held.
type LockState struct {
	Name    string    `json:"name"`
	Owner   string    `json:"owner"`
	Fence   uint64    `json:"fence"`
	Since   time.Time `json:"since"`
	Expires time.Time `json:"expires"`
	Waiters int       `json:"waiters" doc:"in line, about"`
}

// LockPage lists locks.
type LockPage struct {
	Locks []LockState `json:"locks"`
	Next  string      `json:"next,omitempty" doc:"what to give as page for the following ones"`
}

const maxLockWait = 5 * time.Minute

func lockRoutes(s Services) []Route {
	const path = "/v1/apps/{app}/lock/{ns}/{lock...}"
	held := Refusal(409, "conflict", "Another owner holds it, or the lease has ended.")
	of := func(c *Call) *raftstore.Lock { return raftstore.NewLock(s.Store, c.Path("app")) }
	return []Route{{
		Method: "GET", Path: path, ID: "lockShow", Summary: "Show who holds a lock", Scope: Read, Params: consistency,
		Answers: []Answer{{Status: 200, Doc: "It is held.", Type: LockState{}}, Refusal(404, "not_found", "Nobody holds it.")},
		Handle: func(c *Call) error {
			level, err := c.consistency()
			if err != nil {
				return err
			}
			info, ok, err := of(c).Show(c.Context(), level, c.Path("ns"), c.Path("lock"))
			if err != nil {
				return err
			}
			if !ok {
				return abi.Errorf(abi.CodeNotFound, "nobody holds the lock %q", c.Path("lock"))
			}
			return c.Reply(lockState(info))
		},
	}, {
		Method: "GET", Path: "/v1/apps/{app}/lock/{ns}", ID: "lockList", Summary: "List the locks that are held", Scope: Read,
		Params:  concat(listing, consistency),
		Answers: []Answer{{Status: 200, Doc: "In the order of their names.", Type: LockPage{}}},
		Handle: func(c *Call) error {
			level, err := c.consistency()
			if err != nil {
				return err
			}
			limit, err := c.QueryInt("limit", 100, 1, 1000)
			if err != nil {
				return err
			}
			list, next, err := of(c).List(c.Context(), level, c.Path("ns"), c.Query("prefix"), c.Query("page"), int(limit))
			if err != nil {
				return err
			}
			page := LockPage{Locks: []LockState{}, Next: next}
			for _, info := range list {
				page.Locks = append(page.Locks, lockState(info))
			}
			return c.Reply(page)
		},
	}, {
		Method: "POST", Path: path, ID: "lockAcquire", Summary: "Take a lock, or renew the lease", Scope: Write, Data: true, Wait: true,
		Doc:  "With fence: renew the lease. An owner that holds the lock already gets the same token again, so the request can be repeated.",
		Body: &Body{Type: LockRequest{}}, Answers: []Answer{{Status: 200, Doc: "The owner holds it.", Type: LockLease{}}, held},
		Handle: func(c *Call) error {
			var r LockRequest
			if err := c.JSON(&r); err != nil {
				return err
			}
			ttl, err := duration("ttl", r.TTL, 24*time.Hour)
			if err != nil {
				return err
			}
			wait, err := duration("wait", r.Wait, maxLockWait)
			if err != nil {
				return err
			}
			ctx, cancel := c.within(wait)
			defer cancel()
			var lease raftstore.LockLease
			if r.Fence != 0 {
				lease, err = of(c).Renew(ctx, c.Path("ns"), c.Path("lock"), r.Owner, r.Fence, ttl)
			} else {
				lease, err = of(c).Acquire(ctx, c.Path("ns"), c.Path("lock"), r.Owner, raftstore.LockOptions{TTL: ttl, Wait: wait})
			}
			if err != nil {
				return err
			}
			return c.Reply(LockLease{lease.ID, lease.Fence, time.UnixMilli(lease.Expires).UTC()})
		},
	}, {
		Method: "DELETE", Path: path, ID: "lockRelease", Summary: "Give up a lock", Scope: Write, Data: true,
		Doc: "Without fence: whatever the owner has, a lease or a place in the line.",
		Params: []Param{{In: Query, Name: "owner", Required: true, Doc: "who has it"},
			{In: Query, Name: "fence", Type: "integer", Doc: "the lease's fencing token"}},
		Answers: []Answer{{Status: 204, Doc: "Given up."}, Refusal(404, "not_found", "The owner did not have it (any more).")},
		Handle: func(c *Call) error {
			fence, err := c.QueryInt("fence", 0, 0, 1<<63-1)
			if err != nil {
				return err
			}
			ok, err := of(c).Release(c.Context(), c.Path("ns"), c.Path("lock"), c.Query("owner"), uint64(fence))
			if err != nil {
				return err
			}
			if !ok {
				return abi.Errorf(abi.CodeNotFound, "the owner does not hold the lock %q (any more)", c.Path("lock"))
			}
			return c.Empty()
		},
	}}
}

func lockState(i raftstore.LockInfo) LockState {
	return LockState{i.Name, i.Owner, i.Fence, time.UnixMilli(i.Since).UTC(), time.UnixMilli(i.Expires).UTC(), i.Waiters}
}

// duration reads a member of a JSON body; "" is 0.
func duration(name, text string, limit time.Duration) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > limit {
		return 0, abi.Errorf(abi.CodeInvalid, "%s %q: a duration such as 30s, up to %v, is wanted", name, text, limit)
	}
	return d, nil
}

// consistency reads how fresh a read has to be.
func (c *Call) consistency() (raftstore.Consistency, error) {
	if len(c.HTTP.Request.URI().QueryString()) == 0 {
		return raftstore.Linearizable, nil
	}
	text, most := c.HTTP.QueryArgs().Peek("consistency"), c.Query("max_staleness")
	if most != "" && !bytes.Equal(text, []byte("stale")) {
		return raftstore.Linearizable, abi.Errorf(abi.CodeInvalid, "max_staleness goes with consistency=stale")
	}
	switch string(text) {
	case "", "linearizable":
		return raftstore.Linearizable, nil
	case "lease":
		return raftstore.Lease, nil
	case "stale":
		d, err := c.QueryDuration("max_staleness", 0, time.Hour)
		return raftstore.Stale(d), err
	}
	return raftstore.Linearizable, abi.Errorf(abi.CodeInvalid, "consistency=%q: linearizable, lease or stale is wanted", text)
}
