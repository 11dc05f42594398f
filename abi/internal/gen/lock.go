package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
)

// lockPath is the file that remembers what v1 promised.
const lockPath = "abi/v1.lock.json"

// lockText renders what a description promises: all of it but the texts.
func lockText(s *Spec) []byte {
	l := *s
	l.Schema = ""
	l.Limits, l.Codes, l.Exports, l.Triggers = slices.Clone(s.Limits), slices.Clone(s.Codes), slices.Clone(s.Exports), slices.Clone(s.Triggers)
	for i := range l.Limits {
		l.Limits[i].Doc = ""
	}
	for i := range l.Codes {
		l.Codes[i].Doc = ""
	}
	for i := range l.Exports {
		l.Exports[i].Doc = ""
	}
	for i := range l.Triggers {
		l.Triggers[i].Doc = ""
	}
	l.Capabilities = slices.Clone(s.Capabilities)
	for i := range l.Capabilities {
		c := &l.Capabilities[i]
		c.Doc, c.Functions = "", slices.Clone(c.Functions)
		for j := range c.Functions {
			c.Functions[j].Doc = ""
		}
	}
	l.Enums = slices.Clone(s.Enums)
	for i := range l.Enums {
		e := &l.Enums[i]
		e.Doc, e.Values = "", slices.Clone(e.Values)
		for j := range e.Values {
			e.Values[j].Doc = ""
		}
	}
	l.Records = slices.Clone(s.Records)
	for i := range l.Records {
		r := &l.Records[i]
		r.Doc, r.Fields = "", slices.Clone(r.Fields)
		for j := range r.Fields {
			r.Fields[j].Doc = ""
		}
	}
	text, err := json.MarshalIndent(&l, "", " ")
	if err != nil {
		panic(err) // it was read from JSON
	}
	return append(text, '\n')
}

// writeLock takes the description's additions into the lock. It refuses a description that breaks the lock.
func writeLock(path string, s *Spec) error {
	old, err := loadLock(path)
	if os.IsNotExist(err) {
		return os.WriteFile(path, lockText(s), 0o644)
	}
	if err != nil {
		return err
	}
	if broken := breaks(old, s); len(broken) > 0 {
		return &brokenError{broken}
	}
	return os.WriteFile(path, lockText(s), 0o644)
}

// checkLock refuses what breaks the lock, and what is not in it yet.
func checkLock(path string, s *Spec) error {
	old, err := loadLock(path)
	if err != nil {
		return err
	}
	if broken := breaks(old, s); len(broken) > 0 {
		return &brokenError{broken}
	}
	if !bytes.Equal(lockText(old), lockText(s)) {
		return fmt.Errorf("abi/v1.json has additions that abi/v1.lock.json does not: once they are meant to stay for ever, run go run ./abi/internal/gen -lock")
	}
	return nil
}

func loadLock(path string) (*Spec, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := new(Spec)
	if err := decodeStrictly(text, s); err != nil {
		return nil, fmt.Errorf("%s: %w", lockPath, err)
	}
	return s, nil
}

// brokenError lists what an edit of the description takes away.
type brokenError struct{ changes []string }

func (e *brokenError) Error() string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "abi/v1.json breaks what v1 promised; modules exist that rely on it:")
	for _, c := range e.changes {
		fmt.Fprintf(&b, "\n  %s", c)
	}
	return b.String()
}

// breaks lists what is promised in old and changed in new. Allowed are new limits, codes, optional exports, triggers,
// capabilities, functions, enum values and records, new fields at the end of a record, and the use of a reserved name.
func breaks(old, new *Spec) []string {
	var out []string
	same := func(what string, a, b any) {
		if x, y := fmt.Sprintf("%v", a), fmt.Sprintf("%v", b); x != y {
			out = append(out, fmt.Sprintf("%s was %q, is %q", what, x, y))
		}
	}
	same("name", old.Name, new.Name)
	same("version", old.Version, new.Version)
	same("guest_codes_from", old.GuestCodesFrom, new.GuestCodesFrom)
	pair(&out, "limit", old.Limits, new.Limits, func(l Limit) string { return l.Name }, func(what string, a, b Limit) {
		same(what+" value", a.Value, b.Value)
	}, nil)
	pair(&out, "code", old.Codes, new.Codes, func(c Code) string { return c.Name }, func(what string, a, b Code) {
		same(what+" value", a.Value, b.Value)
		same(what+" retry", a.Retry, b.Retry)
		same(what+" status", a.Status, b.Status)
		same(what+" since", a.Since, b.Since)
	}, nil)
	pair(&out, "export", old.Exports, new.Exports, func(e Export) string { return e.Name }, func(what string, a, b Export) {
		same(what+" kind", a.Kind, b.Kind)
		same(what+" params", a.Params, b.Params)
		same(what+" results", a.Results, b.Results)
		same(what+" required", a.Required, b.Required)
		same(what+" since", a.Since, b.Since)
		if !a.Reserved {
			same(what+" reserved", a.Reserved, b.Reserved)
			same(what+" request", a.Request, b.Request)
		}
	}, func(what string, e Export) {
		if e.Required {
			out = append(out, what+" is new and required: modules without it exist")
		}
	})
	pair(&out, "trigger", old.Triggers, new.Triggers, func(t Trigger) string { return t.Name }, func(what string, a, b Trigger) {
		same(what+" export", a.Export, b.Export)
		same(what+" since", a.Since, b.Since)
		if !a.Reserved {
			same(what+" reserved", a.Reserved, b.Reserved)
			same(what+" request", a.Request, b.Request)
			same(what+" response", a.Response, b.Response)
		}
	}, nil)
	pair(&out, "capability", old.Capabilities, new.Capabilities, func(c Capability) string { return c.Name }, func(what string, a, b Capability) {
		same(what+" version", a.Version, b.Version)
		same(what+" implicit", a.Implicit, b.Implicit)
		same(what+" since", a.Since, b.Since)
		pair(&out, "function "+a.Name, a.Functions, b.Functions, func(f Function) string { return f.Name }, func(what string, a, b Function) {
			same(what+" shape", a.Shape, b.Shape)
			same(what+" params", a.Params, b.Params)
			same(what+" request", a.Request, b.Request)
			same(what+" reply", a.Reply, b.Reply)
			same(what+" since", a.Since, b.Since)
		}, nil)
	}, nil)
	pair(&out, "enum", old.Enums, new.Enums, func(e Enum) string { return e.Name }, func(what string, a, b Enum) {
		same(what+" since", a.Since, b.Since)
		pair(&out, "value "+a.Name, a.Values, b.Values, func(v EnumValue) string { return v.Name }, func(what string, a, b EnumValue) {
			same(what, a.Value, b.Value)
		}, nil)
	}, nil)
	pair(&out, "record", old.Records, new.Records, func(r Record) string { return r.Name }, func(what string, a, b Record) {
		same(what+" since", a.Since, b.Since)
		for i, f := range a.Fields {
			what := fmt.Sprintf("%s element %d (%s)", what, i, f.Name)
			if i >= len(b.Fields) {
				out = append(out, what+" is gone")
				continue
			}
			same(what+" name", f.Name, b.Fields[i].Name)
			same(what+" type", f.Type, b.Fields[i].Type)
			same(what+" default", f.Default, b.Fields[i].Default)
			same(what+" since", f.Since, b.Fields[i].Since)
		}
	}, nil)
	return out
}

// pair calls both for what is in old and new by name, and added for what only new has; what only old has is reported.
func pair[T any](out *[]string, what string, old, new []T, name func(T) string, both func(what string, a, b T), added func(what string, b T)) {
	find := func(list []T, n string) (T, bool) {
		for _, e := range list {
			if name(e) == n {
				return e, true
			}
		}
		var none T
		return none, false
	}
	for _, a := range old {
		if b, ok := find(new, name(a)); ok {
			both(what+" "+name(a), a, b)
		} else {
			*out = append(*out, what+" "+name(a)+" is gone")
		}
	}
	for _, b := range new {
		if _, ok := find(old, name(b)); !ok && added != nil {
			added(what+" "+name(b), b)
		}
	}
}
