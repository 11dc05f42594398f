package node

import (
	"strings"
	"testing"
	"time"

	"github.com/stackhost/stackhost/raftstore/link"
)

// TestARemovedNodeIsNotHeard removes a node, which goes on running, and lets it join again with a new token.
func TestARemovedNodeIsNotHeard(t *testing.T) {
	members := startMembers(t, 3)
	leader, gone := members[0], members[2]
	if err := leader.Store.Transfer(t.Context(), "n1"); err != nil {
		t.Fatal(err)
	}
	if err := leader.Store.Remove(t.Context(), "n3"); err != nil {
		t.Fatal(err)
	}
	until := func(what string, ok func() bool) {
		t.Helper()
		for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal(what)
			}
		}
	}
	for _, m := range []*member{leader, members[1]} {
		until("the removed node is heard", func() bool {
			_, err := gone.Link.Call(t.Context(), m.Link.Addr(), "/store/info", nil)
			return err != nil && strings.Contains(err.Error(), "not a member")
		})
	}
	token, err := leader.Link.NewToken(t.Context(), link.TokenOptions{TTL: time.Minute, Uses: 1})
	if err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), Config{Data: t.TempDir(), Name: "n3", Listen: "127.0.0.1:0", Admin: "off", Token: token, Seeds: []string{leader.Link.Addr()}})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close(t.Context())
	until("the node does not get its vote back", func() bool {
		for _, m := range leader.Store.Members() {
			if m.Node == "n3" && m.Voter {
				return true
			}
		}
		return false
	})
}
