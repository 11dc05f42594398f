package quickjs_test

import (
	"bufio"
	"strings"
	"testing"
)

func bufioReader(s string) *bufio.Reader { return bufio.NewReader(strings.NewReader(s)) }

func TestHello(t *testing.T) {
	g := program(t, `export default { fetch(request: Request) { return new Response("Hello from " + new URL(request.url).pathname) } }`, options{})
	for range 3 {
		if a := send(g, "GET /x?y=1", ""); a.err != nil || a.status != 200 || a.body != "Hello from /x" {
			t.Errorf("got %+v", a)
		}
	}
}
