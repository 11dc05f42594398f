package raftstore

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the data folder of this version's format into testdata, if it is not there")

// TestDataOfEarlierFormatsOpens opens the data folders of all formats that there ever were. Each was written by the version that
// introduced it, killed while it had entries that were only in the log, and is never written again.
func TestDataOfEarlierFormatsOpens(t *testing.T) {
	path := func(format int) string { return fmt.Sprintf("testdata/format-%d.tar.gz", format) }
	if _, err := os.Stat(path(formatVersion)); *update && errors.Is(err, os.ErrNotExist) {
		dir := t.TempDir()
		s := openTest(t, Config{Dir: dir, logSegment: 16 << 10})
		for i := range 100 {
			do(t, s, command('s', fmt.Sprint("key ", i), fmt.Append(nil, "value ", i)))
		}
		s.Close()
		s = openTest(t, Config{Dir: dir, logSegment: 16 << 10})
		for i := range 100 { // these are in the log and in a memtable, not in tables
			do(t, s, command('s', fmt.Sprint("late ", i), fmt.Append(nil, "value ", i)))
		}
		if err := pack(path(formatVersion), dir); err != nil { // as a kill would leave it
			t.Fatal(err)
		}
	}
	for format := 1; format <= formatVersion; format++ {
		dir := t.TempDir()
		if err := unpack(path(format), dir); err != nil {
			t.Fatal(err)
		}
		s := openTest(t, Config{Dir: dir, logSegment: 16 << 10})
		for i := range 100 {
			for _, kind := range []string{"key ", "late "} {
				if got := get(t, s, fmt.Sprint(kind, i)); string(got) != fmt.Sprint("value ", i) {
					t.Fatalf("format %d: %s%d is %q", format, kind, i, got)
				}
			}
		}
		do(t, s, command('s', "new", []byte("x")))
	}
}

func TestDataOfALaterFormatIsRefused(t *testing.T) {
	dir := t.TempDir()
	openTest(t, Config{Dir: dir}).Close()
	if err := os.WriteFile(filepath.Join(dir, "FORMAT"), fmt.Appendf(nil, "stackhost store %d\n", formatVersion+1), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(Config{Dir: dir, Node: "n1"})
	if err == nil {
		s.Close()
		t.Fatal("it was opened")
	}
	if !strings.Contains(err.Error(), "upgrade stackhost") {
		t.Errorf("the error does not say what to do: %v", err)
	}
}

// TestClusterOfTwoVersions rolls three nodes from one feature level to the next: commands of the new level may be used only when the
// last node has it.
func TestClusterOfTwoVersions(t *testing.T) {
	nodes := testCluster(t, 3)
	until(t, "the first level", func() bool { return nodes[0].at.Load().Feature == Feature })
	for i, n := range nodes {
		if got := leaderOf(t, nodes).at.Load().Feature; got != Feature {
			t.Fatalf("before node %d is new the level is %d", i, got)
		}
		n.stop()
		n.feature = Feature + 1
		n.start(t, fmt.Sprint("n", i), false)
		do(t, n.Store, command('+', "n", nil)) // the mixed cluster works
		until(t, "the node is up to date", func() bool { return n.Status().Chain == leaderOf(t, nodes).Status().Chain })
	}
	until(t, "the next level", func() bool { return leaderOf(t, nodes).at.Load().Feature == Feature+1 })
}

func pack(path, dir string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	z, _ := gzip.NewWriterLevel(f, gzip.BestCompression)
	w := tar.NewWriter(z)
	if err := w.AddFS(os.DirFS(dir)); err != nil {
		return err
	}
	return errors.Join(w.Close(), z.Close())
}

func unpack(path, dir string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		to := filepath.Join(dir, filepath.FromSlash(h.Name))
		if h.FileInfo().IsDir() {
			if err := os.MkdirAll(to, 0o755); err != nil {
				return err
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		b, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		if err := os.WriteFile(to, b, 0o600); err != nil {
			return err
		}
	}
}
