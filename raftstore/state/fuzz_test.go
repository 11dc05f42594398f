package state

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"reflect"
	"testing"

	"github.com/stackhost/stackhost/abi"
)

// fuzzCommands has a command of each kind of every family that has arguments.
func fuzzCommands() []Command {
	id, id2 := scriptID("a"), scriptID("b")
	txn := KVTxn{
		Guards: []KVGuard{{"n", []byte("a"), 7}}, Ranges: []KVRange{{"n", []byte("p"), 9}},
		Writes: []KVWrite{{Kind: KVSet, Namespace: "n", Key: []byte("k"), Value: []byte("v"), TTL: 5}, {Kind: KVAdd, Namespace: "n", Key: []byte("i"), Delta: -3},
			{Kind: KVDelete, Namespace: "n", Key: []byte("d")}},
	}
	free := KVTxn{Writes: txn.Writes}.Command("shop")
	return []Command{
		txn.Command("shop"), free, QuotaSet{Usage{1 << 20, 100}}.Command("shop"),
		LockAcquire{Namespace: "n", Name: "l", Owner: "o", TTL: 1000, Wait: 1000}.Command("shop"),
		LockRenew{Namespace: "n", Name: "l", Owner: "o", Fence: 1, TTL: 1000}.Command("shop"),
		LockRelease{Namespace: "n", Name: "l", Owner: "o"}.Command("shop"),
		CachePut{Namespace: "n", Key: "k", Value: []byte("v"), TTL: 1000, Tags: []string{"t"}}.Command("shop"),
		CacheInvalidate{Namespace: "n", Tags: []string{"t"}}.Command("shop"), CacheClear{"n"}.Command("shop"), CacheLimit{"n", 1000}.Command("shop"),
		SessionCreate{ID: id, Subject: "u", Life: 5000, Data: []byte("d")}.Command("shop"), SessionTouch{id}.Command("shop"),
		SessionSet{ID: id, Data: []byte("e")}.Command("shop"), SessionRotate{ID: id, NewID: id2, Subject: "w"}.Command("shop"),
		SessionRevoke{id2}.Command("shop"), SessionRevokeAll{Subject: "w"}.Command("shop"),
		QueueBatchBegin{JobSpec{Queue: "q", Kind: "callback"}}.Command("shop"),
		QueueEnqueue{[]JobSpec{{Queue: "q", Kind: "k", Group: "g", Unique: "u", Idempotency: "i", Keep: 1000, Next: []JobSpec{{Queue: "r", Kind: "n"}}},
			{Queue: "q", Kind: "later", Due: scriptStart + 9000}, {Queue: "q", Kind: "k"}}}.Command("shop"),
		QueueTake{Queues: []string{"q", "r"}, Owner: "o", Max: 2}.Command("shop"), QueueBeat{Job: 1, Token: 1, Progress: 5, Text: "t"}.Command("shop"),
		QueueDone{1, 1, []byte("r")}.Command("shop"), QueueFail{1, 1, "e", -1, false}.Command("shop"), QueueRelease{1, 1}.Command("shop"),
		QueueCancel{1}.Command("shop"), QueueRetry{Queue: "q", Limit: 5}.Command("shop"), QueueDiscard{Queue: "q", Limit: 5}.Command("shop"),
		QueueConfigure{Queue: "q", Set: QueueSetLimit, QueueConfig: QueueConfig{Limit: 5}}.Command("shop"), QueueBatchSeal{1}.Command("shop"),
		QueueDrop{"q"}.Command("shop"),
		OnceOpen{7}.Command(), Once{Session: 7, Sequence: 1, Commands: []Command{free, txn.Command("bank")}}.Command(),
		{Op: OpOpenSession}, {Op: OpCloseSession, Args: BE(1)}, {Op: OpFeature, Args: []byte{0, 1}}, {Op: OpTick}, {Op: OpNothing},
	}
}

func FuzzDecodeKVTxn(f *testing.F) {
	for _, c := range fuzzCommands() {
		f.Add(c.Args)
	}
	f.Fuzz(func(t *testing.T, args []byte) {
		txn, err := decodeKVTxn(args)
		if err != nil {
			return
		}
		again, err := decodeKVTxn(txn.Command("shop").Args)
		if err != nil || !sameTxn(txn, again) {
			t.Fatalf("%+v became %+v, %v", txn, again, err)
		}
	})
}

// sameTxn compares what transactions do: keys and values that are nil or empty are the same.
func sameTxn(a, b KVTxn) bool { return bytes.Equal(a.Command("").Args, b.Command("").Args) }

func FuzzDecodeEntry(f *testing.F) {
	commands := fuzzCommands()
	full := Entry{Now: 5, Check: 7, CheckIndex: 3, Bundles: []Bundle{{Session: 9, Sequence: 2, Commands: commands}, {Commands: commands[:2]}, {}}}
	for _, e := range []Entry{full, {}, {Now: -1}} {
		f.Add(e.Append(nil)[5:])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		b := binary.BigEndian.AppendUint32([]byte{entryVersion}, crc32.Checksum(body, castagnoli))
		e, err := DecodeEntry(append(b, body...))
		if err != nil {
			return
		}
		again, err := DecodeEntry(e.Append(nil))
		if err != nil || !reflect.DeepEqual(e, again) {
			t.Fatalf("%+v became %+v, %v", e, again, err)
		}
	})
}

// What is changed on its way is found out.
func FuzzDamagedEntry(f *testing.F) {
	e := Entry{Now: 5, Check: 7, CheckIndex: 3, Bundles: []Bundle{{Session: 9, Sequence: 2, Commands: fuzzCommands()}}}
	good := e.Append(nil)
	f.Add(uint(5), byte(1))
	f.Add(uint(1), byte(0x80))
	f.Add(uint(len(good)-1), byte(0xff))
	f.Fuzz(func(t *testing.T, at uint, change byte) {
		bad := bytes.Clone(good)
		bad[at%uint(len(bad))] ^= change
		if _, err := DecodeEntry(bad); (err == nil) != (change == 0) {
			t.Fatalf("byte %d changed by %#x: %v", at, change, err)
		}
		if cut := good[:at%uint(len(good))]; true {
			if _, err := DecodeEntry(cut); err == nil {
				t.Fatalf("%d of %d bytes are an entry", len(cut), len(good))
			}
		}
	})
}

func FuzzDecodeBundle(f *testing.F) {
	b := Bundle{Session: 9, Sequence: 2, Commands: fuzzCommands()}
	f.Add(b.Append(nil))
	f.Add([]byte{0, 0, 0})
	f.Add([]byte{0, 0, 1, 2, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := DecodeBundle(data)
		if err != nil {
			return
		}
		again, err := DecodeBundle(b.Append(nil))
		if err != nil || !reflect.DeepEqual(b, again) {
			t.Fatalf("%+v became %+v, %v", b, again, err)
		}
	})
}

func FuzzDecodeReplies(f *testing.F) {
	f.Add(AppendReply(AppendReply(nil, []byte("done"), nil), nil, abi.Errorf(abi.CodeConflict, "not done")))
	f.Add([]byte{})
	f.Add([]byte{0x80, 0x80, 0x80, 0x80, 0x10, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		replies, err := DecodeReplies(data, nil)
		if err != nil {
			return
		}
		var b []byte
		for _, r := range replies {
			b = AppendReply(b, r.Payload, r.Err)
		}
		again, err := DecodeReplies(b, nil)
		if err != nil || !reflect.DeepEqual(replies, again) {
			t.Fatalf("%+v became %+v, %v", replies, again, err)
		}
	})
}

// No answer that a node or client gets, and no record, makes a decoder panic.
func FuzzDecodeAnswers(f *testing.F) {
	f.Add(KVResult{Version: 1, Existed: true, Value: 5}.append(nil))
	f.Add(LockReply{Held: true, Fence: 1}.append(nil))
	f.Add((&UserSession{ID: scriptID("a"), Subject: "u", Version: 4, Created: 1, Seen: 2, Idle: 3, Life: 4}).record())
	f.Add((&KVEntry{Version: 1, Created: 1, Expires: 5, Value: []byte("v")}).record())
	f.Add((&JobSpec{Queue: "q", Kind: "k", Next: []JobSpec{{Queue: "r", Kind: "n"}}}).append(nil))
	f.Add((&jobRun{Attempts: 1, Error: "e"}).append())
	f.Add(Meta{Index: 1}.Append(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := DecodeSession(data); err == nil {
			if again, err := DecodeSession(s.record()); err != nil || !bytes.Equal(again.record(), s.record()) {
				t.Fatalf("%+v became %+v, %v", s, again, err)
			}
		}
		if results, err := DecodeKVResults(data); err == nil && len(results) != len(data)/17 {
			t.Fatalf("%d results of %d bytes", len(results), len(data))
		}
		DecodeKVResults(data)
		DecodeLockReply(data)
		DecodeCacheReply(data)
		DecodeSessionCount(data)
		DecodeEnqueued(data)
		DecodeTaken(data)
		DecodeBeat(data)
		decodeRun(data)
		decodeBatch(data)
		(&queueOf{}).decode(data)
		decodeJob(data)
		if j, err := decodeSpec(data, false); err == nil {
			if again, err := decodeSpec(j.append(nil), false); err != nil || !bytes.Equal(again.append(nil), j.append(nil)) {
				t.Fatalf("%+v became %+v, %v", j, again, err)
			}
		}
		DecodeMeta(data)
		kvEntry(data)
	})
}

// FuzzCommand runs commands with any arguments on a store that has something of everything: nothing panics, two machines do the same,
// a command that is refused changes no key, and timers end.
func FuzzCommand(f *testing.F) {
	commands := fuzzCommands()
	for i, c := range commands {
		f.Add(c.Family, c.Op, c.Args, uint16(i*100))
	}
	f.Add(byte(FamilySession), byte(OpOnce), Once{Session: 7, Sequence: 1}.Command().Args, uint16(0))
	f.Fuzz(func(t *testing.T, family, op byte, args []byte, later uint16) {
		runs := []*scriptRun{newScriptRun(), newScriptRun()}
		for _, s := range runs {
			for _, c := range commands {
				if _, _, err := s.apply(Bundle{Commands: []Command{c}}); err != nil {
					t.Fatal(err)
				}
			}
			s.now += int64(later)
			before := s.mem.Len()
			payload, events, err := s.do(Command{Family: family, Op: op, Tenant: "shop", Args: args})
			if err != nil && (s.mem.Len() != before || payload != nil || len(events) > 0) {
				t.Fatalf("a refused command left %d keys of %d, %d events: %v", s.mem.Len(), before, len(events), err)
			}
			s.now += LockMaxTTL
			if _, _, err := s.tick(); err != nil {
				t.Fatal(err)
			}
			if err := s.check(); err != nil {
				t.Fatal(err)
			}
		}
		sameState(t, runs[0], runs[1])
	})
}
