package web

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

var fuzzLimits = headLimits{target: 512, head: 1024, fields: 32}

// extent runs raw through a framer in pieces of n bytes and returns where the first message ends, or its refusal.
// done is false when raw ends before the message does.
func extent(raw []byte, n int) (end int, done bool, bad *ProtocolError) {
	f := framer{limits: &fuzzLimits}
	at := 0
	for at < len(raw) {
		piece := raw[at:min(at+n, len(raw))]
		took, finished, bad := f.scan(piece)
		if bad != nil {
			return at + took, false, bad
		}
		if finished {
			return at + took, true, nil
		}
		if took != len(piece) {
			panic("scan stopped without a reason")
		}
		at += took
	}
	return at, false, nil
}

// FuzzFramer checks three properties. Where a message ends does not depend on how its bytes arrive. A message that is accepted
// is read the same way, to the same byte, by net/http and by fasthttp. And of a refused message the end of the head is not
// passed on.
func FuzzFramer(f *testing.F) {
	for _, tt := range protocolCases {
		f.Add([]byte(tt.raw + sentinel))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > 4096 {
			return
		}
		end, done, bad := extent(raw, len(raw)+1)
		for _, n := range []int{1, 2, 7} {
			e, d, b := extent(raw, n)
			if (b == nil) != (bad == nil) || d != done || done && e != end {
				t.Fatalf("in pieces of %d: end %d done %v %v, whole: end %d done %v %v\n%q", n, e, d, b, end, done, bad, raw)
			}
		}
		if bad != nil {
			return
		}
		if !done {
			return
		}
		message := raw[:end]
		body, ok := readWithNetHTTP(t, message)
		if !ok {
			return
		}
		if theirs, ok := readWithFasthttp(t, message); ok && !bytes.Equal(body, theirs) {
			t.Fatalf("net/http reads %q, fasthttp reads %q\n%q", body, theirs, message)
		}
	})
}

// readWithNetHTTP reads a message and fails when net/http thinks that it ends elsewhere. ok is false when net/http refuses it
// for reasons that have nothing to do with where it ends.
func readWithNetHTTP(t *testing.T, message []byte) (body []byte, ok bool) {
	t.Helper()
	br := bufio.NewReader(bytes.NewReader(message))
	for { // net/http does not skip empty lines
		b, err := br.Peek(2)
		if err != nil || string(b) != "\r\n" {
			break
		}
		br.Discard(2)
	}
	req, err := http.ReadRequest(br)
	if err != nil {
		return nil, false // percent escapes, IPv6 zones and the like
	}
	body, err = io.ReadAll(req.Body)
	if err != nil {
		if strings.Contains(err.Error(), "trailer") || strings.Contains(err.Error(), "header") {
			return nil, false // forbidden trailer names
		}
		t.Fatalf("net/http: %v\n%q", err, message)
	}
	if rest, _ := io.ReadAll(br); len(rest) > 0 {
		t.Fatalf("net/http sees %q after the message\n%q", rest, message)
	}
	return body, true
}

// readWithFasthttp does the same with fasthttp.
func readWithFasthttp(t *testing.T, message []byte) (body []byte, ok bool) {
	t.Helper()
	var req fasthttp.Request
	br := bufio.NewReaderSize(bytes.NewReader(message), 8192)
	if err := req.Header.Read(br); err != nil {
		t.Fatalf("fasthttp head: %v\n%q", err, message)
	}
	if err := req.ContinueReadBody(br, 0, false); err != nil {
		if strings.Contains(err.Error(), "trailer") {
			return nil, false // forbidden trailer names
		}
		t.Fatalf("fasthttp body: %v\n%q", err, message)
	}
	if rest, _ := io.ReadAll(br); len(rest) > 0 {
		t.Fatalf("fasthttp sees %q after the message\n%q", rest, message)
	}
	return req.Body(), true
}

// FuzzCheckHead checks that judging a head neither panics nor accepts what the naive rules below refuse.
func FuzzCheckHead(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n"))
	f.Add([]byte("OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if i := bytes.Index(raw, headEnd); i < 0 || i+4 != len(raw) {
			return
		}
		h, bad := checkHead(raw, &fuzzLimits)
		if bad != nil {
			return
		}
		lines := strings.Split(strings.TrimSuffix(string(raw), "\r\n\r\n"), "\r\n")
		hosts, lengths, codings := 0, 0, 0
		for i, line := range lines {
			if strings.ContainsAny(line, "\r\n\x00\x7f") {
				t.Fatalf("control byte accepted: %q", raw)
			}
			if i == 0 {
				if strings.Count(line, " ") != 2 || strings.Contains(line, "\t") {
					t.Fatalf("request line accepted: %q", line)
				}
				continue
			}
			name, value, found := strings.Cut(line, ":")
			if !found || name == "" || strings.ContainsAny(name, " \t") {
				t.Fatalf("field accepted: %q", line)
			}
			switch strings.ToLower(name) {
			case "host":
				hosts++
			case "content-length":
				lengths++
			case "transfer-encoding":
				codings++
				if !strings.EqualFold(strings.Trim(value, " \t"), "chunked") {
					t.Fatalf("transfer coding accepted: %q", line)
				}
			}
		}
		if hosts > 1 || lengths+codings > 1 || (h.length == chunked) != (codings == 1) {
			t.Fatalf("%d hosts, %d lengths, %d codings, length %d: %q", hosts, lengths, codings, h.length, raw)
		}
	})
}

// TestNextControl compares the eight-byte scan with a plain loop at every position and alignment.
func TestNextControl(t *testing.T) {
	for length := range 40 {
		for at := range length + 1 {
			for _, c := range []byte{0, 1, '\t', '\n', '\r', 0x1f, 0x7f} {
				for _, fill := range []byte{' ', '~', 0x80, 0xff, '!', 0xa0} {
					b := bytes.Repeat([]byte{fill}, length)
					if at < length {
						b[at] = c
					}
					for from := range at + 1 {
						if got := nextControl(b, from); got != at {
							t.Fatalf("nextControl(%q, %d) = %d, want %d", b, from, got, at)
						}
					}
				}
			}
		}
	}
}
