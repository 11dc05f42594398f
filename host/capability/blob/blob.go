// Package blob is the capability to keep long content in the replicated store.
package blob

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/capability"
	"github.com/stackhost/stackhost/raftstore"
)

// Store is where blobs are; *raftstore.Blob is one.
type Store interface {
	Put(ctx context.Context, namespace, key string, r io.Reader, o raftstore.BlobOptions) (raftstore.BlobInfo, error)
	Create(ctx context.Context, namespace, key string, o raftstore.BlobOptions) (*raftstore.BlobUpload, error)
	Open(ctx context.Context, level raftstore.Consistency, namespace, key string) (*raftstore.BlobReader, error)
	Stat(ctx context.Context, level raftstore.Consistency, namespace, key string) (raftstore.BlobInfo, bool, error)
	Delete(ctx context.Context, namespace, key string, g raftstore.Guard) (bool, error)
	List(ctx context.Context, level raftstore.Consistency, namespace, prefix, page string, limit int) ([]raftstore.BlobInfo, string, error)
}

// Blob implements capability.Capability. Safe for concurrent use.
type Blob struct {
	store  Store
	grants capability.Namespaces
}

var _ capability.Capability = (*Blob)(nil)

// New grants namespaces of store.
func New(store Store, grants capability.Namespaces) *Blob { return &Blob{store, grants} }

// Name returns "blob".
func (b *Blob) Name() string { return "blob" }

// Functions returns the functions of blob in abi/v1.json.
func (b *Blob) Functions() (map[string]capability.Call, map[string]capability.Direct) {
	return map[string]capability.Call{
		"put": b.put, "write": b.write, "commit": b.commit, "read": b.read, "stat": b.stat, "delete": b.delete, "list": b.list,
	}, nil
}

// options copies what a guest said of a blob out of its memory.
func (b *Blob) options(namespace, contentType string, meta abi.Pairs, g abi.KVGuard, version uint64) (o raftstore.BlobOptions, err error) {
	if err := b.grants.Allow("blob", namespace, true); err != nil {
		return o, err
	}
	o.Guard, err = capability.GuardOf(g, version)
	o.ContentType = strings.Clone(contentType)
	for _, p := range meta {
		p.Name, p.Value = strings.Clone(p.Name), strings.Clone(p.Value)
		o.Meta = append(o.Meta, p)
	}
	return o, err
}

func infoOf(i raftstore.BlobInfo) abi.BlobInfo {
	return abi.BlobInfo{
		Key: i.Key, Size: uint64(i.Size), SHA256: i.SHA256[:], ContentType: i.ContentType, Meta: i.Meta, Version: i.Version, CreatedMs: uint64(i.Modified),
	}
}

func (b *Blob) put(s *capability.Session, req, out []byte) ([]byte, error) {
	var r abi.BlobPutRequest
	if err := r.Decode(req); err != nil {
		return nil, err
	}
	o, err := b.options(r.Namespace, r.ContentType, r.Meta, r.Guard, r.Version)
	if err != nil {
		return nil, err
	}
	info, err := b.store.Put(s.Context(), strings.Clone(r.Namespace), strings.Clone(r.Key), bytes.NewReader(bytes.Clone(r.Body)), o)
	if err != nil {
		return nil, err
	}
	reply := infoOf(info)
	return reply.Append(out), nil
}

// upload is the stream of a blob that is being written.
type upload struct {
	ctx context.Context
	mu  sync.Mutex
	up  *raftstore.BlobUpload // guarded by mu; nil once committed or given up
}

// Write implements io.Writer.
func (u *upload) Write(p []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.up == nil {
		return 0, abi.Errorf(abi.CodeClosed, "blob: it is committed already")
	}
	return u.up.Write(u.ctx, p)
}

// Close gives up what is not committed.
func (u *upload) Close() error {
	if up := u.take(); up != nil {
		return giveUp(u.ctx, up)
	}
	return nil
}

// giveUp frees the room of an upload, also when the call is over. It does not wait long: the store forgets uploads by itself.
func giveUp(ctx context.Context, up *raftstore.BlobUpload) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	return up.Abort(ctx)
}

func (u *upload) take() *raftstore.BlobUpload {
	u.mu.Lock()
	defer u.mu.Unlock()
	up := u.up
	u.up = nil
	return up
}

func (b *Blob) write(s *capability.Session, req, out []byte) ([]byte, error) {
	var r abi.BlobWriteRequest
	if err := r.Decode(req); err != nil {
		return nil, err
	}
	o, err := b.options(r.Namespace, r.ContentType, r.Meta, r.Guard, r.Version)
	if err != nil {
		return nil, err
	}
	up, err := b.store.Create(s.Context(), strings.Clone(r.Namespace), strings.Clone(r.Key), o)
	if err != nil {
		return nil, err
	}
	stream := &upload{ctx: s.Context(), up: up}
	handle, err := s.Streams.Open(stream)
	if err != nil {
		stream.Close()
		return nil, err
	}
	reply := abi.StreamReply{Stream: handle}
	return reply.Append(out), nil
}

func (b *Blob) commit(s *capability.Session, req, out []byte) ([]byte, error) {
	var r abi.BlobCommitRequest
	if err := r.Decode(req); err != nil {
		return nil, err
	}
	w, err := s.Streams.Writer(r.Stream)
	if err != nil {
		return nil, err
	}
	u, ok := w.(*upload)
	if !ok {
		return nil, abi.Errorf(abi.CodeInvalid, "blob: stream %d is not one of blob write", r.Stream)
	}
	up := u.take()
	s.Streams.Close(r.Stream)
	if up == nil {
		return nil, abi.Errorf(abi.CodeClosed, "blob: it is committed already")
	}
	info, err := up.Commit(s.Context())
	if err != nil {
		if !raftstore.OutcomeUnknown(err) {
			giveUp(s.Context(), up) // an error changes nothing for the guest, which has one already
		}
		return nil, err
	}
	reply := infoOf(info)
	return reply.Append(out), nil
}

func (b *Blob) reading(namespace string, c abi.Consistency, maxStalenessMs uint64) (raftstore.Consistency, error) {
	if err := b.grants.Allow("blob", namespace, false); err != nil {
		return raftstore.Consistency{}, err
	}
	return capability.ConsistencyOf(c, maxStalenessMs)
}

func (b *Blob) read(s *capability.Session, req, out []byte) ([]byte, error) {
	var r abi.BlobReadRequest
	if err := r.Decode(req); err != nil {
		return nil, err
	}
	level, err := b.reading(r.Namespace, r.Consistency, r.MaxStalenessMs)
	if err != nil {
		return nil, err
	}
	content, err := b.store.Open(s.Context(), level, strings.Clone(r.Namespace), strings.Clone(r.Key))
	if err != nil {
		return nil, err
	}
	size := uint64(content.Info().Size)
	offset := min(r.Offset, size)
	length := size - offset
	if r.Length > 0 {
		length = min(length, r.Length)
	}
	reply := abi.BlobReadReply{Info: infoOf(content.Info())}
	if length <= abi.LimitInlineBodyBytes {
		reply.Body = make([]byte, length)
		_, err = io.ReadFull(io.NewSectionReader(content, int64(offset), int64(length)), reply.Body)
		content.Close()
	} else {
		reply.BodyStream, err = s.Streams.Open(&part{io.NewSectionReader(content, int64(offset), int64(length)), content})
	}
	if err != nil {
		return nil, err
	}
	return reply.Append(out), nil
}

// part is the stream of a blob that is being read.
type part struct {
	*io.SectionReader
	io.Closer
}

func (b *Blob) stat(s *capability.Session, req, out []byte) ([]byte, error) {
	var r abi.BlobStatRequest
	if err := r.Decode(req); err != nil {
		return nil, err
	}
	level, err := b.reading(r.Namespace, r.Consistency, r.MaxStalenessMs)
	if err != nil {
		return nil, err
	}
	info, found, err := b.store.Stat(s.Context(), level, r.Namespace, r.Key)
	if err == nil && !found {
		err = abi.Errorf(abi.CodeNotFound, "blob: there is no %q", r.Key)
	}
	if err != nil {
		return nil, err
	}
	reply := infoOf(info)
	return reply.Append(out), nil
}

func (b *Blob) delete(s *capability.Session, req, out []byte) ([]byte, error) {
	var r abi.BlobDeleteRequest
	if err := r.Decode(req); err != nil {
		return nil, err
	}
	o, err := b.options(r.Namespace, "", nil, r.Guard, r.Version)
	if err != nil {
		return nil, err
	}
	existed, err := b.store.Delete(s.Context(), strings.Clone(r.Namespace), strings.Clone(r.Key), o.Guard)
	reply := abi.BlobDeleteReply{Existed: existed}
	return reply.Append(out), err
}

func (b *Blob) list(s *capability.Session, req, out []byte) ([]byte, error) {
	var r abi.BlobListRequest
	if err := r.Decode(req); err != nil {
		return nil, err
	}
	level, err := b.reading(r.Namespace, r.Consistency, r.MaxStalenessMs)
	if err != nil {
		return nil, err
	}
	blobs, next, err := b.store.List(s.Context(), level, r.Namespace, r.Prefix, r.After, int(min(r.Limit, 1<<20)))
	if err != nil {
		return nil, err
	}
	reply := abi.BlobListReply{Next: next}
	size := 0
	for i, info := range blobs {
		if size += len(info.Key) + 4<<10; size > abi.LimitRecordBytes/2 && i > 0 {
			reply.Next = blobs[i-1].Key
			break
		}
		reply.Blobs = append(reply.Blobs, infoOf(info))
	}
	return reply.Append(out), nil
}
