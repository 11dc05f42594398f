package main

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	stackhost "github.com/stackhost/stackhost/sdk/go"
	"github.com/stackhost/stackhost/sdk/go/stackhosttest"
)

func TestRoutes(t *testing.T) {
	h := stackhosttest.New(t)
	h.Config = map[string]any{"greeting": "hi", "nested": map[string]any{"n": 3}}
	h.Secrets = map[string]string{"key": "s3cret"}
	h.Fetch = func(r stackhosttest.Outbound) (stackhosttest.Inbound, error) {
		if strings.HasSuffix(r.URL, "/denied") {
			return stackhosttest.Inbound{}, &stackhost.Error{Code: stackhost.CodeDenied, Text: "not granted"}
		}
		return stackhosttest.Inbound{Status: 201, Body: []byte("fetched")}, nil
	}
	if err := h.Boot(); err != nil {
		t.Fatal(err)
	}
	for target, want := range map[string]string{
		"/t/boot":                           "booted once: 1",
		"/t/config?key=greeting":            `"hi"`,
		"/t/config?key=nested.n":            "3",
		"/t/config?key=missing":             `{"code":-5,"error":"config has no missing"}`,
		"/t/secret?name=key":                `"s3cret"`,
		"/t/secret?name=other":              `{"code":-5,"error":"no secret other is granted"}`,
		"/t/supports?name=fetch":            `{"version":1,"granted":true}`,
		"/t/supports?name=teleport":         `{"version":0,"granted":false}`,
		"/t/fetch?url=http://a.test/":       `{"status":201,"body":"fetched"}`,
		"/t/fetch?url=http://a.test/denied": `{"code":-4,"error":"not granted"}`,
		"/t/batch":                          `{"config":{"greeting":"hi","nested":{"n":3}},"supports":{"version":1,"granted":true}}`,
		"/t/stream?n=3&size=2":              "xxxxxx",
		"/t/log?level=warn":                 "logged",
		"/t/grow?mb=2":                      `{"ok":true}`,
	} {
		if r := h.Get(target); r.Body != want {
			t.Errorf("%s: got %q (code %d), want %q", target, r.Body, r.Code, want)
		}
	}
	if n := len(h.Logs); n != 1 || h.Logs[0].Level != stackhost.LevelWarn {
		t.Errorf("got %d log records: %v", n, h.Logs)
	}
	if r := h.Get("/t/status/418"); r.Status != 418 {
		t.Errorf("status: got %d", r.Status)
	}
	if r := h.Get("/t/error?code=-1005"); r.Code != -1005 {
		t.Errorf("error: got code %d", r.Code)
	}
	r := h.Do(stackhosttest.Request{Target: "/t/echo-request?q=1", Headers: []stackhost.Value{{Name: "X-B", Value: "\xff"}}})
	var seen struct {
		Path, Query string
		Headers     [][2]string
	}
	if err := json.Unmarshal([]byte(r.Body), &seen); err != nil {
		t.Fatalf("echo-request: %v in %q", err, r.Body)
	}
	if v, _ := base64.StdEncoding.DecodeString(seen.Headers[0][1]); seen.Path != "/t/echo-request" || string(v) != "\xff" {
		t.Errorf("echo-request: got %+v", seen)
	}
	big := strings.Repeat("abc", 50_000)
	if r := h.Do(stackhosttest.Request{Method: "POST", Target: "/t/sum", Body: big}); r.Body != `{"bytes":150000,"sum":14700000}` {
		t.Errorf("sum: got %q", r.Body)
	}
	if r := h.Do(stackhosttest.Request{Method: "POST", Target: "/t/echo", Body: strings.Repeat(big, 3)}); r.Body != strings.Repeat(big, 3) || !r.Streamed {
		t.Errorf("echo of a large body: %d bytes, streamed %v", len(r.Body), r.Streamed)
	}
	if r := h.Get("/t/headers"); r.Header("x-bin") != "\xff\xfe" {
		t.Errorf("headers: got %q", r.Headers)
	}
}

func TestOtherTriggers(t *testing.T) {
	h := stackhosttest.New(t)
	if out, err := h.Job("any", []byte("abc")); string(out) != "cba" || err != nil {
		t.Errorf("job: got %q, %v", out, err)
	}
	if _, err := h.Job("fail", nil); err == nil || err.(*stackhost.Error).Code != -1001 {
		t.Errorf("failing job: got %v", err)
	}
	with := func(v string) stackhosttest.Request {
		return stackhosttest.Request{Target: "/", Headers: []stackhost.Value{{Name: "x-mw", Value: v}}}
	}
	if d, err := h.Middleware(with("block")); err != nil || d.Answer == nil || d.Answer.Status != 403 || d.Answer.Body != "blocked" {
		t.Errorf("block: got %+v, %v", d, err)
	}
	if d, err := h.Middleware(with("set")); err != nil || d.Answer != nil || len(d.SetHeaders) != 1 || len(d.ResponseHeaders) != 1 {
		t.Errorf("set: got %+v, %v", d, err)
	}
}

// TestLeakFindsWhatItLeft shows that the leaky handler would notice: natively nothing is restored.
func TestLeakFindsWhatItLeft(t *testing.T) {
	h := stackhosttest.New(t)
	if r := h.Get("/t/leak"); r.Body != "clean" {
		t.Errorf("first: got %q", r.Body)
	}
	if r := h.Get("/t/leak"); !strings.HasPrefix(r.Body, "leak: static buffer near 0") {
		t.Errorf("second: got %q", r.Body)
	}
}
