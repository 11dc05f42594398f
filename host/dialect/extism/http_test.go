package extism

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stackhost/stackhost/host/dialect"
	"github.com/stackhost/stackhost/host/runtime"
)

func mustParse(t testing.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

const post = "POST /a/b?q=1&r=%20 HTTP/1.1\nHost: app.test\nX-One: 1\nX-Two: a\nX-Two: \"b\"\nContent-Length: 5\n\nh\xc3\xa9\"\n"

func TestRequest(t *testing.T) {
	g := plugin(t, "echo", settings{})
	x := request(t, post)
	x.TraceParent = "00-11-22-01"
	if err := g.HTTP(x); err != nil {
		t.Fatal(err)
	}
	// What echo puts out has a body of its own, so it is a response: the request's body comes back.
	if got := string(x.Ctx.Response.Body()); got != "hé\"\r" {
		t.Errorf("got %q", got)
	}
	var got map[string]any
	x = request(t, post)
	x.TraceParent = "00-11-22-01"
	if err := json.Unmarshal(appendRequest(nil, x, x.Body), &got); err != nil {
		t.Fatal(err)
	}
	if ms := got["timeout_ms"].(float64); ms <= 0 || ms > 5000 {
		t.Errorf("timeout_ms is %v", ms)
	}
	delete(got, "timeout_ms")
	want := `map[body:hé"` + "\r" + ` headers:map[content-length:[5] host:[app.test] x-one:[1] x-two:[a "b"]] host:app.test id:id-1 method:POST params:map[n:b] path:/a/b query:q=1&r=%20 remote:192.0.2.1 route:POST /a/{n} scheme:http traceparent:00-11-22-01]`
	if fmt.Sprint(got) != want {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	var binary struct {
		Body   *string
		Base64 []byte `json:"body_base64"`
	}
	if err := json.Unmarshal(appendRequest(nil, x, []byte{0xff, 0}), &binary); err != nil || binary.Body != nil || string(binary.Base64) != "\xff\x00" {
		t.Errorf("got %+v, %v", binary, err)
	}
}

func TestResponses(t *testing.T) {
	for _, tt := range []struct {
		answer, body, contentType, header, fail string
		status                                  int
	}{
		{answer: "plain", body: "plain", contentType: "text/plain; charset=utf-8"},
		{answer: "", body: "", contentType: "text/plain; charset=utf-8"},
		{answer: `{"count":3}`, body: `{"count":3}`, contentType: "application/json"},
		{answer: `[1,2]`, body: `[1,2]`, contentType: "application/json"},
		{answer: `{"status":`, body: `{"status":`, contentType: "text/plain; charset=utf-8"},
		{answer: `"text"`, body: `"text"`, contentType: "text/plain; charset=utf-8"},
		{answer: `{"status":201,"body":"made"}`, status: 201, body: "made", contentType: "text/plain; charset=utf-8"},
		{answer: `{"body":{"a":[1]}}`, body: `{"a":[1]}`, contentType: "application/json"},
		{answer: `{"body":null,"status":204}`, status: 204},
		{answer: `{"body_base64":"/wA=","headers":{"Content-Type":"image/x"}}`, body: "\xff\x00", contentType: "image/x"},
		{answer: `{"status":200,"headers":{"content-type":"text/html","x-a":["1","2"]},"body":"<p>"}`, body: "<p>", contentType: "text/html", header: "1"},
		{answer: `{"status":"200"}`, fail: "status"},
		{answer: `{"status":99}`, fail: "cannot be sent"},
		{answer: `{"status":0}`, fail: "status"},
		{answer: `{"body_base64":"*"}`, fail: "body_base64"},
		{answer: `{"headers":{"a":1}}`, fail: "neither a string"},
		{answer: `{"headers":{"a b":"1"}}`, fail: "cannot be sent"},
		{answer: `{"headers":{"a":"1\r\nb: 2"}}`, fail: "cannot be sent"},
	} {
		g := plugin(t, "handle", settings{answer: tt.answer})
		x := request(t, post)
		err := g.HTTP(x)
		if tt.fail != "" {
			if err == nil || !strings.Contains(err.Error(), tt.fail) {
				t.Errorf("%s: got %v, want %q", tt.answer, err, tt.fail)
			}
			continue
		}
		r := &x.Ctx.Response
		if tt.status == 0 {
			tt.status = 200
		}
		if err != nil || r.StatusCode() != tt.status || string(r.Body()) != tt.body || string(r.Header.ContentType()) != tt.contentType || string(r.Header.Peek("x-a")) != tt.header {
			t.Errorf("%s: %v, status %d, body %q, type %q", tt.answer, err, r.StatusCode(), r.Body(), r.Header.ContentType())
		}
	}
}

func TestBinaryOutput(t *testing.T) {
	r, err := parseResponse([]byte{0xff, 0})
	if err != nil || string(r.body) != "\xff\x00" || string(r.head.Headers[0].Value) != "application/octet-stream" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestMiddleware(t *testing.T) {
	decide := func(answer string) (*fasthttpResult, error) {
		g := plugin(t, "echo", settings{answer: answer, options: map[string]any{"Middleware": "handle"}})
		x := request(t, post)
		verdict, err := g.Middleware(x)
		x.ApplyLaterHeaders()
		headers := map[string]string{}
		for _, h := range x.Headers() {
			headers[string(h.Name)] += string(h.Value)
		}
		return &fasthttpResult{verdict, headers, string(x.Path), string(x.Ctx.Response.Header.Peek("x-later")), x.Ctx.Response.StatusCode(), string(x.Ctx.Response.Body())}, err
	}
	for _, answer := range []string{"", "{}", `{"action":"pass"}`} {
		if r, err := decide(answer); err != nil || r.verdict != dialect.Pass || r.path != "/a/b" {
			t.Errorf("%q: %+v, %v", answer, r, err)
		}
	}
	r, err := decide(`{"action":"pass","set_headers":{"x-user":"7"},"remove_headers":["X-One"],"path":"/c","response_headers":{"x-later":"yes"}}`)
	if err != nil || r.headers["x-user"] != "7" || r.headers["x-one"] != "" || r.path != "/c" || r.later != "yes" {
		t.Errorf("%+v, %v", r, err)
	}
	r, err = decide(`{"action":"answer","response":{"status":403,"body":"no"}}`)
	if err != nil || r.verdict != dialect.Answered || r.status != 403 || r.body != "no" {
		t.Errorf("%+v, %v", r, err)
	}
	for answer, want := range map[string]string{
		`{"action":"answer"}`: "needs a response", `{"action":"jump"}`: "neither pass", `nonsense`: "cannot be used",
		`{"path":"c"}`: "begin with /", `{"set_headers":{"a":"\n"}}`: "cannot be set",
	} {
		if _, err := decide(answer); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", answer, err, want)
		}
	}
}

type fasthttpResult struct {
	verdict dialect.Verdict
	headers map[string]string
	path    string
	later   string
	status  int
	body    string
}

func TestStreamedBody(t *testing.T) {
	g := plugin(t, "echo", settings{options: map[string]any{"Middleware": "mute"}, limits: runtime.Limits{MemoryBytes: 1 << 20}})
	body := strings.Repeat("0123456789", 20_000)
	x := request(t, "POST / HTTP/1.1\nHost: a\nContent-Length: 0\n\n")
	x.Body, x.BodyStream, x.BodyLength = nil, strings.NewReader(body), int64(len(body))
	if v, err := g.Middleware(x); v != dialect.Pass || err != nil { // must leave the body to the handler
		t.Fatal(v, err)
	}
	if err := g.HTTP(x); err != nil || string(x.Ctx.Response.Body()) != body {
		t.Errorf("%v, %d bytes", err, len(x.Ctx.Response.Body()))
	}
	x.BodyStream = strings.NewReader(strings.Repeat("x", 2<<20))
	if err := g.HTTP(x); err == nil || !strings.Contains(err.Error(), "limits.memory") {
		t.Errorf("a body over the memory limit: %v", err)
	}
}

func TestOutbound(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := make([]byte, 10)
		n, _ := r.Body.Read(b)
		fmt.Fprintf(w, "%s %s %d %s", r.Method, r.Header.Get("X-Key"), n, r.Header.Get("Traceparent"))
	}))
	defer server.Close()
	allowed := map[string]any{"AllowedHosts": []any{"127.0.0.1"}, "Private": true}
	g := plugin(t, "fetch", settings{options: allowed})
	got, err := job(g, `{"url":"`+server.URL+`","method":"put","headers":{"x-key":"v","host":"ignored"}}`)
	if err != nil || got != "PUT v 1 " {
		t.Errorf("got %q, %v", got, err)
	}
	for input, want := range map[string]string{
		`{"url":"http://other.test/"}`: "not granted",
		`{"url":"ftp://127.0.0.1/"}`:   "http or https",
		`{"url":"relative"}`:           "absolute",
		`no json`:                      "no JSON object",
		`{"url":"` + server.URL + `","headers":{"a":"b\n"}}`: "cannot be sent",
	} {
		// The guest returns 1 without a text of its own, so the reason of the host is the error.
		if _, err := job(g, input); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", input, err, want)
		}
	}
	closed := plugin(t, "fetch", settings{})
	if _, err := job(closed, `{"url":"`+server.URL+`"}`); err == nil || !strings.Contains(err.Error(), "is not allowed") {
		t.Errorf("without allowed_hosts: %v", err)
	}
	few := plugin(t, "fetch", settings{options: map[string]any{"AllowedHosts": []any{"127.0.0.1"}, "Private": true, "MaxHTTPResponse": 3}})
	if _, err := job(few, `{"url":"`+server.URL+`"}`); err == nil || !strings.Contains(err.Error(), "over the limit") {
		t.Errorf("a long body: %v", err)
	}
}

// TestBenchGuest serves the guest of the benchmark.
func TestBenchGuest(t *testing.T) {
	if _, err := os.Stat("../../../bench/app/extism_hello.wasm"); err != nil {
		t.Fatal(err)
	}
	g, err := load(t, "../../../../bench/app/extism_hello.wasm", settings{})
	if err != nil {
		t.Fatal(err)
	}
	x := request(t, "GET / HTTP/1.1\nHost: a\n\n")
	if err := g.HTTP(x); err != nil || string(x.Ctx.Response.Body()) != "Hello from Extism" || string(x.Ctx.Response.Header.ContentType()) != "text/plain; charset=utf-8" {
		t.Errorf("%v %q", err, x.Ctx.Response.String())
	}
}

func BenchmarkHTTP(b *testing.B) {
	g, err := load(b, "../../../../bench/app/extism_hello.wasm", settings{})
	if err != nil {
		b.Fatal(err)
	}
	x := request(b, "GET / HTTP/1.1\nHost: app.test\nUser-Agent: bench\nAccept: */*\n\n")
	x.Deadline = time.Now().Add(time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		if err := g.HTTP(x); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseResponse(b *testing.B) {
	output := []byte(`{"status":200,"headers":{"content-type":"text/plain; charset=utf-8"},"body":"Hello from Extism"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parseResponse(output); err != nil {
			b.Fatal(err)
		}
	}
}
