package app

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Schema returns the JSON Schema (draft 2020-12) of the manifest, for editors and other tools. It says what a shape can say; Load
// also checks references between parts and the files they name.
func Schema() []byte {
	s := schemaOf(manifestShape)
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = ManifestName
	s["description"] = "Manifest of a stackhost app."
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic(err) // only strings, numbers and maps
	}
	return append(b, '\n')
}

func schemaOf(s shape) map[string]any {
	switch s.kind {
	case kindString:
		out := map[string]any{"type": "string"}
		if len(s.enum) > 0 {
			out["enum"] = s.enum
		}
		if s.pattern != "" {
			out["pattern"] = "^(?:" + s.pattern + ")$"
		}
		return out
	case kindInt:
		return map[string]any{"type": "integer", "minimum": 0}
	case kindBool:
		return map[string]any{"type": "boolean"}
	case kindSize:
		return map[string]any{"anyOf": []any{
			map[string]any{"type": "integer", "minimum": 0},
			map[string]any{"type": "string", "pattern": `^[0-9]+(\.[0-9]+)? ?(B|kB|KB|MB|GB|KiB|MiB|GiB)$`},
		}}
	case kindDuration:
		return map[string]any{"type": "string", "pattern": `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`}
	case kindList:
		return map[string]any{"type": "array", "items": schemaOf(*s.elem)}
	case kindMap:
		out := map[string]any{"type": "object", "additionalProperties": schemaOf(*s.elem)}
		if s.pattern != "" {
			out["propertyNames"] = map[string]any{"pattern": "^(?:" + s.pattern + ")$"}
		}
		return out
	case kindTable:
		properties, required := map[string]any{}, []string{}
		for _, f := range s.fields {
			p := schemaOf(f.shape)
			p["description"] = f.doc
			properties[f.name] = p
			if f.required {
				required = append(required, f.name)
			}
		}
		out := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
		if len(required) > 0 {
			out["required"] = required
		}
		return out
	}
	return map[string]any{}
}

// Reference returns the body of docs/manifest.md: one table of keys for each table of the manifest.
func Reference() string {
	var b strings.Builder
	reference(&b, manifestShape, "", "")
	return b.String()
}

func reference(b *strings.Builder, s shape, path, doc string) {
	heading := "Top level"
	if path != "" {
		heading = "`" + path + "`"
	}
	fmt.Fprintf(b, "## %s\n\n", heading)
	if doc != "" {
		fmt.Fprintf(b, "%s\n\n", doc)
	}
	b.WriteString("| key | type | default | meaning |\n|---|---|---|---|\n")
	for _, f := range s.fields {
		def := f.def
		if f.required {
			def = "required"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", f.name, typeText(f.shape), def, f.doc)
	}
	b.WriteString("\n")
	for _, f := range s.fields {
		inner, at := f.shape, "["+strings.Trim(path, "[]")+"."+f.name+"]"
		if path == "" {
			at = "[" + f.name + "]"
		}
		switch {
		case inner.kind == kindMap && inner.elem.kind == kindTable:
			inner, at = *inner.elem, strings.TrimSuffix(at, "]")+".NAME]"
		case inner.kind == kindList && inner.elem.kind == kindTable:
			inner, at = *inner.elem, "["+at+"]"
		}
		if inner.kind != kindTable || path != "" && (f.name == "routes" || f.name == "limits" && path != "[modules.NAME]" && path != "[[routes]]") {
			continue // described once
		}
		reference(b, inner, at, f.doc)
	}
}

func typeText(s shape) string {
	switch s.kind {
	case kindString:
		if len(s.enum) > 0 {
			return "`\"" + strings.Join(s.enum, "\"`, `\"") + "\"`"
		}
		return "string"
	case kindList:
		if s.elem.kind == kindTable {
			return "list of tables"
		}
		return "list of strings"
	case kindMap:
		return "table"
	case kindAny:
		return "anything"
	}
	return string(s.kind)
}
