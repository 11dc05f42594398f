package raftstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"
	wfs "github.com/hashicorp/raft-wal/fs"
	"github.com/hashicorp/raft-wal/metadb"
	wsegment "github.com/hashicorp/raft-wal/segment"
	"github.com/hashicorp/raft-wal/types"
)

// raftLog is the Raft log and its stable values on disk. It is the only thing that a write waits for.
type raftLog struct {
	*wal.WAL
	meta  *metadb.BoltMetaDB
	files segments
	dir   string
	// durable returns the index beyond which the log must not be cut.
	durable func() uint64
	// snapshot returns the index and term of the newest snapshot.
	snapshot func() (index, term uint64)
	// fault, for tests, runs before each write.
	fault func()
	// writing is when the write under way began (Unix nanoseconds), or 0.
	writing atomic.Int64
	bytes   atomic.Int64 // appended since the node started
	entries atomic.Int64
	damage  func(error) // is told of damage
}

// segmentBytes is the length of a file of the log.
const segmentBytes = 32 << 20

func openLog(dir string, segment int) (*raftLog, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	// raft-wal 0.4.0 never closes its metadata database, which would block the next Open in this process: it is ours to close.
	l := &raftLog{meta: &metadb.BoltMetaDB{}, files: segments{wsegment.NewFiler(dir, wfs.New())}, dir: dir, damage: func(error) {}}
	err := finishRotation(dir, l.meta, l.files, segment)
	if err != nil {
		l.meta.Close()
		return nil, corrupt(dir, err)
	}
	l.WAL, err = wal.Open(dir, wal.WithMetaStore(l.meta), wal.WithSegmentSize(segment), wal.WithSegmentFiler(l.files), wal.WithLogger(hclog.NewNullLogger()))
	if err != nil {
		l.meta.Close()
		return nil, corrupt(dir, err)
	}
	return l, nil
}

// segments opens files of the log. When Raft takes the end of the log back, raft-wal 0.4.0 calls the file sealed without writing the
// index that a sealed file has; such a file is read through, as an unsealed one is.
type segments struct{ *wsegment.Filer }

// Open implements types.SegmentFiler.
func (s segments) Open(info types.SegmentInfo) (types.SegmentReader, error) {
	if info.IndexStart == 0 {
		return s.RecoverTail(info)
	}
	return s.Filer.Open(info)
}

// finishRotation does what raft-wal 0.4.0 had begun when the process stopped: it had ended a file with its index, and not yet noted that
// and the next file. Such a log could be read and never be written again.
func finishRotation(dir string, meta *metadb.BoltMetaDB, files segments, size int) error {
	noted, err := meta.Load(dir)
	if err != nil || len(noted.Segments) == 0 {
		return err
	}
	tail := &noted.Segments[len(noted.Segments)-1]
	if !tail.SealTime.IsZero() {
		return nil
	}
	w, err := files.RecoverTail(*tail)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer w.Close()
	sealed, index, err := w.Sealed()
	if err != nil || !sealed {
		return err
	}
	tail.SealTime, tail.MaxIndex, tail.IndexStart = time.Now(), w.LastIndex(), index
	noted.Segments = append(noted.Segments, types.SegmentInfo{
		ID: noted.NextSegmentID, BaseIndex: tail.MaxIndex + 1, MinIndex: tail.MaxIndex + 1, Codec: tail.Codec, SizeLimit: uint32(size), CreateTime: time.Now(),
	})
	noted.NextSegmentID++
	return meta.CommitState(noted)
}

// Close releases the files. Nothing needs to be written.
func (l *raftLog) Close() error { return errors.Join(l.WAL.Close(), l.meta.Close()) }

// StoreLog implements raft.LogStore.
func (l *raftLog) StoreLog(entry *raft.Log) error { return l.StoreLogs([]*raft.Log{entry}) }

// StoreLogs implements raft.LogStore.
func (l *raftLog) StoreLogs(entries []*raft.Log) error {
	l.writing.Store(time.Now().UnixNano())
	defer l.writing.Store(0)
	if l.fault != nil {
		l.fault()
	}
	sealed, pointers, n := make([]raft.Log, len(entries)), make([]*raft.Log, len(entries)), 0
	for i, e := range entries {
		sealed[i] = seal(e)
		pointers[i] = &sealed[i]
		n += len(e.Data) + 32
	}
	if err := l.WAL.StoreLogs(pointers); err != nil {
		if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT) && !errors.Is(err, wal.ErrClosed) {
			l.damage(fmt.Errorf("store: the log in %s cannot be written: %w", l.dir, err))
		}
		return err
	}
	l.bytes.Add(int64(n))
	l.entries.Add(int64(len(entries)))
	return nil
}

// GetLog implements raft.LogStore. Damage is reported, and never handed on as an entry.
func (l *raftLog) GetLog(index uint64, entry *raft.Log) error {
	err := l.WAL.GetLog(index, entry)
	switch {
	case errors.Is(err, raft.ErrLogNotFound):
		return l.replaced(index, entry)
	case err == nil && entry.Index != index:
		err = fmt.Errorf("entry %d found in the place of %d", entry.Index, index)
	case err == nil:
		err = unseal(entry)
	}
	if err != nil && !errors.Is(err, wal.ErrClosed) {
		err = &CorruptError{Path: l.dir, Err: err}
		l.damage(err)
	}
	return err
}

// replaced answers for an entry that a snapshot from the leader has replaced. hashicorp/raft goes on believing in the tail that this
// node had before, looks for it in the empty log, and refuses every append, for ever (its issue 697). It is told what a log that ends
// with the snapshot would say: the snapshot's term at its index, and a conflict after it. A leader's log is never empty.
func (l *raftLog) replaced(index uint64, entry *raft.Log) error {
	last, err := l.LastIndex()
	if err != nil || last != 0 {
		return raft.ErrLogNotFound
	}
	at, term := l.snapshot()
	switch {
	case at == 0 || index < at:
		return raft.ErrLogNotFound
	case index > at:
		term = 0
	}
	*entry = raft.Log{Index: index, Term: term, Type: raft.LogNoop}
	return nil
}

// DeleteRange implements raft.LogStore. Cutting the beginning stops at what the key space has on disk; Raft asks again later.
func (l *raftLog) DeleteRange(from, to uint64) error {
	last, err := l.LastIndex()
	if err != nil {
		return err
	}
	if to < last || last <= l.durable() { // not the end
		if to = min(to, l.durable()); to < from {
			return nil
		}
	}
	return l.WAL.DeleteRange(from, to)
}

// entriesIn returns how many entries the newest files hold that together are not longer than bytes, or the newest file if that is
// longer. It is trailingEntries at most.
func (l *raftLog) entriesIn(bytes int64) (uint64, error) {
	last, err := l.LastIndex()
	if err != nil {
		return 0, err
	}
	begins, err := l.files.List()
	if err != nil {
		return 0, err
	}
	from := last + 1
	for _, id := range slices.Backward(slices.Sorted(maps.Keys(begins))) {
		info, err := os.Stat(filepath.Join(l.dir, wsegment.FileName(types.SegmentInfo{BaseIndex: begins[id], ID: id})))
		if errors.Is(err, os.ErrNotExist) { // cut off just now
			break
		}
		if err != nil {
			return 0, err
		}
		if bytes -= info.Size(); bytes < 0 && from <= last {
			break
		}
		from = min(from, begins[id])
	}
	return min(last+1-from, trailingEntries), nil
}

// stalled returns how long the write under way has taken.
func (l *raftLog) stalled() time.Duration {
	if at := l.writing.Load(); at != 0 {
		return time.Duration(time.Now().UnixNano() - at)
	}
	return 0
}

// Entries are stored with a CRC-32C of their own after their extensions: raft-wal checks what it wrote only when it opens.
const sumBytes = 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func sumOf(e *raft.Log, extensions []byte) uint32 {
	var head [17]byte
	binary.BigEndian.PutUint64(head[:], e.Index)
	binary.BigEndian.PutUint64(head[8:], e.Term)
	head[16] = byte(e.Type)
	sum := crc32.Update(0, castagnoli, head[:])
	sum = crc32.Update(sum, castagnoli, e.Data)
	return crc32.Update(sum, castagnoli, extensions)
}

// seal returns e as it is stored.
func seal(e *raft.Log) raft.Log {
	stored := *e
	stored.Extensions = binary.BigEndian.AppendUint32(e.Extensions[:len(e.Extensions):len(e.Extensions)], sumOf(e, e.Extensions))
	return stored
}

// unseal checks e and makes it what was given to seal.
func unseal(e *raft.Log) error {
	n := len(e.Extensions) - sumBytes
	if n < 0 || binary.BigEndian.Uint32(e.Extensions[n:]) != sumOf(e, e.Extensions[:n]) {
		return fmt.Errorf("checksum error in entry %d", e.Index)
	}
	if e.Extensions = e.Extensions[:n]; n == 0 {
		e.Extensions = nil
	}
	return nil
}

// writeFile writes a small file so that after a crash it has either the old bytes or the new ones.
func writeFile(path string, b []byte) error {
	f, err := os.OpenFile(path+".tmp", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
