package state

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	"github.com/stackhost/stackhost/abi"
)

// Commands of the blob family. Their arguments are the types of the same name, their answers BlobReply.
const (
	OpBlobCreate = 1
	OpBlobChunk  = 2
	OpBlobCommit = 3
	OpBlobAbort  = 4
	OpBlobPut    = 5
	OpBlobDelete = 6
)

// Limits of blobs. Times are in ms.
const (
	BlobChunkSize = 128 << 10 // bytes of each chunk but the last
	BlobMaxSize   = 1 << 30
	BlobMaxKey    = 1024
	BlobMaxType   = 255     // bytes of a content type
	BlobMaxMeta   = 4 << 10 // bytes of all names and values
	BlobUploadTTL = 60 * 60 * 1000
	// BlobGrace is how long the chunks of a blob that was replaced or deleted stay for those that are reading it.
	BlobGrace = 60 * 1000

	blobOverhead = 256 // bytes that a blob or upload counts besides its content and key
	blobSteps    = 64  // chunks that one timer removes
)

// Guards of BlobCommit, BlobPut and BlobDelete besides a version, which the blob must have.
const (
	BlobAny    = 0 // whatever is there
	BlobAbsent = 1 // there must be none
)

// BlobFamily has blobs: bytes in chunks, each with its hash, that become visible all at once. A blob's chunks belong to the id of the
// upload that brought them and never change, so a reader holds on to the id and gets one version, or an error once it is gone.
//
//	b key    id, size, SHA-256, content type, meta, version, created, modified
//	u id     key, content type, meta, chunks, size, chain, last use, timer, whole: an upload under way
//	c id n   SHA-256 of the chunk, then its bytes
//	d id     next, count: chunks that are to be removed
var BlobFamily = Register(&Family{ID: FamilyBlob, Name: "blob", Apply: applyBlob, Expire: expireBlob})

// BlobCreate begins an upload, which is forgotten BlobUploadTTL after its last chunk.
type BlobCreate struct {
	Namespace, Key, ContentType string
	Meta                        abi.Pairs
}

// BlobChunk brings chunk N, from 0 in order. A chunk that was brought already is accepted when it is the same.
type BlobChunk struct {
	Namespace string
	Upload, N uint64
	Hash      [sha256.Size]byte // of Data
	Data      []byte            // BlobChunkSize bytes, or less in the last chunk
}

// BlobCommit makes an upload the blob of its key. Size and Chain (see BlobChain) must be those of what was brought. SHA256 is that of
// the whole; whoever sends the chunks computes it over the same bytes as the chain.
type BlobCommit struct {
	Namespace           string
	Upload, Size, Guard uint64
	SHA256, Chain       [sha256.Size]byte
}

// BlobAbort ends an upload.
type BlobAbort struct {
	Namespace string
	Upload    uint64
}

// BlobPut stores a blob of at most BlobChunkSize bytes with one command.
type BlobPut struct {
	Namespace, Key, ContentType string
	Meta                        abi.Pairs
	Guard                       uint64
	SHA256                      [sha256.Size]byte
	Data                        []byte
}

// BlobDelete removes a blob.
type BlobDelete struct {
	Namespace, Key string
	Guard          uint64
}

// BlobReply is the answer of the commands.
type BlobReply struct {
	ID      uint64 // of the upload, or of the blob's chunks
	Version uint64 // of the blob
	Chunks  uint64 // that the upload has
	Existed bool   // there was a blob, or an upload, before
	Created int64  // log time in ms
	Now     int64  // log time in ms
}

// BlobChain is the hash over the hashes of an upload's chunks: the chain so far (at first all zero), then the chunk's hash.
func BlobChain(chain, chunk [sha256.Size]byte) [sha256.Size]byte {
	return sha256.Sum256(append(chain[:], chunk[:]...))
}

func blobCommand(op byte, tenant string, args []byte) Command {
	return Command{Family: FamilyBlob, Op: op, Tenant: tenant, Args: args}
}

// Command returns the command for tenant.
func (a BlobCreate) Command(tenant string) Command {
	b := abi.AppendStr(abi.AppendStr(abi.AppendArray(nil, 4), a.Namespace), a.Key)
	return blobCommand(OpBlobCreate, tenant, a.Meta.Append(abi.AppendStr(b, a.ContentType)))
}

// Command returns the command for tenant.
func (a BlobChunk) Command(tenant string) Command {
	b := abi.AppendArray(make([]byte, 0, len(a.Data)+len(a.Namespace)+64), 5)
	b = abi.AppendUint(abi.AppendUint(abi.AppendStr(b, a.Namespace), a.Upload), a.N)
	return blobCommand(OpBlobChunk, tenant, abi.AppendBin(abi.AppendBin(b, a.Hash[:]), a.Data))
}

// Command returns the command for tenant.
func (a BlobCommit) Command(tenant string) Command {
	b := abi.AppendUint(abi.AppendStr(abi.AppendArray(nil, 6), a.Namespace), a.Upload)
	b = abi.AppendUint(abi.AppendUint(b, a.Size), a.Guard)
	return blobCommand(OpBlobCommit, tenant, abi.AppendBin(abi.AppendBin(b, a.SHA256[:]), a.Chain[:]))
}

// Command returns the command for tenant.
func (a BlobAbort) Command(tenant string) Command {
	return blobCommand(OpBlobAbort, tenant, abi.AppendUint(abi.AppendStr(abi.AppendArray(nil, 2), a.Namespace), a.Upload))
}

// Command returns the command for tenant.
func (a BlobPut) Command(tenant string) Command {
	b := abi.AppendArray(make([]byte, 0, len(a.Data)+len(a.Key)+512), 7)
	b = a.Meta.Append(abi.AppendStr(abi.AppendStr(abi.AppendStr(b, a.Namespace), a.Key), a.ContentType))
	return blobCommand(OpBlobPut, tenant, abi.AppendBin(abi.AppendBin(abi.AppendUint(b, a.Guard), a.SHA256[:]), a.Data))
}

// Command returns the command for tenant.
func (a BlobDelete) Command(tenant string) Command {
	b := abi.AppendStr(abi.AppendStr(abi.AppendArray(nil, 3), a.Namespace), a.Key)
	return blobCommand(OpBlobDelete, tenant, abi.AppendUint(b, a.Guard))
}

func (r BlobReply) append(dst []byte) []byte {
	dst = abi.AppendUint(abi.AppendUint(abi.AppendUint(abi.AppendArray(dst, 6), r.ID), r.Version), r.Chunks)
	return abi.AppendInt(abi.AppendInt(abi.AppendBool(dst, r.Existed), r.Created), r.Now)
}

// DecodeBlobReply reads the answer of a command.
func DecodeBlobReply(b []byte) (BlobReply, error) {
	t := openTuple(b)
	r := BlobReply{ID: t.uint(), Version: t.uint(), Chunks: t.uint(), Existed: t.bool(), Created: t.int(), Now: t.int()}
	return r, t.end()
}

// BlobEvents is the namespace of the events of the blobs in namespace: one for each commit and deletion, with empty values.
func BlobEvents(namespace string) string { return "blob:" + namespace }

func applyBlob(tx *Tx, op byte, args []byte) (reply []byte, err error) {
	t := openTuple(args)
	b := blobsOf{tx: tx, name: t.str()}
	var r BlobReply
	switch op {
	case OpBlobCreate:
		a := BlobCreate{Key: t.str(), ContentType: t.str(), Meta: t.pairs()}
		if err = b.args(&t, a.Key, a.ContentType, a.Meta); err == nil {
			r, err = b.create(a)
		}
	case OpBlobChunk:
		a := BlobChunk{Upload: t.uint(), N: t.uint(), Hash: t.hash(), Data: t.bin()}
		if err = b.args(&t, "-", "", nil); err == nil {
			r, err = b.chunk(a)
		}
	case OpBlobCommit:
		a := BlobCommit{Upload: t.uint(), Size: t.uint(), Guard: t.uint(), SHA256: t.hash(), Chain: t.hash()}
		if err = b.args(&t, "-", "", nil); err == nil {
			r, err = b.commit(a)
		}
	case OpBlobAbort:
		id := t.uint()
		if err = b.args(&t, "-", "", nil); err == nil {
			r = b.abort(id)
		}
	case OpBlobPut:
		a := BlobPut{Key: t.str(), ContentType: t.str(), Meta: t.pairs(), Guard: t.uint(), SHA256: t.hash(), Data: t.bin()}
		if err = b.args(&t, a.Key, a.ContentType, a.Meta); err == nil {
			r, err = b.put(a)
		}
	case OpBlobDelete:
		a := BlobDelete{Key: t.str(), Guard: t.uint()}
		if err = b.args(&t, a.Key, "", nil); err == nil {
			r, err = b.delete(a)
		}
	default:
		err = abi.Errorf(abi.CodeUnsupported, "blob: no command %d in this version", op)
	}
	if err == nil {
		err = b.close()
	}
	if err != nil {
		return nil, err
	}
	r.Now = tx.now
	return r.append(nil), nil
}

func (t *tuple) hash() (h [sha256.Size]byte) {
	copy(h[:], t.bin())
	return h
}

func (b *blobsOf) args(t *tuple, key, contentType string, meta abi.Pairs) error {
	if err := t.end(); err != nil {
		return err
	}
	if err := checkNamespace(b.name); err != nil {
		return err
	}
	size := 0
	for _, p := range meta {
		size += len(p.Name) + len(p.Value)
	}
	switch {
	case key == "" || len(key) > BlobMaxKey:
		return abi.Errorf(abi.CodeInvalid, "blob: a key has 1 to %d bytes", BlobMaxKey)
	case len(contentType) > BlobMaxType:
		return abi.Errorf(abi.CodeInvalid, "blob: a content type has at most %d bytes", BlobMaxType)
	case size > BlobMaxMeta:
		return abi.Errorf(abi.CodeLimit, "blob: metadata of %d bytes is over the limit of %d", size, BlobMaxMeta)
	}
	return nil
}

func (b *blobsOf) create(a BlobCreate) (r BlobReply, err error) {
	u := blobUpload{id: b.tx.UniqueID(), BlobCreate: a, used: b.tx.now, timer: b.tx.now + BlobUploadTTL}
	b.bytes, b.keys = blobOverhead+int64(len(a.Key)), 1
	b.saveUpload(&u)
	b.tx.SetTimer(u.timer, FamilyBlob, b.key('u', BE(u.id)))
	return BlobReply{ID: u.id}, nil
}

func (b *blobsOf) chunk(a BlobChunk) (r BlobReply, err error) {
	u, ok := b.upload(a.Upload)
	switch {
	case !ok:
		return r, errNoUpload(a.Upload)
	case len(a.Data) == 0 || len(a.Data) > BlobChunkSize:
		return r, abi.Errorf(abi.CodeInvalid, "blob: a chunk has 1 to %d bytes, not %d", BlobChunkSize, len(a.Data))
	case sha256.Sum256(a.Data) != a.Hash:
		return r, abi.Errorf(abi.CodeInvalid, "blob: chunk %d of upload %d differs from its hash: send it again", a.N, a.Upload)
	case a.N > u.chunks:
		return r, abi.Errorf(abi.CodeConflict, "blob: chunk %d of upload %d came before chunk %d: send that first", a.N, a.Upload, u.chunks)
	case a.N < u.chunks:
		if v, ok := b.tx.Get(b.chunkKey(u.id, a.N)); !ok || !bytes.Equal(v[:sha256.Size], a.Hash[:]) {
			return r, abi.Errorf(abi.CodeConflict, "blob: chunk %d of upload %d is another already", a.N, a.Upload)
		}
		return BlobReply{ID: u.id, Chunks: u.chunks, Existed: true}, nil
	case u.whole:
		return r, abi.Errorf(abi.CodeConflict, "blob: only the last chunk may be shorter than %d bytes, and chunk %d was", BlobChunkSize, a.N-1)
	case u.size+uint64(len(a.Data)) > BlobMaxSize:
		return r, abi.Errorf(abi.CodeLimit, "blob: more than %d bytes", BlobMaxSize)
	}
	v := append(append(make([]byte, 0, sha256.Size+len(a.Data)), a.Hash[:]...), a.Data...)
	b.tx.Set(b.chunkKey(u.id, a.N), v)
	u.chunks, u.size, u.chain = u.chunks+1, u.size+uint64(len(a.Data)), BlobChain(u.chain, a.Hash)
	u.used, u.whole = b.tx.now, len(a.Data) < BlobChunkSize
	b.bytes += int64(len(a.Data))
	b.saveUpload(&u)
	return BlobReply{ID: u.id, Chunks: u.chunks}, nil
}

func (b *blobsOf) commit(a BlobCommit) (r BlobReply, err error) {
	u, ok := b.upload(a.Upload)
	if !ok {
		return r, errNoUpload(a.Upload)
	}
	if u.size != a.Size || u.chain != a.Chain {
		return r, abi.Errorf(abi.CodeConflict, "blob: upload %d has other content than the commit says (%d bytes, said %d): begin again",
			a.Upload, u.size, a.Size)
	}
	b.tx.ClearTimer(u.timer, FamilyBlob, b.key('u', BE(u.id)))
	b.tx.Delete(b.key('u', BE(u.id)))
	return b.become(u.Key, a.Guard, BlobInfo{ID: u.id, Size: u.size, SHA256: a.SHA256, ContentType: u.ContentType, Meta: u.Meta})
}

func (b *blobsOf) abort(id uint64) (r BlobReply) {
	u, ok := b.upload(id)
	if ok {
		b.forget(&u)
	}
	return BlobReply{ID: id, Existed: ok}
}

func (b *blobsOf) put(a BlobPut) (r BlobReply, err error) {
	switch {
	case len(a.Data) > BlobChunkSize:
		return r, abi.Errorf(abi.CodeLimit, "blob: %d bytes are too many for one command: upload them", len(a.Data))
	case sha256.Sum256(a.Data) != a.SHA256:
		return r, abi.Errorf(abi.CodeInvalid, "blob: %q differs from its hash: send it again", a.Key)
	}
	id := b.tx.UniqueID()
	if len(a.Data) > 0 {
		b.tx.Set(b.chunkKey(id, 0), append(append(make([]byte, 0, sha256.Size+len(a.Data)), a.SHA256[:]...), a.Data...))
	}
	b.bytes, b.keys = blobOverhead+int64(len(a.Key)+len(a.Data)), 1
	return b.become(a.Key, a.Guard, BlobInfo{ID: id, Size: uint64(len(a.Data)), SHA256: a.SHA256, ContentType: a.ContentType, Meta: a.Meta})
}

// become makes i the blob of key.
func (b *blobsOf) become(key string, guard uint64, i BlobInfo) (r BlobReply, err error) {
	old, existed := b.info(key)
	if err := blobGuard(key, guard, &old); err != nil {
		return r, err
	}
	i.Version, i.Created, i.Modified = b.tx.UniqueID(), b.tx.now, b.tx.now
	if existed {
		i.Created = old.Created
		b.release(key, &old)
	}
	b.saveInfo(key, &i)
	b.tx.Emit(Event{Tenant: b.tx.tenant, Namespace: BlobEvents(b.name), Key: []byte(key), Value: []byte{}, Version: i.Version})
	return BlobReply{ID: i.ID, Version: i.Version, Existed: existed, Created: i.Created}, nil
}

func (b *blobsOf) delete(a BlobDelete) (r BlobReply, err error) {
	old, existed := b.info(a.Key)
	if err := blobGuard(a.Key, a.Guard, &old); err != nil {
		return r, err
	}
	if !existed {
		return r, nil
	}
	b.release(a.Key, &old)
	b.tx.Delete(b.key('b', []byte(a.Key)))
	r = BlobReply{ID: old.ID, Version: b.tx.UniqueID(), Existed: true, Created: old.Created}
	b.tx.Emit(Event{Tenant: b.tx.tenant, Namespace: BlobEvents(b.name), Key: []byte(a.Key), Version: r.Version, Deleted: true})
	return r, nil
}

// blobGuard compares what is there, of version 0 when there is nothing, with what the caller expects.
func blobGuard(key string, guard uint64, old *BlobInfo) error {
	switch {
	case guard == BlobAny || guard == old.Version || guard == BlobAbsent && old.Version == 0:
		return nil
	case old.Version == 0:
		return abi.Errorf(abi.CodeConflict, "blob: there is no %q, its version was to be %d", key, guard)
	case guard == BlobAbsent:
		return abi.Errorf(abi.CodeConflict, "blob: there is %q already, of version %d", key, old.Version)
	}
	return abi.Errorf(abi.CodeConflict, "blob: %q is of version %d, not %d: read it again", key, old.Version, guard)
}

func errNoUpload(id uint64) error {
	return abi.Errorf(abi.CodeNotFound, "blob: no upload %d: it was committed, ended or not used for %d minutes", id, BlobUploadTTL/60000)
}

func (b *blobsOf) chunkKey(id, n uint64) []byte {
	return blobChunkKey(b.tx.shard, b.tx.tenant, b.name, id, n)
}

func blobChunkKey(shard uint16, tenant, namespace string, id, n uint64) []byte {
	return binary.BigEndian.AppendUint32(Key(FamilyBlob, shard, tenant, namespace, []byte{'c'}, BE(id)), uint32(n))
}
