package admin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stackhost/stackhost/host/web"
)

// authority signs certificates.
type authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	file string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.file = filepath.Join(t.TempDir(), "ca.pem")
	a.write(a.file, "CERTIFICATE", der)
	return a
}

func (a *authority) write(path, kind string, der []byte) {
	a.t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		a.t.Fatal(err)
	}
}

// sign makes a certificate for 127.0.0.1 and returns its files.
func (a *authority) sign(use x509.ExtKeyUsage) (certFile, keyFile string) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(2), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{use}}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	dir := a.t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	a.write(certFile, "CERTIFICATE", der)
	a.write(keyFile, "PRIVATE KEY", keyDER)
	return certFile, keyFile
}

// TestClientCertificates serves with mutual TLS: without a certificate that the authority signed nothing is answered, and with one a
// token is still needed.
func TestClientCertificates(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	cert, key := ours.sign(x509.ExtKeyUsageServerAuth)
	n := start(t, func(c *Config) { c.TLS = &web.TLSFiles{CertFile: cert, KeyFile: key, ClientCAFile: ours.file} })
	ask := func(signer *authority, use x509.ExtKeyUsage, token string) (int, error) {
		t.Helper()
		conf := &tls.Config{RootCAs: x509.NewCertPool()}
		conf.RootCAs.AddCert(ours.cert)
		if signer != nil {
			pair, err := tls.LoadX509KeyPair(signer.sign(use))
			if err != nil {
				t.Fatal(err)
			}
			conf.Certificates = []tls.Certificate{pair}
		}
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: conf, DisableKeepAlives: true}}
		r, err := http.NewRequest("GET", n.url+"/v1/tokens", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		resp, err := client.Do(r)
		if err != nil {
			return 0, err
		}
		resp.Body.Close()
		return resp.StatusCode, nil
	}
	if status, err := ask(ours, x509.ExtKeyUsageClientAuth, n.token); err != nil || status != 200 {
		t.Errorf("with certificate and token: %d, %v", status, err)
	}
	if status, err := ask(ours, x509.ExtKeyUsageClientAuth, "wrong"); err != nil || status != 401 {
		t.Errorf("with a certificate only: %d, %v", status, err)
	}
	for what, err := range map[string]error{
		"no certificate":       second(ask(nil, 0, n.token)),
		"of another authority": second(ask(theirs, x509.ExtKeyUsageClientAuth, n.token)),
		"for servers":          second(ask(ours, x509.ExtKeyUsageServerAuth, n.token)),
	} {
		if err == nil {
			t.Errorf("%s was accepted", what)
		}
	}
	if _, err := New(Config{Services: n.cfg.Services, RootToken: "t", TLS: &web.TLSFiles{CertFile: cert, KeyFile: key, ClientCAFile: key}}); err == nil {
		t.Error("a file without certificates was accepted as that of the client authorities")
	}
}

func second(_ int, err error) error { return err }
