package state

import (
	"cmp"
	"encoding/binary"

	"github.com/stackhost/stackhost/abi"
)

// Where ready jobs wait. Each level of priority has a ring of the groups with jobs, and each group a line of its jobs. Heads are numbers
// below which there is nothing: scans that begin there do not pass over what was deleted.

const queueLevels = JobMaxPriority + 1

// queueOf is a queue during a command.
type queueOf struct {
	tx           *Tx
	name         string
	key          []byte
	dirty, woken bool
	QueueConfig
	QueueCounts
	arrival int64               // log time in µs at which the rate has been used up to, ahead of now (the generic cell rate algorithm)
	turn    uint64              // the last one given out
	ring    [queueLevels]uint64 // groups in it
	heads   [queueLevels]uint64
}

// QueueCounts are the numbers of jobs of a queue.
type QueueCounts struct{ Ready, Delayed, Running, Done, Dead, Cancelled uint64 }

func (c *QueueCounts) count(s JobState) *uint64 {
	switch s {
	case JobReady:
		return &c.Ready
	case JobDelayed:
		return &c.Delayed
	case JobRunning:
		return &c.Running
	case JobDone:
		return &c.Done
	case JobDead:
		return &c.Dead
	}
	return &c.Cancelled
}

func (q *queueOf) at(kind byte, parts ...[]byte) []byte {
	return q.tx.Key(FamilyQueue, q.name, append([][]byte{{kind}}, parts...)...)
}

func (q *queueOf) decode(v []byte) {
	t := openTuple(v)
	q.QueueConfig = t.queueConfig()
	for _, s := range [...]JobState{JobReady, JobDelayed, JobRunning, JobDone, JobDead, JobCancelled} {
		*q.count(s) = t.uint()
	}
	q.arrival, q.turn = t.int(), t.uint()
	for i := range q.ring {
		q.ring[i], q.heads[i] = t.uint(), t.uint()
	}
}

func (q *queueOf) save() {
	if q.dirty {
		b := q.QueueConfig.append(abi.AppendArray(make([]byte, 0, 96), 5+6+2+2*queueLevels))
		for _, s := range [...]JobState{JobReady, JobDelayed, JobRunning, JobDone, JobDead, JobCancelled} {
			b = abi.AppendUint(b, *q.count(s))
		}
		b = abi.AppendUint(abi.AppendInt(b, q.arrival), q.turn)
		for i := range q.ring {
			b = abi.AppendUint(abi.AppendUint(b, q.ring[i]), q.heads[i])
		}
		q.tx.Set(q.key, b)
	}
	if q.woken && !q.Paused {
		q.tx.Emit(Event{Tenant: q.tx.tenant, Namespace: QueueEvents(q.name), Key: []byte("ready"), Version: q.tx.UniqueID()})
	}
}

// level is where jobs of a priority wait; a serial queue has one level, or the order of a group would not hold.
func (q *queueOf) level(j *JobSpec) int {
	if q.Serial {
		return 0
	}
	return JobMaxPriority - int(j.Priority)
}

func (q *queueOf) waitKey(level int, group string, id []byte) []byte {
	return q.at('w', []byte{byte(level)}, lengthOf(group), []byte(group), id)
}

func (q *queueOf) ringKey(level int, turn uint64) []byte {
	return q.at('t', []byte{byte(level)}, BE(turn))
}

// groupOf is a group of one level.
type groupOf struct {
	turn    uint64 // in the ring; 0: not there
	waiting uint64 // ready jobs
	head    uint64 // no ready job has a lower id
	blocked uint64 // in a serial queue, the job that was taken and is not finished
}

func (q *queueOf) groupKey(level int, group string) []byte {
	return q.at('g', []byte{byte(level)}, lengthOf(group), []byte(group))
}

func (q *queueOf) group(level int, group string) (g groupOf) {
	if v, ok := q.tx.Get(q.groupKey(level, group)); ok {
		t := openTuple(v)
		g = groupOf{turn: t.uint(), waiting: t.uint(), head: t.uint(), blocked: t.uint()}
	}
	return g
}

// put keeps g, in the ring when it has a job that may be taken, and not when it has none.
func (q *queueOf) put(level int, group string, g groupOf) {
	switch may := g.waiting > 0 && g.blocked == 0; {
	case may && g.turn == 0:
		q.turn++
		if g.turn = q.turn; q.ring[level] == 0 {
			q.heads[level] = g.turn
		}
		q.tx.Set(q.ringKey(level, g.turn), []byte(group))
		q.ring[level]++
	case !may && g.turn != 0:
		q.tx.Delete(q.ringKey(level, g.turn))
		g.turn = 0
		q.ring[level]--
	}
	if q.dirty = true; g.waiting == 0 && g.blocked == 0 {
		q.tx.Delete(q.groupKey(level, group))
		return
	}
	b := abi.AppendUint(abi.AppendUint(abi.AppendArray(nil, 4), g.turn), g.waiting)
	q.tx.Set(q.groupKey(level, group), abi.AppendUint(abi.AppendUint(b, g.head), g.blocked))
}

// push makes a job ready.
func (q *queueOf) push(j *jobOf) {
	level := q.level(&j.spec)
	g := q.group(level, j.spec.Group)
	if g.waiting == 0 || j.id < g.head {
		g.head = j.id
	}
	g.waiting++
	q.put(level, j.spec.Group, g)
	q.tx.Set(q.waitKey(level, j.spec.Group, BE(j.id)), j.append())
	q.Ready++
	q.woken = true
}

// withdraw takes back a job that is ready.
func (q *queueOf) withdraw(j *jobOf) {
	level := q.level(&j.spec)
	g := q.group(level, j.spec.Group)
	g.waiting--
	q.put(level, j.spec.Group, g)
	q.tx.Delete(q.waitKey(level, j.spec.Group, BE(j.id)))
	q.Ready--
}

// unblock lets the next job of a serial queue's group run after j.
func (q *queueOf) unblock(j *jobOf) {
	if !q.Serial {
		return
	}
	if g := q.group(0, j.spec.Group); g.blocked == j.id {
		g.blocked = 0
		q.put(0, j.spec.Group, g)
		q.woken = q.woken || g.waiting > 0
	}
}

func (q *queueTx) take(t *tuple) ([]byte, error) {
	names, many := t.strs(QueueMaxQueues)
	owner, most, lease := t.str(), t.uint(), t.int()
	switch err := t.end(); {
	case many:
		return nil, abi.Errorf(abi.CodeLimit, "queue: at most %d queues at a time", QueueMaxQueues)
	case err != nil:
		return nil, err
	case most == 0 || most > QueueMaxTake:
		return nil, abi.Errorf(abi.CodeLimit, "queue: 1 to %d jobs at a time, not %d", QueueMaxTake, most)
	case lease != 0 && (lease < JobMinTimeout || lease > JobMaxTimeout):
		return nil, abi.Errorf(abi.CodeInvalid, "queue: a lease lasts %d ms to %d ms, not %d", JobMinTimeout, JobMaxTimeout, lease)
	case len(owner) > LockMaxOwner:
		return nil, abi.Errorf(abi.CodeInvalid, "queue: an owner's name has at most %d bytes", LockMaxOwner)
	}
	s := &taking{queueTx: q, owner: owner, lease: lease, left: int(most)}
	for _, name := range names {
		if err := checkNamespace(name); err != nil {
			return nil, err
		}
		if o, err := q.queue(name, nil); err == nil {
			s.from(o)
		}
	}
	b := abi.AppendInt(abi.AppendArray(nil, 1+4*s.taken), s.after)
	return append(b, s.jobs...), nil
}

// taking is a QueueTake under way.
type taking struct {
	*queueTx
	owner       string
	lease       int64
	left, taken int
	jobs        []byte
	after       int64 // ms until a rate allows more; 0: no rate is in the way
}

// from takes jobs from q until there are enough, or no more may be taken.
func (s *taking) from(q *queueOf) {
	for level := 0; level < queueLevels && !q.Paused; level++ {
		for q.ring[level] > 0 {
			n := s.allowed(q)
			if n == 0 {
				return
			}
			first, groups := uint64(0), []string(nil)
			q.tx.Scan(q.ringKey(level, q.heads[level]), Prefix(q.at('t', []byte{byte(level)})), func(k, v []byte) bool {
				if groups == nil {
					first = binary.BigEndian.Uint64(k[len(k)-8:])
				}
				groups = append(groups, string(v))
				return len(groups) < n
			})
			if len(groups) == 0 {
				return
			}
			q.heads[level] = first
			each := 1
			if q.ring[level] == 1 && !q.Serial {
				each = n
			}
			for _, group := range groups {
				s.line(q, level, group, each)
			}
		}
	}
}

// allowed is how many jobs of q may be taken now.
func (s *taking) allowed(q *queueOf) int {
	n := s.left
	if q.Limit > 0 {
		n = min(n, int(max(q.Limit, q.Running)-q.Running))
	}
	if q.Rate > 0 && n > 0 {
		now, each, most := s.tx.now*1000, q.Period*1000/int64(q.Rate), q.Period*1000
		if each == 0 {
			return n // more than a job in a µs
		}
		room := now + most - max(q.arrival, now)
		if n = min(n, int(room/each)); n == 0 {
			if wait := (each - room + 999) / 1000; s.after == 0 || wait < s.after {
				s.after = wait
			}
		}
	}
	return n
}

// line takes up to n jobs from the front of a group, which is in the ring.
func (s *taking) line(q *queueOf, level int, group string, n int) {
	g := q.group(level, group)
	if g.turn == 0 {
		return
	}
	type found struct {
		id  uint64
		run jobRun
	}
	var list []found
	q.tx.Scan(q.waitKey(level, group, BE(g.head)), Prefix(q.waitKey(level, group, nil)), func(k, v []byte) bool {
		run := decodeRun(append([]byte(nil), v...))
		list = append(list, found{binary.BigEndian.Uint64(k[len(k)-8:]), run})
		return len(list) < n
	})
	for _, f := range list {
		q.tx.Delete(q.waitKey(level, group, BE(f.id)))
		q.Ready--
		g.waiting--
		g.head = f.id + 1
		if j, ok := s.job(f.id); ok {
			j.jobRun = f.run
			s.start(j)
			if q.Serial {
				g.blocked = j.id
			}
		}
	}
	if g.waiting > 0 && q.ring[level] > 1 { // to the back of the ring
		q.tx.Delete(q.ringKey(level, g.turn))
		q.ring[level]--
		g.turn = 0
	}
	q.put(level, group, g)
}

func (s *taking) start(j *jobOf) {
	q := j.queue
	if q.Rate > 0 {
		q.arrival = max(q.arrival, s.tx.now*1000) + q.Period*1000/int64(q.Rate)
	}
	j.Attempts++
	j.Token, j.Owner, j.Started = s.tx.UniqueID(), s.owner, s.tx.now
	j.At = s.tx.now + cmp.Or(s.lease, j.spec.timeout())
	j.enter(JobRunning)
	s.jobs = abi.AppendUint(abi.AppendUint(s.jobs, j.id), j.Token)
	s.jobs = abi.AppendInt(abi.AppendUint(s.jobs, j.Attempts), j.At)
	s.left--
	s.taken++
}
