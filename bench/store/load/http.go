package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
)

// HTTP is a kept-alive HTTP/1.1 connection that does as little as it can, so that the server is measured rather than the client. It is
// used by one goroutine.
type HTTP struct {
	conn    net.Conn
	in      *bufio.Reader
	host    string
	headers string // sent with each request, each ending in CRLF
	out     []byte
	body    []byte
}

// DialHTTP connects to address. Headers are sent with every request; each ends in CRLF.
func DialHTTP(address, headers string) (*HTTP, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &HTTP{conn: conn, in: bufio.NewReaderSize(conn, 16<<10), host: address, headers: headers}, nil
}

// Do sends a request and returns the answer. More headers each end in CRLF. The body is valid until the next call.
func (h *HTTP) Do(method, path, more string, body []byte) (status int, answer []byte, err error) {
	h.out = append(h.out[:0], method...)
	h.out = append(h.out, ' ')
	h.out = append(h.out, path...)
	h.out = append(h.out, " HTTP/1.1\r\nHost: "...)
	h.out = append(h.out, h.host...)
	h.out = append(h.out, "\r\n"...)
	h.out = append(h.out, h.headers...)
	h.out = append(h.out, more...)
	if body != nil || method != "GET" {
		h.out = append(h.out, "Content-Length: "...)
		h.out = strconv.AppendInt(h.out, int64(len(body)), 10)
		h.out = append(h.out, "\r\n"...)
	}
	h.out = append(h.out, "\r\n"...)
	h.out = append(h.out, body...)
	if _, err := h.conn.Write(h.out); err != nil {
		return 0, nil, err
	}
	return h.read()
}

func (h *HTTP) read() (status int, body []byte, err error) {
	line, err := h.line()
	if err != nil {
		return 0, nil, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, nil, fmt.Errorf("not an answer: %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, nil, err
	}
	length, chunked := 0, false
	for {
		if line, err = h.line(); err != nil {
			return 0, nil, err
		}
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, nil, err
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = bytes.EqualFold(value, []byte("chunked"))
		}
	}
	h.body = h.body[:0]
	if !chunked {
		err = h.more(length)
		return status, h.body, err
	}
	for {
		if line, err = h.line(); err != nil {
			return 0, nil, err
		}
		n, err := strconv.ParseInt(string(line), 16, 32)
		if err != nil {
			return 0, nil, err
		}
		if err := h.more(int(n)); err != nil {
			return 0, nil, err
		}
		if line, err = h.line(); err != nil || len(line) != 0 {
			return 0, nil, errors.Join(err, errors.New("a chunk does not end"))
		}
		if n == 0 {
			return status, h.body, nil
		}
	}
}

// line returns a line without its end.
func (h *HTTP) line() ([]byte, error) {
	b, err := h.in.ReadSlice('\n')
	return bytes.TrimRight(b, "\r\n"), err
}

// more appends n bytes to the body.
func (h *HTTP) more(n int) error {
	from := len(h.body)
	h.body = append(h.body, make([]byte, n)...)
	_, err := io.ReadFull(h.in, h.body[from:])
	return err
}

// Close ends the connection.
func (h *HTTP) Close() error { return h.conn.Close() }
