package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func readSpec(t *testing.T) (text []byte, s *Spec) {
	t.Helper()
	text, err := os.ReadFile("../../v1.json")
	if err != nil {
		t.Fatal(err)
	}
	if s, err = Parse(text); err != nil {
		t.Fatal(err)
	}
	return text, s
}

func TestDescriptionKeepsTheLock(t *testing.T) {
	_, s := readSpec(t)
	if err := checkLock("../../v1.lock.json", s); err != nil {
		t.Error(err)
	}
}

// Every single change anywhere in the description is tried: each value altered, each key and element removed, each two
// neighbours exchanged. All must be caught, but for those that promise nothing or loosen nothing.
func TestEverySingleMutationIsCaught(t *testing.T) {
	text, old := readSpec(t)
	tried, caught := 0, map[string]int{}
	mutate(t, text, func(kind, path string, mutated []byte) {
		tried++
		s := new(Spec)
		if err := decodeStrictly(mutated, s); err != nil {
			caught["not readable"]++
			return
		}
		broken := len(breaks(old, s)) > 0
		last := path[strings.LastIndexByte(path, '/')+1:]
		switch {
		case last == "doc" || last == "$schema": // texts
			if broken {
				t.Errorf("%s %s is refused, but promises nothing", kind, path)
			}
			return
		case kind == "exchange" && last != "fields" && last != "params": // the order of what has a name means nothing
			return
		case last == "reserved" && strings.Contains(string(mutatedAt(t, text, path)), "true"): // taking a reserved name into use
			return
		case kind == "remove" && string(lockText(s)) == string(lockText(old)): // what was written out is the default
			return
		}
		if !broken {
			t.Errorf("%s %s is not caught", kind, path)
		}
		caught[kind]++
	})
	t.Logf("%d mutations, caught %v", tried, caught)
	for _, kind := range []string{"alter", "remove", "exchange"} {
		if caught[kind] == 0 {
			t.Errorf("no mutation of kind %q was caught", kind)
		}
	}
}

// mutatedAt returns the value that stands at a path before the mutation.
func mutatedAt(t *testing.T, text []byte, path string) []byte {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	for _, key := range strings.Split(strings.TrimPrefix(path, "/"), "/") {
		switch x := v.(type) {
		case map[string]any:
			v = x[key]
		case []any:
			var i int
			fmt.Sscan(key, &i)
			v = x[i]
		}
	}
	return toJSON(v)
}

// mutate calls try with every description that differs in one place.
func mutate(t *testing.T, text []byte, try func(kind, path string, mutated []byte)) {
	var root any
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	var walk func(path string, v any, set func(any))
	walk = func(path string, v any, set func(any)) {
		attempt := func(kind, at string, other any) {
			set(other)
			try(kind, at, toJSON(root))
			set(v)
		}
		switch x := v.(type) {
		case map[string]any:
			for key, e := range x {
				if _, nested := e.([]any); !nested {
					delete(x, key)
					try("remove", path+"/"+key, toJSON(root))
					x[key] = e
				}
				walk(path+"/"+key, e, func(other any) { x[key] = other })
			}
		case []any:
			for i, e := range x {
				attempt("remove", fmt.Sprintf("%s/%d", path, i), append(append([]any{}, x[:i]...), x[i+1:]...))
				walk(fmt.Sprintf("%s/%d", path, i), e, func(other any) { x[i] = other })
				if i > 0 {
					swapped := append([]any{}, x...)
					swapped[i-1], swapped[i] = swapped[i], swapped[i-1]
					if string(toJSON(swapped)) != string(toJSON(x)) {
						attempt("exchange", path, swapped)
					}
				}
			}
		case string:
			attempt("alter", path, x+"x")
		case float64:
			attempt("alter", path, x+1)
		case bool:
			attempt("alter", path, !x)
		case nil:
			attempt("alter", path, "StreamReply")
		}
	}
	walk("", root, func(any) {})
}

// edit reads the description and changes it.
func edit(t *testing.T, change func(s *Spec)) *Spec {
	t.Helper()
	_, s := readSpec(t)
	change(s)
	return s
}

func find[T any](list []T, is func(T) bool) *T {
	for i := range list {
		if is(list[i]) {
			return &list[i]
		}
	}
	panic("the test looks for something that v1.json no longer has")
}

func TestBreaks(t *testing.T) {
	_, old := readSpec(t)
	response := func(s *Spec) *Record { return s.record("HttpResponse") }
	job := func(s *Spec) *Trigger { return find(s.Triggers, func(t Trigger) bool { return t.Name == "job" }) }
	channel := func(s *Spec) *Trigger { return find(s.Triggers, func(t Trigger) bool { return t.Name == "channel" }) }
	for _, c := range []struct {
		name   string
		change func(s *Spec)
		want   string // part of the only complaint; "" when the change is allowed
	}{
		{"limit removed", func(s *Spec) { s.Limits = s.Limits[1:] }, "is gone"},
		{"limit raised", func(s *Spec) { s.Limits[0].Value *= 2 }, "value was"},
		{"code removed", func(s *Spec) { s.Codes = s.Codes[:len(s.Codes)-1] }, "is gone"},
		{"code renumbered", func(s *Spec) { s.Codes[0].Value = -99 }, "value was"},
		{"code with another status", func(s *Spec) { s.Codes[0].Status = 501 }, "status was"},
		{"code that is retried", func(s *Spec) { s.Codes[0].Retry = true }, "retry was"},
		{"export removed", func(s *Spec) { s.Exports = s.Exports[:2] }, "is gone"},
		{"export retyped", func(s *Spec) { s.Exports[3].Params = []string{"i64"} }, "params was"},
		{"export made required", func(s *Spec) { s.Exports[4].Required = true }, "required was"},
		{"new required export", func(s *Spec) {
			s.Exports = append(s.Exports, Export{Name: "stackhost_free", Required: true})
		}, "new and required"},
		{"trigger removed", func(s *Spec) { s.Triggers = s.Triggers[1:] }, "trigger http is gone"},
		{"trigger with another record", func(s *Spec) { job(s).Response = "HttpResponse" }, "response was"},
		{"trigger reserved again", func(s *Spec) { job(s).Reserved = true }, "reserved was"},
		{"reserved trigger's export renamed", func(s *Spec) { channel(s).Export = "other" }, "export was"},
		{"capability removed", func(s *Spec) { s.Capabilities = s.Capabilities[:2] }, "capability fetch is gone"},
		{"capability granted to all", func(s *Spec) { s.Capabilities[2].Implicit = true }, "implicit was"},
		{"function removed", func(s *Spec) { s.Capabilities[0].Functions = s.Capabilities[0].Functions[1:] }, "take is gone"},
		{"function's params reordered", func(s *Spec) { s.Capabilities[0].Functions[0].Params = []string{"cap", "ptr"} }, "params was"},
		{"function's shape changed", func(s *Spec) { s.Capabilities[0].Functions[2].Shape = "direct" }, "shape was"},
		{"function that now replies", func(s *Spec) { s.Capabilities[0].Functions[6].Reply = "StreamReply" }, "reply was"},
		{"enum value renumbered", func(s *Spec) { s.Enums[0].Values[0].Value = 9 }, "value LogLevel trace was"},
		{"enum value removed", func(s *Spec) { s.Enums[0].Values = s.Enums[0].Values[1:] }, "is gone"},
		{"record removed", func(s *Spec) { s.Records = s.Records[1:] }, "BootRequest is gone"},
		{"field removed at the end", func(s *Spec) { r := response(s); r.Fields = r.Fields[:2] }, "element 2 (body) is gone"},
		{"field renamed", func(s *Spec) { response(s).Fields[2].Name = "content" }, "name was"},
		{"field retyped", func(s *Spec) { response(s).Fields[2].Type = "str" }, "type was"},
		{"field's default changed", func(s *Spec) { response(s).Fields[0].Default = 204.0 }, "default was"},
		{"major version raised", func(s *Spec) { s.Version = 2 }, "version was"},
		{"guests' codes moved", func(s *Spec) { s.GuestCodesFrom = -2000 }, "guest_codes_from was"},

		{"new limit", func(s *Spec) { s.Limits = append(s.Limits, Limit{Name: "x", Value: 1}) }, ""},
		{"new code", func(s *Spec) { s.Codes = append(s.Codes, Code{Name: "x", Value: -13}) }, ""},
		{"new optional export", func(s *Spec) { s.Exports = append(s.Exports, Export{Name: "x"}) }, ""},
		{"new capability", func(s *Spec) { s.Capabilities = append(s.Capabilities, Capability{Name: "x"}) }, ""},
		{"new function", func(s *Spec) {
			c := &s.Capabilities[1]
			c.Functions = append(c.Functions, Function{Name: "x"})
		}, ""},
		{"new enum value", func(s *Spec) { e := &s.Enums[0]; e.Values = append(e.Values, EnumValue{Name: "fatal", Value: 5}) }, ""},
		{"new record", func(s *Spec) { s.Records = append(s.Records, Record{Name: "X"}) }, ""},
		{"new field at the end", func(s *Spec) {
			r := response(s)
			r.Fields = append(r.Fields, Field{Name: "x", Type: "uint"})
		}, ""},
		{"reserved trigger taken into use", func(s *Spec) {
			c := channel(s)
			c.Reserved, c.Request, c.Response = false, "JobRequest", "JobResult"
		}, ""},
		{"records in another order", func(s *Spec) { s.Records[0], s.Records[1] = s.Records[1], s.Records[0] }, ""},
		{"another text", func(s *Spec) { s.Codes[0].Doc = "Other words." }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(breaks(old, edit(t, c.change)), "; ")
			if c.want == "" && got != "" || c.want != "" && !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	field := edit(t, func(s *Spec) {
		r := response(s)
		r.Fields = append([]Field{{Name: "first", Type: "uint", Since: 1}}, r.Fields...)
	})
	if got := breaks(old, field); len(got) == 0 {
		t.Error("a field in front of the others is not caught")
	}
}

// An addition is refused until it is locked, and what breaks the lock cannot be locked.
func TestLocking(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock.json")
	_, s := readSpec(t)
	if err := writeLock(path, s); err != nil {
		t.Fatal(err)
	}
	grown := edit(t, func(s *Spec) { s.Codes = append(s.Codes, Code{Name: "x", Value: -13}) })
	if err := checkLock(path, grown); err == nil || !strings.Contains(err.Error(), "-lock") {
		t.Errorf("an addition that is not locked: got %v", err)
	}
	if err := writeLock(path, grown); err != nil {
		t.Errorf("locking an addition: %v", err)
	}
	if err := checkLock(path, grown); err != nil {
		t.Errorf("a locked addition: %v", err)
	}
	broken := new(brokenError)
	if err := writeLock(path, s); !errors.As(err, &broken) {
		t.Errorf("locking a removal: got %v", err)
	}
	if err := checkLock(path, s); !errors.As(err, &broken) {
		t.Errorf("checking a removal: got %v", err)
	}
}
