package stackhost

import (
	"io"
	"iter"
	"time"

	"github.com/stackhost/stackhost/sdk/go/internal/host"
	"github.com/stackhost/stackhost/sdk/go/internal/wire"
)

// Blobs is a namespace of long content, each visible as a whole or not at all.
type Blobs string

// BlobInfo is what is known of a blob.
type BlobInfo struct {
	Key         string
	Size        int64
	SHA256      []byte
	ContentType string
	Meta        []Value
	Version     uint64
	Created     time.Time
}

func blobInfo(r *wire.BlobInfo) BlobInfo {
	i := BlobInfo{Key: r.Key, Size: int64(r.Size), SHA256: r.Sha256, ContentType: r.ContentType, Version: r.Version, Created: expiry(r.CreatedMs)}
	for name, value := range r.Meta.All {
		i.Meta = append(i.Meta, Value{Name: name, Value: value})
	}
	return i
}

func blobReply(reply []byte, err error) (BlobInfo, error) {
	if err != nil {
		return BlobInfo{}, err
	}
	var r wire.BlobInfo
	if err := r.Decode(reply); err != nil {
		return BlobInfo{}, err
	}
	return blobInfo(&r), nil
}

// BlobOptions say how to store a blob. The zero value is fine.
type BlobOptions struct {
	ContentType string
	Meta        []Value
	If          SetOption // IfAbsent or IfVersion
}

func (o *BlobOptions) guard() (meta wire.Fields, s setting) {
	for _, m := range o.Meta {
		meta.AddPair(m.Name, m.Value)
	}
	if o.If != nil {
		o.If(&s)
	}
	return meta, s
}

// Put stores a blob of at most half a megabyte in one call.
func (b Blobs) Put(key string, content []byte, o BlobOptions) (BlobInfo, error) {
	meta, s := o.guard()
	req := wire.BlobPutRequest{Namespace: string(b), Key: key, Body: content, ContentType: o.ContentType, Meta: meta, Guard: s.guard, Version: s.version}
	return blobReply(ask(host.BlobPut, req.Append(make([]byte, 0, len(content)+256))))
}

// BlobWriter is a blob that is being written. It is there once Commit has returned without an error.
type BlobWriter struct {
	stream uint32
	open   bool
}

// Create begins a blob of any length.
func (b Blobs) Create(key string, o BlobOptions) (*BlobWriter, error) {
	meta, s := o.guard()
	req := wire.BlobWriteRequest{Namespace: string(b), Key: key, ContentType: o.ContentType, Meta: meta, Guard: s.guard, Version: s.version}
	reply, err := ask(host.BlobWrite, req.Append(nil))
	if err != nil {
		return nil, err
	}
	var r wire.StreamReply
	if err := r.Decode(reply); err != nil {
		return nil, err
	}
	return &BlobWriter{uint32(r.Stream), true}, nil
}

// Write adds to the content.
func (w *BlobWriter) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if n := host.CoreWrite(w.stream, p); n < 0 {
		return 0, hostError(n)
	}
	return len(p), nil
}

// Commit makes the blob visible, in the place of the one before.
func (w *BlobWriter) Commit() (BlobInfo, error) {
	w.open = false
	return blobReply(ask(host.BlobCommit, (&wire.BlobCommitRequest{Stream: uint64(w.stream)}).Append(nil)))
}

// Abandon gives the blob up. After Commit it does nothing, so it can be deferred.
func (w *BlobWriter) Abandon() {
	if w.open {
		w.open = false
		host.CoreClose(w.stream)
	}
}

// PutFrom stores what r has.
func (b Blobs) PutFrom(key string, r io.Reader, o BlobOptions) (BlobInfo, error) {
	w, err := b.Create(key, o)
	if err != nil {
		return BlobInfo{}, err
	}
	defer w.Abandon()
	if _, err := io.CopyBuffer(w, r, make([]byte, 64<<10)); err != nil {
		return BlobInfo{}, err
	}
	return w.Commit()
}

// Blob is a blob that is being read.
type Blob struct {
	BlobInfo
	body body
}

// Read implements io.Reader.
func (b *Blob) Read(p []byte) (int, error) { return b.body.Read(p) }

// Open reads a blob, or length bytes of it from offset on; length 0 is to the end. CodeNotFound: there is none.
func (b Blobs) Open(key string, offset, length int64) (*Blob, error) {
	req := wire.BlobReadRequest{Namespace: string(b), Key: key, Offset: uint64(max(offset, 0)), Length: uint64(max(length, 0))}
	reply, err := ask(host.BlobRead, req.Append(nil))
	if err != nil {
		return nil, err
	}
	var r wire.BlobReadReply
	if err := r.Decode(reply); err != nil {
		return nil, err
	}
	return &Blob{blobInfo(&r.Info), body{inline: r.Body, stream: uint32(r.BodyStream)}}, nil
}

// Stat tells what is known of a blob. CodeNotFound: there is none.
func (b Blobs) Stat(key string) (BlobInfo, error) {
	return blobReply(ask(host.BlobStat, (&wire.BlobStatRequest{Namespace: string(b), Key: key}).Append(nil)))
}

// Delete removes a blob and tells whether there was one.
func (b Blobs) Delete(key string, options ...SetOption) (existed bool, err error) {
	s := settings(options)
	reply, err := ask(host.BlobDelete, (&wire.BlobDeleteRequest{Namespace: string(b), Key: key, Guard: s.guard, Version: s.version}).Append(nil))
	if err != nil {
		return false, err
	}
	var r wire.BlobDeleteReply
	err = r.Decode(reply)
	return r.Existed, err
}

// List yields the blobs whose keys begin with prefix, in order.
func (b Blobs) List(prefix string) iter.Seq2[BlobInfo, error] {
	return func(yield func(BlobInfo, error) bool) {
		for after := ""; ; {
			reply, err := ask(host.BlobList, (&wire.BlobListRequest{Namespace: string(b), Prefix: prefix, After: after}).Append(nil))
			var r wire.BlobListReply
			if err == nil {
				err = r.Decode(reply)
			}
			if err != nil {
				yield(BlobInfo{}, err)
				return
			}
			for i := range r.Blobs {
				if !yield(blobInfo(&r.Blobs[i]), nil) {
					return
				}
			}
			if after = r.Next; after == "" {
				return
			}
		}
	}
}

// ClusterSecret returns a secret that the operator set with `stackhost secret set` and the manifest grants by grants.secret.
// CodeNotFound: it is not set.
func ClusterSecret(name string) ([]byte, error) {
	reply, err := ask(host.SecretGet, (&wire.SecretGetRequest{Name: name}).Append(nil))
	if err != nil {
		return nil, err
	}
	var r wire.SecretGetReply
	err = r.Decode(reply)
	return r.Value, err
}
