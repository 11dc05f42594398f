// Package fetch is the capability to send HTTP requests to the hosts that a module's manifest grants.
//
// The rules are checked for the URL, for every redirect hop, and for every address that is dialled, after name resolution, so
// neither a redirect nor a DNS answer leads anywhere the manifest does not. No proxy is used and responses are not
// decompressed by the host, so a small response stays small.
package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/capability"
	"github.com/stackhost/stackhost/host/exchange"
)

// Config is what a manifest grants to one module.
type Config struct {
	// Hosts are patterns: "api.example.com" (the scheme's default port), "api.example.com:8443", "*.example.org" (any
	// subdomain), "https://api.example.com" (that scheme only), "*" (any host).
	Hosts []string
	// Allow, when set, must agree to each URL too, redirects included.
	Allow func(*url.URL) bool
	// Private allows addresses that are private, loopback, link-local or otherwise not public. Default: refused.
	Private bool
	// Methods allowed, upper case. Default: all.
	Methods []string
	// Timeout of a whole exchange. Default 30 s.
	Timeout time.Duration
	// MaxResponse is the longest response body in bytes. Default 10 MiB.
	MaxResponse int64
	// MaxRequest is the longest request body in bytes, over all requests of one call. Default 10 MiB.
	MaxRequest int64
	// Concurrency bounds requests under way at once for the module. Default 64.
	Concurrency int
	// Redirects is the most hops followed. Default 10.
	Redirects int
}

// Fetch implements capability.Capability. Safe for concurrent use. Close it with its module.
type Fetch struct {
	cfg       Config
	rules     []rule
	transport *http.Transport
	slots     chan struct{}
}

var _ capability.Capability = (*Fetch)(nil)

// New validates cfg and fills its defaults.
func New(cfg Config) (*Fetch, error) {
	if cfg.Timeout == 0 {
		cfg.Timeout = 30 * time.Second
	}
	if cfg.MaxResponse == 0 {
		cfg.MaxResponse = 10 << 20
	}
	if cfg.MaxRequest == 0 {
		cfg.MaxRequest = 10 << 20
	}
	if cfg.Concurrency == 0 {
		cfg.Concurrency = 64
	}
	if cfg.Redirects == 0 {
		cfg.Redirects = 10
	}
	if len(cfg.Hosts) == 0 {
		return nil, errors.New("fetch: grant at least one host")
	}
	f := &Fetch{cfg: cfg, slots: make(chan struct{}, cfg.Concurrency)}
	for _, h := range cfg.Hosts {
		r, err := parseRule(h)
		if err != nil {
			return nil, fmt.Errorf("fetch: host %q: %w", h, err)
		}
		f.rules = append(f.rules, r)
	}
	f.transport = &http.Transport{
		DialContext:           guardedDialer(cfg.Private).DialContext,
		DisableCompression:    true,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          cfg.Concurrency,
		MaxIdleConnsPerHost:   cfg.Concurrency,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: cfg.Timeout,
		// Counted against nothing a guest can spend, so bounded here.
		MaxResponseHeaderBytes: 256 << 10,
	}
	return f, nil
}

// Name returns "fetch".
func (f *Fetch) Name() string { return "fetch" }

// Functions returns the functions of fetch in abi/v1.json.
func (f *Fetch) Functions() (map[string]capability.Call, map[string]capability.Direct) {
	return map[string]capability.Call{"send": f.send}, nil
}

// Close ends idle connections.
func (f *Fetch) Close() error {
	f.transport.CloseIdleConnections()
	return nil
}

func (f *Fetch) send(s *capability.Session, raw, out []byte) ([]byte, error) {
	var r abi.FetchRequest
	if err := r.Decode(raw); err != nil {
		return nil, err
	}
	var body io.Reader
	if r.BodyStream != 0 {
		stream, err := s.Streams.Reader(r.BodyStream)
		if err != nil {
			return nil, err
		}
		guarded := &guardedReader{r: stream, left: f.cfg.MaxRequest}
		s.Instance.OnRelease(guarded.stop)
		body = guarded
	} else if len(r.Body) > 0 {
		if int64(len(r.Body)) > f.cfg.MaxRequest {
			return nil, abi.Errorf(abi.CodeLimit, "fetch: the request body is over %d bytes", f.cfg.MaxRequest)
		}
		body = bytes.NewReader(bytes.Clone(r.Body)) // the transport may read on after the host function returned
	}
	headers := http.Header{}
	for _, h := range r.Headers {
		if !exchange.ValidHeader(h.Name, h.Value) {
			return nil, abi.Errorf(abi.CodeInvalid, "fetch: header %q cannot be sent", h.Name)
		}
		headers.Add(string(h.Name), string(h.Value))
	}
	if s.Exchange != nil && s.Exchange.TraceParent != "" && headers.Get("traceparent") == "" {
		headers.Set("traceparent", s.Exchange.TraceParent)
	}
	timeout := f.cfg.Timeout
	if asked := time.Duration(r.TimeoutMs) * time.Millisecond; asked > 0 && asked < timeout {
		timeout = asked
	}
	res, err := f.Do(s.Context(), Request{
		Method: r.Method, URL: r.URL, Header: headers, Body: body,
		Timeout: timeout, Redirect: r.Redirect, MaxBytes: int64(min(r.MaxBytes, 1<<62)),
	})
	if err != nil {
		return nil, err
	}
	return reply(s, res, out)
}

// reply answers with the body inline when it is short, else with a stream.
func reply(s *capability.Session, res *Response, out []byte) ([]byte, error) {
	answer := abi.FetchResponse{Status: uint64(res.Status), URL: res.URL}
	for name, values := range res.Header {
		for _, v := range values {
			answer.Headers = append(answer.Headers, abi.Header{Name: []byte(strings.ToLower(name)), Value: []byte(v)})
		}
	}
	head := make([]byte, abi.LimitInlineBodyBytes+1)
	n, err := io.ReadFull(res.Body, head)
	switch {
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		res.Body.Close()
		answer.Body = head[:n]
	case err != nil:
		res.Body.Close()
		return nil, asCode(err)
	default:
		rest := struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(head), res.Body), res.Body}
		if answer.BodyStream, err = s.Streams.Open(rest); err != nil {
			res.Body.Close()
			return nil, err
		}
	}
	return answer.Append(out), nil
}

// Request is one outbound request, for Do.
type Request struct {
	Method, URL string
	Header      http.Header
	Body        io.Reader
	Timeout     time.Duration // 0: the grant's
	Redirect    abi.Redirect
	MaxBytes    int64 // 0: the grant's
}

// Response is the answer; its Body must be closed.
type Response struct {
	Status int
	Header http.Header
	URL    string
	Body   io.ReadCloser
}

// Do sends r within the grant. Errors are *abi.Error.
func (f *Fetch) Do(ctx context.Context, r Request) (*Response, error) {
	if r.Method == "" {
		r.Method = "GET"
	}
	target, err := url.Parse(r.URL)
	if err != nil || target.Host == "" {
		return nil, abi.Errorf(abi.CodeInvalid, "fetch: %q is not an absolute http or https URL", r.URL)
	}
	if err := f.allow(target, r.Method); err != nil {
		return nil, err
	}
	select {
	case f.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, asCode(ctx.Err())
	}
	if r.Timeout == 0 {
		r.Timeout = f.cfg.Timeout
	}
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	end := sync.OnceFunc(func() { cancel(); <-f.slots })
	req, err := http.NewRequestWithContext(ctx, r.Method, r.URL, r.Body)
	if err != nil {
		end()
		return nil, abi.Errorf(abi.CodeInvalid, "fetch: %s", err)
	}
	if r.Header != nil {
		req.Header = r.Header
	}
	if host := req.Header.Get("Host"); host != "" { // a Host that is not the URL's would reach past the rules
		end()
		return nil, abi.Errorf(abi.CodeInvalid, "fetch: the Host header is made from the URL")
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "stackhost")
	}
	client := http.Client{Transport: f.transport, CheckRedirect: f.onRedirect(r)}
	res, err := client.Do(req)
	if err != nil {
		end()
		return nil, asCode(err)
	}
	limit := f.cfg.MaxResponse
	if r.MaxBytes > 0 && r.MaxBytes < limit {
		limit = r.MaxBytes
	}
	return &Response{
		Status: res.StatusCode, Header: res.Header, URL: res.Request.URL.String(),
		Body: &limitedBody{body: res.Body, left: limit, end: end},
	}, nil
}

func (f *Fetch) onRedirect(r Request) func(*http.Request, []*http.Request) error {
	return func(next *http.Request, via []*http.Request) error {
		switch {
		case r.Redirect == abi.RedirectManual:
			return http.ErrUseLastResponse
		case r.Redirect == abi.RedirectError:
			return abi.Errorf(abi.CodeInvalid, "fetch: %s answered with a redirect", via[len(via)-1].URL.Host)
		case len(via) > f.cfg.Redirects:
			return abi.Errorf(abi.CodeLimit, "fetch: more than %d redirects", f.cfg.Redirects)
		}
		return f.allow(next.URL, next.Method)
	}
}

// asCode turns an error of the transport into one that tells a guest no more than it needs.
func asCode(err error) error {
	var coded *abi.Error
	var tooMuch *http.MaxBytesError
	switch {
	case errors.As(err, &coded):
		return coded
	case errors.As(err, &tooMuch):
		return abi.Errorf(abi.CodeLimit, "fetch: the body is too long")
	case errors.Is(err, context.DeadlineExceeded):
		return abi.Errorf(abi.CodeDeadline, "fetch: the time allowed ran out")
	case errors.Is(err, context.Canceled):
		return abi.Errorf(abi.CodeCancelled, "fetch: the caller went away")
	}
	var inner *url.Error
	if errors.As(err, &inner) {
		err = inner.Err
	}
	return abi.Errorf(abi.CodeUnavailable, "fetch: %s", err)
}
