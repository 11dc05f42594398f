package main

import (
	"fmt"
	"strings"
)

// emitC renders the constants, records, import declarations and field tables of the C SDK.
// The tables are read by the encoder and decoder of sdk/c/src.
func emitC(s *Spec) []File {
	w := &cWriter{}
	w.line("/* Generated from abi/v1.json by abi/internal/gen. Do not edit. */")
	w.line("")
	w.line("/* Constants, codes, records and imports of ABI v%d. Include stackhost.h, which includes this. */", s.Version)
	w.line("")
	w.line("#ifndef STACKHOST_ABI_H")
	w.line("#define STACKHOST_ABI_H")
	w.line("")
	for _, l := range s.Limits {
		w.doc("", l.Doc)
		w.line("#define SH_LIMIT_%s %d", Screaming(l.Name), l.Value)
	}
	w.line("")
	for _, c := range s.Codes {
		w.doc("", c.Doc)
		w.line("#define SH_CODE_%s ((sh_code)%d)", Screaming(c.Name), c.Value)
	}
	w.doc("", "The highest code that a guest may give a meaning of its own.")
	w.line("#define SH_GUEST_CODES_FROM ((sh_code)%d)", s.GuestCodesFrom)
	for _, e := range s.Enums {
		w.line("")
		w.doc("", e.Doc)
		w.line("enum {")
		for _, v := range e.Values {
			w.line("    SH_%s_%s = %d,", Screaming(e.Name), Screaming(v.Name), v.Value)
		}
		w.line("};")
	}
	done := map[string]bool{}
	for _, r := range s.Records {
		w.record(s, r, done)
	}
	w.imports(s)
	w.line("")
	w.line("#endif")
	w.line("")
	w.line("/* What follows is for the SDK's own source: the tables that records are encoded and decoded by. */")
	w.line("#ifdef STACKHOST_ABI_TABLES")
	w.tables(s)
	w.line("#endif")
	return []File{{Path: "sdk/c/stackhost_abi.h", Data: []byte(w.String())}}
}

type cWriter struct{ strings.Builder }

func (w *cWriter) line(format string, args ...any) {
	fmt.Fprintf(w, format+"\n", args...)
}

func (w *cWriter) doc(indent, text string) {
	w.line("%s/** %s */", indent, text)
}

// record writes a record's struct after those that it holds.
func (w *cWriter) record(s *Spec, r Record, done map[string]bool) {
	if done[r.Name] {
		return
	}
	done[r.Name] = true
	for _, f := range r.Fields {
		t := MustType(f.Type)
		if t.Elem != nil {
			t = *t.Elem
		}
		if t.Kind == "record" {
			w.record(s, *s.record(t.Name), done)
		}
	}
	w.line("")
	w.doc("", r.Doc)
	w.line("typedef struct sh_%s {", Snake(r.Name))
	for _, f := range r.Fields {
		w.doc("    ", f.Doc)
		w.line("    %s %s;", cType(MustType(f.Type)), cField(f.Name))
	}
	w.line("} sh_%s;", Snake(r.Name))
	w.line("extern const sh_record_type sh_%s_type;", Snake(r.Name))
}

func cType(t Type) string {
	switch t.Kind {
	case "uint", "enum":
		return "uint64_t"
	case "int":
		return "int64_t"
	case "bool":
		return "bool"
	case "float":
		return "double"
	case "str", "bin":
		return "sh_str"
	case "any":
		return "sh_value"
	case "headers", "pairs":
		return "sh_fields"
	case "list":
		return fmt.Sprintf("struct { %s *items; size_t count; }", cType(*t.Elem))
	}
	return "sh_" + Snake(t.Name)
}

// imports declares the host's functions; outside wasm a test host defines them.
func (w *cWriter) imports(s *Spec) {
	w.line("")
	w.line("#ifdef __wasm__")
	w.line("#define SH_IMPORT(module, name) __attribute__((import_module(module), import_name(name)))")
	w.line("#else")
	w.line("#define SH_IMPORT(module, name)")
	w.line("#endif")
	for _, c := range s.Capabilities {
		for _, f := range c.Functions {
			w.line("")
			w.doc("", f.Doc)
			w.line("SH_IMPORT(\"stackhost:%s@%d\", %q)", c.Name, c.Version, f.Name)
			w.line("int64_t sh_import_%s_%s(%s);", c.Name, f.Name, cParams(f))
		}
	}
}

func cParams(f Function) string {
	if f.Shape == "call" {
		return "const void *request, size_t request_len, void *out, size_t out_cap"
	}
	params := make([]string, len(f.Params))
	for i, p := range f.Params {
		t := "uint32_t "
		switch {
		case p == "ptr" && i+1 < len(f.Params) && f.Params[i+1] == "cap":
			t = "void *"
		case p == "ptr":
			t = "const void *"
		case p == "cap" || p == "len":
			t = "size_t "
		}
		params[i] = t + p
	}
	return strings.Join(params, ", ")
}

// tables writes a descriptor for each record, those that it holds first.
func (w *cWriter) tables(s *Spec) {
	done := map[string]bool{}
	var table func(r Record)
	table = func(r Record) {
		if done[r.Name] {
			return
		}
		done[r.Name] = true
		for _, f := range r.Fields {
			t := MustType(f.Type)
			if t.Elem != nil {
				t = *t.Elem
			}
			if t.Kind == "record" {
				table(*s.record(t.Name))
			}
		}
		name := "sh_" + Snake(r.Name)
		w.line("")
		w.line("static const sh_field_type %s_fields[] = {", name)
		for _, f := range r.Fields {
			w.line("    {%s, offsetof(%s, %s)},", cDescriptor(f), name, cField(f.Name))
		}
		w.line("};")
		w.line("const sh_record_type %s_type = {%s_fields, %d, sizeof(%s)};", name, name, len(r.Fields), name)
	}
	for _, r := range s.Records {
		table(r)
	}
	w.line("")
	w.line("#ifdef STACKHOST_ABI_NAMES")
	w.line("static const struct { const char *name; const sh_record_type *type; } sh_record_names[] = {")
	for _, r := range s.Records {
		w.line("    {%q, &sh_%s_type},", r.Name, Snake(r.Name))
	}
	w.line("};")
	w.line("#endif")
}

// cDescriptor gives the kind, the type of the record in it and the default of a field.
func cDescriptor(f Field) string {
	kind := func(t Type) string {
		k := map[string]string{"enum": "uint", "pairs": "pairs"}[t.Kind]
		if k == "" {
			k = t.Kind
		}
		return "SH_KIND_" + strings.ToUpper(k)
	}
	t := MustType(f.Type)
	elem, inner := "0", t
	if t.Kind == "list" {
		inner = *t.Elem
		elem = kind(inner)
	}
	record := "0"
	if inner.Kind == "record" {
		record = "&sh_" + Snake(inner.Name) + "_type"
	}
	otherwise := "0"
	if n, ok := f.Default.(float64); ok {
		otherwise = fmt.Sprint(int64(n))
	}
	return fmt.Sprintf("%s, %s, %s, %s", kind(t), elem, otherwise, record)
}

// cField is a field's name, unless that is a word of C++ or a macro of stdio.h.
func cField(name string) string {
	switch name {
	case "namespace":
		return "space"
	case "stdin":
		return "input"
	case "stdout":
		return "output"
	case "stderr":
		return "messages"
	}
	return name
}
