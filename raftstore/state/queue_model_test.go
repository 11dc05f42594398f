package state

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/stackhost/stackhost/abi"
)

// queueModel is a naive job queue: a list of jobs, and for each level a list of the groups that take turns.
type queueModel struct {
	now    int64
	queues map[string]*modelQueue
	jobs   []*modelJob // in the order of their ids
	added  []*modelJob // by the machine itself; their ids are not known yet, but above all others
	batch  map[uint64]*modelBatch
}

type modelQueue struct {
	serial bool
	limit  int
	paused bool
	rings  map[int][]string
}

type modelJob struct {
	spec  JobSpec
	id    uint64
	state JobState // 0: gone
	at    int64
	token uint64
	tries uint64
	stop  bool
}

type modelBatch struct {
	total, ended int
	sealed       bool
	queue        string
}

func (m *queueModel) level(j *modelJob) int {
	if m.queues[j.spec.Queue].serial {
		return 0
	}
	return JobMaxPriority - int(j.spec.Priority)
}

// line are the ready jobs of a group, and whether one of a serial queue is under way.
func (m *queueModel) line(queue string, level int, group string) (ready []*modelJob, blocked bool) {
	for _, j := range m.jobs {
		if j.state == 0 || j.spec.Queue != queue || j.spec.Group != group {
			continue
		}
		switch {
		case j.state == JobReady && m.level(j) == level:
			ready = append(ready, j)
		case m.queues[queue].serial && (j.state == JobRunning || j.state == JobDelayed && j.tries > 0):
			blocked = true
		}
	}
	return ready, blocked
}

// turn keeps the ring of a job's group right.
func (m *queueModel) turn(queue string, level int, group string) {
	q := m.queues[queue]
	ready, blocked := m.line(queue, level, group)
	in := slices.Index(q.rings[level], group)
	switch may := len(ready) > 0 && !blocked; {
	case may && in < 0:
		q.rings[level] = append(q.rings[level], group)
	case !may && in >= 0:
		q.rings[level] = slices.Delete(q.rings[level], in, in+1)
	}
}

func (m *queueModel) set(j *modelJob, state JobState) {
	j.state = state
	m.turn(j.spec.Queue, m.level(j), j.spec.Group)
}

func (m *queueModel) byID(id uint64) *modelJob {
	for _, j := range m.jobs {
		if j.id == id && j.state != 0 {
			return j
		}
	}
	return nil
}

// unique is the job that has a key.
func (m *queueModel) unique(queue, key string) *modelJob {
	for _, j := range m.jobs {
		if key != "" && j.spec.Queue == queue && j.spec.Unique == key && (j.state == JobReady || j.state == JobDelayed || j.state == JobRunning) {
			return j
		}
	}
	return nil
}

func (m *queueModel) finish(j *modelJob, state JobState) {
	if j.at = 0; j.spec.Keep > 0 && state != JobDead {
		j.at = m.now + j.spec.Keep
	}
	if state != JobDead && j.at == 0 {
		m.set(j, 0)
	} else {
		m.set(j, state)
	}
	if state == JobDone && len(j.spec.Next) > 0 {
		next := j.spec.Next[0]
		next.Next = j.spec.Next[1:]
		m.follow(next)
	}
	m.ended(j.spec.Batch, 1)
}

func (m *queueModel) ended(batch uint64, n int) {
	if b := m.batch[batch]; b != nil {
		if b.ended += n; b.sealed && b.ended == b.total {
			delete(m.batch, batch)
			m.follow(JobSpec{Queue: b.queue, Kind: "callback", Priority: 5})
		}
	}
}

func (m *queueModel) failed(j *modelJob, delay int64, fatal bool) {
	switch {
	case j.stop:
		m.finish(j, JobCancelled)
	case fatal || j.tries >= j.spec.attempts():
		m.finish(j, JobDead)
	default:
		if delay < 0 {
			delay = (&jobOf{id: j.id, spec: j.spec, jobRun: jobRun{Attempts: j.tries}}).backoff()
		}
		j.at = m.now + max(delay, 1)
		m.set(j, JobDelayed)
	}
}

func (m *queueModel) take(queue string, left *int) (taken []*modelJob) {
	q := m.queues[queue]
	for level := 0; level < queueLevels && !q.paused; level++ {
		for len(q.rings[level]) > 0 {
			running := 0
			for _, j := range m.jobs {
				if j.state == JobRunning && j.spec.Queue == queue {
					running++
				}
			}
			if *left == 0 || q.limit > 0 && running >= q.limit {
				return taken
			}
			group := q.rings[level][0]
			ready, _ := m.line(queue, level, group)
			j := ready[0]
			j.tries++
			j.at = m.now + j.spec.timeout()
			m.set(j, JobRunning)
			if ring := q.rings[level]; len(ring) > 1 && ring[0] == group {
				q.rings[level] = append(ring[1:], group)
			}
			taken = append(taken, j)
			*left--
		}
	}
	return taken
}

// tick does what is due, in the order of time and key.
func (m *queueModel) tick() {
	due := slices.DeleteFunc(slices.Clone(m.jobs), func(j *modelJob) bool {
		return j.state == 0 || j.state == JobReady || j.at == 0 || j.at > m.now
	})
	sort.SliceStable(due, func(a, b int) bool {
		x, y := due[a], due[b]
		if x.at != y.at {
			return x.at < y.at
		}
		return fmt.Sprint(x.spec.Queue, string(x.state)) < fmt.Sprint(y.spec.Queue, string(y.state))
	})
	for _, j := range due {
		switch j.state {
		case JobDelayed:
			j.at = 0
			m.set(j, JobReady)
		case JobRunning:
			m.failed(j, -1, false)
		default:
			m.set(j, 0)
		}
	}
}

func TestQueueModel(t *testing.T) {
	random := newRandom(t)
	ops := 4_000
	if testing.Short() {
		ops = 1_000
	}
	s, again := newScriptRun(), newScriptRun()
	m := &queueModel{queues: map[string]*modelQueue{}, batch: map[uint64]*modelBatch{}}
	names := []string{"plain", "serial", "limited"}
	configure := func(c QueueConfigure) Command { return c.Command("shop") }
	for _, c := range []Command{
		configure(QueueConfigure{Queue: "plain", Set: QueueSetPaused}),
		configure(QueueConfigure{Queue: "serial", Set: QueueSetSerial, QueueConfig: QueueConfig{Serial: true}}),
		configure(QueueConfigure{Queue: "limited", Set: QueueSetLimit, QueueConfig: QueueConfig{Limit: 3}}),
	} {
		for _, r := range []*scriptRun{s, again} {
			if _, _, err := r.do(c); err != nil {
				t.Fatal(err)
			}
		}
	}
	m.queues["plain"] = &modelQueue{rings: map[int][]string{}}
	m.queues["serial"] = &modelQueue{serial: true, rings: map[int][]string{}}
	m.queues["limited"] = &modelQueue{limit: 3, rings: map[int][]string{}}

	pick := func(list []*modelJob) *modelJob {
		if len(list) == 0 || random.IntN(20) == 0 {
			return &modelJob{id: 1, token: 1}
		}
		return list[random.IntN(len(list))]
	}
	in := func(states ...JobState) (list []*modelJob) {
		for _, j := range m.jobs {
			if slices.Contains(states, j.state) {
				list = append(list, j)
			}
		}
		return list
	}
	for i := range ops {
		if random.IntN(4) == 0 {
			s.now += random.Int64N(1500)
		}
		m.now, again.now = s.now, s.now
		var c Command
		before := m.newest()
		var check func(reply []byte, err error) error
		state := func(j *modelJob, want JobState) func([]byte, error) error {
			return func(reply []byte, err error) error {
				if got, _ := DecodeJobState(reply); err != nil || got != want && want != 0 {
					return fmt.Errorf("job %s is %s, %v, want %s", showID(j.id), got, err, want)
				}
				return nil
			}
		}
		code := func(want abi.Code) func([]byte, error) error {
			return func(_ []byte, err error) error {
				var e *abi.Error
				if !errors.As(err, &e) || e.Code != want {
					return fmt.Errorf("%v, want %v", err, want)
				}
				return nil
			}
		}
		held := func(j *modelJob) (func([]byte, error) error, bool) {
			switch {
			case m.byID(j.id) == nil:
				return code(abi.CodeNotFound), false
			case j.state != JobRunning || j.at <= m.now:
				return code(abi.CodeConflict), false
			}
			return nil, true
		}
		ok := false
		switch op := random.IntN(100); {
		case op < 22:
			specs := make([]JobSpec, 1+random.IntN(2))
			for n := range specs {
				specs[n] = JobSpec{
					Queue: names[random.IntN(3)], Kind: fmt.Sprint("k", i, "-", n), Priority: uint64(4 + random.IntN(3)),
					Group: fmt.Sprint("g", random.IntN(4)), MaxAttempts: uint64(random.IntN(4)), Timeout: 1000 + random.Int64N(3000),
					Backoff: 100 + random.Int64N(2000),
				}
				if random.IntN(3) == 0 {
					specs[n].Due = m.now + random.Int64N(5000)
				}
				if random.IntN(3) == 0 {
					specs[n].Keep = 1 + random.Int64N(5000)
				}
				if random.IntN(4) == 0 {
					specs[n].Unique = fmt.Sprint("u", random.IntN(5))
				}
				if random.IntN(6) == 0 {
					specs[n].Next = []JobSpec{{Queue: "plain", Kind: "next", Priority: 5}, {Queue: "serial", Kind: "next", Priority: 5, Unique: "u0"}}
				}
				if random.IntN(4) == 0 {
					for id := range m.batch {
						specs[n].Batch = max(specs[n].Batch, id)
					}
				}
			}
			c = QueueEnqueue{specs}.Command("shop")
			check = func(reply []byte, err error) error {
				list, err2 := DecodeEnqueued(reply)
				if err != nil || err2 != nil || len(list) != len(specs) {
					return fmt.Errorf("%v, %v, %v", list, err, err2)
				}
				for n, e := range list {
					if other := m.unique(specs[n].Queue, specs[n].Unique); e.Existed != (other != nil) || other != nil && other.id != e.ID {
						return fmt.Errorf("%+v: existed %t", specs[n], e.Existed)
					}
					if !e.Existed {
						m.add(specs[n], e.ID)
					}
				}
				return nil
			}
		case op < 45:
			list := []string{names[random.IntN(3)], names[random.IntN(3)]}
			left := 1 + random.IntN(5)
			c = QueueTake{Queues: list, Owner: "me", Max: uint64(left)}.Command("shop")
			var want []*modelJob
			for _, name := range list {
				want = append(want, m.take(name, &left)...)
			}
			check = func(reply []byte, err error) error {
				got, _, _ := DecodeTaken(reply)
				if err != nil || len(got) != len(want) {
					return fmt.Errorf("took %d, want %d: %v", len(got), len(want), err)
				}
				for n, j := range want {
					if j.token = got[n].Token; got[n].ID != j.id || got[n].Attempts != j.tries || got[n].Expires != j.at {
						return fmt.Errorf("took %+v, want %+v", got[n], *j)
					}
				}
				return nil
			}
		case op < 65:
			j := pick(in(JobRunning))
			c = QueueDone{j.id, j.token, nil}.Command("shop")
			if check, ok = held(j); ok {
				m.finish(j, JobDone)
				check = state(j, JobDone)
			}
		case op < 75:
			j := pick(in(JobRunning))
			delay := random.Int64N(2000) - 1000
			fatal := random.IntN(4) == 0
			c = QueueFail{j.id, j.token, "no", max(delay, -1), fatal}.Command("shop")
			if check, ok = held(j); ok {
				m.failed(j, delay, fatal)
				check = state(j, j.state)
			}
		case op < 79:
			j := pick(in(JobRunning))
			c = QueueRelease{j.id, j.token}.Command("shop")
			if check, ok = held(j); ok {
				if j.tries--; j.stop {
					m.finish(j, JobCancelled)
				} else {
					j.at = 0
					m.set(j, JobReady)
				}
				check = state(j, j.state)
			}
		case op < 82:
			j := pick(in(JobRunning))
			c = QueueBeat{Job: j.id, Token: j.token}.Command("shop")
			if check, ok = held(j); ok {
				j.at = m.now + j.spec.timeout()
				check = func(reply []byte, err error) error {
					if b, _ := DecodeBeat(reply); err != nil || b.Expires != j.at || b.Cancelled != j.stop {
						return fmt.Errorf("%+v, %v, want %+v", b, err, *j)
					}
					return nil
				}
			}
		case op < 87:
			j := pick(m.jobs)
			c = QueueCancel{j.id}.Command("shop")
			if check = code(abi.CodeNotFound); m.byID(j.id) != nil {
				switch j.state {
				case JobReady, JobDelayed:
					m.finish(j, JobCancelled)
				case JobRunning:
					j.stop = true
				}
				check = state(j, j.state)
			}
		case op < 90:
			j := pick(in(JobDead, JobCancelled, JobReady))
			c = QueueRetry{Job: j.id}.Command("shop")
			switch {
			case m.byID(j.id) == nil:
				check = code(abi.CodeNotFound)
			case j.state == JobReady, m.unique(j.spec.Queue, j.spec.Unique) != nil:
				check = code(abi.CodeConflict)
			default:
				m.ended(j.spec.Batch, -1)
				j.at, j.tries, j.stop = 0, 0, false
				m.set(j, JobReady)
				check = state(j, 0)
			}
		case op < 92:
			j := pick(in(JobDead, JobDelayed, JobRunning, JobReady, JobDone))
			c = QueueDiscard{Job: j.id}.Command("shop")
			switch {
			case m.byID(j.id) == nil:
				check = code(abi.CodeNotFound)
			case j.state == JobRunning:
				check = code(abi.CodeConflict)
			default:
				waits := j.state == JobReady || j.state == JobDelayed
				if m.set(j, 0); waits {
					m.ended(j.spec.Batch, 1)
				}
				check = state(j, 0)
			}
		case op < 94:
			name := names[random.IntN(3)]
			paused := random.IntN(4) == 0
			m.queues[name].paused = paused
			c = configure(QueueConfigure{Queue: name, Set: QueueSetPaused, QueueConfig: QueueConfig{Paused: paused}})
			check = state(&modelJob{}, 0)
		case op < 95 && len(m.batch) < 3:
			queue := names[random.IntN(3)]
			c = QueueBatchBegin{JobSpec{Queue: queue, Kind: "callback", Priority: 5}}.Command("shop")
			check = func(reply []byte, err error) error {
				id, _ := DecodeCount(reply)
				m.batch[id] = &modelBatch{queue: queue}
				return err
			}
		case op < 97 && len(m.batch) > 0:
			var id uint64
			for b := range m.batch {
				id = max(id, b)
			}
			m.batch[id].sealed = true
			m.ended(id, 0)
			c, check = QueueBatchSeal{id}.Command("shop"), state(&modelJob{}, 0)
		default:
			m.tick()
			c, check = Command{Family: FamilySystem, Op: OpTick}, state(&modelJob{}, 0)
		}
		payload, _, err := s.do(c)
		if _, _, err2 := again.do(c); fmt.Sprint(err) != fmt.Sprint(err2) {
			t.Fatalf("op %d: two machines answer %v and %v", i, err, err2)
		}
		if err := check(payload, err); err != nil {
			t.Fatalf("op %d, queue command %d: %v", i, c.Op, err)
		}
		if len(m.added) > 0 {
			m.adopt(t, s.view(), before)
		}
		if i%5 == 0 || i > ops-100 {
			m.compare(t, i, s.view())
		}
		if i%50 == 0 {
			if err := s.check(); err != nil {
				t.Fatalf("op %d: %v", i, err)
			}
			m.jobs = slices.DeleteFunc(m.jobs, func(j *modelJob) bool { return j.state == 0 })
		}
	}
	sameState(t, s, again)
}

func (m *queueModel) newest() uint64 {
	if len(m.jobs) == 0 {
		return 0
	}
	return m.jobs[len(m.jobs)-1].id
}

func (m *queueModel) add(spec JobSpec, id uint64) *modelJob {
	j := &modelJob{spec: spec, id: id}
	m.jobs = append(m.jobs, j)
	slices.SortFunc(m.jobs, func(a, b *modelJob) int { return cmp.Compare(a.id, b.id) })
	if b := m.batch[spec.Batch]; b != nil {
		b.total++
	}
	if spec.Due > m.now {
		j.at = spec.Due
		m.set(j, JobDelayed)
	} else {
		m.set(j, JobReady)
	}
	return j
}

// follow adds a job after another one's end, unless a job has its unique key.
func (m *queueModel) follow(spec JobSpec) {
	if m.unique(spec.Queue, spec.Unique) == nil {
		m.added = append(m.added, m.add(spec, math.MaxUint64-1000+uint64(len(m.added))))
	}
}

// adopt finds the ids of the jobs that the machine added after before, which must be those that were to be added, in that order.
func (m *queueModel) adopt(t *testing.T, v *View, before uint64) {
	t.Helper()
	var ids []uint64
	from := Key(FamilyQueue, 0, "shop", "", []byte{'j'})
	v.Scan(append(from, BE(before+1)...), Prefix(from), func(k, _ []byte) bool {
		ids = append(ids, bigEndian(k[len(from):]))
		return true
	})
	if len(ids) != len(m.added) {
		t.Fatalf("%d jobs were added, want %d", len(ids), len(m.added))
	}
	for i, j := range m.added {
		if got, _, _ := QueueSpec(v, 0, "shop", ids[i]); got.Queue != j.spec.Queue || got.Kind != j.spec.Kind {
			t.Fatalf("%+v was added, want %+v", got, j.spec)
		}
		j.id = ids[i]
	}
	m.added = nil
}

func (m *queueModel) compare(t *testing.T, op int, v *View) {
	t.Helper()
	var want, got strings.Builder
	for _, j := range m.jobs {
		if j.state != 0 {
			fmt.Fprintln(&want, showID(j.id), j.spec.Queue, j.state, j.at, j.tries)
		}
	}
	from := Key(FamilyQueue, 0, "shop", "", []byte{'j'})
	v.Scan(from, Prefix(from), func(k, _ []byte) bool {
		j, ok := QueueJob(v, 0, "shop", bigEndian(k[len(from):]))
		fmt.Fprintln(&got, showID(j.ID), j.Queue, j.State, j.At, j.Attempts)
		return ok
	})
	if want.String() != got.String() {
		t.Fatalf("op %d: jobs are\n%swant\n%s", op, got.String(), want.String())
	}
}
