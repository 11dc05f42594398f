package nethttp_test

import (
	"io"
	"net/http"
	"testing"

	stackhost "github.com/stackhost/stackhost/sdk/go"
	"github.com/stackhost/stackhost/sdk/go/nethttp"
	"github.com/stackhost/stackhost/sdk/go/stackhosttest"
)

func TestHandler(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /a/{id}", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Add("X-Many", "1")
		w.Header().Add("X-Many", "2")
		w.WriteHeader(201)
		io.WriteString(w, r.PathValue("id")+" "+r.FormValue("q")+" "+string(body)+" "+r.Header.Get("X-In")+" "+nethttp.Request(r).ID())
	})
	mux.HandleFunc("/stream", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "<html>")
		w.(http.Flusher).Flush()
		io.WriteString(w, "rest")
	})
	stackhost.HandleAll(nethttp.Handler(mux))
	t.Cleanup(func() { stackhost.HandleAll(nil) })
	h := stackhosttest.New(t)
	r := h.Do(stackhosttest.Request{Method: "POST", Target: "/a/7?q=x%20y", Body: "body", Headers: []stackhost.Value{{Name: "x-in", Value: "v"}}})
	if r.Status != 201 || r.Body != "7 x y body v test" || len(r.Headers) != 3 {
		t.Errorf("got %+v", r)
	}
	if r := h.Get("/stream"); !r.Streamed || r.Body != "<html>rest" || r.Header("content-type") != "text/html; charset=utf-8" {
		t.Errorf("got %+v", r)
	}
	if r := h.Get("/none"); r.Status != 404 {
		t.Errorf("got %+v", r)
	}
}
