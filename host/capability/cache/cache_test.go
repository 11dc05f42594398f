package cache

import (
	"testing"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/capability"
	"github.com/stackhost/stackhost/host/hosttest"
	"github.com/stackhost/stackhost/raftstore"
)

func start(t *testing.T, store *hosttest.Memory, names ...string) *hosttest.Guest {
	t.Helper()
	return hosttest.NewGuest(t, New(raftstore.NewCache(store, "app", nil), capability.Namespaces{Names: names}))
}

func get(g *hosttest.Guest, key string) abi.CacheGetReply {
	g.T.Helper()
	return hosttest.Decode[abi.CacheGetReply](g.T, g.Call("get", &abi.CacheGetRequest{Namespace: "pages", Key: key}, 0))
}

func TestOneCallerMakesAValueForAll(t *testing.T) {
	store := hosttest.NewMemory()
	g, other := start(t, store, "pages"), start(t, store, "pages")
	ask := &abi.CacheFillRequest{Namespace: "pages", Key: "front", WaitMs: 20}
	mine := hosttest.Decode[abi.CacheFillReply](t, g.Call("fill", ask, 0))
	if mine.State != abi.CacheStateMiss || mine.Token == 0 {
		t.Fatalf("%+v", mine)
	}
	if theirs := hosttest.Decode[abi.CacheFillReply](t, other.Call("fill", ask, 0)); theirs.Token != 0 || theirs.State != abi.CacheStateMiss {
		t.Errorf("two make the value: %+v", theirs)
	}
	put := &abi.CachePutRequest{Namespace: "pages", Key: "front", Value: []byte("page"), TTLMs: 60_000, Tags: []string{"posts"}, Token: mine.Token}
	if !hosttest.Decode[abi.CachePutReply](t, g.Call("put", put, 0)).Stored {
		t.Error("not stored")
	}
	r := hosttest.Decode[abi.CacheFillReply](t, other.Call("fill", ask, 0))
	if r.State != abi.CacheStateFresh || string(r.Value) != "page" || r.Token != 0 {
		t.Errorf("%+v", r)
	}
	if hosttest.Decode[abi.CachePutReply](t, g.Call("put", put, 0)).Stored {
		t.Error("a token was good twice")
	}
}

func TestARightToMakeAValueEndsWithItsCall(t *testing.T) {
	store := hosttest.NewMemory()
	c := New(raftstore.NewCache(store, "app", nil), capability.Namespaces{Names: []string{"pages"}})
	fill, _ := c.Functions()
	ask := (&abi.CacheFillRequest{Namespace: "pages", Key: "front", WaitMs: 5000}).Append(nil)
	token := func(s *capability.Session) uint64 {
		t.Helper()
		b, err := fill["fill"](s, ask, nil)
		if err != nil {
			t.Fatal(err)
		}
		return hosttest.Decode[abi.CacheFillReply](t, b).Token
	}
	failed, end := hosttest.Session(t, t.Context())
	first := token(failed)
	other, _ := hosttest.Session(t, t.Context())
	time.AfterFunc(5*time.Millisecond, end)
	start := time.Now()
	second := token(other) // waits for the one that fails
	if first == 0 || second == 0 || first == second || time.Since(start) > 2*time.Second {
		t.Errorf("tokens %d and %d after %v", first, second, time.Since(start))
	}
	put := (&abi.CachePutRequest{Namespace: "pages", Key: "front", Value: []byte("page"), Token: second}).Append(nil)
	if _, err := fill["put"](other, put, nil); err != nil {
		t.Fatal(err)
	}
	third, end := hosttest.Session(t, t.Context())
	if token(third) != 0 {
		t.Error("a value that was put is made again")
	}
	end()
}

func TestWhatWasInvalidatedIsNotRead(t *testing.T) {
	g := start(t, hosttest.NewMemory(), "pages")
	put := &abi.CachePutRequest{Namespace: "pages", Key: "front", Value: []byte("page"), Tags: []string{"posts", "users"}}
	g.Call("put", put, 0)
	if r := get(g, "front"); r.State != abi.CacheStateFresh || string(r.Value) != "page" {
		t.Errorf("%+v", r)
	}
	g.Call("invalidate", &abi.CacheInvalidateRequest{Namespace: "pages", Tags: []string{"users"}}, 0)
	if r := get(g, "front"); r.State != abi.CacheStateMiss || len(r.Value) != 0 {
		t.Errorf("after its tag was invalidated: %+v", r)
	}
	g.Call("put", put, 0)
	gone := &abi.CacheDeleteRequest{Namespace: "pages", Key: "front"}
	if !hosttest.Decode[abi.CacheDeleteReply](t, g.Call("delete", gone, 0)).Existed {
		t.Error("it was not there")
	}
	if hosttest.Decode[abi.CacheDeleteReply](t, g.Call("delete", gone, 0)).Existed {
		t.Error("it was there twice")
	}
	g.Call("put", put, 0)
	g.Call("clear", &abi.CacheClearRequest{Namespace: "pages"}, 0)
	if r := get(g, "front"); r.State != abi.CacheStateMiss {
		t.Errorf("after clear: %+v", r)
	}
}

func TestReadingOnlyChangesNothing(t *testing.T) {
	g := start(t, hosttest.NewMemory(), "pages:read")
	get(g, "front")
	g.Call("fill", &abi.CacheFillRequest{Namespace: "pages", Key: "front"}, abi.CodeDenied)
	g.Call("put", &abi.CachePutRequest{Namespace: "pages", Key: "front"}, abi.CodeDenied)
	g.Call("invalidate", &abi.CacheInvalidateRequest{Namespace: "pages", Tags: []string{"x"}}, abi.CodeDenied)
	g.Call("delete", &abi.CacheDeleteRequest{Namespace: "pages", Key: "front"}, abi.CodeDenied)
	g.Call("clear", &abi.CacheClearRequest{Namespace: "pages"}, abi.CodeDenied)
	g.Call("get", &abi.CacheGetRequest{Namespace: "other", Key: "front"}, abi.CodeDenied)
}
