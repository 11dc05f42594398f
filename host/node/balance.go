package node

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/stackhost/stackhost/host"
	"github.com/stackhost/stackhost/host/web"
	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/link"
	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"
)

// balancer tells the other nodes how busy this one is, and hands requests that this node should not take to one that can: while it is
// about to stop, while too many are under way, and when no instance of the module becomes free. Work is handed on once at most, and what may have begun elsewhere is begun a second
// time only if its method is idempotent (RFC 9110, section 9.2.2).
type balancer struct {
	log      *slog.Logger
	limit    int64 // requests under way at which the node is fully loaded
	draining atomic.Bool
	host     atomic.Pointer[host.Host]
	link     *link.Link
	store    *raftstore.Store
	inbox    *inbox

	handed, refused atomic.Int64
}

const (
	handPath = "/handed/"
	// busy is the load from which requests are handed on, and room the load up to which a peer is given some.
	busy, room = 0.9, 0.7
	// freshInfo is how old what a peer told may be; one that died since is found out before it has got a request.
	freshInfo = 10 * time.Second
	// clientHeader carries the client's address to the node that takes over, schemeHeader how it came.
	clientHeader = "Stackhost-Client"
)

func (b *balancer) load() float64 {
	h := b.host.Load()
	if h == nil || b.limit == 0 {
		return 0
	}
	return float64(h.Stats().InFlight) / float64(b.limit)
}

func (b *balancer) info(learner bool, admin string) raftstore.Info {
	return raftstore.Info{Learner: learner, Admin: admin, Draining: b.draining.Load() || b.host.Load() == nil, Load: b.load()}
}

// serve lets peers hand requests to this node.
func (b *balancer) serve(l *link.Link, store *raftstore.Store) {
	b.link, b.store, b.inbox = l, store, &inbox{conns: make(chan net.Conn), closed: make(chan struct{})}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL = &url.URL{Scheme: "http", Host: "node", Opaque: "", Path: r.In.URL.Path, RawPath: r.In.URL.RawPath, RawQuery: r.In.URL.RawQuery}
			r.Out.URL.Path = strings.TrimPrefix(r.Out.URL.Path, strings.TrimSuffix(handPath, "/"))
			r.Out.URL.RawPath = strings.TrimPrefix(r.Out.URL.RawPath, strings.TrimSuffix(handPath, "/"))
			r.Out.Host = r.In.Host
			r.Out.Header.Del(clientHeader)
			*r.Out = *r.Out.WithContext(context.WithValue(r.Out.Context(), clientKey{}, r.In.Header.Get(clientHeader)))
		},
		Transport:     &http.Transport{DialContext: b.inbox.dial, DisableKeepAlives: true, DisableCompression: true},
		FlushInterval: -1,
		ErrorLog:      slog.NewLogLogger(b.log.Handler(), slog.LevelInfo),
	}
	l.Handle(handPath, proxy)
}

type clientKey struct{}

// inbox is a listener for requests that peers hand over: each comes on a connection of its own, in memory, whose remote address is that
// of the client.
type inbox struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (i *inbox) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, _ := ctx.Value(clientKey{}).(string)
	pipe := fasthttputil.NewPipeConns()
	select {
	case i.conns <- &handedConn{pipe.Conn2(), &net.TCPAddr{IP: net.ParseIP(client)}}:
		return pipe.Conn1(), nil
	case <-i.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (i *inbox) Accept() (net.Conn, error) {
	select {
	case c := <-i.conns:
		return c, nil
	case <-i.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (i *inbox) Close() error {
	select {
	case <-i.closed:
	default:
		close(i.closed)
	}
	return nil
}

// Addr implements net.Listener.
func (i *inbox) Addr() net.Addr { return &net.TCPAddr{} }

type handedConn struct {
	net.Conn
	client net.Addr
}

// RemoteAddr is the client's.
func (c *handedConn) RemoteAddr() net.Addr { return c.client }

// handedOver tells whether ctx's request came from a peer.
func handedOver(ctx *fasthttp.RequestCtx) bool {
	c := ctx.Conn()
	for {
		switch inner := c.(type) {
		case *handedConn:
			return true
		case interface{ NetConn() net.Conn }:
			c = inner.NetConn()
		default:
			return false
		}
	}
}

// intercept hands a request to a peer when this node should not take it; then it is true. When no peer is better, the node takes it.
func (b *balancer) intercept(ctx *fasthttp.RequestCtx) bool {
	if b.link == nil || !b.draining.Load() && b.load() < busy || handedOver(ctx) {
		return false
	}
	if _, ok := b.better(nil); !ok {
		return false
	}
	body, err := io.ReadAll(io.LimitReader(web.BodyReader(ctx), maxHanded+1))
	if err != nil || len(body) > maxHanded {
		b.refused.Add(1)
		problem(ctx, fasthttp.StatusServiceUnavailable, "busy", "this node is busy, and the request is too long to be handed to another one")
		return true
	}
	if b.handOn(ctx, body) {
		return true
	}
	ctx.Request.SetBody(body) // it was read: the handler finds it in memory
	return false
}

// overflow hands on a request for which no instance of its module became free, and that has not begun.
func (b *balancer) overflow(ctx *fasthttp.RequestCtx, body []byte) bool {
	return b.link != nil && !handedOver(ctx) && b.handOn(ctx, body)
}

// handOn hands a request to the best peer, or the next when that cannot be reached. It is false when there is none.
func (b *balancer) handOn(ctx *fasthttp.RequestCtx, body []byte) bool {
	tried := map[string]bool{}
	for range 2 {
		peer, ok := b.better(tried)
		if !ok {
			break
		}
		tried[peer.Node] = true
		switch err := b.hand(ctx, peer, body); {
		case err == nil:
			b.handed.Add(1)
			return true
		case errors.Is(err, link.ErrNotDelivered), errors.Is(err, errBegun) && idempotent(string(ctx.Method())) && !errors.Is(err, errHead):
			ctx.Response.Reset()
			continue
		case errors.Is(err, errHead): // part of the answer is with the client
			return true
		default:
			b.log.Warn("a request that was handed to another node was not answered", "node", peer.Node, "error", err)
			problem(ctx, fasthttp.StatusBadGateway, "unavailable", "the node that the request was handed to did not answer; whether it was handled is not known")
			return true
		}
	}
	return false
}

// maxHanded is the longest body of a request that is handed on, since it may have to be sent twice.
const maxHanded = 1 << 20

var (
	errBegun = errors.New("node: no whole answer")
	errHead  = errors.New("node: the answer broke off")
)

func idempotent(method string) bool {
	switch method {
	case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE":
		return true
	}
	return false
}

// better returns the least loaded peer that is less busy than this node.
func (b *balancer) better(tried map[string]bool) (best raftstore.Peer, ok bool) {
	least := room
	for _, p := range b.store.Peers() {
		if !tried[p.Node] && !p.Info.Draining && time.Since(p.Heard) < freshInfo && p.Info.Load <= least {
			best, least, ok = p, p.Info.Load, true
		}
	}
	return best, ok
}

// hand sends ctx's request to peer and its answer to the client.
func (b *balancer) hand(ctx *fasthttp.RequestCtx, peer raftstore.Peer, body []byte) error {
	target := "https://node" + strings.TrimSuffix(handPath, "/") + string(ctx.URI().PathOriginal())
	if q := ctx.URI().QueryString(); len(q) > 0 {
		target += "?" + string(q)
	}
	r, err := http.NewRequestWithContext(ctx, string(ctx.Method()), target, strings.NewReader(string(body)))
	if err != nil {
		return err
	}
	for k, v := range ctx.Request.Header.All() {
		if name := string(k); !hopByHop(name) {
			r.Header.Add(name, string(v))
		}
	}
	r.Host = string(ctx.Host())
	r.Header.Set(clientHeader, ctx.RemoteIP().String())
	answer, err := b.link.Client(peer.Address).Do(r)
	if err != nil {
		var dial *net.OpError
		if errors.Is(err, link.ErrNotDelivered) || errors.As(err, &dial) && dial.Op == "dial" {
			return errors.Join(link.ErrNotDelivered, err)
		}
		return errors.Join(errBegun, err)
	}
	defer answer.Body.Close()
	ctx.Response.Reset()
	ctx.SetStatusCode(answer.StatusCode)
	for name, values := range answer.Header {
		if !hopByHop(name) && name != "Content-Length" {
			for _, v := range values {
				ctx.Response.Header.Add(name, v)
			}
		}
	}
	length := answer.ContentLength
	if string(ctx.Method()) == "HEAD" {
		ctx.Response.SkipBody = true
		if length >= 0 {
			ctx.Response.Header.Set("Content-Length", strconv.FormatInt(length, 10))
		}
		return nil
	}
	stream, err := web.StartStream(ctx, length)
	if err != nil {
		return errors.Join(errHead, err)
	}
	if _, err = io.Copy(flushing{stream}, answer.Body); err != nil {
		stream.Abort()
		return errors.Join(errHead, err)
	}
	return stream.Close()
}

// flushing passes on what comes as it comes, as the peer did.
type flushing struct{ *web.Stream }

func (f flushing) Write(p []byte) (int, error) {
	n, err := f.Stream.Write(p)
	if err == nil {
		err = f.Stream.Flush()
	}
	return n, err
}

func hopByHop(name string) bool {
	switch strings.ToLower(name) {
	case "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "host", strings.ToLower(clientHeader):
		return true
	}
	return false
}

func problem(ctx *fasthttp.RequestCtx, status int, code, detail string) {
	(&web.Problems{}).Write(ctx, &web.Problem{Status: status, Code: code, Detail: detail})
}
