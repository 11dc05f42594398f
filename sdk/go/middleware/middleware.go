// Package middleware makes a module look at requests before their handlers, which may be modules in other languages.
// Importing it adds the middleware trigger to the module:
//
//	func init() {
//		middleware.Handle(func(r *stackhost.Request) (*middleware.Result, error) {
//			if r.Header("authorization") == "" {
//				return nil, stackhost.Fail(401, "sign in first")
//			}
//			return middleware.Pass().SetHeader("x-user", "ada"), nil
//		})
//	}
//
// To wrap handlers of the same module, stackhost.Use is simpler.
package middleware

import (
	stackhost "github.com/stackhost/stackhost/sdk/go"
	"github.com/stackhost/stackhost/sdk/go/internal/bridge"
	"github.com/stackhost/stackhost/sdk/go/internal/wire"
)

// Handler decides about a request. A nil Result passes it on unchanged. A *stackhost.Problem answers it; other errors
// answer it with the status of their code, or 500 and a log record.
type Handler func(r *stackhost.Request) (*Result, error)

// Result is a decision: Pass or Answer, with changes to what the handler sees and to what the client gets.
type Result struct {
	rec    wire.MiddlewareResult
	answer []byte
}

// Pass lets the request go on to its handler.
func Pass() *Result { return new(Result) }

// Answer answers the request in place of its handler. write fills the response, which cannot be streamed.
func Answer(write func(w *stackhost.Response)) *Result {
	w := bridge.NewResponse().(*stackhost.Response)
	write(w)
	return &Result{rec: wire.MiddlewareResult{Action: wire.MiddlewareActionAnswer}, answer: bridge.Record(w)}
}

// SetHeader sets a header of the request that the handler will see, replacing all of its name.
func (d *Result) SetHeader(name, value string) *Result {
	d.rec.SetHeaders.AddHeader(name, value)
	return d
}

// RemoveHeader removes a header from the request that the handler will see.
func (d *Result) RemoveHeader(name string) *Result {
	d.rec.RemoveHeaders = append(d.rec.RemoveHeaders, name)
	return d
}

// Rewrite gives the handler another path, percent-encoded. The route stays the one that matched.
func (d *Result) Rewrite(path string) *Result {
	d.rec.Path = path
	return d
}

// SetResponseHeader sets a header of the response that the handler will give.
func (d *Result) SetResponseHeader(name, value string) *Result {
	d.rec.ResponseHeaders.AddHeader(name, value)
	return d
}

var handler Handler

// Handle sets the module's middleware. A second one panics, which refuses the module when it boots.
func Handle(h Handler) {
	if handler != nil {
		panic("stackhost: a module has one middleware")
	}
	handler = h
}

// serve runs a request record through the middleware. It returns the result record, nil to pass the request on
// unchanged, or a code.
func serve(record []byte) ([]byte, int64) {
	r, ok := bridge.Request(record)
	if !ok {
		return nil, int64(stackhost.CodeInvalid)
	}
	if handler == nil {
		return nil, 0
	}
	d, err := handler(r.(*stackhost.Request))
	if p, ok := err.(*stackhost.Problem); ok {
		d, err = Answer(func(w *stackhost.Response) { bridge.Problem(w, p) }), nil
	}
	if err != nil {
		return nil, bridge.Failed("middleware", err)
	}
	if d == nil {
		return nil, 0
	}
	if d.answer != nil {
		if err := d.rec.Response.Decode(d.answer); err != nil {
			return nil, int64(stackhost.CodeInternal)
		}
	}
	return d.rec.Append(make([]byte, 0, 256+len(d.answer))), 0
}

func init() { bridge.Middleware = serve }
