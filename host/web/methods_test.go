package web

import (
	"testing"

	"github.com/valyala/fasthttp"
)

func TestAllow(t *testing.T) {
	for _, tt := range []struct {
		methods []string
		want    string
	}{
		{nil, "OPTIONS"}, {[]string{"GET"}, "GET, HEAD, OPTIONS"}, {[]string{"POST", "GET", "POST", "HEAD"}, "POST, GET, HEAD, OPTIONS"},
	} {
		if got := AllowValue(tt.methods); got != tt.want {
			t.Errorf("AllowValue(%q) = %q, want %q", tt.methods, got, tt.want)
		}
	}
	checkLeaks(t)
	ts := start(t, Config{Handler: func(ctx *fasthttp.RequestCtx) {
		(&Problems{}).MethodNotAllowed(ctx, AllowValue([]string{"GET"}))
	}}, false)
	c := ts.dial()
	defer c.Close()
	for method, status := range map[string]int{"OPTIONS": 204, "POST": 405} {
		resp, _ := get(t, c, method+" / HTTP/1.1\r\nHost: h\r\n\r\n")
		if resp.StatusCode != status || resp.Header.Get("Allow") != "GET, HEAD, OPTIONS" {
			t.Errorf("%s: %d, Allow %q", method, resp.StatusCode, resp.Header.Get("Allow"))
		}
	}
}

func TestRedirect(t *testing.T) {
	checkLeaks(t)
	for _, tt := range []struct {
		target string
		status int
		path   string
		want   string
	}{
		{"/new", 301, "/old?a=b", "/new"},
		{"/new{query}", 308, "/old?a=b", "/new?a=b"},
		{"/new{query}", 308, "/old", "/new"},
		{"https://other.example/{path}{query}", 302, "/a/b%20c?d=e", "https://other.example/a/b%20c?d=e"},
		{"/{path}", 307, "//evil.example/x", "/evil.example/x"},
		{"/{path}", 307, "/\\evil.example/x", "/evil.example/x"},
		{"/de/{path}", 303, "/", "/de/"},
	} {
		h, err := Redirect(tt.target, tt.status)
		if err != nil {
			t.Fatal(err)
		}
		ts := start(t, Config{Handler: h}, false)
		c := ts.dial()
		resp, _ := get(t, c, "GET "+tt.path+" HTTP/1.1\r\nHost: h\r\n\r\n")
		if resp.StatusCode != tt.status || resp.Header.Get("Location") != tt.want {
			t.Errorf("%s to %s: %d %q, want %d %q", tt.path, tt.target, resp.StatusCode, resp.Header.Get("Location"), tt.status, tt.want)
		}
		c.Close()
	}
	for _, tt := range []struct {
		target string
		status int
	}{{"/x", 200}, {"/x", 304}, {"", 301}, {"/a b", 301}, {"/a\r\nSet-Cookie: x", 301}} {
		if _, err := Redirect(tt.target, tt.status); err == nil {
			t.Errorf("Redirect(%q, %d): no error", tt.target, tt.status)
		}
	}
}
