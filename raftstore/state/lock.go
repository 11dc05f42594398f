package state

import (
	"github.com/stackhost/stackhost/abi"
)

// Commands of the lock family. Their arguments are the types of the same name, their answers LockReply.
const (
	OpLockAcquire = 1
	OpLockRenew   = 2
	OpLockRelease = 3
)

// Limits of locks. Times are in ms.
const (
	LockMaxName    = 512 // bytes of a name
	LockMaxOwner   = 255 // bytes of an owner's id
	LockMinTTL     = 100 // shortest lease
	LockMaxTTL     = 24 * 60 * 60 * 1000
	LockMaxWaiters = 1024 // of one lock

	lockOverhead = 64 // bytes that a lock or waiter counts besides its names
)

// LockFamily has leases with fencing tokens. A lock is held by one owner until its lease ends by the log's time; those that wait are
// served in the order in which they came. Each grant gets a fencing token above all earlier ones, of all locks.
//
//	l name           owner, fence, expires, ttl, since, waiters    there is one while the lock is held, and only then
//	w #name name id  owner, ttl, expires                           waiters; ids rise in the order of coming
//	o #name name owner  id                                         where an owner waits
var LockFamily = Register(&Family{ID: FamilyLock, Name: "lock", Apply: applyLock, Expire: expireLock})

// LockAcquire takes a lock, or waits for it in line. An owner that holds it already gets the same fencing token and a lease that is at
// least TTL long; one that waits already keeps its place. With Wait, a waiter is forgotten Wait ms after the last LockAcquire that it
// sent; when the lock becomes free before that it gets it, with a lease of TTL from then. Without, a lock that others hold is
// abi.CodeConflict.
type LockAcquire struct {
	Namespace, Name, Owner string
	TTL, Wait              int64 // ms
}

// LockRenew makes a lease end TTL ms from now. A lease that ended is abi.CodeConflict: the lock may have had other owners since.
type LockRenew struct {
	Namespace, Name, Owner string
	Fence                  uint64
	TTL                    int64 // ms
}

// LockRelease ends a lease, or the waiting for one when Fence is 0: then the owner neither waits nor holds it afterwards, however it
// was before. Held in the reply tells whether there was anything to end.
type LockRelease struct {
	Namespace, Name, Owner string
	Fence                  uint64
}

// LockReply is the answer of the commands.
type LockReply struct {
	Held    bool   // false: waits in line
	Fence   uint64 // of the holder
	Expires int64  // log time in ms, of the owner's lease or place in the line
	Waiters uint64 // in line
}

// LockInfo is a lock that is held.
type LockInfo struct {
	Name, Owner    string
	Fence          uint64
	Expires, Since int64  // log time, ms
	Waiters        uint64 // in line, those that gave up lately included
}

// Command returns the command for tenant.
func (a LockAcquire) Command(tenant string) Command {
	b := abi.AppendArray(nil, 5)
	b = abi.AppendStr(abi.AppendStr(abi.AppendStr(b, a.Namespace), a.Name), a.Owner)
	return Command{Family: FamilyLock, Op: OpLockAcquire, Tenant: tenant, Args: abi.AppendInt(abi.AppendInt(b, a.TTL), a.Wait)}
}

// Command returns the command for tenant.
func (a LockRenew) Command(tenant string) Command {
	b := abi.AppendArray(nil, 5)
	b = abi.AppendStr(abi.AppendStr(abi.AppendStr(b, a.Namespace), a.Name), a.Owner)
	return Command{Family: FamilyLock, Op: OpLockRenew, Tenant: tenant, Args: abi.AppendInt(abi.AppendUint(b, a.Fence), a.TTL)}
}

// Command returns the command for tenant.
func (a LockRelease) Command(tenant string) Command {
	b := abi.AppendArray(nil, 4)
	b = abi.AppendStr(abi.AppendStr(abi.AppendStr(b, a.Namespace), a.Name), a.Owner)
	return Command{Family: FamilyLock, Op: OpLockRelease, Tenant: tenant, Args: abi.AppendUint(b, a.Fence)}
}

func (r LockReply) append(dst []byte) []byte {
	dst = abi.AppendUint(abi.AppendBool(abi.AppendArray(dst, 4), r.Held), r.Fence)
	return abi.AppendUint(abi.AppendInt(dst, r.Expires), r.Waiters)
}

// DecodeLockReply reads the answer of a command.
func DecodeLockReply(b []byte) (LockReply, error) {
	t := openTuple(b)
	r := LockReply{Held: t.bool(), Fence: t.uint(), Expires: t.int(), Waiters: t.uint()}
	return r, t.end()
}

func applyLock(tx *Tx, op byte, args []byte) ([]byte, error) {
	t := openTuple(args)
	l := lockOf{namespace: t.str(), name: t.str()}
	owner := t.str()
	var fence uint64
	var ttl, wait int64
	switch op {
	case OpLockAcquire:
		ttl, wait = t.int(), t.int()
	case OpLockRenew:
		fence, ttl = t.uint(), t.int()
	case OpLockRelease:
		fence, ttl = t.uint(), LockMinTTL
	default:
		return nil, abi.Errorf(abi.CodeUnsupported, "lock: no command %d in this version", op)
	}
	if err := t.end(); err != nil {
		return nil, err
	}
	if err := checkNamespace(l.namespace); err != nil {
		return nil, err
	}
	switch {
	case l.name == "" || len(l.name) > LockMaxName:
		return nil, abi.Errorf(abi.CodeInvalid, "lock: a name has 1 to %d bytes", LockMaxName)
	case owner == "" || len(owner) > LockMaxOwner:
		return nil, abi.Errorf(abi.CodeInvalid, "lock: an owner's id has 1 to %d bytes", LockMaxOwner)
	case ttl < LockMinTTL || ttl > LockMaxTTL:
		return nil, abi.Errorf(abi.CodeInvalid, "lock: a lease lasts %d ms to %d ms, not %d", LockMinTTL, LockMaxTTL, ttl)
	case wait < 0 || wait > LockMaxTTL:
		return nil, abi.Errorf(abi.CodeInvalid, "lock: waiting lasts 0 to %d ms, not %d", LockMaxTTL, wait)
	}
	l.open(tx)
	switch op {
	case OpLockAcquire:
		return l.acquire(owner, ttl, wait)
	case OpLockRenew:
		return l.renew(owner, fence, ttl)
	}
	return l.release(owner, fence)
}

// lockOf is one lock during a command.
type lockOf struct {
	tx              *Tx
	namespace, name string
	key             []byte
	held            bool
	LockInfo
	ttl int64
}

// open reads the lock. A lease that has ended is passed on first, whether its timer has run or not.
func (l *lockOf) open(tx *Tx) {
	l.tx, l.key = tx, lockKey(tx.shard, tx.tenant, l.namespace, l.name)
	v, ok := tx.Get(l.key)
	if !ok {
		return
	}
	l.LockInfo, l.ttl = decodeLock(v)
	if l.held = true; l.Expires <= tx.now {
		l.pass()
	}
}

func (l *lockOf) acquire(owner string, ttl, wait int64) ([]byte, error) {
	switch {
	case !l.held:
		if err := l.charge(1, 0); err != nil {
			return nil, err
		}
		l.grant(owner, ttl)
	case l.Owner == owner:
		l.extend(max(l.Expires, l.tx.now+ttl), ttl)
	case wait == 0:
		return nil, abi.Errorf(abi.CodeConflict, "lock: %q is held by %q for %d ms more", l.name, l.Owner, l.Expires-l.tx.now)
	default:
		return l.wait(owner, ttl, wait)
	}
	return LockReply{Held: true, Fence: l.Fence, Expires: l.Expires, Waiters: l.Waiters}.append(nil), nil
}

func (l *lockOf) renew(owner string, fence uint64, ttl int64) ([]byte, error) {
	if !l.held || l.Owner != owner || l.Fence != fence {
		return nil, abi.Errorf(abi.CodeConflict, "lock: %q is not held by %q with token %d any more: stop the work that it guards",
			l.name, owner, fence)
	}
	l.extend(l.tx.now+ttl, ttl)
	return LockReply{Held: true, Fence: l.Fence, Expires: l.Expires, Waiters: l.Waiters}.append(nil), nil
}

func (l *lockOf) release(owner string, fence uint64) ([]byte, error) {
	ended := false
	if fence == 0 && l.held {
		if id, ok := l.tx.Get(l.placeKey(owner)); ok {
			l.leave(l.waiterKey(id))
			l.save()
			ended = true
		}
	}
	if l.held && l.Owner == owner && (fence == 0 || l.Fence == fence) {
		l.pass()
		ended = true
	}
	return LockReply{Held: ended, Waiters: l.Waiters}.append(nil), nil
}

// grant gives the lock, which nobody holds, to owner.
func (l *lockOf) grant(owner string, ttl int64) {
	l.held, l.Owner, l.Fence, l.Since = true, owner, l.tx.UniqueID(), l.tx.now
	l.ttl, l.Expires = ttl, l.tx.now+ttl
	l.save()
	l.tx.SetTimer(l.Expires, FamilyLock, l.key)
	l.tx.Emit(Event{Tenant: l.tx.tenant, Namespace: LockEvents(l.namespace), Key: []byte(l.name), Value: []byte(owner), Version: l.Fence})
}

func (l *lockOf) extend(expires, ttl int64) {
	l.tx.ClearTimer(l.Expires, FamilyLock, l.key)
	l.Expires, l.ttl = expires, ttl
	l.save()
	l.tx.SetTimer(l.Expires, FamilyLock, l.key)
}

func (l *lockOf) save() {
	b := abi.AppendArray(nil, 6)
	b = abi.AppendInt(abi.AppendUint(abi.AppendStr(b, l.Owner), l.Fence), l.Expires)
	l.tx.Set(l.key, abi.AppendUint(abi.AppendInt(abi.AppendInt(b, l.ttl), l.Since), l.Waiters))
}

func decodeLock(v []byte) (i LockInfo, ttl int64) {
	t := openTuple(v)
	i.Owner, i.Fence, i.Expires = t.str(), t.uint(), t.int()
	ttl, i.Since, i.Waiters = t.int(), t.int(), t.uint()
	return i, ttl
}

// charge accounts for locks and waiters that come or go; a waiter counts its owner's bytes.
func (l *lockOf) charge(n int64, owner int) error {
	return charge(l.tx, n*int64(len(l.name)+owner+lockOverhead), n)
}

// LockEvents is the namespace of the events of the locks in namespace: an Event for each grant, with the owner as Value and the
// fencing token as Version, and a deletion when a lock becomes free.
func LockEvents(namespace string) string { return "lock:" + namespace }

func lockKey(shard uint16, tenant, namespace, name string) []byte {
	return Key(FamilyLock, shard, tenant, namespace, []byte{'l'}, []byte(name))
}

func expireLock(tx *Tx, ref []byte) {
	namespace, rest, ok := onBehalfOf(tx, ref)
	if !ok || len(rest) == 0 {
		return
	}
	l := lockOf{namespace: namespace}
	switch rest[0] {
	case 'l':
		l.name = string(rest[1:])
		l.open(tx)
	case 'w':
		if len(rest) < 11 {
			return
		}
		l.name = string(rest[3 : len(rest)-8])
		if l.open(tx); !l.held {
			return
		}
		if v, ok := tx.Get(ref); ok && decodeWaiter(v).expires <= tx.now {
			l.leave(ref)
			l.save()
		}
	}
}

// LockShow returns the lock of that name when somebody holds it. Its strings are valid as long as the view.
func LockShow(v *View, shard uint16, tenant, namespace, name string) (LockInfo, bool) {
	b, ok := v.Get(lockKey(shard, tenant, namespace, name))
	if !ok {
		return LockInfo{}, false
	}
	i, _ := decodeLock(b)
	i.Name = name
	return i, i.Expires > v.Now
}

// LockList visits the locks that are held, in the order of their names, from the first that begins with prefix and is above after,
// until visit returns false. The strings are valid during the visit only.
func LockList(v *View, shard uint16, tenant, namespace, prefix, after string, visit func(LockInfo) bool) {
	from := lockKey(shard, tenant, namespace, prefix)
	to := Prefix(from)
	head := len(from) - len(prefix)
	if after >= prefix {
		from = append(lockKey(shard, tenant, namespace, after), 0)
	}
	v.Scan(from, to, func(k, b []byte) bool {
		i, _ := decodeLock(b)
		i.Name = string(k[head:])
		return i.Expires <= v.Now || visit(i)
	})
}
