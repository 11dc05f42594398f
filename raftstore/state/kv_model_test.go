package state

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stackhost/stackhost/abi"
)

// kvModel is a naive store of one tenant: a map that is copied before each transaction, and the history of every key.
type kvModel struct {
	now     int64
	keys    map[modelKey]modelKV
	history []modelChange // of everything that was ever written, deleted or expired
	limits  Usage
}

type modelKey struct{ namespace, key string }

type modelKV struct {
	value            string
	version, created uint64
	expires          int64
	index            uint64
}

type modelChange struct {
	index uint64
	modelKey
	gone bool
}

func (m *kvModel) get(k modelKey) (modelKV, bool) {
	e, ok := m.keys[k]
	return e, ok && (e.expires == 0 || e.expires > m.now)
}

func (m *kvModel) usage() (u Usage) {
	for k, e := range m.keys {
		u.Bytes += int64(len(k.key) + len(e.value))
		u.Keys++
	}
	return u
}

// tick forgets what expired.
func (m *kvModel) tick(index uint64) {
	for k := range m.keys {
		if _, ok := m.get(k); !ok {
			delete(m.keys, k)
			m.history = append(m.history, modelChange{index, k, true})
		}
	}
}

// rangeHolds says what a range guard must answer: unsure when the rules leave it open.
func (m *kvModel) rangeHolds(r KVRange) (holds, unsure bool) {
	for _, c := range m.history {
		if c.index <= r.Since || c.namespace != r.Namespace {
			continue
		}
		if strings.HasPrefix(c.key, string(r.Prefix)) {
			return false, false
		}
		unsure = unsure || c.gone
	}
	for k := range m.keys { // expired, whether its timer has run or not
		if _, live := m.get(k); !live && k.namespace == r.Namespace && strings.HasPrefix(k.key, string(r.Prefix)) {
			return false, false
		}
	}
	return true, unsure
}

// txn does a transaction, if it can be done, and returns the code of the answer and, for each write, whether the key existed and the sum.
// versions are those that the store gave.
func (m *kvModel) txn(t KVTxn, index uint64, versions []uint64) (code abi.Code, results []KVResult, unsure bool) {
	for _, g := range t.Guards {
		if e, ok := m.get(modelKey{g.Namespace, string(g.Key)}); ok && e.version != g.Version || !ok && g.Version != 0 {
			return abi.CodeConflict, nil, false
		}
	}
	for _, r := range t.Ranges {
		holds, open := m.rangeHolds(r)
		if !holds {
			return abi.CodeConflict, nil, false
		}
		unsure = unsure || open
	}
	keys, history, before := maps.Clone(m.keys), len(m.history), m.usage()
	fail := func(code abi.Code) (abi.Code, []KVResult, bool) {
		m.keys, m.history = keys, m.history[:history]
		return code, nil, unsure
	}
	for i, w := range t.Writes {
		k := modelKey{w.Namespace, string(w.Key)}
		old, existed := m.get(k)
		if !existed {
			old = modelKV{}
		}
		r := KVResult{Existed: existed}
		e := modelKV{created: old.created, index: index}
		if i < len(versions) {
			e.version = versions[i]
		}
		if !existed {
			e.created = e.version
		}
		_, stored := m.keys[k]
		switch w.Kind {
		case KVDelete:
			delete(m.keys, k)
		case KVSet:
			if e.value = string(w.Value); w.TTL > 0 {
				e.expires = m.now + w.TTL
			}
		case KVAdd:
			n := int64(0)
			if existed {
				var err error
				if n, err = strconv.ParseInt(old.value, 10, 64); err != nil {
					return fail(abi.CodeConflict)
				}
			}
			sum := n + w.Delta
			if (sum > n) != (w.Delta > 0) && w.Delta != 0 {
				return fail(abi.CodeConflict)
			}
			e.value, e.expires, r.Value = strconv.FormatInt(sum, 10), old.expires, sum
		}
		if w.Kind != KVDelete {
			m.keys[k] = e
		}
		if stored || w.Kind != KVDelete {
			m.history = append(m.history, modelChange{index, k, w.Kind == KVDelete})
		}
		results = append(results, r)
	}
	after := m.usage()
	if after.Bytes > before.Bytes && m.limits.Bytes > 0 && after.Bytes > m.limits.Bytes ||
		after.Keys > before.Keys && m.limits.Keys > 0 && after.Keys > m.limits.Keys {
		return fail(abi.CodeQuota)
	}
	return 0, results, unsure
}

// modelKeys are the keys of random transactions: some are prefixes of others, some end where prefixes do.
var modelKeys = []string{"a", "a\x00", "a\x00b", "aa", "ab", "a\xff", "a\xff\xff", "b", "\xff", "\xff\xff", "\x00", "n", "n1"}

func randomTxn(random *rand.Rand, m *kvModel, index uint64) (t KVTxn) {
	key := func() (string, []byte) {
		return []string{"n", "m"}[random.IntN(2)], []byte(modelKeys[random.IntN(len(modelKeys))])
	}
	for range max(0, random.IntN(6)-3) {
		ns, k := key()
		g := KVGuard{ns, k, 0}
		if e, ok := m.keys[modelKey{ns, string(k)}]; ok && random.IntN(6) > 0 {
			g.Version = e.version
		}
		t.Guards = append(t.Guards, g)
	}
	for range max(0, random.IntN(7)-5) {
		ns, k := key()
		since := index - min(index, uint64(random.IntN(12)))
		t.Ranges = append(t.Ranges, KVRange{ns, k[:random.IntN(len(k)+1)], since})
	}
	for range 1 + max(0, random.IntN(8)-4) {
		ns, k := key()
		w := KVWrite{Kind: byte(1 + random.IntN(3)), Namespace: ns, Key: k}
		switch {
		case w.Kind == KVSet && random.IntN(3) == 0:
			w.Value = strconv.AppendInt(nil, []int64{math.MaxInt64, math.MinInt64, 0, -5, 41}[random.IntN(5)], 10)
		case w.Kind == KVSet:
			w.Value = bytes.Repeat([]byte{'x'}, random.IntN(20))
		case w.Kind == KVAdd:
			w.Delta = []int64{1, -1, 1000, math.MaxInt64, math.MinInt64, 0}[random.IntN(6)]
		}
		if w.Kind == KVSet && random.IntN(3) == 0 {
			w.TTL = 1 + random.Int64N(4000)
		}
		t.Writes = append(t.Writes, w)
	}
	return t
}

func TestKVModel(t *testing.T) {
	random := newRandom(t)
	ops := 20_000
	if testing.Short() {
		ops = 5_000
	}
	s, again := newScriptRun(), newScriptRun()
	models := map[string]*kvModel{"shop": {keys: map[modelKey]modelKV{}}, "bank": {keys: map[modelKey]modelKV{}}}
	seen := map[string]int{}
	for i := range ops {
		if random.IntN(3) == 0 {
			s.now += random.Int64N(700)
		}
		again.now = s.now
		tenant := []string{"shop", "bank"}[random.IntN(2)]
		index := s.m.Index + 1
		for _, m := range models {
			m.now = s.now
		}
		m := models[tenant]
		var c Command
		var txn KVTxn
		switch op := random.IntN(100); {
		case op < 90:
			txn = randomTxn(random, m, s.m.Index)
			c = txn.Command(tenant)
		case op < 93:
			m.limits = Usage{Bytes: random.Int64N(300), Keys: random.Int64N(20)}
			if random.IntN(2) == 0 {
				m.limits = Usage{}
			}
			c = QuotaSet{m.limits}.Command(tenant)
		default:
			c = Command{Family: FamilySystem, Op: OpTick}
			for _, m := range models {
				m.tick(index)
			}
		}
		payload, events, err := s.do(c)
		if _, _, err2 := again.do(c); fmt.Sprint(err) != fmt.Sprint(err2) {
			t.Fatalf("op %d: two machines answer %v and %v", i, err, err2)
		}
		if c.Family == FamilyKV {
			if kind, bad := checkTxn(m, txn, index, payload, events, err); bad != nil {
				t.Fatalf("op %d: %+v: %v", i, txn, bad)
			} else {
				seen[kind]++
			}
		} else if err != nil {
			t.Fatalf("op %d: %v", i, err)
		}
		if err := models[tenant].same(random, s.view(), tenant); err != nil {
			t.Fatalf("op %d: after %+v: %v", i, txn, err)
		}
		if i%50 == 0 {
			if err := s.check(); err != nil {
				t.Fatalf("op %d: %v", i, err)
			}
			for _, m := range models { // what is older no guard asks for
				m.history = slices.DeleteFunc(m.history, func(c modelChange) bool { return c.index+20 < index })
			}
		}
	}
	sameState(t, s, again)
	t.Log(seen)
	for _, kind := range []string{"done", "conflict", "conflict of ranges", "quota", "done with ranges"} {
		if seen[kind] < 10 {
			t.Errorf("the run had %d cases of %q", seen[kind], kind)
		}
	}
}

// checkTxn runs a transaction on the model too and compares the answers and events. It returns what kind of answer it was.
func checkTxn(m *kvModel, txn KVTxn, index uint64, payload []byte, events []Event, err error) (string, error) {
	var e *abi.Error
	got := abi.Code(0)
	if errors.As(err, &e) {
		got = e.Code
	}
	results, bad := DecodeKVResults(payload)
	if bad != nil {
		return "", bad
	}
	var versions []uint64
	for i, r := range results {
		if w := txn.Writes[i]; (w.Kind == KVDelete) != (r.Version == 0) || r.Version != 0 && r.Version>>20 != index {
			return "", fmt.Errorf("write %d has version %d at index %d", i, r.Version, index)
		}
		versions = append(versions, r.Version)
	}
	if ranges := strings.Contains(fmt.Sprint(err), "prefix") || strings.Contains(fmt.Sprint(err), "deleted after"); ranges && got == abi.CodeConflict {
		holds, open := true, false
		for _, r := range txn.Ranges {
			h, u := m.rangeHolds(r)
			holds, open = holds && h, open || u
		}
		if holds && !open {
			return "", fmt.Errorf("%v, but nothing changed", err)
		}
		return "conflict of ranges", nil
	}
	code, want, _ := m.txn(txn, index, versions)
	if code != got {
		return "", fmt.Errorf("answer %v, want code %v", err, code)
	}
	stored := 0
	for i, w := range want {
		if results[i].Existed != w.Existed || results[i].Value != w.Value {
			return "", fmt.Errorf("write %d answers %+v, want %+v", i, results[i], w)
		}
	}
	if code != 0 && len(events) > 0 {
		return "", fmt.Errorf("events of a transaction that was not done: %+v", events)
	}
	for _, ev := range events {
		if ev.Version>>20 != index || ev.Version <= uint64(stored) {
			return "", fmt.Errorf("event %+v out of order at index %d", ev, index)
		}
		stored = int(ev.Version)
	}
	kind := map[abi.Code]string{0: "done", abi.CodeConflict: "conflict", abi.CodeQuota: "quota"}[code]
	if code == 0 && len(txn.Ranges) > 0 {
		kind = "done with ranges"
	}
	return kind, nil
}

// same compares everything that can be read with the model.
func (m *kvModel) same(random *rand.Rand, v *View, tenant string) error {
	v.Now = m.now
	for _, ns := range []string{"n", "m"} {
		var want []KVEntry
		for _, key := range slices.Sorted(slices.Values(modelKeys)) {
			e, ok := m.get(modelKey{ns, key})
			got, found, err := KVGet(v, tenant, ns, []byte(key))
			if err != nil || found != ok || ok && !sameEntry(got, e) {
				return fmt.Errorf("%s %q is %+v (%t, %v), want %+v (%t)", ns, key, got, found, err, e, ok)
			}
			if ok {
				got.Key = []byte(key)
				want = append(want, got)
			}
		}
		prefix := []byte(modelKeys[random.IntN(len(modelKeys))])
		prefix = prefix[:random.IntN(len(prefix)+1)]
		want = slices.DeleteFunc(want, func(e KVEntry) bool { return !bytes.HasPrefix(e.Key, prefix) })
		scan := KVScan{Prefix: prefix, Limit: 1 + random.IntN(5), Reverse: random.IntN(2) == 0}
		if scan.Reverse {
			slices.Reverse(want)
		}
		var got []KVEntry
		for more := true; more; more = scan.After != nil {
			page, next, err := KVRead(v, tenant, ns, scan)
			if err != nil || len(page) > scan.Limit || next != nil && len(page) < scan.Limit {
				return fmt.Errorf("a page of %d has %d entries, next %q, %v", scan.Limit, len(page), next, err)
			}
			got, scan.After = append(got, page...), next
		}
		if !slices.EqualFunc(got, want, func(a, b KVEntry) bool {
			return bytes.Equal(a.Key, b.Key) && bytes.Equal(a.Value, b.Value) && a.Version == b.Version && a.Created == b.Created && a.Expires == b.Expires
		}) {
			return fmt.Errorf("scan %+v of %s gives %+v, want %+v", scan, ns, got, want)
		}
	}
	if used, limits := UsageOf(v, tenant); used != m.usage() || limits != m.limits {
		return fmt.Errorf("%s keeps %+v of %+v, want %+v of %+v", tenant, used, limits, m.usage(), m.limits)
	}
	return nil
}

func sameEntry(e KVEntry, m modelKV) bool {
	return string(e.Value) == m.value && e.Version == m.version && e.Created == m.created && e.Expires == m.expires
}
