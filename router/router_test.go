package router

import (
	"errors"
	"fmt"
	"strings"
	"sync"
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

// show writes a match on one line.
func show(m Match, params *Params) string {
	switch m.Outcome {
	case Found:
		text := m.Route.Pattern
		for _, p := range params.All() {
			text += " " + p.Name + "=" + p.Value
		}
		return text
	case MethodNotAllowed:
		return "405 " + m.Allow
	case Redirect:
		return "redirect " + m.Location
	}
	return "404"
}

func TestMatch(t *testing.T) {
	table := compile(t, "GET /users/{id}", "POST /users", "/files/{rest...}", "/exact/{$}", "/tree/", "GET api.Example.com/", "GET /users/me",
		"GET /a/{b}/c", "DELETE /users/{id}", "GET [::1]/v6/", "PURGE\t /users", "GET /caf%C3%A9/x")
	for _, c := range []struct{ method, host, path, want string }{
		{"GET", "x", "/users/7", "GET /users/{id} id=7"},
		{"HEAD", "x", "/users/7", "GET /users/{id} id=7"},
		{"GET", "x", "/users/me", "GET /users/me"},
		{"GET", "x", "/users/a%2Fb", "GET /users/{id} id=a/b"},
		{"GET", "x", "/users/%zz", "GET /users/{id} id=%zz"},
		{"GET", "x", "/users/%6De", "GET /users/me"},
		{"PUT", "x", "/users/7", "405 DELETE, GET, HEAD, OPTIONS"},
		{"OPTIONS", "x", "/users/7", "405 DELETE, GET, HEAD, OPTIONS"},
		{"PUT", "x", "/users", "405 OPTIONS, POST, PURGE"},
		{"get", "x", "/users/7", "405 DELETE, GET, HEAD, OPTIONS"},
		{"GET", "x", "/files/a/b%20c", "/files/{rest...} rest=a/b c"},
		{"GET", "x", "/files/", "/files/{rest...} rest="},
		{"GET", "x", "/files", "redirect /files/"},
		{"GET", "x", "/exact/", "/exact/{$}"},
		{"PUT", "x", "/exact/more", "404"},
		{"GET", "x", "/tree/a/b", "/tree/"},
		{"GET", "x", "/tree", "redirect /tree/"},
		{"GET", "x", "/users//7", "redirect /users/7"},
		{"GET", "x", "/users/../users/7", "redirect /users/7"},
		{"GET", "x", "/users/%2e%2e", "GET /users/{id} id=.."},
		{"GET", "api.example.com:8080", "/anything", "GET api.Example.com/"},
		{"GET", "API.example.COM", "/anything", "GET api.Example.com/"},
		{"GET", strings.Repeat("A", 300), "/users/7", "GET /users/{id} id=7"},
		{"GET", "[::1]:80", "/v6", "404"},
		{"GET", "[::1]", "/v6", "redirect /v6/"},
		{"GET", "x", "/a/1/c", "GET /a/{b}/c b=1"},
		{"GET", "x", "/caf%c3%a9/x", "GET /caf%C3%A9/x"},
		{"GET", "x", "/café/x", "GET /caf%C3%A9/x"},
		{"POST", "x", "/", "404"},
		{"POST", "x", "", "redirect /"},
		{"OPTIONS", "x", "*", "404"},
	} {
		var params Params
		if got := show(table.Match(c.method, c.host, c.path, &params), &params); got != c.want {
			t.Errorf("%s %s%s: got %s, want %s", c.method, c.host, c.path, got, c.want)
		}
	}
}

func TestRedirectsStayOnTheHost(t *testing.T) {
	table := compile(t, "GET /{page}/")
	for _, c := range []struct{ path, want string }{
		// Browsers read "/\" as "//": without escaping it would send a client to another host.
		{`/\evil.example`, `redirect /%5Cevil.example/`},
		{`/\/evil.example`, `GET /{page}/ page=\`},
		{"//evil.example", "redirect /evil.example/"},
		{"/..//evil.example", "redirect /evil.example/"},
		{"evil.example", "redirect /evil.example/"},
		{"/a\r\nSet-Cookie: a=b", "redirect /a%0D%0ASet-Cookie:%20a=b/"},
		{"/a%2f%2e", "redirect /a%2f%2e/"},
	} {
		var params Params
		if got := show(table.Match("GET", "x", c.path, &params), &params); got != c.want {
			t.Errorf("%q: got %s, want %s", c.path, got, c.want)
		}
	}
}

func TestParams(t *testing.T) {
	table := compile(t, "/a/{x}/{y}/{rest...}")
	var params Params
	table.Match("GET", "", "/a/1/%32/3/4", &params)
	if params.Get("x") != "1" || params.Get("y") != "2" || params.Get("rest") != "3/4" || params.Get("none") != "" || len(params.All()) != 3 {
		t.Errorf("got %v", params.All())
	}
	for _, path := range []string{"/nothing", "/a//1", "/a/1/2"} {
		table.Match("GET", "", "/a/1/2/3", &params)
		if table.Match("GET", "", path, &params); len(params.All()) != 0 {
			t.Errorf("%s: params of the match before are left: %v", path, params.All())
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	wild := ""
	for i := range MaxParams + 1 {
		wild += fmt.Sprintf("/{w%d}", i)
	}
	many := make([]string, 65)
	for i := range many {
		many[i] = fmt.Sprintf("M%d /", i)
	}
	for _, c := range []struct {
		name     string
		patterns []string
		kind     error
		want     []string // in the error
	}{
		{"overlap", []string{"GET /{a}/x", "GET /x/{b}"}, ErrConflict, []string{`app.toml:2:3: route "GET /x/{b}" conflicts with "GET /{a}/x" at app.toml:1:3: some requests match both`}},
		{"method against path", []string{"GET /", "/a/"}, ErrConflict, []string{"some requests match both"}},
		{"same", []string{"GET /{a}/x", "GET /{b}/x"}, ErrConflict, []string{"they match the same requests"}},
		{"same host", []string{"GET Example.com/", "GET example.COM/"}, ErrConflict, []string{"they match the same requests"}},
		{"syntax", []string{"/bad/{"}, ErrPattern, []string{`app.toml:1:3: route "/bad/{"`}},
		{"no slash", []string{"GET example.com"}, ErrPattern, []string{"app.toml:1:3"}},
		{"empty", []string{""}, ErrPattern, []string{"app.toml:1:3"}},
		{"twice the name", []string{"/{a}/{a}"}, ErrPattern, []string{"duplicate"}},
		{"all of them", []string{"/bad/{", "/x", "/x", "/{}"}, ErrPattern, []string{"app.toml:1:3", "app.toml:3:3", "at app.toml:2:3", "app.toml:4:3"}},
		{"shadowed", []string{"GET /a/", "GET /a/{$}", "GET /a/{one}", "GET /a/{one}/"}, ErrShadowed, []string{`app.toml:1:3: route "GET /a/" is never reached: "GET /a/{one}/" at app.toml:4:3`}},
		{"shadowed deeper", []string{"/a/{r...}", "/a/{$}", "/a/{x}", "/a/{x}/{$}", "/a/{x}/{y}", "/a/{x}/{y}/"}, ErrShadowed, []string{`app.toml:1:3: route "/a/{r...}" is never reached`}},
		{"wildcards", []string{wild}, ErrTooMany, []string{"more than 16 wildcards"}},
		{"methods", many, ErrTooMany, []string{"more than 64 different methods"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var routes []Route
			for i, p := range c.patterns {
				routes = append(routes, Route{Pattern: p, Pos: Position{"app.toml", i + 1, 3}})
			}
			table, err := Compile(routes)
			var route *RouteError
			if table != nil || !errors.Is(err, c.kind) || !errors.As(err, &route) {
				t.Fatalf("got %v, %v", table, err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in:\n%v", want, err)
				}
			}
		})
	}
}

func TestShadowingNeedsAllThree(t *testing.T) {
	compile(t, "GET /a/", "GET /a/{$}", "GET /a/{one}")
	compile(t, "GET /a/", "GET /a/{one}", "GET /a/{one}/")
	compile(t, "GET /a/", "GET /a/{$}", "GET /a/{one}/")
	compile(t, "/a/", "/a/{$}", "/a/{one}", "GET /a/{one}/")
}

func TestPositionString(t *testing.T) {
	if got := (Position{}).String(); got != "an unknown place" {
		t.Error(got)
	}
}

func TestNoTableFindsNothing(t *testing.T) {
	var r Router
	var params Params
	if m := r.Match("GET", "x", "/", &params); m.Outcome != NotFound {
		t.Errorf("got %v", m.Outcome)
	}
}

func TestSwapWhileMatching(t *testing.T) {
	var r Router
	tables := []*Table{compile(t, "GET /{a}"), compile(t, "GET /{b}", "POST /{b}")}
	r.Swap(tables[0])
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			var params Params
			for range 2000 {
				m := r.Match("GET", "x", "/1", &params)
				if m.Outcome != Found || params.Get(strings.Trim(m.Route.Pattern, "GET /{}")) != "1" {
					t.Errorf("got %s", show(m, &params))
					return
				}
				if m := r.Match("PUT", "x", "/1", &params); !strings.HasPrefix(m.Allow, "GET, HEAD, OPTIONS") {
					t.Errorf("got %s", show(m, &params))
				}
			}
		})
	}
	for i := range 500 {
		r.Swap(tables[i%2])
	}
	wait.Wait()
}

func TestMatchAllocatesNothing(t *testing.T) {
	table := compile(t, "GET /users/{id}/posts/{post}", "POST /users/{id}/posts/{post}", "/files/{rest...}", "GET example.com/a", "GET /exact/caf%C3%A9")
	var params Params
	for _, c := range []struct {
		method, path string
		want         Outcome
	}{
		{"GET", "/users/7/posts/9", Found},
		{"HEAD", "/users/7/posts/9", Found},
		{"GET", "/files/a/b/c", Found},
		{"GET", "/a", Found},
		{"GET", "/exact/caf%c3%a9", Found},
		{"GET", "/none", NotFound},
		{"PUT", "/users/7/posts/9", MethodNotAllowed},
	} {
		check := func() {
			if m := table.Match(c.method, "Example.com:80", c.path, &params); m.Outcome != c.want {
				t.Fatalf("%s: got %v", c.path, m.Outcome)
			}
		}
		check()
		if n := testing.AllocsPerRun(100, check); n != 0 {
			t.Errorf("%s %s: %v allocations", c.method, c.path, n)
		}
	}
	// A decoded value is the one thing that has to be made.
	if n := testing.AllocsPerRun(100, func() { table.Match("GET", "x", "/users/7/posts/%39", &params) }); n > 1 {
		t.Errorf("an encoded value: %v allocations", n)
	}
}

func ExampleTable_Match() {
	table, err := Compile([]Route{
		{Pattern: "GET /users/{id}", Value: "show a user"},
		{Pattern: "/files/{path...}", Value: "serve a file"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	var params Params
	m := table.Match("GET", "example.com:8080", "/users/7", &params)
	fmt.Println(m.Outcome, m.Route.Value, params.Get("id"))
	m = table.Match("DELETE", "example.com", "/users/7", &params)
	fmt.Println(m.Outcome, m.Allow)
	m = table.Match("GET", "example.com", "/files", &params)
	fmt.Println(m.Outcome, m.Location)
	// Output:
	// found show a user 7
	// method not allowed GET, HEAD, OPTIONS
	// redirect /files/
}

func TestCompileStopsAfterManyProblems(t *testing.T) {
	routes := make([]Route, 5000)
	for i := range routes {
		routes[i].Pattern = fmt.Sprintf("GET /%d", i/2)
	}
	_, err := Compile(routes)
	if got := strings.Count(err.Error(), "\n") + 1; got != maxProblems {
		t.Errorf("got %d problems", got)
	}
}

func BenchmarkCompile(b *testing.B) {
	var routes []Route
	for i := range 1000 {
		routes = append(routes, Route{Pattern: fmt.Sprintf("GET /service%d/users/{id}", i)})
	}
	for b.Loop() {
		if _, err := Compile(routes); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{10, 1000} {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf("GET /service%d/users/{id}", i))
		}
		table := compile(b, all...)
		for _, c := range []struct{ name, method, path string }{
			{"found", "GET", "/service7/users/42"},
			{"encoded", "GET", "/service7/users/4%32"},
			{"notfound", "GET", "/service7/none/42"},
			{"notallowed", "POST", "/service7/users/42"},
		} {
			b.Run(fmt.Sprintf("routes=%d/%s", n, c.name), func(b *testing.B) {
				b.ReportAllocs()
				var params Params
				for b.Loop() {
					table.Match(c.method, "example.com", c.path, &params)
				}
			})
		}
	}
}
