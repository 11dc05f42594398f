package state

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

var _ = verb("secret-set", func(a *scriptArgs) Command {
	return SecretSet{
		Name: a.at(0), Version: a.num("version"), KeyID: a.str("key"), Wrapped: []byte(a.str("wrapped")), Sealed: []byte(a.str("sealed")),
	}.Command(a.Tenant)
}, nil)

var _ = verb("secret-rewrap", func(a *scriptArgs) Command {
	return SecretRewrap{Name: a.at(0), Version: a.num("version"), From: a.str("from"), KeyID: a.str("key"), Wrapped: []byte(a.str("wrapped"))}.Command(a.Tenant)
}, nil)

var _ = verb("secret-delete", func(a *scriptArgs) Command { return SecretDelete(a.Tenant, a.at(0)) }, nil)

var _ = readVerb("secret", func(v *View, a *scriptArgs) string {
	s, last, ok := SecretGet(v, 0, a.Tenant, a.at(0))
	if !ok {
		return fmt.Sprintf("none, last version %d", last)
	}
	return fmt.Sprintf("version %d key %s wrapped %s sealed %s set %s", s.Version, s.KeyID, s.Wrapped, s.Sealed, showAt(s.Time))
})

var _ = readVerb("secrets", func(v *View, a *scriptArgs) string {
	var names []string
	SecretList(v, 0, a.Tenant, func(s Secret) bool {
		names = append(names, fmt.Sprintf("%s/%d", s.Name, s.Version))
		return true
	})
	return strings.Join(names, " ")
})

var _ = readVerb("secret-tenants", func(v *View, _ *scriptArgs) string {
	var names []string
	SecretTenants(v, 0, func(tenant string) bool {
		names = append(names, tenant)
		return true
	})
	return strings.Join(names, " ")
})

var _ = verb("token-set", func(a *scriptArgs) Command {
	t := Token{ID: a.at(0), Hash: bytes.Repeat([]byte{'h'}, 32), Note: a.str("note"), Scopes: a.list("scopes"), Apps: a.list("apps")}
	if a.str("expires") != "" {
		t.Expires = scriptStart + a.ms("expires")
	}
	if a.str("hash") != "" {
		t.Hash = []byte(a.str("hash"))
	}
	return t.Command()
}, nil)

var _ = verb("token-delete", func(a *scriptArgs) Command { return TokenDelete(a.at(0)) }, nil)

var _ = readVerb("token", func(v *View, a *scriptArgs) string {
	t, ok := TokenGet(v, a.at(0))
	if !ok {
		return "none"
	}
	return fmt.Sprintf("%q scopes %v apps %v expires %s made %s", t.Note, t.Scopes, t.Apps, showAt(t.Expires), showAt(t.Time))
})

var _ = readVerb("tokens", func(v *View, _ *scriptArgs) string {
	var ids []string
	TokenList(v, func(t Token) bool {
		ids = append(ids, t.ID)
		return true
	})
	return strings.Join(ids, " ")
})

// FuzzSecretCommands gives the family bytes that nobody encoded.
func FuzzSecretCommands(f *testing.F) {
	f.Add(byte(OpSecretSet), SecretSet{Name: "K", Version: 1, KeyID: "k", Wrapped: []byte("w"), Sealed: []byte("s")}.Command("shop").Args)
	f.Add(byte(OpTokenSet), Token{ID: "t", Hash: make([]byte, 32), Scopes: []string{"read"}}.Command().Args)
	f.Fuzz(func(t *testing.T, op byte, args []byte) {
		var keys Mem
		m := NewMachine(Meta{})
		for range 2 {
			e := Entry{Now: 1, Bundles: []Bundle{{Commands: []Command{{Family: FamilySecret, Op: op, Tenant: "shop", Args: args}}}}}
			if _, _, err := m.Apply(&keys, m.Index+1, e.Append(nil)); err != nil {
				t.Fatal(err)
			}
		}
	})
}
