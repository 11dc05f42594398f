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
	"runtime"
	"slices"
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
	kinds     map[string]int                   // guarded by mu; operations with an answer
	leases    map[string][]lease               // guarded by mu; by key
}

// epochLength is how long the same keys are used, so that no history gets too long to check.
const epochLength = 10 * time.Second

func newWork(l *lab.Lab, clients int) *work {
	return &work{
		lab: l, clients: clients, begun: time.Now(), histories: map[string][]porcupine.Operation{}, fences: map[string]uint64{},
		kinds: map[string]int{}, leases: map[string][]lease{},
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
	switch r.IntN(14) {
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
		w.cache(node, value)
	case 9:
		k := key("blob", 2)
		if r.IntN(2) == 0 {
			w.do(client, node, input{kind: "get", key: k})
		} else {
			w.do(client, node, input{kind: "set", key: k, to: value})
		}
	case 10:
		k := key("brief", 2)
		if r.IntN(2) == 0 {
			w.do(client, node, input{kind: "set", key: k, to: value})
		} else {
			w.do(client, node, input{kind: "look", key: k})
		}
	case 11:
		k := key("made", 2)
		if out := w.do(client, node, input{kind: "lease", key: k, to: fmt.Sprint("t", value)}); out.ok {
			w.do(client, w.lab.Nodes[r.IntN(len(w.lab.Nodes))], input{kind: "make", key: k, want: fmt.Sprint("t", value), to: value, token: out.token})
		}
	case 12:
		k := key("user", 2)
		switch r.IntN(4) {
		case 0, 1:
			w.do(client, node, input{kind: "sessions", key: k})
		case 2:
			if out := w.do(client, node, input{kind: "begin", key: k}); out.ok && r.IntN(2) == 0 {
				w.do(client, w.lab.Nodes[r.IntN(len(w.lab.Nodes))], input{kind: "end", key: k, to: out.value})
			}
		case 3:
			w.do(client, node, input{kind: "end all", key: k})
		}
	case 13:
		w.lease(client, node, key("lease", 1), r)
	}
}

// do runs one operation and records it.
func (w *work) do(client int, node *lab.Node, in input) output {
	call := time.Since(w.begun)
	out := w.send(node, in)
	back := time.Since(w.begun)
	w.mu.Lock()
	defer w.mu.Unlock()
	reading := reads(in.kind)
	switch {
	case out.unknown && (reading || in.kind == "begin"), out.void: // it says nothing: nobody knows the id of a session that may have begun
		return out
	case out.unknown:
		back = 1<<62 - 1
	default:
		w.kinds[in.kind]++
		if !reading {
			w.writes = append(w.writes, back)
		}
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
	if !out.unknown {
		w.kinds[in.kind]++
	}
	w.histories[in.key] = append(w.histories[in.key], porcupine.Operation{ClientId: client, Input: in, Output: out, Call: int64(call), Return: int64(back)})
	w.mu.Unlock()
}

func path(key string) string {
	kind, name, _ := strings.Cut(key, "/")
	switch kind {
	case "blob":
		return "/v1/apps/chaos/blob/b/" + name
	case "lock", "lease":
		return "/v1/apps/chaos/lock/l/" + kind + name
	case "made":
		return "/v1/apps/chaos/cache/made/" + name
	case "user":
		return "/v1/apps/chaos/sessions?subject=" + name
	}
	return "/v1/apps/chaos/kv/" + kind + "/" + name
}

// send turns an operation into a request and its answer into an output.
func (w *work) send(node *lab.Node, in input) output {
	unknown := output{unknown: true}
	switch in.kind {
	case "get", "look":
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
		at := path(in.key)
		if strings.HasPrefix(in.key, "brief/") {
			at += "?ttl=2s"
		}
		if status, _, _ := w.request(node, "PUT", at, body, nil); status == 204 || status == 200 || status == 201 {
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
	case "lease":
		status, _, body := w.request(node, "POST", path(in.key), []byte(`{"lease":"5m","wait":"50ms"}`), nil)
		var lease struct {
			Value []byte
			Token uint64
		}
		if status == 200 && json.Unmarshal(body, &lease) == nil {
			return output{ok: lease.Token != 0, token: lease.Token, value: string(lease.Value), void: lease.Token == 0 && lease.Value == nil}
		}
	case "make":
		switch status, _, _ := w.request(node, "PUT", fmt.Sprintf("%s?token=%d", path(in.key), in.token), []byte(in.to), nil); status {
		case 204:
			return output{ok: true}
		case 409:
			return output{}
		}
	case "begin":
		_, name, _ := strings.Cut(in.key, "/")
		var session struct{ ID string }
		if status, _, body := w.request(node, "POST", "/v1/apps/chaos/sessions", fmt.Appendf(nil, `{"subject":%q,"idle":"24h","life":"24h"}`, name), nil); status == 201 && json.Unmarshal(body, &session) == nil {
			return output{ok: true, value: session.ID}
		}
	case "end":
		switch status, _, _ := w.request(node, "DELETE", "/v1/apps/chaos/sessions/"+in.to, nil, nil); status {
		case 204:
			return output{ok: true}
		case 404:
			return output{}
		}
	case "end all":
		if status, _, _ := w.request(node, "DELETE", path(in.key), nil, nil); status == 200 {
			return output{ok: true}
		}
	case "sessions":
		var list struct{ Sessions []struct{ ID string } }
		if status, _, body := w.request(node, "GET", path(in.key), nil, nil); status == 200 && json.Unmarshal(body, &list) == nil {
			var ids []string
			for _, s := range list.Sessions {
				ids = append(ids, s.ID)
			}
			slices.Sort(ids)
			return output{value: strings.Join(ids, ",")}
		}
	}
	return unknown
}

// lease takes a lock that nobody gives back: it ends by itself. What must hold whatever the clocks say is that tokens rise.
func (w *work) lease(client int, node *lab.Node, key string, r *rand.Rand) {
	owner := fmt.Sprint("c", client)
	call := time.Since(w.begun)
	status, _, body := w.request(node, "POST", path(key), fmt.Appendf(nil, `{"owner":%q,"ttl":"%dms","wait":"%dms"}`, owner, 200+r.IntN(1000), r.IntN(300)), nil)
	var got struct{ Fence uint64 }
	if status == 200 && json.Unmarshal(body, &got) == nil {
		w.mu.Lock()
		w.kinds["brief lock"]++
		w.leases[key] = append(w.leases[key], lease{owner, got.Fence, call, time.Since(w.begun)})
		w.mu.Unlock()
	}
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

// cache checks, on one node, that what was put through it is seen there, and what was invalidated is not seen any more. Each value has a
// key of its own: a write without an answer may still come.
func (w *work) cache(node *lab.Node, value string) {
	at := "/v1/apps/chaos/cache/c/" + value
	status, _, _ := w.request(node, "PUT", at+"?ttl=1m&tags=t"+value, []byte(value), nil)
	if status != 204 && status != 200 {
		return
	}
	if status, _, body := w.request(node, "GET", at, nil, nil); status == 200 && string(body) != value {
		w.mu.Lock()
		w.cacheBad = append(w.cacheBad, fmt.Sprintf("%s has %q after %q was put through it", node.Name, body, value))
		w.mu.Unlock()
	}
	if status, _, _ := w.request(node, "POST", "/v1/apps/chaos/cache/c:invalidate?tags=t"+value, nil, nil); status != 204 {
		return
	}
	status, _, body := w.request(node, "GET", at, nil, nil)
	w.mu.Lock()
	defer w.mu.Unlock()
	switch status {
	case 200:
		w.cacheBad = append(w.cacheBad, fmt.Sprintf("%s has %q after its tag was invalidated through it", node.Name, body))
	case 404:
		w.kinds["invalidate"]++
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
		case strings.HasPrefix(k, "lock/"), strings.HasPrefix(k, "made/"):
			continue
		case strings.HasPrefix(k, "pair/"):
			kind = "pair"
		case strings.HasPrefix(k, "brief/"):
			kind = "look"
		case strings.HasPrefix(k, "user/"):
			kind = "sessions"
		}
		i++
		w.do(w.clients, w.lab.Nodes[i%len(w.lab.Nodes)], input{kind: kind, key: k})
	}
}

func (w *work) report(r *Report) {
	r.CacheErrors, r.FenceErrors = append(r.CacheErrors, w.cacheBad...), append(r.FenceErrors, w.fenceBad...)
	for key, list := range w.leases {
		if wrong := fences(list); wrong != "" {
			r.FenceErrors = append(r.FenceErrors, key+": "+wrong)
		}
	}
	r.Kinds = w.kinds
	var checks sync.WaitGroup
	var mu sync.Mutex
	slots := make(chan struct{}, runtime.NumCPU())
	for key, ops := range w.histories {
		if strings.HasPrefix(key, "user/") {
			ops = known(ops)
		}
		r.Histories++
		for _, op := range ops {
			r.Operations++
			if op.Output.(output).unknown {
				r.Unknown++
			} else {
				r.Acknowledged++
			}
		}
		slots <- struct{}{}
		checks.Go(func() {
			defer func() { <-slots }()
			wrong, undecided := judge(key, ops)
			mu.Lock()
			defer mu.Unlock()
			r.Wrong, r.Undecided = append(r.Wrong, wrong...), append(r.Undecided, undecided...)
		})
	}
	checks.Wait()
	var last, longest time.Duration
	for _, at := range w.writes {
		longest = max(longest, at-last)
		last = max(last, at)
	}
	r.LongestOutageS = longest.Seconds()
}

// judge checks one history.
func judge(key string, ops []porcupine.Operation) (wrong, undecided []string) {
	if strings.HasPrefix(key, "count/") {
		if text := counts(ops); text != "" {
			wrong = append(wrong, key+": "+text)
		}
		return wrong, nil
	}
	switch decide(ops, time.Minute) {
	case porcupine.Illegal:
		wrong = append(wrong, key)
	case porcupine.Unknown:
		undecided = append(undecided, key)
	}
	return wrong, undecided
}
