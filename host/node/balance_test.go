package node

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
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

// TestBusyModuleHandsRequestsOn keeps the only instance of a module busy on one node: the others answer for it.
func TestBusyModuleHandsRequestsOn(t *testing.T) {
	members := startMembers(t, 3)
	dir := t.TempDir()
	guest, err := os.ReadFile("../../conformance/guests/c/conformance.wasm")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"guest.wasm": string(guest), "stackhost.toml": `
name = "busy"
[modules.guest]
path = "guest.wasm"
limits = { time = "2s", concurrency = 1, wait = "5ms" }
grants.fetch = { hosts = ["example.com"] }
[[routes]]
path = "/t/"
module = "guest"
`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	archive, info := pack(t, dir)
	from := members[0]
	from.deployApp(t, "busy", archive, info)
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, ok := from.balancer.better(nil); ok {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("no peer is known to have room: %+v", from.Store.Peers())
		}
	}
	looped := make(chan int)
	go func() {
		res, err := http.Get(from.url + "/t/loop")
		if err != nil {
			looped <- 0
			return
		}
		res.Body.Close()
		looped <- res.StatusCode
	}()
	for from.Host.Stats().InFlight == 0 {
		time.Sleep(time.Millisecond)
	}
	before := from.balancer.handed.Load()
	res, err := http.Post(from.url+"/t/echo", "text/plain", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || res.StatusCode != 200 || !strings.Contains(string(body), "hello") {
		t.Errorf("while the module is busy: %d %q, %v", res.StatusCode, body, err)
	}
	if n := from.balancer.handed.Load() - before; n != 1 {
		t.Errorf("%d requests were handed on", n)
	}
	if status := <-looped; status != 504 {
		t.Errorf("the endless request: %d", status)
	}
}
