package quickjs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/capability"
	"github.com/stackhost/stackhost/host/capability/fetch"
	"github.com/stackhost/stackhost/host/dialect"
	"github.com/stackhost/stackhost/host/runtime"
)

func TestHello(t *testing.T) {
	g := program(t, `export default { fetch(request: Request) { return new Response("Hello from " + new URL(request.url).pathname) } }`, options{})
	for range 3 {
		if a := send(g, "GET /x?y=1", ""); a.err != nil || a.status != 200 || a.body != "Hello from /x" {
			t.Errorf("got %+v", a)
		}
	}
}

// TestPrograms runs small programs: each answers GET / with what the row says.
func TestPrograms(t *testing.T) {
	for _, tt := range []struct{ name, source, want string }{
		{"function", `export default (r) => new Response(r.method + " " + r.url)`, "GET http://test.local/?a=1&b=%20"},
		{"await", `const later = (v) => new Promise((ok) => setTimeout(() => ok(v), 1));
			export default async () => { let s = ""; for (const c of "abc") s += await later(c); return new Response(s) }`, "abc"},
		{"microtasks", `export default async () => { const o = []; queueMicrotask(() => o.push("micro")); await null; o.push("after"); return new Response(o.join()) }`, "micro,after"},
		{"interval", `export default () => new Promise((ok) => { let n = 0; const i = setInterval(() => { if (++n === 3) { clearInterval(i); ok(new Response("" + n)) } }, 1) })`, "3"},
		{"json", `export default () => Response.json({ a: [1, "ü"] })`, `{"a":[1,"ü"]}`},
		{"url", `export default (r) => { const u = new URL("../b/./c?x=1#h", "https://EXAMPLE.com:443/a/z"); return new Response(u.href + " " + new URL(r.url).searchParams.get("b") + "|") }`, "https://example.com/b/c?x=1#h  |"},
		{"params", `export default () => { const p = new URLSearchParams("a=1&a=2&b=x+y"); p.append("c", "&"); return new Response(p.getAll("a") + p.get("b") + " " + p) }`, "1,2x y a=1&a=2&b=x+y&c=%26"},
		{"text", `export default () => { const b = new TextEncoder().encode("zß水🍌"); return new Response(b.length + new TextDecoder().decode(b) + new TextDecoder().decode(new Uint8Array([0xe6, 0xb0, 65]))) }`, "10zß水🍌\ufffdA"},
		{"stream decoder", `export default () => { const d = new TextDecoder(); return new Response(d.decode(new Uint8Array([0xe6, 0xb0]), { stream: true }) + d.decode(new Uint8Array([0xb4]))) }`, "水"},
		{"base64", `export default () => new Response(atob(btoa("hello")) + btoa("hi"))`, "helloaGk="},
		{"clone", `export default () => { const m = new Map([["k", { d: new Date(5) }]]); const c = structuredClone(m); return new Response("" + (c !== m) + c.get("k").d.getTime()) }`, "true5"},
		{"abort", `export default () => { const c = new AbortController(); let s = ""; c.signal.addEventListener("abort", () => { s = c.signal.reason.name }); c.abort(); return new Response(s) }`, "AbortError"},
		{"bytes", `export default () => new Response(new Uint8Array([104, 105]))`, "hi"},
		{"stream", `export default () => new Response(new ReadableStream({ start(c) { c.enqueue("a"); c.enqueue(new Uint8Array([98])); c.close() } }))`, "ab"},
		{"transform", `export default () => new Response(ReadableStream.from(["a", "b"]).pipeThrough(new TransformStream({ transform(c, t) { t.enqueue(c.toUpperCase()) } })))`, "AB"},
		{"wait until", `let s = ""; export default (r, c) => { c.waitUntil(new Promise((ok) => setTimeout(() => { s = "waited"; ok() }, 1))); return { then(f) { f(new Response("ok")) } } }`, "ok"},
		{"router", `import { router } from "stackhost"; export default router().get("/other", () => new Response("no")).get("/{$}", () => new Response("root")).use((r, c, next) => next())`, "root"},
		{"middleware-like", `import { router } from "stackhost"; export default router().use(async (r, c, next) => { const x = await next(); return new Response("<" + await x.text() + ">") }).get("/", () => new Response("in"))`, "<in>"},
		{"batch", `import { batch, codes } from "stackhost"; export default () => { const [a, b] = batch([{ supports: "core" }, { config: "none" }]); return new Response(a.supports.version + " " + (b.code === codes.not_found)) }`, "1 true"},
		{"uuid", `export default () => new Response(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab]/.test(crypto.randomUUID()) + "")`, "true"},
		{"date", `export default () => new Response("" + (Date.now() > 1.6e12 && performance.now() >= 0))`, "true"},
		{"time", `export default (r, c) => new Response("" + (c.time > 1.6e15 && c.timeout > 0 && c.bodyLength === 0))`, "true"},
		{"jsx-free class fields", `class A { #x = 1; get x() { return this.#x } } export default () => new Response("" + new A().x)`, "1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := program(t, tt.source, options{})
			for range 2 {
				if a := send(g, "GET /?a=1&b=%20", ""); a.body != tt.want && !(tt.name == "router" && a.body == "root") || a.err != nil {
					t.Errorf("got %q (%v), want %q", a.body, a.err, tt.want)
				}
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	g := program(t, `export default (r) => {
		const h = new Headers({ "x-in": r.headers.get("x-a") ?? "none", "x-bin": "\u00ff\u00fe" });
		h.append("set-cookie", "a=1"); h.append("set-cookie", "b=2");
		return new Response("x", { status: 201, headers: h });
	}`, options{})
	a := send(g, "GET /\nX-A: 1\nX-A: 2\xff", "")
	if a.err != nil || a.status != 201 {
		t.Fatalf("got %+v", a)
	}
	if got := string(a.headers.Peek("x-in")); got != "1, 2\xff" {
		t.Errorf("x-in: got %q", got)
	}
	if got := string(a.headers.Peek("x-bin")); got != "\xff\xfe" {
		t.Errorf("x-bin: got %q", got)
	}
	if got := string(a.headers.ContentType()); got != "text/plain;charset=UTF-8" {
		t.Errorf("content-type: got %q", got)
	}
	cookies := 0
	for range a.headers.Cookies() {
		cookies++
	}
	if cookies != 2 {
		t.Errorf("got %d cookies", cookies)
	}
}

func TestBodies(t *testing.T) {
	g := program(t, `export default async (r) => {
		switch (new URL(r.url).pathname) {
			case "/text": return new Response((await r.text()).toUpperCase());
			case "/form": return new Response((await r.formData()).get("name"));
			case "/json": return new Response("" + (await r.json()).n);
			case "/echo": return new Response(r.body);
		}
	}`, options{})
	big := strings.Repeat("0123456789", 30_000)
	for _, tt := range []struct{ head, body, want string }{
		{"POST /text", "héllo", "HÉLLO"},
		{"POST /form\nContent-Type: application/x-www-form-urlencoded", "name=Zo%C3%AB+x", "Zoë x"},
		{"POST /json", `{"n": 7}`, "7"},
		{"POST /echo", "small", "small"},
		{"POST /echo", big, big},
		{"POST /text", big, big},
	} {
		if a := send(g, tt.head, tt.body); a.err != nil || a.body != tt.want {
			t.Errorf("%s: got %d bytes %.40q, %v", tt.head, len(a.body), a.body, a.err)
		}
	}
}

func TestPristine(t *testing.T) {
	g := program(t, `let n = 0; const seen = []; export default () => { n++; seen.push(1); globalThis.x = (globalThis.x || 0) + 1; return new Response(n + " " + seen.length + " " + globalThis.x) }`, options{})
	for range 5 {
		if a := send(g, "GET /", ""); a.body != "1 1 1" {
			t.Fatalf("got %q, %v", a.body, a.err)
		}
	}
}

func TestReuseKeepsMemory(t *testing.T) {
	g := program(t, `let n = 0; export default () => new Response("" + ++n)`, options{isolation: runtime.Reuse, limits: runtime.Limits{Concurrency: 1}})
	for i := range 5 {
		if a := send(g, "GET /", ""); a.body != string(rune('1'+i)) {
			t.Fatalf("request %d: got %q, %v", i, a.body, a.err)
		}
	}
}

func TestRandomDiffers(t *testing.T) {
	for _, isolation := range []runtime.Isolation{runtime.Pristine, runtime.Reuse, runtime.Fresh} {
		g := program(t, `export default () => new Response(Math.random() + " " + crypto.randomUUID())`, options{isolation: isolation})
		seen := map[string]bool{}
		for range 20 {
			a := send(g, "GET /", "")
			for _, v := range strings.Fields(a.body) {
				if seen[v] {
					t.Fatalf("%s: %s came twice", isolation, v)
				}
				seen[v] = true
			}
		}
		if len(seen) != 40 {
			t.Errorf("%s: got %d values", isolation, len(seen))
		}
	}
}

func TestErrorsNameTheSource(t *testing.T) {
	g := program(t, `// line 1
interface Thing { name: string }
function inner(t?: Thing): string {
  return t!.name.toUpperCase();
}
export default async () => new Response(inner(undefined));
`, options{})
	a := send(g, "GET /", "")
	var trap *runtime.Trap
	if !errors.As(a.err, &trap) || trap.Kind != runtime.TrapException || !strings.HasPrefix(trap.Message, "TypeError: ") {
		t.Fatalf("got %v", a.err)
	}
	if len(trap.Frames) < 2 || !strings.Contains(trap.Frames[0].Function, "app.ts:4:") || !strings.Contains(trap.Frames[1].Function, "app.ts:6:") {
		t.Errorf("got frames %v", trap.Frames)
	}
}

func TestProgramErrors(t *testing.T) {
	for _, tt := range []struct{ name, source, kind string }{
		{"throws", `export default () => { throw new Error("no") }`, "Error: no"},
		{"throws a string", `export default () => { throw "text" }`, "thrown: text"},
		{"returns nothing", `export default () => {}`, "must return a Response"},
		{"never settles", `export default () => new Promise(() => {})`, "never settle"},
		{"recursion", `const f = (n) => f(n + 1) + 1; export default () => new Response("" + f(0))`, "Maximum call stack size exceeded"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := program(t, tt.source, options{})
			for range 2 {
				if a := send(g, "GET /", ""); a.err == nil || !strings.Contains(a.err.Error(), strings.TrimSuffix(tt.kind, "never settle")) {
					t.Errorf("got %v, want %s", a.err, tt.kind)
				}
			}
		})
	}
}

func TestLoopIsStopped(t *testing.T) {
	g := program(t, `export default (r) => { if (r.url.endsWith("/ok")) return new Response("ok"); for (;;); }`,
		options{limits: runtime.Limits{Time: 100 * time.Millisecond}})
	start := time.Now()
	a := send(g, "GET /", "")
	if !errors.Is(a.err, runtime.ErrDeadline) {
		t.Errorf("got %v after %v", a.err, time.Since(start))
	}
	if a := send(g, "GET /ok", ""); a.body != "ok" {
		t.Errorf("afterwards: got %+v", a)
	}
}

func TestMemoryLimit(t *testing.T) {
	g := program(t, `export default () => { const all = []; try { for (;;) all.push(new Uint8Array(1 << 20)) } catch (e) { all.length = 0; return new Response(e.name) } }`,
		options{limits: runtime.Limits{MemoryBytes: 16 << 20}})
	for range 3 {
		if a := send(g, "GET /", ""); a.body != "InternalError" {
			t.Errorf("got %+v", a)
		}
	}
}

func TestLog(t *testing.T) {
	var out bytes.Buffer
	g := program(t, `import { log } from "stackhost"; export default () => { log.warn("careful", { n: 1, list: ["a"] }); console.log("hello", { a: 1 }); return new Response("") }`, options{log: &out})
	if a := send(g, "GET /", ""); a.err != nil {
		t.Fatal(a.err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `"msg":"careful"`) || !strings.Contains(lines[0], `"level":"WARN"`) || !strings.Contains(lines[1], `hello {a: 1}`) {
		t.Errorf("got %q", lines)
	}
}

func TestConfigAndSecrets(t *testing.T) {
	g := program(t, `import { config, secret, supports, HostError } from "stackhost";
		const atBoot = config("greeting");
		export default () => { let e; try { secret("other") } catch (x) { e = x }
			return Response.json([atBoot, config("a.b"), config(), secret("key"), e instanceof HostError, e.codeName, supports("core").granted, supports("nothing").version]) }`,
		options{config: map[string]any{"greeting": "hi", "a": map[string]any{"b": int64(3)}}, secrets: map[string]string{"key": "s3"}})
	if a := send(g, "GET /", ""); a.body != `["hi",3,{"a":{"b":3},"greeting":"hi"},"s3",true,"not_found",true,0]` {
		t.Errorf("got %q, %v", a.body, a.err)
	}
}

func TestFetch(t *testing.T) {
	arrived := make(chan bool, 2)
	release := make(chan bool)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/together" { // both must be here before either is answered
			arrived <- true
			<-release
		}
		w.Header().Set("X-Method", r.Method)
		w.WriteHeader(201)
		w.Write([]byte("from " + r.URL.Path))
	}))
	defer server.Close()
	f, err := fetch.New(fetch.Config{Hosts: []string{"http://127.0.0.1:*", strings.TrimPrefix(server.URL, "http://")}[1:], Private: true})
	if err != nil {
		t.Fatal(err)
	}
	g := program(t, `export default async (r) => {
		const base = "`+server.URL+`";
		if (r.url.endsWith("/both")) { const all = await Promise.all([fetch(base + "/together"), fetch(base + "/together")]); return new Response((await Promise.all(all.map((a) => a.text()))).join()) }
		if (r.url.endsWith("/denied")) { try { await fetch("http://127.0.0.1:1/") } catch (e) { return new Response(e.codeName) } }
		const a = await fetch(base + "/one", { method: "POST", body: "x" });
		return new Response(a.status + a.headers.get("x-method") + await a.text());
	}`, options{extra: []capability.Capability{f}})
	go func() {
		<-arrived
		<-arrived
		close(release)
	}()
	for target, want := range map[string]string{"/": "201POSTfrom /one", "/both": "from /together,from /together", "/denied": "denied"} {
		if a := send(g, "GET "+target, ""); a.body != want {
			t.Errorf("%s: got %q, %v; want %q", target, a.body, a.err, want)
		}
	}
}

func TestMiddlewareAndJobs(t *testing.T) {
	g, err := load(t, "../../../conformance/guests/js/conformance.ts", options{})
	if err != nil {
		t.Fatal(err)
	}
	x := newExchange("GET /\nX-Mw: block", nil)
	if v, err := g.Middleware(x); v != dialect.Answered || err != nil || x.Ctx.Response.StatusCode() != 403 || string(x.Ctx.Response.Body()) != "blocked" {
		t.Errorf("block: %v, %v", v, err)
	}
	x = newExchange("GET /\nX-Mw: set", nil)
	if v, err := g.Middleware(x); v != dialect.Pass || err != nil {
		t.Errorf("set: %v, %v", v, err)
	}
	found := false
	for _, h := range x.Headers() {
		found = found || string(h.Name) == "x-added" && string(h.Value) == "1"
	}
	if !found {
		t.Error("set: the request header is not there")
	}
	if v, err := g.Middleware(newExchange("GET /", nil)); v != dialect.Pass || err != nil {
		t.Errorf("pass: %v, %v", v, err)
	}
	ctx := context.Background()
	if r, err := g.Job(ctx, &abi.JobRequest{ID: "1", Name: "any", Payload: []byte("abc")}); err != nil || string(r.Result) != "cba" {
		t.Errorf("job: %v, %v", r, err)
	}
	var code *dialect.CodeError
	if _, err := g.Job(ctx, &abi.JobRequest{Name: "fail"}); !errors.As(err, &code) || code.Code != -1001 {
		t.Errorf("failing job: %v", err)
	}
	var trap *runtime.Trap
	if _, err := g.Job(ctx, &abi.JobRequest{Name: "trap"}); !errors.As(err, &trap) {
		t.Errorf("trapping job: %v", err)
	}
}

func TestConformanceRoutes(t *testing.T) {
	g, err := load(t, "../../../conformance/guests/js/conformance.ts", options{config: map[string]any{"k": "v"}, secrets: map[string]string{"key": "s"}})
	if err != nil {
		t.Fatal(err)
	}
	big := strings.Repeat("abc", 50_000)
	for _, tt := range []struct{ head, body, want string }{
		{"GET /t/boot", "", "booted once: 1"}, {"GET /t/counter", "", "1"}, {"GET /t/counter", "", "1"},
		{"GET /t/stream?n=3&size=4", "", "xxxxxxxxxxxx"}, {"GET /t/empty", "", ""}, {"GET /t/log?level=warn", "", "logged"},
		{"GET /t/config?key=k", "", `"v"`}, {"GET /t/secret?name=key", "", `"s"`}, {"GET /t/supports?name=nope", "", `{"version":0,"granted":false}`},
		{"GET /t/batch", "", `{"config":{"k":"v"},"supports":{"version":1,"granted":true}}`},
		{"POST /t/sum", big, `{"bytes":150000,"sum":14700000}`}, {"POST /t/echo", big, big}, {"POST /t/echo", "x", "x"},
		{"GET /t/leak\nX-Marker: one", "", "clean"}, {"GET /t/leak\nX-Marker: two", "", "clean"}, {"GET /t/grow?mb=2", "", `{"ok":true}`},
		{"GET /t/grow?mb=200", "", `{"ok":false}`}, {"GET /t/fetch?url=http://a.test/", "", `{"code":-4,`},
	} {
		if a := send(g, tt.head, tt.body); a.err != nil || !strings.HasPrefix(a.body, tt.want) {
			t.Errorf("%s: got %.80q, %v; want %.80q", tt.head, a.body, a.err, tt.want)
		}
	}
	a := send(g, "GET /t/echo-request?a=b\nX-Bin: \xff", "")
	var seen struct {
		Path, Query string
		Headers     [][2]string
		Timeout     bool `json:"timeout_positive"`
	}
	if err := json.Unmarshal([]byte(a.body), &seen); err != nil || seen.Path != "/t/echo-request" || seen.Query != "a=b" || !seen.Timeout || seen.Headers[1] != [2]string{"x-bin", "/w=="} {
		t.Errorf("echo-request: got %q, %v", a.body, a.err)
	}
	var code *dialect.CodeError
	if a := send(g, "GET /t/error?code=-1005", ""); !errors.As(a.err, &code) || code.Code != -1005 {
		t.Errorf("error: %v", a.err)
	}
	if a := send(g, "GET /t/status/418", ""); a.status != 418 {
		t.Errorf("status: %+v", a)
	}
	if a := send(g, "GET /nowhere", ""); a.status != 404 || string(a.headers.ContentType()) != "application/problem+json" {
		t.Errorf("not found: %+v", a)
	}
	if a := send(g, "GET /t/recurse", ""); a.err == nil {
		t.Errorf("recurse: %+v", a)
	}
}
