//go:build !wasip1

package stackhosttest

import (
	"strings"

	stackhost "github.com/stackhost/stackhost/sdk/go"
	"github.com/stackhost/stackhost/sdk/go/internal/host"
	"github.com/stackhost/stackhost/sdk/go/internal/wire"
)

var _ host.Fake = (*Host)(nil)

// stream is a body that comes in, or the response's that goes out.
type stream struct {
	chunks []string // still to be read
	out    bool
	data   []byte // written and not flushed
	closed bool
	upload *upload // what is written is the content of a blob
}

func (h *Host) open(s *stream) uint64 {
	h.streams = append(h.streams, s)
	return uint64(len(h.streams))
}

func (h *Host) fail(code stackhost.Code, text string) int64 {
	h.text = text
	return int64(code)
}

// Call answers a structured host call. It is for the SDK.
func (h *Host) Call(capability, function string, req, out []byte) int64 {
	reply, code := h.call(capability+" "+function, req)
	if code < 0 {
		return code
	}
	if copy(out, reply) < len(reply) {
		h.kept = reply
	}
	return int64(len(reply))
}

func (h *Host) call(name string, req []byte) (reply []byte, code int64) {
	malformed := func() ([]byte, int64) { return nil, h.fail(stackhost.CodeInvalid, name+": malformed request") }
	switch name {
	case "core log":
		var rec wire.LogRecord
		if rec.Decode(req) != nil {
			return malformed()
		}
		fields, _ := decodeAny(rec.Fields).(map[string]any)
		h.Logs = append(h.Logs, LogRecord{Level: rec.Level, Message: strings.Clone(rec.Message), Fields: fields})
		h.t.Logf("log %d: %s %v", rec.Level, rec.Message, fields)
		return nil, 0
	case "core config":
		var rec wire.ConfigRequest
		if rec.Decode(req) != nil {
			return malformed()
		}
		v, ok := lookup(h.Config, rec.Key)
		if !ok {
			return nil, h.fail(stackhost.CodeNotFound, "config has no "+rec.Key)
		}
		raw, ok := wire.AppendAny(nil, v)
		if !ok {
			h.t.Errorf("config %q holds a %T, which a manifest cannot", rec.Key, v)
		}
		return (&wire.ConfigReply{Value: raw}).Append(nil), 0
	case "core secret":
		var rec wire.SecretRequest
		if rec.Decode(req) != nil {
			return malformed()
		}
		v, ok := h.Secrets[rec.Name]
		if !ok {
			return nil, h.fail(stackhost.CodeNotFound, "no secret "+rec.Name+" is granted")
		}
		return (&wire.SecretReply{Value: []byte(v)}).Append(nil), 0
	case "core supports":
		var rec wire.SupportsRequest
		if rec.Decode(req) != nil {
			return malformed()
		}
		var have wire.SupportsReply
		switch rec.Capability {
		case "core", "http":
			have = wire.SupportsReply{Version: 1, Granted: true}
		case "fetch":
			have = wire.SupportsReply{Version: 1, Granted: h.Fetch != nil, Functions: []string{"send"}}
		case "kv", "cache", "lock", "blob":
			have = wire.SupportsReply{Version: 1, Granted: true}
		case "secret":
			have = wire.SupportsReply{Version: 1, Granted: h.ClusterSecrets != nil, Functions: []string{"get"}}
		}
		return have.Append(nil), 0
	case "core batch":
		return h.batch(req)
	case "http respond":
		if h.sent != nil {
			return nil, h.fail(stackhost.CodeClosed, "the response was already begun")
		}
		h.sent = h.response(req)
		h.sent.Streamed = true
		if h.sent.Body != "" {
			h.sent.Flushes = []string{h.sent.Body}
		}
		return (&wire.StreamReply{Stream: h.open(&stream{out: true})}).Append(nil), 0
	case "fetch send":
		return h.fetch(req)
	}
	answer, err := h.stored(name, req)
	if e, ok := err.(*stackhost.Error); ok {
		return nil, h.fail(e.Code, e.Text)
	}
	if answer == nil {
		return nil, 0
	}
	return answer.Append(nil), 0
}

func (h *Host) batch(req []byte) ([]byte, int64) {
	var rec wire.BatchRequest
	if rec.Decode(req) != nil || len(rec.Calls) > wire.LimitBatchCalls {
		return nil, h.fail(stackhost.CodeInvalid, "core batch: malformed request")
	}
	var all wire.BatchReply
	for _, c := range rec.Calls {
		reply, code := h.call(c.Capability+" "+c.Function, c.Request)
		result := wire.BatchResult{Reply: reply, Code: code}
		if code < 0 {
			result.Error = h.text
		}
		all.Results = append(all.Results, result)
	}
	return all.Append(nil), 0
}

func (h *Host) fetch(req []byte) ([]byte, int64) {
	var rec wire.FetchRequest
	if rec.Decode(req) != nil {
		return nil, h.fail(stackhost.CodeInvalid, "fetch send: malformed request")
	}
	if h.Fetch == nil {
		return nil, h.fail(stackhost.CodeDenied, "fetch is not granted: set Host.Fetch")
	}
	out := Outbound{Method: rec.Method, URL: strings.Clone(rec.URL), Headers: values(rec.Headers), Body: append([]byte(nil), rec.Body...)}
	if out.Method == "" {
		out.Method = "GET"
	}
	in, err := h.Fetch(out)
	if err != nil {
		if e, ok := err.(*stackhost.Error); ok {
			return nil, h.fail(e.Code, e.Text)
		}
		return nil, h.fail(stackhost.CodeUnavailable, err.Error())
	}
	reply := wire.FetchResponse{Status: uint64(in.Status), URL: out.URL}
	for _, v := range in.Headers {
		reply.Headers.AddHeader(strings.ToLower(v.Name), v.Value)
	}
	if len(in.Body) > wire.LimitInlineBodyBytes {
		reply.BodyStream = h.open(&stream{chunks: []string{string(in.Body)}})
	} else {
		reply.Body = in.Body
	}
	return reply.Append(nil), 0
}

// Direct answers a direct host function. It is for the SDK.
func (h *Host) Direct(capability, function string, handle uint32, b []byte) int64 {
	switch function {
	case "error":
		copy(b, h.text)
		return int64(len(h.text))
	case "take":
		if h.kept == nil {
			return h.fail(stackhost.CodeNotFound, "no reply is kept")
		}
		n := len(h.kept)
		if n <= len(b) {
			copy(b, h.kept)
			h.kept = nil
		}
		return int64(n)
	}
	if handle == 0 || int(handle) > len(h.streams) {
		return h.fail(stackhost.CodeInvalid, "there is no such stream")
	}
	s := h.streams[handle-1]
	if s.closed {
		return h.fail(stackhost.CodeClosed, "the stream is closed")
	}
	switch function {
	case "read":
		for len(s.chunks) > 0 {
			n := copy(b, s.chunks[0])
			if s.chunks[0] = s.chunks[0][n:]; s.chunks[0] == "" {
				s.chunks = s.chunks[1:]
			}
			if n > 0 || len(b) == 0 {
				return int64(n)
			}
		}
		return 0
	case "write":
		s.data = append(s.data, b...)
		return int64(len(b))
	case "flush":
		if len(s.data) > 0 {
			h.sent.Flushes = append(h.sent.Flushes, string(s.data))
			s.data = nil
		}
		return 0
	case "close":
		s.closed = true
		return 0
	}
	return h.fail(stackhost.CodeUnsupported, "the test host does not know "+capability+" "+function)
}

func decodeAny(raw wire.Raw) any {
	if len(raw) == 0 {
		return nil
	}
	r := wire.NewReader(append([]byte(nil), raw...))
	return r.Any()
}

func lookup(table map[string]any, key string) (any, bool) {
	if key == "" {
		return table, true
	}
	name, rest, nested := strings.Cut(key, ".")
	v, ok := table[name]
	if !nested || !ok {
		return v, ok
	}
	inner, ok := v.(map[string]any)
	if !ok {
		return nil, false
	}
	return lookup(inner, rest)
}
