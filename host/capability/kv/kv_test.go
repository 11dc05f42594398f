package kv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/capability"
	"github.com/stackhost/stackhost/host/hosttest"
	"github.com/stackhost/stackhost/raftstore"
)

type guest struct {
	t     *testing.T
	s     *capability.Session
	calls map[string]capability.Call
}

func start(t *testing.T, store raftstore.Access, grants capability.Namespaces) *guest {
	t.Helper()
	s, _ := hosttest.Session(t, t.Context())
	calls, _ := New(raftstore.NewKV(store, "app"), grants).Functions()
	return &guest{t, s, calls}
}

// call calls a function and checks its code; 0 is success. The request is overwritten afterwards, as a guest may do at once.
func (g *guest) call(function string, req interface{ Append([]byte) []byte }, code abi.Code) []byte {
	g.t.Helper()
	raw := req.Append(nil)
	reply, err := g.calls[function](g.s, raw, nil)
	for i := range raw {
		raw[i] = 0xc1
	}
	var coded *abi.Error
	switch {
	case code == 0 && err != nil:
		g.t.Fatalf("%s: %v", function, err)
	case code != 0 && (!errors.As(err, &coded) || coded.Code != code):
		g.t.Errorf("%s: got %v, want %v", function, err, code)
	}
	return reply
}

func decode[T any, P interface {
	*T
	Decode([]byte) error
}](t *testing.T, b []byte) T {
	t.Helper()
	var v T
	if err := P(&v).Decode(b); err != nil {
		t.Fatal(err)
	}
	return v
}

func set(ns, key, value string) *abi.KVSetRequest {
	return &abi.KVSetRequest{Namespace: ns, Key: []byte(key), Value: []byte(value)}
}

func TestKeysAreWrittenUnderGuardsAndRead(t *testing.T) {
	g := start(t, hosttest.NewMemory(), capability.Namespaces{Names: []string{"posts"}})
	read := &abi.KVGetRequest{Namespace: "posts", Key: []byte("a")}
	if r := decode[abi.KVGetReply](t, g.call("get", read, 0)); r.Found {
		t.Errorf("found %+v", r)
	}
	first := set("posts", "a", "one")
	first.Guard = abi.KVGuardAbsent
	v1 := decode[abi.KVSetReply](t, g.call("set", first, 0)).Version
	g.call("set", first, abi.CodeConflict)
	second := set("posts", "a", "two")
	second.Guard, second.Version, second.TTLMs = abi.KVGuardVersion, v1, 60_000
	v2 := decode[abi.KVSetReply](t, g.call("set", second, 0)).Version
	g.call("set", second, abi.CodeConflict)
	for c := abi.ConsistencyLinearizable; c <= abi.ConsistencyStale; c++ {
		read.Consistency = c
		r := decode[abi.KVGetReply](t, g.call("get", read, 0))
		if !r.Found || string(r.Value) != "two" || r.Version != v2 || v2 <= v1 || r.ExpiresMs == 0 {
			t.Errorf("consistency %d: %+v, versions %d and %d", c, r, v1, v2)
		}
	}
	gone := &abi.KVDeleteRequest{Namespace: "posts", Key: []byte("a"), Guard: abi.KVGuardVersion, Version: v1}
	g.call("delete", gone, abi.CodeConflict)
	gone.Version = v2
	if !decode[abi.KVDeleteReply](t, g.call("delete", gone, 0)).Existed {
		t.Error("it was not there")
	}
	add := &abi.KVIncrementRequest{Namespace: "posts", Key: []byte("n"), Delta: -3}
	g.call("increment", add, 0)
	if r := decode[abi.KVIncrementReply](t, g.call("increment", add, 0)); r.Value != -6 {
		t.Errorf("%+v", r)
	}
}

func TestAPageThatIsTooLongForARecordGoesOn(t *testing.T) {
	g := start(t, hosttest.NewMemory(), capability.Namespaces{Names: []string{"*"}})
	for i := range 9 {
		g.call("set", set("posts", fmt.Sprint("k", i), string(bytes.Repeat([]byte{'x'}, 200<<10))), 0)
	}
	var keys []string
	r := &abi.KVScanRequest{Namespace: "posts", Prefix: []byte("k"), Limit: 100}
	for pages := 0; ; pages++ {
		raw := g.call("scan", r, 0)
		page := decode[abi.KVScanReply](t, raw)
		if len(raw) > abi.LimitRecordBytes || pages > 9 {
			t.Fatalf("page %d has %d bytes", pages, len(raw))
		}
		for _, e := range page.Entries {
			keys = append(keys, string(e.Key))
		}
		if len(page.Next) == 0 {
			break
		}
		r.After = page.Next
	}
	if got := fmt.Sprint(keys); got != "[k0 k1 k2 k3 k4 k5 k6 k7 k8]" {
		t.Error(got)
	}
}

func TestATransactionIsDoneTogetherOrNotAtAll(t *testing.T) {
	g := start(t, hosttest.NewMemory(), capability.Namespaces{Names: []string{"posts", "seen:read"}})
	write := func(kind abi.KVWriteKind, key string) abi.KVWrite {
		return abi.KVWrite{Kind: kind, Namespace: "posts", Key: []byte(key), Value: []byte("v"), Delta: 4}
	}
	txn := &abi.KVTransactRequest{
		Checks: []abi.KVCheck{{Namespace: "seen", Key: []byte("x")}},
		Writes: []abi.KVWrite{write(abi.KVWriteKindSet, "a"), write(abi.KVWriteKindIncrement, "n"), write(abi.KVWriteKindDelete, "z")},
	}
	r := decode[abi.KVTransactReply](t, g.call("transact", txn, 0))
	if len(r.Results) != 3 || r.Results[0].Version == 0 || r.Results[1].Value != 4 || r.Results[2].Existed {
		t.Errorf("%+v", r)
	}
	index := decode[abi.KVScanReply](t, g.call("scan", &abi.KVScanRequest{Namespace: "posts"}, 0)).Index
	g.call("set", set("posts", "b", "new"), 0)
	txn.Ranges = []abi.KVRange{{Namespace: "posts", Index: index}}
	g.call("transact", txn, abi.CodeConflict)
	txn.Ranges = nil
	txn.Checks[0].Version = 7
	g.call("transact", txn, abi.CodeConflict)
	if n := decode[abi.KVGetReply](t, g.call("get", &abi.KVGetRequest{Namespace: "posts", Key: []byte("n")}, 0)); string(n.Value) != "4" {
		t.Errorf("a refused transaction wrote %q", n.Value)
	}
	txn.Checks, txn.Writes[0].Kind = nil, 9
	g.call("transact", txn, abi.CodeInvalid)
	txn.Writes = []abi.KVWrite{{Namespace: "seen", Key: []byte("x")}}
	g.call("transact", txn, abi.CodeDenied)
	txn.Writes, txn.Checks = nil, []abi.KVCheck{{Namespace: "other", Key: []byte("x")}}
	g.call("transact", txn, abi.CodeDenied)
}

func TestOnlyWhatIsGrantedIsReached(t *testing.T) {
	store := hosttest.NewMemory()
	g := start(t, store, capability.Namespaces{Names: []string{"posts", "old:read"}})
	for _, ns := range []string{"other", "post", "posts:read", "*", ""} {
		g.call("get", &abi.KVGetRequest{Namespace: ns, Key: []byte("a")}, abi.CodeDenied)
		g.call("set", set(ns, "a", "v"), abi.CodeDenied)
		g.call("scan", &abi.KVScanRequest{Namespace: ns}, abi.CodeDenied)
		g.call("delete", &abi.KVDeleteRequest{Namespace: ns, Key: []byte("a")}, abi.CodeDenied)
		g.call("increment", &abi.KVIncrementRequest{Namespace: ns, Key: []byte("a")}, abi.CodeDenied)
	}
	g.call("get", &abi.KVGetRequest{Namespace: "old", Key: []byte("a")}, 0)
	g.call("set", set("old", "a", "v"), abi.CodeDenied)
	all := start(t, store, capability.Namespaces{Names: []string{"*:read"}})
	all.call("get", &abi.KVGetRequest{Namespace: "anything", Key: []byte("a")}, 0)
	all.call("set", set("anything", "a", "v"), abi.CodeDenied)
	// Another app has its own keys in a namespace of the same name.
	g.call("set", set("posts", "mine", "v"), 0)
	calls, _ := New(raftstore.NewKV(store, "other"), capability.Namespaces{Names: []string{"*"}}).Functions()
	stranger := &guest{t, g.s, calls}
	if r := decode[abi.KVGetReply](t, stranger.call("get", &abi.KVGetRequest{Namespace: "posts", Key: []byte("mine")}, 0)); r.Found {
		t.Errorf("another app reads %q", r.Value)
	}
}

func TestWhatGoesWrongHasItsCode(t *testing.T) {
	store := hosttest.NewMemory()
	g := start(t, store, capability.Namespaces{Names: []string{"posts"}})
	g.call("set", set("posts", "", "v"), abi.CodeInvalid)
	g.call("set", set("posts", "a", string(make([]byte, 257<<10))), abi.CodeLimit)
	bad := set("posts", "a", "v")
	bad.Guard = abi.KVGuardVersion // without a version
	g.call("set", bad, abi.CodeInvalid)
	endless := set("posts", "a", "v")
	endless.TTLMs = 1<<64 - 1
	g.call("set", endless, abi.CodeInvalid)
	g.call("get", &abi.KVGetRequest{Namespace: "posts", Key: []byte("a"), Consistency: 9}, abi.CodeInvalid)
	g.call("set", set("posts", "text", "word"), 0)
	g.call("increment", &abi.KVIncrementRequest{Namespace: "posts", Key: []byte("text"), Delta: 1}, abi.CodeConflict)
	if _, err := g.calls["get"](g.s, []byte{0xc1}, nil); err == nil {
		t.Error("a request that is no record was accepted")
	}
	kv := raftstore.NewKV(store, "app")
	used, limits, err := kv.Usage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	limits.Keys = used.Keys + 1
	if err := kv.SetQuota(t.Context(), limits); err != nil {
		t.Fatal(err)
	}
	g.call("set", set("posts", "one", "v"), 0)
	g.call("set", set("posts", "more", "v"), abi.CodeQuota)
	store.Fail(true)
	g.call("get", &abi.KVGetRequest{Namespace: "posts", Key: []byte("one")}, abi.CodeUnavailable)
}

func TestOperationsAreCountedForTheWholeApp(t *testing.T) {
	store, rate := hosttest.NewMemory(), capability.NewRate(2)
	a := start(t, store, capability.Namespaces{Names: []string{"posts"}, Rate: rate})
	b := start(t, store, capability.Namespaces{Names: []string{"posts"}, Rate: rate})
	read := &abi.KVGetRequest{Namespace: "posts", Key: []byte("a")}
	a.call("get", read, 0)
	b.call("get", read, 0)
	a.call("get", read, abi.CodeQuota)
	b.call("get", read, abi.CodeQuota)
}

func TestACallThatIsOverWritesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, _ := hosttest.Session(t, ctx)
	got := make(chan error, 1)
	calls, _ := New(asks{raftstore.NewKV(hosttest.NewMemory(), "app"), got}, capability.Namespaces{Names: []string{"*"}}).Functions()
	cancel()
	if _, err := calls["set"](s, set("posts", "a", "v").Append(nil), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := <-got; !errors.Is(err, context.Canceled) {
		t.Errorf("the store got a context that says %v", err)
	}
}

// asks tells what the context of a transaction says.
type asks struct {
	*raftstore.KV
	got chan error
}

func (a asks) Txn(ctx context.Context, t raftstore.Txn) (raftstore.TxnResult, error) {
	a.got <- ctx.Err()
	return raftstore.TxnResult{}, ctx.Err()
}

func TestReadingAllocatesLittle(t *testing.T) {
	g := start(t, hosttest.NewMemory(), capability.Namespaces{Names: []string{"posts"}})
	g.call("set", set("posts", "a", "v"), 0)
	req := (&abi.KVGetRequest{Namespace: "posts", Key: []byte("a")}).Append(nil)
	out := make([]byte, 0, 1<<10)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := g.calls["get"](g.s, req, out); err != nil {
			t.Fatal(err)
		}
	}); n > 8 {
		t.Errorf("%v allocations", n)
	}
}
