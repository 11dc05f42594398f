package load

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestPercentile(t *testing.T) {
	var took []time.Duration
	for i := range 100 {
		took = append(took, time.Duration(i+1)*time.Microsecond)
	}
	for p, want := range map[int]float64{1: 1, 50: 50, 99: 99, 100: 100} {
		if got := Percentile(took, p); got != want {
			t.Errorf("p%d of 1 to 100 is %v, want %v", p, got, want)
		}
	}
	if got := Percentile(took[:1], 99); got != 1 {
		t.Errorf("p99 of one value is %v", got)
	}
	if got := Percentile(nil, 50); got != 0 {
		t.Errorf("p50 of nothing is %v", got)
	}
}

// fake is a store in memory that can lie.
type fake struct {
	mu     sync.Mutex
	values map[string]string // guarded by mu
	lie    func(key, value string) (string, error)
}

type fakeClient struct{ *fake }

func (f *fakeClient) Put(key string, value []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.values[key] = string(value)
	return nil
}

func (f *fakeClient) Get(key string, _ bool) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	v, err := f.lie(key, f.values[key])
	return []byte(v), err
}

func (f *fakeClient) Close() error { return nil }

func TestWrongAnswersAreErrors(t *testing.T) {
	for name, c := range map[string]struct {
		lie  func(key, value string) (string, error)
		good bool
	}{
		"honest":  {func(_, v string) (string, error) { return v, nil }, true},
		"empty":   {func(_, v string) (string, error) { return "", nil }, false},
		"short":   {func(_, v string) (string, error) { return v[1:], nil }, false},
		"another": {func(_, v string) (string, error) { return "x" + v[1:], nil }, false},
		"refused": {func(_, v string) (string, error) { return v, errors.New("no") }, false},
	} {
		f := &fake{values: map[string]string{}, lie: c.lie}
		dial := func(Job) (Client, error) { return &fakeClient{f}, nil }
		job := Job{Op: "get", Clients: 2, Seconds: 0.05, Keys: 10, Bytes: 32}
		if err := Fill(job, dial); err != nil {
			t.Fatal(err)
		}
		r, err := Run(context.Background(), job, dial)
		if err != nil {
			t.Fatal(err)
		}
		if good := r.Errors == 0 && r.Requests > 0; good != c.good {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestHTTPReadsAnswersOfAServer(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/echo":
			w.Write(append([]byte(r.Method+" "+r.Header.Get("A")+r.Header.Get("B")+" "), b...))
		case "/chunks":
			io.WriteString(w, long[:10])
			w.(http.Flusher).Flush()
			io.WriteString(w, long[10:])
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	defer server.Close()
	h, err := DialHTTP(strings.TrimPrefix(server.URL, "http://"), "A: 1\r\n")
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	for range 2 { // on one connection
		for _, c := range []struct {
			method, path, body string
			status             int
			want               string
		}{
			{"POST", "/echo", "hello", 200, "POST 12 hello"},
			{"GET", "/chunks", "", 200, long},
			{"PUT", "/none", "hello", 204, ""},
			{"GET", "/echo", "", 200, "GET 12 "},
		} {
			var body []byte
			if c.body != "" {
				body = []byte(c.body)
			}
			status, got, err := h.Do(c.method, c.path, "B: 2\r\n", body)
			if err != nil || status != c.status || string(got) != c.want {
				t.Errorf("%s %s: %d %.40q %v", c.method, c.path, status, got, err)
			}
		}
	}
}

func TestRedisAnswers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	answers := "+OK\r\n$3\r\nabc\r\n$-1\r\n-ERR no\r\n"
	go func() {
		conn, err := l.Accept()
		if err == nil {
			io.WriteString(conn, answers)
			io.Copy(io.Discard, conn)
		}
	}()
	c, err := dialRedis(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Put("k", []byte("abc")); err != nil {
		t.Error(err)
	}
	if v, err := c.Get("k", false); err != nil || string(v) != "abc" {
		t.Errorf("get: %q %v", v, err)
	}
	if v, err := c.Get("k", false); err == nil {
		t.Errorf("get of what is absent: %q", v)
	}
	if err := c.Put("k", []byte("abc")); err == nil {
		t.Error("a refused put is taken for done")
	}
}
