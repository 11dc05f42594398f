package hosttest

import (
	"errors"
	"testing"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/capability"
)

// Guest calls the structured functions of one capability as a guest does. Used by one goroutine.
type Guest struct {
	T       testing.TB
	Session *capability.Session
	calls   map[string]capability.Call
}

// NewGuest returns a guest whose call ends with the test.
func NewGuest(t testing.TB, c capability.Capability) *Guest {
	t.Helper()
	s, _ := Session(t, t.Context())
	return &Guest{T: t, Session: s, calls: callsOf(c)}
}

// With returns the same guest calling another capability within the same call.
func (g *Guest) With(c capability.Capability) *Guest {
	return &Guest{T: g.T, Session: g.Session, calls: callsOf(c)}
}

func callsOf(c capability.Capability) map[string]capability.Call {
	calls, _ := c.Functions()
	return calls
}

// Record is a record that can be sent.
type Record interface{ Append([]byte) []byte }

// Call calls a function and returns its reply. Code is what it must answer, 0 for success. The request is overwritten afterwards, as a
// guest may do at once, so that what was kept of it shows.
func (g *Guest) Call(function string, req Record, code abi.Code) []byte {
	g.T.Helper()
	raw := req.Append(nil)
	reply, err := g.calls[function](g.Session, raw, nil)
	for i := range raw {
		raw[i] = 0xc1
	}
	var coded *abi.Error
	switch {
	case code == 0 && err != nil:
		g.T.Fatalf("%s: %v", function, err)
	case code != 0 && (!errors.As(err, &coded) || coded.Code != code):
		g.T.Errorf("%s: got %v, want %v", function, err, code)
	}
	return reply
}

// Decode reads a record, such as a reply of Guest.Call.
func Decode[T any, P interface {
	*T
	Decode([]byte) error
}](t testing.TB, b []byte) T {
	t.Helper()
	var v T
	if err := P(&v).Decode(b); err != nil {
		t.Fatal(err)
	}
	return v
}
