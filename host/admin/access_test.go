package admin

import (
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/state"
)

func jsonNumber(n uint64) string { return strconv.FormatUint(n, 10) }

var update = flag.Bool("update", false, "rewrite docs/openapi.json")

// TestDocument compares docs/openapi.json with what the routes say.
func TestDocument(t *testing.T) {
	got, err := Document(Routes(Services{}))
	if err != nil {
		t.Fatal(err)
	}
	const path = "../../docs/openapi.json"
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != string(got) {
		t.Errorf("docs/openapi.json is stale (%v): go test ./host/admin -run Document -update", err)
	}
	n := start(t, nil)
	n.token = "none"
	if _, text := n.want(200, `"openapi": "3.1.0"`, "GET", "/v1/openapi.json", ""); text != string(got) {
		t.Error("the node serves another document")
	}
}

func TestTokens(t *testing.T) {
	n := start(t, nil)
	root := n.token
	make := func(body string) string {
		t.Helper()
		n.token = root
		_, text := n.want(201, "", "POST", "/v1/tokens", body)
		return decode[NewTokenReply](t, text).Token
	}
	const key = "/v1/apps/shop/kv/a/k"
	n.token = make(`{"scopes":["read"],"note":"reader"}`)
	n.want(404, "", "GET", key, "")
	n.want(403, "scope write", "PUT", key, "x")
	n.want(403, "scope admin", "GET", "/v1/tokens", "")
	if n.token = make(`{"scopes":["write"]}`); true {
		n.want(204, "", "PUT", key, "x")
		n.want(200, "x", "GET", key, "")
		n.want(403, "scope deploy", "PUT", "/v1/apps/shop/secrets/A", "x")
	}
	n.token = make(`{"scopes":["write","deploy"],"apps":["shop"]}`)
	n.want(204, "", "PUT", key, "y")
	n.want(200, "version", "PUT", "/v1/apps/shop/secrets/A", "x")
	n.want(403, "other apps", "GET", "/v1/apps/blog/kv/a/k", "")
	n.want(403, "other apps", "GET", "/v1/cluster", "")
	n.token = make(`{"scopes":["admin"],"ttl":"1ms"}`)
	time.Sleep(3 * time.Millisecond)
	n.want(401, "", "GET", key, "")

	n.token = make(`{"scopes":["admin"]}`)
	id, _, _ := strings.Cut(n.token, ".")
	_, text := n.want(200, `"note":"reader"`, "GET", "/v1/tokens", "")
	if page := decode[TokenPage](t, text); len(page.Tokens) != 4 {
		t.Errorf("%d tokens: %s", len(page.Tokens), text)
	}
	for _, wrong := range []string{id + ".x", id, "", "root." + strings.Repeat("A", 43), strings.ToUpper(n.token)} {
		n.want(401, "unauthorized", "GET", key, "", "Authorization: Bearer "+wrong)
	}
	n.want(204, "", "DELETE", "/v1/tokens/"+id, "")
	n.want(401, "", "GET", key, "")
	n.token = root
	n.want(404, "", "DELETE", "/v1/tokens/"+id, "")
	n.want(400, "no scope", "POST", "/v1/tokens", `{"scopes":["all"]}`)
	n.store.View(t.Context(), raftstore.Linearizable, func(v *state.View) error {
		state.TokenList(v, func(token state.Token) bool {
			if len(token.Hash) != 32 {
				t.Errorf("token %s is kept as %q", token.ID, token.Hash)
			}
			return true
		})
		return nil
	})
}

// TestRootTokenStays opens a node's folder twice.
func TestRootTokenStays(t *testing.T) {
	n := start(t, nil)
	n.want(404, "", "GET", "/v1/apps/a/kv/a/k", "")
	e, err := ReadEndpoint(n.data)
	if err != nil || e.URL != n.url || e.Token != n.token || e.Node != "n1" {
		t.Fatalf("%+v, %v", e, err)
	}
	if info, err := os.Stat(filepath.Join(n.data, File)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	again, err := New(Config{Services: Services{Store: n.store}, Data: n.data})
	if err != nil || again.cfg.RootToken != n.token {
		t.Errorf("another root token, %v", err)
	}
	again.Close()
}

func TestSecretsAreNotShown(t *testing.T) {
	n := start(t, nil)
	const value = "sk_live_51Habc"
	n.want(200, `{"version":1}`, "PUT", "/v1/apps/shop/secrets/STRIPE_KEY", value)
	n.want(200, `{"version":2}`, "PUT", "/v1/apps/shop/secrets/STRIPE_KEY", value)
	n.want(400, "empty", "PUT", "/v1/apps/shop/secrets/STRIPE_KEY", "")
	_, text := n.want(200, `"name":"STRIPE_KEY"`, "GET", "/v1/apps/shop/secrets", "")
	n.want(405, "", "GET", "/v1/apps/shop/secrets/STRIPE_KEY", "")
	n.want(200, `"rewrapped":1`, "POST", "/v1/secrets:rotate", "")
	n.want(204, "", "DELETE", "/v1/apps/shop/secrets/STRIPE_KEY", "")
	n.want(404, "not_found", "DELETE", "/v1/apps/shop/secrets/STRIPE_KEY", "")
	n.Close()
	if strings.Contains(text+n.log.String(), value) {
		t.Errorf("the value is in %s\n%s", text, n.log)
	}
	if !strings.Contains(n.log.String(), "operation=secretSet") || !strings.Contains(n.log.String(), "secret=STRIPE_KEY") {
		t.Errorf("no audit record: %s", n.log)
	}
	kept := 0
	n.store.View(t.Context(), raftstore.Linearizable, func(v *state.View) error { // what is kept is not the value
		v.Scan([]byte{0}, []byte{0xff}, func(_, b []byte) bool {
			kept++
			if strings.Contains(string(b), value) {
				t.Error("the store holds the value")
			}
			return true
		})
		return nil
	})
	if kept == 0 {
		t.Error("nothing was looked at")
	}
}

// memberNode is a node in a cluster of its own making.
type memberNode struct {
	Cluster
	status raftstore.Status
	calls  []string
}

func (m *memberNode) Status() raftstore.Status { return m.status }
func (m *memberNode) Peers() []raftstore.Peer  { return nil }

func TestHealth(t *testing.T) {
	m := &memberNode{status: raftstore.Status{Node: "n1", Leader: "n1"}}
	var why error
	n := start(t, func(c *Config) { c.Services.Cluster, c.Services.Ready = m, func() error { return why } })
	n.token = ""
	n.want(200, `"ok"`, "GET", "/healthz", "")
	n.want(200, `"ok"`, "GET", "/readyz", "")
	why = abi.Errorf(abi.CodeUnavailable, "draining")
	n.want(503, "draining", "GET", "/readyz", "")
	why = nil
	for _, bad := range []raftstore.Status{{}, {Leader: "n1", Contact: -1}, {Leader: "n2", Contact: 60_000}, {Leader: "n1", Failed: "disk"}} {
		m.status = bad
		n.want(503, "unavailable", "GET", "/readyz", "")
		n.want(200, "", "GET", "/healthz", "")
	}
}

// TestLongHandlersEnd checks that a request that waits does not keep the server from stopping.
func TestLongHandlersEnd(t *testing.T) {
	n := start(t, func(c *Config) { c.Limits.HeadTimeout = 200 * time.Millisecond }) // a connection that the client holds in reserve
	n.want(200, "", "POST", "/v1/apps/shop/lock/a/b", `{"owner":"x"}`)
	ended := make(chan int, 1)
	go func() {
		r, _ := http.NewRequest("POST", n.url+"/v1/apps/shop/lock/a/b", strings.NewReader(`{"owner":"y","wait":"5m"}`))
		r.Header.Set("Authorization", "Bearer "+n.token)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			ended <- 0
			return
		}
		resp.Body.Close()
		ended <- resp.StatusCode
	}()
	for waiting := false; !waiting; {
		_, text := n.want(200, "", "GET", "/v1/apps/shop/lock/a/b", "")
		waiting = decode[LockState](t, text).Waiters > 0
	}
	if err := n.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if status := <-ended; status == 200 || status == 0 {
		t.Errorf("status %d", status)
	}
}
