package app

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/stackhost/stackhost/router"
)

var update = flag.Bool("update", false, "rewrite the expected output")

// TestManifests reads every testdata/*.txtar: an app folder, and in the file "want" what it comes to, or its problems and whether
// the JSON Schema finds fault with it too. "links" makes symbolic links, "name -> target" on each line.
func TestManifests(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	schema := compileSchema(t)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			var source, want []byte
			at := -1
			for i, f := range archive.Files {
				switch f.Name {
				case "want":
					want, at = f.Data, i
					continue
				case "links":
					for line := range strings.Lines(string(f.Data)) {
						name, target, _ := strings.Cut(strings.TrimSpace(line), " -> ")
						makeFolder(t, filepath.Join(dir, name))
						if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
							t.Fatal(err)
						}
					}
					continue
				case ManifestName:
					source = f.Data
				}
				makeFolder(t, filepath.Join(dir, f.Name))
				if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			app, err := Load(dir)
			var problems Errors
			var got string
			switch {
			case err == nil:
				got = describe(app)
				if fault := validate(schema, source); fault != nil {
					t.Errorf("the schema refuses it: %v", fault)
				}
			case errors.As(err, &problems):
				got = problems.Text(source)
				if len(problems) > 0 && !strings.HasPrefix(problems[0].Message, "this is not TOML") {
					got += "schema: "
					if validate(schema, source) == nil {
						got += "accepts it\n"
					} else {
						got += "refuses it too\n"
					}
				}
			default:
				t.Fatal(err)
			}
			got = strings.ReplaceAll(got, dir, "APP")
			if got == string(want) {
				return
			}
			if !*update {
				t.Fatalf("got:\n%s\nwant:\n%s", got, want)
			}
			if at < 0 {
				archive.Files = append(archive.Files, txtar.File{Name: "want"})
				at = len(archive.Files) - 1
			}
			archive.Files[at].Data = []byte(got)
			if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func makeFolder(t testing.TB, file string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
}

func compileSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(Schema())))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(SchemaID, doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(SchemaID)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// validate checks a manifest as an editor would: as JSON. It returns the fault.
func validate(schema *jsonschema.Schema, source []byte) error {
	var whole map[string]any
	if err := toml.Unmarshal(source, &whole); err != nil {
		return err
	}
	b, err := json.Marshal(whole)
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(b)))
	if err != nil {
		return err
	}
	return schema.Validate(v)
}

// describe writes what is not zero of an App, a value on each line.
func describe(a *App) string {
	var b strings.Builder
	dump(&b, "app", reflect.ValueOf(*a))
	return b.String()
}

func dump(b *strings.Builder, path string, v reflect.Value) {
	if v.IsZero() {
		return
	}
	switch value := v.Interface().(type) {
	case time.Duration:
		fmt.Fprintf(b, "%s = %v\n", path, value)
		return
	case router.Position:
		fmt.Fprintf(b, "%s = %d:%d\n", path, value.Line, value.Column)
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		dump(b, path, v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				dump(b, path+"."+f.Name, v.Field(i))
			}
		}
	case reflect.Slice:
		if list, ok := v.Interface().([]string); ok {
			fmt.Fprintf(b, "%s = %q\n", path, list)
			return
		}
		for i := range v.Len() {
			dump(b, fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	case reflect.Map:
		keys := map[string]reflect.Value{}
		for _, k := range v.MapKeys() {
			keys[k.String()] = v.MapIndex(k)
		}
		for _, k := range slices.Sorted(maps.Keys(keys)) {
			dump(b, path+"."+k, keys[k])
		}
	case reflect.String:
		fmt.Fprintf(b, "%s = %q\n", path, v.String())
	default:
		fmt.Fprintf(b, "%s = %v\n", path, v.Interface())
	}
}
