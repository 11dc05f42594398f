package dev

import (
	"bufio"
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stackhost/stackhost/host/web"
	"github.com/valyala/fasthttp"
)

func TestWatchTellsOfChangesAndNotOfBuilds(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"src", "src/target", "src/deep"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	changes := make(chan []string, 10)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	watching := make(chan struct{}, 10)
	go func() {
		ended <- Watch(ctx, func() []string { watching <- struct{}{}; return []string{filepath.Join(dir, "src")} }, func(p []string) { changes <- p })
	}()
	<-watching
	write := func(name string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(time.Now().String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// The watch begins a moment after its paths were asked for: write until it is noticed.
	deadline := time.After(20 * time.Second)
	for noticed := false; !noticed; {
		write("src/deep/a.go")
		select {
		case <-changes:
			noticed = true
		case <-deadline:
			t.Fatal("a change was not noticed")
		case <-time.After(200 * time.Millisecond):
		}
	}
	write("src/target/out.wasm")
	write("src/.a.go.swp")
	write("src/b.go")
	for {
		select {
		case paths := <-changes:
			joined := strings.Join(paths, " ")
			if strings.Contains(joined, "target") || strings.Contains(joined, ".swp") {
				t.Errorf("told of what a build or an editor wrote: %s", joined)
			}
			if !strings.Contains(joined, "b.go") {
				continue // the rest of the first change
			}
		case <-deadline:
			t.Fatal("the second change was not noticed")
		}
		break
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestBrowsersAreToldAndSeeABrokenBuild(t *testing.T) {
	r := NewReloader()
	s, err := web.New(web.Config{Log: slog.New(slog.DiscardHandler), Handler: func(ctx *fasthttp.RequestCtx) {
		if !r.Intercept(ctx) {
			ctx.SetBodyString("the app")
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(ln)
	defer s.Close()
	base := "http://" + ln.Addr().String()
	get := func(path string) string {
		t.Helper()
		res, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var b strings.Builder
		bufio.NewReader(res.Body).WriteTo(&b)
		return b.String()
	}
	// wait opens the event stream and returns a channel with what it said until it ended.
	wait := func() chan string {
		res, err := http.Get(base + EventsPath)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(res.Body)
		if first, err := lines.ReadString('\n'); err != nil || !strings.HasPrefix(first, ":") {
			t.Fatalf("%q, %v", first, err)
		}
		all := make(chan string, 1)
		go func() {
			defer res.Body.Close()
			var b strings.Builder
			lines.WriteTo(&b)
			all <- b.String()
		}()
		return all
	}
	if !strings.Contains(get(ScriptPath), EventsPath) || get("/") != "the app" {
		t.Error("the script or the app is not served")
	}
	told := wait()
	r.Changed(&web.ErrorReport{Status: 500, Title: "It does not build", Output: "main.go:1: oh"})
	if text := <-told; !strings.Contains(text, "data: reload") {
		t.Errorf("the browser was told %q", text)
	}
	if page := get("/"); !strings.Contains(page, "It does not build") || !strings.Contains(page, "main.go:1: oh") {
		t.Errorf("the page: %s", page)
	}
	r.Changed(nil)
	if get("/") != "the app" {
		t.Error("a build that is right again is not shown")
	}
	told = wait()
	r.End()
	if text := <-told; strings.Contains(text, "reload\n\n") && !strings.Contains(text, "data") {
		t.Errorf("at the end the browser was told %q", text)
	}
}
