package admin

import (
	"cmp"
	"strings"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/state"
)

// CacheHeader says whether a cached value is fresh or stale.
const CacheHeader = "Stackhost-Cache"

// CacheState is what a cache holds.
type CacheState struct {
	Bytes uint64 `json:"bytes"`
	Keys  uint64 `json:"keys"`
	Limit uint64 `json:"limit" doc:"bytes; beyond it values are evicted"`
}

// CacheLimit changes the size of a cache.
type CacheLimit struct {
	Bytes uint64 `json:"bytes"`
}

// CacheLeaseRequest asks for a value or for the right to make it.
type CacheLeaseRequest struct {
	Lease string `json:"lease,omitempty" doc:"how long the caller may take to make the value, 100ms to 5m; 30s when missing"`
	Wait  string `json:"wait,omitempty" doc:"how long to wait for another caller's value, up to 5m; 10s when missing"`
}

// CacheLease is a value or the right to make it.
type CacheLease struct {
	State string `json:"state" doc:"miss, stale or fresh"`
	Value []byte `json:"value,omitempty"`
	Token uint64 `json:"token,omitempty" doc:"make the value, and put it with this token; without it: it took too long, or others make it"`
}

var cacheHeaders = []Param{{Name: CacheHeader, Enum: []string{"fresh", "stale"}, Doc: "stale: use it while it is made anew"}}

func cacheRoutes(s Services) []Route {
	const one = "/v1/apps/{app}/cache/{ns}/{key...}"
	const all = "/v1/apps/{app}/cache/{ns}"
	of := func(c *Call) *raftstore.Cache { return raftstore.NewCache(s.Store, c.Path("app"), nil) }
	return []Route{{
		Method: "GET", Path: one, ID: "cacheGet", Summary: "Read a cached value", Scope: Read,
		Doc:     "As this node has it, which can be behind by the replication lag.",
		Answers: []Answer{{Status: 200, Doc: "The value.", Media: "application/octet-stream", Headers: cacheHeaders}, Refusal(404, "not_found", "It is missing.")},
		Handle: func(c *Call) error {
			value, st, err := of(c).Get(c.Context(), c.Path("ns"), c.Path("key"))
			if err != nil {
				return err
			}
			if st == raftstore.CacheMiss {
				return errMissing
			}
			h := &c.HTTP.Response.Header
			h.Set(CacheHeader, st.String())
			h.SetContentType("application/octet-stream")
			c.HTTP.Response.SetBodyRaw(value)
			return nil
		},
	}, {
		Method: "PUT", Path: one, ID: "cachePut", Summary: "Put a value into a cache", Scope: Write, Data: true,
		Params: []Param{
			{In: Query, Name: "ttl", Type: "duration", Doc: "how long it is fresh; until it is evicted when missing"},
			{In: Query, Name: "stale", Type: "duration", Doc: "how long after that it may be used while it is made anew"},
			{In: Query, Name: "tags", Doc: "tags that invalidate it, with commas between them"},
			{In: Query, Name: "token", Type: "integer", Doc: "the right to make the value, of cacheLease"},
		},
		Body:    &Body{Media: "application/octet-stream", Doc: "The value.", Limit: state.CacheMaxValue, Optional: true},
		Answers: []Answer{{Status: 204, Doc: "Stored."}, Refusal(409, "conflict", "The token is not good any more: its time is over, or the value was invalidated.")},
		Handle: func(c *Call) error {
			var o raftstore.CachePutOptions
			var err error
			const most = state.CacheMaxLife * time.Millisecond
			if o.TTL, err = c.QueryDuration("ttl", 0, most); err != nil {
				return err
			}
			if o.Stale, err = c.QueryDuration("stale", 0, most); err != nil {
				return err
			}
			if tags := c.Query("tags"); tags != "" {
				o.Tags = strings.Split(tags, ",")
			}
			token, err := c.QueryInt("token", 0, 0, 1<<63-1)
			if err != nil {
				return err
			}
			value, err := c.Body()
			if err != nil {
				return err
			}
			o.Token = uint64(token)
			stored, err := of(c).Put(c.Context(), c.Path("ns"), c.Path("key"), value, o)
			if err != nil {
				return err
			}
			if !stored {
				return abi.Errorf(abi.CodeConflict, "the token %d is not good any more", token)
			}
			return c.Empty()
		},
	}, {
		Method: "POST", Path: one, ID: "cacheLease", Summary: "Read a cached value or get the right to make it", Scope: Write, Data: true, Wait: true,
		Doc:  "Of all that ask for a missing value, on whatever nodes, one gets a token, and the others wait for what it puts.",
		Body: &Body{Type: CacheLeaseRequest{}}, Answers: []Answer{{Status: 200, Doc: "The value, or a token.", Type: CacheLease{}}},
		Handle: func(c *Call) error {
			var r CacheLeaseRequest
			if err := c.JSON(&r); err != nil {
				return err
			}
			var o raftstore.CacheLeaseOptions
			var err error
			if o.Lease, err = duration("lease", r.Lease, 5*time.Minute); err != nil {
				return err
			}
			if o.Wait, err = duration("wait", r.Wait, maxLockWait); err != nil {
				return err
			}
			ctx, cancel := c.within(cmp.Or(o.Wait, 10*time.Second))
			defer cancel()
			l, err := of(c).Lease(ctx, c.Path("ns"), c.Path("key"), o)
			if err != nil {
				return err
			}
			return c.Reply(CacheLease{l.State.String(), l.Value, l.Token})
		},
	}, {
		Method: "DELETE", Path: one, ID: "cacheDelete", Summary: "Drop a value from a cache", Scope: Write, Data: true,
		Answers: []Answer{{Status: 204, Doc: "It is missing now."}},
		Handle: func(c *Call) error {
			if _, err := of(c).Delete(c.Context(), c.Path("ns"), c.Path("key")); err != nil {
				return err
			}
			return c.Empty()
		},
	}, {
		Method: "GET", Path: all, ID: "cacheShow", Summary: "Show how full a cache is", Scope: Read, Params: consistency,
		Answers: []Answer{{Status: 200, Doc: "Its size.", Type: CacheState{}}},
		Handle: func(c *Call) error {
			level, err := c.consistency()
			if err != nil {
				return err
			}
			i, err := of(c).Info(c.Context(), level, c.Path("ns"))
			if err != nil {
				return err
			}
			return c.Reply(CacheState{i.Bytes, i.Keys, i.Limit})
		},
	}, {
		Method: "DELETE", Path: all, ID: "cacheClear", Summary: "Drop everything from a cache", Scope: Write, Data: true,
		Answers: []Answer{{Status: 204, Doc: "It is empty."}},
		Handle: func(c *Call) error {
			if err := of(c).Clear(c.Context(), c.Path("ns")); err != nil {
				return err
			}
			return c.Empty()
		},
	}, {
		Method: "POST", Path: all + ":invalidate", ID: "cacheInvalidate", Summary: "Drop all values that have a tag", Scope: Write, Data: true,
		Params:  []Param{{In: Query, Name: "tags", Required: true, Doc: "the tags, with commas between them"}},
		Answers: []Answer{{Status: 204, Doc: "No node returns them any more."}},
		Handle: func(c *Call) error {
			tags := c.Query("tags")
			if tags == "" {
				return abi.Errorf(abi.CodeInvalid, "which tags? ?tags=a,b")
			}
			if err := of(c).InvalidateTag(c.Context(), c.Path("ns"), strings.Split(tags, ",")...); err != nil {
				return err
			}
			return c.Empty()
		},
	}, {
		Method: "PUT", Path: all + ":limit", ID: "cacheLimit", Summary: "Change the size of a cache", Scope: Write,
		Body: &Body{Type: CacheLimit{}}, Answers: []Answer{{Status: 204, Doc: "Changed; what is too much is evicted."}},
		Handle: func(c *Call) error {
			var l CacheLimit
			if err := c.JSON(&l); err != nil {
				return err
			}
			if err := of(c).SetLimit(c.Context(), c.Path("ns"), l.Bytes); err != nil {
				return err
			}
			return c.Empty()
		},
	}}
}

var errMissing = &Problem{Status: 404, Code: abi.CodeNotFound.String(), Detail: "the cache does not have it"}
