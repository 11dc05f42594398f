// Package core is the capability that every module has: long replies, error texts, streams, log records, its own
// configuration and secrets, and the question what the host supports.
package core

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/capability"
)

// Config is what core gives one module.
type Config struct {
	Values   map[string]any    // the module's config table; nested tables are map[string]any
	Secrets  map[string]string // resolved secrets by name
	LogBytes int64             // most bytes of log records in one call
}

// Core implements capability.Capability. Safe for concurrent use.
type Core struct{ cfg Config }

var _ capability.Capability = (*Core)(nil)

// New checks that every config value can be given to a guest.
func New(cfg Config) (*Core, error) {
	if _, err := abi.AppendAny(nil, cfg.Values); err != nil {
		return nil, err
	}
	return &Core{cfg}, nil
}

// Name returns "core".
func (c *Core) Name() string { return "core" }

// Functions returns the functions of core in abi/v1.json.
func (c *Core) Functions() (map[string]capability.Call, map[string]capability.Direct) {
	return map[string]capability.Call{
			"batch": batch, "log": c.log, "config": c.config, "secret": c.secret, "supports": supports,
		}, map[string]capability.Direct{
			"take": take, "error": failure, "read": read, "write": write, "close": closeStream,
		}
}

func take(s *capability.Session, args [3]uint32) (int64, error) {
	out, err := s.View(args[0], args[1])
	if err != nil {
		return 0, err
	}
	reply, n, err := s.Take(len(out))
	copy(out, reply)
	return int64(n), err
}

func failure(s *capability.Session, args [3]uint32) (int64, error) {
	out, err := s.View(args[0], args[1])
	if err != nil {
		return 0, err
	}
	text := s.Failure()
	copy(out, text)
	return int64(len(text)), nil
}

func read(s *capability.Session, args [3]uint32) (int64, error) {
	out, err := s.View(args[1], args[2])
	if err != nil {
		return 0, err
	}
	r, err := s.Streams.Reader(uint64(args[0]))
	if err != nil || len(out) == 0 {
		return 0, err
	}
	for range 100 { // a reader may return nothing now and then, but not for ever (io.Reader)
		n, err := r.Read(out)
		switch {
		case n > 0, errors.Is(err, io.EOF):
			return int64(n), nil
		case err != nil:
			return 0, streamError(s, err)
		}
	}
	return 0, io.ErrNoProgress
}

func write(s *capability.Session, args [3]uint32) (int64, error) {
	b, err := s.View(args[1], args[2])
	if err != nil {
		return 0, err
	}
	w, err := s.Streams.Writer(uint64(args[0]))
	if err != nil {
		return 0, err
	}
	n, err := w.Write(b)
	if err != nil {
		return 0, streamError(s, err)
	}
	return int64(n), nil
}

func closeStream(s *capability.Session, args [3]uint32) (int64, error) {
	return 0, s.Streams.Close(uint64(args[0]))
}

// streamError gives an error of a stream its code: those of the connection tell the guest only that its peer is gone.
func streamError(s *capability.Session, err error) error {
	if code, _ := capability.CodeOf(err); code != abi.CodeInternal {
		return err
	}
	if ctxErr := s.Context().Err(); errors.Is(ctxErr, context.DeadlineExceeded) {
		return ctxErr
	}
	if errors.Is(err, io.ErrClosedPipe) {
		return abi.Errorf(abi.CodeClosed, "the stream is closed")
	}
	return abi.Errorf(abi.CodeCancelled, "the other side of the stream went away")
}

var levels = [...]slog.Level{slog.LevelDebug - 4, slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}

func (c *Core) log(s *capability.Session, req, out []byte) ([]byte, error) {
	if err := s.SpendLog(len(req), c.cfg.LogBytes); err != nil {
		return nil, err
	}
	var rec abi.LogRecord
	if err := rec.Decode(req); err != nil {
		return nil, err
	}
	level := slog.LevelInfo
	if n := int(rec.Level); n >= 0 && n < len(levels) {
		level = levels[n]
	}
	message := strings.Clone(printable(rec.Message)) // what was decoded is guest memory
	if s.Exchange != nil && s.Exchange.Logged != nil {
		s.Exchange.Logged(level, message)
	}
	if !s.Log().Enabled(context.Background(), level) {
		return out, nil
	}
	var attrs []slog.Attr
	if fields, ok := rec.Fields.(map[string]any); ok && len(fields) > 0 {
		group := make([]any, 0, len(fields))
		for k, v := range fields {
			group = append(group, slog.Any(printable(k), v))
		}
		attrs = append(attrs, slog.Group("fields", group...))
	}
	s.Log().LogAttrs(context.Background(), level, message, attrs...)
	return out, nil
}

// printable keeps a guest from writing terminal control sequences or false lines into the records.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' || r >= 0x7f && r < 0xa0 {
			return utf8.RuneError
		}
		return r
	}, text)
}

func (c *Core) config(s *capability.Session, req, out []byte) ([]byte, error) {
	var r abi.ConfigRequest
	if err := r.Decode(req); err != nil {
		return nil, err
	}
	value, ok := lookup(c.cfg.Values, r.Key)
	if !ok {
		return nil, abi.Errorf(abi.CodeNotFound, "the module's config has no key %q", r.Key)
	}
	reply := abi.ConfigReply{Value: value}
	return reply.Append(out), nil
}

func lookup(table map[string]any, key string) (any, bool) {
	if key == "" {
		return table, true
	}
	if v, ok := table[key]; ok {
		return v, true
	}
	head, rest, dotted := strings.Cut(key, ".")
	if inner, ok := table[head].(map[string]any); ok && dotted && rest != "" {
		return lookup(inner, rest)
	}
	return nil, false
}

func (c *Core) secret(s *capability.Session, req, out []byte) ([]byte, error) {
	var r abi.SecretRequest
	if err := r.Decode(req); err != nil {
		return nil, err
	}
	value, ok := c.cfg.Secrets[r.Name]
	if !ok {
		return nil, abi.Errorf(abi.CodeNotFound, "no secret %q is granted to this module", r.Name)
	}
	reply := abi.SecretReply{Value: []byte(value)}
	return reply.Append(out), nil
}

func supports(s *capability.Session, req, out []byte) ([]byte, error) {
	var r abi.SupportsRequest
	if err := r.Decode(req); err != nil {
		return nil, err
	}
	var reply abi.SupportsReply
	for _, known := range abi.Capabilities {
		if known.Name == r.Capability {
			reply.Version, reply.Granted = uint64(known.Version), s.Set.Granted(known.Name)
			for _, f := range known.Functions {
				reply.Functions = append(reply.Functions, f.Name)
			}
		}
	}
	return reply.Append(out), nil
}

func batch(s *capability.Session, req, out []byte) ([]byte, error) {
	var r abi.BatchRequest
	if err := r.Decode(req); err != nil {
		return nil, err
	}
	if len(r.Calls) > abi.LimitBatchCalls {
		return nil, abi.Errorf(abi.CodeLimit, "a batch has at most %d calls", abi.LimitBatchCalls)
	}
	reply := abi.BatchReply{Results: make([]abi.BatchResult, len(r.Calls))}
	s.Context() // made here, since making it is not safe for concurrent use and having it is
	var wg sync.WaitGroup
	for i, c := range r.Calls {
		wg.Go(func() { reply.Results[i] = one(s, c) })
	}
	wg.Wait()
	return reply.Append(out), nil
}

// one runs a call of a batch. The goroutine is not the guest's, so a panic here would end the process: it is contained.
func one(s *capability.Session, c abi.BatchCall) (result abi.BatchResult) {
	defer func() {
		if p := recover(); p != nil {
			s.Log().Error("host function panicked", "capability", c.Capability, "function", c.Function, "panic", p)
			result = abi.BatchResult{Code: int64(abi.CodeInternal), Error: "the host failed; its records have the details"}
		}
	}()
	if c.Capability == "core" && c.Function == "batch" {
		return abi.BatchResult{Code: int64(abi.CodeUnsupported), Error: "a batch cannot contain a batch"}
	}
	call, err := s.Set.Call(c.Capability, c.Function)
	var b []byte
	if err == nil {
		b, err = call(s, c.Request, nil)
	}
	if err != nil {
		code, text := capability.CodeOf(err)
		return abi.BatchResult{Code: int64(code), Error: text}
	}
	return abi.BatchResult{Reply: b}
}
