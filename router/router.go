// Package router finds the route of a request from its method, host and path.
//
// Patterns have the syntax and precedence of net/http.ServeMux (Go 1.22 and later): "GET example.com/users/{id}",
// "/files/{rest...}", "/exact/{$}", "/subtree/". The most specific pattern wins, whatever the order; GET also answers HEAD; a
// pattern without a method answers all of them. A Table is compiled once, immutable, and safe for concurrent use; Router
// lets one take the place of another while requests run.
//
//	table, err := router.Compile([]router.Route{{Pattern: "GET /users/{id}", Value: handler}})
//	var params router.Params
//	m := table.Match("GET", "example.com", "/users/7", &params)
//
// Matching allocates only for what it has to make: the value of a wildcard that was percent-encoded, and the target of a
// redirect. Where it differs from ServeMux, it is on purpose: hosts are compared without regard to case (RFC 9110 section
// 4.2.3), a redirect keeps the escapes that the client sent, a 405 lists OPTIONS, and a route that no request can
// reach is refused.
//
// The package runs no handlers and reads no bodies.
package router

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
)

// Errors that a RouteError wraps.
var (
	// ErrPattern is returned when a pattern has no meaning.
	ErrPattern = errors.New("router: bad pattern")
	// ErrConflict is returned when two patterns match a common request and neither is more specific.
	ErrConflict = errors.New("router: conflicting patterns")
	// ErrShadowed is returned when other patterns take every request that a pattern could match.
	ErrShadowed = errors.New("router: unreachable pattern")
	// ErrTooMany is returned when a pattern has more than MaxParams wildcards, or a table more than 64 methods.
	ErrTooMany = errors.New("router: too many")
)

// Position says where a route was written. The zero value is unknown.
type Position struct {
	File         string
	Line, Column int // from 1
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
	Value   any // not looked at
}

// Param is the value of a wildcard, percent-decoded. A value whose escapes are malformed is left as it was sent.
type Param struct{ Name, Value string }

// MaxParams is the most wildcards that a pattern may have.
const MaxParams = 16

// Params receives the wildcards of a match. It has room for MaxParams, so that it can live on a stack or in a pool; it is not
// safe for concurrent use.
type Params struct {
	list [MaxParams]Param
	n    int
}

// All returns the parameters in the order of the pattern. The slice is valid until the next match; the strings stay valid as
// long as the path that was matched.
func (p *Params) All() []Param { return p.list[:p.n] }

// Get returns the value of a wildcard, or "".
func (p *Params) Get(name string) string {
	for i := range p.list[:p.n] {
		if p.list[i].Name == name {
			return p.list[i].Value
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

// String returns the outcome's name.
func (o Outcome) String() string {
	return [...]string{"not found", "found", "method not allowed", "redirect"}[o]
}

// Match is the result of a search.
type Match struct {
	Outcome Outcome
	Route   *Route // with Found; belongs to the table, read-only
	// Allow lists the methods for the Allow header field, sorted, with MethodNotAllowed. OPTIONS is always among them, so an
	// OPTIONS request that no route handles gets its answer from here too.
	Allow string
	// Location is a path, percent-encoded and safe in a header field, with Redirect. The caller adds the query.
	Location string
}

// RouteError is a pattern that cannot be used. Other is the route it collides with, if that is why.
type RouteError struct {
	Route  Route
	Other  *Route
	Reason string
	Kind   error // ErrPattern, ErrConflict, ErrShadowed or ErrTooMany
}

// Error names the route, its place and, where there is one, the other route with its place.
func (e *RouteError) Error() string {
	switch {
	case e.Other != nil && errors.Is(e.Kind, ErrShadowed):
		return fmt.Sprintf("%s: route %q is never reached: %q at %s %s", e.Route.Pos, e.Route.Pattern, e.Other.Pattern, e.Other.Pos, e.Reason)
	case e.Other != nil:
		return fmt.Sprintf("%s: route %q conflicts with %q at %s: %s", e.Route.Pos, e.Route.Pattern, e.Other.Pattern, e.Other.Pos, e.Reason)
	}
	return fmt.Sprintf("%s: route %q: %s", e.Route.Pos, e.Route.Pattern, e.Reason)
}

// Unwrap returns Kind.
func (e *RouteError) Unwrap() error { return e.Kind }

// Table is a compiled set of routes. Immutable, but for a cache of Allow values; safe for concurrent use.
type Table struct {
	hosts   map[string]*methods // of patterns with a host, in lower case
	any     *methods            // and of those without
	routes  []Route
	methods []string // every method that a pattern names; a tree's bit is the index here
	allowed atomic.Pointer[map[uint64]string]
}

// Router holds the table in force. The zero value has none and finds nothing. Safe for concurrent use.
type Router struct{ table atomic.Pointer[Table] }

// Swap puts t in force; matches under way finish with the table they began with.
func (r *Router) Swap(t *Table) { r.table.Store(t) }

// Table returns the table in force, or nil. A nil table finds nothing.
func (r *Router) Table() *Table { return r.table.Load() }

// Match searches the table in force.
func (r *Router) Match(method, host, escaped string, params *Params) Match {
	return r.Table().Match(method, host, escaped, params)
}

// maxProblems is the most problems that Compile looks into: to explain one takes time.
const maxProblems = 50

// Compile builds a table. Its error joins one *RouteError for each route that cannot be used, up to 50.
func Compile(routes []Route) (*Table, error) {
	t := &Table{hosts: map[string]*methods{}, any: new(methods), routes: slices.Clone(routes)}
	var problems joined
	mux := http.NewServeMux() // the reference for what is valid and what conflicts
	for i := range t.routes {
		if len(problems) == maxProblems {
			return nil, problems
		}
		r := &t.routes[i]
		canonical := lowerHost(r.Pattern)
		if err := register(mux, canonical); err != nil {
			problems = append(problems, explain(t.routes[:i], *r, err))
			continue
		}
		p := parse(canonical)
		if len(p.names) > MaxParams {
			problems = append(problems, &RouteError{Route: *r, Reason: fmt.Sprintf("more than %d wildcards", MaxParams), Kind: ErrTooMany})
			continue
		}
		bit, ok := t.bit(p.method)
		if !ok {
			problems = append(problems, &RouteError{Route: *r, Reason: "more than 64 different methods", Kind: ErrTooMany})
			continue
		}
		t.host(p.host).tree(p.method, bit).add(p, r)
	}
	for _, name := range slices.Sorted(maps.Keys(t.hosts)) {
		problems = append(problems, t.hosts[name].shadowed()...)
	}
	problems = append(problems, t.any.shadowed()...)
	if len(problems) > 0 {
		return nil, problems
	}
	return t, nil
}

// Routes returns the compiled routes, in the order given. Read-only.
func (t *Table) Routes() []Route { return t.routes }

func (t *Table) host(name string) *methods {
	if name == "" {
		return t.any
	}
	m := t.hosts[name]
	if m == nil {
		m = new(methods)
		t.hosts[name] = m
	}
	return m
}

// bit returns the number of a method in the sets that Allow is made from. "" has none.
func (t *Table) bit(method string) (int, bool) {
	if method == "" {
		return 0, true
	}
	i := slices.Index(t.methods, method)
	if i < 0 {
		i = len(t.methods)
		t.methods = append(t.methods, method)
	}
	return i, i < 64
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

// lowerHost writes the host of a pattern in lower case.
func lowerHost(pattern string) string {
	start := strings.LastIndexAny(pattern[:pathStart(pattern)], " \t") + 1
	end := pathStart(pattern)
	return pattern[:start] + strings.ToLower(pattern[start:end]) + pattern[end:]
}

func pathStart(pattern string) int {
	if i := strings.IndexByte(pattern, '/'); i >= 0 {
		return i
	}
	return len(pattern)
}

var nothing = http.NotFoundHandler()

// register tells what ServeMux thinks of a pattern: it panics with what is wrong.
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
	if err := register(http.NewServeMux(), lowerHost(r.Pattern)); err != nil {
		text := err.Error()
		if _, after, ok := strings.Cut(text, ": "); ok && strings.HasPrefix(text, "parsing ") {
			text = after
		}
		return &RouteError{Route: r, Reason: strings.TrimPrefix(text, "http: "), Kind: ErrPattern}
	}
	for i := range earlier {
		pair := http.NewServeMux()
		if register(pair, lowerHost(earlier[i].Pattern)) != nil {
			continue
		}
		if register(pair, lowerHost(r.Pattern)) != nil {
			why := "some requests match both and neither is more specific"
			if sameRequests(earlier[i].Pattern, r.Pattern) {
				why = "they match the same requests"
			}
			return &RouteError{Route: r, Other: &earlier[i], Reason: why, Kind: ErrConflict}
		}
	}
	return &RouteError{Route: r, Reason: reason.Error(), Kind: ErrConflict}
}

// sameRequests tells whether two valid patterns differ at most in the names of their wildcards.
func sameRequests(a, b string) bool {
	p, q := parse(lowerHost(a)), parse(lowerHost(b))
	return p.method == q.method && p.host == q.host && slices.EqualFunc(p.segments, q.segments, func(x, y segment) bool {
		return x.text == y.text && x.wild == y.wild && x.multi == y.multi
	})
}
