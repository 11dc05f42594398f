package web

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

var rewrite = flag.Bool("rewrite", false, "write what the tests see as the new golden files")

// fullReport has every field set, with markup wherever a guest could put some.
func fullReport() *ErrorReport {
	return &ErrorReport{
		Status: 500, Code: "trap",
		Title:   "The module stopped at an unreachable instruction",
		Message: "panicked at src/lib.rs:27:10:\nindex out of bounds: the len is 3 but the index is 7 </pre><script>alert(1)</script>",
		Hint:    "An unreachable instruction is how Rust ends a panic. The message above is what it printed before.",
		App:     "welcome", Module: "orders", Language: "Rust", Dialect: "native", Export: "stackhost_http",
		Digest: "sha256:3f1c9a52e07b",
		Frames: []ReportFrame{
			{Function: "core::panicking::panic_bounds_check", Offset: 0x1f3a},
			{Function: "orders::totals::sum<alloc::vec::Vec<u64>>", Offset: 0x0c51, Source: "src/totals.rs:27:10"},
			{Function: "orders::handle", Offset: 0x0984, Source: "src/lib.rs:14:5"},
			{Function: "stackhost_http", Offset: 0x0411},
		},
		Source: &SourceExcerpt{File: "src/totals.rs", First: 24, Line: 27, Lines: []string{
			"pub fn sum(items: &[u64], picks: &[usize]) -> u64 {", "    let mut total = 0;", "    for &i in picks {",
			"        total += items[i];", "    }", "    total", "}",
		}},
		Calls: []ReportHostCall{
			{Name: "core config", Detail: `"currency"`, Took: 310 * time.Nanosecond},
			{Name: "fetch send", Detail: "GET https://rates.example/eur.json", Took: 18400 * time.Microsecond},
			{Name: "fetch send", Detail: "GET https://internal.example/<em>", Took: 41 * time.Microsecond, Code: "denied"},
			{Name: "core log", Detail: "warn, 61 bytes", Took: 2100 * time.Nanosecond},
		},
		Log: []ReportLogLine{
			{At: 140 * time.Microsecond, Level: "info", Text: "loading order 4711"},
			{At: 19 * time.Millisecond, Level: "warn", Text: "rate service denied, using yesterday's rate <i>"},
			{At: 19200 * time.Microsecond, Level: "error", Text: "thread panicked"},
		},
		Facts: []ReportFact{
			{"Wall time", "19.4 ms of 10 s"}, {"Memory", "1.1 MiB of 64 MiB"}, {"Host calls", "4 of 10,000"}, {"Isolation", "pristine"},
		},
	}
}

// volatile are the parts of a page that differ from one run to the next.
var volatile = regexp.MustCompile(`[0-9A-HJKMNP-TV-Z]{26}|at \d\d:\d\d:\d\d\.\d{3}, failed after [^<]+`)

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	text := volatile.ReplaceAllString(string(got), "VOLATILE")
	if *rewrite {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("%s differs; look at it in a browser, then run with -rewrite\ngot:\n%s", name, text)
	}
}

const browserRequest = "GET /orders/4711?currency=eur&token=s3cr3t HTTP/1.1\r\nHost: shop.example\r\nAccept: text/html,application/xhtml+xml,*/*;q=0.8\r\n" +
	"Cookie: session=s3cr3t\r\nAuthorization: Bearer s3cr3t\r\nUser-Agent: Example/1.0\r\n\r\n"

func TestErrorPages(t *testing.T) {
	checkLeaks(t)
	bad := func(ps *Problems, report *ErrorReport) fasthttp.RequestHandler {
		return func(ctx *fasthttp.RequestCtx) { ps.WriteReport(ctx, report) }
	}
	for _, tt := range []struct {
		name        string
		development bool
		report      *ErrorReport
		json        bool
	}{
		{"report.html", true, fullReport(), false},
		{"report-bare.html", true, &ErrorReport{Title: "The module could not be built", Status: 503, Output: "error: expected `;`\n  --> src/lib.rs:3:7"}, false},
		{"report.json", true, fullReport(), true},
		{"problem.html", false, fullReport(), false},
		{"problem.json", false, fullReport(), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ts := start(t, Config{Handler: bad(&Problems{Development: tt.development}, tt.report)}, false)
			c := ts.dial()
			defer c.Close()
			raw := browserRequest
			if tt.json {
				raw = strings.Replace(raw, "text/html,application/xhtml+xml,*/*;q=0.8", "*/*", 1)
			}
			resp, body := get(t, c, raw)
			if resp.StatusCode != tt.report.Status {
				t.Errorf("status %d, want %d", resp.StatusCode, tt.report.Status)
			}
			for _, secret := range []string{"s3cr3t", "<script>alert", "<em>", "<i>"} {
				if strings.Contains(body, secret) && !tt.json {
					t.Errorf("the page contains %q", secret)
				}
			}
			if !tt.development && strings.Contains(body, "orders") {
				t.Errorf("a production page tells about the module:\n%s", body)
			}
			if resp.Header.Get("X-Request-Id") == "" || !strings.Contains(body, resp.Header.Get("X-Request-Id")) {
				t.Error("the body does not tell the request id of the header")
			}
			golden(t, tt.name, []byte(body))
		})
	}
}
