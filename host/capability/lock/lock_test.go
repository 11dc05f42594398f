package lock

import (
	"testing"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/capability"
	"github.com/stackhost/stackhost/host/hosttest"
	"github.com/stackhost/stackhost/raftstore"
)

func start(t *testing.T, store *hosttest.Memory, names ...string) *hosttest.Guest {
	t.Helper()
	return hosttest.NewGuest(t, New(raftstore.NewLock(store, "app"), capability.Namespaces{Names: names}))
}

func TestOneHoldsALockAndFencesRise(t *testing.T) {
	store := hosttest.NewMemory()
	g, other := start(t, store, "jobs"), start(t, store, "jobs")
	take := &abi.LockAcquireRequest{Namespace: "jobs", Name: "daily"}
	mine := hosttest.Decode[abi.LockAcquireReply](t, g.Call("acquire", take, 0))
	if mine.Owner == "" || mine.Fence == 0 || mine.ExpiresMs == 0 {
		t.Fatalf("%+v", mine)
	}
	other.Call("acquire", take, abi.CodeConflict)
	other.Call("acquire", &abi.LockAcquireRequest{Namespace: "jobs", Name: "daily", WaitMs: 20}, abi.CodeConflict)
	renew := &abi.LockRenewRequest{Namespace: "jobs", Name: "daily", Owner: mine.Owner, Fence: mine.Fence, TTLMs: 600_000}
	if r := hosttest.Decode[abi.LockRenewReply](t, g.Call("renew", renew, 0)); r.ExpiresMs < mine.ExpiresMs+500_000 {
		t.Errorf("renewed until %d after %d", r.ExpiresMs, mine.ExpiresMs)
	}
	release := &abi.LockReleaseRequest{Namespace: "jobs", Name: "daily", Owner: mine.Owner, Fence: mine.Fence}
	if !hosttest.Decode[abi.LockReleaseReply](t, g.Call("release", release, 0)).Held {
		t.Error("the lease was not there")
	}
	if hosttest.Decode[abi.LockReleaseReply](t, g.Call("release", release, 0)).Held {
		t.Error("the lease was there twice")
	}
	g.Call("renew", renew, abi.CodeConflict)
	next := hosttest.Decode[abi.LockAcquireReply](t, other.Call("acquire", take, 0))
	if next.Fence <= mine.Fence || next.Owner == mine.Owner {
		t.Errorf("%+v after %+v", next, mine)
	}
}

func TestLocksNeedAGrantThatIsNotForReading(t *testing.T) {
	g := start(t, hosttest.NewMemory(), "jobs:read")
	g.Call("acquire", &abi.LockAcquireRequest{Namespace: "jobs", Name: "daily"}, abi.CodeDenied)
	g.Call("acquire", &abi.LockAcquireRequest{Namespace: "other", Name: "daily"}, abi.CodeDenied)
	g.Call("renew", &abi.LockRenewRequest{Namespace: "other", Name: "daily", Owner: "me"}, abi.CodeDenied)
	g.Call("release", &abi.LockReleaseRequest{Namespace: "other", Name: "daily", Owner: "me"}, abi.CodeDenied)
}
