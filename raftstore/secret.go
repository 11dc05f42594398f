package raftstore

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore/state"
)

// Secret is a value that is not to be seen: whatever prints, logs or marshals it gets "[secret]". The zero Secret is empty.
type Secret struct {
	value func() []byte // so that not even printing a struct that holds a Secret, which asks no method of its fields, reaches the bytes
}

// NewSecret takes value, which the caller must not use afterwards.
func NewSecret(value []byte) Secret { return Secret{func() []byte { return value }} }

// Reveal returns the value itself. Do not change it.
func (s Secret) Reveal() []byte {
	if s.value == nil {
		return nil
	}
	return s.value()
}

const redactedSecret = "[secret]"

// String returns "[secret]".
func (Secret) String() string { return redactedSecret }

// Format writes "[secret]" whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { io.WriteString(f, redactedSecret) }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue(redactedSecret) }

// MarshalJSON implements json.Marshaler.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redactedSecret + `"`), nil }

// MaxSecret is the longest value of a secret in bytes.
const MaxSecret = 64 << 10

// Secrets reads and writes the secrets of apps. A value is encrypted by AES-256-GCM with a key of its own, bound to app, name and
// version; that key is wrapped by a master key of a Keyring. The store sees neither. Safe for concurrent use.
type Secrets struct {
	a    Access
	keys *Keyring
}

// NewSecrets returns the secrets in a.
func NewSecrets(a Access, keys *Keyring) *Secrets { return &Secrets{a, keys} }

// SecretInfo is what may be told of a secret.
type SecretInfo struct {
	Name    string
	Version uint64
	KeyID   string // of the master key
	Set     time.Time
}

// Set writes a secret and returns its version, from 1 on. Set with the same value twice gives two versions.
func (s *Secrets) Set(ctx context.Context, app, name string, value Secret) (version uint64, err error) {
	if n := len(value.Reveal()); n > MaxSecret {
		return 0, abi.Errorf(abi.CodeLimit, "secret: %d bytes; at most %d are possible", n, MaxSecret)
	}
	keyID, master, err := s.keys.current()
	if err != nil {
		return 0, err
	}
	for range 16 {
		if err := s.a.View(ctx, Linearizable, func(v *state.View) error {
			_, version, _ = state.SecretGet(v, 0, app, name)
			return nil
		}); err != nil {
			return 0, err
		}
		version++
		data := make([]byte, keyBytes)
		rand.Read(data)
		cmd := state.SecretSet{
			Name: name, Version: version, KeyID: keyID,
			Wrapped: encrypt(master, data, boundTo('k', app, name, version)),
			Sealed:  encrypt(newGCM(data), value.Reveal(), boundTo('v', app, name, version)),
		}
		clear(data)
		_, err = ask(ctx, s.a, cmd.Command(app))
		if e := (*abi.Error)(nil); err == nil || !errors.As(err, &e) || e.Code != abi.CodeConflict {
			return version, err
		}
	}
	return 0, err
}

// Get returns a secret and its version. A secret that is not set is abi.CodeNotFound; one whose master key this node does not have is
// abi.CodeUnavailable.
func (s *Secrets) Get(ctx context.Context, level Consistency, app, name string) (Secret, uint64, error) {
	stored, err := s.stored(ctx, level, app, name)
	if err != nil {
		return Secret{}, 0, err
	}
	data, err := s.unwrap(app, stored)
	if err != nil {
		return Secret{}, 0, err
	}
	value, err := decrypt(newGCM(data), stored.Sealed, boundTo('v', app, name, stored.Version))
	clear(data)
	if err != nil {
		return Secret{}, 0, damaged(app, name)
	}
	return NewSecret(value), stored.Version, nil
}

func (s *Secrets) stored(ctx context.Context, level Consistency, app, name string) (stored state.Secret, err error) {
	err = s.a.View(ctx, level, func(v *state.View) error {
		var ok bool
		if stored, _, ok = state.SecretGet(v, 0, app, name); !ok {
			return abi.Errorf(abi.CodeNotFound, "secret: %q is not set for %s; `stackhost secret set %s --app %s` sets it", name, app, name, app)
		}
		stored = own(stored)
		return nil
	})
	return stored, err
}

// own copies what belongs to a view.
func own(s state.Secret) state.Secret {
	s.Wrapped, s.Sealed = slices.Clone(s.Wrapped), slices.Clone(s.Sealed)
	return s
}

func (s *Secrets) unwrap(app string, stored state.Secret) (data []byte, err error) {
	master, err := s.keys.find(stored.KeyID)
	if err != nil {
		return nil, err
	}
	data, err = decrypt(master, stored.Wrapped, boundTo('k', app, stored.Name, stored.Version))
	if err != nil || len(data) != keyBytes {
		return nil, damaged(app, stored.Name)
	}
	return data, nil
}

func damaged(app, name string) error {
	return abi.Errorf(abi.CodeInternal, "secret: what is stored for %q of %s is not what was written there: set it again", name, app)
}

// Delete deletes a secret; one that is not set is abi.CodeNotFound.
func (s *Secrets) Delete(ctx context.Context, app, name string) error {
	_, err := ask(ctx, s.a, state.SecretDelete(app, name))
	return err
}

// List returns what may be told of an app's secrets, in the order of their names.
func (s *Secrets) List(ctx context.Context, level Consistency, app string) (list []SecretInfo, err error) {
	err = s.a.View(ctx, level, func(v *state.View) error {
		list = nil
		state.SecretList(v, 0, app, func(stored state.Secret) bool {
			list = append(list, SecretInfo{Name: stored.Name, Version: stored.Version, KeyID: stored.KeyID, Set: time.UnixMilli(stored.Time)})
			return true
		})
		return nil
	})
	return list, err
}

// Rotation is what Rotate did.
type Rotation struct {
	KeyID     string // of the master key that wraps all secrets now
	Rewrapped int
	Already   int // were wrapped by it before
}

// Rotate wraps all secrets by the first master key. Where the node keeps a key of its own, it makes a new one first and forgets the old
// one afterwards; else the new key has to be in front of the old one on every node before, and the old one can go afterwards. It can be
// run again after a failure.
func (s *Secrets) Rotate(ctx context.Context) (r Rotation, err error) {
	if err := s.keys.renew(); err != nil {
		return r, err
	}
	keyID, master, err := s.keys.current()
	if err != nil {
		return r, err
	}
	r.KeyID = keyID
	type place struct {
		app string
		state.Secret
	}
	var all []place
	err = s.a.View(ctx, Linearizable, func(v *state.View) error {
		state.SecretTenants(v, 0, func(app string) bool {
			state.SecretList(v, 0, app, func(stored state.Secret) bool {
				all = append(all, place{app, own(stored)})
				return true
			})
			return true
		})
		return nil
	})
	if err != nil {
		return r, err
	}
	var failed []error
	for _, p := range all {
		if p.KeyID == keyID {
			r.Already++
			continue
		}
		data, err := s.unwrap(p.app, p.Secret)
		if err == nil {
			wrapped := encrypt(master, data, boundTo('k', p.app, p.Name, p.Version))
			clear(data)
			_, err = ask(ctx, s.a, state.SecretRewrap{Name: p.Name, Version: p.Version, From: p.KeyID, KeyID: keyID, Wrapped: wrapped}.Command(p.app))
		}
		if e := (*abi.Error)(nil); errors.As(err, &e) && (e.Code == abi.CodeConflict || e.Code == abi.CodeNotFound) {
			err = nil // was set anew, with the first key, or deleted
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s of %s: %w", p.Name, p.app, err))
			continue
		}
		r.Rewrapped++
	}
	if len(failed) > 0 {
		return r, errors.Join(failed...)
	}
	return r, s.keys.trim()
}

// boundTo is the associated data of a secret's data key (kind k) or value (kind v): what it belongs to.
func boundTo(kind byte, app, name string, version uint64) []byte {
	b := append([]byte("stackhost secret 1"), kind)
	for _, part := range []string{app, name} {
		b = append(binary.AppendUvarint(b, uint64(len(part))), part...)
	}
	return binary.BigEndian.AppendUint64(b, version)
}
