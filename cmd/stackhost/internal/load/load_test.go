package load

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

func TestCountsWhatTheServerSaw(t *testing.T) {
	var seen atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Test") != "yes" || r.Method != "POST" {
			t.Errorf("got %s with X-Test %q", r.Method, r.Header.Get("X-Test"))
		}
		if seen.Add(1)%10 == 0 {
			w.WriteHeader(503)
		}
		w.Write([]byte("four"))
	}))
	defer server.Close()
	r, err := Run(t.Context(), Config{URL: server.URL, Method: "POST", Headers: []string{"X-Test: yes"}, Body: []byte("x"), Connections: 4, Duration: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	// A request may be under way when the time is over, so the server can have seen a few that were answered too late to count.
	if r.Requests == 0 || r.Requests > seen.Load() || r.Requests < seen.Load()-4 {
		t.Errorf("reported %d requests, the server saw %d", r.Requests, seen.Load())
	}
	if r.Statuses[503] == 0 || r.Statuses[200]+r.Statuses[503] != r.Requests || r.Bytes != 4*r.Requests {
		t.Errorf("statuses %v, bytes %d for %d requests", r.Statuses, r.Bytes, r.Requests)
	}
}

// A server that stalls once must not hide the requests that would have been sent meanwhile.
func TestAStallIsChargedToEveryPlannedRequest(t *testing.T) {
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 5 {
			time.Sleep(300 * time.Millisecond) // the stall under test
		}
	}))
	defer server.Close()
	r, err := Run(t.Context(), Config{URL: server.URL, Connections: 1, Rate: 100, Duration: 600 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	var p75 int64
	for _, p := range r.Percentiles {
		if p.Percent == 75 {
			p75 = p.Micros
		}
	}
	if p75 < 100_000 {
		t.Errorf("p75 is %d µs: the requests planned during a stall of 300 ms were left out", p75)
	}
}

func TestRefusesWhatIsNoURL(t *testing.T) {
	for _, u := range []string{"", "localhost:80", "ftp://x/", "http://"} {
		if _, err := Run(t.Context(), Config{URL: u}); err == nil {
			t.Errorf("%q was accepted", u)
		}
	}
}
