package web

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/valyala/fasthttp"
)

// lockedBuffer is a buffer for a log that is read while it is written.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer // guarded by mu
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func TestAccessRecords(t *testing.T) {
	checkLeaks(t)
	var out lockedBuffer
	access := NewAccessLog(AccessConfig{
		Log:         slog.New(slog.NewJSONHandler(&out, nil)),
		RedactQuery: []string{"own"},
		Headers:     []string{"referer", "authorization", "x-absent"},
	})
	ts := start(t, Config{Access: access, TrustRequestID: true, Handler: func(ctx *fasthttp.RequestCtx) {
		r := Of(ctx)
		r.Route, r.Module, r.Outcome = "GET /a", "app/orders", "fine"
		r.TraceParent(ctx)
		switch string(ctx.Path()) {
		case "/stream":
			s, _ := StartStream(ctx, -1)
			s.Write(make([]byte, 5000))
		case "/panic":
			panic("x")
		default:
			echo(ctx)
		}
	}}, true)
	const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	requests := "POST /a?q=1&token=s3cr3t&API_KEY=s3cr3t&%74oken=s3cr3t&own=s3cr3t&z=2 HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nUser-Agent: Test/1\r\n" +
		"X-Request-Id: given-id-1\r\nTraceparent: " + trace + "\r\nAuthorization: s3cr3t\r\nCookie: s3cr3t\r\nReferer: http://r/\r\n\r\nbody" +
		"GET /stream HTTP/1.1\r\nHost: h\r\n\r\n" +
		"GET http://h/abs?x HTTP/1.1\r\nHost: h\r\n\r\n" +
		"GET /panic HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
	c := ts.dial()
	io.WriteString(c, requests)
	readUntilClosed(t, c)
	c.Close()
	ts.exchange(t, "GET / HTTP/1.1\r\nHost : h\r\n\r\n")
	ts.Close()
	access.Close()
	access.Close() // twice is fine

	text := out.String()
	if strings.Contains(text, "s3cr3t") {
		t.Errorf("a secret was recorded:\n%s", text)
	}
	var records []map[string]any
	for line := range strings.Lines(text) {
		var r map[string]any
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	want := []map[string]any{
		{"msg": "request", "method": "POST", "path": "/a", "query": "q=1&token=[redacted]&API_KEY=[redacted]&%74oken=[redacted]&own=[redacted]&z=2",
			"status": 200.0, "bytes_in": 4.0, "request_id": "given-id-1", "trace_id": "0af7651916cd43dd8448eb211c80319c", "route": "GET /a",
			"module": "app/orders", "outcome": "fine", "remote": "127.0.0.1", "user_agent": "Test/1", "scheme": "http",
			"header.referer": "http://r/", "header.authorization": "[redacted]"},
		{"path": "/stream", "streamed": true},
		{"path": "/abs", "query": "x"},
		{"path": "/panic", "status": 500.0, "outcome": "panic"},
		{"status": 400.0, "outcome": "bad-header"},
	}
	if len(records) != len(want) {
		t.Fatalf("%d records, want %d:\n%s", len(records), len(want), text)
	}
	for i, w := range want {
		for name, v := range w {
			if records[i][name] != v {
				t.Errorf("record %d: %s is %v, want %v", i, name, records[i][name], v)
			}
		}
	}
	if n := records[1]["bytes_out"].(float64); n < 5000 || n > 5500 {
		t.Errorf("the stream is recorded with %v bytes", n)
	}
	if d, ok := records[0]["duration"].(float64); !ok || d <= 0 {
		t.Errorf("duration %v", records[0]["duration"])
	}
	if n := access.Dropped(); n != 0 {
		t.Errorf("%d dropped", n)
	}
}

// stuckWriter blocks until it is let go.
type stuckWriter struct {
	release chan struct{}
	out     lockedBuffer
}

func (w *stuckWriter) Write(p []byte) (int, error) {
	<-w.release
	return w.out.Write(p)
}

// TestAccessNeverBlocks: with its writer stuck, requests are answered and the records that do not fit are counted.
func TestAccessNeverBlocks(t *testing.T) {
	checkLeaks(t)
	w := &stuckWriter{release: make(chan struct{})}
	access := NewAccessLog(AccessConfig{Log: slog.New(slog.NewTextHandler(w, nil)), Queue: 4})
	ts := start(t, Config{Access: access}, false)
	c := ts.dial()
	for range 50 {
		if resp, _ := get(t, c, plainGet); resp.StatusCode != 200 {
			t.Fatalf("status %d", resp.StatusCode)
		}
	}
	c.Close()
	ts.Close()
	if n := access.Dropped(); n < 44 || n > 46 || ts.Stats().AccessLost != n {
		t.Errorf("%d dropped, Stats says %d", n, ts.Stats().AccessLost)
	}
	close(w.release)
	access.Close()
	if out := w.out.String(); !strings.Contains(out, "access records dropped") {
		t.Errorf("the loss is not reported:\n%s", out)
	}
}

func TestAccessSample(t *testing.T) {
	checkLeaks(t)
	var out lockedBuffer
	access := NewAccessLog(AccessConfig{Log: slog.New(slog.NewTextHandler(&out, nil)), Sample: 0.2, Queue: 10000})
	ts := start(t, Config{Access: access, Handler: func(ctx *fasthttp.RequestCtx) {
		if string(ctx.Path()) == "/bad" {
			ctx.SetStatusCode(502)
		}
	}}, false)
	c := ts.dial()
	for range 1000 {
		get(t, c, plainGet)
	}
	for range 10 {
		get(t, c, "GET /bad HTTP/1.1\r\nHost: h\r\n\r\n")
	}
	c.Close()
	ts.Close()
	access.Close()
	if n := strings.Count(out.String(), "status=200"); n < 120 || n > 290 {
		t.Errorf("%d of 1000 recorded with a share of 0.2", n)
	}
	if n := strings.Count(out.String(), "status=502"); n != 10 {
		t.Errorf("%d of 10 server errors recorded", n)
	}
}

func TestRequestIDs(t *testing.T) {
	checkLeaks(t)
	ids := make([]string, 1000)
	for i := range ids {
		ids[i] = NewID()
		if len(ids[i]) != 26 || !saneID([]byte(ids[i])) {
			t.Fatalf("id %q", ids[i])
		}
	}
	prefixes := make([]string, len(ids))
	seen := make(map[string]bool)
	for i, id := range ids {
		prefixes[i] = id[:10]
		seen[id] = true
	}
	if !slices.IsSorted(prefixes) || len(seen) != len(ids) {
		t.Errorf("ids do not sort by time, or repeat")
	}
	if n := testing.AllocsPerRun(100, func() { NewID() }); n > 1 {
		t.Errorf("NewID allocates %v times", n)
	}

	for _, tt := range []struct {
		trust bool
		given string
		keep  bool
	}{
		{false, "abcdefgh-1", false}, {true, "abcdefgh-1", true}, {true, "short", false}, {true, "has space", false},
		{true, strings.Repeat("a", 65), false}, {true, "quote\"quote", false},
	} {
		ts := start(t, Config{TrustRequestID: tt.trust, Handler: func(ctx *fasthttp.RequestCtx) { ctx.WriteString(Of(ctx).ID) }}, false)
		c := ts.dial()
		resp, body := get(t, c, "GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: "+tt.given+"\r\n\r\n")
		if got := resp.Header.Get("X-Request-Id"); got != body || (got == tt.given) != tt.keep {
			t.Errorf("trust %v, given %q: got %q, handler saw %q", tt.trust, tt.given, got, body)
		}
		c.Close()
	}
	ts := start(t, Config{RequestIDHeader: "-", Handler: hello}, false)
	if got := ts.exchange(t, plainGet); strings.Contains(got, "X-Request-Id") {
		t.Errorf("sent although switched off:\n%s", got)
	}
}

func TestTraceParent(t *testing.T) {
	const id = "0af7651916cd43dd8448eb211c80319c"
	for in, valid := range map[string]bool{
		"00-" + id + "-b7ad6b7169203331-01":                      true,
		"00-" + id + "-b7ad6b7169203331-00":                      true,
		"cc-" + id + "-b7ad6b7169203331-01":                      true,
		"cc-" + id + "-b7ad6b7169203331-01-later":                true,
		"cc-" + id + "-b7ad6b7169203331-01later":                 false,
		"00-" + id + "-b7ad6b7169203331-01-later":                false,
		"ff-" + id + "-b7ad6b7169203331-01":                      false,
		"00-" + strings.ToUpper(id) + "-b7ad6b7169203331-01":     false,
		"00-" + strings.Repeat("0", 32) + "-b7ad6b7169203331-01": false,
		"00-" + id + "-0000000000000000-01":                      false,
		"00-" + id + "-b7ad6b716920333-01":                       false,
		"00-" + id + "-b7ad6b7169203331":                         false,
		"00_" + id + "-b7ad6b7169203331-01":                      false,
		"00-" + id[:31] + "g-b7ad6b7169203331-01":                false,
		"": false,
	} {
		tr, ok := ParseTraceParent([]byte(in))
		if ok != valid {
			t.Errorf("%q: valid %v", in, ok)
		}
		if ok && in[:2] == "00" && tr.String() != in {
			t.Errorf("%q is written as %q", in, tr.String())
		}
	}

	checkLeaks(t)
	var first, again string
	ts := start(t, Config{Handler: func(ctx *fasthttp.RequestCtx) {
		first, again = Of(ctx).TraceParent(ctx), Of(ctx).TraceParent(ctx)
	}}, false)
	c := ts.dial()
	defer c.Close()
	get(t, c, "GET / HTTP/1.1\r\nHost: h\r\nTraceparent: 00-"+id+"-b7ad6b7169203331-03\r\n\r\n")
	if !strings.HasPrefix(first, "00-"+id+"-") || strings.Contains(first, "b7ad6b7169203331") || first[52:] != "-01" || first != again {
		t.Errorf("continued as %q, then %q", first, again)
	}
	get(t, c, plainGet)
	if _, ok := ParseTraceParent([]byte(first)); !ok || strings.Contains(first, id) || first[52:] != "-00" {
		t.Errorf("begun as %q", first)
	}
}

func TestRedacted(t *testing.T) {
	for name, want := range map[string]bool{
		"Authorization": true, "cookie": true, "Set-Cookie": true, "X-Api-Key": true, "access_token": true, "key": true, "PASSWORD": true,
		"client_secret": true, "sig": true, "monkey": false, "page": false, "Accept": false, "q": false, "sort_key": true,
	} {
		if got := Redacted(name); got != want {
			t.Errorf("Redacted(%q) = %v", name, got)
		}
	}
}
