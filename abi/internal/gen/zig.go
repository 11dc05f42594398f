package main

import (
	"fmt"
	"strings"
)

// emitZig renders the constants, records and import declarations of the Zig SDK. Records name the kinds of their fields, which
// sdk/zig/src/msgpack.zig reads at compile time.
func emitZig(s *Spec) []File {
	w := &zigWriter{}
	w.line("// Generated from abi/v1.json by abi/internal/gen. Do not edit.")
	w.line("")
	w.line("//! Constants, codes, records and imports of ABI v%d.", s.Version)
	w.line("")
	w.line("const on_wasm = @import(\"builtin\").cpu.arch.isWasm();")
	w.line("const native = @import(\"src/testing.zig\").imports;")
	w.line("const msgpack = @import(\"src/msgpack.zig\");")
	w.line("const Kind = msgpack.Kind;")
	w.line("const Field = msgpack.Field;")
	w.line("const Value = msgpack.Value;")
	w.line("")
	w.line("pub const limits = struct {")
	for _, l := range s.Limits {
		w.doc("    ", l.Doc)
		w.line("    pub const %s = %d;", l.Name, l.Value)
	}
	w.line("};")
	w.line("")
	w.line("pub const codes = struct {")
	for _, c := range s.Codes {
		w.doc("    ", c.Doc)
		w.line("    pub const %s: i64 = %d;", c.Name, c.Value)
	}
	w.doc("    ", "The highest code that a guest may give a meaning of its own.")
	w.line("    pub const guest_from: i64 = %d;", s.GuestCodesFrom)
	w.line("};")
	w.line("")
	w.line("/// The codes as errors. `Failed` is any other code; see `lastCode`.")
	w.line("pub const Error = error{")
	for _, c := range s.Codes {
		w.line("    %s,", zigError(c.Name))
	}
	w.line("    Failed,")
	w.line("};")
	w.line("")
	w.line("/// The error of a code.")
	w.line("pub fn errorOf(code: i64) Error {")
	w.line("    return switch (code) {")
	for _, c := range s.Codes {
		w.line("        %d => error.%s,", c.Value, zigError(c.Name))
	}
	w.line("        else => error.Failed,")
	w.line("    };")
	w.line("}")
	w.line("")
	w.line("/// The code of an error; 0 for one that stands for none.")
	w.line("pub fn codeOf(e: anyerror) i64 {")
	w.line("    return switch (e) {")
	for _, c := range s.Codes {
		w.line("        error.%s => %d,", zigError(c.Name), c.Value)
	}
	w.line("        else => 0,")
	w.line("    };")
	w.line("}")
	for _, e := range s.Enums {
		w.line("")
		w.doc("", e.Doc)
		w.line("pub const %s = enum(u64) {", e.Name)
		for _, v := range e.Values {
			w.line("    %s = %d,", zigName(v.Name), v.Value)
		}
		w.line("    _,")
		w.line("};")
	}
	for _, r := range s.Records {
		w.line("")
		w.doc("", r.Doc)
		w.line("pub const %s = struct {", r.Name)
		var kinds []string
		for _, f := range r.Fields {
			t := MustType(f.Type)
			w.doc("    ", f.Doc)
			typ, otherwise := zigType(t)
			if n, ok := f.Default.(float64); ok {
				otherwise = fmt.Sprint(int64(n))
			}
			w.line("    %s: %s = %s,", zigName(f.Name), typ, otherwise)
			kind := "." + zigName(t.Kind)
			if t.Kind == "list" {
				kind = ".list_" + t.Elem.Kind
			}
			kinds = append(kinds, kind)
		}
		w.line("")
		list := strings.Join(kinds, ", ")
		if len(kinds) > 1 {
			list = " " + list + " " // as zig fmt wants it
		}
		w.line("    pub const kinds = [_]Kind{%s};", list)
		w.line("};")
	}
	w.line("")
	w.line("/// The host's functions, named capability_function. In native tests src/testing.zig has them.")
	w.line("pub const imports = struct {")
	for _, c := range s.Capabilities {
		for _, f := range c.Functions {
			w.doc("    ", f.Doc)
			w.line("    pub fn %s_%s(%s) i64 {", c.Name, f.Name, zigParams(f))
			w.line("        if (!on_wasm) return native.%s_%s(%s);", c.Name, f.Name, zigArguments(f))
			w.line("        return @extern(*const fn (%s) callconv(.c) i64, .{ .name = %q, .library_name = \"stackhost:%s@%d\" })(%s);",
				zigParams(f), f.Name, c.Name, c.Version, zigArguments(f))
			w.line("    }")
		}
	}
	w.line("};")
	return []File{{Path: "sdk/zig/abi.zig", Data: []byte(w.String())}}
}

type zigWriter struct{ strings.Builder }

func (w *zigWriter) line(format string, args ...any) {
	fmt.Fprintf(w, format+"\n", args...)
}

func (w *zigWriter) doc(indent, text string) {
	w.line("%s/// %s", indent, text)
}

// zigName quotes Zig's keywords.
func zigName(name string) string {
	switch name {
	case "error", "enum":
		return fmt.Sprintf("@%q", name)
	}
	return name
}

func zigError(name string) string {
	var b strings.Builder
	for _, w := range words(name) {
		b.WriteString(strings.ToUpper(w[:1]) + w[1:])
	}
	return b.String()
}

func zigType(t Type) (name, otherwise string) {
	switch t.Kind {
	case "uint":
		return "u64", "0"
	case "int":
		return "i64", "0"
	case "bool":
		return "bool", "false"
	case "float":
		return "f64", "0"
	case "str", "bin":
		return "[]const u8", `""`
	case "any":
		return "Value", ".nil"
	case "headers", "pairs":
		return "[]const Field", "&.{}"
	case "list":
		elem, _ := zigType(*t.Elem)
		return "[]const " + elem, "&.{}"
	case "enum":
		return t.Name, "@enumFromInt(0)"
	}
	return t.Name, ".{}"
}

func zigParams(f Function) string {
	if f.Shape == "call" {
		return "request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize"
	}
	params := make([]string, len(f.Params))
	for i, p := range f.Params {
		t := "u32"
		switch {
		case p == "ptr" && i+1 < len(f.Params) && f.Params[i+1] == "cap":
			t = "[*]u8"
		case p == "ptr":
			t = "[*]const u8"
		case p == "cap" || p == "len":
			t = "usize"
		}
		params[i] = p + ": " + t
	}
	return strings.Join(params, ", ")
}

func zigArguments(f Function) string {
	if f.Shape == "call" {
		return "request, request_len, out, out_cap"
	}
	return strings.Join(f.Params, ", ")
}
