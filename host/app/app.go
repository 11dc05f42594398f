// Package app reads an app folder: its manifest stackhost.toml becomes an App, a plain description of modules, routes, static
// folders and limits that the host then loads. Every problem is told with file, line, column and a suggestion.
//
// manifestShape (spec.go) describes the manifest once; the validator, the JSON Schema (Schema) and docs/manifest.md follow
// from it. The package opens no modules and serves nothing.
package app

import (
	"os"
	"path/filepath"
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
	Server       Server
}

// Module is one module of an App.
type Module struct {
	Name      string
	Pos       router.Position
	Path      string // absolute .wasm file; empty when it has to be built or run by an engine
	Source    string // absolute folder or, with Engine, file
	Language  string
	Build     string
	Engine    string
	Isolation string
	Args      []string
	Env       map[string]string
	Config    map[string]any
	Secrets   map[string]string // references, not values
	Limits    Limits
	Fetch     *FetchGrant
	Files     map[string]string // guest path -> absolute folder
	Extism    *Extism
}

// Output is the file that holds the module's WebAssembly: Path, or where a build of Source puts it.
func (m *Module) Output(buildDir string) string {
	if m.Path != "" {
		return m.Path
	}
	return filepath.Join(buildDir, m.Name+".wasm")
}

// Limits of a module. Zero means the default.
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
	Middleware []string // outermost first
	Body       int64    // bytes; 0: Server.Body
	Time       time.Duration
}

// Static is a folder of files.
type Static struct{ Prefix, Dir, Index, SPA, Cache string }

// Redirect sends clients elsewhere.
type Redirect struct {
	To     string // with {name} for wildcards
	Status int
}

// Server are the settings of the HTTP front.
type Server struct {
	Body     int64
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

// Watched are the files and folders that a change of the app may touch, for a development server.
func (a *App) Watched() []string {
	paths := []string{a.ManifestPath}
	for _, m := range a.Modules {
		if m.Path != "" {
			paths = append(paths, m.Path)
		}
		if m.Source != "" {
			paths = append(paths, m.Source)
		}
	}
	for _, t := range a.Routes {
		if t.Static != nil {
			paths = append(paths, t.Static.Dir)
		}
	}
	return paths
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
		if _, err := os.Stat(abs); err != nil {
			return "", &ManifestError{File: abs, Line: 1, Column: 1, Message: "there is no manifest", Suggestion: "make one with `stackhost new`, or give the app's folder"}
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
