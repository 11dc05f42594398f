package app

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stackhost/stackhost/router"
)

// Parse makes an App of a manifest. file says where it lies: paths in it are relative to its folder.
func Parse(file string, src []byte) (*App, error) {
	shown := relative(file)
	root, bad := parseTOML(shown, src)
	if bad != nil {
		return nil, Errors{bad}
	}
	v := &validator{file: shown}
	v.check(&item{value: root}, manifestShape, "")
	d := &decoder{validator: v, app: &App{ManifestPath: file, Folder: filepath.Dir(file)}}
	if len(v.problems) == 0 { // references and files mean something only in a manifest of the right shape
		d.manifest(root)
	}
	if len(v.problems) > 0 {
		slices.SortStableFunc(v.problems, func(a, b *ManifestError) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
		})
		return nil, v.problems
	}
	if _, err := d.app.Table(); err != nil {
		return nil, err
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

// decoder turns a tree of the right shape into an App and checks what a shape cannot say.
type decoder struct {
	*validator
	app *App
}

// reader gives typed access to a table whose shape was checked.
type reader struct{ t *tree }

func (r reader) item(key string) *item {
	if r.t == nil {
		return nil
	}
	return r.t.entries[key]
}

func (r reader) str(key, def string) string {
	if it := r.item(key); it != nil {
		return it.value.(string)
	}
	return def
}

func (r reader) flag(key string, def bool) bool {
	if it := r.item(key); it != nil {
		return it.value.(bool)
	}
	return def
}

func (r reader) number(key string, def int64) int64 {
	if it := r.item(key); it != nil {
		return it.value.(int64)
	}
	return def
}

func (r reader) size(key string, def int64) int64 {
	if it := r.item(key); it != nil {
		def, _ = parseSize(it.value)
	}
	return def
}

func (r reader) duration(key string, def time.Duration) time.Duration {
	if it := r.item(key); it != nil {
		def, _ = parseDuration(it.value)
	}
	return def
}

func (r reader) sub(key string) reader {
	if it := r.item(key); it != nil {
		return reader{it.value.(*tree)}
	}
	return reader{}
}

func (r reader) list(key string) []*item {
	if it := r.item(key); it != nil {
		return it.value.([]*item)
	}
	return nil
}

func (r reader) strings(key string) (out []string) {
	for _, it := range r.list(key) {
		out = append(out, it.value.(string))
	}
	return out
}

func (r reader) table(key string) map[string]string {
	inner := r.sub(key)
	if inner.t == nil {
		return nil
	}
	out := map[string]string{}
	for _, k := range inner.t.keys {
		out[k] = inner.str(k, "")
	}
	return out
}

func (d *decoder) manifest(root *tree) {
	r := reader{root}
	a := d.app
	a.Name, a.Version, a.Description = r.str("name", ""), r.str("version", ""), r.str("description", "")
	server := r.sub("server")
	a.Server = Server{Body: server.size("body", 16<<20), Time: server.duration("time", 30*time.Second), Compress: server.flag("compress", true)}
	defaults := limits(r.sub("limits"), Limits{})
	if it := r.item("modules"); it != nil {
		modules := it.value.(*tree)
		for _, name := range modules.keys {
			a.Modules = append(a.Modules, d.module(name, modules.entries[name], defaults))
		}
	}
	for _, m := range a.Modules {
		if m.Extism == nil {
			continue
		}
		for i, f := range m.Extism.Functions {
			d.reference(root.get("modules", m.Name, "extism", "functions", i, "module"), f.Module)
		}
	}
	for _, it := range r.list("routes") {
		d.route(it, group{})
	}
	for _, it := range r.list("groups") {
		g := reader{it.value.(*tree)}
		outer := group{prefix: g.str("prefix", ""), host: g.str("host", ""), middleware: d.middleware(g), limits: g.sub("limits")}
		if outer.prefix != "" && (outer.prefix[0] != '/' || strings.HasSuffix(outer.prefix, "/")) {
			d.add(g.item("prefix").pos, "prefix", "write it like \"/admin\"", "a prefix begins with a slash and ends without one")
		}
		for _, inner := range g.list("routes") {
			d.route(inner, outer)
		}
	}
	for _, it := range r.list("static") {
		d.static(it)
	}
	for _, it := range r.list("redirects") {
		d.redirect(it)
	}
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
	return router.Position{File: d.file, Line: it.keyPos.line, Column: it.keyPos.column}
}

func (d *decoder) module(name string, it *item, defaults Limits) *Module {
	r := reader{it.value.(*tree)}
	m := &Module{
		Name: name, Pos: d.position(it), Language: r.str("language", ""), Build: r.str("build", ""), Engine: r.str("engine", ""),
		Isolation: r.str("isolation", "pristine"), Args: r.strings("args"), Env: r.table("env"), Secrets: r.table("secrets"),
		Limits: limits(r.sub("limits"), defaults), Config: map[string]any{},
	}
	if c := r.item("config"); c != nil {
		m.Config = c.plain().(map[string]any)
	}
	path, source := r.item("path"), r.item("source")
	where := "modules." + name
	switch {
	case path != nil && source != nil:
		d.add(source.keyPos, where, "keep one of them", "%s has both path and source", where)
	case path == nil && source == nil:
		d.add(it.keyPos, where, `add path = "module.wasm", or source = "folder"`, "%s says neither path nor source", where)
	case path != nil && (m.Engine != "" || m.Build != "" || m.Language != ""):
		d.add(path.keyPos, where, "use source instead of path", "%s: engine, build and language are about a source", where)
	case path != nil:
		m.Path = d.inside(path, where+".path", false, false)
	default:
		m.Source = d.inside(source, where+".source", true, m.Engine == "")
		if m.Engine != "" && (m.Build != "" || m.Language != "") {
			d.add(source.keyPos, where, "", "%s: an engine runs the source; there is nothing to build", where)
		}
	}
	for _, k := range keys(r.sub("secrets")) {
		ref := r.sub("secrets").item(k)
		kind, rest, ok := strings.Cut(ref.value.(string), ":")
		if !ok || kind != "env" && kind != "file" || rest == "" {
			d.add(ref.pos, where+".secrets."+k, `write "env:VARIABLE" or "file:path"`, "secret %q is not a reference; secrets do not belong into the manifest", k)
		}
	}
	grants := r.sub("grants")
	if f := grants.sub("fetch"); f.t != nil {
		m.Fetch = &FetchGrant{
			Hosts: f.strings("hosts"), Private: f.flag("private", false), Methods: f.strings("methods"), Timeout: f.duration("timeout", 0),
			MaxResponse: f.size("max_response", 0), Concurrency: int(f.number("concurrency", 0)),
		}
	}
	for _, guest := range keys(grants.sub("files")) {
		it := grants.sub("files").item(guest)
		if !strings.HasPrefix(guest, "/") {
			d.add(it.keyPos, where+".grants.files", `write "/data" = "folder"`, "the guest's path %q does not begin with a slash", guest)
		}
		if m.Files == nil {
			m.Files = map[string]string{}
		}
		m.Files[guest] = d.inside(it, where+".grants.files", true, true)
	}
	if e := r.sub("extism"); e.t != nil {
		m.Extism = &Extism{
			Function: e.str("function", "handle"), Middleware: e.str("middleware", ""), Job: e.str("job", ""), AllowedHosts: e.strings("allowed_hosts"),
			Private: e.flag("private", false), Config: e.table("config"), MaxVars: e.size("max_vars", 1<<20), MaxHTTPResponse: e.size("max_http_response", 50<<20),
		}
		for _, f := range e.list("functions") {
			fr := reader{f.value.(*tree)}
			m.Extism.Functions = append(m.Extism.Functions, ExtismFunction{fr.str("name", ""), fr.str("namespace", "extism:host/user"), fr.str("module", "")})
		}
	}
	return m
}

func keys(r reader) []string {
	if r.t == nil {
		return nil
	}
	return r.t.keys
}

// inside makes a path of the manifest absolute and refuses one that leaves the app's folder, by dots or by a link.
func (d *decoder) inside(it *item, key string, mustExist, folder bool) string {
	p := it.value.(string)
	if !filepath.IsLocal(p) {
		d.add(it.pos, key, "", "%s: %q leaves the app's folder", key, p)
		return ""
	}
	abs := filepath.Join(d.app.Folder, p)
	info, err := os.Stat(abs)
	if err != nil {
		if mustExist || !os.IsNotExist(err) {
			d.add(it.pos, key, "the path is relative to "+ManifestName, "%s: %q does not exist", key, p)
		}
		return abs
	}
	if folder && !info.IsDir() {
		d.add(it.pos, key, "", "%s: %q is not a folder", key, p)
	}
	real, err := filepath.EvalSymlinks(abs)
	base, baseErr := filepath.EvalSymlinks(d.app.Folder)
	if err == nil && baseErr == nil {
		if rel, err := filepath.Rel(base, real); err != nil || !filepath.IsLocal(rel) {
			d.add(it.pos, key, "", "%s: %q leads out of the app's folder through a link", key, p)
		}
	}
	return abs
}

// reference checks that a module exists.
func (d *decoder) reference(it *item, name string) {
	if d.app.Module(name) != nil {
		return
	}
	known := make([]string, len(d.app.Modules))
	for i, m := range d.app.Modules {
		known[i] = m.Name
	}
	hint := "add [modules." + name + "]"
	if n := nearest(name, known); n != "" {
		hint = fmt.Sprintf("did you mean %q?", n)
	}
	d.add(it.pos, name, hint, "there is no module %q", name)
}

func (d *decoder) middleware(r reader) (out []string) {
	for _, it := range r.list("middleware") {
		name := it.value.(string)
		d.reference(it, name)
		out = append(out, name)
	}
	return out
}

type group struct {
	prefix, host string
	middleware   []string
	limits       reader
}

func (d *decoder) route(it *item, g group) {
	r := reader{it.value.(*tree)}
	own := r.sub("limits")
	t := &Target{
		Pattern: withGroup(r.str("path", ""), g), Pos: d.position(r.item("path")), Name: r.str("name", ""), Module: r.str("module", ""),
		Middleware: append(slices.Clone(g.middleware), d.middleware(r)...),
		Body:       own.size("body", g.limits.size("body", 0)), Time: own.duration("time", g.limits.duration("time", 0)),
	}
	d.reference(r.item("module"), t.Module)
	d.app.Routes = append(d.app.Routes, t)
}

// withGroup puts a group's host and prefix into a pattern.
func withGroup(pattern string, g group) string {
	method, rest, ok := strings.Cut(pattern, " ")
	if !ok {
		method, rest = "", pattern
	} else {
		method += " "
	}
	slash := strings.IndexByte(rest, '/')
	if slash < 0 {
		return pattern // refused when the routes are compiled
	}
	host, path := rest[:slash], rest[slash:]
	if host == "" {
		host = g.host
	}
	return method + host + g.prefix + path
}

func (d *decoder) static(it *item) {
	r := reader{it.value.(*tree)}
	path := r.item("path")
	s := &Static{Prefix: path.value.(string), Dir: d.inside(r.item("dir"), "static.dir", true, true), Index: r.str("index", "index.html"), SPA: r.str("spa", ""), Cache: r.str("cache", "")}
	if !strings.HasPrefix(s.Prefix, "/") || !strings.HasSuffix(s.Prefix, "/") || strings.ContainsAny(s.Prefix, "{} ") {
		d.add(path.pos, "static.path", `write it like "/assets/"`, "the path of a static folder begins and ends with a slash and has no wildcards")
	}
	d.app.Routes = append(d.app.Routes, &Target{Pattern: s.Prefix, Pos: d.position(path), Static: s, Middleware: d.middleware(r)})
}

func (d *decoder) redirect(it *item) {
	r := reader{it.value.(*tree)}
	status := int(r.number("status", 308))
	if !slices.Contains([]int{301, 302, 303, 307, 308}, status) {
		d.add(r.item("status").pos, "redirects.status", "use 308 for moved, 307 for now and then", "%d is not a status of a redirect", status)
	}
	d.app.Routes = append(d.app.Routes, &Target{Pattern: r.str("from", ""), Pos: d.position(r.item("from")), Redirect: &Redirect{To: r.str("to", ""), Status: status}})
}
