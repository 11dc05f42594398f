package admin

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stackhost/stackhost/host/hosttest"
	"github.com/stackhost/stackhost/raftstore"
)

// testNode is a server over real TCP.
type testNode struct {
	*Server
	t     *testing.T
	store *hosttest.Memory
	url   string
	data  string
	token string
	log   *bytes.Buffer
}

func start(t *testing.T, change func(*Config)) *testNode {
	t.Helper()
	n := &testNode{t: t, store: hosttest.NewMemory(), data: t.TempDir(), log: &bytes.Buffer{}}
	keys, err := raftstore.OpenKeyring(raftstore.SecretKeys{Own: n.data + "/secret.key"})
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		Services: Services{Store: n.store, Watcher: n.store, Sessions: raftstore.NewSessions(n.store), Secrets: raftstore.NewSecrets(n.store, keys)},
		Data:     n.data, Node: "n1", Log: slog.New(slog.NewTextHandler(&lockedWriter{w: n.log}, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&cfg)
	}
	if n.Server, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- n.Serve(ln) }()
	t.Cleanup(func() {
		n.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	n.url = n.Server.url(ln.Addr())
	n.token = n.cfg.RootToken
	return n
}

// ask sends a request; header fields are "Name: value" lines.
func (n *testNode) ask(method, path, body string, fields ...string) (*http.Response, string) {
	n.t.Helper()
	r, err := http.NewRequest(method, n.url+path, strings.NewReader(body))
	if err != nil {
		n.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+n.token)
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		n.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	return resp, string(text)
}

// want asks and checks status and a part of the body.
func (n *testNode) want(status int, part, method, path, body string, fields ...string) (*http.Response, string) {
	n.t.Helper()
	resp, text := n.ask(method, path, body, fields...)
	if resp.StatusCode != status || !strings.Contains(text, part) {
		n.t.Fatalf("%s %s: %d %s; want %d with %q", method, path, resp.StatusCode, text, status, part)
	}
	return resp, text
}

func decode[T any](t *testing.T, text string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func TestRefusals(t *testing.T) {
	n := start(t, nil)
	n.want(404, `"code":"not_found"`, "GET", "/v1/nothing", "")
	resp, _ := n.want(405, "unsupported", "PATCH", "/v1/tokens", "")
	if got := resp.Header.Get("Allow"); got != "POST, GET" {
		t.Errorf("Allow: %q", got)
	}
	n.want(400, "no query parameter", "GET", "/v1/tokens?lmit=1", "")
	n.want(413, "body-too-large", "GET", "/v1/tokens", "body")
	n.want(400, "unknown field", "POST", "/v1/tokens", `{"scope":"read"}`)
	resp, text := n.want(401, "unauthorized", "GET", "/v1/tokens", "", "Authorization: Bearer x.y")
	if resp.Header.Get("WWW-Authenticate") == "" || resp.Header.Get("Content-Type") != problemMedia {
		t.Errorf("headers %v", resp.Header)
	}
	p := decode[Problem](t, text)
	if id := resp.Header.Get("X-Request-Id"); id == "" || p.Instance != "urn:stackhost:request:"+id {
		t.Errorf("instance %q, request id %q", p.Instance, id)
	}
	n.want(401, "wants a token", "GET", "/v1/tokens", "", "Authorization: Basic eDp5")
	n.store.Fail(true)
	if resp, _ := n.want(503, "unavailable", "GET", "/v1/tokens", ""); resp.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}
