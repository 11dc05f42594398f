// Package scaffold makes the folder of a new app: a manifest, a program of a few lines and the SDK's sources beside it, so that it
// builds without anything to download.
package scaffold

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stackhost/stackhost/sdk"
)

//go:embed all:templates
var templates embed.FS

// ErrNotEmpty is returned when the folder has files already.
var ErrNotEmpty = errors.New("scaffold: the folder is not empty")

// sdkFiles tells which folder of the SDKs goes beside a language's program. Go's is an archive.
var sdkFiles = map[string]string{"go": "", "rust": "rust", "assemblyscript": "assemblyscript", "js": "js", "c": "c", "zig": "zig"}

// Languages lists what New can make.
func Languages() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(sdkFiles)) {
		if _, err := fs.Stat(templates, "templates/"+name); err == nil {
			names = append(names, name)
		}
	}
	return names
}

var appName = regexp.MustCompile(`^[a-z](-?[a-z0-9])*$`)

// New makes an app called name in folder, which must not exist or be empty. It returns the files it wrote, relative to folder.
func New(folder, name, language string) ([]string, error) {
	if !appName.MatchString(name) {
		return nil, fmt.Errorf("scaffold: %q is not a name: lower-case letters, digits and single dashes, beginning with a letter", name)
	}
	if !slices.Contains(Languages(), language) {
		return nil, fmt.Errorf("scaffold: no template for language %q; there are %s", language, strings.Join(Languages(), ", "))
	}
	if entries, err := os.ReadDir(folder); err == nil && len(entries) > 0 {
		return nil, fmt.Errorf("%w: %s", ErrNotEmpty, folder)
	}
	files := map[string][]byte{}
	if err := fromTemplates(files, name, language); err != nil {
		return nil, err
	}
	if err := addSDK(files, language); err != nil {
		return nil, err
	}
	files["stackhost.toml"] = manifest(name, language)
	files[".gitignore"] = []byte(".stackhost/\nnode_modules/\ntarget/\n")
	names := slices.Sorted(maps.Keys(files))
	for _, path := range names {
		full := filepath.Join(folder, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(full, files[path], 0o644); err != nil {
			return nil, err
		}
	}
	return names, nil
}

func fromTemplates(files map[string][]byte, name, language string) error {
	root := "templates/" + language
	return fs.WalkDir(templates, root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := templates.ReadFile(path)
		if err != nil {
			return err
		}
		t, err := template.New(path).Parse(string(text))
		if err != nil {
			return err
		}
		var b bytes.Buffer
		if err := t.Execute(&b, struct{ Name string }{name}); err != nil {
			return err
		}
		files["app/"+strings.TrimSuffix(strings.TrimPrefix(path, root+"/"), ".tmpl")] = b.Bytes()
		return nil
	})
}

func addSDK(files map[string][]byte, language string) error {
	if language == "go" {
		for _, f := range txtar.Parse(sdk.Go).Files {
			files["app/stackhost/"+f.Name] = f.Data
		}
		return nil
	}
	root := sdkFiles[language]
	return fs.WalkDir(sdk.Files, root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files["app/stackhost/"+strings.TrimPrefix(path, root+"/")], err = sdk.Files.ReadFile(path)
		return err
	})
}

func manifest(name, language string) []byte {
	module := fmt.Sprintf("source = \"app\"\nlanguage = %q\n", language)
	if language == "js" {
		module = "engine = \"js\"\nsource = \"app/main.ts\"\n"
	}
	return fmt.Appendf(nil, "name = %q\n\n[modules.site]\n%s\n# The module has a router of its own, so it gets every request.\n[[routes]]\npath = \"/\"\nmodule = \"site\"\n", name, module)
}
