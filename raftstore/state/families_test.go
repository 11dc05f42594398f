package state

import (
	"crypto/sha256"
	"fmt"
	"testing"
)

// someCommands are commands of each kind that do something one after the other.
func someCommands() []Command {
	data := []byte("data")
	sum := sha256.Sum256(data)
	var chain [sha256.Size]byte
	return []Command{
		LockAcquire{"ns", "l", "a", 1000, 0}.Command("shop"),
		LockAcquire{"ns", "l", "b", 1000, 5000}.Command("shop"),
		LockRenew{"ns", "l", "a", 1 << 20, 1000}.Command("shop"),
		LockRelease{"ns", "l", "a", 1 << 20}.Command("shop"),
		CachePut{"ns", "k", data, 1000, 1000, 0, []string{"t", "u"}}.Command("shop"),
		CacheLease{"ns", "m", 1000}.Command("shop"),
		CacheAbandon{"ns", "m", 6 << 20}.Command("shop"),
		CacheInvalidate{"ns", []string{"t"}}.Command("shop"),
		CacheDelete{"ns", "k"}.Command("shop"),
		CacheLimit{"ns", 100}.Command("shop"),
		CacheClear{"ns"}.Command("shop"),
		BlobCreate{Namespace: "ns", Key: "b", ContentType: "text/plain"}.Command("shop"),
		BlobChunk{"ns", 12 << 20, 0, sum, data}.Command("shop"),
		BlobCommit{"ns", 12 << 20, 4, 0, sum, BlobChain(chain, sum)}.Command("shop"),
		BlobPut{Namespace: "ns", Key: "p", SHA256: sum, Data: data}.Command("shop"),
		BlobDelete{"ns", "p", 0}.Command("shop"),
		BlobAbort{"ns", 1}.Command("shop"),
	}
}

// The commands above do what they are for, or the fuzz tests begin with nothing.
func TestSomeCommands(t *testing.T) {
	s := newScriptRun()
	for i, c := range someCommands() {
		if _, _, err := s.do(c); err != nil {
			t.Errorf("command %d: %v", i, err)
		}
	}
	if err := s.check(); err != nil {
		t.Error(err)
	}
}

// Whatever the arguments are, a command does not panic, replicas agree on it, and what it leaves is consistent.
func FuzzLockCacheBlob(f *testing.F) {
	for _, c := range someCommands() {
		f.Add(c.Family, c.Op, c.Args, uint16(0))
		f.Add(c.Family, c.Op, c.Args[:len(c.Args)-1], uint16(5000))
	}
	f.Add(byte(FamilyCache), byte(OpCachePut), []byte{0xdd, 0xff, 0xff, 0xff, 0xff}, uint16(0))
	f.Fuzz(func(t *testing.T, family, op byte, args []byte, after uint16) {
		switch family {
		case FamilyLock, FamilyCache, FamilyBlob:
		default:
			return
		}
		a, b := newScriptRun(), newScriptRun()
		for _, s := range []*scriptRun{a, b} {
			for _, c := range someCommands()[:14] {
				if _, _, err := s.do(c); err != nil {
					t.Fatal(err)
				}
			}
			s.now += int64(after)
		}
		c := Command{Family: family, Op: op, Tenant: "shop", Args: args}
		reply, _, err := a.do(c)
		again, _, err2 := b.do(c)
		if string(reply) != string(again) || fmt.Sprint(err) != fmt.Sprint(err2) {
			t.Fatalf("two machines answer %q, %v and %q, %v", reply, err, again, err2)
		}
		for _, s := range []*scriptRun{a, b} {
			s.now += 100_000
			if _, _, err := s.tick(); err != nil {
				t.Fatal(err)
			}
		}
		sameState(t, a, b)
		if err := a.check(); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzLockCacheBlobReplies: the decoders of answers and of stored records take any bytes.
func FuzzLockCacheBlobReplies(f *testing.F) {
	f.Add(LockReply{Held: true, Fence: 7}.append(nil))
	f.Add(CacheReply{Stored: true, Version: 7}.append(nil))
	f.Add(BlobReply{ID: 7}.append(nil))
	f.Add([]byte{0x9f})
	f.Fuzz(func(_ *testing.T, b []byte) {
		_, _ = DecodeLockReply(b)
		_, _ = DecodeCacheReply(b)
		_, _ = DecodeBlobReply(b)
		_, _ = decodeLock(b)
		_ = decodeWaiter(b)
		_ = decodeCacheEntry(1, b)
		_ = decodeCacheTag(b)
		_ = decodeBlobInfo(b)
		_ = decodeBlobUpload(1, b)
		for _, f := range []*Family{LockFamily, CacheFamily, BlobFamily} {
			f.Expire(&Tx{base: &Mem{}, now: 1}, append([]byte{f.ID}, b...))
		}
	})
}

func benchmarkApply(b *testing.B, next func(n int) Command) {
	s := newScriptRun()
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		s.now++
		if _, _, err := s.do(next(n)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkApplyLock(b *testing.B) {
	benchmarkApply(b, func(n int) Command {
		if n%2 == 0 {
			return LockAcquire{"ns", "l", "a", 1000, 0}.Command("shop")
		}
		return LockRelease{"ns", "l", "a", 0}.Command("shop")
	})
}

func BenchmarkApplyCachePut(b *testing.B) {
	value := make([]byte, 1000)
	keys := make([]string, 1000)
	for i := range keys {
		keys[i] = fmt.Sprint("k", i)
	}
	benchmarkApply(b, func(n int) Command {
		return CachePut{"ns", keys[n%1000], value, 1 << 30, 0, 0, []string{"posts"}}.Command("shop")
	})
}

func BenchmarkApplyCacheInvalidate(b *testing.B) {
	benchmarkApply(b, func(int) Command { return CacheInvalidate{"ns", []string{"posts"}}.Command("shop") })
}

func BenchmarkApplyBlobPut(b *testing.B) {
	data := make([]byte, BlobChunkSize)
	c := BlobPut{Namespace: "ns", Key: "k", SHA256: sha256.Sum256(data), Data: data}.Command("shop")
	b.SetBytes(BlobChunkSize)
	s := newScriptRun()
	for b.Loop() {
		s.now += BlobGrace
		if _, _, err := s.tick(); err != nil {
			b.Fatal(err)
		}
		if _, _, err := s.do(c); err != nil {
			b.Fatal(err)
		}
	}
}
