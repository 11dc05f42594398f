package abi_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func readJSON(t *testing.T, text []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The published schema accepts the description and refuses what is not of its form.
func TestSchema(t *testing.T) {
	c := jsonschema.NewCompiler()
	if err := c.AddResource("v1.schema.json", readJSON(t, readFile(t, "v1.schema.json"))); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("v1.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	text := readFile(t, "v1.json")
	if err := schema.Validate(readJSON(t, text)); err != nil {
		t.Fatalf("v1.json does not meet its schema: %v", err)
	}
	for _, c := range []struct{ name, old, new string }{
		{"unknown key", `"version": 1,`, `"version": 1, "extra": 1,`},
		{"another project", `"name": "stackhost"`, `"name": "other"`},
		{"unknown type", `"type": "headers"`, `"type": "header"`},
		{"list of lists", `"type": "list<str>"`, `"type": "list<list<str>>"`},
		{"open bracket", `"type": "list<str>"`, `"type": "list<str"`},
		{"field in camel case", `"name": "body_stream"`, `"name": "bodyStream"`},
		{"record in lower case", `"name": "JobResult"`, `"name": "jobResult"`},
		{"code not negative", `"value": -12,`, `"value": 12,`},
		{"code without retry", `"retry": false, `, ``},
		{"status that is no error", `"status": 501`, `"status": 200`},
		{"default of headers", `"type": "uint", "default": 200`, `"type": "headers", "default": 200`},
		{"default that is text", `"default": 200`, `"default": "200"`},
		{"unknown shape", `"name": "read", "shape": "direct"`, `"name": "read", "shape": "stream"`},
		{"call with params", `"shape": "call", "request"`, `"shape": "call", "params": [], "request"`},
		{"direct with a request", `"shape": "direct", "params"`, `"shape": "direct", "request": "JobRequest", "params"`},
		{"unknown param", `"params": ["stream"]`, `"params": ["handle"]`},
		{"param given twice", `"params": ["ptr", "cap"]`, `"params": ["ptr", "ptr"]`},
		{"trigger with neither records nor reserved", `"request": "JobRequest", "response": "JobResult", `, ``},
		{"memory with params", `"kind": "memory", `, `"kind": "memory", "params": [], `},
		{"unknown value type", `"params": ["i32"]`, `"params": ["externref"]`},
		{"enum without 0", `{"name": "trace", "value": 0}`, `{"name": "trace", "value": 9}`},
		{"no doc", `"doc": "The work's input."`, `"doc": ""`},
		{"since 0", `"since": 1, "doc": "The work's input."`, `"since": 0, "doc": "The work's input."`},
	} {
		t.Run(c.name, func(t *testing.T) {
			edited := strings.Replace(string(text), c.old, c.new, 1)
			if edited == string(text) || !json.Valid([]byte(edited)) {
				t.Fatalf("v1.json no longer has %s", c.old)
			}
			if err := schema.Validate(readJSON(t, []byte(edited))); err == nil {
				t.Error("the schema accepts it")
			}
		})
	}
}
