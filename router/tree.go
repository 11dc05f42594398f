package router

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// pattern is a parsed pattern, which ServeMux has accepted.
type pattern struct {
	method, host string
	segments     []segment
	names        []string // of the wildcards, in order
}

// segment is a literal, a wildcard for one segment, or one for the rest. "{$}" is the literal "/".
type segment struct {
	text        string // literal, unescaped
	wild, multi bool
	named       bool
}

func parse(text string) pattern {
	var p pattern
	if i := strings.IndexAny(text, " \t"); i >= 0 {
		p.method, text = text[:i], strings.TrimLeft(text[i+1:], " \t")
	}
	slash := strings.IndexByte(text, '/')
	p.host, text = text[:slash], text[slash:]
	for text != "" {
		text = text[1:] // the slash
		if text == "" { // "/" at the end: the subtree, nameless
			p.segments = append(p.segments, segment{multi: true, wild: true})
			break
		}
		end := strings.IndexByte(text, '/')
		if end < 0 {
			end = len(text)
		}
		s := text[:end]
		text = text[end:]
		name, wild := strings.CutPrefix(s, "{")
		if !wild {
			p.segments = append(p.segments, segment{text: unescape(s)})
			continue
		}
		name = strings.TrimSuffix(name, "}")
		if name == "$" {
			p.segments = append(p.segments, segment{text: "/"})
			continue
		}
		name, multi := strings.CutSuffix(name, "...")
		p.segments = append(p.segments, segment{wild: true, multi: multi, named: true})
		p.names = append(p.names, name)
	}
	return p
}

// methods are the patterns of one host, a tree for each method. nil has none.
type methods struct {
	trees []methodTree
	all   *node // of patterns without a method
}

type methodTree struct {
	method string
	bit    int
	root   *node
}

func (m *methods) tree(method string, bit int) *node {
	if method == "" {
		if m.all == nil {
			m.all = new(node)
		}
		return m.all
	}
	for i := range m.trees {
		if m.trees[i].method == method {
			return m.trees[i].root
		}
	}
	root := new(node)
	m.trees = append(m.trees, methodTree{method, bit, root})
	return root
}

// find searches the trees of the method, of GET for HEAD, and of patterns for every method.
func (m *methods) find(method, path string, slash bool, params *Params) *leaf {
	if m == nil {
		return nil
	}
	for i := range m.trees {
		if m.trees[i].method == method {
			if l := m.trees[i].root.match(path, slash, params); l != nil {
				return l
			}
			break
		}
	}
	if method == http.MethodHead {
		for i := range m.trees {
			if m.trees[i].method == http.MethodGet {
				if l := m.trees[i].root.match(path, slash, params); l != nil {
					return l
				}
				break
			}
		}
	}
	return m.all.match(path, slash, params)
}

// match returns the methods, as a set of bits, that path has a route for, at once or after a redirect that adds a slash.
func (m *methods) match(path string, scratch *Params) (set uint64) {
	if m == nil {
		return 0
	}
	for i := range m.trees {
		root := m.trees[i].root
		if root.match(path, false, scratch) != nil || path[len(path)-1] != '/' && root.match(path, true, scratch) != nil {
			set |= 1 << m.trees[i].bit
		}
	}
	return set
}

// node is a state of the search. Children are tried from the most specific on: literal, one segment, the rest.
type node struct {
	children map[string]*node
	wild     *node
	multi    *leaf
	leaf     *leaf
}

type leaf struct {
	route    *Route
	names    []string
	segments int
	multi    bool // ends in a wildcard for the rest
	named    bool // which has a name
}

// exact tells whether the pattern has as many segments as the path it was found for, so that nothing was taken by a wildcard
// for the rest. slash: the path had one added.
func (l *leaf) exact(path string, slash bool) bool {
	switch {
	case l == nil:
		return false
	case !l.multi:
		return true
	case slash:
		return l.segments == strings.Count(path, "/")+1
	}
	return path[len(path)-1] == '/' && l.segments == strings.Count(path, "/")
}

// complete names the values in params and decodes those that are encoded.
func (l *leaf) complete(params *Params) {
	params.n = len(l.names)
	for i, name := range l.names {
		p := &params.list[i]
		p.Name = name
		p.Value = unescape(p.Value)
	}
}

func (n *node) add(p pattern, r *Route) {
	for _, s := range p.segments {
		switch {
		case s.multi:
			n.multi = &leaf{r, p.names, len(p.segments), true, s.named}
			return
		case s.wild:
			if n.wild == nil {
				n.wild = new(node)
			}
			n = n.wild
		default:
			if n.children == nil {
				n.children = map[string]*node{}
			}
			c := n.children[s.text]
			if c == nil {
				c = new(node)
				n.children[s.text] = c
			}
			n = c
		}
	}
	n.leaf = &leaf{r, p.names, len(p.segments), false, false}
}

func (n *node) match(path string, slash bool, params *Params) *leaf {
	params.n = 0
	if n == nil {
		return nil
	}
	return n.search(path, slash, params)
}

// search walks down path, which begins with a slash or is empty, going back where a more specific branch leads nowhere. No node is
// visited twice, so the work is bounded by the size of the tree. Values are written to params as they were sent.
func (n *node) search(path string, slash bool, params *Params) *leaf {
	if path == "" {
		if !slash {
			return n.leaf
		}
		path, slash = "/", false
	}
	key, rest := firstSegment(path)
	c, isSlash := n.literal(key)
	if c != nil {
		if l := c.search(rest, slash, params); l != nil {
			return l
		}
	}
	depth := params.n
	if n.wild != nil && !isSlash && depth < MaxParams {
		params.list[depth].Value = key
		params.n = depth + 1
		if l := n.wild.search(rest, slash, params); l != nil {
			return l
		}
		params.n = depth
	}
	if n.multi != nil {
		if n.multi.named {
			params.list[depth].Value = path[1:]
			params.n = depth + 1
		}
		return n.multi
	}
	return nil
}

// literal returns the child for a segment as it was sent, and whether the segment is a slash: the lone one at the end of a path,
// or, as in ServeMux, "%2F" by itself.
func (n *node) literal(key string) (child *node, slash bool) {
	if strings.IndexByte(key, '%') < 0 {
		return n.children[key], key == "/"
	}
	var buffer [128]byte
	if b, ok := appendUnescaped(buffer[:0], key); ok { // moves to the heap only when longer
		return n.children[string(b)], len(b) == 1 && b[0] == '/'
	}
	return n.children[key], false
}

// firstSegment splits "/a/b" into "a" and "/b". A lone slash is a segment of its own, which only "{$}" matches.
func firstSegment(path string) (string, string) {
	if path == "/" {
		return "/", ""
	}
	path = path[1:]
	i := strings.IndexByte(path, '/')
	if i < 0 {
		i = len(path)
	}
	return path[:i], path[i:]
}

// shadowed finds the subtree patterns that other, more specific patterns of the same method and host cover together. (One pattern
// alone cannot: if it matches the same requests, the two conflict.)
func (m *methods) shadowed() (problems []error) {
	for _, t := range m.trees {
		problems = append(problems, t.root.shadowed()...)
	}
	if m.all != nil {
		problems = append(problems, m.all.shadowed()...)
	}
	return problems
}

func (n *node) shadowed() (problems []error) {
	if n.multi != nil {
		if by, ok := n.coversAll(); ok {
			problems = append(problems, &RouteError{Route: *n.multi.route, Other: by.route, Reason: "and others take all of its requests", Kind: ErrShadowed})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(n.children)) {
		problems = append(problems, n.children[key].shadowed()...)
	}
	if n.wild != nil {
		problems = append(problems, n.wild.shadowed()...)
	}
	return problems
}

// coversAll tells whether every path from n on ends in a pattern other than n.multi: the lone slash, one segment, and one segment
// with anything behind it.
func (n *node) coversAll() (*leaf, bool) {
	slash := n.children["/"]
	if slash == nil || slash.leaf == nil || n.wild == nil || n.wild.leaf == nil {
		return nil, false
	}
	if n.wild.multi != nil {
		return n.wild.multi, true
	}
	return n.wild.coversAll()
}
