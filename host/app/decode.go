package app

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stackhost/stackhost/router"
)

// maxManifestBytes bounds the work for one manifest.
const maxManifestBytes = 1 << 20

// Parse makes an App of a manifest. file says where it lies: paths in it are relative to its folder. The error is of type Errors.
func Parse(file string, src []byte) (*App, error) { return parse(file, src, false) }

func parse(file string, src []byte, bundled bool) (*App, error) {
	shown := relative(file)
	if len(src) > maxManifestBytes {
		return nil, Errors{{File: shown, Line: 1, Column: 1, Message: "the manifest is longer than " + sizeText(maxManifestBytes)}}
	}
	root, bad := parseTOML(shown, src)
	if bad != nil {
		return nil, Errors{bad}
	}
	v := &validator{file: shown}
	v.check(&item{value: root}, manifestShape, "")
	d := &decoder{validator: v, bundled: bundled, app: &App{ManifestPath: file, Folder: filepath.Dir(file)}}
	d.manifest(root)
	d.conflicts()
	if len(v.problems) > 0 {
		slices.SortStableFunc(v.problems, func(a, b *ManifestError) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
		})
		return nil, v.problems
	}
	return d.app, nil
}

// relative shortens a path for people when it lies below the working folder.
func relative(file string) string {
	if wd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(wd, file); err == nil && !strings.HasPrefix(rel, "..") {
			return rel
		}
	}
	return file
}

// decoder turns a tree into an App and checks what a shape cannot say. Values of the wrong type count as missing: the validator
// has told of them.
type decoder struct {
	*validator
	app     *App
	bundled bool                // modules are where a bundle has them
	routes  map[string]position // by name
}

func (d *decoder) manifest(root *tree) {
	r := reader{root}
	a := d.app
	a.Name, a.Version, a.Description = r.str("name", ""), r.str("version", ""), r.str("description", "")
	server := r.sub("server")
	a.Server = Server{Body: server.size("body", 16<<20), Time: server.duration("time", 30*time.Second), Compress: server.flag("compress", true)}
	quota := r.sub("quota")
	a.Quota = Quota{Bytes: quota.size("bytes", 0), Keys: quota.number("keys", 0), Ops: quota.number("ops", 0)}
	defaults := limits(r.sub("limits"), Limits{})
	modules := r.sub("modules")
	for _, name := range modules.keys() {
		a.Modules = append(a.Modules, d.module(name, modules.item(name), defaults))
	}
	for _, m := range a.Modules {
		functions := modules.sub(m.Name).sub("extism").list("functions")
		for i, it := range functions {
			fr := it.reader()
			d.reference(fr.item("module"), fmt.Sprintf("modules.%s.extism.functions[%d].module", m.Name, i))
			if ref := fr.str("module", ""); ref == m.Name && ref != "" {
				d.add(fr.item("module").pos, "modules."+m.Name+".extism.functions", "name another module", "module %q cannot answer its own host functions", ref)
			}
		}
	}
	for i, it := range r.list("commands") {
		c := it.reader()
		where := fmt.Sprintf("commands[%d]", i)
		d.reference(c.item("module"), where+".module")
		next := &Command{
			Name: c.str("name", ""), Module: c.str("module", ""), Usage: c.str("usage", ""), Help: c.str("help", ""), Pos: d.position(it),
			Time: c.duration("time", time.Hour),
		}
		if a.Command(next.Name) != nil {
			d.add(c.item("name").pos, where+".name", "give it another name", "there is a command %q already", next.Name)
		}
		a.Commands = append(a.Commands, next)
	}
	d.routes = map[string]position{}
	d.routing(r, "", group{})
}

func limits(r reader, def Limits) Limits {
	return Limits{
		Memory: r.size("memory", def.Memory), Fuel: r.number("fuel", def.Fuel), Stack: r.size("stack", def.Stack),
		HostCalls: r.number("host_calls", def.HostCalls), Response: r.size("response", def.Response), Log: r.size("log", def.Log),
		Outbound: r.size("outbound", def.Outbound), Time: r.duration("time", def.Time), Wait: r.duration("wait", def.Wait),
		Concurrency: int(r.number("concurrency", int64(def.Concurrency))),
	}
}

func (d *decoder) position(it *item) router.Position {
	if it == nil {
		return router.Position{File: d.file, Line: 1, Column: 1}
	}
	return router.Position{File: d.file, Line: it.keyPos.line, Column: it.keyPos.column}
}

func (d *decoder) module(name string, it *item, defaults Limits) *Module {
	r := it.reader()
	m := &Module{
		Name: name, Pos: d.position(it), Language: r.str("language", ""), Build: r.str("build", ""), Engine: r.str("engine", ""),
		Isolation: r.str("isolation", "pristine"), Args: r.strings("args"), Env: r.table("env"), Secrets: r.table("secrets"),
		Limits: limits(r.sub("limits"), defaults), Config: map[string]any{},
	}
	if c := r.sub("config"); c.t != nil {
		m.Config = (&item{value: c.t}).plain().(map[string]any)
	}
	where := "modules." + name
	switch {
	case d.bundled:
		d.bundledModule(m)
	case m.Engine != "":
		m.Source = d.inside(r.item("source"), where+".source", aFile)
	default:
		m.Source = d.inside(r.item("source"), where+".source", aFolder)
	}
	switch {
	case d.bundled:
	case r.item("source") != nil:
		m.Path = d.inside(r.item("path"), where+".path", aFileToBe)
	default:
		m.Path = d.inside(r.item("path"), where+".path", aFile)
	}
	grants := r.sub("grants")
	if f := grants.sub("fetch"); f.t != nil {
		m.Fetch = &FetchGrant{
			Hosts: f.strings("hosts"), Private: f.flag("private", false), Methods: f.strings("methods"), Timeout: f.duration("timeout", 0),
			MaxResponse: f.size("max_response", 0), Concurrency: int(f.number("concurrency", 0)),
		}
	}
	m.KV, m.Cache, m.Lock, m.Blob = grants.strings("kv"), grants.strings("cache"), grants.strings("lock"), grants.strings("blob")
	m.Secret = grants.strings("secret")
	files := grants.sub("files")
	for _, guest := range files.keys() {
		if m.Files == nil {
			m.Files = map[string]string{}
		}
		m.Files[guest] = d.inside(files.item(guest), where+".grants.files."+guest, aFolder)
	}
	if e := r.sub("extism"); e.t != nil {
		m.Extism = extism(e)
	}
	return m
}

func extism(e reader) *Extism {
	x := &Extism{
		Function: e.str("function", "handle"), Middleware: e.str("middleware", ""), Job: e.str("job", ""), AllowedHosts: e.strings("allowed_hosts"),
		Private: e.flag("private", false), Config: e.table("config"), MaxVars: e.size("max_vars", 1<<20), MaxHTTPResponse: e.size("max_http_response", 50<<20),
	}
	for _, it := range e.list("functions") {
		f := it.reader()
		x.Functions = append(x.Functions, ExtismFunction{f.str("name", ""), f.str("namespace", "extism:host/user"), f.str("module", "")})
	}
	return x
}

// want says what a path must lead to.
type want int

const (
	aFile want = iota
	aFolder
	aFileToBe // a build makes it
)

// inside makes a path of the manifest absolute and refuses one that leaves the app's folder, by dots or by a link.
func (d *decoder) inside(it *item, key string, what want) string {
	p, ok := it.str()
	if !ok || p == "" {
		return ""
	}
	return d.below(d.app.Folder, "the app's folder", it.pos, p, key, what)
}

// below does the same for any folder.
func (d *decoder) below(folder, called string, pos position, p, key string, what want) string {
	if !filepath.IsLocal(p) || strings.ContainsRune(p, 0) {
		d.add(pos, key, "move it inside, and write a path relative to "+ManifestName, "%s: %s leaves %s", key, quote(p), called)
		return ""
	}
	abs := filepath.Join(folder, p)
	if d.leaves(folder, abs) {
		d.add(pos, key, "put the files themselves there", "%s: %s leads out of %s through a link", key, quote(p), called)
		return ""
	}
	info, err := os.Stat(abs)
	switch {
	case err != nil && what == aFileToBe && errors.Is(err, os.ErrNotExist):
	case err != nil && errors.Is(err, os.ErrNotExist):
		d.add(pos, key, d.similarFile(abs), "%s: %s does not exist", key, quote(p))
	case err != nil:
		d.add(pos, key, "", "%s: %s cannot be read: %v", key, quote(p), errors.Unwrap(err))
	case what == aFolder && !info.IsDir():
		d.add(pos, key, "name the folder that it is in", "%s: %s is not a folder", key, quote(p))
	case what != aFolder && info.IsDir():
		d.add(pos, key, "name a file in it", "%s: %s is a folder", key, quote(p))
	}
	return abs
}

// leaves tells whether the longest part of abs that exists leads out of folder through links.
func (d *decoder) leaves(folder, abs string) bool {
	base, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return false // then nothing below it exists
	}
	for at := abs; len(at) > len(folder); at = filepath.Dir(at) {
		real, err := filepath.EvalSymlinks(at)
		if err != nil {
			if target, err := os.Readlink(at); err == nil { // a link to nothing, or in a circle: judge where it points to
				if !filepath.IsAbs(target) {
					target = filepath.Join(filepath.Dir(at), target)
				}
				rel, err := filepath.Rel(folder, target)
				return err != nil || !filepath.IsLocal(rel)
			}
			continue
		}
		rel, err := filepath.Rel(base, real)
		return err != nil || !filepath.IsLocal(rel)
	}
	return false
}

// similarFile suggests a file beside the one that does not exist.
func (d *decoder) similarFile(abs string) string {
	entries, err := os.ReadDir(filepath.Dir(abs))
	if err == nil {
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		if n := nearest(filepath.Base(abs), names); n != "" {
			return fmt.Sprintf("did you mean %q?", n)
		}
	}
	if filepath.Ext(abs) == ".wasm" {
		return `build it first, or add source = "folder" so that stackhost can`
	}
	return "the path is relative to " + ManifestName
}

// reference checks that it names a module.
func (d *decoder) reference(it *item, key string) {
	name, ok := it.str()
	if !ok || d.app.Module(name) != nil {
		return
	}
	known := make([]string, len(d.app.Modules))
	for i, m := range d.app.Modules {
		known[i] = m.Name
	}
	hint := "add a table [modules." + name + "]"
	if n := nearest(name, known); n != "" {
		hint = fmt.Sprintf("did you mean %q?", n)
	} else if !matches(nameShape().pattern, name) {
		hint = "name one of [modules]"
	}
	d.add(it.pos, key, hint, "there is no module %s", quote(name))
}
