package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/stackhost/stackhost/host/admin"
	"github.com/stackhost/stackhost/host/app"
)

// remoteFlags say which node's admin API a command talks to.
type remoteFlags struct {
	to, token, data, app string
	caFile               string
	certFile, keyFile    string
	timeout              time.Duration
}

func (f *remoteFlags) add(cmd *cobra.Command, app bool) {
	flags := cmd.PersistentFlags()
	flags.StringVar(&f.to, "to", "", "address of a node's admin API, or several with commas between them (STACKHOST_URL does the same)")
	flags.StringVar(&f.token, "token", "", "token for it; better in the environment: STACKHOST_TOKEN")
	flags.StringVar(&f.data, "data", "", "data folder of a node on this machine, which has its address and token")
	flags.StringVar(&f.caFile, "ca", "", "certificates (PEM) to trust instead of the system's")
	flags.StringVar(&f.certFile, "cert", "", "client certificate (PEM), where the node asks for one")
	flags.StringVar(&f.keyFile, "key", "", "the client certificate's key (PEM)")
	flags.DurationVar(&f.timeout, "timeout", 15*time.Second, "longest time to try")
	if app {
		flags.StringVar(&f.app, "app", "", "name of the app (default: that of the manifest in the working folder)")
	}
}

// appName returns the app that the command is about.
func (f *remoteFlags) appName() (string, error) {
	if f.app != "" {
		return f.app, nil
	}
	a, err := app.Load(".")
	if err != nil {
		return "", usageError{errors.New("which app? Give its name with --app, or work in the app's folder")}
	}
	return a.Name, nil
}

// remote talks to the admin API of one node, and to the others that were named when that does not answer. Safe for concurrent use.
type remote struct {
	http    *http.Client
	timeout time.Duration
	// patience is how long one of several nodes may take before the next one is asked.
	patience time.Duration

	mu      sync.Mutex
	nodes   []endpoint // guarded by mu; the one that answered last is first
	session uint64     // guarded by mu
	number  uint64     // guarded by mu
}

type endpoint struct{ url, token string }

// connect finds the node to talk to. It does not talk to it yet.
func (f *remoteFlags) connect() (*remote, error) {
	r := &remote{timeout: f.timeout, patience: 3 * time.Second}
	to := f.to
	if to == "" && f.data == "" {
		to = os.Getenv("STACKHOST_URL")
	}
	for _, u := range strings.FieldsFunc(to, func(c rune) bool { return c == ',' || c == ' ' }) {
		if !strings.Contains(u, "://") {
			u = "http://" + u
		}
		if p, err := url.Parse(u); err != nil || p.Host == "" || p.Scheme != "http" && p.Scheme != "https" {
			return nil, usageError{fmt.Errorf("--to %q: an address such as http://127.0.0.1:9440 is wanted", u)}
		}
		r.nodes = append(r.nodes, endpoint{strings.TrimRight(u, "/"), f.token})
	}
	if len(r.nodes) == 0 || f.token == "" { // what a node on this machine has written
		e, err := f.local()
		switch {
		case err == nil && len(r.nodes) == 0:
			r.nodes = []endpoint{{e.URL, e.Token}}
			if f.token != "" && f.token != os.Getenv("STACKHOST_TOKEN") { // the one in the environment goes with the address there
				r.nodes[0].token = f.token
			}
		case err == nil && len(r.nodes) == 1 && r.nodes[0].url == e.URL:
			r.nodes[0].token = e.Token
		case len(r.nodes) > 0:
			return nil, usageError{errors.New("--to needs a token: set STACKHOST_TOKEN, or give --token; " +
				"`stackhost token new` on the node's machine makes one")}
		default:
			return nil, err
		}
	}
	transport := &http.Transport{
		DialContext: (&net.Dialer{Timeout: 2 * time.Second}).DialContext, MaxIdleConnsPerHost: 8, TLSHandshakeTimeout: 3 * time.Second,
		DisableCompression: true, // the body is the caller's, byte for byte
	}
	if err := f.tls(transport); err != nil {
		return nil, usageError{err}
	}
	r.http = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return r, nil
}

func (f *remoteFlags) tls(t *http.Transport) error {
	if f.caFile == "" && f.certFile == "" && f.keyFile == "" {
		return nil
	}
	t.TLSClientConfig = &tls.Config{}
	if f.caFile != "" {
		text, err := os.ReadFile(f.caFile)
		if err != nil {
			return err
		}
		t.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(text) {
			return fmt.Errorf("--ca %s holds no certificate", f.caFile)
		}
	}
	if f.certFile != "" || f.keyFile != "" {
		pair, err := tls.LoadX509KeyPair(f.certFile, f.keyFile)
		if err != nil {
			return fmt.Errorf("--cert and --key: %w", err)
		}
		t.TLSClientConfig.Certificates = []tls.Certificate{pair}
	}
	return nil
}

// local reads the file that a node on this machine has written: that of --data, or the newest in the default data folder.
func (f *remoteFlags) local() (admin.Endpoint, error) {
	if f.data != "" {
		e, err := admin.ReadEndpoint(f.data)
		if errors.Is(err, os.ErrNotExist) {
			err = fmt.Errorf("%s has no %s: no stackhost has run with that data folder, or not with an admin API", f.data, admin.File)
		}
		return e, err
	}
	base, err := (&serveFlags{}).dataDir()
	if err != nil {
		return admin.Endpoint{}, errNobody
	}
	var newest string
	var at time.Time
	for _, pattern := range []string{"", "*"} {
		found, _ := filepath.Glob(filepath.Join(base, pattern, admin.File))
		for _, path := range found {
			if info, err := os.Stat(path); err == nil && info.ModTime().After(at) {
				newest, at = path, info.ModTime()
			}
		}
	}
	if newest == "" {
		return admin.Endpoint{}, errNobody
	}
	return admin.ReadEndpoint(filepath.Dir(newest))
}

var errNobody = errors.New("no stackhost is running here: start one with `stackhost serve`, or give --to")

// call is one request to the admin API.
type call struct {
	method, path string
	query        url.Values
	header       http.Header
	body         []byte
	stream       io.Reader // instead of body; then the request is sent once
	length       int64     // of stream, -1 when not known
	numbered     bool      // a write that the node applies once
	repeatable   bool      // a write that may be done twice
	long         bool      // the answer, or the answer's body, may take as long as it likes
}

// problemError is a refusal by the node.
type problemError struct{ admin.Problem }

func (e *problemError) Error() string {
	if e.Detail != "" {
		return e.Detail
	}
	return strings.ToLower(e.Title)
}

// is tells whether err is a refusal with that code.
func refused(err error, code string) bool {
	var p *problemError
	return errors.As(err, &p) && p.Code == code
}

// segment escapes a part of a path.
func segment(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteByte('/')
		b.WriteString(strings.ReplaceAll(url.PathEscape(p), ":", "%3A"))
	}
	return b.String()
}

// do sends c, again and to other nodes as long as that cannot do it twice, and returns the answer when its status says success. The caller
// closes the body.
func (r *remote) do(ctx context.Context, c call) (*http.Response, error) {
	give := time.Now().Add(r.timeout)
	if c.numbered {
		if err := r.numberWrite(ctx, &c); err != nil {
			return nil, err
		}
	}
	safe := c.method == "GET" || c.method == "HEAD" || c.numbered || c.repeatable
	safe = safe && c.stream == nil
	var last error
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, 500*time.Millisecond) {
		r.mu.Lock()
		nodes := append([]endpoint(nil), r.nodes...)
		r.mu.Unlock()
		for _, node := range nodes {
			end := give
			if safe && len(nodes) > 1 { // another one may answer when this one hangs
				end = time.Now().Add(min(time.Until(give), r.patience))
			}
			resp, err := r.send(ctx, node, c, end)
			if err == nil {
				r.prefer(node)
				return resp, nil
			}
			var p *problemError
			answered := errors.As(err, &p)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if !answered && !safe && !neverSent(err) {
				return nil, fmt.Errorf("%s did not answer, and whether it did the write is not known: %w", node.url, err)
			}
			if answered && p.Status != http.StatusServiceUnavailable && p.Status != http.StatusGatewayTimeout {
				return nil, err
			}
			if answered && p.Outcome == "unknown" && !safe {
				return nil, err
			}
			last = err
			if !answered {
				last = unreachable(node, err)
			}
			if c.stream != nil && answered { // its bytes are gone
				return nil, last
			}
		}
		if time.Now().Add(pause).After(give) {
			return nil, last
		}
		if len(nodes) == 1 && neverSent(last) { // nobody listens: waiting is for clusters
			return nil, last
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func unreachable(node endpoint, err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fmt.Errorf("no stackhost answers at %s (%w): start one with `stackhost serve`, or give another address with --to", node.url, err)
}

// neverSent tells whether the request cannot have reached the node.
func neverSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

func (r *remote) prefer(node endpoint) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, n := range r.nodes {
		if n.url == node.url {
			copy(r.nodes[1:i+1], r.nodes[:i])
			r.nodes[0] = n
		}
	}
}

func (r *remote) send(ctx context.Context, node endpoint, c call, give time.Time) (*http.Response, error) {
	cancel := context.CancelFunc(func() {})
	if !c.long {
		ctx, cancel = context.WithDeadline(ctx, give)
	}
	target := node.url + c.path
	if len(c.query) > 0 {
		target += "?" + c.query.Encode()
	}
	var body io.Reader = c.stream
	if c.stream == nil && c.body != nil {
		body = bytes.NewReader(c.body)
	}
	req, err := http.NewRequestWithContext(ctx, c.method, target, body)
	if err != nil {
		cancel()
		return nil, err
	}
	if c.stream != nil && c.length >= 0 {
		req.ContentLength = c.length
	}
	for name, values := range c.header {
		req.Header[name] = values
	}
	req.Header.Set("Authorization", "Bearer "+node.token)
	resp, err := r.http.Do(req)
	if err != nil {
		cancel()
		return nil, err
	}
	resp.Body = &endingBody{resp.Body, cancel}
	if resp.StatusCode < 300 {
		return resp, nil
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	p := &problemError{}
	if json.Unmarshal(text, &p.Problem) != nil || p.Status == 0 {
		p.Problem = admin.Problem{Status: resp.StatusCode, Title: resp.Status,
			Detail: fmt.Sprintf("%s answered %s, which is not how stackhost's admin API answers", node.url, resp.Status)}
	}
	return nil, p
}

// endingBody ends the request's context with the body.
type endingBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b *endingBody) Close() error {
	err := b.ReadCloser.Close()
	b.cancel()
	return err
}

// numberWrite gives c its place in this command's session.
func (r *remote) numberWrite(ctx context.Context, c *call) error {
	r.mu.Lock()
	session := r.session
	r.mu.Unlock()
	if session == 0 {
		var opened struct {
			Session uint64 `json:"session"`
		}
		if err := r.json(ctx, call{method: "POST", path: "/v1/sessions", repeatable: true}, &opened); err != nil {
			return err
		}
		session = opened.Session
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.session == 0 {
		r.session = session
	}
	r.number++
	header := c.header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set(admin.SessionHeader, strconv.FormatUint(r.session, 10))
	header.Set(admin.SequenceHeader, strconv.FormatUint(r.number, 10))
	c.header = header
	return nil
}

// json sends c and reads the answer into v, which may be nil.
func (r *remote) json(ctx context.Context, c call, v any) error {
	resp, err := r.do(ctx, c)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if v == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	}
	if err := json.NewDecoder(resp.Body).Decode(v); err != nil {
		return fmt.Errorf("the answer of %s %s was cut short: %w", c.method, c.path, err)
	}
	return nil
}

// post sends v as JSON.
func (r *remote) post(ctx context.Context, c call, v, reply any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	c.method, c.body = "POST", body
	if c.header == nil {
		c.header = http.Header{}
	}
	c.header.Set("Content-Type", "application/json")
	return r.json(ctx, c, reply)
}
