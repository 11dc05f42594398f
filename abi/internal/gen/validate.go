package main

import (
	"fmt"
	"regexp"
	"slices"
)

var (
	snakeName  = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	pascalName = regexp.MustCompile(`^([A-Z][a-z0-9]*)+$`)
	exportName = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)
)

// directParams are the parameters that a function of shape direct may have; each is an i32.
var directParams = []string{"ptr", "len", "cap", "stream"}

// validator keeps the first mistake in a description.
type validator struct {
	s   *Spec
	err error
}

func (s *Spec) validate() error {
	v := &validator{s: s}
	v.check(s.Name == "stackhost" && s.Version >= 1, "name or version is wrong")
	v.check(s.GuestCodesFrom < 0, "guest_codes_from is not negative")
	v.limits()
	v.codes()
	v.enums()
	v.records()
	v.exports()
	v.capabilities()
	return v.err
}

func (v *validator) check(ok bool, format string, args ...any) {
	if !ok && v.err == nil {
		v.err = fmt.Errorf(format, args...)
	}
}

// item checks what every part has: a well-formed name given once, a text, the version it came with.
func (v *validator) item(seen map[string]bool, form *regexp.Regexp, what, name, doc string, since int) {
	v.check(form.MatchString(name), "%s %q is no well-formed name", what, name)
	v.check(!seen[name], "%s %q is given twice", what, name)
	v.check(doc != "", "%s %q has no doc", what, name)
	v.check(since >= 1, "%s %q has no since", what, name)
	seen[name] = true
}

func (v *validator) limits() {
	seen := map[string]bool{}
	for _, l := range v.s.Limits {
		v.item(seen, snakeName, "limit", l.Name, l.Doc, 1)
		v.check(l.Value > 0, "limit %s is not positive", l.Name)
	}
	for _, name := range []string{"record_bytes", "depth", "headers", "batch_calls", "page_entries"} {
		v.check(seen[name], "limit %s is missing", name)
	}
}

func (v *validator) codes() {
	seen, numbers := map[string]bool{}, map[int64]bool{}
	for _, c := range v.s.Codes {
		v.item(seen, snakeName, "code", c.Name, c.Doc, c.Since)
		v.check(c.Value < 0 && c.Value > v.s.GuestCodesFrom, "code %s: value %d is out of range", c.Name, c.Value)
		v.check(!numbers[c.Value], "code %s: value %d is used twice", c.Name, c.Value)
		v.check(c.Status >= 400 && c.Status <= 599, "code %s: status %d is no error", c.Name, c.Status)
		numbers[c.Value] = true
	}
}

func (v *validator) exports() {
	seen := map[string]bool{}
	for _, e := range v.s.Exports {
		v.item(seen, exportName, "export", e.Name, e.Doc, e.Since)
		v.check(e.Kind == "" || e.Kind == "memory", "export %s: kind %q is not known", e.Name, e.Kind)
		v.check(!e.Required || !e.Reserved, "export %s is both required and reserved", e.Name)
		for _, t := range slices.Concat(e.Params, e.Results) {
			v.check(t == "i32" || t == "i64", "export %s: type %q is not known", e.Name, t)
		}
		v.check(e.Request == "" || v.hasRecord(e.Request), "export %s: record %q is not known", e.Name, e.Request)
	}
	triggers := map[string]bool{}
	for _, t := range v.s.Triggers {
		v.item(triggers, snakeName, "trigger", t.Name, t.Doc, t.Since)
		v.check(exportName.MatchString(t.Export) && !seen[t.Export], "trigger %s: export %q is malformed or given twice", t.Name, t.Export)
		seen[t.Export] = true
		v.check(t.Reserved || v.hasRecord(t.Request), "trigger %s: record %q is not known", t.Name, t.Request)
		v.check(t.Reserved || v.hasRecord(t.Response), "trigger %s: record %q is not known", t.Name, t.Response)
	}
}

func (v *validator) capabilities() {
	seen := map[string]bool{}
	for _, c := range v.s.Capabilities {
		v.item(seen, snakeName, "capability", c.Name, c.Doc, c.Since)
		v.check(c.Version >= 1, "capability %s has no version", c.Name)
		names := map[string]bool{}
		for _, f := range c.Functions {
			what := "function " + c.Name + " " + f.Name
			v.item(names, snakeName, "function of "+c.Name, f.Name, f.Doc, f.Since)
			switch f.Shape {
			case "call":
				v.check(v.hasRecord(f.Request), "%s: record %q is not known", what, f.Request)
				v.check(f.Reply == "" || v.hasRecord(f.Reply), "%s: record %q is not known", what, f.Reply)
				v.check(len(f.Params) == 0, "%s has params although its shape is call", what)
			case "direct":
				v.check(f.Request == "" && f.Reply == "", "%s has records although its shape is direct", what)
				for i, p := range f.Params {
					v.check(slices.Contains(directParams, p) && !slices.Contains(f.Params[:i], p), "%s: param %q is not known or given twice", what, p)
				}
			default:
				v.check(false, "%s: shape %q is not known", what, f.Shape)
			}
		}
	}
}

func (v *validator) enums() {
	seen := map[string]bool{}
	for _, e := range v.s.Enums {
		v.item(seen, pascalName, "enum", e.Name, e.Doc, e.Since)
		names, numbers := map[string]bool{}, map[int64]bool{}
		for _, x := range e.Values {
			v.item(names, snakeName, "value of "+e.Name, x.Name, e.Doc, 1)
			v.check(x.Value >= 0 && !numbers[x.Value], "value %s of %s: %d is negative or used twice", x.Name, e.Name, x.Value)
			numbers[x.Value] = true
		}
		v.check(numbers[0], "enum %s has no value 0, which a missing field has", e.Name)
	}
}

func (v *validator) records() {
	seen := map[string]bool{}
	for _, r := range v.s.Records {
		v.item(seen, pascalName, "record", r.Name, r.Doc, r.Since)
		fields := map[string]bool{}
		for i, f := range r.Fields {
			what := "field " + r.Name + "." + f.Name
			v.item(fields, snakeName, "field of "+r.Name, f.Name, f.Doc, f.Since)
			v.check(i == 0 || f.Since >= r.Fields[i-1].Since, "%s is older than the field before it", what)
			t, err := ParseType(f.Type)
			v.check(err == nil && v.known(t), "%s: type %q is not known", what, f.Type)
			n, number := f.Default.(float64)
			v.check(f.Default == nil || t.Kind == "uint" && number && n >= 0 && n == float64(uint64(n)), "%s: only a uint may have a default, and it is a uint", what)
		}
		v.check(v.err != nil || !v.contains(r.Name, r.Name, map[string]bool{}), "record %s contains itself", r.Name)
	}
}

func (v *validator) hasRecord(name string) bool {
	return slices.ContainsFunc(v.s.Records, func(r Record) bool { return r.Name == name })
}

func (v *validator) known(t Type) bool {
	switch t.Kind {
	case "list":
		return t.Elem.Kind != "list" && v.known(*t.Elem)
	case "record":
		return v.hasRecord(t.Name)
	case "enum":
		return slices.ContainsFunc(v.s.Enums, func(e Enum) bool { return e.Name == t.Name })
	}
	return true
}

// contains tells whether the record in holds the record name, itself or through others.
func (v *validator) contains(in, name string, visited map[string]bool) bool {
	if visited[in] || !v.hasRecord(in) {
		return false
	}
	visited[in] = true
	for _, f := range v.s.record(in).Fields {
		t, err := ParseType(f.Type)
		if err == nil && t.Kind == "list" {
			t = *t.Elem
		}
		if err == nil && t.Kind == "record" && (t.Name == name || v.contains(t.Name, name, visited)) {
			return true
		}
	}
	return false
}
