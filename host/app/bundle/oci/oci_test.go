package oci

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stackhost/stackhost/host/app"
	"github.com/stackhost/stackhost/host/app/bundle"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/registry/remote"
)

// registryDir keeps the registry that was built once for all tests.
var registryDir string

func TestMain(m *testing.M) {
	var err error
	if registryDir, err = os.MkdirTemp("", "registry"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(registryDir)
	os.Exit(code)
}

// startRegistry builds and starts the registry of the module registrytest and returns its address.
func startRegistry(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(registryDir, "registry")
	if _, err := os.Stat(binary); err != nil {
		build := exec.Command("go", "build", "-ldflags", "-s -w", "-o", binary, ".")
		build.Dir = "registrytest"
		if out, err := build.CombinedOutput(); err != nil {
			if os.Getenv("CI") == "" && bytes.Contains(out, []byte("dial tcp")) {
				t.Skipf("the registry's modules are not here and cannot be got: %s", out)
			}
			t.Fatalf("build the registry: %v\n%s", err, out)
		}
	}
	cmd := exec.Command(binary)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(address)
}

func pack(t *testing.T, word string) (*bytes.Reader, *bundle.Info) {
	t.Helper()
	dir := t.TempDir()
	hello, err := os.ReadFile("../../../../docs/examples/hello.wasm")
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"hello.wasm":     bytes.Replace(hello, []byte("hello\n"), []byte(word+"\n"), 1),
		"stackhost.toml": []byte("name = \"shop\"\nversion = \"1.0.0\"\n[modules.hello]\npath = \"hello.wasm\"\n[[routes]]\npath = \"/\"\nmodule = \"hello\"\n"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	a, err := app.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	info, err := bundle.Pack(a, &b)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(b.Bytes()), info
}

// TestARealRegistry pushes to and pulls from a registry in a process of its own.
func TestARealRegistry(t *testing.T) {
	address := startRegistry(t)
	ctx := t.Context()
	archive, info := pack(t, "hello")
	key, err := bundle.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := key.Sign(info.Digest)
	if err != nil {
		t.Fatal(err)
	}
	reference := address + "/team/shop:1.0.0"
	pushed, err := Push(ctx, reference, archive, info, Signature{key.ID(), signed}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{reference, "oci://" + reference, address + "/team/shop@" + pushed.Digest} {
		var got bytes.Buffer
		pulled, err := Pull(ctx, from, &got, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if pulled.Digest != pushed.Digest || pulled.Bundle != info.Digest || pulled.Size != int64(got.Len()) {
			t.Errorf("%s: %+v, want %+v", from, pulled, pushed)
		}
		if err := bundle.VerifySignature(key.Public(), pulled.Bundle, pulled.Signature.Bytes); err != nil || pulled.Signature.Key != key.ID() {
			t.Errorf("signature: %+v, %v", pulled.Signature, err)
		}
		if m, err := bundle.Unpack(bytes.NewReader(got.Bytes()), pulled.Bundle, filepath.Join(t.TempDir(), "x")); err != nil || m.App != "shop" {
			t.Errorf("%s: %+v, %v", from, m, err)
		}
	}
	archive.Seek(0, io.SeekStart)
	again, err := Push(ctx, reference, archive, info, Signature{key.ID(), signed}, Options{})
	if err != nil || again.Digest != pushed.Digest {
		t.Errorf("the same bundle gives another artifact: %+v, %v", again, err)
	}
	other, otherInfo := pack(t, "howdy")
	moved, err := Push(ctx, reference, other, otherInfo, Signature{}, Options{})
	if err != nil || moved.Digest == pushed.Digest {
		t.Fatalf("%+v, %v", moved, err)
	}
	if pulled, err := Pull(ctx, reference, io.Discard, Options{}); err != nil || pulled.Bundle != otherInfo.Digest || pulled.Signature.Key != "" {
		t.Errorf("a tag that moved: %+v, %v", pulled, err)
	}
	if _, err := Pull(ctx, address+"/team/shop:none", io.Discard, Options{}); err == nil || !strings.Contains(err.Error(), "tag") {
		t.Errorf("a tag that is not there: %v", err)
	}
	foreign(t, ctx, address+"/team/image:1")
	if _, err := Pull(ctx, address+"/team/image:1", io.Discard, Options{}); !errors.Is(err, bundle.ErrInvalid) || !strings.Contains(err.Error(), "example/other") {
		t.Errorf("another kind of artifact: %v", err)
	}
}

// foreign pushes an artifact that is no bundle.
func foreign(t *testing.T, ctx context.Context, reference string) {
	t.Helper()
	repo, err := remote.NewRepository(reference)
	if err != nil {
		t.Fatal(err)
	}
	repo.PlainHTTP = true
	m, err := oras.PackManifest(ctx, repo, oras.PackManifestVersion1_1, "example/other", oras.PackManifestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := repo.Tag(ctx, m, "1"); err != nil {
		t.Fatal(err)
	}
}

// TestARegistryThatLies puts a proxy that changes one byte of each bundle before a registry.
func TestARegistryThatLies(t *testing.T) {
	address := startRegistry(t)
	archive, info := pack(t, "hello")
	if _, err := Push(t.Context(), address+"/shop:1", archive, info, Signature{}, Options{}); err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req, err := http.NewRequest(r.Method, "http://"+address+r.URL.String(), nil)
		if err != nil {
			t.Error(err)
			return
		}
		req.Header = r.Header
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Error(err)
			return
		}
		defer res.Body.Close()
		for k, v := range res.Header {
			w.Header()[k] = v
		}
		w.WriteHeader(res.StatusCode)
		b, _ := io.ReadAll(res.Body)
		if strings.Contains(r.URL.Path, "/blobs/") && len(b) > 10 {
			b[10] ^= 1
		}
		w.Write(b)
	}))
	defer proxy.Close()
	if _, err := Pull(t.Context(), strings.TrimPrefix(proxy.URL, "http://")+"/shop:1", io.Discard, Options{}); !errors.Is(err, bundle.ErrInvalid) {
		t.Errorf("changed on its way: %v", err)
	}
}

func TestReferencesThatCannotBe(t *testing.T) {
	archive, info := pack(t, "hello")
	for _, reference := range []string{"shop", "http://x/y", "localhost:1/UPPER:1", "localhost:1/a@sha256:" + strings.Repeat("0", 64)} {
		if _, err := Push(t.Context(), reference, archive, info, Signature{}, Options{}); err == nil || !strings.HasPrefix(err.Error(), "oci: ") {
			t.Errorf("%s: %v", reference, err)
		}
	}
}
