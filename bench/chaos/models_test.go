package main

import (
	"testing"

	"github.com/anishathalye/porcupine"
)

func TestModelCatchesWrongHistories(t *testing.T) {
	op := func(kind, want, to string, out output, call, ret int64) porcupine.Operation {
		return porcupine.Operation{Input: input{kind: kind, want: want, to: to}, Output: out, Call: call, Return: ret}
	}
	done, refused, unknown := output{ok: true}, output{}, output{unknown: true}
	read := func(v string) output { return output{value: v} }
	for name, c := range map[string]struct {
		ops  []porcupine.Operation
		good bool
	}{
		"a lost write":                 {[]porcupine.Operation{op("set", "", "a", done, 1, 2), op("get", "", "", read(""), 3, 4)}, false},
		"a stale read":                 {[]porcupine.Operation{op("set", "", "a", done, 1, 2), op("set", "", "b", done, 3, 4), op("get", "", "", read("a"), 5, 6)}, false},
		"a write comes back":           {[]porcupine.Operation{op("set", "", "a", unknown, 1, 99), op("set", "", "b", done, 3, 4), op("get", "", "", read("a"), 5, 6), op("get", "", "", read("b"), 7, 8)}, false},
		"an unknown write is seen":     {[]porcupine.Operation{op("set", "", "a", unknown, 1, 99), op("get", "", "", read("a"), 5, 6)}, true},
		"an unknown write is not seen": {[]porcupine.Operation{op("set", "", "a", unknown, 1, 99), op("get", "", "", read(""), 5, 6)}, true},
		"an increment done twice":      {[]porcupine.Operation{op("add", "", "", read("1"), 1, 2), op("add", "", "", read("3"), 3, 4)}, false},
		"two hold a lock":              {[]porcupine.Operation{op("acquire", "", "x", done, 1, 2), op("acquire", "", "y", done, 3, 4)}, false},
		"a lock is passed on":          {[]porcupine.Operation{op("acquire", "", "x", done, 1, 2), op("release", "", "x", done, 3, 4), op("acquire", "", "y", done, 5, 6)}, true},
		"a lock is refused for nobody": {[]porcupine.Operation{op("acquire", "", "x", refused, 1, 2)}, false},
		"a swap of what is not there":  {[]porcupine.Operation{op("set", "", "a", done, 1, 2), op("cas", "b", "c", done, 3, 4)}, false},
		"a value that expires":         {[]porcupine.Operation{op("set", "", "a", done, 1, 2), op("look", "", "", read("a"), 3, 4), op("look", "", "", read(""), 5, 6)}, true},
		"an expired value comes back":  {[]porcupine.Operation{op("set", "", "a", done, 1, 2), op("look", "", "", read(""), 3, 4), op("look", "", "", read("a"), 5, 6)}, false},
		"two make a value":             {[]porcupine.Operation{op("lease", "", "t1", done, 1, 2), op("lease", "", "t2", done, 3, 4)}, false},
		"a value is made":              {[]porcupine.Operation{op("lease", "", "t1", done, 1, 2), op("make", "t1", "a", done, 3, 4), op("lease", "", "t2", read("a"), 5, 6)}, true},
		"a value is made and lost":     {[]porcupine.Operation{op("lease", "", "t1", done, 1, 2), op("make", "t1", "a", done, 3, 4), op("lease", "", "t2", done, 5, 6)}, false},
		"a good token is refused":      {[]porcupine.Operation{op("lease", "", "t1", done, 1, 2), op("make", "t1", "a", refused, 3, 4)}, false},
		"sessions":                     {[]porcupine.Operation{op("begin", "", "", output{ok: true, value: "x"}, 1, 2), op("begin", "", "", output{ok: true, value: "a"}, 3, 4), op("sessions", "", "", read("a,x"), 5, 6), op("end", "", "x", done, 7, 8), op("sessions", "", "", read("a"), 9, 10), op("end all", "", "", done, 11, 12), op("sessions", "", "", read(""), 13, 14)}, true},
		"a session is lost":            {[]porcupine.Operation{op("begin", "", "", output{ok: true, value: "x"}, 1, 2), op("sessions", "", "", read(""), 3, 4)}, false},
		"a session goes on after all":  {[]porcupine.Operation{op("begin", "", "", output{ok: true, value: "x"}, 1, 2), op("end", "", "x", done, 3, 4), op("sessions", "", "", read("x"), 5, 6)}, false},
		"a session ends twice":         {[]porcupine.Operation{op("begin", "", "", output{ok: true, value: "x"}, 1, 2), op("end", "", "x", done, 3, 4), op("end", "", "x", done, 5, 6)}, false},
		"half a transaction":           {[]porcupine.Operation{op("both", "", "a", done, 1, 2), op("pair", "", "", read("a|"), 3, 4)}, false},
	} {
		if got := porcupine.CheckOperations(register, c.ops); got != c.good {
			t.Errorf("%s: linearizable %v, want %v", name, got, c.good)
		}
	}
}

func TestCountsCatchesWrongHistories(t *testing.T) {
	op := func(kind, value string, call, ret int64) porcupine.Operation {
		return porcupine.Operation{Input: input{kind: kind}, Output: output{value: value, unknown: value == "?"}, Call: call, Return: ret}
	}
	for name, c := range map[string]struct {
		ops  []porcupine.Operation
		good bool
	}{
		"in order":                     {[]porcupine.Operation{op("add", "1", 1, 2), op("add", "2", 3, 4), op("get", "2", 5, 6)}, true},
		"side by side":                 {[]porcupine.Operation{op("add", "2", 1, 9), op("add", "1", 2, 8)}, true},
		"a lost increment":             {[]porcupine.Operation{op("add", "1", 1, 2), op("add", "2", 3, 4), op("get", "1", 5, 6)}, false},
		"against time":                 {[]porcupine.Operation{op("add", "2", 1, 2), op("add", "1", 3, 4)}, false},
		"twice the same":               {[]porcupine.Operation{op("add", "1", 1, 9), op("add", "1", 2, 8)}, false},
		"one done twice":               {[]porcupine.Operation{op("add", "1", 1, 2), op("add", "3", 3, 4)}, false},
		"an unknown one was done":      {[]porcupine.Operation{op("add", "1", 1, 2), op("add", "?", 3, 1<<60), op("add", "3", 4, 5)}, true},
		"an unknown one was not done":  {[]porcupine.Operation{op("add", "1", 1, 2), op("add", "?", 3, 1<<60), op("get", "1", 5, 6)}, true},
		"an unknown one came too late": {[]porcupine.Operation{op("add", "1", 1, 2), op("add", "3", 3, 4), op("add", "?", 5, 1<<60)}, false},
		"a stale read":                 {[]porcupine.Operation{op("add", "1", 1, 2), op("get", "", 3, 4)}, false},
	} {
		if wrong := counts(c.ops); (wrong == "") != c.good {
			t.Errorf("%s: %q", name, wrong)
		}
	}
}

func TestFencesCatchesTokensThatDoNotRise(t *testing.T) {
	for name, c := range map[string]struct {
		list []lease
		good bool
	}{
		"rising":                {[]lease{{"a", 1, 1, 2}, {"b", 2, 3, 4}}, true},
		"side by side":          {[]lease{{"a", 2, 1, 9}, {"b", 1, 3, 4}}, true},
		"the same owner again":  {[]lease{{"a", 1, 1, 2}, {"a", 1, 3, 4}}, true},
		"falling":               {[]lease{{"a", 2, 1, 2}, {"b", 1, 3, 4}}, false},
		"two with the same one": {[]lease{{"a", 1, 1, 2}, {"b", 1, 3, 4}}, false},
	} {
		if wrong := fences(c.list); (wrong == "") != c.good {
			t.Errorf("%s: %q", name, wrong)
		}
	}
}

func TestKnownDropsSessionsThatNobodyKnows(t *testing.T) {
	ops := known([]porcupine.Operation{{Input: input{kind: "begin"}, Output: output{value: "b"}}, {Input: input{kind: "sessions"}, Output: output{value: "a,b,c"}}})
	if got := ops[1].Output.(output).value; got != "b" {
		t.Errorf("%q", got)
	}
}
