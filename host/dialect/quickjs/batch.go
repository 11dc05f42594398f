package quickjs

import (
	"bytes"
	"encoding/json"

	"github.com/stackhost/stackhost/abi"
)

func supportsJSON(r *abi.SupportsReply) any {
	return map[string]any{"version": r.Version, "granted": r.Granted, "functions": r.Functions}
}

// decodeJSON reads JSON with whole numbers kept whole.
func decodeJSON(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return plain(v), nil
}

func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
	}
	return v
}

// batchCall is one call as the prelude writes it: exactly one of the three is set.
type batchCall struct {
	Config   *string    `json:"config"`
	Supports *string    `json:"supports"`
	Fetch    *fetchCall `json:"fetch"`
}

type fetchCall struct {
	Method   string      `json:"method"`
	URL      string      `json:"url"`
	Headers  [][2]string `json:"headers"`
	Redirect uint64      `json:"redirect"`
	Timeout  uint64      `json:"timeout"`
	Max      uint64      `json:"max"`
}

type fetchAnswer struct {
	Status  uint64      `json:"status"`
	URL     string      `json:"url"`
	Headers [][2]string `json:"headers"`
	Stream  uint64      `json:"stream"` // 0: no body
}

func (f *fetchCall) record(body []byte) []byte {
	r := abi.FetchRequest{Method: f.Method, URL: f.URL, Body: body, TimeoutMs: f.Timeout, Redirect: abi.Redirect(f.Redirect), MaxBytes: f.Max}
	for _, h := range f.Headers {
		r.Headers = append(r.Headers, abi.Header{Name: []byte(h[0]), Value: latin1([]byte(h[1]))})
	}
	return r.Append(nil)
}

// batch runs several calls at once: a JSON list of them, and the body of each as a further argument. The answer is a JSON list.
func (r *request) batch() (uint64, error) {
	text, err := r.string(1)
	if err != nil {
		return 0, err
	}
	var list []batchCall
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return 0, errArgument
	}
	var batch abi.BatchRequest
	for i, c := range list {
		call := abi.BatchCall{Capability: "core", Function: "config"}
		switch {
		case c.Fetch != nil:
			var body []byte
			if 2+i < r.n && tagOf(r.args[2+i]) == tagObject {
				if body, err = r.view(2 + i); err != nil {
					return 0, err
				}
			}
			call.Capability, call.Function, call.Request = "fetch", "send", c.Fetch.record(bytes.Clone(body))
		case c.Supports != nil:
			call.Function, call.Request = "supports", (&abi.SupportsRequest{Capability: *c.Supports}).Append(nil)
		case c.Config != nil:
			call.Request = (&abi.ConfigRequest{Key: *c.Config}).Append(nil)
		default:
			return 0, errArgument
		}
		batch.Calls = append(batch.Calls, call)
	}
	var reply abi.BatchReply
	if err := r.ask("core", "batch", batch.Append(nil), reply.Decode); err != nil {
		return 0, err
	}
	if len(reply.Results) != len(list) {
		return 0, abi.Errorf(abi.CodeInternal, "a batch of %d calls gave %d results", len(list), len(reply.Results))
	}
	answers := make([]any, len(list))
	for i := range list {
		if answers[i], err = r.settled(&list[i], &reply.Results[i]); err != nil {
			return 0, err
		}
	}
	return r.json(answers)
}

func (r *request) settled(c *batchCall, result *abi.BatchResult) (any, error) {
	if result.Code < 0 {
		return map[string]any{"code": result.Code, "error": result.Error}, nil
	}
	switch {
	case c.Fetch != nil:
		var reply abi.FetchResponse
		if err := reply.Decode(result.Reply); err != nil {
			return nil, err
		}
		answer := fetchAnswer{Status: reply.Status, URL: reply.URL, Stream: reply.BodyStream, Headers: [][2]string{}}
		for _, h := range reply.Headers {
			answer.Headers = append(answer.Headers, [2]string{string(h.Name), string(appendLatin1(nil, h.Value))})
		}
		if len(reply.Body) > 0 {
			stream, err := r.s.Streams.Open(bytes.NewReader(bytes.Clone(reply.Body)))
			if err != nil {
				return nil, err
			}
			answer.Stream = stream
		}
		return map[string]any{"fetch": answer}, nil
	case c.Supports != nil:
		var reply abi.SupportsReply
		err := reply.Decode(result.Reply)
		return map[string]any{"supports": supportsJSON(&reply)}, err
	}
	var reply abi.ConfigReply
	err := reply.Decode(result.Reply)
	return map[string]any{"config": reply.Value}, err
}
