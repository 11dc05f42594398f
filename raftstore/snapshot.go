package raftstore

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/dgraph-io/badger/v4"
	"github.com/hashicorp/raft"
	"github.com/stackhost/stackhost/raftstore/state"
)

// A snapshot of this node's own state costs nothing: it is a note of its index, and Badger keeps the versions that are visible there
// until the next one. Only when a peer needs it is it read, as a stream at that index. A snapshot that a leader sends is a file until
// it has become the key space.
//
// The stream is a header, frames of pairs, and a trailer:
//
//	"STKSNAP1", index, //	frame: length (4 bytes, big-endian; 0 ends), CRC-32C of the pairs (4), then pairs: key length (4), value length (4), key, value
//	trailer: pairs (8), SHA-256 of everything before it (32)
//
// Keys are in ascending order, so two replicas at the same index write the same bytes.
const snapshotMagic = "STKSNAP1"

const frameBytes = 256 << 10

// writeState streams the key space at v to w.
func writeState(ctx context.Context, w io.Writer, v *view) error {
	sum := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(w, sum), 64<<10)
	out.WriteString(snapshotMagic)
	binary.Write(out, binary.BigEndian, v.index)
	frame := make([]byte, 0, frameBytes+64<<10)
	pairs := uint64(0)
	var err error
	flush := func() {
		var head [8]byte
		binary.BigEndian.PutUint32(head[:], uint32(len(frame)))
		binary.BigEndian.PutUint32(head[4:], crc32.Checksum(frame, castagnoli))
		out.Write(head[:])
		_, err = out.Write(frame)
		frame = frame[:0]
		if err == nil {
			err = ctx.Err()
		}
	}
	r := &reader{txn: v.txn, dir: v.k.dir}
	r.walk(nil, func([]byte) bool { return true }, false, func(key, value []byte) bool {
		frame = binary.BigEndian.AppendUint32(frame, uint32(len(key)))
		frame = binary.BigEndian.AppendUint32(frame, uint32(len(value)))
		frame = append(append(frame, key...), value...)
		pairs++
		if len(frame) >= frameBytes {
			flush()
		}
		return err == nil
	})
	if err == nil && len(frame) > 0 {
		flush()
	}
	if err = errors.Join(err, r.failure()); err != nil {
		return err
	}
	out.Write(make([]byte, 4))
	binary.Write(out, binary.BigEndian, pairs)
	if err := out.Flush(); err != nil {
		return err
	}
	_, err = w.Write(sum.Sum(nil))
	return err
}

// readState checks a stream and gives every pair to visit. visit may keep the slices.
func readState(r io.Reader, visit func(key, value []byte) error) (index uint64, err error) {
	sum := sha256.New()
	in := bufio.NewReaderSize(r, 64<<10)
	read := func(n int) []byte {
		b := make([]byte, n)
		if err == nil {
			_, err = io.ReadFull(in, b)
			sum.Write(b)
		}
		return b
	}
	head := read(16)
	if err == nil && string(head[:8]) != snapshotMagic {
		return 0, errors.New("this is not a snapshot or backup of stackhost")
	}
	index = binary.BigEndian.Uint64(head[8:])
	pairs := uint64(0)
	for err == nil {
		n := binary.BigEndian.Uint32(read(4))
		if n == 0 || err != nil {
			break
		}
		if n > 64<<20 {
			return 0, errors.New("snapshot: a frame is too long")
		}
		crc := binary.BigEndian.Uint32(read(4))
		frame := read(int(n))
		if err == nil && crc32.Checksum(frame, castagnoli) != crc {
			return 0, errors.New("snapshot: checksum error")
		}
		for err == nil && len(frame) > 0 {
			if len(frame) < 8 {
				return 0, errors.New("snapshot: a pair is cut short")
			}
			k, v := int(binary.BigEndian.Uint32(frame)), int(binary.BigEndian.Uint32(frame[4:]))
			if frame = frame[8:]; k+v > len(frame) {
				return 0, errors.New("snapshot: a pair is cut short")
			}
			pairs++
			err = visit(frame[:k:k], frame[k:k+v:k+v])
			frame = frame[k+v:]
		}
	}
	count := binary.BigEndian.Uint64(read(8))
	if err != nil {
		return 0, fmt.Errorf("snapshot: %w", err)
	}
	want := sum.Sum(nil)
	got := make([]byte, len(want))
	if _, err := io.ReadFull(in, got); err != nil || string(got) != string(want) || count != pairs {
		return 0, errors.New("snapshot: its end does not match what it holds; it is damaged or was cut short")
	}
	return index, nil
}

// loadState makes a new key space in dir of a stream.
func loadState(dir string, log badger.Logger, r io.Reader) (*keyspace, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	k, err := openKeyspace(dir, log)
	if err != nil {
		return nil, err
	}
	// What the stream holds is believed only at its end, so the folder counts only once it is named.
	head := make([]byte, 16)
	if _, err = io.ReadFull(r, head); err == nil {
		index := binary.BigEndian.Uint64(head[8:])
		batch := k.db.NewWriteBatchAt(max(index, 1))
		_, err = readState(io.MultiReader(bytes.NewReader(head), r), func(key, value []byte) error {
			return batch.Set(key, value)
		})
		if err == nil {
			err = batch.Flush()
		} else {
			batch.Cancel()
		}
	}
	if err == nil { // closing writes tables: then it is durable
		err = k.release()
		if err == nil {
			k, err = openKeyspace(dir, log)
		}
	} else {
		k.release()
	}
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return k, nil
}

// snapshots is the raft.SnapshotStore. It has one snapshot: the newest.
type snapshots struct {
	dir  string
	open func(index uint64) (*view, error) // of the current key space
	kept func(index uint64)                // is called when a snapshot of index is the newest

	mu     sync.Mutex
	newest *snapshotNote // guarded by mu
}

// snapshotNote is the file that names the newest snapshot.
type snapshotNote struct {
	Meta raft.SnapshotMeta `json:"meta"`
	// File holds the stream; empty when the key space is the snapshot.
	File string `json:"file,omitempty"`
	// State is the index of the last command in it: Raft's own entries come after.
	State uint64 `json:"state"`
}

func openSnapshots(dir string) (*snapshots, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	s := &snapshots{dir: dir}
	b, err := os.ReadFile(s.path())
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		s.newest = &snapshotNote{}
		err = json.Unmarshal(b, s.newest)
	}
	if err != nil {
		return nil, &CorruptError{Path: s.path(), Err: err}
	}
	return s, nil
}

func (s *snapshots) path() string { return filepath.Join(s.dir, "newest.json") }

// last returns index and term of the newest snapshot.
func (s *snapshots) last() (index, term uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.newest == nil {
		return 0, 0
	}
	return s.newest.Meta.Index, s.newest.Meta.Term
}

func (s *snapshots) note(n *snapshotNote) error {
	b, err := json.Marshal(n)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.newest
	if old != nil && old.Meta.Index > n.Meta.Index {
		return fmt.Errorf("store: a snapshot of index %d is older than the one of %d", n.Meta.Index, old.Meta.Index)
	}
	if err := writeFile(s.path(), b); err != nil {
		return err
	}
	s.newest = n
	if old != nil && old.File != "" && old.File != n.File {
		os.Remove(filepath.Join(s.dir, old.File))
	}
	return nil
}

// adopted says that the key space now is the newest snapshot, whose file is not needed any more.
func (s *snapshots) adopted() error {
	s.mu.Lock()
	n := *s.newest
	s.mu.Unlock()
	n.File = ""
	return s.note(&n)
}

// Create implements raft.SnapshotStore.
func (s *snapshots) Create(version raft.SnapshotVersion, index, term uint64, c raft.Configuration, ci uint64, _ raft.Transport) (raft.SnapshotSink, error) {
	id := fmt.Sprintf("%d-%d", term, index)
	return &sink{s: s, n: snapshotNote{Meta: raft.SnapshotMeta{Version: version, ID: id, Index: index, Term: term, Configuration: c, ConfigurationIndex: ci}}}, nil
}

// List implements raft.SnapshotStore.
func (s *snapshots) List() ([]*raft.SnapshotMeta, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.newest == nil {
		return nil, nil
	}
	m := s.newest.Meta
	return []*raft.SnapshotMeta{&m}, nil
}

// Open implements raft.SnapshotStore. Raft announces the length to the peer before it sends, so the state is read twice.
func (s *snapshots) Open(id string) (*raft.SnapshotMeta, io.ReadCloser, error) {
	s.mu.Lock()
	n := s.newest
	s.mu.Unlock()
	if n == nil || n.Meta.ID != id {
		return nil, nil, fmt.Errorf("store: snapshot %s is not kept any more", id)
	}
	m := n.Meta
	if n.File != "" {
		f, err := os.Open(filepath.Join(s.dir, n.File))
		return &m, f, err
	}
	v, err := s.open(m.Index)
	if err != nil {
		return nil, nil, err
	}
	var size counter
	if err := writeState(context.Background(), &size, v); err != nil {
		v.release()
		return nil, nil, err
	}
	m.Size = int64(size)
	r, w := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		w.CloseWithError(writeState(ctx, w, v))
		v.release()
	}()
	return &m, &streamReader{PipeReader: r, cancel: cancel}, nil
}

type streamReader struct {
	*io.PipeReader
	cancel func()
}

func (s *streamReader) Close() error {
	s.cancel()
	return s.PipeReader.Close()
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// sink takes a snapshot in: the bytes of one that a leader sends, or none for one of this node's own.
type sink struct {
	s    *snapshots
	n    snapshotNote
	f    *os.File
	done bool
}

// ID implements raft.SnapshotSink.
func (k *sink) ID() string { return k.n.Meta.ID }

// Write implements raft.SnapshotSink.
func (k *sink) Write(p []byte) (int, error) {
	if k.f == nil {
		k.n.File = k.n.Meta.ID + ".state"
		f, err := os.OpenFile(filepath.Join(k.s.dir, k.n.File), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return 0, err
		}
		k.f = f
	}
	n, err := k.f.Write(p)
	k.n.Meta.Size += int64(n)
	return n, err
}

// Close implements raft.SnapshotSink.
func (k *sink) Close() error {
	if k.done {
		return nil
	}
	k.done = true
	if k.f != nil {
		err := errors.Join(k.f.Sync(), k.f.Close(), syncDir(k.s.dir))
		if err == nil {
			err = k.check()
		}
		if err != nil {
			os.Remove(k.f.Name())
			return err
		}
	}
	if err := k.s.note(&k.n); err != nil {
		return err
	}
	if k.f == nil {
		k.s.kept(k.n.Meta.Index)
	}
	return nil
}

// check reads a received file once, so that a damaged one is refused while what is there is still good.
func (k *sink) check() error {
	f, err := os.Open(k.f.Name())
	if err != nil {
		return err
	}
	defer f.Close()
	var meta state.Meta
	index, err := readState(f, func(key, value []byte) (err error) {
		if bytes.Equal(key, state.MetaKey) {
			meta, err = state.DecodeMeta(value)
		}
		return err
	})
	if err == nil && index != k.n.Meta.Index {
		err = fmt.Errorf("snapshot: it is of index %d, not %d", index, k.n.Meta.Index)
	}
	k.n.State = meta.Index
	return err
}

// Cancel implements raft.SnapshotSink.
func (k *sink) Cancel() error {
	if k.done {
		return nil
	}
	k.done = true
	if k.f != nil {
		k.f.Close()
		os.Remove(k.f.Name())
	}
	return nil
}

// hashState returns the SHA-256 of the state at v, as a snapshot would hold it.
func hashState(ctx context.Context, v *view) (sum [sha256.Size]byte, err error) {
	h := sha256.New()
	err = writeState(ctx, h, v)
	h.Sum(sum[:0])
	return sum, err
}
