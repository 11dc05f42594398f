package raftstore

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore/link"
)

// LinkNetwork is a Network over a link. Safe for concurrent use.
type LinkNetwork struct {
	l     *link.Link
	layer *layer
	trans *raft.NetworkTransport
}

// poolSize is how many idle connections to each node Raft's transport keeps.
const poolSize = 4

// NewNetwork returns the Network of l. Closing the store that uses it leaves l open.
func NewNetwork(l *link.Link) *LinkNetwork {
	n := &LinkNetwork{l: l, layer: &layer{StreamLayer: l.Raft(), conns: map[net.Conn]struct{}{}}}
	n.trans = raft.NewNetworkTransportWithConfig(&raft.NetworkTransportConfig{
		Stream: n.layer, MaxPool: poolSize, MaxRPCsInFlight: 64, Timeout: 5 * time.Second, Logger: hclog.NewNullLogger(),
	})
	return n
}

// Link is what the network is over.
func (n *LinkNetwork) Link() *link.Link { return n.l }

// Transport implements Network.
func (n *LinkNetwork) Transport() raft.Transport { return n.trans }

const callPath = "/store/"

// Call implements Network.
func (n *LinkNetwork) Call(ctx context.Context, addr, method string, message []byte) ([]byte, error) {
	b, err := n.l.Call(ctx, addr, callPath+method, message)
	var failed *link.CallError
	if errors.As(err, &failed) && errors.Is(failed, link.ErrNotDelivered) {
		err = &refusedError{abi.Errorf(abi.CodeUnavailable, "store: %s cannot be reached: %v", addr, failed.Err), true}
	}
	return b, err
}

// Handle implements Network.
func (n *LinkNetwork) Handle(method string, answer func(ctx context.Context, message []byte) ([]byte, error)) {
	n.l.HandleCall(callPath+method, answer)
}

// Cut implements Network.
func (n *LinkNetwork) Cut(cut bool) {
	n.layer.set(cut)
	n.trans.CloseStreams() // it keeps connections that are closed now
}

// layer is a stream layer that can be cut.
type layer struct {
	raft.StreamLayer
	mu    sync.Mutex
	cut   bool                  // guarded by mu
	conns map[net.Conn]struct{} // guarded by mu
}

func (l *layer) set(cut bool) {
	l.mu.Lock()
	l.cut = cut
	var open []net.Conn
	if cut {
		for c := range l.conns {
			open = append(open, c)
		}
	}
	l.mu.Unlock()
	for _, c := range open {
		c.Close()
	}
}

var errCut = errors.New("store: this node has cut itself off")

func (l *layer) keep(c net.Conn, err error) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		c.Close()
		return nil, errCut
	}
	k := &kept{c, l}
	l.conns[k] = struct{}{}
	return k, nil
}

// Accept implements net.Listener.
func (l *layer) Accept() (net.Conn, error) {
	for {
		c, err := l.keep(l.StreamLayer.Accept())
		if !errors.Is(err, errCut) {
			return c, err
		}
	}
}

// Dial implements raft.StreamLayer.
func (l *layer) Dial(addr raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	return l.keep(l.StreamLayer.Dial(addr, timeout))
}

type kept struct {
	net.Conn
	l *layer
}

func (k *kept) Close() error {
	k.l.mu.Lock()
	delete(k.l.conns, k)
	k.l.mu.Unlock()
	return k.Conn.Close()
}
