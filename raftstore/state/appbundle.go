package state

import (
	"encoding/binary"
	"slices"

	"github.com/stackhost/stackhost/abi"
)

// BundleBegin begins the upload of a bundle, or goes on with it. The answer is a BundleInfo: what is there already. Which bytes belong
// to the digest is checked by whoever reads them; a bundle that was spoiled is dropped and uploaded again.
type BundleBegin struct {
	Digest Digest
	Size   int64 // bytes
}

// BundleWrite adds the next chunk: BundleChunk bytes, or what is left. At an offset that is behind what was received it changes
// nothing; one that is ahead is abi.CodeConflict. The answer is a BundleInfo.
type BundleWrite struct {
	Digest Digest
	Offset int64
	Data   []byte
}

// BundleFinish says that the content was read back and has the digest.
type BundleFinish struct{ Digest Digest }

// BundleDrop forgets a bundle that no version has.
type BundleDrop struct{ Digest Digest }

func appCommand(tenant string, op byte, args []byte) Command {
	return Command{Family: FamilyApp, Op: op, Tenant: tenant, Args: args}
}

// Command returns the command. Bundles belong to no app.
func (a BundleBegin) Command() Command {
	return appCommand("", OpBundleBegin, abi.AppendInt(abi.AppendBin(abi.AppendArray(nil, 2), a.Digest[:]), a.Size))
}

// Command returns the command.
func (a BundleWrite) Command() Command {
	b := make([]byte, 0, len(a.Data)+64)
	b = abi.AppendInt(abi.AppendBin(abi.AppendArray(b, 3), a.Digest[:]), a.Offset)
	return appCommand("", OpBundleWrite, abi.AppendBin(b, a.Data))
}

// Command returns the command.
func (a BundleFinish) Command() Command {
	return appCommand("", OpBundleFinish, abi.AppendBin(abi.AppendArray(nil, 1), a.Digest[:]))
}

// Command returns the command.
func (a BundleDrop) Command() Command {
	return appCommand("", OpBundleDrop, abi.AppendBin(abi.AppendArray(nil, 1), a.Digest[:]))
}

func (i BundleInfo) append(dst []byte) []byte {
	dst = abi.AppendBool(abi.AppendInt(abi.AppendInt(abi.AppendArray(dst, 5), i.Size), i.Received), i.Complete)
	return abi.AppendInt(abi.AppendUint(dst, i.References), i.Used)
}

// DecodeBundleInfo reads the answer of the bundle commands.
func DecodeBundleInfo(b []byte) (BundleInfo, error) {
	t := openTuple(b)
	i := BundleInfo{Size: t.int(), Received: t.int(), Complete: t.bool(), References: t.uint(), Used: t.int()}
	return i, t.end()
}

func readBundle(r Reader, shard uint16, d Digest) (BundleInfo, bool) {
	b, ok := r.Get(appKey(shard, "", 'b', d[:]))
	if !ok {
		return BundleInfo{}, false
	}
	i, err := DecodeBundleInfo(b)
	return i, err == nil
}

func chunkKey(shard uint16, d Digest, index int64) []byte {
	return appKey(shard, "", 'c', d[:], binary.BigEndian.AppendUint32(nil, uint32(index)))
}

// use stores i and moves the time at which it may go.
func (i BundleInfo) use(tx *Tx, d Digest, at int64) BundleInfo {
	key := tx.sharedKey('b', d[:])
	tx.ClearTimer(i.Used+BundleTTL, FamilyApp, key)
	i.Used = at
	tx.SetTimer(at+BundleTTL, FamilyApp, key)
	tx.Set(key, i.append(nil))
	return i
}

func (i BundleInfo) remove(tx *Tx, d Digest) {
	key := tx.sharedKey('b', d[:])
	tx.ClearTimer(i.Used+BundleTTL, FamilyApp, key)
	for n := int64(0); n*BundleChunk < i.Received; n++ {
		tx.Delete(chunkKey(tx.shard, d, n))
	}
	tx.Delete(key)
}

func applyBundle(tx *Tx, op byte, t *tuple) ([]byte, error) {
	var d Digest
	if b := t.bin(); copy(d[:], b) != len(d) || len(b) != len(d) {
		return nil, abi.Errorf(abi.CodeInvalid, "app: a digest has %d bytes", len(d))
	}
	size, offset, data := int64(0), int64(0), []byte(nil)
	switch op {
	case OpBundleBegin:
		size = t.int()
	case OpBundleWrite:
		offset, data = t.int(), t.bin()
	}
	if err := t.end(); err != nil {
		return nil, err
	}
	i, ok := readBundle(tx, tx.shard, d)
	if op == OpBundleBegin {
		return beginBundle(tx, d, i, ok, size)
	}
	if !ok {
		return nil, abi.Errorf(abi.CodeNotFound, "app: there is no upload of bundle %s; begin one", d)
	}
	switch op {
	case OpBundleWrite:
		return i.write(tx, d, offset, data)
	case OpBundleFinish:
		if i.Received != i.Size {
			return nil, abi.Errorf(abi.CodeConflict, "app: bundle %s has %d of %d bytes", d, i.Received, i.Size)
		}
		i.Complete = true
		i = i.use(tx, d, tx.now)
	case OpBundleDrop:
		if i.References > 0 {
			return nil, abi.Errorf(abi.CodeConflict, "app: %d versions have bundle %s", i.References, d)
		}
		i.remove(tx, d)
	}
	return i.append(nil), nil
}

func beginBundle(tx *Tx, d Digest, i BundleInfo, ok bool, size int64) ([]byte, error) {
	switch {
	case size < 1 || size > BundleMaxSize:
		return nil, abi.Errorf(abi.CodeLimit, "app: a bundle has 1 to %d bytes, not %d", BundleMaxSize, size)
	case !ok:
		i = BundleInfo{Size: size}
	case i.Size != size && i.Complete:
		return nil, abi.Errorf(abi.CodeInvalid, "app: bundle %s has %d bytes, not %d", d, i.Size, size)
	case i.Size != size: // whoever began it was wrong about one of the two
		i.remove(tx, d)
		i = BundleInfo{Size: size}
	}
	return i.use(tx, d, tx.now).append(nil), nil
}

// touched is how old the time of the last use may get, in ms, before a write moves it.
const touched = BundleTTL / 24

func (i BundleInfo) write(tx *Tx, d Digest, offset int64, data []byte) ([]byte, error) {
	switch {
	case offset > i.Received:
		return nil, abi.Errorf(abi.CodeConflict, "app: bundle %s has %d bytes so far; go on there, not at %d", d, i.Received, offset)
	case i.Complete || offset < i.Received: // sent again
		return i.append(nil), nil
	case int64(len(data)) != min(BundleChunk, i.Size-offset):
		return nil, abi.Errorf(abi.CodeInvalid, "app: the chunk at %d has %d bytes, not %d", offset, min(BundleChunk, i.Size-offset), len(data))
	}
	tx.Set(chunkKey(tx.shard, d, offset/BundleChunk), slices.Clone(data))
	i.Received += int64(len(data))
	if tx.now-i.Used > touched {
		i = i.use(tx, d, tx.now)
	} else {
		tx.Set(tx.sharedKey('b', d[:]), i.append(nil))
	}
	return i.append(nil), nil
}

// refer counts a version that has the bundle, or had it.
func refer(tx *Tx, d Digest, change int) error {
	i, ok := readBundle(tx, tx.shard, d)
	if !ok || !i.Complete {
		return abi.Errorf(abi.CodeNotFound, "app: bundle %s is not in the store; upload it first", d)
	}
	i.References = uint64(int64(i.References) + int64(change))
	i.use(tx, d, tx.now)
	return nil
}

func expireBundle(tx *Tx, ref []byte) {
	if _, rest, ok := onBehalfOf(tx, ref); ok && len(rest) == 1+len(Digest{}) && rest[0] == 'b' {
		d := Digest(rest[1:])
		if i, ok := readBundle(tx, tx.shard, d); ok && i.References == 0 && i.Used+BundleTTL <= tx.now {
			i.remove(tx, d)
		}
	}
}

// BundleStat returns the state of a bundle's content.
func BundleStat(v *View, shard uint16, d Digest) (BundleInfo, bool) { return readBundle(v, shard, d) }

// BundleRead returns the chunk at index, which begins at byte index times BundleChunk. It is valid as long as the view.
func BundleRead(v *View, shard uint16, d Digest, index int64) ([]byte, bool) {
	return v.Get(chunkKey(shard, d, index))
}
