package load

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
)

// redis speaks RESP2.
type redis struct {
	conn net.Conn
	in   *bufio.Reader
	out  []byte
}

func dialRedis(address string) (Client, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &redis{conn: conn, in: bufio.NewReader(conn)}, nil
}

func (r *redis) Put(key string, value []byte) error {
	_, err := r.do("SET", key, string(value))
	return err
}

func (r *redis) Get(key string, _ bool) ([]byte, error) { return r.do("GET", key) }

func (r *redis) Close() error { return r.conn.Close() }

func (r *redis) do(words ...string) ([]byte, error) {
	r.out = fmt.Appendf(r.out[:0], "*%d\r\n", len(words))
	for _, w := range words {
		r.out = fmt.Appendf(r.out, "$%d\r\n%s\r\n", len(w), w)
	}
	if _, err := r.conn.Write(r.out); err != nil {
		return nil, err
	}
	line, err := r.in.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	if len(line) < 3 {
		return nil, fmt.Errorf("not an answer: %q", line)
	}
	text := string(line[1 : len(line)-2])
	switch line[0] {
	case '+':
		return nil, nil
	case '$':
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%v: no value: %s", words, text)
		}
		b := make([]byte, n+2)
		_, err = io.ReadFull(r.in, b)
		return b[:n], err
	}
	return nil, fmt.Errorf("%s", line)
}
