package state

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stackhost/stackhost/abi"
)

func showKVResults(b []byte) string {
	results, err := DecodeKVResults(b)
	if err != nil {
		return err.Error()
	}
	var w []string
	for _, r := range results {
		s := "version=" + showID(r.Version)
		if r.Version == 0 {
			s = "deleted"
		}
		if r.Existed {
			s += " existed"
		}
		if r.Value != 0 {
			s += fmt.Sprintf(" value=%d", r.Value)
		}
		w = append(w, s)
	}
	if w == nil {
		return "held"
	}
	return strings.Join(w, ", ")
}

func showKVEntry(e KVEntry) string {
	s := fmt.Sprintf("%s = %.20q version=%s created=%s", e.Key, e.Value, showID(e.Version), showID(e.Created))
	if e.Expires != 0 {
		s += " expires=" + showAt(e.Expires)
	}
	return s
}

// scriptWrite makes a write of "key:value".
func scriptWrite(kind byte, namespace, word string) KVWrite {
	key, value, _ := strings.Cut(word, ":")
	w := KVWrite{Kind: kind, Namespace: namespace, Key: scriptValue(key)}
	if kind == KVAdd {
		delta, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			panic(err)
		}
		w.Delta = delta
	} else if value != "" {
		w.Value = scriptValue(value)
	}
	return w
}

// scriptTxn makes a transaction: if=key:version,… range=prefix:since,… set=key:value,… add=key:delta,… del=key,… of the first word's
// namespace, and ttl= for the keys that are set.
func scriptTxn(a *scriptArgs) KVTxn {
	var t KVTxn
	for _, g := range a.list("if") {
		key, version, _ := strings.Cut(g, ":")
		t.Guards = append(t.Guards, KVGuard{a.at(0), scriptValue(key), scriptNumber(version)})
	}
	for _, r := range a.list("range") {
		prefix, since, _ := strings.Cut(r, ":")
		index, _, _ := strings.Cut(since, ".") // versions do as well
		t.Ranges = append(t.Ranges, KVRange{a.at(0), []byte(prefix), scriptNumber(index)})
	}
	for _, w := range a.list("set") {
		set := scriptWrite(KVSet, a.at(0), w)
		set.TTL = a.ms("ttl")
		t.Writes = append(t.Writes, set)
	}
	for _, w := range a.list("add") {
		t.Writes = append(t.Writes, scriptWrite(KVAdd, a.at(0), w))
	}
	for _, w := range a.list("del") {
		t.Writes = append(t.Writes, scriptWrite(KVDelete, a.at(0), w))
	}
	return t
}

var (
	_ = verb("kv txn", func(a *scriptArgs) Command { return scriptTxn(a).Command(a.Tenant) }, showKVResults)
	_ = verb("kv set", func(a *scriptArgs) Command {
		w := KVWrite{Kind: KVSet, Namespace: a.at(0), Key: scriptValue(a.at(1)), Value: scriptValue(a.at(2)), TTL: a.ms("ttl")}
		return KVTxn{Writes: []KVWrite{w}}.Command(a.Tenant)
	}, showKVResults)
	_ = verb("kv kind", func(a *scriptArgs) Command {
		return KVTxn{Writes: []KVWrite{{Kind: byte(scriptNumber(a.at(0))), Namespace: "n", Key: []byte("k")}}}.Command(a.Tenant)
	}, showKVResults)
	_ = verb("kv raw", func(a *scriptArgs) Command { // raw OP ARGS
		return Command{Family: FamilyKV, Op: byte(scriptNumber(a.at(0))), Tenant: a.Tenant, Args: []byte(a.at(1))}
	}, showKVResults)
	_ = readVerb("kv get", func(v *View, a *scriptArgs) string {
		e, ok, err := KVGet(v, a.Tenant, a.at(0), scriptValue(a.at(1)))
		switch {
		case err != nil:
			return err.Error()
		case !ok:
			return "none"
		}
		return showKVEntry(e)
	})
	_ = readVerb("kv scan", func(v *View, a *scriptArgs) string {
		s := KVScan{Prefix: []byte(a.str("prefix")), Limit: int(int64(a.num("limit")))}
		s.KeysOnly, s.Reverse = a.str("keys") != "", a.str("reverse") != ""
		if after := a.str("after"); after != "" {
			s.After = []byte(after)
		}
		entries, next, err := KVRead(v, a.Tenant, a.at(0), s)
		if err != nil {
			return err.Error()
		}
		var b strings.Builder
		for _, e := range entries {
			fmt.Fprintln(&b, showKVEntry(e))
		}
		fmt.Fprintf(&b, "next %q", next)
		return b.String()
	})
	_ = verb("quota set", func(a *scriptArgs) Command {
		return QuotaSet{Usage{Bytes: int64(a.num("bytes")), Keys: int64(a.num("keys"))}}.Command(a.Tenant)
	}, nil)
	_ = verb("quota below", func(a *scriptArgs) Command { return QuotaSet{Usage{Bytes: -1}}.Command(a.Tenant) }, nil)
	_ = verb("quota unknown", func(a *scriptArgs) Command {
		return Command{Family: FamilyQuota, Op: 99, Tenant: a.Tenant}
	}, nil)
	_ = readVerb("quota show", func(v *View, a *scriptArgs) string {
		used, limits := UsageOf(v, a.Tenant)
		return fmt.Sprintf("%d of %d bytes, %d of %d keys", used.Bytes, limits.Bytes, used.Keys, limits.Keys)
	})
	_ = checkState(checkKV)
)

// checkKV: every key that expires has its timer, and no timer is without its key.
func checkKV(r Reader) (err error) {
	expiring := 0
	r.Scan([]byte{FamilyKV}, []byte{FamilyKV + 1}, func(k, v []byte) bool {
		_, rest, ok := onBehalfOf(&Tx{}, k)
		e := kvEntry(v)
		switch {
		case !ok || rest[0] != 'k' && (rest[0] != 'd' || len(rest) != 1 || len(v) != 8):
			err = fmt.Errorf("kv: unknown key %q", k)
		case rest[0] == 'd':
		case e.Version == 0 || e.Created == 0 || e.Created > e.Version:
			err = fmt.Errorf("kv: %q has version %d, created %d", k, e.Version, e.Created)
		case e.Expires != 0:
			expiring++
			if _, ok := r.Get(timerKey(e.Expires, FamilyKV, k)); !ok {
				err = fmt.Errorf("kv: %q has no timer", k)
			}
		}
		return err == nil
	})
	r.Scan([]byte{prefixTimers}, []byte{prefixTimers + 1}, func(k, _ []byte) bool {
		if k[9] == FamilyKV {
			expiring--
		}
		return true
	})
	if err == nil && expiring != 0 {
		err = fmt.Errorf("kv: %d timers more than keys that expire", -expiring)
	}
	return err
}

func TestKVLimits(t *testing.T) {
	s := newScriptRun()
	set := func(namespace, prefix string, n int) KVTxn {
		var txn KVTxn
		for i := range n {
			txn.Writes = append(txn.Writes, KVWrite{Kind: KVSet, Namespace: namespace, Key: fmt.Appendf(nil, "%s%04d", prefix, i)})
		}
		return txn
	}
	one := func(key, value int) KVTxn {
		return KVTxn{Writes: []KVWrite{{Kind: KVSet, Namespace: "n", Key: make([]byte, key), Value: make([]byte, value)}}}
	}
	covers := func(prefix string) KVTxn {
		return KVTxn{Ranges: []KVRange{{"big", []byte(prefix), 1000}}}
	}
	for i := range KVRangeKeys / KVMaxOps {
		if _, _, err := s.do(set("big", fmt.Sprintf("a%02d", i), KVMaxOps).Command("shop")); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		txn  KVTxn
		want abi.Code
	}{
		{"as many writes as there may be", set("n", "k", KVMaxOps), 0},
		{"one more", set("n", "k", KVMaxOps+1), abi.CodeLimit},
		{"the longest key and value", one(KVMaxKey, KVMaxValue), 0},
		{"a key too long", one(KVMaxKey+1, 0), abi.CodeInvalid},
		{"a value too long", one(1, KVMaxValue+1), abi.CodeLimit},
		{"a range as long as it may be", set("big", "b", KVRangeKeys%KVMaxOps), 0},
		{"which holds", covers(""), 0},
		{"one more key", set("big", "c", 1), 0},
		{"a range too long", covers(""), abi.CodeLimit},
		{"but not a part of it", covers("a"), 0},
	} {
		_, _, err := s.do(c.txn.Command("shop"))
		var e *abi.Error
		if errors.As(err, &e); err == nil && c.want != 0 || err != nil && e.Code != c.want {
			t.Errorf("%s: %v, want code %v", c.name, err, c.want)
		}
	}
}

// BenchmarkKVSet applies entries of one write, and of 64, to 10,000 keys in memory.
func BenchmarkKVSet(b *testing.B) {
	for _, commands := range []int{1, 64} {
		b.Run(strconv.Itoa(commands), func(b *testing.B) {
			s, entries := benchKV(b, commands)
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				if _, _, err := s.m.Apply(&s.mem, s.m.Index+1, entries[i%len(entries)]); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*commands), "ns/write")
		})
	}
}

func benchKV(tb testing.TB, commands int) (*scriptRun, [][]byte) {
	s := newScriptRun()
	value := make([]byte, 128)
	var entries [][]byte
	for i := 0; i < 10_000; i += commands {
		e := Entry{Now: s.now, Bundles: []Bundle{{}}}
		for j := range commands {
			w := KVWrite{Kind: KVSet, Namespace: "n", Key: fmt.Appendf(nil, "key-%06d", i+j), Value: value}
			e.Bundles[0].Commands = append(e.Bundles[0].Commands, KVTxn{Writes: []KVWrite{w}}.Command("shop"))
		}
		entries = append(entries, e.Append(nil))
	}
	for i, e := range entries {
		if _, _, err := s.m.Apply(&s.mem, uint64(i+1), e); err != nil {
			tb.Fatal(err)
		}
	}
	return s, entries
}

func BenchmarkKVGet(b *testing.B) {
	s, _ := benchKV(b, 1)
	v, key := s.view(), []byte("key-004711")
	b.ReportAllocs()
	for b.Loop() {
		if _, ok, err := KVGet(v, "shop", "n", key); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}
