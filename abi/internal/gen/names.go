package main

import (
	"go/token"
	"strings"
)

// initialisms keep their case in Pascal and Go names.
var initialisms = map[string]string{"http": "HTTP", "id": "ID", "kv": "KV", "sha256": "SHA256", "ttl": "TTL", "url": "URL"}

// words splits BootRequest, boot_request and boot-request into boot, request.
func words(name string) []string {
	var out []string
	start := 0
	for i := range len(name) {
		switch {
		case name[i] == '_' || name[i] == '-' || name[i] == ' ':
			out = append(out, name[start:i])
			start = i + 1
		case i > start && 'A' <= name[i] && name[i] <= 'Z':
			out = append(out, name[start:i])
			start = i
		}
	}
	out = append(out, name[start:])
	for i := range out {
		out[i] = strings.ToLower(out[i])
	}
	return out
}

// Pascal turns boot_request into BootRequest, http_request into HTTPRequest.
func Pascal(name string) string {
	var b strings.Builder
	for _, w := range words(name) {
		if known, ok := initialisms[w]; ok {
			b.WriteString(known)
		} else if w != "" {
			b.WriteString(strings.ToUpper(w[:1]) + w[1:])
		}
	}
	return b.String()
}

// Camel turns boot_request into bootRequest.
func Camel(name string) string {
	all := words(name)
	var b strings.Builder
	for i, w := range all {
		if i > 0 && w != "" {
			w = strings.ToUpper(w[:1]) + w[1:]
		}
		b.WriteString(w)
	}
	return b.String()
}

// Snake turns BootRequest into boot_request.
func Snake(name string) string { return strings.Join(words(name), "_") }

// Kebab turns BootRequest into boot-request.
func Kebab(name string) string { return strings.Join(words(name), "-") }

// Screaming turns BootRequest into BOOT_REQUEST.
func Screaming(name string) string { return strings.ToUpper(Snake(name)) }

// goName is Pascal, kept apart from Go's keywords.
func goName(name string) string {
	if n := Pascal(name); !token.IsKeyword(n) {
		return n
	}
	return Pascal(name) + "_"
}
