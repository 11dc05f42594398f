package state

import (
	"cmp"
	"unicode/utf8"

	"github.com/stackhost/stackhost/abi"
)

// Commands of the queue family. Their arguments are the types of the same name.
const (
	OpQueueEnqueue    = 1
	OpQueueTake       = 2
	OpQueueBeat       = 3
	OpQueueDone       = 4
	OpQueueFail       = 5
	OpQueueRelease    = 6
	OpQueueCancel     = 7
	OpQueueRetry      = 8
	OpQueueDiscard    = 9
	OpQueueConfigure  = 10
	OpQueueBatchBegin = 11
	OpQueueBatchSeal  = 12
	OpQueueDrop       = 13
)

// Limits of queues. Times are in ms.
const (
	JobMaxKind     = 128 // bytes
	JobMaxPayload  = 256 << 10
	JobMaxGroup    = 255 // bytes
	JobMaxKey      = 255 // bytes of a unique or idempotency key
	JobMaxHeaders  = 32
	JobMaxSpec     = 512 << 10 // bytes of a job with its headers and those that come next
	JobMaxPriority = 9
	JobMaxAttempts = 100
	JobMaxTimeout  = 24 * 60 * 60 * 1000
	JobMinTimeout  = 1000
	JobMaxKeep     = 90 * 24 * 60 * 60 * 1000
	JobMaxDelay    = 366 * 24 * 60 * 60 * 1000
	JobMaxResult   = 64 << 10
	JobMaxError    = 4 << 10 // longer texts are cut
	JobMaxText     = 255     // bytes of a text about progress; longer ones are cut
	JobMaxNext     = 100     // jobs of a chain
	JobProgress    = 10_000  // of a job that is nearly done

	QueueMaxEnqueue  = 1000 // jobs in one command
	QueueMaxTake     = 256  // jobs in one command
	QueueMaxQueues   = 64   // in one command
	QueueMaxEach     = 1000 // jobs that one command retries or discards
	QueueIdempotency = 24 * 60 * 60 * 1000
	QueueBatchOpen   = 24 * 60 * 60 * 1000 // after which a batch that nobody sealed is sealed

	jobOverhead = 128 // bytes that a job, batch or queue counts besides its content
	keyOverhead = 64  // bytes that a unique or idempotency key counts besides itself

	defaultAttempts   = 10
	defaultBackoff    = 1000
	defaultBackoffMax = 60 * 60 * 1000
	defaultTimeout    = 60_000
)

// QueueFamily has queues of jobs. A worker takes a job and gets a token with a lease; who holds the current token may finish, renew or
// give back the job. A lease that ends counts as a failed try. The namespace is the queue's name, ids are UniqueIDs and rise with the log.
//
//	in the namespace "":
//	j id                        created, spec                  jobs, in whatever state
//	q name                                                     queues
//	b id                        batchOf                        batches that are not complete; B id: the callback's spec
//	in the queue's:
//	n                           queueOf                        settings and counts
//	g level #group group        groupOf                        groups with jobs that are ready; in a serial queue also with one under way
//	t level turn                group                          the ring: groups whose turn it is, the lowest first
//	w level #group group id     jobRun                         jobs that are ready; level is 9 less the priority
//	d id, r id, f id, z id, c id   jobRun                      delayed, running, done, dead, cancelled
//	u key, i key                id, until                      unique and idempotency keys
var QueueFamily = Register(&Family{ID: FamilyQueue, Name: "queue", Apply: applyQueue, Expire: expireQueue})

// JobState tells where a job is.
type JobState byte

// States of jobs. A failed job that is tried again is delayed.
const (
	JobReady     JobState = 'w'
	JobDelayed   JobState = 'd'
	JobRunning   JobState = 'r'
	JobDone      JobState = 'f'
	JobDead      JobState = 'z'
	JobCancelled JobState = 'c'
)

var jobStates = map[JobState]string{
	JobReady: "ready", JobDelayed: "delayed", JobRunning: "running", JobDone: "done", JobDead: "dead", JobCancelled: "cancelled",
}

// String is the state's name.
func (s JobState) String() string { return jobStates[s] }

// ParseJobState is the reverse of String.
func ParseJobState(name string) (JobState, bool) {
	for s, n := range jobStates {
		if n == name {
			return s, true
		}
	}
	return 0, false
}

// JobSpec is a job as it was enqueued. Zero values stand for the defaults.
type JobSpec struct {
	Queue, Kind string
	Payload     []byte
	Headers     abi.Pairs
	Priority    uint64 // 0 to 9, which is first; a serial queue ignores it
	Group       string // groups of a queue take turns; in a serial queue one job of a group runs at a time, in order
	Due         int64  // log time in ms; before it the job is delayed
	MaxAttempts uint64 // 10
	// A job that failed n times waits Backoff·2^(n-1), 1 s, at most BackoffMax, 1 h, give or take a fifth.
	Backoff, BackoffMax int64
	Timeout             int64 // ms of a lease; 60 s
	Keep                int64 // ms that the finished job can be seen; dead ones stay
	// Unique is a key that no other job of the queue has until this one is finished or dead; with UniqueWindow, until that many ms after it
	// was enqueued.
	Unique       string
	UniqueWindow int64
	Idempotency  string // for a day, the same key is the same job
	Batch        uint64
	Next         []JobSpec // enqueued one by one, each when the one before it is done
}

// QueueEnqueue adds jobs, all or none. The answer is for DecodeEnqueued.
type QueueEnqueue struct{ Jobs []JobSpec }

// Enqueued is the answer for one job. Existed: another job has its unique or idempotency key, and ID is that one.
type Enqueued struct {
	ID      uint64
	Existed bool
}

// QueueTake takes up to Max jobs that are ready, from the queues in their order: by priority, then the groups in turn, then the oldest.
// The answer is for DecodeTaken.
type QueueTake struct {
	Queues []string
	Owner  string // for those who look
	Max    uint64
	Lease  int64 // ms; 0: each job's timeout
}

// Taken is a job that was taken.
type Taken struct {
	ID, Token, Attempts uint64
	Expires             int64 // log time in ms
}

// QueueBeat renews the lease of a running job and tells how far it is.
type QueueBeat struct {
	Job, Token uint64
	Lease      int64  // ms; 0: the job's timeout
	Progress   uint64 // of JobProgress
	Text       string
}

// Beat is the answer to QueueBeat.
type Beat struct {
	Expires   int64 // log time in ms
	Cancelled bool  // somebody asked to stop the job
}

// QueueDone finishes a running job.
type QueueDone struct {
	Job, Token uint64
	Result     []byte // kept as long as the job
}

// QueueFail ends a try of a running job.
type QueueFail struct {
	Job, Token uint64
	Error      string
	Delay      int64 // ms until the next try; -1: by the job's back-off
	Fatal      bool  // no other try
}

// QueueRelease gives a running job back, as if it had not been taken.
type QueueRelease struct{ Job, Token uint64 }

// QueueCancel ends a job that waits; of one that runs it tells its worker with the next QueueBeat, and it is not tried again.
type QueueCancel struct{ Job uint64 }

// QueueRetry makes a dead or cancelled job ready; without Job, dead ones of Queue, the oldest first. The answer is for DecodeCount.
type QueueRetry struct {
	Job   uint64
	Queue string
	Limit uint64
}

// QueueDiscard removes a job that does not run; without Job, dead ones of Queue, the oldest first. The answer is for DecodeCount.
type QueueDiscard QueueRetry

// QueueConfig are the settings of a queue.
type QueueConfig struct {
	Paused bool   // no job is taken
	Limit  uint64 // jobs that run at once, in the whole cluster; 0: any number
	Rate   uint64 // jobs that start in Period, with that many at once after a pause; 0: any number
	Period int64  // ms
	Serial bool   // can change while no job is ready, delayed or running
}

// Settings that QueueConfigure changes.
const (
	QueueSetPaused = 1 << iota
	QueueSetLimit
	QueueSetRate
	QueueSetSerial
)

// QueueConfigure changes the settings that Set names.
type QueueConfigure struct {
	Queue string
	Set   uint64
	QueueConfig
}

// QueueBatchBegin begins a batch; jobs join it with their field Batch. Once it is sealed and all its jobs are done, dead or cancelled,
// Callback is enqueued, with headers that count them. The answer is for DecodeCount: the batch's id.
type QueueBatchBegin struct{ Callback JobSpec }

// QueueBatchSeal ends the adding of jobs to a batch.
type QueueBatchSeal struct{ Batch uint64 }

// QueueDrop removes a queue that has no jobs.
type QueueDrop struct{ Queue string }

func queueCommand(tenant string, op byte, args []byte) Command {
	return Command{Family: FamilyQueue, Op: op, Tenant: tenant, Args: args}
}

// Command returns the command for tenant.
func (e QueueEnqueue) Command(tenant string) Command {
	n := 16
	for i := range e.Jobs {
		n += 128 + len(e.Jobs[i].Payload)
	}
	b := appendSpecs(abi.AppendArray(make([]byte, 0, n), 1), e.Jobs)
	return queueCommand(tenant, OpQueueEnqueue, b)
}

// Command returns the command for tenant.
func (t QueueTake) Command(tenant string) Command {
	b := abi.AppendStr(appendStrs(abi.AppendArray(nil, 4), t.Queues), t.Owner)
	return queueCommand(tenant, OpQueueTake, abi.AppendInt(abi.AppendUint(b, t.Max), t.Lease))
}

func receipt(n int, job, token uint64) []byte {
	return abi.AppendUint(abi.AppendUint(abi.AppendArray(nil, n), job), token)
}

// Command returns the command for tenant.
func (q QueueBeat) Command(tenant string) Command {
	b := abi.AppendInt(receipt(5, q.Job, q.Token), q.Lease)
	return queueCommand(tenant, OpQueueBeat, abi.AppendStr(abi.AppendUint(b, q.Progress), q.Text))
}

// Command returns the command for tenant.
func (q QueueDone) Command(tenant string) Command {
	return queueCommand(tenant, OpQueueDone, abi.AppendBin(receipt(3, q.Job, q.Token), q.Result))
}

// Command returns the command for tenant.
func (q QueueFail) Command(tenant string) Command {
	b := abi.AppendStr(receipt(5, q.Job, q.Token), q.Error)
	return queueCommand(tenant, OpQueueFail, abi.AppendBool(abi.AppendInt(b, q.Delay), q.Fatal))
}

// Command returns the command for tenant.
func (q QueueRelease) Command(tenant string) Command {
	return queueCommand(tenant, OpQueueRelease, receipt(2, q.Job, q.Token))
}

// Command returns the command for tenant.
func (q QueueCancel) Command(tenant string) Command {
	return queueCommand(tenant, OpQueueCancel, abi.AppendUint(abi.AppendArray(nil, 1), q.Job))
}

// Command returns the command for tenant.
func (q QueueRetry) Command(tenant string) Command {
	return queueCommand(tenant, OpQueueRetry, abi.AppendUint(abi.AppendStr(abi.AppendUint(abi.AppendArray(nil, 3), q.Job), q.Queue), q.Limit))
}

// Command returns the command for tenant.
func (q QueueDiscard) Command(tenant string) Command {
	return queueCommand(tenant, OpQueueDiscard, QueueRetry(q).Command(tenant).Args)
}

// Command returns the command for tenant.
func (q QueueConfigure) Command(tenant string) Command {
	b := abi.AppendUint(abi.AppendStr(abi.AppendArray(nil, 7), q.Queue), q.Set)
	return queueCommand(tenant, OpQueueConfigure, q.QueueConfig.append(b))
}

func (c QueueConfig) append(b []byte) []byte {
	b = abi.AppendUint(abi.AppendUint(abi.AppendBool(b, c.Paused), c.Limit), c.Rate)
	return abi.AppendBool(abi.AppendInt(b, c.Period), c.Serial)
}

func (t *tuple) queueConfig() QueueConfig {
	return QueueConfig{Paused: t.bool(), Limit: t.uint(), Rate: t.uint(), Period: t.int(), Serial: t.bool()}
}

// Command returns the command for tenant.
func (q QueueBatchBegin) Command(tenant string) Command {
	return queueCommand(tenant, OpQueueBatchBegin, abi.AppendBin(abi.AppendArray(nil, 1), q.Callback.append(nil)))
}

// Command returns the command for tenant.
func (q QueueBatchSeal) Command(tenant string) Command {
	return queueCommand(tenant, OpQueueBatchSeal, abi.AppendUint(abi.AppendArray(nil, 1), q.Batch))
}

// Command returns the command for tenant.
func (q QueueDrop) Command(tenant string) Command {
	return queueCommand(tenant, OpQueueDrop, abi.AppendStr(abi.AppendArray(nil, 1), q.Queue))
}

// DecodeEnqueued reads the answer to QueueEnqueue, an element for each job.
func DecodeEnqueued(b []byte) (list []Enqueued, err error) {
	d := abi.NewDecoder(b)
	for range d.Array() / 2 {
		list = append(list, Enqueued{ID: d.Uint(), Existed: d.Bool()})
	}
	return list, d.End()
}

// DecodeTaken reads the answer to QueueTake: the jobs, and when there are none for the rate of a queue, ms until it is worth asking again.
func DecodeTaken(b []byte) (jobs []Taken, after int64, err error) {
	d := abi.NewDecoder(b)
	n := d.Array()
	after = d.Int()
	for range (n - 1) / 4 {
		jobs = append(jobs, Taken{ID: d.Uint(), Token: d.Uint(), Attempts: d.Uint(), Expires: d.Int()})
	}
	return jobs, after, d.End()
}

// DecodeBeat reads the answer to QueueBeat.
func DecodeBeat(b []byte) (Beat, error) {
	t := openTuple(b)
	beat := Beat{Expires: t.int(), Cancelled: t.bool()}
	return beat, t.end()
}

// DecodeJobState reads the answer to QueueDone, QueueFail, QueueRelease and QueueCancel: where the job is now. A finished job may be gone.
func DecodeJobState(b []byte) (JobState, error) {
	n, err := DecodeCount(b)
	return JobState(n), err
}

// DecodeCount reads the answer to QueueRetry and QueueDiscard, the number of jobs, and to QueueBatchBegin.
func DecodeCount(b []byte) (uint64, error) {
	t := openTuple(b)
	n := t.uint()
	return n, t.end()
}

func appendCount(n uint64) []byte { return abi.AppendUint(abi.AppendArray(nil, 1), n) }

func appendSpecs(b []byte, list []JobSpec) []byte {
	b = abi.AppendArray(b, len(list))
	for i := range list {
		b = abi.AppendBin(b, list[i].append(nil))
	}
	return b
}

func (j *JobSpec) append(dst []byte) []byte {
	b := abi.AppendBin(abi.AppendStr(abi.AppendStr(abi.AppendArray(dst, 17), j.Queue), j.Kind), j.Payload)
	b = abi.AppendArray(b, 2*len(j.Headers))
	for _, h := range j.Headers {
		b = abi.AppendStr(abi.AppendStr(b, h.Name), h.Value)
	}
	b = abi.AppendInt(abi.AppendStr(abi.AppendUint(b, j.Priority), j.Group), j.Due)
	b = abi.AppendInt(abi.AppendInt(abi.AppendUint(b, j.MaxAttempts), j.Backoff), j.BackoffMax)
	b = abi.AppendInt(abi.AppendInt(b, j.Timeout), j.Keep)
	b = abi.AppendInt(abi.AppendStr(b, j.Unique), j.UniqueWindow)
	return appendSpecs(abi.AppendUint(abi.AppendStr(b, j.Idempotency), j.Batch), j.Next)
}

// decodeSpec reads a job; inChain is for those that come next, which have no next of their own.
func decodeSpec(b []byte, inChain bool) (j JobSpec, err error) {
	t := openTuple(b)
	j = JobSpec{Queue: t.str(), Kind: t.str(), Payload: t.bin(), Headers: t.pairs(), Priority: t.uint(), Group: t.str(), Due: t.int(),
		MaxAttempts: t.uint(), Backoff: t.int(), BackoffMax: t.int(), Timeout: t.int(), Keep: t.int(),
		Unique: t.str(), UniqueWindow: t.int(), Idempotency: t.str(), Batch: t.uint()}
	var next [][]byte
	if t.has() {
		n := t.d.Array()
		if n > JobMaxNext || n > 0 && inChain {
			return j, abi.Errorf(abi.CodeLimit, "queue: a chain has at most %d jobs, one after the other", JobMaxNext)
		}
		for range n {
			next = append(next, t.d.Bin())
		}
		t.d.Leave()
	}
	if err := t.end(); err != nil {
		return j, err
	}
	for _, b := range next {
		n, err := decodeSpec(b, true)
		if err != nil {
			return j, err
		}
		j.Next = append(j.Next, n)
	}
	return j, nil
}

func (j *JobSpec) check() error {
	if err := checkNamespace(j.Queue); err != nil {
		return err
	}
	switch {
	case j.Kind == "" || len(j.Kind) > JobMaxKind:
		return abi.Errorf(abi.CodeInvalid, "queue: a job's kind has 1 to %d bytes", JobMaxKind)
	case len(j.Payload) > JobMaxPayload:
		return abi.Errorf(abi.CodeLimit, "queue: a payload has at most %d bytes, not %d: put it into a blob", JobMaxPayload, len(j.Payload))
	case len(j.Headers) > JobMaxHeaders:
		return abi.Errorf(abi.CodeLimit, "queue: a job has at most %d headers", JobMaxHeaders)
	case j.Priority > JobMaxPriority:
		return abi.Errorf(abi.CodeInvalid, "queue: a priority is 0 to %d, which is first, not %d", JobMaxPriority, j.Priority)
	case len(j.Group) > JobMaxGroup || len(j.Unique) > JobMaxKey || len(j.Idempotency) > JobMaxKey:
		return abi.Errorf(abi.CodeInvalid, "queue: groups and keys have at most %d bytes", JobMaxKey)
	case j.MaxAttempts > JobMaxAttempts:
		return abi.Errorf(abi.CodeInvalid, "queue: at most %d attempts, not %d", JobMaxAttempts, j.MaxAttempts)
	case j.Due < 0 || j.Backoff < 0 || j.BackoffMax < 0 || j.Backoff > JobMaxDelay || j.BackoffMax > JobMaxDelay:
		return abi.Errorf(abi.CodeInvalid, "queue: times are not negative, and waiting lasts at most a year")
	case j.Timeout != 0 && (j.Timeout < JobMinTimeout || j.Timeout > JobMaxTimeout):
		return abi.Errorf(abi.CodeInvalid, "queue: a timeout is %d ms to %d ms, not %d", JobMinTimeout, JobMaxTimeout, j.Timeout)
	case j.Keep < 0 || j.Keep > JobMaxKeep || j.UniqueWindow < 0 || j.UniqueWindow > JobMaxKeep:
		return abi.Errorf(abi.CodeInvalid, "queue: finished jobs and unique keys are kept for 0 to %d ms", JobMaxKeep)
	case j.UniqueWindow > 0 && j.Unique == "":
		return abi.Errorf(abi.CodeInvalid, "queue: a unique window needs a unique key")
	}
	for i := range j.Next {
		if err := j.Next[i].check(); err != nil {
			return err
		}
	}
	return nil
}

func (j *JobSpec) attempts() uint64 { return cmp.Or(j.MaxAttempts, defaultAttempts) }
func (j *JobSpec) timeout() int64   { return cmp.Or(j.Timeout, defaultTimeout) }

// cut shortens s to at most n bytes, between characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// jobRun is what changes of a job: the value of the key that says where it is.
type jobRun struct {
	Attempts uint64 // the one under way included
	Error    string // of the last that failed
	At       int64  // log time in ms: when it is due, its lease ends, or it is forgotten; 0: never
	Token    uint64
	Owner    string
	Started  int64
	Progress uint64
	Text     string
	Cancel   bool // asked for
	Result   []byte
	Finished int64
}

func (r *jobRun) append() []byte {
	if r.Attempts == 0 && r.Error == "" && r.At == 0 && r.Finished == 0 {
		return nil // most jobs that wait
	}
	b := abi.AppendInt(abi.AppendStr(abi.AppendUint(abi.AppendArray(make([]byte, 0, 64), 11), r.Attempts), r.Error), r.At)
	b = abi.AppendInt(abi.AppendStr(abi.AppendUint(b, r.Token), r.Owner), r.Started)
	b = abi.AppendBool(abi.AppendStr(abi.AppendUint(b, r.Progress), r.Text), r.Cancel)
	return abi.AppendInt(abi.AppendBin(b, r.Result), r.Finished)
}

func decodeRun(b []byte) jobRun {
	if len(b) == 0 {
		return jobRun{}
	}
	t := openTuple(b)
	return jobRun{Attempts: t.uint(), Error: t.str(), At: t.int(), Token: t.uint(), Owner: t.str(), Started: t.int(), Progress: t.uint(),
		Text: t.str(), Cancel: t.bool(), Result: t.bin(), Finished: t.int()}
}
