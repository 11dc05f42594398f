package fetch

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stackhost/stackhost/abi"
)

func open(t *testing.T, cfg Config) *Fetch {
	t.Helper()
	f, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func get(t *testing.T, f *Fetch, r Request) (string, error) {
	t.Helper()
	res, err := f.Do(t.Context(), r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return string(b), err
}

func wantCode(t *testing.T, err error, code abi.Code) {
	t.Helper()
	var coded *abi.Error
	if !errors.As(err, &coded) || coded.Code != code {
		t.Fatalf("got %v, want code %v", err, code)
	}
}

func server(t *testing.T, h http.HandlerFunc) (*httptest.Server, string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s, strings.TrimPrefix(s.URL, "http://")
}

func TestGrantedHostIsReached(t *testing.T) {
	s, host := server(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") })
	body, err := get(t, open(t, Config{Hosts: []string{host}, Private: true}), Request{URL: s.URL})
	if err != nil || body != "hello" {
		t.Fatalf("got %q, %v", body, err)
	}
}

func TestPrivateAddressIsRefusedUnlessGranted(t *testing.T) {
	var reached atomic.Bool
	s, host := server(t, func(http.ResponseWriter, *http.Request) { reached.Store(true) })
	_, err := get(t, open(t, Config{Hosts: []string{host, "localhost:*"}}), Request{URL: s.URL})
	wantCode(t, err, abi.CodeDenied)
	// By name too: the check is made after name resolution.
	_, err = get(t, open(t, Config{Hosts: []string{"localhost:*"}}), Request{URL: strings.Replace(s.URL, "127.0.0.1", "localhost", 1)})
	wantCode(t, err, abi.CodeDenied)
	if reached.Load() {
		t.Fatal("the server was reached")
	}
}

func TestEveryRedirectHopIsChecked(t *testing.T) {
	var reached atomic.Bool
	forbidden, _ := server(t, func(http.ResponseWriter, *http.Request) { reached.Store(true) })
	second, secondHost := server(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, forbidden.URL, 302) })
	first, firstHost := server(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, second.URL, 307) })
	_, err := get(t, open(t, Config{Hosts: []string{firstHost, secondHost}, Private: true}), Request{URL: first.URL})
	wantCode(t, err, abi.CodeDenied)
	if reached.Load() {
		t.Fatal("a redirect led to a host that is not granted")
	}
}

func TestRedirectModesAndCount(t *testing.T) {
	var s *httptest.Server
	s, host := server(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, s.URL, 302) })
	f := open(t, Config{Hosts: []string{host}, Private: true, Redirects: 3})
	_, err := get(t, f, Request{URL: s.URL})
	wantCode(t, err, abi.CodeLimit)
	_, err = get(t, f, Request{URL: s.URL, Redirect: abi.RedirectError})
	wantCode(t, err, abi.CodeInvalid)
	res, err := f.Do(t.Context(), Request{URL: s.URL, Redirect: abi.RedirectManual})
	if err != nil || res.Status != 302 {
		t.Fatalf("got %v, %v", res, err)
	}
	res.Body.Close()
}

func TestLimits(t *testing.T) {
	stop := make(chan struct{})
	s, host := server(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/long":
			w.Write(make([]byte, 1000))
		case "/slow":
			select {
			case <-stop:
			case <-r.Context().Done():
			}
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			io.WriteString(w, "not inflated by the host")
		}
	})
	t.Cleanup(func() { close(stop) })
	f := open(t, Config{Hosts: []string{host}, Private: true, MaxResponse: 999, Methods: []string{"GET"}})
	_, err := get(t, f, Request{URL: s.URL + "/long"})
	wantCode(t, err, abi.CodeLimit)
	_, err = get(t, f, Request{URL: s.URL + "/slow", Timeout: 30 * time.Millisecond})
	wantCode(t, err, abi.CodeDeadline)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = f.Do(ctx, Request{URL: s.URL + "/slow"})
	wantCode(t, err, abi.CodeCancelled)
	_, err = get(t, f, Request{URL: s.URL, Method: "POST"})
	wantCode(t, err, abi.CodeDenied)
	if body, err := get(t, f, Request{URL: s.URL + "/bomb"}); err != nil || body != "not inflated by the host" {
		t.Fatalf("got %q, %v", body, err)
	}
	_, err = get(t, f, Request{URL: s.URL, Header: http.Header{"Host": {"other"}}})
	wantCode(t, err, abi.CodeInvalid)
}

func TestHostRules(t *testing.T) {
	for _, c := range []struct {
		rule, url string
		want      bool
	}{
		{"api.example.com", "https://api.example.com/x", true},
		{"api.example.com", "http://API.example.com./x", true},
		{"api.example.com", "https://api.example.com:8443/", false},
		{"api.example.com:8443", "https://api.example.com:8443/", true},
		{"api.example.com:*", "https://api.example.com:1/", true},
		{"https://api.example.com", "http://api.example.com/", false},
		{"*.example.org", "https://a.b.example.org/", true},
		{"*.example.org", "https://example.org/", false},
		{"*.example.org", "https://evilexample.org/", false},
		{"*", "https://anything.test/", true},
		{"*", "https://anything.test:99/", false},
		{"[::1]:80", "http://[::1]/", true},
		{"example.com", "https://example.com.evil.test/", false},
		{"example.com", "https://evil.test/?example.com", false},
	} {
		r, err := parseRule(c.rule)
		if err != nil {
			t.Errorf("rule %q: %v", c.rule, err)
			continue
		}
		u, _ := url.Parse(c.url)
		if got := r.match(u); got != c.want {
			t.Errorf("rule %q, %s: got %v, want %v", c.rule, c.url, got, c.want)
		}
	}
	for _, bad := range []string{"", "ftp://x", "a*b", "x/y", "user@host", "host:", "a b"} {
		if _, err := parseRule(bad); err == nil {
			t.Errorf("rule %q was accepted", bad)
		}
	}
}

func TestPublicAddresses(t *testing.T) {
	for text, want := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true,
		"127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false,
		"0.0.0.0": false, "255.255.255.255": false, "224.0.0.1": false, "192.0.2.1": false, "198.18.0.1": false,
		"::1": false, "::": false, "fe80::1": false, "fc00::1": false, "ff02::1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false,
		"64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001:db8::1": false, "fec0::1": false,
	} {
		if got := Public(netip.MustParseAddr(text)); got != want {
			t.Errorf("Public(%s) = %v, want %v", text, got, want)
		}
	}
}

func TestWhatCannotBeAsked(t *testing.T) {
	f := open(t, Config{Hosts: []string{"*"}})
	for _, u := range []string{"", "/relative", "file:///etc/passwd", "gopher://x/", "http://user:pass@example.com/", "http://", "::"} {
		_, err := f.Do(t.Context(), Request{URL: u})
		wantCode(t, err, abi.CodeInvalid)
	}
	if _, err := New(Config{}); err == nil {
		t.Error("a grant without hosts was accepted")
	}
}
