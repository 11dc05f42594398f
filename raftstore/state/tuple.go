package state

import (
	"encoding/binary"

	"github.com/stackhost/stackhost/abi"
)

// tuple reads a positional array, of arguments, an answer or a stored record: elements that are missing or nil read as zero and those
// after the known ones are passed over, so that fields can be added at the end. What it returns refers to the input.
type tuple struct {
	d    *abi.Decoder
	n, i int
}

func openTuple(b []byte) tuple {
	d := abi.NewDecoder(b)
	return tuple{d: d, n: d.Record()}
}

func (t *tuple) has() bool { t.i++; return t.d.Field(t.i-1, t.n) }

func (t *tuple) str() string {
	if t.has() {
		return t.d.Str()
	}
	return ""
}

func (t *tuple) bin() []byte {
	if t.has() {
		return t.d.Bin()
	}
	return nil
}

func (t *tuple) uint() uint64 {
	if t.has() {
		return t.d.Uint()
	}
	return 0
}

func (t *tuple) int() int64 {
	if t.has() {
		return t.d.Int()
	}
	return 0
}

func (t *tuple) bool() bool { return t.has() && t.d.Bool() }

// strs reads a list of at most limit strings.
func (t *tuple) strs(limit int) (list []string, tooMany bool) {
	if !t.has() {
		return nil, false
	}
	n := t.d.Array()
	if n > limit {
		return nil, true
	}
	for range n {
		list = append(list, t.d.Str())
	}
	t.d.Leave()
	return list, false
}

func (t *tuple) end() error {
	t.d.Rest(t.i, max(t.i, t.n))
	return t.d.End()
}

func appendStrs(dst []byte, list []string) []byte {
	dst = abi.AppendArray(dst, len(list))
	for _, s := range list {
		dst = abi.AppendStr(dst, s)
	}
	return dst
}

// lengthOf is the length of a key's part of variable length, to be put before it.
func lengthOf(part string) []byte { return binary.BigEndian.AppendUint16(nil, uint16(len(part))) }

// onBehalfOf makes tx act for the tenant and shard of key, a timer's ref, and returns what follows the namespace in key.
func onBehalfOf(tx *Tx, key []byte) (namespace string, rest []byte, ok bool) {
	if len(key) < 5 || len(key) < 5+int(key[3]) {
		return "", nil, false
	}
	shard, n := binary.BigEndian.Uint16(key[1:]), 4+int(key[3])
	tenant := string(key[4:n])
	end := n + 1 + int(key[n])
	if len(key) < end {
		return "", nil, false
	}
	tx.tenant, tx.shard = tenant, shard
	return string(key[n+1 : end]), key[end:], true
}

func (t *tuple) pairs() abi.Pairs {
	if t.has() {
		return t.d.Pairs(nil)
	}
	return nil
}
