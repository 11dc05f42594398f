package stackhost

import (
	"iter"
	"strings"
	"time"
	"unsafe"

	"github.com/stackhost/stackhost/sdk/go/internal/wire"
)

// Request is an HTTP request. Valid until the handler returns; so are the strings and slices it gives out.
type Request struct {
	raw    []byte                           // the record
	at     [wire.HTTPRequestElements]uint32 // where its elements are in raw
	n      int                              // how many of them it has
	params [maxParams]param                 // of this module's own patterns
	nparam int
	body   body
	opened bool // body is set
	form   Values
	parsed bool // form is set
}

type param struct{ name, value string }

const maxParams = 16

// element returns a Reader that stands at an element of the record, or an empty one. Elements are decoded when they are
// asked for, since most handlers look at a few.
func (r *Request) element(i int) wire.Reader {
	if i >= r.n {
		return wire.NewReader(nilValue)
	}
	return wire.At(r.raw, r.at[i])
}

var nilValue = []byte{0xc0}

func (r *Request) str(i int) string {
	if i < r.n {
		if b := r.raw[r.at[i]:]; b[0]&0xe0 == 0xa0 { // shorter than 32 bytes, as most are; Index has checked that they are there
			return unsafe.String(unsafe.SliceData(b[1:]), int(b[0]&31))
		}
	}
	e := r.element(i)
	return e.Str()
}

func (r *Request) uint(i int) uint64 {
	e := r.element(i)
	return e.Uint()
}

func (r *Request) fields(i int) *wire.Fields {
	e := r.element(i)
	f := e.Fields(wire.LimitHeaders)
	return &f
}

// Method returns the method as sent.
func (r *Request) Method() string { return r.str(wire.HTTPRequestMethod) }

// RawPath returns the path as sent, still percent-encoded.
func (r *Request) RawPath() string { return r.str(wire.HTTPRequestPath) }

// Path returns the path with percent-encoding undone. An escaped slash cannot be told from a separator in it.
func (r *Request) Path() string { return unescape(r.str(wire.HTTPRequestPath), false) }

// RawQuery returns the query as sent, without the question mark.
func (r *Request) RawQuery() string { return r.str(wire.HTTPRequestQuery) }

// Query parses the query. Pairs that are not well-formed are kept as they are.
func (r *Request) Query() Values { return parseValues(r.str(wire.HTTPRequestQuery)) }

// Scheme returns "http" or "https".
func (r *Request) Scheme() string { return r.str(wire.HTTPRequestScheme) }

// Host returns the Host header, with the port when one was sent.
func (r *Request) Host() string { return r.str(wire.HTTPRequestHost) }

// Header returns the first field called name, in any case, or "".
func (r *Request) Header(name string) string {
	v, _ := r.fields(wire.HTTPRequestHeaders).Get(strings.ToLower(name))
	return v
}

// Headers gives all header fields in the order received. Names are in lower case; values may be any bytes.
func (r *Request) Headers() iter.Seq2[string, string] { return r.fields(wire.HTTPRequestHeaders).All }

// Param returns the value of a wildcard: of the pattern that this module's Mux matched, else of the host's route.
func (r *Request) Param(name string) string {
	for _, p := range r.params[:r.nparam] {
		if p.name == name {
			return p.value
		}
	}
	v, _ := r.fields(wire.HTTPRequestParams).Get(name)
	return v
}

// Params gives the wildcards of the host's route, then those of the pattern that this module's Mux matched.
func (r *Request) Params() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for n, v := range r.fields(wire.HTTPRequestParams).All {
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
func (r *Request) Remote() string { return r.str(wire.HTTPRequestRemote) }

// ID returns the request id, which is also in the host's records and in the X-Request-Id response header.
func (r *Request) ID() string { return r.str(wire.HTTPRequestID) }

// TraceParent returns the W3C traceparent to pass on to other services, or "".
func (r *Request) TraceParent() string { return r.str(wire.HTTPRequestTraceparent) }

// Route returns the host's route pattern that matched.
func (r *Request) Route() string { return r.str(wire.HTTPRequestRoute) }

// Timeout returns the time that was left for this request when it was handed over.
func (r *Request) Timeout() time.Duration {
	return time.Duration(r.uint(wire.HTTPRequestTimeoutMs)) * time.Millisecond
}

// Time returns when the host handed over the request, to the microsecond.
func (r *Request) Time() time.Time { return time.UnixMicro(int64(r.uint(wire.HTTPRequestTimeUs))) }

// Random returns the request's unpredictable bytes, 16 of them, never given twice. Rand makes a generator of them.
func (r *Request) Random() []byte {
	if wire.HTTPRequestRandom < r.n {
		if b := r.raw[r.at[wire.HTTPRequestRandom]:]; b[0] == 0xc4 {
			return b[2 : 2+int(b[1])]
		}
	}
	e := r.element(wire.HTTPRequestRandom)
	return e.Bytes()
}

// HasBody tells whether there are body bytes to read.
func (r *Request) HasBody() bool {
	r.openBody()
	return len(r.body.inline) > 0 || r.body.stream != 0
}

// BodyLength returns the body's length in bytes, -1 when it is not known in advance.
func (r *Request) BodyLength() int64 {
	e := r.element(wire.HTTPRequestBodyLength)
	return e.Int()
}
