package link

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// traffic calls from every link to every other, on kept and on new connections, until stop is called.
func traffic(t *testing.T, links ...*Link) (stop func() (calls int64)) {
	var wg sync.WaitGroup
	var calls atomic.Int64
	end := make(chan struct{})
	for _, from := range links {
		for _, to := range links {
			if from == to {
				continue
			}
			wg.Go(func() {
				for n := 0; ; n++ {
					select {
					case <-end:
						return
					default:
					}
					if n%5 == 0 {
						from.transport.CloseIdleConnections()
					}
					got, err := from.Call(soon(t), to.Addr(), "/echo", []byte("x"))
					if err != nil || string(got) != from.id.Node()+":x" {
						t.Errorf("%s calls %s: %q, %v", from.id.Node(), to.id.Node(), got, err)
						return
					}
					calls.Add(1)
				}
			})
		}
	}
	return func() int64 {
		close(end)
		wg.Wait()
		return calls.Load()
	}
}

// TestRenewalUnderTraffic has certificates that live for two seconds, one node that can sign and one that has to ask.
func TestRenewalUnderTraffic(t *testing.T) {
	t.Parallel()
	first, err := Init(filepath.Join(t.TempDir(), "node"), "a", Options{Life: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	quick := func(c *Config) { c.CheckEvery = 50 * time.Millisecond }
	a := start(t, first, quick)
	second := another(t, first, "b", false, Options{Life: 2 * time.Second})
	b := start(t, second, func(c *Config) {
		quick(c)
		c.Peers = func() []string { return []string{"127.0.0.1:1", a.Addr()} }
	})
	a.HandleCall("/echo", echo)
	b.HandleCall("/echo", echo)
	serials := map[string]bool{}
	stop := traffic(t, a, b)
	for end := time.Now().Add(2200 * time.Millisecond); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		serials["b"+second.cur.Load().leaf.SerialNumber.String()] = true
		serials["a"+first.cur.Load().leaf.SerialNumber.String()] = true
	}
	calls := stop()
	if len(serials) < 6 || calls < 50 {
		t.Errorf("%d certificates in 2.2 s of traffic, %d calls", len(serials), calls)
	}
	if second.CanSign() {
		t.Error("the second node got the authority's key")
	}
	// What is on disk is what is used.
	onDisk, err := Load(second.dir, Options{})
	if err != nil || !onDisk.cur.Load().leaf.Equal(second.cur.Load().leaf) && time.Until(onDisk.Expires()) < 0 {
		t.Errorf("on disk: %v", err)
	}
}

func TestRenewalIsForTheNodeThatAsks(t *testing.T) {
	first := newCluster(t, "a")
	a := start(t, first, nil)
	b := start(t, another(t, first, "b", false, Options{}), func(c *Config) { c.Peers = func() []string { return []string{a.Addr()} } })
	before := b.id.Expires()
	if err := b.Renew(soon(t)); err != nil || b.id.Expires().Before(before) || b.id.cur.Load().leaf.Subject.CommonName != "b" {
		t.Errorf("renew: %v", err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader,
		&x509.CertificateRequest{Subject: pkix.Name{CommonName: "a"}, DNSNames: []string{"node-a.stackhost.internal"}}, b.id.cur.Load().key)
	if err != nil {
		t.Fatal(err)
	}
	signed := must(parseCerts(must(b.Call(soon(t), a.Addr(), "/link/v1/renew", csr))))
	if node, err := nodeOf(signed[0], first.cluster); node != "b" {
		t.Errorf("b asked for a's certificate and got one for %q, %v", node, err)
	}
	onDisk := must(os.ReadFile(filepath.Join(b.id.dir, "node.pem")))
	wrong := must(first.cur.Load().signer.sign(first.cluster, "c", b.id.cur.Load().key.Public(), time.Hour, time.Now()))
	b.id.mu.Lock()
	err = b.id.putLeaf(wrong)
	b.id.mu.Unlock()
	if err == nil || !bytes.Equal(onDisk, must(os.ReadFile(filepath.Join(b.id.dir, "node.pem")))) {
		t.Errorf("another node's certificate was stored: %v", err)
	}
	_, err = b.Call(soon(t), a.Addr(), "/link/v1/renew", []byte("garbage"))
	if err == nil || !strings.Contains(err.Error(), "not a certificate request") {
		t.Errorf("garbage for a request: %v", err)
	}
	if _, err := a.Call(soon(t), b.Addr(), "/link/v1/renew", nil); err == nil || !strings.Contains(err.Error(), "does not hold") {
		t.Errorf("asked of a node that cannot sign: %v", err)
	}
	lone := start(t, another(t, first, "c", false, Options{}), nil)
	if err := lone.Renew(soon(t)); err == nil || !strings.Contains(err.Error(), "no peer renewed") {
		t.Errorf("nobody to ask: %v", err)
	}
}

// TestLongSwitchedOff starts nodes whose certificates ended meanwhile.
func TestLongSwitchedOff(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "node")
	if _, err := Init(dir, "a", Options{Life: time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Millisecond)
	id, err := Load(dir, Options{})
	if err != nil || time.Until(id.Expires()) < 24*time.Hour {
		t.Errorf("it holds the key and was not renewed at start: %v, %v", id.Expires(), err)
	}
}

func TestBroughtFilesAreReadAgain(t *testing.T) {
	first := newCluster(t, "a")
	made := another(t, first, "b", false, Options{})
	file := func(name string) string { return filepath.Join(made.dir, name) }
	id, err := Brought(file("node.pem"), file("node.key"), file("ca.pem"), "")
	if err != nil {
		t.Fatal(err)
	}
	a := start(t, first, nil)
	a.HandleCall("/echo", echo)
	b := start(t, id, func(c *Config) { c.CheckEvery = 20 * time.Millisecond; c.Tokens = &MemTokens{} })
	if _, err := b.Call(soon(t), a.Addr(), "/echo", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := b.NewToken(t.Context(), TokenOptions{}); !errors.Is(err, ErrCannotSign) {
		t.Errorf("a token of a node with brought certificates: %v", err)
	}
	if err := b.Renew(t.Context()); !errors.Is(err, ErrCannotSign) {
		t.Errorf("renewal of brought certificates: %v", err)
	}
	before := id.cur.Load()
	if err := os.WriteFile(file("node.pem"), []byte("half a fi"), 0o644); err != nil {
		t.Fatal(err)
	}
	time.Sleep(60 * time.Millisecond)
	if _, err := b.Ping(soon(t), a.Addr()); err != nil || id.cur.Load() != before {
		t.Errorf("a broken file was taken: %v", err)
	}
	s := first.cur.Load().signer
	leaf := must(s.sign(first.cluster, "b", before.key.Public(), time.Hour, time.Now()))
	if err := os.WriteFile(file("node.pem"), certPEM(leaf), 0o644); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new file is used", func() bool { return id.cur.Load().leaf.Equal(leaf) })
	// Another node's certificate is not.
	wrong := must(s.sign(first.cluster, "c", before.key.Public(), time.Hour, time.Now()))
	if err := os.WriteFile(file("node.pem"), certPEM(wrong), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := id.Reload(); err == nil || !id.cur.Load().leaf.Equal(leaf) {
		t.Errorf("another node's certificate was taken: %v", err)
	}
}

// TestRotateCA replaces the authority under traffic, once stopped half-way by a node that is away.
func TestRotateCA(t *testing.T) {
	first := newCluster(t, "a")
	tokens := &MemTokens{}
	a := start(t, first, func(c *Config) {
		c.Tokens = tokens
		c.HandshakeTimeout = 400 * time.Millisecond
	})
	b := start(t, another(t, first, "b", true, Options{}), nil)
	c := start(t, another(t, first, "c", true, Options{}), nil)
	for _, l := range []*Link{a, b, c} {
		l.HandleCall("/echo", echo)
	}
	token := must(a.NewToken(t.Context(), TokenOptions{}))
	old := first.Authorities()[0]
	oldCA := first.cur.Load().signer
	stop := traffic(t, a, b, c)

	if err := a.RotateCA(soon(t), []string{b.Addr(), "127.0.0.1:1", c.Addr()}); err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Fatalf("with a node that is away: %v", err)
	}
	if got := b.id.Authorities(); len(got) != 2 || got[0] != old {
		t.Errorf("half-way, b trusts %v and signs with %s", got, got[0])
	}
	if err := a.RotateCA(soon(t), []string{b.Addr(), c.Addr()}); err != nil {
		t.Fatal(err)
	}
	if calls := stop(); calls < 30 {
		t.Errorf("%d calls meanwhile", calls)
	}
	now := a.id.Authorities()
	if len(now) != 1 || now[0] == old {
		t.Errorf("afterwards a trusts %v", now)
	}
	for _, l := range []*Link{a, b, c} {
		onDisk, err := Load(l.id.dir, Options{})
		if err != nil || !slices.Equal(onDisk.Authorities(), now) || !slices.Equal(l.id.Authorities(), now) || !onDisk.CanSign() {
			t.Errorf("afterwards %s: %v, %v", l.id.Node(), l.id.Authorities(), err)
		}
		m := l.id.cur.Load()
		if _, err := verify([]*x509.Certificate{m.leaf}, m.roots, l.id.cluster, x509.ExtKeyUsageServerAuth, time.Now()); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(first.dir, "ca-next.key")); err == nil {
		t.Error("the key of the replacement is left beside ca.key")
	}
	// What the old authority signs is worth nothing now, its tokens included.
	thief := Options{}.identity(filepath.Join(t.TempDir(), "node"))
	thief.cluster, thief.node = first.cluster, "t"
	key := must(newKey())
	leaf := must(oldCA.sign(first.cluster, "t", key.Public(), time.Hour, time.Now()))
	if err := thief.create(leaf, key, []*x509.Certificate{oldCA.cert, first.cur.Load().signer.cert}, oldCA); err != nil {
		t.Fatal(err)
	}
	if _, err := start(t, thief, nil).Call(soon(t), b.Addr(), "/echo", nil); err == nil {
		t.Error("a certificate of the old authority is accepted")
	}
	if _, _, err := join(t, token, "d", a.Addr()); err == nil || !strings.Contains(err.Error(), "authority was replaced") {
		t.Errorf("a token made before: %v", err)
	}
	if d, _, err := join(t, must(a.NewToken(t.Context(), TokenOptions{})), "d", a.Addr()); err != nil || !slices.Equal(d.Authorities(), now) {
		t.Errorf("a token made afterwards: %v", err)
	}
}

// TestForgedAuthority gives orders that a member without the authority's key could make.
func TestForgedAuthority(t *testing.T) {
	first := newCluster(t, "a")
	a := start(t, first, nil)
	b := start(t, another(t, first, "b", false, Options{}), nil)
	forged, _, err := newCA(first.cluster, nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	_, cross, err := newCA(first.cluster, forged, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	leaf := b.id.cur.Load()
	byLeaf, err := create(forged.cert, leaf.leaf, forged.cert.PublicKey, leaf.key)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]*x509.Certificate{"itself": forged.cert, "a stranger": cross, "a node": byLeaf} {
		err := first.obey(&authorityOrder{Step: "trust", CA: string(certPEM(forged.cert)), Cross: string(certPEM(c))})
		if err == nil {
			t.Errorf("an authority signed by %s is trusted", name)
		}
	}
	for _, order := range []string{``, `{}`, `{"step":"trust"}`, `{"step":"drop","ca":"x"}`, strings.Repeat("[", 1<<20)} {
		if _, err := b.Call(soon(t), a.Addr(), "/link/v1/authority", []byte(order)); err == nil {
			t.Errorf("order %.20q was obeyed", order)
		}
	}
	own := string(certPEM(first.cur.Load().signer.cert))
	if err := first.obey(&authorityOrder{Step: "adopt", CA: own, Key: string(must(keyPEM(forged.key)))}); err == nil {
		t.Error("a key of another authority was taken over")
	}
	if err := b.RotateCA(soon(t), []string{a.Addr()}); !errors.Is(err, ErrCannotSign) {
		t.Errorf("replaced by a member without the key: %v", err)
	}
	if len(first.Authorities()) != 1 {
		t.Errorf("a trusts %v", first.Authorities())
	}
}
