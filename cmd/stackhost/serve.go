package main

import (
	"context"
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
	"github.com/stackhost/stackhost/host/web"
)

// serveFlags are the flags that serve and dev share.
type serveFlags struct {
	listen, data, level, logFormat, tlsCert, tlsKey string
	access                                          bool
	drain                                           time.Duration
}

func (f *serveFlags) add(cmd *cobra.Command, access bool) {
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8080", "address to listen on")
	flags.StringVar(&f.data, "data", "", "folder for compiled code and state (default: a folder in the user's cache, named on start)")
	flags.StringVar(&f.level, "log-level", "info", "least severe records to write: trace, debug, info, warn, error")
	flags.StringVar(&f.logFormat, "log-format", "text", "text or json")
	flags.BoolVar(&f.access, "access-log", access, "write a record for each request")
	flags.StringVar(&f.tlsCert, "tls-cert", "", "certificate file (PEM); it is read again when it changes")
	flags.StringVar(&f.tlsKey, "tls-key", "", "key file (PEM)")
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

// dataDir returns the folder given, or one for this app in the user's cache.
func (f *serveFlags) dataDir() (string, error) {
	if f.data != "" {
		return filepath.Abs(f.data)
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return "", usageError{fmt.Errorf("there is no place for data (%w); give one with --data", err)}
	}
	return filepath.Join(base, "stackhost"), nil
}

func (f *serveFlags) config(c *console) (host.Config, error) {
	log, err := f.logger(c.err)
	if err != nil {
		return host.Config{}, err
	}
	data, err := f.dataDir()
	if err != nil {
		return host.Config{}, err
	}
	if (f.tlsCert == "") != (f.tlsKey == "") {
		return host.Config{}, usageError{errors.New("--tls-cert and --tls-key go together")}
	}
	return host.Config{DataDir: data, Log: log, AccessLog: f.access, TLSCert: f.tlsCert, TLSKey: f.tlsKey}, nil
}

func newServe(c *console) *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve [APP]",
		Short: "Serve an app",
		Long: `serve loads the app in a folder (default: the working folder) and answers HTTP requests until it is told to stop
(SIGINT or SIGTERM); then requests under way are finished. Modules that are sources are built first when their
result is missing or older than the sources.`,
		Example: "  stackhost serve plugins/welcome\n  stackhost serve shop --listen :443 --tls-cert cert.pem --tls-key key.pem",
		Args:    atMostOneApp,
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := loadApp(c, appFolder(args))
			if err != nil {
				return err
			}
			if err := buildStale(cmd.Context(), c, a); err != nil {
				return err
			}
			cfg, err := f.config(c)
			if err != nil {
				return err
			}
			return serve(cmd.Context(), c, cfg, f, a, nil)
		},
	}
	f.add(cmd, false)
	return cmd
}

// serve opens a host, deploys a, says where it is, and answers until ctx ends. started, when not nil, gets the running host.
func serve(ctx context.Context, c *console, cfg host.Config, f serveFlags, a *app.App, started func(*host.Host)) error {
	start := time.Now()
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w; choose another address with --listen", f.listen, err)
	}
	h, err := host.Open(cfg)
	if err != nil {
		listener.Close()
		return err
	}
	defer h.Close()
	if err := h.Deploy(ctx, a); err != nil {
		listener.Close()
		if started == nil {
			return err
		}
		c.say("%v", err)
	}
	announce(c, h, a, listener.Addr().String(), cfg, time.Since(start))
	served := make(chan error, 1)
	go func() { served <- h.Serve(listener) }()
	if started != nil {
		started(h)
	}
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	c.say("stopping: finishing requests under way (at most %v)", f.drain)
	stop, cancel := context.WithTimeout(context.Background(), f.drain)
	defer cancel()
	if err := h.Shutdown(stop); err != nil && !errors.Is(err, web.ErrServerClosed) {
		c.say("some requests did not finish: %v", err)
	}
	<-served
	return nil
}

func announce(c *console, h *host.Host, a *app.App, address string, cfg host.Config, took time.Duration) {
	scheme := "http"
	if cfg.TLSCert != "" {
		scheme = "https"
	}
	url := scheme + "://" + address
	missing := h.Missing()
	if c.json {
		reasons := map[string]string{}
		for name, err := range missing {
			reasons[name] = err.Error()
		}
		c.show(map[string]any{"url": url, "app": a.Name, "data": cfg.DataDir, "modules": len(a.Modules), "missing": reasons, "ready_ms": took.Milliseconds()}, nil)
		return
	}
	fmt.Fprintf(c.out, "%s is served at %s (ready in %v)\n", a.Name, url, took.Round(time.Millisecond))
	fmt.Fprintf(c.out, "  app   %s\n  data  %s\n", a.Folder, cfg.DataDir)
	for name, err := range missing {
		fmt.Fprintf(c.out, "  module %s is not loaded: %v\n", name, err)
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
