package raftstore

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// TestCommitIndexIsWhatTheMessageVouchesFor sends messages as a new leader does that could not reach the node for a while.
func TestCommitIndexIsWhatTheMessageVouchesFor(t *testing.T) {
	_, from := raft.NewInmemTransport("a")
	_, inner := raft.NewInmemTransport("b")
	from.Connect("b", inner)
	to := newCareful(inner, new(atomic.Pointer[raft.Raft]))
	defer to.(raft.WithClose).Close()
	entry := func(index uint64) *raft.Log { return &raft.Log{Index: index} }
	for name, c := range map[string]struct {
		request raft.AppendEntriesRequest
		want    uint64
	}{
		"none, behind":   {raft.AppendEntriesRequest{PrevLogEntry: 5, LeaderCommitIndex: 9}, 5},
		"none, in time":  {raft.AppendEntriesRequest{PrevLogEntry: 9, LeaderCommitIndex: 7}, 7},
		"some":           {raft.AppendEntriesRequest{PrevLogEntry: 5, Entries: []*raft.Log{entry(6), entry(7)}, LeaderCommitIndex: 9}, 7},
		"all":            {raft.AppendEntriesRequest{PrevLogEntry: 5, Entries: []*raft.Log{entry(6), entry(7)}, LeaderCommitIndex: 6}, 6},
		"the first ones": {raft.AppendEntriesRequest{Entries: []*raft.Log{entry(1)}, LeaderCommitIndex: 3}, 1},
	} {
		got := make(chan uint64, 1)
		go func() {
			rpc := <-to.Consumer()
			got <- rpc.Command.(*raft.AppendEntriesRequest).LeaderCommitIndex
			rpc.Respond(&raft.AppendEntriesResponse{}, nil)
		}()
		if err := from.AppendEntries("b", "b", &c.request, new(raft.AppendEntriesResponse)); err != nil {
			t.Fatal(err)
		}
		if n := <-got; n != c.want {
			t.Errorf("%s: %d, want %d", name, n, c.want)
		}
	}
}

func TestElectionsAreAskedAgain(t *testing.T) {
	tries := 0
	if err := tryAgain(func() error {
		if tries++; tries <= poolSize {
			return errors.New("use of closed network connection")
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	tries = 0
	if err := tryAgain(func() error { tries++; time.Sleep(101 * time.Millisecond); return errors.New("slow") }); err == nil || tries != 1 {
		t.Errorf("%d tries, %v", tries, err)
	}
}
