package web

import (
	"errors"
	"net/http"
)

var (
	// ErrServerClosed is returned by Serve and ListenAndServe after Shutdown or Close.
	ErrServerClosed = errors.New("web: server closed")
	// ErrBodyTooLarge is returned when a request body is longer than the limit in force; status 413.
	ErrBodyTooLarge = errors.New("web: request body too large")
	// ErrBodyTimeout is returned when a request body makes no progress for Config.BodyTimeout; status 408.
	ErrBodyTimeout = errors.New("web: request body timed out")
	// ErrBodyBroken is returned when a request body ends early or breaks its framing; status 400.
	ErrBodyBroken = errors.New("web: broken request body")
	// ErrStreamClosed is returned when a Stream is used after Close.
	ErrStreamClosed = errors.New("web: response stream closed")
	// ErrStreamLength is returned when a Stream is given more bytes than its Content-Length, or closed with fewer.
	ErrStreamLength = errors.New("web: response stream does not have the announced length")
)

// ProtocolError is a request that cannot be accepted as HTTP, or not within the limits. The connection is closed after the
// answer, because where the next request begins is no longer certain (RFC 9112 section 2.2 and 6.3).
type ProtocolError struct {
	Status int    // what the client is told
	Code   string // stable short name, such as "bad-header"
	Detail string // a sentence for the client, without bytes of the request
	cause  error
}

func (e *ProtocolError) Error() string { return "web: " + e.Code + ": " + e.Detail }

// Unwrap returns the sentinel that this is a case of, or nil.
func (e *ProtocolError) Unwrap() error { return e.cause }

// Every way a request can be refused before a handler sees it. They are values: refusing a flood of bad requests costs
// no memory.
var (
	errRequestLine   = &ProtocolError{400, "bad-request-line", "The request line is malformed.", nil}
	errMethod        = &ProtocolError{400, "bad-method", "The request method is not a token.", nil}
	errMethodRefused = &ProtocolError{501, "method-not-supported", "CONNECT and TRACE are not supported.", nil}
	errTarget        = &ProtocolError{400, "bad-target", "The request target is malformed.", nil}
	errVersion       = &ProtocolError{505, "version-not-supported", "Only HTTP/1.1 and HTTP/1.0 are spoken here.", nil}
	errVersionSyntax = &ProtocolError{400, "bad-version", "The request line has no valid HTTP version.", nil}
	errLineEnd       = &ProtocolError{400, "bad-line-end", "Lines must end in CR LF, and contain no other control bytes.", nil}
	errFieldName     = &ProtocolError{400, "bad-header", "A header field name is malformed or followed by a space.", nil}
	errFieldValue    = &ProtocolError{400, "bad-header", "A header field value contains a control byte.", nil}
	errFold          = &ProtocolError{400, "folded-header", "Header fields must not be folded over several lines.", nil}
	errHostMissing   = &ProtocolError{400, "host-missing", "The request has no Host.", nil}
	errHostSeveral   = &ProtocolError{400, "host-repeated", "The request has more than one Host.", nil}
	errHostInvalid   = &ProtocolError{400, "host-invalid", "The Host is not valid.", nil}
	errHostDiffers   = &ProtocolError{400, "host-differs", "The request target names another host than the Host field.", nil}
	errLength        = &ProtocolError{400, "bad-content-length", "Content-Length is not a single decimal number.", nil}
	errLengthTwice   = &ProtocolError{400, "content-length-repeated", "The request has more than one Content-Length.", nil}
	errLengthCoding  = &ProtocolError{400, "length-and-coding", "Content-Length and Transfer-Encoding exclude each other.", nil}
	errCoding        = &ProtocolError{400, "bad-transfer-encoding", "Transfer-Encoding must be exactly \"chunked\".", nil}
	errCodingUnknown = &ProtocolError{501, "transfer-encoding-unknown", "No transfer coding but \"chunked\" is supported.", nil}
	errCodingOld     = &ProtocolError{400, "bad-transfer-encoding", "HTTP/1.0 has no Transfer-Encoding.", nil}
	errExpect        = &ProtocolError{417, "expectation-failed", "No expectation but 100-continue can be met.", nil}
	errChunk         = &ProtocolError{400, "bad-chunk", "The chunked body is malformed.", ErrBodyBroken}
	errTrailer       = &ProtocolError{400, "bad-trailer", "The trailer section is malformed or too long.", ErrBodyBroken}
	errURILong       = &ProtocolError{414, "uri-too-long", "The request target is longer than this server accepts.", nil}
	errHeadLong      = &ProtocolError{431, "headers-too-large", "The request head is larger than this server accepts.", nil}
	errHeadSlow      = &ProtocolError{408, "request-timeout", "The request head did not arrive in time.", nil}
	errBodySlow      = &ProtocolError{408, "body-timeout", "The request body stopped arriving.", ErrBodyTimeout}
	errBodyLong      = &ProtocolError{413, "body-too-large", "The request body is larger than this server accepts.", ErrBodyTooLarge}
	errBodyCut       = &ProtocolError{400, "body-incomplete", "The request body ended early.", ErrBodyBroken}
)

// StatusOf gives the HTTP status for an error of this package: that of a ProtocolError, 413, 408 or 400 for the body
// sentinels, else 500.
func StatusOf(err error) int {
	var p *ProtocolError
	switch {
	case errors.As(err, &p):
		return p.Status
	case errors.Is(err, ErrBodyTooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, ErrBodyTimeout):
		return http.StatusRequestTimeout
	case errors.Is(err, ErrBodyBroken):
		return http.StatusBadRequest
	}
	return http.StatusInternalServerError
}
