package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// vector is one golden case: bytes, and the value they stand for or the code that refuses them.
type vector struct {
	Name   string `json:"name"`
	Record string `json:"record"`
	Hex    string `json:"hex"`
	// Repeat bytes follow Hex that many times, then comes End; for records too long to print.
	Repeat *repeat `json:"repeat,omitempty"`
	End    string  `json:"end,omitempty"`

	Value json.RawMessage `json:"value,omitempty"`
	// Encodes: encoding Value gives exactly the bytes. Truncations: every shorter beginning of the bytes is refused with that code.
	Encodes     bool   `json:"encodes,omitempty"`
	Truncations string `json:"truncations,omitempty"`
	Error       string `json:"error,omitempty"`
	// MayRefuse: a reader whose strings cannot hold the value may refuse it with that code instead.
	MayRefuse string `json:"may_refuse,omitempty"`
}

type repeat struct {
	Hex   string `json:"hex"`
	Times int    `json:"times"`
}

// emitVectors makes the golden vectors that package abi and every SDK are tested with.
func emitVectors(s *Spec) []File {
	var b bytes.Buffer
	about := []string{
		"Golden vectors of the ABI's encoding, made from abi/v1.json by abi/internal/gen. docs/abi.md explains the format.",
		"The bytes of a case are hex, then repeat.hex repeat.times times, then end. Decoding them as the record gives value, or error.",
	}
	fmt.Fprintf(&b, "{\n\"about\": %s,\n\"version\": %d,\n\"cases\": [\n", toJSON(about), s.Version)
	all := vectors(s)
	for i, v := range all {
		b.Write(toJSON(v))
		if i < len(all)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString("]\n}\n")
	return []File{{"abi/testdata/vectors.json", b.Bytes()}}
}

func vectors(s *Spec) []vector {
	var all []vector
	for _, r := range s.Records {
		all = append(all, recordVectors(s, r)...)
	}
	return append(all, specialVectors(s)...)
}

// recordVectors are the cases that every record has.
func recordVectors(s *Spec, r Record) []vector {
	t := Type{Kind: "record", Name: r.Name}
	var all []vector
	add := func(name string, b []byte) *vector {
		all = append(all, vector{Name: r.Name + ": " + name, Record: r.Name, Hex: hex.EncodeToString(b)})
		return &all[len(all)-1]
	}
	full, none := samples(s, r), defaults(s, r)
	value, empty := plain(s, t, full), plain(s, t, none)
	n := len(full)
	enc := func(v ...any) []byte { return style{}.put(nil, v) }
	with := func(i int, v any) []any {
		out := append([]any{}, full...)
		out[i] = v
		return out
	}

	v := add("full", enc(full...))
	v.Value, v.Encodes, v.Truncations = value, true, "invalid"
	v = add("every default written out", enc(none...))
	v.Value, v.Encodes, v.Truncations = empty, true, "invalid"
	add("empty array", enc()).Value = empty
	add("every field nil", enc(make([]any, n)...)).Value = empty
	add("widest integers and lengths, str and bin exchanged", style{true}.put(nil, full)).Value = value

	for i, f := range r.Fields {
		cut := append(append([]any{}, full[:i]...), none[i:]...)
		if i > 0 {
			add("ends before "+f.Name, enc(full[:i]...)).Value = plain(s, t, cut)
		}
		add(f.Name+" nil", enc(with(i, nil)...)).Value = plain(s, t, with(i, none[i]))
	}
	extra := append(append([]any{}, full...), uint64(7), "later", table{{"k", []any{nil, true, 1.5}}},
		raw{0xc7, 3, 0x2a, 1, 2, 3}, raw{0xd4, 0x2a, 1}, raw{0xd8, 0x2a, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
		raw{0xca, 0x3f, 0xc0, 0, 0}, int64(-70000))
	add("elements of later versions", enc(extra...)).Value = value
	deep := s.limit("depth")
	add("an extra element nested as deeply as allowed", enc(append(append([]any{}, full...), nested(deep-1))...)).Value = value
	add("an extra element nested too deeply", enc(append(append([]any{}, full...), nested(deep))...)).Error = "limit"
	add("an extra element that is no value", enc(append(append([]any{}, full...), raw{0xc1})...)).Error = "invalid"

	for _, w := range []struct {
		name string
		head raw
	}{
		{"nil", raw{0xc0}}, {"a map", raw{0x80}}, {"an integer", raw{1}}, {"a string", raw{0xa1, 'a'}}, {"true", raw{0xc3}}, {"no value", raw{0xc1}},
	} {
		add(w.name+" in place of the record", w.head).Error = "invalid"
	}
	add("a byte after the record", append(enc(full...), 0xc0)).Error = "invalid"
	add("announces more elements than bytes", raw{0xdd, 0xff, 0xff, 0xff, 0xff, 0xc0}).Error = "invalid"
	for i, f := range r.Fields {
		for _, w := range wrong(s, MustType(f.Type)) {
			add(f.Name+" is "+w.name, enc(with(i, w.bytes)...)).Error = w.code
		}
	}

	long := enc(append(append([]any{}, full...), nil)...)
	long = long[:len(long)-1] // the nil; a bin of record_bytes takes its place
	v = add("longer than record_bytes", append(long, 0xc6, 0, 0x10, 0, 0))
	v.Repeat, v.Error = &repeat{"00", s.limit("record_bytes")}, "limit"
	return all
}

// nested returns that many arrays, one in the other.
func nested(depth int) any {
	b := bytes.Repeat([]byte{0x91}, depth)
	b[depth-1] = 0x90
	return raw(b)
}

type misfit struct {
	name, code string
	bytes      raw
}

// wrong returns values that a field of that type must not take.
func wrong(s *Spec, t Type) []misfit {
	bad := func(name string, b ...byte) misfit { return misfit{name, "invalid", b} }
	switch t.Kind {
	case "uint", "enum":
		return []misfit{bad("a string", 0xa1, '1'), bad("negative", 0xff), bad("a negative int8", 0xd0, 0x80), bad("true", 0xc3), bad("a float", 0xcb, 0, 0, 0, 0, 0, 0, 0, 0), bad("an array", 0x90), bad("no value", 0xc1)}
	case "int":
		return []misfit{bad("a string", 0xa1, '1'), bad("2^63", 0xcf, 0x80, 0, 0, 0, 0, 0, 0, 0), bad("false", 0xc2), bad("a map", 0x80)}
	case "bool":
		return []misfit{bad("0", 0), bad("a string", 0xa4, 't', 'r', 'u', 'e'), bad("an array", 0x90)}
	case "float":
		return []misfit{bad("a string", 0xa1, '1'), bad("true", 0xc3), bad("an array", 0x90)}
	case "str", "bin":
		return []misfit{bad("an integer", 1), bad("true", 0xc3), bad("an array", 0x91, 1), bad("an extension", 0xd4, 1, 1), bad("longer than the record", 0xdb, 0xff, 0xff, 0xff, 0xff)}
	case "headers", "pairs":
		return []misfit{bad("a map", 0x81, 0xa1, 'a', 0xa1, 'b'), bad("a string", 0xa1, 'a'), bad("a name without a value", 0x91, 0xa1, 'a'),
			bad("a nil value", 0x92, 0xa1, 'a', 0xc0), bad("an integer as a name", 0x92, 1, 0xa1, 'a'), bad("a pair in an array", 0x91, 0x92, 0xa1, 'a', 0xa1, 'b')}
	case "list":
		return []misfit{bad("a map", 0x80), bad("a string", 0xa1, 'a'), bad("a list of nil", 0x91, 0xc0), bad("a list of a boolean", 0x91, 0xc3),
			bad("more than the bytes left", 0xdd, 0x7f, 0xff, 0xff, 0xff)}
	case "record":
		return []misfit{bad("a map", 0x80), bad("a string", 0xa1, 'a'), bad("an integer", 1)}
	case "any":
		return []misfit{bad("an extension", 0xd4, 1, 1), bad("no value", 0xc1), bad("a string that is not UTF-8", 0xa1, 0xff),
			bad("a map with an integer as a key", 0x81, 1, 1), bad("a map with a key that is not UTF-8", 0x81, 0xa1, 0xff, 1),
			{"nested too deeply", "limit", nested(s.limit("depth")).(raw)}}
	}
	return nil
}

// specialVectors are cases of single records.
func specialVectors(s *Spec) []vector {
	var all []vector
	at := func(record, field string, v any) *vector {
		r := *s.record(record)
		values := defaults(s, r)
		for i, f := range r.Fields {
			if f.Name == field {
				values[i] = v
			}
		}
		all = append(all, vector{Record: record, Hex: hex.EncodeToString(style{}.put(nil, values)),
			Value: plain(s, Type{Kind: "record", Name: record}, values), Encodes: true})
		return &all[len(all)-1]
	}
	name := func(v *vector, format string, args ...any) *vector {
		v.Name = v.Record + ": " + fmt.Sprintf(format, args...)
		return v
	}
	for _, n := range []uint64{0, 127, 128, 255, 256, 65535, 65536, 1<<32 - 1, 1 << 32, 1<<53 + 1, 1<<63 - 1, 1 << 63, 1<<64 - 1} {
		name(at("HttpRequest", "time_us", n), "unsigned %d", n)
	}
	for _, n := range []int64{0, 127, 128, -1, -32, -33, -128, -129, -32768, -32769, -1 << 31, -1<<31 - 1, -1 << 63, 1<<63 - 1} {
		name(at("BatchResult", "code", n), "signed %d", n)
	}
	for _, n := range []int{31, 32, 255, 256, 300} {
		name(at("LogRecord", "message", string(bytes.Repeat([]byte("m"), n))), "str of %d bytes", n)
		name(at("JobResult", "result", bytes.Repeat([]byte{0xa5}, n)), "bin of %d bytes", n)
	}
	name(at("LogRecord", "message", "Grüße, 世界 🌍\x00\"\\\n"), "text beyond ASCII")
	name(at("JobResult", "result", []byte{0, 0xff, 0xfe, 0x80}), "bin that is not UTF-8")
	v := name(at("HttpRequest", "path", "/caf\xe9"), "str that is not UTF-8")
	v.MayRefuse = "invalid"
	name(at("HttpResponse", "headers", flat{{"x-latin", []byte{'c', 'a', 'f', 0xe9}}}), "header value that is not UTF-8")
	name(at("HttpResponse", "headers", flat{{"set-cookie", []byte("a=1")}, {"vary", []byte{}}, {"set-cookie", []byte("b=2")}}), "repeated and empty header fields, in order")
	v = name(at("HttpResponse", "headers", flat{{"a", "as a str"}}), "header value as a str")
	v.Value, v.Encodes = at("HttpResponse", "headers", flat{{"a", []byte("as a str")}}).Value, false
	all = all[:len(all)-1]

	most := s.limit("headers")
	many := func(record, field, each string, n int) *vector {
		whole := name(at(record, field, flat{}), "%d %s", n, field)
		r := s.record(record)
		i := 0
		for r.Fields[i].Name != field {
			i++
		}
		none := defaults(s, *r)
		head := style{}.array(nil, len(none))
		for _, v := range none[:i] {
			head = style{}.put(head, v)
		}
		var end []byte
		for _, v := range none[i+1:] {
			end = style{}.put(end, v)
		}
		whole.Hex, whole.Repeat, whole.End = hex.EncodeToString(style{}.array(head, 2*n)), &repeat{each, n}, hex.EncodeToString(end)
		whole.Encodes = false
		return whole
	}
	for _, c := range []struct{ record, field, each string }{{"HttpResponse", "headers", "a16ec40176"}, {"HttpRequest", "params", "a16ea176"}} {
		list := make(flat, most)
		for i := range list {
			list[i] = [2]any{"n", []byte("v")}
			if c.field == "params" {
				list[i][1] = "v"
			}
		}
		full := at(c.record, c.field, list).Value
		all = all[:len(all)-1]
		many(c.record, c.field, c.each, most).Value = full
		v := many(c.record, c.field, c.each, most+1)
		v.Value, v.Error = nil, "limit"
	}

	free := []any{nil, true, false, uint64(0), int64(-1), uint64(1<<64 - 1), int64(-1 << 63), 0.0, -1.5, 1e300, "", "text", []byte{}, []byte{0, 255},
		[]any{}, []any{uint64(1), []any{"two"}}, table{}, table{{"", nil}, {"a", []any{}}, {"b", table{{"c", 0.5}}}}}
	for _, x := range free {
		name(at("ConfigReply", "value", x), "free-form %s", plain(s, Type{Kind: "any"}, x))
	}
	for _, x := range []struct {
		name  string
		bytes raw
		same  any
	}{
		{"a 32-bit float", raw{0xca, 0x3f, 0xc0, 0, 0}, 1.5},
		{"a key given twice, the last one counts", raw{0x82, 0xa1, 'a', 1, 0xa1, 'a', 2}, table{{"a", uint64(2)}}},
		{"a key as bin", raw{0x81, 0xc4, 1, 'a', 1}, table{{"a", uint64(1)}}},
		{"wide heads", raw{0xdd, 0, 0, 0, 1, 0xdf, 0, 0, 0, 1, 0xdb, 0, 0, 0, 1, 'a', 0xcf, 0, 0, 0, 0, 0, 0, 0, 5}, []any{table{{"a", uint64(5)}}}},
	} {
		value := at("ConfigReply", "value", x.same).Value
		all[len(all)-1].Hex = hex.EncodeToString(style{}.put(nil, []any{x.bytes}))
		all[len(all)-1].Value, all[len(all)-1].Encodes = value, false
		name(&all[len(all)-1], "free-form %s", x.name)
	}
	return all
}
