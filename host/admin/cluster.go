package admin

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore"
)

// Cluster is the node as a member of its cluster; *raftstore.Store is one.
type Cluster interface {
	Status() raftstore.Status
	Peers() []raftstore.Peer
	// Transfer hands leadership to node, or to the voter that is most up to date when node is "".
	Transfer(ctx context.Context, node string) error
	// Leave takes this node out of the cluster; Remove another one, for ever.
	Leave(ctx context.Context) error
	Remove(ctx context.Context, node string) error
	// Backup streams the whole state as of one index.
	Backup(ctx context.Context, w io.Writer) error
	// Hash returns the SHA-256 of the state on this node, and the index that it is of.
	Hash(ctx context.Context) (index uint64, sum [32]byte, err error)
}

// ClusterReply is what a node knows of its cluster.
type ClusterReply struct {
	Status raftstore.Status `json:"status" doc:"of the node that answered"`
	Peers  []raftstore.Peer `json:"peers" doc:"what it knows of the other members"`
}

// JoinTokenRequest asks for a token with which nodes can join.
type JoinTokenRequest struct {
	TTL  string `json:"ttl,omitempty" doc:"how long it is valid; 24h when missing"`
	Uses int    `json:"uses,omitempty" doc:"how many nodes it admits; 1 when missing"`
}

// JoinTokenReply is such a token.
type JoinTokenReply struct {
	Token string `json:"token" doc:"shown this once; who has it can become a member"`
}

// NodeRequest names a node.
type NodeRequest struct {
	Node string `json:"node,omitempty"`
}

// HashReply is the hash of a node's state.
type HashReply struct {
	Node  string `json:"node"`
	Index uint64 `json:"index"`
	Hash  string `json:"sha256" doc:"of all keys and values; nodes that applied the same index have the same"`
}

func clusterRoutes(s Services) []Route {
	have := func(handle func(c *Call) error) func(c *Call) error {
		return func(c *Call) error {
			if s.Cluster == nil {
				return abi.Errorf(abi.CodeUnsupported, "this node is no member of a cluster")
			}
			return handle(c)
		}
	}
	noNode := Refusal(404, "not_found", "The cluster has no such node.")
	return []Route{{
		Method: "GET", Path: "/v1/cluster", ID: "clusterStatus", Summary: "Show the cluster as this node sees it", Scope: Read,
		Answers: []Answer{{Status: 200, Doc: "Also without a leader.", Type: ClusterReply{}}},
		Handle: have(func(c *Call) error {
			return c.Reply(ClusterReply{s.Cluster.Status(), s.Cluster.Peers()})
		}),
	}, {
		Method: "POST", Path: "/v1/cluster/join-token", ID: "clusterJoinToken", Summary: "Make a token with which a node can join", Scope: Admin,
		Body: &Body{Type: JoinTokenRequest{}, Optional: true},
		Answers: []Answer{{Status: 201, Doc: "Made.", Type: JoinTokenReply{}},
			Refusal(501, "unsupported", "The node has no link to others: start it with --node-listen.")},
		Handle: func(c *Call) error {
			var r JoinTokenRequest
			if err := c.JSON(&r); err != nil {
				return err
			}
			if s.JoinToken == nil {
				return abi.Errorf(abi.CodeUnsupported, "this node is not reachable for others: start it with --node-listen, then they can join")
			}
			ttl := 24 * time.Hour
			if r.TTL != "" {
				var err error
				if ttl, err = time.ParseDuration(r.TTL); err != nil || ttl <= 0 || ttl > 30*24*time.Hour {
					return abi.Errorf(abi.CodeInvalid, "ttl %q: a duration such as 24h, up to 720h, is wanted", r.TTL)
				}
			}
			if r.Uses < 0 || r.Uses > 1000 {
				return abi.Errorf(abi.CodeInvalid, "uses %d: 1 to 1000 are possible", r.Uses)
			}
			token, err := s.JoinToken(c.Context(), ttl, max(r.Uses, 1))
			if err != nil {
				return err
			}
			return c.ReplyStatus(201, JoinTokenReply{token})
		},
	}, {
		Method: "POST", Path: "/v1/cluster/transfer", ID: "clusterTransfer", Summary: "Hand leadership to another node", Scope: Admin,
		Body:    &Body{Doc: "Without node: to the voter that is most up to date.", Type: NodeRequest{}, Optional: true},
		Answers: []Answer{{Status: 204, Doc: "Another node leads."}, noNode},
		Handle: have(func(c *Call) error {
			var r NodeRequest
			if err := c.JSON(&r); err != nil {
				return err
			}
			if err := s.Cluster.Transfer(c.Context(), r.Node); err != nil {
				return err
			}
			return c.Empty()
		}),
	}, {
		Method: "POST", Path: "/v1/cluster/leave", ID: "clusterLeave", Summary: "Take a node out of the cluster", Scope: Admin,
		Doc: "Without node: the node that is asked, which hands over leadership first and should be stopped afterwards. With node: another one, " +
			"also one that is dead. Its data folder must not be used again.",
		Body:    &Body{Type: NodeRequest{}, Optional: true},
		Answers: []Answer{{Status: 204, Doc: "It is no member any more."}, noNode},
		Handle: have(func(c *Call) error {
			var r NodeRequest
			if err := c.JSON(&r); err != nil {
				return err
			}
			var err error
			if r.Node == "" || r.Node == s.Cluster.Status().Node {
				err = s.Cluster.Leave(c.Context())
			} else {
				err = s.Cluster.Remove(c.Context(), r.Node)
			}
			if err != nil {
				return err
			}
			return c.Empty()
		}),
	}, {
		Method: "GET", Path: "/v1/cluster/backup", ID: "clusterBackup", Summary: "Stream a backup of the whole state", Scope: Admin, Wait: true,
		Doc: "As of one index, while writes go on. It holds everything but the keys of secrets. A stream that does not end well, with its last " +
			"chunk, is not a backup; `stackhost cluster restore` checks it.",
		Answers: []Answer{{Status: 200, Doc: "For `stackhost cluster restore`.", Media: "application/vnd.stackhost.backup"}},
		Handle: have(func(c *Call) error {
			out, err := c.Stream(200, "application/vnd.stackhost.backup", -1)
			if err != nil {
				return err
			}
			if err := s.Cluster.Backup(c.Context(), out); err != nil {
				out.Abort()
				c.server.cfg.Log.Error("backup failed", "request_id", c.RequestID(), "error", err)
				return nil
			}
			return out.Close()
		}),
	}, {
		Method: "GET", Path: "/v1/cluster/hash", ID: "clusterHash", Summary: "Hash the state of this node", Scope: Admin, Wait: true,
		Doc:     "It reads everything. Nodes that applied the same index must have the same hash.",
		Answers: []Answer{{Status: 200, Doc: "The hash.", Type: HashReply{}}},
		Handle: have(func(c *Call) error {
			index, sum, err := s.Cluster.Hash(c.Context())
			if err != nil {
				return err
			}
			return c.Reply(HashReply{s.Cluster.Status().Node, index, fmt.Sprintf("%x", sum)})
		}),
	}}
}
