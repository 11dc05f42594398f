package state

import (
	"fmt"
	"slices"

	"github.com/stackhost/stackhost/abi"
)

// nodeCounts is what a node told last.
type nodeCounts struct {
	boot, serial uint64
	counts       []AppCount
}

const countsLimit = 3 * AppMaxWeights

func reportCounts(tx *Tx, t *tuple) error {
	node := t.str()
	told := nodeCounts{boot: t.uint(), serial: t.uint()}
	told.counts = countsOf(t.uints(countsLimit))
	if err := t.end(); err != nil {
		return err
	}
	if node == "" || len(node) > appNodeMaxBytes {
		return abi.Errorf(abi.CodeInvalid, "app: the name of a node has 1 to %d bytes", appNodeMaxBytes)
	}
	now := readActivation(tx, tx.shard, tx.tenant)
	if told.serial != now.Serial || told.serial == 0 { // the activation has changed since
		return nil
	}
	before := nodeCounts{}
	if b, ok := tx.Get(tx.appKey('s', []byte(node))); ok {
		s := openTuple(b)
		before = nodeCounts{boot: s.uint(), serial: s.uint(), counts: countsOf(s.uints(countsLimit))}
	}
	if before.boot != told.boot || before.serial != told.serial {
		before.counts = nil
	}
	totals := readCounts(tx, tx.appKey('t'))
	guarded := AppCount{}
	for _, c := range told.counts {
		old := find(before.counts, c.Version)
		grown := AppCount{c.Version, c.Requests - min(old.Requests, c.Requests), c.Errors - min(old.Errors, c.Errors)}
		totals = addCount(totals, grown)
		if now.Guard != nil && c.Version == now.Guard.Version {
			guarded = grown
		}
	}
	b := abi.AppendUint(abi.AppendUint(abi.AppendArray(nil, 3), told.boot), told.serial)
	tx.Set(tx.appKey('s', []byte(node)), appendUints(b, flattenCounts(told.counts)))
	tx.Set(tx.appKey('t'), appendUints(abi.AppendArray(nil, 1), flattenCounts(totals)))
	if now.Guard != nil && guarded.Requests > 0 {
		watch(tx, now, guarded)
	}
	tx.tell("counters", now.Serial)
	return nil
}

func readCounts(r Reader, key []byte) []AppCount {
	b, ok := r.Get(key)
	if !ok {
		return nil
	}
	t := openTuple(b)
	return countsOf(t.uints(3 * 64))
}

func find(counts []AppCount, version uint64) AppCount {
	for _, c := range counts {
		if c.Version == version {
			return c
		}
	}
	return AppCount{Version: version}
}

func addCount(counts []AppCount, more AppCount) []AppCount {
	for i := range counts {
		if counts[i].Version == more.Version {
			counts[i].Requests += more.Requests
			counts[i].Errors += more.Errors
			return counts
		}
	}
	return append(counts, more)
}

// watch adds to the slots of the guard's window, and takes the activation back when the bound is crossed. A slot is an AppCount whose
// Version is the slot's number since the epoch.
func watch(tx *Tx, now *Activation, grown AppCount) {
	g := now.Guard
	slot := uint64(tx.now / (g.Window / guardSlots))
	grown.Version = slot
	slots := slices.DeleteFunc(readCounts(tx, tx.appKey('g')), func(c AppCount) bool { return c.Version+guardSlots <= slot })
	slots = addCount(slots, grown)
	tx.Set(tx.appKey('g'), appendUints(abi.AppendArray(nil, 1), flattenCounts(slots)))
	sum := AppCount{}
	for _, s := range slots {
		sum.Requests += s.Requests
		sum.Errors += s.Errors
	}
	if sum.Requests < uint64(g.Min) || sum.Errors*1e6 <= uint64(g.Bound)*sum.Requests {
		return
	}
	switchTo(tx, now, &Activation{Weights: g.Back, Reason: fmt.Sprintf(
		"automatic rollback: version %d failed %d of %d requests within %d ms, the bound is %d in a million",
		g.Version, sum.Errors, sum.Requests, g.Window, g.Bound)})
}
