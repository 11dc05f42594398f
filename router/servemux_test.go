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

// The second implementation is ServeMux itself, on random patterns and requests.
func TestAgreesWithServeMux(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	outcomes := map[string]int{}
	for range 4000 {
		compare(t, random, outcomes)
	}
	for _, kind := range []string{"found", "redirect", "404", "405"} {
		if outcomes[kind] < 500 {
			t.Errorf("the random requests saw %s only %d times", kind, outcomes[kind])
		}
	}
}

func FuzzAgreesWithServeMux(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) { compare(t, rand.New(rand.NewPCG(a, b)), map[string]int{}) })
}

// FuzzCompile gives patterns and a request that nobody thought of to both.
func FuzzCompile(f *testing.F) {
	f.Add("GET /users/{id}\n/files/{rest...}\nexample.com/", "GET", "example.com", "/users/7")
	f.Add("/{$}\n/%2F/x\nPOST\t /a/{b}/", "HEAD", "[::1]:80", "/%2f/../a//b%zz")
	f.Fuzz(func(t *testing.T, list, method, host, path string) {
		mux := http.NewServeMux()
		var routes []Route
		for i, p := range strings.Split(list, "\n") {
			if i == 16 {
				break
			}
			refused := register(mux, lowerHost(p)) != nil
			_, err := Compile(append(routes, Route{Pattern: p}))
			if !refused && err != nil && !errors.Is(err, ErrShadowed) && !errors.Is(err, ErrTooMany) || refused && err == nil {
				t.Fatalf("%q after %v: ServeMux refuses: %v, Compile: %v", p, patterns(routes), refused, err)
			}
			if err == nil {
				routes = append(routes, Route{Pattern: p})
			}
		}
		table, err := Compile(routes)
		if err != nil {
			t.Fatal(err)
		}
		var params Params
		m := table.Match(method, host, path, &params)
		for range 3 { // a redirect leads to something in two steps: the clean path, then the slash
			if m.Outcome != Redirect {
				break
			}
			if strings.HasPrefix(m.Location, "//") || strings.ContainsAny(m.Location, "\\\r\n \x00") || m.Location[0] != '/' {
				t.Fatalf("location %q is not safe", m.Location)
			}
			m = table.Match(method, host, m.Location, &params)
		}
		if m.Outcome == Redirect {
			t.Fatalf("%v: %q redirects for ever, now to %q", patterns(routes), path, m.Location)
		}
		if (m.Outcome == Found) != (m.Route != nil) || m.Outcome != Found && len(params.All()) > 0 {
			t.Fatalf("got %v with %v", m, params.All())
		}
	})
}

func compare(t *testing.T, random *rand.Rand, outcomes map[string]int) {
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	mux := http.NewServeMux()
	var routes []Route
	var seen string
	for range 1 + random.IntN(8) {
		p := pick("", "", "GET ", "POST ", "HEAD ", "CONNECT ") + pick("", "", "h.test", "other")
		wild := 0
		for range random.IntN(4) {
			wild++
			p += "/" + pick("a", "b", "%61", "b%2Fc", "%2F", fmt.Sprintf("{w%d}", wild))
		}
		p += pick("", "/", "/{$}", "/{rest...}")
		if !strings.Contains(p, "/") {
			p += "/"
		}
		if register(mux, p) != nil {
			continue
		}
		routes = append(routes, Route{Pattern: p})
	}
	table, err := Compile(routes)
	for err != nil { // what Compile says is unreachable must be so: without it ServeMux has to give the same answers
		var bad *RouteError
		if !errors.As(err, &bad) || !errors.Is(err, ErrShadowed) {
			t.Fatalf("ServeMux takes %v and Compile does not: %v", patterns(routes), err)
		}
		for i := range routes {
			if routes[i].Pattern == bad.Route.Pattern {
				routes = append(routes[:i], routes[i+1:]...)
				break
			}
		}
		table, err = Compile(routes)
	}
	mux = http.NewServeMux()
	for _, r := range routes {
		mux.HandleFunc(r.Pattern, func(w http.ResponseWriter, req *http.Request) { seen = r.Pattern + values(req, r.Pattern) })
	}
	for range 8 {
		method, path := pick("GET", "POST", "HEAD", "PUT", "OPTIONS", "CONNECT"), ""
		host := pick("h.test", "h.test:80", "other", "x", "[::1]:1", "a:b:c")
		for range random.IntN(5) {
			path += "/" + pick("a", "b", "c", "%61", "a%2Fb", "b%2fc", "%2F", "%2e", "", ".", "..", "...", ".well-known")
		}
		path += pick("", "/")
		if path == "" {
			path = "/"
		}
		if strings.HasPrefix(path, "//") || method == http.MethodConnect && path != cleanPath(path) {
			continue // the reference takes the first segment for a host, and has rules of its own for CONNECT
		}
		target, err := url.Parse("http://x" + path)
		if err != nil {
			continue
		}
		target.Host, target.Scheme = strings.TrimSuffix(host, ":80"), ""
		requestHost := host
		if method == http.MethodConnect {
			requestHost = target.Host
		}
		seen = ""
		rec := httptest.NewRecorder()
		mux.ServeHTTP(rec, &http.Request{Method: method, URL: target, Host: requestHost, RequestURI: path, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1})
		var params Params
		got := show(table.Match(method, requestHost, path, &params), &params)
		want := seen
		switch {
		case seen != "":
			outcomes["found"]++
		case rec.Code >= 300 && rec.Code < 400:
			outcomes["redirect"]++
			want = "redirect"
			// ServeMux's redirect escapes a path that is escaped already, or loses the escapes; apart from those its target is ours.
			if !strings.Contains(path, "%") {
				want += " " + rec.Header().Get("Location")
			} else {
				got, _, _ = strings.Cut(got, " ")
			}
		case rec.Code == http.StatusMethodNotAllowed:
			outcomes["405"]++
			got = strings.Replace(strings.Replace(got, ", OPTIONS", "", 1), "OPTIONS, ", "", 1)
			want = "405 " + rec.Header().Get("Allow")
		default:
			outcomes["404"]++
			want = fmt.Sprint(rec.Code)
		}
		if got != want {
			t.Fatalf("%s %s %s with %q:\n got %s\nwant %s", method, requestHost, path, patterns(routes), got, want)
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
