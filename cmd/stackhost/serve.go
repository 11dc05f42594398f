package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/stackhost/stackhost/host"
	"github.com/stackhost/stackhost/host/app"
	"github.com/stackhost/stackhost/host/node"
	"github.com/stackhost/stackhost/host/web"
)

// serveFlags are the flags that serve and dev share.
type serveFlags struct {
	listen, data, level, logFormat, tlsCert, tlsKey string
	access                                          bool
	drain                                           time.Duration
	adminTLS                                        web.TLSFiles
	node                                            node.Config
}

func (f *serveFlags) add(cmd *cobra.Command, access bool) {
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8080", "address to listen on")
	flags.StringVar(&f.data, "data", "", "folder for state (default: one for this app below the user's data folder, named on start)")
	flags.StringVar(&f.level, "log-level", "info", "least severe records to write: trace, debug, info, warn, error")
	flags.StringVar(&f.logFormat, "log-format", "text", "text or json")
	flags.BoolVar(&f.access, "access-log", access, "write a record for each request")
	flags.StringVar(&f.tlsCert, "tls-cert", "", "certificate file (PEM); it is read again when it changes")
	flags.StringVar(&f.tlsKey, "tls-key", "", "key file (PEM)")
	flags.StringVar(&f.node.Admin, "admin", "", "address of the admin API, or off (default "+node.DefaultAdmin+", or a free port when that is taken)")
	flags.StringVar(&f.adminTLS.CertFile, "admin-tls-cert", "", "certificate file (PEM) of the admin API")
	flags.StringVar(&f.adminTLS.KeyFile, "admin-tls-key", "", "its key file (PEM)")
	flags.StringVar(&f.adminTLS.ClientCAFile, "admin-client-ca", "", "authorities (PEM) of the certificates that clients of the admin API have to show")
	flags.StringVar(&f.node.SecretKeyFile, "secret-key-file", "", "file with the master keys of secrets (STACKHOST_SECRET_KEY does the same)")
	flags.DurationVar(&f.drain, "drain", 20*time.Second, "longest wait for requests under way when stopping")
}

var levels = map[string]slog.Level{"trace": slog.LevelDebug - 4, "debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}

func (f *serveFlags) logger(w io.Writer) (*slog.Logger, error) {
	level, ok := levels[f.level]
	if !ok {
		return nil, usageError{fmt.Errorf("--log-level %q: one of trace, debug, info, warn, error", f.level)}
	}
	options := &slog.HandlerOptions{Level: level}
	switch f.logFormat {
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	}
	return nil, usageError{fmt.Errorf("--log-format %q: text or json", f.logFormat)}
}

// addCluster adds the flags of a node that others can reach.
func (f *serveFlags) addCluster(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.node.Name, "node", "", "name of this node in its cluster (default: made of the machine's name)")
	flags.StringVar(&f.node.Listen, "node-listen", "", "address for other nodes; from then on the node can be joined")
	flags.StringVar(&f.node.Advertise, "advertise", "", "address at which other nodes reach --node-listen, when it is another")
	flags.StringVar(&f.node.Token, "join", "", "token of the cluster to join; `stackhost cluster token` on a member makes one")
	flags.StringSliceVar(&f.node.Seeds, "seed", nil, "with --join: addresses of members")
	flags.BoolVar(&f.node.Learner, "learner", false, "join without a vote")
	flags.DurationVar(&f.node.RemoveDead, "remove-dead", 0, "remove a voter that was silent this long, as long as three stay (default: never)")
}

// dataDir returns the folder below which every app's data folder is, when none is given.
func (f *serveFlags) dataDir() (string, error) {
	if base := os.Getenv("XDG_DATA_HOME"); base != "" {
		return filepath.Join(base, "stackhost"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", usageError{fmt.Errorf("there is no place for data (%w); give one with --data", err)}
	}
	return filepath.Join(home, ".local", "share", "stackhost"), nil
}

// stateDir returns the data folder given, or that of a.
func (f *serveFlags) stateDir(a *app.App) (string, error) {
	if f.data != "" {
		return filepath.Abs(f.data)
	}
	if a == nil {
		return "", usageError{errors.New("without an app, a data folder is needed: --data")}
	}
	base, err := f.dataDir()
	if err != nil {
		return "", err
	}
	folder, err := filepath.Abs(a.Folder)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(folder))
	return filepath.Join(base, a.Name+"-"+hex.EncodeToString(sum[:4])), nil
}

func (f *serveFlags) config(c *console) (host.Config, error) {
	log, err := f.logger(c.err)
	if err != nil {
		return host.Config{}, err
	}
	compiled := f.data
	if compiled == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return host.Config{}, usageError{fmt.Errorf("there is no place for compiled code (%w); give one with --data", err)}
		}
		compiled = filepath.Join(base, "stackhost")
	}
	if (f.tlsCert == "") != (f.tlsKey == "") {
		return host.Config{}, usageError{errors.New("--tls-cert and --tls-key go together")}
	}
	if t := &f.adminTLS; *t != (web.TLSFiles{}) {
		if t.CertFile == "" || t.KeyFile == "" {
			return host.Config{}, usageError{errors.New("--admin-tls-cert and --admin-tls-key go together, and --admin-client-ca needs both")}
		}
		f.node.AdminTLS = t
	}
	return host.Config{DataDir: compiled, Log: log, AccessLog: f.access, TLSCert: f.tlsCert, TLSKey: f.tlsKey}, nil
}

func newServe(c *console) *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve [APP]",
		Short: "Serve an app, as a server of its own or as a node of a cluster",
		Long: `serve loads the app in a folder (default: the working folder) and answers HTTP requests until it is told to stop
(SIGINT or SIGTERM); then requests under way are finished. Modules that are sources are built first when their
result is missing or older than the sources.

State is kept in a data folder, which is named on start. With --node-listen other nodes can join; with --join this
one joins a cluster. A node of a cluster serves what was deployed to it (stackhost deploy), and needs no APP.`,
		Example: `  stackhost serve plugins/welcome
  stackhost serve shop --listen :443 --tls-cert cert.pem --tls-key key.pem
  stackhost serve --data n2 --listen :8082 --node-listen :9542 --join stk1.… --seed 127.0.0.1:9441`,
		Args: atMostOneApp,
		RunE: func(cmd *cobra.Command, args []string) error {
			var a *app.App
			if len(args) > 0 || f.data == "" || fileExists(app.ManifestName) {
				var err error
				if a, err = loadApp(c, appFolder(args)); err != nil {
					return err
				}
				if err := buildStale(cmd.Context(), c, a); err != nil {
					return err
				}
			}
			cfg, err := f.config(c)
			if err != nil {
				return err
			}
			return serve(cmd.Context(), c, cfg, f, a, nil)
		},
	}
	f.add(cmd, false)
	f.addCluster(cmd)
	return cmd
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// serve opens a node, deploys a (unless nil), says where it is, and answers until ctx ends. started, when not nil, gets the running host.
func serve(ctx context.Context, c *console, cfg host.Config, f serveFlags, a *app.App, started func(*host.Host)) error {
	start := time.Now()
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w; choose another address with --listen", f.listen, err)
	}
	told := ctx
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if f.node.Data, err = f.stateDir(a); err != nil {
		listener.Close()
		return err
	}
	f.node.Host, f.node.Log, f.node.Failed, f.node.Wall = cfg, cfg.Log, stop, testClock()
	n, err := node.Open(ctx, f.node)
	if err != nil {
		listener.Close()
		return err
	}
	h := n.Host
	if a != nil {
		if err := h.Deploy(ctx, a); err != nil {
			if started == nil {
				listener.Close()
				return errors.Join(err, n.Close(context.Background()))
			}
			c.say("%v", err)
		}
	}
	announce(c, n, a, listener.Addr().String(), cfg, time.Since(start))
	served := make(chan error, 1)
	go func() { served <- h.Serve(listener) }()
	if started != nil {
		started(h)
	}
	select {
	case err := <-served:
		return errors.Join(err, n.Close(context.Background()))
	case <-ctx.Done():
	}
	c.say("stopping: finishing requests under way (at most %v)", f.drain)
	end, cancel := context.WithTimeout(context.Background(), f.drain)
	defer cancel()
	if err := n.Close(end); err != nil && !errors.Is(err, web.ErrServerClosed) {
		c.say("not everything stopped in time: %v", err)
	}
	<-served
	if told.Err() == nil {
		return context.Cause(ctx) // the store must not go on
	}
	return nil
}

func announce(c *console, n *node.Node, a *app.App, address string, cfg host.Config, took time.Duration) {
	scheme := "http"
	if cfg.TLSCert != "" {
		scheme = "https"
	}
	url := scheme + "://" + address
	missing := n.Host.Missing()
	what, modules := "the cluster", 0
	if a != nil {
		what, modules = a.Name, len(a.Modules)
	}
	link := ""
	if n.Link != nil {
		link = n.Link.Addr()
	}
	if c.json {
		reasons := map[string]string{}
		for name, err := range missing {
			reasons[name] = err.Error()
		}
		c.show(map[string]any{
			"url": url, "app": what, "data": n.Data(), "modules": modules, "missing": reasons, "ready_ms": took.Milliseconds(),
			"node": n.Store.Node(), "admin": n.AdminURL(), "link": link,
		}, nil)
		return
	}
	fmt.Fprintf(c.out, "%s is served at %s (ready in %v)\n", what, url, took.Round(time.Millisecond))
	if a != nil {
		fmt.Fprintf(c.out, "  app   %s\n", a.Folder)
	}
	fmt.Fprintf(c.out, "  data  %s\n", n.Data())
	if n.AdminURL() != "" {
		fmt.Fprintf(c.out, "  admin %s\n", n.AdminURL())
	}
	if link != "" {
		fmt.Fprintf(c.out, "  node  %s, other nodes join at %s\n", n.Store.Node(), link)
	}
	for name, err := range missing {
		fmt.Fprintf(c.out, "  module %s is not loaded: %v\n", name, err)
	}
	if a == nil {
		fmt.Fprintf(c.out, "Try next: stackhost deploy APP --data %s\nStop with Ctrl-C.\n", n.Data())
		return
	}
	next := "curl " + url + firstPath(a)
	fmt.Fprintf(c.out, "Try next: %s    or: stackhost routes %s\nStop with Ctrl-C.\n", next, a.Folder)
}

// firstPath is a path of the app that a person can call at once.
func firstPath(a *app.App) string {
	for _, t := range a.Routes {
		method, path, ok := strings.Cut(t.Pattern, " ")
		if !ok {
			method, path = "GET", t.Pattern
		}
		if method == "GET" && strings.HasPrefix(path, "/") && !strings.Contains(path, "{") && t.Redirect == nil {
			return path
		}
	}
	return "/"
}

// loadApp reads an app and shows what is wrong with its manifest, with excerpts.
func loadApp(c *console, folder string) (*app.App, error) {
	a, err := app.Load(folder)
	var problems app.Errors
	var one *app.ManifestError
	switch {
	case err == nil:
		return a, nil
	case errors.As(err, &problems):
	case errors.As(err, &one):
		problems = app.Errors{one}
	default:
		return nil, err
	}
	if c.json {
		c.show(map[string]any{"ok": false, "problems": problems}, nil)
		return nil, errReported
	}
	for _, p := range problems {
		fmt.Fprintln(c.err, p)
		if source, err := os.ReadFile(p.File); err == nil {
			fmt.Fprintln(c.err, p.Excerpt(source))
		}
	}
	return nil, errReported
}
