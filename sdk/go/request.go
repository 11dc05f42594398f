package stackhost

import (
	"iter"
	"strings"
	"time"

	"github.com/stackhost/stackhost/sdk/go/internal/wire"
)

// Request is an HTTP request. Valid until the handler returns; so are the strings and slices it gives out.
type Request struct {
	rec    wire.HTTPRequest
	params [maxParams]param // of this module's own patterns
	nparam int
	body   body
	form   Values
	parsed bool // form is set
}

type param struct{ name, value string }

const maxParams = 16

// Method returns the method as sent.
func (r *Request) Method() string { return r.rec.Method }

// RawPath returns the path as sent, still percent-encoded.
func (r *Request) RawPath() string { return r.rec.Path }

// Path returns the path with percent-encoding undone. An escaped slash cannot be told from a separator in it.
func (r *Request) Path() string { return unescape(r.rec.Path, false) }

// RawQuery returns the query as sent, without the question mark.
func (r *Request) RawQuery() string { return r.rec.Query }

// Query parses the query. Pairs that are not well-formed are kept as they are.
func (r *Request) Query() Values { return parseValues(r.rec.Query) }

// Scheme returns "http" or "https".
func (r *Request) Scheme() string { return r.rec.Scheme }

// Host returns the Host header, with the port when one was sent.
func (r *Request) Host() string { return r.rec.Host }

// Header returns the first field called name, in any case, or "".
func (r *Request) Header(name string) string {
	v, _ := r.rec.Headers.Get(strings.ToLower(name))
	return v
}

// Headers gives all header fields in the order received. Names are in lower case; values may be any bytes.
func (r *Request) Headers() iter.Seq2[string, string] { return r.rec.Headers.All }

// Param returns the value of a wildcard: of the pattern that this module's Mux matched, else of the host's route.
func (r *Request) Param(name string) string {
	for _, p := range r.params[:r.nparam] {
		if p.name == name {
			return p.value
		}
	}
	v, _ := r.rec.Params.Get(name)
	return v
}

// Params gives the wildcards of the host's route, then those of the pattern that this module's Mux matched.
func (r *Request) Params() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for n, v := range r.rec.Params.All {
			if !yield(n, v) {
				return
			}
		}
		for _, p := range r.params[:r.nparam] {
			if !yield(p.name, p.value) {
				return
			}
		}
	}
}

// Remote returns the client's IP address.
func (r *Request) Remote() string { return r.rec.Remote }

// ID returns the request id, which is also in the host's records and in the X-Request-Id response header.
func (r *Request) ID() string { return r.rec.ID }

// TraceParent returns the W3C traceparent to pass on to other services, or "".
func (r *Request) TraceParent() string { return r.rec.Traceparent }

// Route returns the host's route pattern that matched.
func (r *Request) Route() string { return r.rec.Route }

// Timeout returns the time that was left for this request when it was handed over.
func (r *Request) Timeout() time.Duration { return time.Duration(r.rec.TimeoutMs) * time.Millisecond }

// Time returns when the host handed over the request, to the microsecond.
func (r *Request) Time() time.Time { return time.UnixMicro(int64(r.rec.TimeUs)) }

// Random returns the request's unpredictable bytes, 16 of them, never given twice. Rand makes a generator of them.
func (r *Request) Random() []byte { return r.rec.Random }

// HasBody tells whether there are body bytes to read.
func (r *Request) HasBody() bool { return len(r.rec.Body) > 0 || r.rec.BodyStream != 0 }

// BodyLength returns the body's length in bytes, -1 when it is not known in advance.
func (r *Request) BodyLength() int64 { return r.rec.BodyLength }
