package link

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// authorityOrder is what a node is told while authorities are exchanged. JSON.
type authorityOrder struct {
	Step  string `json:"step"`            // "trust", "adopt" or "drop"
	CA    string `json:"ca"`              // PEM of the new one
	Cross string `json:"cross,omitempty"` // PEM: its name and key, signed by the one before
	Key   string `json:"key,omitempty"`   // PEM, for adopt
}

// RotateCA replaces the cluster's authority by a new one while the cluster works. peers are the addresses of all other members. In
// three rounds every node (1) trusts the new one beside the old, (2) takes over its key and makes itself a new certificate, (3) forgets
// the old one, Config.HandshakeTimeout later. A round begins when all nodes finished the one before, so at no time do two nodes not
// understand each other. When a node cannot be reached RotateCA stops with an error that names it: traffic goes on, both authorities are
// trusted, and calling it again on the same node goes on with the same new authority. Nodes should not join meanwhile; join tokens made
// before are void afterwards. Open connections stay open.
//
// The order has to be signed by the authority that is replaced, so a member that does not hold its key cannot give it.
func (l *Link) RotateCA(ctx context.Context, peers []string) error {
	l.rotating.Lock()
	defer l.rotating.Unlock()
	next, cross, err := l.id.nextCA()
	if err != nil {
		return err
	}
	key, err := keyPEM(next.key)
	if err != nil {
		return err
	}
	order := authorityOrder{CA: string(certPEM(next.cert)), Cross: string(certPEM(cross))}
	for _, step := range []string{"trust", "adopt", "drop"} {
		order.Step, order.Key = step, ""
		switch step {
		case "adopt":
			order.Key = string(key)
		case "drop": // handshakes that began with an old certificate have to be over
			select {
			case <-time.After(l.cfg.HandshakeTimeout):
			case <-ctx.Done():
				return fmt.Errorf("link: replacing the authority stopped before step %q, and goes on when called again: %w", step, ctx.Err())
			case <-l.ctx.Done():
				return ErrClosed
			}
		}
		b, err := json.Marshal(order)
		if err != nil {
			return err
		}
		if err := l.id.obey(&order); err != nil {
			return fmt.Errorf("link: replace the authority, step %q on this node: %w", step, err)
		}
		var errs []error
		for _, addr := range peers {
			if _, err := l.Call(ctx, addr, "/link/v1/authority", b); err != nil {
				errs = append(errs, err)
			}
		}
		if len(errs) > 0 {
			return fmt.Errorf("link: replacing the authority stopped at step %q, and goes on when called again: %w", step, errors.Join(errs...))
		}
	}
	os.Remove(filepath.Join(l.id.dir, "ca-next.key"))
	os.Remove(filepath.Join(l.id.dir, "ca-next.pem"))
	return nil
}

// nextCA makes the authority that will replace the present one, or finds the one of a rotation that was cut off.
func (id *Identity) nextCA() (next *authority, cross *x509.Certificate, err error) {
	id.mu.Lock()
	defer id.mu.Unlock()
	if id.dir == "" {
		return nil, nil, fmt.Errorf("%w: its certificates were brought, so replace their files on each node", ErrCannotSign)
	}
	m := id.cur.Load()
	if m.signer == nil {
		return nil, nil, fmt.Errorf("%w: replace the authority from a node that does", ErrCannotSign)
	}
	certPath, keyPath := filepath.Join(id.dir, "ca-next.pem"), filepath.Join(id.dir, "ca-next.key")
	certs, certErr := readCerts(certPath)
	key, keyErr := readKey(keyPath)
	if certErr == nil && keyErr == nil && len(certs) == 2 && samePublic(certs[0].PublicKey, key.Public()) {
		return &authority{certs[0], key}, certs[1], nil
	}
	if next, cross, err = newCA(id.cluster, m.signer, id.now()); err != nil {
		return nil, nil, err
	}
	b, err := keyPEM(next.key)
	if err != nil {
		return nil, nil, err
	}
	if err := writeFile(keyPath, b, 0o600); err != nil {
		return nil, nil, err
	}
	return next, cross, writeFile(certPath, certPEM(next.cert, cross), 0o644)
}

func (l *Link) serveAuthority(_ context.Context, body []byte) ([]byte, error) {
	var order authorityOrder
	if err := json.Unmarshal(body, &order); err != nil {
		return nil, &StatusError{400, "link: not an order: " + err.Error()}
	}
	if err := l.id.obey(&order); err != nil {
		return nil, &StatusError{409, err.Error()}
	}
	return nil, nil
}

// obey does one step. Doing it again changes nothing.
func (id *Identity) obey(order *authorityOrder) error {
	if id.dir == "" {
		return errors.New("link: certificates of this node were brought: replace their files")
	}
	certs, err := parseCerts([]byte(order.CA))
	if err != nil {
		return err
	}
	next := certs[0]
	id.mu.Lock()
	defer id.mu.Unlock()
	m := id.cur.Load()
	known := slices.ContainsFunc(m.trusted, next.Equal)
	switch order.Step {
	case "trust":
		if known {
			return nil
		}
		if err := vouched(next, order.Cross, m.trusted); err != nil {
			return err
		}
		return id.putTrusted(append(slices.Clone(m.trusted), next))
	case "adopt":
		if !known {
			return errors.New("link: this authority is not trusted here yet")
		}
		key, err := parseKey([]byte(order.Key))
		if err != nil {
			return err
		}
		if !samePublic(key.Public(), next.PublicKey) {
			return errors.New("link: the key is not the authority's")
		}
		b, err := keyPEM(key)
		if err != nil {
			return err
		}
		if err := writeFile(filepath.Join(id.dir, "ca.key"), b, 0o600); err != nil {
			return err
		}
		if err := id.reload(); err != nil {
			return err
		}
		return id.renewLocked()
	case "drop":
		if m.signer == nil || !m.signer.cert.Equal(next) || m.leaf.CheckSignatureFrom(next) != nil {
			return errors.New("link: this authority was not taken over here yet")
		}
		return id.putTrusted([]*x509.Certificate{next})
	}
	return fmt.Errorf("link: no step %.20q in this version", order.Step)
}

// putTrusted writes the authorities that are trusted. mu is held.
func (id *Identity) putTrusted(certs []*x509.Certificate) error {
	if err := writeFile(filepath.Join(id.dir, "ca.pem"), certPEM(certs...), 0o644); err != nil {
		return err
	}
	return id.reload()
}

// vouched checks that an authority that is trusted signed the name and key of next.
func vouched(next *x509.Certificate, crossPEM string, trusted []*x509.Certificate) error {
	certs, err := parseCerts([]byte(crossPEM))
	if err != nil {
		return err
	}
	cross := certs[0]
	if !next.IsCA || !cross.IsCA || next.CheckSignatureFrom(next) != nil ||
		!samePublic(cross.PublicKey, next.PublicKey) || cross.Subject.String() != next.Subject.String() {
		return errors.New("link: not a proper new authority")
	}
	for _, c := range trusted {
		if cross.CheckSignatureFrom(c) == nil {
			return nil
		}
	}
	return errors.New("link: the new authority is not signed by the one that it replaces")
}
