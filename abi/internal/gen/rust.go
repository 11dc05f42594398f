package main

import (
	"fmt"
	"strings"
)

// emitRust renders the constants, import declarations and records of the Rust SDK.
// The MessagePack primitives that the records call are written by hand in sdk/rust/src/msgpack.rs.
func emitRust(s *Spec) []File {
	w := &rustWriter{}
	w.line("// Generated from abi/v1.json by abi/internal/gen. Do not edit.")
	w.line("")
	w.line("//! Constants, codes, import declarations and records of ABI v%d, generated from its description.", s.Version)
	w.line("")
	w.line("use crate::msgpack::*;")
	w.line("use crate::value::Value;")
	w.line("")
	for _, l := range s.Limits {
		w.doc("", l.Doc)
		w.line("pub const %s: usize = %d;", strings.ToUpper(l.Name), l.Value)
	}
	w.codes(s)
	for _, e := range s.Enums {
		w.enum(e)
	}
	w.imports(s)
	borrows := rustBorrowers(s)
	for _, r := range s.Records {
		w.record(r, borrows)
	}
	w.recode(s)
	return []File{{Path: "sdk/rust/src/abi.rs", Data: []byte(w.String())}}
}

type rustWriter struct{ strings.Builder }

func (w *rustWriter) line(format string, args ...any) {
	fmt.Fprintf(w, format+"\n", args...)
}

func (w *rustWriter) doc(indent, text string) {
	w.line("%s/// %s", indent, text)
}

func (w *rustWriter) codes(s *Spec) {
	w.line("")
	w.line("/// A stable code: what went wrong. Codes from [`GUEST_CODES_FROM`] down belong to the guest.")
	w.line("#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]")
	w.line("pub struct Code(pub i64);")
	w.line("")
	w.line("/// The highest code that a guest may give a meaning of its own.")
	w.line("pub const GUEST_CODES_FROM: i64 = %d;", s.GuestCodesFrom)
	w.line("")
	w.line("impl Code {")
	for _, c := range s.Codes {
		w.doc("    ", c.Doc)
		w.line("    pub const %s: Code = Code(%d);", strings.ToUpper(c.Name), c.Value)
	}
	table := func(doc, name, result, otherwise string, value func(c Code) string) {
		w.line("")
		w.doc("    ", doc)
		w.line("    pub fn %s(self) -> %s {", name, result)
		w.line("        match self.0 {")
		for _, c := range s.Codes {
			if v := value(c); v != otherwise {
				w.line("            %d => %s,", c.Value, v)
			}
		}
		w.line("            _ => %s,", otherwise)
		w.line("        }")
		w.line("    }")
	}
	table("Its name, or `guest` for one that the ABI does not define.", "name", "&'static str", `"guest"`,
		func(c Code) string { return fmt.Sprintf("%q", c.Name) })
	var retry []string
	for _, c := range s.Codes {
		if c.Retry {
			retry = append(retry, fmt.Sprint(c.Value))
		}
	}
	w.line("")
	w.doc("    ", "Whether trying the same again can help.")
	w.line("    pub fn retry(self) -> bool {")
	w.line("        matches!(self.0, %s)", strings.Join(retry, " | "))
	w.line("    }")
	table("The HTTP status that a handler's failure with this code becomes.", "status", "u16", "500",
		func(c Code) string { return fmt.Sprint(c.Status) })
	w.line("}")
}

func (w *rustWriter) enum(e Enum) {
	w.line("")
	w.doc("", e.Doc)
	w.line("#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]")
	w.line("pub struct %s(pub u64);", e.Name)
	w.line("")
	w.line("impl %s {", e.Name)
	for _, v := range e.Values {
		w.doc("    ", "The value `"+v.Name+"`.")
		w.line("    pub const %s: %s = %s(%d);", strings.ToUpper(v.Name), e.Name, e.Name, v.Value)
	}
	w.line("}")
}

// imports declares each host function twice: as an import for wasm32, and as a call of the
// test host for every other target.
func (w *rustWriter) imports(s *Spec) {
	w.line("")
	w.line("/// The host's functions, named capability_function. Structured ones take request, its length, out area,")
	w.line("/// its capacity; all return a length or value, or a negative code.")
	w.line("#[allow(clippy::missing_safety_doc)]")
	w.line("#[cfg(target_arch = \"wasm32\")]")
	w.line("pub mod imports {")
	for i, c := range s.Capabilities {
		if i > 0 {
			w.line("")
		}
		w.line("    #[link(wasm_import_module = \"stackhost:%s@%d\")]", c.Name, c.Version)
		w.line("    extern \"C\" {")
		for _, f := range c.Functions {
			w.doc("        ", f.Doc)
			w.line("        #[link_name = %q]", f.Name)
			w.line("        pub fn %s_%s(%s) -> i64;", c.Name, f.Name, rustParams(f))
		}
		w.line("    }")
	}
	w.line("}")
	w.line("")
	w.line("/// The functions of the test host, in place of imports.")
	w.line("#[allow(clippy::missing_safety_doc)]")
	w.line("#[cfg(not(target_arch = \"wasm32\"))]")
	w.line("pub mod imports {")
	w.line("    use crate::testing;")
	for _, c := range s.Capabilities {
		for _, f := range c.Functions {
			w.line("")
			w.doc("    ", f.Doc)
			w.line("    pub unsafe extern \"C\" fn %s_%s(%s) -> i64 {", c.Name, f.Name, rustParams(f))
			w.line("        // SAFETY: the caller's promise is passed on.")
			if f.Shape == "call" {
				w.line("        unsafe { testing::call(%q, %q, (request, request_len), (out, out_cap)) }", c.Name, f.Name)
			} else {
				w.line("        unsafe { testing::%s_%s(%s) }", c.Name, f.Name, strings.Join(f.Params, ", "))
			}
			w.line("    }")
		}
	}
	w.line("}")
}

// rustParams renders a function's parameters; a ptr that goes with a cap is written to by the host.
func rustParams(f Function) string {
	if f.Shape == "call" {
		return "request: *const u8, request_len: usize, out: *mut u8, out_cap: usize"
	}
	params := make([]string, len(f.Params))
	for i, p := range f.Params {
		t := "u32"
		switch {
		case p == "ptr" && i+1 < len(f.Params) && f.Params[i+1] == "cap":
			t = "*mut u8"
		case p == "ptr":
			t = "*const u8"
		case p == "cap" || p == "len":
			t = "usize"
		}
		params[i] = p + ": " + t
	}
	return strings.Join(params, ", ")
}

// rustBorrowers tells which records hold anything that borrows from the decoded bytes.
func rustBorrowers(s *Spec) map[string]bool {
	borrows := map[string]bool{}
	for changed := true; changed; {
		changed = false
		for _, r := range s.Records {
			for _, f := range r.Fields {
				t := MustType(f.Type)
				for t.Elem != nil {
					t = *t.Elem
				}
				b := borrows[t.Name]
				switch t.Kind {
				case "str", "bin", "any", "headers", "pairs":
					b = true
				}
				if b && !borrows[r.Name] {
					borrows[r.Name], changed = true, true
				}
			}
		}
	}
	return borrows
}

func (w *rustWriter) record(r Record, borrows map[string]bool) {
	named := func(name string) string {
		if borrows[name] {
			return name + "<'a>"
		}
		return name
	}
	generic, self := "", r.Name
	if borrows[r.Name] {
		generic, self = "<'a>", r.Name+"<'a>"
	}
	derive := "Default, "
	for _, f := range r.Fields {
		if f.Default != nil {
			derive = ""
		}
	}
	w.line("")
	w.doc("", r.Doc)
	w.line("#[derive(Clone, Debug, %sPartialEq)]", derive)
	w.line("pub struct %s {", self)
	for _, f := range r.Fields {
		w.doc("    ", f.Doc)
		w.line("    pub %s: %s,", f.Name, rustType(MustType(f.Type), named))
	}
	w.line("}")
	if derive == "" {
		w.line("")
		w.line("impl%s Default for %s {", generic, self)
		w.line("    fn default() -> Self {")
		w.line("        %s {", r.Name)
		for _, f := range r.Fields {
			value := "Default::default()"
			if f.Default != nil {
				value = fmt.Sprint(f.Default)
			}
			w.line("            %s: %s,", f.Name, value)
		}
		w.line("        }")
		w.line("    }")
		w.line("}")
	}
	w.line("")
	w.line("impl%s %s {", generic, self)
	life := ""
	if generic != "" {
		life = "'a "
	}
	d := "Decoder<'_>"
	if generic != "" {
		d = "Decoder<'a>"
	}
	w.doc("    ", "Reads the record, which has to be all of `bytes`.")
	w.line("    pub fn decode(bytes: &%s[u8]) -> Decoded<Self> {", life)
	w.line("        let mut d = Decoder::new(bytes)?;")
	w.line("        let record = Self::read(&mut d)?;")
	w.line("        d.end()?;")
	w.line("        Ok(record)")
	w.line("    }")
	w.line("")
	w.doc("    ", "Reads the record as part of another.")
	w.line("    pub fn read(d: &mut %s) -> Decoded<Self> {", d)
	w.line("        let mut r = Self::default();")
	w.line("        let n = d.enter_array()?;")
	for i, f := range r.Fields {
		w.line("        if n > %d && !d.nil() {", i)
		w.line("            r.%s = %s?;", f.Name, rustRead(MustType(f.Type)))
		w.line("        }")
	}
	w.line("        d.leave(%d, n)?;", len(r.Fields))
	w.line("        Ok(r)")
	w.line("    }")
	w.line("")
	w.doc("    ", "Appends the encoded record.")
	w.line("    pub fn encode(&self, out: &mut Vec<u8>) {")
	w.line("        put_array(out, %d);", len(r.Fields))
	for _, f := range r.Fields {
		w.line("        %s;", rustPut(MustType(f.Type), "self."+f.Name))
	}
	w.line("    }")
	w.line("}")
}

// recode renders a function for the tests that compare encodings with the golden vectors.
func (w *rustWriter) recode(s *Spec) {
	w.line("")
	w.line("/// Decodes a record given by name and encodes it again; `None` for an unknown name. For tests of encodings.")
	w.line("#[cfg(not(target_arch = \"wasm32\"))]")
	w.line("pub fn recode(record: &str, bytes: &[u8]) -> Option<Decoded<Vec<u8>>> {")
	w.line("    let mut out = Vec::new();")
	w.line("    let done = match record {")
	for _, r := range s.Records {
		w.line("        %q => %s::decode(bytes).map(|r| r.encode(&mut out)),", r.Name, r.Name)
	}
	w.line("        _ => return None,")
	w.line("    };")
	w.line("    Some(done.map(|()| out))")
	w.line("}")
}

func rustType(t Type, named func(string) string) string {
	switch t.Kind {
	case "uint":
		return "u64"
	case "int":
		return "i64"
	case "bool":
		return "bool"
	case "float":
		return "f64"
	case "str":
		return "&'a str"
	case "bin":
		return "&'a [u8]"
	case "any":
		return "Value<'a>"
	case "headers":
		return "Headers<'a>"
	case "pairs":
		return "Pairs<'a>"
	case "list":
		return "Vec<" + rustType(*t.Elem, named) + ">"
	}
	return named(t.Name)
}

func rustRead(t Type) string {
	switch t.Kind {
	case "any":
		return "d.value()"
	case "list":
		if t.Elem.Kind == "record" {
			return "d.list(" + t.Elem.Name + "::read)"
		}
		return "d.list(|d| " + rustRead(*t.Elem) + ")"
	case "record":
		return t.Name + "::read(d)"
	case "enum":
		return "d.uint().map(" + t.Name + ")"
	}
	return "d." + t.Kind + "()"
}

func rustPut(t Type, value string) string {
	switch t.Kind {
	case "any":
		return "put_value(out, &" + value + ")"
	case "list":
		return fmt.Sprintf("put_array(out, %s.len());\n        %s.iter().for_each(|v| %s)", value, value, rustPut(*t.Elem, "v"))
	case "enum":
		return "put_uint(out, " + value + ".0)"
	case "headers", "pairs":
		return "put_" + t.Kind + "(out, &" + value + ")"
	case "record":
		return value + ".encode(out)"
	}
	return "put_" + t.Kind + "(out, " + value + ")"
}
