// Package app reads an app folder: its manifest stackhost.toml becomes an App, a plain description of modules, routes, static
// folders and limits that the host then loads. Every problem is told with file, line, column and a suggestion.
//
//	a, err := app.Load("plugins/welcome")
//	var problems app.Errors
//	if errors.As(err, &problems) { ... problems.Text(source) ... }
//
// manifestShape (spec.go) describes the manifest once; the validator, the JSON Schema (Schema) and docs/manifest.md (Document)
// follow from it. Groups become flat routes whose middleware chains begin with the outermost group's. Secrets stay references
// until Module.ResolveSecrets; their values are never in an App, an error or an excerpt. The package opens no modules and serves
// nothing.
package app

import (
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stackhost/stackhost/router"
)

// ManifestName is the manifest's file name.
const ManifestName = "stackhost.toml"

// App is a manifest that holds together. Read-only after Load.
type App struct {
	Folder       string // absolute
	ManifestPath string
	Name         string
	Version      string
	Description  string
	Modules      []*Module // in the order of the file
	Routes       []*Target // flattened: groups, static folders and redirects included
	Commands     []*Command
	Server       Server
	Quota        Quota
}

// Quota is what an app may keep and do; 0 is no bound.
type Quota struct {
	Bytes, Keys int64
	Ops         int64 // a second, on each node
}

// Module is one module of an App. With Source alone, or with Source and Engine, something has to be built or bundled first; with
// Path and Source, Path holds the last build, if there was one.
type Module struct {
	Name      string
	Pos       router.Position
	Path      string // absolute .wasm file
	Source    string // absolute folder or, with Engine, file
	Language  string // "" to tell from the files
	Build     string // shell command; "" for the language's own
	Engine    string // "js"
	Program   string // absolute file in an unpacked bundle: the program that Engine runs, ready-made
	Isolation string // "pristine", "reuse" or "fresh"
	Args      []string
	Env       map[string]string
	Config    map[string]any
	Secrets   map[string]string // references, not values
	Limits    Limits
	Fetch     *FetchGrant
	Files     map[string]string // guest path -> absolute folder
	KV        []string          // namespaces, with ":read" after those for reading only; "*" is all
	Cache     []string
	Lock      []string
	Blob      []string
	Secret    []string // names of the cluster's secrets
	Extism    *Extism
}

// Stores tells whether the module is granted something of the replicated store.
func (m *Module) Stores() bool {
	return len(m.KV)+len(m.Cache)+len(m.Lock)+len(m.Blob)+len(m.Secret) > 0
}

// Output is the file that holds the module's WebAssembly: Path, or where a build of Source puts it.
func (m *Module) Output(buildDir string) string {
	if m.Path != "" {
		return m.Path
	}
	return filepath.Join(buildDir, m.Name+".wasm")
}

// Limits of a module. Zero means the default. Sizes are in bytes.
type Limits struct {
	Memory, Fuel, Stack, HostCalls, Response, Log, Outbound int64
	Time, Wait                                              time.Duration
	Concurrency                                             int
}

// FetchGrant is what a module may reach by HTTP.
type FetchGrant struct {
	Hosts       []string
	Private     bool
	Methods     []string
	Timeout     time.Duration
	MaxResponse int64
	Concurrency int
}

// Extism are the settings of a plug-in.
type Extism struct {
	Function, Middleware, Job string
	AllowedHosts              []string
	Private                   bool
	Config                    map[string]string
	MaxVars, MaxHTTPResponse  int64
	Functions                 []ExtismFunction
}

// ExtismFunction is a user host function that another module answers.
type ExtismFunction struct{ Name, Namespace, Module string }

// Target is what a route leads to: exactly one of Module, Static and Redirect is set.
type Target struct {
	Pattern    string
	Pos        router.Position
	Name       string
	Module     string
	Static     *Static
	Redirect   *Redirect
	Middleware []string      // outermost first
	Body       int64         // bytes; 0: Server.Body
	Time       time.Duration // 0: Server.Time

	key string // path of the pattern in the manifest
}

// Command is a console command that a module answers.
type Command struct {
	Name, Module, Usage, Help string
	Pos                       router.Position
	Time                      time.Duration
}

// Command returns the command of that name, or nil.
func (a *App) Command(name string) *Command {
	for _, c := range a.Commands {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Static is a folder of files.
type Static struct {
	Prefix        string // of the paths it answers; begins and ends with a slash
	Dir           string // absolute
	Index         string // "-" for none
	SPA           string // in Dir; "" for none
	Cache         string // Cache-Control; "" for the default
	Precompressed bool
	Dotfiles      bool
}

// Redirect sends clients elsewhere.
type Redirect struct {
	To     string // with {name} for wildcards
	Status int
}

// Location returns the value of the Location header field for a request with these wildcards. Values are escaped, and whatever they
// hold, the result stays on the host that To names.
func (r *Redirect) Location(params []router.Param) string {
	if !strings.Contains(r.To, "{") {
		return r.To
	}
	to := eachWildcard(r.To, func(name string) string {
		for _, p := range params {
			if p.Name == name {
				segments := strings.Split(p.Value, "/")
				for i, s := range segments {
					segments[i] = url.PathEscape(s)
				}
				return strings.Join(segments, "/")
			}
		}
		return ""
	})
	if strings.HasPrefix(r.To, "/") { // "//name" would be another host
		return "/" + strings.TrimLeft(to, "/")
	}
	return to
}

// Server are the settings of the HTTP front.
type Server struct {
	Body     int64 // bytes
	Time     time.Duration
	Compress bool
}

// Module returns the module called name, or nil.
func (a *App) Module(name string) *Module {
	for _, m := range a.Modules {
		if m.Name == name {
			return m
		}
	}
	return nil
}

// Table compiles the routes. Errors name both places.
func (a *App) Table() (*router.Table, error) {
	routes := make([]router.Route, len(a.Routes))
	for i, t := range a.Routes {
		routes[i] = router.Route{Pattern: t.Pattern, Pos: t.Pos, Value: t}
	}
	return router.Compile(routes)
}

// Watched are the files and folders that the app is made of, for a development server: absolute, each once.
func (a *App) Watched() []string {
	paths := []string{a.ManifestPath}
	for _, m := range a.Modules {
		if m.Path != "" {
			paths = append(paths, m.Path)
		}
		if m.Source != "" {
			paths = append(paths, m.Source)
		}
		for _, folder := range m.Files {
			paths = append(paths, folder)
		}
		for _, ref := range m.Secrets {
			if file, ok := strings.CutPrefix(ref, "file:"); ok {
				paths = append(paths, fromFolder(a.Folder, file))
			}
		}
	}
	for _, t := range a.Routes {
		if t.Static != nil {
			paths = append(paths, t.Static.Dir)
		}
	}
	slices.Sort(paths[1:])
	return slices.Compact(paths)
}

// Find returns the manifest's path for what a user gave on the command line: a folder or the file itself.
func Find(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(abs)
	if err != nil {
		return "", err
	}
	if info.IsDir() {
		abs = filepath.Join(abs, ManifestName)
		if _, err := os.Stat(abs); errors.Is(err, fs.ErrNotExist) {
			return "", Errors{{File: relative(abs), Line: 1, Column: 1, Message: "there is no manifest", Suggestion: "make one with `stackhost new`, or give the app's folder"}}
		} else if err != nil {
			return "", err
		}
	}
	return abs, nil
}

// Load reads the app in a folder (or of a manifest file). Problems of the manifest are Errors; others are of the file system.
func Load(path string) (*App, error) {
	file, err := Find(path)
	if err != nil {
		return nil, err
	}
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return Parse(file, src)
}
