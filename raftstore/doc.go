// Package raftstore is the replicated store: a Badger key space behind a Raft log, on one node or several.
package raftstore
