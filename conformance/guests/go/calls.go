package main

import (
	"errors"

	stackhost "github.com/stackhost/stackhost/sdk/go"
)

// failure is how the suite sees an error of a host call.
func failure(err error) stackhost.Object {
	var e *stackhost.Error
	if !errors.As(err, &e) {
		e = &stackhost.Error{Code: stackhost.CodeInternal, Text: err.Error()}
	}
	return stackhost.Object{{Name: "code", Value: int64(e.Code)}, {Name: "error", Value: e.Text}}
}

func record(w *stackhost.Response, r *stackhost.Request) error {
	levels := map[string]stackhost.Level{
		"trace": stackhost.LevelTrace, "debug": stackhost.LevelDebug, "info": stackhost.LevelInfo,
		"warn": stackhost.LevelWarn, "error": stackhost.LevelError,
	}
	level, ok := levels[r.Query().Get("level")]
	if !ok {
		level = stackhost.LevelInfo
	}
	stackhost.Log(level, "conformance", "text", "value", "number", 7, "flag", true, "list", []any{int64(1), "two"})
	return w.Text("logged")
}

func config(w *stackhost.Response, r *stackhost.Request) error {
	v, err := stackhost.Config(r.Query().Get("key"))
	if err != nil {
		return w.JSON(failure(err))
	}
	return w.JSON(v)
}

func secret(w *stackhost.Response, r *stackhost.Request) error {
	v, err := stackhost.Secret(r.Query().Get("name"))
	if err != nil {
		return w.JSON(failure(err))
	}
	return w.JSON(string(v))
}

func supports(w *stackhost.Response, r *stackhost.Request) error {
	s, err := stackhost.Supports(r.Query().Get("name"))
	if err != nil {
		return w.JSON(failure(err))
	}
	return w.JSON(supportObject(s))
}

func supportObject(s stackhost.Support) stackhost.Object {
	return stackhost.Object{{Name: "version", Value: s.Version}, {Name: "granted", Value: s.Granted}}
}

func fetch(w *stackhost.Response, r *stackhost.Request) error {
	res, err := stackhost.Fetch(stackhost.FetchRequest{URL: r.Query().Get("url")})
	if err != nil {
		return w.JSON(failure(err))
	}
	body, err := res.Bytes(1 << 20)
	if err != nil {
		return w.JSON(failure(err))
	}
	return w.JSON(stackhost.Object{{Name: "status", Value: res.Status}, {Name: "body", Value: string(body)}})
}

func batch(w *stackhost.Response, r *stackhost.Request) error {
	var b stackhost.Batch
	conf := b.Config("")
	core := b.Supports("core")
	if err := b.Run(); err != nil {
		return w.JSON(failure(err))
	}
	result := stackhost.Object{{Name: "config", Value: nil}, {Name: "supports", Value: nil}}
	if v, err := conf.Get(); err != nil {
		result[0].Value = failure(err)
	} else {
		result[0].Value = v
	}
	if s, err := core.Get(); err != nil {
		result[1].Value = failure(err)
	} else {
		result[1].Value = supportObject(s)
	}
	return w.JSON(result)
}
