package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/capability"
	"github.com/stackhost/stackhost/host/hosttest"
	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/state"
)

func start(t *testing.T, store raftstore.Access, names ...string) *hosttest.Guest {
	t.Helper()
	return hosttest.NewGuest(t, New(raftstore.NewBlob(store, "app"), capability.Namespaces{Names: names}))
}

// long is content of several chunks that do not end together.
func long() []byte {
	b := make([]byte, 5*state.BlobChunkSize/2)
	for i := range b {
		b[i] = byte(i >> 7)
	}
	return b
}

func write(g *hosttest.Guest, key string, content []byte) (stream uint64) {
	g.T.Helper()
	req := &abi.BlobWriteRequest{Namespace: "files", Key: key, ContentType: "text/plain", Meta: abi.Pairs{{Name: "by", Value: "me"}}}
	stream = hosttest.Decode[abi.StreamReply](g.T, g.Call("write", req, 0)).Stream
	w, err := g.Session.Streams.Writer(stream)
	if err != nil {
		g.T.Fatal(err)
	}
	for part := range slices.Chunk(content, 50_000) {
		if n, err := w.Write(part); n != len(part) || err != nil {
			g.T.Fatalf("%d, %v", n, err)
		}
	}
	return stream
}

func read(g *hosttest.Guest, req *abi.BlobReadRequest) []byte {
	g.T.Helper()
	r := hosttest.Decode[abi.BlobReadReply](g.T, g.Call("read", req, 0))
	if r.BodyStream == 0 {
		return bytes.Clone(r.Body)
	}
	stream, err := g.Session.Streams.Reader(r.BodyStream)
	if err != nil {
		g.T.Fatal(err)
	}
	b, err := io.ReadAll(stream)
	if err != nil {
		g.T.Fatal(err)
	}
	return b
}

func TestABlobIsSeenOnceItIsCommitted(t *testing.T) {
	store := hosttest.NewMemory()
	g, content := start(t, store, "files"), long()
	stream := write(g, "a", content)
	stat := &abi.BlobStatRequest{Namespace: "files", Key: "a"}
	g.Call("stat", stat, abi.CodeNotFound)
	info := hosttest.Decode[abi.BlobInfo](t, g.Call("commit", &abi.BlobCommitRequest{Stream: stream}, 0))
	sum := sha256.Sum256(content)
	if info.Key != "a" || info.Size != uint64(len(content)) || !bytes.Equal(info.SHA256, sum[:]) || info.ContentType != "text/plain" ||
		len(info.Meta) != 1 || info.Meta[0].Value != "me" || info.CreatedMs == 0 {
		t.Errorf("%+v", info)
	}
	if seen := hosttest.Decode[abi.BlobInfo](t, g.Call("stat", stat, 0)); seen.Version != info.Version || seen.Size != info.Size {
		t.Errorf("%+v, committed as %+v", seen, info)
	}
	g.Call("commit", &abi.BlobCommitRequest{Stream: stream}, abi.CodeClosed)
	all := &abi.BlobReadRequest{Namespace: "files", Key: "a"}
	if !bytes.Equal(read(g, all), content) {
		t.Error("other content came back")
	}
	n := uint64(len(content))
	for _, c := range []struct{ offset, length, from, to uint64 }{
		{0, 10, 0, 10}, {131_000, 200, 131_000, 131_200}, {1000, 100_000, 1000, 101_000}, {n - 5, 0, n - 5, n}, {n - 5, 99, n - 5, n},
		{n, 0, n, n}, {n + 9, 5, n, n}, {1 << 63, 1 << 63, n, n},
	} {
		all.Offset, all.Length = c.offset, c.length
		if got := read(g, all); !bytes.Equal(got, content[c.from:c.to]) {
			t.Errorf("%d bytes at %d: got %d", c.length, c.offset, len(got))
		}
	}
}

func TestShortBlobsArePutAndListed(t *testing.T) {
	g := start(t, hosttest.NewMemory(), "files")
	put := &abi.BlobPutRequest{Namespace: "files", Key: "b", Body: []byte("text"), Guard: abi.KVGuardAbsent}
	version := hosttest.Decode[abi.BlobInfo](t, g.Call("put", put, 0)).Version
	g.Call("put", put, abi.CodeConflict)
	g.Call("put", &abi.BlobPutRequest{Namespace: "files", Key: "a"}, 0)
	list := &abi.BlobListRequest{Namespace: "files", Limit: 1}
	page := hosttest.Decode[abi.BlobListReply](t, g.Call("list", list, 0))
	if len(page.Blobs) != 1 || page.Blobs[0].Key != "a" || page.Next == "" {
		t.Fatalf("%+v", page)
	}
	list.After = page.Next
	if page = hosttest.Decode[abi.BlobListReply](t, g.Call("list", list, 0)); len(page.Blobs) != 1 || page.Blobs[0].Key != "b" || page.Next != "" {
		t.Errorf("%+v", page)
	}
	gone := &abi.BlobDeleteRequest{Namespace: "files", Key: "b", Guard: abi.KVGuardVersion, Version: version + 1}
	g.Call("delete", gone, abi.CodeConflict)
	gone.Version = version
	if !hosttest.Decode[abi.BlobDeleteReply](t, g.Call("delete", gone, 0)).Existed {
		t.Error("it was not there")
	}
	g.Call("read", &abi.BlobReadRequest{Namespace: "files", Key: "b"}, abi.CodeNotFound)
}

// uploaded is what the app keeps, uploads included.
func uploaded(t *testing.T, store raftstore.Access) int64 {
	t.Helper()
	used, _, err := raftstore.NewKV(store, "app").Usage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return used.Bytes
}

func TestWhatIsNotCommittedLeavesNothing(t *testing.T) {
	store := hosttest.NewMemory()
	g := start(t, store, "files")
	g.Call("put", &abi.BlobPutRequest{Namespace: "files", Key: "a", Body: []byte("old")}, 0)
	before := uploaded(t, store)

	closed := write(g, "a", bytes.Repeat(long(), 3))
	if uploaded(t, store) <= before {
		t.Fatal("an upload takes no room: nothing can be told here")
	}
	if err := g.Session.Streams.Close(closed); err != nil {
		t.Fatal(err)
	}
	if n := uploaded(t, store); n != before {
		t.Errorf("%d bytes are kept after the stream was closed, %d before", n, before)
	}

	s, end := hosttest.Session(t, t.Context())
	left := *g
	left.Session = s
	write(&left, "a", bytes.Repeat(long(), 3))
	end()
	if n := uploaded(t, store); n != before {
		t.Errorf("%d bytes are kept after the call ended, %d before", n, before)
	}

	// A commit that is refused ends the upload too: its stream is gone.
	req := &abi.BlobWriteRequest{Namespace: "files", Key: "a", Guard: abi.KVGuardAbsent}
	stream := hosttest.Decode[abi.StreamReply](t, g.Call("write", req, 0)).Stream
	w, _ := g.Session.Streams.Writer(stream)
	if _, err := w.Write(bytes.Repeat(long(), 3)); err != nil {
		t.Fatal(err)
	}
	g.Call("commit", &abi.BlobCommitRequest{Stream: stream}, abi.CodeConflict)
	if n := uploaded(t, store); n != before {
		t.Errorf("%d bytes are kept after a refused commit, %d before", n, before)
	}
	if got := read(g, &abi.BlobReadRequest{Namespace: "files", Key: "a"}); string(got) != "old" {
		t.Errorf("got %q", got)
	}
}

// stuck is a store that cannot do anything until the context ends, as one without a leader.
type stuck struct {
	*hosttest.Memory
	on bool
}

func (s *stuck) Do(ctx context.Context, c ...state.Command) ([]state.Reply, error) {
	if !s.on {
		return s.Memory.Do(ctx, c...)
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestGivingUpABlobDoesNotHoldTheCall(t *testing.T) {
	store := &stuck{Memory: hosttest.NewMemory()}
	g := start(t, store, "files")
	stream := write(g, "a", []byte("some"))
	store.on = true
	done := make(chan error, 1)
	go func() { done <- g.Session.Streams.Close(stream) }()
	select {
	case err := <-done:
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	case <-time.After(4 * time.Second):
		t.Fatal("closing the stream waits for ever")
	}
}

func TestOnlyWhatIsGrantedIsReached(t *testing.T) {
	g := start(t, hosttest.NewMemory(), "files:read")
	g.Call("list", &abi.BlobListRequest{Namespace: "files"}, 0)
	g.Call("put", &abi.BlobPutRequest{Namespace: "files", Key: "a"}, abi.CodeDenied)
	g.Call("write", &abi.BlobWriteRequest{Namespace: "files", Key: "a"}, abi.CodeDenied)
	g.Call("delete", &abi.BlobDeleteRequest{Namespace: "files", Key: "a"}, abi.CodeDenied)
	for _, ns := range []string{"other", ""} {
		g.Call("read", &abi.BlobReadRequest{Namespace: ns, Key: "a"}, abi.CodeDenied)
		g.Call("stat", &abi.BlobStatRequest{Namespace: ns, Key: "a"}, abi.CodeDenied)
		g.Call("list", &abi.BlobListRequest{Namespace: ns}, abi.CodeDenied)
	}
	other, _ := g.Session.Streams.Open(&bytes.Buffer{})
	g.Call("commit", &abi.BlobCommitRequest{Stream: other}, abi.CodeInvalid)
	g.Call("commit", &abi.BlobCommitRequest{Stream: 99}, abi.CodeInvalid)
}
