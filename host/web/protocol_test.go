package web

import (
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"
)

// protocolCases are bytes on a connection and what must come back. Each case is followed by a sentinel request; "next" at the
// end of want means it was answered, "closed" that it was not, because the connection was given up first. So a case that
// smuggles a request fails by an answer too many.
var protocolCases = []struct {
	section string // of RFC 9110, RFC 9112 or RFC 6585
	name    string
	raw     string
	want    string
}{
	// Request line.
	{"9112 3", "plain", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "200 next"},
	{"9112 2.2", "empty line before the request", "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "200 next"},
	{"9112 2.2", "two empty lines", "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "200 next"},
	{"9112 2.2", "three empty lines", "\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "closed"},
	{"9112 2.2", "bare LF before the request", "\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed"},
	{"9112 2.2", "bare LF ends the request line", "GET / HTTP/1.1\nHost: h\r\n\r\n", "400 closed"},
	{"9112 2.2", "bare LF throughout", "GET / HTTP/1.1\nHost: h\n\n", "400 closed"},
	{"9112 2.2", "bare CR in the request line", "GET /\rx HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed"},
	{"9112 2.2", "bare CR ends the request line", "GET / HTTP/1.1\rHost: h\r\n\r\n", "400 closed"},
	{"9112 2.2", "CR CR LF", "GET / HTTP/1.1\r\r\nHost: h\r\n\r\n", "400 closed"},
	{"9112 2.2", "space before the first field", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", "400 closed"},
	{"9112 3", "leading space", " GET / HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed"},
	{"9112 3", "two spaces after the method", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed"},
	{"9112 3", "two spaces before the version", "GET /  HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed"},
	{"9112 3", "tab for a space", "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed"},
	{"9112 3", "trailing space", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n", "400 closed"},
	{"9112 3", "no target", "GET HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed"},
	{"9112 3.1", "method is no token", "GE(T / HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed"},
	{"9112 3.1", "unknown method", "BREW /pot HTTP/1.1\r\nHost: h\r\n\r\n", "200 next"},
	{"9110 9.3.6", "CONNECT", "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", "501 closed"},
	{"9110 9.3.8", "TRACE", "TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", "501 closed"},
	{"9112 2.3", "HTTP/0.9", "GET /\r\nHost: h\r\n\r\n", "400 closed"},
	{"9112 2.3", "HTTP/2.0", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", "505 closed"},
	{"9112 2.3", "HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 closed"},
	{"9112 2.3", "HTTP/1.2", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", "505 closed"},
	{"9112 2.3", "HTTP/1.10", "GET / HTTP/1.10\r\nHost: h\r\n\r\n", "400 closed"},
	{"9112 2.3", "lower-case version", "GET / http/1.1\r\nHost: h\r\n\r\n", "400 closed"},
	{"9112 2.3", "another protocol", "GET / HTCPCP/1.0\r\nHost: h\r\n\r\n", "400 closed"},
	{"9112 2.3", "not HTTP at all", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "400 closed"},
	{"9112 3.2", "control byte in the target", "GET /a\x01b HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed"},
	{"9112 3.2", "NUL in the target", "GET /a\x00b HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed"},
	{"9112 3.2", "DEL in the target", "GET /a\x7fb HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed"},
	{"9112 3.2", "space in the target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed"},
	{"9112 3.2", "fragment in the target", "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed"},
	{"9112 3.2.1", "relative target", "GET a/b HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed"},
	{"9112 3.2.1", "doubled slash", "GET //a/b HTTP/1.1\r\nHost: h\r\n\r\n", "200 next"},
	{"9112 3.2.2", "absolute target, same host", "GET http://h/a HTTP/1.1\r\nHost: h\r\n\r\n", "200 next"},
	{"9112 3.2.2", "absolute target, host in other case", "GET http://H/a HTTP/1.1\r\nHost: h\r\n\r\n", "200 next"},
	{"9112 3.2.2", "absolute target, other host", "GET http://evil/a HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed"},
	{"9112 3.2.2", "absolute target, other port", "GET http://h:81/a HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed"},
	{"9112 3.2.2", "absolute target, user information", "GET http://a@h/a HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed"},
	{"9112 3.2.2", "absolute target without host", "GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed"},
	{"9112 3.2.2", "absolute target, other scheme", "GET ftp://h/a HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed"},
	{"9112 3.2.4", "asterisk for OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "204 next"},
	{"9112 3.2.4", "asterisk for GET", "GET * HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed"},

	// Host.
	{"9112 3.2", "no Host", "GET / HTTP/1.1\r\n\r\n", "400 closed"},
	{"9112 3.2", "no Host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "200 closed"},
	{"9112 3.2", "HTTP/1.0 keep-alive", "GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n", "200 next"},
	{"9112 3.2", "two Hosts", "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", "400 closed"},
	{"9112 3.2", "two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: h\r\nHost: i\r\n\r\n", "400 closed"},
	{"9112 3.2", "two Hosts in different case", "GET / HTTP/1.1\r\nHost: h\r\nhOsT: i\r\n\r\n", "400 closed"},
	{"9112 3.2", "empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "400 closed"},
	{"9110 7.2", "Host with a path", "GET / HTTP/1.1\r\nHost: h/x\r\n\r\n", "400 closed"},
	{"9110 7.2", "Host with user information", "GET / HTTP/1.1\r\nHost: a@h\r\n\r\n", "400 closed"},
	{"9110 7.2", "Host with a list", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400 closed"},
	{"9110 7.2", "Host with a bad port", "GET / HTTP/1.1\r\nHost: h:8x\r\n\r\n", "400 closed"},
	{"9110 7.2", "Host IPv6", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "200 next"},
	{"9110 7.2", "Host IPv6 without end", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", "400 closed"},

	// Field lines.
	{"9112 5", "no space after the colon", "GET / HTTP/1.1\r\nHost:h\r\n\r\n", "200 next"},
	{"9112 5.1", "space before the colon", "GET / HTTP/1.1\r\nHost : h\r\n\r\n", "400 closed"},
	{"9112 5.1", "tab before the colon", "GET / HTTP/1.1\r\nHost: h\r\nA\t: b\r\n\r\n", "400 closed"},
	{"9112 5", "space in a name", "GET / HTTP/1.1\r\nHost: h\r\nA b: c\r\n\r\n", "400 closed"},
	{"9112 5", "no colon", "GET / HTTP/1.1\r\nHost: h\r\nAbc\r\n\r\n", "400 closed"},
	{"9112 5", "empty name", "GET / HTTP/1.1\r\nHost: h\r\n: c\r\n\r\n", "400 closed"},
	{"9112 5", "byte above ASCII in a name", "GET / HTTP/1.1\r\nHost: h\r\nA\xc3\xa4: c\r\n\r\n", "400 closed"},
	{"9110 5.5", "byte above ASCII in a value", "GET / HTTP/1.1\r\nHost: h\r\nA: \xc3\xa4\r\n\r\n", "200 next"},
	{"9110 5.5", "tab in a value", "GET / HTTP/1.1\r\nHost: h\r\nA: b\tc\r\n\r\n", "200 next"},
	{"9110 5.5", "empty value", "GET / HTTP/1.1\r\nHost: h\r\nA:\r\n\r\n", "200 next"},
	{"9110 5.5", "NUL in a value", "GET / HTTP/1.1\r\nHost: h\r\nA: b\x00c\r\n\r\n", "400 closed"},
	{"9110 5.5", "control byte in a value", "GET / HTTP/1.1\r\nHost: h\r\nA: b\x1bc\r\n\r\n", "400 closed"},
	{"9110 5.5", "bare CR in a value", "GET / HTTP/1.1\r\nHost: h\r\nA: b\rc\r\n\r\n", "400 closed"},
	{"9110 5.5", "bare LF in a value", "GET / HTTP/1.1\r\nHost: h\r\nA: b\nX: c\r\n\r\n", "400 closed"},
	{"9110 5.5", "bare LF ends the head", "GET / HTTP/1.1\r\nHost: h\r\n\nX: c\r\n\r\n", "400 closed"},
	{"9112 5.2", "folded field", "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n", "400 closed"},
	{"9112 5.2", "folded with a tab", "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n\tc\r\n\r\n", "400 closed"},
	{"9112 5.2", "folded Transfer-Encoding", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", "400 closed"},

	// Body framing.
	{"9112 6.2", "Content-Length", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", "200 next"},
	{"9112 6.2", "Content-Length 0", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", "200 next"},
	{"9112 6.2", "GET with a body", "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", "200 next"},
	{"9112 6.2", "HEAD with a body", "HEAD / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", "200 next"},
	{"9112 6.3", "POST without a length", "POST / HTTP/1.1\r\nHost: h\r\n\r\n", "200 next"},
	{"9112 6.3", "two equal Content-Lengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", "400 closed"},
	{"9112 6.3", "two Content-Lengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 30\r\n\r\nabc", "400 closed"},
	{"9112 6.3", "Content-Length list", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3, 3\r\n\r\nabc", "400 closed"},
	{"9112 6.2", "Content-Length with a sign", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +3\r\n\r\nabc", "400 closed"},
	{"9112 6.2", "negative Content-Length", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", "400 closed"},
	{"9112 6.2", "Content-Length in hexadecimal", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x3\r\n\r\nabc", "400 closed"},
	{"9112 6.2", "Content-Length with a fraction", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3.0\r\n\r\nabc", "400 closed"},
	{"9112 6.2", "Content-Length empty", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n", "400 closed"},
	{"9112 6.2", "Content-Length that overflows", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551619\r\n\r\nabc", "400 closed"},
	{"9112 6.2", "Content-Length with a vertical tab", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\x0b\r\n\r\nabc", "400 closed"},
	{"9112 6.3", "Content-Length and chunked", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 closed"},
	{"9112 6.3", "chunked and Content-Length", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "400 closed"},
	{"9112 6.1", "chunked", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "200 next"},
	{"9112 6.1", "Chunked in capitals", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: CHUNKED\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "200 next"},
	{"9112 6.1", "Transfer-Encoding twice", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 closed"},
	{"9112 6.1", "chunked twice in one", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", "400 closed"},
	{"9112 6.1", "gzip, chunked", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501 closed"},
	{"9112 6.3", "chunked, gzip", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", "400 closed"},
	{"9112 6.3", "identity", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\n", "400 closed"},
	{"9112 6.3", "identity and Content-Length", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc", "400 closed"},
	{"9112 6.3", "xchunked", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "400 closed"},
	{"9112 6.3", "chunked with a parameter", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", "400 closed"},
	{"9112 6.3", "chunked in quotes", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", "400 closed"},
	{"9112 6.3", "empty Transfer-Encoding", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\nContent-Length: 3\r\n\r\nabc", "400 closed"},
	{"9112 6.1", "Transfer-Encoding in HTTP/1.0", "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 closed"},
	{"9112 6.1", "Transfer-Encoding with a space before the colon", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\nContent-Length: 3\r\n\r\nabc", "400 closed"},
	{"9112 6.1", "Transfer_Encoding is another field", "POST / HTTP/1.1\r\nHost: h\r\nTransfer_Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc", "200 next"},

	// Chunks.
	{"9112 7.1", "several chunks", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\nA\r\n0123456789\r\n0\r\n\r\n", "200 next"},
	{"9112 7.1", "zeros before the size", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0003\r\nabc\r\n000\r\n\r\n", "200 next"},
	{"9112 7.1.1", "extension", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0;c\r\n\r\n", "200 next"},
	{"9112 7.1.1", "extension with a bare LF", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;a\nabc\r\n0\r\n\r\n", "400 closed"},
	{"9112 7.1.1", "extension without end", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;" + strings.Repeat("a", 300) + "\r\nabc\r\n0\r\n\r\n", "400 closed"},
	{"9112 7.1", "chunk size with a bare LF", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n", "400 closed"},
	{"9112 7.1", "chunk size with a space", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n", "400 closed"},
	{"9112 7.1", "chunk size with a sign", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n", "400 closed"},
	{"9112 7.1", "chunk size with 0x", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", "400 closed"},
	{"9112 7.1", "chunk size that overflows", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n0\r\n\r\n", "400 closed"},
	{"9112 7.1", "negative chunk size", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n", "400 closed"},
	{"9112 7.1", "no chunk size", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\r\nabc\r\n0\r\n\r\n", "400 closed"},
	{"9112 7.1", "chunk longer than its size", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", "400 closed"},
	{"9112 7.1", "chunk end with a bare LF", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n\r\n", "400 closed"},
	{"9112 7.1.2", "trailer", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n", "200 next"},
	{"9112 7.1.2", "trailer with a bare LF", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\n\r\n", "400 closed"},
	{"9112 7.1.2", "malformed trailer", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX Sum: 1\r\n\r\n", "400 closed"},
	{"9110 6.5.1", "Content-Length in the trailer", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nContent-Length: 5\r\n\r\n", "400 closed"},
	{"9112 7.1.2", "trailer that is too long", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " + strings.Repeat("a", 5000) + "\r\n\r\n", "400 closed"},

	// Pipelining, persistence.
	{"9112 9.3.2", "pipelined", "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhiGET /3 HTTP/1.1\r\nHost: h\r\n\r\n", "200 200 200 next"},
	{"9112 9.3.2", "a bad one after a good one", "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost : h\r\n\r\nGET /3 HTTP/1.1\r\nHost: h\r\n\r\n", "200 400 closed"},
	{"9112 9.6", "Connection: close", "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "200 closed"},
	{"9112 9.6", "Connection: x, Close", "GET / HTTP/1.1\r\nHost: h\r\nConnection: x, Close\r\n\r\n", "200 closed"},
	{"9112 6.3", "smuggled by Content-Length", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 44\r\nContent-Length: 0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed"},

	// Expect.
	{"9110 10.1.1", "100-continue", "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc", "100 200 next"},
	{"9110 10.1.1", "100-Continue in capitals, chunked", "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "100 200 next"},
	{"9110 10.1.1", "unknown expectation", "POST / HTTP/1.1\r\nHost: h\r\nExpect: tea\r\nContent-Length: 3\r\n\r\nabc", "417 closed"},
	{"9110 10.1.1", "expectation in HTTP/1.0", "POST / HTTP/1.0\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc", "200 closed"},
	{"9110 10.1.1", "body over the limit", "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n", "413 closed"},

	// Limits.
	{"9110 15.5.14", "Content-Length over the limit", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n" + strings.Repeat("a", 1001), "413 closed"},
	{"9110 15.5.14", "at the limit", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n" + strings.Repeat("a", 1000), "200 next"},
	{"9110 15.5.14", "chunked over the limit", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + strings.Repeat("a", 1001) + "\r\n0\r\n\r\n", "413 closed"},
	{"9110 15.5.14", "chunked at the limit", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" + strings.Repeat("a", 1000) + "\r\n0\r\n\r\n", "200 next"},
	{"9110 15.5.15", "target over the limit", "GET /" + strings.Repeat("a", 512) + " HTTP/1.1\r\nHost: h\r\n\r\n", "414 closed"},
	{"9110 15.5.15", "target far over the limit", "GET /" + strings.Repeat("a", 20000) + " HTTP/1.1\r\nHost: h\r\n\r\n", "414 closed"},
	{"9110 15.5.15", "target at the limit", "GET /" + strings.Repeat("a", 511) + " HTTP/1.1\r\nHost: h\r\n\r\n", "200 next"},
	{"6585 5", "head over the limit", "GET / HTTP/1.1\r\nHost: h\r\nA: " + strings.Repeat("a", 2000) + "\r\n\r\n", "431 closed"},
	{"6585 5", "head far over the limit", "GET / HTTP/1.1\r\nHost: h\r\nA: " + strings.Repeat("a", 50000) + "\r\n\r\n", "431 closed"},
	{"6585 5", "too many fields", "GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("A: b\r\n", 32) + "\r\n", "431 closed"},
	{"6585 5", "as many fields as may be", "GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("A: b\r\n", 31) + "\r\n", "200 next"},
}

var protocolLimits = Limits{TargetBytes: 512, HeadBytes: 1024, Fields: 32, BodyBytes: 1000}

const sentinel = "GET /sentinel HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

var statusLine = regexp.MustCompile(`HTTP/1\.1 (\d\d\d) `)

// outcome condenses what came back.
func outcome(got string) string {
	var out []string
	for _, m := range statusLine.FindAllStringSubmatch(got, -1) {
		out = append(out, m[1])
	}
	if strings.Contains(got, "GET /sentinel ") {
		out[len(out)-1] = "next"
	} else if strings.HasSuffix(got, "<closed>") {
		out = append(out, "closed")
	} else {
		out = append(out, "open")
	}
	return strings.Join(out, " ")
}

// TestProtocol runs every case whole, byte by byte, and cut in two, over memory and over TCP.
func TestProtocol(t *testing.T) {
	checkLeaks(t)
	for _, tcp := range []bool{false, true} {
		ts := start(t, Config{Limits: protocolLimits}, tcp)
		for _, tt := range protocolCases {
			for _, cut := range []struct {
				name string
				size int
			}{{"whole", 1 << 20}, {"bytes", 1}, {"halves", (len(tt.raw) + 1) / 2}} {
				if tcp && cut.size == 1 && len(tt.raw) > 2000 {
					continue // the same over memory, in less time
				}
				transport := map[bool]string{false: "memory", true: "tcp"}[tcp]
				t.Run(transport+"/"+cut.name+"/"+tt.section+"/"+tt.name, func(t *testing.T) {
					t.Parallel()
					c := ts.dial()
					defer c.Close()
					go sendCut(c, tt.raw+sentinel, cut.size)
					got := readUntilClosed(t, c)
					if o := outcome(got); o != tt.want {
						t.Errorf("sent %.300q\ngot  %s\nwant %s\n%.2000s", tt.raw, o, tt.want, got)
					}
				})
			}
		}
	}
}

// sendCut writes s in pieces of at most n bytes.
func sendCut(c net.Conn, s string, n int) {
	for len(s) > 0 {
		piece := s[:min(n, len(s))]
		if _, err := io.WriteString(c, piece); err != nil {
			return
		}
		s = s[len(piece):]
	}
}

func readUntilClosed(t testing.TB, c net.Conn) string {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	b, err := io.ReadAll(c)
	if err != nil {
		return string(b) + "<" + err.Error() + ">"
	}
	return string(b) + "<closed>"
}

// TestRefusalSaysWhy checks the problem document of a refusal.
func TestRefusalSaysWhy(t *testing.T) {
	checkLeaks(t)
	ts := start(t, Config{}, false)
	got := ts.exchange(t, "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n")
	for _, want := range []string{"400 Bad Request", "application/problem+json", `"code":"folded-header"`, "X-Request-Id: ", "Connection: close", "urn:stackhost:request:"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
	if strings.Contains(got, "Server:") {
		t.Errorf("a Server field is sent by default:\n%s", got)
	}
}
