package state

import "encoding/binary"

// Job is a job as those who look see it. Its byte slices are valid as long as the view, and must not be changed.
type Job struct {
	ID uint64
	JobSpec
	Created int64 // log time in ms
	State   JobState
	jobRun
}

// QueueInfo is a queue as those who look see it.
type QueueInfo struct {
	Name string
	QueueConfig
	QueueCounts
}

// BatchInfo is a batch that is not complete.
type BatchInfo struct {
	ID uint64
	batchOf
}

// QueueSpec returns what was enqueued as job id.
func QueueSpec(v *View, shard uint16, tenant string, id uint64) (spec JobSpec, created int64, ok bool) {
	b, ok := v.Get(Key(FamilyQueue, shard, tenant, "", []byte{'j'}, BE(id)))
	if !ok {
		return JobSpec{}, 0, false
	}
	created, raw := decodeJob(b)
	spec, err := decodeSpec(raw, false)
	return spec, created, err == nil
}

// viewed opens a queue for reading.
func viewed(v *View, shard uint16, tenant, name string) (*queueOf, bool) {
	q := &queueOf{tx: &Tx{base: readOnly{v}, now: v.Now, tenant: tenant, shard: shard}, name: name}
	b, ok := v.Get(q.at('n'))
	if ok {
		q.decode(b)
	}
	return q, ok
}

// readOnly is a View as the base of a Tx that writes nothing.
type readOnly struct{ Reader }

func (readOnly) Set(_, _ []byte) { panic("state: a read has written") }
func (readOnly) Delete(_ []byte) { panic("state: a read has written") }

// QueueJob returns the job of that id.
func QueueJob(v *View, shard uint16, tenant string, id uint64) (Job, bool) {
	q := &queueTx{tx: &Tx{base: readOnly{v}, now: v.Now, tenant: tenant, shard: shard}}
	j, err := q.find(id)
	if err != nil {
		return Job{}, false
	}
	spec, created, ok := QueueSpec(v, shard, tenant, id)
	return Job{ID: id, JobSpec: spec, Created: created, State: j.state, jobRun: j.jobRun}, ok
}

// QueueShow returns the queue of that name.
func QueueShow(v *View, shard uint16, tenant, name string) (QueueInfo, bool) {
	q, ok := viewed(v, shard, tenant, name)
	return QueueInfo{Name: name, QueueConfig: q.QueueConfig, QueueCounts: q.QueueCounts}, ok
}

// QueueList visits the queues in the order of their names until visit returns false.
func QueueList(v *View, shard uint16, tenant string, visit func(QueueInfo) bool) {
	from := Key(FamilyQueue, shard, tenant, "", []byte{'q'})
	v.Scan(from, Prefix(from), func(k, _ []byte) bool {
		q, ok := QueueShow(v, shard, tenant, string(k[len(from):]))
		return !ok || visit(q)
	})
}

// QueueJobs visits the jobs of a queue in a state, in the order of their ids, those that are ready in that of their levels, groups and
// ids, from the one after the token, until visit returns false. token is that of the job visited.
func QueueJobs(v *View, shard uint16, tenant, name string, state JobState, after []byte, visit func(j Job, token []byte) bool) {
	q, ok := viewed(v, shard, tenant, name)
	if !ok {
		return
	}
	head := q.at(byte(state))
	from := q.at(byte(state), after)
	if len(after) > 0 {
		from = append(from, 0)
	}
	v.Scan(from, Prefix(head), func(k, b []byte) bool {
		if len(k) < len(head)+8 {
			return true
		}
		id := binary.BigEndian.Uint64(k[len(k)-8:])
		spec, created, ok := QueueSpec(v, shard, tenant, id)
		if !ok {
			return true
		}
		run := decodeRun(append([]byte(nil), b...))
		return visit(Job{ID: id, JobSpec: spec, Created: created, State: state, jobRun: run}, append([]byte(nil), k[len(head):]...))
	})
}

// QueueBatch returns a batch that is not complete.
func QueueBatch(v *View, shard uint16, tenant string, id uint64) (BatchInfo, bool) {
	b, ok := v.Get(Key(FamilyQueue, shard, tenant, "", []byte{'b'}, BE(id)))
	if !ok {
		return BatchInfo{}, false
	}
	return BatchInfo{ID: id, batchOf: decodeBatch(b)}, true
}
