package extism

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strings"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/capability/fetch"
	"github.com/stackhost/stackhost/host/exchange"
)

// configGet answers with the value of a configuration key, 0 when there is none.
func (c *call) configGet(s []uint64) {
	value := c.g.options.Config[string(c.kernel.block(s[0]))]
	s[0] = c.kernel.put([]byte(value))
}

// variables are the key-value store of a plug-in. Not safe for concurrent use.
type variables struct {
	values map[string][]byte
	size   int64
}

// variableCost is what each variable counts for beside its name and value, in bytes.
const variableCost = 64

func (v *variables) clear() {
	clear(v.values)
	v.size = 0
}

func (v *variables) remove(name string) {
	if old, ok := v.values[name]; ok {
		v.size -= int64(len(name)) + int64(len(old)) + variableCost
		delete(v.values, name)
	}
}

// set keeps a copy of value; false when that would exceed limit bytes.
func (v *variables) set(name string, value []byte, limit int64) bool {
	size := int64(len(name)) + int64(len(value)) + variableCost
	old, had := v.values[name]
	total := v.size + size
	if had {
		total -= int64(len(name)) + int64(len(old)) + variableCost
	}
	if total > limit {
		return false
	}
	if v.values == nil {
		v.values = map[string][]byte{}
	}
	v.values[name], v.size = bytes.Clone(value), total
	return true
}

func (c *call) varGet(s []uint64) {
	value := c.vars.values[string(c.kernel.block(s[0]))]
	s[0] = c.kernel.put(value)
}

// varSet sets a variable, or removes it when the value's offset is 0. The import has no result, so a full store stops the
// plug-in.
func (c *call) varSet(s []uint64) {
	name := string(c.kernel.block(s[0]))
	if s[1] == 0 {
		c.vars.remove(name)
		return
	}
	if !c.vars.set(name, c.kernel.block(s[1]), c.g.options.MaxVars) {
		c.in.Fail(abi.Errorf(abi.CodeLimit, "var_set: the variables are over %d bytes; raise extism.max_vars", c.g.options.MaxVars))
	}
}

// httpRequest sends a request and answers with the body, 0 when that is empty. What is denied or fails has status 0 and no
// body; the reason becomes the plug-in's error if it fails then without one of its own.
func (c *call) httpRequest(s []uint64) {
	c.status, c.headers = 0, nil
	body, res, err := c.send(s[0], s[1])
	s[0] = 0
	if err == nil && len(body) > 0 {
		if s[0] = c.kernel.put(body); s[0] == 0 {
			err = abi.Errorf(abi.CodeLimit, "no room for a body of %d bytes; raise limits.memory", len(body))
		}
	}
	if err != nil {
		c.fail("http_request", err)
		return
	}
	c.status, c.headers = res.Status, res.Header
}

func (c *call) send(request, body uint64) ([]byte, *fetch.Response, error) {
	var r struct {
		URL     string            `json:"url"`
		Method  string            `json:"method"`
		Headers map[string]string `json:"headers"`
	}
	if err := json.Unmarshal(c.kernel.block(request), &r); err != nil {
		return nil, nil, abi.Errorf(abi.CodeInvalid, "the request is no JSON object with url, method and headers: %v", err)
	}
	if c.g.fetch == nil {
		return nil, nil, abi.Errorf(abi.CodeDenied, "HTTP request to '%s' is not allowed", r.URL)
	}
	headers := http.Header{}
	for name, value := range r.Headers {
		switch {
		case !exchange.ValidHeader([]byte(name), []byte(value)):
			return nil, nil, abi.Errorf(abi.CodeInvalid, "header %q cannot be sent", name)
		case !strings.EqualFold(name, "host"): // made from the URL
			headers.Set(name, value)
		}
	}
	if x := c.s.Exchange; x != nil && x.TraceParent != "" && headers.Get("traceparent") == "" {
		headers.Set("traceparent", x.TraceParent)
	}
	var payload io.Reader
	if b := c.kernel.block(body); len(b) > 0 {
		if int64(len(b)) > c.g.limits.OutboundBytes {
			return nil, nil, abi.Errorf(abi.CodeLimit, "the request body is over %d bytes", c.g.limits.OutboundBytes)
		}
		payload = bytes.NewReader(bytes.Clone(b)) // the transport may read on after the answer came
	}
	res, err := c.g.fetch.Do(c.s.Context(), fetch.Request{Method: strings.ToUpper(r.Method), URL: r.URL, Header: headers, Body: payload})
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return answer, res, err
}

// httpHeaders answers with the header of the last response: a JSON object, names in lower case, repeats joined by commas.
func (c *call) httpHeaders(s []uint64) {
	fields := map[string]string{}
	for name, values := range c.headers {
		fields[strings.ToLower(name)] = strings.Join(values, ",")
	}
	text, _ := json.Marshal(fields) // strings only
	s[0] = c.kernel.put(text)
}

// Log levels, as get_log_level numbers them.
const (
	levelTrace = iota
	levelDebug
	levelInfo
	levelWarn
	levelError
	levelOff = math.MaxInt32
)

var slogLevels = [...]slog.Level{levelTrace: slog.LevelDebug - 4, levelDebug: slog.LevelDebug, levelInfo: slog.LevelInfo, levelWarn: slog.LevelWarn, levelError: slog.LevelError}

func (c *call) logLevel(s []uint64) {
	s[0] = levelOff
	for level, at := range slogLevels {
		if c.s.Log().Enabled(context.Background(), at) {
			s[0] = uint64(level)
			return
		}
	}
}

// logger makes the import that records a block's text at a level and frees the block.
func logger(level int) func(*call, []uint64) {
	return func(c *call, s []uint64) {
		log := c.s.Log()
		if log.Enabled(context.Background(), slogLevels[level]) {
			text := c.kernel.block(s[0])
			if c.s.SpendLog(len(text), c.g.limits.LogBytes) == nil {
				log.Log(context.Background(), slogLevels[level], strings.ToValidUTF8(string(text), "\uFFFD"))
			}
		}
		c.kernel.release(s[0])
	}
}
