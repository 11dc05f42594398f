package state

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
)

// randomLog is a run of entries of the kv, quota and session families and ticks, as a leader would make it.
func randomLog(t *testing.T, entries int) (log []Entry) {
	random := newRandom(t)
	m := &kvModel{keys: map[modelKey]modelKV{}}
	now := int64(scriptStart)
	for i := range entries {
		now += random.Int64N(300)
		e := Entry{Now: now}
		b := Bundle{}
		for range 1 + random.IntN(6) {
			tenant := []string{"shop", "bank"}[random.IntN(2)]
			txn := randomTxn(random, m, uint64(i))
			id := scriptID(fmt.Sprint("s", random.IntN(9)))
			kinds := []Command{
				txn.Command(tenant), txn.Command(tenant), txn.Command(tenant), QuotaSet{Usage{Bytes: 200 + random.Int64N(300)}}.Command(tenant),
				SessionCreate{ID: id, Subject: "u", Life: 1000 + random.Int64N(3000)}.Command(tenant), SessionSet{ID: id, Data: id}.Command(tenant),
				QueueEnqueue{[]JobSpec{{Queue: "q", Kind: "k", Group: string(id), Due: e.Now + random.Int64N(2000) - 1000, Timeout: 1000}}}.Command(tenant),
				QueueTake{Queues: []string{"q"}, Max: 2}.Command(tenant),
				OnceOpen{uint64(1 + random.IntN(4))}.Command(), {Op: OpTick}, {Op: OpTick},
				Once{uint64(1 + random.IntN(4)), uint64(1 + random.IntN(1100)), []Command{txn.Command(tenant)}}.Command(),
			}
			b.Commands = append(b.Commands, kinds[random.IntN(len(kinds))])
		}
		e.Bundles = []Bundle{b}
		log = append(log, e)
	}
	return log
}

func applyAll(t *testing.T, s *scriptRun, log []Entry) (replies []byte) {
	t.Helper()
	for _, e := range log {
		r, _, err := s.m.Apply(&s.mem, s.m.Index+1, e.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		replies = append(replies, slices.Concat(r...)...)
	}
	return replies
}

// A machine that stops anywhere and goes on from its record has the same keys, history and answers as one that never stopped, and so
// has one that gets the commands of each entry in other bundles.
func TestSameLogSameState(t *testing.T) {
	log := randomLog(t, 400)
	whole := newScriptRun()
	want := applyAll(t, whole, log)

	restarted := newScriptRun()
	var got []byte
	for i := 0; i < len(log); i += 7 {
		meta, err := DecodeMeta(restarted.m.Meta.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		restarted.m = NewMachine(meta)
		got = append(got, applyAll(t, restarted, log[i:min(i+7, len(log))])...)
	}
	sameState(t, whole, restarted)
	if !bytes.Equal(got, want) {
		t.Error("a restarted machine answers otherwise")
	}

	split := make([]Entry, len(log))
	for i, e := range log {
		split[i] = Entry{Now: e.Now}
		for _, c := range e.Bundles[0].Commands {
			split[i].Bundles = append(split[i].Bundles, Bundle{Commands: []Command{c}})
		}
	}
	bundles := newScriptRun()
	if got := applyAll(t, bundles, split); !bytes.Equal(got, want) {
		t.Error("the same commands in other bundles have other answers")
	}
	sameState(t, whole, bundles)
	if err := whole.check(); err != nil {
		t.Error(err)
	}
	if whole.mem.Len() < 20 {
		t.Errorf("the log made %d keys only", whole.mem.Len())
	}
}

// The history's hash differs as soon as one byte that was written does, and stays so.
func TestChainTellsHistories(t *testing.T) {
	log := randomLog(t, 50)
	log = append(log, Entry{Now: log[49].Now, Bundles: []Bundle{{Commands: []Command{QuotaSet{}.Command("bank"), KVTxn{Writes: []KVWrite{
		{Kind: KVSet, Namespace: "n", Key: []byte("x"), Value: []byte("1")}}}.Command("bank")}}}})
	a, b := newScriptRun(), newScriptRun()
	applyAll(t, a, log)
	last := log[50].Bundles[0].Commands
	log[50].Bundles = []Bundle{{Commands: []Command{last[0], KVTxn{Writes: []KVWrite{
		{Kind: KVSet, Namespace: "n", Key: []byte("x"), Value: []byte("2")}}}.Command("bank")}}}
	applyAll(t, b, log)
	for range 2 {
		if a.m.Chain == b.m.Chain {
			t.Error("different values, the same hash")
		}
		same := KVTxn{Writes: []KVWrite{{Kind: KVSet, Namespace: "n", Key: []byte("x"), Value: []byte("3")}}}
		for _, s := range []*scriptRun{a, b} {
			if _, _, err := s.do(same.Command("bank")); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// How commands are divided into entries changes versions, and nothing else that can be read.
func TestDivisionIntoEntriesDoesNotMatter(t *testing.T) {
	random := newRandom(t)
	var writes []KVWrite
	m := &kvModel{keys: map[modelKey]modelKV{}}
	for range 300 {
		for _, w := range randomTxn(random, m, 1).Writes {
			if w.TTL > 0 {
				w.TTL += 1 << 40 // expires long after the test
				w.TTL %= KVMaxTTL
			}
			writes = append(writes, w)
		}
	}
	contents := func(perEntry int) (lines []string) {
		s := newScriptRun()
		for part := range slices.Chunk(writes, perEntry) {
			var commands []Command
			for _, w := range part {
				commands = append(commands, KVTxn{Writes: []KVWrite{w}}.Command("shop"))
			}
			if _, _, err := s.apply(Bundle{Commands: commands}); err != nil {
				t.Fatal(err)
			}
		}
		var versions []uint64
		for _, ns := range []string{"n", "m"} {
			entries, _, err := KVRead(s.view(), "shop", ns, KVScan{Limit: 1000})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				versions = append(versions, e.Version)
				lines = append(lines, fmt.Sprintf("%s %q = %q expires %d", ns, e.Key, e.Value, e.Expires))
			}
		}
		for i, v := range versions { // their order is that of the writes
			older := 0
			for _, w := range versions {
				if w < v {
					older++
				}
			}
			lines[i] += fmt.Sprint(" written as number ", older)
		}
		used, _ := UsageOf(s.view(), "shop")
		return append(lines, fmt.Sprint(used))
	}
	want := contents(1)
	for _, n := range []int{2, 7, 100} {
		if got := contents(n); !slices.Equal(got, want) {
			t.Errorf("with %d commands an entry:\n%q\nwith one:\n%q", n, got, want)
		}
	}
}
