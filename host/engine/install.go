package engine

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// ErrNoNPM is returned by Install when the npm client is needed and not there.
var ErrNoNPM = errors.New("engine: the npm client was not found")

// maxPackage bounds what is read from a package: engines are a few megabytes.
const maxPackage = 256 << 20

// Install brings e into the store. from is empty for the npm client, or a file or an http(s) URL: the engine's module, or
// its npm package as .tgz. The digest is verified before anything is kept, so it does not matter whom the bytes come from.
// Install runs nothing of the package.
func (s *Store) Install(ctx context.Context, e Engine, from string) error {
	var raw []byte
	var err error
	switch {
	case from == "":
		raw, err = npmPack(ctx, e)
	case strings.HasPrefix(from, "http://"), strings.HasPrefix(from, "https://"):
		raw, err = download(ctx, from)
	default:
		raw, err = os.ReadFile(from)
	}
	if err != nil {
		return fmt.Errorf("install engine %s: %w", e.Name, err)
	}
	if bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		if raw, err = unpack(raw, path.Join("package", e.File)); err != nil {
			return fmt.Errorf("install engine %s: %w", e.Name, err)
		}
	}
	if err := s.save(e, raw); err != nil {
		return fmt.Errorf("install engine %s: %w", e.Name, err)
	}
	return nil
}

// npmPack has the npm client fetch the package's archive, with the user's registry and proxy settings.
func npmPack(ctx context.Context, e Engine) ([]byte, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return nil, fmt.Errorf("%w; install Node.js, or give a file or URL: stackhost engine install %s --from %s-%s.tgz",
			ErrNoNPM, e.Name, e.Package, e.Version)
	}
	dir, err := os.MkdirTemp("", "stackhost-engine-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	cmd := exec.CommandContext(ctx, npm, "pack", "--silent", "--ignore-scripts", "--pack-destination", dir, e.Package+"@"+e.Version)
	cmd.Dir = dir
	cmd.WaitDelay = 5 * time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("npm pack %s@%s: %w: %s", e.Package, e.Version, err, bytes.TrimSpace(out))
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(found) != 1 {
		return nil, fmt.Errorf("npm pack %s@%s left no archive", e.Package, e.Version)
	}
	return os.ReadFile(found[0])
}

func download(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %s", url, res.Status)
	}
	return readBounded(res.Body)
}

func readBounded(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxPackage+1))
	if err == nil && len(b) > maxPackage {
		err = fmt.Errorf("longer than %d bytes", maxPackage)
	}
	return b, err
}

// unpack returns one file of a .tgz archive.
func unpack(archive []byte, name string) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	t := tar.NewReader(io.LimitReader(z, maxPackage))
	for {
		h, err := t.Next()
		if err == io.EOF {
			return nil, fmt.Errorf("the archive has no %s", name)
		}
		if err != nil {
			return nil, err
		}
		if path.Clean(h.Name) == name && h.Typeflag == tar.TypeReg {
			return readBounded(t)
		}
	}
}
