// Package http is the capability to answer the HTTP request being handled with a stream.
package http

import (
	"io"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/capability"
	"github.com/stackhost/stackhost/host/exchange"
	"github.com/stackhost/stackhost/host/web"
)

// HTTP implements capability.Capability. It has no configuration. Safe for concurrent use.
type HTTP struct {
	// ResponseBytes bounds a streamed body, in bytes. 0 means no bound.
	ResponseBytes int64
}

var _ capability.Capability = (*HTTP)(nil)

// Name returns "http".
func (h *HTTP) Name() string { return "http" }

// Functions returns the functions of http in abi/v1.json.
func (h *HTTP) Functions() (map[string]capability.Call, map[string]capability.Direct) {
	return map[string]capability.Call{"respond": h.respond}, map[string]capability.Direct{"flush": flush}
}

func (h *HTTP) respond(s *capability.Session, req, out []byte) ([]byte, error) {
	if s.Exchange == nil {
		return nil, abi.Errorf(abi.CodeUnsupported, "respond answers HTTP requests only")
	}
	var head abi.HTTPResponse
	if err := head.Decode(req); err != nil {
		return nil, err
	}
	stream, err := h.Begin(s, &head)
	if err != nil {
		return nil, err
	}
	handle, err := s.Streams.Open(stream)
	if err != nil {
		return nil, err
	}
	reply := abi.StreamReply{Stream: handle}
	return reply.Append(out), nil
}

// Begin sends the head and the first bytes of the body.
func (h *HTTP) Begin(s *capability.Session, head *abi.HTTPResponse) (io.WriteCloser, error) {
	x := s.Exchange
	if x.Responded() {
		return nil, exchange.ErrResponded
	}
	if err := x.SetHead(head); err != nil {
		return nil, err
	}
	stream, err := x.Respond()
	if err != nil {
		return nil, err
	}
	w := &bounded{Stream: stream, left: h.ResponseBytes, limited: h.ResponseBytes > 0}
	if _, err := w.Write(head.Body); err != nil {
		return nil, err
	}
	return w, nil
}

// bounded ends a streamed body at the module's response limit.
type bounded struct {
	*web.Stream
	left    int64
	limited bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.limited && int64(len(p)) > b.left {
		return 0, abi.Errorf(abi.CodeLimit, "the response is over the module's limit")
	}
	b.left -= int64(len(p))
	return b.Stream.Write(p)
}

func flush(s *capability.Session, args [3]uint32) (int64, error) {
	w, err := s.Streams.Writer(uint64(args[0]))
	if err != nil {
		return 0, err
	}
	if f, ok := w.(interface{ Flush() error }); ok && f.Flush() != nil {
		return 0, abi.Errorf(abi.CodeCancelled, "the client went away")
	}
	return 0, nil
}
