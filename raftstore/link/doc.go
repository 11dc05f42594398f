// Package link is how nodes of a cluster talk to each other: one TCP port for each node, TLS 1.3 with certificates on both sides, and
// inside it Raft's streams and HTTP/2 for everything else.
//
// # Connections
//
// Listen opens the port. What a connection is for is said by its ALPN protocol:
//
//	stackhost-raft/1   a stream of hashicorp/raft's NetworkTransport; Link.Raft is its raft.StreamLayer
//	h2                 requests: Link.Handle and Link.HandleCall on one side, Link.Call and Link.Client on the other
//	stackhost-join/1   HTTP/1.1 with one route, for a node that has a join token and no certificate yet
//
// The first two are refused during the handshake to anyone without a node certificate of this cluster. Peers are known by the node
// name in their certificate, never by host name or IP address, so addresses may change freely. A handler learns who calls by Peer.
//
// # Identity
//
// Init makes a cluster: a cluster id, an authority (CA, ECDSA P-256, ten years) and the first node's certificate (90 days). Files, in a
// folder of mode 0700:
//
//	ca.pem        authorities that are trusted: one, or two while they are exchanged
//	ca.key        key of the authority that signs (mode 0600)
//	node.pem      this node's certificate
//	node.key      its key (mode 0600), kept for the node's life so that replacing node.pem alone is a consistent step
//	cluster.json  cluster id and node name
//
// A certificate names its node as stackhost://CLUSTER/node/NAME and node-NAME.stackhost.internal. It is replaced when two thirds of its
// life are over: by the node itself if it holds ca.key (also at start, after a long time switched off), otherwise by asking any peer
// that does. Certificates begin a day in the past, so clocks may be wrong by that much.
//
// Every node that joined holds the authority's key, as servers of k3s do: any member can admit another and none is special. The
// price: who steals one node's folder can make certificates for any name. After a node was stolen, remove it and run Link.RotateCA.
//
// Brought loads certificates that were made elsewhere. They need one of the two names above; bring the URI if the same authority signs
// for several clusters, because only it tells them apart. Brought files are read again when they change, and stackhost never renews
// them, signs with them or makes join tokens.
//
// # Joining
//
// Link.NewToken makes stk1.CLUSTER.SECRET.FINGERPRINT. The cluster keeps only the secret's hash, when it ends and how often it may be
// used (TokenStore). Join dials a seed, refuses to go on unless the seed's authority has the fingerprint, sends the secret with a
// certificate request, and stores what it gets: certificate, authority and key, and the list of members.
//
// # Calls
//
// A call that fails says whether it may be tried again: ErrNotDelivered, ErrOutcomeUnknown, or the handler's own answer (CallError).
// Peers share one HTTP/2 connection, which is probed when it is silent. `go test -bench . ./raftstore/link` measures on loopback, both
// ends on two shared cores: 71 µs a round trip with 128 bytes for one caller, 29,000 calls/s for 64, 1.2 ms for a new connection
// (2026-11-23).
package link
