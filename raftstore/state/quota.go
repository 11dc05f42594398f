package state

import (
	"encoding/binary"

	"github.com/stackhost/stackhost/abi"
)

// OpQuotaSet sets the limits of a tenant.
const OpQuotaSet = 1

// QuotaFamily counts what each tenant keeps and refuses what goes beyond its limits.
//
//	u   bytes, keys    what the tenant keeps
//	l   bytes, keys    its limits; 0: none
var QuotaFamily = Register(&Family{ID: FamilyQuota, Name: "quota", Apply: applyQuota})

// Usage is an amount of stored data: keys and the bytes of keys and values, as applications see them.
type Usage struct {
	Bytes, Keys int64
}

// QuotaSet sets the limits of the tenant; 0 is none. What is kept already stays.
type QuotaSet struct{ Usage }

// Command returns the command for tenant.
func (q QuotaSet) Command(tenant string) Command {
	b := abi.AppendInt(abi.AppendInt(abi.AppendArray(nil, 2), q.Bytes), q.Keys)
	return Command{Family: FamilyQuota, Op: OpQuotaSet, Tenant: tenant, Args: b}
}

func applyQuota(tx *Tx, op byte, args []byte) ([]byte, error) {
	if op != OpQuotaSet {
		return nil, abi.Errorf(abi.CodeUnsupported, "store: no quota command %d in this version", op)
	}
	t := openTuple(args)
	limits := Usage{Bytes: t.int(), Keys: t.int()}
	if err := t.end(); err != nil || limits.Bytes < 0 || limits.Keys < 0 {
		return nil, abi.Errorf(abi.CodeInvalid, "store: malformed limits of a quota")
	}
	key := tx.Key(FamilyQuota, "", []byte{'l'})
	if limits == (Usage{}) {
		tx.Delete(key)
	} else {
		tx.Set(key, limits.append())
	}
	return nil, nil
}

func (u Usage) append() []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 16), uint64(u.Bytes))
	return binary.BigEndian.AppendUint64(b, uint64(u.Keys))
}

func usageAt(r interface {
	Get(key []byte) ([]byte, bool)
}, key []byte) Usage {
	b, ok := r.Get(key)
	if !ok || len(b) != 16 {
		return Usage{}
	}
	return Usage{Bytes: int64(binary.BigEndian.Uint64(b)), Keys: int64(binary.BigEndian.Uint64(b[8:]))}
}

// charge counts what a command adds to, or takes from, what its tenant keeps. What would go beyond a limit is refused with the code
// quota; taking away never is.
func charge(tx *Tx, bytes, keys int64) error {
	if bytes == 0 && keys == 0 {
		return nil
	}
	now := usageAt(tx, tx.Key(FamilyQuota, "", []byte{'u'}))
	now.Bytes += bytes
	now.Keys += keys
	if bytes > 0 || keys > 0 {
		limits := usageAt(tx, tx.Key(FamilyQuota, "", []byte{'l'}))
		if bytes > 0 && limits.Bytes > 0 && now.Bytes > limits.Bytes {
			return abi.Errorf(abi.CodeQuota, "store: %q would keep %d bytes and may keep %d: delete something, or raise quota.bytes in stackhost.toml", tx.tenant, now.Bytes, limits.Bytes)
		}
		if keys > 0 && limits.Keys > 0 && now.Keys > limits.Keys {
			return abi.Errorf(abi.CodeQuota, "store: %q would keep %d keys and may keep %d: delete something, or raise quota.keys in stackhost.toml", tx.tenant, now.Keys, limits.Keys)
		}
	}
	return account(tx, bytes, keys)
}

// account is charge for what cannot be refused any more.
func account(tx *Tx, bytes, keys int64) error {
	key := tx.Key(FamilyQuota, "", []byte{'u'})
	now := usageAt(tx, key)
	now.Bytes += bytes
	now.Keys += keys
	if now == (Usage{}) {
		tx.Delete(key)
	} else {
		tx.Set(key, now.append())
	}
	return nil
}

// UsageOf returns what tenant keeps and its limits.
func UsageOf(v *View, tenant string) (used, limits Usage) {
	return usageAt(v, Key(FamilyQuota, 0, tenant, "", []byte{'u'})), usageAt(v, Key(FamilyQuota, 0, tenant, "", []byte{'l'}))
}
