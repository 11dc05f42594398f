package state

import (
	"bytes"
	"slices"

	"github.com/stackhost/stackhost/abi"
)

// Commands of the secret family. The first three have the arguments of the type of the same name.
const (
	OpSecretSet    = 1
	OpSecretRewrap = 2
	OpSecretDelete = 3
	OpTokenSet     = 4 // Token
	OpTokenDelete  = 5 // id
)

// Limits of secrets.
const (
	SecretMaxName   = 128
	SecretMaxSealed = 64<<10 + 64 // bytes of a ciphertext
	secretMaxKey    = 256         // bytes of a key's id, and of a wrapped key
	TokenMaxScopes  = 8
	TokenMaxApps    = 64
)

// SecretFamily has the secrets of apps, encrypted before they come here, and the hashes of the admin API's tokens. Neither the keys nor
// anything that is secret ever is in the state.
//
//	s name   version, key id, wrapped, sealed, time    without sealed: deleted; the version goes on from there when it is set again
//	t id     hash, note, scopes, apps, expires, time   of tenant ""
var SecretFamily = Register(&Family{ID: FamilySecret, Name: "secret", Apply: applySecret, Expire: expireSecret})

// SecretSet writes a secret. The ciphertext is bound to the version, so the version is the caller's to choose: one above the present
// one, else the answer is abi.CodeConflict.
type SecretSet struct {
	Name    string
	Version uint64
	KeyID   string // of the master key that wraps the data key
	Wrapped []byte // the data key
	Sealed  []byte // the ciphertext
}

// SecretRewrap replaces how the data key of a version is wrapped. The answer is abi.CodeConflict when the secret has another version or
// is wrapped by another key than From.
type SecretRewrap struct {
	Name        string
	Version     uint64
	From, KeyID string
	Wrapped     []byte
}

// Secret is one as it is stored. The slices belong to the view.
type Secret struct {
	Name    string
	Version uint64
	KeyID   string
	Wrapped []byte
	Sealed  []byte
	Time    int64 // of the log, ms, when it was set
}

// Token is what the state knows of one token of the admin API.
type Token struct {
	ID      string
	Hash    []byte // SHA-256 of the whole token
	Note    string
	Scopes  []string
	Apps    []string // empty: all
	Expires int64    // log time in ms, 0: never
	Time    int64    // log time in ms when it was made
}

func secretCommand(tenant string, op byte, args []byte) Command {
	return Command{Family: FamilySecret, Op: op, Tenant: tenant, Args: args}
}

// Command returns the command for tenant.
func (s SecretSet) Command(tenant string) Command {
	b := abi.AppendUint(abi.AppendStr(abi.AppendArray(nil, 5), s.Name), s.Version)
	b = abi.AppendBin(abi.AppendBin(abi.AppendStr(b, s.KeyID), s.Wrapped), s.Sealed)
	return secretCommand(tenant, OpSecretSet, b)
}

// Command returns the command for tenant.
func (s SecretRewrap) Command(tenant string) Command {
	b := abi.AppendUint(abi.AppendStr(abi.AppendArray(nil, 5), s.Name), s.Version)
	b = abi.AppendBin(abi.AppendStr(abi.AppendStr(b, s.From), s.KeyID), s.Wrapped)
	return secretCommand(tenant, OpSecretRewrap, b)
}

// SecretDelete returns the command that deletes a secret of tenant. A secret that does not exist is abi.CodeNotFound.
func SecretDelete(tenant, name string) Command {
	return secretCommand(tenant, OpSecretDelete, abi.AppendStr(abi.AppendArray(nil, 1), name))
}

// Command returns the command that keeps t; Time is not part of it. An id that exists already is abi.CodeConflict.
func (t Token) Command() Command {
	b := abi.AppendBin(abi.AppendStr(abi.AppendArray(nil, 6), t.ID), t.Hash)
	b = appendStrs(appendStrs(abi.AppendStr(b, t.Note), t.Scopes), t.Apps)
	return secretCommand("", OpTokenSet, abi.AppendInt(b, t.Expires))
}

// TokenDelete returns the command that forgets a token. A token that does not exist is abi.CodeNotFound.
func TokenDelete(id string) Command {
	return secretCommand("", OpTokenDelete, abi.AppendStr(abi.AppendArray(nil, 1), id))
}

func secretKey(shard uint16, tenant, name string) []byte {
	return Key(FamilySecret, shard, tenant, "", []byte{'s'}, []byte(name))
}

func tokenKey(id string) []byte { return Key(FamilySecret, 0, "", "", []byte{'t'}, []byte(id)) }

func applySecret(tx *Tx, op byte, args []byte) ([]byte, error) {
	t := openTuple(args)
	name := t.str()
	switch op {
	case OpSecretSet:
		s := SecretSet{Name: name, Version: t.uint(), KeyID: t.str(), Wrapped: t.bin(), Sealed: t.bin()}
		if err := t.end(); err != nil {
			return nil, err
		}
		return nil, s.apply(tx)
	case OpSecretRewrap:
		s := SecretRewrap{Name: name, Version: t.uint(), From: t.str(), KeyID: t.str(), Wrapped: t.bin()}
		if err := t.end(); err != nil {
			return nil, err
		}
		return nil, s.apply(tx)
	case OpSecretDelete:
		if err := t.end(); err != nil {
			return nil, err
		}
		key := tx.Key(FamilySecret, "", []byte{'s'}, []byte(name))
		s, ok := decodeSecret(tx.Get(key))
		if !ok || len(s.Sealed) == 0 {
			return nil, noSecret(name)
		}
		tx.Set(key, Secret{Version: s.Version, Time: tx.Now()}.append(nil))
		return nil, nil
	case OpTokenSet:
		token := Token{ID: name, Hash: t.bin(), Note: t.str()}
		var many1, many2 bool
		token.Scopes, many1 = t.strs(TokenMaxScopes)
		token.Apps, many2 = t.strs(TokenMaxApps)
		token.Expires = t.int()
		if many1 || many2 {
			return nil, abi.Errorf(abi.CodeLimit, "token: at most %d scopes and %d apps", TokenMaxScopes, TokenMaxApps)
		}
		if err := t.end(); err != nil {
			return nil, err
		}
		return nil, token.apply(tx)
	case OpTokenDelete:
		if err := t.end(); err != nil {
			return nil, err
		}
		old, ok := decodeToken(tx.Get(tokenKey(name)))
		if !ok {
			return nil, abi.Errorf(abi.CodeNotFound, "token: there is no token %q", name)
		}
		tx.Delete(tokenKey(name))
		if old.Expires != 0 {
			tx.ClearTimer(old.Expires, FamilySecret, tokenKey(name))
		}
		return nil, nil
	}
	return nil, abi.Errorf(abi.CodeUnsupported, "secret: no command %d in this version", op)
}

func noSecret(name string) error {
	return abi.Errorf(abi.CodeNotFound, "secret: %q is not set; `stackhost secret set` sets it", name)
}

// checkSecretName says what is wrong with a secret's name.
func checkSecretName(name string) error {
	ok := len(name) > 0 && len(name) <= SecretMaxName
	for i := 0; ok && i < len(name); i++ {
		c := name[i]
		ok = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-'
	}
	if !ok {
		return abi.Errorf(abi.CodeInvalid, "secret: name %q: use 1 to %d letters, digits, dots, dashes and underscores", name, SecretMaxName)
	}
	return nil
}

func (s *SecretSet) apply(tx *Tx) error {
	if err := checkSecretName(s.Name); err != nil {
		return err
	}
	if len(s.Sealed) == 0 || len(s.Sealed) > SecretMaxSealed || len(s.KeyID) > secretMaxKey || len(s.Wrapped) > secretMaxKey {
		return abi.Errorf(abi.CodeLimit, "secret: %d bytes of ciphertext; 1 to %d are possible", len(s.Sealed), SecretMaxSealed)
	}
	key := tx.Key(FamilySecret, "", []byte{'s'}, []byte(s.Name))
	old, _ := decodeSecret(tx.Get(key))
	if s.Version != old.Version+1 {
		return abi.Errorf(abi.CodeConflict, "secret: %q has version %d, so %d cannot be the next", s.Name, old.Version, s.Version)
	}
	tx.Set(key, Secret{Version: s.Version, KeyID: s.KeyID, Wrapped: s.Wrapped, Sealed: s.Sealed, Time: tx.Now()}.append(nil))
	return nil
}

func (s *SecretRewrap) apply(tx *Tx) error {
	if len(s.KeyID) > secretMaxKey || len(s.Wrapped) > secretMaxKey {
		return abi.Errorf(abi.CodeLimit, "secret: a wrapped key of %d bytes; %d are possible", len(s.Wrapped), secretMaxKey)
	}
	key := tx.Key(FamilySecret, "", []byte{'s'}, []byte(s.Name))
	old, ok := decodeSecret(tx.Get(key))
	switch {
	case !ok || len(old.Sealed) == 0:
		return noSecret(s.Name)
	case old.Version != s.Version || old.KeyID != s.From:
		return abi.Errorf(abi.CodeConflict, "secret: %q was changed meanwhile", s.Name)
	}
	old.KeyID, old.Wrapped = s.KeyID, s.Wrapped
	tx.Set(key, old.append(nil))
	return nil
}

func (t *Token) apply(tx *Tx) error {
	if err := checkSecretName(t.ID); err != nil {
		return err
	}
	if len(t.Hash) != 32 || len(t.Note) > 256 {
		return abi.Errorf(abi.CodeInvalid, "token: a hash has 32 bytes and a note at most 256")
	}
	if t.Expires != 0 && t.Expires <= tx.Now() {
		return abi.Errorf(abi.CodeInvalid, "token: it would have expired already")
	}
	key := tokenKey(t.ID)
	if _, ok := tx.Get(key); ok {
		return abi.Errorf(abi.CodeConflict, "token: there is a token %q already", t.ID)
	}
	t.Time = tx.Now()
	tx.Set(key, t.append(nil))
	if t.Expires != 0 {
		tx.SetTimer(t.Expires, FamilySecret, key)
	}
	return nil
}

// expireSecret forgets the token whose key is ref.
func expireSecret(tx *Tx, ref []byte) {
	if t, ok := decodeToken(tx.Get(ref)); ok && t.Expires != 0 && t.Expires <= tx.Now() {
		tx.Delete(bytes.Clone(ref))
	}
}

func (s Secret) append(dst []byte) []byte {
	dst = abi.AppendStr(abi.AppendUint(abi.AppendArray(dst, 5), s.Version), s.KeyID)
	return abi.AppendInt(abi.AppendBin(abi.AppendBin(dst, s.Wrapped), s.Sealed), s.Time)
}

func decodeSecret(b []byte, ok bool) (Secret, bool) {
	if !ok {
		return Secret{}, false
	}
	t := openTuple(b)
	s := Secret{Version: t.uint(), KeyID: t.str(), Wrapped: t.bin(), Sealed: t.bin(), Time: t.int()}
	return s, t.end() == nil
}

func (t Token) append(dst []byte) []byte {
	dst = abi.AppendStr(abi.AppendBin(abi.AppendArray(dst, 6), t.Hash), t.Note)
	return abi.AppendInt(abi.AppendInt(appendStrs(appendStrs(dst, t.Scopes), t.Apps), t.Expires), t.Time)
}

func decodeToken(b []byte, ok bool) (Token, bool) {
	if !ok {
		return Token{}, false
	}
	r := openTuple(b)
	t := Token{Hash: r.bin(), Note: r.str()}
	t.Scopes, _ = r.strs(TokenMaxScopes)
	t.Apps, _ = r.strs(TokenMaxApps)
	t.Expires, t.Time = r.int(), r.int()
	return t, r.end() == nil
}

// SecretGet returns a secret. last is the version that was given last, for one that was deleted too.
func SecretGet(v *View, shard uint16, tenant, name string) (s Secret, last uint64, ok bool) {
	s, _ = decodeSecret(v.Get(secretKey(shard, tenant, name)))
	s.Name = name
	return s, s.Version, len(s.Sealed) > 0
}

// SecretList visits the secrets of tenant in the order of their names.
func SecretList(v *View, shard uint16, tenant string, visit func(Secret) bool) {
	from := secretKey(shard, tenant, "")
	v.Scan(from, Prefix(from), func(k, value []byte) bool {
		s, ok := decodeSecret(slices.Clone(value), true)
		s.Name = string(k[len(from):])
		return !ok || len(s.Sealed) == 0 || visit(s)
	})
}

// SecretTenants visits the tenants that have, or had, secrets.
func SecretTenants(v *View, shard uint16, visit func(tenant string) bool) {
	from := []byte{FamilySecret, byte(shard >> 8), byte(shard), 1} // the empty tenant is that of tokens
	end := Prefix(from[:3])
	for more := true; more; {
		more = false
		v.Scan(from, end, func(k, _ []byte) bool {
			tenant := string(k[4 : 4+int(k[3])])
			from, more = Prefix(Key(FamilySecret, shard, tenant, "")), true
			more = visit(tenant)
			return false
		})
	}
}

// TokenGet returns a token that has not expired.
func TokenGet(v *View, id string) (Token, bool) {
	t, ok := decodeToken(v.Get(tokenKey(id)))
	t.ID = id
	return t, ok && (t.Expires == 0 || t.Expires > v.Now)
}

// TokenList visits the tokens in the order of their ids.
func TokenList(v *View, visit func(Token) bool) {
	from := tokenKey("")
	v.Scan(from, Prefix(from), func(k, value []byte) bool {
		t, ok := decodeToken(slices.Clone(value), true)
		t.ID = string(k[len(from):])
		return !ok || t.Expires != 0 && t.Expires <= v.Now || visit(t)
	})
}
