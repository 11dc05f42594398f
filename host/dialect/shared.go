package dialect

import (
	"bytes"
	"context"
	"log/slog"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/exchange"
)

// LogOutput writes what a guest printed to standard output (fd 1) or error (fd 2) as records, one for each line.
func LogOutput(log *slog.Logger, fd int, p []byte) {
	level := slog.LevelInfo
	if fd == 2 {
		level = slog.LevelWarn
	}
	for line := range bytes.Lines(p) {
		if line = bytes.TrimRight(line, "\r\n"); len(line) > 0 {
			log.LogAttrs(context.Background(), level, string(line), slog.Int("fd", fd))
		}
	}
}

// ApplyMiddleware makes the changes to x that a middleware asked for.
func ApplyMiddleware(x *exchange.Exchange, v *abi.MiddlewareResult) error {
	for _, h := range v.SetHeaders {
		if !exchange.ValidHeader(h.Name, h.Value) {
			return abi.Errorf(abi.CodeInvalid, "middleware: request header %q cannot be set", h.Name)
		}
		x.SetHeader(h.Name, h.Value)
	}
	for _, name := range v.RemoveHeaders {
		x.RemoveHeader([]byte(name))
	}
	if v.Path != "" {
		if v.Path[0] != '/' {
			return abi.Errorf(abi.CodeInvalid, "middleware: the new path %q does not begin with /", v.Path)
		}
		x.Path = []byte(v.Path)
	}
	for _, h := range v.ResponseHeaders {
		if !exchange.ValidHeader(h.Name, h.Value) {
			return abi.Errorf(abi.CodeInvalid, "middleware: response header %q cannot be set", h.Name)
		}
		x.AddLater(h.Name, h.Value)
	}
	return nil
}

// StampJob fills in what each attempt of a job brings: time left, time and unpredictable bytes.
func StampJob(job *abi.JobRequest, deadline time.Time, seed *[abi.LimitRandomBytes]byte) {
	now := time.Now()
	if job.Attempt == 0 {
		job.Attempt = 1
	}
	job.TimeoutMs = uint64(max(0, deadline.Sub(now).Milliseconds()))
	job.TimeUs = uint64(now.UnixMicro())
	Seed(seed)
	job.Random = seed[:]
}
