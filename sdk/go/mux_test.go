package stackhost_test

import (
	"testing"

	stackhost "github.com/stackhost/stackhost/sdk/go"
	"github.com/stackhost/stackhost/sdk/go/stackhosttest"
)

// serve gives every request of a test to h.
func serve(t *testing.T, h stackhost.Handler) *stackhosttest.Host {
	stackhost.HandleAll(h)
	t.Cleanup(func() { stackhost.HandleAll(nil) })
	return stackhosttest.New(t)
}

func TestMux(t *testing.T) {
	var m stackhost.Mux
	for _, pattern := range []string{
		"GET /{$}", "GET /a", "POST /a", "/any", "GET /users/{id}", "GET /users/me", "GET /users/{id}/posts/{post}", "/files/{rest...}",
		"GET /dir/", "GET /sp ace",
	} {
		m.Handle(pattern, func(w *stackhost.Response, r *stackhost.Request) error {
			text := pattern
			for n, v := range r.Params() {
				text += " " + n + "=" + v
			}
			return w.Text(text)
		})
	}
	h := serve(t, m.Serve)
	for _, tt := range []struct{ method, target, want string }{
		{"GET", "/", "GET /{$}"},
		{"GET", "/a", "GET /a"},
		{"HEAD", "/a", "GET /a"},
		{"POST", "/a?x=/b", "POST /a"},
		{"DELETE", "/any", "/any"},
		{"GET", "/users/7", "GET /users/{id} id=7"},
		{"GET", "/users/a%2Fb%20c", "GET /users/{id} id=a/b c"},
		{"GET", "/users/me", "GET /users/me"},
		{"GET", "/users/7/posts/x", "GET /users/{id}/posts/{post} id=7 post=x"},
		{"GET", "/files/a/b.txt", "/files/{rest...} rest=a/b.txt"},
		{"GET", "/dir/x/y", "GET /dir/"},
		{"GET", "/sp%20ace", "GET /sp ace"},
		{"GET", "/users/", "404"},
		{"GET", "/dir", "404"},
		{"GET", "/nothing", "404"},
		{"PUT", "/a", "405 GET, HEAD, POST"},
	} {
		r := h.Do(stackhosttest.Request{Method: tt.method, Target: tt.target})
		got := r.Body
		switch r.Status {
		case 404:
			got = "404"
		case 405:
			got = "405 " + r.Header("allow")
		}
		if got != tt.want {
			t.Errorf("%s %s: got %q, want %q", tt.method, tt.target, got, tt.want)
		}
	}
}

func TestMuxRefusesBadPatterns(t *testing.T) {
	for _, pattern := range []string{"", "GET a", "GET /{", "/x{y}", "/{rest...}/more", "/{}", "/{$}/x"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("pattern %q was accepted", pattern)
				}
			}()
			new(stackhost.Mux).Handle(pattern, nil)
		}()
	}
	defer func() {
		if recover() == nil {
			t.Error("the same pattern twice was accepted")
		}
	}()
	var m stackhost.Mux
	m.Handle("GET /a/{x}", nil)
	m.Handle("GET /a/{y}", nil)
}

func TestUse(t *testing.T) {
	var m stackhost.Mux
	order := ""
	for _, name := range []string{"inner", "outer"} {
		m.Use(func(next stackhost.Handler) stackhost.Handler {
			return func(w *stackhost.Response, r *stackhost.Request) error {
				order += name + " "
				return next(w, r)
			}
		})
	}
	m.Handle("/", func(w *stackhost.Response, r *stackhost.Request) error { return w.Text(order) })
	if r := serve(t, m.Serve).Get("/"); r.Body != "outer inner " {
		t.Errorf("got %q", r.Body)
	}
}
