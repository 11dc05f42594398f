// Package bundle makes one file of a built app, to deploy it: the manifest, the modules as they were built, the programs of engines,
// static files and granted folders. Sources, secrets and caches stay at home.
//
//	info, err := bundle.PackFile(a, "shop.bundle")
//	manifest, err := bundle.Unpack(file, info.Digest, "bundles/"+info.Digest)
//	a, err := app.LoadBundle("bundles/" + info.Digest)
//
// A bundle is a tar archive compressed with Zstandard. Its first entry, bundle.json, is a Manifest: every other entry with its length
// and SHA-256, in the order in which they follow. The same app folder gives the same bytes, so that a bundle is known by its Digest,
// the SHA-256 of the archive. A Key signs digests.
//
// Unpack trusts nothing: it checks the digest before it looks inside, refuses names that leave the folder, links, duplicates, unlisted
// entries and whatever is over a Limit, and leaves either the whole folder or none. The package runs no builds and knows no network.
package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/stackhost/stackhost/host/app"
)

// MediaType is that of a bundle in a registry and in HTTP.
const MediaType = "application/vnd.stackhost.bundle.v1.tar+zstd"

// ManifestName is the archive's first entry.
const ManifestName = "bundle.json"

// format is the version of the layout.
const format = 1

// Limits of a bundle. They bound the work for one that is meant to harm.
const (
	LimitArchive  = 256 << 20 // bytes of the archive
	LimitContent  = 1 << 30   // bytes of all files together
	LimitFile     = 256 << 20 // bytes of one file
	LimitFiles    = 20000
	LimitPath     = 512 // bytes of a path
	limitManifest = 8 << 20
)

// ErrInvalid is in the chain of the error for a bundle that must not be used: changed on its way, or made to harm.
var ErrInvalid = errors.New("bundle: refused")

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}

// Manifest says what is in a bundle.
type Manifest struct {
	Format  int      `json:"format"`
	App     string   `json:"app"`               // name of the app
	Version string   `json:"version,omitempty"` // as in the app's manifest, for people
	Engines []string `json:"engines,omitempty"` // that the app needs, with versions: "js 3.6.2"
	Files   []File   `json:"files"`             // sorted by path
}

// File is one file of a bundle.
type File struct {
	Path   string `json:"path"` // below the app's folder, with slashes
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
}

// Info is a bundle that was made.
type Info struct {
	Digest   string // SHA-256 of the archive in lower-case hex
	Size     int64  // bytes of the archive
	Manifest *Manifest
}

// Content is the number of bytes of all files.
func (m *Manifest) Content() (total int64) {
	for _, f := range m.Files {
		total += f.Size
	}
	return total
}

// check tells whether m may be followed.
func (m *Manifest) check() error {
	switch {
	case m.Format != format:
		return invalid("it has format %d, this version of stackhost knows %d: upgrade stackhost", m.Format, format)
	case m.App == "":
		return invalid("it names no app")
	case len(m.Files) > LimitFiles:
		return invalid("it has %d files, the limit is %d", len(m.Files), LimitFiles)
	}
	var total int64
	for i, f := range m.Files {
		if err := checkPath(f.Path); err != nil {
			return err
		}
		if i > 0 && m.Files[i-1].Path >= f.Path {
			return invalid("its list of files is out of order at %q", f.Path)
		}
		if f.Size < 0 || f.Size > LimitFile {
			return invalid("%s has %d bytes, the limit is %d", f.Path, f.Size, LimitFile)
		}
		if _, err := ParseDigest(f.SHA256); err != nil {
			return invalid("%s has no digest", f.Path)
		}
		total += f.Size
	}
	if total > LimitContent {
		return invalid("its files have %d bytes, the limit is %d", total, LimitContent)
	}
	return nil
}

// checkPath accepts relative, clean paths with slashes that mean the same everywhere.
func checkPath(p string) error {
	switch {
	case p == "" || len(p) > LimitPath || !utf8.ValidString(p):
		return invalid("%.80q is no path of a file", p)
	case path.IsAbs(p) || path.Clean(p) != p || p == "." || p == ".." || strings.HasPrefix(p, "../"):
		return invalid("%.80q leaves the app's folder", p)
	case strings.ContainsAny(p, "\\:\x00\n\r"):
		return invalid("%.80q has characters that paths in a bundle must not have", p)
	case p == ManifestName:
		return invalid("%s may not be a file of the app", ManifestName)
	}
	return nil
}

// ParseDigest reads a digest: 64 lower-case hexadecimal digits, with or without "sha256:" before them.
func ParseDigest(s string) (digest [sha256.Size]byte, err error) {
	s = strings.TrimPrefix(s, "sha256:")
	if len(s) != 2*sha256.Size || strings.ToLower(s) != s {
		return digest, fmt.Errorf("bundle: %.80q is no SHA-256 digest: it has 64 lower-case hexadecimal digits", s)
	}
	_, err = hex.Decode(digest[:], []byte(s))
	return digest, err
}

// readManifest decodes bundle.json.
func readManifest(r io.Reader) (*Manifest, error) {
	b, err := io.ReadAll(io.LimitReader(r, limitManifest+1))
	if err != nil {
		return nil, invalid("%v", err)
	}
	if len(b) > limitManifest {
		return nil, invalid("%s is longer than %d bytes", ManifestName, limitManifest)
	}
	m := new(Manifest)
	if err := json.Unmarshal(b, m); err != nil {
		return nil, invalid("%s: %v", ManifestName, err)
	}
	return m, m.check()
}

// modulesDir is where built modules are, in a bundle as in a folder.
const modulesDir = app.BuildFolder
