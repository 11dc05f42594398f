package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stackhost/stackhost/host/admin"
	"github.com/stackhost/stackhost/raftstore"
)

// adminNode serves the admin API over a store of its own.
func adminNode(t *testing.T) (address string) {
	t.Helper()
	store, err := raftstore.Open(raftstore.Config{Dir: t.TempDir(), Node: "n1", Bootstrap: true, MinFree: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	s, err := admin.New(admin.Config{RootToken: "t", Log: slog.New(slog.DiscardHandler),
		Services: admin.Services{Store: store, Watcher: store, Cluster: store, Sessions: raftstore.NewSessions(store)}})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(ln)
	t.Cleanup(func() { s.Close() })
	return ln.Addr().String()
}

// lossy forwards connections to address; while losing is above 0, it forwards a request that begins with one of verbs and cuts the
// connection instead of sending back the answer.
func lossy(t *testing.T, address string, losing *atomic.Int64, verb string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", address)
			if err != nil {
				in.Close()
				continue
			}
			var lose atomic.Bool
			go func() {
				defer out.Close()
				buf := make([]byte, 64<<10)
				for {
					n, err := in.Read(buf)
					if n > 0 {
						if bytes.HasPrefix(buf[:n], []byte(verb)) && losing.Load() > 0 {
							losing.Add(-1)
							lose.Store(true)
						}
						out.Write(buf[:n])
					}
					if err != nil {
						return
					}
				}
			}()
			go func() {
				defer in.Close()
				buf := make([]byte, 64<<10)
				for {
					n, err := out.Read(buf)
					if err != nil || lose.Load() { // the node has answered, so it has done it
						return
					}
					in.Write(buf[:n])
				}
			}()
		}
	}()
	return ln.Addr().String()
}

func connected(t *testing.T, to string) *remote {
	t.Helper()
	r, err := (&remoteFlags{to: to, token: "t", timeout: 10 * time.Second}).connect()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWritesHappenOnce(t *testing.T) {
	var losing atomic.Int64
	r := connected(t, lossy(t, adminNode(t), &losing, "POST /v1/apps"))
	add := call{method: "POST", path: "/v1/apps/shop/kv/n/hits", query: url.Values{"increment": {"1"}}, numbered: true}
	for i := range 5 {
		losing.Store(int64(i))
		var n admin.KVNumber
		if err := r.json(t.Context(), add, &n); err != nil || n.Value != int64(i+1) {
			t.Fatalf("after %d lost answers: %d, %v", i, n.Value, err)
		}
	}
	add.numbered = false
	losing.Store(1)
	if err := r.json(t.Context(), add, nil); err == nil || !strings.Contains(err.Error(), "not known") {
		t.Errorf("a write that cannot be repeated: %v", err)
	}
	resp, err := r.do(t.Context(), call{method: "GET", path: "/v1/apps/shop/kv/n/hits"})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); string(text) != "6" { // 5, and one that was not known
		t.Errorf("the counter is %s", text)
	}
}

func TestOtherNodesAreAsked(t *testing.T) {
	address := adminNode(t)
	r := connected(t, "127.0.0.1:1,"+address)
	for range 2 {
		if err := r.json(t.Context(), call{method: "PUT", path: "/v1/apps/shop/kv/n/k", body: []byte("v")}, nil); err != nil {
			t.Fatal(err) // was never sent to the first, so asking the second is safe
		}
	}
	if r.nodes[0].url != "http://"+address {
		t.Errorf("first is %s", r.nodes[0].url)
	}
	none := connected(t, "127.0.0.1:1,127.0.0.1:2")
	none.timeout = 50 * time.Millisecond
	if err := none.json(t.Context(), call{method: "GET", path: "/v1/cluster"}, nil); err == nil || !strings.Contains(err.Error(), "no stackhost answers at") {
		t.Error(err)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	hung := connected(t, silent.Addr().String()+","+address)
	hung.patience = 50 * time.Millisecond
	if err := hung.json(t.Context(), call{method: "POST", path: "/v1/apps/shop/kv/n/hits", query: url.Values{"increment": {"1"}}, numbered: true}, nil); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.json(ctx, call{method: "GET", path: "/v1/cluster"}, nil); err == nil {
		t.Error("a cancelled command went on")
	}
}

func TestEndpointsAreChecked(t *testing.T) {
	for to, want := range map[string]string{"http://": "an address such as", "ftp://x": "an address such as"} {
		if _, err := (&remoteFlags{to: to, token: "t"}).connect(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", to, err)
		}
	}
}

// TestWatchGoesOn breaks a watch between two changes of one entry of the log.
func TestWatchGoesOn(t *testing.T) {
	var out bytes.Buffer
	w := watched{c: &console{out: &out}}
	first := `{"index":7}` + "\n" + `{"key":"a","value":"MQ==","version":8388608,"index":7}` + "\n" + `{"key":"b","val`
	if err := w.print(strings.NewReader(first)); err != nil || w.from != 7 {
		t.Fatalf("from %d, %v", w.from, err)
	}
	second := `{"index":7}` + "\n" + `{"key":"a","value":"MQ==","version":8388608,"index":7}` + "\n" +
		`{"key":"b","value":"Mg==","version":8388609,"index":7}` + "\n" + `{"key":"a","deleted":true,"version":9437184,"index":8}` + "\n" + `{"index":12}` + "\n"
	if err := w.print(strings.NewReader(second)); err != nil || w.from != 12 {
		t.Fatalf("from %d, %v", w.from, err)
	}
	if want := "a 8388608 1\nb 8388609 2\na deleted\n"; out.String() != want {
		t.Errorf("printed %q, want %q", out.String(), want)
	}
	if err := w.print(strings.NewReader(`{"error":"not kept any more"}` + "\n")); err == nil {
		t.Error("the end of a watch was not told")
	}
}
