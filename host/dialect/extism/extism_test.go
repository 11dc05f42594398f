package extism

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/dialect"
	"github.com/stackhost/stackhost/host/exchange"
	"github.com/stackhost/stackhost/host/runtime"
	"github.com/stackhost/stackhost/router"
	"github.com/valyala/fasthttp"
)

func guestFile(t testing.TB, name string) []byte {
	t.Helper()
	wasm, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

// settings of a plug-in under test. The zero value answers with its export handle.
type settings struct {
	options   map[string]any
	answer    string // what config_get gives for "answer"
	isolation runtime.Isolation
	limits    runtime.Limits
	log       io.Writer
	level     slog.Level
	peer      func(string) dialect.Guest
}

func load(t testing.TB, file string, s settings) (dialect.Guest, error) {
	t.Helper()
	rt, err := runtime.New(runtime.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rt.Close() })
	options := map[string]any{"Config": map[string]any{"answer": s.answer}, "Functions": []any{map[string]any{"Name": "ask", "Module": "peer"}}}
	maps.Copy(options, s.options)
	if s.peer == nil {
		s.peer = func(string) dialect.Guest { return nil }
	}
	log := slog.New(slog.DiscardHandler)
	if s.log != nil {
		log = slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: s.level}))
	}
	g, err := Dialect{}.Load(context.Background(), rt, dialect.Spec{
		App: "test", Name: "plugin", Wasm: guestFile(t, file), Options: options, Isolation: s.isolation, Limits: s.limits, Log: log, Peer: s.peer,
	})
	if err == nil {
		t.Cleanup(func() { g.Close() })
	}
	return g, err
}

func plugin(t testing.TB, export string, s settings) dialect.Guest {
	t.Helper()
	if s.options == nil {
		s.options = map[string]any{}
	}
	s.options["Function"] = export
	g, err := load(t, "answer.wasm", s)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func job(g dialect.Guest, payload string) (string, error) {
	result, err := g.Job(context.Background(), &abi.JobRequest{Payload: []byte(payload)})
	if err != nil {
		return "", err
	}
	return string(result.Result), nil
}

// request makes the exchange of a raw HTTP request.
func request(t testing.TB, raw string) *exchange.Exchange {
	t.Helper()
	ctx := new(fasthttp.RequestCtx)
	if err := ctx.Request.Read(bufio.NewReader(strings.NewReader(strings.ReplaceAll(raw, "\n", "\r\n")))); err != nil {
		t.Fatal(err)
	}
	x := exchange.Acquire(ctx)
	t.Cleanup(x.Release)
	x.Path, x.Query, x.Scheme, x.Remote, x.ID, x.Route = ctx.Path(), ctx.URI().QueryString(), "http", "192.0.2.1", "id-1", "POST /a/{n}"
	x.Params = []router.Param{{Name: "n", Value: "b"}}
	x.Start = time.Now()
	x.Deadline = x.Start.Add(5 * time.Second)
	x.Body = ctx.Request.Body()
	x.BodyLength = int64(len(x.Body))
	return x
}

func TestJobs(t *testing.T) {
	for _, tt := range []struct {
		export, answer, input, want, fail string
		code                              int64
	}{
		{export: "handle", answer: "yes", want: "yes"},
		{export: "handle", answer: "", want: ""},
		{export: "echo", input: "12345678901", want: "12345678901"},
		{export: "echo", input: "", want: ""},
		{export: "mute", want: ""},
		{export: "fail", answer: "because", fail: "because", code: -1003},
		{export: "quiet", fail: "quiet returned code -1007", code: -1007},
		{export: "trap", answer: "last words", fail: "unreachable: last words"},
		{export: "spin", fail: "used up its time"},
		{export: "leak", want: ""},
		{export: "ask", fail: `module "peer" is not loaded`},
	} {
		t.Run(tt.export, func(t *testing.T) {
			g := plugin(t, tt.export, settings{answer: tt.answer, limits: runtime.Limits{Time: 300 * time.Millisecond, MemoryBytes: 1 << 20}})
			for range 2 { // the second call must not see the first
				got, err := job(g, tt.input)
				if tt.fail != "" {
					var code *dialect.CodeError
					if err == nil || !strings.Contains(err.Error(), tt.fail) || errors.As(err, &code) != (tt.code != 0) || code != nil && int64(code.Code) != tt.code {
						t.Errorf("got %q, %v, want an error with %q, code %d", got, err, tt.fail, tt.code)
					}
				} else if err != nil || got != tt.want {
					t.Errorf("got %q, %v, want %q", got, err, tt.want)
				}
			}
		})
	}
}

func TestEarlyImports(t *testing.T) {
	for _, isolation := range []runtime.Isolation{runtime.Pristine, runtime.Fresh} {
		g, err := load(t, "early.wasm", settings{isolation: isolation})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if got, err := job(g, ""); err != nil || got != string(rune(48+11)) {
				t.Errorf("%s: got %q, %v: _initialize and hs_init must each have run once, before the snapshot", isolation, got, err)
			}
		}
	}
}

func TestVariables(t *testing.T) {
	for isolation, want := range map[runtime.Isolation]string{runtime.Pristine: "//", runtime.Fresh: "//", runtime.Reuse: "/one/two"} {
		g := plugin(t, "swap", settings{answer: "key", isolation: isolation})
		var got []string
		for _, value := range []string{"one", "two", "three"} {
			old, err := job(g, value)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, old)
		}
		if text := strings.Join(got, "/"); text != want {
			t.Errorf("%s: got %q, want %q", isolation, text, want)
		}
	}
	g := plugin(t, "swap", settings{options: map[string]any{"MaxVars": 100}})
	if _, err := job(g, strings.Repeat("x", 200)); err == nil || !strings.Contains(err.Error(), "max_vars") {
		t.Errorf("a full store: %v", err)
	}
	if _, err := job(g, "x"); err != nil {
		t.Errorf("a store with room: %v", err)
	}
}

func TestLogs(t *testing.T) {
	var log bytes.Buffer
	g := plugin(t, "log", settings{log: &log})
	if _, err := job(g, "hi\xff"); err != nil || !strings.Contains(log.String(), "level=INFO msg=\"hi\ufffd\"") {
		t.Errorf("%v, log %q", err, &log)
	}
	for level, want := range map[slog.Level]byte{slog.LevelDebug - 4: 0, slog.LevelDebug: 1, slog.LevelInfo: 2, slog.LevelWarn: 3, slog.LevelError: 4} {
		g := plugin(t, "level", settings{log: &log, level: level})
		if got, err := job(g, ""); err != nil || got != string([]byte{want}) {
			t.Errorf("level %v: got %q, %v", level, got, err)
		}
	}
}

func TestLogAllowance(t *testing.T) {
	var log bytes.Buffer
	g := plugin(t, "log", settings{log: &log, limits: runtime.Limits{LogBytes: 10}})
	if _, err := job(g, "more than ten bytes"); err != nil || log.Len() > 0 {
		t.Errorf("%v, log %q", err, &log)
	}
}

// answering is a module that answers jobs.
type answering struct {
	dialect.Guest
	f func(ctx context.Context, job *abi.JobRequest) (*abi.JobResult, error)
}

func (a answering) Job(ctx context.Context, job *abi.JobRequest) (*abi.JobResult, error) {
	return a.f(ctx, job)
}

func TestUserFunction(t *testing.T) {
	peer := answering{f: func(_ context.Context, job *abi.JobRequest) (*abi.JobResult, error) {
		if string(job.Payload) == "bad" {
			return nil, errors.New("no such thing")
		}
		return &abi.JobResult{Result: slices.Concat([]byte(job.Name+":"), bytes.ToUpper(job.Payload))}, nil
	}}
	g := plugin(t, "ask", settings{peer: func(name string) dialect.Guest {
		if name != "peer" {
			t.Errorf("asked for %q", name)
		}
		return peer
	}})
	if got, err := job(g, "x"); err != nil || got != "ask:X" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := job(g, "bad"); err == nil || !strings.Contains(err.Error(), "host function ask: no such thing") {
		t.Errorf("got %v", err)
	}
}

// TestCircle lets a plug-in answer its own function: the depth is bounded.
func TestCircle(t *testing.T) {
	var g dialect.Guest
	g = plugin(t, "ask", settings{peer: func(string) dialect.Guest { return g }})
	if _, err := job(g, "x"); err == nil || !strings.Contains(err.Error(), "deep") {
		t.Errorf("got %v", err)
	}
}

func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		name, file, want string
		options          map[string]any
	}{
		{"no function", "answer.wasm", "extism.functions", map[string]any{"Functions": []any{}}},
		{"no export", "answer.wasm", `no export "nothing"`, map[string]any{"Function": "nothing"}},
		{"memory is no function", "answer.wasm", `no export "memory"`, map[string]any{"Middleware": "memory"}},
		{"parameters", "early.wasm", `no export "hs_init"`, map[string]any{"Job": "hs_init"}},
		{"bad host", "answer.wasm", "allowed_hosts", map[string]any{"AllowedHosts": []any{"a/b"}}},
		{"bad pattern", "answer.wasm", "allowed_hosts", map[string]any{"AllowedHosts": []any{"[a"}}},
		{"bad options", "answer.wasm", "extism table", map[string]any{"Function": 5}},
	} {
		_, err := load(t, tt.file, settings{options: tt.options})
		var refused *runtime.LoadError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestDetect(t *testing.T) {
	for _, file := range []string{"answer.wasm", "hostile.wasm", "../../../../bench/app/extism_hello.wasm"} {
		info, err := runtime.Inspect(guestFile(t, file))
		if err != nil || !(Dialect{}).Detect(info) {
			t.Errorf("%s: not detected, %v", file, err)
		}
	}
	info, err := runtime.Inspect(guestFile(t, "../../../../docs/examples/hello.wasm"))
	if err != nil || (Dialect{}).Detect(info) {
		t.Errorf("a native module was taken for a plug-in: %v", err)
	}
	g := plugin(t, "handle", settings{options: map[string]any{"Middleware": "echo"}})
	if got := g.Triggers(); !slices.Equal(got, []string{"http", "middleware", "job"}) {
		t.Errorf("triggers %v", got)
	}
	if g, err := load(t, "hostile.wasm", settings{}); err != nil || len(g.Triggers()) != 0 || g.HTTP(nil) == nil {
		t.Errorf("a plug-in without the default function: %v", err)
	}
}

func TestGlobs(t *testing.T) {
	for _, tt := range []struct {
		pattern, url string
		want         bool
	}{
		{"example.com", "https://EXAMPLE.com./x", true},
		{"example.com", "http://example.com:8080/", true},
		{"example.com", "http://sub.example.com/", false},
		{"example.com", "http://example.com.evil.org/", false},
		{"*.example.com", "http://a.b.example.com/", true},
		{"*.example.com", "http://example.com/", false},
		{"json*.com", "http://jsonplaceholder.typicode.com/", true},
		{"{a,b}.org", "http://b.org/", true},
		{"{a,b}.org", "http://c.org/", false},
		{"h[!0-9]st", "http://host/", true},
		{"h[!0-9]st", "http://h0st/", false},
		{"*", "http://[::1]/", true},
	} {
		g, err := parseGlobs([]string{tt.pattern})
		if err != nil {
			t.Fatal(err)
		}
		u := mustParse(t, tt.url)
		if got := g.allow(u); got != tt.want {
			t.Errorf("%s %s: got %v", tt.pattern, tt.url, got)
		}
	}
	if _, err := parseGlobs([]string{strings.Repeat("{a,b}", 20)}); err == nil {
		t.Error("a pattern that stands for a million was taken")
	}
}
