//go:build !wasip1

package stackhosttest

import (
	"crypto/sha256"
	"slices"
	"strconv"
	"strings"

	stackhost "github.com/stackhost/stackhost/sdk/go"
	"github.com/stackhost/stackhost/sdk/go/internal/wire"
)

type lease struct {
	owner   string
	fence   uint64
	expires int64 // ms since the Unix epoch
}

func lasting(ms uint64) (int64, error) {
	switch {
	case ms == 0:
		return 30_000, nil
	case ms < 100 || ms > 86_400_000:
		return 0, failed(stackhost.CodeInvalid, "lock: a lease lasts 100 ms to 86,400,000 ms, not %d", ms)
	}
	return int64(ms), nil
}

func (h *Host) lockAcquire(r *wire.LockAcquireRequest) (reply, error) {
	p, err := at(r.Namespace, r.Name, 512)
	if err != nil {
		return nil, err
	}
	ttl, err := lasting(r.TtlMs)
	if err != nil {
		return nil, err
	}
	owner := strings.Clone(r.Owner)
	if owner == "" {
		h.data.attempts++
		owner = "owner-" + strconv.Itoa(h.data.attempts)
	}
	l, held := h.data.locks[p]
	switch now := h.ms(); {
	case !held || l.expires <= now:
		l = lease{owner, h.next(), now + ttl}
	case l.owner == owner:
		l.expires = max(l.expires, now+ttl)
	default:
		return nil, failed(stackhost.CodeConflict, "lock: %q is held by %q", r.Name, l.owner)
	}
	put(&h.data.locks, p, l)
	return &wire.LockAcquireReply{Owner: l.owner, Fence: l.fence, ExpiresMs: uint64(l.expires)}, nil
}

// holds tells whether a lease goes on.
func (h *Host) holds(p place, owner string, fence uint64) bool {
	l, held := h.data.locks[p]
	return held && l.owner == owner && l.fence == fence && l.expires > h.ms()
}

func (h *Host) lockRenew(r *wire.LockRenewRequest) (reply, error) {
	p, err := at(r.Namespace, r.Name, 512)
	if err != nil {
		return nil, err
	}
	ttl, err := lasting(r.TtlMs)
	if err != nil {
		return nil, err
	}
	if !h.holds(p, r.Owner, r.Fence) {
		return nil, failed(stackhost.CodeConflict, "lock: %q is not held by %q any more", r.Name, r.Owner)
	}
	l := h.data.locks[p]
	l.expires = h.ms() + ttl
	h.data.locks[p] = l
	return &wire.LockRenewReply{ExpiresMs: uint64(l.expires)}, nil
}

func (h *Host) lockRelease(r *wire.LockReleaseRequest) (reply, error) {
	p, err := at(r.Namespace, r.Name, 512)
	if err != nil {
		return nil, err
	}
	held := h.holds(p, r.Owner, r.Fence)
	if held {
		delete(h.data.locks, p)
	}
	return &wire.LockReleaseReply{Held: held}, nil
}

type blob struct {
	info    wire.BlobInfo
	content []byte
}

// upload is a blob that is being written.
type upload struct {
	at      place
	guard   wire.KvGuard
	version uint64
	info    wire.BlobInfo
}

func uploadOf(namespace, key, contentType string, meta wire.Fields, g wire.KvGuard, version uint64) (*upload, error) {
	p, err := at(namespace, key, 1024)
	if err == nil && g > wire.KvGuardVersion {
		err = failed(stackhost.CodeInvalid, "there is no guard %d", g)
	}
	u := &upload{at: p, guard: g, version: version, info: wire.BlobInfo{Key: p.key, ContentType: strings.Clone(contentType)}}
	for name, value := range meta.All {
		u.info.Meta.AddPair(name, value)
	}
	return u, err
}

func (h *Host) guarded(p place, g wire.KvGuard, version uint64) error {
	there := h.data.blobs[p].info.Version
	if g == wire.KvGuardAbsent && there != 0 || g == wire.KvGuardVersion && there != version {
		return failed(stackhost.CodeConflict, "blob: %q has version %d", p.key, there)
	}
	return nil
}

func (h *Host) finish(u *upload, content []byte) (reply, error) {
	if err := h.guarded(u.at, u.guard, u.version); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(content)
	u.info.Size, u.info.Sha256, u.info.Version, u.info.CreatedMs = uint64(len(content)), sum[:], h.next(), uint64(h.ms())
	put(&h.data.blobs, u.at, blob{u.info, slices.Clone(content)})
	return &u.info, nil
}

func (h *Host) blobPut(r *wire.BlobPutRequest) (reply, error) {
	u, err := uploadOf(r.Namespace, r.Key, r.ContentType, r.Meta, r.Guard, r.Version)
	if err != nil {
		return nil, err
	}
	return h.finish(u, r.Body)
}

func (h *Host) blobWrite(r *wire.BlobWriteRequest) (reply, error) {
	u, err := uploadOf(r.Namespace, r.Key, r.ContentType, r.Meta, r.Guard, r.Version)
	if err != nil {
		return nil, err
	}
	return &wire.StreamReply{Stream: h.open(&stream{upload: u})}, nil
}

func (h *Host) blobCommit(r *wire.BlobCommitRequest) (reply, error) {
	if r.Stream == 0 || r.Stream > uint64(len(h.streams)) || h.streams[r.Stream-1].upload == nil {
		return nil, failed(stackhost.CodeInvalid, "blob: stream %d is not one of blob write", r.Stream)
	}
	s := h.streams[r.Stream-1]
	if s.closed {
		return nil, failed(stackhost.CodeClosed, "stream %d is closed", r.Stream)
	}
	s.closed = true
	return h.finish(s.upload, s.data)
}

func (h *Host) blobAt(namespace, key string) (blob, error) {
	b, ok := h.data.blobs[place{namespace, key}]
	if !ok {
		return b, failed(stackhost.CodeNotFound, "blob: there is no %q in namespace %q", key, namespace)
	}
	return b, nil
}

func (h *Host) blobRead(r *wire.BlobReadRequest) (reply, error) {
	b, err := h.blobAt(r.Namespace, r.Key)
	if err != nil {
		return nil, err
	}
	part := b.content[min(r.Offset, b.info.Size):]
	if r.Length > 0 {
		part = part[:min(uint64(len(part)), r.Length)]
	}
	answer := &wire.BlobReadReply{Info: b.info}
	if len(part) > wire.LimitInlineBodyBytes {
		answer.BodyStream = h.open(&stream{chunks: []string{string(part)}})
	} else {
		answer.Body = part
	}
	return answer, nil
}

func (h *Host) blobStat(r *wire.BlobStatRequest) (reply, error) {
	b, err := h.blobAt(r.Namespace, r.Key)
	return &b.info, err
}

func (h *Host) blobDelete(r *wire.BlobDeleteRequest) (reply, error) {
	u, err := uploadOf(r.Namespace, r.Key, "", wire.Fields{}, r.Guard, r.Version)
	if err != nil {
		return nil, err
	}
	if err := h.guarded(u.at, r.Guard, r.Version); err != nil {
		return nil, err
	}
	_, existed := h.data.blobs[u.at]
	delete(h.data.blobs, u.at)
	return &wire.BlobDeleteReply{Existed: existed}, nil
}

func (h *Host) blobList(r *wire.BlobListRequest) (reply, error) {
	limit := int(min(r.Limit, 1000))
	if limit == 0 {
		limit = 100
	}
	var found []string
	for p := range h.data.blobs {
		if p.namespace == r.Namespace && strings.HasPrefix(p.key, r.Prefix) && p.key > r.After {
			found = append(found, p.key)
		}
	}
	slices.Sort(found)
	answer := &wire.BlobListReply{}
	if len(found) > limit {
		found, answer.Next = found[:limit], found[limit-1]
	}
	for _, key := range found {
		answer.Blobs = append(answer.Blobs, h.data.blobs[place{r.Namespace, key}].info)
	}
	return answer, nil
}
