// Package router finds the route of a request from its method, host and path.
//
// Patterns have the syntax and precedence of net/http.ServeMux (Go 1.22 and later): "GET example.com/users/{id}",
// "/files/{rest...}", "/exact/{$}", "/subtree/". A Table is compiled once, immutable, and safe for concurrent use; Router lets one
// take the place of another while requests run. Matching allocates nothing unless a segment is percent-encoded.
//
//	table, err := router.Compile([]router.Route{{Pattern: "GET /users/{id}", Value: handler}})
//	var params router.Params
//	m := table.Match("GET", "example.com", "/users/7", &params)
//
// The package runs no handlers and reads no bodies.
package router

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync/atomic"
)

// Position says where a route was written. The zero value is unknown.
type Position struct {
	File         string
	Line, Column int
}

// String returns file:line:column.
func (p Position) String() string {
	if p.File == "" && p.Line == 0 {
		return "an unknown place"
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Route is one pattern and what it leads to.
type Route struct {
	Pattern string
	Pos     Position
	Value   any
}

// Param is the value of a wildcard, percent-decoded.
type Param struct{ Name, Value string }

// MaxParams is the most wildcards that a pattern may have.
const MaxParams = 16

// Params receives the wildcards of a match. Reusable; it lives where the caller puts it.
type Params struct {
	list [MaxParams]Param
	n    int
}

// All returns the parameters in the order of the pattern. The slice is valid until the next match.
func (p *Params) All() []Param { return p.list[:p.n] }

// Get returns the value of a wildcard, or "".
func (p *Params) Get(name string) string {
	for _, q := range p.list[:p.n] {
		if q.Name == name {
			return q.Value
		}
	}
	return ""
}

// Outcome is what a match came to.
type Outcome int

// Outcomes.
const (
	NotFound         Outcome = iota
	Found                    // Route is set
	MethodNotAllowed         // Allow is set
	Redirect                 // Location is the canonical path
)

// Match is the result of a search.
type Match struct {
	Outcome  Outcome
	Route    *Route
	Allow    string // methods for the Allow header field, sorted: with MethodNotAllowed
	Location string // path, percent-encoded: with Redirect
}

// RouteError is a pattern that cannot be used. Other is the route it collides with, if that is why.
type RouteError struct {
	Route  Route
	Other  *Route
	Reason string
}

func (e *RouteError) Error() string {
	if e.Other != nil {
		return fmt.Sprintf("%s: route %q conflicts with %q at %s: %s", e.Route.Pos, e.Route.Pattern, e.Other.Pattern, e.Other.Pos, e.Reason)
	}
	return fmt.Sprintf("%s: route %q: %s", e.Route.Pos, e.Route.Pattern, e.Reason)
}

// Table is a compiled set of routes.
type Table struct {
	hosts  map[string]*node // method trees of patterns with a host
	any    *node            // and of those without
	routes []Route
}

// Router holds the table in force. The zero value has none and finds nothing.
type Router struct{ table atomic.Pointer[Table] }

// Swap puts t in force; matches under way finish with the table they began with.
func (r *Router) Swap(t *Table) { r.table.Store(t) }

// Table returns the table in force, or nil.
func (r *Router) Table() *Table { return r.table.Load() }

// Compile builds a table. Errors are *RouteError, all of them joined: bad patterns, and pairs of patterns of which neither is
// more specific than the other.
func Compile(routes []Route) (*Table, error) {
	t := &Table{hosts: map[string]*node{}, any: new(node), routes: slices.Clone(routes)}
	var problems []error
	mux := http.NewServeMux() // the reference for what is valid and what conflicts
	for i := range t.routes {
		r := &t.routes[i]
		if err := register(mux, r.Pattern); err != nil {
			problems = append(problems, explain(t.routes[:i], *r, err))
			continue
		}
		p := parse(r.Pattern)
		if len(p.names) > MaxParams {
			problems = append(problems, &RouteError{Route: *r, Reason: fmt.Sprintf("more than %d wildcards", MaxParams)})
			continue
		}
		root := t.any
		if p.host != "" {
			if root = t.hosts[p.host]; root == nil {
				root = new(node)
				t.hosts[p.host] = root
			}
		}
		root.child(p.method).add(p, r)
	}
	if len(problems) > 0 {
		return nil, joined(problems)
	}
	return t, nil
}

// joined is errors.Join with one line for each.
type joined []error

func (j joined) Error() string {
	lines := make([]string, len(j))
	for i, err := range j {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

func (j joined) Unwrap() []error { return j }

var nothing = http.NotFoundHandler()

// register tells what ServeMux thinks of a pattern.
func register(mux *http.ServeMux, pattern string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	mux.Handle(pattern, nothing)
	return nil
}

// explain finds the route that r collides with, if that was ServeMux's reason.
func explain(earlier []Route, r Route, reason error) *RouteError {
	if err := register(http.NewServeMux(), r.Pattern); err != nil {
		text := err.Error()
		if _, after, ok := strings.Cut(text, ": "); ok && strings.HasPrefix(text, "parsing ") {
			text = after
		}
		return &RouteError{Route: r, Reason: text}
	}
	for i := range earlier {
		pair := http.NewServeMux()
		if register(pair, earlier[i].Pattern) != nil {
			continue
		}
		if register(pair, r.Pattern) != nil {
			return &RouteError{Route: r, Other: &earlier[i], Reason: "they match the same requests and neither is more specific"}
		}
	}
	return &RouteError{Route: r, Reason: reason.Error()}
}

// Routes returns the compiled routes, in the order given. Read-only.
func (t *Table) Routes() []Route { return t.routes }

// Match finds the route for a request. path is percent-encoded as it was sent, without query. params is overwritten.
func (t *Table) Match(method, host, escaped string, params *Params) Match {
	params.n = 0
	if t == nil {
		return Match{}
	}
	host = stripPort(host)
	clean := escaped
	if !isClean(escaped) {
		clean = cleanPath(escaped)
	}
	found := t.find(method, host, clean, false, params)
	if method != http.MethodConnect {
		// "/tree" leads to "/tree/" when that is a pattern and "/tree" itself is none.
		if !found.exact(clean, false) && clean[len(clean)-1] != '/' {
			var unused Params
			if t.find(method, host, clean, true, &unused).exact(clean, true) {
				return Match{Outcome: Redirect, Location: clean + "/"}
			}
		}
		if clean != escaped {
			return Match{Outcome: Redirect, Location: clean}
		}
	}
	if found != nil {
		return Match{Outcome: Found, Route: found.route}
	}
	if allowed := t.methods(host, clean); allowed != "" {
		return Match{Outcome: MethodNotAllowed, Allow: allowed}
	}
	return Match{}
}

// find searches for path, with a slash added to it when slash is set.
func (t *Table) find(method, host, path string, slash bool, params *Params) *leaf {
	if root := t.hosts[host]; root != nil {
		if l := root.byMethod(method, path, slash, params); l != nil {
			return l
		}
	}
	return t.any.byMethod(method, path, slash, params)
}

func (t *Table) methods(host, path string) string {
	var params Params
	set := map[string]bool{}
	for _, root := range []*node{t.hosts[host], t.any} {
		if root == nil {
			continue
		}
		for method, tree := range root.children {
			// With another method the path might have led to a redirect that adds a slash.
			if method != "" && (tree.match(path, false, &params) != nil || path[len(path)-1] != '/' && tree.match(path, true, &params) != nil) {
				set[method] = true
				if method == http.MethodGet {
					set[http.MethodHead] = true
				}
			}
		}
	}
	if len(set) == 0 {
		return ""
	}
	set[http.MethodOptions] = true
	var list []string
	for m := range set {
		list = append(list, m)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// stripPort drops the port of a Host header field.
func stripPort(host string) string {
	i := strings.LastIndexByte(host, ':')
	if i < 0 || strings.IndexByte(host[i:], ']') >= 0 {
		return host
	}
	return host[:i]
}

// isClean tells whether cleanPath would change nothing.
func isClean(p string) bool {
	if p == "" || p[0] != '/' {
		return false
	}
	return !strings.Contains(p, "//") && !strings.Contains(p, "/.")
}

// cleanPath is the canonical form of a path, as ServeMux has it: dot segments and doubled slashes removed, a trailing slash kept.
func cleanPath(p string) string {
	if p == "" {
		return "/"
	}
	if p[0] != '/' {
		p = "/" + p
	}
	clean := path.Clean(p)
	if p[len(p)-1] == '/' && clean != "/" {
		clean += "/"
	}
	return clean
}

func unescape(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}
