package state

import (
	"crypto/sha256"

	"github.com/stackhost/stackhost/abi"
)

// blobsOf is the blobs of one namespace during a command. The keys and bytes that it adds are charged when it is closed.
type blobsOf struct {
	tx          *Tx
	name        string
	bytes, keys int64
}

type blobUpload struct {
	id uint64
	BlobCreate
	chunks, size uint64
	chain        [sha256.Size]byte
	used, timer  int64
	whole        bool // the last chunk was a short one
}

func (b *blobsOf) close() error { return charge(b.tx, b.bytes, b.keys) }

func (b *blobsOf) key(kind byte, rest []byte) []byte {
	return b.tx.Key(FamilyBlob, b.name, []byte{kind}, rest)
}

func (b *blobsOf) upload(id uint64) (blobUpload, bool) {
	v, ok := b.tx.Get(b.key('u', BE(id)))
	if !ok {
		return blobUpload{}, false
	}
	return decodeBlobUpload(id, v), true
}

func decodeBlobUpload(id uint64, v []byte) blobUpload {
	t := openTuple(v)
	u := blobUpload{id: id, BlobCreate: BlobCreate{Key: t.str(), ContentType: t.str(), Meta: t.pairs()}}
	u.chunks, u.size, u.chain, u.used, u.timer, u.whole = t.uint(), t.uint(), t.hash(), t.int(), t.int(), t.bool()
	return u
}

func (b *blobsOf) saveUpload(u *blobUpload) {
	v := u.Meta.Append(abi.AppendStr(abi.AppendStr(abi.AppendArray(nil, 9), u.Key), u.ContentType))
	v = abi.AppendBin(abi.AppendUint(abi.AppendUint(v, u.chunks), u.size), u.chain[:])
	b.tx.Set(b.key('u', BE(u.id)), abi.AppendBool(abi.AppendInt(abi.AppendInt(v, u.used), u.timer), u.whole))
}

// forget ends an upload. Nobody reads its chunks: they can go at once.
func (b *blobsOf) forget(u *blobUpload) {
	key := b.key('u', BE(u.id))
	b.tx.ClearTimer(u.timer, FamilyBlob, key)
	b.tx.Delete(key)
	b.bytes -= blobOverhead + int64(len(u.Key)) + int64(u.size)
	b.keys--
	b.removeChunks(u.id, u.chunks, b.tx.now)
}

func (b *blobsOf) info(key string) (BlobInfo, bool) {
	v, ok := b.tx.Get(b.key('b', []byte(key)))
	if !ok {
		return BlobInfo{}, false
	}
	return decodeBlobInfo(v), true
}

func decodeBlobInfo(v []byte) BlobInfo {
	t := openTuple(v)
	return BlobInfo{
		ID: t.uint(), Size: t.uint(), SHA256: t.hash(), ContentType: t.str(), Meta: t.pairs(), Version: t.uint(),
		Created: t.int(), Modified: t.int(),
	}
}

func (b *blobsOf) saveInfo(key string, i *BlobInfo) {
	v := abi.AppendBin(abi.AppendUint(abi.AppendUint(abi.AppendArray(nil, 8), i.ID), i.Size), i.SHA256[:])
	v = abi.AppendUint(i.Meta.Append(abi.AppendStr(v, i.ContentType)), i.Version)
	b.tx.Set(b.key('b', []byte(key)), abi.AppendInt(abi.AppendInt(v, i.Created), i.Modified))
}

// release gives back what a blob took. Its chunks stay for those that are reading them.
func (b *blobsOf) release(key string, i *BlobInfo) {
	b.bytes -= blobOverhead + int64(len(key)) + int64(i.Size)
	b.keys--
	b.removeChunks(i.ID, i.Chunks(), b.tx.now+BlobGrace)
}

func (b *blobsOf) removeChunks(id, count uint64, at int64) {
	if count == 0 {
		return
	}
	key := b.key('d', BE(id))
	b.tx.Set(key, abi.AppendUint(abi.AppendUint(abi.AppendArray(nil, 2), 0), count))
	b.tx.SetTimer(at, FamilyBlob, key)
}

func expireBlob(tx *Tx, ref []byte) {
	namespace, rest, ok := onBehalfOf(tx, ref)
	if !ok || len(rest) != 9 {
		return
	}
	if len(tx.writes) > timerWrites {
		tx.SetTimer(tx.now, FamilyBlob, ref)
		return
	}
	b := blobsOf{tx: tx, name: namespace}
	v, ok := tx.Get(ref)
	if !ok {
		return
	}
	id := bigEndian(rest[1:])
	switch rest[0] {
	case 'u':
		u := decodeBlobUpload(id, v)
		if u.timer > tx.now {
			return
		}
		if u.used+BlobUploadTTL > tx.now { // it was used since the timer was set
			u.timer = u.used + BlobUploadTTL
			b.saveUpload(&u)
			tx.SetTimer(u.timer, FamilyBlob, ref)
			return
		}
		b.forget(&u)
		_ = b.close() // what a timer does only gives back
	case 'd':
		t := openTuple(v)
		next, count := t.uint(), t.uint()
		end := min(next+blobSteps, count)
		for ; next < end; next++ {
			tx.Delete(b.chunkKey(id, next))
		}
		if next == count {
			tx.Delete(ref)
			return
		}
		tx.Set(ref, abi.AppendUint(abi.AppendUint(abi.AppendArray(nil, 2), next), count))
		tx.SetTimer(tx.now, FamilyBlob, ref)
	}
}
