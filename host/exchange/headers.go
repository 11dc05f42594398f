package exchange

import (
	"bytes"

	"github.com/stackhost/stackhost/abi"
	"github.com/valyala/fasthttp"
)

// Headers returns the request's header fields in the order received, repeats kept, names in lower case. The slices are
// valid until the exchange ends; SetHeader and RemoveHeader change the list.
func (x *Exchange) Headers() []abi.Header {
	if x.parsed {
		return x.headers
	}
	x.parsed = true
	raw := x.Ctx.Request.Header.RawHeaders()
	if cap(x.names) < len(raw) {
		x.names = make([]byte, 0, len(raw)+256)
	}
	for len(raw) > 0 {
		line := raw
		if i := bytes.IndexByte(raw, '\n'); i >= 0 {
			line, raw = raw[:i], raw[i+1:]
		} else {
			raw = nil
		}
		colon := bytes.IndexByte(line, ':')
		if colon <= 0 {
			continue
		}
		at := len(x.names)
		for _, c := range line[:colon] {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			x.names = append(x.names, c)
		}
		x.headers = append(x.headers, abi.Header{
			Name:  x.names[at:len(x.names):len(x.names)],
			Value: bytes.Trim(line[colon+1:], " \t\r"),
		})
	}
	return x.headers
}

// SetHeader replaces all request header fields called name (lower case) by one. The bytes are copied.
func (x *Exchange) SetHeader(name, value []byte) {
	x.RemoveHeader(name)
	x.headers = append(x.headers, abi.Header{Name: bytes.ToLower(name), Value: bytes.Clone(value)})
}

// RemoveHeader removes all request header fields called name.
func (x *Exchange) RemoveHeader(name []byte) {
	kept := x.Headers()[:0]
	for _, h := range x.headers {
		if !bytes.EqualFold(h.Name, name) {
			kept = append(kept, h)
		}
	}
	x.headers = kept
}

// Settable tells whether a guest may set the response header field called name: fields that frame the message or govern the
// connection are the host's (RFC 9110 section 7.6.1, RFC 9112 section 6).
func Settable(name []byte) bool {
	switch len(name) {
	case 2, 4, 7, 10, 14, 16, 17, 18, 19:
	default:
		return true
	}
	for _, reserved := range hostHeaders {
		if len(reserved) == len(name) && bytes.EqualFold(name, reserved) {
			return false
		}
	}
	return true
}

var hostHeaders = [][]byte{
	[]byte("te"), []byte("date"), []byte("trailer"), []byte("upgrade"), []byte("connection"), []byte("keep-alive"),
	[]byte("content-length"), []byte("transfer-encoding"), []byte("proxy-connection"), []byte("proxy-authenticate"),
}

// ValidHeader tells whether a header field can be sent without changing the message around it: name is a token and value
// has no control byte but tab (RFC 9110 section 5).
func ValidHeader(name, value []byte) bool {
	if len(name) == 0 {
		return false
	}
	for _, c := range name {
		if !tokenByte[c] {
			return false
		}
	}
	for _, c := range value {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

var tokenByte = func() (t [256]bool) {
	for c := '0'; c <= '9'; c++ {
		t[c] = true
	}
	for c := 'a'; c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = true, true
	}
	for _, c := range "!#$%&'*+-.^_`|~" {
		t[c] = true
	}
	return t
}()

// AddResponseHeaders adds header fields of a guest's answer to the response, leaving out those that are the host's and
// refusing those that would break the message.
func (x *Exchange) AddResponseHeaders(fields []abi.Header) error {
	h := &x.Ctx.Response.Header
	for _, f := range fields {
		if !ValidHeader(f.Name, f.Value) {
			return abi.Errorf(abi.CodeInvalid, "response header %q: names are tokens and values have no control bytes", f.Name)
		}
		if Settable(f.Name) {
			addHeader(h, f.Name, f.Value)
		}
	}
	return nil
}

func addHeader(h *fasthttp.ResponseHeader, name, value []byte) {
	if len(name) == len("content-type") && bytes.EqualFold(name, contentType) {
		h.SetContentTypeBytes(value)
		return
	}
	h.AddBytesKV(name, value)
}

var contentType = []byte("content-type")
