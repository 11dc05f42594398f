package main

import (
	"strings"
	"testing"

	"github.com/stackhost/stackhost/sdk/go/stackhosttest"
)

func TestEndpoints(t *testing.T) {
	h := stackhosttest.New(t)
	h.Random = []byte("0123456789abcdef")
	tests := []struct {
		name   string
		get    func() *stackhosttest.Response
		status int
		body   string
	}{
		{"hello", func() *stackhosttest.Response { return h.Get("/go/hello") }, 200, "Hello from Go"},
		{"form", func() *stackhosttest.Response { return h.PostForm("/go/form", "name=Zo%C3%AB&message=a+b%21") }, 200,
			`{"language":"Go","name":"Zoë","message":"a b!","length":4}`},
		{"form without name", func() *stackhosttest.Response { return h.PostForm("/go/form", "message=hi") }, 422,
			`{"type":"about:blank","title":"Unprocessable Content","status":422,"detail":"name is required"}`},
		{"stream", func() *stackhosttest.Response { return h.Get("/go/stream?n=2") }, 200, "line 1 of 2 from Go\nline 2 of 2 from Go\n"},
		{"echo", func() *stackhosttest.Response {
			return h.Do(stackhosttest.Request{Method: "POST", Target: "/go/echo", Chunks: []string{"ab", "c"}})
		}, 200, "abc"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if r := tt.get(); r.Status != tt.status || r.Body != tt.body {
				t.Errorf("got %d %q, want %d %q", r.Status, r.Body, tt.status, tt.body)
			}
		})
	}
	if r := h.Get("/go/json?a=1&b=%20&a=2"); !strings.HasPrefix(r.Body,
		`{"language":"Go","message":"Hello, world","path":"/go/json","method":"GET","query":{"a":"1","b":" "},"random":"`) {
		t.Errorf("json: got %q", r.Body)
	}
	if r := h.Get("/go/nowhere"); r.Status != 404 || r.Header("content-type") != "application/problem+json" {
		t.Errorf("unknown path: got %d %q", r.Status, r.Header("content-type"))
	}
	if r := h.Get("/go/stream?n=3"); len(r.Flushes) != 3 {
		t.Errorf("stream left in %d pieces, want 3", len(r.Flushes))
	}
}
