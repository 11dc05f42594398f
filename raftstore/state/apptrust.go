package state

import (
	"bytes"
	"crypto/ed25519"

	"github.com/stackhost/stackhost/abi"
)

// AppTrust makes the signatures of a key count.
type AppTrust struct {
	Name   string // for people
	Public []byte // Ed25519, 32 bytes
}

// AppDistrust takes that back. Versions that only this key signed cannot be activated any more while signatures are required.
type AppDistrust struct{ ID string }

// AppEnforce says whether bundles must be signed by a trusted key.
type AppEnforce struct{ On bool }

// Command returns the command. Keys belong to no app.
func (a AppTrust) Command() Command {
	return appCommand("", OpAppTrust, abi.AppendBin(abi.AppendStr(abi.AppendArray(nil, 2), a.Name), a.Public))
}

// Command returns the command.
func (a AppDistrust) Command() Command {
	return appCommand("", OpAppDistrust, abi.AppendStr(abi.AppendArray(nil, 1), a.ID))
}

// Command returns the command.
func (a AppEnforce) Command() Command {
	return appCommand("", OpAppEnforce, abi.AppendBool(abi.AppendArray(nil, 1), a.On))
}

func applyTrust(tx *Tx, op byte, t *tuple) error {
	switch op {
	case OpAppTrust:
		name, public := t.str(), t.bin()
		if err := t.end(); err != nil {
			return err
		}
		switch {
		case len(public) != ed25519.PublicKeySize:
			return abi.Errorf(abi.CodeInvalid, "app: a public key has %d bytes", ed25519.PublicKeySize)
		case len(name) > AppMaxText:
			return abi.Errorf(abi.CodeLimit, "app: the name of a key has at most %d bytes", AppMaxText)
		}
		key := tx.sharedKey('k', []byte(KeyID(public)))
		if _, known := tx.Get(key); !known && countKeys(tx, tx.shard) >= AppMaxKeys {
			return abi.Errorf(abi.CodeLimit, "app: %d keys are trusted already; distrust one first", AppMaxKeys)
		}
		b := abi.AppendBin(abi.AppendStr(abi.AppendArray(nil, 3), name), public)
		tx.Set(key, abi.AppendInt(b, tx.now))
		return nil
	case OpAppDistrust:
		id := t.str()
		if err := t.end(); err != nil {
			return err
		}
		key := tx.sharedKey('k', []byte(id))
		if _, ok := tx.Get(key); !ok {
			return abi.Errorf(abi.CodeNotFound, "app: key %.40q is not trusted", id)
		}
		if enforced(tx, tx.shard) && countKeys(tx, tx.shard) == 1 {
			return abi.Errorf(abi.CodeConflict, "app: nothing could be deployed without the last trusted key: trust another first, or stop requiring signatures")
		}
		tx.Delete(key)
		return nil
	}
	on := t.bool()
	if err := t.end(); err != nil {
		return err
	}
	switch key := tx.sharedKey('p'); {
	case on && countKeys(tx, tx.shard) == 0:
		return abi.Errorf(abi.CodeConflict, "app: no key is trusted yet, so nothing could be deployed: trust one first")
	case on:
		tx.Set(key, []byte{1})
	default:
		tx.Delete(key)
	}
	return nil
}

func countKeys(r Reader, shard uint16) (n int) {
	from := appKey(shard, "", 'k')
	r.Scan(from, Prefix(from), func(_, _ []byte) bool { n++; return true })
	return n
}

// AppTrusted returns the trusted keys in the order of their IDs, and whether signatures are required.
func AppTrusted(v *View, shard uint16) (keys []TrustedKey, required bool) {
	from := appKey(shard, "", 'k')
	v.Scan(from, Prefix(from), func(k, b []byte) bool {
		t := openTuple(bytes.Clone(b))
		keys = append(keys, TrustedKey{ID: string(k[len(from):]), Name: t.str(), Public: t.bin(), Added: t.int()})
		return true
	})
	return keys, enforced(v, shard)
}
