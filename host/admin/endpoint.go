package admin

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// File is the name of the file in a node's data folder that says where its admin API is.
const File = "admin.json"

// Endpoint is what File holds: JSON, readable by its owner only.
type Endpoint struct {
	URL   string `json:"url"`   // such as http://127.0.0.1:9440
	Token string `json:"token"` // the node's root token
	Node  string `json:"node"`
}

// ReadEndpoint reads the File of a data folder.
func ReadEndpoint(data string) (Endpoint, error) {
	var e Endpoint
	path := filepath.Join(data, File)
	text, err := os.ReadFile(path)
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal(text, &e); err != nil || e.Token == "" {
		return e, fmt.Errorf("%s is not what stackhost writes there: remove it and restart the node", path)
	}
	return e, nil
}

func (e *Endpoint) write(path string) error {
	text, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return err
	}
	temporary := path + ".new"
	os.Remove(temporary) // left by a node that was killed; its mode may be anything
	if err := os.WriteFile(temporary, append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

// rootToken returns the token in path, which is the node's from its first start on, or makes one.
func rootToken(path string) (string, error) {
	e, err := ReadEndpoint(filepath.Dir(path))
	if err == nil {
		return e.Token, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return "root." + newSecret(), nil
}

// newSecret returns 256 random bits as text.
func newSecret() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}
