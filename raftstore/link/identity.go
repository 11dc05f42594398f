package link

import (
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

var (
	// ErrNoIdentity is returned when a folder has no cluster files: make them with Init or Join.
	ErrNoIdentity = errors.New("link: this node belongs to no cluster yet")
	// ErrHasIdentity is returned when cluster files would have to be overwritten.
	ErrHasIdentity = errors.New("link: this node belongs to a cluster already")
	// ErrCannotSign is returned when a certificate or token is asked of a node that does not hold the authority's key.
	ErrCannotSign = errors.New("link: this node does not hold the authority's key (ca.key)")
)

// Identity is who a node is: its certificate and key, and the authorities it trusts. What it holds is exchanged while connections are
// made: on renewal, when files change and while the authority is replaced. Safe for concurrent use.
type Identity struct {
	dir     string // "" for brought certificates
	cluster string
	node    string
	life    time.Duration
	files   broughtFiles
	now     func() time.Time

	mu  sync.Mutex // one change at a time
	cur atomic.Pointer[material]
}

type broughtFiles struct{ cert, key, ca string }

// material is what an Identity holds at one time. Immutable.
type material struct {
	leaf    *x509.Certificate
	key     crypto.Signer
	tls     *tls.Certificate // what peers are shown
	join    *tls.Certificate // the same with the authorities, for nodes that know only a fingerprint
	trusted []*x509.Certificate
	roots   *x509.CertPool
	signer  *authority // nil: cannot sign
}

// clusterFile is cluster.json.
type clusterFile struct {
	Version int       `json:"version"`
	Cluster string    `json:"cluster"`
	Node    string    `json:"node"`
	Created time.Time `json:"created"`
}

// Options of Init and Load. The zero value is right for all but tests.
type Options struct {
	Life time.Duration // of certificates that this node signs; 0 means 90 days
}

func (o Options) identity(dir string) *Identity {
	if o.Life <= 0 {
		o.Life = defaultLife
	}
	return &Identity{dir: dir, life: o.Life, now: time.Now}
}

// Init makes a new cluster whose first node is node, and writes its files to dir, which is made if need be. ErrHasIdentity is returned
// if dir has such files.
func Init(dir, node string, opts Options) (*Identity, error) {
	if err := checkNode(node); err != nil {
		return nil, err
	}
	id := opts.identity(dir)
	id.cluster, id.node = strings.ToLower(rand.Text()), node
	ca, _, err := newCA(id.cluster, nil, id.now())
	if err != nil {
		return nil, err
	}
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	leaf, err := ca.sign(id.cluster, node, key.Public(), id.life, id.now())
	if err != nil {
		return nil, err
	}
	return id, id.create(leaf, key, []*x509.Certificate{ca.cert}, ca)
}

// create writes all files for the first time; cluster.json last, so that half of them is no identity.
func (id *Identity) create(leaf *x509.Certificate, key crypto.Signer, trusted []*x509.Certificate, ca *authority) error {
	if err := os.MkdirAll(id.dir, 0o700); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(id.dir, "cluster.json")); err == nil {
		return fmt.Errorf("%w: %s has its files", ErrHasIdentity, id.dir)
	}
	nodeKey, err := keyPEM(key)
	if err != nil {
		return err
	}
	about, err := json.MarshalIndent(clusterFile{1, id.cluster, id.node, id.now().UTC().Truncate(time.Second)}, "", "  ")
	if err != nil {
		return err
	}
	files := []struct {
		name string
		data []byte
		mode os.FileMode
	}{
		{"ca.pem", certPEM(trusted...), 0o644},
		{"node.key", nodeKey, 0o600},
		{"node.pem", certPEM(leaf), 0o644},
		{"cluster.json", append(about, '\n'), 0o644},
	}
	if ca == nil {
		os.Remove(filepath.Join(id.dir, "ca.key")) // of a start that was cut off
	} else {
		caKey, err := keyPEM(ca.key)
		if err != nil {
			return err
		}
		if err := writeFile(filepath.Join(id.dir, "ca.key"), caKey, 0o600); err != nil {
			return err
		}
	}
	for _, f := range files {
		if err := writeFile(filepath.Join(id.dir, f.name), f.data, f.mode); err != nil {
			return err
		}
	}
	return id.Reload()
}

// Load reads the files that Init or Join wrote to dir. If the certificate is due for renewal and the node can sign, it is renewed at
// once, even when it has ended. ErrNoIdentity is returned if dir has no such files.
func Load(dir string, opts Options) (*Identity, error) {
	b, err := os.ReadFile(filepath.Join(dir, "cluster.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: no cluster.json in %s; run `stackhost cluster init`, or join one with a token", ErrNoIdentity, dir)
	}
	if err != nil {
		return nil, err
	}
	var about clusterFile
	if err := json.Unmarshal(b, &about); err != nil {
		return nil, fmt.Errorf("link: %s: %w", filepath.Join(dir, "cluster.json"), err)
	}
	if about.Version != 1 {
		return nil, fmt.Errorf("link: %s has version %d and this stackhost knows version 1: use the stackhost that wrote it or a newer one",
			filepath.Join(dir, "cluster.json"), about.Version)
	}
	id := opts.identity(dir)
	id.cluster, id.node = about.Cluster, about.Node
	if err := id.Reload(); err != nil {
		return nil, err
	}
	if !id.now().Before(id.RenewAt()) && id.CanSign() {
		return id, id.renewSelf()
	}
	return id, nil
}

// Brought loads a certificate (with its intermediates), its key and the trusted authorities, all PEM, which were made elsewhere. The
// certificate must name the node, see the package comment; cluster may be "" if it has the URI, which contains it.
func Brought(certFile, keyFile, caFile, cluster string) (*Identity, error) {
	id := Options{}.identity("")
	id.cluster, id.files = cluster, broughtFiles{certFile, keyFile, caFile}
	return id, id.Reload()
}

// Node is the node's name.
func (id *Identity) Node() string { return id.node }

// Cluster is the cluster's id: 26 characters a-z and 2-7, unless brought.
func (id *Identity) Cluster() string { return id.cluster }

// CanSign tells whether the node holds the authority's key, and so can admit and renew others.
func (id *Identity) CanSign() bool { return id.cur.Load().signer != nil }

// Expires is when the certificate in use ends.
func (id *Identity) Expires() time.Time { return id.cur.Load().leaf.NotAfter }

// RenewAt is when two thirds of the certificate's life are over.
func (id *Identity) RenewAt() time.Time {
	c := id.cur.Load().leaf
	return c.NotAfter.Add(-c.NotAfter.Sub(c.NotBefore) / 3)
}

// Authorities are the fingerprints of the authorities that are trusted, the one that signs first.
func (id *Identity) Authorities() []string {
	m := id.cur.Load()
	var prints []string
	for _, c := range m.trusted {
		if m.signer != nil && c.Equal(m.signer.cert) {
			prints = append([]string{Fingerprint(c)}, prints...)
		} else {
			prints = append(prints, Fingerprint(c))
		}
	}
	return prints
}

// Reload reads the files again. Connections that are made from then on use what was read; an error leaves everything as it was.
func (id *Identity) Reload() error {
	id.mu.Lock()
	defer id.mu.Unlock()
	return id.reload()
}

func (id *Identity) paths() (cert, key, ca, caKey string) {
	if id.dir == "" {
		return id.files.cert, id.files.key, id.files.ca, ""
	}
	in := func(name string) string { return filepath.Join(id.dir, name) }
	return in("node.pem"), in("node.key"), in("ca.pem"), in("ca.key")
}

func (id *Identity) reload() error {
	certPath, keyPath, caPath, caKeyPath := id.paths()
	chain, err := readCerts(certPath)
	if err != nil {
		return err
	}
	key, err := readKey(keyPath)
	if err != nil {
		return err
	}
	trusted, err := readCerts(caPath)
	if err != nil {
		return err
	}
	m := &material{leaf: chain[0], key: key, trusted: trusted, roots: x509.NewCertPool()}
	if !samePublic(chain[0].PublicKey, key.Public()) {
		return fmt.Errorf("link: %s is not the key of the certificate in %s", keyPath, certPath)
	}
	for _, c := range trusted {
		m.roots.AddCert(c)
	}
	cluster := id.cluster
	if cluster == "" && len(chain[0].URIs) > 0 {
		cluster = chain[0].URIs[0].Host
	}
	node, err := nodeOf(chain[0], cluster)
	if err != nil {
		return fmt.Errorf("%s: %w", certPath, err)
	}
	if id.node != "" && id.node != node {
		return fmt.Errorf("link: the certificate in %s is of node %s, and this node is %s", certPath, node, id.node)
	}
	if caKeyPath != "" {
		if k, err := readKey(caKeyPath); err == nil {
			for _, c := range trusted {
				if samePublic(c.PublicKey, k.Public()) {
					m.signer = &authority{c, k}
				}
			}
			if m.signer == nil {
				return fmt.Errorf("link: %s is the key of no authority in %s: put back the one that belongs to it", caKeyPath, caPath)
			}
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	m.tls = &tls.Certificate{PrivateKey: key, Leaf: chain[0]}
	for _, c := range chain {
		m.tls.Certificate = append(m.tls.Certificate, c.Raw)
	}
	join := *m.tls
	join.Certificate = append([][]byte(nil), m.tls.Certificate...)
	for _, c := range trusted {
		join.Certificate = append(join.Certificate, c.Raw)
	}
	m.join = &join
	if id.node == "" || id.cluster == "" { // brought, and nobody else has id yet
		id.cluster, id.node = cluster, node
	}
	id.cur.Store(m)
	return nil
}

func readCerts(path string) ([]*x509.Certificate, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	certs, err := parseCerts(b)
	if err != nil {
		return nil, fmt.Errorf("link: %s: %w", path, err)
	}
	return certs, nil
}

func readKey(path string) (crypto.Signer, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	key, err := parseKey(b)
	if err != nil {
		return nil, fmt.Errorf("link: %s: %w", path, err)
	}
	return key, nil
}
