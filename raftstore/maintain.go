package raftstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	"github.com/stackhost/stackhost/raftstore/state"
)

// Restore makes a new data folder of a backup: node becomes the only voter of a new cluster with that state, which others can join.
// dir must be empty or absent.
func Restore(dir, node string, backup io.Reader) (err error) {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("store: %s is not empty: a backup is restored to a new folder", dir)
	}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
		}
	}()
	s := &Store{cfg: Config{Dir: dir, Node: node}, dir: dir}
	s.cfg.defaults()
	k, err := loadState(filepath.Join(dir, "state", "1"), s.badgerLog(), backup)
	if err != nil {
		return err
	}
	meta, err := k.meta()
	if err = errors.Join(err, k.release()); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(dir, "state", "CURRENT"), []byte("1")); err != nil {
		return err
	}
	snaps, err := openSnapshots(filepath.Join(dir, "snapshots"))
	if err != nil {
		return err
	}
	first := raft.Configuration{Servers: []raft.Server{{ID: raft.ServerID(node), Address: alone}}}
	note := &snapshotNote{State: meta.Index, Meta: raft.SnapshotMeta{
		Version: 1, ID: fmt.Sprintf("1-%d", meta.Index+1), Index: meta.Index + 1, Term: 1, Configuration: first, ConfigurationIndex: meta.Index + 1,
	}}
	return errors.Join(snaps.note(note), checkFormat(dir))
}

// Recover makes the node in dir, which must be stopped, the only voter of its cluster: for when so many voters are lost for good that
// the rest cannot elect a leader. What only the lost ones had acknowledged to each other is gone; the other nodes must join again with
// empty folders.
func Recover(dir, node string) error {
	s := &Store{cfg: Config{Dir: dir, Node: node}, dir: dir, closing: make(chan struct{})}
	s.cfg.defaults()
	defer s.release()
	if err := s.open(); err != nil {
		return err
	}
	conf := raft.DefaultConfig()
	conf.LocalID, conf.NoSnapshotRestoreOnStart = raft.ServerID(node), true
	conf.Logger = hclog.NewNullLogger()
	_, trans := raft.NewInmemTransport(alone)
	only := raft.Configuration{Servers: []raft.Server{{ID: raft.ServerID(node), Address: alone}}}
	if err := raft.RecoverCluster(conf, s.fsm, s.log, s.log, s.snaps, trans, only); err != nil {
		return fmt.Errorf("store: %s cannot be recovered: %w", dir, err)
	}
	return nil
}

// Report is what Verify found.
type Report struct {
	Entries  uint64   `json:"log_entries"` // of the log that were read and are good
	First    uint64   `json:"first_index"`
	Last     uint64   `json:"last_index"`
	Keys     uint64   `json:"keys"`
	Durable  uint64   `json:"durable_index"`
	Hash     string   `json:"state_sha256"`
	Problems []string `json:"problems"`
}

// Verify reads everything in a stopped node's folder and checks every checksum: each entry of the log, each block of each table, and a
// snapshot that was being taken in. It changes nothing but what opening does: entries of the log are applied to the tables.
func Verify(ctx context.Context, dir string) (Report, error) {
	s := &Store{cfg: Config{Dir: dir, Node: "verify"}, dir: dir, closing: make(chan struct{})}
	s.cfg.defaults()
	r := Report{Problems: []string{}}
	if _, err := os.Stat(filepath.Join(dir, "FORMAT")); err != nil {
		return r, fmt.Errorf("store: %s is not the data folder of a store (%w)", dir, err)
	}
	defer s.release()
	add := func(err error) {
		if err != nil {
			r.Problems = append(r.Problems, err.Error())
		}
	}
	if err := s.open(); err != nil {
		var damage *CorruptError
		if errors.As(err, &damage) {
			add(err)
			return r, nil
		}
		return r, err
	}
	var err error
	if r.First, err = s.log.FirstIndex(); err != nil {
		add(err)
	}
	if r.Last, err = s.log.LastIndex(); err != nil {
		add(err)
	}
	for i := r.First; i > 0 && i <= r.Last && ctx.Err() == nil; i++ {
		var e raft.Log
		err := s.log.GetLog(i, &e)
		if err == nil && e.Type == raft.LogCommand {
			if _, err = state.DecodeEntry(e.Data); err != nil {
				err = fmt.Errorf("entry %d: %w", i, err)
			}
		}
		if err != nil {
			add(err)
			continue
		}
		r.Entries++
	}
	a := s.at.Load()
	r.Durable = a.k.durable()
	v := a.k.at(a.Index, a.Now)
	defer v.release()
	read := &reader{txn: v.txn, dir: a.k.dir}
	read.walk(nil, func([]byte) bool { return true }, false, func(_, _ []byte) bool {
		r.Keys++
		return ctx.Err() == nil
	})
	add(read.failure())
	if sum, err := hashState(ctx, v); err == nil {
		r.Hash = fmt.Sprintf("%x", sum)
	}
	return r, ctx.Err()
}

// alone is the address of a node that nobody can reach. A node that leads gives itself its real one.
const alone = raft.ServerAddress("local")

// readdress makes this node's address known when it was started with another.
func (s *Store) readdress() {
	own := s.trans.LocalAddr()
	for _, m := range s.Members() {
		if m.Node == s.cfg.Node && m.Address != string(own) {
			s.raft.AddVoter(raft.ServerID(s.cfg.Node), own, 0, time.Second)
		}
	}
}
