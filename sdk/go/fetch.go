package stackhost

import (
	"io"
	"iter"
	"strings"
	"time"

	"github.com/stackhost/stackhost/sdk/go/internal/host"
	"github.com/stackhost/stackhost/sdk/go/internal/wire"
)

// RedirectMode tells what Fetch does with a redirect.
type RedirectMode = wire.Redirect

// Redirect modes.
const (
	RedirectFollow = wire.RedirectFollow // follow, each hop checked against the grants; the default
	RedirectManual = wire.RedirectManual // give the redirect back as the response
	RedirectError  = wire.RedirectError  // fail
)

// FetchRequest is an outbound HTTP request. Only URL is needed.
type FetchRequest struct {
	Method   string // empty: GET
	URL      string // absolute, http or https
	Headers  []Value
	Body     []byte
	Timeout  time.Duration // for the whole exchange; 0: the grant's default. Never beyond the request's own time
	Redirect RedirectMode
	MaxBytes uint64 // most body bytes to accept; 0: the grant's limit
}

// FetchResponse is the response to an outbound HTTP request.
type FetchResponse struct {
	Status int
	URL    string // of the last hop
	fields wire.Fields
	body   body
}

// Header returns the first field called name, in any case, or "".
func (r *FetchResponse) Header(name string) string {
	v, _ := r.fields.Get(strings.ToLower(name))
	return v
}

// Headers gives all fields in order, names in lower case.
func (r *FetchResponse) Headers() iter.Seq2[string, string] { return r.fields.All }

// Body returns the reader of the body. It need not be read to its end.
func (r *FetchResponse) Body() io.Reader { return &r.body }

// Bytes reads the rest of the body, at most limit bytes; more is an *Error with CodeLimit.
func (r *FetchResponse) Bytes(limit int) ([]byte, error) {
	b, err := readAll(&r.body, max(len(r.body.inline), 4096)+1, limit)
	if p, ok := err.(*Problem); ok {
		return nil, &Error{Code: CodeLimit, Text: p.Detail}
	}
	return b, err
}

// Fetch sends a request to a host that the manifest grants and waits for the response. A status of 400 or above is a
// response, not an error. CodeDenied: the host, a redirect's host or a resolved address is not granted.
func Fetch(req FetchRequest) (*FetchResponse, error) {
	reply, err := ask(host.FetchSend, fetchRequest(req))
	if err != nil {
		return nil, err
	}
	return fetchReply(reply)
}

func fetchRequest(req FetchRequest) []byte {
	rec := wire.FetchRequest{
		Method: req.Method, URL: req.URL, Body: req.Body, TimeoutMs: uint64(req.Timeout / time.Millisecond),
		Redirect: req.Redirect, MaxBytes: req.MaxBytes,
	}
	for _, h := range req.Headers {
		rec.Headers.AddHeader(h.Name, h.Value)
	}
	return rec.Append(make([]byte, 0, len(req.URL)+len(req.Body)+256))
}

func fetchReply(reply []byte) (*FetchResponse, error) {
	var rec wire.FetchResponse
	if err := rec.Decode(reply); err != nil {
		return nil, err
	}
	return &FetchResponse{
		Status: int(rec.Status), URL: rec.URL, fields: rec.Headers,
		body: body{inline: rec.Body, stream: uint32(rec.BodyStream)},
	}, nil
}
