package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"
	"text/template"
)

//go:embed abi.md.tmpl
var referencePage string

// emitDocs makes docs/abi.md: a hand-written introduction, and tables from the description.
func emitDocs(s *Spec) []File {
	record := func(name string) []byte { return style{}.put(nil, samples(s, *s.record(name))) }
	page := template.Must(template.New("abi.md").Funcs(template.FuncMap{
		"limit":     s.limit,
		"cell":      func(text string) string { return strings.NewReplacer("|", `\|`, "<", "&lt;", "\n", " ").Replace(text) },
		"yes":       func(b bool) string { return map[bool]string{true: "yes", false: "no"}[b] },
		"ref":       docRef,
		"type":      docType,
		"fallback":  docDefault,
		"params":    func(f Function) string { return strings.Join(f.Params, ", ") },
		"signature": docSignature,
		"dump":      func(name string) string { return dump(s, name) },
		"size":      func(name string) int { return len(record(name)) },
		"packed":    func(ptr uint64, name string) string { return fmt.Sprintf("0x%016x", ptr<<32|uint64(len(record(name)))) },
		"cases":     func() int { return len(vectors(s)) },
	}).Parse(referencePage))
	var b bytes.Buffer
	if err := page.Execute(&b, s); err != nil {
		panic(fmt.Sprintf("docs/abi.md: %v", err)) // the template asks for what the description does not have
	}
	return []File{{"docs/abi.md", b.Bytes()}}
}

func docRef(record string) string {
	if record == "" {
		return ""
	}
	return fmt.Sprintf("[%s](#%s)", record, strings.ToLower(record))
}

// docType renders a type with a link to the record or enum that it names.
func docType(text string) string {
	t := MustType(text)
	switch {
	case t.Kind == "record":
		return docRef(t.Name)
	case t.Kind == "enum":
		return "enum " + docRef(t.Name)
	case t.Kind == "list":
		if t.Elem.Kind == "record" {
			return "list of " + docRef(t.Elem.Name)
		}
		return "list of " + docType(t.Elem.Kind)
	}
	return "`" + text + "`"
}

func docDefault(f Field) string {
	if f.Default != nil {
		return fmt.Sprint(f.Default)
	}
	switch MustType(f.Type).Kind {
	case "uint", "int", "float", "enum":
		return "0"
	case "bool":
		return "false"
	case "str", "bin":
		return "empty"
	case "any":
		return "nil"
	case "record":
		return "its defaults"
	}
	return "none"
}

func docSignature(e Export) string {
	if e.Kind != "" {
		return e.Kind
	}
	text := "(" + strings.Join(e.Params, ", ") + ")"
	if len(e.Results) > 0 {
		text += " -> " + strings.Join(e.Results, ", ")
	}
	return "`" + text + "`"
}

// dump draws the sample of a record: its bytes, 11 in a row, and beside them what they are.
func dump(s *Spec, name string) string {
	var b strings.Builder
	r := s.record(name)
	values := samples(s, *r)
	fmt.Fprintf(&b, "%-37s array of %d\n", hexRow(style{}.array(nil, len(values))), len(values))
	row := func(indent string, bytes []byte, what string) {
		for start := 0; start < len(bytes); start += 11 {
			line := fmt.Sprintf("%-37s %s", indent+hexRow(bytes[start:min(start+11, len(bytes))]), what)
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			what = ""
		}
	}
	for i, f := range r.Fields {
		list, ok := values[i].(flat)
		if !ok {
			row("  ", style{}.put(nil, values[i]), f.Name+" "+shown(values[i]))
			continue
		}
		row("  ", style{}.array(nil, 2*len(list)), fmt.Sprintf("%s: array of %d, a name and a value in turn", f.Name, 2*len(list)))
		for _, x := range list {
			row("    ", style{}.put(nil, x[0]), "  "+shown(x[0]))
			row("    ", style{}.put(nil, x[1]), "  "+shown(x[1]))
		}
	}
	return b.String()
}

func hexRow(b []byte) string { return fmt.Sprintf("% x", b) }

func shown(v any) string {
	switch v := v.(type) {
	case string:
		return string(toJSON(v))
	case []byte:
		for _, c := range v {
			if c < ' ' || c > '~' {
				return fmt.Sprintf("%d bytes", len(v))
			}
		}
		return string(toJSON(string(v)))
	}
	return fmt.Sprint(v)
}
