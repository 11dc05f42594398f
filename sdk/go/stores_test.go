package stackhost_test

import (
	"flag"
	"os"
	"testing"

	"github.com/stackhost/stackhost/sdk/go/stackhosttest"
	_ "github.com/stackhost/stackhost/sdk/go/testdata/stores"
)

var update = flag.Bool("update", false, "write testdata/stores/want.txt anew")

// TestStores expects of the host of stackhosttest what a real host does: TestGoModulesUseTheStore of package host wants the same text.
func TestStores(t *testing.T) {
	h := stackhosttest.New(t)
	h.ClusterSecrets = map[string]string{"KEY": "s3cret"}
	got := h.Get("/stores")
	if *update {
		if err := os.WriteFile("testdata/stores/want.txt", []byte(got.Body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/stores/want.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got.Status != 200 || got.Body != string(want) {
		t.Errorf("%d\n%s", got.Status, got.Body)
	}
}
