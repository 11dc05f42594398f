package link

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// start makes a link on loopback. change may set more of its Config.
func start(t testing.TB, id *Identity, change func(*Config)) *Link {
	t.Helper()
	cfg := Config{Addr: "127.0.0.1:0", Identity: id}
	if change != nil {
		change(&cfg)
	}
	l, err := Listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// newCluster makes the first node's identity.
func newCluster(t testing.TB, node string) *Identity {
	t.Helper()
	id, err := Init(filepath.Join(t.TempDir(), "node"), node, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// another makes an identity of the same cluster; with its authority's key if signs.
func another(t testing.TB, first *Identity, node string, signs bool, opts Options) *Identity {
	t.Helper()
	m := first.cur.Load()
	key, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	id := opts.identity(filepath.Join(t.TempDir(), "node"))
	id.cluster, id.node = first.cluster, node
	leaf, err := m.signer.sign(id.cluster, node, key.Public(), id.life, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	ca := m.signer
	if !signs {
		ca = nil
	}
	if err := id.create(leaf, key, m.trusted, ca); err != nil {
		t.Fatal(err)
	}
	return id
}

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func echo(ctx context.Context, body []byte) ([]byte, error) {
	return append([]byte(Peer(ctx)+":"), body...), nil
}

func TestCall(t *testing.T) {
	first := newCluster(t, "a")
	a, b := start(t, first, nil), start(t, another(t, first, "b", false, Options{}), nil)
	b.HandleCall("/echo", echo)
	b.HandleCall("/fail", func(context.Context, []byte) ([]byte, error) { return nil, errors.New("no luck") })
	b.HandleCall("/busy", func(context.Context, []byte) ([]byte, error) { return nil, &StatusError{429, "later"} })
	b.Handle("GET /stream/{n}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s asks for %s", Peer(r.Context()), r.PathValue("n"))
	}))

	for _, size := range []int{0, 1, 100, 100_000, 5 << 20} {
		body := bytes.Repeat([]byte("x"), size)
		got, err := a.Call(soon(t), b.Addr(), "/echo", body)
		if err != nil || !bytes.Equal(got, append([]byte("a:"), body...)) {
			t.Fatalf("a call with %d bytes: %d bytes, %v", size, len(got), err)
		}
	}
	answer, err := a.Client(b.Addr()).Get("https://node/stream/7")
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(answer.Body)
	answer.Body.Close()
	if string(text) != "a asks for 7" {
		t.Errorf("a request through Client: %q", text)
	}
	if m, err := a.Ping(soon(t), b.Addr()); err != nil || m.Node != "b" || m.Addr != b.Addr() {
		t.Errorf("ping: %+v, %v", m, err)
	}

	rows := []struct {
		name, path string
		body       []byte
		kind       error
		status     int
		text       string
	}{
		{"a handler's error", "/fail", nil, nil, 500, "no luck"},
		{"a handler's status", "/busy", nil, nil, 429, "later"},
		{"no handler", "/nothing", nil, ErrNotDelivered, 404, "nothing is registered"},
		{"too long", "/echo", make([]byte, 17<<20), ErrNotDelivered, 413, "too long"},
	}
	for _, row := range rows {
		_, err := a.Call(soon(t), b.Addr(), row.path, row.body)
		var e *CallError
		if !errors.As(err, &e) || e.Kind != row.kind || e.Status != row.status || !strings.Contains(err.Error(), row.text) {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

// TestManyFirstCalls has many callers who all need the first connection, and again after it broke.
func TestManyFirstCalls(t *testing.T) {
	first := newCluster(t, "a")
	var accepted atomic.Int64
	var cut cutter
	a := start(t, first, func(c *Config) { cut.apply(c) })
	b := start(t, another(t, first, "b", false, Options{}), func(c *Config) {
		c.Wrap = func(c net.Conn) net.Conn { accepted.Add(1); return c }
	})
	b.HandleCall("/echo", echo)
	for range 3 {
		accepted.Store(0)
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				if _, err := a.Call(soon(t), b.Addr(), "/echo", nil); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := accepted.Load(); n > 4 { // a few may come between a dial and its use, or be left over from the cut
			t.Errorf("%d connections for 64 callers", n)
		}
		cut.set(true)
		if _, err := a.Call(soon(t), b.Addr(), "/echo", nil); err == nil {
			t.Error("a call while the network is cut")
		}
		cut.set(false)
	}
	var wg sync.WaitGroup
	begin := time.Now()
	for range 64 {
		wg.Go(func() {
			if _, err := a.Call(soon(t), "127.0.0.1:1", "/echo", nil); !errors.Is(err, ErrNotDelivered) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if d := time.Since(begin); d > 2*time.Second {
		t.Errorf("64 calls to a closed port took %v", d)
	}
}

func TestStrangersAreRefused(t *testing.T) {
	first := newCluster(t, "a")
	a := start(t, first, nil)
	ran := false
	a.HandleCall("/echo", func(context.Context, []byte) ([]byte, error) { ran = true; return nil, nil })
	a.Raft()

	other := start(t, newCluster(t, "b"), nil)
	_, err := other.Call(soon(t), a.Addr(), "/echo", nil)
	if !errors.Is(err, ErrNotDelivered) || !strings.Contains(err.Error(), "not a certificate of this cluster") {
		t.Errorf("a node of another cluster calls: %v", err)
	}
	// One that does not mind who the server is gets no further.
	foreign := newCluster(t, "b").cur.Load()
	ended := another(t, first, "c", false, Options{Life: time.Millisecond}).cur.Load()
	rows := []struct {
		name   string
		certs  []tls.Certificate
		protos []string
	}{
		{"no certificate, h2", nil, []string{protoHTTP}},
		{"no certificate, raft", nil, []string{protoRaft}},
		{"another cluster's, h2", []tls.Certificate{*foreign.tls}, []string{protoHTTP}},
		{"another cluster's, raft", []tls.Certificate{*foreign.tls}, []string{protoRaft}},
		{"one that ended", []tls.Certificate{*ended.tls}, []string{protoHTTP}},
		{"a member without ALPN", []tls.Certificate{*first.cur.Load().tls}, nil},
		{"a member with another ALPN", []tls.Certificate{*first.cur.Load().tls}, []string{"http/1.1"}},
	}
	for _, row := range rows {
		c, err := tls.DialWithDialer(&net.Dialer{Timeout: 3 * time.Second}, "tcp", a.Addr(), &tls.Config{
			InsecureSkipVerify: true, Certificates: row.certs, NextProtos: row.protos,
		})
		if err == nil {
			c.SetDeadline(time.Now().Add(3 * time.Second))
			var n int
			n, err = c.Read(make([]byte, 1)) // TLS 1.3 tells a client of its refusal on the first read
			if n > 0 {
				t.Errorf("%s: got data", row.name)
			}
			c.Close()
		}
		var timeout net.Error
		if err == nil || errors.As(err, &timeout) && timeout.Timeout() {
			t.Errorf("%s: not refused: %v", row.name, err)
		}
	}
	old := &tls.Config{
		InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, NextProtos: []string{protoHTTP},
		Certificates: []tls.Certificate{*first.cur.Load().tls},
	}
	if c, err := tls.Dial("tcp", a.Addr(), old); err == nil {
		c.Close()
		t.Error("TLS 1.2 is spoken")
	}
	if ran {
		t.Error("a handler ran for a stranger")
	}
}

func TestExpectedNodeAndAllow(t *testing.T) {
	first := newCluster(t, "a")
	var mu sync.Mutex
	removed := ""
	b := start(t, another(t, first, "b", false, Options{}), func(c *Config) {
		c.Allow = func(node string) bool { mu.Lock(); defer mu.Unlock(); return node != removed }
	})
	b.HandleCall("/echo", echo)
	b.Raft()
	wrong := start(t, first, func(c *Config) { c.NodeAt = func(string) string { return "c" } })
	_, err := wrong.Call(soon(t), b.Addr(), "/echo", nil)
	if !errors.Is(err, ErrNotDelivered) || !strings.Contains(err.Error(), "node c is expected") {
		t.Errorf("a call to another node than expected: %v", err)
	}
	if c, err := wrong.Raft().Dial("", time.Second); err == nil {
		c.Close()
		t.Error("dialled nothing")
	}
	right := start(t, first, func(c *Config) { c.NodeAt = func(string) string { return "b" } })
	if _, err := right.Call(soon(t), b.Addr(), "/echo", nil); err != nil {
		t.Errorf("a call to the node expected: %v", err)
	}
	mu.Lock()
	removed = "a"
	mu.Unlock()
	if _, err = right.Call(soon(t), b.Addr(), "/echo", nil); !errors.Is(err, ErrNotDelivered) {
		t.Errorf("a removed node calls on an open connection: %v", err)
	}
	anew := start(t, first, nil)
	_, err = anew.Call(soon(t), b.Addr(), "/echo", nil)
	if !errors.Is(err, ErrNotDelivered) || !strings.Contains(err.Error(), "refuses this node's certificate") {
		t.Errorf("a removed node calls on a new connection: %v", err)
	}
	if c, err := anew.Raft().Dial(raft.ServerAddress(b.Addr()), time.Second); err == nil {
		c.SetReadDeadline(time.Now().Add(3 * time.Second))
		if _, err := c.Read(make([]byte, 1)); err == nil || isTimeout(err) {
			t.Errorf("a removed node has a Raft stream: %v", err)
		}
		c.Close()
	}
}

// TestOutcomes cuts calls off at each stage and looks at what the caller is told.
func TestOutcomes(t *testing.T) {
	first := newCluster(t, "a")
	a := start(t, first, nil)
	b := start(t, another(t, first, "b", false, Options{}), nil)
	entered, ended := make(chan struct{}), make(chan error, 1)
	b.HandleCall("/wait", func(ctx context.Context, _ []byte) ([]byte, error) {
		entered <- struct{}{}
		<-ctx.Done()
		ended <- ctx.Err()
		return nil, ctx.Err()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	go func() { <-entered }()
	_, err := a.Call(ctx, b.Addr(), "/wait", []byte("x"))
	var e *CallError
	if !errors.Is(err, ErrOutcomeUnknown) || !errors.As(err, &e) {
		t.Errorf("the caller's time is over: %v", err)
	}
	select {
	case <-ended:
	case <-time.After(3 * time.Second):
		t.Error("the handler's context did not end with the caller's")
	}

	<-ctx.Done() // the peer may have told first
	if _, err := a.Call(ctx, b.Addr(), "/wait", nil); !errors.Is(err, ErrNotDelivered) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the time is over before the call: %v", err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := a.Call(soon(t), b.Addr(), "/wait", []byte("x"))
		done <- err
	}()
	<-entered
	b.Close()
	if err := <-done; !errors.Is(err, ErrOutcomeUnknown) {
		t.Errorf("the peer went away while its handler ran: %v", err)
	}
	if _, err := a.Call(soon(t), b.Addr(), "/wait", []byte("x")); !errors.Is(err, ErrNotDelivered) {
		t.Errorf("the peer is gone: %v", err)
	}
	a.Close()
	if _, err := a.Call(soon(t), b.Addr(), "/wait", nil); !errors.Is(err, ErrNotDelivered) || !errors.Is(err, ErrClosed) {
		t.Errorf("a call after Close: %v", err)
	}
}

func TestIdentityFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "node")
	if _, err := Load(dir, Options{}); !errors.Is(err, ErrNoIdentity) {
		t.Errorf("load of nothing: %v", err)
	}
	id, err := Init(dir, "n1", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Init(dir, "n2", Options{}); !errors.Is(err, ErrHasIdentity) {
		t.Errorf("init over an identity: %v", err)
	}
	for name, mode := range map[string]os.FileMode{"": 0o700 | os.ModeDir, "ca.key": 0o600, "node.key": 0o600} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != mode {
			t.Errorf("%q: mode %v, want %v (%v)", name, info.Mode(), mode, err)
		}
	}
	again, err := Load(dir, Options{})
	if err != nil || again.Node() != "n1" || again.Cluster() != id.Cluster() || !again.CanSign() || len(id.Cluster()) != 26 {
		t.Errorf("load: %+v, %v", again, err)
	}
	if left := time.Until(id.Expires()); left < 89*24*time.Hour || left > 91*24*time.Hour {
		t.Errorf("the certificate lives %v", left)
	}
	if left := time.Until(id.RenewAt()); left < 58*24*time.Hour || left > 62*24*time.Hour {
		t.Errorf("it is renewed in %v", left)
	}
	for _, name := range []string{"", "-a", "a-", "A", "a.b", "a_b", strings.Repeat("a", 59), "ä"} {
		if _, err := Init(filepath.Join(t.TempDir(), "x"), name, Options{}); err == nil {
			t.Errorf("%q is taken as a node's name", name)
		}
	}
	b, err := Brought(filepath.Join(dir, "node.pem"), filepath.Join(dir, "node.key"), filepath.Join(dir, "ca.pem"), "")
	if err != nil || b.Node() != "n1" || b.Cluster() != id.Cluster() || b.CanSign() {
		t.Errorf("brought: %+v, %v", b, err)
	}
	other := newCluster(t, "n1")
	if _, err := Brought(filepath.Join(dir, "node.pem"), filepath.Join(other.dir, "node.key"), filepath.Join(dir, "ca.pem"), ""); err == nil {
		t.Error("a certificate with another's key was loaded")
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.key"), must(os.ReadFile(filepath.Join(other.dir, "ca.key"))), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir, Options{}); err == nil || !strings.Contains(err.Error(), "ca.key") {
		t.Errorf("load with another authority's key: %v", err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
