package extism

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/exchange"
)

// appendRequest appends the JSON with which a plug-in gets a request.
func appendRequest(dst []byte, x *exchange.Exchange, body []byte) []byte {
	dst = appendField(dst, `{"method":`, x.Ctx.Method())
	dst = appendField(dst, `,"path":`, x.Path)
	dst = appendField(dst, `,"query":`, x.Query)
	dst = appendField(dst, `,"scheme":`, x.Scheme)
	dst = appendField(dst, `,"host":`, x.Ctx.Host())
	dst = append(dst, `,"headers":{`...)
	dst = appendHeaders(dst, x.Headers())
	dst = append(dst, `},"params":{`...)
	for i, p := range x.Params {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, p.Name), ':')
		dst = appendString(dst, p.Value)
	}
	dst = append(dst, '}')
	if utf8.Valid(body) {
		dst = appendField(dst, `,"body":`, body)
	} else {
		dst = append(dst, `,"body_base64":"`...)
		dst = append(base64.StdEncoding.AppendEncode(dst, body), '"')
	}
	dst = appendField(dst, `,"id":`, x.ID)
	dst = appendField(dst, `,"remote":`, x.Remote)
	dst = appendField(dst, `,"traceparent":`, x.TraceParent)
	dst = appendField(dst, `,"route":`, x.Route)
	dst = append(dst, `,"timeout_ms":`...)
	dst = strconv.AppendInt(dst, max(0, time.Until(x.Deadline).Milliseconds()), 10)
	return append(dst, '}')
}

func appendField[T string | []byte](dst []byte, name string, value T) []byte {
	return appendString(append(dst, name...), value)
}

// appendHeaders appends the members of an object: each name once, with all its values in order.
func appendHeaders(dst []byte, headers []abi.Header) []byte {
	first := true
	for i, h := range headers {
		if slices.ContainsFunc(headers[:i], func(o abi.Header) bool { return bytes.Equal(o.Name, h.Name) }) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(appendString(dst, h.Name), `:[`...)
		dst = appendString(dst, h.Value)
		for _, o := range headers[i+1:] {
			if bytes.Equal(o.Name, h.Name) {
				dst = appendString(append(dst, ','), o.Value)
			}
		}
		dst = append(dst, ']')
	}
	return dst
}

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string (RFC 8259 section 7). Bytes that are not UTF-8 become U+FFFD.
func appendString[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		b := s[i]
		if b >= ' ' && b != '"' && b != '\\' && b < utf8.RuneSelf {
			i++
			continue
		}
		if b >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(string(s[i:min(len(s), i+utf8.UTFMax)]))
			if r == utf8.RuneError && n == 1 {
				dst = append(append(dst, s[start:i]...), `\ufffd`...)
				start = i + 1
			}
			i += n
			continue
		}
		dst = append(dst, s[start:i]...)
		switch b {
		case '"', '\\':
			dst = append(dst, '\\', b)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		default:
			dst = append(dst, `\u00`...)
			dst = append(dst, hexDigits[b>>4], hexDigits[b&15])
		}
		i++
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}

// response is what a plug-in answers.
type response struct {
	head abi.HTTPResponse
	body []byte
}

type responseJSON struct {
	Status     *uint64                    `json:"status"`
	Headers    map[string]json.RawMessage `json:"headers"`
	Body       json.RawMessage            `json:"body"`
	BodyBase64 *string                    `json:"body_base64"`
}

// parseResponse reads an output. A JSON object with at least one of status, headers, body and body_base64 is a response; any
// other JSON object or array is a JSON body, and everything else a body of text or bytes.
func parseResponse(output []byte) (*response, error) {
	trimmed := bytes.TrimLeft(output, " \t\r\n")
	if len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') {
		if trimmed[0] == '{' {
			var r responseJSON
			err := json.Unmarshal(trimmed, &r)
			var syntax *json.SyntaxError
			switch {
			case errors.As(err, &syntax):
				return plainResponse(output), nil
			case err != nil:
				return nil, err
			case r.Status != nil || r.Headers != nil || r.Body != nil || r.BodyBase64 != nil:
				return r.response()
			}
			return typed(output, "application/json"), nil
		}
		if json.Valid(trimmed) {
			return typed(output, "application/json"), nil
		}
	}
	return plainResponse(output), nil
}

func plainResponse(output []byte) *response {
	if utf8.Valid(output) {
		return typed(output, "text/plain; charset=utf-8")
	}
	return typed(output, "application/octet-stream")
}

func typed(body []byte, contentType string) *response {
	return &response{abi.HTTPResponse{Status: 200, Headers: abi.Headers{{Name: []byte("content-type"), Value: []byte(contentType)}}}, body}
}

func (j *responseJSON) response() (*response, error) {
	r := new(response)
	if j.Status != nil {
		if *j.Status == 0 {
			return nil, errors.New("status is 0")
		}
		r.head.Status = *j.Status
	}
	var err error
	if r.head.Headers, err = headersOf(j.Headers); err != nil {
		return nil, err
	}
	contentType := ""
	switch {
	case j.BodyBase64 != nil:
		if r.body, err = base64.StdEncoding.DecodeString(*j.BodyBase64); err != nil {
			return nil, fmt.Errorf("body_base64: %w", err)
		}
		contentType = "application/octet-stream"
	case len(j.Body) == 0 || string(j.Body) == "null":
	case j.Body[0] == '"':
		var text string
		if err := json.Unmarshal(j.Body, &text); err != nil {
			return nil, err
		}
		r.body, contentType = []byte(text), "text/plain; charset=utf-8"
	default:
		r.body, contentType = j.Body, "application/json"
	}
	if contentType != "" && !slices.ContainsFunc(r.head.Headers, func(h abi.Header) bool { return bytes.EqualFold(h.Name, []byte("content-type")) }) {
		r.head.Headers = append(r.head.Headers, abi.Header{Name: []byte("content-type"), Value: []byte(contentType)})
	}
	return r, nil
}

// headersOf reads an object whose members are a string or a list of strings; the fields are in the order of their names.
func headersOf(object map[string]json.RawMessage) (abi.Headers, error) {
	var fields abi.Headers
	for _, name := range slices.Sorted(maps.Keys(object)) {
		var values []string
		raw := object[name]
		if len(raw) > 0 && raw[0] == '"' {
			values = []string{""}
			if err := json.Unmarshal(raw, &values[0]); err != nil {
				return nil, err
			}
		} else if err := json.Unmarshal(raw, &values); err != nil {
			return nil, fmt.Errorf("header %q is neither a string nor a list of strings", name)
		}
		for _, v := range values {
			fields = append(fields, abi.Header{Name: []byte(name), Value: []byte(v)})
		}
	}
	return fields, nil
}

// verdict is what a plug-in decides as middleware.
type verdict struct {
	answer   bool
	response *response
	change   abi.MiddlewareResult
}

func parseVerdict(output []byte) (*verdict, error) {
	var j struct {
		Action          string                     `json:"action"`
		Response        *responseJSON              `json:"response"`
		SetHeaders      map[string]json.RawMessage `json:"set_headers"`
		RemoveHeaders   []string                   `json:"remove_headers"`
		Path            string                     `json:"path"`
		ResponseHeaders map[string]json.RawMessage `json:"response_headers"`
	}
	if err := json.Unmarshal(output, &j); err != nil {
		return nil, err
	}
	v := new(verdict)
	var err error
	switch j.Action {
	case "answer":
		if j.Response == nil {
			return nil, errors.New("action answer needs a response")
		}
		v.answer = true
		v.response, err = j.Response.response()
		return v, err
	case "pass", "":
	default:
		return nil, fmt.Errorf("action %q is neither pass nor answer", j.Action)
	}
	v.change = abi.MiddlewareResult{RemoveHeaders: j.RemoveHeaders, Path: j.Path}
	if v.change.SetHeaders, err = headersOf(j.SetHeaders); err == nil {
		v.change.ResponseHeaders, err = headersOf(j.ResponseHeaders)
	}
	return v, err
}
