package main

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/stackhost/stackhost/host/admin"
)

func newCache(c *console) *cobra.Command {
	var f remoteFlags
	cmd := &cobra.Command{
		Use:   "cache",
		Short: "Look into the caches of an app, and clear them",
		Long:  "cache works on the replicated caches of an app, through the admin API of a running stackhost.",
	}
	f.add(cmd, true)
	cmd.AddCommand(cacheGet(c, &f), cachePut(c, &f), cacheDelete(c, &f), cacheClear(c, &f), cacheInvalidate(c, &f))
	return cmd
}

func cacheGet(c *console, f *remoteFlags) *cobra.Command {
	return &cobra.Command{
		Use: "get NAMESPACE KEY", Short: "Print a cached value",
		Long:    "get writes the value to standard output as it is. One that is missing is an error; one that is stale is printed.",
		Example: "  stackhost cache get pages front --app guestbook",
		Args:    exactly(2, "a namespace and a key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, path, err := f.appCall("cache", args[0], args[1])
			if err != nil {
				return err
			}
			resp, err := r.do(cmd.Context(), call{method: "GET", path: path})
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			if !c.json {
				_, err := io.Copy(c.out, resp.Body)
				return err
			}
			value, err := io.ReadAll(resp.Body)
			if err != nil {
				return err
			}
			v := newKVValue(args[1], value, 0)
			return c.show(map[string]any{"key": v.Key, "value": v.Value, "base64": v.Base64, "state": resp.Header.Get(admin.CacheHeader)}, nil)
		},
	}
}

func cachePut(c *console, f *remoteFlags) *cobra.Command {
	var ttl, stale time.Duration
	var tags []string
	var file string
	cmd := &cobra.Command{
		Use: "put NAMESPACE KEY [VALUE]", Short: "Put a value into a cache",
		Long:    "put writes VALUE, or the content of --file, or what standard input has.",
		Example: "  stackhost cache put pages front --file front.html --ttl 5m --tag posts --app guestbook",
		Args:    arguments(2, 3, "a namespace, a key and a value"),
		RunE: func(cmd *cobra.Command, args []string) error {
			value, err := c.value(args[2:], file)
			if err != nil {
				return err
			}
			r, path, err := f.appCall("cache", args[0], args[1])
			if err != nil {
				return err
			}
			q := url.Values{}
			if ttl > 0 {
				q.Set("ttl", ttl.String())
			}
			if stale > 0 {
				q.Set("stale", stale.String())
			}
			if len(tags) > 0 {
				q.Set("tags", strings.Join(tags, ","))
			}
			if err := r.json(cmd.Context(), call{method: "PUT", path: path, query: q, body: value, repeatable: true}, nil); err != nil {
				return err
			}
			return c.show(map[string]any{"key": args[1]}, func(w io.Writer) { fmt.Fprintln(w, "cached") })
		},
	}
	flags := cmd.Flags()
	flags.DurationVar(&ttl, "ttl", 0, "how long the value is fresh; 0 means the cache's default")
	flags.DurationVar(&stale, "stale", 0, "how long after that it may still be used while it is made anew")
	flags.StringSliceVar(&tags, "tag", nil, "a tag that invalidates it; can be given more than once")
	flags.StringVar(&file, "file", "", "file with the value, - for standard input")
	return cmd
}

// done runs a write without an answer and says so.
func (c *console) done(cmd *cobra.Command, r *remote, w call, word string) error {
	w.repeatable = true
	if err := r.json(cmd.Context(), w, nil); err != nil {
		return err
	}
	return c.show(map[string]any{"done": word}, func(out io.Writer) { fmt.Fprintln(out, word) })
}

func cacheDelete(c *console, f *remoteFlags) *cobra.Command {
	return &cobra.Command{
		Use: "delete NAMESPACE KEY", Aliases: []string{"rm"}, Short: "Drop a value from a cache",
		Long: "delete drops one value. One that is missing is no error.", Example: "  stackhost cache delete pages front --app guestbook",
		Args: exactly(2, "a namespace and a key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, path, err := f.appCall("cache", args[0], args[1])
			if err != nil {
				return err
			}
			return c.done(cmd, r, call{method: "DELETE", path: path}, "dropped")
		},
	}
}

func cacheClear(c *console, f *remoteFlags) *cobra.Command {
	return &cobra.Command{
		Use: "clear NAMESPACE", Short: "Drop everything from a cache",
		Long: "clear drops all values of one cache.", Example: "  stackhost cache clear pages --app guestbook",
		Args: exactly(1, "a namespace"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, path, err := f.appCall("cache", args[0])
			if err != nil {
				return err
			}
			return c.done(cmd, r, call{method: "DELETE", path: path}, "cleared")
		},
	}
}

func cacheInvalidate(c *console, f *remoteFlags) *cobra.Command {
	return &cobra.Command{
		Use: "invalidate NAMESPACE TAG", Short: "Drop all values that have a tag",
		Long:    "invalidate drops, at once and on all nodes, the values that were put with a tag.",
		Example: "  stackhost cache invalidate pages posts --app guestbook",
		Args:    exactly(2, "a namespace and a tag"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, path, err := f.appCall("cache", args[0])
			if err != nil {
				return err
			}
			return c.done(cmd, r, call{method: "POST", path: path + ":invalidate", query: url.Values{"tags": {args[1]}}}, "invalidated")
		},
	}
}
