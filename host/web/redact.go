package web

import (
	"bytes"
	"strings"
)

var redacted = []byte("[redacted]")

// Redacted tells whether a header field or query parameter of this name usually carries a credential, so that its value does
// not belong in a record or on a page. Case is ignored.
func Redacted(name string) bool {
	name = strings.ToLower(name)
	return secretHeader(name) || secretName(name)
}

func secretHeader(name string) bool {
	switch name {
	case "authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-auth-token", "x-csrf-token", "x-amz-security-token":
		return true
	}
	return false
}

// secretName judges the lower-case name of a query parameter.
func secretName(name string) bool {
	for _, part := range []string{"token", "password", "passwd", "secret", "signature", "credential", "apikey", "api_key", "api-key", "session"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	switch name {
	case "key", "pwd", "pass", "auth", "code", "sig", "jwt", "otp", "pin", "assertion":
		return true
	}
	return strings.HasSuffix(name, "_key") || strings.HasSuffix(name, "-key")
}

// keepQuery copies a query with the values of secret parameters replaced.
func (a *AccessLog) keepQuery(rec *accessRecord, query []byte) span {
	from := len(rec.buf)
	query = query[:min(len(query), 1024)]
	for len(query) > 0 {
		pair := query
		if i := bytes.IndexAny(query, "&;"); i >= 0 {
			pair, query = query[:i+1], query[i+1:]
		} else {
			query = nil
		}
		eq := bytes.IndexByte(pair, '=')
		if eq < 0 {
			rec.buf = append(rec.buf, pair...)
			continue
		}
		name := strings.ToLower(string(unescapeName(pair[:eq])))
		if secretName(name) || a.redact[name] {
			rec.buf = append(rec.buf, pair[:eq+1]...)
			rec.buf = append(rec.buf, redacted...)
			if end := pair[len(pair)-1]; end == '&' || end == ';' {
				rec.buf = append(rec.buf, end)
			}
			continue
		}
		rec.buf = append(rec.buf, pair...)
	}
	return span{from, len(rec.buf)}
}

// unescapeName decodes percent escapes, so that a parameter cannot hide its name behind them.
func unescapeName(b []byte) []byte {
	if bytes.IndexByte(b, '%') < 0 {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '%' && i+2 < len(b) && isHex(b[i+1]) && isHex(b[i+2]) {
			out = append(out, hexValue(b[i+1])<<4|hexValue(b[i+2]))
			i += 2
			continue
		}
		out = append(out, b[i])
	}
	return out
}

// splitTarget divides a request target into path and query; an absolute target keeps only its path.
func splitTarget(target []byte) (path, query []byte) {
	path, query, _ = bytes.Cut(target, []byte{'?'})
	if len(path) > 0 && path[0] != '/' {
		if i := bytes.Index(path, []byte("://")); i >= 0 {
			rest := path[i+3:]
			if j := bytes.IndexByte(rest, '/'); j >= 0 {
				path = rest[j:]
			} else {
				path = []byte{'/'}
			}
		}
	}
	return path, query
}
