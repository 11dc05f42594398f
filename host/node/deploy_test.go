package node

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stackhost/stackhost/host/admin"
	"github.com/stackhost/stackhost/host/app"
	"github.com/stackhost/stackhost/host/app/bundle"
	"github.com/stackhost/stackhost/raftstore/link"
)

// member is a node of a test's cluster.
type member struct {
	*Node
	url, token string
}

// startMembers starts a cluster of size voters.
func startMembers(t *testing.T, size int) (members []*member) {
	t.Helper()
	for i := range size {
		cfg := Config{Data: t.TempDir(), Name: fmt.Sprintf("n%d", i+1), Listen: "127.0.0.1:0", Admin: "127.0.0.1:0"}
		if i > 0 {
			token, err := members[0].Link.NewToken(t.Context(), link.TokenOptions{TTL: time.Minute, Uses: 1})
			if err != nil {
				t.Fatal(err)
			}
			cfg.Token, cfg.Seeds = token, []string{members[0].Link.Addr()}
		}
		n, err := Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			n.Close(ctx)
		})
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go n.Host.Serve(ln)
		e, err := admin.ReadEndpoint(cfg.Data)
		for end := time.Now().Add(5 * time.Second); err != nil && time.Now().Before(end); e, err = admin.ReadEndpoint(cfg.Data) {
			time.Sleep(time.Millisecond)
		}
		if err != nil {
			t.Fatal(err)
		}
		members = append(members, &member{n, "http://" + ln.Addr().String(), e.Token})
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		voters := 0
		for _, m := range members[0].Store.Members() {
			if m.Voter {
				voters++
			}
		}
		if voters == size {
			return members
		}
		if time.Now().After(end) {
			t.Fatalf("%d of %d nodes vote", voters, size)
		}
	}
}

// api asks a node's admin API.
func (m *member) api(t *testing.T, method, path string, header, value string, body []byte, reply any) {
	t.Helper()
	req, err := http.NewRequest(method, m.AdminURL()+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+m.token)
	if header != "" {
		req.Header.Set(header, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode > 299 {
		t.Fatalf("%s %s: %d %s %v", method, path, res.StatusCode, b, err)
	}
	if reply != nil {
		if err := json.Unmarshal(b, reply); err != nil {
			t.Fatalf("%s %s: %s: %v", method, path, b, err)
		}
	}
}

func (m *member) ask(t *testing.T, path string, body, reply any) {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	m.api(t, "POST", path, "Content-Type", "application/json", b, reply)
}

// wordApp is an app of which everything says word: a middleware in a header, a module and a file in the body.
func wordApp(t *testing.T, word string) (archive []byte, info *bundle.Info) {
	t.Helper()
	dir := t.TempDir()
	answer, err := os.ReadFile("../dialect/extism/testdata/answer.wasm")
	if err != nil {
		t.Fatal(err)
	}
	hello, err := os.ReadFile("../../docs/examples/hello.wasm")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"answer.wasm": string(answer), "hello.wasm": string(bytes.Replace(hello, []byte("hello\n"), []byte(word+"\n"), 1)), "public/a.txt": word + "\n",
		"stackhost.toml": `
name = "words"
[modules.mark]
path = "answer.wasm"
[modules.mark.extism]
middleware = "handle"
functions = [{ name = "ask", module = "back" }]
config = { answer = '{"action":"pass","response_headers":{"x-word":"` + word + `"}}' }
[modules.back]
path = "answer.wasm"
[modules.back.extism]
function = "echo"
functions = [{ name = "ask", module = "mark" }]
[modules.say]
path = "hello.wasm"
[[routes]]
path = "/say"
module = "say"
middleware = ["mark"]
[[static]]
path = "/files/"
dir = "public"
middleware = ["mark"]
`} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return pack(t, dir)
}

func pack(t *testing.T, dir string) (archive []byte, info *bundle.Info) {
	t.Helper()
	a, err := app.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if info, err = bundle.Pack(a, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), info
}

// deploy does through a node's admin API what the command does.
func (m *member) deploy(t *testing.T, word string) {
	t.Helper()
	archive, info := wordApp(t, word)
	m.deployApp(t, "words", archive, info)
}

func (m *member) deployApp(t *testing.T, name string, archive []byte, info *bundle.Info) {
	t.Helper()
	m.api(t, "POST", "/v1/blobs/"+info.Digest, "Upload-Length", strconv.Itoa(len(archive)), nil, nil)
	m.api(t, "PATCH", "/v1/blobs/"+info.Digest, "Upload-Offset", "0", archive, nil)
	var version admin.AppVersionReply
	m.ask(t, "/v1/apps/"+name+"/versions", admin.AppVersionRequest{Digest: info.Digest}, &version)
	var change admin.AppChangeReply
	m.ask(t, "/v1/apps/"+name+":activate", admin.AppPromoteRequest{Version: version.Version}, &change)
	if len(change.Switched) != 3 {
		t.Errorf("switched: %v, behind: %v", change.Switched, change.Behind)
	}
}

// fetchWord gets a page and fails when it is not whole, of one version.
func fetchWord(client *http.Client, url string) (word string, err error) {
	res, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return "", err
	}
	word = strings.TrimSpace(string(body))
	if mark := res.Header.Get("X-Word"); res.StatusCode != 200 || mark != word {
		return "", fmt.Errorf("%s: status %d, the middleware says %q, the body %.100q", url, res.StatusCode, mark, word)
	}
	return word, nil
}

// TestDeployUnderLoad deploys and rolls back on three nodes under 64 connections: no request fails, no page is mixed, and once the
// answer is there every node serves the new version.
func TestDeployUnderLoad(t *testing.T) {
	members := startMembers(t, 3)
	members[1].deploy(t, "hello")
	var pages, failures atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for n := i; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := fetchWord(client, members[i%3].url+[]string{"/say", "/files/a.txt"}[n%2]); err != nil {
					failures.Add(1)
					t.Error(err)
					return
				}
				pages.Add(1)
			}
		})
	}
	says := func(word string) {
		t.Helper()
		for _, m := range members {
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			if got, err := fetchWord(client, m.url+"/say"); err != nil || got != word {
				t.Errorf("%s says %q (%v), want %q", m.url, got, err, word)
			}
		}
	}
	for i := range 3 {
		members[i].deploy(t, "howdy")
		says("howdy")
		var change admin.AppChangeReply
		members[(i+1)%3].ask(t, "/v1/apps/words:rollback", admin.AppRollbackRequest{}, &change)
		if len(change.Switched) != 3 {
			t.Errorf("rollback switched %v, behind: %v", change.Switched, change.Behind)
		}
		says("hello")
	}
	close(stop)
	wg.Wait()
	t.Logf("%d pages, %d failures", pages.Load(), failures.Load())
}
