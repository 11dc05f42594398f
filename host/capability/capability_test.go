package capability

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stackhost/stackhost/abi"
)

func TestStreamHandles(t *testing.T) {
	var s Streams
	closed := 0
	h, err := s.Open(struct {
		io.Reader
		io.Closer
	}{strings.NewReader("x"), closer(func() error { closed++; return nil })})
	if err != nil || h == 0 {
		t.Fatalf("%d, %v", h, err)
	}
	want := func(err error, code abi.Code) {
		t.Helper()
		var coded *abi.Error
		if !errors.As(err, &coded) || coded.Code != code {
			t.Errorf("got %v, want %v", err, code)
		}
	}
	if _, err := s.Reader(h); err != nil {
		t.Error(err)
	}
	_, err = s.Writer(h)
	want(err, abi.CodeInvalid)
	_, err = s.Reader(0)
	want(err, abi.CodeInvalid)
	_, err = s.Reader(1 << 40)
	want(err, abi.CodeInvalid)
	if err := s.Close(h); err != nil || closed != 1 {
		t.Errorf("%v, closed %d times", err, closed)
	}
	want(s.Close(h), abi.CodeClosed)
	_, err = s.Reader(h)
	want(err, abi.CodeClosed)
	for range abi.LimitStreams - 1 {
		if _, err := s.Open(closer(func() error { closed++; return nil })); err != nil {
			t.Fatal(err)
		}
	}
	_, err = s.Open(nil)
	want(err, abi.CodeLimit)
	s.closeAll()
	if closed != abi.LimitStreams {
		t.Errorf("%d of %d streams were closed", closed, abi.LimitStreams)
	}
}

type closer func() error

func (c closer) Close() error { return c() }

func TestErrorsBecomeCodesAndKeepTheirSecrets(t *testing.T) {
	for _, c := range []struct {
		err  error
		code abi.Code
		text string
	}{
		{abi.Errorf(abi.CodeNotFound, "no such thing"), abi.CodeNotFound, "no such thing"},
		{errors.Join(errors.New("x"), abi.Errorf(abi.CodeDenied, "no")), abi.CodeDenied, "no"},
		{context.DeadlineExceeded, abi.CodeDeadline, "the time allowed ran out"},
		{context.Canceled, abi.CodeCancelled, "the caller went away"},
		{errors.New("open /etc/secret: permission denied"), abi.CodeInternal, "the host failed; its records have the details"},
	} {
		if code, text := CodeOf(c.err); code != c.code || text != c.text {
			t.Errorf("%v: got %v %q", c.err, code, text)
		}
	}
}

func TestASetGrantsOnlyWhatItHolds(t *testing.T) {
	s := NewSet(fake{})
	if !s.Granted("core") || s.Granted("fetch") {
		t.Error("wrong grants")
	}
	_, err := s.Call("fetch", "send")
	if code, _ := CodeOf(err); code != abi.CodeDenied {
		t.Errorf("a capability that is not granted: %v", err)
	}
	_, err = s.Call("teleport", "go")
	if code, _ := CodeOf(err); code != abi.CodeUnsupported {
		t.Errorf("a capability that does not exist: %v", err)
	}
	_, err = s.Call("core", "nothing")
	if code, _ := CodeOf(err); code != abi.CodeUnsupported {
		t.Errorf("a function that does not exist: %v", err)
	}
	if _, err := s.Call("core", "log"); err != nil {
		t.Error(err)
	}
}

type fake struct{}

func (fake) Name() string { return "core" }
func (fake) Functions() (map[string]Call, map[string]Direct) {
	return map[string]Call{"log": func(_ *Session, _, out []byte) ([]byte, error) { return out, nil }}, nil
}
