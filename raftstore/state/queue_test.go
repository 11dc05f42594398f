package state

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stackhost/stackhost/abi"
)

func (a *scriptArgs) flag(name string) bool { return a.named[name] == "yes" }

// spec is a job: QUEUE KIND and its fields by name. Jobs that come next are kinds between commas.
func (a *scriptArgs) spec() JobSpec {
	j := JobSpec{
		Queue: a.at(0), Kind: a.at(1), Payload: []byte(a.str("payload")), Priority: 5, Group: a.str("group"), MaxAttempts: a.num("attempts"),
		Backoff: a.ms("backoff"), BackoffMax: a.ms("most"), Timeout: a.ms("timeout"), Keep: a.ms("keep"),
		Unique: a.str("unique"), UniqueWindow: a.ms("window"), Idempotency: a.str("once"), Batch: a.num("batch"),
	}
	if a.str("priority") != "" {
		j.Priority = a.num("priority")
	}
	if at := a.ms("at"); at != 0 {
		j.Due = scriptStart + at
	}
	for _, kind := range a.list("next") {
		j.Next = append(j.Next, JobSpec{Queue: a.at(0), Kind: kind, Priority: 5})
	}
	for _, h := range a.list("header") {
		name, value, _ := strings.Cut(h, ":")
		j.Headers = append(j.Headers, abi.Pair{Name: name, Value: value})
	}
	return j
}

func showCount(b []byte) string {
	n, err := DecodeCount(b)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(n)
}

func showNewID(b []byte) string {
	n, err := DecodeCount(b)
	if err != nil {
		return err.Error()
	}
	return showID(n)
}

func showState(b []byte) string {
	s, err := DecodeJobState(b)
	if err != nil {
		return err.Error()
	}
	return s.String()
}

func showJob(j Job) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s", showID(j.ID), j.Kind, j.State)
	if j.Group != "" {
		fmt.Fprintf(&b, " group=%s", j.Group)
	}
	if j.Attempts > 0 {
		fmt.Fprintf(&b, " attempts=%d", j.Attempts)
	}
	if j.At > 0 {
		fmt.Fprintf(&b, " at=%s", showAt(j.At))
	}
	if j.Owner != "" {
		fmt.Fprintf(&b, " owner=%s", j.Owner)
	}
	if j.Progress > 0 || j.Text != "" {
		fmt.Fprintf(&b, " progress=%d %q", j.Progress, j.Text)
	}
	if j.Cancel {
		b.WriteString(" to be cancelled")
	}
	if j.Error != "" {
		fmt.Fprintf(&b, " error=%q", j.Error)
	}
	if len(j.Result) > 0 {
		fmt.Fprintf(&b, " result=%q", j.Result)
	}
	for _, h := range j.Headers {
		fmt.Fprintf(&b, " %s:%s", h.Name, h.Value)
	}
	return b.String()
}

var (
	_ = verb("queue add", func(a *scriptArgs) Command { return QueueEnqueue{[]JobSpec{a.spec()}}.Command(a.Tenant) }, func(b []byte) string {
		list, err := DecodeEnqueued(b)
		if err != nil || len(list) != 1 {
			return fmt.Sprint(list, err)
		}
		if list[0].Existed {
			return showID(list[0].ID) + " existed"
		}
		return showID(list[0].ID)
	})
	_ = verb("queue take", func(a *scriptArgs) Command {
		most := a.num("max")
		if most == 0 {
			most = 1
		}
		return QueueTake{Queues: a.words, Owner: a.str("owner"), Max: most, Lease: a.ms("lease")}.Command(a.Tenant)
	}, func(b []byte) string {
		jobs, after, err := DecodeTaken(b)
		if err != nil {
			return err.Error()
		}
		var s strings.Builder
		for _, j := range jobs {
			fmt.Fprintf(&s, "token %s for %s until %s\n", showID(j.Token), showID(j.ID), showAt(j.Expires))
		}
		fmt.Fprintf(&s, "%d jobs, again after %d ms", len(jobs), after)
		return s.String()
	})
	_ = verb("queue beat", func(a *scriptArgs) Command {
		return QueueBeat{Job: a.num("job"), Token: a.num("token"), Lease: a.ms("lease"), Progress: a.num("progress"), Text: a.str("text")}.Command(a.Tenant)
	}, func(b []byte) string {
		beat, err := DecodeBeat(b)
		if err != nil {
			return err.Error()
		}
		return fmt.Sprintf("until %s, cancelled %t", showAt(beat.Expires), beat.Cancelled)
	})
	_ = verb("queue done", func(a *scriptArgs) Command {
		return QueueDone{a.num("job"), a.num("token"), []byte(a.str("result"))}.Command(a.Tenant)
	}, showState)
	_ = verb("queue fail", func(a *scriptArgs) Command {
		delay := int64(-1)
		if a.str("delay") != "" {
			delay = a.ms("delay")
		}
		return QueueFail{a.num("job"), a.num("token"), a.str("error"), delay, a.flag("fatal")}.Command(a.Tenant)
	}, showState)
	_ = verb("queue release", func(a *scriptArgs) Command {
		return QueueRelease{a.num("job"), a.num("token")}.Command(a.Tenant)
	}, showState)
	_ = verb("queue cancel", func(a *scriptArgs) Command { return QueueCancel{a.num("job")}.Command(a.Tenant) }, showState)
	_ = verb("queue retry", func(a *scriptArgs) Command {
		return QueueRetry{a.num("job"), a.at(0), a.num("limit")}.Command(a.Tenant)
	}, showCount)
	_ = verb("queue discard", func(a *scriptArgs) Command {
		return QueueDiscard{a.num("job"), a.at(0), a.num("limit")}.Command(a.Tenant)
	}, showCount)
	_ = verb("queue configure", func(a *scriptArgs) Command {
		c := QueueConfigure{Queue: a.at(0)}
		for name, set := range map[string]uint64{"paused": QueueSetPaused, "limit": QueueSetLimit, "rate": QueueSetRate, "serial": QueueSetSerial} {
			if a.str(name) != "" {
				c.Set |= set
			}
		}
		c.Paused, c.Serial = a.flag("paused"), a.flag("serial")
		if c.Set&QueueSetLimit != 0 {
			c.Limit = a.num("limit")
		}
		if c.Set&QueueSetRate != 0 {
			c.Rate, c.Period = a.num("rate"), a.ms("period")
		}
		return c.Command(a.Tenant)
	}, nil)
	_ = verb("queue batch", func(a *scriptArgs) Command { return QueueBatchBegin{a.spec()}.Command(a.Tenant) }, showNewID)
	_ = verb("queue seal", func(a *scriptArgs) Command { return QueueBatchSeal{a.num("batch")}.Command(a.Tenant) }, nil)
	_ = verb("queue drop", func(a *scriptArgs) Command { return QueueDrop{a.at(0)}.Command(a.Tenant) }, nil)

	_ = readVerb("queue job", func(v *View, a *scriptArgs) string {
		j, ok := QueueJob(v, 0, a.Tenant, a.num("job"))
		if !ok {
			return "none"
		}
		return showJob(j)
	})
	_ = readVerb("queue jobs", func(v *View, a *scriptArgs) string {
		var b strings.Builder
		state, ok := ParseJobState(a.at(1))
		if !ok {
			return "no such state"
		}
		var after []byte
		for range max(1, len(a.str("pages"))) {
			n := uint64(0)
			QueueJobs(v, 0, a.Tenant, a.at(0), state, after, func(j Job, token []byte) bool {
				fmt.Fprintln(&b, showJob(j))
				after = token
				n++
				return n != a.num("limit")
			})
		}
		return b.String()
	})
	_ = readVerb("queue show", func(v *View, a *scriptArgs) string {
		q, ok := QueueShow(v, 0, a.Tenant, a.at(0))
		if !ok {
			return "none"
		}
		return fmt.Sprintf("%+v", q)
	})
	_ = readVerb("queue list", func(v *View, a *scriptArgs) string {
		var names []string
		QueueList(v, 0, a.Tenant, func(q QueueInfo) bool { names = append(names, q.Name); return true })
		return strings.Join(names, " ")
	})
	_ = readVerb("queue batch-show", func(v *View, a *scriptArgs) string {
		b, ok := QueueBatch(v, 0, a.Tenant, a.num("batch"))
		if !ok {
			return "none"
		}
		return fmt.Sprintf("%+v", b.batchOf)
	})
	_ = checkState(checkQueues)
)

// checkQueues: every job is in one state, every state's key has its job, queues and groups count rightly, and the rings have the groups
// whose jobs may be taken, and no others.
func checkQueues(r Reader) (err error) {
	wrong := func(format string, args ...any) bool {
		if err == nil {
			err = fmt.Errorf("queue: "+format, args...)
		}
		return false
	}
	type at struct {
		tenant, queue string
		level         byte
		group         string
	}
	states, jobs := map[string]int{}, map[string]bool{}
	counts := map[at]QueueCounts{}
	groups, waiting, rings := map[at]groupOf{}, map[at]uint64{}, map[at]uint64{}
	queues := map[at]*queueOf{}
	r.Scan([]byte{FamilyQueue}, []byte{FamilyQueue + 1}, func(k, v []byte) bool {
		tx := &Tx{}
		ns, rest, ok := onBehalfOf(tx, k)
		if !ok || len(rest) == 0 {
			return wrong("malformed key %q", k)
		}
		q := at{tenant: tx.tenant, queue: ns}
		switch kind := rest[0]; kind {
		case 'j':
			jobs[tx.tenant+string(rest[1:])] = true
		case 'n':
			o := &queueOf{}
			o.decode(v)
			queues[q] = o
		case 'w', 'g':
			n := int(rest[2])<<8 + int(rest[3])
			q.level, q.group = rest[1], string(rest[4:4+n])
			if kind == 'g' {
				t := openTuple(v)
				groups[q] = groupOf{turn: t.uint(), waiting: t.uint(), head: t.uint(), blocked: t.uint()}
				return true
			}
			waiting[q]++
			id := rest[4+n:]
			if g := groups[q]; bigEndian(id) < g.head {
				return wrong("job %x is before the head %d", id, g.head)
			}
			states[tx.tenant+string(id)]++
			c := counts[at{tenant: tx.tenant, queue: ns}]
			c.Ready++
			counts[at{tenant: tx.tenant, queue: ns}] = c
		case 't':
			q.level, q.group = rest[1], string(v)
			rings[q] = bigEndian(rest[2:])
		case 'd', 'r', 'f', 'z', 'c':
			states[tx.tenant+string(rest[1:])]++
			c := counts[q]
			*c.count(JobState(kind))++
			counts[q] = c
		}
		return true
	})
	for id, n := range states {
		if n != 1 || !jobs[id] {
			wrong("job %x is in %d states and exists: %t", id, n, jobs[id])
		}
		delete(jobs, id)
	}
	if len(jobs) > 0 {
		wrong("%d jobs are in no state", len(jobs))
	}
	for q, o := range queues {
		if counts[q] != o.QueueCounts {
			wrong("%v counts %+v, has %+v", q, o.QueueCounts, counts[q])
		}
		for level, n := range o.ring {
			for g := range rings {
				if g.tenant == q.tenant && g.queue == q.queue && int(g.level) == level {
					if n--; rings[g] < o.heads[level] {
						wrong("%v is before the head %d", g, o.heads[level])
					}
				}
			}
			if n != 0 {
				wrong("the ring %d of %v counts %d too many", level, q, n)
			}
		}
	}
	for at, g := range groups {
		if g.waiting != waiting[at] || (g.turn != 0) != (g.waiting > 0 && g.blocked == 0) || g.turn != rings[at] {
			wrong("group %v is %+v; %d wait, in the ring at %d", at, g, waiting[at], rings[at])
		}
		delete(waiting, at)
		delete(rings, at)
	}
	if len(waiting)+len(rings) > 0 {
		wrong("groups without a record: %v %v", waiting, rings)
	}
	return err
}

// BenchmarkApplyQueue enqueues, takes and finishes a job.
func BenchmarkApplyQueue(b *testing.B) {
	s := newScriptRun()
	do := func(c Command) []byte {
		reply, _, err := s.do(c)
		if err != nil {
			b.Fatal(err)
		}
		return reply
	}
	b.ReportAllocs()
	for b.Loop() {
		do(QueueEnqueue{[]JobSpec{{Queue: "jobs", Kind: "k", Payload: []byte("some data")}}}.Command("shop"))
		jobs, _, err := DecodeTaken(do(QueueTake{Queues: []string{"jobs"}, Max: 1}.Command("shop")))
		if err != nil || len(jobs) != 1 {
			b.Fatal(jobs, err)
		}
		do(QueueDone{Job: jobs[0].ID, Token: jobs[0].Token}.Command("shop"))
	}
}
