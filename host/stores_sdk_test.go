package host

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stackhost/stackhost/host/hosttest"
	"github.com/stackhost/stackhost/raftstore"
)

// TestGoModulesUseTheStore runs a module that uses every function of the Go SDK's kv, cache, lock, blob and secret. The SDK's own test
// runs the same natively and wants the same text.
func TestGoModulesUseTheStore(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "stores.wasm")
	build := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-o", out, "./testdata/stores/guest")
	build.Dir = "../sdk/go"
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	keys, err := raftstore.OpenKeyring(raftstore.SecretKeys{Own: filepath.Join(t.TempDir(), "secret.key")})
	if err != nil {
		t.Fatal(err)
	}
	store := hosttest.NewMemory()
	secrets := raftstore.NewSecrets(store, keys)
	if _, err := secrets.Set(t.Context(), "stores", "KEY", raftstore.NewSecret([]byte("s3cret"))); err != nil {
		t.Fatal(err)
	}
	_, url := open(t, Config{Store: store, Secrets: secrets}, write(t, dir, map[string]string{"stackhost.toml": `name = "stores"
[modules.stores]
path = "stores.wasm"
[modules.stores.grants]
kv = ["*"]
cache = ["pages"]
lock = ["jobs"]
blob = ["files"]
secret = ["KEY", "UNSET"]
[[routes]]
path = "/stores"
module = "stores"
`}))
	want, err := os.ReadFile("../sdk/go/testdata/stores/want.txt")
	if err != nil {
		t.Fatal(err)
	}
	if status, body, _ := get(t, url+"/stores"); status != 200 || body != string(want) {
		t.Errorf("%d\n%s", status, body)
	}
}
