package stackhost

import "strings"

// Handler answers a request. Returning an error discards what was written and not flushed: a *Problem is answered as it
// says, an *Error with the status of its code, any other error with status 500 and a log record.
type Handler func(w *Response, r *Request) error

// Mux finds the handler for a request by method and path. The zero value is empty and ready.
//
// Patterns are those of net/http.ServeMux without hosts: "GET /users/{id}", "/files/{rest...}", "/{$}". A pattern without a
// method takes every method, GET takes HEAD too, and one that ends in a slash takes every path below it. Of several patterns
// that match, the more specific one is taken, whatever the order of registration. Wildcard values are percent-decoded.
type Mux struct {
	routes []route
	around []func(Handler) Handler
}

type route struct {
	pattern string
	method  string
	parts   []part // of the path
	exact   string // the path, when it has no wildcards and nothing to unescape
	handler Handler
}

type part struct {
	kind byte // 'l' literal, 'v' one segment, 'r' the rest, 's' everything below, 'e' the end after a slash
	text string
}

// Handle registers a handler. A malformed pattern, and one registered twice, is a mistake in the program and panics, which
// refuses the module when it boots.
func (m *Mux) Handle(pattern string, h Handler) {
	method, path, ok := strings.Cut(pattern, " ")
	if !ok {
		method, path = "", pattern
	}
	path = strings.TrimLeft(path, " \t")
	r := route{pattern: pattern, method: method, handler: h}
	if path == "" || path[0] != '/' {
		panic("stackhost: pattern " + pattern + ": the path must begin with /")
	}
	for rest := path[1:]; ; {
		text, after, more := strings.Cut(rest, "/")
		p := part{'l', text}
		switch {
		case text == "" && !more:
			p = part{'s', ""}
		case text == "{$}":
			p = part{'e', ""}
		case strings.HasPrefix(text, "{") && strings.HasSuffix(text, "...}"):
			p = part{'r', text[1 : len(text)-4]}
		case strings.HasPrefix(text, "{") && strings.HasSuffix(text, "}"):
			p = part{'v', text[1 : len(text)-1]}
		case strings.ContainsAny(text, "{}"):
			panic("stackhost: pattern " + pattern + ": a wildcard must fill its segment")
		default:
			p.text = unescape(text, false)
		}
		if p.kind != 'l' && p.kind != 's' && p.kind != 'e' && p.text == "" || more && (p.kind == 'r' || p.kind == 'e') {
			panic("stackhost: pattern " + pattern + ": bad wildcard " + text)
		}
		r.parts = append(r.parts, p)
		if !more {
			break
		}
		rest = after
	}
	for _, other := range m.routes {
		if other.method == method && samePath(other.parts, r.parts) {
			panic("stackhost: pattern " + pattern + " is the same as " + other.pattern)
		}
	}
	r.exact = literal(r.parts)
	if len(r.parts) > maxParams {
		panic("stackhost: pattern " + pattern + " is too long")
	}
	for _, wrap := range m.around {
		r.handler = wrap(r.handler)
	}
	// Kept from the most to the least specific, so that the first match is the best one.
	at := len(m.routes)
	for i := range m.routes {
		if moreSpecific(&r, &m.routes[i]) {
			at = i
			break
		}
	}
	m.routes = append(m.routes, route{})
	copy(m.routes[at+1:], m.routes[at:])
	m.routes[at] = r
}

// literal returns the one path that parts match, or "".
func literal(parts []part) string {
	path := ""
	for _, p := range parts {
		switch p.kind {
		case 'l':
			path += "/" + p.text
		case 'e':
			path += "/"
		default:
			return ""
		}
	}
	return path
}

// Use wraps every handler that is registered afterwards; the wrapper given last is the outermost.
func (m *Mux) Use(wrap func(Handler) Handler) { m.around = append(m.around, wrap) }

func samePath(a, b []part) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if rank(a[i].kind) != rank(b[i].kind) || a[i].kind == 'l' && a[i].text != b[i].text {
			return false
		}
	}
	return true
}

// rank orders what can stand at one place of a pattern from the narrowest to the widest.
func rank(kind byte) int {
	switch kind {
	case 'l':
		return 0
	case 'e':
		return 1
	case 'v':
		return 2
	}
	return 3
}

func moreSpecific(a, b *route) bool {
	for i := 0; i < len(a.parts) && i < len(b.parts); i++ {
		if x, y := rank(a.parts[i].kind), rank(b.parts[i].kind); x != y {
			return x < y
		}
	}
	if len(a.parts) != len(b.parts) {
		return len(a.parts) > len(b.parts)
	}
	return rankMethod(a.method) < rankMethod(b.method)
}

// rankMethod puts HEAD before GET, which answers it too, and any method last.
func rankMethod(m string) int {
	switch m {
	case "HEAD":
		return 0
	case "":
		return 2
	}
	return 1
}

// matchPath tells whether a route's path fits and fills r.params.
func (rt *route) matchPath(r *Request, path string, escaped bool) bool {
	if rt.exact != "" && !escaped {
		r.nparam = 0
		return path == rt.exact
	}
	rest := path
	if rest == "" || rest[0] != '/' {
		return false
	}
	r.nparam = 0
	for i := range rt.parts {
		p := &rt.parts[i]
		if rest == "" { // the path has ended; a pattern that ends in a slash does not take the path without it
			return false
		}
		rest = rest[1:]
		switch p.kind {
		case 's':
			return true
		case 'e':
			return rest == ""
		case 'r':
			r.params[r.nparam] = param{p.text, unescape(rest, false)}
			r.nparam++
			return true
		}
		segment := rest
		if slash := strings.IndexByte(rest, '/'); slash >= 0 {
			segment, rest = rest[:slash], rest[slash:]
		} else {
			rest = ""
		}
		if p.kind == 'l' {
			if segment != p.text && (!escaped || unescape(segment, false) != p.text) {
				return false
			}
			continue
		}
		if segment == "" {
			return false
		}
		r.params[r.nparam] = param{p.text, unescape(segment, false)}
		r.nparam++
	}
	return rest == ""
}

// Serve answers r with the best handler, with a Problem of status 404 when no path fits, or 405 when no method does.
func (m *Mux) Serve(w *Response, r *Request) error {
	method, path := r.Method(), r.RawPath()
	fits, escaped := false, strings.IndexByte(path, '%') >= 0
	for i := range m.routes {
		rt := &m.routes[i]
		if rt.method != method && rt.method != "" && (method != "HEAD" || rt.method != "GET") {
			continue
		}
		if rt.matchPath(r, path, escaped) {
			return rt.handler(w, r)
		}
	}
	var allow []string
	for i := range m.routes {
		if m.routes[i].matchPath(r, path, escaped) {
			fits = true
			allow = append(allow, m.routes[i].method)
			if m.routes[i].method == "GET" {
				allow = append(allow, "HEAD")
			}
		}
	}
	r.nparam = 0
	if fits {
		w.Set("allow", strings.Join(allow, ", "))
		return Fail(405, "")
	}
	return Fail(404, "nothing is at "+path)
}

var defaultMux Mux

// Handle registers a handler with the module's own Mux. See Mux for patterns.
func Handle(pattern string, h Handler) { defaultMux.Handle(pattern, h) }

// Use wraps every handler registered afterwards with Handle.
func Use(wrap func(Handler) Handler) { defaultMux.Use(wrap) }

// HandleAll makes h answer every request of the module, in place of the patterns given to Handle.
func HandleAll(h Handler) { all = h }

var all Handler
