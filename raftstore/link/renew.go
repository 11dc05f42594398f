package link

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"
)

// renewSelf replaces the certificate by one that this node signs.
func (id *Identity) renewSelf() error {
	id.mu.Lock()
	defer id.mu.Unlock()
	return id.renewLocked()
}

func (id *Identity) renewLocked() error {
	m := id.cur.Load()
	if m.signer == nil {
		return ErrCannotSign
	}
	leaf, err := m.signer.sign(id.cluster, id.node, m.key.Public(), id.life, id.now())
	if err != nil {
		return err
	}
	return id.putLeaf(leaf)
}

// putLeaf checks and writes a new certificate for the same key. mu is held.
func (id *Identity) putLeaf(leaf *x509.Certificate) error {
	m := id.cur.Load()
	if !samePublic(leaf.PublicKey, m.key.Public()) {
		return errors.New("link: the new certificate is for another key")
	}
	node, err := verify([]*x509.Certificate{leaf}, m.roots, id.cluster, x509.ExtKeyUsageClientAuth, id.now())
	if err != nil {
		return err
	}
	if node != id.node {
		return fmt.Errorf("link: the new certificate is for node %s, and this node is %s", node, id.node)
	}
	if err := writeFile(filepath.Join(id.dir, "node.pem"), certPEM(leaf), 0o644); err != nil {
		return err
	}
	return id.reload()
}

// Renew replaces the node's certificate now: by itself if it holds the authority's key, otherwise through the first of Config.Peers
// that does. Connections that are open go on; new ones use the new certificate. Brought certificates are not renewed (ErrCannotSign).
func (l *Link) Renew(ctx context.Context) error {
	if l.id.dir == "" {
		return fmt.Errorf("%w: its certificate was brought, so bring a new one", ErrCannotSign)
	}
	if l.id.CanSign() {
		return l.id.renewSelf()
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader,
		&x509.CertificateRequest{Subject: pkix.Name{CommonName: l.id.node}}, l.id.cur.Load().key)
	if err != nil {
		return err
	}
	errs := []error{errors.New("link: no peer renewed this node's certificate: start one that holds ca.key")}
	var peers []string
	if l.cfg.Peers != nil {
		peers = l.cfg.Peers()
	}
	for _, addr := range peers {
		b, err := l.Call(ctx, addr, "/link/v1/renew", csr)
		if err == nil {
			var certs []*x509.Certificate
			if certs, err = parseCerts(b); err == nil {
				l.id.mu.Lock()
				err = l.id.putLeaf(certs[0])
				l.id.mu.Unlock()
			}
			if err == nil {
				return nil
			}
		}
		errs = append(errs, fmt.Errorf("%s: %w", addr, err))
	}
	return errors.Join(errs...)
}

// serveRenew signs a certificate for the node that asks, whatever name its request has.
func (l *Link) serveRenew(ctx context.Context, body []byte) ([]byte, error) {
	m := l.id.cur.Load()
	if m.signer == nil {
		return nil, &StatusError{501, ErrCannotSign.Error()}
	}
	csr, err := x509.ParseCertificateRequest(body)
	if err == nil {
		err = csr.CheckSignature()
	}
	if err != nil {
		return nil, &StatusError{400, "link: not a certificate request: " + err.Error()}
	}
	cert, err := m.signer.sign(l.id.cluster, Peer(ctx), csr.PublicKey, l.id.life, l.id.now())
	if err != nil {
		return nil, &StatusError{400, err.Error()}
	}
	return certPEM(cert), nil
}

// keepCertificates renews the certificate in time and reads brought files when they change, until the link is closed.
func (l *Link) keepCertificates() {
	tick := time.NewTicker(l.cfg.CheckEvery)
	defer tick.Stop()
	stamp := l.id.stamp()
	for {
		select {
		case <-tick.C:
		case <-l.ctx.Done():
			return
		}
		if now := l.id.stamp(); now != stamp {
			if err := l.id.Reload(); err != nil {
				l.cfg.Log.Error("link: certificate files changed and cannot be used", slog.Any("error", err))
			} else {
				l.cfg.Log.Info("link: certificate files changed", slog.Time("expires", l.id.Expires()))
				stamp = now
			}
		}
		if l.id.now().Before(l.id.RenewAt()) {
			continue
		}
		if l.id.dir == "" {
			l.cfg.Log.Warn("link: the brought certificate ends soon: replace its files", slog.Time("expires", l.id.Expires()))
			continue
		}
		ctx, cancel := context.WithTimeout(l.ctx, 30*time.Second)
		err := l.Renew(ctx)
		cancel()
		if err != nil {
			l.cfg.Log.Error("link: the certificate is not renewed", slog.Time("expires", l.id.Expires()), slog.Any("error", err))
			continue
		}
		l.cfg.Log.Info("link: certificate renewed", slog.Time("expires", l.id.Expires()))
		stamp = l.id.stamp()
	}
}

// stamp changes when a file does.
func (id *Identity) stamp() string {
	var s string
	cert, key, ca, caKey := id.paths()
	for _, p := range []string{cert, key, ca, caKey} {
		if info, err := os.Stat(p); err == nil {
			s += fmt.Sprint(info.ModTime().UnixNano(), "/", info.Size(), " ")
		}
	}
	return s
}
