package state

import (
	"strconv"

	"github.com/stackhost/stackhost/abi"
)

// batchOf counts the jobs of a batch.
type batchOf struct {
	Total, Done, Dead, Cancelled uint64
	Sealed                       bool
	Until                        int64 // log time in ms at which it is sealed
}

func decodeBatch(v []byte) batchOf {
	t := openTuple(v)
	return batchOf{Total: t.uint(), Done: t.uint(), Dead: t.uint(), Cancelled: t.uint(), Sealed: t.bool(), Until: t.int()}
}

func (b *batchOf) append() []byte {
	v := abi.AppendUint(abi.AppendUint(abi.AppendArray(nil, 6), b.Total), b.Done)
	return abi.AppendInt(abi.AppendBool(abi.AppendUint(abi.AppendUint(v, b.Dead), b.Cancelled), b.Sealed), b.Until)
}

func (q *queueTx) batchKey(kind byte, id uint64) []byte {
	return q.tx.Key(FamilyQueue, "", []byte{kind}, BE(id))
}

// headersOfBatch are those that a callback gets besides its own.
var headersOfBatch = []string{"batch", "total", "done", "dead", "cancelled"}

func (q *queueTx) begin(b []byte) ([]byte, error) {
	spec, err := decodeSpec(b, false)
	if err == nil {
		err = spec.check()
	}
	switch {
	case err != nil:
		return nil, err
	case len(b) > JobMaxSpec:
		return nil, abi.Errorf(abi.CodeLimit, "queue: a job with all that belongs to it has at most %d bytes, not %d", JobMaxSpec, len(b))
	case len(spec.Headers)+len(headersOfBatch) > JobMaxHeaders:
		return nil, abi.Errorf(abi.CodeLimit, "queue: a callback has at most %d headers of its own", JobMaxHeaders-len(headersOfBatch))
	case spec.Batch != 0 || spec.Unique != "" || spec.Idempotency != "":
		return nil, abi.Errorf(abi.CodeInvalid, "queue: a callback is in no batch and has no unique or idempotency key")
	}
	if err := charge(q.tx, jobSize(b), 1); err != nil {
		return nil, err
	}
	id := q.tx.UniqueID()
	batch := batchOf{Until: q.tx.now + QueueBatchOpen}
	q.tx.Set(q.batchKey('B', id), b)
	q.tx.Set(q.batchKey('b', id), batch.append())
	q.tx.SetTimer(batch.Until, FamilyQueue, q.batchKey('b', id))
	return appendCount(id), nil
}

// batch returns a batch that is not complete. 0 is none.
func (q *queueTx) batch(id uint64) (b batchOf, ok bool) {
	if id == 0 {
		return b, false
	}
	v, ok := q.tx.Get(q.batchKey('b', id))
	if ok {
		b = decodeBatch(v)
	}
	return b, ok
}

func noBatch(id uint64) error {
	return abi.Errorf(abi.CodeNotFound, "queue: there is no batch %d: it may be complete", id)
}

// join counts a job into a batch, if it is not complete. A job of the batch may add others when it is sealed already, because the batch is
// not complete before that job is.
func (q *queueTx) join(id uint64) {
	if b, ok := q.batch(id); ok {
		b.Total++
		q.tx.Set(q.batchKey('b', id), b.append())
	}
}

func (q *queueTx) seal(id uint64) error {
	b, ok := q.batch(id)
	if !ok {
		return noBatch(id)
	}
	if !b.Sealed {
		b.Sealed = true
		q.tx.ClearTimer(b.Until, FamilyQueue, q.batchKey('b', id))
	}
	q.saveBatch(id, &b)
	return nil
}

// finished counts n jobs of a batch that came into a state at its end.
func (q *queueTx) finished(id uint64, state JobState, n int) {
	b, ok := q.batch(id)
	if !ok {
		return
	}
	switch state {
	case JobDone:
		b.Done += uint64(n)
	case JobDead:
		b.Dead += uint64(n)
	default:
		b.Cancelled += uint64(n)
	}
	q.saveBatch(id, &b)
}

// saveBatch keeps the counts, or, when the batch is complete, enqueues its callback.
func (q *queueTx) saveBatch(id uint64, b *batchOf) {
	if !b.Sealed || b.Done+b.Dead+b.Cancelled < b.Total {
		q.tx.Set(q.batchKey('b', id), b.append())
		return
	}
	raw, _ := q.tx.Get(q.batchKey('B', id))
	q.tx.Delete(q.batchKey('b', id))
	q.tx.Delete(q.batchKey('B', id))
	_ = charge(q.tx, -jobSize(raw), -1)
	spec, err := decodeSpec(raw, false)
	if err != nil {
		return
	}
	for i, n := range []uint64{id, b.Total, b.Done, b.Dead, b.Cancelled} {
		spec.Headers = append(spec.Headers, abi.Pair{Name: headersOfBatch[i], Value: strconv.FormatUint(n, 10)})
	}
	_, _, _ = q.add(&spec, spec.append(nil), account)
}
