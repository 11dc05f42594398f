package web

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// writeCertificate makes a certificate with a serial number and writes the pair of files.
func writeCertificate(t *testing.T, dir string, serial int64) TLSFiles {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "test"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	files := TLSFiles{CertFile: filepath.Join(dir, "cert.pem"), KeyFile: filepath.Join(dir, "key.pem"), Recheck: time.Nanosecond}
	for name, block := range map[string]*pem.Block{
		files.CertFile: {Type: "CERTIFICATE", Bytes: der}, files.KeyFile: {Type: "EC PRIVATE KEY", Bytes: keyDER},
	} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		// Two writes may share a time stamp; the serial number tells them apart.
		stamp := time.Now().Add(time.Duration(serial) * time.Second)
		os.Chtimes(name, stamp, stamp)
	}
	return files
}

func dialTLS(t *testing.T, addr string) *tls.Conn {
	t.Helper()
	c, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTLSReload(t *testing.T) {
	checkLeaks(t)
	dir := t.TempDir()
	files := writeCertificate(t, dir, 1)
	var log lockedBuffer
	ts := start(t, Config{TLS: &files, Log: slog.New(slog.NewTextHandler(&log, nil)), Handler: func(ctx *fasthttp.RequestCtx) {
		if !ctx.IsTLS() {
			t.Error("the request does not look encrypted")
		}
		hello(ctx)
	}}, true)
	serial := func() int64 {
		t.Helper()
		c := dialTLS(t, ts.addr)
		defer c.Close()
		io.WriteString(c, plainGet)
		if resp, body := readResponse(t, bufio.NewReader(c), false); resp.StatusCode != 200 || body != "Hello, World!\n" {
			t.Fatalf("got %d %q", resp.StatusCode, body)
		}
		return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	if n := serial(); n != 1 {
		t.Errorf("serial %d, want 1", n)
	}
	old := dialTLS(t, ts.addr)
	defer old.Close()
	writeCertificate(t, dir, 2)
	if n := serial(); n != 2 {
		t.Errorf("after the change: serial %d, want 2", n)
	}
	os.WriteFile(files.CertFile, []byte("junk"), 0o600)
	for range 3 {
		if n := serial(); n != 2 {
			t.Errorf("with a bad file: serial %d, want 2", n)
		}
	}
	if n := strings.Count(log.String(), "certificate not reloaded"); n != 1 {
		t.Errorf("the bad file is reported %d times:\n%s", n, log.String())
	}
	os.Remove(files.KeyFile)
	if n := serial(); n != 2 {
		t.Errorf("with a missing file: serial %d, want 2", n)
	}
	writeCertificate(t, dir, 3)
	if n := serial(); n != 3 {
		t.Errorf("after repair: serial %d, want 3", n)
	}
	io.WriteString(old, plainGet)
	if resp, _ := readResponse(t, bufio.NewReader(old), false); resp.StatusCode != 200 {
		t.Errorf("the connection from before: %d", resp.StatusCode)
	}
}

func TestTLSClients(t *testing.T) {
	checkLeaks(t)
	files := writeCertificate(t, t.TempDir(), 1)
	ts := start(t, Config{TLS: &files, Limits: Limits{HeadTimeout: 100 * time.Millisecond}}, true)
	t.Run("plain HTTP", func(t *testing.T) {
		c, err := net.Dial("tcp", ts.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c, plainGet)
		if got := readUntilClosed(t, c); strings.Contains(got, "200") {
			t.Errorf("got %q", got)
		}
	})
	t.Run("no handshake", func(t *testing.T) {
		c, err := net.Dial("tcp", ts.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		readUntilClosed(t, c) // fails when it is not closed
	})
	t.Run("bad request", func(t *testing.T) {
		c := dialTLS(t, ts.addr)
		defer c.Close()
		io.WriteString(c, "GET / HTTP/1.1\r\nHost : h\r\n\r\n")
		if got := readUntilClosed(t, c); outcome(got) != "400 closed" {
			t.Errorf("got %s", got)
		}
	})
	t.Run("slow head", func(t *testing.T) {
		c := dialTLS(t, ts.addr)
		defer c.Close()
		io.WriteString(c, "GET / HT")
		if got := readUntilClosed(t, c); outcome(got) != "408 closed" {
			t.Errorf("got %s", got)
		}
	})
	t.Run("net/http client", func(t *testing.T) {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
		resp, err := client.Post("https://"+ts.addr+"/x", "text/plain", io.MultiReader(strings.NewReader("chunked "), strings.NewReader("body")))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || string(body) != "POST /x chunked body" {
			t.Errorf("got %q, %v", body, err)
		}
	})
}
