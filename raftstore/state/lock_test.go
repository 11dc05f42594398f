package state

import (
	"fmt"
	"strings"
)

func showLock(b []byte) string {
	r, err := DecodeLockReply(b)
	if err != nil {
		return err.Error()
	}
	state := "waits"
	if r.Held {
		state = "held"
	}
	return fmt.Sprintf("%s fence=%s expires=%s waiters=%d", state, showID(r.Fence), showAt(r.Expires), r.Waiters)
}

var (
	_ = verb("lock acquire", func(a *scriptArgs) Command {
		return LockAcquire{Namespace: a.at(0), Name: a.at(1), Owner: a.str("owner"), TTL: a.ms("ttl"), Wait: a.ms("wait")}.Command(a.Tenant)
	}, showLock)
	_ = verb("lock renew", func(a *scriptArgs) Command {
		return LockRenew{Namespace: a.at(0), Name: a.at(1), Owner: a.str("owner"), Fence: a.num("fence"), TTL: a.ms("ttl")}.Command(a.Tenant)
	}, showLock)
	_ = verb("lock release", func(a *scriptArgs) Command {
		return LockRelease{Namespace: a.at(0), Name: a.at(1), Owner: a.str("owner"), Fence: a.num("fence")}.Command(a.Tenant)
	}, func(b []byte) string {
		r, err := DecodeLockReply(b)
		if err != nil {
			return err.Error()
		}
		return fmt.Sprintf("ended=%t waiters=%d", r.Held, r.Waiters)
	})
	_ = readVerb("lock show", func(v *View, a *scriptArgs) string {
		i, held := LockShow(v, 0, a.Tenant, a.at(0), a.at(1))
		if !held {
			return "free"
		}
		return showLockInfo(i)
	})
	_ = readVerb("lock list", func(v *View, a *scriptArgs) string {
		var b strings.Builder
		LockList(v, 0, a.Tenant, a.at(0), a.str("prefix"), a.str("after"), func(i LockInfo) bool {
			fmt.Fprintln(&b, showLockInfo(i))
			return true
		})
		return b.String()
	})
	_ = checkState(checkLines)
)

func showLockInfo(i LockInfo) string {
	return fmt.Sprintf("%s: %s fence=%s since=%s expires=%s waiters=%d", i.Name, i.Owner, showID(i.Fence), showAt(i.Since), showAt(i.Expires), i.Waiters)
}

// checkLines: each lock counts its waiters rightly, each waiter has its place key and its lock, and each place key its waiter.
func checkLines(r Reader) (err error) {
	counted, places := map[string]uint64{}, 0
	locks := map[string]uint64{}
	r.Scan([]byte{FamilyLock}, []byte{FamilyLock + 1}, func(k, v []byte) bool {
		tx := &Tx{}
		ns, rest, ok := onBehalfOf(tx, k)
		if !ok {
			err = fmt.Errorf("lock: malformed key %q", k)
			return false
		}
		at := tx.tenant + "/" + ns + "/"
		switch rest[0] {
		case 'l':
			i, _ := decodeLock(v)
			locks[at+string(rest[1:])] = i.Waiters
		case 'w':
			counted[at+string(rest[3:len(rest)-8])]++
			places++
		case 'o':
			places--
		default:
			err = fmt.Errorf("lock: unknown key %q", k)
		}
		return err == nil
	})
	for name, n := range locks {
		if counted[name] != n {
			return fmt.Errorf("lock %q counts %d waiters, there are %d", name, n, counted[name])
		}
		delete(counted, name)
	}
	if len(counted) > 0 || places != 0 {
		return fmt.Errorf("waiters without a lock: %v, waiters less places: %d", counted, places)
	}
	return err
}
