package host

import (
	"log/slog"
	"strings"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/web"
	"github.com/valyala/fasthttp"
)

// notes are what a request's guest did, kept in development for the error page. One goroutine at a time.
type notes struct {
	calls []web.ReportHostCall
	lines []web.ReportLogLine
}

type notesKey struct{}

// mostNotes bounds each list; the newest are kept.
const mostNotes = 100

func notesOf(ctx *fasthttp.RequestCtx) *notes {
	n, ok := ctx.UserValue(notesKey{}).(*notes)
	if !ok {
		n = new(notes)
		ctx.SetUserValue(notesKey{}, n)
	}
	return n
}

func (n *notes) call(name string, took time.Duration, code abi.Code) {
	text := ""
	if code != 0 {
		text = code.String()
	}
	n.calls = newest(append(n.calls, web.ReportHostCall{Name: name, Took: took, Code: text}))
}

func (n *notes) log(at time.Duration, level slog.Level, text string) {
	n.lines = newest(append(n.lines, web.ReportLogLine{At: at, Level: strings.ToLower(level.String()), Text: text}))
}

func newest[T any](list []T) []T {
	if len(list) > mostNotes {
		return list[len(list)-mostNotes:]
	}
	return list
}
