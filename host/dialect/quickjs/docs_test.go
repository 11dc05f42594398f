package quickjs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stackhost/stackhost/host/capability"
	"github.com/stackhost/stackhost/host/capability/fetch"
)

var (
	tsBlock = regexp.MustCompile("(?s)```ts\n(.*?)```")
	asks    = regexp.MustCompile(`^// (GET|POST) (\S+)(?: (\S+))? -> (.*)`)
)

// TestDocuments boots every program of the README and the guide, and asks those whose first line says what.
func TestDocuments(t *testing.T) {
	for _, file := range []string{"../../../sdk/js/README.md", "../../../docs/guides/javascript.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		blocks := tsBlock.FindAllStringSubmatch(string(text), -1)
		if len(blocks) == 0 {
			t.Fatalf("%s has no programs", file)
		}
		for i, b := range blocks {
			if i == 0 && strings.Count(b[1], "\n") > 20 {
				t.Errorf("%s: the first program is longer than 20 lines", filepath.Base(file))
			}
			none, err := fetch.New(fetch.Config{Hosts: []string{"granted.invalid"}})
			if err != nil {
				t.Fatal(err)
			}
			g := program(t, b[1], options{extra: []capability.Capability{none}})
			m := asks.FindStringSubmatch(b[1])
			if m == nil {
				continue
			}
			if a := send(g, m[1]+" "+m[2], m[3]); a.err != nil || a.body != m[4] {
				t.Errorf("%s, program %d: %s %s gives %q, %v; want %q", filepath.Base(file), i+1, m[1], m[2], a.body, a.err, m[4])
			}
		}
	}
}

func TestWelcome(t *testing.T) {
	g, err := load(t, "../../../plugins/welcome/js/welcome.ts", options{})
	if err != nil {
		t.Fatal(err)
	}
	const form = "\nContent-Type: application/x-www-form-urlencoded"
	for _, tt := range []struct {
		head, body string
		status     int
		want       string
	}{
		{"GET /js/hello", "", 200, "Hello from JavaScript"},
		{"GET /js/", "", 200, "<!doctype html>"},
		{"GET /js/json?a=1&b=%20&a=2", "", 200, `{"language":"JavaScript","message":"Hello, world","path":"/js/json","method":"GET","query":{"a":"1","b":" "},"random":"`},
		{"POST /js/form" + form, "name=Zo%C3%AB&message=a+b%21", 200, `{"language":"JavaScript","name":"Zoë","message":"a b!","length":4}`},
		{"POST /js/form" + form, "message=hi", 422, `{"type":"about:blank","title":"Unprocessable Content","status":422,"detail":"name is required"}`},
		{"GET /js/stream?n=2", "", 200, "line 1 of 2 from JavaScript\nline 2 of 2 from JavaScript\n"},
		{"GET /js/stream?n=1001", "", 400, `{"type"`},
		{"POST /js/echo", "abc", 200, "abc"},
		{"POST /js/echo", strings.Repeat("long", 50_000), 200, strings.Repeat("long", 50_000)},
		{"GET /js/nowhere", "", 404, `{"type":"about:blank","title":"Not Found","status":404`},
	} {
		if a := send(g, tt.head, tt.body); a.err != nil || a.status != tt.status || !strings.HasPrefix(a.body, tt.want) {
			t.Errorf("%s: got %d %.120q, %v", tt.head, a.status, a.body, a.err)
		}
	}
}
