package raftstore

import (
	"context"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore/state"
)

// Queue has the queues of jobs of one tenant. A worker takes jobs, each with a token and a lease, and finishes, fails or releases them with
// the token; a lease that ends is a failed try, so a job whose worker died is tried again. A job can therefore run more than once, and its
// effects happen once when they are written in one Together with its QueueDone. Errors are *abi.Error: conflict when a token is not the job's
// any more, not_found, limit, quota, invalid, and those of Access. Safe for concurrent use.
type Queue struct {
	a      Access
	tenant string
}

// NewQueue returns the queues of tenant.
func NewQueue(a Access, tenant string) *Queue { return &Queue{a, tenant} }

// JobSpec is a job to enqueue; see state.JobSpec.
type JobSpec = state.JobSpec

// Job is a job as those who look see it; see state.Job.
type Job = state.Job

// TakenJob is a job that its worker runs.
type TakenJob struct {
	state.Taken
	state.JobSpec
	Created int64 // log time in ms since the Unix epoch
}

// Enqueue adds jobs, all or none.
func (q *Queue) Enqueue(ctx context.Context, jobs ...JobSpec) ([]state.Enqueued, error) {
	b, err := ask(ctx, q.a, state.QueueEnqueue{Jobs: jobs}.Command(q.tenant))
	if err != nil {
		return nil, err
	}
	return state.DecodeEnqueued(b)
}

// Take takes jobs that are ready, without waiting for some. When the rate of a queue is in the way, again tells when to ask.
func (q *Queue) Take(ctx context.Context, t state.QueueTake) (jobs []TakenJob, again time.Duration, err error) {
	b, err := ask(ctx, q.a, t.Command(q.tenant))
	if err != nil {
		return nil, 0, err
	}
	taken, after, err := state.DecodeTaken(b)
	if err != nil || len(taken) == 0 {
		return nil, time.Duration(after) * time.Millisecond, err
	}
	jobs = make([]TakenJob, 0, len(taken))
	err = q.a.View(ctx, Stale(0), func(v *state.View) error {
		for _, j := range taken {
			spec, created, ok := state.QueueSpec(v, 0, q.tenant, j.ID)
			if ok { // else somebody has it again by now
				jobs = append(jobs, TakenJob{Taken: j, JobSpec: spec, Created: created})
			}
		}
		return nil
	})
	return jobs, time.Duration(after) * time.Millisecond, err
}

// Wait returns when jobs of one of the queues became ready after the index from, or ctx ends; then without an error. The index to begin
// with is that of Index, read before a Take that found nothing.
func (q *Queue) Wait(ctx context.Context, queues []string, from uint64) error {
	w, ok := q.a.(Watcher)
	if !ok {
		return abi.Errorf(abi.CodeUnsupported, "queue: this store cannot be watched")
	}
	for e, err := range w.Watch(ctx, q.tenant, "", nil, from) {
		if err != nil {
			return nil // what was missed may have been the event: look
		}
		for _, name := range queues {
			if e.Namespace == state.QueueEvents(name) && string(e.Key) == "ready" {
				return nil
			}
		}
	}
	return nil
}

// Index is that of the last command which this node has applied.
func (q *Queue) Index(ctx context.Context) (index uint64, err error) {
	err = q.a.View(ctx, Stale(0), func(v *state.View) error {
		index = v.Index
		return nil
	})
	return index, err
}

// Beat renews the lease of a running job and tells how far it is.
func (q *Queue) Beat(ctx context.Context, beat state.QueueBeat) (state.Beat, error) {
	b, err := ask(ctx, q.a, beat.Command(q.tenant))
	if err != nil {
		return state.Beat{}, err
	}
	return state.DecodeBeat(b)
}

func (q *Queue) end(ctx context.Context, c state.Command) (state.JobState, error) {
	b, err := ask(ctx, q.a, c)
	if err != nil {
		return 0, err
	}
	return state.DecodeJobState(b)
}

// Done finishes a running job. The result is kept as long as the job is.
func (q *Queue) Done(ctx context.Context, job, token uint64, result []byte) error {
	_, err := q.end(ctx, state.QueueDone{Job: job, Token: token, Result: result}.Command(q.tenant))
	return err
}

// Fail ends a try of a running job and returns where the job is now: delayed, dead or cancelled.
func (q *Queue) Fail(ctx context.Context, f state.QueueFail) (state.JobState, error) {
	return q.end(ctx, f.Command(q.tenant))
}

// Release gives a running job back, as if it had not been taken.
func (q *Queue) Release(ctx context.Context, job, token uint64) error {
	_, err := q.end(ctx, state.QueueRelease{Job: job, Token: token}.Command(q.tenant))
	return err
}

// Cancel ends a job that waits, and asks the worker of one that runs to stop. It returns where the job is now.
func (q *Queue) Cancel(ctx context.Context, job uint64) (state.JobState, error) {
	return q.end(ctx, state.QueueCancel{Job: job}.Command(q.tenant))
}

func (q *Queue) count(ctx context.Context, c state.Command) (uint64, error) {
	b, err := ask(ctx, q.a, c)
	if err != nil {
		return 0, err
	}
	return state.DecodeCount(b)
}

// Retry makes a dead or cancelled job ready, or dead ones of a queue, and returns how many.
func (q *Queue) Retry(ctx context.Context, r state.QueueRetry) (uint64, error) {
	return q.count(ctx, r.Command(q.tenant))
}

// Discard removes a job that does not run, or dead ones of a queue, and returns how many.
func (q *Queue) Discard(ctx context.Context, d state.QueueDiscard) (uint64, error) {
	return q.count(ctx, d.Command(q.tenant))
}

// Configure changes settings of a queue, which there need not be yet.
func (q *Queue) Configure(ctx context.Context, c state.QueueConfigure) error {
	_, err := ask(ctx, q.a, c.Command(q.tenant))
	return err
}

// Drop removes a queue without jobs.
func (q *Queue) Drop(ctx context.Context, queue string) error {
	_, err := ask(ctx, q.a, state.QueueDrop{Queue: queue}.Command(q.tenant))
	return err
}

// BeginBatch begins a batch and returns its id; see state.QueueBatchBegin.
func (q *Queue) BeginBatch(ctx context.Context, callback JobSpec) (uint64, error) {
	return q.count(ctx, state.QueueBatchBegin{Callback: callback}.Command(q.tenant))
}

// SealBatch ends the adding of jobs to a batch.
func (q *Queue) SealBatch(ctx context.Context, batch uint64) error {
	_, err := ask(ctx, q.a, state.QueueBatchSeal{Batch: batch}.Command(q.tenant))
	return err
}

// Job returns a job, as long as it is kept.
func (q *Queue) Job(ctx context.Context, level Consistency, id uint64) (j Job, found bool, err error) {
	err = q.a.View(ctx, level, func(v *state.View) error {
		j, found = state.QueueJob(v, 0, q.tenant, id)
		return nil
	})
	return j, found, err
}

// Jobs returns a page of the jobs of a queue in a state, and the token of the next page, nil after the last.
func (q *Queue) Jobs(ctx context.Context, level Consistency, queue string, in state.JobState, page []byte, limit int) (jobs []Job, next []byte, err error) {
	err = q.a.View(ctx, level, func(v *state.View) error {
		var last []byte
		state.QueueJobs(v, 0, q.tenant, queue, in, page, func(j Job, token []byte) bool {
			if len(jobs) == limit {
				next = last
				return false
			}
			jobs, last = append(jobs, j), token
			return true
		})
		return nil
	})
	return jobs, next, err
}

// Queues returns the queues with their settings and counts.
func (q *Queue) Queues(ctx context.Context, level Consistency) (list []state.QueueInfo, err error) {
	err = q.a.View(ctx, level, func(v *state.View) error {
		state.QueueList(v, 0, q.tenant, func(i state.QueueInfo) bool {
			list = append(list, i)
			return true
		})
		return nil
	})
	return list, err
}

// Batch returns a batch that is not complete.
func (q *Queue) Batch(ctx context.Context, level Consistency, id uint64) (b state.BatchInfo, found bool, err error) {
	err = q.a.View(ctx, level, func(v *state.View) error {
		b, found = state.QueueBatch(v, 0, q.tenant, id)
		return nil
	})
	return b, found, err
}
