package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/dialect"
	"github.com/stackhost/stackhost/host/engine"
	"github.com/stackhost/stackhost/host/exchange"
	"github.com/stackhost/stackhost/host/runtime"
	"github.com/stackhost/stackhost/host/web"
	"github.com/valyala/fasthttp"
)

// verdict is what an error of a module means to a client.
type verdict struct {
	status int
	code   string // short name for programs
	title  string
	hint   string // for the author
	shown  bool   // the title may be shown to clients in production
}

// judge finds the verdict on an error. The order matters: an error may be several of these.
func judge(err error) verdict {
	var missing *engine.MissingError
	var trap *runtime.Trap
	var code *dialect.CodeError
	var coded *abi.Error
	var protocol *dialect.ProtocolError
	switch {
	case errors.As(err, &missing):
		return verdict{503, "engine-missing", fmt.Sprintf("The %s engine is not installed; run `%s`", missing.Engine.Name, missing.Command()), "", true}
	case errors.Is(err, runtime.ErrClosed):
		return verdict{503, "stopping", "The host is stopping", "", true}
	case errors.Is(err, runtime.ErrBusy):
		return verdict{503, "busy", "The module is busy", "raise limits.concurrency or limits.wait, or make the handler faster", true}
	case errors.Is(err, runtime.ErrDeadline), errors.Is(err, context.DeadlineExceeded):
		return verdict{504, "deadline", "The module took too long", "raise limits.time, or let the handler do less", true}
	case errors.Is(err, runtime.ErrCancelled), errors.Is(err, context.Canceled):
		return verdict{499, "cancelled", "The client went away", "", true}
	case errors.As(err, &trap):
		return trapVerdict(trap)
	case errors.As(err, &code):
		return verdict{code.Code.Status(), code.Code.String(), "The module answered with code " + code.Code.String(), code.Code.Doc(), code.Code.Status() < 500}
	case errors.As(err, &protocol):
		return verdict{500, "abi", "The module broke the ABI", "see docs/abi.md; `stackhost conformance guest` finds such mistakes", false}
	case errors.As(err, &coded):
		return verdict{500, coded.Code.String(), "The module's answer was refused", "", false}
	}
	return verdict{500, "internal", "The module failed", "", false}
}

func trapVerdict(t *runtime.Trap) verdict {
	titles := map[runtime.TrapKind][2]string{
		runtime.TrapUnreachable: {"The module gave up", "a panic, an abort or a failed assertion; the log has what it said"},
		runtime.TrapMemory:      {"The module reached outside its memory", "a bad pointer or index"},
		runtime.TrapArithmetic:  {"The module divided by zero or overflowed", ""},
		runtime.TrapTable:       {"The module made a bad indirect call", "a function pointer of another type, or a null one"},
		runtime.TrapStack:       {"The module's calls are nested too deeply", "an endless recursion, or limits.stack is too small"},
		runtime.TrapException:   {"The module threw an exception that nothing caught", ""},
		runtime.TrapExit:        {"The module ended itself", "handlers must return instead of calling exit"},
		runtime.TrapMemoryLimit: {"The module used up its memory", "raise limits.memory, or keep less"},
		runtime.TrapFuel:        {"The module used up its fuel", "raise limits.fuel, or let the handler do less"},
		runtime.TrapHostCalls:   {"The module made too many host calls", "raise limits.host_calls, or call the host less often"},
	}
	if known, ok := titles[t.Kind]; ok {
		return verdict{500, string(t.Kind), known[0], known[1], false}
	}
	return verdict{500, string(t.Kind), "The module was stopped", "", false}
}

// record writes what happened, under the request's id.
func (h *Host) record(ctx *fasthttp.RequestCtx, l *loaded, err error) {
	v := judge(err)
	request := web.Of(ctx)
	request.Outcome = v.code
	level := slog.LevelError
	if v.status < 500 || v.status == 503 {
		level = slog.LevelInfo
	}
	attrs := []slog.Attr{slog.String("request", request.ID), slog.String("module", l.module.Name), slog.String("outcome", v.code), slog.String("error", err.Error())}
	var trap *runtime.Trap
	if errors.As(err, &trap) {
		names := make([]string, len(trap.Frames))
		for i, f := range trap.Frames {
			names[i] = f.Function
		}
		attrs = append(attrs, slog.String("export", trap.Export), slog.Any("backtrace", names))
	}
	h.log.LogAttrs(context.Background(), level, "module failed", attrs...)
}

// answer writes the problem, unless the response is already on its way: then it is cut off, so that the client can tell.
func (h *Host) answer(x *exchange.Exchange, d *deployment, l *loaded, err error) {
	if x.Responded() {
		x.Abort()
		return
	}
	ctx, v := x.Ctx, judge(err)
	if v.status == 503 {
		ctx.Response.Header.Set("Retry-After", strconv.Itoa(1))
	}
	if v.status < 500 || v.shown && !h.cfg.Development || v.code == "engine-missing" {
		problem := &web.Problem{Status: v.status, Code: v.code}
		var code *dialect.CodeError
		switch {
		case errors.As(err, &code):
			problem.Detail = code.Text
		case v.shown:
			problem.Title, problem.Detail = v.title, v.title
		}
		h.problems.Write(ctx, problem)
		return
	}
	h.problems.WriteReport(ctx, h.report(ctx, d, l, err, v))
}

func (h *Host) report(ctx *fasthttp.RequestCtx, d *deployment, l *loaded, err error, v verdict) *web.ErrorReport {
	r := &web.ErrorReport{
		Status: v.status, Title: v.title, Code: v.code, Message: err.Error(), Hint: v.hint, App: d.app.Name, Module: l.module.Name,
		Language: l.module.Language, Calls: notesOf(ctx).calls, Log: notesOf(ctx).lines, Script: h.cfg.Reload,
	}
	if l.module.Engine != "" {
		r.Language = l.module.Engine
	}
	if l.guest != nil {
		info := l.guest.Module().Info()
		limits := l.guest.Module().Limits()
		r.Digest = info.Digest
		r.Facts = []web.ReportFact{
			{Name: "isolation", Value: string(l.guest.Module().Isolation())},
			{Name: "time limit", Value: limits.Time.String()},
			{Name: "memory limit", Value: fmt.Sprintf("%d MiB", limits.MemoryBytes>>20)},
		}
	}
	var trap *runtime.Trap
	if errors.As(err, &trap) {
		r.Export, r.Message = trap.Export, trap.Message
		for _, f := range trap.Frames {
			r.Frames = append(r.Frames, web.ReportFrame{Function: f.Function})
		}
	}
	return r
}
