package capability

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore"
)

// Namespaces is what a manifest grants of one kind of stored data.
type Namespaces struct {
	Names []string // "*" is every namespace of the app; ":read" after a name is for reading only
	// Rate bounds the operations of the app; nil: no bound.
	Rate *Rate
}

// Allow checks an operation. The error is *abi.Error: denied, or quota.
func (n *Namespaces) Allow(kind, namespace string, write bool) error {
	reading := false
	for _, name := range n.Names {
		name, only := strings.CutSuffix(name, ":read")
		if name == namespace || name == "*" {
			if !write || !only {
				return n.Rate.take()
			}
			reading = true
		}
	}
	if reading {
		return abi.Errorf(abi.CodeDenied, "%s: namespace %q is granted for reading only", kind, namespace)
	}
	return abi.Errorf(abi.CodeDenied, "%s: namespace %q is not granted: add it to grants.%s of the module in stackhost.toml", kind, namespace, kind)
}

// Rate is a token bucket for an app's operations on one node. Safe for concurrent use; nil has no bound.
type Rate struct {
	each atomic.Int64 // operations a second; 0: no bound
	mu   sync.Mutex
	left float64   // guarded by mu
	at   time.Time // guarded by mu
}

// NewRate returns a Rate of that many operations a second, which may come at once. 0: no bound.
func NewRate(each int64) *Rate {
	r := &Rate{}
	r.Set(each)
	return r
}

// Set changes the operations a second; 0: no bound. What was used up stays so, unless the number changed.
func (r *Rate) Set(each int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.each.Swap(each) != each {
		r.left, r.at = float64(each), time.Now()
	}
}

func (r *Rate) take() error {
	if r == nil || r.each.Load() <= 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	each, now := float64(r.each.Load()), time.Now()
	r.left = min(each, r.left+now.Sub(r.at).Seconds()*each)
	r.at = now
	if r.left < 1 {
		return abi.Errorf(abi.CodeQuota, "the app has used up its %v operations a second (quota.ops in stackhost.toml)", each)
	}
	r.left--
	return nil
}

// ConsistencyOf turns a request's fields into what the store takes.
func ConsistencyOf(c abi.Consistency, maxStalenessMs uint64) (raftstore.Consistency, error) {
	switch c {
	case abi.ConsistencyLinearizable:
		return raftstore.Linearizable, nil
	case abi.ConsistencyLease:
		return raftstore.Lease, nil
	case abi.ConsistencyStale:
		return raftstore.Stale(Milliseconds(maxStalenessMs)), nil
	}
	return raftstore.Consistency{}, abi.Errorf(abi.CodeInvalid, "there is no consistency %d", c)
}

// GuardOf turns a request's fields into what the store takes.
func GuardOf(g abi.KVGuard, version uint64) (raftstore.Guard, error) {
	switch {
	case g == abi.KVGuardAny:
		return raftstore.Guard{}, nil
	case g == abi.KVGuardAbsent, g == abi.KVGuardVersion && version == 0:
		return raftstore.Guard{Absent: true}, nil
	case g == abi.KVGuardVersion:
		return raftstore.Guard{Version: version}, nil
	}
	return raftstore.Guard{}, abi.Errorf(abi.CodeInvalid, "there is no guard %d", g)
}

// Milliseconds is a duration that a guest gave, at most about 292 years.
func Milliseconds(ms uint64) time.Duration {
	return time.Duration(min(ms, uint64(1<<63-1)/uint64(time.Millisecond))) * time.Millisecond
}
