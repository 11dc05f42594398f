package admin

import (
	"crypto/rand"
	"strings"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/state"
)

// NewTokenRequest asks for a token.
type NewTokenRequest struct {
	Scopes []string `json:"scopes" doc:"of read, write, deploy, admin; admin includes all, write and deploy include read"`
	Apps   []string `json:"apps,omitempty" doc:"the apps it is good for; all when missing"`
	Note   string   `json:"note,omitempty" doc:"what it is for"`
	TTL    string   `json:"ttl,omitempty" doc:"how long it is valid, such as 720h; for ever when missing"`
}

// NewTokenReply is a token that was made.
type NewTokenReply struct {
	ID      string     `json:"id"`
	Token   string     `json:"token" doc:"shown this once; the cluster keeps a hash of it"`
	Expires *time.Time `json:"expires,omitempty"`
}

// TokenInfo is what may be told of a token.
type TokenInfo struct {
	ID      string     `json:"id"`
	Scopes  []string   `json:"scopes"`
	Apps    []string   `json:"apps,omitempty"`
	Note    string     `json:"note,omitempty"`
	Made    time.Time  `json:"made"`
	Expires *time.Time `json:"expires,omitempty"`
}

// TokenPage lists tokens.
type TokenPage struct {
	Tokens []TokenInfo `json:"tokens"`
}

const maxTokenTTL = 10 * 365 * 24 * time.Hour

func tokenRoutes(s Services) []Route {
	return []Route{{
		Method: "POST", Path: "/v1/tokens", ID: "tokenNew", Summary: "Make a token", Scope: Admin,
		Doc:  "It works on every node of the cluster.",
		Body: &Body{Type: NewTokenRequest{}}, Answers: []Answer{{Status: 201, Doc: "Made.", Type: NewTokenReply{}}},
		Handle: func(c *Call) error { return newToken(s.Store, c) },
	}, {
		Method: "GET", Path: "/v1/tokens", ID: "tokenList", Summary: "List the tokens that are valid", Scope: Admin,
		Doc:     "Root tokens of nodes are not among them.",
		Answers: []Answer{{Status: 200, Doc: "In the order of their ids.", Type: TokenPage{}}},
		Handle: func(c *Call) error {
			page := TokenPage{Tokens: []TokenInfo{}}
			err := s.Store.View(c.Context(), raftstore.Linearizable, func(v *state.View) error {
				state.TokenList(v, func(t state.Token) bool {
					page.Tokens = append(page.Tokens, TokenInfo{ID: t.ID, Scopes: t.Scopes, Apps: t.Apps, Note: t.Note,
						Made: time.UnixMilli(t.Time).UTC(), Expires: timeOf(t.Expires)})
					return true
				})
				return nil
			})
			if err != nil {
				return err
			}
			return c.Reply(page)
		},
	}, {
		Method: "DELETE", Path: "/v1/tokens/{token}", ID: "tokenRevoke", Summary: "Revoke a token", Scope: Admin,
		Doc:     "A node may accept it for one second more.",
		Answers: []Answer{{Status: 204, Doc: "Revoked."}, Refusal(404, "not_found", "There is no such token.")},
		Handle: func(c *Call) error {
			id := c.Path("token")
			if err := do(c, s.Store, state.TokenDelete(id)); err != nil {
				return err
			}
			c.server.tokens.forget(id)
			return c.Empty()
		},
	}}
}

// timeOf is a log time as JSON has it; 0 is none.
func timeOf(ms int64) *time.Time {
	if ms == 0 {
		return nil
	}
	t := time.UnixMilli(ms).UTC()
	return &t
}

func newToken(store raftstore.Access, c *Call) error {
	var r NewTokenRequest
	if err := c.JSON(&r); err != nil {
		return err
	}
	if len(r.Scopes) == 0 {
		return abi.Errorf(abi.CodeInvalid, "scopes is missing: a list of read, write, deploy, admin")
	}
	for _, name := range r.Scopes {
		if _, err := ParseScope(name); err != nil {
			return abi.Errorf(abi.CodeInvalid, "scopes: %v", err)
		}
	}
	t := state.Token{ID: strings.ToLower(rand.Text()[:12]), Note: r.Note, Scopes: r.Scopes, Apps: r.Apps}
	if r.TTL != "" {
		ttl, err := time.ParseDuration(r.TTL)
		if err != nil || ttl <= 0 || ttl > maxTokenTTL {
			return abi.Errorf(abi.CodeInvalid, "ttl %q: a duration such as 720h, up to %v, is wanted", r.TTL, maxTokenTTL)
		}
		t.Expires = time.Now().Add(ttl).UnixMilli()
	}
	token := t.ID + "." + newSecret()
	hash := hashToken(token)
	t.Hash = hash[:]
	if err := do(c, store, t.Command()); err != nil {
		return err
	}
	return c.ReplyStatus(201, NewTokenReply{ID: t.ID, Token: token, Expires: timeOf(t.Expires)})
}

// do commits one command.
func do(c *Call, store raftstore.Access, command state.Command) error {
	replies, err := store.Do(c.Context(), command)
	if err != nil {
		return err
	}
	return replies[0].Err
}
