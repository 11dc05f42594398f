package link

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// ALPN protocols.
const (
	protoRaft = "stackhost-raft/1"
	protoHTTP = "h2"
	protoJoin = "stackhost-join/1"
)

// Config says how a node is linked to its peers. Only Identity is required.
type Config struct {
	// Addr is where to listen, host:port; "" means 127.0.0.1:9441, port 0 any free one.
	Addr string
	// Advertise is where peers reach this node, host:port; "" means the address listened on.
	Advertise string
	// Identity is this node's certificate and the authorities it trusts.
	Identity *Identity
	// NodeAt tells which node is expected at an address, "" if that is not known. A connection to another node than the expected one
	// fails. nil: any member will do. It must not block.
	NodeAt func(addr string) (node string)
	// Allow tells whether a node may be talked to, asked at each new connection and for each request; it refuses members that were
	// removed but still have a certificate. A node that joined just now is no member of Raft yet and has to be allowed. nil: every node
	// of the cluster. It must not block.
	Allow func(node string) bool
	// Peers gives the addresses of the other members, for renewal of certificates (Link.RotateCA is told its own). nil: none.
	Peers func() []string
	// Members gives the members that a joining node is told of, and whose names it cannot take. nil: none.
	Members func(ctx context.Context) ([]Member, error)
	// Tokens keeps join tokens. nil: nobody can join through this node.
	Tokens TokenStore
	// HandshakeTimeout bounds TCP connect plus TLS handshake, on both sides, and waiting for a join request's header. 0 means 5 s.
	HandshakeTimeout time.Duration
	// IdleCheck is how long a connection for requests may be silent before it is probed, and how long the probe may take before the
	// connection is given up. 0 means 2 s.
	IdleCheck time.Duration
	// MaxBody is the longest reply that Call takes and the longest request that a HandleCall handler is given, in bytes. 0 means 16 MiB.
	MaxBody int64
	// CheckEvery is how often certificates are looked at: due for renewal, files changed. 0 means 1 minute.
	CheckEvery time.Duration
	// Dial replaces the way TCP connections are made, for tests that partition nodes. nil: a net.Dialer.
	Dial func(ctx context.Context, addr string) (net.Conn, error)
	// Wrap is put around every TCP connection, accepted or dialled, below TLS, for tests that delay and drop. nil: nothing.
	Wrap func(net.Conn) net.Conn
	// Log gets records of refused connections and of certificates. nil: none.
	Log *slog.Logger
}

// ErrClosed is returned by what is used after Close.
var ErrClosed = errors.New("link: closed")

// Handshakes under way and connections of joining nodes that are held at a time. Beyond it the oldest is closed, so that strangers who
// open connections and say nothing cannot keep peers out.
const (
	maxHandshakes = 256
	maxJoining    = 32
)

// Link is one node's end of everything that nodes say to each other. Safe for concurrent use.
type Link struct {
	cfg       Config
	id        *Identity
	ln        net.Listener
	advertise string
	mux       *http.ServeMux
	transport *http.Transport
	peers     *feed // connections for the HTTP/2 server
	joins     *feed // connections for the join server
	servers   []*http.Server
	limit     *limiter
	rotating  sync.Mutex

	ctx    context.Context // of the link's life
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu      sync.Mutex
	conns   map[net.Conn]struct{} // every TCP connection; guarded by mu
	live    map[string]int        // connections for requests that are open, by address dialled; guarded by mu
	opening map[string]*opening   // the first connection to an address, on its way; guarded by mu
	dialing map[string]*opening   // any connection for requests, likewise; guarded by mu
	warned  bucket                // records of refused connections; guarded by mu
	shaking []net.Conn            // accepted, handshake under way, oldest first; guarded by mu
	joining []net.Conn            // of joining nodes, oldest first; guarded by mu
	raft    *Stream               // guarded by mu
	closed  bool                  // guarded by mu
}

// Listen opens the port and begins to serve. Requests for which no handler is registered yet get an answer that Call reports as
// ErrNotDelivered.
func Listen(cfg Config) (*Link, error) {
	if cfg.Identity == nil {
		return nil, fmt.Errorf("%w: Config.Identity is not set", ErrNoIdentity)
	}
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:9441"
	}
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&cfg.HandshakeTimeout, 5*time.Second)
	def(&cfg.IdleCheck, 2*time.Second)
	def(&cfg.CheckEvery, time.Minute)
	if cfg.MaxBody <= 0 {
		cfg.MaxBody = 16 << 20
	}
	if cfg.Dial == nil {
		var d net.Dialer
		cfg.Dial = func(ctx context.Context, addr string) (net.Conn, error) { return d.DialContext(ctx, "tcp", addr) }
	}
	if cfg.Wrap == nil {
		cfg.Wrap = func(c net.Conn) net.Conn { return c }
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Advertise != "" {
		if host, port, err := net.SplitHostPort(cfg.Advertise); err != nil || host == "" || port == "" || port == "0" {
			return nil, fmt.Errorf("link: %q cannot be advertised: give the host and port at which the other nodes reach this one", cfg.Advertise)
		}
	}
	ln, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("link: %w", err)
	}
	l := &Link{
		cfg: cfg, id: cfg.Identity, ln: ln, advertise: cfg.Advertise, mux: http.NewServeMux(),
		conns: map[net.Conn]struct{}{}, live: map[string]int{}, opening: map[string]*opening{},
		dialing: map[string]*opening{}, limit: newLimiter(time.Now),
	}
	if l.advertise == "" {
		l.advertise = ln.Addr().String()
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.peers, l.joins = newFeed(ln.Addr()), newFeed(ln.Addr())
	l.transport = l.newTransport()
	l.register()
	l.servers = []*http.Server{l.peerServer(), l.joinServer()}
	l.wg.Go(func() { l.servers[0].Serve(l.peers) })
	l.wg.Go(func() { l.servers[1].Serve(l.joins) })
	l.wg.Go(l.accept)
	l.wg.Go(l.keepCertificates)
	return l, nil
}

// Addr is where peers reach this node, host:port.
func (l *Link) Addr() string { return l.advertise }

// Identity is what the link shows to peers.
func (l *Link) Identity() *Identity { return l.id }

// Shutdown lets requests that are being served end, takes no new ones, and closes. When ctx ends first it closes all the same and
// returns ctx's error.
func (l *Link) Shutdown(ctx context.Context) error {
	l.ln.Close()
	err := l.servers[0].Shutdown(ctx)
	return errors.Join(err, l.Close())
}

// Close closes the port and every connection, and returns when everything the link started has ended.
func (l *Link) Close() error {
	l.mu.Lock()
	closed := l.closed
	l.closed = true
	raft := l.raft
	conns := l.conns
	l.conns = nil
	l.mu.Unlock()
	if closed {
		l.wg.Wait()
		return nil
	}
	l.cancel()
	err := l.ln.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil // by Shutdown
	}
	if raft != nil {
		raft.Close()
	}
	for c := range conns {
		c.Close()
	}
	for _, s := range l.servers {
		s.Close()
	}
	l.peers.Close()
	l.joins.Close()
	l.transport.CloseIdleConnections()
	l.wg.Wait()
	return err
}

// tracked is a TCP connection that the link closes when it closes.
type tracked struct {
	net.Conn
	l    *Link
	live string // address that it counts for in Link.live, or ""; guarded by l.mu
}

func (c *tracked) Close() error {
	c.l.mu.Lock()
	delete(c.l.conns, c)
	if c.live != "" {
		if c.l.live[c.live]--; c.l.live[c.live] == 0 {
			delete(c.l.live, c.live)
		}
		c.live = ""
	}
	c.l.mu.Unlock()
	return c.Conn.Close()
}

// track takes over a new TCP connection.
func (l *Link) track(c net.Conn) (*tracked, error) {
	t := &tracked{Conn: l.cfg.Wrap(c), l: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		c.Close()
		return nil, ErrClosed
	}
	l.conns[t] = struct{}{}
	return t, nil
}

// hold adds c to a bounded list and returns what has to be closed to stay within the bound.
func (l *Link) hold(list *[]net.Conn, bound int, c net.Conn) (oldest net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*list = append(*list, c)
	if len(*list) > bound {
		oldest = (*list)[0]
		*list = slices.Delete(*list, 0, 1)
	}
	return oldest
}

func (l *Link) release(list *[]net.Conn, c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(*list, c); i >= 0 {
		*list = slices.Delete(*list, i, i+1)
	}
}

func (l *Link) accept() {
	pause := time.Millisecond
	for {
		c, err := l.ln.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			l.cfg.Log.Warn("link: accept failed", slog.Any("error", err)) // out of files, for example: not a reason to stop
			select {
			case <-time.After(pause):
			case <-l.ctx.Done():
				return
			}
			pause = min(2*pause, time.Second)
			continue
		}
		pause = time.Millisecond
		t, err := l.track(c)
		if err != nil {
			return
		}
		if oldest := l.hold(&l.shaking, maxHandshakes, t); oldest != nil {
			oldest.Close()
		}
		l.wg.Go(func() { l.welcome(t) })
	}
}

// welcome makes the handshake and hands the connection to whom it is for.
func (l *Link) welcome(c net.Conn) {
	ctx, cancel := context.WithTimeout(l.ctx, l.cfg.HandshakeTimeout)
	defer cancel()
	t := tls.Server(c, l.serverTLS())
	err := t.HandshakeContext(ctx)
	l.release(&l.shaking, c)
	if err != nil {
		l.mu.Lock()
		level := slog.LevelDebug
		if strings.HasPrefix(err.Error(), "link: ") && l.warned.take(time.Now(), time.Second, 10) { // a certificate; and no flood
			level = slog.LevelWarn
		}
		l.mu.Unlock()
		l.cfg.Log.Log(l.ctx, level, "link: connection refused", slog.String("from", c.RemoteAddr().String()), slog.Any("error", err))
		c.Close()
		return
	}
	switch t.ConnectionState().NegotiatedProtocol {
	case protoRaft:
		l.mu.Lock()
		raft := l.raft
		l.mu.Unlock()
		if raft == nil || !raft.give(t) {
			c.Close()
		}
	case protoHTTP:
		l.peers.give(t)
	case protoJoin:
		if oldest := l.hold(&l.joining, maxJoining, c); oldest != nil {
			oldest.Close()
		}
		l.joins.give(&joinConn{t, l, c})
	default: // asked for none
		c.Close()
	}
}

// serverTLS decides by what the client asks for: a joining node need not show a certificate, everyone else must.
func (l *Link) serverTLS() *tls.Config {
	base := tls.Config{MinVersion: tls.VersionTLS13, SessionTicketsDisabled: true, DynamicRecordSizingDisabled: true}
	cfg := base.Clone()
	cfg.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		m := l.id.cur.Load()
		c := base.Clone()
		if slices.Contains(hello.SupportedProtos, protoJoin) {
			c.NextProtos = []string{protoJoin}
			c.Certificates = []tls.Certificate{*m.join}
			return c, nil
		}
		c.NextProtos = []string{protoHTTP, protoRaft}
		c.Certificates = []tls.Certificate{*m.tls}
		c.ClientAuth = tls.RequireAnyClientCert
		c.VerifyConnection = func(s tls.ConnectionState) error {
			_, err := l.check(s.PeerCertificates, x509.ExtKeyUsageClientAuth)
			return err
		}
		return c, nil
	}
	return cfg
}

// check verifies a peer and says which node it is.
func (l *Link) check(chain []*x509.Certificate, usage x509.ExtKeyUsage) (string, error) {
	node, err := verify(chain, l.id.cur.Load().roots, l.id.cluster, usage, l.id.now())
	if err != nil {
		return "", err
	}
	if l.cfg.Allow != nil && !l.cfg.Allow(node) {
		return "", fmt.Errorf("link: node %s is not a member of this cluster any more", node)
	}
	return node, nil
}

// dial connects to a peer for one of the protocols.
func (l *Link) dial(ctx context.Context, addr, proto string) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.HandshakeTimeout)
	defer cancel()
	if l.ctx.Err() != nil {
		return nil, ErrClosed
	}
	raw, err := l.cfg.Dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	c, err := l.track(raw)
	if err != nil {
		return nil, err
	}
	t := tls.Client(c, &tls.Config{
		MinVersion:                  tls.VersionTLS13,
		NextProtos:                  []string{proto},
		DynamicRecordSizingDisabled: true,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return l.id.cur.Load().tls, nil
		},
		InsecureSkipVerify: true, // names of hosts mean nothing here: VerifyConnection checks chain and node
		VerifyConnection: func(s tls.ConnectionState) error {
			node, err := l.check(s.PeerCertificates, x509.ExtKeyUsageServerAuth)
			if err != nil || l.cfg.NodeAt == nil {
				return err
			}
			if want := l.cfg.NodeAt(addr); want != "" && want != node {
				return fmt.Errorf("link: node %s answers at %s, where node %s is expected", node, addr, want)
			}
			return nil
		},
	})
	if err := t.HandshakeContext(ctx); err != nil {
		c.Close()
		return nil, fmt.Errorf("link: handshake with %s: %w", addr, err)
	}
	if got := t.ConnectionState().NegotiatedProtocol; got != proto {
		c.Close()
		return nil, fmt.Errorf("link: %s does not speak %s: is it the node's link port?", addr, proto)
	}
	if proto == protoHTTP {
		l.mu.Lock()
		c.live = addr
		l.live[addr]++
		l.mu.Unlock()
	}
	return t, nil
}
