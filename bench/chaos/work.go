package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stackhost/stackhost/bench/lab"
)

// work is what clients do and what they saw.
type work struct {
	lab     *lab.Lab
	clients int
	begun   time.Time
	http    *http.Client

	mu        sync.Mutex
	histories map[string][]porcupine.Operation // guarded by mu; by key
	writes    []time.Duration                  // guarded by mu; when writes were acknowledged
	fences    map[string]uint64                // guarded by mu; newest fencing token of each lock
	cacheBad  []string                         // guarded by mu
	fenceBad  []string                         // guarded by mu
	epoch     int                              // guarded by mu
}

// epochLength is how long the same keys are used, so that no history gets too long to check.
const epochLength = 10 * time.Second

func newWork(l *lab.Lab, clients int) *work {
	return &work{
		lab: l, clients: clients, begun: time.Now(), histories: map[string][]porcupine.Operation{}, fences: map[string]uint64{},
		http: &http.Client{Timeout: 6 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: 5 * time.Second}},
	}
}

func (w *work) run(ctx context.Context) {
	var wg sync.WaitGroup
	for c := range w.clients {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(c), 7))
			for n := 0; ctx.Err() == nil; n++ {
				w.one(ctx, c, n, r)
				time.Sleep(time.Duration(r.IntN(40)) * time.Millisecond)
			}
		})
	}
	wg.Wait()
}

func (w *work) one(ctx context.Context, client, n int, r *rand.Rand) {
	node := w.lab.Nodes[r.IntN(len(w.lab.Nodes))]
	epoch := int(time.Since(w.begun) / epochLength)
	value := fmt.Sprintf("%d.%d", client, n)
	key := func(kind string, of int) string { return fmt.Sprintf("%s/%d.%d", kind, epoch, r.IntN(of)) }
	switch r.IntN(10) {
	case 0, 1, 2:
		k := key("reg", 3)
		switch r.IntN(6) {
		case 0, 1:
			w.do(client, node, input{kind: "get", key: k})
		case 2, 3:
			w.do(client, node, input{kind: "set", key: k, to: value})
		case 4:
			w.do(client, node, input{kind: "delete", key: k})
		case 5:
			w.swap(client, node, k, value)
		}
	case 3, 4:
		w.do(client, node, input{kind: "add", key: key("count", 2)})
	case 5, 6:
		if r.IntN(2) == 0 {
			w.do(client, node, input{kind: "both", key: key("pair", 2), to: value})
		} else {
			w.do(client, node, input{kind: "pair", key: key("pair", 2)})
		}
	case 7:
		k := key("lock", 1)
		if w.do(client, node, input{kind: "acquire", key: k, to: fmt.Sprint("c", client)}).ok {
			time.Sleep(time.Duration(r.IntN(30)) * time.Millisecond)
		}
		w.do(client, w.lab.Nodes[r.IntN(len(w.lab.Nodes))], input{kind: "release", key: k, to: fmt.Sprint("c", client)})
	case 8:
		w.cache(client, node, value)
	case 9:
		k := key("blob", 2)
		if r.IntN(2) == 0 {
			w.do(client, node, input{kind: "get", key: k})
		} else {
			w.do(client, node, input{kind: "set", key: k, to: value})
		}
	}
}

// do runs one operation and records it.
func (w *work) do(client int, node *lab.Node, in input) output {
	call := time.Since(w.begun)
	out := w.send(node, in)
	back := time.Since(w.begun)
	w.mu.Lock()
	defer w.mu.Unlock()
	reading := in.kind == "get" || in.kind == "pair"
	if out.unknown {
		if reading {
			return out // it says nothing
		}
		back = 1<<62 - 1
	} else if !reading {
		w.writes = append(w.writes, back)
	}
	w.histories[in.key] = append(w.histories[in.key], porcupine.Operation{ClientId: client, Input: in, Output: out, Call: int64(call), Return: int64(back)})
	return out
}

// swap reads a key and changes it if it is still what was read.
func (w *work) swap(client int, node *lab.Node, key, to string) {
	call := time.Since(w.begun)
	status, header, body := w.request(node, "GET", path(key), nil, nil)
	if status != 200 {
		return
	}
	back := time.Since(w.begun)
	was, etag := string(body), header.Get("ETag")
	w.record(client, input{kind: "get", key: key}, output{value: was}, call, back)
	call = time.Since(w.begun)
	status, _, _ = w.request(node, "PUT", path(key), []byte(to), map[string]string{"If-Match": etag})
	back = time.Since(w.begun)
	in := input{kind: "cas", key: key, want: was, to: to}
	switch status {
	case 204:
		w.record(client, in, output{ok: true}, call, back)
	case 412:
		w.record(client, in, output{}, call, back)
	default:
		w.record(client, in, output{unknown: true}, call, 1<<62-1)
	}
}

func (w *work) record(client int, in input, out output, call, back time.Duration) {
	w.mu.Lock()
	w.histories[in.key] = append(w.histories[in.key], porcupine.Operation{ClientId: client, Input: in, Output: out, Call: int64(call), Return: int64(back)})
	w.mu.Unlock()
}

func path(key string) string {
	kind, name, _ := strings.Cut(key, "/")
	switch kind {
	case "blob":
		return "/v1/apps/chaos/blob/b/" + name
	case "lock":
		return "/v1/apps/chaos/lock/l/" + name
	}
	return "/v1/apps/chaos/kv/" + kind + "/" + name
}

// send turns an operation into a request and its answer into an output.
func (w *work) send(node *lab.Node, in input) output {
	unknown := output{unknown: true}
	switch in.kind {
	case "get":
		status, _, body := w.request(node, "GET", path(in.key), nil, nil)
		switch status {
		case 200:
			return output{value: blobValue(in.key, body)}
		case 404:
			return output{}
		}
	case "set":
		body := []byte(in.to)
		if strings.HasPrefix(in.key, "blob/") {
			body = blobOf(in.to)
		}
		if status, _, _ := w.request(node, "PUT", path(in.key), body, nil); status == 204 || status == 200 || status == 201 {
			return output{ok: true}
		}
	case "delete":
		switch status, _, _ := w.request(node, "DELETE", path(in.key), nil, nil); status {
		case 204:
			return output{ok: true}
		case 404:
			return output{}
		}
	case "add":
		if status, _, body := w.request(node, "POST", path(in.key)+"?increment=1", nil, nil); status == 200 {
			var n struct{ Value int64 }
			if json.Unmarshal(body, &n) == nil {
				return output{value: strconv.FormatInt(n.Value, 10)}
			}
		}
	case "both":
		_, name, _ := strings.Cut(in.key, "/")
		type op struct {
			Op    string `json:"op"`
			NS    string `json:"ns"`
			Key   string `json:"key"`
			Value []byte `json:"value"`
		}
		b, _ := json.Marshal(map[string]any{"ops": []op{{"set", "pair", name + "/a", []byte(in.to)}, {"set", "pair", name + "/b", []byte(in.to)}}})
		if status, _, _ := w.request(node, "POST", "/v1/apps/chaos/kv:txn", b, nil); status == 200 {
			return output{ok: true}
		}
	case "pair":
		_, name, _ := strings.Cut(in.key, "/")
		status, _, body := w.request(node, "GET", "/v1/apps/chaos/kv/pair?prefix="+name+"%2F", nil, nil)
		var page struct {
			Entries []struct{ Value []byte }
		}
		if status == 200 && json.Unmarshal(body, &page) == nil {
			switch {
			case len(page.Entries) == 0:
				return output{}
			case len(page.Entries) == 2 && bytes.Equal(page.Entries[0].Value, page.Entries[1].Value):
				return output{value: string(page.Entries[0].Value)}
			}
			return output{value: fmt.Sprintf("half a transaction: %s", body)}
		}
	case "acquire":
		b, _ := json.Marshal(map[string]string{"owner": in.to, "ttl": "1h"})
		status, _, body := w.request(node, "POST", path(in.key), b, nil)
		switch status {
		case 200:
			var lease struct{ Fence uint64 }
			json.Unmarshal(body, &lease)
			w.fence(in, lease.Fence)
			return output{ok: true}
		case 409:
			return output{}
		}
	case "release":
		switch status, _, _ := w.request(node, "DELETE", path(in.key)+"?owner="+in.to, nil, nil); status {
		case 204:
			return output{ok: true}
		case 404:
			return output{}
		}
	}
	return unknown
}

// fence checks that tokens rise. An owner that asks again gets the same one.
func (w *work) fence(in input, token uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if token < w.fences[in.key+in.to] {
		w.fenceBad = append(w.fenceBad, fmt.Sprintf("%s: owner %s got token %d after %d", in.key, in.to, token, w.fences[in.key+in.to]))
	}
	w.fences[in.key+in.to] = token
}

// A blob's content is its value, repeated to a length that takes several chunks, so that a mix of two is seen.
func blobOf(value string) []byte {
	n := 200_000 + int(sha256.Sum256([]byte(value))[0])*300
	return bytes.Repeat([]byte(value+","), n/(len(value)+1)+1)
}

func blobValue(key string, body []byte) string {
	if !strings.HasPrefix(key, "blob/") {
		return string(body)
	}
	value, _, _ := strings.Cut(string(body[:min(len(body), 64)]), ",")
	if !bytes.Equal(body, blobOf(value)) {
		return fmt.Sprintf("a mixed blob of %d bytes", len(body))
	}
	return value
}

// cache checks, on one node, that what was invalidated there is not seen there any more.
func (w *work) cache(client int, node *lab.Node, value string) {
	at := "/v1/apps/chaos/cache/c/" + fmt.Sprint("k", client)
	status, _, _ := w.request(node, "PUT", at+fmt.Sprintf("?ttl=1m&tags=t%d", client), []byte(value), nil)
	if status != 204 && status != 200 {
		return
	}
	if status, _, body := w.request(node, "GET", at, nil, nil); status == 200 && string(body) != value {
		w.mu.Lock()
		w.cacheBad = append(w.cacheBad, fmt.Sprintf("%s has %q after %q was put through it", node.Name, body, value))
		w.mu.Unlock()
	}
	b, _ := json.Marshal(map[string]any{"tags": []string{fmt.Sprint("t", client)}})
	if status, _, _ := w.request(node, "POST", "/v1/apps/chaos/cache/c:invalidate", b, nil); status != 204 && status != 200 {
		return
	}
	if status, _, body := w.request(node, "GET", at, nil, nil); status == 200 {
		w.mu.Lock()
		w.cacheBad = append(w.cacheBad, fmt.Sprintf("%s has %q after its tag was invalidated through it", node.Name, body))
		w.mu.Unlock()
	}
}

// request returns status 0 when there was no whole answer.
func (w *work) request(node *lab.Node, method, path string, body []byte, header map[string]string) (int, http.Header, []byte) {
	req, err := http.NewRequest(method, node.Admin+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil
	}
	req.Header.Set("Authorization", "Bearer "+node.Token)
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := w.http.Do(req)
	if err != nil {
		return 0, nil, nil
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil, nil
	}
	return resp.StatusCode, resp.Header, b
}

// readAll reads every key once more, so that nothing that was acknowledged can be missing unseen.
func (w *work) readAll(ctx context.Context) {
	keys := map[string]bool{}
	for k := range w.histories {
		keys[k] = true
	}
	i := 0
	for k := range keys {
		kind := "get"
		switch {
		case strings.HasPrefix(k, "lock/"):
			continue
		case strings.HasPrefix(k, "pair/"):
			kind = "pair"
		}
		i++
		w.do(w.clients, w.lab.Nodes[i%len(w.lab.Nodes)], input{kind: kind, key: k})
	}
}

func (w *work) report(r *Report) {
	r.CacheErrors, r.FenceErrors = append(r.CacheErrors, w.cacheBad...), append(r.FenceErrors, w.fenceBad...)
	for key, ops := range w.histories {
		r.Histories++
		for _, op := range ops {
			r.Operations++
			if op.Output.(output).unknown {
				r.Unknown++
			} else {
				r.Acknowledged++
			}
		}
		result := porcupine.Ok
		if strings.HasPrefix(key, "count/") {
			if wrong := counts(ops); wrong != "" {
				r.Wrong = append(r.Wrong, key+": "+wrong)
			}
		} else {
			result = decide(ops, time.Minute)
		}
		switch result {
		case porcupine.Illegal:
			r.Wrong = append(r.Wrong, key)
		case porcupine.Unknown:
			r.Undecided = append(r.Undecided, key)
		}
	}
	var last, longest time.Duration
	for _, at := range w.writes {
		longest = max(longest, at-last)
		last = max(last, at)
	}
	r.LongestOutageS = longest.Seconds()
}
