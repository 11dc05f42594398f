package node

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestStoppingNodeHandsRequestsOn drains one of three nodes: its clients get answers all the same, from the others.
func TestStoppingNodeHandsRequestsOn(t *testing.T) {
	members := startMembers(t, 3)
	members[0].deploy(t, "hello")
	from := members[0]
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, ok := from.balancer.better(nil); ok {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("no peer is known to have room: %+v", from.Store.Peers())
		}
	}
	taken := func() (n int64) {
		for _, m := range members[1:] {
			n += m.Host.Stats().Requests
		}
		return n
	}
	ask := func(method, path, body string) (int, http.Header, string) {
		t.Helper()
		req, err := http.NewRequest(method, from.url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "app.example"
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, resp.Header, string(b)
	}
	status, header, body := ask("GET", "/files/a.txt", "")
	before := taken()
	from.Drain()
	for i := range 20 {
		method, path := "GET", "/files/a.txt"
		if i%2 == 1 {
			method, path = "POST", fmt.Sprint("/nothing?i=", i)
		}
		s, h, b := ask(method, path, "some body")
		if method == "GET" && (s != status || b != body || h.Get("Content-Type") != header.Get("Content-Type")) {
			t.Errorf("handed on: %d %q %v, before: %d %q %v", s, b, h, status, body, header)
		}
		if method == "POST" && s != 404 && s != 405 {
			t.Errorf("POST handed on: %d %q", s, b)
		}
	}
	if got := taken() - before; got != 20 {
		t.Errorf("the other nodes took %d of 20 requests", got)
	}
	for end := time.Now().Add(5 * time.Second); from.balancer.handed.Load() != 20; time.Sleep(time.Millisecond) { // counted once the client has the answer
		if time.Now().After(end) {
			t.Fatalf("%d of 20 requests were handed on", from.balancer.handed.Load())
		}
	}
}
