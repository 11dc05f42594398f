package raftstore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/stackhost/stackhost/abi"
)

// SecretKeys says where the master keys are that wrap secrets' own keys. A key is 32 bytes in base64; several are separated by white
// space or commas, and lines may begin with #. The first key wraps what is written; the others are for reading, while they are replaced.
type SecretKeys struct {
	// File holds the keys. It is read again when a secret needs a key that is not known and the file has changed.
	File string
	// Text holds the keys when File is "".
	Text string
	// Own is where keys are kept when neither is given: one is made when the first secret is set. Nodes of a cluster that keep their keys
	// so give them to each other; see Store.ShareKeys.
	Own string
	// Made is told when the file Own was made; may be nil.
	Made func(path string)
}

// Keyring holds master keys. Safe for concurrent use.
type Keyring struct {
	source SecretKeys
	mu     sync.Mutex
	keys   map[string]cipher.AEAD // guarded by mu; by id
	first  string                 // guarded by mu; the id of the key that wraps
	mark   keyMark                // guarded by mu; of the file that was read
	peers  keyPeers
}

type keyMark struct {
	modified time.Time
	size     int64
}

// keyBytes is the length of master keys and data keys.
const keyBytes = 32

// OpenKeyring reads the keys. That Own is not there yet is no error; without any source the first use is one.
func OpenKeyring(source SecretKeys) (*Keyring, error) {
	k := &Keyring{source: source}
	k.mu.Lock()
	defer k.mu.Unlock()
	if source.File == "" && source.Text != "" {
		if err := k.take(source.Text, "STACKHOST_SECRET_KEY"); err != nil {
			return nil, err
		}
		return k, nil
	}
	if k.path() == "" {
		return k, nil
	}
	if err := k.read(); err != nil && !(source.File == "" && errors.Is(err, fs.ErrNotExist)) {
		return nil, err
	}
	return k, nil
}

func (k *Keyring) path() string {
	if k.source.File != "" {
		return k.source.File
	}
	return k.source.Own
}

// read reads the file, with mu held.
func (k *Keyring) read() error {
	path := k.path()
	if path == "" {
		return errNoKey
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	mark := keyMark{info.ModTime(), info.Size()}
	if mark == k.mark {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := k.take(string(text), path); err != nil {
		return err
	}
	k.mark = mark
	return nil
}

// take replaces the keys by those in text. Errors do not quote it.
func (k *Keyring) take(text, where string) error {
	keys, first := map[string]cipher.AEAD{}, ""
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for _, word := range strings.FieldsFunc(line, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\r' || r == '\n' }) {
			key, err := base64.StdEncoding.DecodeString(word)
			if err != nil || len(key) != keyBytes {
				return fmt.Errorf("secret: %s: a key is %d bytes in base64: `openssl rand -base64 32` makes one", where, keyBytes)
			}
			id := keyID(key)
			keys[id] = newGCM(key)
			if first == "" {
				first = id
			}
		}
	}
	if first == "" {
		return fmt.Errorf("secret: %s holds no key: `openssl rand -base64 32` makes one", where)
	}
	k.keys, k.first = keys, first
	return nil
}

// keyID names a key without telling anything of it.
func keyID(key []byte) string {
	sum := sha256.Sum256(append([]byte("stackhost master key\x00"), key...))
	return hex.EncodeToString(sum[:8])
}

func newGCM(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // keys have the right length
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return gcm
}

var errNoKey = abi.Errorf(abi.CodeUnavailable,
	"secret: this node has no key for secrets: start it with --secret-key-file or STACKHOST_SECRET_KEY, the same on every node of a cluster")

// current returns the key that wraps, and makes one of the node's own when there is none.
func (k *Keyring) current() (id string, gcm cipher.AEAD, err error) {
	if k.own() && !k.has("") {
		k.askPeers("")
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.first == "" {
		if err := k.read(); errors.Is(err, fs.ErrNotExist) && k.source.File == "" {
			err = k.make()
			if err != nil {
				return "", nil, err
			}
		} else if err != nil {
			return "", nil, err
		}
	}
	return k.first, k.keys[k.first], nil
}

// make puts a new key in front of those in the file Own, with mu held.
func (k *Keyring) make() error {
	path := k.source.Own
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var key [keyBytes]byte
	rand.Read(key[:])
	text := base64.StdEncoding.EncodeToString(key[:]) + "\n" + string(old)
	if err := writeFile(path, []byte(text)); err != nil {
		return err
	}
	if len(old) == 0 && k.source.Made != nil {
		k.source.Made(path)
	}
	return k.take(text, path)
}

// find returns the key with that id.
func (k *Keyring) find(id string) (cipher.AEAD, error) {
	if k.own() && !k.has(id) {
		k.askPeers(id)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if gcm := k.keys[id]; gcm != nil {
		return gcm, nil
	}
	if k.path() != "" && (k.source.File != "" || k.source.Text == "") {
		if err := k.read(); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if gcm := k.keys[id]; gcm != nil {
			return gcm, nil
		}
	}
	return nil, abi.Errorf(abi.CodeUnavailable, "secret: this node does not have the key %s that wraps the secret: "+
		"give every node the same --secret-key-file (or STACKHOST_SECRET_KEY), with the old keys after the new one "+
		"until `stackhost secret rotate` has run", id)
}

// own tells whether the node's own file is in use.
func (k *Keyring) own() bool { return k.source.File == "" && k.source.Text == "" && k.source.Own != "" }

// renew puts a new key in front when the file is the node's own; else it reads the file again.
func (k *Keyring) renew() error {
	if k.own() {
		if err := k.renewOwn(); err != nil {
			return err
		}
		k.tellPeers("newkey")
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.source.File != "" {
		return k.read()
	}
	return nil
}

func (k *Keyring) renewOwn() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.make()
}

// trim forgets all keys but the first in the nodes' own files, once nothing is wrapped by them.
func (k *Keyring) trim() error {
	defer k.tellPeers("onlykey")
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.own() || len(k.keys) < 2 {
		return nil
	}
	text, err := os.ReadFile(k.source.Own)
	if err != nil {
		return err
	}
	first := strings.Fields(string(text))[0]
	if err := writeFile(k.source.Own, []byte(first+"\n")); err != nil {
		return err
	}
	return k.take(first, k.source.Own)
}

// encrypt encrypts plain and puts the nonce in front. Nonces are random; a data key seals once and a master key seals 32-byte keys, far
// fewer than the 2^32 for which that is safe.
func encrypt(gcm cipher.AEAD, plain, bound []byte) []byte {
	nonce := make([]byte, gcm.NonceSize(), gcm.NonceSize()+len(plain)+gcm.Overhead())
	rand.Read(nonce)
	return gcm.Seal(nonce, nonce, plain, bound)
}

func decrypt(gcm cipher.AEAD, sealed, bound []byte) ([]byte, error) {
	if len(sealed) < gcm.NonceSize() {
		return nil, errors.New("too short")
	}
	return gcm.Open(nil, sealed[:gcm.NonceSize()], sealed[gcm.NonceSize():], bound)
}
