package conformance

import (
	"errors"
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

// AddState adds a module for the state cases to the app in dir. A host needs a store to serve it.
func AddState(dir string, wasm []byte) error {
	text, err := App.ReadFile("app/state.toml")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "state.wasm"), wasm, 0o600); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(dir, "stackhost.toml"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}
