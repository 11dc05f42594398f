package admin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/rollout"
	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/state"
)

// appNode is a node whose coordinator waits for no other nodes.
func appNode(t *testing.T) *testNode {
	return start(t, func(c *Config) {
		c.Services.Rollout = &rollout.Coordinator{Apps: raftstore.NewApps(c.Services.Store), Voters: func(context.Context) ([]string, error) { return nil, nil }}
	})
}

// send sends a request and reads the answer.
func (n *testNode) send(method, path string, headers map[string]string, body []byte, length int) (int, []byte, http.Header) {
	n.t.Helper()
	var reader io.Reader = bytes.NewReader(body)
	if length > len(body) { // a connection that breaks
		reader = io.MultiReader(reader, brokenReader{})
	}
	req, err := http.NewRequest(method, n.url+path, reader)
	if err != nil {
		n.t.Fatal(err)
	}
	req.ContentLength = int64(length)
	req.Header.Set("Authorization", "Bearer "+n.token)
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		if length > len(body) {
			return 0, nil, nil
		}
		n.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	return res.StatusCode, b, res.Header
}

type brokenReader struct{}

// Read implements io.Reader.
func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func (n *testNode) appAsk(method, path string, body, reply any) int {
	n.t.Helper()
	var b []byte
	if body != nil {
		var err error
		if b, err = json.Marshal(body); err != nil {
			n.t.Fatal(err)
		}
	}
	status, answer, _ := n.send(method, path, nil, b, len(b))
	if reply != nil {
		if err := json.Unmarshal(answer, reply); err != nil {
			n.t.Fatalf("%s %s: %d %s: %v", method, path, status, answer, err)
		}
	}
	return status
}

// bundle uploads content and returns its digest.
func (n *testNode) bundle(content []byte) string {
	n.t.Helper()
	sum := sha256.Sum256(content)
	digest := hex.EncodeToString(sum[:])
	length := map[string]string{lengthHeader: itoa(len(content))}
	if status, b, _ := n.send("POST", "/v1/blobs/"+digest, length, nil, 0); status != 200 {
		n.t.Fatalf("begin: %d %s", status, b)
	}
	if status, b, _ := n.send("PATCH", "/v1/blobs/"+digest, map[string]string{offsetHeader: "0"}, content, len(content)); status != 200 {
		n.t.Fatalf("upload: %d %s", status, b)
	}
	return digest
}

func itoa(n int) string {
	b, _ := json.Marshal(n)
	return string(b)
}

func TestUploadGoesOnWhereItBroke(t *testing.T) {
	n := appNode(t)
	content := bytes.Repeat([]byte("0123456789abcdef"), 60_000) // 960000 bytes: 3.7 chunks
	sum := sha256.Sum256(content)
	path := "/v1/blobs/" + hex.EncodeToString(sum[:])
	if status, _, _ := n.send("HEAD", path, nil, nil, 0); status != 404 {
		t.Errorf("before it began: %d", status)
	}
	if status, b, h := n.send("POST", path, map[string]string{lengthHeader: "960000"}, nil, 0); status != 200 || h.Get(offsetHeader) != "0" {
		t.Fatalf("begin: %d %s", status, b)
	}
	n.send("PATCH", path, map[string]string{offsetHeader: "0"}, content[:600_000], len(content)) // breaks in the third chunk
	offset := ""
	for range 1000 { // the server may still be writing the first part
		_, _, h := n.send("HEAD", path, nil, nil, 0)
		if offset = h.Get(offsetHeader); offset == "524288" {
			break
		}
	}
	if offset != "524288" {
		t.Fatalf("offset %s after the break, want two whole chunks", offset)
	}
	status, b, h := n.send("PATCH", path, map[string]string{offsetHeader: "0"}, content, len(content))
	if status != 409 || h.Get(offsetHeader) != offset {
		t.Errorf("from the beginning again: %d %s %v", status, b, h)
	}
	var reply BundleReply
	status, b, _ = n.send("PATCH", path, map[string]string{offsetHeader: offset}, content[524288:], len(content)-524288)
	if json.Unmarshal(b, &reply); status != 200 || !reply.Complete {
		t.Errorf("the rest: %d %s", status, b)
	}
	if status, b, _ := n.send("GET", path, nil, nil, 0); status != 200 || !bytes.Equal(b, content) {
		t.Errorf("download: %d, %d bytes", status, len(b))
	}
	// Once complete, sending again is no mistake.
	if status, _, _ := n.send("PATCH", path, map[string]string{offsetHeader: "0"}, content, len(content)); status != 200 {
		t.Errorf("once more: %d", status)
	}
	wrong := "/v1/blobs/" + strings.Repeat("ab", 32)
	n.send("POST", wrong, map[string]string{lengthHeader: "4"}, nil, 0)
	if status, b, _ := n.send("PATCH", wrong, map[string]string{offsetHeader: "0"}, []byte("oops"), 4); status != 400 || !bytes.Contains(b, []byte("SHA-256")) {
		t.Errorf("other content: %d %s", status, b)
	}
	if status, _, _ := n.send("HEAD", wrong, nil, nil, 0); status != 404 {
		t.Errorf("spoiled content was kept: %d", status)
	}
	if status, _, _ := n.send("POST", "/v1/blobs/xyz", map[string]string{lengthHeader: "4"}, nil, 0); status != 400 {
		t.Errorf("a digest that is none: %d", status)
	}
}

func TestVersionsServeByWeightAndGoBack(t *testing.T) {
	n := appNode(t)
	first, second := n.bundle([]byte("one")), n.bundle([]byte("two"))
	var v AppVersionReply
	if status := n.appAsk("POST", "/v1/apps/shop/versions", AppVersionRequest{Digest: first, Label: "1.0", Note: "n"}, &v); status != 201 || v.Version != 1 {
		t.Fatalf("%d %+v", status, v)
	}
	var p Problem
	if status := n.appAsk("POST", "/v1/apps/shop/versions", AppVersionRequest{Digest: strings.Repeat("ab", 32)}, &p); status != 404 || p.Code != "not_found" {
		t.Errorf("a bundle that is not there: %d %+v", status, p)
	}
	n.appAsk("POST", "/v1/apps/shop/versions", AppVersionRequest{Digest: second}, &v)
	var change AppChangeReply
	if status := n.appAsk("POST", "/v1/apps/shop:activate", AppPromoteRequest{Version: 1}, &change); status != 200 || len(change.Activation.Weights) != 1 {
		t.Fatalf("%d %+v", status, change)
	}
	bound := 0.01
	canary := AppPromoteRequest{Version: 2, Weight: 10, ErrorBound: &bound, Window: "30s", Reason: "try"}
	if status := n.appAsk("POST", "/v1/apps/shop:promote", canary, &change); status != 200 {
		t.Fatalf("%d %+v", status, change)
	}
	var app AppReply
	n.appAsk("GET", "/v1/apps/shop/versions", nil, &app)
	if len(app.Versions) != 2 || app.Versions[0].Number != 2 || app.Versions[0].Percent != 10 || app.Versions[1].Percent != 90 || app.Activation.Guard.ErrorBound != 0.01 {
		t.Errorf("%+v", app)
	}
	if status := n.appAsk("POST", "/v1/apps/shop:rollback", nil, &change); status != 200 || change.Activation.Weights[0] != (AppWeight{1, 100}) {
		t.Errorf("%d %+v", status, change)
	}
	for path, body := range map[string]any{
		"/v1/apps/shop:promote": AppPromoteRequest{}, "/v1/apps/shop:activate": AppPromoteRequest{Version: 1, Weight: 101},
	} {
		if status := n.appAsk("POST", path, body, &p); status != 400 || p.Code != abi.CodeInvalid.String() {
			t.Errorf("%s: %d %+v", path, status, p)
		}
	}
	if status := n.appAsk("POST", "/v1/apps/shop:promote", AppPromoteRequest{Version: 1, Window: "3s"}, &p); status != 400 {
		t.Errorf("a window without a bound: %d", status)
	}
	for _, path := range []string{"/v1/apps/none:rollback", "/v1/apps/shop:rollback", "/v1/apps/none:stop"} {
		if status := n.appAsk("POST", path, nil, &p); status != 404 {
			t.Errorf("%s: %d %+v", path, status, p)
		}
	}
	if status := n.appAsk("POST", "/v1/apps/shop:stop", AppStopRequest{"over"}, &change); status != 200 || len(change.Activation.Weights) != 0 {
		t.Errorf("stop: %d %+v", status, change)
	}
	var history AppHistoryReply
	if n.appAsk("GET", "/v1/apps/shop/history", nil, &history); len(history.Activations) != 4 || history.Activations[2].Reason != "try" {
		t.Errorf("%+v", history)
	}
	var list AppListReply
	if n.appAsk("GET", "/v1/apps", nil, &list); len(list.Apps) != 1 || list.Apps[0].Newest != 2 {
		t.Errorf("%+v", list)
	}
	n.want(204, "", "DELETE", "/v1/apps/shop", "")
	n.want(404, "no shop", "DELETE", "/v1/apps/shop", "")
}

// TestATokenOfOneAppDeploysIt uploads below the app, which is all that such a token may.
func TestATokenOfOneAppDeploysIt(t *testing.T) {
	n := appNode(t)
	content := []byte("one")
	sum := sha256.Sum256(content)
	digest := hex.EncodeToString(sum[:])
	var made NewTokenReply
	if status := n.appAsk("POST", "/v1/tokens", map[string]any{"scopes": []string{"deploy"}, "apps": []string{"shop"}}, &made); status != 201 {
		t.Fatalf("token: %d", status)
	}
	n.token = made.Token
	if status, b, _ := n.send("POST", "/v1/blobs/"+digest, map[string]string{lengthHeader: "3"}, nil, 0); status != 403 {
		t.Errorf("outside of the app: %d %s", status, b)
	}
	if status, b, _ := n.send("POST", "/v1/apps/shop/bundles/"+digest, map[string]string{lengthHeader: "3"}, nil, 0); status != 200 {
		t.Fatalf("%d %s", status, b)
	}
	if status, b, _ := n.send("PATCH", "/v1/apps/shop/bundles/"+digest, map[string]string{offsetHeader: "0"}, content, 3); status != 200 {
		t.Fatalf("%d %s", status, b)
	}
	if status, _, _ := n.send("GET", "/v1/apps/shop/bundles/"+digest, nil, nil, 0); status != 404 {
		t.Errorf("a bundle that is no version of the app was given out: %d", status)
	}
	n.appAsk("POST", "/v1/apps/shop/versions", AppVersionRequest{Digest: digest}, nil)
	if status, b, _ := n.send("GET", "/v1/apps/shop/bundles/"+digest, nil, nil, 0); status != 200 || string(b) != "one" {
		t.Errorf("%d %s", status, b)
	}
	if status, _, _ := n.send("GET", "/v1/apps/other/bundles/"+digest, nil, nil, 0); status != 403 {
		t.Errorf("another app's bundle was given out: %d", status)
	}
}

func TestSigningKeysByTheAPI(t *testing.T) {
	n := appNode(t)
	digest := n.bundle([]byte("one"))
	var p Problem
	if status := n.appAsk("PUT", "/v1/signing", SigningRequest{true}, &p); status != 409 {
		t.Errorf("required without a key: %d", status)
	}
	var key SigningKey
	public := bytes.Repeat([]byte{7}, 32)
	if status := n.appAsk("POST", "/v1/signing/keys", SigningKeyRequest{"ci", public}, &key); status != 201 || key.ID != state.KeyID(public) {
		t.Fatalf("%d %+v", status, key)
	}
	if status := n.appAsk("PUT", "/v1/signing", SigningRequest{true}, nil); status != 204 {
		t.Errorf("require: %d", status)
	}
	if status := n.appAsk("POST", "/v1/apps/shop/versions", AppVersionRequest{Digest: digest}, &p); status != 403 || p.Code != "denied" {
		t.Errorf("not signed: %d %+v", status, p)
	}
	var reply SigningReply
	if n.appAsk("GET", "/v1/signing", nil, &reply); !reply.Required || len(reply.Keys) != 1 || reply.Keys[0].Name != "ci" {
		t.Errorf("%+v", reply)
	}
	if status := n.appAsk("DELETE", "/v1/signing/keys/"+key.ID, nil, &p); status != 409 {
		t.Errorf("the last key: %d", status)
	}
	n.appAsk("PUT", "/v1/signing", SigningRequest{false}, nil)
	if status := n.appAsk("DELETE", "/v1/signing/keys/"+key.ID, nil, nil); status != 204 {
		t.Errorf("distrust: %d", status)
	}
}
