package main

import (
	"fmt"
	"slices"
	"strings"
)

// witKeywords are words of WIT that a name must be escaped from with %.
var witKeywords = strings.Fields("as async bool borrow char constructor enum error-context export f32 f64 flags from func future " +
	"import include interface list option own package record resource result s16 s32 s64 s8 static stream string tuple type " +
	"u16 u32 u64 u8 use variant with world")

// emitWIT renders the ABI in WIT, for reading and for tools that know it. It says what the records and functions are, not how
// they travel: the wire is docs/abi.md's, not the canonical ABI's.
func emitWIT(s *Spec) []File {
	w := &witWriter{s: s}
	w.line("// Made from abi/v1.json by abi/internal/gen. Do not edit.")
	w.line("//")
	w.line("// ABI v%d in WIT: its records, functions and entry points, for reading. Modules are plain core modules, not components:", s.Version)
	w.line("// docs/abi.md says how the records travel, and lists the limits, which WIT cannot say.")
	w.line("package stackhost:abi@%d.0.0;", s.Version)
	w.line("")
	w.line("interface types {")
	w.doc("  ", "What went wrong.")
	w.line("  variant code {")
	for _, c := range s.Codes {
		w.doc("    ", fmt.Sprintf("%d: %s", c.Value, c.Doc))
		w.line("    %s,", witName(c.Name))
	}
	w.doc("    ", fmt.Sprintf("%d and below: what the guest says they mean.", s.GuestCodesFrom))
	w.line("    guest(s64),")
	w.line("  }")
	w.line("")
	w.doc("  ", "Free-form data in MessagePack: nil, booleans, integers, floats, text, bytes, arrays, maps with text keys.")
	w.line("  type free-form = list<u8>;")
	w.line("")
	w.doc("  ", "Header fields: names in lower case, order and repeats kept, values are bytes.")
	w.line("  type headers = list<tuple<string, list<u8>>>;")
	w.line("")
	w.doc("  ", "Named values.")
	w.line("  type pairs = list<tuple<string, string>>;")
	for _, e := range s.Enums {
		w.line("")
		w.doc("  ", e.Doc)
		w.line("  enum %s {", witName(e.Name))
		for _, v := range e.Values {
			w.line("    %s,", witName(v.Name))
		}
		w.line("  }")
	}
	for _, r := range s.Records {
		w.line("")
		w.doc("  ", r.Doc)
		w.line("  record %s {", witName(r.Name))
		for _, f := range r.Fields {
			text := f.Doc
			if f.Default != nil {
				text += fmt.Sprintf(" Default: %v.", f.Default)
			}
			w.doc("    ", text)
			w.line("    %s: %s,", witName(f.Name), witType(MustType(f.Type)))
		}
		w.line("  }")
	}
	w.line("}")
	for _, c := range s.Capabilities {
		w.capability(c)
	}
	w.world()
	return []File{{"abi/v1.wit", []byte(w.String())}}
}

type witWriter struct {
	strings.Builder
	s *Spec
}

func (w *witWriter) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

// doc writes a text in lines of at most 100 characters.
func (w *witWriter) doc(indent, text string) {
	for text != "" {
		n := len(text)
		if n > 100 {
			if n = strings.LastIndexByte(text[:100], ' '); n < 0 {
				n = len(text)
			}
		}
		w.line("%s/// %s", indent, text[:n])
		text = strings.TrimPrefix(text[n:], " ")
	}
}

func (w *witWriter) use(indent string, records []string) {
	names := []string{"code"}
	for _, r := range records {
		if name := witName(r); r != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	w.line("%suse types.{%s};", indent, strings.Join(names, ", "))
}

func (w *witWriter) capability(c Capability) {
	var records []string
	for _, f := range c.Functions {
		records = append(records, f.Request, f.Reply)
	}
	w.line("")
	w.doc("", c.Doc)
	w.doc("", fmt.Sprintf("Imported from module stackhost:%s@%d.", c.Name, c.Version))
	w.line("interface %s {", witName(c.Name))
	w.use("  ", records)
	for _, f := range c.Functions {
		w.line("")
		w.doc("  ", f.Doc)
		w.line("  %s: func%s;", witName(f.Name), witSignature(f))
	}
	w.line("}")
}

// witSignature renders parameters and result. An area of guest memory to fill is a capacity and a list in the result, one to
// read from is a list.
func witSignature(f Function) string {
	if f.Shape == "call" {
		reply := "_"
		if f.Reply != "" {
			reply = witName(f.Reply)
		}
		return fmt.Sprintf("(request: %s) -> result<%s, code>", witName(f.Request), reply)
	}
	reply, params := "_", []string{}
	for _, p := range f.Params {
		switch p {
		case "cap":
			params, reply = append(params, "cap: u32"), "list<u8>"
		case "len":
			params = append(params, "bytes: list<u8>")
		case "stream":
			params = append(params, "%stream: u32")
		}
	}
	return fmt.Sprintf("(%s) -> result<%s, code>", strings.Join(params, ", "), reply)
}

func (w *witWriter) world() {
	var records []string
	for _, t := range w.s.Triggers {
		if !t.Reserved {
			records = append(records, t.Request, t.Response)
		}
	}
	for _, e := range w.s.Exports {
		records = append(records, e.Request)
	}
	w.line("")
	w.doc("", "A module. It imports only what it calls, and exports only the entry points it has.")
	w.line("world guest {")
	w.use("  ", records)
	w.line("")
	for _, c := range w.s.Capabilities {
		w.line("  import %s;", witName(c.Name))
	}
	for _, e := range w.s.Exports {
		if e.Request != "" {
			w.line("")
			w.doc("  ", e.Doc)
			w.line("  export %s: func(request: %s) -> result<_, code>;", witName(e.Name), witName(e.Request))
		}
	}
	for _, t := range w.s.Triggers {
		if !t.Reserved {
			w.line("")
			w.doc("  ", t.Doc)
			w.line("  export %s: func(request: %s) -> result<option<%s>, code>;", witName(t.Export), witName(t.Request), witName(t.Response))
		}
	}
	w.line("}")
}

// witName is kebab case, escaped from WIT's own words.
func witName(name string) string {
	if k := Kebab(name); !slices.Contains(witKeywords, k) {
		return k
	}
	return "%" + Kebab(name)
}

func witType(t Type) string {
	switch t.Kind {
	case "uint":
		return "u64"
	case "int":
		return "s64"
	case "float":
		return "f64"
	case "bool", "headers", "pairs":
		return t.Kind
	case "str":
		return "string"
	case "bin":
		return "list<u8>"
	case "any":
		return "free-form"
	case "list":
		return "list<" + witType(*t.Elem) + ">"
	}
	return witName(t.Name)
}
