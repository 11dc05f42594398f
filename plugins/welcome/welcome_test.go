package welcome_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stackhost/stackhost/host"
	"github.com/stackhost/stackhost/host/app"
)

var languages = map[string]string{"go": "Go", "rust": "Rust", "c": "C", "assemblyscript": "AssemblyScript", "zig": "Zig", "js": "JavaScript"}

// TestEveryLanguageAnswersAlike serves the welcome app and asks each language the same.
func TestEveryLanguageAnswersAlike(t *testing.T) {
	a, err := app.Load(".")
	if err != nil {
		t.Fatal(err)
	}
	h, err := host.Open(host.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if err := h.Deploy(context.Background(), a); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go h.Serve(ln)
	base := "http://" + ln.Addr().String()
	if status, _, page := ask(t, "GET", base+"/", "", nil); status != 200 || !strings.Contains(page, "stackhost") {
		t.Errorf("landing page: %d", status)
	}
	for path, name := range languages {
		t.Run(path, func(t *testing.T) {
			if err := h.Missing()[path]; err != nil {
				status, _, body := ask(t, "GET", base+"/"+path+"/hello", "", nil)
				if status != 503 || !strings.Contains(body, "engine install") {
					t.Errorf("without its engine: %d %s", status, body)
				}
				t.Skip(err)
			}
			check(t, base+"/"+path, path, name)
		})
	}
}

func check(t *testing.T, base, path, name string) {
	const form = "application/x-www-form-urlencoded"
	for _, c := range []struct {
		method, target, kind, body string
		status                     int
		wantKind, want             string
	}{
		{"GET", "/hello", "", "", 200, "text/plain", "Hello from " + name},
		{"POST", "/form", form, "name=Ada&message=h%C3%A9+llo", 200, "application/json", fmt.Sprintf(`{"language":%q,"name":"Ada","message":"hé llo","length":7}`, name)},
		{"POST", "/form", form, "message=x", 422, "application/problem+json", `{"type":"about:blank","title":"Unprocessable Content","status":422,"detail":"name is required"}`},
		{"POST", "/form", form, "name=x&message=", 422, "application/problem+json", `{"type":"about:blank","title":"Unprocessable Content","status":422,"detail":"message is required"}`},
		{"GET", "/stream?n=3", "", "", 200, "text/plain", fmt.Sprintf("line 1 of 3 from %[1]s\nline 2 of 3 from %[1]s\nline 3 of 3 from %[1]s\n", name)},
		{"POST", "/echo", "application/x-test", "bytes", 200, "application/x-test", "bytes"},
	} {
		status, kind, body := ask(t, c.method, base+c.target, c.kind, []byte(c.body))
		if status != c.status || !strings.HasPrefix(kind, c.wantKind) || body != c.want {
			t.Errorf("%s %s: %d %s\n got %q\nwant %q", c.method, c.target, status, kind, body, c.want)
		}
	}
	if status, kind, body := ask(t, "GET", base+"/", "", nil); status != 200 || !strings.HasPrefix(kind, "text/html") || !strings.Contains(body, name) {
		t.Errorf("GET /: %d %s", status, kind)
	}
	for target, want := range map[string]int{"/nothing": 404, "/stream?n=0": 400, "/stream?n=1001": 400, "/stream?n=1_0": 400, "/stream?n=x": 400} {
		if status, kind, _ := ask(t, "GET", base+target, "", nil); status != want || !strings.HasPrefix(kind, "application/problem+json") {
			t.Errorf("GET %s: %d %s", target, status, kind)
		}
	}
	large := bytes.Repeat([]byte("0123456789abcdef"), 20_000)
	if _, _, body := ask(t, "POST", base+"/echo", "application/octet-stream", large); body != string(large) {
		t.Errorf("a large body came back as %d bytes", len(body))
	}
	seen := map[string]bool{}
	for range 20 {
		_, _, body := ask(t, "GET", base+"/json?a=1&a=2&b="+url.QueryEscape("ü&"), "", nil)
		var got struct {
			Language, Message, Path, Method, Random string
			Query                                   map[string]string
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		if got.Language != name || got.Path != "/"+path+"/json" || got.Method != "GET" || got.Message != "Hello, world" || got.Query["a"] != "1" || got.Query["b"] != "ü&" {
			t.Errorf("json: %s", body)
		}
		if len(got.Random) != 16 || seen[got.Random] {
			t.Errorf("random %q repeats or is not 16 digits", got.Random)
		}
		seen[got.Random] = true
	}
}

func ask(t *testing.T, method, target, kind string, body []byte) (int, string, string) {
	t.Helper()
	req, err := http.NewRequest(method, target, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header.Get("Content-Type"), string(text)
}
