package link

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

var (
	// ErrTokenInvalid is returned when a join token is not one of this cluster, or mistyped.
	ErrTokenInvalid = errors.New("link: the join token is not valid here: make a new one with `stackhost cluster token` on any member")
	// ErrTokenExpired is returned when a join token's time is over.
	ErrTokenExpired = errors.New("link: the join token has expired: make a new one with `stackhost cluster token` on any member")
	// ErrTokenUsed is returned when a join token admitted as many nodes as it may.
	ErrTokenUsed = errors.New("link: the join token has been used up: make a new one with `stackhost cluster token` on any member")
	// ErrNameTaken is returned when the name that a joining node wants is another node's.
	ErrNameTaken = errors.New("link: a node of that name belongs to the cluster: give this one another name, or remove the old one first")
	// ErrTooManyAttempts is returned when joins are attempted too often.
	ErrTooManyAttempts = errors.New("link: too many attempts to join: wait a minute and try again")
)

// Token is what a cluster keeps of a join token.
type Token struct {
	Hash    [32]byte  // SHA-256 of the secret
	Expires time.Time // not valid at or after it
	Uses    int       // how many nodes it admits; at least 1
}

// Claim is one attempt to join.
type Claim struct {
	Node string   // name that the joining node wants
	Key  [32]byte // SHA-256 of its public key
}

// Reservation is how long a name that was claimed is kept for the key that claimed it. After it the list of members decides.
const Reservation = 10 * time.Minute

// TokenStore keeps join tokens for the whole cluster. Safe for concurrent use.
type TokenStore interface {
	// Put keeps a token until it expires.
	Put(ctx context.Context, t Token) error
	// Use takes one use of the token with that hash. The same claim may be made again (its answer may have been lost) and counts once.
	// A claim without a name only asks whether the token could be used, and takes nothing.
	// Errors: ErrTokenInvalid if there is no such token; ErrTokenExpired; ErrTokenUsed; ErrNameTaken if another key claimed the name
	// less than Reservation ago, because its node may be about to become a member.
	Use(ctx context.Context, hash [32]byte, c Claim) error
}

// TokenOptions says what a new token allows.
type TokenOptions struct {
	TTL  time.Duration // 0 means 24 hours
	Uses int           // nodes it admits; 0 means 1
}

// NewToken makes a join token: stk1.CLUSTER.SECRET.FINGERPRINT. Who has it can become a member, so treat it as a password; only its
// hash is kept. ErrCannotSign is returned for brought certificates.
func (l *Link) NewToken(ctx context.Context, opts TokenOptions) (string, error) {
	m := l.id.cur.Load()
	if m.signer == nil {
		return "", fmt.Errorf("%w, so it cannot admit others: bring a certificate for the new node as well", ErrCannotSign)
	}
	if l.cfg.Tokens == nil {
		return "", errors.New("link: this node keeps no join tokens: is its store open?")
	}
	if opts.TTL <= 0 {
		opts.TTL = 24 * time.Hour
	}
	secret := make([]byte, secretLen)
	rand.Read(secret)
	t := Token{Hash: sha256.Sum256(secret), Expires: l.id.now().Add(opts.TTL), Uses: max(opts.Uses, 1)}
	if err := l.cfg.Tokens.Put(ctx, t); err != nil {
		return "", err
	}
	return joinToken{l.id.cluster, secret, Fingerprint(m.signer.cert)}.String(), nil
}

const (
	secretLen   = 32
	tokenPrefix = "stk1"
)

// joinToken is a token in parts.
type joinToken struct {
	cluster     string
	secret      []byte
	fingerprint string
}

func (t joinToken) String() string {
	return strings.Join([]string{tokenPrefix, t.cluster, base64.RawURLEncoding.EncodeToString(t.secret), t.fingerprint}, ".")
}

func parseToken(s string) (joinToken, error) {
	bad := errors.New("link: that is not a join token: it looks like stk1.CLUSTER.SECRET.FINGERPRINT; copy it whole")
	part := strings.Split(strings.TrimSpace(s), ".")
	if len(s) > 512 || len(part) != 4 || part[0] != tokenPrefix || part[1] == "" {
		return joinToken{}, bad
	}
	secret, err := base64.RawURLEncoding.Strict().DecodeString(part[2])
	if err != nil || len(secret) != secretLen {
		return joinToken{}, bad
	}
	print, err := base64.RawURLEncoding.Strict().DecodeString(part[3])
	if err != nil || len(print) != sha256.Size {
		return joinToken{}, bad
	}
	return joinToken{part[1], secret, part[3]}, nil
}

// MemTokens is a TokenStore in this process's memory: for tests, and for a cluster whose tokens need not outlive the process that made
// them. The zero value is empty. Safe for concurrent use.
type MemTokens struct {
	mu     sync.Mutex
	tokens []memToken // guarded by mu
}

type memToken struct {
	Token
	claims []memClaim
}

type memClaim struct {
	Claim
	at time.Time
}

// Put implements TokenStore. Tokens that have expired more than a day ago are dropped.
func (m *MemTokens) Put(_ context.Context, t Token) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := m.tokens[:0]
	for _, o := range m.tokens {
		if time.Since(o.Expires) < 24*time.Hour {
			kept = append(kept, o)
		}
	}
	m.tokens = append(kept, memToken{Token: t})
	return nil
}

// Use implements TokenStore. All hashes are compared, each in constant time.
func (m *MemTokens) Use(_ context.Context, hash [32]byte, c Claim) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	var found *memToken
	taken := false
	for i := range m.tokens {
		t := &m.tokens[i]
		if subtle.ConstantTimeCompare(t.Hash[:], hash[:]) == 1 {
			found = t
		}
		for _, o := range t.claims {
			taken = taken || o.Node == c.Node && o.Key != c.Key && now.Sub(o.at) < Reservation
		}
	}
	switch {
	case found == nil:
		return ErrTokenInvalid
	case !now.Before(found.Expires):
		return ErrTokenExpired
	}
	for _, o := range found.claims {
		if o.Claim == c {
			return nil
		}
	}
	switch {
	case len(found.claims) >= found.Uses:
		return ErrTokenUsed
	case taken:
		return ErrNameTaken
	case c.Node == "":
		return nil
	}
	found.claims = append(found.claims, memClaim{c, now})
	return nil
}
