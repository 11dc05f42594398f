package link

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

func FuzzToken(f *testing.F) {
	f.Add(joinToken{"abc", make([]byte, secretLen), strings.Repeat("A", 43)}.String())
	f.Add("stk1...")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parseToken(s)
		if err == nil && p.String() != strings.TrimSpace(s) {
			t.Errorf("%q is read as %q", s, p.String())
		}
	})
}

// FuzzJoinRequest gives the seed a request that knows no secret: nobody is admitted, nothing of the members is told.
func FuzzJoinRequest(f *testing.F) {
	id := newCluster(f, "a")
	l := &Link{id: id, cfg: Config{Tokens: &MemTokens{}}}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, must(newKey()))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(must(json.Marshal(joinRequest{1, id.Cluster(), make([]byte, secretLen), "b", csr})))
	f.Add(must(json.Marshal(joinRequest{1, "x", nil, "a", csr[:20]})))
	f.Add([]byte(`{"csr":"AAAA"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var req joinRequest
		if json.Unmarshal(b, &req) != nil {
			return
		}
		if reply, err := l.admit(t.Context(), &req); err == nil || reply != nil {
			t.Errorf("%q is admitted", b)
		}
	})
}

// FuzzJoinReply gives a joining node what no member answers.
func FuzzJoinReply(f *testing.F) {
	id := newCluster(f, "a")
	m := id.cur.Load()
	key := string(must(keyPEM(m.signer.key)))
	f.Add(string(certPEM(m.leaf)), string(certPEM(m.trusted...)), key)
	f.Add(string(certPEM(m.leaf)), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", key)
	f.Add("", "", "")
	print := Fingerprint(m.signer.cert)
	f.Fuzz(func(t *testing.T, cert, ca, caKey string) {
		r := joinReply{Cert: cert, CA: ca, CAKey: caKey}
		_, trusted, a, err := r.check(joinToken{id.cluster, nil, print})
		if err == nil && (len(trusted) == 0 || Fingerprint(a.cert) != print) {
			t.Error("another authority is believed")
		}
	})
}

// TestCloseLeavesNothing counts goroutines around the life of links with open connections of each kind.
func TestCloseLeavesNothing(t *testing.T) {
	first := newCluster(t, "a")
	second := another(t, first, "b", false, Options{})
	before := runtime.NumGoroutine()
	for n := range 3 {
		a, b := start(t, first, func(c *Config) { c.Tokens = &MemTokens{} }), start(t, second, nil)
		b.Raft()
		if _, err := a.Ping(soon(t), b.Addr()); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Ping(soon(t), a.Addr()); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Raft().Dial("127.0.0.1:1", time.Second); err == nil {
			t.Error("dialled a closed port")
		}
		c := must(a.Raft().Dial(raft.ServerAddress(b.Addr()), time.Second))
		defer c.Close()
		if n == 0 {
			if err := a.Shutdown(soon(t)); err != nil {
				t.Error(err)
			}
		} else if err := a.Close(); err != nil {
			t.Error(err)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		a.Close()
	}
	eventually(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= before })
}
