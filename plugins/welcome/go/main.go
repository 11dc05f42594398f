// Command welcome answers under /go/ in the welcome app: the same small endpoints that every SDK's language has there.
package main

import (
	"io"
	"strconv"

	stackhost "github.com/stackhost/stackhost/sdk/go"
)

func init() {
	stackhost.Handle("GET /go/{$}", page)
	stackhost.Handle("GET /go/hello", hello)
	stackhost.Handle("GET /go/json", document)
	stackhost.Handle("POST /go/form", form)
	stackhost.Handle("GET /go/stream", stream)
	stackhost.Handle("POST /go/echo", echo)
}

func main() {}

func page(w *stackhost.Response, r *stackhost.Request) error {
	return w.HTML(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Go on stackhost</title>
<h1>Go</h1>
<p>This page comes from a Go module. Try <a href="/go/hello">hello</a>, <a href="/go/json?a=1">json</a> and
<a href="/go/stream?n=20">stream</a>.</p>
</html>
`)
}

func hello(w *stackhost.Response, r *stackhost.Request) error {
	return w.Text("Hello from Go")
}

func document(w *stackhost.Response, r *stackhost.Request) error {
	return w.JSON(stackhost.Object{
		{Name: "language", Value: "Go"},
		{Name: "message", Value: "Hello, world"},
		{Name: "path", Value: r.RawPath()},
		{Name: "method", Value: r.Method()},
		{Name: "query", Value: r.Query()},
		{Name: "random", Value: hex16(stackhost.Rand().Uint64())},
	})
}

func form(w *stackhost.Response, r *stackhost.Request) error {
	fields, err := r.Form()
	if err != nil {
		return err
	}
	for _, name := range []string{"name", "message"} {
		if fields.Get(name) == "" {
			return stackhost.Fail(422, name+" is required")
		}
	}
	message := fields.Get("message")
	return w.JSON(stackhost.Object{
		{Name: "language", Value: "Go"},
		{Name: "name", Value: fields.Get("name")},
		{Name: "message", Value: message},
		{Name: "length", Value: len(message)},
	})
}

func stream(w *stackhost.Response, r *stackhost.Request) error {
	n := 5
	if text := r.Query().Get("n"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil || n < 1 || n > 1000 {
			return stackhost.Fail(400, "n must be a number from 1 to 1000")
		}
	}
	w.Set("content-type", "text/plain; charset=utf-8")
	for i := 1; i <= n; i++ {
		w.WriteString("line " + strconv.Itoa(i) + " of " + strconv.Itoa(n) + " from Go\n")
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func echo(w *stackhost.Response, r *stackhost.Request) error {
	if kind := r.Header("content-type"); kind != "" {
		w.Set("content-type", kind)
	}
	_, err := io.Copy(w, r.Body())
	return err
}

// hex16 writes v as 16 hex digits.
func hex16(v uint64) string {
	s := strconv.FormatUint(v, 16)
	return "0000000000000000"[len(s):] + s
}
