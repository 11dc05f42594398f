package app

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stackhost/stackhost/router"
)

// write makes an app folder; names that end in a slash are folders.
func write(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		at := filepath.Join(dir, name)
		if strings.HasSuffix(name, "/") {
			at = filepath.Join(at, "file")
		}
		makeFolder(t, at)
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLoadTakesFolderOrFile(t *testing.T) {
	dir := write(t, map[string]string{ManifestName: `name = "a"`})
	for _, path := range []string{dir, filepath.Join(dir, ManifestName)} {
		a, err := Load(path)
		if err != nil || a.Name != "a" || a.Folder != dir || a.ManifestPath != filepath.Join(dir, ManifestName) {
			t.Errorf("%s: got %+v, %v", path, a, err)
		}
	}
	_, err := Load(t.TempDir())
	var problems Errors
	if !errors.As(err, &problems) || !strings.Contains(err.Error(), "there is no manifest; make one with `stackhost new`") {
		t.Errorf("got %v", err)
	}
	if _, err := Load(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestErrorsAreForProgramsToo(t *testing.T) {
	source := "name = \"a\"\nrouts = 1\n"
	_, err := Load(write(t, map[string]string{ManifestName: source}))
	var one *ManifestError
	if !errors.As(err, &one) {
		t.Fatalf("got %v", err)
	}
	one.File = "f"
	b, err := json.Marshal(Errors{one})
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"file":"f","line":2,"column":1,"key":"routs","message":"key \"routs\" is unknown","suggestion":"did you mean \"routes\"?"}]`
	if string(b) != want {
		t.Errorf("got %s, want %s", b, want)
	}
	if got := one.Error(); got != `f:2:1: key "routs" is unknown; did you mean "routes"?` {
		t.Errorf("got %s", got)
	}
}

func TestExcerpt(t *testing.T) {
	for _, c := range []struct {
		name, source string
		line, column int
		want         string
	}{
		{"tab", "a\n\tb = 1", 2, 2, "    2 | \tb = 1\n      | \t^"},
		{"wide letters", `x = "äö", y`, 1, 12, "    1 | x = \"äö\", y\n      |          ^"},
		{"control", "x = \"\x1b[2J\"", 1, 1, "    1 | x = \"�[2J\"\n      | ^"},
		{"past the end", "a", 9, 1, ""},
		{"column past the end", "a", 1, 99, "    1 | a\n      |  ^"},
		{"long", strings.Repeat("a", 100) + "!" + strings.Repeat("b", 100), 1, 101,
			"    1 | …" + strings.Repeat("a", 60) + "!" + strings.Repeat("b", 59) + "…\n      | " + strings.Repeat(" ", 61) + "^"},
		{"secret", `secrets = { a = "hünter2", b = "env:B" }`, 1, 13, "    1 | secrets = { * = \"********\", * = \"env:B\" }\n      |             ^"},
		{"secret in lines", "secrets.k = \"\"\"\naHVudGVyMg==\n\"\"\" x", 2, 1, "    2 | aHVudGVyMg==\n      | ^"},
		{"secret section in lines", "[modules.a.secrets]\nk = \"\"\"\naHVudGVyMg==\n\"\"\" x", 3, 1, "    3 | **********==\n      | ^"},
		{"secret header", "[modules.a.secrets]\n\nkey = 'hunter2", 3, 1, "    3 | key = '*******\n      | ^"},
	} {
		e := &ManifestError{Line: c.line, Column: c.column}
		if got := e.Excerpt([]byte(c.source)); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

func TestResolveSecrets(t *testing.T) {
	dir := write(t, map[string]string{"key": "from a file\r\n", "long": strings.Repeat("x", maxSecretBytes+1)})
	t.Setenv("STACKHOST_TEST_SECRET", "from outside")
	m := &Module{Name: "m", Secrets: map[string]string{"a": "env:STACKHOST_TEST_SECRET", "b": "file:key", "c": "file:" + filepath.Join(dir, "key")}}
	got, err := m.ResolveSecrets(dir)
	if want := map[string]string{"a": "from outside", "b": "from a file", "c": "from a file"}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	for ref, want := range map[string]string{
		"env:STACKHOST_TEST_UNSET": `module m: secret "a": environment variable STACKHOST_TEST_UNSET is not set`,
		"file:none":                "no such file",
		"file:long":                "longer than",
		"hunter2":                  "not a reference",
	} {
		m.Secrets = map[string]string{"a": ref}
		if _, err := m.ResolveSecrets(dir); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v", ref, err)
		}
	}
}

// A secret that someone wrote where a reference belongs is in no message.
func TestSecretsAreNotShown(t *testing.T) {
	for _, secrets := range []string{
		"[modules.a.secrets]\nkey = \"hunter2\"",
		"[modules.a]\nsecrets = { key = \"hunter2\", other = \"sk:hunter2\" }",
		"[modules.a]\nsecrets.key = \"hunter2\"",
		"[modules.a]\nsecrets = \"hunter2\"",
		"[modules.a]\nsecret = \"hunter2\"",
		"[modules.a]\nsecrets.key = 'hunter2' x",
		"[modules.a.secrets]\nkey = \"hunter2",
		"[modules.a.secrets]\nkey = hunter2",
	} {
		source := "name = \"a\"\n" + secrets + "\n"
		_, err := Load(write(t, map[string]string{ManifestName: source}))
		var problems Errors
		if !errors.As(err, &problems) {
			t.Fatalf("%s: got %v", secrets, err)
		}
		b, _ := json.Marshal(problems)
		if all := err.Error() + problems.Text([]byte(source)) + string(b); strings.Contains(all, "hunter2") {
			t.Errorf("%s: shown in\n%s", secrets, all)
		}
	}
}

func TestTable(t *testing.T) {
	a, err := Load(write(t, map[string]string{"m.wasm": "", ManifestName: `
name = "a"
[modules.m]
path = "m.wasm"
[[routes]]
path = "/users/{id}"
methods = ["GET", "PUT"]
module = "m"
`}))
	if err != nil {
		t.Fatal(err)
	}
	table, err := a.Table()
	if err != nil {
		t.Fatal(err)
	}
	var params router.Params
	m := table.Match("PUT", "x", "/users/7", &params)
	if m.Outcome != router.Found || m.Route.Value.(*Target).Module != "m" || params.Get("id") != "7" {
		t.Errorf("got %+v", m)
	}
	if a.Module("m") == nil || a.Module("none") != nil {
		t.Error("Module finds the wrong one")
	}
}

func TestWatched(t *testing.T) {
	dir := write(t, map[string]string{"m.wasm": "", "src/": "", "public/": "", "data/": "", "key": "k", ManifestName: `
name = "a"
[modules.m]
path = "m.wasm"
source = "src"
secrets = { key = "file:key" }
[modules.m.grants]
files = { "/data" = "data" }
[[static]]
path = "/"
dir = "public"
[[static]]
path = "/again/"
dir = "public"
`})
	a, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, name := range []string{ManifestName, "data", "key", "m.wasm", "public", "src"} {
		want = append(want, filepath.Join(dir, name))
	}
	if got := a.Watched(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := a.Module("m").Output("out"); got != filepath.Join(dir, "m.wasm") {
		t.Errorf("got %s", got)
	}
	if got := (&Module{Name: "x", Source: "y"}).Output("out"); got != filepath.Join("out", "x.wasm") {
		t.Errorf("got %s", got)
	}
}

func TestRedirectLocation(t *testing.T) {
	params := []router.Param{{Name: "a", Value: "x y/z"}, {Name: "evil", Value: "/evil.example"}, {Name: "back", Value: `\evil.example`}, {Name: "crlf", Value: "a\r\nb: c"}}
	for _, c := range []struct{ to, want string }{
		{"/new", "/new"},
		{"/new/{a}/end", "/new/x%20y/z/end"},
		{"/{a...}", "/x%20y/z"},
		{"/{evil}", "/evil.example"},
		{"/{back}", "/%5Cevil.example"},
		{"/{crlf}", "/a%0D%0Ab:%20c"},
		{"https://example.com/{a}?q={a}", "https://example.com/x%20y/z?q=x%20y/z"},
	} {
		if got := (&Redirect{To: c.to}).Location(params); got != c.want {
			t.Errorf("%s: got %s, want %s", c.to, got, c.want)
		}
	}
}

func TestPublished(t *testing.T) {
	for _, c := range []struct {
		file string
		want []byte
	}{{"../../docs/manifest.md", Document()}, {"../../docs/manifest.schema.json", Schema()}} {
		got, err := os.ReadFile(c.file)
		if err == nil && string(got) == string(c.want) {
			continue
		}
		if !*update {
			t.Errorf("%s is not current; run go generate ./host/app", c.file)
		} else if err := os.WriteFile(c.file, c.want, 0o644); err != nil {
			t.Error(err)
		}
	}
}

// Every example of the reference is an app that loads, once the files that it names are there.
func TestExamplesLoad(t *testing.T) {
	schema := compileSchema(t)
	blocks := strings.Split(string(Document()), "```toml\n")[1:]
	if len(blocks) < 6 {
		t.Fatalf("%d examples", len(blocks))
	}
	for _, block := range blocks {
		source, _, _ := strings.Cut(block, "```")
		if err := validate(schema, []byte(source)); err != nil {
			t.Errorf("%v in\n%s", err, source)
		}
		dir := t.TempDir()
		var err error
		for range 10 { // each round makes what the one before missed
			_, err = Parse(filepath.Join(dir, ManifestName), []byte(source))
			var problems Errors
			if !errors.As(err, &problems) {
				break
			}
			for _, p := range problems {
				_, rest, _ := strings.Cut(p.Message, `: "`)
				name, what, _ := strings.Cut(rest, `" `)
				if what != "does not exist" {
					t.Fatalf("%v in\n%s", p, source)
				}
				if filepath.Ext(name) != "" {
					makeFolder(t, filepath.Join(dir, name))
					err = os.WriteFile(filepath.Join(dir, name), nil, 0o600)
				} else {
					err = os.MkdirAll(filepath.Join(dir, name), 0o700)
				}
				if err != nil && !errors.Is(err, os.ErrExist) {
					t.Fatal(err)
				}
				if strings.HasSuffix(p.Key, ".dir") { // so that a fallback is there as well
					if err := os.WriteFile(filepath.Join(dir, name, "index.html"), nil, 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if err != nil {
			t.Errorf("%v in\n%s", err, source)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"routes", "redirects", "static", "modules"}
	for word, want := range map[string]string{"routs": "routes", "rotues": "routes", "Modules": "modules", "statics": "static", "xyz": "", "": "", strings.Repeat("r", 1000): ""} {
		if got := nearest(word, known); got != want {
			t.Errorf("%s: got %q, want %q", word, got, want)
		}
	}
}

func TestLongManifestIsRefused(t *testing.T) {
	if _, err := Parse("f", make([]byte, maxManifestBytes+1)); err == nil || !strings.Contains(err.Error(), "longer than 1MiB") {
		t.Errorf("got %v", err)
	}
	deep := "name = \"a\"\n[modules.a]\nconfig = { a = " + strings.Repeat("[", 500_000)
	if _, err := Parse("f", []byte(deep)); err == nil {
		t.Error("deep nesting was accepted")
	}
}

// FuzzParse checks that any text gives an App whose routes compile, or errors that lie within it; and that an App's manifest passes
// the schema.
func FuzzParse(f *testing.F) {
	cases, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range cases {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		_, source, _ := strings.Cut(string(b), "-- "+ManifestName+" --\n")
		source, _, _ = strings.Cut(source, "\n-- ")
		f.Add(source)
	}
	schema := compileSchema(f)
	dir := write(f, map[string]string{"m.wasm": "", "dir/": ""})
	f.Fuzz(func(t *testing.T, source string) {
		a, err := Parse(filepath.Join(dir, ManifestName), []byte(source))
		var problems Errors
		switch {
		case err == nil:
			if _, err := a.Table(); err != nil {
				t.Fatal(err)
			}
			a.Watched()
			if fault := validate(schema, []byte(source)); fault != nil && !strings.Contains(fault.Error(), "unsupported value") { // JSON has no NaN
				t.Fatalf("the schema refuses what Parse takes: %v", fault)
			}
		case errors.As(err, &problems) && len(problems) > 0:
			lines := strings.Count(source, "\n") + 1
			for _, p := range problems {
				if p.Line < 1 || p.Line > lines || p.Column < 1 || p.Message == "" {
					t.Fatalf("no such place: %v", p)
				}
			}
			problems.Text([]byte(source))
		default:
			t.Fatalf("got %v", err)
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	dir := write(b, map[string]string{"m.wasm": "", "public/": "", ManifestName: `
name = "a"
[modules.m]
path = "m.wasm"
[modules.m.grants]
fetch = { hosts = ["api.example.com"] }
[[groups]]
prefix = "/api"
[[groups.routes]]
path = "/users/{id}"
methods = ["GET", "PUT", "DELETE"]
module = "m"
[[static]]
path = "/"
dir = "public"
`})
	for b.Loop() {
		if _, err := Load(dir); err != nil {
			b.Fatal(err)
		}
	}
}
