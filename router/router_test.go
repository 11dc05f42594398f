package router

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func compile(t testing.TB, patterns ...string) *Table {
	t.Helper()
	var routes []Route
	for i, p := range patterns {
		routes = append(routes, Route{Pattern: p, Pos: Position{"stackhost.toml", i + 1, 1}, Value: p})
	}
	table, err := Compile(routes)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestMatch(t *testing.T) {
	table := compile(t, "GET /users/{id}", "POST /users", "/files/{rest...}", "/exact/{$}", "/tree/", "GET api.example.com/", "GET /users/me",
		"GET /a/{b}/c", "DELETE /users/{id}")
	for _, c := range []struct {
		method, host, path string
		want               string // pattern, or outcome
		params             string
	}{
		{"GET", "x", "/users/7", "GET /users/{id}", "id=7"},
		{"HEAD", "x", "/users/7", "GET /users/{id}", "id=7"},
		{"GET", "x", "/users/me", "GET /users/me", ""},
		{"GET", "x", "/users/a%2Fb", "GET /users/{id}", "id=a/b"},
		{"GET", "x", "/users/%zz", "GET /users/{id}", "id=%zz"},
		{"PUT", "x", "/users/7", "405 DELETE, GET, HEAD, OPTIONS", ""},
		{"GET", "x", "/users", "405 OPTIONS, POST", ""},
		{"GET", "x", "/files/a/b%20c", "/files/{rest...}", "rest=a/b c"},
		{"GET", "x", "/files/", "/files/{rest...}", "rest="},
		{"GET", "x", "/files", "redirect /files/", ""},
		{"GET", "x", "/exact/", "/exact/{$}", ""},
		{"GET", "x", "/exact/more", "404", ""},
		{"GET", "x", "/tree/a/b", "/tree/", ""},
		{"GET", "x", "/tree", "redirect /tree/", ""},
		{"GET", "x", "/users//7", "redirect /users/7", ""},
		{"GET", "x", "/users/../users/7", "redirect /users/7", ""},
		{"GET", "api.example.com:8080", "/anything", "GET api.example.com/", ""},
		{"GET", "x", "/a/1/c", "GET /a/{b}/c", "b=1"},
		{"GET", "x", "/a/1/d", "404", ""},
		{"GET", "x", "/nothing", "404", ""},
	} {
		var params Params
		m := table.Match(c.method, c.host, c.path, &params)
		got := "404"
		switch m.Outcome {
		case Found:
			got = m.Route.Pattern
		case MethodNotAllowed:
			got = "405 " + m.Allow
		case Redirect:
			got = "redirect " + m.Location
		}
		var list []string
		for _, p := range params.All() {
			list = append(list, p.Name+"="+p.Value)
		}
		if m.Outcome != Found {
			list = nil
		}
		if got != c.want || strings.Join(list, "&") != c.params {
			t.Errorf("%s %s%s: got %s [%s], want %s [%s]", c.method, c.host, c.path, got, strings.Join(list, "&"), c.want, c.params)
		}
	}
}

func TestConflictsNameBothPlaces(t *testing.T) {
	_, err := Compile([]Route{
		{Pattern: "GET /{a}/x", Pos: Position{"stackhost.toml", 3, 1}},
		{Pattern: "GET /x/{b}", Pos: Position{"stackhost.toml", 9, 1}},
		{Pattern: "/bad/{", Pos: Position{"stackhost.toml", 12, 1}},
		{Pattern: "GET /{a}/x", Pos: Position{"stackhost.toml", 15, 1}},
	})
	var route *RouteError
	if !errors.As(err, &route) || route.Other == nil {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{"stackhost.toml:9:1", "at stackhost.toml:3:1", "stackhost.toml:12:1", "stackhost.toml:15:1"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in:\n%v", want, err)
		}
	}
}

func TestMatchAllocatesNothing(t *testing.T) {
	table := compile(t, "GET /users/{id}/posts/{post}", "/files/{rest...}", "GET example.com/a")
	var params Params
	for _, path := range []string{"/users/7/posts/9", "/files/a/b/c", "/none"} {
		if n := testing.AllocsPerRun(100, func() { table.Match("GET", "example.com:80", path, &params) }); n != 0 && path != "/none" {
			t.Errorf("%s: %v allocations", path, n)
		}
	}
}

// The reference implementation is ServeMux itself, on random patterns and requests.
func TestAgreesWithServeMux(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		compare(t, random)
	}
}

func FuzzAgreesWithServeMux(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) { compare(t, rand.New(rand.NewPCG(a, b))) })
}

func compare(t *testing.T, random *rand.Rand) {
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	mux := http.NewServeMux()
	var routes []Route
	var seen string
	for range 1 + random.IntN(8) {
		p := pick("", "", "GET ", "POST ", "HEAD ") + pick("", "", "h.test")
		wild := 0
		for range random.IntN(4) {
			wild++
			p += "/" + pick("a", "b", "%61", fmt.Sprintf("{w%d}", wild))
		}
		p += pick("", "/", "/{$}", "/{rest...}")
		if !strings.Contains(p, "/") {
			p += "/"
		}
		if func() (bad bool) {
			defer func() { bad = recover() != nil }()
			mux.HandleFunc(p, func(w http.ResponseWriter, r *http.Request) { seen = p + values(r, p) })
			return
		}() {
			continue
		}
		routes = append(routes, Route{Pattern: p})
	}
	table, err := Compile(routes)
	if err != nil {
		t.Fatalf("ServeMux takes these and Compile does not: %v", err)
	}
	for range 8 {
		method, host, path := pick("GET", "POST", "HEAD", "PUT"), pick("h.test", "h.test:80", "other"), ""
		for range random.IntN(5) {
			path += "/" + pick("a", "b", "c", "%61", "a%2Fb", "", ".", "..")
		}
		path += pick("", "/")
		if path == "" {
			path = "/"
		}
		if strings.HasPrefix(path, "//") {
			continue // the reference would take the first segment for a host
		}
		target, err := url.Parse("http://" + host + path)
		if err != nil {
			continue
		}
		seen = ""
		rec := httptest.NewRecorder()
		mux.ServeHTTP(rec, &http.Request{Method: method, URL: target, Host: host, RequestURI: path, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1})
		var params Params
		m := table.Match(method, host, path, &params)
		want, got := "", ""
		switch {
		case seen != "":
			want = seen
		case rec.Code >= 300 && rec.Code < 400:
			// ServeMux escapes a path that is escaped already when it redirects to its clean form.
			want = "redirect " + strings.ReplaceAll(rec.Header().Get("Location"), "%25", "%")
		default:
			want = fmt.Sprint(rec.Code)
		}
		switch m.Outcome {
		case Found:
			got = m.Route.Pattern
			for _, p := range params.All() {
				got += " " + p.Name + "=" + p.Value
			}
		case Redirect:
			got = "redirect " + m.Location
		case MethodNotAllowed:
			got = "405"
		default:
			got = "404"
		}
		if strings.HasPrefix(got, "redirect ") { // and loses the escapes of one that it adds a slash to
			got, want = unescape(got), unescape(want)
			if strings.Contains(path, "%2F") && strings.HasPrefix(want, "redirect ") {
				continue // and where it has cleaned the unescaped path
			}
		}
		if got != want {
			t.Fatalf("%s %s%s with %v:\n got %s\nwant %s", method, host, path, patterns(routes), got, want)
		}
	}
}

func values(r *http.Request, pattern string) (s string) {
	for _, name := range parse(pattern).names {
		s += " " + name + "=" + r.PathValue(name)
	}
	return s
}

func patterns(routes []Route) (out []string) {
	for _, r := range routes {
		out = append(out, r.Pattern)
	}
	return out
}

func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{10, 1000} {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf("GET /service%d/users/{id}", i))
		}
		table := compile(b, all...)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var params Params
			for b.Loop() {
				table.Match("GET", "example.com", "/service7/users/42", &params)
			}
		})
	}
}
