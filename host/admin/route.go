package admin

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Scope is what a token must allow for an operation.
type Scope byte

// Scopes. Admin includes all others; Write and Deploy include Read.
const (
	Public Scope = iota // no token is asked for
	Read
	Write
	Deploy
	Admin
)

var scopeNames = []string{"public", "read", "write", "deploy", "admin"}

// String returns the scope's name as it is written in tokens.
func (s Scope) String() string { return scopeNames[s] }

// ParseScope is the reverse of String, for scopes that a token can have.
func ParseScope(name string) (Scope, error) {
	if i := slices.Index(scopeNames, name); i > 0 {
		return Scope(i), nil
	}
	return 0, fmt.Errorf("no scope is called %q: read, write, deploy, admin", name)
}

// Route is one operation of the API. It is not changed after it was given to New.
type Route struct {
	Method string
	// Path is a pattern: {name} is one segment, {name}:verb one with that ending, {name...} as the last one the whole rest.
	Path string
	// ID is the operation's name in the OpenAPI document, such as "kvGet".
	ID      string
	Summary string // a sentence without a full stop
	Doc     string // more, or empty
	Tag     string // the group in the document, by default the first word of the ID
	Scope   Scope
	// Params are query parameters and header fields; those in the path are documented by their names.
	Params []Param
	// Body is the request's body, or nil.
	Body *Body
	// Answers are the successful responses, then the refusals that are particular to the operation.
	Answers []Answer
	// Data marks a write to an app's data, which is recorded at debug level; other writes are recorded at info level.
	Data bool
	// Wait lets the operation last as long as the caller does; by default it is cut off at Config.Timeout.
	Wait bool
	// Handle does the work. It either answers through c or returns an error, which becomes a problem document. It runs on the
	// connection's goroutine; c is valid until it returns.
	Handle func(c *Call) error
}

// Kinds of parameters.
const (
	Query  = "query"
	Header = "header"
	inPath = "path"
)

// Param is a parameter in the query or a header field, of the request or of a response.
type Param struct {
	In, Name string
	Type     string // string, integer, boolean; duration and bytes are strings with a format
	Doc      string
	Required bool
	Enum     []string
}

// Body describes a request body.
type Body struct {
	Media    string // default application/json
	Doc      string
	Type     any   // a value of the type that JSON is read into; nil for raw bytes
	Limit    int64 // bytes; 0 means DefaultBody
	Optional bool
}

// DefaultBody is the longest request body of an operation that does not say another, in bytes.
const DefaultBody = 1 << 20

// Answer is one response.
type Answer struct {
	Status  int
	Doc     string
	Media   string // default application/json when Type is set; problems have their own
	Type    any    // a value of the type that is written, or nil
	Headers []Param
}

// Refusal is an answer that is a problem document with that code.
func Refusal(status int, code, doc string) Answer {
	return Answer{Status: status, Doc: doc + " Code `" + code + "`.", Media: problemMedia, Type: Problem{}}
}

func (r *Route) bodyLimit() int64 {
	switch {
	case r.Body == nil:
		return 0
	case r.Body.Limit != 0:
		return r.Body.Limit
	}
	return DefaultBody
}

func (r *Route) writes() bool { return r.Scope > Read && r.Method != "GET" && r.Method != "HEAD" }

// maxVars is how many variables a path may have.
const maxVars = 4

// table finds routes. Not changed after it was built; safe for concurrent use.
type table struct{ root node }

// node is what can follow a prefix of the path.
type node struct {
	static map[string]*node
	param  map[string]*node // by what ends the segment: "" or ":verb"
	rest   *leaf
	leaf   *leaf
}

type leaf struct {
	names  []string
	routes []*Route // one for each method
	allow  string
}

func newTable(routes []Route) (*table, error) {
	t := &table{}
	for i := range routes {
		if err := t.add(&routes[i]); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (t *table) add(r *Route) error {
	n, names := &t.root, []string(nil)
	var at **leaf
	if !strings.HasPrefix(r.Path, "/") {
		return fmt.Errorf("admin: %s: a path begins with /", r.Path)
	}
	segments := strings.Split(r.Path[1:], "/")
	for i, s := range segments {
		at = nil
		if !strings.HasPrefix(s, "{") {
			n = child(&n.static, s)
			continue
		}
		name, suffix, ok := strings.Cut(s[1:], "}")
		if !ok || suffix != "" && suffix[0] != ':' {
			return fmt.Errorf("admin: %s: segment %q", r.Path, s)
		}
		if name, rest := strings.CutSuffix(name, "..."); rest {
			if i != len(segments)-1 || suffix != "" {
				return fmt.Errorf("admin: %s: {%s...} must be the last segment", r.Path, name)
			}
			names, at = append(names, name), &n.rest
			continue
		}
		names, n = append(names, name), child(&n.param, suffix)
	}
	if at == nil {
		at = &n.leaf
	}
	if len(names) > maxVars {
		return fmt.Errorf("admin: %s: more than %d variables", r.Path, maxVars)
	}
	if *at == nil {
		*at = &leaf{names: names}
	}
	l := *at
	if !slices.Equal(l.names, names) || l.find(r.Method) != nil {
		return fmt.Errorf("admin: %s %s is there twice, or with other names", r.Method, r.Path)
	}
	l.routes = append(l.routes, r)
	if l.allow != "" {
		l.allow += ", "
	}
	l.allow += r.Method
	return nil
}

func child(m *map[string]*node, key string) *node {
	if *m == nil {
		*m = map[string]*node{}
	}
	if (*m)[key] == nil {
		(*m)[key] = &node{}
	}
	return (*m)[key]
}

func (l *leaf) find(method string) *Route {
	for _, r := range l.routes {
		if r.Method == method {
			return r
		}
	}
	return nil
}

// route returns the route for a method; HEAD is served by GET.
func (l *leaf) route(method []byte) *Route {
	if r := l.find(string(method)); r != nil || string(method) != "HEAD" {
		return r
	}
	return l.find("GET")
}

// match finds the leaf for a path as it was sent and fills vars with the segments of its variables, still percent-encoded.
func (t *table) match(path []byte, vars *[maxVars][]byte) *leaf {
	n, count := &t.root, 0
	for len(path) > 0 && path[0] == '/' {
		path = path[1:]
		end := bytes.IndexByte(path, '/')
		segment := path
		if end >= 0 {
			segment = path[:end]
		}
		next, ok := n.static[string(segment)]
		switch {
		case ok:
		case n.rest != nil && len(path) > 0:
			vars[count] = path
			return n.rest
		case n.param == nil || len(segment) == 0:
			return nil
		default:
			value := segment
			if colon := bytes.LastIndexByte(segment, ':'); colon > 0 && n.param[string(segment[colon:])] != nil {
				next, value = n.param[string(segment[colon:])], segment[:colon]
			} else if next = n.param[""]; next == nil {
				return nil
			}
			vars[count] = value
			count++
		}
		n, path = next, path[len(segment):]
	}
	return n.leaf
}
