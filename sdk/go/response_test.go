package stackhost_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	stackhost "github.com/stackhost/stackhost/sdk/go"
	"github.com/stackhost/stackhost/sdk/go/stackhosttest"
)

func TestHeadersMayChangeAfterTheBodyBegan(t *testing.T) {
	h := serve(t, func(w *stackhost.Response, r *stackhost.Request) error {
		w.Set("x-a", "1")
		w.Add("x-b", "2")
		w.Write([]byte("body"))
		w.Set("x-a", "longer than before")
		w.Add("x-b", "3")
		w.Status(201)
		w.Write([]byte(" more"))
		w.Set("X-B", "4")
		return nil
	})
	r := h.Get("/")
	if r.Status != 201 || r.Body != "body more" || r.Header("x-a") != "longer than before" || r.Header("x-b") != "4" || len(r.Headers) != 2 {
		t.Errorf("got %+v", r)
	}
}

func TestErrors(t *testing.T) {
	var fail error
	h := serve(t, func(w *stackhost.Response, r *stackhost.Request) error {
		w.Text("lost")
		return fail
	})
	tests := []struct {
		err    error
		status int
		code   stackhost.Code
		logs   int
	}{
		{stackhost.Fail(422, `say "please"`), 422, 0, 0},
		{&stackhost.Error{Code: stackhost.CodeNotFound}, 0, stackhost.CodeNotFound, 0},
		{&stackhost.Error{Code: stackhost.CodeDenied, Text: "why"}, 0, stackhost.CodeDenied, 1},
		{errors.New("boom"), 0, stackhost.CodeGuest, 1},
		{&stackhost.Error{Code: -1234}, 0, -1234, 0},
	}
	for _, tt := range tests {
		fail, h.Logs = tt.err, nil
		if r := h.Get("/"); r.Status != tt.status || r.Code != tt.code || len(h.Logs) != tt.logs || strings.Contains(r.Body, "lost") {
			t.Errorf("%v: got %+v and %d records", tt.err, r, len(h.Logs))
		}
	}
	fail = stackhost.Fail(422, `say "please"`)
	if r := h.Get("/"); r.Body != `{"type":"about:blank","title":"Unprocessable Content","status":422,"detail":"say \"please\""}` {
		t.Errorf("got %q", r.Body)
	}
}

func TestStreaming(t *testing.T) {
	h := serve(t, func(w *stackhost.Response, r *stackhost.Request) error {
		w.Set("content-type", "text/event-stream")
		for _, s := range []string{"one", "two", "three"} {
			w.WriteString(s)
			if err := w.Flush(); err != nil {
				return err
			}
		}
		w.WriteString("rest")
		w.Set("x-late", "ignored")
		return nil
	})
	r := h.Get("/")
	if !r.Streamed || strings.Join(r.Flushes, "|") != "one|two|three|rest" || r.Header("x-late") != "" {
		t.Errorf("got %+v", r)
	}
}

func TestLargeBodiesLeaveAsStreams(t *testing.T) {
	piece := strings.Repeat("0123456789abcdef", 1000)
	h := serve(t, func(w *stackhost.Response, r *stackhost.Request) error {
		for range 100 {
			if _, err := w.WriteString(piece); err != nil {
				return err
			}
		}
		return nil
	})
	if r := h.Get("/"); !r.Streamed || r.Body != strings.Repeat(piece, 100) {
		t.Errorf("got %d bytes, streamed %v", len(r.Body), r.Streamed)
	}
}

func TestBodies(t *testing.T) {
	h := serve(t, func(w *stackhost.Response, r *stackhost.Request) error {
		switch r.Path() {
		case "/limit":
			b, err := r.Bytes(10)
			if err != nil {
				return err
			}
			_, err = w.Write(b)
			return err
		case "/form":
			f, err := r.Form()
			if err != nil {
				return err
			}
			return w.Text(f.Get("a") + "," + strings.Join(f.All("b"), "+"))
		}
		_, err := io.Copy(w, r.Body())
		return err
	})
	for _, tt := range []struct {
		name   string
		req    stackhosttest.Request
		status int
		body   string
	}{
		{"inline", stackhosttest.Request{Method: "POST", Target: "/", Body: "abc"}, 200, "abc"},
		{"stream", stackhosttest.Request{Method: "POST", Target: "/", Chunks: []string{"ab", "", "c"}}, 200, "abc"},
		{"within limit", stackhosttest.Request{Method: "POST", Target: "/limit", Chunks: []string{"01234", "56789"}}, 200, "0123456789"},
		{"over limit", stackhosttest.Request{Method: "POST", Target: "/limit", Chunks: []string{"01234", "56789x"}}, 413, ""},
		{"over limit inline", stackhosttest.Request{Method: "POST", Target: "/limit", Body: "0123456789x"}, 413, ""},
		{"form of another type", stackhosttest.Request{Method: "POST", Target: "/form", Body: "a=1"}, 415, ""},
	} {
		if r := h.Do(tt.req); r.Status != tt.status || tt.body != "" && r.Body != tt.body {
			t.Errorf("%s: got %d %q", tt.name, r.Status, r.Body)
		}
	}
	if r := h.PostForm("/form", "a=x+y&b=1&b=%32&%zz=&c"); r.Body != "x y,1+2" {
		t.Errorf("form: got %q", r.Body)
	}
}

func TestRequestAccessors(t *testing.T) {
	h := serve(t, func(w *stackhost.Response, r *stackhost.Request) error {
		q := r.Query()
		return w.JSON(stackhost.Object{
			{"method", r.Method()}, {"path", r.Path()}, {"raw", r.RawPath()}, {"q", q}, {"has", q.Has("b")}, {"host", r.Host()},
			{"header", r.Header("X-Custom")}, {"route", r.Param("host")}, {"timeout", r.Timeout().String()}, {"id", r.ID()},
			{"nowhere", r.Header("none") + r.Param("none") + r.TraceParent()},
		})
	})
	r := h.Do(stackhosttest.Request{
		Method: "PUT", Target: "/a%20b?a=1&a=2&b", Headers: []stackhost.Value{{Name: "x-custom", Value: "v"}},
		Params: []stackhost.Value{{Name: "host", Value: "p"}},
	})
	want := `{"method":"PUT","path":"/a b","raw":"/a%20b","q":{"a":"1","b":""},"has":true,"host":"test.local","header":"v","route":"p","timeout":"10s","id":"test","nowhere":""}`
	if r.Body != want {
		t.Errorf("got  %s\nwant %s", r.Body, want)
	}
}

func TestRandFollowsTheRequest(t *testing.T) {
	h := serve(t, func(w *stackhost.Response, r *stackhost.Request) error {
		return w.JSON([]any{stackhost.Rand().Uint64() >> 1, stackhost.Rand().Uint64() >> 1})
	})
	h.Random = []byte("0123456789abcdef")
	a, b := h.Get("/").Body, h.Get("/").Body
	h.Random = []byte("0123456789abcdeg")
	if c := h.Get("/").Body; a != b || a == c {
		t.Errorf("got %s, %s and %s", a, b, c)
	}
}

func TestJSON(t *testing.T) {
	for _, tt := range []struct {
		v    any
		want string
	}{
		{nil, "null"}, {true, "true"}, {-5, "-5"}, {uint64(1 << 63), "9223372036854775808"}, {1.5, "1.5"},
		{"a\"\\\n\x01\u00e9\xff", `"a\"\\\n\u0001é` + "\ufffd" + `"`},
		{[]any{1, "x", nil}, `[1,"x",null]`}, {map[string]any{"b": 1, "a": []string{}}, `{"a":[],"b":1}`},
	} {
		if got, err := stackhost.AppendJSON(nil, tt.v); err != nil || string(got) != tt.want {
			t.Errorf("%#v: got %s, %v; want %s", tt.v, got, err, tt.want)
		}
	}
	if _, err := stackhost.AppendJSON(nil, struct{}{}); err == nil {
		t.Error("a struct was accepted")
	}
}
