package main

import "strings"

// realistic values by field name, for vectors and the worked example; other fields get a value of their type.
var realistic = map[string]any{
	"HttpRequest.method":         "POST",
	"HttpRequest.path":           "/users/7%2F8/notes",
	"HttpRequest.query":          "sort=new&tag=a%20b",
	"HttpRequest.scheme":         "https",
	"HttpRequest.host":           "example.com:8443",
	"HttpRequest.headers":        flat{{"content-type", []byte("application/json")}, {"accept", []byte("*/*")}, {"x-tag", []byte("a")}, {"x-tag", []byte("b")}},
	"HttpRequest.params":         flat{{"id", "7/8"}, {"rest", ""}},
	"HttpRequest.body":           []byte(`{"text":"hi"}`),
	"HttpRequest.body_stream":    uint64(0),
	"HttpRequest.body_length":    int64(13),
	"HttpRequest.remote":         "203.0.113.9",
	"HttpRequest.id":             "01JD5Z4J8T2W3X4Y5Z6A7B8C9D",
	"HttpRequest.traceparent":    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	"HttpRequest.route":          "POST /users/{id}/notes",
	"HttpRequest.time_us":        uint64(1767225600000000),
	"HttpResponse.status":        uint64(200),
	"HttpResponse.headers":       flat{{"content-type", []byte("text/plain")}},
	"HttpResponse.body":          []byte("hello"),
	"MiddlewareResult.action":    uint64(1),
	"JobRequest.payload":         []byte{0, 1, 2, 0xff},
	"JobRequest.attempt":         uint64(2),
	"LogRecord.level":            uint64(3),
	"LogRecord.message":          "slow query",
	"LogRecord.fields":           table{{"ms", uint64(1250)}, {"ratio", 0.5}, {"tables", []any{"a", "b"}}},
	"ConfigReply.value":          table{{"max", int64(-1)}, {"name", "shop"}, {"nested", table{{"on", true}}}},
	"FetchRequest.method":        "PUT",
	"FetchRequest.url":           "https://api.example.com/v1/items?q=1",
	"FetchRequest.redirect":      uint64(1),
	"FetchResponse.url":          "https://api.example.com/v1/items/1",
	"FetchResponse.status":       uint64(404),
	"BatchResult.code":           int64(-5),
	"BatchCall.capability":       "fetch",
	"BatchCall.function":         "send",
	"SupportsReply.functions":    []any{"send"},
	"SupportsRequest.capability": "fetch",
}

// samples returns a value for each field of a record, none of them the default where the type allows it.
func samples(s *Spec, r Record) []any {
	out := make([]any, len(r.Fields))
	for i, f := range r.Fields {
		v, ok := realistic[r.Name+"."+f.Name]
		if !ok {
			v = sample(s, MustType(f.Type), f.Name)
		}
		out[i] = v
	}
	return out
}

func sample(s *Spec, t Type, name string) any {
	switch t.Kind {
	case "uint":
		return uint64(2500)
	case "enum":
		return uint64(1)
	case "int":
		return int64(-7)
	case "bool":
		return true
	case "float":
		return 2.5
	case "str":
		return "some " + strings.ReplaceAll(name, "_", " ")
	case "bin":
		return []byte{0, 1, 2, 3, 4, 5, 6, 7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff}
	case "any":
		return table{{"k", []any{nil, "x"}}}
	case "headers":
		return flat{{"x-one", []byte("1")}, {"x-two", []byte{}}}
	case "pairs":
		return flat{{"one", "1"}, {"two", ""}}
	case "list":
		return []any{sample(s, *t.Elem, name), sample(s, *t.Elem, name)}
	}
	return samples(s, *s.record(t.Name))
}

// defaults returns what each field of a record is when it is missing.
func defaults(s *Spec, r Record) []any {
	out := make([]any, len(r.Fields))
	for i, f := range r.Fields {
		t := MustType(f.Type)
		switch t.Kind {
		case "uint", "enum":
			out[i] = uint64(0)
			if n, ok := f.Default.(float64); ok {
				out[i] = uint64(n)
			}
		case "int":
			out[i] = int64(0)
		case "bool":
			out[i] = false
		case "float":
			out[i] = 0.0
		case "str":
			out[i] = ""
		case "bin":
			out[i] = []byte{}
		case "any":
			out[i] = nil
		case "headers", "pairs":
			out[i] = flat{}
		case "list":
			out[i] = []any{}
		case "record":
			out[i] = defaults(s, *s.record(t.Name))
		}
	}
	return out
}
