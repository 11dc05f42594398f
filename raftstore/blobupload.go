package raftstore

import (
	"context"
	"crypto/sha256"
	"hash"
	"strings"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore/state"
)

// uploadChunks is how many chunks one call of Access.Do brings.
const uploadChunks = 4

// BlobUpload is an upload under way: Write any number of times, then Commit. It is forgotten an hour after its last chunk. Not safe for
// concurrent use.
type BlobUpload struct {
	b         *Blob
	namespace string
	id        uint64
	o         BlobOptions
	key       string
	buf       []byte            // accepted by Write, not sent yet
	sent      int64             // bytes
	chunks    uint64            // that were sent
	chain     [sha256.Size]byte // over the chunks that were sent
	whole     hash.Hash         // over everything that was accepted
	short     bool              // the last chunk was a short one: nothing can follow
}

// Create begins an upload for key. Nothing is visible before Commit, which is when the guard is looked at.
func (b *Blob) Create(ctx context.Context, namespace, key string, o BlobOptions) (*BlobUpload, error) {
	r, err := b.ask(ctx, state.BlobCreate{Namespace: namespace, Key: key, ContentType: o.ContentType, Meta: o.Meta}.Command(b.tenant))
	if err != nil {
		return nil, err
	}
	return &BlobUpload{b: b, namespace: namespace, id: r.ID, key: key, o: o, whole: sha256.New()}, nil
}

// Resume goes on with an upload that was begun anywhere, after the bytes that were stored: see Offset. It reads them, to check them.
// Guard is for Commit. Code not_found: it is over.
func (b *Blob) Resume(ctx context.Context, namespace string, id uint64, guard Guard) (*BlobUpload, error) {
	u := &BlobUpload{b: b, namespace: namespace, id: id, o: BlobOptions{Guard: guard}, whole: sha256.New()}
	var up state.BlobUpload
	var found bool
	if err := b.a.View(ctx, Linearizable, func(v *state.View) error {
		up, found = state.BlobUploadShow(v, 0, b.tenant, namespace, id)
		u.key = strings.Clone(up.Key)
		info := blobInfo(state.BlobInfo{ContentType: up.ContentType, Meta: up.Meta})
		u.o.ContentType, u.o.Meta = info.ContentType, info.Meta
		return nil
	}); err != nil {
		return nil, err
	}
	if !found {
		return nil, abi.Errorf(abi.CodeNotFound, "blob: no upload %d in namespace %q: begin again", id, namespace)
	}
	for n := range up.Chunks {
		if err := b.a.View(ctx, Stale(0), func(v *state.View) error {
			chunk, err := state.BlobRead(v, 0, b.tenant, namespace, id, n)
			if err == nil {
				u.whole.Write(chunk)
				u.sent += int64(len(chunk))
				u.chain = state.BlobChain(u.chain, sha256.Sum256(chunk))
			}
			return err
		}); err != nil {
			return nil, err
		}
	}
	u.chunks = up.Chunks
	if up.Whole {
		u.short = true
	}
	return u, nil
}

// ID is what Resume needs.
func (u *BlobUpload) ID() uint64 { return u.id }

// Offset is how many bytes were accepted; after Resume, those that were stored: whole chunks of 128 KiB, or everything.
func (u *BlobUpload) Offset() int64 { return u.sent + int64(len(u.buf)) }

// Write accepts p, which it does not keep, and sends what fills whole chunks. After an error, n bytes of p were accepted: writing goes
// on with those that follow.
func (u *BlobUpload) Write(ctx context.Context, p []byte) (n int, err error) {
	if u.short && len(p) > 0 {
		return 0, abi.Errorf(abi.CodeConflict, "blob: the last chunk of upload %d was a short one: commit it or begin again", u.id)
	}
	if u.buf == nil {
		u.buf = make([]byte, 0, uploadChunks*state.BlobChunkSize)
	}
	for n < len(p) {
		part := p[n:min(len(p), n+cap(u.buf)-len(u.buf))]
		u.buf = append(u.buf, part...)
		u.whole.Write(part)
		n += len(part)
		if len(u.buf) == cap(u.buf) {
			if err := u.flush(ctx); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// flush sends what was accepted. When it fails it can be called again: chunks that were stored are recognised.
func (u *BlobUpload) flush(ctx context.Context) error {
	if len(u.buf) == 0 {
		return nil
	}
	var commands []state.Command
	chain, n := u.chain, u.chunks
	for rest := u.buf; len(rest) > 0; n++ {
		data := rest[:min(len(rest), state.BlobChunkSize)]
		rest = rest[len(data):]
		hash := sha256.Sum256(data)
		chain = state.BlobChain(chain, hash)
		commands = append(commands, state.BlobChunk{Namespace: u.namespace, Upload: u.id, N: n, Hash: hash, Data: data}.Command(u.b.tenant))
	}
	replies, err := u.b.a.Do(ctx, commands...)
	if err != nil {
		return err
	}
	for i := range replies {
		if replies[i].Err != nil {
			return replies[i].Err
		}
	}
	u.sent += int64(len(u.buf))
	if len(u.buf)%state.BlobChunkSize != 0 {
		u.short = true
	}
	u.chain, u.chunks, u.buf = chain, n, u.buf[:0]
	return nil
}

// Commit makes what was written the blob of its key. Code conflict: the guard does not hold, and the upload is still there.
// It can be called again after an error whose outcome is unknown.
func (u *BlobUpload) Commit(ctx context.Context) (BlobInfo, error) {
	if err := u.flush(ctx); err != nil {
		return BlobInfo{}, err
	}
	info := BlobInfo{Key: u.key, Size: u.sent, ContentType: u.o.ContentType, Meta: u.o.Meta, id: u.id}
	u.whole.Sum(info.SHA256[:0])
	cmd := state.BlobCommit{
		Namespace: u.namespace, Upload: u.id, Size: uint64(u.sent), Guard: blobGuard(u.o.Guard), SHA256: info.SHA256, Chain: u.chain,
	}
	r, err := u.b.ask(ctx, cmd.Command(u.b.tenant))
	if notFound(err) { // committed by an earlier call whose answer was lost?
		if there, found, err := u.b.Stat(ctx, Linearizable, u.namespace, u.key); err == nil && found && there.id == u.id {
			return there, nil
		}
	}
	if err != nil {
		return BlobInfo{}, err
	}
	info.Version, info.Created, info.Modified = r.Version, r.Created, r.Now
	return info, nil
}

// Abort ends the upload and gives back its space. One that is over already is no error.
func (u *BlobUpload) Abort(ctx context.Context) error {
	_, err := u.b.ask(ctx, state.BlobAbort{Namespace: u.namespace, Upload: u.id}.Command(u.b.tenant))
	return err
}
