package hosttest

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stackhost/stackhost/host/capability"
	"github.com/stackhost/stackhost/host/runtime"
)

// nothing is a module that has one page of memory and does nothing.
const nothing = "\x00asm\x01\x00\x00\x00" + "\x05\x03\x01\x00\x01" + "\x07\x0a\x01\x06memory\x02\x00"

// Session begins a call into a guest that does nothing, in which the functions of capabilities can be called. The call ends when ctx
// does, after a minute, or with the test; end ends it before that, once.
func Session(t testing.TB, ctx context.Context) (s *capability.Session, end func()) {
	t.Helper()
	rt, err := runtime.New(runtime.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rt.Close() })
	m, err := rt.Load(ctx, runtime.Spec{Name: "test/nothing", Wasm: []byte(nothing), Limits: runtime.Limits{Time: time.Minute}})
	if err != nil {
		t.Fatal(err)
	}
	in, err := m.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	in.Begin(ctx, time.Time{})
	s = capability.Begin(in, capability.NewSet(), slog.New(slog.DiscardHandler), nil)
	ended := false
	end = func() {
		if !ended {
			ended = true
			s.End()
			in.Release()
		}
	}
	t.Cleanup(end) // before the runtime is closed
	return s, end
}
