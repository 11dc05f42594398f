// Package nethttp serves a stackhost guest's requests with a net/http handler, so that existing routers and middleware work
// unchanged:
//
//	func init() {
//		mux := http.NewServeMux()
//		mux.HandleFunc("GET /hello", hello)
//		stackhost.HandleAll(nethttp.Handler(mux))
//	}
//
// It costs size and time: a module with net/http is some 6 MB instead of 2.5. Outbound requests do not go through
// http.Client, which needs sockets; use stackhost.Fetch.
package nethttp

import (
	"context"
	"io"
	"net/http"
	"net/url"

	stackhost "github.com/stackhost/stackhost/sdk/go"
)

// Handler makes a stackhost handler of h. A request's context carries the *stackhost.Request (see Request) and ends with the
// time that is left for it. http.Flusher works; http.Hijacker does not exist.
func Handler(h http.Handler) stackhost.Handler {
	return func(w *stackhost.Response, r *stackhost.Request) error {
		req, cancel, err := request(r)
		if err != nil {
			return stackhost.Fail(400, "malformed request target")
		}
		defer cancel()
		rw := &writer{w: w, header: http.Header{}}
		h.ServeHTTP(rw, req)
		rw.WriteHeader(http.StatusOK)
		return rw.err
	}
}

type key struct{}

// Request returns the stackhost request that a net/http request was made of, or nil.
func Request(r *http.Request) *stackhost.Request {
	from, _ := r.Context().Value(key{}).(*stackhost.Request)
	return from
}

func request(r *stackhost.Request) (*http.Request, context.CancelFunc, error) {
	target := r.RawPath()
	if q := r.RawQuery(); q != "" {
		target += "?" + q
	}
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(context.WithValue(context.Background(), key{}, r), r.Timeout())
	req := &http.Request{
		Method: r.Method(), URL: u, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Host: r.Host(),
		Body: http.NoBody, ContentLength: r.BodyLength(), RemoteAddr: r.Remote() + ":0", RequestURI: target,
	}
	for n, v := range r.Headers() {
		if n != "host" {
			req.Header.Add(n, v)
		}
	}
	if r.HasBody() {
		req.Body = io.NopCloser(r.Body())
	}
	return req.WithContext(ctx), cancel, nil
}

// writer gives the header to the response when the first byte, or the status, is written.
type writer struct {
	w      *stackhost.Response
	header http.Header
	begun  bool // status and header were given
	body   bool // so was a part of the body
	err    error
}

var _ http.Flusher = (*writer)(nil)

func (w *writer) Header() http.Header { return w.header }

func (w *writer) WriteHeader(status int) {
	if w.begun || status < 200 {
		return
	}
	w.begun = true
	w.w.Status(status)
	for name, values := range w.header {
		for _, v := range values {
			w.w.Add(name, v)
		}
	}
}

func (w *writer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if !w.body && len(p) > 0 {
		w.body = true
		if w.header.Get("Content-Type") == "" {
			w.w.Add("Content-Type", http.DetectContentType(p))
		}
	}
	n, err := w.w.Write(p)
	if err != nil && w.err == nil {
		w.err = err
	}
	return n, err
}

func (w *writer) Flush() {
	w.WriteHeader(http.StatusOK)
	if err := w.w.Flush(); err != nil && w.err == nil {
		w.err = err
	}
}
