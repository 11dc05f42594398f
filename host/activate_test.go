package host

import (
	"bufio"
	"context"
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

	"github.com/stackhost/stackhost/host/app"
	"github.com/stackhost/stackhost/host/app/bundle"
)

// wordApp is an app of which everything says word: a middleware in a header, a module and a file in the body.
func wordApp(t testing.TB, word string) *app.App {
	t.Helper()
	answer, err := os.ReadFile("dialect/extism/testdata/answer.wasm")
	if err != nil {
		t.Fatal(err)
	}
	return write(t, t.TempDir(), map[string]string{
		"answer.wasm": string(answer), "hello.wasm": string(saying(t, word)), "public/a.txt": word + "\n", "public/big.txt": strings.Repeat(word, 1<<17),
		"stackhost.toml": `
name = "words"
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
module = "say"
middleware = ["mark"]
[[routes]]
path = "/fail"
module = "mark"
[[static]]
path = "/files/"
dir = "public"
middleware = ["mark"]
[[static]]
path = "/plain/"
dir = "public"
`})
}

// versions opens a host with the apps of words prepared as versions 1, 2 …, the first of which serves.
func versions(t testing.TB, words ...string) (*Host, string) {
	t.Helper()
	h, err := Open(Config{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	for i, word := range words {
		if err := h.Prepare(context.Background(), wordApp(t, word), uint64(i+1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Activate("words", 1, []Share{{Version: 1, Weight: 1}}); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go h.Serve(ln)
	return h, "http://" + ln.Addr().String()
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
	if res.StatusCode != 200 {
		return "", fmt.Errorf("%s: status %d, %.200s", url, res.StatusCode, body)
	}
	word = string(body[:min(5, len(body))])
	if strings.HasSuffix(url, "big.txt") && string(body) != strings.Repeat(word, 1<<17) {
		return "", fmt.Errorf("%s: %d bytes that begin with %q are of several versions", url, len(body), word)
	}
	if mark := res.Header.Get("X-Word"); mark != word && !strings.Contains(url, "/plain/") {
		return "", fmt.Errorf("%s: a mixed page: the middleware says %q, the body %q", url, mark, word)
	}
	return word, nil
}

func TestActivationsUnderLoadFailAndMixNothing(t *testing.T) {
	h, url := versions(t, "hello", "howdy")
	var served [2]atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			paths := []string{"/say", "/files/a.txt", "/plain/a.txt", "/files/big.txt"}
			for n := i; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				switch word, err := page(client, url+paths[n%len(paths)]); {
				case err != nil:
					t.Error(err)
					return
				case word == "hello":
					served[0].Add(1)
				case word == "howdy":
					served[1].Add(1)
				default:
					t.Errorf("word %q", word)
				}
			}
		})
	}
	second := wordApp(t, "howdy")
	for n := range 40 {
		if err := h.Activate("words", uint64(2*n+2), []Share{{Version: 2, Weight: 1}}); err != nil {
			t.Fatal(err)
		}
		before := served[1].Load()
		for served[1].Load() < before+20 && !t.Failed() {
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			if word, err := page(client, url+"/say"); err != nil || word != "howdy" {
				t.Errorf("after the activation: %q, %v", word, err)
			}
		}
		if err := h.Activate("words", uint64(2*n+3), []Share{{Version: 1, Weight: 1}}); err != nil { // a rollback
			t.Fatal(err)
		}
		if err := h.Discard("words", 2); err != nil {
			t.Fatal(err)
		}
		if err := h.Prepare(context.Background(), second, 2); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	wg.Wait()
	if served[0].Load() == 0 || served[1].Load() == 0 {
		t.Errorf("served %d and %d requests: one version was never seen", served[0].Load(), served[1].Load())
	}
}

func TestCanaryTakesItsShareAndClientsStay(t *testing.T) {
	h, url := versions(t, "hello", "howdy")
	share := func(weight uint32, clients int) (share float64) {
		t.Helper()
		if err := h.Activate("words", uint64(weight)+1, []Share{{Version: 1, Weight: 100 - weight}, {Version: 2, Weight: weight}}); err != nil {
			t.Fatal(err)
		}
		second := 0
		for range clients {
			client := &http.Client{Transport: &http.Transport{}}
			first := ""
			for range 3 { // on one connection: the same client
				word, err := page(client, url+"/say")
				if err != nil {
					t.Fatal(err)
				}
				if first != "" && word != first {
					t.Fatalf("a client got %q after %q", word, first)
				}
				first = word
			}
			if first == "howdy" {
				second++
			}
			client.CloseIdleConnections()
		}
		return float64(second) / float64(clients)
	}
	// 600 clients at 10 %: the standard deviation is 1.2 %; five of them either way.
	if got := share(10, 600); got < 0.04 || got > 0.16 {
		t.Errorf("a canary with weight 10 of 100 got %.1f %% of the clients", 100*got)
	}
	if got := share(50, 200); got < 0.32 || got > 0.68 {
		t.Errorf("a canary with weight 50 of 100 got %.1f %% of the clients", 100*got)
	}
}

func TestBrowsersKeepTheirVersionByCookie(t *testing.T) {
	h, url := versions(t, "hello", "howdy")
	status, _, headers := get(t, url+"/say", "Accept", "text/html")
	if status != 200 || headers.Get("Set-Cookie") != "" {
		t.Errorf("one version serves, and yet there is a cookie: %v", headers)
	}
	if err := h.Activate("words", 2, []Share{{Version: 1, Weight: 90}, {Version: 2, Weight: 10}}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/say", "/files/a.txt", "/plain/a.txt"} {
		_, body, headers := get(t, url+path, "Accept", "text/html")
		cookie, _, ok := strings.Cut(headers.Get("Set-Cookie"), ";")
		if !ok || !strings.HasPrefix(cookie, CanaryCookie+"=") {
			t.Fatalf("%s: no cookie: %v", path, headers)
		}
		for range 20 { // each on a connection of its own
			if _, again, h := get(t, url+path, "Accept", "text/html", "Cookie", cookie); again != body || h.Get("Set-Cookie") != "" {
				t.Fatalf("%s: with the cookie of %q: %q, %v", path, body, again, h)
			}
		}
	}
	for part, word := range map[string]string{"0": "howdy\n", "999": "howdy\n", "1000": "hello\n", "9999": "hello\n"} {
		if _, body, _ := get(t, url+"/say", "Cookie", CanaryCookie+"="+part); body != word {
			t.Errorf("part %s of the clients got %q, want %q", part, body, word)
		}
	}
	// A canary that grows keeps the clients that it has.
	if err := h.Activate("words", 3, []Share{{Version: 1, Weight: 50}, {Version: 2, Weight: 50}}); err != nil {
		t.Fatal(err)
	}
	if _, body, _ := get(t, url+"/say", "Cookie", CanaryCookie+"=999"); body != "howdy\n" {
		t.Errorf("a client of the canary got %q when it grew", body)
	}
	for _, bad := range []string{"10000", "-1", "x", "99999999999999999999"} {
		if status, _, _ := get(t, url+"/say", "Cookie", CanaryCookie+"="+bad); status != 200 {
			t.Errorf("cookie %q: status %d", bad, status)
		}
	}
}

func TestCountsTellRequestsFromFailures(t *testing.T) {
	h, url := versions(t, "hello", "howdy")
	if err := h.Activate("words", 7, []Share{{Version: 2, Weight: 1}}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		want(t, url+"/say", 200, "howdy")
		want(t, url+"/nowhere", 404, "")
		want(t, url+"/fail", 500, "")
	}
	serial, counts := h.Counts("words")
	if serial != 7 || len(counts) != 1 || counts[0] != (Count{Version: 2, Requests: 9, Failures: 3}) {
		t.Errorf("activation %d: %+v", serial, counts)
	}
}

func TestAnActivatedAppWinsOverItsFolder(t *testing.T) {
	h, url := versions(t, "hello", "howdy")
	other := write(t, t.TempDir(), map[string]string{"hello.wasm": string(saying(t, "other")), "stackhost.toml": oneModule})
	folder := wordApp(t, "local")
	if err := h.Deploy(context.Background(), folder); err != nil {
		t.Fatal(err)
	}
	want(t, url+"/say", 200, "hello")
	if err := h.Deploy(context.Background(), other); err != nil { // another app: both serve
		t.Fatal(err)
	}
	want(t, url+"/say", 200, "hello")
	want(t, url+"/hello", 200, "other")
	want(t, url+"/nowhere", 404, "")
	if err := h.Activate("words", 2, nil); err != nil {
		t.Fatal(err)
	}
	want(t, url+"/say", 404, "")
	if err := h.Activate("words", 3, []Share{{Version: 9, Weight: 1}}); err == nil {
		t.Error("a version that is not prepared was activated")
	}
	if err := h.Discard("words", 1); err != nil {
		t.Error(err)
	}
}

func TestAppsSideBySide(t *testing.T) {
	h, url := versions(t, "hello")
	beside := func(name, routes string) *app.App {
		return write(t, t.TempDir(), map[string]string{"hello.wasm": string(saying(t, name)), "stackhost.toml": `
name = "` + name + `"
[modules.say]
path = "hello.wasm"
` + routes})
	}
	const route = "[[routes]]\npath = %q\nmodule = \"say\"\n"
	// Named before words, with a pattern that fits everything: what fits better wins all the same.
	if err := h.Prepare(t.Context(), beside("allof", fmt.Sprintf(route, "/")), 1); err != nil {
		t.Fatal(err)
	}
	if err := h.Activate("allof", 1, []Share{{Version: 1, Weight: 1}}); err != nil {
		t.Fatal(err)
	}
	want(t, url+"/say", 200, "hello")
	want(t, url+"/other", 200, "allof")
	for _, clashing := range []string{"/say", "/files/"} {
		err := h.Prepare(t.Context(), beside("extra", fmt.Sprintf(route, clashing)), 1)
		if err == nil || !strings.Contains(err.Error(), clashing) || !strings.Contains(err.Error(), "stackhost.toml:") {
			t.Errorf("%s: %v", clashing, err)
		}
	}
	if err := h.Deploy(t.Context(), beside("other", fmt.Sprintf(route, "/"))); err == nil {
		t.Error("two apps for everything")
	}
	if err := h.Prepare(t.Context(), beside("extra", fmt.Sprintf(route, "/say/more")), 1); err != nil {
		t.Error(err)
	}
	want(t, url+"/say", 200, "hello")
}

func TestABundleServesAsItsFolderDoes(t *testing.T) {
	a := wordApp(t, "hello")
	dir := filepath.Join(t.TempDir(), "bundle")
	unpack(t, a, dir)
	loaded, err := app.LoadBundle(dir)
	if err != nil {
		t.Fatal(err)
	}
	h, err := Open(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if err := h.Prepare(context.Background(), loaded, 1); err != nil {
		t.Fatal(err)
	}
	again := filepath.Join(t.TempDir(), "bundle")
	unpack(t, a, again)
	if loaded, err = app.LoadBundle(again); err != nil {
		t.Fatal(err)
	}
	if err := h.Prepare(context.Background(), loaded, 2); err != nil {
		t.Fatal(err)
	}
	if h.prepared["words"][1].guests["say"] != h.prepared["words"][2].guests["say"] {
		t.Error("two versions do not share a module that did not change")
	}
	if err := h.Activate("words", 1, []Share{{Version: 2, Weight: 1}}); err != nil {
		t.Fatal(err)
	}
	if err := h.Discard("words", 2); err == nil {
		t.Error("a version that serves was discarded")
	}
	if err := h.Discard("words", 1); err != nil {
		t.Error(err)
	}
}

// unpack makes a bundle of a and unpacks it to dir.
func unpack(t testing.TB, a *app.App, dir string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "app.bundle")
	info, err := bundle.PackFile(a, file)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := bundle.Unpack(f, info.Digest, dir); err != nil {
		t.Fatal(err)
	}
}

// inside is how many requests are inside a version.
func inside(h *Host, version uint64) (n int64) {
	for _, d := range h.deployments() {
		for i := range d.slots {
			if d.version == version {
				n += d.slots[i].inside.Load()
			}
		}
	}
	return n
}

// TestARequestEndsInTheVersionItBeganIn holds a request back between its head and its body, while its version is replaced and discarded.
func TestARequestEndsInTheVersionItBeganIn(t *testing.T) {
	h, url := versions(t, "hello", "howdy")
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /say HTTP/1.1\r\nHost: x\r\nContent-Length: 40000\r\nConnection: close\r\n\r\n%20000d", 0)
	for inside(h, 1) == 0 {
		time.Sleep(time.Millisecond)
	}
	old := h.prepared["words"][1]
	if err := h.Activate("words", 2, []Share{{Version: 2, Weight: 1}}); err != nil {
		t.Fatal(err)
	}
	if err := h.Discard("words", 1); err != nil {
		t.Fatal(err)
	}
	want(t, url+"/say", 200, "howdy")
	for !old.retired.Load() {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond) // time to close what must stay open
	if old.enter(&old.slots[0]) {
		old.leave(&old.slots[0])
		t.Error("a request got into a version that is on its way out")
	}
	fmt.Fprintf(conn, "%20000d", 0)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 || string(body) != "hello\n" || res.Header.Get("X-Word") != "hello" {
		t.Errorf("%d %q %v, %v: not a whole answer of the version that the request began in", res.StatusCode, body, res.Header, err)
	}
}
