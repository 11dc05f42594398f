package capability

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/exchange"
	"github.com/stackhost/stackhost/host/runtime"
)

// Session is what capabilities know of one call into a guest: whose call it is, its streams, the text of its last error
// and a reply that did not fit. It lives from Begin until the instance is released. Used by one goroutine at a time, except
// by the calls of a batch, which may use Context, Streams and Log.
type Session struct {
	Instance *runtime.Instance
	Exchange *exchange.Exchange // nil outside HTTP
	Set      *Set
	Streams  Streams
	Engine   any // what an engine's dialect keeps for the call

	memory   runtime.Memory
	base     *slog.Logger
	log      *slog.Logger // base with the request's id, made when first needed; guarded by mu
	scratch  []byte       // reply under construction; reused
	kept     []byte
	hasKept  bool
	failure  string
	logBytes int64             // guarded by mu
	held     map[uint64]func() // guarded by mu
	mu       sync.Mutex
}

var sessions = sync.Pool{New: func() any { return new(Session) }}

// Begin attaches a Session to in, for a call that answers x (nil outside HTTP). It is taken away by the instance's Release.
func Begin(in *runtime.Instance, set *Set, log *slog.Logger, x *exchange.Exchange) *Session {
	s := sessions.Get().(*Session)
	s.Instance, s.Set, s.base, s.Exchange, s.memory = in, set, log, x, in.Memory()
	in.SetState(s)
	return s
}

// Hold makes the end of the call run release, in a goroutine of its own, unless Let comes before. An id is held once.
func (s *Session) Hold(id uint64, release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held == nil {
		s.held = map[uint64]func(){}
	}
	s.held[id] = release
}

// Let undoes Hold. An id that is not held is no error.
func (s *Session) Let(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.held, id)
}

// End closes what the call left open. The Session must not be used afterwards.
func (s *Session) End() {
	s.Streams.closeAll()
	for _, release := range s.held {
		go release()
	}
	s.Instance.SetState(nil)
	scratch := s.scratch
	if cap(scratch) > abi.LimitInlineBodyBytes*2 {
		scratch = nil
	}
	*s = Session{scratch: scratch[:0], Streams: Streams{open: s.Streams.open[:0]}}
	sessions.Put(s)
}

func sessionOf(in *runtime.Instance) *Session {
	s, ok := in.State().(*Session)
	if !ok {
		in.Fail(errors.New("host functions of stackhost can only be called while a request, a job or the boot is running"))
	}
	return s
}

// Log returns the logger whose records carry app, module and request id. Safe for concurrent use.
func (s *Session) Log() *slog.Logger {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.log == nil {
		s.log = s.base
		if s.Exchange != nil {
			s.log = s.base.With("request", s.Exchange.ID)
		}
	}
	return s.log
}

// Memory returns the guest's memory.
func (s *Session) Memory() runtime.Memory { return s.memory }

// Context is done when the call's deadline passes or its caller goes away.
func (s *Session) Context() context.Context { return s.Instance.Context() }

// View returns n bytes of guest memory at ptr: valid until the host function returns. The error stops the guest.
func (s *Session) View(ptr, n uint32) ([]byte, error) {
	b, ok := s.memory.Read(ptr, n)
	if !ok {
		return nil, &PointerError{ptr, n}
	}
	return b, nil
}

// fail remembers err's text for core error and returns its code.
func (s *Session) fail(err error) abi.Code {
	code, text := CodeOf(err)
	if len(text) > abi.LimitErrorTextBytes {
		text = text[:abi.LimitErrorTextBytes]
	}
	s.failure = text
	if code == abi.CodeInternal {
		s.Log().Error("host function failed", "error", err)
	}
	return code
}

// Failure returns the text of the last code.
func (s *Session) Failure() string { return s.failure }

// Fail is fail for engines that call capabilities without imports.
func (s *Session) Fail(err error) abi.Code { return s.fail(err) }

// keep holds a reply for core take.
func (s *Session) keep(reply []byte) {
	s.kept = append(s.kept[:0], reply...)
	s.hasKept = true
}

// Take returns the kept reply when it is at most capacity bytes long, and its length. It is dropped then.
func (s *Session) Take(capacity int) (reply []byte, length int, err error) {
	if !s.hasKept {
		return nil, 0, abi.Errorf(abi.CodeNotFound, "no reply is kept")
	}
	if len(s.kept) > capacity {
		return nil, len(s.kept), nil
	}
	s.hasKept = false
	return s.kept, len(s.kept), nil
}

// SpendLog takes n bytes from the call's log allowance.
func (s *Session) SpendLog(n int, limit int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.logBytes+int64(n) > limit {
		return abi.Errorf(abi.CodeLimit, "this call has written its %d bytes of log records", limit)
	}
	s.logBytes += int64(n)
	return nil
}

var noTrace = func(abi.Code) {}

func (s *Session) trace(full string) func(abi.Code) {
	if s.Exchange == nil || s.Exchange.HostCalls == nil {
		return noTrace
	}
	start := time.Now()
	return func(code abi.Code) { s.Exchange.HostCalls(full, time.Since(start), code) }
}

// CodeOf maps a Go error to the code and text that a guest sees. Unknown errors are internal, and their text stays inside.
func CodeOf(err error) (abi.Code, string) {
	var coded *abi.Error
	switch {
	case errors.As(err, &coded):
		return coded.Code, coded.Text
	case errors.Is(err, context.DeadlineExceeded):
		return abi.CodeDeadline, "the time allowed ran out"
	case errors.Is(err, context.Canceled):
		return abi.CodeCancelled, "the caller went away"
	case errors.Is(err, exchange.ErrResponded):
		return abi.CodeClosed, "the response was already begun"
	}
	return abi.CodeInternal, "the host failed; its records have the details"
}
