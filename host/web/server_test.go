package web

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

const plainGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

// eventually waits for a condition that other goroutines bring about.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting for %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestSlowClients(t *testing.T) {
	checkLeaks(t)
	limits := Limits{HeadTimeout: 80 * time.Millisecond, BodyTimeout: 120 * time.Millisecond, IdleTimeout: 200 * time.Millisecond}
	for _, tt := range []struct {
		name, raw string
		drip      bool // go on sending a byte now and then
		want      string
	}{
		{"nothing sent", "", false, "closed"},
		{"head stops", "GET / HTTP/1.1\r\nHost:", false, "408 closed"},
		{"head drips", "GET / HTTP/1.1\r\nA: ", true, "408 closed"},
		{"body stops", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc", false, "408 closed"},
		{"chunk stops", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc", false, "408 closed"},
		{"large body stops", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 90000\r\n\r\n" + strings.Repeat("a", 50000), false, "408 closed"},
		{"body drips", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9000\r\n\r\n", true, "408 closed"},
		{"chunk drips", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n900\r\n", true, "408 closed"},
		{"idle", plainGet, false, "200 closed"},
		{"second head stops", plainGet + "GET", false, "200 408 closed"},
	} {
		for _, tcp := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/tcp=%v", tt.name, tcp), func(t *testing.T) {
				ts := start(t, Config{Limits: limits}, tcp)
				c := ts.dial()
				defer c.Close()
				stop := make(chan struct{})
				var sender sync.WaitGroup
				sender.Go(func() {
					io.WriteString(c, tt.raw)
					for tt.drip {
						select {
						case <-stop:
							return
						case <-time.After(20 * time.Millisecond):
							if _, err := c.Write([]byte("a")); err != nil {
								return
							}
						}
					}
				})
				began := time.Now()
				got := readUntilClosed(t, c)
				took := time.Since(began)
				close(stop)
				sender.Wait()
				if o := outcome(got); o != tt.want {
					t.Errorf("got %s, want %s\n%s", o, tt.want, got)
				}
				if took > 2*time.Second {
					t.Errorf("took %s", took)
				}
			})
		}
	}
}

// TestBodyDrip: a body that makes progress may take longer than BodyTimeout.
func TestBodyDrip(t *testing.T) {
	checkLeaks(t)
	ts := start(t, Config{Limits: Limits{BodyTimeout: 150 * time.Millisecond, HeadTimeout: 150 * time.Millisecond, BodyRate: 8}}, true)
	c := ts.dial()
	defer c.Close()
	go func() {
		io.WriteString(c, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\nConnection: close\r\n\r\n")
		for range 8 {
			time.Sleep(40 * time.Millisecond)
			io.WriteString(c, "a")
		}
	}()
	if got := readUntilClosed(t, c); outcome(got) != "200 closed" || !strings.Contains(got, "aaaaaaaa") {
		t.Errorf("got %s", got)
	}
}

// TestSlowReader: a client that does not read its response loses the connection, and the handler's stream ends.
func TestSlowReader(t *testing.T) {
	checkLeaks(t)
	for _, streamed := range []bool{false, true} {
		t.Run(fmt.Sprintf("streamed=%v", streamed), func(t *testing.T) {
			ended := make(chan error, 1)
			ts := start(t, Config{
				Limits: Limits{WriteTimeout: 100 * time.Millisecond},
				Handler: func(ctx *fasthttp.RequestCtx) {
					if !streamed {
						ctx.SetBody(make([]byte, 32<<20))
						return
					}
					s, err := StartStream(ctx, -1)
					for err == nil {
						_, err = s.Write(make([]byte, 64<<10))
					}
					ended <- err
				},
			}, true)
			c := ts.dial()
			defer c.Close()
			c.(*net.TCPConn).SetReadBuffer(4 << 10)
			io.WriteString(c, plainGet)
			if streamed {
				select {
				case err := <-ended:
					if err == nil {
						t.Error("the stream never failed")
					}
				case <-time.After(5 * time.Second):
					t.Fatal("the stream did not end")
				}
			}
			eventually(t, "the connection to be dropped", func() bool { return ts.Stats().Connections == 0 })
		})
	}
}

// TestHalfClosed: a client may shut down its sending side and still gets its answer (RFC 9112 section 9.6).
func TestHalfClosed(t *testing.T) {
	checkLeaks(t)
	ts := start(t, Config{}, true)
	for _, tt := range []struct{ name, raw, want string }{
		{"after a request", plainGet, "200 closed"},
		{"after two", plainGet + plainGet, "200 200 closed"},
		{"within a head", "GET / HTTP/1.1\r\nHo", "400 closed"},
		{"within a body", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc", "400 closed"},
		{"within a chunk", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc", "400 closed"},
		{"before anything", "", "closed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := ts.dial()
			defer c.Close()
			io.WriteString(c, tt.raw)
			c.(*net.TCPConn).CloseWrite()
			if o := outcome(readUntilClosed(t, c)); o != tt.want {
				t.Errorf("got %s, want %s", o, tt.want)
			}
		})
	}
}

func TestTooMany(t *testing.T) {
	checkLeaks(t)
	t.Run("in flight", func(t *testing.T) {
		release := make(chan struct{})
		ts := start(t, Config{
			Limits:  Limits{InFlight: 1, RetryAfter: 7 * time.Second},
			Handler: func(ctx *fasthttp.RequestCtx) { <-release },
		}, false)
		first := ts.dial()
		defer first.Close()
		io.WriteString(first, plainGet)
		eventually(t, "the first request", func() bool { return ts.Stats().InFlight == 1 })
		second := ts.dial()
		defer second.Close()
		resp, _ := get(t, second, plainGet)
		if resp.StatusCode != 503 || resp.Header.Get("Retry-After") != "7" {
			t.Errorf("got %d, Retry-After %q", resp.StatusCode, resp.Header.Get("Retry-After"))
		}
		io.WriteString(second, "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
		if got := readUntilClosed(t, second); outcome(got) != "503 closed" || !strings.Contains(got, "Retry-After: 7") {
			t.Errorf("to an expectation: %s", got)
		}
		close(release)
		if resp, _ := readResponse(t, bufio.NewReader(first), false); resp.StatusCode != 200 {
			t.Errorf("the first got %d", resp.StatusCode)
		}
		if n := ts.Stats().Overloaded; n != 1 {
			t.Errorf("Overloaded = %d", n)
		}
	})
	for _, tt := range []struct {
		name   string
		limits Limits
		want   string
	}{
		{"connections", Limits{Connections: 2}, "503 closed"},
		{"connections of one address", Limits{ConnectionsPerIP: 2}, "429 closed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ts := start(t, Config{Limits: tt.limits}, true)
			var open []net.Conn
			for range 2 {
				c := ts.dial()
				defer c.Close()
				if resp, _ := get(t, c, plainGet); resp.StatusCode != 200 {
					t.Fatalf("status %d", resp.StatusCode)
				}
				open = append(open, c)
			}
			c := ts.dial()
			defer c.Close()
			if got := readUntilClosed(t, c); outcome(got) != tt.want || !strings.Contains(got, "Retry-After: 1") {
				t.Errorf("got %s", got)
			}
			open[0].Close()
			eventually(t, "room", func() bool { return ts.Stats().Connections < 2 })
			c = ts.dial()
			defer c.Close()
			if resp, _ := get(t, c, plainGet); resp.StatusCode != 200 {
				t.Errorf("after room was made: status %d", resp.StatusCode)
			}
		})
	}
}

func TestPanic(t *testing.T) {
	checkLeaks(t)
	ts := start(t, Config{Handler: func(ctx *fasthttp.RequestCtx) {
		ctx.WriteString("half an ans")
		panic("a secret detail")
	}}, false)
	got := ts.exchange(t, plainGet+plainGet)
	if outcome(got) != "500 closed" || strings.Contains(got, "secret") || strings.Contains(got, "half") {
		t.Errorf("got %s", got)
	}
	if n := ts.Stats().Panics; n != 1 {
		t.Errorf("Panics = %d", n)
	}
}

// TestExpectIsLazy: 100 Continue is sent at once when the body is wanted, and the body arrives after it.
func TestExpectIsLazy(t *testing.T) {
	checkLeaks(t)
	limit := int64(10)
	ts := start(t, Config{
		Limits:    Limits{BodyBytes: 5},
		BodyLimit: func(*fasthttp.RequestCtx) int64 { return limit },
	}, false)
	c := ts.dial()
	defer c.Close()
	io.WriteString(c, "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 8\r\n\r\n")
	br := bufio.NewReader(c)
	line, err := br.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "HTTP/1.1 100 ") {
		t.Fatalf("got %q, %v", line, err)
	}
	br.ReadString('\n')
	io.WriteString(c, "12345678")
	resp, body := readResponse(t, br, false)
	if resp.StatusCode != 200 || body != "POST / 12345678" {
		t.Errorf("got %d %q", resp.StatusCode, body)
	}
}

func TestRouteBodyLimit(t *testing.T) {
	checkLeaks(t)
	ts := start(t, Config{
		Limits: Limits{BodyBytes: 100},
		BodyLimit: func(ctx *fasthttp.RequestCtx) int64 {
			if string(ctx.Path()) == "/large" {
				return 100000
			}
			return 0
		},
		Handler: func(ctx *fasthttp.RequestCtx) {
			n := int64(10)
			if string(ctx.Path()) == "/large" {
				n = 100000
			}
			if err := SetBodyLimit(ctx, n); err != nil {
				(&Problems{}).WriteError(ctx, err)
				return
			}
			echo(ctx)
		},
	}, false)
	for _, tt := range []struct {
		path string
		n    int
		want string
	}{
		{"/small", 10, "200 open"}, {"/small", 11, "413 closed"}, {"/small", 101, "413 closed"},
		{"/large", 100000, "200 open"}, {"/large", 100001, "413 closed"},
	} {
		body := strings.Repeat("a", tt.n)
		for _, raw := range []string{
			fmt.Sprintf("POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", tt.path, tt.n, body),
			fmt.Sprintf("POST %s HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", tt.path, tt.n, body),
		} {
			if o := outcome(ts.exchange(t, raw)); o != tt.want {
				t.Errorf("%s with %d bytes (%.60q): got %s, want %s", tt.path, tt.n, raw, o, tt.want)
			}
		}
	}
}

// TestShutdownUnderLoad: requests that were taken are answered whole, and Shutdown returns.
func TestShutdownUnderLoad(t *testing.T) {
	checkLeaks(t)
	var begun, done atomic.Int64
	ts := start(t, Config{Handler: func(ctx *fasthttp.RequestCtx) {
		begun.Add(1)
		time.Sleep(2 * time.Millisecond) // work
		ctx.WriteString("ok")
		done.Add(1)
	}}, true)
	var clients sync.WaitGroup
	var answered, torn atomic.Int64
	for range 16 {
		clients.Go(func() {
			for {
				c, err := net.Dial("tcp", ts.addr)
				if err != nil {
					return
				}
				br := bufio.NewReader(c)
				for {
					if _, err := io.WriteString(c, plainGet); err != nil {
						break
					}
					var resp fasthttp.Response
					if err := resp.Read(br); err != nil {
						if err != io.EOF && br.Buffered() > 0 {
							torn.Add(1)
						}
						break
					}
					answered.Add(1)
					if resp.ConnectionClose() {
						break
					}
				}
				c.Close()
			}
		})
	}
	idle := ts.dial()
	defer idle.Close()
	get(t, idle, plainGet)
	eventually(t, "some load", func() bool { return done.Load() > 200 })
	if !ts.Ready() {
		t.Error("not ready while serving")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := ts.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if ts.Ready() {
		t.Error("ready after Shutdown")
	}
	clients.Wait()
	if begun.Load() != done.Load() || answered.Load()+1 < done.Load() || torn.Load() > 0 {
		t.Errorf("%d begun, %d done, %d answered, %d torn", begun.Load(), done.Load(), answered.Load()+1, torn.Load())
	}
	if n := ts.Stats(); n.Connections != 0 || n.InFlight != 0 {
		t.Errorf("left over: %+v", n)
	}
}

func TestShutdownGivesUp(t *testing.T) {
	checkLeaks(t)
	release := make(chan struct{})
	ts := start(t, Config{Handler: func(ctx *fasthttp.RequestCtx) { <-release }}, true)
	c := ts.dial()
	defer c.Close()
	io.WriteString(c, plainGet)
	eventually(t, "the request", func() bool { return ts.Stats().InFlight == 1 })
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if err := ts.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown: %v", err)
	}
	close(release)
	if err := ts.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func TestHead(t *testing.T) {
	checkLeaks(t)
	ts := start(t, Config{Handler: hello}, false)
	c := ts.dial()
	defer c.Close()
	resp, body := get(t, c, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
	if resp.StatusCode != 200 || resp.ContentLength != 14 || body != "" {
		t.Errorf("got %d, length %d, body %q", resp.StatusCode, resp.ContentLength, body)
	}
	if resp, body = get(t, c, plainGet); body != "Hello, World!\n" {
		t.Errorf("then got %d %q", resp.StatusCode, body)
	}
}

func TestClientKey(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::9": "2001:db8:1:2::/64",
	} {
		if got := clientKey(&net.TCPAddr{IP: net.ParseIP(in), Port: 4711}); got != want {
			t.Errorf("clientKey(%s) = %s, want %s", in, got, want)
		}
	}
	if got := clientKey(&net.UnixAddr{Name: "@x"}); got != "@x" {
		t.Errorf("clientKey of a Unix socket: %q", got)
	}
}

func TestConfigErrors(t *testing.T) {
	for name, cfg := range map[string]Config{
		"no handler":     {},
		"negative limit": {Handler: hello, Limits: Limits{InFlight: -1}},
		"negative time":  {Handler: hello, Limits: Limits{HeadTimeout: -1}},
		"tiny head":      {Handler: hello, Limits: Limits{HeadBytes: 10}},
		"no certificate": {Handler: hello, TLS: &TLSFiles{CertFile: "/nonexistent", KeyFile: "/nonexistent"}},
	} {
		if s, err := New(cfg); err == nil {
			s.Close()
			t.Errorf("%s: no error", name)
		}
	}
}
