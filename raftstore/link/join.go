package link

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// JoinConfig says how a node joins a cluster. All fields but the last three are required.
type JoinConfig struct {
	Dir   string   // where the node's cluster files will be
	Node  string   // the node's name
	Token string   // made by Link.NewToken on any member
	Seeds []string // addresses of members' links, host:port, tried in order
	Options
	// Timeout is for one seed. 0 means 15 s.
	Timeout time.Duration
	// Dial replaces the way TCP connections are made, as in Config.
	Dial func(ctx context.Context, addr string) (net.Conn, error)
}

// Join gets a certificate for a node that is in no cluster yet, writes its files and returns who it is and who the members are. The
// cluster's Raft knows nothing of it yet: that is the next step, over a Link. Errors are ErrHasIdentity; ErrTokenInvalid,
// ErrTokenExpired, ErrTokenUsed, ErrNameTaken, ErrTooManyAttempts as a member answered; or what kept every seed from being reached.
// Calling it again after an error is safe, and a use of the token that was taken by an attempt whose answer got lost is not taken
// again as long as the key file of that attempt is in Dir.
func Join(ctx context.Context, cfg JoinConfig) (*Identity, []Member, error) {
	token, err := parseToken(cfg.Token)
	if err != nil {
		return nil, nil, err
	}
	if err := checkNode(cfg.Node); err != nil {
		return nil, nil, err
	}
	if len(cfg.Seeds) == 0 {
		return nil, nil, errors.New("link: no seed: give the address of a member's link (host:port)")
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 15 * time.Second
	}
	if cfg.Dial == nil {
		var d net.Dialer
		cfg.Dial = func(ctx context.Context, addr string) (net.Conn, error) { return d.DialContext(ctx, "tcp", addr) }
	}
	if old, err := Load(cfg.Dir, cfg.Options); !errors.Is(err, ErrNoIdentity) {
		if err == nil {
			err = fmt.Errorf("%w: it is node %s of cluster %s; start it without a token", ErrHasIdentity, old.Node(), old.Cluster())
		}
		return nil, nil, err
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, nil, err
	}
	keyPath := filepath.Join(cfg.Dir, "node.key")
	key, err := readKey(keyPath) // of an attempt before this one: the token may be spent on it
	if err != nil {
		if key, err = newKey(); err != nil {
			return nil, nil, err
		}
		b, err := keyPEM(key)
		if err != nil {
			return nil, nil, err
		}
		if err := writeFile(keyPath, b, 0o600); err != nil {
			return nil, nil, err
		}
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: cfg.Node}}, key)
	if err != nil {
		return nil, nil, err
	}
	body, err := json.Marshal(joinRequest{1, token.cluster, token.secret, cfg.Node, csr})
	if err != nil {
		return nil, nil, err
	}
	var errs []error
	for _, seed := range cfg.Seeds {
		reply, err := askSeed(ctx, &cfg, seed, token, body)
		if err != nil {
			errs = append(errs, fmt.Errorf("join through %s: %w", seed, err))
			if final(err) {
				break
			}
			continue
		}
		id := cfg.identity(cfg.Dir)
		id.cluster, id.node = token.cluster, cfg.Node
		leaf, trusted, ca, err := reply.check(token)
		if err == nil && !samePublic(leaf.PublicKey, key.Public()) {
			err = errors.New("link: the seed's certificate is for another key")
		}
		if err == nil {
			var node string
			roots := x509.NewCertPool()
			roots.AddCert(ca.cert)
			node, err = verify([]*x509.Certificate{leaf}, roots, token.cluster, x509.ExtKeyUsageClientAuth, id.now())
			if err == nil && node != cfg.Node {
				err = errors.New("link: the seed's certificate is for another name")
			}
		}
		if err == nil {
			err = id.create(leaf, key, trusted, ca)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("join through %s: %w", seed, err)
		}
		return id, reply.Members, nil
	}
	return nil, nil, errors.Join(errs...)
}

// final tells whether another seed would say the same.
func final(err error) bool {
	for _, e := range joinCodes {
		if errors.Is(err, e) && e != ErrTooManyAttempts {
			return true
		}
	}
	return false
}

// check reads the authority and certificate in a reply. The authority that signs must be the one that the token names.
func (r *joinReply) check(token joinToken) (leaf *x509.Certificate, trusted []*x509.Certificate, ca *authority, err error) {
	certs, err := parseCerts([]byte(r.Cert))
	if err != nil {
		return nil, nil, nil, fmt.Errorf("link: the seed's reply has no certificate: %w", err)
	}
	if trusted, err = parseCerts([]byte(r.CA)); err != nil {
		return nil, nil, nil, fmt.Errorf("link: the seed's reply has no authority: %w", err)
	}
	key, err := parseKey([]byte(r.CAKey))
	if err != nil {
		return nil, nil, nil, fmt.Errorf("link: the seed's reply has no authority's key: %w", err)
	}
	for _, c := range trusted {
		if Fingerprint(c) == token.fingerprint && samePublic(c.PublicKey, key.Public()) {
			return certs[0], trusted, &authority{c, key}, nil
		}
	}
	return nil, nil, nil, errors.New("link: the cluster's authority was replaced since the join token was made: make a new one")
}

// askSeed sends a join request to one member, after it proved to be one of the token's cluster.
func askSeed(ctx context.Context, cfg *JoinConfig, seed string, token joinToken, body []byte) (*joinReply, error) {
	ctx, cancel := context.WithTimeout(ctx, cfg.Timeout)
	defer cancel()
	raw, err := cfg.Dial(ctx, seed)
	if err != nil {
		return nil, err
	}
	defer raw.Close()
	defer context.AfterFunc(ctx, func() { raw.SetDeadline(time.Unix(1, 0)) })()
	t := tls.Client(raw, &tls.Config{
		MinVersion:         tls.VersionTLS13,
		NextProtos:         []string{protoJoin},
		InsecureSkipVerify: true, // the token's fingerprint says whom to trust
		VerifyConnection:   func(s tls.ConnectionState) error { return checkSeed(s.PeerCertificates, token) },
	})
	explain := func(err error) error {
		if ctx.Err() != nil {
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
		return err
	}
	if err := t.HandshakeContext(ctx); err != nil {
		return nil, explain(err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+seed+"/link/v1/join", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Close = true
	if err := r.Write(t); err != nil {
		return nil, explain(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(io.LimitReader(t, 4<<20)), r)
	if err != nil {
		return nil, explain(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, explain(err)
	}
	if answer.StatusCode == http.StatusOK {
		reply := new(joinReply)
		if err := json.Unmarshal(b, reply); err != nil {
			return nil, fmt.Errorf("link: the seed's reply: %w", err)
		}
		return reply, nil
	}
	var p problem
	if json.Unmarshal(b, &p) != nil || p.Text == "" {
		return nil, fmt.Errorf("link: the seed answered %s", answer.Status)
	}
	if known := joinCodes[p.Code]; known != nil {
		return nil, known
	}
	return nil, errors.New(p.Text)
}

// checkSeed verifies that a seed's certificate was signed by the authority that the token names.
func checkSeed(chain []*x509.Certificate, token joinToken) error {
	for _, c := range chain[min(1, len(chain)):] {
		if Fingerprint(c) != token.fingerprint { // public on both sides
			continue
		}
		roots := x509.NewCertPool()
		roots.AddCert(c)
		_, err := verify(chain, roots, token.cluster, x509.ExtKeyUsageServerAuth, time.Now())
		return err
	}
	if len(chain) > 0 {
		var prints []string
		for _, c := range chain[1:] {
			prints = append(prints, Fingerprint(c))
		}
		return fmt.Errorf("link: the seed's cluster is not the token's, or its authority was replaced since (the token names %s, "+
			"the seed has %v): check the seed's address or make a new token", token.fingerprint, prints)
	}
	return errors.New("link: the seed showed no certificate: is it a node's link port?")
}
