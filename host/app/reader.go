package app

import "time"

// reader gives typed access to a table. Whatever is missing or of another type gives the default.
type reader struct{ t *tree }

// reader reads an item as a table. it may be nil.
func (it *item) reader() reader {
	if it == nil {
		return reader{}
	}
	t, _ := it.value.(*tree)
	return reader{t}
}

// str returns the item's text. it may be nil.
func (it *item) str() (string, bool) {
	if it == nil {
		return "", false
	}
	s, ok := it.value.(string)
	return s, ok
}

func value[T any](r reader, key string, def T) T {
	if it := r.item(key); it != nil {
		if v, ok := it.value.(T); ok {
			return v
		}
	}
	return def
}

func (r reader) item(key string) *item {
	if r.t == nil {
		return nil
	}
	return r.t.entries[key]
}

func (r reader) keys() []string {
	if r.t == nil {
		return nil
	}
	return r.t.keys
}

func (r reader) str(key, def string) string { return value(r, key, def) }

func (r reader) flag(key string, def bool) bool { return value(r, key, def) }

func (r reader) number(key string, def int64) int64 { return value(r, key, def) }

func (r reader) list(key string) []*item { return value[[]*item](r, key, nil) }

func (r reader) sub(key string) reader { return r.item(key).reader() }

func (r reader) size(key string, def int64) int64 {
	if it := r.item(key); it != nil {
		if n, err := parseSize(it.value); err == nil {
			return n
		}
	}
	return def
}

func (r reader) duration(key string, def time.Duration) time.Duration {
	if it := r.item(key); it != nil {
		if d, err := parseDuration(it.value); err == nil {
			return d
		}
	}
	return def
}

func (r reader) strings(key string) (out []string) {
	for _, it := range r.list(key) {
		if s, ok := it.str(); ok {
			out = append(out, s)
		}
	}
	return out
}

// table reads a table of strings; nil when it is missing.
func (r reader) table(key string) map[string]string {
	inner := r.sub(key)
	if inner.t == nil {
		return nil
	}
	out := map[string]string{}
	for _, k := range inner.keys() {
		out[k] = inner.str(k, "")
	}
	return out
}
