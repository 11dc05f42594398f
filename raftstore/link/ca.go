package link

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"time"
)

const (
	caLife      = 10 * 365 * 24 * time.Hour
	defaultLife = 90 * 24 * time.Hour
	backdate    = 24 * time.Hour
	uriScheme   = "stackhost"
	dnsPrefix   = "node-"
	dnsSuffix   = ".stackhost.internal"
	maxNodeName = 58 // with its prefix it is one DNS label
)

// ValidNode tells whether name can be a node's: 1 to 58 characters a-z, 0-9 and "-", with no "-" at either end.
func ValidNode(name string) bool {
	if name == "" || len(name) > maxNodeName || name[0] == '-' || name[len(name)-1] == '-' {
		return false
	}
	for _, c := range []byte(name) {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-') {
			return false
		}
	}
	return true
}

func checkNode(name string) error {
	if !ValidNode(name) {
		return fmt.Errorf("link: %.80q cannot be a node's name: use 1 to %d of a-z, 0-9 and \"-\", with no \"-\" at either end",
			name, maxNodeName)
	}
	return nil
}

// Fingerprint is the SHA-256 of a certificate in unpadded base64url, as in join tokens.
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

func serial() *big.Int {
	b := make([]byte, 16)
	rand.Read(b)
	b[0] = b[0]&0x7f | 0x40
	return new(big.Int).SetBytes(b)
}

// newCA makes an authority, and when old is given the same name and key signed by old, which proves to nodes that trust old that the
// holder of its key wants the new one.
func newCA(cluster string, old *authority, now time.Time) (ca *authority, cross *x509.Certificate, err error) {
	key, err := newKey()
	if err != nil {
		return nil, nil, err
	}
	n := serial()
	template := &x509.Certificate{
		SerialNumber:          n,
		Subject:               pkix.Name{CommonName: "stackhost cluster " + cluster + " " + n.Text(16)[:8]},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(caLife),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
	}
	cert, err := create(template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	if old != nil {
		template.SerialNumber = serial()
		if cross, err = create(template, old.cert, key.Public(), old.key); err != nil {
			return nil, nil, err
		}
	}
	return &authority{cert, key}, cross, nil
}

// authority can sign.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// sign makes a node's certificate.
func (a *authority) sign(cluster, node string, public crypto.PublicKey, life time.Duration, now time.Time) (*x509.Certificate, error) {
	if err := checkNode(node); err != nil {
		return nil, err
	}
	switch k := public.(type) {
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() {
			return nil, errors.New("link: a node's key must be ECDSA P-256 or Ed25519")
		}
	case ed25519.PublicKey:
	default:
		return nil, errors.New("link: a node's key must be ECDSA P-256 or Ed25519")
	}
	end := now.Add(life)
	if end.After(a.cert.NotAfter) {
		end = a.cert.NotAfter
	}
	return create(&x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: node},
		NotBefore:             now.Add(-min(backdate, life)),
		NotAfter:              end,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
		DNSNames:              []string{dnsPrefix + node + dnsSuffix},
		URIs:                  []*url.URL{{Scheme: uriScheme, Host: cluster, Path: "/node/" + node}},
	}, a.cert, public, a.key)
}

func create(template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		return nil, fmt.Errorf("link: make a certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}

// nodeOf is the node that a certificate of this cluster names. The chain is checked elsewhere.
func nodeOf(c *x509.Certificate, cluster string) (string, error) {
	var node string
	name := func(n string) error {
		if !ValidNode(n) || node != "" && node != n {
			return fmt.Errorf("link: certificate %q has no single valid node name", c.Subject.CommonName)
		}
		node = n
		return nil
	}
	for _, u := range c.URIs {
		if u.Scheme != uriScheme {
			continue
		}
		if u.Host != cluster {
			return "", fmt.Errorf("link: certificate %q is of cluster %.40s, and this is %s", c.Subject.CommonName, u.Host, cluster)
		}
		n, ok := strings.CutPrefix(u.Path, "/node/")
		if !ok {
			n = ""
		}
		if err := name(n); err != nil {
			return "", err
		}
	}
	for _, d := range c.DNSNames {
		if n, ok := strings.CutSuffix(d, dnsSuffix); ok {
			if n, ok = strings.CutPrefix(n, dnsPrefix); ok {
				if err := name(n); err != nil {
					return "", err
				}
			}
		}
	}
	if node == "" {
		return "", fmt.Errorf("link: certificate %q names no node: it needs %s://CLUSTER/node/NAME or %sNAME%s as a subject alternative name",
			c.Subject.CommonName, uriScheme, dnsPrefix, dnsSuffix)
	}
	return node, nil
}

// verify checks a peer's chain and says which node it is.
func verify(chain []*x509.Certificate, roots *x509.CertPool, cluster string, usage x509.ExtKeyUsage, now time.Time) (string, error) {
	if len(chain) == 0 {
		return "", errors.New("link: no certificate was shown")
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{usage},
	})
	if err != nil {
		return "", fmt.Errorf("link: not a certificate of this cluster: %w", err)
	}
	return nodeOf(chain[0], cluster)
}

func certPEM(certs ...*x509.Certificate) []byte {
	var b bytes.Buffer
	for _, c := range certs {
		pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	}
	return b.Bytes()
}

func parseCerts(b []byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for {
		var block *pem.Block
		if block, b = pem.Decode(b); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		certs = append(certs, c)
	}
	if len(certs) == 0 {
		return nil, errors.New("no CERTIFICATE block in it")
	}
	return certs, nil
}

func keyPEM(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

func parseKey(b []byte) (crypto.Signer, error) {
	for {
		var block *pem.Block
		if block, b = pem.Decode(b); block == nil {
			return nil, errors.New("no PRIVATE KEY block in it")
		}
		switch block.Type {
		case "EC PRIVATE KEY":
			return x509.ParseECPrivateKey(block.Bytes)
		case "PRIVATE KEY":
			k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				return nil, err
			}
			if s, ok := k.(crypto.Signer); ok {
				return s, nil
			}
			return nil, errors.New("its key cannot sign")
		}
	}
}

func samePublic(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}
