package stackhost

import "github.com/stackhost/stackhost/sdk/go/internal/host"

// Error is a code with its text: why a host call failed. A handler that returns an *Error answers with the status that
// belongs to its code (500 for codes of guests).
type Error struct {
	Code Code
	Text string // may be empty
}

// Error returns the code's name and the text.
func (e *Error) Error() string {
	if e.Text == "" {
		return "stackhost: " + e.Code.String()
	}
	return "stackhost: " + e.Code.String() + ": " + e.Text
}

// Is makes errors.Is(err, &Error{Code: c}) compare codes.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && (t.Text == "" || t.Text == e.Text)
}

// Problem is an error that a client may read: it is answered as an RFC 9457 problem document.
type Problem struct {
	Status int    // 400 to 599
	Title  string // empty: the reason phrase of Status
	Detail string // what went wrong, for the client
}

// Error returns title and detail.
func (p *Problem) Error() string {
	title := p.Title
	if title == "" {
		title = reason(p.Status)
	}
	if p.Detail == "" {
		return title
	}
	return title + ": " + p.Detail
}

// Fail returns a Problem with a status and a detail.
func Fail(status int, detail string) error { return &Problem{Status: status, Detail: detail} }

// hostError makes an *Error of a negative code, with the text that the host keeps for it.
func hostError(code int64) *Error {
	text := make([]byte, 256)
	n := host.CoreError(text)
	if n < 0 {
		n = 0
	}
	return &Error{Code: Code(code), Text: string(text[:min(int(n), len(text))])}
}

// ask sends a request record with call and returns the reply. A reply longer than the first area is taken from the host
// without running the call again.
func ask(call func(req, out []byte) int64, req []byte) ([]byte, error) {
	out := make([]byte, 512)
	n := call(req, out)
	if n < 0 {
		return nil, hostError(n)
	}
	if n > int64(len(out)) {
		out = make([]byte, n)
		if taken := host.CoreTake(out); taken != n {
			if taken < 0 {
				return nil, hostError(taken)
			}
			return nil, &Error{Code: CodeInternal, Text: "the kept reply changed its length"}
		}
	}
	return out[:n], nil
}

// reason returns the reason phrase of the statuses that problems use (RFC 9110 section 15).
func reason(status int) string {
	switch status {
	case 400:
		return "Bad Request"
	case 401:
		return "Unauthorized"
	case 403:
		return "Forbidden"
	case 404:
		return "Not Found"
	case 405:
		return "Method Not Allowed"
	case 409:
		return "Conflict"
	case 410:
		return "Gone"
	case 413:
		return "Content Too Large"
	case 415:
		return "Unsupported Media Type"
	case 422:
		return "Unprocessable Content"
	case 429:
		return "Too Many Requests"
	case 500:
		return "Internal Server Error"
	case 501:
		return "Not Implemented"
	case 502:
		return "Bad Gateway"
	case 503:
		return "Service Unavailable"
	case 504:
		return "Gateway Timeout"
	}
	if status < 500 {
		return "Client Error"
	}
	return "Server Error"
}
