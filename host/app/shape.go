package app

// kind of a value.
type kind string

const (
	kindString   kind = "string"
	kindInt      kind = "integer"
	kindBool     kind = "boolean"
	kindSize     kind = "size"     // "64MiB", or a number of bytes
	kindDuration kind = "duration" // "10s"
	kindTable    kind = "table"    // fixed keys
	kindMap      kind = "map"      // any keys, values of one shape
	kindList     kind = "list"
	kindAny      kind = "any"
)

// shape is what a value must look like.
type shape struct {
	kind    kind
	def     string   // name of a shape that is used more than once, or inside itself
	fields  []field  // of a table
	elem    *shape   // of a map or list
	keys    *shape   // of a map: what its keys must look like
	enum    []string // of a string
	numbers []int64  // of an integer: the only ones
	pattern string   // of a string: a regular expression (RE2 and ECMA 262) that must match whole
	not     []string // of a string: reserved words
	what    string   // of a pattern, in words: "is not …"
	min     int64    // of an integer or size
	max     int64    // of an integer or size; 0 is none
	one     []string // of a table: exactly one of these keys must be there
	any     []string // of a table: at least one of these keys must be there
	apart   [][2]string
	example string
}

// field is a key of a table.
type field struct {
	name     string
	shape    shape
	required bool
	needs    string   // another key that must be there too
	also     []string // words that people try for this key
	def      string   // the default, as people would write it
	doc      string
}

// field returns the field called name, or nil.
func (s shape) field(name string) *field {
	for i := range s.fields {
		if s.fields[i].name == name {
			return &s.fields[i]
		}
	}
	return nil
}

func (s shape) names() []string {
	list := make([]string, len(s.fields))
	for i, f := range s.fields {
		list[i] = f.name
	}
	return list
}

// inner is the table that a table, list of tables or map of tables leads to.
func (s shape) inner() (shape, bool) {
	switch {
	case s.kind == kindTable:
		return s, true
	case (s.kind == kindList || s.kind == kindMap) && s.elem.kind == kindTable:
		return *s.elem, true
	}
	return shape{}, false
}

func (s shape) in(min, max int64) shape { s.min, s.max = min, max; return s }

func (s shape) like(example string) shape { s.example = example; return s }

func (s shape) named(def string) shape { s.def = def; return s }

func oneOf(values ...string) shape {
	return shape{kind: kindString, enum: values, example: `"` + values[0] + `"`}
}

func matching(pattern, what, example string) shape {
	return shape{kind: kindString, pattern: pattern, what: what, example: example}
}

func table(fields ...field) shape { return shape{kind: kindTable, fields: fields} }

func list(elem shape) shape { return shape{kind: kindList, elem: &elem} }

func mapOf(keys, elem shape) shape { return shape{kind: kindMap, keys: &keys, elem: &elem} }
