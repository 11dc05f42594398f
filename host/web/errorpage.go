package web

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

//go:embed templates
var templateFiles embed.FS

// templates are the two pages, which share a style sheet.
var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"short":  shortDuration,
	"offset": func(n uint64) string { return fmt.Sprintf("0x%x", n) },
	"lines":  excerptLines,
	"share":  callShare,
}).ParseFS(templateFiles, "templates/*.tmpl"))

// problemPage is the page for a problem, for people.
func problemPage(p *Problem, id string) []byte {
	return render("problem.tmpl", struct {
		*Problem
		ID string
	}{p, id})
}

func render(name string, data any) []byte {
	var out bytes.Buffer
	if err := templates.ExecuteTemplate(&out, name, data); err != nil {
		// The templates are tested with every field set and unset; a page is no place to fail a second time.
		return []byte("<!doctype html><title>Error</title><p>The error page could not be made.")
	}
	return out.Bytes()
}

// reportedRequest is the part of the page that is about the request.
type reportedRequest struct {
	ID, Method, Target, Remote, Trace string
	Start                             string
	Took                              time.Duration
	Headers                           []ReportFact
	BodyBytes                         int64
}

// WriteReport answers with the error page in development, and with a problem that tells only the request id in production.
// Clients that do not prefer HTML get a problem document; in development it has the report as a member.
func (ps *Problems) WriteReport(ctx *fasthttp.RequestCtx, report *ErrorReport) {
	setDefault(&report.Status, fasthttp.StatusInternalServerError)
	p := Problem{Status: report.Status, Code: report.Code, Detail: report.Title}
	if report.Message != "" {
		p.Detail += ": " + report.Message
	}
	if !ps.Development {
		p.Detail = ""
		ps.Write(ctx, &p)
		return
	}
	prepareError(ctx, report.Status)
	if prefersHTML(ctx) {
		ctx.Response.Header.SetContentType("text/html; charset=utf-8")
		ctx.SetBody(ps.reportPage(ctx, report))
		return
	}
	ctx.Response.Header.SetContentType("application/problem+json")
	body, err := json.MarshalIndent(struct {
		Problem
		Report *jsonReport `json:"report"`
	}{ps.complete(ctx, &p), newJSONReport(report)}, "", "  ")
	if err != nil { // strings and numbers always marshal
		body = []byte("{}")
	}
	ctx.SetBody(append(body, '\n'))
}

func (ps *Problems) reportPage(ctx *fasthttp.RequestCtx, report *ErrorReport) []byte {
	r := Of(ctx)
	req := reportedRequest{
		ID:        r.ID,
		Method:    string(ctx.Method()),
		Remote:    hostOf(ctx.RemoteAddr()),
		Trace:     r.traceParent,
		Start:     r.Start.Format(time.TimeOnly + ".000"),
		Took:      time.Since(r.Start),
		BodyBytes: BodyLength(ctx),
	}
	path, query := splitTarget(ctx.Request.Header.RequestURI())
	var rec accessRecord
	kept := (&AccessLog{}).keepQuery(&rec, query)
	req.Target = string(path)
	if text := rec.text(kept); text != "" {
		req.Target += "?" + text
	}
	for name, value := range ctx.Request.Header.All() {
		fact := ReportFact{string(name), string(value)}
		if Redacted(fact.Name) {
			fact.Value = string(redacted)
		}
		req.Headers = append(req.Headers, fact)
	}
	return render("report.tmpl", struct {
		*ErrorReport
		StatusText string
		Request    reportedRequest
	}{report, statusText(report.Status), req})
}

// jsonReport is an ErrorReport as a member of a problem document.
type jsonReport struct {
	App      string            `json:"app,omitempty"`
	Module   string            `json:"module,omitempty"`
	Language string            `json:"language,omitempty"`
	Export   string            `json:"export,omitempty"`
	Message  string            `json:"message,omitempty"`
	Hint     string            `json:"hint,omitempty"`
	Frames   []string          `json:"frames,omitempty"`
	Calls    []string          `json:"host_calls,omitempty"`
	Log      []string          `json:"log,omitempty"`
	Facts    map[string]string `json:"facts,omitempty"`
	Output   string            `json:"output,omitempty"`
}

func newJSONReport(r *ErrorReport) *jsonReport {
	j := &jsonReport{
		App: r.App, Module: r.Module, Language: r.Language, Export: r.Export,
		Message: r.Message, Hint: r.Hint, Output: r.Output,
	}
	for _, f := range r.Frames {
		text := f.Function
		if f.Offset != 0 {
			text += fmt.Sprintf(" at 0x%x", f.Offset)
		}
		if f.Source != "" {
			text += " (" + f.Source + ")"
		}
		j.Frames = append(j.Frames, text)
	}
	for _, c := range r.Calls {
		j.Calls = append(j.Calls, strings.TrimSpace(c.Name+" "+c.Detail+" "+shortDuration(c.Took)+" "+c.Code))
	}
	for _, l := range r.Log {
		j.Log = append(j.Log, l.Level+" "+l.Text)
	}
	for _, f := range r.Facts {
		if j.Facts == nil {
			j.Facts = make(map[string]string)
		}
		j.Facts[f.Name] = f.Value
	}
	return j
}

// shortDuration writes a duration with three significant digits.
func shortDuration(d time.Duration) string {
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%.3g s", d.Seconds())
	case d >= time.Millisecond:
		return fmt.Sprintf("%.3g ms", float64(d)/float64(time.Millisecond))
	case d >= time.Microsecond:
		return fmt.Sprintf("%.3g µs", float64(d)/float64(time.Microsecond))
	}
	return fmt.Sprintf("%d ns", d.Nanoseconds())
}

type excerptLine struct {
	Number int
	Text   string
	Failed bool
}

func excerptLines(e *SourceExcerpt) []excerptLine {
	out := make([]excerptLine, len(e.Lines))
	for i, text := range e.Lines {
		out[i] = excerptLine{e.First + i, text, e.First+i == e.Line}
	}
	return out
}

// callShare is how long a host call took compared with the longest, in percent, for the bar below it; 0 when that would be
// too short to see.
func callShare(calls []ReportHostCall, took time.Duration) int {
	longest := time.Duration(1)
	for _, c := range calls {
		longest = max(longest, c.Took)
	}
	if share := int(100 * took / longest); share >= 3 {
		return share
	}
	return 0
}
