package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/stackhost/stackhost/host"
	"github.com/stackhost/stackhost/host/app"
	"github.com/stackhost/stackhost/host/dev"
	"github.com/stackhost/stackhost/host/engine"
	"github.com/stackhost/stackhost/host/toolchain"
	"github.com/stackhost/stackhost/host/web"
)

func newDev(c *console) *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "dev [APP]",
		Short: "Serve an app while you write it",
		Long: `dev serves like serve, and watches the app: when a file changes it rebuilds what is affected, puts it in place
without dropping a request, and reloads the pages that browsers have open. Errors of a build and of a handler are shown
in the terminal and on the page.`,
		Example: "  stackhost dev shop",
		Args:    atMostOneApp,
		RunE: func(cmd *cobra.Command, args []string) error {
			folder := appFolder(args)
			a, err := loadApp(c, folder)
			if err != nil {
				return err
			}
			cfg, err := f.config(c)
			if err != nil {
				return err
			}
			reloader := dev.NewReloader()
			cfg.Development, cfg.Reload, cfg.Intercept = true, dev.ScriptPath, reloader.Intercept
			if err := buildStale(cmd.Context(), c, a); err != nil {
				c.say("%v", err)
				reloader.Changed(brokenBuild(err))
			}
			stop := context.AfterFunc(cmd.Context(), reloader.End)
			defer stop()
			return serve(cmd.Context(), c, cfg, f, a, func(h *host.Host) {
				go watch(cmd.Context(), c, h, reloader, folder, a)
			})
		},
	}
	f.add(cmd, true)
	return cmd
}

// watch keeps a host in step with the files of its app until ctx ends.
func watch(ctx context.Context, c *console, h *host.Host, reloader *dev.Reloader, folder string, a *app.App) {
	err := dev.Watch(ctx, func() []string { return a.Watched() }, func(touched []string) {
		start := time.Now()
		names := make([]string, 0, 3)
		for _, path := range touched {
			if name := filepath.Base(path); len(names) < cap(names) && !strings.Contains(strings.Join(names, " "), name) {
				names = append(names, name)
			}
		}
		c.say("changed: %s", strings.Join(names, ", "))
		next, err := loadApp(c, folder)
		if err == nil {
			a = next
			if err = buildStale(ctx, c, next); err == nil {
				err = h.Deploy(ctx, next)
			}
		}
		if err != nil {
			if !errors.Is(err, errReported) {
				c.say("%v", err)
			}
			reloader.Changed(brokenBuild(err))
			return
		}
		c.say("in place after %v", time.Since(start).Round(time.Millisecond))
		reloader.Changed(nil)
	})
	if err != nil {
		c.say("watching stopped: %v", err)
	}
}

// brokenBuild is the page that browsers see until the build is right again.
func brokenBuild(err error) *web.ErrorReport {
	r := &web.ErrorReport{Status: 500, Title: "The app does not build", Code: "build", Message: err.Error(), Script: dev.ScriptPath}
	var build *toolchain.BuildError
	var missing *toolchain.MissingError
	var bundle *engine.BundleError
	switch {
	case errors.As(err, &build):
		r.Message, r.Output, r.Language = fmt.Sprintf("%s: %v", build.Command, build.Err), build.Output, build.Language
	case errors.As(err, &missing):
		r.Hint = missing.Install
	case errors.As(err, &bundle):
		r.Message, r.Output = "The program does not compile", bundle.Error()
	case errors.Is(err, errReported):
		r.Message, r.Hint = "The manifest has problems", "the terminal shows them with line and column"
	}
	return r
}
