package bundle

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Unpack checks that archive is the bundle with this digest and puts its files below dir, which must not exist: there is the whole
// folder afterwards, on the disk for good, or none. It reads archive from its beginning. The error for a bundle that must not be
// used is an ErrInvalid.
func Unpack(archive io.ReadSeeker, digest, dir string) (*Manifest, error) {
	if err := Verify(archive, digest); err != nil {
		return nil, err
	}
	if _, err := archive.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, err
	}
	part, err := os.MkdirTemp(parent, ".part-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(part)
	m, err := extract(archive, part)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(part, 0o755); err != nil {
		return nil, err
	}
	if err := os.Rename(part, dir); err != nil {
		return nil, err
	}
	return m, syncDir(parent)
}

// Verify checks that archive, read from its beginning, has this digest.
func Verify(archive io.ReadSeeker, digest string) error {
	want, err := ParseDigest(digest)
	if err != nil {
		return err
	}
	if _, err := archive.Seek(0, io.SeekStart); err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.Copy(sum, io.LimitReader(archive, LimitArchive+1))
	switch {
	case err != nil:
		return err
	case n > LimitArchive:
		return invalid("it is longer than %d bytes", LimitArchive)
	case !bytes.Equal(sum.Sum(nil), want[:]):
		return invalid("its SHA-256 is %x, not %x: it was changed or cut short on its way", sum.Sum(nil), want)
	}
	return nil
}

// Describe returns what a bundle is: its digest and size, and what it says of itself, which only Unpack verifies.
func Describe(archive io.ReadSeeker) (*Info, error) {
	if _, err := archive.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	m, err := ReadManifest(archive)
	if err != nil {
		return nil, err
	}
	if _, err := archive.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	sum := &counter{hash: sha256.New(), limit: LimitArchive}
	if _, err := io.Copy(sum, archive); err != nil {
		return nil, err
	}
	return &Info{Digest: hex.EncodeToString(sum.hash.Sum(nil)), Size: sum.n, Manifest: m}, nil
}

// ReadManifest returns what archive, which nobody has verified, says of itself.
func ReadManifest(archive io.Reader) (*Manifest, error) {
	t, done, err := open(archive)
	if err != nil {
		return nil, err
	}
	defer done()
	return first(t)
}

func open(archive io.Reader) (t *tar.Reader, done func(), err error) {
	z, err := zstd.NewReader(archive, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(2*window), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, nil, invalid("%v", err)
	}
	// Headers and padding come on top of the files themselves.
	most := int64(LimitContent + limitManifest + 4096*(LimitFiles+2))
	return tar.NewReader(io.LimitReader(z, most)), z.Close, nil
}

func first(t *tar.Reader) (*Manifest, error) {
	h, err := t.Next()
	if err != nil {
		return nil, invalid("it is no archive: %v", err)
	}
	if h.Name != ManifestName || h.Typeflag != tar.TypeReg {
		return nil, invalid("it begins with %.80q, not with %s", h.Name, ManifestName)
	}
	return readManifest(t)
}

// extract puts the files below dir. Each entry must be the next one of the manifest.
func extract(archive io.Reader, dir string) (*Manifest, error) {
	t, done, err := open(archive)
	if err != nil {
		return nil, err
	}
	defer done()
	m, err := first(t)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	folders := map[string]bool{".": true}
	for i := range m.Files {
		f := &m.Files[i]
		h, err := t.Next()
		switch {
		case err != nil:
			return nil, invalid("it ends before %s: %v", f.Path, err)
		case h.Typeflag != tar.TypeReg:
			return nil, invalid("%.80q is not a regular file", h.Name)
		case h.Name != f.Path || h.Size != f.Size:
			return nil, invalid("the entry %.80q of %d bytes is not what its manifest lists: %s of %d", h.Name, h.Size, f.Path, f.Size)
		}
		if err := extractFile(root, f, t, folders); err != nil {
			return nil, err
		}
	}
	if _, err := t.Next(); !errors.Is(err, io.EOF) {
		return nil, invalid("it has entries that its manifest does not list")
	}
	for folder := range folders {
		if err := syncDir(filepath.Join(dir, filepath.FromSlash(folder))); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func extractFile(root *os.Root, f *File, r io.Reader, folders map[string]bool) error {
	if err := makeFolders(root, f.Path, folders); err != nil {
		return err
	}
	out, err := root.OpenFile(filepath.FromSlash(f.Path), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, sum), r)
	if err == nil {
		err = out.Sync()
	}
	if closeErr := out.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("bundle: %s: %w", f.Path, err)
	}
	if n != f.Size || hex.EncodeToString(sum.Sum(nil)) != f.SHA256 {
		return invalid("%s is not the file that its manifest lists", f.Path)
	}
	return nil
}

func makeFolders(root *os.Root, file string, folders map[string]bool) error {
	for i := range len(file) {
		if file[i] != '/' || folders[file[:i]] {
			continue
		}
		if err := root.Mkdir(filepath.FromSlash(file[:i]), 0o755); err != nil {
			if errors.Is(err, os.ErrExist) {
				return invalid("%s is a file and a folder", file[:i])
			}
			return fmt.Errorf("bundle: %w", err)
		}
		folders[file[:i]] = true
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(strings.TrimSuffix(dir, "/"))
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
