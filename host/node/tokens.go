package node

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/link"
)

// tokens keeps join tokens in the replicated state, so that one made on any node admits on every node and is used up everywhere.
type tokens struct{ n *Node }

const tokensNamespace = "join-tokens"

type storedToken struct {
	Expires int64        `json:"expires"` // Unix ms
	Uses    int          `json:"uses"`
	Claims  []link.Claim `json:"claims,omitempty"`
}

func (t *tokens) open() (*raftstore.Store, *raftstore.KV, error) {
	s := t.n.opened.Load()
	if s == nil {
		return nil, nil, errors.New("the node is starting")
	}
	return s, raftstore.NewKV(s, raftstore.ClusterTenant), nil
}

// Put implements link.TokenStore.
func (t *tokens) Put(ctx context.Context, token link.Token) error {
	_, kv, err := t.open()
	if err != nil {
		return err
	}
	b, _ := json.Marshal(storedToken{Expires: token.Expires.UnixMilli(), Uses: token.Uses})
	// It stays a day longer, so that who uses it late is told that it has expired.
	_, err = kv.Set(ctx, tokensNamespace, token.Hash[:], b, raftstore.SetOptions{TTL: time.Until(token.Expires) + 24*time.Hour})
	return err
}

// Use implements link.TokenStore.
func (t *tokens) Use(ctx context.Context, hash [32]byte, c link.Claim) error {
	store, kv, err := t.open()
	if err != nil {
		return err
	}
	for {
		e, found, err := kv.Get(ctx, raftstore.Linearizable, tokensNamespace, hash[:])
		if err != nil {
			return err
		}
		var s storedToken
		if !found || json.Unmarshal(e.Value, &s) != nil {
			return link.ErrTokenInvalid
		}
		expires := time.UnixMilli(s.Expires)
		if !time.Now().Before(expires) {
			return link.ErrTokenExpired
		}
		for _, claim := range s.Claims {
			switch {
			case claim == c:
				return store.Readmit(ctx, c.Node)
			case claim.Node == c.Node && c.Node != "":
				return link.ErrNameTaken
			}
		}
		if len(s.Claims) >= s.Uses {
			return link.ErrTokenUsed
		}
		if c.Node == "" {
			return nil
		}
		s.Claims = append(s.Claims, c)
		b, _ := json.Marshal(s)
		_, err = kv.Set(ctx, tokensNamespace, hash[:], b, raftstore.SetOptions{TTL: time.Until(expires) + 24*time.Hour, Guard: raftstore.Guard{Version: e.Version}})
		var refused *abi.Error
		if errors.As(err, &refused) && refused.Code == abi.CodeConflict {
			continue // somebody else used it in the meantime
		}
		if err != nil {
			return err
		}
		return store.Readmit(ctx, c.Node)
	}
}
