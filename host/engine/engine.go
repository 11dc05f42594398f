// Package engine knows the language engines: interpreters compiled to WebAssembly that run an app's source text. An engine
// is a pinned artifact, never committed: its version and digest are in the registry here, Store installs it into a cache folder
// and hands out only bytes whose digest is right.
//
// An engine is an ordinary module for the runtime. Which dialect drives it is part of its entry: "quickjs" for the reactor
// of the JavaScript engine; "native" for an engine that speaks ABI v1 itself and gets the program in BootRequest.source.
package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Engine is one entry of the registry.
type Engine struct {
	Name       string   // as in the manifest: engine = "js"
	Title      string   // for people
	Version    string   // of the package
	Package    string   // npm package that holds it
	File       string   // path of the module inside the package
	Digest     string   // SHA-256 of that file, in hex
	Dialect    string   // name of the dialect that drives it
	Bundler    string   // "esbuild", or "" for engines that take the source file as it is
	Extensions []string // of source files, for detection
	License    string   // SPDX expression
}

var registry = []Engine{{
	Name: "js", Title: "JavaScript and TypeScript (QuickJS-NG)", Version: "3.6.2", Package: "quickjs-wasi", File: "quickjs.wasm",
	Digest:  "d4c9375f2b1ca4dc95f72c8aa2982a7a9951ac8011490d79c6582df732b4bbd9",
	Dialect: "quickjs", Bundler: "esbuild", Extensions: []string{".js", ".mjs", ".ts", ".mts", ".jsx", ".tsx"}, License: "MIT",
}}

// All returns every known engine.
func All() []Engine { return slices.Clone(registry) }

// Lookup returns the engine called name.
func Lookup(name string) (Engine, bool) {
	for _, e := range registry {
		if e.Name == name {
			return e, true
		}
	}
	return Engine{}, false
}

// ErrDigest is returned when a file is not the engine that the registry pins.
var ErrDigest = errors.New("engine: the file is not the pinned version")

// MissingError is returned when an engine is not installed.
type MissingError struct {
	Engine Engine
	Path   string // where it was looked for
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("the engine for %s is not installed; install it with: %s", e.Engine.Title, e.Command())
}

// Command is what installs the engine.
func (e *MissingError) Command() string { return "stackhost engine install " + e.Engine.Name }

// Store is a folder of installed engines. Safe for concurrent use, by several processes too.
type Store struct{ dir string }

// NewStore returns the store in dir, or in the user's cache folder when dir is empty.
func NewStore(dir string) (*Store, error) {
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("find a folder for engines: %w", err)
		}
		dir = filepath.Join(cache, "stackhost", "engines")
	}
	return &Store{dir}, nil
}

// Path returns where e is, or would be, kept.
func (s *Store) Path(e Engine) string {
	return filepath.Join(s.dir, fmt.Sprintf("%s-%s-%s.wasm", e.Name, e.Version, e.Digest[:12]))
}

// override names a file to use instead of the installed one; its digest must be right all the same.
const override = "STACKHOST_ENGINE_"

// Wasm returns the module of e. A *MissingError when it is not installed, ErrDigest when the file was changed.
// The environment variable STACKHOST_ENGINE_JS (and so on) names a file to use in place of the installed one.
func (s *Store) Wasm(e Engine) ([]byte, error) {
	path := s.Path(e)
	if file := os.Getenv(override + upper(e.Name)); file != "" {
		path = file
	}
	wasm, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &MissingError{Engine: e, Path: path}
	}
	if err != nil {
		return nil, fmt.Errorf("read engine %s: %w", e.Name, err)
	}
	if err := verify(e, wasm); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return wasm, nil
}

// Installed tells whether e is there with the right digest.
func (s *Store) Installed(e Engine) bool {
	_, err := s.Wasm(e)
	return err == nil
}

func verify(e Engine, wasm []byte) error {
	sum := sha256.Sum256(wasm)
	if got := hex.EncodeToString(sum[:]); got != e.Digest {
		return fmt.Errorf("%w: SHA-256 is %s, the registry has %s for %s %s", ErrDigest, got, e.Digest, e.Package, e.Version)
	}
	return nil
}

func upper(name string) string {
	b := []byte(name)
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

// save writes wasm where Wasm finds it, whole or not at all.
func (s *Store) save(e Engine, wasm []byte) error {
	if err := verify(e, wasm); err != nil {
		return err
	}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(s.dir, e.Name+"-*.part")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(wasm)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), s.Path(e))
	}
	return err
}
