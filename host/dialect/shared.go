package dialect

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/capability"
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

// StampCommand fills in what each run of a command brings: its streams, time left, time and unpredictable bytes.
func StampCommand(c *Command, s *capability.Session, deadline time.Time, seed *[abi.LimitRandomBytes]byte) (err error) {
	r, now := &c.Request, time.Now()
	if r.Stdin, err = s.Streams.Open(&patient{ctx: s.Context(), from: c.Stdin}); err != nil {
		return err
	}
	if r.Stdout, err = s.Streams.Open(struct{ io.Writer }{c.Stdout}); err != nil { // not to be closed by the guest
		return err
	}
	if r.Stderr, err = s.Streams.Open(struct{ io.Writer }{c.Stderr}); err != nil {
		return err
	}
	r.TimeoutMs = uint64(max(0, deadline.Sub(now).Milliseconds()))
	r.TimeUs = uint64(now.UnixMicro())
	Seed(seed)
	r.Random = seed[:]
	return nil
}

// patient reads until ctx ends, whatever from does: somebody may sit before a terminal and never type.
type patient struct {
	ctx  context.Context
	from io.Reader

	rest   []byte
	err    error
	pieces chan []byte // closed at the end, after err was set
}

func (p *patient) Read(b []byte) (int, error) {
	if p.pieces == nil {
		p.pieces = make(chan []byte)
		go p.pump()
	}
	if len(p.rest) == 0 {
		select {
		case piece, ok := <-p.pieces:
			if !ok {
				return 0, p.err
			}
			p.rest = piece
		case <-p.ctx.Done():
			return 0, p.ctx.Err()
		}
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

func (p *patient) pump() {
	defer close(p.pieces)
	for {
		b := make([]byte, 32<<10)
		n, err := p.from.Read(b)
		if n > 0 {
			select {
			case p.pieces <- b[:n]:
			case <-p.ctx.Done():
				p.err = p.ctx.Err()
				return
			}
		}
		if err != nil {
			p.err = err
			return
		}
	}
}
