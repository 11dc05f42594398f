package rollout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host"
	"github.com/stackhost/stackhost/host/app"
	"github.com/stackhost/stackhost/host/app/bundle"
	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/state"
)

// folder is an app of which everything says word: a middleware in a header, a module and a file in the body. With fails, /say fails.
func folder(t testing.TB, word string, fails bool) *app.App {
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
	say := "say"
	if fails {
		say = "mark"
	}
	for name, content := range map[string]string{
		"answer.wasm": string(answer), "hello.wasm": string(bytes.Replace(hello, []byte("hello\n"), []byte(word+"\n"), 1)), "public/a.txt": word + "\n",
		"stackhost.toml": `
name = "words"
version = "` + word + `"
[modules.mark]
path = "answer.wasm"
[modules.mark.extism]
middleware = "handle"
function = "fail"
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
module = "` + say + `"
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
	a, err := app.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

var _ Host = (*host.Host)(nil)

type node struct {
	name  string
	host  *host.Host
	agent *Agent
	url   string
	dir   string
}

// cluster is several hosts and agents over one store.
type cluster struct {
	t     *testing.T
	store *raftstore.Store
	apps  *raftstore.Apps
	nodes []*node
	*Coordinator
}

func newCluster(t *testing.T, size int) *cluster {
	t.Helper()
	store, err := raftstore.Open(raftstore.Config{Dir: t.TempDir(), Node: "n1", Bootstrap: true, MinFree: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	c := &cluster{t: t, store: store, apps: raftstore.NewApps(store)}
	for i := range size {
		c.start(&node{name: fmt.Sprintf("n%d", i+1), dir: t.TempDir()})
	}
	c.Coordinator = &Coordinator{Apps: c.apps, Voters: func(context.Context) (names []string, err error) {
		for _, n := range c.nodes {
			names = append(names, n.name)
		}
		return names, nil
	}, Wait: 20 * time.Second}
	return c
}

func (c *cluster) start(n *node) {
	c.t.Helper()
	var err error
	if n.host, err = host.Open(host.Config{DataDir: n.dir}); err != nil {
		c.t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	go n.host.Serve(ln)
	n.url = "http://" + ln.Addr().String()
	n.agent = Start(Config{Node: n.name, Apps: c.apps, Host: n.host, Dir: filepath.Join(n.dir, "bundles"), Log: slog.New(slog.NewTextHandler(c.t.Output(), nil))})
	c.store.OnApply(n.agent.Notify)
	c.nodes = append(c.nodes, n)
	h, agent := n.host, n.agent
	c.t.Cleanup(func() { agent.Close(); h.Close() })
}

// upload puts the bundle of a into the store, in chunks, and makes a version of it.
func (c *cluster) upload(a *app.App, key *bundle.Key) (uint64, error) {
	c.t.Helper()
	var b bytes.Buffer
	info, err := bundle.Pack(a, &b)
	if err != nil {
		c.t.Fatal(err)
	}
	ctx := c.t.Context()
	d, err := state.ParseDigest(info.Digest)
	if err != nil {
		c.t.Fatal(err)
	}
	begun, err := c.apps.BeginBundle(ctx, d, info.Size)
	for err == nil && !begun.Complete && begun.Received < begun.Size {
		begun, err = c.apps.WriteBundle(ctx, d, begun.Received, b.Bytes()[begun.Received:min(begun.Size, begun.Received+state.BundleChunk)])
	}
	if err == nil {
		_, err = c.apps.FinishBundle(ctx, d)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	add := state.AppAdd{Digest: d, Label: a.Version}
	if key != nil {
		add.Key = key.ID()
		if add.Signature, err = key.Sign(info.Digest); err != nil {
			c.t.Fatal(err)
		}
	}
	return c.apps.Add(ctx, a.Name, add)
}

func (c *cluster) deploy(word string, fails bool, change Change) *Outcome {
	c.t.Helper()
	version, err := c.upload(folder(c.t, word, fails), nil)
	if err != nil {
		c.t.Fatal(err)
	}
	change.Version = version
	o, err := c.Promote(c.t.Context(), "words", change)
	if err != nil {
		c.t.Fatal(err)
	}
	if len(o.Behind) > 0 {
		c.t.Errorf("nodes %v have not switched to version %d", o.Behind, version)
	}
	return o
}

// page gets a page and fails when it is not whole, of one version.
func page(client *http.Client, url string) (word string, err error) {
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

// says checks that every node serves word on a new connection.
func (c *cluster) says(word string) {
	c.t.Helper()
	for _, n := range c.nodes {
		for _, path := range []string{"/say", "/files/a.txt"} {
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			if got, err := page(client, n.url+path); err != nil || got != word {
				c.t.Errorf("node %s says %q (%v), want %q", n.name, got, err, word)
			}
		}
	}
}

func TestDeployAndRollbackUnderLoad(t *testing.T) {
	c := newCluster(t, 3)
	c.deploy("hello", false, Change{})
	c.says("hello")
	var pages [2]atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for n := i; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				word, err := page(client, c.nodes[i%3].url+[]string{"/say", "/files/a.txt"}[n%2])
				switch {
				case err != nil:
					t.Error(err)
					return
				case word == "hello":
					pages[0].Add(1)
				default:
					pages[1].Add(1)
				}
			}
		})
	}
	for range 5 {
		before := pages[1].Load()
		c.deploy("howdy", false, Change{Reason: "deploy"})
		c.says("howdy")
		for pages[1].Load() < before+10 && !t.Failed() {
			time.Sleep(time.Millisecond)
		}
		o, err := c.Rollback(t.Context(), "words", 0, "")
		if err != nil || len(o.Behind) > 0 {
			t.Fatalf("rollback: %+v, %v", o, err)
		}
		c.says("hello")
	}
	close(stop)
	wg.Wait()
	if pages[0].Load() == 0 || pages[1].Load() == 0 {
		t.Errorf("%d and %d pages: one version was never seen", pages[0].Load(), pages[1].Load())
	}
	if versions, err := c.apps.Get(t.Context(), raftstore.Linearizable, "words"); err != nil || len(versions.Versions) != 2 {
		t.Errorf("the same bundles became %+v versions (%v)", versions, err)
	}
	if _, err := c.Rollback(t.Context(), "words", 0, ""); code(err) != abi.CodeNotFound {
		t.Errorf("rollback of the first version: %v", err)
	}
}

func code(err error) abi.Code {
	var e *abi.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

func TestNothingChangesWhenANodeIsNotReady(t *testing.T) {
	c := newCluster(t, 2)
	c.deploy("hello", false, Change{})
	broken := folder(t, "howdy", false)
	if err := os.WriteFile(filepath.Join(broken.Folder, "hello.wasm"), []byte("not a module"), 0o644); err != nil {
		t.Fatal(err)
	}
	version, err := c.upload(broken, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Promote(t.Context(), "words", Change{Version: version})
	if code(err) != abi.CodeConflict || !strings.Contains(err.Error(), "say") || !strings.Contains(err.Error(), "node n") {
		t.Errorf("a broken module: %v", err)
	}
	good, err := c.upload(folder(t, "again", false), nil)
	if err != nil {
		t.Fatal(err)
	}
	nodes := c.nodes
	c.nodes = append(slices.Clone(nodes), &node{name: "n9"})
	_, err = c.Promote(t.Context(), "words", Change{Version: good, Wait: 300 * time.Millisecond})
	if code(err) != abi.CodeDeadline || !strings.Contains(err.Error(), "n9") || strings.Contains(err.Error(), "n8") {
		t.Errorf("a node that never comes: %v", err)
	}
	c.nodes = nodes
	c.says("hello")
}

func TestACanaryThatFailsIsTakenBack(t *testing.T) {
	c := newCluster(t, 2)
	c.deploy("hello", false, Change{})
	o := c.deploy("broke", true, Change{Weight: 30, Bound: &Bound{Errors: 0.05, Window: 2 * time.Second, Minimum: 20}})
	if got := o.Activation.Weights; !slices.Equal(got, []state.Weight{{Version: 1, Weight: 7000}, {Version: 2, Weight: 3000}}) {
		t.Errorf("weights %v", got)
	}
	failed, answered := 0, 0
	deadline := time.Now().Add(20 * time.Second)
	for {
		info, err := c.apps.Get(t.Context(), raftstore.Linearizable, "words")
		if err != nil {
			t.Fatal(err)
		}
		if info.Activation.Serial > o.Activation.Serial {
			if !strings.Contains(info.Activation.Reason, "automatic rollback: version 2 failed") {
				t.Errorf("reason %q", info.Activation.Reason)
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no rollback after %d failures of %d: %+v", failed, answered, info.Counts)
		}
		for _, n := range c.nodes {
			for range 10 {
				client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
				if _, err := page(client, n.url+"/say"); err != nil {
					failed++
				}
				answered++
			}
		}
	}
	if share := float64(failed) / float64(answered); failed < 20 || share > 0.6 {
		t.Errorf("%d of %d requests failed with a canary of 30 %%", failed, answered)
	}
	for _, n := range c.nodes { // the agents follow by themselves
		for serial := uint64(0); serial <= o.Activation.Serial; serial, _ = n.host.Counts("words") {
			if time.Now().After(deadline) {
				t.Fatal("a node stays with the canary")
			}
			time.Sleep(time.Millisecond)
		}
	}
	for range 20 {
		c.says("hello")
	}
}

func TestAHealthyCanaryStays(t *testing.T) {
	c := newCluster(t, 1)
	c.deploy("hello", false, Change{})
	o := c.deploy("howdy", false, Change{Weight: 50, Bound: &Bound{Errors: 0.01, Window: time.Second, Minimum: 10}})
	for range 100 {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		if _, err := page(client, c.nodes[0].url+"/say"); err != nil {
			t.Fatal(err)
		}
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		info, err := c.apps.Get(t.Context(), raftstore.Linearizable, "words")
		if err != nil || info.Activation.Serial != o.Activation.Serial {
			t.Fatalf("%+v, %v", info, err)
		}
		total := uint64(0)
		for _, count := range info.Counts {
			total += count.Requests
		}
		if total == 100 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("counts %+v, want 100 requests", info.Counts)
		}
		time.Sleep(5 * time.Millisecond)
	}
	if o, err := c.Promote(t.Context(), "words", Change{Version: 2}); err != nil || len(o.Activation.Weights) != 1 {
		t.Errorf("%+v, %v", o, err)
	}
	c.says("howdy")
}

func TestANodeThatComesBackServesWhatIsActive(t *testing.T) {
	c := newCluster(t, 1)
	c.deploy("hello", false, Change{})
	n := c.nodes[0]
	n.agent.Close()
	n.host.Close()
	c.nodes = nil
	// What is on the disk is not trusted.
	spoiled, err := filepath.Glob(filepath.Join(n.dir, "bundles/*/*/public/a.txt"))
	if err != nil || len(spoiled) != 1 {
		t.Fatalf("%v, %v", spoiled, err)
	}
	if err := os.WriteFile(spoiled[0], []byte("spoiled\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	c.start(&node{name: "n1", dir: n.dir})
	select {
	case <-c.nodes[0].agent.Settled():
	case <-time.After(10 * time.Second):
		t.Fatal("never settled")
	}
	c.says("hello")
	c.deploy("howdy", false, Change{})
	c.says("howdy")
	if _, err := c.Stop(t.Context(), "words", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := page(http.DefaultClient, c.nodes[0].url+"/say"); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("after a stop: %v", err)
	}
}

func TestOnlySignedBundlesWhenTheClusterSaysSo(t *testing.T) {
	c := newCluster(t, 1)
	key, err := bundle.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.apps.Trust(t.Context(), "ci", key.Public()); err != nil {
		t.Fatal(err)
	}
	if err := c.apps.Enforce(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	stranger, err := bundle.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	a := folder(t, "hello", false)
	for _, k := range []*bundle.Key{nil, stranger} {
		if _, err := c.upload(a, k); code(err) != abi.CodeDenied {
			t.Errorf("signed by %v: %v", k, err)
		}
	}
	version, err := c.upload(a, key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Promote(t.Context(), "words", Change{Version: version}); err != nil {
		t.Fatal(err)
	}
	c.says("hello")
}

func TestSpoiledUploadIsDropped(t *testing.T) {
	c := newCluster(t, 0)
	ctx := t.Context()
	d := state.Digest{1, 2, 3}
	if _, err := c.apps.BeginBundle(ctx, d, 4); err != nil {
		t.Fatal(err)
	}
	if _, err := c.apps.WriteBundle(ctx, d, 0, []byte("oops")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.apps.FinishBundle(ctx, d); code(err) != abi.CodeInvalid {
		t.Errorf("content with another digest: %v", err)
	}
	if _, err := c.apps.StatBundle(ctx, raftstore.Linearizable, d); code(err) != abi.CodeNotFound {
		t.Errorf("it was kept: %v", err)
	}
}

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		now     []state.Weight
		version uint64
		percent uint32
		want    []state.Weight
	}{
		{nil, 1, 0, []state.Weight{{Version: 1, Weight: 100}}},
		{[]state.Weight{{Version: 1, Weight: 100}}, 2, 10, []state.Weight{{Version: 1, Weight: 9000}, {Version: 2, Weight: 1000}}},
		{[]state.Weight{{Version: 1, Weight: 9000}, {Version: 2, Weight: 1000}}, 2, 50, []state.Weight{{Version: 1, Weight: 5000}, {Version: 2, Weight: 5000}}},
		{[]state.Weight{{Version: 1, Weight: 3}, {Version: 2, Weight: 1}}, 3, 20, []state.Weight{{Version: 1, Weight: 6000}, {Version: 2, Weight: 2000}, {Version: 3, Weight: 2000}}},
		{[]state.Weight{{Version: 1, Weight: 3}, {Version: 2, Weight: 1}}, 3, 100, []state.Weight{{Version: 3, Weight: 100}}},
	} {
		if got, err := Split(c.now, c.version, c.percent); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%v + %d at %d: %v, %v; want %v", c.now, c.version, c.percent, got, err, c.want)
		}
	}
	for _, percent := range []uint32{10, 101} {
		if _, err := Split(nil, 1, percent); code(err) != abi.CodeInvalid {
			t.Errorf("%d %% of nothing: %v", percent, err)
		}
	}
}

// TestARemovedAppComesAgain removes an app while a node is away, and deploys another one of that name.
func TestARemovedAppComesAgain(t *testing.T) {
	c := newCluster(t, 1)
	c.deploy("hello", false, Change{})
	c.says("hello")
	if _, err := c.Stop(t.Context(), "words", ""); err != nil {
		t.Fatal(err)
	}
	if err := c.apps.Remove(t.Context(), "words"); err != nil {
		t.Fatal(err)
	}
	n := c.nodes[0]
	for end := time.Now().Add(5 * time.Second); len(n.host.Prepared("words")) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("versions %v are still there", n.host.Prepared("words"))
		}
	}
	if o := c.deploy("howdy", false, Change{}); o.Activation.Weights[0].Version != 2 {
		t.Errorf("%+v", o.Activation)
	}
	c.says("howdy")
}
