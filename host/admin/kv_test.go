package admin

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestKV(t *testing.T) {
	n := start(t, nil)
	const path = "/v1/apps/shop/kv/posts/a%2Fb%20c"
	resp, _ := n.want(404, "not_found", "GET", path, "")
	if resp.Header.Get(IndexHeader) == "" {
		t.Error("no index with an absent key")
	}
	resp, _ = n.want(204, "", "PUT", path, "one")
	first := resp.Header.Get("ETag")
	resp, text := n.want(200, "one", "GET", "/v1/apps/shop/kv/posts/a/b%20c", "") // a slash may be sent as it is
	if text != "one" || resp.Header.Get("ETag") != first || resp.Header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("%q, %v", text, resp.Header)
	}
	n.want(412, `"conflict"`, "PUT", path, "two", "If-None-Match: *")
	resp, _ = n.want(204, "", "PUT", path, "two", "If-Match: "+first)
	n.want(412, `"conflict"`, "PUT", path, "three", "If-Match: "+first)
	n.want(412, `"conflict"`, "DELETE", path, "", "If-Match: "+first)
	n.want(400, "If-Match", "PUT", path, "x", "If-Match: W/"+first)
	n.want(400, "exclude", "PUT", path, "x", "If-Match: "+first, "If-None-Match: *")
	n.want(200, "two", "GET", path+"?consistency=stale&max_staleness=10s", "")
	n.want(200, "two", "GET", path+"?consistency=lease", "")
	n.want(400, "linearizable", "GET", path+"?consistency=eventual", "")
	if resp, body := n.ask("HEAD", path, ""); resp.StatusCode != 200 || body != "" || resp.ContentLength != 3 {
		t.Errorf("HEAD: %d %q %d", resp.StatusCode, body, resp.ContentLength)
	}
	n.want(204, "", "DELETE", path, "", "If-Match: "+resp.Header.Get("ETag"))
	n.want(404, "", "DELETE", path, "")
	n.want(400, "namespace", "PUT", "/v1/apps/shop/kv/a%20b/c", "x")
	n.want(413, "body-too-large", "PUT", path, strings.Repeat("x", 256<<10+1))
	n.want(204, "", "PUT", path, strings.Repeat("x", 256<<10))
	n.want(200, `"value":5`, "POST", "/v1/apps/shop/kv/n/hits?increment=5", "")
	n.want(200, `"value":2`, "POST", "/v1/apps/shop/kv/n/hits?increment=-3", "")
	n.want(409, "not a decimal number", "POST", path+"?increment=1", "")
	n.want(400, "increment", "POST", path, "")
	n.want(404, "", "GET", "/v1/apps/other/kv/n/hits", "")

	n.want(204, "", "PUT", "/v1/apps/shop/kv/t/gone?ttl=1ms", "x")
	time.Sleep(3 * time.Millisecond)
	n.want(404, "", "GET", "/v1/apps/shop/kv/t/gone", "")
	n.want(400, "ttl", "PUT", "/v1/apps/shop/kv/t/gone?ttl=soon", "x")
}

func TestKVList(t *testing.T) {
	n := start(t, nil)
	for i := range 5 {
		n.want(204, "", "PUT", fmt.Sprintf("/v1/apps/shop/kv/posts/p%d", i), fmt.Sprint("v", i))
	}
	n.want(204, "", "PUT", "/v1/apps/shop/kv/posts/q%ff", "raw")
	var keys []string
	next := ""
	for page := range 5 {
		resp, text := n.want(200, "", "GET", "/v1/apps/shop/kv/posts?prefix=p&limit=2&page="+next, "")
		p := decode[KVPage](t, text)
		for _, e := range p.Entries {
			keys = append(keys, e.Key+"="+string(e.Value))
		}
		if resp.Header.Get(IndexHeader) == "" {
			t.Error("no index")
		}
		if next = p.Next; next == "" {
			if page != 2 {
				t.Errorf("ended on page %d", page)
			}
			break
		}
	}
	if got := strings.Join(keys, " "); got != "p0=v0 p1=v1 p2=v2 p3=v3 p4=v4" {
		t.Error(got)
	}
	_, text := n.want(200, "", "GET", "/v1/apps/shop/kv/posts?limit=2&reverse=true&keys=true", "")
	p := decode[KVPage](t, text)
	if len(p.Entries) != 2 || string(p.Entries[0].Raw) != "q\xff" || p.Entries[1].Key != "p4" || p.Entries[1].Value != nil {
		t.Error(text)
	}
	n.want(400, "next of a page", "GET", "/v1/apps/shop/kv/posts?page=%21", "")
	n.want(400, "limit", "GET", "/v1/apps/shop/kv/posts?limit=1001", "")
}

func TestKVTxn(t *testing.T) {
	n := start(t, nil)
	value := base64.StdEncoding.EncodeToString([]byte("hello"))
	txn := `{"guards":[{"ns":"a","key":"k","version":0}],"ops":[{"op":"set","ns":"a","key":"k","value":"` + value + `"},{"op":"increment","ns":"b","key":"n","delta":7}]}`
	_, text := n.want(200, "", "POST", "/v1/apps/shop/kv:txn", txn)
	if r := decode[KVTxnReply](t, text); len(r.Results) != 2 || r.Results[0].Version == 0 || r.Results[1].Value == nil || *r.Results[1].Value != 7 {
		t.Error(text)
	}
	n.want(409, "conflict", "POST", "/v1/apps/shop/kv:txn", txn)
	n.want(200, "hello", "GET", "/v1/apps/shop/kv/a/k", "")
	n.want(200, "7", "GET", "/v1/apps/shop/kv/b/n", "")
	n.want(400, "set, delete or increment", "POST", "/v1/apps/shop/kv:txn", `{"ops":[{"op":"put","ns":"a","key":"k"}]}`)
	n.want(400, "JSON body", "POST", "/v1/apps/shop/kv:txn", ``)
}

// TestOnce sends numbered writes again.
func TestOnce(t *testing.T) {
	n := start(t, nil)
	_, text := n.want(201, "", "POST", "/v1/sessions", "")
	session := SessionHeader + ": " + fmt.Sprint(decode[SessionReply](t, text).Session)
	for range 3 {
		n.want(200, `"value":1`, "POST", "/v1/apps/shop/kv/n/hits?increment=1", "", session, SequenceHeader+": 1")
	}
	n.want(200, `"value":2`, "POST", "/v1/apps/shop/kv/n/hits?increment=1", "", session, SequenceHeader+": 2")
	n.want(400, "go together", "POST", "/v1/apps/shop/kv/n/hits?increment=1", "", session)
	n.want(501, "cannot be numbered", "POST", "/v1/tokens", `{}`, session, SequenceHeader+": 3")
	n.want(410, "closed", "POST", "/v1/apps/shop/kv/n/hits?increment=1", "", SessionHeader+": 7", SequenceHeader+": 1")
	n.want(200, "2", "GET", "/v1/apps/shop/kv/n/hits", "")
}

func TestKVWatch(t *testing.T) {
	n := start(t, nil)
	n.want(204, "", "PUT", "/v1/apps/shop/kv/posts/a1", "one")
	r, err := http.NewRequest("GET", n.url+"/v1/apps/shop/kv/posts?watch=true&prefix=a&from=100", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+n.token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	next := func() (c KVChange) {
		t.Helper()
		if !lines.Scan() {
			t.Fatal("the watch ended")
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := next(); c.Index != 100 || c.Version != 0 {
		t.Errorf("first line %+v", c)
	}
	one := next()
	if one.Key != "a1" || string(one.Value) != "one" || one.Version == 0 || one.Index >= one.Version>>20 {
		t.Errorf("%+v", one)
	}
	n.want(204, "", "PUT", "/v1/apps/shop/kv/posts/b", "not this")
	n.want(204, "", "PUT", "/v1/apps/shop/kv/other/a", "not this")
	n.want(204, "", "DELETE", "/v1/apps/shop/kv/posts/a1", "")
	if c := next(); c.Key != "a1" || !c.Deleted || c.Version <= one.Version {
		t.Errorf("%+v", c)
	}
	n.want(200, `"error":"store: changes after`, "GET", "/v1/apps/shop/kv/posts?watch=true&from=7", "")
	n.Close() // ends the watch
	if lines.Scan() {
		t.Errorf("a line after the end: %s", lines.Text())
	}
}
