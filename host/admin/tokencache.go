package admin

import (
	"bytes"
	"context"
	"crypto/subtle"
	"sync"
	"time"

	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/state"
)

// tokenCache finds tokens of the replicated state. What it found is good for tokenFresh, so a token that is revoked may work that much
// longer. Safe for concurrent use.
type tokenCache struct {
	store raftstore.Access
	mu    sync.RWMutex
	found map[string]knownToken // guarded by mu; by id
}

type knownToken struct {
	Token
	hash    []byte
	expires time.Time // of the token; zero: never
	until   time.Time // of what is known here
}

const (
	tokenFresh  = time.Second
	knownTokens = 1024
)

// find returns the token that was shown.
func (t *tokenCache) find(ctx context.Context, shown []byte, hash [32]byte) (Token, error) {
	id, _, ok := bytes.Cut(shown, []byte{'.'})
	if !ok || len(id) > state.SecretMaxName {
		return Token{}, errBadToken
	}
	now := time.Now()
	t.mu.RLock()
	known, ok := t.found[string(id)]
	t.mu.RUnlock()
	if !ok || now.After(known.until) {
		var err error
		if known, err = t.read(ctx, string(id), now); err != nil {
			return Token{}, err
		}
	}
	if subtle.ConstantTimeCompare(known.hash, hash[:]) != 1 || !known.expires.IsZero() && !now.Before(known.expires) {
		return Token{}, errBadToken
	}
	return known.Token, nil
}

// read asks the state as this node has it, so that tokens work while there is no leader; a new one works everywhere a moment later.
func (t *tokenCache) read(ctx context.Context, id string, now time.Time) (known knownToken, err error) {
	known = knownToken{until: now.Add(tokenFresh)}
	found := false
	err = t.store.View(ctx, raftstore.Stale(0), func(v *state.View) error {
		var s state.Token
		if s, found = state.TokenGet(v, id); !found {
			return nil
		}
		known.Token = Token{ID: id, Apps: s.Apps}
		for _, name := range s.Scopes {
			if scope, err := ParseScope(name); err == nil { // one of a later version allows nothing here
				known.Scopes = append(known.Scopes, scope)
			}
		}
		known.hash = bytes.Clone(s.Hash)
		if s.Expires != 0 {
			known.expires = time.UnixMilli(s.Expires)
		}
		return nil
	})
	if err != nil || !found {
		return known, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.found) >= knownTokens || t.found == nil {
		t.found = map[string]knownToken{}
	}
	t.found[id] = known
	return known, nil
}

// forget drops what is known of a token.
func (t *tokenCache) forget(id string) {
	t.mu.Lock()
	delete(t.found, id)
	t.mu.Unlock()
}
