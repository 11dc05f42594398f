package conformance

import (
	"os"
	"path/filepath"
)

// WriteApp writes the suite's app into dir with wasm as its guest.
func WriteApp(dir string, wasm []byte) error {
	for _, name := range []string{"stackhost.toml", "token.txt"} {
		text, err := App.ReadFile("app/" + name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "guest.wasm"), wasm, 0o600)
}
