package raftstore

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore/state"
)

// machine is an Access without a log: the state machine over keys in memory.
type machine struct {
	mu   sync.Mutex
	m    *state.Machine
	keys state.Mem
}

func newMachine() *machine { return &machine{m: state.NewMachine(state.Meta{Feature: 1 << 15})} }

// Do implements Access.
func (m *machine) Do(_ context.Context, commands ...state.Command) ([]state.Reply, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := state.Entry{Now: m.m.Now + 1, Bundles: []state.Bundle{{Commands: commands}}}
	replies, _, err := m.m.Apply(&m.keys, m.m.Index+1, e.Append(nil))
	if err != nil {
		return nil, err
	}
	return state.DecodeReplies(replies[0], nil)
}

// View implements Access.
func (m *machine) View(_ context.Context, _ Consistency, read func(*state.View) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return read(&state.View{Reader: &m.keys, Index: m.m.Index, Now: m.m.Now})
}

func code(err error) abi.Code {
	var e *abi.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

func keyText(b byte) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, 32)) }

func keyring(t *testing.T, source SecretKeys) *Keyring {
	t.Helper()
	k, err := OpenKeyring(source)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSecrets(t *testing.T) {
	m, ctx := newMachine(), t.Context()
	s := NewSecrets(m, keyring(t, SecretKeys{Text: keyText(1)}))
	set := func(app, name, value string, want uint64) {
		t.Helper()
		if v, err := s.Set(ctx, app, name, NewSecret([]byte(value))); err != nil || v != want {
			t.Fatalf("version %d, %v; want %d", v, err, want)
		}
	}
	get := func(app, name, want string, version uint64) {
		t.Helper()
		got, v, err := s.Get(ctx, Linearizable, app, name)
		if err != nil || string(got.Reveal()) != want || v != version {
			t.Fatalf("%q, version %d, %v", got.Reveal(), v, err)
		}
	}
	set("shop", "KEY", "one", 1)
	set("shop", "KEY", "two", 2)
	set("blog", "KEY", "three", 1)
	get("shop", "KEY", "two", 2)
	get("blog", "KEY", "three", 1)
	if _, _, err := s.Get(ctx, Linearizable, "shop", "OTHER"); code(err) != abi.CodeNotFound {
		t.Error(err)
	}
	if err := s.Delete(ctx, "shop", "KEY"); err != nil {
		t.Error(err)
	}
	if err := s.Delete(ctx, "shop", "KEY"); code(err) != abi.CodeNotFound {
		t.Error(err)
	}
	if _, _, err := s.Get(ctx, Linearizable, "shop", "KEY"); code(err) != abi.CodeNotFound {
		t.Error(err)
	}
	set("shop", "KEY", "four", 3) // a version is never used twice: a ciphertext is bound to it
	set("shop", "A", "", 1)
	get("shop", "A", "", 1)
	list, err := s.List(ctx, Linearizable, "shop")
	if err != nil || len(list) != 2 || list[0].Name != "A" || list[1].Version != 3 || list[1].Set.IsZero() {
		t.Errorf("%+v, %v", list, err)
	}
	for _, name := range []string{"", "a b", strings.Repeat("x", 129)} {
		if _, err := s.Set(ctx, "shop", name, NewSecret([]byte("x"))); code(err) != abi.CodeInvalid {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := s.Set(ctx, "shop", "BIG", NewSecret(make([]byte, MaxSecret+1))); code(err) != abi.CodeLimit {
		t.Error(err)
	}
	if _, err := s.Set(ctx, "shop", "BIG", NewSecret(make([]byte, MaxSecret))); err != nil {
		t.Error(err)
	}
}

// TestSecretsAreBoundToTheirPlace moves what is stored to other places.
func TestSecretsAreBoundToTheirPlace(t *testing.T) {
	m, ctx := newMachine(), t.Context()
	s := NewSecrets(m, keyring(t, SecretKeys{Text: keyText(1)}))
	for _, value := range []string{"old", "new"} {
		if _, err := s.Set(ctx, "shop", "KEY", NewSecret([]byte(value))); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := s.stored(ctx, Linearizable, "shop", "KEY")
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(stored.Sealed)
	flipped[len(flipped)-1] ^= 1
	for what, cmd := range map[string]state.Command{
		"other app":     state.SecretSet{Name: "KEY", Version: 1, KeyID: stored.KeyID, Wrapped: stored.Wrapped, Sealed: stored.Sealed}.Command("blog"),
		"other name":    state.SecretSet{Name: "OTHER", Version: 1, KeyID: stored.KeyID, Wrapped: stored.Wrapped, Sealed: stored.Sealed}.Command("shop"),
		"other version": state.SecretSet{Name: "KEY", Version: 3, KeyID: stored.KeyID, Wrapped: stored.Wrapped, Sealed: stored.Sealed}.Command("shop"),
		"other bytes":   state.SecretSet{Name: "FLIP", Version: 1, KeyID: stored.KeyID, Wrapped: stored.Wrapped, Sealed: flipped}.Command("shop"),
	} {
		if _, err := ask(ctx, m, cmd); err != nil {
			t.Fatal(err)
		}
		app, name := cmd.Tenant, map[string]string{"other app": "KEY", "other name": "OTHER", "other version": "KEY", "other bytes": "FLIP"}[what]
		if got, _, err := s.Get(ctx, Linearizable, app, name); code(err) != abi.CodeInternal {
			t.Errorf("%s: %q, %v", what, got.Reveal(), err)
		}
	}
}

func TestRotateGivenKeys(t *testing.T) {
	m, ctx := newMachine(), t.Context()
	file := filepath.Join(t.TempDir(), "keys")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("# the master key\n" + keyText(1) + "\n")
	s := NewSecrets(m, keyring(t, SecretKeys{File: file}))
	for i := range 3 {
		if _, err := s.Set(ctx, fmt.Sprint("app", i), "KEY", NewSecret([]byte{byte(i)})); err != nil {
			t.Fatal(err)
		}
	}
	old := NewSecrets(m, keyring(t, SecretKeys{Text: keyText(1)}))
	write(keyText(2) + "\n" + keyText(1) + "\n")
	r, err := s.Rotate(ctx)
	if err != nil || r.Rewrapped != 3 || r.Already != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	if r, err := s.Rotate(ctx); err != nil || r.Rewrapped != 0 || r.Already != 3 {
		t.Fatalf("again: %+v, %v", r, err)
	}
	if _, _, err := old.Get(ctx, Linearizable, "app1", "KEY"); code(err) != abi.CodeUnavailable || !strings.Contains(err.Error(), r.KeyID) {
		t.Errorf("a node without the new key: %v", err)
	}
	fresh := NewSecrets(m, keyring(t, SecretKeys{Text: keyText(2)}))
	for i := range 3 {
		if got, _, err := fresh.Get(ctx, Linearizable, fmt.Sprint("app", i), "KEY"); err != nil || got.Reveal()[0] != byte(i) {
			t.Errorf("app%d: %v, %v", i, got.Reveal(), err)
		}
	}
	if _, err := old.Rotate(ctx); err == nil || !strings.Contains(err.Error(), "KEY of app0") {
		t.Errorf("rotating without the key in use: %v", err)
	}
}

func TestRotateOwnKey(t *testing.T) {
	m, ctx := newMachine(), t.Context()
	file := filepath.Join(t.TempDir(), "secret.key")
	made := ""
	s := NewSecrets(m, keyring(t, SecretKeys{Own: file, Made: func(path string) { made = path }}))
	if _, err := os.Stat(file); err == nil {
		t.Error("the key was made before it was needed")
	}
	if _, err := s.Set(ctx, "shop", "KEY", NewSecret([]byte("v"))); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 || made != file {
		t.Fatalf("%v, %v, told %q", info, err, made)
	}
	before, _ := os.ReadFile(file)
	if r, err := s.Rotate(ctx); err != nil || r.Rewrapped != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	after, _ := os.ReadFile(file)
	if bytes.Equal(before, after) || len(after) != len(before) {
		t.Errorf("the key file was %q and is %q", before, after)
	}
	again := NewSecrets(m, keyring(t, SecretKeys{Own: file})) // the next start
	if got, _, err := again.Get(ctx, Linearizable, "shop", "KEY"); err != nil || string(got.Reveal()) != "v" {
		t.Errorf("%q, %v", got.Reveal(), err)
	}
}

func TestKeyringRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, text := range []string{"", "# nothing\n", "short", base64.StdEncoding.EncodeToString(make([]byte, 31)), "not base64 at all!"} {
		file := filepath.Join(dir, "keys")
		os.WriteFile(file, []byte(text), 0o600)
		if _, err := OpenKeyring(SecretKeys{File: file}); err == nil || text != "" && text != "short" && strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := OpenKeyring(SecretKeys{File: filepath.Join(dir, "absent")}); err == nil {
		t.Error("a key file that is not there was accepted")
	}
	s := NewSecrets(newMachine(), keyring(t, SecretKeys{}))
	if _, err := s.Set(t.Context(), "a", "b", NewSecret([]byte("x"))); code(err) != abi.CodeUnavailable {
		t.Errorf("without keys: %v", err)
	}
}

func TestSecretIsNeverShown(t *testing.T) {
	const value = "hunter2"
	s := NewSecret([]byte(value))
	held := struct {
		Name   string
		Secret Secret
		inner  Secret
	}{"n", s, s}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d"} {
		fmt.Fprintf(&out, verb+" "+verb+" "+verb+"\n", s, held, &held)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "secret", s, "held", held)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "secret", s, "held", held)
	if text, err := json.Marshal(map[string]any{"s": s, "h": held}); err != nil {
		t.Error(err)
	} else {
		out.Write(text)
	}
	out.WriteString(fmt.Errorf("failed with %v", s).Error())
	for _, form := range []string{value, fmt.Sprintf("%x", value), fmt.Sprint([]byte(value)), base64.StdEncoding.EncodeToString([]byte(value))} {
		if strings.Contains(out.String(), strings.Trim(form, "[]")) {
			t.Errorf("%q is in %s", form, &out)
		}
	}
	if !strings.Contains(out.String(), redactedSecret) {
		t.Error(out.String())
	}
}
