package web

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/valyala/fasthttp"
)

func TestPickEncoding(t *testing.T) {
	offered := []string{"zstd", "br", "gzip"}
	for accept, want := range map[string]string{
		"":                                  "",
		"gzip":                              "gzip",
		"x-gzip":                            "gzip",
		"GZIP":                              "gzip",
		"gzip, deflate, br":                 "br",
		"gzip, deflate, br, zstd":           "zstd",
		"gzip;q=1.0, br;q=0.9":              "gzip",
		"gzip;q=0.5, br;q=0.5":              "br",
		"gzip;q=0":                          "",
		"gzip;q=0, *;q=0.1":                 "zstd",
		"*":                                 "zstd",
		"*;q=0":                             "",
		"identity":                          "",
		"identity;q=1, gzip;q=0.5":          "",
		"identity;q=0.5, gzip;q=1":          "gzip",
		"identity;q=0, gzip;q=0.2":          "gzip",
		"br;q=0.001":                        "br",
		"br;q=2":                            "",
		"br;q=abc, gzip":                    "gzip",
		"br;q=1.000":                        "br",
		"br;q=0.0000":                       "",
		" gzip ;q=0.7 , zstd ; q=0.8 ":      "zstd",
		"deflate, compress":                 "",
		strings.Repeat("a,", 500) + "gzip":  "gzip",
		"gzip;level=9;q=0.3, br;q=0.2;x=\"": "gzip",
	} {
		if got := pickEncoding([]byte(accept), offered); got != want {
			t.Errorf("Accept-Encoding %.60q: got %q, want %q", accept, got, want)
		}
	}
}

// decode reverses a content coding.
func decode(t testing.TB, encoding string, r io.Reader) io.Reader {
	t.Helper()
	switch encoding {
	case "":
		return r
	case "gzip":
		zr, err := gzip.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		return zr
	case "br":
		return brotli.NewReader(r)
	case "zstd":
		zr, err := zstd.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(zr.Close)
		return zr
	}
	t.Fatalf("unknown coding %q", encoding)
	return nil
}

func TestCompression(t *testing.T) {
	checkLeaks(t)
	text := strings.Repeat("All work and no play makes Jack a dull boy. ", 200)
	noise := make([]byte, 4000)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	for _, tt := range []struct {
		name   string
		set    func(ctx *fasthttp.RequestCtx)
		accept string
		want   string // coding
		vary   bool
		etag   string
	}{
		{"zstd", func(ctx *fasthttp.RequestCtx) {}, "gzip, br, zstd", "zstd", true, ""},
		{"br", func(ctx *fasthttp.RequestCtx) {}, "gzip, br", "br", true, ""},
		{"gzip", func(ctx *fasthttp.RequestCtx) {}, "gzip", "gzip", true, ""},
		{"none accepted", func(ctx *fasthttp.RequestCtx) {}, "", "", true, ""},
		{"strong tag", func(ctx *fasthttp.RequestCtx) { ctx.Response.Header.Set("ETag", `"x"`) }, "gzip", "gzip", true, `W/"x"`},
		{"weak tag", func(ctx *fasthttp.RequestCtx) { ctx.Response.Header.Set("ETag", `W/"x"`) }, "gzip", "gzip", true, `W/"x"`},
		{"plain keeps its tag", func(ctx *fasthttp.RequestCtx) { ctx.Response.Header.Set("ETag", `"x"`) }, "", "", true, `"x"`},
		{"short", func(ctx *fasthttp.RequestCtx) { ctx.SetBodyString("short") }, "gzip", "", false, ""},
		{"image", func(ctx *fasthttp.RequestCtx) { ctx.SetContentType("image/png") }, "gzip", "", false, ""},
		{"svg", func(ctx *fasthttp.RequestCtx) { ctx.SetContentType("image/svg+xml") }, "gzip", "gzip", true, ""},
		{"problem", func(ctx *fasthttp.RequestCtx) { ctx.SetContentType("application/problem+json") }, "gzip", "gzip", true, ""},
		{"no type", func(ctx *fasthttp.RequestCtx) { ctx.SetContentType("") }, "gzip", "", false, ""},
		{"already encoded", func(ctx *fasthttp.RequestCtx) { ctx.Response.Header.SetContentEncoding("x-own") }, "gzip", "x-own", false, ""},
		{"no-transform", func(ctx *fasthttp.RequestCtx) { ctx.Response.Header.Set("Cache-Control", "public, No-Transform") }, "gzip", "", false, ""},
		{"partial", func(ctx *fasthttp.RequestCtx) { ctx.SetStatusCode(206) }, "gzip", "", false, ""},
		{"error status", func(ctx *fasthttp.RequestCtx) { ctx.SetStatusCode(404) }, "gzip", "gzip", true, ""},
		{"noise", func(ctx *fasthttp.RequestCtx) { ctx.SetBody(noise) }, "gzip", "", true, ""},
	} {
		for _, how := range []string{"buffered", "HEAD", "body stream", "stream", "stream with length"} {
			if how != "buffered" && (tt.name == "noise" || tt.name == "short") {
				continue // a stream cannot be measured first
			}
			t.Run(tt.name+"/"+how, func(t *testing.T) {
				ts := start(t, Config{Compression: &Compression{}, Handler: func(ctx *fasthttp.RequestCtx) {
					ctx.SetContentType("text/html; charset=utf-8")
					ctx.SetBodyString(text)
					tt.set(ctx)
					body := string(ctx.Response.Body())
					length := int64(-1)
					switch how {
					case "body stream":
						ctx.Response.ResetBody()
						SetBodyStream(ctx, strings.NewReader(body), -1)
					case "stream with length":
						length = int64(len(body))
						fallthrough
					case "stream":
						ctx.Response.ResetBody()
						s, err := StartStream(ctx, length)
						if err != nil {
							t.Error(err)
							return
						}
						for part := range strings.SplitSeq(body, "\n") {
							s.Write([]byte(part))
						}
						s.Close()
					}
				}}, false)
				c := ts.dial()
				defer c.Close()
				method := "GET"
				if how == "HEAD" {
					method = "HEAD"
				}
				fmt.Fprintf(c, "%s / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: %s\r\n\r\n", method, tt.accept)
				resp, raw := readResponse(t, bufio.NewReader(c), how == "HEAD")
				if got := resp.Header.Get("Content-Encoding"); got != tt.want {
					t.Fatalf("coding %q, want %q", got, tt.want)
				}
				if got := strings.Contains(resp.Header.Get("Vary"), "Accept-Encoding"); got != tt.vary {
					t.Errorf("Vary %q, want it to name Accept-Encoding: %v", resp.Header.Get("Vary"), tt.vary)
				}
				if got := resp.Header.Get("ETag"); got != tt.etag {
					t.Errorf("ETag %s, want %s", got, tt.etag)
				}
				if how == "HEAD" || tt.want == "x-own" || tt.name == "noise" || tt.name == "short" {
					return
				}
				body, err := io.ReadAll(decode(t, tt.want, strings.NewReader(raw)))
				if err != nil || string(body) != text {
					t.Errorf("body of %d bytes decodes to %d, %v", len(raw), len(body), err)
				}
				if tt.want != "" && len(raw) >= len(text) {
					t.Errorf("%d bytes did not shrink: %d", len(text), len(raw))
				}
			})
		}
	}
}

// TestCompressedStreamFlushes: what a stream has flushed can be decoded while the stream goes on.
func TestCompressedStreamFlushes(t *testing.T) {
	checkLeaks(t)
	for _, encoding := range []string{"", "gzip", "br", "zstd"} {
		for _, how := range []string{"stream", "body stream"} {
			t.Run(encoding+"/"+how, func(t *testing.T) {
				step := make(chan string)
				ts := start(t, Config{Compression: &Compression{}, Handler: func(ctx *fasthttp.RequestCtx) {
					ctx.SetContentType("text/event-stream")
					if how == "body stream" {
						SetBodyStream(ctx, &stepReader{steps: step}, -1)
						return
					}
					s, err := StartStream(ctx, -1)
					if err != nil {
						t.Error(err)
					}
					for text := range step {
						s.Write([]byte(text))
						s.Flush()
					}
				}}, true)
				c := ts.dial()
				defer c.Close()
				fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: %s\r\n\r\n", encoding)
				var resp *http.Response
				var body *bufio.Reader
				for i := range 5 {
					text := fmt.Sprintf("event %d\n", i)
					step <- text
					if body == nil {
						var err error
						if resp, err = http.ReadResponse(bufio.NewReader(c), nil); err != nil {
							t.Fatal(err)
						}
						if got := resp.Header.Get("Content-Encoding"); got != encoding {
							t.Fatalf("coding %q", got)
						}
						body = bufio.NewReader(decode(t, encoding, resp.Body))
					}
					if line, err := body.ReadString('\n'); line != text {
						t.Fatalf("got %q, %v", line, err)
					}
				}
				close(step)
				if rest, err := io.ReadAll(body); err != nil || len(rest) > 0 {
					t.Errorf("at the end: %q, %v", rest, err)
				}
			})
		}
	}
}

type stepReader struct {
	steps chan string
	rest  string
}

func (r *stepReader) Read(p []byte) (int, error) {
	if r.rest == "" {
		text, ok := <-r.steps
		if !ok {
			return 0, io.EOF
		}
		r.rest = text
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func TestStream(t *testing.T) {
	checkLeaks(t)
	for _, tt := range []struct {
		name    string
		request string
		length  int64
		write   []string
		abort   bool
		status  int
		want    string // body
		next    bool   // the connection lives on
	}{
		{"chunked", plainGet, -1, []string{"a", "b"}, false, 200, "ab", true},
		{"empty", plainGet, -1, nil, false, 200, "", true},
		{"sized", plainGet, 3, []string{"a", "bc"}, false, 200, "abc", true},
		{"sized, too few", plainGet, 4, []string{"a", "bc"}, false, 200, "", false},
		{"sized, too many", plainGet, 2, []string{"ab", "c"}, false, 200, "ab", true},
		{"large", plainGet, -1, []string{strings.Repeat("x", 100000), "y"}, false, 200, strings.Repeat("x", 100000) + "y", true},
		{"exactly one buffer", plainGet, -1, []string{strings.Repeat("x", streamBuffer)}, false, 200, strings.Repeat("x", streamBuffer), true},
		{"aborted", plainGet, -1, []string{"a"}, true, 200, "", false},
		{"HEAD", "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", -1, []string{"a"}, false, 200, "", true},
		{"204", plainGet, -1, []string{"a"}, false, 204, "", true},
		{"304", plainGet, -1, []string{"a"}, false, 304, "", true},
		{"HTTP/1.0", "GET / HTTP/1.0\r\nHost: h\r\n\r\n", -1, []string{"a", "b"}, false, 200, "ab", false},
		{"close", "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", -1, []string{"ab"}, false, 200, "ab", false},
		{"with a body unread", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", -1, []string{"ab"}, false, 200, "ab", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			second := false
			ts := start(t, Config{Handler: func(ctx *fasthttp.RequestCtx) {
				if second {
					ctx.WriteString("second")
					return
				}
				second = true
				ctx.SetStatusCode(tt.status)
				s, err := StartStream(ctx, tt.length)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := StartStream(ctx, -1); err == nil {
					t.Error("a second stream was started")
				}
				for _, text := range tt.write {
					s.Write([]byte(text))
				}
				if tt.abort {
					s.Abort()
				}
				ctx.Response.Reset() // must not matter
				ctx.WriteString("must not be sent")
			}}, false)
			c := ts.dial()
			defer c.Close()
			io.WriteString(c, tt.request+sentinel)
			got := readUntilClosed(t, c)
			br := bufio.NewReader(strings.NewReader(strings.TrimSuffix(got, "<closed>")))
			req := &http.Request{Method: tt.request[:4]}
			req.Method = strings.TrimSpace(req.Method)
			resp, err := http.ReadResponse(br, req)
			if err != nil {
				t.Fatalf("%v: %s", err, got)
			}
			body, err := io.ReadAll(resp.Body)
			switch {
			case tt.abort || tt.name == "sized, too few":
				if err == nil {
					t.Errorf("the body does not look cut off: %s", got)
				}
			case err != nil || string(body) != tt.want:
				t.Errorf("body of %d bytes, %v, want %d\n%.300s", len(body), err, len(tt.want), got)
			}
			if resp.Header.Get("X-Request-Id") == "" {
				t.Error("no request id")
			}
			if tt.next != strings.Contains(got, "second") || strings.Contains(got, "must not") {
				t.Errorf("next request answered: want %v\n%.500s", tt.next, got)
			}
		})
	}
}

// TestEncodersAreClean: a pooled encoder carries nothing from one response into another.
func TestEncodersAreClean(t *testing.T) {
	c := &Compression{}
	c.init()
	for _, encoding := range c.Encodings {
		var first []byte
		for i := range 20 {
			var out bytes.Buffer
			e := c.encoder(encoding, &out)
			text := bytes.Repeat([]byte{byte('a' + i%2*7)}, 5000)
			e.Write(text)
			if i%3 != 1 { // some are given up half way
				e.Close()
			}
			e.release()
			if i == 0 {
				first = bytes.Clone(out.Bytes())
			} else if i%6 == 0 && !bytes.Equal(first, out.Bytes()) {
				t.Errorf("%s: the same text gave other bytes the time %d", encoding, i)
			}
		}
	}
}
