package admin

import (
	"context"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore"
)

// Secrets are the apps' secrets; *raftstore.Secrets is one. Their values cannot be read through the admin API.
type Secrets interface {
	Set(ctx context.Context, app, name string, value raftstore.Secret) (version uint64, err error)
	Delete(ctx context.Context, app, name string) error
	List(ctx context.Context, level raftstore.Consistency, app string) ([]raftstore.SecretInfo, error)
	Rotate(ctx context.Context) (raftstore.Rotation, error)
}

// SecretEntry is what may be told of a secret.
type SecretEntry struct {
	Name    string    `json:"name"`
	Version uint64    `json:"version"`
	Key     string    `json:"key" doc:"id of the master key that wraps it"`
	Set     time.Time `json:"set"`
}

// SecretPage lists secrets.
type SecretPage struct {
	Secrets []SecretEntry `json:"secrets"`
}

// SecretVersion is the outcome of setting a secret.
type SecretVersion struct {
	Version uint64 `json:"version"`
}

// SecretRotation is the outcome of a rotation.
type SecretRotation struct {
	Key       string `json:"key" doc:"id of the master key that wraps all secrets now"`
	Rewrapped int    `json:"rewrapped"`
	Already   int    `json:"already" doc:"were wrapped by it before"`
}

func secretRoutes(s Services) []Route {
	have := func(handle func(c *Call) error) func(c *Call) error {
		return func(c *Call) error {
			if s.Secrets == nil {
				return abi.Errorf(abi.CodeUnsupported, "this node keeps no secrets")
			}
			return handle(c)
		}
	}
	const path = "/v1/apps/{app}/secrets/{secret}"
	return []Route{{
		Method: "GET", Path: "/v1/apps/{app}/secrets", ID: "secretList", Summary: "List an app's secrets without their values", Scope: Read,
		Answers: []Answer{{Status: 200, Doc: "In the order of their names.", Type: SecretPage{}}},
		Handle: have(func(c *Call) error {
			list, err := s.Secrets.List(c.Context(), raftstore.Linearizable, c.Path("app"))
			if err != nil {
				return err
			}
			page := SecretPage{Secrets: []SecretEntry{}}
			for _, i := range list {
				page.Secrets = append(page.Secrets, SecretEntry{i.Name, i.Version, i.KeyID, i.Set.UTC()})
			}
			return c.Reply(page)
		}),
	}, {
		Method: "PUT", Path: path, ID: "secretSet", Summary: "Set a secret", Scope: Deploy,
		Doc:     "Only modules of the app whose manifest has the secret among its grants can read the value.",
		Body:    &Body{Media: "application/octet-stream", Doc: "The value as it is, without a line end.", Limit: raftstore.MaxSecret},
		Answers: []Answer{{Status: 200, Doc: "Set.", Type: SecretVersion{}}},
		Handle: have(func(c *Call) error {
			value, err := c.Body()
			if err != nil {
				return err
			}
			if len(value) == 0 {
				return abi.Errorf(abi.CodeInvalid, "the secret's value is empty")
			}
			version, err := s.Secrets.Set(c.Context(), c.Path("app"), c.Path("secret"), raftstore.NewSecret(value))
			if err != nil {
				return err
			}
			return c.Reply(SecretVersion{version})
		}),
	}, {
		Method: "DELETE", Path: path, ID: "secretDelete", Summary: "Delete a secret", Scope: Deploy,
		Answers: []Answer{{Status: 204, Doc: "Deleted."}, Refusal(404, "not_found", "It is not set.")},
		Handle: have(func(c *Call) error {
			if err := s.Secrets.Delete(c.Context(), c.Path("app"), c.Path("secret")); err != nil {
				return err
			}
			return c.Empty()
		}),
	}, {
		Method: "POST", Path: "/v1/secrets:rotate", ID: "secretRotate", Summary: "Wrap all secrets by the newest master key", Scope: Admin,
		Doc: "A node that keeps a key of its own makes a new one. Else the new key must be in front of the old one in the key file of every " +
			"node; the old one can go afterwards. Can be run again after a failure.",
		Answers: []Answer{{Status: 200, Doc: "Done.", Type: SecretRotation{}}},
		Handle: have(func(c *Call) error {
			r, err := s.Secrets.Rotate(c.Context())
			if err != nil {
				return err
			}
			return c.Reply(SecretRotation{r.KeyID, r.Rewrapped, r.Already})
		}),
	}}
}
