package router

import (
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
)

// Match finds the route for a request. escaped is the path as it was sent, percent-encoded, without query; host may have a
// port, which is ignored. params is overwritten, and holds something only with Found.
func (t *Table) Match(method, host, escaped string, params *Params) Match {
	params.n = 0
	if t == nil || escaped == "*" { // OPTIONS * asks about the server, not a resource
		return Match{}
	}
	byHost := t.byHost(host)
	clean := escaped
	if !isClean(escaped) {
		clean = cleanPath(escaped)
	}
	found := t.find(byHost, method, clean, false, params)
	// "/tree" leads to "/tree/" when that is a pattern and "/tree" itself is none.
	if clean[len(clean)-1] != '/' && !found.exact(clean, false) {
		scratch := params
		if found != nil { // what it found is still needed
			scratch = new(Params)
		}
		if t.find(byHost, method, clean, true, scratch).exact(clean, true) {
			params.n = 0
			return Match{Outcome: Redirect, Location: safeLocation(clean, true)}
		}
	}
	if clean != escaped {
		params.n = 0
		return Match{Outcome: Redirect, Location: safeLocation(clean, false)}
	}
	if found != nil {
		found.complete(params)
		return Match{Outcome: Found, Route: found.route}
	}
	set := byHost.match(clean, params) | t.any.match(clean, params)
	params.n = 0
	if set != 0 {
		return Match{Outcome: MethodNotAllowed, Allow: t.allow(set)}
	}
	return Match{}
}

// byHost returns the patterns of a host, or nil.
func (t *Table) byHost(host string) *methods {
	if len(t.hosts) == 0 {
		return nil
	}
	host = stripPort(host)
	for i := range len(host) {
		if host[i] >= 'A' && host[i] <= 'Z' {
			var buffer [255]byte // the longest name that DNS has (RFC 1035 section 2.3.4)
			if len(host) > len(buffer) {
				return nil
			}
			lower := buffer[:copy(buffer[:], host)]
			for j := i; j < len(lower); j++ {
				if lower[j] >= 'A' && lower[j] <= 'Z' {
					lower[j] += 'a' - 'A'
				}
			}
			return t.hosts[string(lower)]
		}
	}
	return t.hosts[host]
}

// find searches for path, with a slash added to it when slash is set. The values in params are as they were sent.
func (t *Table) find(byHost *methods, method, path string, slash bool, params *Params) *leaf {
	if l := byHost.find(method, path, slash, params); l != nil {
		return l
	}
	return t.any.find(method, path, slash, params)
}

// allow writes a set of methods as the value of an Allow header field. There are few different sets in a table, so each is
// written once.
func (t *Table) allow(set uint64) string {
	known := t.allowed.Load()
	if known != nil {
		if text, ok := (*known)[set]; ok {
			return text
		}
	}
	names := []string{http.MethodOptions}
	for i, method := range t.methods {
		if set&(1<<i) != 0 {
			names = append(names, method)
			if method == http.MethodGet {
				names = append(names, http.MethodHead)
			}
		}
	}
	slices.Sort(names)
	text := strings.Join(slices.Compact(names), ", ")
	next := map[uint64]string{set: text}
	if known != nil {
		maps.Copy(next, *known)
	}
	t.allowed.CompareAndSwap(known, &next) // a lost race costs writing it once more
	return text
}

// stripPort drops the port of a Host header field, and the brackets of an IPv6 address that has one. What is not host:port is
// left alone.
func stripPort(host string) string {
	i := strings.LastIndexByte(host, ':')
	if i < 0 {
		return host
	}
	name := host[:i]
	if name != "" && name[0] == '[' {
		if name[len(name)-1] != ']' || strings.ContainsAny(name[1:len(name)-1], "[]") {
			return host
		}
		return name[1 : len(name)-1]
	}
	if strings.ContainsAny(name, ":[]") || strings.ContainsAny(host[i:], "[]") {
		return host
	}
	return name
}

// isClean tells whether cleanPath would change nothing. It may say no for a path that is clean, such as "/.well-known".
func isClean(p string) bool {
	if p == "" || p[0] != '/' {
		return false
	}
	return !strings.Contains(p, "//") && !strings.Contains(p, "/.")
}

// cleanPath is the canonical form of a path, as ServeMux has it: dot segments and doubled slashes removed, a trailing slash kept.
// Escaped dots and slashes are ordinary characters.
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

// safeLocation escapes every byte that RFC 3986 section 3.3 does not allow in a path. Without it a client that sends "/\host" could be
// sent on to "/\host/", which browsers read as "//host/".
func safeLocation(p string, slash bool) string {
	const hex = "0123456789ABCDEF"
	b := make([]byte, 0, len(p)+8)
	for i := range len(p) {
		c := p[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("/%-._~!$&'()*+,;=:@", c) >= 0:
			b = append(b, c)
		default:
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	if slash {
		b = append(b, '/')
	}
	return string(b)
}

// unescape decodes percent-encoding; a malformed text is returned as it is.
func unescape(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	if b, ok := appendUnescaped(make([]byte, 0, len(s)), s); ok {
		return string(b)
	}
	return s
}

func appendUnescaped(b []byte, s string) ([]byte, bool) {
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b = append(b, s[i])
			continue
		}
		if i+2 >= len(s) {
			return b, false
		}
		high, low := unhex(s[i+1]), unhex(s[i+2])
		if high < 0 || low < 0 {
			return b, false
		}
		b = append(b, byte(high<<4|low))
		i += 2
	}
	return b, true
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
