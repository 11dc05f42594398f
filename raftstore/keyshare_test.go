package raftstore

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stackhost/stackhost/abi"
)

func TestNodesShareTheirKeys(t *testing.T) {
	nodes := testCluster(t, 3)
	ctx := t.Context()
	secrets := make([]*Secrets, 3)
	file := func(i int) string { return filepath.Join(nodes[i].dir, "secret.key") }
	for i, n := range nodes {
		k := keyring(t, SecretKeys{Own: file(i)})
		n.ShareKeys(k)
		secrets[i] = NewSecrets(n.Store, k)
	}
	check := func(value string) {
		t.Helper()
		for i, s := range secrets {
			if got, _, err := s.Get(ctx, Linearizable, "shop", "KEY"); err != nil || string(got.Reveal()) != value {
				t.Errorf("node %d: %q, %v; want %q", i, got.Reveal(), err, value)
			}
		}
	}
	for i, value := range []string{"one", "two", "three"} { // the first makes a key, and the others wrap by it
		if _, err := secrets[i].Set(ctx, "shop", "KEY", NewSecret([]byte(value))); err != nil {
			t.Fatal(err)
		}
		check(value)
	}
	before, err := os.ReadFile(file(0))
	if err != nil {
		t.Fatal(err)
	}
	if r, err := secrets[1].Rotate(ctx); err != nil || r.Rewrapped != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	check("three")
	after, _ := os.ReadFile(file(0))
	for i := range nodes {
		if text, _ := os.ReadFile(file(i)); string(text) != string(after) || string(text) == string(before) || len(text) != len(before) {
			t.Errorf("node %d has %d bytes of keys, node 0 %d after %d", i, len(text), len(after), len(before))
		}
	}
	// A node that was given its key asks nobody, and is told nothing.
	given := keyring(t, SecretKeys{Text: keyText(1)})
	nodes[2].ShareKeys(given)
	if _, _, err := NewSecrets(nodes[2].Store, given).Get(ctx, Linearizable, "shop", "KEY"); code(err) != abi.CodeUnavailable {
		t.Errorf("with another key: %v", err)
	}
}
