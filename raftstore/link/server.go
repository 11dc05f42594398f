package link

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"
)

const (
	headerTimeout = "Stackhost-Timeout"   // milliseconds that the caller waits
	headerNoRoute = "Stackhost-Unhandled" // on an answer: no handler saw the request
	headerUnknown = "Stackhost-Unknown"   // on an answer: the handler was cut off
)

type peerKey struct{}

// Peer is the node whose request ctx belongs to, "" outside of a handler of Link.Handle. It was proved by the node's certificate.
func Peer(ctx context.Context) string {
	node, _ := ctx.Value(peerKey{}).(string)
	return node
}

// Handle registers a handler for requests of peers, with the patterns of http.ServeMux (it panics likewise, on a pattern that is
// taken). Only nodes of this cluster get there; Peer(r.Context()) is which. The context ends when the caller's does. Patterns "/" and
// below "/link/" are the link's own.
func (l *Link) Handle(pattern string, h http.Handler) { l.mux.Handle(pattern, h) }

// HandleCall registers a function for Link.Call at a path. body is at most Config.MaxBody bytes and is the function's to keep. An error
// reaches the caller as *CallError with the error's text; with a *StatusError the function chooses the status. When ctx ended and the
// function says so by returning ctx's error, the caller gets ErrOutcomeUnknown.
func (l *Link) HandleCall(path string, f func(ctx context.Context, body []byte) (reply []byte, err error)) {
	l.mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
		body, err := readAll(r.Body, r.ContentLength, l.cfg.MaxBody)
		if err != nil {
			status := http.StatusBadRequest
			if errors.Is(err, errTooLong) {
				status = http.StatusRequestEntityTooLarge
			}
			w.Header().Set(headerNoRoute, "1") // the function does not run
			http.Error(w, err.Error(), status)
			return
		}
		reply, err := f(r.Context(), body)
		if err != nil {
			status := http.StatusInternalServerError
			var s *StatusError
			if errors.As(err, &s) {
				status = s.Status
			} else if end := r.Context().Err(); end != nil && errors.Is(err, end) {
				w.Header().Set(headerUnknown, "1")
			}
			http.Error(w, err.Error(), status)
			return
		}
		w.Header()["Content-Type"] = contentType
		w.Header()["Content-Length"] = []string{strconv.Itoa(len(reply))}
		w.Write(reply)
	})
}

var contentType = []string{"application/octet-stream"}

var errTooLong = errors.New("link: body is too long")

// readAll reads at most limit bytes; length is what was announced, -1 if nothing was.
func readAll(r io.Reader, length, limit int64) ([]byte, error) {
	if length > limit {
		return nil, errTooLong
	}
	var b bytes.Buffer
	if length > 0 {
		b.Grow(int(min(length, 1<<20)) + bytes.MinRead) // what is announced may never come
	}
	n, err := b.ReadFrom(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if n > limit {
		return nil, errTooLong
	}
	return b.Bytes(), nil
}

// peerServer serves HTTP/2 to nodes of the cluster.
func (l *Link) peerServer() *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	return &http.Server{
		Handler:           http.HandlerFunc(l.servePeer),
		Protocols:         &protocols,
		TLSConfig:         &tls.Config{NextProtos: []string{protoHTTP}}, // the handshake is over; this only enables HTTP/2
		MaxHeaderBytes:    64 << 10,
		ReadHeaderTimeout: l.cfg.HandshakeTimeout,
		ErrorLog:          l.errorLog(),
		HTTP2:             l.http2(),
		BaseContext:       func(net.Listener) context.Context { return l.ctx },
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			t, ok := c.(*tls.Conn)
			if !ok {
				return ctx
			}
			certs := t.ConnectionState().PeerCertificates
			if len(certs) == 0 {
				return ctx
			}
			node, err := nodeOf(certs[0], l.id.cluster)
			if err != nil {
				return ctx
			}
			return context.WithValue(ctx, peerKey{}, node)
		},
	}
}

func (l *Link) http2() *http.HTTP2Config {
	return &http.HTTP2Config{
		MaxConcurrentStreams:          2048,
		MaxReceiveBufferPerConnection: 4<<20 - 1,
		MaxReceiveBufferPerStream:     2 << 20,
		MaxReadFrameSize:              256 << 10,
		SendPingTimeout:               l.cfg.IdleCheck,
		PingTimeout:                   l.cfg.IdleCheck,
		WriteByteTimeout:              2 * l.cfg.IdleCheck,
	}
}

func (l *Link) errorLog() *log.Logger {
	return slog.NewLogLogger(l.cfg.Log.Handler(), slog.LevelDebug)
}

func (l *Link) servePeer(w http.ResponseWriter, r *http.Request) {
	node := Peer(r.Context())
	if node == "" || l.cfg.Allow != nil && !l.cfg.Allow(node) {
		w.Header().Set(headerNoRoute, "1")
		http.Error(w, "link: this node is not a member of the cluster any more", http.StatusForbidden)
		return
	}
	if ms, err := strconv.ParseInt(r.Header.Get(headerTimeout), 10, 48); err == nil {
		// The caller's end is told by a reset of the stream too, but not while the network is cut.
		ctx, cancel := context.WithTimeout(r.Context(), time.Duration(max(ms, 0))*time.Millisecond)
		defer cancel()
		r = r.WithContext(ctx)
	}
	l.mux.ServeHTTP(w, r)
}

// register adds the link's own handlers.
func (l *Link) register() {
	l.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(headerNoRoute, "1")
		http.Error(w, "link: nothing is registered for "+strconv.Quote(r.URL.Path)+" on node "+l.id.node, http.StatusNotFound)
	})
	l.HandleCall("/link/v1/ping", func(context.Context, []byte) ([]byte, error) {
		return json.Marshal(Member{Node: l.id.node, Addr: l.advertise})
	})
	l.HandleCall("/link/v1/renew", l.serveRenew)
	l.HandleCall("/link/v1/authority", l.serveAuthority)
}
