package web

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"
)

// echo answers with what it was asked: method, target and body.
func echo(ctx *fasthttp.RequestCtx) {
	body, err := ReadBody(ctx, nil)
	if err != nil {
		(&Problems{}).WriteError(ctx, err)
		return
	}
	ctx.Response.Header.SetContentType("text/plain")
	ctx.WriteString(string(ctx.Method()) + " " + string(ctx.Request.Header.RequestURI()) + " ")
	ctx.Write(body)
}

type testServer struct {
	*Server
	dial func() net.Conn
	addr string
}

// start serves cfg until the test ends, over memory or over loopback TCP, and then checks that no goroutine is left.
func start(t testing.TB, cfg Config, tcp bool) *testServer {
	t.Helper()
	if cfg.Handler == nil {
		cfg.Handler = echo
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ts := &testServer{Server: s}
	var ln net.Listener
	if tcp {
		if ln, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		ts.addr = ln.Addr().String()
		ts.dial = func() net.Conn {
			c, err := net.Dial("tcp", ts.addr)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
	} else {
		mem := fasthttputil.NewInmemoryListener()
		ln = mem
		ts.dial = func() net.Conn {
			c, err := mem.Dial()
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-served; err != ErrServerClosed {
			t.Errorf("Serve: %v", err)
		}
	})
	return ts
}

// exchange sends raw bytes and returns everything that comes back until the server closes, or until quiet when the server
// keeps the connection.
func (ts *testServer) exchange(t testing.TB, raw string) string {
	t.Helper()
	c := ts.dial()
	defer c.Close()
	go io.WriteString(c, raw)
	return readAll(t, c)
}

// readAll reads responses until the connection ends, or nothing more comes for a while.
func readAll(t testing.TB, c net.Conn) string {
	t.Helper()
	var out bytes.Buffer
	buf := make([]byte, 4096)
	for {
		c.SetReadDeadline(time.Now().Add(250 * time.Millisecond))
		n, err := c.Read(buf)
		out.Write(buf[:n])
		if err == io.EOF {
			return out.String() + "<closed>"
		}
		if err != nil {
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				return out.String()
			}
			return out.String() + "<reset>"
		}
	}
}

// get sends one request and reads its response.
func get(t testing.TB, c net.Conn, raw string) (*http.Response, string) {
	t.Helper()
	if _, err := io.WriteString(c, raw); err != nil {
		t.Fatal(err)
	}
	return readResponse(t, bufio.NewReader(c), strings.HasPrefix(raw, "HEAD "))
}

func readResponse(t testing.TB, br *bufio.Reader, head bool) (*http.Response, string) {
	t.Helper()
	req := &http.Request{Method: "GET"}
	if head {
		req.Method = "HEAD"
	}
	resp, err := http.ReadResponse(br, req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

// checkLeaks fails the test when goroutines of this package are left once everything else has been cleaned up.
func checkLeaks(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		for {
			buf := make([]byte, 1<<20)
			stacks := string(buf[:runtime.Stack(buf, true)])
			left := ""
			for g := range strings.SplitSeq(stacks, "\n\n") {
				if strings.Contains(g, "/host/web.") && !strings.Contains(g, "testing.tRunner") && !strings.Contains(g, "testing.(*T)") {
					left = g
				}
			}
			if left == "" {
				return
			}
			select {
			case <-ctx.Done():
				t.Errorf("goroutine left:\n%s", left)
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	})
}
