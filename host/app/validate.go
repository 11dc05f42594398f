package app

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// validator checks a tree against a shape and collects every problem.
type validator struct {
	file     string
	problems Errors
}

func (v *validator) add(pos position, key, suggestion, format string, args ...any) {
	v.problems = append(v.problems, &ManifestError{
		File: v.file, Line: pos.line, Column: pos.column, Key: key, Message: fmt.Sprintf(format, args...), Suggestion: suggestion,
	})
}

func (v *validator) check(it *item, s shape, path string) {
	switch s.kind {
	case kindAny:
	case kindTable:
		if t := v.table(it, s, path); t != nil {
			v.fields(it, t, s, path)
		}
	case kindMap:
		t := v.table(it, s, path)
		if t == nil {
			return
		}
		for _, k := range t.keys {
			e := t.entries[k]
			if s.pattern != "" && !matches(s.pattern, k) {
				v.add(e.keyPos, join(path, k), "", "name %q is not made of lower-case letters, digits and dashes, beginning with a letter", k)
			}
			v.check(e, *s.elem, join(path, k))
		}
	case kindList:
		elems, ok := it.value.([]*item)
		if !ok {
			hint := ""
			if _, isTable := it.value.(*tree); isTable && s.elem.kind == kindTable {
				hint = fmt.Sprintf("write [[%s]], with two brackets", path)
			}
			v.wrongType(it, s, path, "a list", hint)
			return
		}
		for i, e := range elems {
			v.check(e, *s.elem, fmt.Sprintf("%s[%d]", path, i))
		}
	default:
		v.scalar(it, s, path)
	}
}

func (v *validator) table(it *item, s shape, path string) *tree {
	t, ok := it.value.(*tree)
	if !ok {
		hint := ""
		if _, isList := it.value.([]*item); isList {
			hint = fmt.Sprintf("write [%s], with one bracket", path)
		}
		v.wrongType(it, s, path, "a table", hint)
		return nil
	}
	return t
}

func (v *validator) fields(it *item, t *tree, s shape, path string) {
	known := make([]string, len(s.fields))
	for i, f := range s.fields {
		known[i] = f.name
		e := t.entries[f.name]
		switch {
		case e != nil:
			v.check(e, f.shape, join(path, f.name))
		case f.required:
			pos := it.keyPos
			if path == "" {
				pos = position{1, 1}
			}
			v.add(pos, join(path, f.name), fmt.Sprintf("add %s = %s", f.name, exampleOf(f.shape)), "%s is missing", quoteKey(f.name, path))
		}
	}
	for _, k := range t.keys {
		if slices.Contains(known, k) {
			continue
		}
		hint := "known keys are " + strings.Join(known, ", ")
		if n := nearest(k, known); n != "" {
			hint = fmt.Sprintf("did you mean %q?", n)
		}
		v.add(t.entries[k].keyPos, join(path, k), hint, "%s is unknown", quoteKey(k, path))
	}
}

func (v *validator) scalar(it *item, s shape, path string) {
	switch s.kind {
	case kindString:
		str, ok := it.value.(string)
		switch {
		case !ok:
			v.wrongType(it, s, path, "a string", "")
		case len(s.enum) > 0 && !slices.Contains(s.enum, str):
			hint := "one of " + strings.Join(s.enum, ", ")
			if n := nearest(str, s.enum); n != "" {
				hint = fmt.Sprintf("did you mean %q?", n)
			}
			v.add(it.pos, path, hint, "%s: %q is not known", path, str)
		case s.pattern != "" && !matches(s.pattern, str):
			v.add(it.pos, path, "", "%s: %q is not made of lower-case letters, digits and dashes, beginning with a letter", path, str)
		}
	case kindInt:
		if n, ok := it.value.(int64); !ok {
			v.wrongType(it, s, path, "a whole number", "")
		} else if n < 0 {
			v.add(it.pos, path, "", "%s: %d is negative", path, n)
		}
	case kindBool:
		if _, ok := it.value.(bool); !ok {
			v.wrongType(it, s, path, "true or false", "")
		}
	case kindSize:
		if _, err := parseSize(it.value); err != nil {
			v.add(it.pos, path, "", "%s: %s", path, err)
		}
	case kindDuration:
		if _, err := parseDuration(it.value); err != nil {
			v.add(it.pos, path, "", "%s: %s", path, err)
		}
	}
}

func (v *validator) wrongType(it *item, s shape, path, want, hint string) {
	if hint == "" && s.example != "" {
		hint = fmt.Sprintf("write it like %s", s.example)
	}
	v.add(it.pos, path, hint, "%s must be %s, not %s", path, want, typeName(it.value))
}

func typeName(v any) string {
	switch v.(type) {
	case string:
		return "a string"
	case int64:
		return "a whole number"
	case float64:
		return "a number with a fraction"
	case bool:
		return "true or false"
	case *tree:
		return "a table"
	case []*item:
		return "a list"
	}
	return fmt.Sprintf("%T", v)
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func quoteKey(key, path string) string {
	if path == "" {
		return fmt.Sprintf("key %q", key)
	}
	return fmt.Sprintf("key %q in %s", key, path)
}

func exampleOf(s shape) string {
	switch {
	case s.example != "":
		return s.example
	case s.kind == kindList:
		return "[…]"
	}
	return "{ … }"
}

func matches(pattern, text string) bool {
	return regexp.MustCompile(`\A(?:` + pattern + `)\z`).MatchString(text)
}

var sizeUnits = []struct {
	suffix string
	factor int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}}

// parseSize reads "64MiB" or a number of bytes.
func parseSize(v any) (int64, error) {
	switch v := v.(type) {
	case int64:
		if v < 0 {
			return 0, fmt.Errorf("%d is negative", v)
		}
		return v, nil
	case string:
		for _, u := range sizeUnits {
			digits, ok := strings.CutSuffix(v, u.suffix)
			if !ok {
				continue
			}
			n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
			if err != nil || n < 0 || n*float64(u.factor) > 1<<50 {
				break
			}
			return int64(n * float64(u.factor)), nil
		}
		return 0, fmt.Errorf("%q is not a size; write it like \"64MiB\", \"512KiB\" or a number of bytes", v)
	}
	return 0, fmt.Errorf("%s is not a size; write it like \"64MiB\"", typeName(v))
}

func parseDuration(v any) (time.Duration, error) {
	s, ok := v.(string)
	if !ok {
		return 0, fmt.Errorf("%s is not a duration; write it like \"10s\", \"250ms\" or \"1m30s\"", typeName(v))
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a duration; write it like \"10s\", \"250ms\" or \"1m30s\"", s)
	}
	return d, nil
}
