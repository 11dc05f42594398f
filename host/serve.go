package host

import (
	"bytes"
	"log/slog"
	"strings"
	"time"
	"unsafe"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/dialect"
	"github.com/stackhost/stackhost/host/exchange"
	"github.com/stackhost/stackhost/host/runtime"
	"github.com/stackhost/stackhost/host/web"
	"github.com/stackhost/stackhost/router"
	"github.com/valyala/fasthttp"
)

// view is b as a string without a copy, for look-ups.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func (h *Host) handle(ctx *fasthttp.RequestCtx) {
	if h.cfg.Intercept != nil && h.cfg.Intercept(ctx) {
		return
	}
	x := exchange.Acquire(ctx)
	defer x.Release()
	for {
		s := h.serving.Load()
		if s == nil || len(s.apps) == 0 {
			h.problems.Write(ctx, &web.Problem{Status: 503, Title: "No app is deployed", Code: "no-app"})
			return
		}
		a, chosen, m := s.match(ctx, &x.Wildcards)
		at := &chosen.d.slots[ctx.ConnID()%slots]
		if chosen.d.enter(at) {
			defer chosen.d.leave(at)
			h.answerBy(a, chosen, m, x)
			return
		}
	}
}

// answerBy answers a request by the version that was chosen for it.
func (h *Host) answerBy(a *served, chosen *share, m router.Match, x *exchange.Exchange) {
	if len(a.shares) > 1 {
		a.keepCanary(x.Ctx, x.AddLater)
	}
	failed := h.dispatch(chosen.d, m, x)
	if h.cfg.Reload != "" && !x.Responded() {
		addScript(x.Ctx, h.cfg.Reload)
	}
	if a.serial != 0 {
		chosen.requests.Add(1)
		if failed || x.Ctx.Response.StatusCode() >= 500 {
			chosen.failures.Add(1)
		}
	}
}

// bodyLimit is the limit of the route that a request leads to, for the front to refuse a longer body unread.
func (h *Host) bodyLimit(ctx *fasthttp.RequestCtx) int64 {
	s := h.serving.Load()
	if s == nil || len(s.apps) == 0 {
		return 0
	}
	var params router.Params
	_, _, m := s.match(ctx, &params)
	if m.Outcome != router.Found {
		return 0
	}
	return m.Route.Value.(*target).body
}

// dispatch answers a request that was matched with the table of d. It returns whether a module failed, in whatever way.
func (h *Host) dispatch(d *deployment, m router.Match, x *exchange.Exchange) (failed bool) {
	ctx := x.Ctx
	path := ctx.URI().PathOriginal()
	switch m.Outcome {
	case router.NotFound:
		h.problems.NotFound(ctx)
		return false
	case router.MethodNotAllowed:
		h.problems.MethodNotAllowed(ctx, m.Allow)
		return false
	case router.Redirect:
		h.redirect(ctx, m.Location, fasthttp.StatusPermanentRedirect)
		return false
	}
	t := m.Route.Value.(*target)
	request := web.Of(ctx)
	request.Route = t.Pattern
	request.Module = t.Module
	if t.Redirect != nil {
		h.redirect(ctx, t.Redirect.Location(x.Wildcards.All()), t.Redirect.Status)
		return false
	}
	if t.files != nil && len(t.middleware) == 0 {
		t.files(ctx)
		x.ApplyLaterHeaders()
		return false
	}
	h.fill(x, t, request, path)
	if err := h.readBody(x, t); err != nil {
		h.problems.WriteError(ctx, err)
		return false
	}
	for i, mw := range t.middleware {
		verdict, err := h.middleware(mw, x)
		if err != nil {
			return i == 0 && h.overflow(x, err) || h.fail(x, d, mw, err)
		}
		if verdict == dialect.Answered {
			x.ApplyLaterHeaders()
			return false
		}
	}
	if t.files != nil {
		t.files(ctx)
		x.ApplyLaterHeaders()
		return false
	}
	if t.loaded.err != nil {
		return h.fail(x, d, t.loaded, t.loaded.err)
	}
	if err := t.loaded.guest.HTTP(x); err != nil {
		return len(t.middleware) == 0 && h.overflow(x, err) || h.fail(x, d, t.loaded, err)
	}
	if !x.Responded() {
		x.ApplyLaterHeaders()
	}
	return false
}

func (h *Host) fill(x *exchange.Exchange, t *target, request *web.Request, path []byte) {
	ctx := x.Ctx
	x.Route, x.Params = t.Pattern, x.Wildcards.All()
	x.ID, x.TraceParent = request.ID, request.TraceParent(ctx)
	x.Scheme = "http"
	if ctx.IsTLS() {
		x.Scheme = "https"
	}
	x.Remote = ctx.RemoteIP().String()
	x.Path, x.Query = path, ctx.URI().QueryString()
	x.Start = request.Start
	x.Deadline = x.Start.Add(t.time)
	if h.cfg.Development {
		x.HostCalls = func(name string, took time.Duration, code abi.Code) { notesOf(ctx).call(name, took, code) }
		x.Logged = func(level slog.Level, text string) { notesOf(ctx).log(time.Since(x.Start), level, text) }
	}
}

// readBody reads a short body now, so that it travels inside the request record; a long one is read by the guest.
func (h *Host) readBody(x *exchange.Exchange, t *target) error {
	x.BodyLength = web.BodyLength(x.Ctx)
	if x.BodyLength == 0 {
		return nil
	}
	defer func() { x.Deadline = time.Now().Add(t.time) }() // an upload's time is bounded by the front
	if err := web.SetBodyLimit(x.Ctx, t.body); err != nil {
		return err
	}
	if x.BodyLength < 0 || x.BodyLength > abi.LimitInlineBodyBytes {
		x.BodyStream = web.BodyReader(x.Ctx)
		return nil
	}
	var err error
	x.Body, err = web.ReadBody(x.Ctx, x.Body[:0])
	return err
}

func (h *Host) middleware(mw *loaded, x *exchange.Exchange) (dialect.Verdict, error) {
	if mw.err != nil {
		return dialect.Pass, mw.err
	}
	return mw.guest.Middleware(x)
}

// redirect sends the client to location with the query it came with.
func (h *Host) redirect(ctx *fasthttp.RequestCtx, location string, status int) {
	if query := ctx.URI().QueryString(); len(query) > 0 && !strings.Contains(location, "?") {
		location += "?" + string(query)
	}
	web.SendRedirect(ctx, []byte(location), status)
}

// overflow lets somebody else answer when nothing has begun because all instances are busy. This node failed, so it counts as one.
func (h *Host) overflow(x *exchange.Exchange, err error) bool {
	return h.cfg.Overflow != nil && err == runtime.ErrBusy && x.BodyStream == nil && h.cfg.Overflow(x.Ctx, x.Body)
}

// fail answers for an error of a module. It returns true unless the client is to blame.
func (h *Host) fail(x *exchange.Exchange, d *deployment, l *loaded, err error) (failed bool) {
	h.record(x.Ctx, l, err)
	h.answer(x, d, l, err)
	return judge(err).status >= 500
}

// addScript lets a page reload itself in development. Browsers take a script after the end of the document for a part of its body.
func addScript(ctx *fasthttp.RequestCtx, path string) {
	r := &ctx.Response
	if r.IsBodyStream() || r.StatusCode() == fasthttp.StatusNotModified || len(r.Header.ContentEncoding()) > 0 ||
		!strings.HasPrefix(view(r.Header.ContentType()), "text/html") || ctx.IsHead() {
		return
	}
	if bytes.Contains(r.Body(), []byte(path)) { // the error page has it already
		return
	}
	r.AppendBodyString("<script src=\"" + path + "\"></script>")
}
