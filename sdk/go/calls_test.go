package stackhost_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	stackhost "github.com/stackhost/stackhost/sdk/go"
	"github.com/stackhost/stackhost/sdk/go/job"
	"github.com/stackhost/stackhost/sdk/go/middleware"
	"github.com/stackhost/stackhost/sdk/go/stackhosttest"
)

func TestHostCalls(t *testing.T) {
	h := stackhosttest.New(t)
	h.Config = map[string]any{"name": "v", "long": strings.Repeat("x", 5000), "list": []any{int64(1), "a"}, "t": map[string]any{"n": 1.5}}
	h.Secrets = map[string]string{"key": "s3cret"}
	h.Fetch = func(r stackhosttest.Outbound) (stackhosttest.Inbound, error) {
		return stackhosttest.Inbound{Status: 404, Body: bytes.Repeat([]byte("y"), 100_000), Headers: []stackhost.Value{{Name: "X-M", Value: r.Method + string(r.Body)}}}, nil
	}
	if v, err := stackhost.Config("long"); err != nil || len(v.(string)) != 5000 {
		t.Errorf("a reply longer than its area: %v", err)
	}
	if v, err := stackhost.Config("t.n"); v != 1.5 || err != nil {
		t.Errorf("t.n: got %v, %v", v, err)
	}
	if v := stackhost.ConfigString("name", "z") + stackhost.ConfigString("none", "z"); v != "vz" {
		t.Errorf("ConfigString: got %q", v)
	}
	if _, err := stackhost.Config("none"); !errors.Is(err, &stackhost.Error{Code: stackhost.CodeNotFound}) || !strings.Contains(err.Error(), "config has no none") {
		t.Errorf("missing key: %v", err)
	}
	if v, err := stackhost.Secret("key"); string(v) != "s3cret" || err != nil {
		t.Errorf("secret: %q, %v", v, err)
	}
	if s, err := stackhost.Supports("fetch"); s.Version != 1 || !s.Granted || len(s.Functions) != 1 || err != nil {
		t.Errorf("supports: %+v, %v", s, err)
	}
	res, err := stackhost.Fetch(stackhost.FetchRequest{Method: "POST", URL: "http://a.test/", Body: []byte("b")})
	if err != nil || res.Status != 404 || res.Header("x-m") != "POSTb" {
		t.Fatalf("fetch: %+v, %v", res, err)
	}
	if _, err := res.Bytes(10); !errors.Is(err, &stackhost.Error{Code: stackhost.CodeLimit}) {
		t.Errorf("a body over the limit: %v", err)
	}
	stackhost.Log(stackhost.LevelWarn, "m", "n", 1, "e", errors.New("x"), "odd")
	if len(h.Logs) != 1 || h.Logs[0].Fields["n"] != int64(1) || h.Logs[0].Fields["e"] != "x" || h.Logs[0].Level != stackhost.LevelWarn {
		t.Errorf("log: %+v", h.Logs)
	}
}

func TestBatch(t *testing.T) {
	h := stackhosttest.New(t)
	h.Config = map[string]any{"a": "1"}
	var b stackhost.Batch
	good, bad, core, denied := b.Config("a"), b.Config("b"), b.Supports("core"), b.Fetch(stackhost.FetchRequest{URL: "http://a.test/"})
	if _, err := good.Get(); err == nil {
		t.Error("a batch that has not run gave a result")
	}
	if err := b.Run(); err != nil {
		t.Fatal(err)
	}
	if v, err := good.Get(); v != "1" || err != nil {
		t.Errorf("good: %v, %v", v, err)
	}
	if _, err := bad.Get(); !errors.Is(err, &stackhost.Error{Code: stackhost.CodeNotFound}) {
		t.Errorf("bad: %v", err)
	}
	if s, err := core.Get(); s.Version != 1 || err != nil {
		t.Errorf("core: %v, %v", s, err)
	}
	if _, err := denied.Get(); !errors.Is(err, &stackhost.Error{Code: stackhost.CodeDenied}) {
		t.Errorf("denied: %v", err)
	}
}

func TestJobAndMiddleware(t *testing.T) {
	job.Handle("echo", func(r *job.Request) ([]byte, error) { return append([]byte(r.ID+" "), r.Payload...), nil })
	middleware.Handle(func(r *stackhost.Request) (*middleware.Result, error) {
		switch r.Header("x-do") {
		case "fail":
			return nil, stackhost.Fail(401, "sign in first")
		case "rewrite":
			return middleware.Pass().Rewrite("/other").RemoveHeader("cookie"), nil
		}
		return nil, nil
	})
	h := stackhosttest.New(t)
	if out, err := h.Job("echo", []byte("p")); string(out) != "test p" || err != nil {
		t.Errorf("job: %q, %v", out, err)
	}
	if _, err := h.Job("unknown", nil); !errors.Is(err, &stackhost.Error{Code: stackhost.CodeNotFound}) {
		t.Errorf("unknown job: %v", err)
	}
	do := func(v string) stackhosttest.Request {
		return stackhosttest.Request{Target: "/", Headers: []stackhost.Value{{Name: "x-do", Value: v}}}
	}
	if d, err := h.Middleware(do("fail")); err != nil || d.Answer == nil || d.Answer.Status != 401 {
		t.Errorf("fail: %+v, %v", d, err)
	}
	if d, err := h.Middleware(do("rewrite")); err != nil || d.Path != "/other" || len(d.RemoveHeaders) != 1 || d.Answer != nil {
		t.Errorf("rewrite: %+v, %v", d, err)
	}
	if d, err := h.Middleware(do("")); err != nil || d.Answer != nil || d.Path != "" {
		t.Errorf("pass: %+v, %v", d, err)
	}
}

func TestBoot(t *testing.T) {
	runs := 0
	stackhost.OnBoot(func(b stackhost.Booted) error {
		runs++
		if b.App != "test" {
			return stackhost.Fail(500, "no app")
		}
		return nil
	})
	if err := stackhosttest.New(t).Boot(); err != nil || runs != 1 {
		t.Errorf("got %v after %d runs", err, runs)
	}
}
