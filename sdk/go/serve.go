package stackhost

import (
	"github.com/stackhost/stackhost/sdk/go/internal/bridge"
	"github.com/stackhost/stackhost/sdk/go/internal/wire"
)

// exchange is a request with its answer.
type exchange struct {
	req Request
	res Response
}

// state is everything of the SDK that a call changes, in one place, so that a small exchange dirties one page of memory and
// its restore copies one page. It is on the heap because only there it begins on a page boundary.
type state struct {
	// first serves the first call that this memory sees, which in pristine isolation is every call. Later ones, in modules
	// that keep their memory, get structures of their own, so strings that a handler kept stay what they were.
	first   exchange
	calls   int
	current call
	// area is where the host writes requests and where answers to them are built, one behind the other.
	area [64 << 10]byte
}

var st = new(state)

// alloc returns room for a record of n bytes.
func alloc(n int) []byte {
	if st.calls == 0 && n <= len(st.area)/2 {
		return st.area[:n]
	}
	return make([]byte, n)
}

// begin prepares for the call whose record is given.
func begin(record []byte) *exchange {
	x := &st.first
	var out []byte
	switch {
	case st.calls > 0:
		x = new(exchange)
	case len(record) > 0 && &record[0] == &st.area[0]:
		out = st.area[(len(record)+7)&^7:]
	default:
		out = st.area[:]
	}
	st.calls++
	x.res.reset(out)
	return x
}

// decode makes r the request of a record, and starts the call that it is part of.
func (r *Request) decode(record []byte) bool {
	r.raw = record
	if r.n = wire.Index(record, r.at[:]); r.n < 0 {
		r.n = 0
		return false
	}
	startCall(r.Random(), 0, r)
	return true
}

// serveHTTP runs a request record through the module's handlers. It returns the response record, nil when the answer has
// left as a stream, or a code.
func serveHTTP(record []byte) ([]byte, Code) {
	x := begin(record)
	if !x.req.decode(record) {
		return nil, CodeInvalid
	}
	var err error
	if all != nil {
		err = all(&x.res, &x.req)
	} else {
		err = defaultMux.Serve(&x.res, &x.req)
	}
	if err == nil {
		var out []byte
		if out, err = x.res.finish(); err == nil {
			return out, 0
		}
	}
	return x.failed(err)
}

// failed turns a handler's error into an answer.
func (x *exchange) failed(err error) ([]byte, Code) {
	w := &x.res
	if w.stream != 0 { // the head has left: all that is left is to break off
		Log(LevelError, "handler failed while streaming", "error", err)
		if e, ok := err.(*Error); ok {
			return nil, e.Code
		}
		return nil, CodeGuest
	}
	switch e := err.(type) {
	case *Problem:
		w.problem(e)
		out, _ := w.finish()
		return out, 0
	case *Error:
		if e.Code < 0 {
			if e.Text != "" {
				Log(LevelWarn, "handler failed", "error", e)
			}
			return nil, e.Code
		}
	}
	Log(LevelError, "handler failed", "error", err)
	return nil, CodeGuest
}

// problem replaces what was written by an RFC 9457 problem document. An Allow header stays.
func (w *Response) problem(p *Problem) {
	r := wire.NewReader(w.buf[headBytes:])
	allow := ""
	for range w.fields {
		if n, v := r.Str(), r.Str(); n == "allow" {
			allow = string([]byte(v))
		}
	}
	w.reset(w.buf)
	if allow != "" {
		w.Add("allow", allow)
	}
	w.Status(p.Status)
	w.Add("content-type", "application/problem+json")
	title := p.Title
	if title == "" {
		title = reason(p.Status)
	}
	w.WriteString(`{"type":"about:blank","title":`)
	w.Write(appendJSONString(nil, title))
	w.WriteString(`,"status":`)
	w.Write(appendInt(nil, int64(p.Status)))
	if p.Detail != "" {
		w.WriteString(`,"detail":`)
		w.Write(appendJSONString(nil, p.Detail))
	}
	w.WriteString("}")
}

// Booted describes the module to functions given to OnBoot.
type Booted struct{ App, Module string }

var onBoot []func(Booted) error

// OnBoot registers a function that runs once, when the module is loaded and before its memory is snapshotted: fill caches
// and build tables there. Config and Secret work in it. An error refuses the module.
func OnBoot(f func(Booted) error) { onBoot = append(onBoot, f) }

// boot runs the boot functions and then the SDK's own code, so that what it allocates once is in the snapshot.
func boot(record []byte) Code {
	var b wire.BootRequest
	if b.Decode(record) != nil {
		return CodeInvalid
	}
	for _, f := range onBoot {
		if err := f(Booted{App: b.App, Module: b.Module}); err != nil {
			Log(LevelError, "boot failed", "error", err)
			if e, ok := err.(*Error); ok && e.Code < 0 {
				return e.Code
			}
			return CodeGuest
		}
	}
	warm()
	return 0
}

func init() {
	bridge.HTTP = func(record []byte) ([]byte, int64) { out, c := serveHTTP(record); return out, int64(c) }
	bridge.Boot = func(record []byte) int64 { return int64(boot(record)) }
	bridge.Reset = func() { st.calls = 0; st.first = exchange{} }
	bridge.Request = func(record []byte) (any, bool) {
		x := begin(record)
		return &x.req, x.req.decode(record)
	}
	bridge.Start = func(random []byte, micros uint64) { st.calls++; startCall(random, int64(micros), nil) }
	bridge.Record = func(w any) []byte { return w.(*Response).record() }
	bridge.NewResponse = func() any { w := new(Response); w.reset(nil); return w }
	bridge.Problem = func(w any, p error) { w.(*Response).problem(p.(*Problem)) }
	bridge.HostError = func(code int64) error { return hostError(code) }
	bridge.Failed = func(what string, err error) int64 {
		if e, ok := err.(*Error); ok && e.Code < 0 {
			return int64(e.Code)
		}
		Log(LevelError, what+" failed", "error", err)
		return int64(CodeGuest)
	}
}
