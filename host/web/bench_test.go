package web

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

func hello(ctx *fasthttp.RequestCtx) {
	ctx.Response.Header.SetContentType("text/plain")
	ctx.WriteString("Hello, World!\n")
}

const helloRequest = "GET /hello HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\nAccept-Encoding: gzip, br\r\n\r\n"

// load sends requests over n keep-alive connections for a while and returns requests per second.
func load(tb testing.TB, addr string, n int, d time.Duration) float64 {
	var wg sync.WaitGroup
	counts := make([]int, n)
	began := time.Now()
	end := began.Add(d)
	for i := range n {
		wg.Go(func() {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				tb.Error(err)
				return
			}
			defer c.Close()
			br := bufio.NewReader(c)
			var resp fasthttp.Response
			for time.Now().Before(end) {
				if _, err := io.WriteString(c, helloRequest); err != nil {
					tb.Error(err)
					return
				}
				if err := resp.Read(br); err != nil || resp.StatusCode() != http.StatusOK {
					tb.Errorf("status %d, error %v", resp.StatusCode(), err)
					return
				}
				counts[i]++
			}
		})
	}
	wg.Wait()
	total := 0
	for _, n := range counts {
		total += n
	}
	return float64(total) / time.Since(began).Seconds()
}

// BenchmarkHello compares a Server with bare fasthttp, interleaved, and reports requests per second of both and the ratio.
// Run it with -benchtime 1x; each iteration is five rounds of half a second each way.
func BenchmarkHello(b *testing.B) {
	bare := &fasthttp.Server{Handler: hello, NoDefaultServerHeader: true}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go bare.Serve(ln)
	defer bare.Shutdown()
	ours := start(b, Config{Handler: hello}, true)
	var x, y []float64
	for b.Loop() {
		for range 5 {
			x = append(x, load(b, ln.Addr().String(), 64, 500*time.Millisecond))
			y = append(y, load(b, ours.addr, 64, 500*time.Millisecond))
		}
	}
	b.ReportMetric(median(x), "bare/s")
	b.ReportMetric(median(y), "ours/s")
	b.ReportMetric(median(y)/median(x), "ratio")
}

func median(v []float64) float64 {
	s := append([]float64(nil), v...)
	for i := range s {
		for j := i + 1; j < len(s); j++ {
			if s[j] < s[i] {
				s[i], s[j] = s[j], s[i]
			}
		}
	}
	return s[len(s)/2]
}

func BenchmarkCheckHead(b *testing.B) {
	lim := &headLimits{target: 8 << 10, head: 16 << 10, fields: 128}
	raw := []byte(helloRequest)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, bad := checkHead(raw, lim); bad != nil {
			b.Fatal(bad)
		}
	}
}

func BenchmarkScan(b *testing.B) {
	f := framer{limits: &headLimits{target: 8 << 10, head: 16 << 10, fields: 128}}
	raw := []byte(helloRequest)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, end, bad := f.scan(raw); bad != nil || !end {
			b.Fatal(bad, end)
		}
	}
}

func BenchmarkNewID(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		NewID()
	}
}

// replayConn gives the same request over and over and takes whatever is answered: a connection without a kernel.
type replayConn struct {
	net.Conn
	left int
	rest string
}

func (c *replayConn) Read(p []byte) (int, error) {
	if c.rest == "" {
		if c.left == 0 {
			return 0, io.EOF
		}
		c.left--
		c.rest = helloRequest
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func (c *replayConn) Write(p []byte) (int, error)      { return len(p), nil }
func (c *replayConn) Close() error                     { return nil }
func (c *replayConn) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }
func (c *replayConn) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 2} }
func (c *replayConn) SetDeadline(time.Time) error      { return nil }
func (c *replayConn) SetReadDeadline(time.Time) error  { return nil }
func (c *replayConn) SetWriteDeadline(time.Time) error { return nil }

// BenchmarkRequest is the cost of a request without the network, for bare fasthttp and for a Server.
func BenchmarkRequest(b *testing.B) {
	b.Run("bare", func(b *testing.B) {
		s := &fasthttp.Server{Handler: hello, NoDefaultServerHeader: true}
		b.ReportAllocs()
		s.ServeConn(&replayConn{left: b.N})
	})
	b.Run("server", func(b *testing.B) {
		ts := start(b, Config{Handler: hello}, false)
		b.ReportAllocs()
		b.ResetTimer()
		ts.accept(&replayConn{left: b.N})
		ts.serving.Wait()
	})
	b.Run("recorded", func(b *testing.B) {
		access := NewAccessLog(AccessConfig{Log: slog.New(slog.NewJSONHandler(io.Discard, nil))})
		defer access.Close()
		ts := start(b, Config{Handler: hello, Access: access}, false)
		b.ReportAllocs()
		b.ResetTimer()
		ts.accept(&replayConn{left: b.N})
		ts.serving.Wait()
	})
}
