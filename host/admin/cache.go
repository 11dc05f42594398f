package admin

import (
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
		},
		Body:    &Body{Media: "application/octet-stream", Doc: "The value.", Limit: state.CacheMaxValue, Optional: true},
		Answers: []Answer{{Status: 204, Doc: "Stored."}},
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
			value, err := c.Body()
			if err != nil {
				return err
			}
			if _, err := of(c).Put(c.Context(), c.Path("ns"), c.Path("key"), value, o); err != nil {
				return err
			}
			return c.Empty()
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
