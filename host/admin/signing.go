package admin

import (
	"time"

	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/state"
)

// SigningKey is a key whose signatures count.
type SigningKey struct {
	ID     string    `json:"id"`
	Name   string    `json:"name,omitempty"`
	Public []byte    `json:"public" doc:"Ed25519, 32 bytes"`
	Added  time.Time `json:"added"`
}

// SigningReply says who may sign bundles.
type SigningReply struct {
	Required bool         `json:"required" doc:"whether bundles without the signature of one of the keys are refused"`
	Keys     []SigningKey `json:"keys"`
}

// SigningRequest switches the requirement.
type SigningRequest struct {
	Required bool `json:"required"`
}

// SigningKeyRequest trusts a key.
type SigningKeyRequest struct {
	Name   string `json:"name,omitempty"`
	Public []byte `json:"public" doc:"Ed25519, 32 bytes"`
}

func (a *appAPI) signingRoutes() []Route {
	return []Route{{
		Method: "GET", Path: "/v1/signing", ID: "signingGet", Summary: "Show who may sign bundles", Scope: Read,
		Answers: []Answer{{Status: 200, Doc: "The trusted keys.", Type: SigningReply{}}},
		Handle: func(c *Call) error {
			keys, required, err := a.apps.Trusted(c.Context(), raftstore.Linearizable)
			if err != nil {
				return err
			}
			reply := SigningReply{Required: required, Keys: []SigningKey{}}
			for _, k := range keys {
				reply.Keys = append(reply.Keys, SigningKey{k.ID, k.Name, k.Public, appTime(k.Added)})
			}
			return c.Reply(reply)
		},
	}, {
		Method: "PUT", Path: "/v1/signing", ID: "signingRequire", Summary: "Require signatures of bundles, or no longer", Scope: Admin,
		Body:    &Body{Type: SigningRequest{}},
		Answers: []Answer{{Status: 204, Doc: "It holds from now on."}, Refusal(409, "conflict", "No key is trusted yet.")},
		Handle: func(c *Call) error {
			var r SigningRequest
			if err := c.JSON(&r); err != nil {
				return err
			}
			if err := a.apps.Enforce(c.Context(), r.Required); err != nil {
				return err
			}
			return c.Empty()
		},
	}, {
		Method: "POST", Path: "/v1/signing/keys", ID: "signingTrust", Summary: "Trust a key", Scope: Admin, Body: &Body{Type: SigningKeyRequest{}},
		Answers: []Answer{{Status: 201, Doc: "Its signatures count.", Type: SigningKey{}}},
		Handle: func(c *Call) error {
			var r SigningKeyRequest
			if err := c.JSON(&r); err != nil {
				return err
			}
			if err := a.apps.Trust(c.Context(), r.Name, r.Public); err != nil {
				return err
			}
			return c.ReplyStatus(201, SigningKey{ID: state.KeyID(r.Public), Name: r.Name, Public: r.Public, Added: time.Now().UTC()})
		},
	}, {
		Method: "DELETE", Path: "/v1/signing/keys/{signer}", ID: "signingDistrust", Summary: "Trust a key no more", Scope: Admin,
		Answers: []Answer{{Status: 204, Doc: "Its signatures do not count any more."}, Refusal(404, "not_found", "It was not trusted.")},
		Handle: func(c *Call) error {
			if err := a.apps.Distrust(c.Context(), c.Path("signer")); err != nil {
				return err
			}
			return c.Empty()
		},
	}}
}
