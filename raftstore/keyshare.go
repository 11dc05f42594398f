package raftstore

import (
	"context"
	"encoding/base64"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stackhost/stackhost/abi"
)

// keyPeers is how a keyring reaches those of the other nodes.
type keyPeers struct {
	store *Store // nil: there are none
	mu    sync.Mutex
	asked map[string]time.Time // guarded by mu; when a key was looked for last
}

const (
	keyTime     = 3 * time.Second // for one peer's answer
	askKeyAgain = time.Second
)

// ShareKeys lets nodes of a cluster that keep their own master keys (SecretKeys.Own) have each other's: one that joins can read the
// secrets that were there, and a key that is renewed on one node is used on all. Keys go over the node link only, to members. Nodes that
// were given their keys neither ask nor answer. Call it before k is used.
func (s *Store) ShareKeys(k *Keyring) {
	if s.cfg.Network == nil || !k.own() {
		return
	}
	k.peers.store, k.peers.asked = s, map[string]time.Time{}
	s.cfg.Network.Handle("key", func(_ context.Context, id []byte) ([]byte, error) {
		for _, word := range k.words() {
			if key, err := base64.StdEncoding.DecodeString(word); err == nil && (len(id) == 0 || keyID(key) == string(id)) {
				return []byte(word), nil
			}
		}
		return nil, abi.Errorf(abi.CodeNotFound, "secret: this node does not have the key %s", id)
	})
	s.cfg.Network.Handle("newkey", func(_ context.Context, word []byte) ([]byte, error) {
		return nil, k.add(string(word), true, true)
	})
	s.cfg.Network.Handle("onlykey", func(_ context.Context, word []byte) ([]byte, error) {
		return nil, k.add(string(word), true, false)
	})
}

// words are the keys in the file Own. It needs no lock, so two nodes may ask each other.
func (k *Keyring) words() []string {
	text, _ := os.ReadFile(k.source.Own)
	return strings.Fields(string(text))
}

// has tells whether the key with that id, or for "" any key, is known.
func (k *Keyring) has(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.first == "" {
		_ = k.read() // there may be a file by now; if not, nothing is known
	}
	return id == "" && k.first != "" || k.keys[id] != nil
}

// add puts a key that a peer has into the file Own, in front or at the end, and keeps the others or not.
func (k *Keyring) add(word string, front, keep bool) error {
	key, err := base64.StdEncoding.DecodeString(word)
	if err != nil || len(key) != keyBytes {
		return abi.Errorf(abi.CodeInvalid, "secret: a key is %d bytes in base64", keyBytes)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	var words []string
	if keep {
		words = slices.DeleteFunc(k.words(), func(w string) bool { return w == word })
	}
	at := len(words)
	if front {
		at = 0
	}
	words = slices.Insert(words, at, word)
	text := strings.Join(words, "\n") + "\n"
	if err := writeFile(k.source.Own, []byte(text)); err != nil {
		return err
	}
	return k.take(text, k.source.Own)
}

// askPeers gets the key with that id, or for "" the one that wraps, from the first node that has it. A key that nobody has is looked for
// once a second at most.
func (k *Keyring) askPeers(id string) {
	s := k.peers.store
	if s == nil {
		return
	}
	k.peers.mu.Lock()
	defer k.peers.mu.Unlock()
	if k.has(id) || time.Since(k.peers.asked[id]) < askKeyAgain {
		return
	}
	clear(k.peers.asked)
	for _, p := range s.Peers() {
		ctx, cancel := context.WithTimeout(context.Background(), keyTime)
		word, err := s.cfg.Network.Call(ctx, p.Address, "key", []byte(id))
		cancel()
		if err != nil {
			continue
		}
		key, err := base64.StdEncoding.DecodeString(string(word))
		if err != nil || id != "" && keyID(key) != id {
			continue
		}
		if err := k.add(string(word), false, true); err != nil {
			s.cfg.Log.Error("cannot keep a master key of secrets", "error", err)
		}
		return
	}
	k.peers.asked[id] = time.Now()
}

// tellPeers has the other nodes wrap by this one's first key (newkey), and then forget the others (onlykey). One that cannot be reached
// goes on with the old key, which the others ask it for.
func (k *Keyring) tellPeers(method string) {
	s, words := k.peers.store, k.words()
	if s == nil || len(words) == 0 {
		return
	}
	for _, p := range s.Peers() {
		ctx, cancel := context.WithTimeout(context.Background(), keyTime)
		if _, err := s.cfg.Network.Call(ctx, p.Address, method, []byte(words[0])); err != nil {
			s.cfg.Log.Warn("a node was not told of the new master key of secrets, and asks for it when it needs it", "node", p.Node, "error", err)
		}
		cancel()
	}
}
