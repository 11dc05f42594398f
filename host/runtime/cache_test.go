package runtime

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func loadWithCache(t *testing.T, dir string) {
	t.Helper()
	rt, err := New(Config{CacheDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	m, err := rt.Load(t.Context(), Spec{Name: "test/state", Wasm: guest(t, "state")})
	if err != nil {
		t.Fatal(err)
	}
	if got := do(t, m, "globals"); got != 9 {
		t.Fatalf("got %d", got)
	}
}

func codeFiles(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "rewrite-*", "wazero-*", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no code is kept: %v", err)
	}
	return files
}

func TestDamagedCodeIsBuiltAgain(t *testing.T) {
	dir := t.TempDir()
	loadWithCache(t, dir)
	path := codeFiles(t, dir)[0]
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damage := map[string][]byte{"empty": nil, "cut": sound[:len(sound)/2], "long": append(append([]byte(nil), sound...), 0), "other": []byte("not code")}
	for at := 0; at < len(sound); at += 1 + len(sound)/40 { // the table of functions has no checksum of the engine's
		b := append([]byte(nil), sound...)
		b[at] ^= 0x41
		damage[fmt.Sprintf("byte %d", at)] = b
	}
	for name, content := range damage {
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		loadWithCache(t, dir)
		if now, _ := os.ReadFile(path); string(now) != string(sound) {
			t.Errorf("%s: not built again", name)
		}
	}
}

// TestKeptCodeIsLoadedByMany fails now and then where one load uses code that another has only half read.
func TestKeptCodeIsLoadedByMany(t *testing.T) {
	dir := t.TempDir()
	loadWithCache(t, dir)
	wasm := guest(t, "state")
	for range 30 {
		rt, err := New(Config{CacheDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		var loads sync.WaitGroup
		for range 8 {
			loads.Go(func() {
				if _, err := rt.Load(t.Context(), Spec{Name: "test/state", Wasm: wasm}); err != nil {
					t.Error(err)
				}
			})
		}
		loads.Wait()
		rt.Close()
	}
}

func TestCodeWithoutARecordIsNotTrusted(t *testing.T) {
	dir := t.TempDir()
	loadWithCache(t, dir)
	records, _ := filepath.Glob(filepath.Join(dir, "rewrite-*", "records", "*"))
	if len(records) != 1 {
		t.Fatalf("%d records", len(records))
	}
	path := codeFiles(t, dir)[0]
	if err := os.WriteFile(path, []byte("planted"), 0o644); err != nil {
		t.Fatal(err)
	}
	os.Remove(records[0])
	loadWithCache(t, dir)
	if now, _ := os.ReadFile(path); string(now) == "planted" {
		t.Error("code that nothing vouches for stayed")
	}
}

func TestACacheThatCannotBeWrittenIsDoneWithout(t *testing.T) {
	dir := t.TempDir()
	rt, err := New(Config{CacheDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o644); err != nil { // a file where the folder was
		t.Fatal(err)
	}
	m, err := rt.Load(t.Context(), Spec{Name: "test/state", Wasm: guest(t, "state")})
	if err != nil {
		t.Fatal(err)
	}
	do(t, m, "count")
}
