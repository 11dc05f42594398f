package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// Program is an app's source as an engine takes it.
type Program struct {
	Name   string   // for messages: the entry file, with the extension .bundle.js
	Source []byte   // one script
	Map    []byte   // its source map (revision 3), nil when there is none
	Inputs []string // files that it was made from, absolute
}

// BundleError is returned when the source does not compile.
type BundleError struct {
	Entry    string
	Messages []BundleMessage
}

// BundleMessage is one complaint of the bundler. Line counts from 1, Column from 0; both are 0 when there is no place.
type BundleMessage struct {
	File, Text, Source string
	Line, Column       int
}

func (e *BundleError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s does not build", e.Entry)
	for _, m := range e.Messages {
		b.WriteString("\n  ")
		if m.File != "" {
			fmt.Fprintf(&b, "%s:%d:%d: ", m.File, m.Line, m.Column+1)
		}
		b.WriteString(m.Text)
		if m.Source != "" {
			b.WriteString("\n    " + m.Source)
		}
	}
	return b.String()
}

// GlobalName is the variable in which a bundled program leaves its exports.
const GlobalName = "__stackhost_app"

// Bundle makes one script of the JavaScript or TypeScript program whose first file is entry, with the npm packages that it
// imports from node_modules. The module "stackhost" is the runtime's own. It runs no package scripts and needs no Node.
func Bundle(e Engine, entry string) (*Program, error) {
	entry, err := filepath.Abs(entry)
	if err != nil {
		return nil, err
	}
	if e.Bundler == "" {
		source, err := os.ReadFile(entry)
		return &Program{Name: filepath.Base(entry), Source: source, Inputs: []string{entry}}, err
	}
	if _, err := os.Stat(entry); err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	name := strings.TrimSuffix(filepath.Base(entry), filepath.Ext(entry)) + ".bundle.js"
	result := api.Build(api.BuildOptions{
		EntryPoints: []string{entry}, AbsWorkingDir: filepath.Dir(entry), Outfile: filepath.Join(filepath.Dir(entry), name),
		Bundle: true, Write: false, Format: api.FormatIIFE, GlobalName: GlobalName, Platform: api.PlatformNeutral,
		Target: api.ES2023, MainFields: []string{"module", "main"}, Conditions: []string{"stackhost", "worker", "browser"},
		Sourcemap: api.SourceMapExternal, SourcesContent: api.SourcesContentExclude, TreeShaking: api.TreeShakingTrue,
		Charset: api.CharsetUTF8, LogLevel: api.LogLevelSilent, LegalComments: api.LegalCommentsNone,
		Define:  map[string]string{"process.env.NODE_ENV": `"production"`},
		Plugins: []api.Plugin{runtimeModule}, Metafile: true,
	})
	if len(result.Errors) > 0 {
		return nil, bundleError(entry, result.Errors)
	}
	p := &Program{Name: name}
	for _, f := range result.OutputFiles {
		if strings.HasSuffix(f.Path, ".map") {
			p.Map = f.Contents
		} else {
			p.Source = f.Contents
		}
	}
	p.Inputs = inputs(result.Metafile, filepath.Dir(entry))
	return p, nil
}

func bundleError(entry string, errors []api.Message) error {
	e := &BundleError{Entry: entry}
	for _, m := range errors {
		message := BundleMessage{Text: m.Text}
		if l := m.Location; l != nil {
			message.File, message.Line, message.Column, message.Source = l.File, l.Line, l.Column, strings.TrimSpace(l.LineText)
		}
		e.Messages = append(e.Messages, message)
	}
	return e
}

// runtimeModule resolves the module "stackhost" to what the runtime left in the global object.
var runtimeModule = api.Plugin{Name: "stackhost", Setup: func(b api.PluginBuild) {
	b.OnResolve(api.OnResolveOptions{Filter: `^stackhost$`}, func(api.OnResolveArgs) (api.OnResolveResult, error) {
		return api.OnResolveResult{Path: "stackhost", Namespace: "stackhost"}, nil
	})
	b.OnLoad(api.OnLoadOptions{Filter: `.*`, Namespace: "stackhost"}, func(api.OnLoadArgs) (api.OnLoadResult, error) {
		text := "module.exports = globalThis.stackhost"
		return api.OnLoadResult{Contents: &text}, nil
	})
}}
