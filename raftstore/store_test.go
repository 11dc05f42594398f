package raftstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore/state"
)

// The tests' own family: a register and a counter, so that the store is tested without its data types.
const testFamily = 0xee

func init() {
	state.Register(&state.Family{ID: testFamily, Name: "test", Apply: func(tx *state.Tx, op byte, args []byte) ([]byte, error) {
		n := int(args[0])
		key := tx.Key(testFamily, "", args[1:1+n])
		old, _ := tx.Get(key)
		switch op {
		case 's':
			tx.Set(key, args[1+n:])
			tx.Emit(state.Event{Tenant: tx.Tenant(), Key: args[1 : 1+n], Value: args[1+n:], Version: tx.UniqueID()})
		case '+':
			v := uint64(1)
			if len(old) == 8 {
				v += binary.BigEndian.Uint64(old)
			}
			tx.Set(key, state.BE(v))
			return state.BE(v), nil
		case 't':
			tx.Set(key, args[1+n:])
			tx.SetTimer(tx.Now()+50, testFamily, key)
		case '!':
			tx.Set(key, []byte("half"))
			return nil, abi.Errorf(abi.CodeConflict, "refused")
		}
		return old, nil
	}, Expire: func(tx *state.Tx, ref []byte) { tx.Delete(ref) }})
}

func command(op byte, key string, value []byte) state.Command {
	return state.Command{Family: testFamily, Op: op, Tenant: "app", Args: append(append([]byte{byte(len(key))}, key...), value...)}
}

func openTest(t testing.TB, cfg Config) *Store {
	t.Helper()
	if cfg.Node == "" {
		cfg.Node, cfg.Bootstrap = "n1", true
	}
	if cfg.MinFree == 0 {
		cfg.MinFree = 1
	}
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func do(t testing.TB, s *Store, c state.Command) []byte {
	t.Helper()
	r, err := s.Do(t.Context(), c)
	if err == nil {
		err = r[0].Err
	}
	if err != nil {
		t.Fatal(err)
	}
	return r[0].Payload
}

func get(t testing.TB, s *Store, key string) (value []byte) {
	t.Helper()
	err := s.View(t.Context(), Linearizable, func(v *state.View) error {
		value, _ = v.Get(state.Key(testFamily, 0, "app", "", []byte(key)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestStoreKeepsWhatItAcknowledged(t *testing.T) {
	dir := t.TempDir()
	for round := range 3 {
		s := openTest(t, Config{Dir: dir})
		for i := range 50 {
			if v := binary.BigEndian.Uint64(do(t, s, command('+', "n", nil))); v != uint64(round*50+i+1) {
				t.Fatalf("round %d: counter is %d after %d increments", round, v, round*50+i+1)
			}
		}
		if r, err := s.Do(t.Context(), command('!', "x", nil)); err != nil || r[0].Err == nil {
			t.Fatalf("a refused command: %v, %v", r, err)
		}
		if v := get(t, s, "x"); v != nil {
			t.Fatalf("a refused command left %q", v)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTimersRunByLogTime(t *testing.T) {
	s := openTest(t, Config{Dir: t.TempDir()})
	do(t, s, command('t', "k", []byte("v")))
	if !bytes.Equal(get(t, s, "k"), []byte("v")) {
		t.Fatal("gone at once")
	}
	for end := time.Now().Add(5 * time.Second); get(t, s, "k") != nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the timer never ran")
		}
	}
}

// TestCloseWhileWritesWait closes a store while many writes are under way and more wait behind them.
func TestCloseWhileWritesWait(t *testing.T) {
	for range 5 {
		s := openTest(t, Config{Dir: t.TempDir()})
		do(t, s, command('s', "warm", nil))
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				for ctx.Err() == nil {
					s.Do(ctx, command('s', fmt.Sprint(i), make([]byte, 10_000)))
				}
			})
		}
		time.Sleep(50 * time.Millisecond)
		closed := make(chan error, 1)
		go func() { closed <- s.Close() }()
		select {
		case <-closed:
		case <-time.After(10 * time.Second):
			t.Fatal("it does not close")
		}
		cancel()
		wg.Wait()
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	dir := t.TempDir()
	openTest(t, Config{Dir: dir})
	if s, err := Open(Config{Dir: dir, Node: "n1"}); err == nil {
		s.Close()
		t.Fatal("two stores in one folder")
	} else {
		t.Log(err)
	}
}

func BenchmarkSet(b *testing.B) {
	for _, clients := range []int{1, 64} {
		b.Run(fmt.Sprint(clients), func(b *testing.B) {
			s := openTest(b, Config{Dir: b.TempDir()})
			do(b, s, command('s', "warm", nil))
			value := make([]byte, 128)
			b.ResetTimer()
			var wg sync.WaitGroup
			for c := range clients {
				wg.Go(func() {
					for i := c; i < b.N; i += clients {
						if _, err := s.Do(context.Background(), command('s', fmt.Sprint(i%10000), value)); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
		})
	}
}

func BenchmarkGet(b *testing.B) {
	s := openTest(b, Config{Dir: b.TempDir()})
	do(b, s, command('s', "k", make([]byte, 128)))
	key := state.Key(testFamily, 0, "app", "", []byte("k"))
	for b.Loop() {
		s.View(context.Background(), Linearizable, func(v *state.View) error {
			v.Get(key)
			return nil
		})
	}
}

// TestTheLogStaysShort writes far more than the log keeps.
func TestTheLogStaysShort(t *testing.T) {
	s := openTest(t, Config{Dir: t.TempDir(), logSegment: 64 << 10, logBytes: 1 << 20})
	s.log.durable = func() uint64 { return 1 << 40 } // as if the tables held all: this test never stops the node
	size := func() (n int64) {
		files, err := filepath.Glob(filepath.Join(s.dir, "log", "*.wal"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if info, err := os.Stat(f); err == nil {
				n += info.Size()
			}
		}
		return n
	}
	for i := range 200 {
		do(t, s, command('s', fmt.Sprint(i), make([]byte, 16<<10)))
	}
	until(t, "a log of about 1 MiB", func() bool { return size() < 3<<19 })
	if n := size(); n < 1<<19 {
		t.Errorf("only %d bytes of the log are left", n)
	}
	until(t, "a log of one file", func() bool {
		s.full.Store(true) // until the disk is looked at again
		return size() < 3*64<<10
	})
	if v := get(t, s, "199"); len(v) != 16<<10 {
		t.Errorf("%d bytes", len(v))
	}
}
