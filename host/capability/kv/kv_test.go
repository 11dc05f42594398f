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

func start(t *testing.T, store raftstore.Access, grants capability.Namespaces) *hosttest.Guest {
	t.Helper()
	return hosttest.NewGuest(t, New(raftstore.NewKV(store, "app"), grants))
}

func set(ns, key, value string) *abi.KVSetRequest {
	return &abi.KVSetRequest{Namespace: ns, Key: []byte(key), Value: []byte(value)}
}

func TestKeysAreWrittenUnderGuardsAndRead(t *testing.T) {
	g := start(t, hosttest.NewMemory(), capability.Namespaces{Names: []string{"posts"}})
	read := &abi.KVGetRequest{Namespace: "posts", Key: []byte("a")}
	if r := hosttest.Decode[abi.KVGetReply](t, g.Call("get", read, 0)); r.Found {
		t.Errorf("found %+v", r)
	}
	first := set("posts", "a", "one")
	first.Guard = abi.KVGuardAbsent
	v1 := hosttest.Decode[abi.KVSetReply](t, g.Call("set", first, 0)).Version
	g.Call("set", first, abi.CodeConflict)
	second := set("posts", "a", "two")
	second.Guard, second.Version, second.TTLMs = abi.KVGuardVersion, v1, 60_000
	v2 := hosttest.Decode[abi.KVSetReply](t, g.Call("set", second, 0)).Version
	g.Call("set", second, abi.CodeConflict)
	for c := abi.ConsistencyLinearizable; c <= abi.ConsistencyStale; c++ {
		read.Consistency = c
		r := hosttest.Decode[abi.KVGetReply](t, g.Call("get", read, 0))
		if !r.Found || string(r.Value) != "two" || r.Version != v2 || v2 <= v1 || r.ExpiresMs == 0 {
			t.Errorf("consistency %d: %+v, versions %d and %d", c, r, v1, v2)
		}
	}
	gone := &abi.KVDeleteRequest{Namespace: "posts", Key: []byte("a"), Guard: abi.KVGuardVersion, Version: v1}
	g.Call("delete", gone, abi.CodeConflict)
	gone.Version = v2
	if !hosttest.Decode[abi.KVDeleteReply](t, g.Call("delete", gone, 0)).Existed {
		t.Error("it was not there")
	}
	add := &abi.KVIncrementRequest{Namespace: "posts", Key: []byte("n"), Delta: -3}
	g.Call("increment", add, 0)
	if r := hosttest.Decode[abi.KVIncrementReply](t, g.Call("increment", add, 0)); r.Value != -6 {
		t.Errorf("%+v", r)
	}
}

func TestAPageThatIsTooLongForARecordGoesOn(t *testing.T) {
	g := start(t, hosttest.NewMemory(), capability.Namespaces{Names: []string{"*"}})
	for i := range 9 {
		g.Call("set", set("posts", fmt.Sprint("k", i), string(bytes.Repeat([]byte{'x'}, 200<<10))), 0)
	}
	var keys []string
	r := &abi.KVScanRequest{Namespace: "posts", Prefix: []byte("k"), Limit: 100}
	for pages := 0; ; pages++ {
		raw := g.Call("scan", r, 0)
		page := hosttest.Decode[abi.KVScanReply](t, raw)
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
	r := hosttest.Decode[abi.KVTransactReply](t, g.Call("transact", txn, 0))
	if len(r.Results) != 3 || r.Results[0].Version == 0 || r.Results[1].Value != 4 || r.Results[2].Existed {
		t.Errorf("%+v", r)
	}
	index := hosttest.Decode[abi.KVScanReply](t, g.Call("scan", &abi.KVScanRequest{Namespace: "posts"}, 0)).Index
	g.Call("set", set("posts", "b", "new"), 0)
	txn.Ranges = []abi.KVRange{{Namespace: "posts", Index: index}}
	g.Call("transact", txn, abi.CodeConflict)
	txn.Ranges = nil
	txn.Checks[0].Version = 7
	g.Call("transact", txn, abi.CodeConflict)
	if n := hosttest.Decode[abi.KVGetReply](t, g.Call("get", &abi.KVGetRequest{Namespace: "posts", Key: []byte("n")}, 0)); string(n.Value) != "4" {
		t.Errorf("a refused transaction wrote %q", n.Value)
	}
	txn.Checks, txn.Writes[0].Kind = nil, 9
	g.Call("transact", txn, abi.CodeInvalid)
	txn.Writes = []abi.KVWrite{{Namespace: "seen", Key: []byte("x")}}
	g.Call("transact", txn, abi.CodeDenied)
	txn.Writes, txn.Checks = nil, []abi.KVCheck{{Namespace: "other", Key: []byte("x")}}
	g.Call("transact", txn, abi.CodeDenied)
}

func TestOnlyWhatIsGrantedIsReached(t *testing.T) {
	store := hosttest.NewMemory()
	g := start(t, store, capability.Namespaces{Names: []string{"posts", "old:read"}})
	for _, ns := range []string{"other", "post", "posts:read", "*", ""} {
		g.Call("get", &abi.KVGetRequest{Namespace: ns, Key: []byte("a")}, abi.CodeDenied)
		g.Call("set", set(ns, "a", "v"), abi.CodeDenied)
		g.Call("scan", &abi.KVScanRequest{Namespace: ns}, abi.CodeDenied)
		g.Call("delete", &abi.KVDeleteRequest{Namespace: ns, Key: []byte("a")}, abi.CodeDenied)
		g.Call("increment", &abi.KVIncrementRequest{Namespace: ns, Key: []byte("a")}, abi.CodeDenied)
	}
	g.Call("get", &abi.KVGetRequest{Namespace: "old", Key: []byte("a")}, 0)
	g.Call("set", set("old", "a", "v"), abi.CodeDenied)
	all := start(t, store, capability.Namespaces{Names: []string{"*:read"}})
	all.Call("get", &abi.KVGetRequest{Namespace: "anything", Key: []byte("a")}, 0)
	all.Call("set", set("anything", "a", "v"), abi.CodeDenied)
	// Another app has its own keys in a namespace of the same name.
	g.Call("set", set("posts", "mine", "v"), 0)
	stranger := g.With(New(raftstore.NewKV(store, "other"), capability.Namespaces{Names: []string{"*"}}))
	if r := hosttest.Decode[abi.KVGetReply](t, stranger.Call("get", &abi.KVGetRequest{Namespace: "posts", Key: []byte("mine")}, 0)); r.Found {
		t.Errorf("another app reads %q", r.Value)
	}
}

func TestWhatGoesWrongHasItsCode(t *testing.T) {
	store := hosttest.NewMemory()
	g := start(t, store, capability.Namespaces{Names: []string{"posts"}})
	g.Call("set", set("posts", "", "v"), abi.CodeInvalid)
	g.Call("set", set("posts", "a", string(make([]byte, 257<<10))), abi.CodeLimit)
	bad := set("posts", "a", "v")
	bad.Guard = 9
	g.Call("set", bad, abi.CodeInvalid)
	bad.Guard = abi.KVGuardVersion // version 0: absent
	g.Call("set", bad, 0)
	g.Call("set", bad, abi.CodeConflict)
	endless := set("posts", "a", "v")
	endless.TTLMs = 1<<64 - 1
	g.Call("set", endless, abi.CodeInvalid)
	g.Call("get", &abi.KVGetRequest{Namespace: "posts", Key: []byte("a"), Consistency: 9}, abi.CodeInvalid)
	g.Call("set", set("posts", "text", "word"), 0)
	g.Call("increment", &abi.KVIncrementRequest{Namespace: "posts", Key: []byte("text"), Delta: 1}, abi.CodeConflict)
	g.Call("get", raw{0xc1}, abi.CodeInvalid)
	kv := raftstore.NewKV(store, "app")
	used, limits, err := kv.Usage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	limits.Keys = used.Keys + 1
	if err := kv.SetQuota(t.Context(), limits); err != nil {
		t.Fatal(err)
	}
	g.Call("set", set("posts", "one", "v"), 0)
	g.Call("set", set("posts", "more", "v"), abi.CodeQuota)
	store.Fail(true)
	g.Call("get", &abi.KVGetRequest{Namespace: "posts", Key: []byte("one")}, abi.CodeUnavailable)
}

// raw is a request that is no record.
type raw []byte

func (r raw) Append(b []byte) []byte { return append(b, r...) }

func TestOperationsAreCountedForTheWholeApp(t *testing.T) {
	store, rate := hosttest.NewMemory(), capability.NewRate(2)
	a := start(t, store, capability.Namespaces{Names: []string{"posts"}, Rate: rate})
	b := start(t, store, capability.Namespaces{Names: []string{"posts"}, Rate: rate})
	read := &abi.KVGetRequest{Namespace: "posts", Key: []byte("a")}
	a.Call("get", read, 0)
	b.Call("get", read, 0)
	a.Call("get", read, abi.CodeQuota)
	b.Call("get", read, abi.CodeQuota)
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
	k := New(raftstore.NewKV(hosttest.NewMemory(), "app"), capability.Namespaces{Names: []string{"posts"}})
	g := hosttest.NewGuest(t, k)
	g.Call("set", set("posts", "a", "v"), 0)
	req := (&abi.KVGetRequest{Namespace: "posts", Key: []byte("a")}).Append(nil)
	out := make([]byte, 0, 1<<10)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := k.get(g.Session, req, out); err != nil {
			t.Fatal(err)
		}
	}); n > 8 {
		t.Errorf("%v allocations", n)
	}
}
