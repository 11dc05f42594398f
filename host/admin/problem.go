package admin

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/web"
	"github.com/stackhost/stackhost/raftstore"
	"github.com/valyala/fasthttp"
)

const problemMedia = "application/problem+json"

// Problem is why an operation was refused (RFC 9457). It is an error, so that handlers can return one.
type Problem struct {
	Type     string `json:"type" doc:"about:blank: title and status say what kind it is"`
	Title    string `json:"title" doc:"the status in words"`
	Status   int    `json:"status" doc:"the HTTP status"`
	Detail   string `json:"detail,omitempty" doc:"what is wrong, and what to do"`
	Instance string `json:"instance,omitempty" doc:"urn:stackhost:request: and the request's id, which is in the node's records too"`
	Code     string `json:"code" doc:"stable short name, such as not_found, conflict, unavailable"`
	// Outcome is "unknown" when the command may have been, or may still be, done.
	Outcome string `json:"outcome,omitempty" doc:"unknown: the write may have been done; the same session and sequence tell"`
	// Version is the present version of what a condition was about.
	Version uint64 `json:"version,omitempty" doc:"after a failed condition: the present version, when there is one"`
}

// Error is the detail.
func (p *Problem) Error() string { return p.Detail }

// problemOf says what a handler's error means to a client.
func problemOf(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	var refused *web.ProtocolError
	if errors.As(err, &refused) {
		return &Problem{Status: refused.Status, Code: refused.Code, Detail: refused.Detail}
	}
	p = &Problem{Status: 500, Code: abi.CodeInternal.String(), Detail: err.Error()}
	var coded *abi.Error
	switch {
	case errors.As(err, &coded):
		p.Status, p.Code = coded.Code.Status(), coded.Code.String()
		if coded.Code == abi.CodeClosed {
			p.Status = 410
		}
	case errors.Is(err, context.DeadlineExceeded):
		p.Status, p.Code = 504, abi.CodeDeadline.String()
		p.Detail = "the node could not finish in the time allowed"
	case errors.Is(err, context.Canceled):
		p.Status, p.Code = 503, abi.CodeUnavailable.String()
		p.Detail = "the node is stopping; ask another one"
	}
	if raftstore.OutcomeUnknown(err) {
		p.Outcome = "unknown"
	}
	return p
}

// write makes p the response.
func (p *Problem) write(ctx *fasthttp.RequestCtx) {
	q := *p
	q.Type, q.Title = "about:blank", fasthttp.StatusMessage(q.Status)
	q.Instance = "urn:stackhost:request:" + web.Of(ctx).ID
	ctx.Response.ResetBody()
	h := &ctx.Response.Header
	for _, name := range []string{"Etag", "Content-Encoding", SHA256Header} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	if q.Status == 503 && len(h.Peek("Retry-After")) == 0 {
		h.Set("Retry-After", "1")
	}
	ctx.SetStatusCode(q.Status)
	h.SetContentType(problemMedia)
	body, err := json.Marshal(&q)
	if err != nil { // strings and numbers always marshal
		body = []byte(`{"status":500}`)
	}
	ctx.SetBody(body)
}
