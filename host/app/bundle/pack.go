package bundle

import (
	"archive/tar"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/stackhost/stackhost/host/app"
	"github.com/stackhost/stackhost/host/engine"
)

// entry is a file on its way into a bundle: on disk, or content made here.
type entry struct {
	File
	disk    string
	content []byte
}

// PackFile writes the bundle of a, whose modules are built, to file. The file is there whole or not at all.
func PackFile(a *app.App, file string) (*Info, error) {
	part, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*.part")
	if err != nil {
		return nil, err
	}
	defer os.Remove(part.Name())
	info, err := Pack(a, part)
	if err == nil {
		err = part.Sync()
	}
	if closeErr := part.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(part.Name(), file)
	}
	if err != nil {
		return nil, err
	}
	return info, nil
}

// Pack writes the bundle of a, whose modules are built, to w. The same folder gives the same bytes.
func Pack(a *app.App, w io.Writer) (*Info, error) {
	c := &collection{app: a, entries: map[string]*entry{}}
	if err := c.collect(); err != nil {
		return nil, err
	}
	m := &Manifest{Format: format, App: a.Name, Version: a.Version, Engines: c.engines}
	entries := slices.SortedFunc(maps.Values(c.entries), func(a, b *entry) int { return cmp.Compare(a.Path, b.Path) })
	for _, e := range entries {
		if err := e.measure(); err != nil {
			return nil, err
		}
		m.Files = append(m.Files, e.File)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("this app cannot be bundled: %w", err)
	}
	sum := &counter{hash: sha256.New(), limit: LimitArchive}
	if err := write(io.MultiWriter(w, sum), m, entries); err != nil {
		return nil, err
	}
	return &Info{Digest: hex.EncodeToString(sum.hash.Sum(nil)), Size: sum.n, Manifest: m}, nil
}

type counter struct {
	hash interface {
		io.Writer
		Sum([]byte) []byte
	}
	n, limit int64
}

func (c *counter) Write(b []byte) (int, error) {
	if c.n += int64(len(b)); c.n > c.limit {
		return 0, fmt.Errorf("bundle: longer than %d bytes; keep large files in the blob store instead of the app", c.limit)
	}
	return c.hash.Write(b)
}

func write(w io.Writer, m *Manifest, entries []*entry) error {
	// One goroutine: how work is split between several must not show in the bytes.
	z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithWindowSize(window))
	if err != nil {
		return err
	}
	defer z.Close()
	t := tar.NewWriter(z)
	described, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if err := writeEntry(t, ManifestName, int64(len(described)), bytes.NewReader(described)); err != nil {
		return err
	}
	for _, e := range entries {
		if err := e.write(t); err != nil {
			return err
		}
	}
	return errors.Join(t.Close(), z.Close())
}

// window bounds the memory that unpacking needs.
const window = 4 << 20

// write copies a file and refuses one that changed since it was measured.
func (e *entry) write(t *tar.Writer) error {
	r, err := e.open()
	if err != nil {
		return err
	}
	defer r.Close()
	sum := sha256.New()
	if err := writeEntry(t, e.Path, e.Size, io.TeeReader(r, sum)); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != e.SHA256 {
		return fmt.Errorf("bundle: %s changed while it was read; try again", e.Path)
	}
	return nil
}

func writeEntry(t *tar.Writer, name string, size int64, r io.Reader) error {
	if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644}); err != nil {
		return err
	}
	_, err := io.Copy(t, r)
	return err
}

func (e *entry) open() (io.ReadCloser, error) {
	if e.disk == "" {
		return io.NopCloser(bytes.NewReader(e.content)), nil
	}
	return os.Open(e.disk)
}

func (e *entry) measure() error {
	r, err := e.open()
	if err != nil {
		return err
	}
	defer r.Close()
	sum := sha256.New()
	e.Size, err = io.Copy(sum, r)
	e.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return err
}

// collection finds the files of an app.
type collection struct {
	app     *app.App
	entries map[string]*entry // by path
	engines []string
	stays   []string // absolute files and folders that are never bundled
}

func (c *collection) collect() error {
	a := c.app
	if err := c.add(app.ManifestName, a.ManifestPath); err != nil {
		return err
	}
	c.stays = append(c.stays, filepath.Join(a.Folder, app.BuildFolder), filepath.Join(a.Folder, ".git"))
	for _, m := range a.Modules {
		if m.Source != "" && m.Source != a.Folder {
			c.stays = append(c.stays, m.Source)
		}
		for _, name := range slices.Sorted(maps.Keys(m.Secrets)) {
			file, ok := strings.CutPrefix(m.Secrets[name], "file:")
			if ok && !filepath.IsAbs(file) {
				return fmt.Errorf("%s: module %s: secret %q is a file of the app's folder, which a bundle does not carry; "+
					"keep it in the cluster's secrets, or refer to \"env:VARIABLE\" or to an absolute path that every node has", m.Pos, m.Name, name)
			}
			c.stays = append(c.stays, file)
		}
	}
	for _, m := range a.Modules {
		if err := c.module(m); err != nil {
			return err
		}
	}
	for _, t := range a.Routes {
		if s := t.Static; s != nil {
			if err := c.folder(s.Dir, s.Dotfiles); err != nil {
				return fmt.Errorf("%s: %w", t.Pos, err)
			}
		}
	}
	for _, m := range a.Modules {
		for _, folder := range m.Files {
			if err := c.folder(folder, true); err != nil {
				return fmt.Errorf("%s: module %s: %w", m.Pos, m.Name, err)
			}
		}
	}
	return nil
}

func (c *collection) module(m *app.Module) error {
	if m.Engine == "" {
		output := m.Output(filepath.Join(c.app.Folder, app.BuildFolder))
		err := c.add(modulesDir+"/"+m.Name+".wasm", output)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s: module %s is not built; run `stackhost build %s`", m.Pos, m.Name, c.app.Folder)
		}
		return err
	}
	e, ok := engine.Lookup(m.Engine)
	if !ok {
		return fmt.Errorf("%s: module %s: no engine is called %q", m.Pos, m.Name, m.Engine)
	}
	program, err := engine.Bundle(e, m.Source)
	if err != nil {
		return fmt.Errorf("%s: module %s: %w", m.Pos, m.Name, err)
	}
	if label := e.Name + " " + e.Version; !slices.Contains(c.engines, label) {
		c.engines = append(c.engines, label)
		slices.Sort(c.engines)
	}
	c.content(app.ProgramPath(m.Name), program.Source)
	if len(program.Map) > 0 {
		c.content(app.ProgramPath(m.Name)+".map", program.Map)
	}
	return nil
}

func (c *collection) content(path string, b []byte) {
	c.entries[path] = &entry{File: File{Path: path}, content: b}
}

func (c *collection) add(path, disk string) error {
	info, err := os.Stat(disk)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("bundle: %s is not a regular file", disk)
	}
	c.entries[path] = &entry{File: File{Path: path}, disk: disk}
	return nil
}

// folder adds the files below dir. Files whose names begin with a dot are taken when dotfiles are, or below .well-known.
func (c *collection) folder(dir string, dotfiles bool) error {
	any := false
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		skip := error(nil)
		if d.IsDir() {
			skip = fs.SkipDir
		}
		hidden := file != dir && strings.HasPrefix(d.Name(), ".") && d.Name() != ".well-known"
		if file != dir && slices.Contains(c.stays, file) || hidden && !dotfiles || d.Name() == ".git" {
			return skip
		}
		if d.IsDir() {
			return nil
		}
		rel, err := filepath.Rel(c.app.Folder, file)
		if err != nil {
			return err
		}
		if !d.Type().IsRegular() {
			return fmt.Errorf("bundle: %s is %s; a bundle holds regular files only: put the file itself there", rel, kind(d.Type()))
		}
		any = true
		return c.add(filepath.ToSlash(rel), file)
	})
	if err == nil && !any { // an archive of files has no empty folders, and the manifest names this one
		rel, relErr := filepath.Rel(c.app.Folder, filepath.Join(dir, ".keep"))
		if relErr != nil {
			return relErr
		}
		c.content(filepath.ToSlash(rel), nil)
	}
	return err
}

func kind(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}
