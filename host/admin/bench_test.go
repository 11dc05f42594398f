package admin

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stackhost/stackhost/raftstore"
	"github.com/valyala/fasthttp"
)

// BenchmarkKV sends reads and writes of 128 bytes over 64 connections to a node of its own, with the real store on disk:
//
//	go test ./host/admin -run none -bench KV -benchtime 3s
func BenchmarkKV(b *testing.B) {
	store, err := raftstore.Open(raftstore.Config{Dir: b.TempDir(), Node: "n1", Bootstrap: true, MinFree: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	sessions := raftstore.NewSessions(store)
	s, err := New(Config{Services: Services{Store: store, Watcher: store, Sessions: sessions}, RootToken: "t", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go s.Serve(ln)
	value := strings.Repeat("x", 128)
	for i := range 64 {
		if _, err := raftstore.NewKV(store, "shop").Set(b.Context(), "posts", fmt.Appendf(nil, "key%d", i), []byte(value), raftstore.SetOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	put := "PUT /v1/apps/shop/kv/posts/key%d HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\nContent-Length: 128\r\n\r\n" + value
	once := strings.Replace(put, "Content-Length", "Stackhost-Session: %d\r\nStackhost-Sequence: %d\r\nContent-Length", 1)
	get := "GET /v1/apps/shop/kv/posts/key%d HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n\r\n"
	for _, c := range []struct{ name, request, status string }{{"put", put, "HTTP/1.1 204"}, {"put-once", once, "HTTP/1.1 204"}, {"get", get, "HTTP/1.1 200"}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(32)
			var clients atomic.Int64
			b.RunParallel(func(pb *testing.PB) {
				conn, err := net.Dial("tcp", ln.Addr().String())
				if err != nil {
					b.Error(err)
					return
				}
				defer conn.Close()
				in := bufio.NewReader(conn)
				client := clients.Add(1) % 64
				request := ""
				if c.request != once {
					request = fmt.Sprintf(c.request, client)
				}
				session, err := sessions.OpenSession(b.Context())
				if err != nil {
					b.Error(err)
					return
				}
				for n := 1; pb.Next(); n++ {
					if c.request == once {
						request = fmt.Sprintf(once, client, session, n)
					}
					if _, err := io.WriteString(conn, request); err != nil {
						b.Error(err)
						return
					}
					if err := skipResponse(in, c.status); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

// skipResponse reads a response without keeping anything of it.
func skipResponse(in *bufio.Reader, status string) error {
	length := 0
	for first := true; ; first = false {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !strings.HasPrefix(string(line), status) {
			return fmt.Errorf("%s", line)
		}
		if len(line) <= 2 {
			_, err := in.Discard(length)
			return err
		}
		if n := len("Content-Length: "); len(line) > n && string(line[:n]) == "Content-Length: " {
			length = 0
			for _, c := range line[n : len(line)-2] {
				length = 10*length + int(c-'0')
			}
		}
	}
}

// TestKVAllocations bounds what a request of the hot path allocates in this package and in the state machine's reads; the store's share is
// not in it.
func TestKVAllocations(t *testing.T) {
	n := start(t, nil)
	n.want(204, "", "PUT", "/v1/apps/shop/kv/posts/key", "value")
	var ctx fasthttp.RequestCtx
	ctx.Request.Header.SetMethod("GET")
	ctx.Request.SetRequestURI("/v1/apps/shop/kv/posts/key")
	ctx.Request.Header.Set("Authorization", "Bearer "+n.token)
	n.handle(&ctx)
	if got := testing.AllocsPerRun(200, func() { n.handle(&ctx) }); got > 8 || ctx.Response.StatusCode() != 200 {
		t.Errorf("a read allocates %.0f times, status %d", got, ctx.Response.StatusCode())
	}
}
