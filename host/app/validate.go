package app

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
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

// told tells whether there is a problem at a place already.
func (v *validator) told(pos position) bool {
	return slices.ContainsFunc(v.problems, func(e *ManifestError) bool { return e.Line == pos.line && e.Column == pos.column })
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
			v.scalar(&item{pos: e.keyPos, keyPos: e.keyPos, value: k}, *s.keys, join(path, k))
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
		if elems, isList := it.value.([]*item); isList && !strings.HasSuffix(path, "]") && (len(elems) == 0 || isTree(elems[0])) {
			hint = fmt.Sprintf("write [%s], with one bracket", path)
		}
		v.wrongType(it, s, path, "a table", hint)
		return nil
	}
	return t
}

func isTree(it *item) bool {
	_, ok := it.value.(*tree)
	return ok
}

func (v *validator) fields(it *item, t *tree, s shape, path string) {
	missing := it.keyPos
	if path == "" {
		missing = position{1, 1}
	}
	for _, f := range s.fields {
		e := t.entries[f.name]
		switch {
		case e == nil && f.required:
			v.add(missing, join(path, f.name), "add "+assignment(f), "%s is missing", quoteKey(f.name, path))
		case e == nil:
		case f.needs != "" && t.entries[f.needs] == nil:
			v.add(e.keyPos, join(path, f.name), "add "+assignment(*s.field(f.needs)), "%s is of use only together with %q", quoteKey(f.name, path), f.needs)
			fallthrough
		default:
			v.check(e, f.shape, join(path, f.name))
		}
	}
	for _, k := range t.keys {
		if s.field(k) == nil {
			v.add(t.entries[k].keyPos, join(path, k), s.hint(k), "%s is unknown", quoteKey(k, path))
		}
	}
	present := func(keys []string) (found []string) {
		for _, k := range keys {
			if t.entries[k] != nil {
				found = append(found, k)
			}
		}
		return found
	}
	if len(s.any) > 0 && len(present(s.any)) == 0 || len(s.one) > 0 && len(present(s.one)) == 0 {
		keys := slices.Concat(s.any, s.one)
		v.add(missing, path, "add "+assignment(*s.field(keys[0])), "%s has none of %s", path, words(keys, "and"))
	}
	if found := present(s.one); len(found) > 1 {
		v.add(t.entries[found[1]].keyPos, join(path, found[1]), "keep one of them", "%s has %s; only one can be", path, words(found, "and"))
	}
	for _, pair := range s.apart {
		if len(present(pair[:])) == 2 {
			v.add(t.entries[pair[1]].keyPos, join(path, pair[1]), "keep one of them", "%s has both %q and %q", path, pair[0], pair[1])
		}
	}
}

// assignment shows how a key is written.
func assignment(f field) string {
	if f.shape.example == "" {
		return fmt.Sprintf("%q", f.name)
	}
	return f.name + " = " + f.shape.example
}

// hint says what the unknown key of a table may have been meant to be: a key written wrong, another word for one, or a key of
// another table.
func (s shape) hint(key string) string {
	known := s.names()
	close := nearest(key, known)
	if close != "" && distance(strings.ToLower(key), close) <= 2 {
		return fmt.Sprintf("did you mean %q?", close)
	}
	for _, f := range s.fields {
		if slices.Contains(f.also, strings.ToLower(key)) {
			return fmt.Sprintf("did you mean %q?", f.name)
		}
	}
	for _, f := range s.fields {
		if inner, ok := f.shape.inner(); ok && f.shape.kind == kindTable && inner.field(key) != nil {
			return fmt.Sprintf("it belongs into the table %q", f.name)
		}
	}
	if close != "" {
		return fmt.Sprintf("did you mean %q?", close)
	}
	if place := elsewhere(manifestShape, key, "", 4); place != "" {
		return "it belongs into " + place
	}
	return "known keys are " + strings.Join(known, ", ")
}

// elsewhere finds a table of the manifest that has a key.
func elsewhere(s shape, key, path string, depth int) string {
	if path != "" && s.field(key) != nil {
		return path
	}
	if depth == 0 {
		return ""
	}
	for _, f := range s.fields {
		if inner, ok := f.shape.inner(); ok && f.name != "groups" {
			if place := elsewhere(inner, key, header(path, f), depth-1); place != "" {
				return place
			}
		}
	}
	return ""
}

// header writes the TOML header of a table below the one whose header is path.
func header(path string, f field) string {
	at := strings.Trim(path, "[]") + "." + f.name
	if path == "" {
		at = f.name
	}
	switch f.shape.kind {
	case kindList:
		return "[[" + at + "]]"
	case kindMap:
		return "[" + at + ".NAME]"
	}
	return "[" + at + "]"
}

func (v *validator) scalar(it *item, s shape, path string) {
	switch s.kind {
	case kindString:
		str, ok := it.value.(string)
		if !ok {
			v.wrongType(it, s, path, "a string", "")
			return
		}
		v.text(it, str, s, path)
	case kindInt:
		n, ok := it.value.(int64)
		switch {
		case !ok:
			v.wrongType(it, s, path, "a whole number", "")
		case len(s.numbers) > 0 && !slices.Contains(s.numbers, n):
			v.add(it.pos, path, "one of "+strings.Trim(fmt.Sprint(s.numbers), "[]"), "%s cannot be %d", path, n)
		case len(s.numbers) == 0 && n < s.min:
			v.add(it.pos, path, "leave it out for the default", "%s is %d; the least is %d", path, n, s.min)
		case s.max > 0 && n > s.max:
			v.add(it.pos, path, "", "%s is %d; the most is %d", path, n, s.max)
		}
	case kindBool:
		if _, ok := it.value.(bool); !ok {
			v.wrongType(it, s, path, "true or false", "")
		}
	case kindSize:
		n, err := parseSize(it.value)
		switch {
		case err != nil:
			v.add(it.pos, path, "write it like "+s.example, "%s: %s", path, err)
		case n < s.min || n > s.max:
			v.add(it.pos, path, "", "%s is %v; it must be from %s to %s", path, it.value, sizeText(s.min), sizeText(s.max))
		}
	case kindDuration:
		if _, err := parseDuration(it.value); err != nil {
			v.add(it.pos, path, "write it like "+s.example+`, "250ms" or "1m30s"`, "%s: %s", path, err)
		}
	}
}

func (v *validator) text(it *item, str string, s shape, path string) {
	switch {
	case len(s.enum) > 0:
		if slices.Contains(s.enum, str) {
			return
		}
		hint := "one of " + strings.Join(s.enum, ", ")
		if n := nearest(str, s.enum); n != "" {
			hint = fmt.Sprintf("did you mean %q?", n)
		}
		if slices.Contains([]string{"js", "javascript", "ts", "typescript"}, strings.ToLower(str)) {
			hint = `use engine = "js"`
		}
		v.add(it.pos, path, hint, "%s: %s is not known", path, quote(str))
	case s.pattern != "" && !matches(s.pattern, str):
		shown := quote(str)
		if secretPath(path) {
			shown = "this"
		}
		v.add(it.pos, path, "write it like "+s.example, "%s: %s is not %s", path, shown, s.what)
	case slices.Contains(s.not, str):
		v.add(it.pos, path, "choose another name", "%s: %q is reserved", path, str)
	case s.max > 0 && int64(len(str)) > s.max:
		v.add(it.pos, path, "", "%s is longer than %d characters", path, s.max)
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
	case datetime:
		return "a date or time"
	case *tree:
		return "a table"
	}
	return "a list"
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func quoteKey(key, path string) string {
	if path == "" {
		return "key " + quote(key)
	}
	return fmt.Sprintf("key %s in %s", quote(key), path)
}

// quote shows what someone wrote, but not all of it when it is very long.
func quote(s string) string {
	if r := []rune(s); len(r) > 80 {
		s = string(r[:80]) + "…"
	}
	return strconv.Quote(s)
}

// words joins quoted keys as in a sentence.
func words(keys []string, and string) string {
	quoted := make([]string, len(keys))
	for i, k := range keys {
		quoted[i] = strconv.Quote(k)
	}
	if len(quoted) < 2 {
		return strings.Join(quoted, "")
	}
	return strings.Join(quoted[:len(quoted)-1], ", ") + " " + and + " " + quoted[len(quoted)-1]
}

var compiled sync.Map // pattern -> *regexp.Regexp: the patterns of the shapes, so few

func matches(pattern, text string) bool {
	re, ok := compiled.Load(pattern)
	if !ok {
		re, _ = compiled.LoadOrStore(pattern, regexp.MustCompile(`\A(?:`+pattern+`)\z`))
	}
	return re.(*regexp.Regexp).MatchString(text)
}

var sizeUnits = []struct {
	suffix string
	factor int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}}

// parseSize reads "64MiB" or a number of bytes.
func parseSize(v any) (int64, error) {
	switch v := v.(type) {
	case int64:
		return v, nil
	case string:
		if !matches(sizePattern, v) {
			return 0, fmt.Errorf("%s is not a size", quote(v))
		}
		for _, u := range sizeUnits {
			if digits, ok := strings.CutSuffix(v, u.suffix); ok {
				n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
				if err != nil || n*float64(u.factor) > maxSize {
					return math.MaxInt64, nil
				}
				return int64(n * float64(u.factor)), nil
			}
		}
	}
	return 0, fmt.Errorf("%s is not a size", typeName(v))
}

// sizeText writes a number of bytes as people do.
func sizeText(n int64) string {
	for _, u := range []struct {
		suffix string
		factor int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= u.factor && n%u.factor == 0 {
			return fmt.Sprint(n/u.factor, u.suffix)
		}
	}
	return fmt.Sprint(n, "B")
}

func parseDuration(v any) (time.Duration, error) {
	s, ok := v.(string)
	if !ok {
		return 0, fmt.Errorf("%s is not a duration", typeName(v))
	}
	d, err := time.ParseDuration(s)
	if err != nil || !matches(durationPattern, s) {
		return 0, fmt.Errorf("%s is not a duration", quote(s))
	}
	if d <= 0 {
		return 0, fmt.Errorf("%s is no time at all", quote(s))
	}
	return d, nil
}
