package admin

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/state"
)

// kvAPI serves the kv operations. Reading and writing one key is the hot path: it goes from the request to the store without JSON.
type kvAPI struct{ Services }

func (k kvAPI) get(c *Call) error {
	level, err := c.consistency()
	if err != nil {
		return err
	}
	var e state.KVEntry
	var found bool
	var index uint64
	app, ns, key := c.Path("app"), c.Path("ns"), c.PathBytes("key")
	err = k.Store.View(c.Context(), level, func(v *state.View) (err error) {
		index = v.Index
		e, found, err = state.KVGet(v, app, ns, key)
		return err
	})
	if err != nil {
		return err
	}
	h := &c.HTTP.Response.Header
	var digits [24]byte
	if !found {
		h.SetCanonical(indexHeader, strconv.AppendUint(digits[:0], index, 10))
		return errAbsent
	}
	c.setVersion(e.Version)
	h.SetContentType("application/octet-stream")
	c.HTTP.Response.SetBodyRaw(e.Value)
	return nil
}

var (
	indexHeader = []byte(IndexHeader)
	etagHeader  = []byte("Etag")
	errAbsent   = &Problem{Status: 404, Code: abi.CodeNotFound.String(), Detail: "the key is absent"}
)

// setVersion makes a version the entity tag.
func (c *Call) setVersion(version uint64) {
	var tag [24]byte
	b := strconv.AppendUint(append(tag[:0], '"'), version, 10)
	c.HTTP.Response.Header.SetCanonical(etagHeader, append(b, '"'))
}

// guard reads If-Match and If-None-Match.
func (c *Call) guard() (g raftstore.Guard, err error) {
	match, none := c.Header("If-Match"), c.Header("If-None-Match")
	switch {
	case len(match) == 0 && len(none) == 0:
		return g, nil
	case len(match) > 0 && len(none) > 0:
		return g, abi.Errorf(abi.CodeInvalid, "If-Match and If-None-Match exclude each other")
	case len(none) > 0 && string(none) != "*":
		return g, abi.Errorf(abi.CodeInvalid, "If-None-Match: only * is possible, for a key that is absent")
	case len(none) > 0:
		return raftstore.Guard{Absent: true}, nil
	}
	text, ok := bytes.CutPrefix(match, []byte{'"'})
	text, end := bytes.CutSuffix(text, []byte{'"'})
	g.Version, err = strconv.ParseUint(string(text), 10, 64)
	if !ok || !end || err != nil || g.Version == 0 {
		return g, abi.Errorf(abi.CodeInvalid, `If-Match: a version in quotes is wanted, such as "8388608", as it is in ETag`)
	}
	return g, nil
}

// write runs a transaction of one write and tells of a failed guard as HTTP does.
func (k kvAPI) write(c *Call, w state.KVWrite) (r state.KVResult, err error) {
	g, err := c.guard()
	if err != nil {
		return r, err
	}
	access, err := k.access(c)
	if err != nil {
		return r, err
	}
	w.Namespace, w.Key = c.Path("ns"), c.PathBytes("key")
	t := raftstore.Txn{Writes: []state.KVWrite{w}}
	if g != (raftstore.Guard{}) {
		t.Guards = []state.KVGuard{{Namespace: w.Namespace, Key: w.Key, Version: g.Version}}
	}
	done, err := raftstore.NewKV(access, c.Path("app")).Txn(c.Context(), t)
	if err != nil {
		return r, failedGuard(g, err)
	}
	return done.Results[0], nil
}

func (k kvAPI) set(c *Call) error {
	ttl, err := c.QueryDuration("ttl", 0, state.KVMaxTTL*time.Millisecond)
	if err != nil {
		return err
	}
	if ttl > 0 && ttl < time.Millisecond {
		return abi.Errorf(abi.CodeInvalid, "ttl: the shortest is 1ms")
	}
	value, err := c.Body()
	if err != nil {
		return err
	}
	r, err := k.write(c, state.KVWrite{Kind: state.KVSet, Value: value, TTL: ttl.Milliseconds()})
	if err != nil {
		return err
	}
	c.setVersion(r.Version)
	return c.Empty()
}

func (k kvAPI) delete(c *Call) error {
	r, err := k.write(c, state.KVWrite{Kind: state.KVDelete})
	if err != nil {
		return err
	}
	if !r.Existed {
		return errAbsent
	}
	return c.Empty()
}

func (k kvAPI) increment(c *Call) error {
	if c.Query("increment") == "" {
		return abi.Errorf(abi.CodeInvalid, "what to add is missing: ?increment=1")
	}
	delta, err := c.QueryInt("increment", 0, -1<<63, 1<<63-1)
	if err != nil {
		return err
	}
	r, err := k.write(c, state.KVWrite{Kind: state.KVAdd, Delta: delta})
	if err != nil {
		return err
	}
	return c.Reply(KVNumber{r.Value, r.Version})
}

func (k kvAPI) txn(c *Call) error {
	var ask KVTxn
	if err := c.JSON(&ask); err != nil {
		return err
	}
	var t raftstore.Txn
	for _, g := range ask.Guards {
		t.Guards = append(t.Guards, state.KVGuard{Namespace: g.NS, Key: kvKey(g.Key, g.Raw), Version: g.Version})
	}
	for _, r := range ask.Ranges {
		t.Ranges = append(t.Ranges, state.KVRange{Namespace: r.NS, Prefix: []byte(r.Prefix), Since: r.Since})
	}
	for i, o := range ask.Ops {
		w := state.KVWrite{Namespace: o.NS, Key: kvKey(o.Key, o.Raw), Value: o.Value, Delta: o.Delta}
		ttl, err := duration("ttl", o.TTL, state.KVMaxTTL*time.Millisecond)
		if err != nil {
			return err
		}
		w.TTL = ttl.Milliseconds()
		switch o.Op {
		case "set":
			w.Kind = state.KVSet
		case "delete":
			w.Kind = state.KVDelete
		case "increment":
			w.Kind = state.KVAdd
		default:
			return abi.Errorf(abi.CodeInvalid, "ops[%d].op %q: set, delete or increment is wanted", i, o.Op)
		}
		t.Writes = append(t.Writes, w)
	}
	access, err := k.access(c)
	if err != nil {
		return err
	}
	r, err := raftstore.NewKV(access, c.Path("app")).Txn(c.Context(), t)
	if err != nil {
		return err
	}
	reply := KVTxnReply{Results: make([]KVOpResult, 0, len(r.Results))}
	for i, one := range r.Results {
		out := KVOpResult{Version: one.Version, Existed: one.Existed}
		if t.Writes[i].Kind == state.KVAdd {
			out.Value = &one.Value
		}
		reply.Results = append(reply.Results, out)
	}
	return c.Reply(reply)
}

func kvKey(text string, raw []byte) []byte {
	if raw != nil {
		return raw
	}
	return []byte(text)
}

func kvText(key []byte) (text string, raw []byte) {
	if utf8.Valid(key) {
		return string(key), nil
	}
	return "", bytes.Clone(key)
}

func (k kvAPI) list(c *Call) error {
	watch, err := c.QueryBool("watch")
	if err != nil {
		return err
	}
	if watch {
		return k.watch(c)
	}
	level, err := c.consistency()
	if err != nil {
		return err
	}
	s := state.KVScan{Prefix: []byte(c.Query("prefix"))}
	limit, err := c.QueryInt("limit", 100, 1, state.KVMaxPage)
	if err != nil {
		return err
	}
	s.Limit = int(limit)
	if s.KeysOnly, err = c.QueryBool("keys"); err != nil {
		return err
	}
	if s.Reverse, err = c.QueryBool("reverse"); err != nil {
		return err
	}
	if page := c.Query("page"); page != "" {
		if s.After, err = base64.RawURLEncoding.DecodeString(page); err != nil {
			return abi.Errorf(abi.CodeInvalid, "page=%q is not what next of a page was", page)
		}
	}
	ctx, cancel := c.within(0)
	defer cancel()
	entries, next, index, err := raftstore.NewKV(k.Store, c.Path("app")).Scan(ctx, level, c.Path("ns"), s)
	if err != nil {
		return err
	}
	page := KVPage{Entries: make([]KVEntry, 0, len(entries)), Next: base64.RawURLEncoding.EncodeToString(next)}
	for i := range entries {
		e := &entries[i]
		out := KVEntry{Value: e.Value, Version: e.Version, Expires: timeOf(e.Expires)}
		out.Key, out.Raw = kvText(e.Key)
		page.Entries = append(page.Entries, out)
	}
	c.HTTP.Response.Header.SetCanonical(indexHeader, strconv.AppendUint(nil, index, 10))
	return c.Reply(page)
}
