package raftstore

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestBackupRestoresToANewCluster(t *testing.T) {
	s := openTest(t, Config{Dir: t.TempDir()})
	for i := range 100 {
		do(t, s, command('s', fmt.Sprint(i), bytes.Repeat([]byte{byte(i)}, 1000)))
	}
	var backup bytes.Buffer
	if err := s.Backup(t.Context(), &backup); err != nil {
		t.Fatal(err)
	}
	do(t, s, command('s', "later", []byte("x")))
	dir := filepath.Join(t.TempDir(), "new")
	if err := Restore(dir, "other", bytes.NewReader(backup.Bytes())); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		r := openTest(t, Config{Dir: dir, Node: "other"})
		if v := get(t, r, "42"); len(v) != 1000 || v[0] != 42 {
			t.Fatalf("restored value: %d bytes", len(v))
		}
		if get(t, r, "later") != nil {
			t.Fatal("a write after the backup is in it")
		}
		do(t, r, command('+', "n", nil))
		r.Close()
	}
	for _, at := range []int{0, 20, 300, backup.Len() / 2, backup.Len() - 1} {
		bad := bytes.Clone(backup.Bytes())
		bad[at] ^= 1
		if err := Restore(filepath.Join(t.TempDir(), "bad"), "other", bytes.NewReader(bad)); err == nil {
			t.Errorf("a backup with a wrong bit in byte %d was restored", at)
		}
	}
	if err := Restore(filepath.Join(t.TempDir(), "cut"), "other", bytes.NewReader(backup.Bytes()[:backup.Len()-40])); err == nil {
		t.Error("a backup that was cut short was restored")
	}
}

func TestOneOfThreeRecoversAlone(t *testing.T) {
	nodes := testCluster(t, 3)
	for i := range 30 {
		do(t, nodes[0].Store, command('s', fmt.Sprint(i), []byte("v")))
	}
	get(t, nodes[2].Store, "29")
	for _, n := range nodes {
		n.stop()
	}
	left := nodes[2]
	if err := Recover(filepath.Join(left.dir, "store"), "n2"); err != nil {
		t.Fatal(err)
	}
	left.start(t, "n2", false)
	if v := get(t, left.Store, "29"); string(v) != "v" {
		t.Fatalf("after recovery: %q", v)
	}
	do(t, left.Store, command('s', "new", []byte("v")))
}

// TestOpensAfterAKillWhileAFileWasMade leaves an empty file of Badger's value log, as a kill may.
func TestOpensAfterAKillWhileAFileWasMade(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, Config{Dir: dir})
	do(t, s, command('s', "k", []byte("v")))
	s.Close()
	for _, name := range []string{"000001.vlog", "000061.vlog"} {
		if err := os.WriteFile(filepath.Join(dir, "state", "1", name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s = openTest(t, Config{Dir: dir})
	if v := get(t, s, "k"); string(v) != "v" {
		t.Errorf("after that: %q", v)
	}
}

func TestVerifyFindsFlippedBits(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, Config{Dir: dir, logSegment: 64 << 10})
	for i := range 300 {
		do(t, s, command('s', fmt.Sprint(i), bytes.Repeat([]byte{byte(i)}, 500)))
	}
	s.Close()
	if r, err := Verify(t.Context(), dir); err != nil || len(r.Problems) > 0 || r.Keys < 300 || r.Entries < 300 {
		t.Fatalf("a good folder: %+v, %v", r, err)
	}
	for _, pattern := range []string{"log/*.wal", "state/*/*.sst"} {
		files, _ := filepath.Glob(filepath.Join(dir, pattern))
		if len(files) == 0 {
			t.Fatalf("no %s", pattern)
		}
		good, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		bad := bytes.Clone(good)
		bad[len(bad)/3] ^= 0x10
		os.WriteFile(files[0], bad, 0o600)
		if r, err := Verify(t.Context(), dir); err != nil || len(r.Problems) == 0 {
			t.Errorf("%s: a flipped bit was not found: %+v, %v", pattern, r, err)
		} else {
			t.Log(r.Problems[0])
		}
		os.WriteFile(files[0], good, 0o600)
	}
}
