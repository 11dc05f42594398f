package app

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ResolveSecrets reads the secrets that m refers to: environment variables, and files relative to folder with one trailing
// newline removed. Errors name the secret and its reference, never a value.
func (m *Module) ResolveSecrets(folder string) (map[string]string, error) {
	values := map[string]string{}
	for name, ref := range m.Secrets {
		kind, rest, _ := strings.Cut(ref, ":")
		switch kind {
		case "env":
			v, ok := os.LookupEnv(rest)
			if !ok {
				return nil, fmt.Errorf("module %s: secret %q: environment variable %s is not set", m.Name, name, rest)
			}
			values[name] = v
		case "file":
			if !filepath.IsAbs(rest) {
				rest = filepath.Join(folder, rest)
			}
			b, err := os.ReadFile(rest)
			if err != nil {
				return nil, fmt.Errorf("module %s: secret %q: %w", m.Name, name, err)
			}
			values[name] = strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
		}
	}
	return values, nil
}
