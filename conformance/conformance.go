// Package conformance judges hosts and guest modules by what they do over HTTP. The cases are data (cases/*.json), the app they
// need is in app/, and the runner is given a URL and nothing else: any host in any language that serves the app can be judged,
// and any guest, by letting a known host serve it.
//
// The package imports nothing of the host.
package conformance

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
)

//go:embed cases/*.json
var caseFiles embed.FS

// App is the app that a host under judgement serves: its manifest and the files beside it, without guest.wasm.
//
//go:embed app/stackhost.toml app/state.toml app/token.txt
var App embed.FS

// Case is one exchange and what must come of it.
type Case struct {
	ID      string  `json:"id"`      // stable, "area/name"
	Section string  `json:"section"` // where the rule stands
	About   string  `json:"about"`
	State   bool    `json:"state,omitempty"`    // only for guests that answer GET /t/state
	DelayMS int     `json:"delay_ms,omitempty"` // wait so long before sending
	Request Request `json:"request"`
	Repeat  int     `json:"repeat,omitempty"` // send it so often; every answer must hold
	Expect  Expect  `json:"expect"`
}

// Request is what is sent.
type Request struct {
	Method  string      `json:"method,omitempty"` // default GET
	Path    string      `json:"path"`             // "{url}" is replaced by the host's own address, percent-encoded
	Headers [][2]string `json:"headers,omitempty"`
	Body    string      `json:"body,omitempty"`
	Fill    int         `json:"fill,omitempty"`    // a body of so many bytes, byte i being i mod 251
	Chunked bool        `json:"chunked,omitempty"` // without a Content-Length
}

// Expect is what must come back. Fields left out are not looked at.
type Expect struct {
	Status   int                 `json:"status"`
	OneOf    []int               `json:"one_of,omitempty"`   // statuses, in place of Status
	Headers  map[string][]string `json:"headers,omitempty"`  // all fields of a name, in order
	Absent   []string            `json:"absent,omitempty"`   // header fields that must not be there
	Body     *string             `json:"body,omitempty"`     // exactly
	Match    string              `json:"match,omitempty"`    // a regular expression somewhere in the body
	JSON     map[string]any      `json:"json,omitempty"`     // members that the body's object must have
	Length   *int                `json:"length,omitempty"`   // of the body
	Echo     bool                `json:"echo,omitempty"`     // the body is the request's
	Distinct []string            `json:"distinct,omitempty"` // members of the body's object that differ in every answer, unless empty
	Chunks   int                 `json:"chunks,omitempty"`   // the body must arrive in at least so many pieces
	WithinMS int                 `json:"within_ms,omitempty"`
	Problem  bool                `json:"problem,omitempty"` // an RFC 9457 document whose status is the answer's
}

// Result is the outcome of one case.
type Result struct {
	ID       string        `json:"id"`
	Section  string        `json:"section"`
	About    string        `json:"about"`
	Passed   bool          `json:"passed"`
	Expected string        `json:"expected_failure,omitempty"` // the reason, for a case known to fail
	Problem  string        `json:"problem,omitempty"`
	Skipped  string        `json:"not_covered,omitempty"` // why the case was not run
	Took     time.Duration `json:"took_ns"`
}

// Report is the outcome of a run.
type Report struct {
	Target  string   `json:"target"`
	Results []Result `json:"results"`
	Passed  int      `json:"passed"`
	Failed  int      `json:"failed"`
	Known   int      `json:"known_failures"`
	Skipped int      `json:"not_covered"`
}

// Cases returns all cases, in the order of their files.
func Cases() ([]Case, error) {
	var all []Case
	names, err := fs.Glob(caseFiles, "cases/*.json")
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, name := range names {
		text, err := caseFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var part []Case
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(&part); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, c := range part {
			if c.ID == "" || c.Section == "" || c.About == "" || seen[c.ID] {
				return nil, fmt.Errorf("%s: case %q lacks an id, section or description, or its id is used twice", name, c.ID)
			}
			seen[c.ID] = true
		}
		all = append(all, part...)
	}
	return all, nil
}

// Options of a run.
type Options struct {
	Only     []string          // prefixes of case ids; empty means all
	Expected map[string]string // case id -> reason, for failures that are known
	Done     func(Result)      // told of each result as it comes
}

// Run sends every case to the host at base ("http://127.0.0.1:8080") and returns what came of it. The error is of the suite or of
// the connection, never of a case.
func Run(ctx context.Context, base string, o Options) (*Report, error) {
	cases, err := Cases()
	if err != nil {
		return nil, err
	}
	base = strings.TrimSuffix(base, "/")
	client := &http.Client{
		Transport:     &http.Transport{DisableCompression: true, ExpectContinueTimeout: 5 * time.Second},
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	if res, err := client.Get(base + "/t/empty"); err != nil {
		return nil, fmt.Errorf("nothing answers at %s: %w", base, err)
	} else {
		res.Body.Close()
	}
	noState, err := lacksState(ctx, client, base)
	if err != nil {
		return nil, err
	}
	report := &Report{Target: base}
	for _, c := range cases {
		if len(o.Only) > 0 && !slices.ContainsFunc(o.Only, func(p string) bool { return strings.HasPrefix(c.ID, p) }) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		start := time.Now()
		r := Result{ID: c.ID, Section: c.Section, About: c.About, Expected: o.Expected[c.ID]}
		if c.State && noState {
			r.Skipped = "not covered: GET /t/state is answered with 404, so there is no state module"
		} else if err := judge(ctx, client, base, &c); err != nil {
			r.Problem = err.Error()
		} else {
			r.Passed = true
		}
		r.Took = time.Since(start)
		switch {
		case r.Skipped != "":
			report.Skipped++
		case r.Passed && r.Expected != "":
			r.Passed, r.Problem = false, "passes, although it is listed as a known failure: "+r.Expected
			report.Failed++
		case r.Passed:
			report.Passed++
		case r.Expected != "":
			report.Known++
		default:
			report.Failed++
		}
		report.Results = append(report.Results, r)
		if o.Done != nil {
			o.Done(r)
		}
	}
	return report, nil
}

// lacksState tells whether there is nothing at /t/state. Any other answer is one that the state cases judge.
func lacksState(ctx context.Context, client *http.Client, base string) (bool, error) {
	req, err := http.NewRequestWithContext(ctx, "GET", base+"/t/state", nil)
	if err != nil {
		return false, err
	}
	res, err := client.Do(req)
	if err != nil {
		return false, err
	}
	return res.StatusCode == http.StatusNotFound, res.Body.Close()
}

func judge(ctx context.Context, client *http.Client, base string, c *Case) error {
	seen := map[string]map[string]bool{}
	select {
	case <-time.After(time.Duration(c.DelayMS) * time.Millisecond):
	case <-ctx.Done():
		return ctx.Err()
	}
	for i := range max(1, c.Repeat) {
		answer, err := exchange(ctx, client, base, c)
		if err != nil {
			return err
		}
		if err := answer.check(c, seen); err != nil {
			if c.Repeat > 1 {
				return fmt.Errorf("answer %d of %d: %w", i+1, c.Repeat, err)
			}
			return err
		}
	}
	return nil
}

// answer is what came back.
type answer struct {
	status  int
	headers http.Header
	body    []byte
	sent    []byte
	chunks  int
	took    time.Duration
}

func (r *Request) body() []byte {
	if r.Fill == 0 {
		return []byte(r.Body)
	}
	b := make([]byte, r.Fill)
	for i := range b {
		b[i] = byte(i % 251)
	}
	return b
}

func exchange(ctx context.Context, client *http.Client, base string, c *Case) (*answer, error) {
	sent := c.Request.body()
	method := c.Request.Method
	if method == "" {
		method = "GET"
	}
	var body io.Reader
	if len(sent) > 0 {
		body = bytes.NewReader(sent)
		if c.Request.Chunked {
			body = io.MultiReader(body) // hides the length
		}
	}
	path := strings.ReplaceAll(c.Request.Path, "{url}", strings.NewReplacer(":", "%3A", "/", "%2F").Replace(base))
	req, err := http.NewRequestWithContext(ctx, method, base+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/problem+json")
	for _, h := range c.Request.Headers {
		req.Header[http.CanonicalHeaderKey(h[0])] = append(req.Header[http.CanonicalHeaderKey(h[0])], h[1])
	}
	start := time.Now()
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	a := &answer{status: res.StatusCode, headers: res.Header, sent: sent}
	buf := make([]byte, 64<<10)
	for {
		n, err := res.Body.Read(buf)
		if n > 0 {
			a.body = append(a.body, buf[:n]...)
			a.chunks++
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("the body ended early after %d bytes: %w", len(a.body), err)
		}
	}
	a.took = time.Since(start)
	return a, nil
}

func (a *answer) check(c *Case, seen map[string]map[string]bool) error {
	e := &c.Expect
	want := e.OneOf
	if len(want) == 0 {
		want = []int{e.Status}
	}
	if !slices.Contains(want, a.status) {
		return fmt.Errorf("status %d, want %v; body: %.200s", a.status, want, a.body)
	}
	for name, values := range e.Headers {
		if got := a.headers.Values(name); !slices.Equal(got, values) {
			return fmt.Errorf("header %s is %q, want %q", name, got, values)
		}
	}
	for _, name := range e.Absent {
		if got := a.headers.Values(name); len(got) > 0 {
			return fmt.Errorf("header %s is %q, want none", name, got)
		}
	}
	switch {
	case e.Body != nil && string(a.body) != *e.Body:
		return fmt.Errorf("body %.200q, want %q", a.body, *e.Body)
	case e.Length != nil && len(a.body) != *e.Length:
		return fmt.Errorf("body of %d bytes, want %d", len(a.body), *e.Length)
	case e.Echo && !bytes.Equal(a.body, a.sent):
		return fmt.Errorf("the body of %d bytes is not the request's of %d", len(a.body), len(a.sent))
	case e.Match != "" && !regexp.MustCompile(e.Match).Match(a.body):
		return fmt.Errorf("body %.200q does not match %s", a.body, e.Match)
	case a.chunks < e.Chunks:
		return fmt.Errorf("the body came in %d pieces, want at least %d", a.chunks, e.Chunks)
	case e.WithinMS > 0 && a.took > time.Duration(e.WithinMS)*time.Millisecond:
		return fmt.Errorf("took %v, want at most %d ms", a.took, e.WithinMS)
	}
	if e.Problem {
		if err := a.isProblem(); err != nil {
			return err
		}
	}
	return a.checkJSON(e, seen)
}

func (a *answer) isProblem() error {
	if got := a.headers.Get("Content-Type"); !strings.HasPrefix(got, "application/problem+json") {
		return fmt.Errorf("content type %q, want application/problem+json (RFC 9457)", got)
	}
	var p struct {
		Title  string
		Status int
	}
	if err := json.Unmarshal(a.body, &p); err != nil || p.Status != a.status || p.Title == "" {
		return fmt.Errorf("body %.200s is no problem document for status %d", a.body, a.status)
	}
	return nil
}

func (a *answer) checkJSON(e *Expect, seen map[string]map[string]bool) error {
	if len(e.JSON) == 0 && len(e.Distinct) == 0 {
		return nil
	}
	var got map[string]any
	if err := json.Unmarshal(a.body, &got); err != nil {
		return fmt.Errorf("body %.200q is no JSON object: %w", a.body, err)
	}
	for key, want := range e.JSON {
		value, ok := got[key]
		if !ok || !reflect.DeepEqual(value, want) {
			return fmt.Errorf("member %q is %v, want %v", key, value, want)
		}
	}
	for _, key := range e.Distinct {
		text := fmt.Sprint(got[key])
		if text == "" {
			continue // the language has no generator of its own
		}
		if seen[key] == nil {
			seen[key] = map[string]bool{}
		}
		if seen[key][text] {
			return fmt.Errorf("member %q is %q for the second time", key, text)
		}
		seen[key][text] = true
	}
	return nil
}
