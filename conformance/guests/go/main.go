// Command conformance is the Go guest of the conformance suite: one route for each thing that the suite looks at. The same
// routes exist in every SDK's language.
package main

import (
	"encoding/base64"
	"errors"
	"io"
	mathrand "math/rand"
	"strconv"
	"strings"

	stackhost "github.com/stackhost/stackhost/sdk/go"
	"github.com/stackhost/stackhost/sdk/go/job"
	"github.com/stackhost/stackhost/sdk/go/middleware"
)

func main() {}

var (
	counter     int
	heapCounter = new(int)
	table       map[string]int
	boots       int
)

func init() {
	stackhost.OnBoot(func(stackhost.Booted) error {
		boots++
		table = map[string]int{"booted once": boots}
		return nil
	})
	stackhost.Handle("GET /t/echo-request", echoRequest)
	stackhost.Handle("POST /t/echo", echo)
	stackhost.Handle("POST /t/sum", sum)
	stackhost.Handle("GET /t/status/{code}", status)
	stackhost.Handle("GET /t/headers", headers)
	stackhost.Handle("GET /t/stream", stream)
	stackhost.Handle("GET /t/empty", func(w *stackhost.Response, r *stackhost.Request) error {
		w.Status(204)
		return nil
	})
	stackhost.Handle("GET /t/counter", func(w *stackhost.Response, r *stackhost.Request) error {
		counter++
		*heapCounter++
		return w.Text(strconv.Itoa(max(counter, *heapCounter)))
	})
	stackhost.Handle("GET /t/random", random)
	stackhost.Handle("GET /t/log", record)
	stackhost.Handle("GET /t/config", config)
	stackhost.Handle("GET /t/secret", secret)
	stackhost.Handle("GET /t/supports", supports)
	stackhost.Handle("GET /t/fetch", fetch)
	stackhost.Handle("GET /t/batch", batch)
	stackhost.Handle("GET /t/trap", func(w *stackhost.Response, r *stackhost.Request) error { panic("asked to trap") })
	stackhost.Handle("GET /t/loop", func(w *stackhost.Response, r *stackhost.Request) error {
		for {
			counter++
		}
	})
	stackhost.Handle("GET /t/recurse", func(w *stackhost.Response, r *stackhost.Request) error {
		return w.Text(strconv.Itoa(recurse(1)))
	})
	stackhost.Handle("GET /t/grow", growMemory)
	stackhost.Handle("GET /t/error", func(w *stackhost.Response, r *stackhost.Request) error {
		code, err := strconv.Atoi(r.Query().Get("code"))
		if err != nil || code >= 0 {
			return stackhost.Fail(400, "code must be a negative number")
		}
		return &stackhost.Error{Code: stackhost.Code(code)}
	})
	stackhost.Handle("GET /t/leak", leak)
	stackhost.Handle("GET /t/time", func(w *stackhost.Response, r *stackhost.Request) error {
		return w.JSON(stackhost.Object{{Name: "us", Value: r.Time().UnixMicro()}})
	})
	stackhost.Handle("GET /t/boot", func(w *stackhost.Response, r *stackhost.Request) error {
		return w.Text("booted once: " + strconv.Itoa(table["booted once"]))
	})
	middleware.Handle(around)
	job.HandleRest(work)
}

func echoRequest(w *stackhost.Response, r *stackhost.Request) error {
	var fields, params []any
	for n, v := range r.Headers() {
		fields = append(fields, []string{n, base64.StdEncoding.EncodeToString([]byte(v))})
	}
	for n, v := range r.Params() {
		params = append(params, []string{n, v})
	}
	return w.JSON(stackhost.Object{
		{Name: "method", Value: r.Method()},
		{Name: "path", Value: r.RawPath()},
		{Name: "query", Value: r.RawQuery()},
		{Name: "scheme", Value: r.Scheme()},
		{Name: "host", Value: r.Host()},
		{Name: "headers", Value: fields},
		{Name: "params", Value: params},
		{Name: "body_length", Value: r.BodyLength()},
		{Name: "route", Value: r.Route()},
		{Name: "has_id", Value: r.ID() != ""},
		{Name: "has_traceparent", Value: r.TraceParent() != ""},
		{Name: "timeout_positive", Value: r.Timeout() > 0},
	})
}

func echo(w *stackhost.Response, r *stackhost.Request) error {
	if kind := r.Header("content-type"); kind != "" {
		w.Set("content-type", kind)
	}
	_, err := io.Copy(w, r.Body())
	return err
}

func sum(w *stackhost.Response, r *stackhost.Request) error {
	var buf [8192]byte
	var bytes, total uint32
	for {
		n, err := r.Body().Read(buf[:])
		for _, c := range buf[:n] {
			total += uint32(c)
		}
		bytes += uint32(n)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	return w.JSON(stackhost.Object{{Name: "bytes", Value: bytes}, {Name: "sum", Value: total}})
}

func status(w *stackhost.Response, r *stackhost.Request) error {
	code, err := strconv.Atoi(r.Param("code"))
	if err != nil {
		return stackhost.Fail(400, "code must be a number")
	}
	w.Status(code)
	return nil
}

func headers(w *stackhost.Response, r *stackhost.Request) error {
	w.Add("x-a", "1")
	w.Add("x-a", "2")
	w.Set("x-bin", "\xff\xfe")
	w.Set("connection", "close")
	w.Set("content-length", "3")
	return w.Text("headers")
}

// number returns a number of the query, or otherwise.
func number(r *stackhost.Request, name string, otherwise int) int {
	if n, err := strconv.Atoi(r.Query().Get(name)); err == nil && n >= 0 {
		return n
	}
	return otherwise
}

func stream(w *stackhost.Response, r *stackhost.Request) error {
	chunk := []byte(strings.Repeat("x", number(r, "size", 1)))
	w.Set("content-type", "text/plain; charset=utf-8")
	for range number(r, "n", 1) {
		w.Write(chunk)
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func random(w *stackhost.Response, r *stackhost.Request) error {
	return w.JSON(stackhost.Object{
		{Name: "request", Value: hex16(stackhost.Rand().Uint64())},
		{Name: "language", Value: hex16(mathrand.Uint64())},
	})
}

func hex16(v uint64) string {
	s := strconv.FormatUint(v, 16)
	return "0000000000000000"[len(s):] + s
}

func work(r *job.Request) ([]byte, error) {
	switch r.Name {
	case "fail":
		return nil, &stackhost.Error{Code: -1001}
	case "trap":
		panic(errors.New("asked to trap"))
	}
	out := make([]byte, len(r.Payload))
	for i, c := range r.Payload {
		out[len(out)-1-i] = c
	}
	return out, nil
}

func around(r *stackhost.Request) (*middleware.Result, error) {
	switch r.Header("x-mw") {
	case "block":
		return middleware.Answer(func(w *stackhost.Response) {
			w.Status(403)
			w.Text("blocked")
		}), nil
	case "set":
		return middleware.Pass().SetHeader("x-added", "1").SetResponseHeader("x-mw", "seen"), nil
	}
	return nil, nil
}

// recurse never ends, and does something after each call so that it cannot become a loop.
func recurse(n int) int {
	if n < 0 {
		return n
	}
	return recurse(n+1) + counter
}
