package app

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:generate go test . -run TestPublished -update

//go:embed manifest.md
var guide string

// Document returns docs/manifest.md: the guide with its examples, then a reference of every key.
func Document() []byte {
	var b strings.Builder
	tables(&b, manifestShape, "", "", map[string]string{})
	return []byte(strings.Replace(guide, "<!-- reference -->\n", b.String(), 1))
}

// tables writes one table of keys for each table of the manifest. seen holds the headings of shapes that have a name: they are
// described once.
func tables(b *strings.Builder, s shape, heading, doc string, seen map[string]string) {
	if heading == "" {
		b.WriteString("### Top level\n\n")
	} else {
		fmt.Fprintf(b, "### `%s`\n\n%s\n\n", heading, doc)
	}
	if s.def != "" {
		seen[s.def] = heading
	}
	if rule := ruleText(s); rule != "" {
		b.WriteString(rule + "\n\n")
	}
	b.WriteString("| key | type | default | meaning |\n|---|---|---|---|\n")
	for _, f := range s.fields {
		def := f.def
		if f.required {
			def = "required"
		}
		meaning := f.doc
		if inner, ok := f.shape.inner(); ok && inner.def != "" && seen[inner.def] != "" {
			meaning += fmt.Sprintf(" As `%s`.", seen[inner.def])
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", f.name, typeText(f.shape), def, meaning)
	}
	b.WriteString("\n")
	for _, f := range s.fields {
		if inner, ok := f.shape.inner(); ok && (inner.def == "" || seen[inner.def] == "") {
			tables(b, inner, header(heading, f), f.doc, seen)
		}
	}
}

// ruleText says which keys of a table go together.
func ruleText(s shape) string {
	var rules []string
	if len(s.one) > 0 {
		rules = append(rules, "Exactly one of "+code(s.one, "and")+".")
	}
	if len(s.any) > 0 {
		rules = append(rules, "At least one of "+code(s.any, "and")+".")
	}
	for _, pair := range s.apart {
		rules = append(rules, "Not both "+code(pair[:], "and")+".")
	}
	for _, f := range s.fields {
		if f.needs != "" {
			rules = append(rules, fmt.Sprintf("`%s` needs `%s`.", f.name, f.needs))
		}
	}
	return strings.Join(rules, " ")
}

func code(keys []string, and string) string {
	return strings.ReplaceAll(words(keys, and), `"`, "`")
}

func typeText(s shape) string {
	switch s.kind {
	case kindString:
		if len(s.enum) > 0 {
			return "`\"" + strings.Join(s.enum, "\"`, `\"") + "\"`"
		}
	case kindList:
		if s.elem.kind == kindTable {
			return "list of tables"
		}
		return "list of strings"
	case kindMap:
		if s.elem.kind == kindTable {
			return "tables by name"
		}
		return "table"
	case kindAny:
		return "anything"
	}
	return string(s.kind)
}
