package raftstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore/state"
)

// codeOf is the code of an error, 0 for none.
func codeOf(err error) abi.Code {
	var e *abi.Error
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return abi.CodeInternal
	}
	return 0
}

// polled hides what a Store offers besides Access.
type polled struct{ Access }

func TestLockExcludesAndIsFair(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Dir: t.TempDir()})
	for name, a := range map[string]Access{"watched": s, "polled": polled{s}} {
		t.Run(name, func(t *testing.T) {
			l := NewLock(a, name)
			first, err := l.Acquire(t.Context(), "jobs", "deploy", "o0", LockOptions{TTL: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := l.Acquire(t.Context(), "jobs", "deploy", "o1", LockOptions{}); codeOf(err) != abi.CodeConflict {
				t.Fatalf("a lock that is held: %v", err)
			}
			var mu sync.Mutex
			var order []string
			var fences []uint64
			var wg sync.WaitGroup
			for n := 1; n <= 5; n++ {
				owner := fmt.Sprint("o", n)
				wg.Go(func() {
					lease, err := l.Acquire(t.Context(), "jobs", "deploy", owner, LockOptions{TTL: time.Minute, Wait: 20 * time.Second})
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					order, fences = append(order, owner), append(fences, lease.Fence)
					mu.Unlock()
					if ok, err := l.Release(t.Context(), "jobs", "deploy", owner, lease.Fence); !ok || err != nil {
						t.Errorf("release: %t, %v", ok, err)
					}
				})
				until(t, "a waiter in line", func() bool {
					i, held, err := l.Show(t.Context(), Linearizable, "jobs", "deploy")
					return err == nil && held && i.Waiters == n
				})
			}
			if ok, err := l.Release(t.Context(), "jobs", "deploy", "o0", first.Fence); !ok || err != nil {
				t.Fatal(ok, err)
			}
			wg.Wait()
			if want := []string{"o1", "o2", "o3", "o4", "o5"}; !slices.Equal(order, want) || !slices.IsSorted(fences) || fences[0] <= first.Fence {
				t.Errorf("served in the order %v with the tokens %v, the first holder had %d", order, fences, first.Fence)
			}
		})
	}
}

func TestLockWaitEndsAndLeaseEnds(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Dir: t.TempDir()})
	l := NewLock(s, "app")
	a, err := l.Acquire(t.Context(), "ns", "x", "a", LockOptions{TTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Acquire(t.Context(), "ns", "x", "b", LockOptions{Wait: 50 * time.Millisecond}); codeOf(err) != abi.CodeConflict {
		t.Errorf("waiting longer than Wait: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := l.Acquire(ctx, "ns", "x", "c", LockOptions{Wait: time.Minute}); codeOf(err) != abi.CodeDeadline {
		t.Errorf("waiting longer than the context: %v", err)
	}
	if i, _, err := l.Show(t.Context(), Linearizable, "ns", "x"); err != nil || i.Waiters != 0 || i.Owner != "a" {
		t.Errorf("those that gave up are still in line: %+v, %v", i, err)
	}
	if r, err := l.Renew(t.Context(), "ns", "x", "a", a.Fence, 200*time.Millisecond); err != nil || r.Expires >= a.Expires {
		t.Errorf("renew: %+v, %v", r, err)
	}
	b, err := l.Acquire(t.Context(), "ns", "x", "b", LockOptions{Wait: 10 * time.Second}) // when the lease ends
	if err != nil || b.Fence <= a.Fence || b.ID != "b" {
		t.Errorf("after the lease ended: %+v, %v", b, err)
	}
	if _, err := l.Renew(t.Context(), "ns", "x", "a", a.Fence, 0); codeOf(err) != abi.CodeConflict {
		t.Errorf("renewing a lease that ended: %v", err)
	}
	if ok, err := l.Release(t.Context(), "ns", "x", "a", a.Fence); ok || err != nil {
		t.Errorf("releasing a lease that ended: %t, %v", ok, err)
	}
	for _, name := range []string{"y1", "y2", "z"} {
		if _, err := l.Acquire(t.Context(), "ns", name, "b", LockOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	page, next, err := l.List(t.Context(), Linearizable, "ns", "y", "", 1)
	if err != nil || len(page) != 1 || page[0].Name != "y1" || next != "y1" {
		t.Errorf("first page: %+v, %q, %v", page, next, err)
	}
	page, next, err = l.List(t.Context(), Linearizable, "ns", "y", next, 1)
	if err != nil || len(page) != 1 || page[0].Name != "y2" || next != "" {
		t.Errorf("second page: %+v, %q, %v", page, next, err)
	}
}

// A counter that is read, then written, loses nothing when a lock guards it.
func TestLockGuardsACounter(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Dir: t.TempDir()})
	l := NewLock(s, "app")
	counter, holders := 0, 0 // the race detector sees that one at a time has them
	var wg sync.WaitGroup
	for n := range 8 {
		owner := fmt.Sprint("o", n)
		wg.Go(func() {
			for range 5 {
				lease, err := l.Acquire(t.Context(), "ns", "x", owner, LockOptions{Wait: 30 * time.Second})
				if err != nil {
					t.Error(err)
					return
				}
				if holders++; holders != 1 {
					t.Errorf("%d hold the lock", holders)
				}
				counter++
				holders--
				if _, err := l.Release(t.Context(), "ns", "x", owner, lease.Fence); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if counter != 40 {
		t.Errorf("counted %d, want 40", counter)
	}
}

func BenchmarkLock(b *testing.B) {
	s := openTest(b, Config{Dir: b.TempDir()})
	l := NewLock(s, "app")
	if _, err := l.Release(b.Context(), "ns", "x", "o", 0); err != nil { // waits for the first leader
		b.Fatal(err)
	}
	for b.Loop() {
		lease, err := l.Acquire(b.Context(), "ns", "x", "o", LockOptions{})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := l.Release(b.Context(), "ns", "x", "o", lease.Fence); err != nil {
			b.Fatal(err)
		}
	}
}

// lagging reads what a node that lags behind would.
type lagging struct {
	Access
	behind Access
}

func (l lagging) View(ctx context.Context, c Consistency, f func(*state.View) error) error {
	return l.behind.View(ctx, c, f)
}

// TestAnOldLeaseIsNotANewOne waits for a lock on a node on which the waiter's last lease has not ended yet.
func TestAnOldLeaseIsNotANewOne(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	behind, now := openTest(t, Config{Dir: t.TempDir()}), openTest(t, Config{Dir: t.TempDir()})
	old, err := NewLock(behind, "app").Acquire(ctx, "jobs", "deploy", "me", LockOptions{TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		do(t, now, command('s', fmt.Sprint(i), nil))
	}
	l := NewLock(lagging{now, behind}, "app")
	other, err := l.Acquire(ctx, "jobs", "deploy", "other", LockOptions{TTL: time.Second})
	if err != nil || other.Fence <= old.Fence {
		t.Fatalf("%+v after %+v, %v", other, old, err)
	}
	if mine, err := l.Acquire(ctx, "jobs", "deploy", "me", LockOptions{TTL: time.Minute, Wait: 20 * time.Second}); err != nil || mine.Fence <= other.Fence {
		t.Errorf("the token %d after %d, %v", mine.Fence, other.Fence, err)
	}
}
