package app

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stackhost/stackhost/router"
)

// group is what the groups around a route add up to. The zero value is that of a route in no group.
type group struct {
	prefix, host string
	middleware   []string // outermost first
	body         int64
	time         time.Duration
}

// routing flattens the routes, static folders, redirects and groups of a table. at is the table's path in the manifest.
func (d *decoder) routing(r reader, at string, g group) {
	for i, it := range r.list("routes") {
		d.route(it.reader(), fmt.Sprintf("%s[%d]", join(at, "routes"), i), g)
	}
	for i, it := range r.list("static") {
		d.static(it.reader(), fmt.Sprintf("%s[%d]", join(at, "static"), i), g)
	}
	for i, it := range r.list("redirects") {
		d.redirect(it.reader(), fmt.Sprintf("%s[%d]", join(at, "redirects"), i), g)
	}
	for i, it := range r.list("groups") {
		inner, key := it.reader(), fmt.Sprintf("%s[%d]", join(at, "groups"), i)
		limits := inner.sub("limits")
		d.routing(inner, key, group{
			prefix: g.prefix + inner.str("prefix", ""), host: inner.str("host", g.host), middleware: d.middleware(inner, key, g),
			body: limits.size("body", g.body), time: limits.duration("time", g.time),
		})
	}
}

// middleware returns the chain of a table: that of the groups around it, then its own.
func (d *decoder) middleware(r reader, key string, g group) []string {
	chain := slices.Clone(g.middleware)
	for i, it := range r.list("middleware") {
		at := fmt.Sprintf("%s.middleware[%d]", key, i)
		d.reference(it, at)
		name, ok := it.str()
		if ok && slices.Contains(chain, name) {
			where := "in this list"
			if slices.Contains(g.middleware, name) {
				where = "for the group"
			}
			d.add(it.pos, at, "keep one of them", "middleware %q already runs %s", name, where)
		}
		chain = append(chain, name)
	}
	return chain
}

// target begins a route: everything but what it leads to. nil when the pattern is none.
func (d *decoder) target(r reader, patternKey, key string, g group) *Target {
	it := r.item(patternKey)
	p, ok := it.str()
	limits := r.sub("limits")
	t := &Target{
		Pattern: withGroup(p, g), Pos: d.position(it), Name: r.str("name", ""), Middleware: d.middleware(r, key, g),
		Body: limits.size("body", g.body), Time: limits.duration("time", g.time), key: key + "." + patternKey,
	}
	if !ok || !matches(pattern.pattern, p) {
		return nil
	}
	return t
}

func (d *decoder) route(r reader, key string, g group) {
	d.reference(r.item("module"), key+".module")
	t := d.target(r, "path", key, g)
	if t == nil {
		return
	}
	t.Module = r.str("module", "")
	if s := r.sub("static"); s.t != nil {
		t.Static = d.files(s, r.item("path"), t.Pattern, key+".static")
	}
	if s := r.sub("redirect"); s.t != nil {
		t.Redirect = d.redirection(s, t.Pattern, key+".redirect")
	}
	if t.Name != "" {
		name := r.item("name")
		if first, taken := d.routes[t.Name]; taken {
			d.add(name.pos, key+".name", "choose another", "the name %s is taken by the route at line %d", quote(t.Name), first.line)
		} else {
			d.routes[t.Name] = name.pos
		}
	}
	methods := r.strings("methods")
	if len(methods) == 0 {
		d.app.Routes = append(d.app.Routes, t)
		return
	}
	if own, _, _ := splitPattern(t.Pattern); own != "" {
		d.add(r.item("methods").keyPos, key+".methods", "keep one of them", "the path names the method %s already", own)
	}
	for i, m := range methods {
		if slices.Contains(methods[:i], m) {
			d.add(r.list("methods")[i].pos, fmt.Sprintf("%s.methods[%d]", key, i), "", "method %s is in the list already", quote(m))
			continue
		}
		one := *t
		one.Pattern = m + " " + t.Pattern
		if matches(method.pattern, m) {
			d.app.Routes = append(d.app.Routes, &one)
		}
	}
}

func (d *decoder) static(r reader, key string, g group) {
	t := d.target(r, "path", key, g)
	s := d.files(r, r.item("path"), withGroup(r.str("path", "/"), g), key)
	if t != nil {
		t.Static = s
		d.app.Routes = append(d.app.Routes, t)
	}
}

// files reads a static folder that answers a pattern.
func (d *decoder) files(r reader, at *item, pattern, key string) *Static {
	_, _, path := splitPattern(pattern)
	if at != nil && !d.told(at.pos) && (!strings.HasSuffix(path, "/") || strings.ContainsAny(path, "{}")) {
		d.add(at.pos, key, `write it like "/assets/"`, "the path of a static folder, %s, must end in a slash and have no wildcards", quote(path))
	}
	s := &Static{
		Prefix: path, Dir: d.inside(r.item("dir"), key+".dir", aFolder), Index: r.str("index", "index.html"), SPA: r.str("spa", ""),
		Cache: r.str("cache", ""), Precompressed: r.flag("precompressed", true), Dotfiles: r.flag("dotfiles", false),
	}
	if s.SPA != "" && s.Dir != "" {
		d.below(s.Dir, "the static folder", r.item("spa").pos, s.SPA, key+".spa", aFile)
	}
	return s
}

func (d *decoder) redirect(r reader, key string, g group) {
	t := d.target(r, "from", key, g)
	if t == nil {
		return
	}
	t.Redirect = d.redirection(r, t.Pattern, key)
	d.app.Routes = append(d.app.Routes, t)
}

// redirection reads the target of a redirect and checks that the wildcards in it are in the pattern too.
func (d *decoder) redirection(r reader, pattern, key string) *Redirect {
	to := r.str("to", "")
	var known []string
	_, _, path := splitPattern(pattern)
	eachWildcard(path, func(name string) string { known = append(known, name); return "" })
	eachWildcard(to, func(name string) string {
		hint := "known are " + strings.Join(known, ", ")
		if n := nearest(name, known); n != "" {
			hint = fmt.Sprintf("did you mean {%s}?", n)
		} else if len(known) == 0 {
			hint = "the pattern has no wildcards"
		}
		if !slices.Contains(known, name) {
			d.add(r.item("to").pos, key+".to", hint, "there is no wildcard {%s} in %s", name, quote(pattern))
		}
		return ""
	})
	if to == path && !strings.ContainsAny(to, "{}") {
		d.add(r.item("to").pos, key+".to", "", "%s redirects to itself", quote(to))
	}
	return &Redirect{To: to, Status: int(r.number("status", 308))}
}

// eachWildcard replaces every {name} and {name...} of text by what f returns for it. {$} is none.
func eachWildcard(text string, f func(name string) string) string {
	var b strings.Builder
	for {
		start := strings.IndexByte(text, '{')
		if start < 0 {
			break
		}
		end := strings.IndexByte(text[start:], '}')
		if end < 0 {
			break
		}
		b.WriteString(text[:start])
		if name := strings.TrimSuffix(text[start+1:start+end], "..."); name != "$" {
			b.WriteString(f(name))
		}
		text = text[start+end+1:]
	}
	b.WriteString(text)
	return b.String()
}

// splitPattern takes a pattern apart. What has no slash is all host.
func splitPattern(pattern string) (method, host, path string) {
	if i := strings.IndexAny(pattern, " \t"); i >= 0 {
		method, pattern = pattern[:i], strings.TrimLeft(pattern[i:], " \t")
	}
	if i := strings.IndexByte(pattern, '/'); i >= 0 {
		return method, pattern[:i], pattern[i:]
	}
	return method, pattern, ""
}

// withGroup puts a group's host and prefix into a pattern.
func withGroup(pattern string, g group) string {
	method, host, path := splitPattern(pattern)
	if method != "" {
		method += " "
	}
	if host == "" {
		host = g.host
	}
	return method + host + g.prefix + path
}

// conflicts compiles the routes to find patterns that have no meaning or collide.
func (d *decoder) conflicts() {
	_, err := d.app.Table()
	var all interface{ Unwrap() []error }
	if !errors.As(err, &all) {
		return
	}
	for _, problem := range all.Unwrap() {
		var e *router.RouteError
		if !errors.As(problem, &e) {
			continue
		}
		hint := "make one of them more specific, or remove it"
		switch {
		case errors.Is(e, router.ErrPattern):
			hint = "write it like " + pattern.example
		case errors.Is(e, router.ErrShadowed):
			hint = "remove it"
		case errors.Is(e, router.ErrTooMany):
			hint = ""
		}
		pos := position{e.Route.Pos.Line, e.Route.Pos.Column}
		d.add(pos, e.Route.Value.(*Target).key, hint, "%s", strings.TrimPrefix(e.Error(), e.Route.Pos.String()+": "))
	}
}
