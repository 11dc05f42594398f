package admin

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"
)

func TestCache(t *testing.T) {
	n := start(t, nil)
	const path = "/v1/apps/shop/cache/pages/front"
	n.want(404, "not_found", "GET", path, "")
	n.want(204, "", "PUT", path+"?ttl=1m&tags=posts,users", "<h1>")
	resp, _ := n.want(200, "<h1>", "GET", path, "")
	if got := resp.Header.Get(CacheHeader); got != "fresh" {
		t.Errorf("state %q", got)
	}
	n.want(200, `"keys":1`, "GET", "/v1/apps/shop/cache/pages", "")
	n.want(204, "", "POST", "/v1/apps/shop/cache/pages:invalidate?tags=users", "")
	n.want(404, "", "GET", path, "")
	n.want(400, "which tags", "POST", "/v1/apps/shop/cache/pages:invalidate", "")
	n.want(204, "", "PUT", path+"?ttl=1ms&stale=1m", "old")
	time.Sleep(3 * time.Millisecond)
	if resp, _ := n.want(200, "old", "GET", path, ""); resp.Header.Get(CacheHeader) != "stale" {
		t.Errorf("state %q", resp.Header.Get(CacheHeader))
	}
	n.want(204, "", "DELETE", path, "")
	n.want(404, "", "GET", path, "")
	n.want(204, "", "PUT", path, "again")
	n.want(204, "", "DELETE", "/v1/apps/shop/cache/pages", "")
	n.want(404, "", "GET", path, "")
	n.want(204, "", "PUT", "/v1/apps/shop/cache/pages:limit", `{"bytes":1048576}`)
	n.want(200, `"limit":1048576`, "GET", "/v1/apps/shop/cache/pages", "")

	_, text := n.want(200, `"state":"miss"`, "POST", path, `{}`)
	mine := decode[CacheLease](t, text)
	if mine.Token == 0 {
		t.Fatal(text)
	}
	if _, text := n.want(200, `"state":"miss"`, "POST", path, `{"wait":"20ms"}`); decode[CacheLease](t, text).Token != 0 {
		t.Errorf("two may make the value: %s", text)
	}
	n.want(204, "", "PUT", path+"?token="+jsonNumber(mine.Token), "made")
	if _, text := n.want(200, `"state":"fresh"`, "POST", path, `{}`); string(decode[CacheLease](t, text).Value) != "made" {
		t.Error(text)
	}
	n.want(409, "conflict", "PUT", path+"?token="+jsonNumber(mine.Token), "late")
	n.want(400, "lease", "POST", path, `{"lease":"soon"}`)
}

func TestUserSessions(t *testing.T) {
	n := start(t, nil)
	const path = "/v1/apps/shop/sessions"
	n.want(200, `{"sessions":[]}`, "GET", path+"?subject=ann", "")
	_, text := n.want(201, `"subject":"ann"`, "POST", path, `{"subject":"ann","idle":"1h","data":"aGk="}`)
	first := decode[NewUserSession](t, text)
	n.want(201, "", "POST", path, `{"subject":"ann"}`)
	n.want(201, "", "POST", path, `{"subject":"ben"}`)
	if _, text := n.want(200, `"bytes":2`, "GET", path+"?subject=ann", ""); len(decode[UserSessionList](t, text).Sessions) != 2 || strings.Contains(text, first.Token) {
		t.Error(text)
	}
	n.want(200, first.ID, "GET", path+"/"+first.ID, "")
	n.want(204, "", "DELETE", path+"/"+first.ID, "")
	n.want(404, "no such session", "DELETE", path+"/"+first.ID, "")
	n.want(404, "no such session", "GET", path+"/"+first.ID, "")
	n.want(400, "hexadecimal", "GET", path+"/x", "")
	n.want(400, "idle", "POST", path, `{"idle":"soon"}`)
	n.want(200, `{"ended":1}`, "DELETE", path+"?subject=ann", "")
	n.want(200, `{"sessions":[]}`, "GET", path+"?subject=ann", "")
}

func TestLock(t *testing.T) {
	n := start(t, nil)
	const path = "/v1/apps/shop/lock/jobs/nightly"
	n.want(404, "nobody", "GET", path, "")
	_, text := n.want(200, "", "POST", path, `{"owner":"a","ttl":"10s"}`)
	lease := decode[LockLease](t, text)
	n.want(409, "conflict", "POST", path, `{"owner":"b"}`)
	n.want(409, "conflict", "POST", path, `{"owner":"b","wait":"20ms"}`)
	if _, text := n.want(200, "", "GET", path, ""); decode[LockState](t, text).Owner != "a" {
		t.Error(text)
	}
	n.want(200, `"name":"nightly"`, "GET", "/v1/apps/shop/lock/jobs?prefix=n", "")
	got := make(chan string, 1)
	go func() {
		_, text := n.ask("POST", path, `{"owner":"b","wait":"10s"}`)
		got <- text
	}()
	for waiting := false; !waiting; { // until b is in line
		_, text := n.want(200, "", "GET", path, "")
		waiting = decode[LockState](t, text).Waiters > 0
	}
	n.want(200, "", "POST", path, `{"owner":"a","fence":`+jsonNumber(lease.Fence)+`,"ttl":"20s"}`)
	n.want(204, "", "DELETE", path+"?owner=a&fence="+jsonNumber(lease.Fence), "")
	if next := decode[LockLease](t, <-got); next.Owner != "b" || next.Fence <= lease.Fence {
		t.Errorf("%+v after %+v", next, lease)
	}
	n.want(409, "conflict", "POST", path, `{"owner":"a","fence":`+jsonNumber(lease.Fence)+`}`)
	n.want(404, "does not hold", "DELETE", path+"?owner=a", "")
	n.want(400, "ttl", "POST", path, `{"owner":"a","ttl":"soon"}`)
}

func TestBlob(t *testing.T) {
	n := start(t, nil)
	const path = "/v1/apps/shop/blob/images/a/logo.png"
	content := strings.Repeat("0123456789abcdef", 20_000) // more than two chunks
	sum := sha256.Sum256([]byte(content))
	n.want(404, "not_found", "GET", path, "")
	_, text := n.want(200, "", "PUT", path, content, "Content-Type: image/png")
	if b := decode[BlobState](t, text); b.Size != int64(len(content)) || b.SHA256 != hex.EncodeToString(sum[:]) || b.Type != "image/png" {
		t.Error(text)
	}
	resp, text := n.want(200, "", "GET", path, "")
	if text != content || resp.Header.Get("Content-Type") != "image/png" || resp.Header.Get(SHA256Header) != hex.EncodeToString(sum[:]) {
		t.Errorf("%d bytes, %v", len(text), resp.Header)
	}
	etag := resp.Header.Get("ETag")
	for _, c := range []struct {
		field, want, at string
		status          int
	}{
		{"bytes=5-9", content[5:10], "bytes 5-9/320000", 206},
		{"bytes=319999-", "f", "bytes 319999-319999/320000", 206},
		{"bytes=-3", "def", "bytes 319997-319999/320000", 206},
		{"bytes=131070-131075", content[131070:131076], "bytes 131070-131075/320000", 206},
		{"bytes=319990-400000", content[319990:], "bytes 319990-319999/320000", 206},
		{"bytes=0-1,4-5", content, "", 200},
		{"bytes=9-5", content, "", 200},
		{"lines=1-2", content, "", 200},
	} {
		resp, text := n.ask("GET", path, "", "Range: "+c.field)
		if resp.StatusCode != c.status || text != c.want || resp.Header.Get("Content-Range") != c.at {
			t.Errorf("%s: %d, %d bytes, %q", c.field, resp.StatusCode, len(text), resp.Header.Get("Content-Range"))
		}
	}
	if resp, _ := n.want(416, "after the end", "GET", path, "", "Range: bytes=320000-"); resp.Header.Get("Content-Range") != "bytes */320000" {
		t.Error(resp.Header)
	}
	if resp, text := n.ask("HEAD", path, ""); text != "" || resp.ContentLength != int64(len(content)) {
		t.Errorf("HEAD: %d %q", resp.ContentLength, text)
	}
	n.want(412, "conflict", "PUT", path, "x", "If-None-Match: *")
	n.want(200, "", "PUT", path, "new", "If-Match: "+etag)
	n.want(412, "conflict", "DELETE", path, "", "If-Match: "+etag)
	n.want(200, `"key":"a/logo.png","size":3`, "GET", "/v1/apps/shop/blob/images?prefix=a/", "")
	n.want(204, "", "DELETE", path, "")
	n.want(404, "", "DELETE", path, "")
}

func TestUsage(t *testing.T) {
	n := start(t, nil)
	n.want(204, "", "PUT", "/v1/apps/shop/kv/a/k", "12345")
	n.want(200, `"used":{"bytes":6,"keys":1}`, "GET", "/v1/apps/shop/usage", "")
	n.want(204, "", "PUT", "/v1/apps/shop/quota", `{"bytes":10,"keys":5}`)
	n.want(507, `"quota"`, "PUT", "/v1/apps/shop/kv/a/l", "12345")
	n.want(200, `"limit":{"bytes":10,"keys":5}`, "GET", "/v1/apps/shop/usage", "")
	n.want(400, "0 or more", "PUT", "/v1/apps/shop/quota", `{"bytes":-1,"keys":0}`)
}
