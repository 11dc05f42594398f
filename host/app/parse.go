package app

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// item is a value of the manifest with its place.
type item struct {
	pos    position
	keyPos position
	value  any // string, int64, float64, bool, datetime, *tree, []*item
}

// datetime is a date, a time or both, as it was written.
type datetime string

type position struct{ line, column int }

// tree is a table in the order of the file.
type tree struct {
	keys    []string
	entries map[string]*item
}

func newTree() *tree { return &tree{entries: map[string]*item{}} }

func (t *tree) set(key string, it *item) {
	if _, ok := t.entries[key]; !ok {
		t.keys = append(t.keys, key)
	}
	t.entries[key] = it
}

// get follows keys and list indexes; nil where there is nothing.
func (t *tree) get(path ...any) *item {
	it := &item{value: t}
	for _, p := range path {
		switch p := p.(type) {
		case string:
			inner, ok := it.value.(*tree)
			if !ok || inner.entries[p] == nil {
				return nil
			}
			it = inner.entries[p]
		case int:
			elems, ok := it.value.([]*item)
			if !ok || p >= len(elems) {
				return nil
			}
			it = elems[p]
		}
	}
	return it
}

// parseTOML reads the manifest as a tree with positions. The library's own decoder says first whether the text is TOML at all.
func parseTOML(file string, src []byte) (*tree, *ManifestError) {
	var whole map[string]any
	if err := toml.Unmarshal(src, &whole); err != nil {
		var bad *toml.DecodeError
		if errors.As(err, &bad) {
			line, column := bad.Position()
			return nil, &ManifestError{File: file, Line: line, Column: column, Message: "this is not TOML: " + strings.TrimPrefix(bad.Error(), "toml: ")}
		}
		return nil, &ManifestError{File: file, Line: 1, Column: 1, Message: "this is not TOML: " + strings.TrimPrefix(err.Error(), "toml: ")}
	}
	b := &builder{root: newTree(), lines: []int{0}}
	for i, c := range src {
		if c == '\n' {
			b.lines = append(b.lines, i+1)
		}
	}
	b.p.Reset(src)
	b.current = b.root
	for b.p.NextExpression() {
		b.expression(b.p.Expression())
	}
	return b.root, nil
}

type builder struct {
	p       unstable.Parser
	lines   []int // offsets of the beginnings of the lines
	root    *tree
	current *tree
}

// nowhere is what at returns for a node that the parser gives no place. No value can be there: a key comes first.
var nowhere = position{1, 1}

func (b *builder) at(n *unstable.Node) position {
	if n == nil {
		return nowhere
	}
	r := n.Raw
	if r.Length == 0 && len(n.Data) > 0 && n.Kind != unstable.String {
		r = b.p.Range(n.Data)
	}
	i, found := slices.BinarySearch(b.lines, int(r.Offset))
	if !found {
		i--
	}
	return position{i + 1, int(r.Offset) - b.lines[i] + 1}
}

func (b *builder) expression(e *unstable.Node) {
	switch e.Kind {
	case unstable.Table:
		b.current = b.descend(b.root, e.Key(), false)
	case unstable.ArrayTable:
		b.current = b.descend(b.root, e.Key(), true)
	case unstable.KeyValue:
		b.keyValue(b.current, e)
	}
}

// descend walks to the table that a key names, making what is missing. In an array of tables the last element is meant; with
// fresh a new one is added.
func (b *builder) descend(t *tree, keys unstable.Iterator, fresh bool) *tree {
	for keys.Next() {
		n := keys.Node()
		key := string(n.Data)
		last := keys.IsLast()
		existing := t.entries[key]
		pos := b.at(n)
		switch {
		case last && fresh:
			next := newTree()
			elem := &item{pos, pos, next}
			if existing == nil {
				t.set(key, &item{pos, pos, []*item{elem}})
			} else if elems, ok := existing.value.([]*item); ok {
				existing.value = append(elems, elem)
			}
			t = next
		case existing == nil:
			next := newTree()
			t.set(key, &item{pos, pos, next})
			t = next
		default:
			switch v := existing.value.(type) {
			case *tree:
				t = v
			case []*item:
				t, _ = v[len(v)-1].value.(*tree)
			}
		}
		if t == nil { // refused by the decoder before
			return newTree()
		}
	}
	return t
}

func (b *builder) keyValue(t *tree, e *unstable.Node) {
	keys := e.Key()
	var path []*unstable.Node
	for keys.Next() {
		path = append(path, keys.Node())
	}
	for _, n := range path[:len(path)-1] {
		key := string(n.Data)
		next, ok := (*tree)(nil), false
		if it := t.entries[key]; it != nil {
			next, ok = it.value.(*tree)
		}
		if !ok {
			next = newTree()
			t.set(key, &item{b.at(n), b.at(n), next})
		}
		t = next
	}
	last := path[len(path)-1]
	it := b.value(e.Value())
	it.keyPos = b.at(last)
	it.settle(it.keyPos)
	t.set(string(last.Data), it)
}

func (b *builder) value(n *unstable.Node) *item {
	it := &item{pos: b.at(n)}
	switch n.Kind {
	case unstable.String:
		it.value = string(n.Data)
	case unstable.Bool:
		it.value = string(n.Data) == "true"
	case unstable.Integer:
		v, err := strconv.ParseInt(strings.ReplaceAll(string(n.Data), "_", ""), 0, 64)
		if err != nil {
			it.value = string(n.Data)
		} else {
			it.value = v
		}
	case unstable.Float:
		v, _ := strconv.ParseFloat(strings.ReplaceAll(string(n.Data), "_", ""), 64)
		it.value = v
	case unstable.Array:
		elems := []*item{}
		for children := n.Children(); children.Next(); {
			if c := children.Node(); c.Kind != unstable.Comment {
				elems = append(elems, b.value(c))
			}
		}
		it.value = elems
	case unstable.InlineTable:
		t := newTree()
		for children := n.Children(); children.Next(); {
			if c := children.Node(); c.Kind == unstable.KeyValue {
				b.keyValue(t, c)
			}
		}
		it.value = t
	default: // dates and times
		it.value = datetime(n.Data)
	}
	return it
}

// settle gives it, and the elements of a list, a place when the parser gave none: that of the first key of a table, or else pos.
func (it *item) settle(pos position) {
	switch v := it.value.(type) {
	case *tree:
		if it.pos == nowhere && len(v.keys) > 0 {
			it.pos = v.entries[v.keys[0]].keyPos
		}
	case []*item:
		for _, e := range v {
			e.settle(pos)
			e.keyPos = e.pos
			if it.pos == nowhere {
				it.pos = e.pos
			}
		}
	}
	if it.pos == nowhere {
		it.pos = pos
	}
}

// plain turns an item into what a guest may read: strings, numbers, bools, lists and maps.
func (it *item) plain() any {
	switch v := it.value.(type) {
	case *tree:
		m := map[string]any{}
		for _, k := range v.keys {
			m[k] = v.entries[k].plain()
		}
		return m
	case []*item:
		list := make([]any, len(v))
		for i := range v {
			list[i] = v[i].plain()
		}
		return list
	case datetime:
		return string(v)
	}
	return it.value
}
