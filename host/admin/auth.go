package admin

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"slices"

	"github.com/stackhost/stackhost/abi"
)

// Token is who calls: the root token of the node, or one of the replicated state. It does not hold the secret.
type Token struct {
	ID     string   // "root", or the part of the token before the point
	Scopes []Scope  // what it allows
	Apps   []string // the apps it is good for; empty means all, and only then operations that are about no app
}

// Allows tells whether the token may do operations of scope s.
func (t *Token) Allows(s Scope) bool {
	for _, own := range t.Scopes {
		if own == s || own == Admin || s == Read || s == Public {
			return true
		}
	}
	return s == Public
}

func hashToken(token string) [32]byte { return sha256.Sum256([]byte(token)) }

var errNoToken = &Problem{Status: 401, Code: "unauthorized",
	Detail: "the admin API wants a token: Authorization: Bearer TOKEN. " +
		"On the node's own machine it is in admin.json of the data folder; `stackhost token new` makes others"}

var errBadToken = &Problem{Status: 401, Code: "unauthorized",
	Detail: "the token is wrong, was revoked or has expired; `stackhost token new` makes another"}

// authorize finds out who calls and whether they may.
func (s *Server) authorize(c *Call) error {
	field := c.Header("Authorization")
	if len(field) < 7 || !bytes.EqualFold(field[:7], []byte("bearer ")) {
		return errNoToken
	}
	shown := bytes.TrimSpace(field[7:])
	hash := sha256.Sum256(shown)
	if subtle.ConstantTimeCompare(hash[:], s.root[:]) == 1 {
		c.Token = Token{ID: "root", Scopes: rootScopes}
		return nil
	}
	token, err := s.tokens.find(c.Context(), shown, hash)
	if err != nil {
		return err
	}
	c.Token = token
	if !token.Allows(c.route.Scope) {
		return &Problem{Status: 403, Code: abi.CodeDenied.String(),
			Detail: "token " + token.ID + " does not have the scope " + c.route.Scope.String() + ", which the operation needs"}
	}
	if len(token.Apps) > 0 && !(slices.Contains(c.leaf.names, "app") && slices.Contains(token.Apps, c.Path("app"))) {
		return &Problem{Status: 403, Code: abi.CodeDenied.String(), Detail: "token " + token.ID + " is for other apps only"}
	}
	return nil
}

var rootScopes = []Scope{Admin}
