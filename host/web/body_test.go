package web

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

// pattern is a body of n bytes that no shift of itself equals.
func pattern(n int) []byte {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

// TestUpload sends large bodies of both kinds and compares what the handler read as a stream.
func TestUpload(t *testing.T) {
	checkLeaks(t)
	body := pattern(6 << 20)
	want := fmt.Sprintf("%x", sha256.Sum256(body))
	ts := start(t, Config{Handler: func(ctx *fasthttp.RequestCtx) {
		h := sha256.New()
		n, err := io.CopyBuffer(struct{ io.Writer }{h}, BodyReader(ctx), make([]byte, 5000))
		fmt.Fprintf(ctx, "%d %v %x %d", n, err, h.Sum(nil), BodyLength(ctx))
	}}, true)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, length := range []int64{int64(len(body)), -1} {
		req, err := http.NewRequest("PUT", "http://"+ts.addr, io.LimitReader(strings.NewReader(string(body)), int64(len(body))))
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = length
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if text := fmt.Sprintf("%d <nil> %s %d", len(body), want, length); string(got) != text {
			t.Errorf("length %d: got %s, want %s", length, got, text)
		}
	}
}

// TestBodyLeftUnread: the answer arrives although the handler did not read the body; a short rest is skipped, a long one ends
// the connection.
func TestBodyLeftUnread(t *testing.T) {
	checkLeaks(t)
	ts := start(t, Config{Handler: func(ctx *fasthttp.RequestCtx) {
		if string(ctx.Path()) == "/sentinel" {
			ctx.WriteString("GET /sentinel ")
		}
	}}, true)
	for _, tt := range []struct {
		n    int
		want string
	}{{10, "200 next"}, {100 << 10, "200 next"}, {4 << 20, "200 closed"}} {
		for _, raw := range []string{
			fmt.Sprintf("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", tt.n, pattern(tt.n)),
			fmt.Sprintf("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", tt.n, pattern(tt.n)),
		} {
			c := ts.dial()
			go io.WriteString(c, raw+sentinel)
			got := readUntilClosed(t, c)
			c.Close()
			// After the linger a client that still sends is reset; it has its answer by then.
			if o := strings.TrimSuffix(strings.TrimSuffix(outcome(got), " open"), " closed"); o != strings.TrimSuffix(tt.want, " closed") {
				t.Errorf("%d bytes (%.60q): got %s, want %s\n%.300s", tt.n, raw, o, tt.want, got)
			}
		}
	}
}

// TestReadBodyErrors: the memory for a body grows with what comes, not with what is announced, and a body that lies about
// itself gives the error of its kind.
func TestReadBodyErrors(t *testing.T) {
	checkLeaks(t)
	errs := make(chan error, 1)
	ts := start(t, Config{Limits: Limits{BodyBytes: 1 << 30}, Handler: func(ctx *fasthttp.RequestCtx) {
		b, err := ReadBody(ctx, nil)
		if cap(b) > 4<<20 {
			t.Errorf("%d bytes were set aside for a body of %d", cap(b), len(b))
		}
		_, again := BodyReader(ctx).Read(make([]byte, 1))
		if err != nil && again == nil {
			t.Error("reading on after an error succeeded")
		}
		errs <- err
	}}, true)
	for _, tt := range []struct {
		raw  string
		want error
	}{
		{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\n" + strings.Repeat("a", 20000), ErrBodyBroken},
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nabc", ErrBodyBroken},
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n", ErrBodyBroken},
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", nil},
		{plainGet, nil},
	} {
		c := ts.dial()
		io.WriteString(c, tt.raw)
		c.(interface{ CloseWrite() error }).CloseWrite()
		if err := <-errs; !errors.Is(err, tt.want) {
			t.Errorf("%.90q: got %v, want %v", tt.raw, err, tt.want)
		}
		io.Copy(io.Discard, bufio.NewReader(c))
		c.Close()
	}
}

func TestStatusOf(t *testing.T) {
	for err, want := range map[error]int{
		errHeadLong: 431, fmt.Errorf("wrapped: %w", errURILong): 414, ErrBodyTooLarge: 413, ErrBodyTimeout: 408, ErrBodyBroken: 400,
		errBodyLong: 413, io.EOF: 500,
	} {
		if got := StatusOf(err); got != want {
			t.Errorf("StatusOf(%v) = %d, want %d", err, got, want)
		}
	}
	if !errors.Is(errBodyLong, ErrBodyTooLarge) || !errors.Is(errBodySlow, ErrBodyTimeout) || !errors.Is(errChunk, ErrBodyBroken) {
		t.Error("a ProtocolError does not unwrap to its sentinel")
	}
}
