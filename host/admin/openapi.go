package admin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// object is a JSON object that keeps the order in which members were added, so that the document is the same each time.
type object []member

type member struct {
	name  string
	value any
}

func (o *object) set(name string, value any) { *o = append(*o, member{name, value}) }

// MarshalJSON implements json.Marshaler.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(m.value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Document returns the OpenAPI 3.1 description of routes, indented JSON.
func Document(routes []Route) ([]byte, error) {
	d := &describer{schemas: map[string]object{}}
	var paths object
	byPath := map[string]*object{}
	var order []string
	for i := range routes {
		r := &routes[i]
		if err := r.complete(); err != nil {
			return nil, err
		}
		path := strings.ReplaceAll(r.Path, "...}", "}")
		if byPath[path] == nil {
			byPath[path] = &object{}
			order = append(order, path)
		}
		byPath[path].set(strings.ToLower(r.Method), d.operation(r))
	}
	for _, path := range order {
		paths.set(path, *byPath[path])
	}
	var schemas object
	for _, name := range d.order {
		schemas.set(name, d.schemas[name])
	}
	document := object{
		{"openapi", "3.1.0"},
		{"info", object{{"title", "stackhost admin API"}, {"version", "1"}, {"description", apiDoc}}},
		{"servers", []object{{{"url", "http://127.0.0.1:9440"}, {"description", "the default address of a node's admin API"}}}},
		{"paths", paths},
		{"components", object{
			{"schemas", schemas},
			{"securitySchemes", object{{"token", object{{"type", "http"}, {"scheme", "bearer"}}}}},
		}},
	}
	var b bytes.Buffer
	text, err := json.Marshal(document)
	if err != nil {
		return nil, err
	}
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

const apiDoc = "What the command line does, for programs. Refusals are problem documents (RFC 9457) with a stable `code`. " +
	"Every operation may also answer 400 `invalid` (the request is malformed), 401 `unauthorized`, 403 `denied` (the token's scope), " +
	"404 `not_found` (no such path), 413 (the body is too long), 503 `unavailable` (no leader or quorum; try again, also on another node) " +
	"and 504 `deadline`. A 503 or 504 whose `outcome` is `unknown` may have been done."

// complete refuses a route with something missing.
func (r *Route) complete() error {
	switch {
	case r.ID == "", r.Summary == "", r.Handle == nil, len(r.Answers) == 0:
		return fmt.Errorf("admin: %s %s: ID, Summary, Handle and Answers are needed", r.Method, r.Path)
	case strings.HasSuffix(r.Summary, "."):
		return fmt.Errorf("admin: %s: the summary ends with a full stop", r.ID)
	}
	for _, name := range r.names() {
		if pathDocs[name] == "" {
			return fmt.Errorf("admin: %s: the path variable %q has no text in pathDocs", r.ID, name)
		}
	}
	return nil
}

func (r *Route) names() (names []string) {
	for s := range strings.SplitSeq(r.Path, "{") {
		if name, _, ok := strings.Cut(s, "}"); ok {
			names = append(names, strings.TrimSuffix(name, "..."))
		}
	}
	return names
}

type describer struct {
	schemas map[string]object
	order   []string
}

func (d *describer) operation(r *Route) object {
	tag := r.Tag
	if tag == "" {
		tag = strings.TrimRight(r.ID, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
		if i := strings.IndexFunc(r.ID, func(c rune) bool { return c >= 'A' && c <= 'Z' }); i > 0 {
			tag = r.ID[:i]
		}
	}
	o := object{{"operationId", r.ID}, {"summary", r.Summary}}
	if r.Doc != "" {
		o.set("description", r.Doc)
	}
	o.set("tags", []string{tag})
	if r.Scope == Public {
		o.set("security", []object{})
	} else {
		o.set("security", []object{{{"token", []string{}}}})
		o.set("x-stackhost-scope", r.Scope.String())
	}
	var params []object
	for _, name := range r.names() {
		params = append(params, d.param(Param{In: inPath, Name: name, Type: "string", Doc: pathDocs[name], Required: true}))
	}
	for _, p := range r.Params {
		params = append(params, d.param(p))
	}
	if len(params) > 0 {
		o.set("parameters", params)
	}
	if b := r.Body; b != nil {
		o.set("requestBody", object{{"description", strings.TrimSpace(b.Doc + " At most " + sizeText(r.bodyLimit()) + ".")}, {"required", !b.Optional},
			{"content", object{{or(b.Media, "application/json"), d.content(b.Type)}}}})
	}
	var answers object
	byStatus := map[int]int{}
	for _, a := range r.Answers {
		if i, ok := byStatus[a.Status]; ok { // several codes of one status
			first := answers[i].value.(object)
			first[0].value = first[0].value.(string) + " " + a.Doc
			continue
		}
		byStatus[a.Status] = len(answers)
		answers.set(strconv.Itoa(a.Status), d.answer(a))
	}
	answers.set("default", d.answer(Answer{Doc: "Any other refusal.", Media: problemMedia, Type: Problem{}}))
	o.set("responses", answers)
	return o
}

func (d *describer) answer(a Answer) object {
	out := object{{"description", a.Doc}}
	if len(a.Headers) > 0 {
		var headers object
		for _, h := range a.Headers {
			headers.set(h.Name, object{{"description", h.Doc}, {"schema", kindSchema(h)}})
		}
		out.set("headers", headers)
	}
	if a.Type != nil || a.Media != "" {
		out.set("content", object{{or(a.Media, "application/json"), d.content(a.Type)}})
	}
	return out
}

func (d *describer) content(v any) object {
	if v == nil {
		return object{}
	}
	return object{{"schema", d.schema(reflect.TypeOf(v))}}
}

func (d *describer) param(p Param) object {
	o := object{{"name", p.Name}, {"in", p.In}, {"description", p.Doc}}
	if p.Required {
		o.set("required", true)
	}
	o.set("schema", kindSchema(p))
	return o
}

func kindSchema(p Param) object {
	switch {
	case p.Type == "duration":
		return object{{"type", "string"}, {"format", "duration"}, {"examples", []string{"30s", "1h30m"}}}
	case len(p.Enum) > 0:
		return object{{"type", "string"}, {"enum", p.Enum}}
	}
	return object{{"type", or(p.Type, "string")}}
}

var (
	timeType  = reflect.TypeFor[time.Time]()
	bytesType = reflect.TypeFor[[]byte]()
	rawType   = reflect.TypeFor[json.RawMessage]()
)

// schema describes how encoding/json writes t.
func (d *describer) schema(t reflect.Type) object {
	switch t {
	case timeType:
		return object{{"type", "string"}, {"format", "date-time"}}
	case bytesType:
		return object{{"type", "string"}, {"contentEncoding", "base64"}}
	case rawType:
		return object{}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return d.schema(t.Elem())
	case reflect.String:
		return object{{"type", "string"}}
	case reflect.Bool:
		return object{{"type", "boolean"}}
	case reflect.Float32, reflect.Float64:
		return object{{"type", "number"}}
	case reflect.Int, reflect.Int64, reflect.Int32, reflect.Int16, reflect.Int8:
		return object{{"type", "integer"}}
	case reflect.Uint, reflect.Uint64, reflect.Uint32, reflect.Uint16, reflect.Uint8:
		return object{{"type", "integer"}, {"minimum", 0}}
	case reflect.Slice, reflect.Array:
		return object{{"type", "array"}, {"items", d.schema(t.Elem())}}
	case reflect.Map:
		return object{{"type", "object"}, {"additionalProperties", d.schema(t.Elem())}}
	case reflect.Struct:
		return d.structure(t)
	case reflect.Interface:
		return object{}
	}
	panic("admin: JSON has no " + t.String())
}

func (d *describer) structure(t reflect.Type) object {
	name := t.Name()
	reference := object{{"$ref", "#/components/schemas/" + name}}
	if name != "" {
		if _, ok := d.schemas[name]; ok {
			return reference
		}
		d.schemas[name] = nil // a type may hold itself
		d.order = append(d.order, name)
	}
	var properties object
	var required []string
	for _, f := range reflect.VisibleFields(t) {
		tag, ok := f.Tag.Lookup("json")
		field, options, _ := strings.Cut(tag, ",")
		if !ok || field == "-" || field == "" || !f.IsExported() {
			continue
		}
		s := d.schema(f.Type)
		if doc := f.Tag.Get("doc"); doc != "" {
			s = append(slices.Clone(s), member{"description", doc})
		}
		properties.set(field, s)
		if !strings.Contains(options, "omitempty") {
			required = append(required, field)
		}
	}
	s := object{{"type", "object"}, {"properties", properties}}
	if len(required) > 0 {
		s.set("required", required)
	}
	if name == "" {
		return s
	}
	d.schemas[name] = s
	return reference
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func sizeText(n int64) string {
	switch {
	case n >= 1<<30 && n%(1<<30) == 0:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
