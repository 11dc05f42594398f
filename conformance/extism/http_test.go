package extism

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

// site is a server whose /away redirects to the same server under another host name.
func site(t *testing.T) (base string, reached *atomic.Int32) {
	t.Helper()
	reached = new(atomic.Int32)
	mux := http.NewServeMux()
	var port string
	mux.HandleFunc("/page", func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Date"] = nil
		w.Header().Set("X-Method", r.Method)
		w.Header().Add("X-Twice", "a")
		w.Header().Add("X-Twice", "b")
		fmt.Fprint(w, "page")
	})
	mux.HandleFunc("/secret", func(w http.ResponseWriter, r *http.Request) {
		reached.Add(1)
		w.Header().Set("X-Secret", "found")
	})
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://localhost:"+port+"/secret", http.StatusFound)
	})
	mux.HandleFunc("/near", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/page", http.StatusFound) })
	mux.HandleFunc("/large", func(w http.ResponseWriter, r *http.Request) { w.Write(make([]byte, 5000)) })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	port = u.Port()
	return "http://127.0.0.1:" + port, reached
}

func get(base, path string) row {
	return row{
		guest: "http_headers.wasm", export: "http_get", inputs: []string{`{"url":"` + base + path + `"}`},
		hosts: []string{"127.0.0.1"}, private: true,
	}
}

func TestHTTPAllowed(t *testing.T) {
	base, _ := site(t)
	for _, path := range []string{"/page", "/near"} {
		for _, hosts := range [][]string{{"127.0.0.1"}, {"127.0.*.1"}, {"{10,127}.0.0.?"}, {"*"}} {
			r := get(base, path)
			r.hosts = hosts
			theirs, ours := r.runTheirs(t), r.runOurs(t)
			if theirs.failed() || ours.failed() || theirs.outputs[0] != ours.outputs[0] || !strings.Contains(ours.outputs[0], `"x-twice":"a,b"`) {
				t.Errorf("%s, hosts %q\ntheirs: %v\nours: %v", path, hosts, theirs, ours)
			}
		}
	}
}

func TestHTTPPrivate(t *testing.T) {
	base, _ := site(t)
	r := get(base, "/page")
	r.private = false
	theirs, ours := r.runTheirs(t), r.runOurs(t)
	if theirs.failed() {
		t.Errorf("theirs: %v", theirs)
	}
	if !strings.Contains(strings.Join(ours.log, ""), "not public") {
		t.Errorf("ours reached a loopback address without private = true: %v", ours)
	}
}

// TestRedirect: a redirect to a host that is not allowed. The SDK checks only the first URL.
func TestRedirect(t *testing.T) {
	base, reached := site(t)
	r := get(base, "/away")
	theirs := r.runTheirs(t)
	if theirs.failed() || reached.Load() != 1 || !strings.Contains(theirs.outputs[0], "found") {
		t.Errorf("the SDK changed: it does not follow the redirect any more: %v", theirs)
	}
	ours := r.runOurs(t)
	if reached.Load() != 1 {
		t.Errorf("ours followed a redirect to a host that is not allowed: %v", ours)
	}
	if len(ours.outputs) > 0 && strings.Contains(ours.outputs[0], "found") || !strings.Contains(strings.Join(ours.log, ""), "not granted") {
		t.Errorf("ours: %v\nwant a record of the denied hop", ours)
	}
}

// TestHTTPLimit: a body over the limit is a trap in the SDK and a failed request in ours.
func TestHTTPLimit(t *testing.T) {
	base, _ := site(t)
	r := get(base, "/large")
	r.maxResponse = 4000
	theirs, ours := r.runTheirs(t), r.runOurs(t)
	if theirs.err == nil || !strings.Contains(theirs.err.Error(), "too large") {
		t.Errorf("theirs: %v", theirs)
	}
	if !strings.Contains(strings.Join(ours.log, ""), "over the limit") {
		t.Errorf("ours: %v", ours)
	}
	r.maxResponse = 5000
	theirs, ours = r.runTheirs(t), r.runOurs(t)
	if theirs.failed() || ours.failed() {
		t.Errorf("theirs: %v\nours: %v", theirs, ours)
	}
}
