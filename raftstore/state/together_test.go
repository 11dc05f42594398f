package state

import (
	"errors"
	"testing"

	"github.com/stackhost/stackhost/abi"
)

func TestTogether(t *testing.T) {
	s := newScriptRun()
	set := func(key string, guard uint64) Command {
		return KVTxn{
			Guards: []KVGuard{{"ns", []byte(key), guard}},
			Writes: []KVWrite{{Kind: KVAdd, Namespace: "ns", Key: []byte(key), Delta: 1}, {Kind: KVAdd, Namespace: "ns", Key: []byte("all"), Delta: 1}},
		}.Command("other")
	}
	value := func(key string) string {
		e, _, _ := KVGet(s.view(), "shop", "ns", []byte(key))
		return string(e.Value)
	}
	code := func(err error) abi.Code {
		var e *abi.Error
		errors.As(err, &e)
		if e == nil {
			return 0
		}
		return e.Code
	}
	reply, _, err := s.do(Together{set("a", 0), LockAcquire{"ns", "l", "me", 1000, 0}.Command(""), set("b", 0)}.Command("shop"))
	if err != nil {
		t.Fatal(err)
	}
	replies, err := DecodeReplies(reply, nil)
	if err != nil || len(replies) != 3 {
		t.Fatalf("%d replies, %v", len(replies), err)
	}
	if r, err := DecodeLockReply(replies[1].Payload); err != nil || !r.Held {
		t.Errorf("%+v, %v", r, err)
	}
	if value("all") != "2" || value("a") != "1" {
		t.Errorf("all %q, a %q", value("all"), value("a"))
	}
	if _, _, err := s.do(Together{set("c", 0), set("a", 0)}.Command("shop")); code(err) != abi.CodeConflict || value("c") != "" || value("all") != "2" {
		t.Errorf("%v: c %q, all %q", err, value("c"), value("all"))
	}
	inner := Together{set("c", 0)}.Command("shop")
	for name, c := range map[string]Command{
		"together in together": Together{inner}.Command("shop"), "the system": Together{{Family: FamilySystem, Op: 1}}.Command("shop"),
		"once": Together{Once{1, 1, []Command{set("c", 0)}}.Command()}.Command("shop"), "nothing": Together{}.Command("shop"),
		"garbage": {Family: familyTogether, Op: 1, Tenant: "shop", Args: []byte{0xff}},
	} {
		if _, _, err := s.do(c); code(err) != abi.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.check(); err != nil {
		t.Error(err)
	}
}
