// Package secret is the capability to read secrets that the operator set in the cluster.
package secret

import (
	"context"
	"slices"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/capability"
	"github.com/stackhost/stackhost/raftstore"
)

// Store is where secrets are; *raftstore.Secrets is one.
type Store interface {
	Get(ctx context.Context, level raftstore.Consistency, app, name string) (raftstore.Secret, uint64, error)
}

// Secret implements capability.Capability. Safe for concurrent use.
type Secret struct {
	store Store
	app   string
	names []string
}

var _ capability.Capability = (*Secret)(nil)

// New grants the named secrets of app.
func New(store Store, app string, names []string) *Secret { return &Secret{store, app, names} }

// Name returns "secret".
func (c *Secret) Name() string { return "secret" }

// Functions returns the functions of secret in abi/v1.json.
func (c *Secret) Functions() (map[string]capability.Call, map[string]capability.Direct) {
	return map[string]capability.Call{"get": c.get}, nil
}

func (c *Secret) get(s *capability.Session, req, out []byte) ([]byte, error) {
	var r abi.SecretGetRequest
	if err := r.Decode(req); err != nil {
		return nil, err
	}
	if !slices.Contains(c.names, r.Name) {
		return nil, abi.Errorf(abi.CodeDenied, "secret: %q is not granted: add it to grants.secret of the module in stackhost.toml", r.Name)
	}
	value, version, err := c.store.Get(s.Context(), raftstore.Linearizable, c.app, r.Name)
	if err != nil {
		return nil, err
	}
	reply := abi.SecretGetReply{Value: value.Reveal(), Version: version}
	return reply.Append(out), nil
}
