//go:build !wasip1

// Package stackhosttest runs handlers of a stackhost guest in ordinary Go tests, without WebAssembly and without a host:
//
//	func TestHello(t *testing.T) {
//		h := stackhosttest.New(t)
//		if r := h.Get("/hello/Ada"); r.Status != 200 || r.Body != "Hello, Ada" {
//			t.Errorf("got %d %q", r.Status, r.Body)
//		}
//	}
//
// The Host plays the host's part: it encodes requests as records, answers host calls from its fields and remembers what the
// module did. What it cannot show is isolation: package variables keep their values from one request to the next here.
package stackhosttest

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	stackhost "github.com/stackhost/stackhost/sdk/go"
	"github.com/stackhost/stackhost/sdk/go/internal/bridge"
	"github.com/stackhost/stackhost/sdk/go/internal/host"
	"github.com/stackhost/stackhost/sdk/go/internal/wire"
)

// Host is a host in memory. Set its fields before sending requests. Keys, caches, locks and blobs are empty at first, every namespace is
// granted, and a test may use them itself, with stackhost.KV and the others. One at a time per process: tests that use it must not
// run in parallel with each other.
type Host struct {
	Config  map[string]any                    // answers stackhost.Config
	Secrets map[string]string                 // answers stackhost.Secret
	Fetch   func(r Outbound) (Inbound, error) // answers stackhost.Fetch; nil: fetch is not granted
	Random  []byte                            // the 16 bytes of each request; nil: fresh ones
	Now     time.Time                         // the time of each request; zero: the clock's

	ClusterSecrets map[string]string // answers stackhost.ClusterSecret

	Logs []LogRecord // what the module logged

	t       testing.TB
	streams []*stream
	text    string // of the last code
	kept    []byte
	sent    *Response // set by respond
	data    stores    // what the module keeps, from one request to the next
}

// LogRecord is a record that the module wrote.
type LogRecord struct {
	Level   stackhost.Level
	Message string
	Fields  map[string]any
}

// Outbound is a request that the module fetches.
type Outbound struct {
	Method, URL string
	Headers     []stackhost.Value
	Body        []byte
}

// Inbound is the response to a request that the module fetched.
type Inbound struct {
	Status  int
	Headers []stackhost.Value
	Body    []byte
}

// Request is a request to send to the module. Only Target is needed.
type Request struct {
	Method  string // empty: GET
	Target  string // path with an optional query
	Headers []stackhost.Value
	Params  []stackhost.Value // wildcards of the host's route
	Body    string
	Chunks  []string // a streamed body, one read for each, in place of Body
}

// Response is what the module answered.
type Response struct {
	Status   int
	Headers  []stackhost.Value
	Body     string
	Code     stackhost.Code // negative when the module answered with a code; the other fields are empty then
	Streamed bool
	Flushes  []string // the body's pieces as they left, when streamed
}

// Header returns the first field called name, in any case, or "".
func (r *Response) Header(name string) string {
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// New makes a Host and gives it to the module's host calls until the test ends.
func New(t testing.TB) *Host {
	h := &Host{t: t}
	before := host.Install(h)
	t.Cleanup(func() { host.Install(before) })
	return h
}

// Boot runs the functions given to stackhost.OnBoot, as loading the module does.
func (h *Host) Boot() error {
	rec := wire.BootRequest{App: "test", Module: "test"}
	return h.code(bridge.Boot(rec.Append(nil)))
}

func (h *Host) code(code int64) error {
	if code == 0 {
		return nil
	}
	return &stackhost.Error{Code: stackhost.Code(code)}
}

// Get sends a GET request.
func (h *Host) Get(target string) *Response { return h.Do(Request{Target: target}) }

// PostForm sends an application/x-www-form-urlencoded body, already encoded.
func (h *Host) PostForm(target, form string) *Response {
	return h.Do(Request{Method: "POST", Target: target, Body: form,
		Headers: []stackhost.Value{{Name: "content-type", Value: "application/x-www-form-urlencoded"}}})
}

// Do sends a request to the module's handlers.
func (h *Host) Do(r Request) *Response {
	h.t.Helper()
	bridge.Reset()
	h.begin()
	out, code := bridge.HTTP(h.record(r))
	if code < 0 {
		return &Response{Code: stackhost.Code(code)}
	}
	if h.sent != nil {
		for _, s := range h.streams {
			if s.out && len(s.data) > 0 {
				h.sent.Flushes = append(h.sent.Flushes, string(s.data))
			}
		}
		h.sent.Body = strings.Join(h.sent.Flushes, "")
		return h.sent
	}
	return h.response(out)
}

func (h *Host) begin() {
	h.streams, h.sent, h.text, h.kept = nil, nil, "", nil
	h.data.fills = nil // a right to make a cached value ends with its call
}

func (h *Host) response(out []byte) *Response {
	h.t.Helper()
	var rec wire.HTTPResponse
	if err := rec.Decode(out); err != nil {
		h.t.Fatalf("the module's response is malformed: %v", err)
	}
	r := &Response{Status: int(rec.Status), Body: string(rec.Body)}
	for n, v := range rec.Headers.All {
		r.Headers = append(r.Headers, stackhost.Value{Name: strings.Clone(n), Value: strings.Clone(v)})
	}
	return r
}

func (h *Host) seed() []byte {
	if h.Random != nil {
		return h.Random
	}
	b := make([]byte, wire.LimitRandomBytes)
	rand.Read(b)
	return b
}

func (h *Host) micros() uint64 {
	if h.Now.IsZero() {
		return uint64(time.Now().UnixMicro())
	}
	return uint64(h.Now.UnixMicro())
}

func (h *Host) record(r Request) []byte {
	path, query, _ := strings.Cut(r.Target, "?")
	rec := wire.HTTPRequest{
		Method: r.Method, Path: path, Query: query, Scheme: "http", Host: "test.local", Remote: "127.0.0.1",
		ID: "test", Route: "/", TimeoutMs: 10_000, TimeUs: h.micros(), Random: h.seed(), BodyLength: int64(len(r.Body)),
	}
	if r.Method == "" {
		rec.Method = "GET"
	}
	for _, v := range r.Headers {
		rec.Headers.AddHeader(strings.ToLower(v.Name), v.Value)
	}
	for _, v := range r.Params {
		rec.Params.AddPair(v.Name, v.Value)
	}
	switch {
	case r.Chunks != nil:
		rec.BodyStream, rec.BodyLength = h.open(&stream{chunks: slices.Clone(r.Chunks)}), -1
	case len(r.Body) > wire.LimitInlineBodyBytes:
		rec.BodyStream = h.open(&stream{chunks: []string{r.Body}})
	default:
		rec.Body = []byte(r.Body)
	}
	return rec.Append(nil)
}

// Job runs a job. The module must import package job.
func (h *Host) Job(name string, payload []byte) ([]byte, error) {
	if bridge.Job == nil {
		h.t.Fatal("the module does not import package job")
	}
	h.begin()
	rec := wire.JobRequest{ID: "test", Name: name, Payload: payload, Attempt: 1, TimeoutMs: 10_000, TimeUs: h.micros(), Random: h.seed()}
	out, code := bridge.Job(rec.Append(nil))
	if code < 0 || out == nil {
		return nil, h.code(code)
	}
	var result wire.JobResult
	err := result.Decode(out)
	return bytes.Clone(result.Result), err
}

// Decision is what a middleware decided.
type Decision struct {
	Answer          *Response // nil: the request goes on
	SetHeaders      []stackhost.Value
	RemoveHeaders   []string
	Path            string // empty: unchanged
	ResponseHeaders []stackhost.Value
}

// Middleware sends a request to the module's middleware. The module must import package middleware.
func (h *Host) Middleware(r Request) (*Decision, error) {
	if bridge.Middleware == nil {
		h.t.Fatal("the module does not import package middleware")
	}
	bridge.Reset()
	h.begin()
	out, code := bridge.Middleware(h.record(r))
	d := new(Decision)
	if code < 0 || out == nil {
		return d, h.code(code)
	}
	var rec wire.MiddlewareResult
	if err := rec.Decode(out); err != nil {
		return nil, fmt.Errorf("the middleware's result: %w", err)
	}
	if rec.Action == wire.MiddlewareActionAnswer {
		d.Answer = h.response(rec.Response.Append(nil))
	}
	d.SetHeaders, d.ResponseHeaders = values(rec.SetHeaders), values(rec.ResponseHeaders)
	d.RemoveHeaders, d.Path = rec.RemoveHeaders, rec.Path
	return d, nil
}

func values(f wire.Fields) (all []stackhost.Value) {
	for n, v := range f.All {
		all = append(all, stackhost.Value{Name: strings.Clone(n), Value: strings.Clone(v)})
	}
	return all
}
