package link

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
)

// Member is a node of the cluster as a joining node is told of it.
type Member struct {
	Node  string `json:"node"`
	Addr  string `json:"addr"` // of its link, host:port
	Voter bool   `json:"voter,omitempty"`
}

// joinRequest and joinReply are JSON. They only ever grow.
type joinRequest struct {
	Version int    `json:"version"`
	Cluster string `json:"cluster"`
	Secret  []byte `json:"secret"`
	Node    string `json:"node"`
	CSR     []byte `json:"csr"` // DER
}

type joinReply struct {
	Cluster string   `json:"cluster"`
	Cert    string   `json:"cert"`   // PEM
	CA      string   `json:"ca"`     // PEM, one or more
	CAKey   string   `json:"ca_key"` // PEM
	Members []Member `json:"members"`
}

// problem is an answer that is not a joinReply. Code is one of joinCodes.
type problem struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

var joinCodes = map[string]error{
	"invalid": ErrTokenInvalid, "expired": ErrTokenExpired, "used": ErrTokenUsed, "taken": ErrNameTaken, "attempts": ErrTooManyAttempts,
}

const maxJoinBody = 64 << 10

// joinConn is a TLS connection that net/http takes for a plain one, so that it speaks HTTP/1.1 whatever ALPN says.
type joinConn struct {
	net.Conn
	l   *Link
	raw net.Conn
}

// Close implements net.Conn.
func (c *joinConn) Close() error {
	c.l.release(&c.l.joining, c.raw)
	return c.Conn.Close()
}

// joinServer serves the only thing that a stranger may ask for.
func (l *Link) joinServer() *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /link/v1/join", l.serveJoin)
	return &http.Server{
		Handler:           mux,
		TLSNextProto:      map[string]func(*http.Server, *tls.Conn, http.Handler){}, // no HTTP/2
		ReadHeaderTimeout: l.cfg.HandshakeTimeout,
		ReadTimeout:       2 * l.cfg.HandshakeTimeout,
		WriteTimeout:      6 * l.cfg.HandshakeTimeout,
		IdleTimeout:       l.cfg.HandshakeTimeout,
		MaxHeaderBytes:    8 << 10,
		ErrorLog:          l.errorLog(),
		BaseContext:       func(net.Listener) context.Context { return l.ctx },
	}
}

func (l *Link) serveJoin(w http.ResponseWriter, r *http.Request) {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	refuse := func(status int, code string, err error) {
		l.cfg.Log.Warn("link: join refused", slog.String("from", r.RemoteAddr), slog.Any("error", err))
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(problem{code, err.Error()})
	}
	if !l.limit.take(host) {
		w.Header().Set("Retry-After", "60")
		refuse(http.StatusTooManyRequests, "attempts", ErrTooManyAttempts)
		return
	}
	var req joinRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxJoinBody)).Decode(&req); err != nil {
		refuse(http.StatusBadRequest, "request", errors.New("link: not a join request"))
		return
	}
	if req.Version != 1 {
		refuse(http.StatusBadRequest, "request",
			errors.New("link: this member knows version 1 of joining only: use the cluster's version of stackhost"))
		return
	}
	reply, err := l.admit(r.Context(), &req)
	if err == nil {
		l.limit.forgive(host)
		l.cfg.Log.Info("link: a node joined", slog.String("node", req.Node), slog.String("from", r.RemoteAddr))
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(reply)
		return
	}
	for code, known := range joinCodes {
		if errors.Is(err, known) {
			refuse(http.StatusForbidden, code, known)
			return
		}
	}
	var s *StatusError
	if errors.As(err, &s) {
		refuse(s.Status, "request", err)
		return
	}
	refuse(http.StatusServiceUnavailable, "unavailable", err)
}

// admit makes a member. Nothing is said of names, members or the request before the secret was found right.
func (l *Link) admit(ctx context.Context, req *joinRequest) (*joinReply, error) {
	m := l.id.cur.Load()
	if l.cfg.Tokens == nil || m.signer == nil {
		return nil, &StatusError{http.StatusNotFound, "link: nobody can join through this node: try another seed"}
	}
	if len(req.Secret) != secretLen || req.Cluster != l.id.cluster {
		return nil, ErrTokenInvalid
	}
	csr, err := x509.ParseCertificateRequest(req.CSR)
	if err == nil {
		err = csr.CheckSignature()
	}
	if err == nil {
		err = checkNode(req.Node)
	}
	if err != nil {
		return nil, &StatusError{http.StatusBadRequest, err.Error()}
	}
	claim := Claim{req.Node, sha256.Sum256(csr.RawSubjectPublicKeyInfo)}
	var members []Member
	if l.cfg.Members != nil {
		if members, err = l.cfg.Members(ctx); err != nil {
			return nil, err
		}
	}
	// A name that is taken does not cost a use of the token; only who has the secret learns that it is.
	taken := req.Node == l.id.node || slices.ContainsFunc(members, func(m Member) bool { return m.Node == req.Node })
	if taken {
		claim.Node = ""
	}
	if err := l.cfg.Tokens.Use(ctx, sha256.Sum256(req.Secret), claim); err != nil {
		return nil, err
	}
	if taken {
		return nil, ErrNameTaken
	}
	cert, err := m.signer.sign(l.id.cluster, req.Node, csr.PublicKey, l.id.life, l.id.now())
	if err != nil {
		return nil, &StatusError{http.StatusBadRequest, err.Error()}
	}
	key, err := keyPEM(m.signer.key)
	if err != nil {
		return nil, err
	}
	return &joinReply{
		Cluster: l.id.cluster, Cert: string(certPEM(cert)), CA: string(certPEM(m.trusted...)), CAKey: string(key), Members: members,
	}, nil
}
