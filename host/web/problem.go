package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/valyala/fasthttp"
)

// Problem describes an error to a client (RFC 9457). Zero fields are filled in when it is written.
type Problem struct {
	Type     string `json:"type"`               // URI of the kind of problem; default "about:blank"
	Title    string `json:"title"`              // the kind in words; default the status text
	Status   int    `json:"status"`             // HTTP status; default 500
	Detail   string `json:"detail,omitempty"`   // this case in words; left out of 5xx in production
	Instance string `json:"instance,omitempty"` // default "urn:stackhost:request:" and the request id
	Code     string `json:"code,omitempty"`     // stable short name, such as "overloaded"
}

// Problems writes problem documents: application/problem+json, or a page for clients that prefer text/html. The zero value
// is for production. Safe for concurrent use.
type Problems struct {
	// Development shows details of server errors and full error reports.
	Development bool
}

// WriteProblem answers with p as in production.
func WriteProblem(ctx *fasthttp.RequestCtx, p *Problem) { (&Problems{}).Write(ctx, p) }

// Write makes p the response of ctx: status, body and the headers that go with them. Headers set before stay, those that
// describe the replaced body excepted.
func (ps *Problems) Write(ctx *fasthttp.RequestCtx, p *Problem) {
	q := ps.complete(ctx, p)
	prepareError(ctx, q.Status)
	if prefersHTML(ctx) {
		ctx.Response.Header.SetContentType("text/html; charset=utf-8")
		ctx.SetBody(problemPage(&q, Of(ctx).ID))
		return
	}
	ctx.Response.Header.SetContentType("application/problem+json")
	body, err := json.Marshal(&q)
	if err != nil { // a struct of strings and an int always marshals
		body = []byte(`{"type":"about:blank","title":"Internal Server Error","status":500}`)
	}
	ctx.SetBody(body)
}

// WriteError answers with the problem that err stands for: a ProtocolError or body error tells its own, anything else is a
// 500 whose text is shown in development only.
func (ps *Problems) WriteError(ctx *fasthttp.RequestCtx, err error) {
	p := Problem{Status: StatusOf(err), Detail: err.Error(), Code: "internal"}
	var bad *ProtocolError
	if errors.As(err, &bad) {
		p.Detail, p.Code = bad.Detail, bad.Code
	}
	if p.Status != http.StatusInternalServerError && p.Code != "" {
		// After these the rest of the request is not worth reading.
		switch p.Status {
		case http.StatusRequestTimeout, http.StatusRequestEntityTooLarge:
			ctx.Response.SetConnectionClose()
		}
	}
	ps.Write(ctx, &p)
}

func (ps *Problems) complete(ctx *fasthttp.RequestCtx, p *Problem) Problem {
	q := *p
	setDefault(&q.Type, "about:blank")
	setDefault(&q.Status, http.StatusInternalServerError)
	setDefault(&q.Title, fasthttp.StatusMessage(q.Status))
	setDefault(&q.Instance, "urn:stackhost:request:"+Of(ctx).ID)
	if q.Status >= 500 && !ps.Development && q.Code != "overloaded" {
		q.Detail = ""
	}
	return q
}

// prepareError clears what an answer that is being replaced may have left.
func prepareError(ctx *fasthttp.RequestCtx, status int) {
	ctx.Response.ResetBody()
	h := &ctx.Response.Header
	for _, name := range []string{"Content-Encoding", "Content-Range", "Etag", "Last-Modified", "Cache-Control", "Content-Disposition"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	addVary(h, "Accept")
	ctx.SetStatusCode(status)
}

// prefersHTML tells whether the client likes text/html better than JSON (RFC 9110 section 12.5.1). Only a client that says so
// does; "*/*" gets JSON.
func prefersHTML(ctx *fasthttp.RequestCtx) bool {
	accept := ctx.Request.Header.Peek(fasthttp.HeaderAccept)
	if len(accept) == 0 {
		return false
	}
	html, doc := 0, 0
	eachWeighted(accept, func(name []byte, q int) {
		switch {
		case equalFold(name, "text/html"), equalFold(name, "application/xhtml+xml"):
			html = max(html, q)
		case equalFold(name, "application/problem+json"), equalFold(name, "application/json"), equalFold(name, "application/*"):
			doc = max(doc, q)
		}
	})
	return html > doc
}

// statusText is the status with its standard words.
func statusText(status int) string {
	return strconv.Itoa(status) + " " + fasthttp.StatusMessage(status)
}
