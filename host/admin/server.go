package admin

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/web"
	"github.com/valyala/fasthttp"
)

// Config describes a Server. It is copied by New.
type Config struct {
	// Services are what the operations work on. Required: Store.
	Services Services
	// Data is the node's data folder, in which Serve writes admin.json. "" writes no file; then RootToken is required.
	Data string
	// Node is the node's name.
	Node string
	// RootToken allows everything. Default: the one in Data/admin.json, or a new one.
	RootToken string
	// Routes are served besides those of Routes(Services).
	Routes []Route
	// TLS makes the listener speak TLS; nil means plain HTTP. With TLS.ClientCAFile clients must show a certificate too.
	TLS *web.TLSFiles
	// Log gets the records of the server, and one for each write. Default slog.Default().
	Log *slog.Logger
	// Timeout is the longest time for an operation that does not wait for something to happen. Default 10 s.
	Timeout time.Duration
	// Limits bound what clients can make the server hold; BodyBytes is decided by the routes.
	Limits web.Limits
}

// Server is the admin API. Safe for concurrent use.
type Server struct {
	cfg       Config
	web       *web.Server
	table     *table
	document  []byte   // OpenAPI
	root      [32]byte // hash of the root token
	tokens    tokenCache
	base      context.Context
	stop      context.CancelFunc
	deadlines deadlines
	announced atomic.Bool
}

// New makes a Server; it opens no port.
func New(cfg Config) (*Server, error) {
	if cfg.Services.Store == nil {
		return nil, errors.New("admin: Config.Services.Store is nil")
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 10 * time.Second
	}
	if cfg.RootToken == "" {
		if cfg.Data == "" {
			return nil, errors.New("admin: Config has neither Data nor RootToken")
		}
		var err error
		if cfg.RootToken, err = rootToken(filepath.Join(cfg.Data, File)); err != nil {
			return nil, err
		}
	}
	s := &Server{cfg: cfg, root: hashToken(cfg.RootToken)}
	s.tokens.store = cfg.Services.Store
	routes := append(Routes(cfg.Services), cfg.Routes...)
	var err error
	if s.table, err = newTable(routes); err != nil {
		return nil, err
	}
	if s.document, err = Document(routes); err != nil {
		return nil, err
	}
	s.base, s.stop = context.WithCancel(context.Background())
	s.deadlines = deadlines{base: s.base, allowed: cfg.Timeout}
	cfg.Limits.BodyBytes = DefaultBody // routes say less, and through BodyLimit more
	s.web, err = web.New(web.Config{
		Handler: s.handle, TLS: cfg.TLS, Log: cfg.Log, Limits: cfg.Limits,
		BodyLimit: func(ctx *fasthttp.RequestCtx) int64 {
			c := Call{HTTP: ctx}
			if s.find(&c) != nil || c.route == nil {
				return 0
			}
			return c.route.bodyLimit()
		},
	})
	if err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// Announce writes admin.json for a server that is going to listen on address, and returns its URL. Commands find it from then on.
func (s *Server) Announce(address net.Addr) (url string, err error) {
	url = s.url(address)
	if s.cfg.Data != "" {
		f := Endpoint{URL: url, Token: s.cfg.RootToken, Node: s.cfg.Node}
		err = f.write(filepath.Join(s.cfg.Data, File))
	}
	s.announced.Store(err == nil)
	return url, err
}

// Serve announces itself, unless that was done, and answers requests on ln, which it closes, until Shutdown or Close; then it returns nil.
func (s *Server) Serve(ln net.Listener) error {
	if !s.announced.Load() {
		if _, err := s.Announce(ln.Addr()); err != nil {
			ln.Close()
			return err
		}
	}
	if err := s.web.Serve(ln); !errors.Is(err, web.ErrServerClosed) {
		return err
	}
	return nil
}

func (s *Server) url(a net.Addr) string {
	scheme := "http://"
	if s.cfg.TLS != nil {
		scheme = "https://"
	}
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return scheme + a.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + net.JoinHostPort(host, port)
}

// Shutdown ends operations that wait, lets the others finish and then returns; or with ctx's error when ctx ends first.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stop()
	return s.web.Shutdown(ctx)
}

// Close ends the server at once.
func (s *Server) Close() error {
	s.stop()
	return s.web.Close()
}

// find fills in which route a request is for. Without an error and without a route there is none.
func (s *Server) find(c *Call) error {
	uri := c.HTTP.Request.Header.RequestURI()
	for i, b := range uri {
		if b == '?' || b == '#' {
			uri = uri[:i]
			break
		}
	}
	c.leaf = s.table.match(uri, &c.vars)
	if c.leaf == nil {
		return nil
	}
	for i := range c.leaf.names {
		var err error
		if c.vars[i], err = unescape(c.vars[i]); err != nil {
			return err
		}
	}
	c.route = c.leaf.route(c.HTTP.Method())
	return nil
}

func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	c := calls.Get().(*Call)
	c.HTTP, c.server = ctx, s
	err := s.serve(c)
	if err != nil {
		p := problemOf(err)
		if p.Status >= 500 && p.Code == abi.CodeInternal.String() {
			s.cfg.Log.Error("admin operation failed", "request_id", c.RequestID(), "operation", c.operation(), "error", err)
		}
		p.write(ctx)
		if p.Status == 401 {
			ctx.Response.Header.Set("WWW-Authenticate", `Bearer realm="stackhost"`)
		}
	}
	if c.route != nil && c.route.writes() {
		s.audit(c, err)
	}
	*c = Call{}
	calls.Put(c)
}

func (s *Server) serve(c *Call) error {
	if err := s.find(c); err != nil {
		return err
	}
	if c.leaf == nil {
		return &Problem{Status: 404, Code: abi.CodeNotFound.String(), Detail: "the admin API has no such path; GET /v1/openapi.json lists what it has"}
	}
	if c.route == nil {
		c.HTTP.Response.Header.Set("Allow", c.leaf.allow)
		return &Problem{Status: 405, Code: abi.CodeUnsupported.String(), Detail: "the path takes " + c.leaf.allow}
	}
	web.Of(c.HTTP).Route = c.route.Path
	if c.route.Scope != Public {
		if err := s.authorize(c); err != nil {
			return err
		}
	}
	if err := web.SetBodyLimit(c.HTTP, c.route.bodyLimit()); err != nil {
		c.HTTP.Response.SetConnectionClose()
		return err
	}
	if err := c.checkQuery(); err != nil {
		return err
	}
	if c.route.writes() {
		if err := c.readOnce(); err != nil {
			return err
		}
	}
	return c.route.Handle(c)
}

// readOnce reads the header fields that make a write happen once.
func (c *Call) readOnce() error {
	session, sequence := c.Header(SessionHeader), c.Header(SequenceHeader)
	if len(session) == 0 && len(sequence) == 0 {
		return nil
	}
	var err1, err2 error
	c.once.session, err1 = strconv.ParseUint(string(session), 10, 64)
	c.once.sequence, err2 = strconv.ParseUint(string(sequence), 10, 64)
	if err1 != nil || err2 != nil || c.once.session == 0 || c.once.sequence == 0 {
		return abi.Errorf(abi.CodeInvalid, "%s and %s go together: the number from POST /v1/sessions, and one that rises from 1 with each write",
			SessionHeader, SequenceHeader)
	}
	if !slicesHas(c.route.Params, SessionHeader) {
		return abi.Errorf(abi.CodeUnsupported, "%s %s cannot be numbered: leave out %s and %s",
			c.route.Method, c.route.Path, SessionHeader, SequenceHeader)
	}
	return nil
}

func slicesHas(params []Param, header string) bool {
	for i := range params {
		if params[i].In == Header && params[i].Name == header {
			return true
		}
	}
	return false
}

func (c *Call) operation() string {
	if c.route == nil {
		return ""
	}
	return c.route.ID
}

// audit records a write: who, what, and how it ended. Names are recorded, values never.
func (s *Server) audit(c *Call, err error) {
	level := slog.LevelInfo
	if c.route.Data {
		level = slog.LevelDebug
	}
	if !s.cfg.Log.Enabled(context.Background(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("request_id", c.RequestID()), slog.String("operation", c.route.ID), slog.String("token", c.Token.ID),
		slog.String("remote", c.HTTP.RemoteIP().String()), slog.Int("status", c.HTTP.Response.StatusCode()),
	}
	for i, name := range c.leaf.names {
		attrs = append(attrs, slog.String(name, string(c.vars[i])))
	}
	if err != nil {
		attrs = append(attrs, slog.String("code", problemOf(err).Code))
	}
	s.cfg.Log.LogAttrs(context.Background(), level, "admin write", attrs...)
}
