package web

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// AccessConfig describes an AccessLog.
type AccessConfig struct {
	// Log receives one record per request, message "request". Required.
	Log *slog.Logger
	// Level of the records. Default slog.LevelInfo, which is its zero value.
	Level slog.Level
	// Sample is the share of requests to record, above 0 up to 1. Answers of 500 and above are always recorded. Default 1.
	Sample float64
	// Queue bounds the records waiting to be written. When it is full, records are dropped and counted. Default 4,096.
	Queue int
	// RedactQuery names query parameters whose values are replaced, in addition to the built-in list (token, key, password,
	// secret, signature and their like). Lower case.
	RedactQuery []string
	// Headers names request fields to record, lower case, such as "referer". Authorization, Cookie and other fields that
	// carry credentials are recorded as "[redacted]" whatever is asked.
	Headers []string
}

// AccessLog writes access records from a goroutine of its own, so that a slow disk never delays an answer. Safe for concurrent
// use. A nil AccessLog records nothing.
type AccessLog struct {
	cfg     AccessConfig
	redact  map[string]bool
	queue   chan *accessRecord
	done    chan struct{}
	dropped atomic.Int64
	sample  uint64 // of 2^32
	mu      sync.RWMutex
	closed  bool // guarded by mu
}

// accessRecord is one record on its way. Its byte slices share buf.
type accessRecord struct {
	time                       time.Time
	took                       time.Duration
	buf                        []byte
	method, path, query, agent span
	values                     []span // of AccessConfig.Headers
	status                     int
	in, out                    int64
	id, route, module, outcome string
	trace, remote, scheme      string
	streamed                   bool
}

type span struct{ from, to int }

var recordPool = sync.Pool{New: func() any { return new(accessRecord) }}

// NewAccessLog starts an AccessLog. Close ends it.
func NewAccessLog(cfg AccessConfig) *AccessLog {
	setDefault(&cfg.Sample, 1)
	setDefault(&cfg.Queue, 4096)
	a := &AccessLog{
		cfg:    cfg,
		redact: make(map[string]bool),
		queue:  make(chan *accessRecord, cfg.Queue),
		done:   make(chan struct{}),
		sample: uint64(min(max(cfg.Sample, 0), 1) * (1 << 32)),
	}
	for _, name := range cfg.RedactQuery {
		a.redact[name] = true
	}
	go a.write()
	return a
}

// Dropped returns how many records were dropped because the queue was full.
func (a *AccessLog) Dropped() int64 {
	if a == nil {
		return 0
	}
	return a.dropped.Load()
}

// Close writes what is queued and ends the AccessLog. Later records are dropped.
func (a *AccessLog) Close() error {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	if !a.closed {
		a.closed = true
		close(a.queue)
	}
	a.mu.Unlock()
	<-a.done
	return nil
}

// note takes down what must be read while the request is there. emit completes it when the answer has been written.
func (a *AccessLog) note(ctx *fasthttp.RequestCtx, c *conn) {
	if a == nil {
		return
	}
	status := ctx.Response.StatusCode()
	r := &c.request
	if r.stream != nil {
		status = r.stream.status
	}
	if a.sample < 1<<32 && status < 500 && uint64(rand.Uint32()) >= a.sample {
		return
	}
	h := &ctx.Request.Header
	rec := recordPool.Get().(*accessRecord)
	*rec = accessRecord{
		time: r.Start, buf: rec.buf[:0], values: rec.values[:0], status: status,
		id: r.ID, route: r.Route, module: r.Module, outcome: r.Outcome,
		remote: c.remote(), scheme: "http", in: c.framer.body, out: -1,
	}
	if c.server.tls != nil {
		rec.scheme = "https"
	}
	if r.traced {
		rec.trace = r.traceParent[3:35]
	} else if t, ok := ParseTraceParent(h.Peek("Traceparent")); ok {
		rec.trace = t.String()[3:35]
	}
	target := h.RequestURI()
	path, query := splitTarget(target)
	rec.method = rec.keep(h.Method(), 32)
	rec.path = rec.keep(path, 1024)
	rec.query = a.keepQuery(rec, query)
	rec.agent = rec.keep(h.UserAgent(), 256)
	for _, name := range a.cfg.Headers {
		if secretHeader(name) && len(h.Peek(name)) > 0 {
			rec.values = append(rec.values, rec.keep(redacted, 16))
		} else {
			rec.values = append(rec.values, rec.keep(h.Peek(name), 512))
		}
	}
	if r.stream == nil && !ctx.Response.IsBodyStream() && !ctx.IsHead() {
		rec.out = int64(len(ctx.Response.Body()))
	}
	if c.record != nil { // an answer to a request that fasthttp gave up before
		recordPool.Put(c.record)
	}
	c.record = rec
}

// emit queues the record of the request that has just been answered.
func (a *AccessLog) emit(c *conn) {
	rec := c.record
	c.record = nil
	rec.took = time.Since(rec.time)
	if rec.out < 0 {
		rec.out = c.written - c.request.written
		rec.streamed = true
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	if !a.closed {
		select {
		case a.queue <- rec:
			return
		default:
		}
	}
	a.dropped.Add(1)
	recordPool.Put(rec)
}

// write is the goroutine that hands records to the slog handler.
func (a *AccessLog) write() {
	defer close(a.done)
	handler := a.cfg.Log.Handler()
	ctx := context.Background()
	var reported int64
	for rec := range a.queue {
		if handler.Enabled(ctx, a.cfg.Level) {
			out := slog.NewRecord(rec.time.Add(rec.took), a.cfg.Level, "request", 0)
			rec.attributes(&out, a.cfg.Headers)
			handler.Handle(ctx, out) // there is nobody to tell that writing records fails
		}
		recordPool.Put(rec)
		if n := a.dropped.Load(); n > reported && len(a.queue) == 0 {
			a.cfg.Log.Warn("access records dropped", "count", n-reported)
			reported = n
		}
	}
	if n := a.dropped.Load(); n > reported {
		a.cfg.Log.Warn("access records dropped", "count", n-reported)
	}
}

func (rec *accessRecord) attributes(out *slog.Record, headers []string) {
	out.AddAttrs(
		slog.String("request_id", rec.id),
		slog.String("method", rec.text(rec.method)),
		slog.String("path", rec.text(rec.path)),
		slog.Int("status", rec.status),
		slog.Duration("duration", rec.took),
		slog.Int64("bytes_in", rec.in),
		slog.Int64("bytes_out", rec.out),
		slog.String("remote", rec.remote),
		slog.String("scheme", rec.scheme),
	)
	optional := []struct{ name, value string }{
		{"query", rec.text(rec.query)}, {"route", rec.route}, {"module", rec.module}, {"outcome", rec.outcome},
		{"trace_id", rec.trace}, {"user_agent", rec.text(rec.agent)},
	}
	for _, o := range optional {
		if o.value != "" {
			out.AddAttrs(slog.String(o.name, o.value))
		}
	}
	if rec.streamed {
		out.AddAttrs(slog.Bool("streamed", true))
	}
	for i, v := range rec.values {
		if v.to > v.from {
			out.AddAttrs(slog.String("header."+headers[i], rec.text(v)))
		}
	}
}

func (rec *accessRecord) text(s span) string { return string(rec.buf[s.from:s.to]) }

// keep copies at most limit bytes of b.
func (rec *accessRecord) keep(b []byte, limit int) span {
	from := len(rec.buf)
	rec.buf = append(rec.buf, b[:min(len(b), limit)]...)
	return span{from, len(rec.buf)}
}

// remote is the client's address without its port, made once per connection.
func (c *conn) remote() string {
	if c.address == "" {
		c.address = hostOf(c.RemoteAddr())
	}
	return c.address
}
