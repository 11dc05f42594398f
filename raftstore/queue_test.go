package raftstore

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore/state"
)

// TestQueueTakesAndEnds goes through a job's life, and waits for one.
func TestQueueTakesAndEnds(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Dir: t.TempDir()})
	q, ctx := NewQueue(s, "shop"), t.Context()
	from, err := q.Index(ctx)
	if err != nil {
		t.Fatal(err)
	}
	waited := make(chan error, 1)
	go func() { waited <- q.Wait(ctx, []string{"other", "mail"}, from) }()
	added, err := q.Enqueue(ctx, JobSpec{Queue: "mail", Kind: "send", Payload: []byte("hello"), Keep: 60_000, MaxAttempts: 2})
	if err != nil || len(added) != 1 {
		t.Fatal(added, err)
	}
	if err := <-waited; err != nil {
		t.Fatal(err)
	}
	take := state.QueueTake{Queues: []string{"mail"}, Owner: "n1", Max: 5}
	jobs, _, err := q.Take(ctx, take)
	if err != nil || len(jobs) != 1 || jobs[0].ID != added[0].ID || string(jobs[0].Payload) != "hello" || jobs[0].Created == 0 {
		t.Fatalf("%+v, %v", jobs, err)
	}
	if more, _, err := q.Take(ctx, take); err != nil || len(more) != 0 {
		t.Fatalf("%+v, %v", more, err)
	}
	j := jobs[0]
	if beat, err := q.Beat(ctx, state.QueueBeat{Job: j.ID, Token: j.Token, Progress: 50, Lease: 120_000}); err != nil || beat.Expires <= j.Expires || beat.Cancelled {
		t.Fatalf("%+v, %v", beat, err)
	}
	if at, err := q.Fail(ctx, state.QueueFail{Job: j.ID, Token: j.Token, Error: "busy", Delay: 1}); err != nil || at != state.JobDelayed {
		t.Fatal(at, err)
	}
	if err := q.Done(ctx, j.ID, j.Token, nil); codeOf(err) != abi.CodeConflict {
		t.Fatalf("an old token: %v", err)
	}
	until(t, "the job is ready again", func() bool {
		jobs, _, err = q.Take(ctx, take)
		return err == nil && len(jobs) == 1
	})
	if err := q.Done(ctx, j.ID, jobs[0].Token, []byte("sent")); err != nil {
		t.Fatal(err)
	}
	got, found, err := q.Job(ctx, Linearizable, j.ID)
	if err != nil || !found || got.State != state.JobDone || string(got.Result) != "sent" || got.Attempts != 2 || got.Error != "busy" {
		t.Fatalf("%+v, %t, %v", got, found, err)
	}
	list, err := q.Queues(ctx, Linearizable)
	if err != nil || len(list) != 1 || list[0].Done != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
}

// TestQueuePages lists more jobs than a page has.
func TestQueuePages(t *testing.T) {
	t.Parallel()
	q := NewQueue(openTest(t, Config{Dir: t.TempDir()}), "shop")
	var specs []JobSpec
	for i := range 25 {
		specs = append(specs, JobSpec{Queue: "q", Kind: "k", Group: fmt.Sprint(i % 3)})
	}
	if _, err := q.Enqueue(t.Context(), specs...); err != nil {
		t.Fatal(err)
	}
	seen, pages, page := map[uint64]bool{}, 0, []byte(nil)
	for more := true; more; more = page != nil {
		var jobs []Job
		var err error
		if jobs, page, err = q.Jobs(t.Context(), Linearizable, "q", state.JobReady, page, 10); err != nil {
			t.Fatal(err)
		}
		for _, j := range jobs {
			seen[j.ID] = true
		}
		pages++
	}
	if len(seen) != 25 || pages != 3 {
		t.Errorf("%d jobs on %d pages", len(seen), pages)
	}
}

// TestJobsTakeEffectOnce lets workers on three nodes run jobs that count, each in one transaction with its end, while leadership moves and
// workers go away in the middle of jobs.
func TestJobsTakeEffectOnce(t *testing.T) {
	nodes := testCluster(t, 3)
	const count = 300
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	for i, n := range nodes {
		q := NewQueue(n.Store, "shop")
		wg.Go(func() {
			for k := range count / 3 {
				spec := JobSpec{Queue: "count", Kind: "one", Payload: []byte(fmt.Sprint(i, "-", k)), Timeout: state.JobMinTimeout, MaxAttempts: 100, Backoff: 10}
				for { // an unknown outcome is asked for again, with the same key
					spec.Idempotency = string(spec.Payload)
					if _, err := q.Enqueue(ctx, spec); err == nil || ctx.Err() != nil {
						break
					}
				}
			}
		})
		for w := range 2 {
			wg.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					from, _ := q.Index(ctx)
					jobs, _, err := q.Take(ctx, state.QueueTake{Queues: []string{"count"}, Owner: fmt.Sprint(i, w), Max: 3})
					if err == nil && len(jobs) == 0 {
						_ = q.Wait(ctx, []string{"count"}, from)
					}
					for k, j := range jobs {
						if (n+k)%13 == 12 {
							continue // this worker was killed: the lease ends
						}
						txn := Txn{Writes: []state.KVWrite{
							{Kind: state.KVAdd, Namespace: "n", Key: []byte("sum"), Delta: 1}, {Kind: state.KVAdd, Namespace: "n", Key: j.Payload, Delta: 1}}}
						together := state.Together{txn.Command("shop"), state.QueueDone{Job: j.ID, Token: j.Token}.Command("shop")}
						_, _ = ask(ctx, nodes[i].Store, together.Command("shop")) // unknown: then it is done, or the lease ends
					}
				}
			})
		}
	}
	kv := NewKV(nodes[0].Store, "shop")
	for moved := false; ; time.Sleep(20 * time.Millisecond) {
		e, _, err := kv.Get(ctx, Linearizable, "n", []byte("sum"))
		if ctx.Err() != nil {
			t.Fatalf("%s of %d jobs are done", e.Value, count)
		}
		if err == nil && len(e.Value) == 3 && !moved {
			moved = nodes[1].Transfer(ctx, "") == nil
		}
		if list, err := NewQueue(nodes[0].Store, "shop").Queues(ctx, Linearizable); err == nil && string(e.Value) == fmt.Sprint(count) &&
			len(list) == 1 && list[0].QueueCounts == (state.QueueCounts{}) {
			break
		}
	}
	cancel()
	wg.Wait()
	for i := range 3 {
		for k := range count / 3 {
			if e, _, err := kv.Get(t.Context(), Linearizable, "n", fmt.Append(nil, i, "-", k)); err != nil || string(e.Value) != "1" {
				t.Errorf("job %d-%d had its effect %q times, %v", i, k, e.Value, err)
			}
		}
	}
}

// BenchmarkQueue measures jobs a second, enqueued one by one by 64 producers and run in handfuls by eight workers: in a queue that is empty,
// and in one where 50,000 others are delayed and 50,000 wait in 50 groups.
func BenchmarkQueue(b *testing.B) {
	for _, waiting := range []int{0, 100_000} {
		b.Run(fmt.Sprint("beside-", waiting), func(b *testing.B) {
			q := NewQueue(openTest(b, Config{Dir: b.TempDir()}), "shop")
			ctx, cancel := context.WithCancel(b.Context())
			defer cancel()
			for done := 0; done < waiting; done += 1000 {
				specs := make([]JobSpec, 1000)
				for i := range specs {
					specs[i] = JobSpec{Queue: "work", Kind: "later", Due: time.Now().Add(time.Hour).UnixMilli() + int64(i)}
					if i%2 == 0 {
						specs[i] = JobSpec{Queue: "work", Kind: "waits", Group: fmt.Sprint(i % 100)}
					}
				}
				if _, err := q.Enqueue(ctx, specs...); err != nil {
					b.Fatal(err)
				}
			}
			left := make(chan struct{}, b.N+waiting)
			var workers sync.WaitGroup
			for range 8 {
				workers.Go(func() {
					for ctx.Err() == nil {
						from, _ := q.Index(ctx)
						jobs, _, err := q.Take(ctx, state.QueueTake{Queues: []string{"work"}, Max: 32})
						if err == nil && len(jobs) == 0 {
							_ = q.Wait(ctx, []string{"work"}, from)
						}
						var ends sync.WaitGroup
						for _, j := range jobs {
							ends.Go(func() {
								if q.Done(ctx, j.ID, j.Token, nil) == nil {
									left <- struct{}{}
								}
							})
						}
						ends.Wait()
					}
				})
			}
			b.ResetTimer()
			var producers sync.WaitGroup
			each := make(chan struct{}, b.N)
			for range b.N {
				each <- struct{}{}
			}
			close(each)
			for range 64 {
				producers.Go(func() {
					for range each {
						if _, err := q.Enqueue(ctx, JobSpec{Queue: "work", Kind: "now"}); err != nil {
							b.Error(err)
						}
					}
				})
			}
			producers.Wait()
			for range b.N {
				<-left
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
			cancel()
			workers.Wait()
		})
	}
}
