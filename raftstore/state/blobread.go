package state

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/stackhost/stackhost/abi"
)

// BlobInfo is what is known of a blob besides its bytes. What it refers to is valid as long as the view.
type BlobInfo struct {
	Key               string
	ID                uint64 // of its chunks
	Size              uint64 // bytes
	SHA256            [sha256.Size]byte
	ContentType       string
	Meta              abi.Pairs
	Version           uint64
	Created, Modified int64 // log time in ms; replacing keeps Created
}

// Chunks is how many chunks the blob has.
func (i *BlobInfo) Chunks() uint64 { return (i.Size + BlobChunkSize - 1) / BlobChunkSize }

// BlobUpload is an upload under way.
type BlobUpload struct {
	BlobCreate          // without the namespace; what it refers to is valid as long as the view
	Chunks, Size uint64 // brought so far
	Whole        bool   // the last chunk was a short one: nothing can follow it
}

func bigEndian(b []byte) uint64 { return binary.BigEndian.Uint64(b) }

func blobKey(shard uint16, tenant, namespace, key string) []byte {
	return Key(FamilyBlob, shard, tenant, namespace, []byte{'b'}, []byte(key))
}

// BlobStat returns what is known of the blob of key.
func BlobStat(v *View, shard uint16, tenant, namespace, key string) (BlobInfo, bool) {
	b, ok := v.Get(blobKey(shard, tenant, namespace, key))
	if !ok {
		return BlobInfo{}, false
	}
	i := decodeBlobInfo(b)
	i.Key = key
	return i, true
}

// BlobRead returns chunk n of the blob or upload with that id, valid as long as the view. The error has code closed when the chunk is
// gone (the blob was replaced or deleted a while ago) and internal when its hash is wrong.
func BlobRead(v *View, shard uint16, tenant, namespace string, id, n uint64) ([]byte, error) {
	b, ok := v.Get(blobChunkKey(shard, tenant, namespace, id, n))
	if !ok {
		return nil, abi.Errorf(abi.CodeClosed, "blob: it was replaced or deleted while it was being read: open it again")
	}
	if len(b) < sha256.Size || sha256.Sum256(b[sha256.Size:]) != [sha256.Size]byte(b[:sha256.Size]) {
		return nil, abi.Errorf(abi.CodeInternal, "blob: chunk %d of %d in namespace %q is damaged on this node's disk: run stackhost store verify",
			n, id, namespace)
	}
	return b[sha256.Size:], nil
}

// BlobUploadShow returns an upload under way.
func BlobUploadShow(v *View, shard uint16, tenant, namespace string, id uint64) (BlobUpload, bool) {
	b, ok := v.Get(Key(FamilyBlob, shard, tenant, namespace, []byte{'u'}, BE(id)))
	if !ok {
		return BlobUpload{}, false
	}
	u := decodeBlobUpload(id, b)
	return BlobUpload{BlobCreate: u.BlobCreate, Chunks: u.chunks, Size: u.size, Whole: u.whole}, true
}

// BlobList visits the blobs in the order of their keys, of those that begin with prefix and are above after, until visit returns false.
// What the visited refer to is valid during the visit only.
func BlobList(v *View, shard uint16, tenant, namespace, prefix, after string, visit func(BlobInfo) bool) {
	from := blobKey(shard, tenant, namespace, prefix)
	to := Prefix(from)
	head := len(from) - len(prefix)
	if after >= prefix && after != "" {
		from = append(blobKey(shard, tenant, namespace, after), 0)
	}
	v.Scan(from, to, func(k, b []byte) bool {
		i := decodeBlobInfo(b)
		i.Key = string(k[head:])
		return visit(i)
	})
}
