package state

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stackhost/stackhost/abi"
)

func showBlob(b []byte) string {
	r, err := DecodeBlobReply(b)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("id=%s version=%s chunks=%d existed=%t created=%s", showID(r.ID), showID(r.Version), r.Chunks, r.Existed, showAt(r.Created))
}

func (a *scriptArgs) pairs(name string) (p abi.Pairs) {
	for _, w := range a.list(name) {
		k, v, _ := strings.Cut(w, ":")
		p = append(p, abi.Pair{Name: k, Value: v})
	}
	return p
}

// scriptChunks cuts what comes in the words of an upload into its chunks.
func scriptChunks(words []string) (whole []byte, chain [sha256.Size]byte) {
	for _, w := range words {
		whole = append(whole, scriptValue(w)...)
		chain = BlobChain(chain, sha256.Sum256(scriptValue(w)))
	}
	return whole, chain
}

var (
	_ = verb("blob create", func(a *scriptArgs) Command {
		return BlobCreate{Namespace: a.at(0), Key: a.at(1), ContentType: a.str("type"), Meta: a.pairs("meta")}.Command(a.Tenant)
	}, showBlob)
	_ = verb("blob chunk", func(a *scriptArgs) Command {
		data := scriptValue(a.at(1))
		hash := sha256.Sum256(data)
		if a.str("hash") == "wrong" {
			hash[3]++
		}
		return BlobChunk{Namespace: a.at(0), Upload: a.num("id"), N: a.num("n"), Hash: hash, Data: data}.Command(a.Tenant)
	}, showBlob)
	_ = verb("blob commit", func(a *scriptArgs) Command { // the words after the namespace are the chunks
		whole, chain := scriptChunks(a.words[1:])
		return BlobCommit{
			Namespace: a.at(0), Upload: a.num("id"), Size: uint64(len(whole)), Guard: a.num("guard"), SHA256: sha256.Sum256(whole), Chain: chain,
		}.Command(a.Tenant)
	}, showBlob)
	_ = verb("blob abort", func(a *scriptArgs) Command { return BlobAbort{a.at(0), a.num("id")}.Command(a.Tenant) }, showBlob)
	_ = verb("blob put", func(a *scriptArgs) Command {
		data := scriptValue(a.at(2))
		return BlobPut{
			Namespace: a.at(0), Key: a.at(1), ContentType: a.str("type"), Meta: a.pairs("meta"), Guard: a.num("guard"),
			SHA256: sha256.Sum256(data), Data: data,
		}.Command(a.Tenant)
	}, showBlob)
	_ = verb("blob delete", func(a *scriptArgs) Command { return BlobDelete{a.at(0), a.at(1), a.num("guard")}.Command(a.Tenant) }, showBlob)

	_ = readVerb("blob stat", func(v *View, a *scriptArgs) string {
		i, ok := BlobStat(v, 0, a.Tenant, a.at(0), a.at(1))
		if !ok {
			return "none"
		}
		return showBlobInfo(i)
	})
	_ = readVerb("blob list", func(v *View, a *scriptArgs) string {
		var b strings.Builder
		BlobList(v, 0, a.Tenant, a.at(0), a.str("prefix"), a.str("after"), func(i BlobInfo) bool {
			fmt.Fprintln(&b, showBlobInfo(i))
			return true
		})
		return b.String()
	})
	_ = readVerb("blob read", func(v *View, a *scriptArgs) string {
		b, err := BlobRead(v, 0, a.Tenant, a.at(0), a.num("id"), a.num("n"))
		if err != nil {
			return err.Error()
		}
		return fmt.Sprintf("%d bytes: %.20q", len(b), b)
	})
	_ = readVerb("blob upload", func(v *View, a *scriptArgs) string {
		u, ok := BlobUploadShow(v, 0, a.Tenant, a.at(0), a.num("id"))
		return fmt.Sprintf("%t key=%s chunks=%d size=%d whole=%t", ok, u.Key, u.Chunks, u.Size, u.Whole)
	})
	_ = checkState(checkBlobs)
)

func showBlobInfo(i BlobInfo) string {
	return fmt.Sprintf("%s id=%s %d bytes %x %s %v version=%s created=%s modified=%s",
		i.Key, showID(i.ID), i.Size, i.SHA256[:4], i.ContentType, i.Meta, showID(i.Version), showAt(i.Created), showAt(i.Modified))
}

// checkBlobs: each chunk belongs to a blob, an upload or a removal, and none of theirs is missing.
func checkBlobs(r Reader) (err error) {
	owed, there := map[string]bool{}, 0
	r.Scan([]byte{FamilyBlob}, []byte{FamilyBlob + 1}, func(k, v []byte) bool {
		tx := &Tx{}
		ns, rest, ok := onBehalfOf(tx, k)
		if !ok {
			err = fmt.Errorf("blob: malformed key %q", k)
			return false
		}
		owe := func(id, from, count uint64) {
			for n := from; n < count; n++ {
				key := blobChunkKey(tx.shard, tx.tenant, ns, id, n)
				if owed[string(key)] {
					err = fmt.Errorf("blob: two owners of chunk %q", key)
				}
				if _, ok := r.Get(key); !ok {
					err = fmt.Errorf("blob: chunk %q is missing", key)
				}
				owed[string(key)] = true
			}
		}
		switch rest[0] {
		case 'b':
			i := decodeBlobInfo(v)
			owe(i.ID, 0, i.Chunks())
		case 'u':
			u := decodeBlobUpload(bigEndian(rest[1:]), v)
			owe(u.id, 0, u.chunks)
		case 'd':
			t := openTuple(v)
			owe(bigEndian(rest[1:]), t.uint(), t.uint())
		case 'c':
			there++
		default:
			err = fmt.Errorf("blob: unknown key %q", k)
		}
		return err == nil
	})
	if err == nil && there != len(owed) {
		return fmt.Errorf("blob: there are %d chunks, %d belong to something", there, len(owed))
	}
	return err
}

type modelUpload struct {
	id, chunks uint64
	key        string
	data       []byte
	chain      [sha256.Size]byte
	used       int64
	whole      bool
}

type modelBlob struct {
	id, version uint64
	data        []byte
}

func TestBlobModel(t *testing.T) {
	random := newRandom(t)
	ops := 10_000
	if testing.Short() {
		ops = 3_000
	}
	s, again := newScriptRun(), newScriptRun()
	blobs, uploads := map[string]*modelBlob{}, []*modelUpload{}
	full := bytes.Repeat([]byte("0123456789abcdef"), BlobChunkSize/16)
	seen := map[string]int{}
	code := func(err error) abi.Code {
		var e *abi.Error
		if errors.As(err, &e) {
			return e.Code
		}
		return 0
	}
	for i := range ops {
		if random.IntN(4) == 0 {
			s.now += random.Int64N(BlobUploadTTL / 20)
		}
		var c Command
		var want abi.Code
		var done func(r BlobReply)
		key := fmt.Sprintf("b%d", random.IntN(6))
		blob := blobs[key]
		guard, version := uint64(BlobAny), uint64(0)
		if blob != nil {
			version = blob.version
		}
		if random.IntN(3) == 0 {
			guard = []uint64{BlobAbsent, version, 77}[random.IntN(3)]
		}
		refused := guard == BlobAbsent && version != 0 || guard == 77
		if guard == 0 {
			refused = false
		}
		data := small(random)
		switch op := random.IntN(100); {
		case op < 15 || len(uploads) == 0:
			c = BlobCreate{Namespace: "ns", Key: key}.Command("shop")
			done = func(r BlobReply) { uploads = append(uploads, &modelUpload{id: r.ID, key: key, used: s.now}) }
		case op < 50:
			u := uploads[random.IntN(len(uploads))]
			if random.IntN(12) == 0 {
				data = full
			}
			n := u.chunks
			if random.IntN(5) == 0 {
				n = uint64(random.IntN(3))
			}
			hash := sha256.Sum256(data)
			c = BlobChunk{"ns", u.id, n, hash, data}.Command("shop")
			switch {
			case u.key == "":
				want = abi.CodeNotFound
			case len(data) == 0:
				want = abi.CodeInvalid
			case n > u.chunks:
				want = abi.CodeConflict
			case n < u.chunks:
				if from := n * BlobChunkSize; !bytes.Equal(u.data[from:min(int(from)+BlobChunkSize, len(u.data))], data) {
					want = abi.CodeConflict
				}
			case u.whole:
				want = abi.CodeConflict
			default:
				u.data, u.chunks, u.used = append(u.data, data...), u.chunks+1, s.now
				u.chain, u.whole = BlobChain(u.chain, hash), len(data) < BlobChunkSize
			}
		case op < 65:
			u := uploads[random.IntN(len(uploads))]
			blob, version = blobs[u.key], 0
			if blob != nil {
				version = blob.version
			}
			if refused = guard == BlobAbsent && version != 0 || guard > 1 && guard != version; guard == 0 {
				refused = false
			}
			chain := u.chain
			if random.IntN(5) == 0 {
				chain[0]++
			}
			c = BlobCommit{"ns", u.id, uint64(len(u.data)), guard, sha256.Sum256(u.data), chain}.Command("shop")
			switch {
			case u.key == "":
				want = abi.CodeNotFound
			case chain != u.chain || refused:
				want = abi.CodeConflict
			default:
				done = func(r BlobReply) {
					blobs[u.key] = &modelBlob{u.id, r.Version, u.data}
					u.key = "" // used up
				}
			}
		case op < 68:
			u := uploads[random.IntN(len(uploads))]
			c = BlobAbort{"ns", u.id}.Command("shop")
			u.key = ""
		case op < 82:
			c = BlobPut{Namespace: "ns", Key: key, Guard: guard, SHA256: sha256.Sum256(data), Data: data}.Command("shop")
			if refused {
				want = abi.CodeConflict
			} else {
				done = func(r BlobReply) { blobs[key] = &modelBlob{r.ID, r.Version, data} }
			}
		case op < 92:
			c = BlobDelete{"ns", key, guard}.Command("shop")
			if refused {
				want = abi.CodeConflict
			} else {
				delete(blobs, key)
			}
		default:
			c = Command{Family: FamilySystem, Op: OpTick}
			for _, u := range uploads {
				if u.used+BlobUploadTTL <= s.now {
					u.key = ""
				}
			}
		}
		payload, _, err := s.do(c)
		again.now = s.now
		if _, _, err2 := again.do(c); fmt.Sprint(err) != fmt.Sprint(err2) {
			t.Fatalf("op %d: two machines answer %v and %v", i, err, err2)
		}
		if code(err) != want {
			t.Fatalf("op %d: command %d answers %v, want code %d", i, c.Op, err, want)
		}
		seen[fmt.Sprintf("%d of %d: %d", c.Op, c.Family, want)]++
		if done != nil && err == nil {
			r, err := DecodeBlobReply(payload)
			if err != nil {
				t.Fatal(err)
			}
			done(r)
		}
		if c.Family == FamilyBlob {
			var got []string
			BlobList(s.view(), 0, "shop", "ns", "", "", func(i BlobInfo) bool {
				got = append(got, i.Key)
				return true
			})
			if len(got) != len(blobs) || !slices.IsSorted(got) {
				t.Fatalf("op %d: the list has %v, want those of %v", i, got, blobs)
			}
			readModelBlob(t, s, key, blobs[key])
		}
		if i%100 == 0 {
			if err := s.check(); err != nil {
				t.Fatalf("op %d: %v", i, err)
			}
		}
		if len(uploads) > 40 {
			uploads = uploads[1:]
		}
	}
	sameState(t, s, again)
	t.Log(seen)
	s.now += 2 * BlobUploadTTL
	if _, _, err := s.tick(); err != nil {
		t.Fatal(err)
	}
	for key := range blobs {
		if _, _, err := s.do(BlobDelete{"ns", key, 0}.Command("shop")); err != nil {
			t.Fatal(err)
		}
	}
	s.now += BlobGrace
	if _, _, err := s.tick(); err != nil || s.mem.Len() != 0 {
		t.Errorf("%d keys are left after all blobs were deleted and uploads ended (%v)", s.mem.Len(), err)
	}
}

func small(random *rand.Rand) []byte {
	b := make([]byte, random.IntN(64))
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

// readModelBlob compares a blob with the model's.
func readModelBlob(t *testing.T, s *scriptRun, key string, want *modelBlob) {
	t.Helper()
	i, ok := BlobStat(s.view(), 0, "shop", "ns", key)
	if ok != (want != nil) {
		t.Fatalf("%s: there %t, want %t", key, ok, want != nil)
	}
	if !ok {
		return
	}
	if i.ID != want.id || i.Version != want.version || i.SHA256 != sha256.Sum256(want.data) || i.Size != uint64(len(want.data)) {
		t.Fatalf("%s: got %+v, want %d bytes, version %d", key, i, len(want.data), want.version)
	}
	var got []byte
	for n := range i.Chunks() {
		b, err := BlobRead(s.view(), 0, "shop", "ns", i.ID, n)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, b...)
	}
	if !bytes.Equal(got, want.data) {
		t.Fatalf("%s: other bytes than were put", key)
	}
}

// Many chunks go in steps, and readers have a while.
func TestBlobRemoval(t *testing.T) {
	s := newScriptRun()
	payload, _, err := s.do(BlobCreate{Namespace: "ns", Key: "big"}.Command("shop"))
	if err != nil {
		t.Fatal(err)
	}
	r, _ := DecodeBlobReply(payload)
	data := make([]byte, BlobChunkSize)
	hash := sha256.Sum256(data)
	var chain [sha256.Size]byte
	const chunks = 2*blobSteps + 1
	for n := range uint64(chunks) {
		if _, _, err := s.do(BlobChunk{"ns", r.ID, n, hash, data}.Command("shop")); err != nil {
			t.Fatal(err)
		}
		chain = BlobChain(chain, hash)
	}
	if _, _, err := s.do(BlobCommit{Namespace: "ns", Upload: r.ID, Size: chunks * BlobChunkSize, Chain: chain}.Command("shop")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.do(BlobDelete{Namespace: "ns", Key: "big"}.Command("shop")); err != nil {
		t.Fatal(err)
	}
	s.now += BlobGrace - 1
	if _, n, err := s.tick(); n != 0 || err != nil {
		t.Fatalf("chunks went after less than the time that readers have: %d entries, %v", n, err)
	}
	if _, err := BlobRead(s.view(), 0, "shop", "ns", r.ID, chunks-1); err != nil {
		t.Fatal(err)
	}
	s.now++
	if _, n, err := s.tick(); n != 3 || err != nil {
		t.Errorf("removed in %d entries, want 3 (%v)", n, err)
	}
	if _, err := BlobRead(s.view(), 0, "shop", "ns", r.ID, 0); err == nil || s.mem.Len() != 0 {
		t.Errorf("%d keys are left; reading a chunk that is gone: %v", s.mem.Len(), err)
	}
}
