package state

import (
	"cmp"
	"encoding/binary"
	"strconv"

	"github.com/cespare/xxhash/v2"
	"github.com/stackhost/stackhost/abi"
)

// QueueEvents is the namespace of a queue's events: the key "ready" when jobs became ready, and a job's id, in decimal, with its state
// when it is finished or tells how far it is.
func QueueEvents(queue string) string { return "queue:" + queue }

// queueTx is a command under way: the queues that it has opened.
type queueTx struct {
	tx   *Tx
	open []*queueOf
}

func applyQueue(tx *Tx, op byte, args []byte) (reply []byte, err error) {
	q := &queueTx{tx: tx}
	t := openTuple(args)
	switch op {
	case OpQueueEnqueue:
		reply, err = q.enqueue(&t)
	case OpQueueTake:
		reply, err = q.take(&t)
	case OpQueueBeat, OpQueueDone, OpQueueFail, OpQueueRelease:
		reply, err = q.receipt(op, &t)
	case OpQueueCancel:
		id := t.uint()
		if err = t.end(); err == nil {
			reply, err = q.cancel(id)
		}
	case OpQueueRetry, OpQueueDiscard:
		each := QueueRetry{Job: t.uint(), Queue: t.str(), Limit: t.uint()}
		if err = t.end(); err == nil {
			reply, err = q.each(op, each)
		}
	case OpQueueConfigure:
		c := QueueConfigure{Queue: t.str(), Set: t.uint(), QueueConfig: t.queueConfig()}
		if err = t.end(); err == nil {
			err = q.configure(&c)
		}
	case OpQueueBatchBegin:
		spec := t.bin()
		if err = t.end(); err == nil {
			reply, err = q.begin(spec)
		}
	case OpQueueBatchSeal:
		id := t.uint()
		if err = t.end(); err == nil {
			err = q.seal(id)
		}
	case OpQueueDrop:
		name := t.str()
		if err = t.end(); err == nil {
			err = q.drop(name)
		}
	default:
		err = abi.Errorf(abi.CodeUnsupported, "queue: no command %d in this version", op)
	}
	if err != nil {
		return nil, err
	}
	q.save()
	return reply, nil
}

func (q *queueTx) save() {
	for _, o := range q.open {
		o.save()
	}
}

// queue opens a queue. create, which charges for it, is for one that there may not be yet.
func (q *queueTx) queue(name string, create func(tx *Tx, bytes, keys int64) error) (*queueOf, error) {
	for _, o := range q.open {
		if o.name == name {
			return o, nil
		}
	}
	if err := checkNamespace(name); err != nil {
		return nil, err
	}
	o := &queueOf{tx: q.tx, name: name}
	o.key = o.at('n')
	v, ok := q.tx.Get(o.key)
	switch {
	case ok:
		o.decode(v)
	case create == nil:
		return nil, abi.Errorf(abi.CodeNotFound, "queue: there is no queue %q: it begins with its first job", name)
	default:
		if err := create(q.tx, queueSize(name), 1); err != nil {
			return nil, err
		}
		q.tx.Set(q.tx.Key(FamilyQueue, "", []byte{'q'}, []byte(name)), nil)
	}
	q.open = append(q.open, o)
	return o, nil
}

func queueSize(name string) int64 { return int64(len(name)) + jobOverhead }

// jobOf is a job during a command.
type jobOf struct {
	id    uint64
	spec  JobSpec
	queue *queueOf
	jobRun
	state JobState
	size  int64 // that it is charged for
}

func (q *queueTx) jobKey(id uint64) []byte { return q.tx.Key(FamilyQueue, "", []byte{'j'}, BE(id)) }

func encodeJob(created int64, spec []byte) []byte {
	b := abi.AppendInt(abi.AppendArray(make([]byte, 0, len(spec)+16), 2), created)
	return abi.AppendBin(b, spec)
}

func decodeJob(b []byte) (created int64, spec []byte) {
	t := openTuple(b)
	return t.int(), t.bin()
}

func jobSize(spec []byte) int64 { return int64(len(spec)) + jobOverhead }

func keySize(key string) int64 { return int64(len(key)) + keyOverhead }

// job reads what was enqueued as id.
func (q *queueTx) job(id uint64) (*jobOf, bool) {
	v, ok := q.tx.Get(q.jobKey(id))
	if !ok {
		return nil, false
	}
	_, b := decodeJob(v)
	j := &jobOf{id: id, size: jobSize(b)}
	var err error
	if j.spec, err = decodeSpec(b, false); err != nil {
		return nil, false
	}
	j.queue, err = q.queue(j.spec.Queue, nil)
	return j, err == nil
}

// find reads a job and where it is.
func (q *queueTx) find(id uint64) (*jobOf, error) {
	if j, ok := q.job(id); ok {
		for _, j.state = range [...]JobState{JobRunning, JobReady, JobDelayed, JobDead, JobDone, JobCancelled} {
			if v, ok := q.tx.Get(j.key(j.state)); ok {
				j.jobRun = decodeRun(v)
				return j, nil
			}
		}
	}
	return nil, abi.Errorf(abi.CodeNotFound, "queue: there is no job %d: it may be finished, and not kept", id)
}

// key is the one whose value is the run of the job in that state.
func (j *jobOf) key(state JobState) []byte {
	if state == JobReady {
		return j.queue.waitKey(j.queue.level(&j.spec), j.spec.Group, BE(j.id))
	}
	return j.queue.at(byte(state), BE(j.id))
}

// leave takes the job out of its state.
func (j *jobOf) leave() {
	q := j.queue
	if j.state == JobReady {
		q.withdraw(j)
		return
	}
	key := j.key(j.state)
	q.tx.Delete(key)
	if j.At > 0 {
		q.tx.ClearTimer(j.At, FamilyQueue, key)
	}
	*q.count(j.state)--
	q.dirty = true
	q.woken = q.woken || j.state == JobRunning && q.Limit > 0 && q.Ready > 0
}

// enter puts the job into a state that is not JobReady.
func (j *jobOf) enter(state JobState) {
	q, key := j.queue, j.key(state)
	j.state = state
	q.tx.Set(key, j.append())
	if j.At > 0 {
		q.tx.SetTimer(j.At, FamilyQueue, key)
	}
	*q.count(state)++
	q.dirty = true
}

// ready puts the job where workers take it from.
func (j *jobOf) ready() {
	j.At, j.Token, j.Owner, j.Started, j.Progress, j.Text, j.Cancel, j.Finished = 0, 0, "", 0, 0, "", false, 0
	j.state = JobReady
	j.queue.push(j)
}

func (j *jobOf) tell(state JobState) {
	tx := j.queue.tx
	tx.Emit(Event{Tenant: tx.tenant, Namespace: QueueEvents(j.spec.Queue), Key: strconv.AppendUint(nil, j.id, 10), Value: []byte(state.String()), Version: tx.UniqueID()})
}

func (q *queueTx) enqueue(t *tuple) ([]byte, error) {
	if !t.has() {
		return nil, abi.Errorf(abi.CodeInvalid, "queue: no jobs")
	}
	n := t.d.Array()
	if n == 0 || n > QueueMaxEnqueue {
		return nil, abi.Errorf(abi.CodeLimit, "queue: 1 to %d jobs at a time, not %d", QueueMaxEnqueue, n)
	}
	specs := make([][]byte, n)
	for i := range specs {
		specs[i] = t.d.Bin()
	}
	t.d.Leave()
	if err := t.end(); err != nil {
		return nil, err
	}
	reply := abi.AppendArray(make([]byte, 0, 5+12*n), 2*n)
	for _, b := range specs {
		if len(b) > JobMaxSpec {
			return nil, abi.Errorf(abi.CodeLimit, "queue: a job with all that belongs to it has at most %d bytes, not %d", JobMaxSpec, len(b))
		}
		spec, err := decodeSpec(b, false)
		if err == nil {
			err = spec.check()
		}
		if err != nil {
			return nil, err
		}
		if _, ok := q.batch(spec.Batch); spec.Batch != 0 && !ok {
			return nil, noBatch(spec.Batch)
		}
		id, existed, err := q.add(&spec, b, charge)
		if err != nil {
			return nil, err
		}
		reply = abi.AppendBool(abi.AppendUint(reply, id), existed)
	}
	return reply, nil
}

// add adds one job; b is its encoding. With account for charge it does not fail.
func (q *queueTx) add(spec *JobSpec, b []byte, charge func(tx *Tx, bytes, keys int64) error) (id uint64, existed bool, err error) {
	o, err := q.queue(spec.Queue, charge)
	if err != nil {
		return 0, false, err
	}
	for _, k := range []struct {
		kind byte
		key  string
	}{{'i', spec.Idempotency}, {'u', spec.Unique}} {
		if id, ok := o.keyHolder(k.kind, k.key); ok {
			return id, true, nil
		}
	}
	q.join(spec.Batch)
	j := &jobOf{id: q.tx.UniqueID(), spec: *spec, queue: o, size: jobSize(b)}
	bytes, keys := j.size, int64(1)
	if spec.Idempotency != "" {
		o.hold('i', spec.Idempotency, j.id, q.tx.now+QueueIdempotency)
		bytes, keys = bytes+keySize(spec.Idempotency), keys+1
	}
	if spec.Unique != "" {
		o.holdUnique(j)
		bytes, keys = bytes+keySize(spec.Unique), keys+1
	}
	if err := charge(q.tx, bytes, keys); err != nil {
		return 0, false, err
	}
	q.tx.Set(q.jobKey(j.id), encodeJob(q.tx.now, b))
	if spec.Due > q.tx.now {
		j.At = min(spec.Due, q.tx.now+JobMaxDelay)
		j.enter(JobDelayed)
	} else {
		j.ready()
	}
	return j.id, false, nil
}

// keyHolder returns the job that has a unique or idempotency key.
func (o *queueOf) keyHolder(kind byte, key string) (uint64, bool) {
	if key == "" {
		return 0, false
	}
	v, ok := o.tx.Get(o.at(kind, []byte(key)))
	if !ok {
		return 0, false
	}
	id, until := binary.BigEndian.Uint64(v), int64(binary.BigEndian.Uint64(v[8:]))
	return id, until == 0 || until > o.tx.now
}

// hold gives a key, which is free, to a job, until that time or, with 0, until letGo.
func (o *queueOf) hold(kind byte, key string, id uint64, until int64) {
	k := o.at(kind, []byte(key))
	if old, ok := o.tx.Get(k); ok { // it has ended, and its timer has not run
		o.tx.ClearTimer(int64(binary.BigEndian.Uint64(old[8:])), FamilyQueue, k)
		_ = charge(o.tx, -keySize(key), -1)
	}
	o.tx.Set(k, append(BE(id), BE(uint64(until))...))
	if until > 0 {
		o.tx.SetTimer(until, FamilyQueue, k)
	}
}

func (o *queueOf) holdUnique(j *jobOf) {
	until := int64(0)
	if j.spec.UniqueWindow > 0 {
		until = o.tx.now + j.spec.UniqueWindow
	}
	o.hold('u', j.spec.Unique, j.id, until)
}

// letGo frees the unique key of a job that is finished or dead, unless it has a window of its own.
func (o *queueOf) letGo(j *jobOf) {
	if j.spec.Unique == "" || j.spec.UniqueWindow > 0 {
		return
	}
	if id, ok := o.keyHolder('u', j.spec.Unique); ok && id == j.id {
		o.tx.Delete(o.at('u', []byte(j.spec.Unique)))
		_ = charge(o.tx, -keySize(j.spec.Unique), -1)
	}
}

func (q *queueTx) receipt(op byte, t *tuple) ([]byte, error) {
	id, token := t.uint(), t.uint()
	var beat QueueBeat
	var fail QueueFail
	var result []byte
	switch op {
	case OpQueueBeat:
		beat = QueueBeat{Lease: t.int(), Progress: t.uint(), Text: t.str()}
	case OpQueueDone:
		result = t.bin()
	case OpQueueFail:
		fail = QueueFail{Error: t.str(), Delay: t.int(), Fatal: t.bool()}
	}
	if err := t.end(); err != nil {
		return nil, err
	}
	switch {
	case len(result) > JobMaxResult:
		return nil, abi.Errorf(abi.CodeLimit, "queue: a result has at most %d bytes, not %d: put it into a blob", JobMaxResult, len(result))
	case fail.Delay < -1 || fail.Delay > JobMaxDelay:
		return nil, abi.Errorf(abi.CodeInvalid, "queue: a job waits at most %d ms for its next try", JobMaxDelay)
	case beat.Lease != 0 && (beat.Lease < JobMinTimeout || beat.Lease > JobMaxTimeout):
		return nil, abi.Errorf(abi.CodeInvalid, "queue: a lease lasts %d ms to %d ms, not %d", JobMinTimeout, JobMaxTimeout, beat.Lease)
	case beat.Progress > JobProgress:
		return nil, abi.Errorf(abi.CodeInvalid, "queue: progress is 0 to %d, not %d", JobProgress, beat.Progress)
	}
	j, err := q.find(id)
	if err == nil && (j.state != JobRunning || j.Token != token || j.At <= q.tx.now) {
		err = abi.Errorf(abi.CodeConflict, "queue: job %d is not under way with that token any more: stop its work", id)
	}
	if err != nil {
		return nil, err
	}
	j.leave()
	switch op {
	case OpQueueBeat:
		told := j.Progress != beat.Progress || j.Text != beat.Text
		j.Progress, j.Text = beat.Progress, cut(beat.Text, JobMaxText)
		j.At = q.tx.now + cmp.Or(beat.Lease, j.spec.timeout())
		if j.enter(JobRunning); told {
			j.tell(JobRunning)
		}
		return abi.AppendBool(abi.AppendInt(abi.AppendArray(nil, 2), j.At), j.Cancel), nil
	case OpQueueDone:
		j.Result = result
		q.finish(j, JobDone)
	case OpQueueFail:
		q.failed(j, cut(fail.Error, JobMaxError), fail.Delay, fail.Fatal)
	case OpQueueRelease:
		if j.Attempts--; j.Cancel {
			q.finish(j, JobCancelled)
		} else {
			j.ready()
			j.queue.unblock(j)
		}
	}
	return appendCount(uint64(j.state)), nil
}

// failed ends a try of a job that has left JobRunning.
func (q *queueTx) failed(j *jobOf, text string, delay int64, fatal bool) {
	j.Error = text
	switch {
	case j.Cancel:
		q.finish(j, JobCancelled)
	case fatal || j.Attempts >= j.spec.attempts():
		q.finish(j, JobDead)
	default:
		if delay < 0 {
			delay = j.backoff()
		}
		j.Token, j.Owner, j.Progress, j.Text = 0, "", 0, ""
		j.At = q.tx.now + max(delay, 1)
		j.enter(JobDelayed)
	}
}

// backoff is how long the job waits in ms after its last try, twice as long after each, give or take a fifth so that jobs that failed
// together are not tried together.
func (j *jobOf) backoff() int64 {
	most := cmp.Or(j.spec.BackoffMax, defaultBackoffMax)
	wait := cmp.Or(j.spec.Backoff, defaultBackoff)
	for n := uint64(1); n < j.Attempts && wait < most; n++ {
		wait *= 2
	}
	wait = min(wait, most)
	draw := int64(xxhash.Sum64(append(BE(j.id), BE(j.Attempts)...)) % 401) // of thousandths
	return wait + wait*(draw-200)/1000
}

// finish ends a job that has left its state.
func (q *queueTx) finish(j *jobOf, state JobState) {
	o := j.queue
	o.letGo(j)
	o.unblock(j)
	if j.At, j.Token, j.Finished = 0, 0, q.tx.now; j.spec.Keep > 0 && state != JobDead {
		j.At = q.tx.now + j.spec.Keep
	}
	if state != JobDone || j.At == 0 {
		j.Result = nil
	}
	if state == JobDead || j.At > 0 {
		_ = account(q.tx, int64(len(j.Result)), 0)
		j.enter(state)
	} else {
		j.state = state
		q.forget(j)
	}
	j.tell(state)
	if state == JobDone && len(j.spec.Next) > 0 {
		next := j.spec.Next[0]
		next.Next = j.spec.Next[1:]
		_, _, _ = q.add(&next, next.append(nil), account)
	}
	q.finished(j.spec.Batch, state, 1)
}

// forget removes a job that is in no state any more.
func (q *queueTx) forget(j *jobOf) {
	q.tx.Delete(q.jobKey(j.id))
	_ = charge(q.tx, -j.size-int64(len(j.Result)), -1)
}

func (q *queueTx) cancel(id uint64) ([]byte, error) {
	j, err := q.find(id)
	if err != nil {
		return nil, err
	}
	switch j.state {
	case JobReady, JobDelayed:
		j.leave()
		q.finish(j, JobCancelled)
	case JobRunning:
		j.Cancel = true
		q.tx.Set(j.key(JobRunning), j.append())
		j.tell(JobRunning)
	}
	return appendCount(uint64(j.state)), nil
}

// each retries or discards one job or dead ones of a queue.
func (q *queueTx) each(op byte, e QueueRetry) ([]byte, error) {
	one := q.retry
	if op == OpQueueDiscard {
		one = q.discard
	}
	if e.Job != 0 {
		j, err := q.find(e.Job)
		if err == nil {
			err = one(j)
		}
		return appendCount(1), err
	}
	if e.Limit == 0 || e.Limit > QueueMaxEach {
		return nil, abi.Errorf(abi.CodeLimit, "queue: 1 to %d jobs at a time, not %d", QueueMaxEach, e.Limit)
	}
	o, err := q.queue(e.Queue, nil)
	if err != nil {
		return nil, err
	}
	var ids []uint64
	from := o.at(byte(JobDead))
	q.tx.Scan(from, Prefix(from), func(k, _ []byte) bool {
		ids = append(ids, binary.BigEndian.Uint64(k[len(k)-8:]))
		return uint64(len(ids)) < e.Limit
	})
	done := uint64(0)
	for _, id := range ids {
		j, err := q.find(id)
		if err == nil && one(j) == nil { // a job whose unique key another one has stays dead
			done++
		}
	}
	return appendCount(done), nil
}

func (q *queueTx) retry(j *jobOf) error {
	if j.state != JobDead && j.state != JobCancelled {
		return abi.Errorf(abi.CodeConflict, "queue: job %d is %s: only a dead or cancelled one can be tried again", j.id, j.state)
	}
	if j.spec.Unique != "" && j.spec.UniqueWindow == 0 {
		if other, ok := j.queue.keyHolder('u', j.spec.Unique); ok {
			return abi.Errorf(abi.CodeConflict, "queue: job %d has the unique key of job %d by now", other, j.id)
		}
		if err := charge(q.tx, keySize(j.spec.Unique), 1); err != nil {
			return err
		}
		j.queue.holdUnique(j)
	}
	q.finished(j.spec.Batch, j.state, -1)
	j.leave()
	j.Attempts = 0
	j.ready()
	return nil
}

func (q *queueTx) discard(j *jobOf) error {
	if j.state == JobRunning {
		return abi.Errorf(abi.CodeConflict, "queue: job %d is under way: cancel it first", j.id)
	}
	waits := j.state == JobReady || j.state == JobDelayed
	j.leave()
	if j.queue.letGo(j); waits {
		j.queue.unblock(j)
		q.finished(j.spec.Batch, JobCancelled, 1)
	}
	q.forget(j)
	return nil
}

func (q *queueTx) configure(c *QueueConfigure) error {
	switch {
	case c.Set&QueueSetRate != 0 && c.Rate > 0 && (c.Period < 1 || c.Period > JobMaxTimeout || c.Rate > 1_000_000):
		return abi.Errorf(abi.CodeInvalid, "queue: a rate is up to 1000000 jobs in 1 to %d ms", JobMaxTimeout)
	case c.Set >= 2*QueueSetSerial:
		return abi.Errorf(abi.CodeUnsupported, "queue: a setting that this version does not know")
	}
	o, err := q.queue(c.Queue, charge)
	if err != nil {
		return err
	}
	if c.Set&QueueSetSerial != 0 && c.Serial != o.Serial && o.Ready+o.Delayed+o.Running > 0 {
		return abi.Errorf(abi.CodeConflict, "queue: %q has jobs; it can become serial, or stop to be, while it has none that wait or run", c.Queue)
	}
	if c.Set&QueueSetPaused != 0 {
		o.Paused = c.Paused
	}
	if c.Set&QueueSetLimit != 0 {
		o.Limit = c.Limit
	}
	if c.Set&QueueSetRate != 0 {
		o.Rate, o.Period, o.arrival = c.Rate, c.Period, 0
	}
	if c.Set&QueueSetSerial != 0 {
		o.Serial = c.Serial
	}
	o.dirty = true
	o.woken = o.Ready > 0
	return nil
}

func (q *queueTx) drop(name string) error {
	o, err := q.queue(name, nil)
	if err != nil {
		return err
	}
	if n := o.Ready + o.Delayed + o.Running + o.Done + o.Dead + o.Cancelled; n > 0 {
		return abi.Errorf(abi.CodeConflict, "queue: %q has %d jobs: cancel or discard them first", name, n)
	}
	q.tx.Delete(o.key)
	q.tx.Delete(q.tx.Key(FamilyQueue, "", []byte{'q'}, []byte(name)))
	o.dirty, o.woken = false, false
	return charge(q.tx, -queueSize(name), -1)
}

func expireQueue(tx *Tx, ref []byte) {
	namespace, rest, ok := onBehalfOf(tx, ref)
	if !ok || len(rest) == 0 {
		return
	}
	q := &queueTx{tx: tx}
	switch kind := rest[0]; kind {
	case 'u', 'i':
		if v, ok := tx.Get(ref); ok && len(v) == 16 && int64(binary.BigEndian.Uint64(v[8:])) <= tx.now {
			tx.Delete(ref)
			_ = charge(tx, -keySize(string(rest[1:])), -1)
		}
	case 'b':
		if len(rest) == 9 && namespace == "" {
			_ = q.seal(binary.BigEndian.Uint64(rest[1:]))
		}
	case byte(JobDelayed), byte(JobRunning), byte(JobDone), byte(JobCancelled):
		v, ok := tx.Get(ref)
		if !ok || len(rest) != 9 {
			return
		}
		j, ok := q.job(binary.BigEndian.Uint64(rest[1:]))
		if !ok {
			return
		}
		j.jobRun, j.state = decodeRun(v), JobState(kind)
		if j.At == 0 || j.At > tx.now {
			return
		}
		j.leave()
		switch j.state {
		case JobDelayed:
			j.ready()
			j.queue.unblock(j)
		case JobRunning:
			q.failed(j, "the lease ended: its node stopped, or its handler was stuck", -1, false)
		default:
			q.forget(j)
		}
	}
	q.save()
}
