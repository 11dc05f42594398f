package runtime

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/tetratelabs/wazero"
	"golang.org/x/sys/cpu"
)

// rewriteVersion is part of the cache's path. The engine finds code by the digest of the rewritten binary, so this only keeps
// the leftovers of older versions out of the way.
const rewriteVersion = "2"

// codeCache is compiled code on disk. The engine checks only a part of what it reads back, and jumps to what it read; so a
// record beside the code holds the digest of every byte, and code that differs from its record is built again.
//
//	rewrite-2/wazero-<version>-<arch>-<os>/<key>   code, written by the engine
//	rewrite-2/records/<digest of binary and CPU>   lines of "<SHA-256> <file>"
//
// Safe for concurrent use, by several processes too: the worst that can happen is that code is built twice.
type codeCache struct {
	dir     string // rewrite-2, or "" when nothing is kept
	engine  wazero.CompilationCache
	writing sync.Mutex // one at a time makes files, so that they can be told apart
	// reading is held, by the first byte of the record's name, by who takes code out of the cache: the engine shows what it has read to
	// others before it can run (github.com/wazero/wazero/issues/2547).
	reading [256]sync.Mutex
}

func openCache(dir string) (*codeCache, error) {
	if dir == "" {
		return &codeCache{engine: wazero.NewCompilationCache()}, nil
	}
	c := &codeCache{dir: filepath.Join(dir, "rewrite-"+rewriteVersion)}
	if err := os.MkdirAll(filepath.Join(c.dir, "records"), 0o755); err != nil {
		return nil, fmt.Errorf("compile cache: %w", err)
	}
	var err error
	if c.engine, err = wazero.NewCompilationCacheWithDir(c.dir); err != nil {
		return nil, fmt.Errorf("compile cache: %w", err)
	}
	c.dropUnrecorded()
	return c, nil
}

// files lists the engine's files, relative to dir.
func (c *codeCache) files() map[string]bool {
	all := map[string]bool{}
	paths, _ := filepath.Glob(filepath.Join(c.dir, "wazero-*", "*"))
	for _, path := range paths {
		if name, err := filepath.Rel(c.dir, path); err == nil {
			all[name] = true
		}
	}
	return all
}

// dropUnrecorded removes code that no record vouches for, as a crash leaves it.
func (c *codeCache) dropUnrecorded() {
	orphans := c.files()
	records, _ := filepath.Glob(filepath.Join(c.dir, "records", "*"))
	for _, path := range records {
		for _, e := range readRecord(path) {
			delete(orphans, e.file)
		}
	}
	for name := range orphans {
		os.Remove(filepath.Join(c.dir, name))
	}
}

type recordEntry struct{ sum, file string }

func readRecord(path string) (entries []recordEntry) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		sum, file, ok := strings.Cut(strings.TrimSpace(line), " ")
		if ok && filepath.IsLocal(file) {
			entries = append(entries, recordEntry{sum, file})
		}
	}
	return entries
}

// key is the name of the record of binary's code.
func (c *codeCache) key(binary []byte) []byte {
	h := sha256.New()
	h.Write(binary)
	fmt.Fprint(h, runtime.GOARCH, cpu.X86, cpu.ARM64)
	return h.Sum(nil)
}

// verified tells whether the record's files are all there as they were written. If not they are removed.
func (c *codeCache) verified(record string) bool {
	entries := readRecord(record)
	sound := len(entries) > 0
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(c.dir, e.file))
		sound = sound && err == nil && sumOf(content) == e.sum
	}
	if !sound {
		for _, e := range entries {
			os.Remove(filepath.Join(c.dir, e.file))
		}
		os.Remove(record)
	}
	return sound
}

func sumOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// compile compiles binary in engine, with what is on disk where that is sound.
func (c *codeCache) compile(ctx context.Context, engine wazero.Runtime, binary []byte) (wazero.CompiledModule, error) {
	if c.dir == "" {
		return engine.CompileModule(ctx, binary)
	}
	key := c.key(binary)
	reading := &c.reading[key[0]]
	reading.Lock()
	defer reading.Unlock()
	record := filepath.Join(c.dir, "records", hex.EncodeToString(key))
	if c.verified(record) {
		return engine.CompileModule(ctx, binary)
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	before := c.files()
	compiled, err := engine.CompileModule(ctx, binary)
	if err != nil {
		return nil, err
	}
	var lines strings.Builder
	for name := range c.files() {
		if content, err := os.ReadFile(filepath.Join(c.dir, name)); err == nil && !before[name] && !strings.HasSuffix(name, ".tmp") {
			fmt.Fprintf(&lines, "%s %s\n", sumOf(content), name)
		}
	}
	if lines.Len() > 0 {
		temporary := record + ".new"
		if os.WriteFile(temporary, []byte(lines.String()), 0o644) == nil {
			os.Rename(temporary, record)
		}
	}
	return compiled, nil
}

// compile compiles the rewritten binary and links what it imports. When the cache's disk fails it does without.
func (m *Module) compile(ctx context.Context, binary []byte) (err error) {
	cache := m.rt.cache
	m.engine = newEngine(cache.engine)
	if err := m.link(ctx); err != nil {
		return err
	}
	m.compiled, err = cache.compile(ctx, m.engine, binary)
	if err == nil || cache.dir == "" {
		return err
	}
	m.engine.Close(ctx)
	m.engine = newEngine(m.rt.uncached)
	if err := m.link(ctx); err != nil {
		return err
	}
	cached := err
	if m.compiled, err = m.engine.CompileModule(ctx, binary); err == nil {
		m.rt.cfg.Log.Warn("compiled code cannot be kept", slog.String("module", m.spec.Name), slog.String("error", cached.Error()))
	}
	return err
}

func newEngine(cache wazero.CompilationCache) wazero.Runtime {
	return wazero.NewRuntimeWithConfig(context.Background(),
		wazero.NewRuntimeConfigCompiler().WithCompilationCache(cache).WithCoreFeatures(features).WithDebugInfoEnabled(false))
}
