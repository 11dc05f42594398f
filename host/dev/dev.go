// Package dev is what a development server adds to a host: it watches the files of an app and tells browsers to reload.
package dev

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/stackhost/stackhost/host/web"
	"github.com/valyala/fasthttp"
)

// Paths of the development server. Apps cannot use them while it runs.
const (
	ScriptPath = "/.stackhost/reload.js"
	EventsPath = "/.stackhost/reload"
)

// script reconnects by itself when the server restarts, and reloads when it says so.
const script = `new EventSource("` + EventsPath + `").onmessage = () => location.reload();
`

// Reloader tells browsers to reload, and shows a broken build in place of the app. Safe for concurrent use.
type Reloader struct {
	mu     sync.Mutex
	change chan struct{} // closed at the next change; guarded by mu
	broken *web.ErrorReport
	ended  bool
}

// NewReloader returns a Reloader.
func NewReloader() *Reloader { return &Reloader{change: make(chan struct{})} }

// Changed tells every browser to reload. broken, when not nil, is what they see instead of the app until the next change.
func (r *Reloader) Changed(broken *web.ErrorReport) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broken = broken
	if !r.ended {
		close(r.change)
		r.change = make(chan struct{})
	}
}

// End lets waiting browsers go, so that the server can stop.
func (r *Reloader) End() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.ended {
		r.ended = true
		close(r.change)
	}
}

// Intercept answers the development server's own paths, and everything else while the build is broken.
func (r *Reloader) Intercept(ctx *fasthttp.RequestCtx) bool {
	switch string(ctx.Path()) {
	case ScriptPath:
		ctx.SetContentType("text/javascript; charset=utf-8")
		ctx.Response.Header.Set("Cache-Control", "no-store")
		ctx.SetBodyString(script)
		return true
	case EventsPath:
		r.wait(ctx)
		return true
	}
	r.mu.Lock()
	broken := r.broken
	r.mu.Unlock()
	if broken == nil {
		return false
	}
	(&web.Problems{Development: true}).WriteReport(ctx, broken)
	return true
}

// keepAlive is how often a waiting browser is written to, so that one that went away is noticed.
const keepAlive = 15 * time.Second

// wait is a server-sent event stream (HTML standard, section 9.2) of one event.
func (r *Reloader) wait(ctx *fasthttp.RequestCtx) {
	ctx.SetContentType("text/event-stream")
	ctx.Response.Header.Set("Cache-Control", "no-store")
	stream, err := web.StartStream(ctx, -1)
	if err != nil {
		return
	}
	defer stream.Close()
	r.mu.Lock()
	change, ended := r.change, r.ended
	r.mu.Unlock()
	if ended {
		return
	}
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	for {
		if _, err := stream.Write([]byte(": waiting\nretry: 300\n\n")); err != nil || stream.Flush() != nil {
			return
		}
		select {
		case <-change:
			stream.Write([]byte("data: reload\n\n"))
			stream.Flush()
			return
		case <-tick.C:
		}
	}
}

// Watch calls changed, with the paths that changed, each time files below paths have changed and then been quiet for a moment. It
// returns when ctx ends. paths is asked again after each change.
func Watch(ctx context.Context, paths func() []string, changed func([]string)) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer w.Close()
	add(w, paths())
	quiet := time.NewTimer(time.Hour)
	quiet.Stop()
	var touched []string
	for {
		select {
		case <-ctx.Done():
			return nil
		case e, ok := <-w.Events:
			if !ok {
				return nil
			}
			if ignored(e.Name) || e.Op == fsnotify.Chmod {
				continue
			}
			touched = append(touched, e.Name)
			quiet.Reset(quietTime)
		case err := <-w.Errors:
			if err != nil {
				return err
			}
		case <-quiet.C:
			changed(touched)
			touched = nil
			add(w, paths()) // new folders and modules
		}
	}
}

// quietTime lets an editor finish writing, and several files be saved as one change.
const quietTime = 80 * time.Millisecond

// add watches folders, not files: editors replace a file by renaming another over it.
func add(w *fsnotify.Watcher, paths []string) {
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			w.Add(filepath.Dir(p))
			continue
		}
		if !info.IsDir() {
			w.Add(filepath.Dir(p))
			continue
		}
		filepath.WalkDir(p, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return nil
			}
			if path != p && ignored(path) {
				return fs.SkipDir
			}
			w.Add(path)
			return nil
		})
	}
}

// ignored tells whether a path is the result of a build or an editor's own.
func ignored(path string) bool {
	for _, part := range strings.Split(filepath.ToSlash(path), "/") {
		switch part {
		case "node_modules", "target", ".stackhost", ".git", "zig-out", ".zig-cache":
			return true
		}
	}
	base := filepath.Base(path)
	return strings.HasPrefix(base, ".") || strings.HasSuffix(base, "~") || strings.HasSuffix(base, ".swp") || strings.HasSuffix(base, ".tmp")
}
