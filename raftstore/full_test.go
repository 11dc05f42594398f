package raftstore

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stackhost/stackhost/abi"
)

// TestFullDiskRefusesWritesAndRecovers fills a small disk: writes are refused with their code, reads go on, and when there is space again
// writes do, without a restart.
func TestFullDiskRefusesWritesAndRecovers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("it mounts a small file system, which needs root")
	}
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=300m"); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { syscall.Unmount(disk, 0) })
	s, err := Open(Config{Dir: filepath.Join(disk, "store"), Node: "n1", Bootstrap: true, MinFree: 32 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	do(t, s, command('s', "k", []byte("v")))
	filler := filepath.Join(disk, "filler")
	var fs syscall.Statfs_t
	if err := syscall.Statfs(disk, &fs); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filler, make([]byte, int(fs.Bavail)*int(fs.Bsize)-16<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	until(t, "a refusal", func() bool {
		_, err := s.Do(t.Context(), command('s', "more", []byte("v")))
		var e *abi.Error
		return errors.As(err, &e) && e.Code == abi.CodeStorageFull
	})
	if v := get(t, s, "k"); string(v) != "v" {
		t.Errorf("a read while the disk is full: %q", v)
	}
	if !s.Status().Full {
		t.Error("the status does not say so")
	}
	os.Remove(filler)
	until(t, "a write", func() bool {
		_, err := s.Do(t.Context(), command('s', "more", []byte("v")))
		return err == nil
	})
}
