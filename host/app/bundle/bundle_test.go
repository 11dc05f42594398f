package bundle

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stackhost/stackhost/host/app"
)

// shop is an app with a built module, a module of an engine, static files, granted files and much that must stay at home.
func shop(t *testing.T, dir string) *app.App {
	t.Helper()
	wasm, err := os.ReadFile("../../../docs/examples/hello.wasm")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"stackhost.toml": `name = "shop"
version = "1.2.3"
[modules.api]
source = "api"
[modules.page]
source = "page/main.ts"
engine = "js"
[modules.page.grants.files]
"/data" = "data"
[[routes]]
path = "/api"
module = "api"
[[routes]]
path = "/page"
module = "page"
[[static]]
path = "/"
dir = "public"
`,
		"api/main.go": "package main // SOURCE", "page/main.ts": "export default { fetch(): Response { return new Response('hi') } }",
		".stackhost/api.wasm": string(wasm), ".stackhost/cache": "CACHE", ".env": "SECRET", "public/index.html": "<p>shop", "public/deep/a.css": "a{}",
		"public/.secret": "SECRET", "public/.well-known/x": "known", "data/rates.json": "{}", "data/.hidden": "taken: a module may want it",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a, err := app.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestTheSameFolderGivesTheSameBytes(t *testing.T) {
	var first, second bytes.Buffer
	a, err := Pack(shop(t, t.TempDir()), &first)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Pack(shop(t, t.TempDir()), &second)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) || a.Digest != b.Digest {
		t.Error("two folders with the same files give different bundles")
	}
	if sum := sha256.Sum256(first.Bytes()); hex.EncodeToString(sum[:]) != a.Digest || a.Size != int64(first.Len()) {
		t.Error("digest and size are not those of the archive")
	}
	var paths []string
	for _, f := range a.Manifest.Files {
		paths = append(paths, f.Path)
	}
	want := []string{".stackhost/api.wasm", ".stackhost/page.js", ".stackhost/page.js.map", "data/.hidden", "data/rates.json",
		"public/.well-known/x", "public/deep/a.css", "public/index.html", "stackhost.toml"}
	if !slices.Equal(paths, want) {
		t.Errorf("files\n%q, want\n%q", paths, want)
	}
	if !slices.Equal(a.Manifest.Engines, []string{"js 3.6.2"}) {
		t.Errorf("engines %q", a.Manifest.Engines)
	}
	changed := shop(t, t.TempDir())
	os.WriteFile(filepath.Join(changed.Folder, "public/index.html"), []byte("<p>shoP"), 0o600)
	if c, err := Pack(changed, new(bytes.Buffer)); err != nil || c.Digest == a.Digest {
		t.Errorf("another file gives the same digest (%v)", err)
	}
}

func TestUnpackedBundleIsAnApp(t *testing.T) {
	a := shop(t, t.TempDir())
	file := filepath.Join(t.TempDir(), "shop.bundle")
	info, err := PackFile(a, file)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	dir := filepath.Join(t.TempDir(), "bundles", info.Digest)
	m, err := Unpack(f, info.Digest, dir)
	if err != nil || m.App != "shop" || m.Version != "1.2.3" {
		t.Fatalf("%+v, %v", m, err)
	}
	got, err := app.LoadBundle(dir)
	if err != nil {
		t.Fatal(err)
	}
	api, page := got.Module("api"), got.Module("page")
	if api.Source != "" || page.Source != "" || api.Output("") != filepath.Join(dir, ".stackhost/api.wasm") {
		t.Errorf("modules %+v %+v", api, page)
	}
	if program, err := os.ReadFile(page.Program); err != nil || !bytes.Contains(program, []byte("hi")) {
		t.Errorf("program: %v", err)
	}
	if len(got.Routes) != len(a.Routes) {
		t.Errorf("%d routes, want %d", len(got.Routes), len(a.Routes))
	}
	if again, err := Pack(a, new(bytes.Buffer)); err != nil || again.Digest != info.Digest {
		t.Errorf("packing again: %v", err)
	}
}

func TestWhatCannotBeBundledSaysWhy(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, dir string)
		want  string
	}{
		"not built": {func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, ".stackhost/api.wasm")) }, "stackhost build"},
		"link": {func(t *testing.T, dir string) {
			if err := os.Symlink("index.html", filepath.Join(dir, "public/link")); err != nil {
				t.Skip(err)
			}
		}, "public/link is a symbolic link"},
	} {
		t.Run(name, func(t *testing.T) {
			a := shop(t, t.TempDir())
			c.spoil(t, a.Folder)
			file := filepath.Join(t.TempDir(), "out")
			if _, err := PackFile(a, file); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if left, _ := os.ReadDir(filepath.Dir(file)); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
	a := shop(t, t.TempDir())
	a.Modules[0].Secrets = map[string]string{"key": "file:keys/api"}
	if _, err := Pack(a, new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "secret") {
		t.Errorf("a secret in the app's folder: %v", err)
	}
}

// crafted is an archive of the entries given, with a manifest that lists files.
type crafted struct {
	manifest any // a *Manifest, or text
	headers  []tar.Header
	contents []string
}

func (c *crafted) bytes(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	described, ok := c.manifest.(string)
	if !ok {
		j, err := json.Marshal(c.manifest)
		if err != nil {
			t.Fatal(err)
		}
		described = string(j)
	}
	all := append([]tar.Header{{Name: ManifestName, Typeflag: tar.TypeReg}}, c.headers...)
	for i, content := range append([]string{described}, c.contents...) {
		h := all[i]
		h.Size, h.Mode = int64(len(content)), 0o644
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func listed(files ...string) *Manifest {
	m := &Manifest{Format: 1, App: "x"}
	for i := 0; i < len(files); i += 2 {
		sum := sha256.Sum256([]byte(files[i+1]))
		m.Files = append(m.Files, File{Path: files[i], Size: int64(len(files[i+1])), SHA256: hex.EncodeToString(sum[:])})
	}
	return m
}

func reg(names ...string) (h []tar.Header) {
	for _, n := range names {
		h = append(h, tar.Header{Name: n, Typeflag: tar.TypeReg})
	}
	return h
}

func TestMaliciousArchivesAreRefused(t *testing.T) {
	zeros := strings.Repeat("\x00", 1<<20)
	huge := listed("a", "1")
	huge.Files[0].Size = LimitFile + 1
	many := listed()
	for range 5 {
		many.Files = append(many.Files, File{Path: strings.Repeat("a", len(many.Files)+1), Size: LimitFile, SHA256: strings.Repeat("0", 64)})
	}
	lying := listed("a", "1")
	lying.Files[0].SHA256 = strings.Repeat("0", 64)
	future := listed()
	future.Format = 2
	for name, c := range map[string]crafted{
		"up":               {listed("../a", "1"), reg("../a"), []string{"1"}},
		"up in the middle": {listed("a/../../b", "1"), reg("a/../../b"), []string{"1"}},
		"absolute":         {listed("/etc/a", "1"), reg("/etc/a"), []string{"1"}},
		"backslash":        {listed(`a\b`, "1"), reg(`a\b`), []string{"1"}},
		"drive":            {listed(`c:a`, "1"), reg(`c:a`), []string{"1"}},
		"not clean":        {listed("a//b", "1"), reg("a//b"), []string{"1"}},
		"dot":              {listed(".", "1"), reg("."), []string{"1"}},
		"long path":        {listed(strings.Repeat("a/", 300)+"b", "1"), nil, nil},
		"its own name":     {listed(ManifestName, "1"), reg(ManifestName), []string{"1"}},
		"out of order":     {listed("b", "1", "a", "1"), reg("b", "a"), []string{"1", "1"}},
		"twice":            {listed("a", "1", "a", "1"), reg("a", "a"), []string{"1", "1"}},
		"file as folder":   {listed("a", "1", "a/b", "1"), reg("a", "a/b"), []string{"1", "1"}},
		"symbolic link":    {listed("a", ""), []tar.Header{{Name: "a", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}}, []string{""}},
		"hard link":        {listed("a", ""), []tar.Header{{Name: "a", Typeflag: tar.TypeLink, Linkname: "/etc/passwd"}}, []string{""}},
		"device":           {listed("a", ""), []tar.Header{{Name: "a", Typeflag: tar.TypeChar}}, []string{""}},
		"unlisted":         {listed("a", "1"), reg("a", "b"), []string{"1", "2"}},
		"missing":          {listed("a", "1", "b", "2"), reg("a"), []string{"1"}},
		"another name":     {listed("a", "1"), reg("b"), []string{"1"}},
		"another size":     {listed("a", "1"), reg("a"), []string{"11"}},
		"another byte":     {lying, reg("a"), []string{"1"}},
		"too long a file":  {huge, reg("a"), []string{"1"}},
		"too much":         {many, nil, nil},
		"newer format":     {future, nil, nil},
		"no manifest":      {"not json", nil, nil},
		"no app":           {`{"format":1}`, nil, nil},
		"bomb":             {`{"format":1,"app":"x"}` + strings.Repeat(" ", limitManifest), nil, nil},
		"trailing bomb":    {listed("a", "1"), reg("a", "z"), []string{"1", zeros}},
	} {
		t.Run(name, func(t *testing.T) {
			b := c.bytes(t)
			sum := sha256.Sum256(b)
			parent := t.TempDir()
			_, err := Unpack(bytes.NewReader(b), hex.EncodeToString(sum[:]), filepath.Join(parent, "in", "x"))
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("error %v, want one that refuses it", err)
			}
			left, _ := os.ReadDir(filepath.Join(parent, "in"))
			if above, _ := os.ReadDir(parent); len(left) != 0 || len(above) != 1 {
				t.Errorf("left behind: %v, %v", left, above)
			}
		})
	}
	good := crafted{listed("a/b", "1", "c", ""), reg("a/b", "c"), []string{"1", ""}}
	b := good.bytes(t)
	sum := sha256.Sum256(b)
	if _, err := Unpack(bytes.NewReader(b), hex.EncodeToString(sum[:]), filepath.Join(t.TempDir(), "x")); err != nil {
		t.Errorf("a good archive made the same way: %v", err)
	}
}

func TestAnyChangedBitIsSeen(t *testing.T) {
	good := crafted{listed("a", "some content of a file"), reg("a"), []string{"some content of a file"}}
	b := good.bytes(t)
	sum := sha256.Sum256(b)
	for i := range b {
		b[i] ^= 1 << (i % 8)
		if err := Verify(bytes.NewReader(b), hex.EncodeToString(sum[:])); !errors.Is(err, ErrInvalid) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		b[i] ^= 1 << (i % 8)
	}
	if err := Verify(bytes.NewReader(b[:len(b)-1]), hex.EncodeToString(sum[:])); !errors.Is(err, ErrInvalid) {
		t.Errorf("cut short: %v", err)
	}
}

func FuzzUnpack(f *testing.F) {
	good := crafted{listed("a", "1"), reg("a"), []string{"1"}}
	f.Add(good.bytes(&testing.T{}))
	f.Fuzz(func(t *testing.T, b []byte) {
		sum := sha256.Sum256(b)
		dir := filepath.Join(t.TempDir(), "x")
		if m, err := Unpack(bytes.NewReader(b), hex.EncodeToString(sum[:]), dir); err == nil && m.check() != nil {
			t.Error("unpacked what its own check refuses")
		}
	})
}

func TestSignatures(t *testing.T) {
	k, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "deploy.key")
	if err := k.Save(file); err != nil {
		t.Fatal(err)
	}
	if err := k.Save(file); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("a second key under the same name: %v", err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v, %v", info, err)
	}
	loaded, err := LoadKey(file)
	if err != nil || loaded.ID() != k.ID() {
		t.Fatalf("%v, %v", loaded, err)
	}
	public, err := LoadPublicKey(file + ".pub")
	if err != nil || KeyID(public) != k.ID() {
		t.Fatalf("%x, %v", public, err)
	}
	digest := strings.Repeat("ab", 32)
	signature, err := loaded.Sign(digest)
	if err != nil {
		t.Fatal(err)
	}
	if err := VerifySignature(public, digest, signature); err != nil {
		t.Error(err)
	}
	if err := VerifySignature(public, strings.Repeat("ac", 32), signature); !errors.Is(err, ErrInvalid) {
		t.Errorf("another digest: %v", err)
	}
	signature[3] ^= 1
	if err := VerifySignature(public, digest, signature); !errors.Is(err, ErrInvalid) {
		t.Errorf("another signature: %v", err)
	}
	if _, err := LoadKey(file + ".pub"); err == nil {
		t.Error("a public key was taken for a key")
	}
	if strings.Contains(k.String(), string(k.private)) {
		t.Error("the key's text holds the key")
	}
}
