package engine

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// pretend is an engine whose module is text.
func pretend(text string) Engine {
	sum := sha256.Sum256([]byte(text))
	return Engine{Name: "test", Title: "Test", Version: "1.0.0", Package: "pretend", File: "lib/engine.wasm", Digest: hex.EncodeToString(sum[:])}
}

func archive(t *testing.T, name, text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, f := range [][2]string{{"package/package.json", "{}"}, {name, text}} {
		if err := w.WriteHeader(&tar.Header{Name: f[0], Mode: 0o644, Size: int64(len(f[1])), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(f[1]))
	}
	w.Close()
	z.Close()
	return b.Bytes()
}

func TestInstall(t *testing.T) {
	const text = "the engine"
	e := pretend(text)
	archived := archive(t, "package/lib/engine.wasm", text)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/e.tgz" {
			http.NotFound(w, r)
			return
		}
		w.Write(archived)
	}))
	defer server.Close()
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, tt := range []struct {
		name, from string
		err        error
		text       string
	}{
		{"module", write("e.wasm", []byte(text)), nil, ""},
		{"package", write("e.tgz", archived), nil, ""},
		{"URL", server.URL + "/e.tgz", nil, ""},
		{"another module", write("x.wasm", []byte("another")), ErrDigest, ""},
		{"package without it", write("x.tgz", archive(t, "package/other", text)), nil, "has no package/lib/engine.wasm"},
		{"truncated package", write("y.tgz", archived[:len(archived)/2]), nil, "install engine test"},
		{"missing file", filepath.Join(dir, "none"), os.ErrNotExist, ""},
		{"missing URL", server.URL + "/none", nil, "404"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := NewStore(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			err = s.Install(t.Context(), e, tt.from)
			if tt.err == nil && tt.text == "" {
				got, readErr := s.Wasm(e)
				if err != nil || readErr != nil || string(got) != text {
					t.Errorf("got %q, %v, %v", got, err, readErr)
				}
				return
			}
			if err == nil || tt.err != nil && !errors.Is(err, tt.err) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("got %v, want %v %s", err, tt.err, tt.text)
			}
			var missing *MissingError
			if _, err := s.Wasm(e); !errors.As(err, &missing) || missing.Command() != "stackhost engine install test" {
				t.Errorf("a refused engine is there: %v", err)
			}
		})
	}
}

func TestWasmChecksTheDigest(t *testing.T) {
	e := pretend("right")
	s, err := NewStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.save(e, []byte("right")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.Path(e), []byte("changed"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Wasm(e); !errors.Is(err, ErrDigest) {
		t.Errorf("a changed engine was accepted: %v", err)
	}
	file := filepath.Join(t.TempDir(), "given.wasm")
	os.WriteFile(file, []byte("right"), 0o644)
	t.Setenv("STACKHOST_ENGINE_TEST", file)
	if b, err := s.Wasm(e); err != nil || string(b) != "right" {
		t.Errorf("the given file: %q, %v", b, err)
	}
}

func TestRegistry(t *testing.T) {
	for _, e := range All() {
		if got, ok := Lookup(e.Name); !ok || got.Digest != e.Digest || len(e.Digest) != 64 || e.Dialect == "" || e.Version == "" {
			t.Errorf("%+v is incomplete", e)
		}
	}
	if _, ok := Lookup("cobol"); ok {
		t.Error("an unknown engine was found")
	}
}

func TestBundle(t *testing.T) {
	e, _ := Lookup("js")
	dir := t.TempDir()
	for name, text := range map[string]string{
		"app.tsx":                       `import { twice } from "./lib"; import pkg from "pkg"; import { router } from "stackhost"; const h = (n: string) => n; export default [twice(2), pkg, router, <b>x</b>]; declare const React: any;`,
		"lib.ts":                        "export const twice = (n: number): number => n * 2;\nexport const unused = 'dead code';\n",
		"node_modules/pkg/package.json": `{"name": "pkg", "module": "m.js"}`,
		"node_modules/pkg/m.js":         `export default "from a package"`,
		"bad.ts":                        "export default {\n  fetch() { return 1 + ; }\n}\n",
		"missing.ts":                    `import "nowhere"; export default 1;`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p, err := Bundle(e, filepath.Join(dir, "app.tsx"))
	if err != nil {
		t.Fatal(err)
	}
	source := string(p.Source)
	if !strings.Contains(source, "from a package") || !strings.Contains(source, GlobalName) || strings.Contains(source, "dead code") || p.Name != "app.bundle.js" || len(p.Map) == 0 {
		t.Errorf("got %s: %s", p.Name, source)
	}
	if len(p.Inputs) != 3 || !strings.HasSuffix(p.Inputs[1], "lib.ts") {
		t.Errorf("inputs: got %q", p.Inputs)
	}
	var bad *BundleError
	if _, err := Bundle(e, filepath.Join(dir, "bad.ts")); !errors.As(err, &bad) || bad.Messages[0].Line != 2 || bad.Messages[0].File != "bad.ts" {
		t.Errorf("bad.ts: got %v", err)
	}
	if _, err := Bundle(e, filepath.Join(dir, "missing.ts")); !errors.As(err, &bad) || !strings.Contains(err.Error(), `"nowhere"`) {
		t.Errorf("missing.ts: got %v", err)
	}
	if _, err := Bundle(e, filepath.Join(dir, "none.ts")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("none.ts: got %v", err)
	}
}
