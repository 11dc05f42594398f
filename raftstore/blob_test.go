package raftstore

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore/state"
)

func someBytes(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(n >> 16)})
	r.Read(b)
	return b
}

func TestBlobRoundTrip(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Dir: t.TempDir()})
	b := NewBlob(s, "app")
	const chunk = state.BlobChunkSize
	for _, size := range []int{0, 1, chunk - 1, chunk, chunk + 1, uploadChunks * chunk, uploadChunks*chunk + 1, 3*uploadChunks*chunk - 7} {
		want := someBytes(size)
		o := BlobOptions{ContentType: "image/png", Meta: abi.Pairs{{Name: "alt", Value: "A"}}}
		put, err := b.Put(t.Context(), "ns", "k", iotest.HalfReader(bytes.NewReader(want)), o)
		if err != nil {
			t.Fatal(err)
		}
		stat, found, err := b.Stat(t.Context(), Linearizable, "ns", "k")
		if err != nil || !found || fmt.Sprint(stat) != fmt.Sprint(put) {
			t.Errorf("%d bytes: put %+v, stat %+v, %v", size, put, stat, err)
		}
		if put.Size != int64(size) || put.SHA256 != sha256.Sum256(want) || put.ContentType != "image/png" || len(put.Meta) != 1 {
			t.Errorf("%d bytes: %+v", size, put)
		}
		r, err := b.Open(t.Context(), Linearizable, "ns", "k")
		if err != nil {
			t.Fatal(err)
		}
		if size < 3*chunk {
			if err := iotest.TestReader(r, want); err != nil {
				t.Errorf("%d bytes: %v", size, err)
			}
		}
		var whole bytes.Buffer
		if _, err := r.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if n, err := r.WriteTo(&whole); n != int64(size) || err != nil || !bytes.Equal(whole.Bytes(), want) {
			t.Errorf("%d bytes: WriteTo wrote %d, %v", size, n, err)
		}
		for range 20 {
			off := rand.IntN(size + 1)
			n := rand.IntN(min(size-off, 2*chunk) + 1)
			got := make([]byte, n)
			if m, err := r.ReadAt(got, int64(off)); m != n || err != nil || !bytes.Equal(got, want[off:off+n]) {
				t.Fatalf("%d bytes: range of %d at %d: %d, %v", size, n, off, m, err)
			}
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Read(make([]byte, 1)); codeOf(err) != abi.CodeClosed {
			t.Errorf("reading after Close: %v", err)
		}
	}
}

func TestBlobGuardsListDelete(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Dir: t.TempDir()})
	b := NewBlob(s, "app")
	ctx := t.Context()
	put := func(key string, size int, g Guard) (BlobInfo, error) {
		return b.Put(ctx, "ns", key, bytes.NewReader(someBytes(size)), BlobOptions{Guard: g})
	}
	first, err := put("a", 10, Guard{Absent: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{20, state.BlobChunkSize + 20} {
		if _, err := put("a", size, Guard{Absent: true}); codeOf(err) != abi.CodeConflict {
			t.Errorf("%d bytes where there are some: %v", size, err)
		}
		if _, err := put("b", size, Guard{Version: first.Version}); codeOf(err) != abi.CodeConflict {
			t.Errorf("%d bytes where there are none: %v", size, err)
		}
		next, err := put("a", size, Guard{Version: first.Version})
		if err != nil || next.Version <= first.Version || next.Created != first.Created {
			t.Errorf("%d bytes in place of the version that was read: %+v, %v", size, next, err)
		}
		first = next
	}
	for _, key := range []string{"d/1", "d/2", "d/3", "e"} {
		if _, err := put(key, 1, Guard{}); err != nil {
			t.Fatal(err)
		}
	}
	var keys []string
	for page := ""; ; {
		blobs, next, err := b.List(ctx, Linearizable, "ns", "d/", page, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range blobs {
			keys = append(keys, i.Key)
		}
		if page = next; page == "" {
			break
		}
	}
	if fmt.Sprint(keys) != "[d/1 d/2 d/3]" {
		t.Errorf("listed %v", keys)
	}
	if _, err := b.Delete(ctx, "ns", "a", Guard{Version: 99}); codeOf(err) != abi.CodeConflict {
		t.Errorf("deleting another version: %v", err)
	}
	for _, want := range []bool{true, false} {
		if existed, err := b.Delete(ctx, "ns", "a", Guard{}); existed != want || err != nil {
			t.Errorf("delete: %t, %v, want %t", existed, err, want)
		}
	}
	if _, err := b.Open(ctx, Linearizable, "ns", "a"); codeOf(err) != abi.CodeNotFound {
		t.Errorf("opening what was deleted: %v", err)
	}
	if _, err := b.Put(ctx, "ns", "broken", io.MultiReader(bytes.NewReader(someBytes(1<<20)), iotest.ErrReader(errors.New("cut off"))), BlobOptions{}); err == nil {
		t.Error("an upload that was cut off succeeded")
	}
	if _, found, err := b.Stat(ctx, Linearizable, "ns", "broken"); found || err != nil {
		t.Errorf("an upload that was cut off is visible: %t, %v", found, err)
	}
}

func TestBlobResume(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Dir: t.TempDir()})
	b := NewBlob(s, "app")
	ctx := t.Context()
	want := someBytes(6*state.BlobChunkSize + 5)
	u, err := b.Create(ctx, "ns", "k", BlobOptions{ContentType: "text/plain"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := u.Write(ctx, want[:5*state.BlobChunkSize]); err != nil { // the fifth chunk is not sent yet, and lost
		t.Fatal(err)
	}
	u, err = b.Resume(ctx, "ns", u.ID(), Guard{Absent: true})
	if err != nil || u.Offset() != uploadChunks*state.BlobChunkSize {
		t.Fatalf("resumed at %d, %v", u.Offset(), err)
	}
	if _, err := u.Write(ctx, want[u.Offset():]); err != nil {
		t.Fatal(err)
	}
	info, err := u.Commit(ctx)
	if err != nil || info.SHA256 != sha256.Sum256(want) || info.ContentType != "text/plain" || info.Key != "k" {
		t.Fatalf("committed %+v, %v", info, err)
	}
	again, err := u.Commit(ctx) // as after an answer that was lost
	if err != nil || fmt.Sprint(again) != fmt.Sprint(info) {
		t.Errorf("committed again: %+v, %v", again, err)
	}
	if _, err := b.Resume(ctx, "ns", u.ID(), Guard{}); codeOf(err) != abi.CodeNotFound {
		t.Errorf("resuming what was committed: %v", err)
	}
	if err := u.Abort(ctx); err != nil {
		t.Error(err)
	}
}

// Readers of a blob that is replaced all the time see one version each, whole.
func TestBlobReadersSeeOneVersion(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Dir: t.TempDir()})
	b := NewBlob(s, "app")
	ctx := t.Context()
	version := func(n int) []byte { return bytes.Repeat([]byte{byte(n)}, 3*state.BlobChunkSize) }
	put := func(n int) {
		if _, err := b.Put(ctx, "ns", "k", bytes.NewReader(version(n)), BlobOptions{}); err != nil {
			t.Error(err)
		}
	}
	put(0)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for reads := 0; ; reads++ {
				select {
				case <-stop:
					if reads > 0 {
						return
					}
				default:
				}
				r, err := b.Open(ctx, Linearizable, "ns", "k")
				if err != nil {
					t.Error(err)
					return
				}
				got, err := io.ReadAll(r)
				if err != nil || !bytes.Equal(got, version(int(got[0]))) || sha256.Sum256(got) != r.Info().SHA256 {
					t.Errorf("a mix of versions, or %v", err)
					return
				}
			}
		})
	}
	for n := 1; n < 15; n++ {
		put(n)
	}
	close(stop)
	wg.Wait()
}

func BenchmarkBlob(b *testing.B) {
	s := openTest(b, Config{Dir: b.TempDir()})
	blobs := NewBlob(s, "app")
	data := someBytes(8 << 20)
	if _, err := blobs.Delete(b.Context(), "ns", "k", Guard{}); err != nil { // waits for the first leader
		b.Fatal(err)
	}
	b.Run("put 8 MiB", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			if _, err := blobs.Put(b.Context(), "ns", "k", bytes.NewReader(data), BlobOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("read 8 MiB", func(b *testing.B) {
		if _, err := blobs.Put(b.Context(), "ns", "r", bytes.NewReader(data), BlobOptions{}); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			r, err := blobs.Open(b.Context(), Linearizable, "ns", "r")
			if err != nil {
				b.Fatal(err)
			}
			if _, err := r.WriteTo(io.Discard); err != nil {
				b.Fatal(err)
			}
		}
	})
}
