package admin

import (
	"fmt"
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	handle := func(*Call) error { return nil }
	var routes []Route
	for _, r := range []string{
		"GET /", "GET /v1/apps", "GET /v1/apps/{app}", "POST /v1/apps/{app}:activate", "GET /v1/apps/{app}/kv/{ns}", "POST /v1/apps/{app}/kv:txn",
		"GET /v1/apps/{app}/kv/{ns}/{key...}", "PUT /v1/apps/{app}/kv/{ns}/{key...}", "POST /v1/apps/{app}/cache/{ns}:invalidate",
		"GET /v1/apps/{app}/cache/{ns}",
	} {
		method, path, _ := strings.Cut(r, " ")
		routes = append(routes, Route{Method: method, Path: path, Handle: handle})
	}
	table, err := newTable(routes)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, want string }{
		{"/", "/"},
		{"/v1/apps", "/v1/apps"},
		{"/v1/apps/", ""},
		{"/v1/apps/shop", "/v1/apps/{app} app=shop"},
		{"/v1/apps/shop/", ""},
		{"/v1/apps/shop:activate", "/v1/apps/{app}:activate app=shop"},
		{"/v1/apps/shop:other", "/v1/apps/{app} app=shop:other"},
		{"/v1/apps/:activate", "/v1/apps/{app} app=:activate"},
		{"/v1/apps/shop/kv:txn", "/v1/apps/{app}/kv:txn app=shop"},
		{"/v1/apps/shop/kv/posts", "/v1/apps/{app}/kv/{ns} app=shop ns=posts"},
		{"/v1/apps/shop/kv/posts/", ""},
		{"/v1/apps/shop/kv/posts/a/b", "/v1/apps/{app}/kv/{ns}/{key...} app=shop ns=posts key=a/b"},
		{"/v1/apps/shop/kv/posts/a//b/", "/v1/apps/{app}/kv/{ns}/{key...} app=shop ns=posts key=a//b/"},
		{"/v1/apps/shop/kv/posts/..", "/v1/apps/{app}/kv/{ns}/{key...} app=shop ns=posts key=.."},
		{"/v1/apps//kv/posts/a", ""},
		{"/v1/apps/shop/cache/pages:invalidate", "/v1/apps/{app}/cache/{ns}:invalidate app=shop ns=pages"},
		{"/v1/apps/shop/cache/pages", "/v1/apps/{app}/cache/{ns} app=shop ns=pages"},
		{"/v2/apps", ""},
		{"", ""},
		{"v1/apps", ""},
	} {
		var vars [maxVars][]byte
		got := ""
		if l := table.match([]byte(c.path), &vars); l != nil {
			got = l.routes[0].Path
			for i, name := range l.names {
				got += fmt.Sprintf(" %s=%s", name, vars[i])
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.path, got, c.want)
		}
	}
	for _, bad := range []Route{
		{Method: "GET", Path: "v1"}, {Method: "GET", Path: "/a/{b...}/c"}, {Method: "GET", Path: "/a/{b}x"}, {Method: "GET", Path: "/v1/apps"},
		{Method: "PUT", Path: "/v1/apps/{name}"}, {Method: "GET", Path: "/{a}/{b}/{c}/{d}/{e}"},
	} {
		if _, err := newTable(append(routes[:len(routes):len(routes)], bad)); err == nil {
			t.Errorf("%s was accepted", bad.Path)
		}
	}
}

// FuzzMatch gives the table paths as clients may send them.
func FuzzMatch(f *testing.F) {
	table, err := newTable(Routes(Services{}))
	if err != nil {
		f.Fatal(err)
	}
	f.Add("/v1/apps/shop/kv/posts/a%2Fb")
	f.Add("/v1/apps/shop/cache/pages:invalidate")
	f.Fuzz(func(t *testing.T, path string) {
		var vars [maxVars][]byte
		l := table.match([]byte(path), &vars)
		if l == nil {
			return
		}
		for i, name := range l.names {
			if len(vars[i]) == 0 {
				t.Errorf("%q: %s is empty", path, name)
			}
			unescape(vars[i])
		}
	})
}

func TestUnescape(t *testing.T) {
	for in, want := range map[string]string{"a": "a", "a%2Fb": "a/b", "%25": "%", "%00%ff": "\x00\xff", "a+b": "a+b", "%": "!", "%2": "!", "%zz": "!", "%+1": "!"} {
		got, err := unescape([]byte(in))
		if err != nil {
			got = []byte("!")
		}
		if string(got) != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
