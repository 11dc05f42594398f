package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stackhost/stackhost/host/admin"
	"github.com/stackhost/stackhost/host/app/bundle/oci"
)

// session is a server and the commands that talk to it, in this process.
type session struct {
	t    *testing.T
	data string
}

func newSession(t *testing.T) *session {
	t.Helper()
	s := &session{t, t.TempDir()}
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Chdir(t.TempDir()) // no app here
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	go func() {
		args := []string{"serve", "--data", s.data, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--drain", "1s"}
		ended <- run(ctx, args, strings.NewReader(""), io.Discard, io.Discard)
	}()
	t.Cleanup(func() { stop(); <-ended })
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, err := admin.ReadEndpoint(s.data); err == nil {
			return s
		}
		if time.Now().After(end) {
			t.Fatal("the server does not come up")
		}
	}
}

// run runs a command and returns what it printed.
func (s *session) run(want int, args ...string) (out, errs string) {
	s.t.Helper()
	var o, e bytes.Buffer
	if args[0] != "push" && args[0] != "pull" && (args[0] != "key" || args[1] != "new") {
		args = append(args, "--data", s.data)
	}
	if code := run(s.t.Context(), args, strings.NewReader(""), &o, &e); code != want {
		s.t.Fatalf("%v: exit %d, want %d\n%s%s", args, code, want, o.String(), e.String())
	}
	return o.String(), e.String()
}

func (s *session) json(v any, args ...string) {
	s.t.Helper()
	out, _ := s.run(exitOK, append(args, "--json")...)
	if err := json.Unmarshal([]byte(out), v); err != nil {
		s.t.Fatalf("%v: %s: %v", args, out, err)
	}
}

// says is what the app answers.
func says(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url + "/a.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func shop(t *testing.T, word string) string {
	t.Helper()
	dir := t.TempDir()
	hello, err := filepath.Abs(filepath.Join(dir, "public"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(hello, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"public/a.txt": word, "stackhost.toml": "name = \"shop\"\nversion = \"" + word + "\"\n[[static]]\npath = \"/\"\ndir = \"public\"\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestDeployFromTheCommandLine plays a session: deploy, canary, promote, rollback, signing, stop.
func TestDeployFromTheCommandLine(t *testing.T) {
	s := newSession(t)
	if out, _ := s.run(exitOK, "apps"); !strings.Contains(out, "stackhost deploy") {
		t.Errorf("no apps: %s", out)
	}
	var d deployed
	s.json(&d, "deploy", shop(t, "one"))
	if d.Version != 1 || d.URL == "" || d.Uploaded != d.Size || says(t, d.URL) != "one" {
		t.Fatalf("%+v", d)
	}
	second := shop(t, "two")
	s.json(&d, "deploy", second, "--weight", "10", "--error-bound", "1%", "--window", "10s", "--note", "a try")
	if d.Version != 2 || len(d.Activation.Weights) != 2 || d.Activation.Guard == nil || d.Activation.Guard.ErrorBound != 0.01 {
		t.Errorf("%+v", d)
	}
	var change admin.AppChangeReply
	s.json(&change, "promote", "2", "--app", "shop")
	if says(t, d.URL) != "two" || len(change.Activation.Weights) != 1 {
		t.Errorf("%+v", change)
	}
	if out, _ := s.run(exitOK, "rollback", "--app", "shop"); !strings.Contains(out, "serves version 1") || says(t, d.URL) != "one" {
		t.Errorf("rollback: %s", out)
	}
	s.json(&change, "rollback", "2", "--app", "shop", "--note", "back and forth")
	var reply admin.AppReply
	s.json(&reply, "versions", "--app", "shop")
	if len(reply.Versions) != 2 || reply.Versions[0].Label != "two" || reply.Versions[0].Percent != 100 || reply.Versions[0].Note != "a try" {
		t.Errorf("%+v", reply)
	}
	var history []admin.AppActivation
	if s.json(&history, "apps", "history", "shop"); len(history) != 5 || history[0].Reason != "back and forth" {
		t.Errorf("%+v", history)
	}
	// The same folder is the same version, and is not sent again.
	if s.json(&d, "deploy", second); d.Version != 2 || d.Uploaded != 0 {
		t.Errorf("again: %+v", d)
	}
	s.sign()
	if _, errs := s.run(exitFailure, "apps", "rm", "shop"); !strings.Contains(errs, "stackhost apps stop shop") {
		t.Errorf("removing what serves: %s", errs)
	}
	if s.json(&change, "apps", "stop", "shop"); len(change.Activation.Weights) != 0 {
		t.Errorf("%+v", change)
	}
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{exitFailure, "no app", []string{"rollback", "--app", "none"}},
		{exitFailure, "no version 99", []string{"promote", "99", "--app", "shop"}},
		{exitUsage, "no number of a version", []string{"promote", "two", "--app", "shop"}},
		{exitUsage, "which app", []string{"versions"}},
		{exitUsage, "1 to 100", []string{"deploy", second, "--weight", "101"}},
		{exitUsage, "1% or 0.01", []string{"deploy", second, "--error-bound", "many"}},
		{exitUsage, "no such file", []string{"deploy", second, "--sign", "none.key"}},
	} {
		if _, errs := s.run(c.code, c.args...); !strings.Contains(errs, c.want) {
			t.Errorf("%v: %s, want %q", c.args, errs, c.want)
		}
	}
	s.run(exitOK, "apps", "rm", "shop")
	if out, _ := s.run(exitOK, "apps"); strings.Contains(out, "shop") {
		t.Errorf("removed, and listed: %s", out)
	}
}

// TestAnUploadGoesOnWhereItWas deploys an app of which the first piece is there already.
func TestAnUploadGoesOnWhereItWas(t *testing.T) {
	s := newSession(t)
	dir := shop(t, "one")
	noise := make([]byte, 600_000)
	rand.NewChaCha8([32]byte{1}).Read(noise)
	if err := os.WriteFile(filepath.Join(dir, "public/noise"), noise, 0o644); err != nil {
		t.Fatal(err)
	}
	b, err := openBundle(t.Context(), &console{out: io.Discard, err: io.Discard}, dir, oci.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	r, err := (&remoteFlags{data: s.data, timeout: 5 * time.Second}).connect()
	if err != nil {
		t.Fatal(err)
	}
	path := "/v1/blobs/" + b.Digest
	begin := call{method: "POST", path: path, header: http.Header{"Upload-Length": {strconv.FormatInt(b.Size, 10)}}}
	if err := r.json(t.Context(), begin, nil); err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 300_000) // one whole chunk of the store, and a part that it drops
	if _, err := b.ReadAt(first, 0); err != nil {
		t.Fatal(err)
	}
	var at admin.BundleReply
	write := call{method: "PATCH", path: path, body: first, header: http.Header{"Upload-Offset": {"0"}}}
	if err := r.json(t.Context(), write, &at); err != nil || at.Received != 256<<10 {
		t.Fatalf("%+v, %v", at, err)
	}
	var d deployed
	if s.json(&d, "deploy", dir); d.Uploaded != d.Size-256<<10 || says(t, d.URL) != "one" {
		t.Errorf("%+v", d)
	}
}

func (s *session) sign() {
	s.t.Helper()
	dir := s.t.TempDir()
	file := filepath.Join(dir, "ci.key")
	s.run(exitOK, "key", "new", file)
	third := shop(s.t, "three")
	s.run(exitFailure, "key", "require", "on")
	s.run(exitOK, "key", "trust", file+".pub")
	s.run(exitOK, "key", "require", "on")
	if _, errs := s.run(exitFailure, "deploy", third); !strings.Contains(errs, "not signed") {
		s.t.Errorf("unsigned: %s", errs)
	}
	var d deployed
	if s.json(&d, "deploy", third, "--sign", file); d.Version != 3 || says(s.t, d.URL) != "three" {
		s.t.Errorf("signed: %+v", d)
	}
	var keys admin.SigningReply
	if s.json(&keys, "key", "list"); !keys.Required || len(keys.Keys) != 1 || keys.Keys[0].Name != "ci" {
		s.t.Errorf("%+v", keys)
	}
	s.run(exitOK, "key", "require", "off")
	s.run(exitOK, "key", "distrust", keys.Keys[0].ID)
}

func TestShares(t *testing.T) {
	for text, want := range map[string]float64{"1%": 0.01, "0.5 %": 0.005, "0.25": 0.25, "0": 0, "100%": 1} {
		if got, err := parseShare(text); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "x", "-1%", "101%", "1.5", "NaN", "1%%"} {
		if got, err := parseShare(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}
