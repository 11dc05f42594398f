package app

import (
	"encoding/json"
	"strings"
)

// SchemaID is the name of the manifest's JSON Schema.
const SchemaID = "urn:stackhost:manifest:1"

// Schema returns the JSON Schema (draft 2020-12) of the manifest, for editors and other tools. It says what a shape can say; Load
// also checks references between parts, the files they name and the routes as a whole.
func Schema() []byte {
	w := schemaWriter{defs: map[string]any{}}
	s := w.table(manifestShape)
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["$id"] = SchemaID
	s["title"] = ManifestName
	s["description"] = "Manifest of a stackhost app."
	s["$defs"] = w.defs
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(s); err != nil {
		panic(err) // only strings, numbers and maps
	}
	return []byte(b.String())
}

type schemaWriter struct{ defs map[string]any }

type object = map[string]any

func whole(pattern string) string { return "^(?:" + pattern + ")$" }

// of returns the schema of a shape; one that has a name is a reference to $defs.
func (w schemaWriter) of(s shape) object {
	if s.def == "" {
		return w.plain(s)
	}
	if _, ok := w.defs[s.def]; !ok {
		w.defs[s.def] = nil // a shape may hold itself
		w.defs[s.def] = w.plain(s)
	}
	return object{"$ref": "#/$defs/" + s.def}
}

func (w schemaWriter) plain(s shape) object {
	switch s.kind {
	case kindString:
		out := object{"type": "string"}
		if len(s.enum) > 0 {
			out["enum"] = s.enum
		}
		if s.pattern != "" {
			out["pattern"] = whole(s.pattern)
		}
		if len(s.not) > 0 {
			out["not"] = object{"enum": s.not}
		}
		if s.max > 0 {
			out["maxLength"] = s.max
		}
		return out
	case kindInt:
		if len(s.numbers) > 0 {
			return object{"enum": s.numbers}
		}
		return bounds(s)
	case kindBool:
		return object{"type": "boolean"}
	case kindSize:
		return object{"anyOf": []any{bounds(s), object{"type": "string", "pattern": whole(sizePattern)}}}
	case kindDuration:
		return object{"type": "string", "pattern": whole(durationPattern)}
	case kindList:
		return object{"type": "array", "items": w.of(*s.elem)}
	case kindMap:
		out := object{"type": "object", "additionalProperties": w.of(*s.elem)}
		if keys := w.of(*s.keys); len(keys) > 1 {
			out["propertyNames"] = keys
		}
		return out
	case kindTable:
		return w.table(s)
	}
	return object{}
}

func bounds(s shape) object {
	out := object{"type": "integer", "minimum": s.min}
	if s.max > 0 {
		out["maximum"] = s.max
	}
	return out
}

func (w schemaWriter) table(s shape) object {
	properties, required, needs := object{}, []string{}, object{}
	for _, f := range s.fields {
		p := w.of(f.shape)
		p["description"] = f.doc
		if f.def != "" && f.def[0] == '"' {
			p["default"] = strings.Trim(f.def, `"`)
		}
		properties[f.name] = p
		if f.required {
			required = append(required, f.name)
		}
		if f.needs != "" {
			needs[f.name] = []string{f.needs}
		}
	}
	out := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		out["required"] = required
	}
	if len(needs) > 0 {
		out["dependentRequired"] = needs
	}
	if len(s.any) > 0 {
		out["anyOf"] = eachRequired(s.any)
	}
	if len(s.one) > 0 {
		out["oneOf"] = eachRequired(s.one)
	}
	var apart []any
	for _, pair := range s.apart {
		apart = append(apart, object{"not": object{"required": pair[:]}})
	}
	if len(apart) > 0 {
		out["allOf"] = apart
	}
	return out
}

func eachRequired(keys []string) (list []any) {
	for _, k := range keys {
		list = append(list, object{"required": []string{k}})
	}
	return list
}
