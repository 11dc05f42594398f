package web

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"

	"github.com/valyala/fasthttp"
)

// allMethods is the Allow of the server as a whole.
const allMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"

// AllowValue joins methods into the value of an Allow field: GET brings HEAD with it, and OPTIONS is always allowed.
// The order is kept and repeats are dropped.
func AllowValue(methods []string) string {
	var b strings.Builder
	seen := make(map[string]bool, len(methods)+2)
	add := func(m string) {
		if seen[m] {
			return
		}
		seen[m] = true
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		b.WriteString(m)
	}
	for _, m := range methods {
		add(m)
		if m == fasthttp.MethodGet {
			add(fasthttp.MethodHead)
		}
	}
	add(fasthttp.MethodOptions)
	return b.String()
}

// MethodNotAllowed answers a request whose path exists, but not for its method: OPTIONS gets 204 and the Allow field, any
// other method a 405 problem with it (RFC 9110 sections 9.3.7 and 15.5.6). allow is a value as AllowValue makes it.
func (ps *Problems) MethodNotAllowed(ctx *fasthttp.RequestCtx, allow string) {
	if ctx.IsOptions() {
		ctx.Response.Header.Set(fasthttp.HeaderAllow, allow)
		ctx.SetStatusCode(fasthttp.StatusNoContent)
		return
	}
	ps.Write(ctx, &Problem{Status: fasthttp.StatusMethodNotAllowed, Code: "method-not-allowed", Detail: "This resource has no such method."})
	ctx.Response.Header.Set(fasthttp.HeaderAllow, allow)
}

// NotFound answers with a 404 problem.
func (ps *Problems) NotFound(ctx *fasthttp.RequestCtx) {
	ps.Write(ctx, &Problem{Status: fasthttp.StatusNotFound, Code: "not-found", Detail: "There is nothing at this address."})
}

// Redirect returns a handler that sends clients to another address. target is an absolute path or URL. "{path}" in it is
// replaced by the path of the request without its leading slash, "{query}" by its query with the question mark. Without
// "{query}" the query is dropped. status is 301, 302, 303, 307 or 308.
func Redirect(target string, status int) (fasthttp.RequestHandler, error) {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil, fmt.Errorf("web: redirect with status %d: want 301, 302, 303, 307 or 308", status)
	}
	if target == "" || strings.ContainsFunc(target, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return nil, fmt.Errorf("web: redirect to %q: want a path or URL without spaces and control characters", target)
	}
	return func(ctx *fasthttp.RequestCtx) {
		location := []byte(target)
		path, query := splitTarget(ctx.Request.Header.RequestURI())
		if bytes.Contains(location, []byte("{path}")) {
			// Leading slashes are dropped, all of them, so that "//evil.example" cannot become another host.
			location = bytes.ReplaceAll(location, []byte("{path}"), bytes.TrimLeft(path, `/\`))
		}
		if bytes.Contains(location, []byte("{query}")) {
			if len(query) > 0 {
				query = append([]byte{'?'}, query...)
			}
			location = bytes.ReplaceAll(location, []byte("{query}"), query)
		}
		SendRedirect(ctx, location, status)
	}, nil
}

// SendRedirect answers with a redirect to location, which is sent as it is.
func SendRedirect(ctx *fasthttp.RequestCtx, location []byte, status int) {
	ctx.Response.ResetBody()
	ctx.Response.Header.SetBytesV(fasthttp.HeaderLocation, location)
	ctx.SetStatusCode(status)
}
