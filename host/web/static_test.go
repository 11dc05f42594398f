package web

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// staticDir makes a folder of files; names that end in a slash are folders, "a -> b" is a symbolic link.
func staticDir(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "public")
	old := time.Now().Add(-time.Hour)
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if target, ok := strings.CutPrefix(text, "-> "); ok {
			if err := os.Symlink(target, path); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		os.Chtimes(path, old, old)
	}
	return dir
}

type staticSite struct {
	*testServer
	t   *testing.T
	dir string
}

func newSite(t *testing.T, cfg StaticConfig, files map[string]string) *staticSite {
	t.Helper()
	checkLeaks(t)
	if cfg.Dir == "" {
		cfg.Dir = staticDir(t, files)
	}
	s, err := NewStatic(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &staticSite{start(t, Config{Handler: s.Handle}, true), t, cfg.Dir}
}

// get asks for path with header lines such as "Range: bytes=0-1".
func (s *staticSite) get(path string, headers ...string) (*http.Response, string) {
	return s.ask("GET", path, headers...)
}

func (s *staticSite) ask(method, path string, headers ...string) (*http.Response, string) {
	s.t.Helper()
	c := s.dial()
	defer c.Close()
	lines := ""
	for _, h := range headers {
		lines += h + "\r\n"
	}
	fmt.Fprintf(c, "%s %s HTTP/1.1\r\nHost: h\r\n%s\r\n", method, path, lines)
	return readResponse(s.t, bufio.NewReader(c), method == "HEAD")
}

func TestStatic(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	os.WriteFile(secret, []byte("secret"), 0o600)
	site := newSite(t, StaticConfig{Prefix: "/s", CacheControl: "public, max-age=60"}, map[string]string{
		"index.html": "<p>home", "a.css": "p{}", "sub/index.html": "<p>sub", "sub/x.txt": "x", "empty.txt": "",
		"none/file.txt": "f", ".hidden": "h", "sub/.git/config": "g", ".well-known/acme": "w", ".well-known/.x": "no",
		"out": "-> " + secret, "up": "-> ../../secret", "in.css": "-> a.css", "sp ace.txt": "s", "ü.txt": "u", "big.bin": strings.Repeat("0123456789", 40000),
	})
	for _, tt := range []struct {
		path   string
		status int
		want   string // body, or Location
	}{
		{"/s/", 200, "<p>home"}, {"/s", 301, "./s/"}, {"/s/index.html", 200, "<p>home"}, {"/s/a.css", 200, "p{}"},
		{"/s/a.css?v=1", 200, "p{}"}, {"/s/sub/", 200, "<p>sub"}, {"/s/sub", 301, "./sub/"}, {"/s/sub?a=b", 301, "./sub/?a=b"},
		{"/s/sub/x.txt", 200, "x"}, {"/s/sub/x.txt/", 404, ""}, {"/s/none/", 404, ""}, {"/s/none", 301, "./none/"},
		{"/s/empty.txt", 200, ""}, {"/s/missing", 404, ""}, {"/s/.hidden", 404, ""}, {"/s/%2ehidden", 404, ""},
		{"/s/sub/.git/config", 404, ""}, {"/s/.well-known/acme", 200, "w"}, {"/s/.well-known/.x", 404, ""},
		{"/s/out", 404, ""}, {"/s/up", 404, ""}, {"/s/in.css", 200, "p{}"}, {"/s/sp%20ace.txt", 200, "s"}, {"/s/%C3%BC.txt", 200, "u"},
		{"/s/../secret", 404, ""}, {"/s/%2e%2e/secret", 404, ""}, {"/s/..%2fsecret", 404, ""}, {"/s/sub/../a.css", 404, ""},
		{"/s//a.css", 404, ""}, {"/s/sub%5cx.txt", 404, ""}, {"/s/a%00.css", 404, ""}, {"/s/%zz", 400, ""}, {"/s/%", 400, ""},
		{"/other", 404, ""}, {"/sub", 404, ""},
	} {
		resp, body := site.get(tt.path)
		got := body
		if resp.StatusCode == 301 {
			got = resp.Header.Get("Location")
		}
		if resp.StatusCode != tt.status || resp.StatusCode < 400 && got != tt.want {
			t.Errorf("GET %s: %d %.100q, want %d %q", tt.path, resp.StatusCode, got, tt.status, tt.want)
		}
		if strings.Contains(body, "secret") && !strings.Contains(body, "instance") {
			t.Errorf("GET %s escaped: %q", tt.path, body)
		}
	}
	resp, _ := site.get("/s/a.css")
	for name, want := range map[string]string{
		"Content-Type": "text/css; charset=utf-8", "Cache-Control": "public, max-age=60", "Accept-Ranges": "bytes", "X-Content-Type-Options": "nosniff",
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if resp, _ := site.get("/s/"); resp.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("the index is cached: %q", resp.Header.Get("Cache-Control"))
	}
	if resp, body := site.ask("HEAD", "/s/big.bin"); resp.ContentLength != 400000 || body != "" {
		t.Errorf("HEAD: length %d", resp.ContentLength)
	}
	if resp, body := site.get("/s/big.bin"); len(body) != 400000 || resp.ContentLength != 400000 {
		t.Errorf("large file: %d bytes", len(body))
	}
	if resp, _ := site.ask("POST", "/s/a.css", "Content-Length: 0"); resp.StatusCode != 405 || resp.Header.Get("Allow") != "GET, HEAD, OPTIONS" {
		t.Errorf("POST: %d, Allow %q", resp.StatusCode, resp.Header.Get("Allow"))
	}
	if resp, _ := site.ask("OPTIONS", "/s/a.css"); resp.StatusCode != 204 || resp.Header.Get("Allow") != "GET, HEAD, OPTIONS" {
		t.Errorf("OPTIONS: %d, Allow %q", resp.StatusCode, resp.Header.Get("Allow"))
	}
}

func TestStaticConditions(t *testing.T) {
	site := newSite(t, StaticConfig{}, map[string]string{"a.txt": "hello", "b.bin": strings.Repeat("x", 300000)})
	for _, path := range []string{"/a.txt", "/b.bin"} {
		resp, _ := site.get(path)
		tag, modified := resp.Header.Get("ETag"), resp.Header.Get("Last-Modified")
		if tag == "" || tag[0] != '"' || modified == "" {
			t.Fatalf("%s: ETag %s, Last-Modified %q", path, tag, modified)
		}
		earlier := "Sun, 06 Nov 1994 08:49:37 GMT"
		later := time.Now().UTC().Format(http.TimeFormat)
		for _, tt := range []struct {
			status  int
			headers []string
		}{
			{304, []string{"If-None-Match: " + tag}},
			{304, []string{"If-None-Match: W/" + tag}},
			{304, []string{`If-None-Match: "x", ` + tag}},
			{304, []string{"If-None-Match: *"}},
			{200, []string{`If-None-Match: "x"`}},
			{200, []string{`If-None-Match: junk`}},
			{200, []string{`If-None-Match: "x"`, "If-Modified-Since: " + later}},
			{304, []string{"If-Modified-Since: " + modified}},
			{304, []string{"If-Modified-Since: " + later}},
			{200, []string{"If-Modified-Since: " + earlier}},
			{200, []string{"If-Modified-Since: junk"}},
			{200, []string{"If-Match: " + tag}},
			{200, []string{"If-Match: *"}},
			{412, []string{`If-Match: "x"`}},
			{412, []string{"If-Match: W/" + tag}},
			{412, []string{"If-Unmodified-Since: " + earlier}},
			{200, []string{"If-Unmodified-Since: " + modified}},
			{206, []string{"Range: bytes=0-1", "If-Range: " + tag}},
			{200, []string{"Range: bytes=0-1", `If-Range: "x"`}},
			{200, []string{"Range: bytes=0-1", "If-Range: W/" + tag}},
			{206, []string{"Range: bytes=0-1", "If-Range: " + modified}},
			{200, []string{"Range: bytes=0-1", "If-Range: " + earlier}},
			{200, []string{"Range: bytes=0-1", "If-Range: " + later}},
		} {
			resp, body := site.get(path, tt.headers...)
			if resp.StatusCode != tt.status {
				t.Errorf("%s with %q: %d, want %d", path, tt.headers, resp.StatusCode, tt.status)
			}
			if tt.status == 304 && (body != "" || resp.Header.Get("ETag") != tag) {
				t.Errorf("304 with %d bytes, ETag %s", len(body), resp.Header.Get("ETag"))
			}
		}
	}
}

func TestStaticRanges(t *testing.T) {
	text := "0123456789"
	large := strings.Repeat(text, 40000)
	site := newSite(t, StaticConfig{}, map[string]string{"a.txt": text, "b.txt": large, "empty.txt": ""})
	for _, tt := range []struct {
		path, spec string
		status     int
		want       string   // body, when it is one range
		ranges     []string // Content-Range of each part
	}{
		{"/a.txt", "bytes=0-0", 206, "0", []string{"bytes 0-0/10"}},
		{"/a.txt", "bytes=2-4", 206, "234", []string{"bytes 2-4/10"}},
		{"/a.txt", "bytes=7-", 206, "789", []string{"bytes 7-9/10"}},
		{"/a.txt", "bytes=-3", 206, "789", []string{"bytes 7-9/10"}},
		{"/a.txt", "bytes=5-100", 206, "56789", []string{"bytes 5-9/10"}},
		{"/a.txt", "bytes=-100", 200, text, nil},
		{"/a.txt", "bytes=0-", 200, text, nil},
		{"/a.txt", "Bytes=1-1", 206, "1", []string{"bytes 1-1/10"}},
		{"/a.txt", "bytes=10-", 416, "", nil},
		{"/a.txt", "bytes=10-20", 416, "", nil},
		{"/a.txt", "bytes=-0", 416, "", nil},
		{"/empty.txt", "bytes=0-", 416, "", nil},
		{"/empty.txt", "bytes=-1", 416, "", nil},
		{"/a.txt", "bytes=4-2", 200, text, nil},
		{"/a.txt", "bytes=", 200, text, nil},
		{"/a.txt", "bytes=a-b", 200, text, nil},
		{"/a.txt", "bytes=1", 200, text, nil},
		{"/a.txt", "bytes=--1", 200, text, nil},
		{"/a.txt", "lines=1-2", 200, text, nil},
		{"/a.txt", "bytes=99999999999999999999-", 200, text, nil},
		{"/a.txt", "bytes=0-1,4-5", 206, "", []string{"bytes 0-1/10", "bytes 4-5/10"}},
		{"/a.txt", "bytes=0-0, 2-2 , -1", 206, "", []string{"bytes 0-0/10", "bytes 2-2/10", "bytes 9-9/10"}},
		{"/a.txt", "bytes=0-0,20-30", 206, "0", []string{"bytes 0-0/10"}},
		{"/a.txt", "bytes=20-30,40-", 416, "", nil},
		{"/a.txt", "bytes=0-9,0-9", 200, text, nil}, // more than there is
		{"/a.txt", "bytes=" + strings.Repeat("0-0,", 17), 200, text, nil},
		{"/b.txt", "bytes=399990-", 206, text, []string{"bytes 399990-399999/400000"}},
		{"/b.txt", "bytes=0-399999", 200, large, nil},
		{"/b.txt", "bytes=1-2,100001-100003,-1", 206, "", []string{"bytes 1-2/400000", "bytes 100001-100003/400000", "bytes 399999-399999/400000"}},
	} {
		resp, body := site.get(tt.path, "Range: "+tt.spec)
		if resp.StatusCode != tt.status {
			t.Errorf("%s %s: status %d, want %d", tt.path, tt.spec, resp.StatusCode, tt.status)
			continue
		}
		switch {
		case tt.status == 416:
			if got := resp.Header.Get("Content-Range"); !strings.HasPrefix(got, "bytes */") {
				t.Errorf("%s: Content-Range %q", tt.spec, got)
			}
		case len(tt.ranges) > 1:
			checkParts(t, resp, body, tt.ranges, large)
		case body != tt.want:
			t.Errorf("%s %s: body of %d bytes %.20q, want %d", tt.path, tt.spec, len(body), body, len(tt.want))
		case len(tt.ranges) == 1 && resp.Header.Get("Content-Range") != tt.ranges[0]:
			t.Errorf("%s: Content-Range %q, want %q", tt.spec, resp.Header.Get("Content-Range"), tt.ranges[0])
		}
	}
	if resp, _ := site.ask("HEAD", "/a.txt", "Range: bytes=0-1"); resp.StatusCode != 200 || resp.ContentLength != 10 {
		t.Errorf("HEAD with a range: %d, length %d", resp.StatusCode, resp.ContentLength)
	}
}

// checkParts reads multipart/byteranges; each part must hold the bytes of text that it says it does.
func checkParts(t *testing.T, resp *http.Response, body string, ranges []string, text string) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/byteranges" {
		t.Fatalf("Content-Type %q", resp.Header.Get("Content-Type"))
	}
	mr := multipart.NewReader(strings.NewReader(body), params["boundary"])
	for _, want := range ranges {
		part, err := mr.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		if got := part.Header.Get("Content-Range"); got != want {
			t.Errorf("part %q, want %q", got, want)
		}
		var first, last, size int
		fmt.Sscanf(want, "bytes %d-%d/%d", &first, &last, &size)
		data, err := io.ReadAll(part)
		if err != nil || string(data) != text[first:last+1] {
			t.Errorf("part %q holds %q, %v", want, data, err)
		}
	}
	if _, err := mr.NextPart(); err != io.EOF {
		t.Errorf("after the last part: %v", err)
	}
}

func TestStaticPrecompressed(t *testing.T) {
	files := map[string]string{"a.js": "plain", "a.js.br": "BR", "a.js.zst": "ZST", "a.js.gz": "GZ", "b.js": "plain", "b.js.gz": "GZ"}
	site := newSite(t, StaticConfig{Recheck: -1}, files)
	tags := make(map[string]bool)
	for _, tt := range []struct{ path, accept, encoding, body string }{
		{"/a.js", "gzip, deflate, br, zstd", "br", "BR"},
		{"/a.js", "gzip, zstd", "zstd", "ZST"},
		{"/a.js", "gzip", "gzip", "GZ"},
		{"/a.js", "br;q=0.5, gzip", "gzip", "GZ"},
		{"/a.js", "identity", "", "plain"},
		{"/b.js", "br, gzip;q=0.1", "gzip", "GZ"},
		{"/b.js", "br", "", "plain"},
	} {
		resp, body := site.get(tt.path, "Accept-Encoding: "+tt.accept)
		if resp.Header.Get("Content-Encoding") != tt.encoding || body != tt.body {
			t.Errorf("%s for %q: %q %q", tt.path, tt.accept, resp.Header.Get("Content-Encoding"), body)
		}
		if resp.Header.Get("Vary") != "Accept-Encoding" || resp.Header.Get("Content-Type") != "text/javascript; charset=utf-8" {
			t.Errorf("%s: Vary %q, Content-Type %q", tt.path, resp.Header.Get("Vary"), resp.Header.Get("Content-Type"))
		}
		tags[resp.Header.Get("ETag")] = true
	}
	if len(tags) != 4 { // the two files have the same content, plain and gzip
		t.Errorf("variants share tags: %v", tags)
	}
	if resp, body := site.get("/a.js", "Accept-Encoding: br", "Range: bytes=1-1"); resp.StatusCode != 206 || body != "R" {
		t.Errorf("a range of a variant: %d %q", resp.StatusCode, body)
	}
	// A sibling older than its file is out of date.
	now := time.Now()
	os.Chtimes(filepath.Join(site.dir, "b.js"), now, now)
	if resp, body := site.get("/b.js", "Accept-Encoding: gzip"); body != "plain" {
		t.Errorf("a stale sibling was served: %q", resp.Header.Get("Content-Encoding"))
	}
}

func TestStaticEncodes(t *testing.T) {
	text := strings.Repeat("hello world ", 500)
	site := newSite(t, StaticConfig{Compression: &Compression{}}, map[string]string{"a.txt": text, "a.png": text})
	for range 3 {
		resp, body := site.get("/a.txt", "Accept-Encoding: gzip")
		plain, err := io.ReadAll(decode(t, "gzip", strings.NewReader(body)))
		if err != nil || string(plain) != text || !strings.HasPrefix(resp.Header.Get("ETag"), `W/"`) {
			t.Fatalf("%d bytes, %v, ETag %s", len(plain), err, resp.Header.Get("ETag"))
		}
		if resp, _ := site.get("/a.txt", "Accept-Encoding: gzip", "If-None-Match: "+resp.Header.Get("ETag")); resp.StatusCode != 304 {
			t.Errorf("revalidation: %d", resp.StatusCode)
		}
	}
	if resp, body := site.get("/a.txt", "Accept-Encoding: gzip", "Range: bytes=0-4"); body != "hello" {
		t.Errorf("range: %d %q", resp.StatusCode, body)
	}
	if resp, _ := site.get("/a.png", "Accept-Encoding: gzip"); resp.Header.Get("Content-Encoding") != "" {
		t.Error("an image was compressed")
	}
}

func TestStaticFallback(t *testing.T) {
	site := newSite(t, StaticConfig{Fallback: "index.html"}, map[string]string{"index.html": "app", "a.js": "js"})
	for _, tt := range []struct {
		path, accept string
		status       int
	}{
		{"/", "*/*", 200}, {"/users/7", "*/*", 200}, {"/users/", "*/*", 200}, {"/a.b.c", "text/html", 200},
		{"/missing.js", "*/*", 404}, {"/missing.js", "text/html;q=0, */*", 404}, {"/a.js", "*/*", 200},
	} {
		resp, body := site.get(tt.path, "Accept: "+tt.accept)
		if resp.StatusCode != tt.status || tt.status == 200 && tt.path != "/a.js" && body != "app" {
			t.Errorf("%s for %s: %d %q", tt.path, tt.accept, resp.StatusCode, body)
		}
	}
}

func TestStaticNotices(t *testing.T) {
	site := newSite(t, StaticConfig{Recheck: -1, CacheFile: 100}, map[string]string{"a.txt": "one", "b.txt": strings.Repeat("b", 200)})
	check := func(path, want string) string {
		t.Helper()
		resp, body := site.get(path)
		if body != want {
			t.Errorf("%s: %.20q, want %.20q", path, body, want)
		}
		return resp.Header.Get("ETag")
	}
	first := check("/a.txt", "one")
	os.WriteFile(filepath.Join(site.dir, "a.txt"), []byte("two, longer"), 0o644)
	if check("/a.txt", "two, longer") == first {
		t.Error("the tag is still the same")
	}
	check("/b.txt", strings.Repeat("b", 200))
	os.WriteFile(filepath.Join(site.dir, "b.txt"), bytes.Repeat([]byte("c"), 300), 0o644)
	if tag := check("/b.txt", strings.Repeat("c", 300)); !strings.HasPrefix(tag, "W/") {
		t.Errorf("a file that was just written has the strong tag %s", tag)
	}
	os.Remove(filepath.Join(site.dir, "a.txt"))
	if resp, _ := site.get("/a.txt"); resp.StatusCode != 404 {
		t.Errorf("a removed file: %d", resp.StatusCode)
	}
}

func TestStaticCacheIsBounded(t *testing.T) {
	files := make(map[string]string)
	for i := range 100 {
		files[fmt.Sprintf("f%d.txt", i)] = strings.Repeat("x", 1000)
	}
	dir := staticDir(t, files)
	s, err := NewStatic(StaticConfig{Dir: dir, CacheBytes: 20000})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name := range files {
		if _, err := s.lookup(name); err != nil {
			t.Fatal(err)
		}
	}
	sum := int64(0)
	for _, f := range s.cache.files {
		sum += f.bytes
	}
	if s.cache.bytes > 20000 || sum != s.cache.bytes || len(s.cache.files) < 5 {
		t.Errorf("%d files, %d bytes counted, %d held", len(s.cache.files), s.cache.bytes, sum)
	}
}

func BenchmarkStatic(b *testing.B) {
	dir := b.TempDir()
	os.WriteFile(filepath.Join(dir, "a.css"), bytes.Repeat([]byte("p{}\n"), 500), 0o644)
	s, err := NewStatic(StaticConfig{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.lookup("a.css"); err != nil {
			b.Fatal(err)
		}
	}
}
