package state

import (
	"github.com/stackhost/stackhost/abi"
)

// The line of those that wait for a lock.

type waiter struct {
	owner        string
	ttl, expires int64
}

func decodeWaiter(v []byte) waiter {
	t := openTuple(v)
	return waiter{owner: t.str(), ttl: t.int(), expires: t.int()}
}

func (w waiter) append(dst []byte) []byte {
	return abi.AppendInt(abi.AppendInt(abi.AppendStr(abi.AppendArray(dst, 3), w.owner), w.ttl), w.expires)
}

func (l *lockOf) waiterKey(id []byte) []byte {
	return l.tx.Key(FamilyLock, l.namespace, []byte{'w'}, lengthOf(l.name), []byte(l.name), id)
}

func (l *lockOf) placeKey(owner string) []byte {
	return l.tx.Key(FamilyLock, l.namespace, []byte{'o'}, lengthOf(l.name), []byte(l.name), []byte(owner))
}

// wait puts owner at the end of the line, or keeps its place for wait ms more.
func (l *lockOf) wait(owner string, ttl, wait int64) ([]byte, error) {
	var key []byte
	w := waiter{owner: owner, ttl: ttl, expires: l.tx.now + wait}
	if id, ok := l.tx.Get(l.placeKey(owner)); ok {
		key = l.waiterKey(id)
		if v, ok := l.tx.Get(key); ok {
			old := decodeWaiter(v)
			if old.expires <= l.tx.now { // it gave up: a new place
				l.leave(key)
				key = nil
			} else {
				w.expires = max(w.expires, old.expires)
				l.tx.ClearTimer(old.expires, FamilyLock, key)
			}
		}
	}
	if key == nil {
		if l.Waiters >= LockMaxWaiters {
			return nil, abi.Errorf(abi.CodeLimit, "lock: %d already wait for %q: try again later", l.Waiters, l.name)
		}
		if err := l.charge(1, len(owner)); err != nil {
			return nil, err
		}
		id := BE(l.tx.UniqueID())
		key = l.waiterKey(id)
		l.tx.Set(l.placeKey(owner), id)
		l.Waiters++
	}
	l.tx.Set(key, w.append(nil))
	l.tx.SetTimer(w.expires, FamilyLock, key)
	l.save()
	return LockReply{Fence: l.Fence, Expires: w.expires, Waiters: l.Waiters}.append(nil), nil
}

// leave removes a waiter. The caller saves the lock.
func (l *lockOf) leave(key []byte) waiter {
	v, ok := l.tx.Get(key)
	if !ok {
		return waiter{}
	}
	w := decodeWaiter(v)
	l.tx.ClearTimer(w.expires, FamilyLock, key)
	l.tx.Delete(key)
	l.tx.Delete(l.placeKey(w.owner))
	l.Waiters--
	_ = l.charge(-1, len(w.owner)) // giving back is never refused
	return w
}

// pass takes the lock from its holder and gives it to the first in line that still waits, or to nobody.
func (l *lockOf) pass() {
	l.tx.ClearTimer(l.Expires, FamilyLock, l.key)
	from := l.waiterKey(nil)
	var gone [][]byte
	var next []byte
	l.tx.Scan(from, Prefix(from), func(k, v []byte) bool {
		k = append([]byte(nil), k...)
		if decodeWaiter(v).expires > l.tx.now {
			next = k
			return false
		}
		gone = append(gone, k)
		return true
	})
	for _, k := range gone {
		l.leave(k)
	}
	if next != nil {
		w := l.leave(next)
		l.grant(w.owner, w.ttl)
		return
	}
	free := Event{Tenant: l.tx.tenant, Namespace: LockEvents(l.namespace), Key: []byte(l.name), Version: l.tx.UniqueID(), Deleted: true}
	l.tx.Delete(l.key)
	_ = l.charge(-1, 0)
	l.tx.Emit(free)
	l.held, l.LockInfo = false, LockInfo{}
}
