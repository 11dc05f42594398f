package app

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ErrSecretReference is returned when a secret is neither "env:VARIABLE" nor "file:path".
var ErrSecretReference = errors.New(`app: not a reference; write "env:VARIABLE" or "file:path"`)

// ResolveSecrets reads the secrets that m refers to: environment variables, and files relative to folder with one trailing
// newline removed. Errors name the secret and its reference, never a value.
func (m *Module) ResolveSecrets(folder string) (map[string]string, error) {
	values := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(m.Secrets)) {
		ref := m.Secrets[name]
		kind, rest, _ := strings.Cut(ref, ":")
		switch kind {
		case "env":
			v, ok := os.LookupEnv(rest)
			if !ok {
				return nil, fmt.Errorf("module %s: secret %q: environment variable %s is not set", m.Name, name, rest)
			}
			values[name] = v
		case "file":
			b, err := readSecret(fromFolder(folder, rest))
			if err != nil {
				return nil, fmt.Errorf("module %s: secret %q: %w", m.Name, name, err)
			}
			values[name] = strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
		default:
			return nil, fmt.Errorf("module %s: secret %q: %w", m.Name, name, ErrSecretReference)
		}
	}
	return values, nil
}

// maxSecretBytes is the longest secret; a longer file is a mistake.
const maxSecretBytes = 64 << 10

func readSecret(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSecretBytes+1))
	if err == nil && len(b) > maxSecretBytes {
		err = fmt.Errorf("%s is longer than %d bytes", file, maxSecretBytes)
	}
	return b, err
}

// fromFolder makes a path absolute. Secrets may lie outside the app, where deployments put them.
func fromFolder(folder, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(folder, path)
}
