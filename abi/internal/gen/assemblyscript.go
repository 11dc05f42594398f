package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// emitAssemblyScript renders the constants, import declarations and records of the AssemblyScript SDK, and the lists of
// fields that its test host encodes by. The MessagePack primitives that the records call are written by hand in
// sdk/assemblyscript/assembly/msgpack.ts.
func emitAssemblyScript(s *Spec) []File {
	w := &asWriter{}
	w.line("// Generated from abi/v1.json by abi/internal/gen. Do not edit.")
	w.line("")
	w.line("import { Headers, Pairs } from \"./fields\";")
	w.line("import { Reader, Writer } from \"./msgpack\";")
	w.line("import { Value } from \"./value\";")
	w.line("")
	for _, l := range s.Limits {
		w.doc("", l.Doc)
		w.line("export const %s: i32 = %d;", strings.ToUpper(l.Name), l.Value)
	}
	w.line("")
	w.doc("", "Stable codes: what went wrong. Codes from GUEST_FROM down belong to the guest.")
	w.line("export namespace Code {")
	for _, c := range s.Codes {
		w.doc("  ", c.Doc)
		w.line("  export const %s: i64 = %d;", strings.ToUpper(c.Name), c.Value)
	}
	w.doc("  ", "The highest code that a guest may give a meaning of its own.")
	w.line("  export const GUEST_FROM: i64 = %d;", s.GuestCodesFrom)
	w.line("}")
	for _, e := range s.Enums {
		w.line("")
		w.doc("", e.Doc)
		w.line("export enum %s {", e.Name)
		for _, v := range e.Values {
			w.line("  %s = %d,", strings.ToUpper(v.Name), v.Value)
		}
		w.line("}")
	}
	for _, c := range s.Capabilities {
		for _, f := range c.Functions {
			w.line("")
			w.doc("", f.Doc)
			w.line("// @ts-ignore: decorator")
			w.line("@external(\"stackhost:%s@%d\", %q)", c.Name, c.Version, f.Name)
			w.line("export declare function %s_%s(%s): i64;", c.Name, f.Name, asParams(f))
		}
	}
	for _, r := range s.Records {
		w.record(r)
	}
	return []File{
		{Path: "sdk/assemblyscript/assembly/abi.ts", Data: []byte(w.String())},
		{Path: "sdk/assemblyscript/testing/records.mjs", Data: asFieldLists(s)},
		{Path: "sdk/assemblyscript/tests/records.ts", Data: asRecode(s)},
	}
}

type asWriter struct{ strings.Builder }

func (w *asWriter) line(format string, args ...any) {
	fmt.Fprintf(w, format+"\n", args...)
}

func (w *asWriter) doc(indent, text string) {
	w.line("%s/** %s */", indent, text)
}

func asParams(f Function) string {
	if f.Shape == "call" {
		return "request: usize, requestLength: i32, out: usize, outCapacity: i32"
	}
	params := make([]string, len(f.Params))
	for i, p := range f.Params {
		t := "i32"
		switch p {
		case "ptr":
			t = "usize"
		case "stream":
			t = "u32"
		}
		params[i] = p + ": " + t
	}
	return strings.Join(params, ", ")
}

// asType renders a field's type and its default value.
func asType(t Type) (name, value string) {
	switch t.Kind {
	case "uint":
		return "u64", "0"
	case "int":
		return "i64", "0"
	case "float":
		return "f64", "0"
	case "bool":
		return "bool", "false"
	case "str":
		return "string", `""`
	case "bin":
		return "Uint8Array", "new Uint8Array(0)"
	case "any":
		return "Value", "Value.nil()"
	case "headers":
		return "Headers", "new Headers()"
	case "pairs":
		return "Pairs", "new Pairs()"
	case "list":
		name, _ = asType(*t.Elem)
		return name + "[]", "[]"
	case "enum":
		return "u64", "0"
	}
	return t.Name, "new " + t.Name + "()"
}

func asRead(t Type) string {
	switch t.Kind {
	case "any":
		return "reader.value()"
	case "enum":
		return "reader.uint()"
	case "record":
		return t.Name + ".read(reader)"
	}
	return "reader." + t.Kind + "()"
}

func asPut(t Type, value string) string {
	switch t.Kind {
	case "any":
		return "w.value(" + value + ")"
	case "enum":
		return "w.uint(" + value + ")"
	case "headers", "pairs":
		return "w.fields(" + value + ")"
	case "record":
		return value + ".write(w)"
	}
	return "w." + t.Kind + "(" + value + ")"
}

func (w *asWriter) record(r Record) {
	w.line("")
	w.doc("", r.Doc)
	w.line("export class %s {", r.Name)
	for _, f := range r.Fields {
		name, value := asType(MustType(f.Type))
		if f.Default != nil {
			value = fmt.Sprint(f.Default)
		}
		w.doc("  ", f.Doc)
		w.line("  %s: %s = %s;", Camel(f.Name), name, value)
	}
	w.line("")
	w.doc("  ", "Reads the record. What was wrong is in the reader.")
	w.line("  static read(reader: Reader): %s {", r.Name)
	w.line("    const r = new %s();", r.Name)
	w.line("    const n = reader.enterArray();")
	for i, f := range r.Fields {
		t := MustType(f.Type)
		if t.Kind == "list" {
			w.line("    if (n > %d && !reader.nil()) {", i)
			w.line("      const length = reader.enterArray();")
			w.line("      for (let i = 0; i < length && !reader.error.length; i++) r.%s.push(%s);", Camel(f.Name), asRead(*t.Elem))
			w.line("      reader.leave(0);")
			w.line("    }")
			continue
		}
		w.line("    if (n > %d && !reader.nil()) r.%s = %s;", i, Camel(f.Name), asRead(t))
	}
	w.line("    reader.leave(n - %d);", len(r.Fields))
	w.line("    return r;")
	w.line("  }")
	w.line("")
	w.doc("  ", "Appends the encoded record.")
	w.line("  write(w: Writer): void {")
	w.line("    w.array(%d);", len(r.Fields))
	for _, f := range r.Fields {
		t, name := MustType(f.Type), Camel(f.Name)
		if t.Kind == "list" {
			w.line("    w.array(this.%s.length);", name)
			w.line("    for (let i = 0; i < this.%s.length; i++) %s;", name, asPut(*t.Elem, "this."+name+"[i]"))
			continue
		}
		w.line("    %s;", asPut(t, "this."+name))
	}
	w.line("  }")
	w.line("}")
}

// asFieldLists renders the records as lists of name, type and default for the test host, which runs in JavaScript.
func asFieldLists(s *Spec) []byte {
	w := &asWriter{}
	w.line("// Generated from abi/v1.json by abi/internal/gen. Do not edit.")
	w.line("")
	w.line("export const limits = {")
	for _, l := range s.Limits {
		w.line("  %s: %d,", l.Name, l.Value)
	}
	w.line("};")
	w.line("")
	w.line("export const codes = {")
	for _, c := range s.Codes {
		w.line("  %s: %d,", c.Name, c.Value)
	}
	w.line("};")
	w.line("")
	w.doc("", "The fields of each record: name, type and, where it is not the type's zero, default.")
	w.line("export const records = {")
	for _, r := range s.Records {
		w.line("  %s: [", r.Name)
		for _, f := range r.Fields {
			row := []any{f.Name, f.Type}
			if f.Default != nil {
				row = append(row, f.Default)
			}
			text := new(strings.Builder)
			e := json.NewEncoder(text)
			e.SetEscapeHTML(false)
			if err := e.Encode(row); err != nil {
				panic(err) // A description that was read as JSON can be written as JSON.
			}
			w.line("    %s,", strings.ReplaceAll(strings.TrimSpace(text.String()), ",", ", "))
		}
		w.line("  ],")
	}
	w.line("};")
	return []byte(w.String())
}

// asRecode renders a function for the tests that compare encodings with the golden vectors.
func asRecode(s *Spec) []byte {
	w := &asWriter{}
	w.line("// Generated from abi/v1.json by abi/internal/gen. Do not edit.")
	w.line("")
	w.line("import {")
	for _, r := range s.Records {
		w.line("  %s,", r.Name)
	}
	w.line("} from \"stackhost/assembly/abi\";")
	w.line("import { Reader, Writer } from \"stackhost/assembly/msgpack\";")
	w.line("")
	w.doc("", "Decodes a record given by its place in the description and encodes it again: address << 32 | length, or the code it is refused with.")
	w.line("export function recode(record: i32, ptr: usize, length: i32): i64 {")
	w.line("  const reader = new Reader(ptr, length);")
	w.line("  const w = new Writer();")
	w.line("  switch (record) {")
	for i, r := range s.Records {
		w.line("    case %d:", i)
		w.line("      %s.read(reader).write(w);", r.Name)
		w.line("      break;")
	}
	w.line("  }")
	w.line("  return reader.finish() ? ((<i64>w.pointer) << 32) | w.length : reader.code;")
	w.line("}")
	return []byte(w.String())
}
