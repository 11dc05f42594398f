package web

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/valyala/fasthttp"
)

// Request is what the server knows about a request beside fasthttp's own context. The handler may set the fields for the
// access record, until it returns. It is reused for the next request of the connection: do not keep it after the response is written.
type Request struct {
	ID      string    // request id; a fresh string, free to keep
	Start   time.Time // when the head had arrived
	Route   string    // for the access record: the pattern that matched
	Module  string    // for the access record: the module that answered
	Outcome string    // for the access record: a short word when the status does not say it, such as "deadline"

	traceParent string
	traced      bool
	bodyLimit   int64
	stream      *Stream
	written     int64 // conn.written when the request began
}

type requestKey struct{}

// Of returns what the server knows about ctx's request. A context that does not come from a Server gets an empty Request
// with an id of its own.
func Of(ctx *fasthttp.RequestCtx) *Request {
	if c := connOf(ctx.Conn()); c != nil {
		return &c.request
	}
	if r, ok := ctx.UserValue(requestKey{}).(*Request); ok {
		return r
	}
	r := &Request{ID: NewID(), Start: time.Now(), bodyLimit: Limits{}.WithDefaults().BodyBytes}
	ctx.SetUserValue(requestKey{}, r)
	return r
}

// begin opens the books of a request.
func (s *Server) begin(ctx *fasthttp.RequestCtx, c *conn) *Request {
	r := &c.request
	now := time.Now()
	*r = Request{Start: now, bodyLimit: r.bodyLimit, written: c.written}
	if s.cfg.TrustRequestID {
		if id := ctx.Request.Header.Peek(s.cfg.RequestIDHeader); saneID(id) {
			r.ID = string(id)
			return r
		}
	}
	r.ID = newID(now)
	return r
}

// saneID tells whether a client's request id can be put into records and headers as it is.
func saneID(id []byte) bool {
	if len(id) < 8 || len(id) > 64 {
		return false
	}
	for _, c := range id {
		if !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'z') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

// NewID makes a request id: 26 characters of Crockford's base 32, 10 for the time in milliseconds and 16 for 80 random bits.
// Ids sort by time. The random bits come from the runtime's ChaCha8 generator, which the operating system seeds: they cannot
// be guessed, but an id is a name, not a secret.
func NewID() string { return newID(time.Now()) }

func newID(now time.Time) string {
	var id [26]byte
	ms := uint64(now.UnixMilli())
	for i := 8; i >= 0; i -= 2 {
		pair := idPairs[ms&1023]
		id[i], id[i+1] = pair[0], pair[1]
		ms >>= 10
	}
	a, b := rand.Uint64(), rand.Uint64()
	for i := 10; i < 18; i += 2 {
		x, y := idPairs[a&1023], idPairs[b&1023]
		id[i], id[i+1], id[i+8], id[i+9] = x[0], x[1], y[0], y[1]
		a >>= 10
		b >>= 10
	}
	return string(id[:])
}

// idPairs are the two digits for each ten bits.
var idPairs = func() (t [1024][2]byte) {
	const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	for i := range t {
		t[i] = [2]byte{alphabet[i>>5], alphabet[i&31]}
	}
	return t
}()

// Trace is the position of a request in a distributed trace: the fields of a W3C traceparent header, version 00
// (https://www.w3.org/TR/trace-context/, section 3.2).
type Trace struct {
	ID     [16]byte // of the whole trace; not all zero
	Parent [8]byte  // of the calling span; not all zero
	Flags  byte     // bit 0: sampled
}

// ParseTraceParent reads a traceparent field. Versions above 00 are read as far as 00 goes, as the specification asks; ff,
// upper case and all-zero ids are invalid.
func ParseTraceParent(b []byte) (Trace, bool) {
	var t Trace
	if len(b) < 55 || b[2] != '-' || b[35] != '-' || b[52] != '-' {
		return t, false
	}
	var version, flags [1]byte
	if !unhex(version[:], b[:2]) || !unhex(t.ID[:], b[3:35]) || !unhex(t.Parent[:], b[36:52]) || !unhex(flags[:], b[53:55]) {
		return Trace{}, false
	}
	t.Flags = flags[0]
	switch {
	case version[0] == 0xff, version[0] == 0 && len(b) != 55, len(b) > 55 && b[55] != '-':
		return Trace{}, false
	case t.ID == [16]byte{} || t.Parent == [8]byte{}:
		return Trace{}, false
	}
	return t, true
}

// NewTrace begins a trace, not sampled.
func NewTrace() Trace {
	var t Trace
	for t.ID == [16]byte{} {
		binary.BigEndian.PutUint64(t.ID[:8], rand.Uint64())
		binary.BigEndian.PutUint64(t.ID[8:], rand.Uint64())
	}
	return t.Child()
}

// Child returns t with a new parent id, for what is called from here.
func (t Trace) Child() Trace {
	t.Parent = [8]byte{}
	for t.Parent == [8]byte{} {
		binary.BigEndian.PutUint64(t.Parent[:], rand.Uint64())
	}
	t.Flags &= 1 // flags this version does not know must not be passed on as set
	return t
}

// String returns t as a traceparent field of version 00.
func (t Trace) String() string {
	var b [55]byte
	b[0], b[1], b[2], b[35], b[52] = '0', '0', '-', '-', '-'
	tohex(b[3:], t.ID[:])
	tohex(b[36:], t.Parent[:])
	tohex(b[53:], []byte{t.Flags})
	return string(b[:])
}

// TraceParent returns the traceparent to hand to whatever serves ctx's request: the client's trace with a new parent id, or a
// new trace. It is made when first asked for and stays the same for the request.
func (r *Request) TraceParent(ctx *fasthttp.RequestCtx) string {
	if r.traced {
		return r.traceParent
	}
	r.traced = true
	if t, ok := ParseTraceParent(ctx.Request.Header.Peek("Traceparent")); ok {
		r.traceParent = t.Child().String()
	} else {
		r.traceParent = NewTrace().String()
	}
	return r.traceParent
}

// Continued tells whether the client sent a valid traceparent; only then may its tracestate be passed on.
func (r *Request) Continued(ctx *fasthttp.RequestCtx) bool {
	_, ok := ParseTraceParent(ctx.Request.Header.Peek("Traceparent"))
	return ok
}

const hexDigits = "0123456789abcdef"

func tohex(dst, src []byte) {
	for i, c := range src {
		dst[2*i], dst[2*i+1] = hexDigits[c>>4], hexDigits[c&15]
	}
}

// unhex decodes lower-case hexadecimal.
func unhex(dst, src []byte) bool {
	for i := range dst {
		hi, lo := src[2*i], src[2*i+1]
		if !lowerHex(hi) || !lowerHex(lo) {
			return false
		}
		dst[i] = hexValue(hi)<<4 | hexValue(lo)
	}
	return true
}

func lowerHex(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'f' }
