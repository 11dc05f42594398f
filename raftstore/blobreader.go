package raftstore

import (
	"context"
	"io"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore/state"
)

// BlobReader reads one version of a blob. Every chunk is compared with its hash before a byte of it is returned. When the blob was
// replaced or deleted since it was opened, reading goes on in the old version for a minute and then fails with code closed; it never
// mixes versions. Not safe for concurrent use.
type BlobReader struct {
	ctx       context.Context // of all reads: io.Reader has no place for one
	b         *Blob
	namespace string
	info      BlobInfo
	at        int64
	chunk     []byte // a copy of chunk n
	n         int64  // -1: none
	closed    bool
}

var (
	_ io.ReadSeekCloser = (*BlobReader)(nil)
	_ io.ReaderAt       = (*BlobReader)(nil)
	_ io.WriterTo       = (*BlobReader)(nil)
)

// Open begins to read the blob of key; which version that is, level decides. Seek first to read a range. The reads end with ctx. Code
// not_found: there is none.
func (b *Blob) Open(ctx context.Context, level Consistency, namespace, key string) (*BlobReader, error) {
	info, found, err := b.Stat(ctx, level, namespace, key)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, errNoBlob(namespace, key)
	}
	return &BlobReader{ctx: ctx, b: b, namespace: namespace, info: info, n: -1}, nil
}

// Info is what is known of the blob. Its fields must not be changed.
func (r *BlobReader) Info() BlobInfo { return r.info }

// load makes the chunk of offset at the current one and returns its bytes from there.
func (r *BlobReader) load(at int64) ([]byte, error) {
	switch {
	case r.closed:
		return nil, abi.Errorf(abi.CodeClosed, "blob: the reader is closed")
	case at >= r.info.Size:
		return nil, io.EOF
	}
	if n := at / state.BlobChunkSize; n != r.n {
		r.n = -1
		// Chunks of an id never change, and what this node knows includes the blob: it was found here.
		err := r.b.a.View(r.ctx, Stale(0), func(v *state.View) error {
			chunk, err := state.BlobRead(v, 0, r.b.tenant, r.namespace, r.info.id, uint64(n))
			r.chunk = append(r.chunk[:0], chunk...)
			return err
		})
		if err != nil {
			return nil, err
		}
		if want := min(r.info.Size-n*state.BlobChunkSize, state.BlobChunkSize); int64(len(r.chunk)) != want {
			return nil, abi.Errorf(abi.CodeInternal, "blob: chunk %d of %q has %d bytes, want %d", n, r.info.Key, len(r.chunk), want)
		}
		r.n = n
	}
	return r.chunk[at%state.BlobChunkSize:], nil
}

// Read implements io.Reader.
func (r *BlobReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	b, err := r.load(r.at)
	if err != nil {
		return 0, err
	}
	n := copy(p, b)
	r.at += int64(n)
	return n, nil
}

// ReadAt implements io.ReaderAt, except that calls must not overlap in time.
func (r *BlobReader) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, abi.Errorf(abi.CodeInvalid, "blob: an offset below 0")
	}
	for n < len(p) {
		b, err := r.load(off + int64(n))
		if err != nil {
			return n, err
		}
		n += copy(p[n:], b)
	}
	return n, nil
}

// WriteTo implements io.WriterTo.
func (r *BlobReader) WriteTo(w io.Writer) (n int64, err error) {
	for {
		b, err := r.load(r.at)
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		m, err := w.Write(b)
		n, r.at = n+int64(m), r.at+int64(m)
		if err != nil {
			return n, err
		}
	}
}

// Seek implements io.Seeker.
func (r *BlobReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.info.Size
	}
	if offset < 0 {
		return r.at, abi.Errorf(abi.CodeInvalid, "blob: an offset below 0")
	}
	r.at = offset
	return offset, nil
}

// Close ends the reader.
func (r *BlobReader) Close() error {
	r.closed, r.chunk, r.n = true, nil, -1
	return nil
}
