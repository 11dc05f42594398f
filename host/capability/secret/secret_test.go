package secret

import (
	"path/filepath"
	"testing"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/hosttest"
	"github.com/stackhost/stackhost/raftstore"
)

func TestOnlySecretsThatAreNamedAreRead(t *testing.T) {
	keys, err := raftstore.OpenKeyring(raftstore.SecretKeys{Own: filepath.Join(t.TempDir(), "secret.key")})
	if err != nil {
		t.Fatal(err)
	}
	secrets := raftstore.NewSecrets(hosttest.NewMemory(), keys)
	for app, name := range map[string]string{"app": "API_KEY", "other": "API_KEY"} {
		if _, err := secrets.Set(t.Context(), app, name, raftstore.NewSecret([]byte("value of "+app))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := secrets.Set(t.Context(), "app", "HIDDEN", raftstore.NewSecret([]byte("x"))); err != nil {
		t.Fatal(err)
	}
	g := hosttest.NewGuest(t, New(secrets, "app", []string{"API_KEY", "NOT_SET"}))
	r := hosttest.Decode[abi.SecretGetReply](t, g.Call("get", &abi.SecretGetRequest{Name: "API_KEY"}, 0))
	if string(r.Value) != "value of app" || r.Version != 1 {
		t.Errorf("version %d", r.Version)
	}
	g.Call("get", &abi.SecretGetRequest{Name: "NOT_SET"}, abi.CodeNotFound)
	g.Call("get", &abi.SecretGetRequest{Name: "HIDDEN"}, abi.CodeDenied)
	g.Call("get", &abi.SecretGetRequest{}, abi.CodeDenied)
}
