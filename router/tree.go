package router

import (
	"net/http"
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
	if method, rest, ok := strings.Cut(text, " "); ok {
		p.method, text = method, strings.TrimLeft(rest, " \t")
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

func (n *node) child(key string) *node {
	if n.children == nil {
		n.children = map[string]*node{}
	}
	c := n.children[key]
	if c == nil {
		c = new(node)
		n.children[key] = c
	}
	return c
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
			n = n.child(s.text)
		}
	}
	n.leaf = &leaf{r, p.names, len(p.segments), false, false}
}

// byMethod searches the trees of the method, of GET for HEAD, and of patterns for every method.
func (n *node) byMethod(method, path string, slash bool, params *Params) *leaf {
	if tree := n.children[method]; tree != nil && method != "" {
		if l := tree.match(path, slash, params); l != nil {
			return l
		}
	}
	if method == http.MethodHead {
		if tree := n.children[http.MethodGet]; tree != nil {
			if l := tree.match(path, slash, params); l != nil {
				return l
			}
		}
	}
	if tree := n.children[""]; tree != nil {
		return tree.match(path, slash, params)
	}
	return nil
}

func (n *node) match(path string, slash bool, params *Params) *leaf {
	params.n = 0
	l := n.search(path, slash, params)
	if l == nil {
		params.n = 0
		return nil
	}
	for i, name := range l.names {
		params.list[i].Name = name
	}
	return l
}

// search walks down path, which begins with a slash or is empty, going back where a more specific branch leads nowhere. Only
// values are written to params; match adds the names.
func (n *node) search(path string, slash bool, params *Params) *leaf {
	if path == "" {
		if !slash {
			return n.leaf
		}
		path, slash = "/", false
	}
	key, rest := firstSegment(path)
	if c := n.children[key]; c != nil {
		if l := c.search(rest, slash, params); l != nil {
			return l
		}
	}
	depth := params.n
	if n.wild != nil && key != "/" && depth < MaxParams {
		params.list[depth].Value = key
		params.n = depth + 1
		if l := n.wild.search(rest, slash, params); l != nil {
			return l
		}
		params.n = depth
	}
	if n.multi != nil {
		if n.multi.named {
			params.list[depth].Value = unescape(path[1:])
			params.n = depth + 1
		}
		return n.multi
	}
	return nil
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
	return unescape(path[:i]), path[i:]
}
