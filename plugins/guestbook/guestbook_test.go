package guestbook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stackhost/stackhost/host"
	"github.com/stackhost/stackhost/host/app"
	"github.com/stackhost/stackhost/raftstore"
)

// serve opens a store and serves the guestbook on it.
func serve(t *testing.T) (base string, h *host.Host) {
	t.Helper()
	a, err := app.Load(".")
	if err != nil {
		t.Fatal(err)
	}
	store, err := raftstore.Open(raftstore.Config{Dir: filepath.Join(t.TempDir(), "store"), Node: "n1", Bootstrap: true, MinFree: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	if h, err = host.Open(host.Config{Store: store}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	if err := h.Deploy(context.Background(), a); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go h.Serve(ln)
	return "http://" + ln.Addr().String(), h
}

func ask(t *testing.T, method, url string, header map[string]string, body []byte) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(b)
}

type post struct{ ID, Name, Text, Version string }

func sign(t *testing.T, base, name, text string) (p post) {
	t.Helper()
	status, _, body := ask(t, "POST", base+"/posts", map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
		[]byte(url.Values{"name": {name}, "text": {text}}.Encode()))
	if err := json.Unmarshal([]byte(body), &p); status != 201 || err != nil {
		t.Fatalf("sign: %d %s", status, body)
	}
	return p
}

func TestGuestbook(t *testing.T) {
	base, h := serve(t)
	front := func() string {
		t.Helper()
		status, _, body := ask(t, "GET", base+"/", nil, nil)
		if status != 200 {
			t.Fatalf("front page: %d %s", status, body)
		}
		return body
	}
	if !strings.Contains(front(), "Be the first") {
		t.Error("the empty front page does not say so")
	}
	p := sign(t, base, "Ada <script>", "one & two")
	if page := front(); !strings.Contains(page, "Ada &lt;script&gt;") || !strings.Contains(page, "one &amp; two") {
		t.Errorf("the cached front page was not made anew, or is not escaped: %s", page)
	}

	// Optimistic concurrency: of two who saw the same version one may write.
	at, etag := base+"/api/posts/"+p.ID, fmt.Sprintf("%q", p.Version)
	if status, h, _ := ask(t, "GET", at, nil, nil); status != 200 || h.Get("ETag") != etag {
		t.Errorf("show: %d, ETag %s, want %s", status, h.Get("ETag"), etag)
	}
	if status, _, body := ask(t, "PUT", at, map[string]string{"If-Match": etag}, []byte("first")); status != 200 {
		t.Errorf("edit: %d %s", status, body)
	}
	if status, _, _ := ask(t, "PUT", at, map[string]string{"If-Match": etag}, []byte("second")); status != 412 {
		t.Errorf("an edit of an old version: %d", status)
	}
	if status, _, _ := ask(t, "PUT", at, nil, []byte("third")); status != 428 {
		t.Errorf("an edit without a version: %d", status)
	}
	if !strings.Contains(front(), "first") {
		t.Error("the front page has the old text")
	}

	// Signing at once gives each its own place.
	var wg sync.WaitGroup
	for i := range 24 {
		wg.Go(func() { sign(t, base, fmt.Sprint("visitor ", i), "hello") })
	}
	wg.Wait()
	seen := map[string]bool{}
	for after := ""; ; {
		_, _, body := ask(t, "GET", base+"/api/posts?after="+after, nil, nil)
		var page struct {
			Posts []post
			Next  string
		}
		if err := json.Unmarshal([]byte(body), &page); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		for _, p := range page.Posts {
			if seen[p.ID] {
				t.Errorf("post %s is on two pages", p.ID)
			}
			seen[p.ID] = true
		}
		if after = page.Next; after == "" {
			break
		}
	}
	if len(seen) != 25 {
		t.Errorf("%d posts on the pages, want 25", len(seen))
	}

	// A picture longer than what travels in one record.
	picture := bytes.Repeat([]byte("picture "), 50_000)
	if status, _, body := ask(t, "PUT", at+"/picture", map[string]string{"Content-Type": "image/png"}, picture); status != 200 {
		t.Fatalf("upload: %d %s", status, body)
	}
	if status, h, body := ask(t, "GET", base+"/pictures/"+p.ID, nil, nil); status != 200 || body != string(picture) || h.Get("Content-Type") != "image/png" {
		t.Errorf("picture: %d %s, %d bytes", status, h.Get("Content-Type"), len(body))
	}
	if status, _, _ := ask(t, "PUT", at+"/picture", map[string]string{"Content-Type": "text/html"}, []byte("<script>")); status != 415 {
		t.Errorf("a page as a picture: %d", status)
	}

	// The other languages read the same keys.
	status, header, body := ask(t, "GET", base+"/feed", nil, nil)
	var feed struct {
		Entry []struct {
			Title string `xml:"title"`
		} `xml:"entry"`
	}
	if err := xml.Unmarshal([]byte(body), &feed); status != 200 || err != nil || len(feed.Entry) != 20 || !strings.HasPrefix(header.Get("Content-Type"), "application/atom+xml") {
		t.Errorf("feed: %d %v, %d entries: %.200s", status, err, len(feed.Entry), body)
	}
	if h.Missing()["stats"] == nil {
		status, _, body := ask(t, "GET", base+"/api/stats", nil, nil)
		var stats struct{ Posts, Pictures int }
		if err := json.Unmarshal([]byte(body), &stats); status != 200 || err != nil || stats.Posts != 25 || stats.Pictures != 1 {
			t.Errorf("stats: %d %v %s", status, err, body)
		}
	}
	if status, _, _ := ask(t, "DELETE", at, nil, nil); status != 204 {
		t.Errorf("delete: %d", status)
	}
	if status, _, _ := ask(t, "GET", base+"/pictures/"+p.ID, nil, nil); status != 404 {
		t.Errorf("the picture of a deleted post: %d", status)
	}
}
