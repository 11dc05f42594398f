package main

import (
	"strings"
	"testing"
)

func TestParseRefuses(t *testing.T) {
	text, _ := readSpec(t)
	for _, c := range []struct{ name, old, new, want string }{
		{"unknown key", `"version": 1,`, `"version": 1, "extra": 1,`, "unknown field"},
		{"text after it", "\n}\n", "\n}\n{}", "text follows"},
		{"unknown type", `"type": "headers"`, `"type": "header"`, "not known"},
		{"list of lists", `"type": "list<str>"`, `"type": "list<list<str>>"`, "not known"},
		{"unknown record", `"type": "record<HttpResponse>"`, `"type": "record<Http>"`, "not known"},
		{"unknown enum", `"type": "enum<LogLevel>"`, `"type": "enum<Level>"`, "not known"},
		{"record in itself", `"name": "result", "type": "bin"`, `"name": "result", "type": "record<JobResult>"`, "contains itself"},
		{"record given twice", `"name": "JobResult"`, `"name": "JobRequest"`, "given twice"},
		{"field given twice", `"name": "module", "type"`, `"name": "app", "type"`, "given twice"},
		{"field in camel case", `"name": "body_stream"`, `"name": "bodyStream"`, "well-formed"},
		{"code not negative", `"value": -12,`, `"value": 12,`, "out of range"},
		{"code of guests", `"value": -12,`, `"value": -1000,`, "out of range"},
		{"code used twice", `"value": -12,`, `"value": -11,`, "used twice"},
		{"status that is no error", `"status": 501`, `"status": 200`, "no error"},
		{"default of a headers field", `"type": "uint", "default": 200`, `"type": "headers", "default": 200`, "only a uint"},
		{"default that is negative", `"default": 200`, `"default": -1`, "only a uint"},
		{"unknown shape", `"name": "read", "shape": "direct"`, `"name": "read", "shape": "stream"`, "shape"},
		{"unknown param", `"params": ["stream"]`, `"params": ["handle"]`, "param"},
		{"unknown request", `"request": "FetchRequest"`, `"request": "Fetch"`, "not known"},
		{"enum without 0", `{"name": "trace", "value": 0}`, `{"name": "trace", "value": 9}`, "value 0"},
		{"export given twice", `"export": "stackhost_job"`, `"export": "stackhost_http"`, "given twice"},
		{"unknown value type", `"params": ["i32"]`, `"params": ["externref"]`, "not known"},
		{"no doc", `"doc": "The work's input."`, `"doc": ""`, "no doc"},
		{"limit not positive", `"value": 65536`, `"value": 0`, "not positive"},
	} {
		t.Run(c.name, func(t *testing.T) {
			edited := strings.Replace(string(text), c.old, c.new, 1)
			if edited == string(text) {
				t.Fatalf("v1.json no longer has %s", c.old)
			}
			if _, err := Parse([]byte(edited)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct{ in, pascal, camel, snake, screaming, kebab string }{
		{"boot_request", "BootRequest", "bootRequest", "boot_request", "BOOT_REQUEST", "boot-request"},
		{"HttpRequest", "HTTPRequest", "httpRequest", "http_request", "HTTP_REQUEST", "http-request"},
		{"id", "ID", "id", "id", "ID", "id"},
		{"url", "URL", "url", "url", "URL", "url"},
		{"time_us", "TimeUs", "timeUs", "time_us", "TIME_US", "time-us"},
		{"not_found", "NotFound", "notFound", "not_found", "NOT_FOUND", "not-found"},
	} {
		got := []string{Pascal(c.in), Camel(c.in), Snake(c.in), Screaming(c.in), Kebab(c.in)}
		want := []string{c.pascal, c.camel, c.snake, c.screaming, c.kebab}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%s: got %s, want %s", c.in, got[i], want[i])
			}
		}
	}
}
