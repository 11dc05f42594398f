package raftstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore/state"
)

// Blob has blobs of one tenant: up to 1 GiB of bytes each, with a content type and metadata, replaced and deleted as a whole. Safe for
// concurrent use.
type Blob struct {
	a      Access
	tenant string
}

// NewBlob returns the blobs of tenant.
func NewBlob(a Access, tenant string) *Blob { return &Blob{a, tenant} }

// BlobOptions says what to store with a blob, and when.
type BlobOptions struct {
	ContentType string
	Meta        abi.Pairs // names and values, 4 KiB at most
	Guard       Guard     // what must be there
}

// blobGuard is g as commands have it.
func blobGuard(g Guard) uint64 {
	if g.Absent {
		return state.BlobAbsent
	}
	return g.Version
}

// BlobInfo is what is known of a blob besides its bytes. Times are log times in ms since the Unix epoch.
type BlobInfo struct {
	Key               string
	Size              int64
	SHA256            [sha256.Size]byte
	ContentType       string
	Meta              abi.Pairs
	Version           uint64
	Created, Modified int64
	id                uint64
}

// blobInfo copies what belongs to a view.
func blobInfo(i state.BlobInfo) BlobInfo {
	info := BlobInfo{
		Key: strings.Clone(i.Key), Size: int64(i.Size), SHA256: i.SHA256, ContentType: strings.Clone(i.ContentType), Version: i.Version,
		Created: i.Created, Modified: i.Modified, id: i.ID,
	}
	for _, p := range i.Meta {
		info.Meta = append(info.Meta, abi.Pair{Name: strings.Clone(p.Name), Value: strings.Clone(p.Value)})
	}
	return info
}

// Put stores what r has as the blob of key. It is visible at once when Put returns without an error, and not at all before: with one,
// whatever was there before stays (but see OutcomeUnknown). Code conflict: the guard does not hold.
func (b *Blob) Put(ctx context.Context, namespace, key string, r io.Reader, o BlobOptions) (BlobInfo, error) {
	first := make([]byte, state.BlobChunkSize+1)
	n, err := io.ReadFull(r, first)
	switch {
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return b.putSmall(ctx, namespace, key, first[:n], o)
	case err != nil:
		return BlobInfo{}, err
	}
	u, err := b.Create(ctx, namespace, key, o)
	if err != nil {
		return BlobInfo{}, err
	}
	info, err := u.copyFrom(ctx, io.MultiReader(bytes.NewReader(first), r))
	if err != nil && !OutcomeUnknown(err) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		_ = u.Abort(ctx) // else it ends by itself
	}
	return info, err
}

func (u *BlobUpload) copyFrom(ctx context.Context, r io.Reader) (BlobInfo, error) {
	part := make([]byte, state.BlobChunkSize)
	for {
		n, err := r.Read(part)
		if n > 0 {
			if _, err := u.Write(ctx, part[:n]); err != nil {
				return BlobInfo{}, err
			}
		}
		if err == io.EOF {
			return u.Commit(ctx)
		}
		if err != nil {
			return BlobInfo{}, err
		}
	}
}

func (b *Blob) putSmall(ctx context.Context, namespace, key string, data []byte, o BlobOptions) (BlobInfo, error) {
	sum := sha256.Sum256(data)
	cmd := state.BlobPut{
		Namespace: namespace, Key: key, ContentType: o.ContentType, Meta: o.Meta, Guard: blobGuard(o.Guard), SHA256: sum, Data: data,
	}
	r, err := b.ask(ctx, cmd.Command(b.tenant))
	if err != nil {
		return BlobInfo{}, err
	}
	return BlobInfo{
		Key: key, Size: int64(len(data)), SHA256: sum, ContentType: o.ContentType, Meta: o.Meta, Version: r.Version, Created: r.Created,
		Modified: r.Now, id: r.ID,
	}, nil
}

func (b *Blob) ask(ctx context.Context, c state.Command) (state.BlobReply, error) {
	reply, err := ask(ctx, b.a, c)
	if err != nil {
		return state.BlobReply{}, err
	}
	return state.DecodeBlobReply(reply)
}

// Stat returns what is known of a blob, if there is one.
func (b *Blob) Stat(ctx context.Context, level Consistency, namespace, key string) (info BlobInfo, found bool, err error) {
	err = b.a.View(ctx, level, func(v *state.View) error {
		var i state.BlobInfo
		if i, found = state.BlobStat(v, 0, b.tenant, namespace, key); found {
			info = blobInfo(i)
		}
		return nil
	})
	return info, found, err
}

// Delete removes a blob, if the guard holds. Readers that have it open can go on for a minute.
func (b *Blob) Delete(ctx context.Context, namespace, key string, g Guard) (existed bool, err error) {
	r, err := b.ask(ctx, state.BlobDelete{Namespace: namespace, Key: key, Guard: blobGuard(g)}.Command(b.tenant))
	return r.Existed, err
}

// List returns up to limit (1 to 1000; 0 means 100) blobs in the order of their keys, of those whose key begins with prefix, after the
// page token (empty at first). Next is the token for those that follow, empty at the end.
func (b *Blob) List(ctx context.Context, level Consistency, namespace, prefix, page string, limit int) (
	blobs []BlobInfo, next string, err error) {
	if limit = min(limit, 1000); limit <= 0 {
		limit = 100
	}
	err = b.a.View(ctx, level, func(v *state.View) error {
		blobs, next = nil, ""
		state.BlobList(v, 0, b.tenant, namespace, prefix, page, func(i state.BlobInfo) bool {
			if len(blobs) == limit {
				next = blobs[limit-1].Key
				return false
			}
			blobs = append(blobs, blobInfo(i))
			return true
		})
		return nil
	})
	return blobs, next, err
}

// errNoBlob is the error of opening what is not there.
func errNoBlob(namespace, key string) error {
	return abi.Errorf(abi.CodeNotFound, "blob: there is no %q in namespace %q", key, namespace)
}

// notFound tells whether err has that code.
func notFound(err error) bool {
	var e *abi.Error
	return errors.As(err, &e) && e.Code == abi.CodeNotFound
}
