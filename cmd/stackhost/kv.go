package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/stackhost/stackhost/host/admin"
)

// appCall prepares a command about an app's data: the node to talk to and the beginning of the path.
func (f *remoteFlags) appCall(kind ...string) (*remote, string, error) {
	name, err := f.appName()
	if err != nil {
		return nil, "", err
	}
	if slices.Contains(kind, "") {
		return nil, "", usageError{errors.New("a name or key on the command line is empty")}
	}
	r, err := f.connect()
	return r, "/v1/apps" + segment(append([]string{name}, kind...)...), err
}

// value reads what is to be written: the argument, the file, or standard input.
func (c *console) value(args []string, file string) ([]byte, error) {
	switch {
	case len(args) > 0 && file != "":
		return nil, usageError{errors.New("the value is given twice: as an argument and by --file")}
	case len(args) > 0:
		return []byte(args[0]), nil
	case file != "" && file != "-":
		return os.ReadFile(file)
	}
	return io.ReadAll(c.in)
}

// arguments is cobra.RangeArgs with an error that says what is missing.
func arguments(low, high int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < low || len(args) > high {
			return usageError{fmt.Errorf("%s takes %s; see `%s --help`", cmd.CommandPath(), what, cmd.CommandPath())}
		}
		return nil
	}
}

func newKV(c *console) *cobra.Command {
	var f remoteFlags
	cmd := &cobra.Command{
		Use:   "kv",
		Short: "Read and write the keys of an app",
		Long: `kv works on the replicated key-value store of an app, through the admin API of a running stackhost. Keys are in
namespaces, those that the app's modules are granted.`,
	}
	f.add(cmd, true)
	cmd.AddCommand(kvGet(c, &f), kvSet(c, &f), kvDelete(c, &f), kvList(c, &f), kvIncrement(c, &f), kvWatch(c, &f))
	return cmd
}

// readFlags say how fresh a read has to be.
type readFlags struct {
	consistency string
	staleness   time.Duration
}

func (f *readFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.consistency, "consistency", "", "linearizable (default), lease or stale")
	cmd.Flags().DurationVar(&f.staleness, "max-staleness", 0, "of a stale read: how long ago the node heard from a leader, at most")
}

func (f *readFlags) query(q url.Values) url.Values {
	if f.consistency != "" {
		q.Set("consistency", f.consistency)
	}
	if f.staleness > 0 {
		q.Set("max_staleness", f.staleness.String())
	}
	return q
}

// kvValue is a value for --json: text when it is that, else base64.
type kvValue struct {
	Key     string  `json:"key"`
	Value   *string `json:"value,omitempty"`
	Base64  []byte  `json:"base64,omitempty"`
	Version uint64  `json:"version"`
	Deleted bool    `json:"deleted,omitempty"`
}

func newKVValue(key string, value []byte, version uint64) kvValue {
	v := kvValue{Key: key, Version: version}
	if utf8.Valid(value) {
		text := string(value)
		v.Value = &text
	} else {
		v.Base64 = value
	}
	return v
}

// version reads an entity tag.
func version(h http.Header) uint64 {
	n, _ := strconv.ParseUint(strings.Trim(h.Get("Etag"), `"`), 10, 64)
	return n
}

func kvGet(c *console, f *remoteFlags) *cobra.Command {
	var read readFlags
	cmd := &cobra.Command{
		Use: "get NAMESPACE KEY", Short: "Print the value of a key",
		Long:    "get writes the value to standard output as it is. A key that is absent is an error.",
		Example: "  stackhost kv get posts 42 --app guestbook",
		Args:    exactly(2, "a namespace and a key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, path, err := f.appCall("kv", args[0], args[1])
			if err != nil {
				return err
			}
			resp, err := r.do(cmd.Context(), call{method: "GET", path: path, query: read.query(url.Values{})})
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
			return c.show(newKVValue(args[1], value, version(resp.Header)), nil)
		},
	}
	read.add(cmd)
	return cmd
}

// guardFlags are conditions of a write.
type guardFlags struct {
	version uint64
	absent  bool
}

func (g *guardFlags) header() http.Header {
	h := http.Header{}
	if g.version != 0 {
		h.Set("If-Match", `"`+strconv.FormatUint(g.version, 10)+`"`)
	}
	if g.absent {
		h.Set("If-None-Match", "*")
	}
	return h
}

func kvSet(c *console, f *remoteFlags) *cobra.Command {
	var g guardFlags
	var ttl time.Duration
	var file string
	cmd := &cobra.Command{
		Use: "set NAMESPACE KEY [VALUE]", Short: "Write a key",
		Long:    "set writes VALUE, or the content of --file, or what standard input has. It prints the key's new version.",
		Example: "  stackhost kv set posts 42 hello --app guestbook\n  stackhost kv set config logo --file logo.png --if-absent",
		Args:    arguments(2, 3, "a namespace, a key and a value"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if g.absent && g.version != 0 {
				return usageError{errors.New("--if-absent and --if-version exclude each other")}
			}
			value, err := c.value(args[2:], file)
			if err != nil {
				return err
			}
			r, path, err := f.appCall("kv", args[0], args[1])
			if err != nil {
				return err
			}
			q := url.Values{}
			if ttl > 0 {
				q.Set("ttl", ttl.String())
			}
			resp, err := r.do(cmd.Context(), call{method: "PUT", path: path, query: q, header: g.header(), body: value, numbered: true})
			if err != nil {
				return err
			}
			resp.Body.Close()
			v := version(resp.Header)
			return c.show(map[string]any{"key": args[1], "version": v}, func(w io.Writer) { fmt.Fprintf(w, "version %d\n", v) })
		},
	}
	flags := cmd.Flags()
	flags.Uint64Var(&g.version, "if-version", 0, "only when this is the key's version")
	flags.BoolVar(&g.absent, "if-absent", false, "only when the key is absent")
	flags.DurationVar(&ttl, "ttl", 0, "how long the key lives; 0 means for ever")
	flags.StringVar(&file, "file", "", "file with the value, - for standard input")
	return cmd
}

func kvDelete(c *console, f *remoteFlags) *cobra.Command {
	var g guardFlags
	cmd := &cobra.Command{
		Use: "delete NAMESPACE KEY", Aliases: []string{"rm"}, Short: "Delete a key",
		Long:    "delete removes a key. One that is absent already is no error.",
		Example: "  stackhost kv delete posts 42 --app guestbook",
		Args:    exactly(2, "a namespace and a key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, path, err := f.appCall("kv", args[0], args[1])
			if err != nil {
				return err
			}
			err = r.json(cmd.Context(), call{method: "DELETE", path: path, header: g.header(), numbered: true}, nil)
			existed := err == nil
			if err != nil && (!refused(err, "not_found") || g.version != 0) {
				return err
			}
			return c.show(map[string]any{"key": args[1], "existed": existed}, func(w io.Writer) {
				if existed {
					fmt.Fprintln(w, "deleted")
				} else {
					fmt.Fprintln(w, "was absent")
				}
			})
		},
	}
	cmd.Flags().Uint64Var(&g.version, "if-version", 0, "only when this is the key's version")
	return cmd
}

func kvList(c *console, f *remoteFlags) *cobra.Command {
	var read readFlags
	var prefix string
	var limit int
	var keys, reverse bool
	cmd := &cobra.Command{
		Use: "list NAMESPACE", Aliases: []string{"ls"}, Short: "List keys in order",
		Long:    "list prints keys with their versions and values, in the order of their bytes.",
		Example: "  stackhost kv list posts --prefix 2026- --limit 20 --app guestbook",
		Args:    exactly(1, "a namespace"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, path, err := f.appCall("kv", args[0])
			if err != nil {
				return err
			}
			q := read.query(url.Values{})
			q.Set("prefix", prefix)
			q.Set("keys", strconv.FormatBool(keys))
			q.Set("reverse", strconv.FormatBool(reverse))
			all := []admin.KVEntry{}
			for len(all) < limit || limit <= 0 {
				q.Set("limit", strconv.Itoa(pageSize(limit, len(all))))
				var page admin.KVPage
				if err := r.json(cmd.Context(), call{method: "GET", path: path, query: q}, &page); err != nil {
					return err
				}
				all = append(all, page.Entries...)
				if page.Next == "" {
					break
				}
				q.Set("page", page.Next)
			}
			return c.show(all, func(w io.Writer) {
				fmt.Fprintln(w, "KEY\tVERSION\tVALUE")
				for _, e := range all {
					fmt.Fprintf(w, "%s\t%d\t%s\n", printable(kvKey(e.Key, e.Raw), 200), e.Version, printable(e.Value, 80))
				}
			})
		},
	}
	read.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&prefix, "prefix", "", "only keys that begin so")
	flags.IntVar(&limit, "limit", 1000, "most keys; 0 means all")
	flags.BoolVar(&keys, "keys", false, "leave out values")
	flags.BoolVar(&reverse, "reverse", false, "in descending order")
	return cmd
}

// pageSize is how many entries to ask for next.
func pageSize(limit, have int) int {
	if limit <= 0 {
		return 1000
	}
	return min(limit-have, 1000)
}

func kvKey(text string, raw []byte) []byte {
	if raw != nil {
		return raw
	}
	return []byte(text)
}

// printable shortens bytes to a line for a table.
func printable(b []byte, most int) string {
	if len(b) == 0 {
		return ""
	}
	if !utf8.Valid(b) {
		b, most = []byte("base64:"+base64.StdEncoding.EncodeToString(b)), most+7
	}
	text := []rune(string(b))
	cut := len(text) > most
	if cut {
		text = text[:most]
	}
	for i, r := range text {
		if !strconv.IsPrint(r) {
			text[i] = '·'
		}
	}
	if cut {
		return string(text) + "…"
	}
	return string(text)
}

func kvIncrement(c *console, f *remoteFlags) *cobra.Command {
	return &cobra.Command{
		Use: "incr NAMESPACE KEY [DELTA]", Short: "Add to a counter",
		Long:    "incr adds DELTA (default 1) to a key whose value is a decimal number, and prints the sum. An absent key counts as 0.",
		Example: "  stackhost kv incr counters visits --app guestbook\n  stackhost kv incr counters stock -- -3",
		Args:    arguments(2, 3, "a namespace, a key and a whole number"),
		RunE: func(cmd *cobra.Command, args []string) error {
			delta := "1"
			if len(args) == 3 {
				delta = args[2]
			}
			r, path, err := f.appCall("kv", args[0], args[1])
			if err != nil {
				return err
			}
			var n admin.KVNumber
			err = r.json(cmd.Context(), call{method: "POST", path: path, query: url.Values{"increment": {delta}}, numbered: true}, &n)
			if err != nil {
				return err
			}
			return c.show(n, func(w io.Writer) { fmt.Fprintln(w, n.Value) })
		},
	}
}

func kvWatch(c *console, f *remoteFlags) *cobra.Command {
	var prefix string
	w := watched{c: c}
	cmd := &cobra.Command{
		Use: "watch NAMESPACE", Short: "Print changes of keys as they happen",
		Long: `watch prints a line for each change until it is stopped. When the connection breaks it goes on where it was, also with
another node. With --json each line is one JSON object.`,
		Example: "  stackhost kv watch posts --app guestbook",
		Args:    exactly(1, "a namespace"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, path, err := f.appCall("kv", args[0])
			if err != nil {
				return err
			}
			for {
				q := url.Values{"watch": {"true"}, "prefix": {prefix}}
				if w.from > 0 {
					q.Set("from", strconv.FormatUint(w.from, 10))
				}
				resp, err := r.do(cmd.Context(), call{method: "GET", path: path, query: q, long: true})
				if err == nil {
					err = w.print(resp.Body)
					resp.Body.Close()
				}
				switch {
				case cmd.Context().Err() != nil:
					return nil
				case err != nil:
					return err
				}
			}
		},
	}
	cmd.Flags().StringVar(&prefix, "prefix", "", "only keys that begin so")
	cmd.Flags().Uint64Var(&w.from, "from", 0, "changes after this index; 0 means from now on")
	return cmd
}

// watched is how far a watch has come.
type watched struct {
	c    *console
	from uint64 // everything up to this index was seen
	last uint64 // version of the last change that was printed
}

// print prints the changes in body until it breaks off.
func (w *watched) print(body io.Reader) error {
	lines := bufio.NewReader(body)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return nil
		}
		var e admin.KVChange
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("a line of the watch is not JSON: %w", err)
		}
		w.from = max(w.from, e.Index)
		switch {
		case e.Error != "":
			return errors.New(e.Error)
		case e.Version <= w.last: // a line without a change, or one that was printed before the connection broke
			continue
		case w.c.json:
			w.c.out.Write(line)
		case e.Deleted:
			fmt.Fprintf(w.c.out, "%s deleted\n", printable(kvKey(e.Key, e.Raw), 200))
		default:
			fmt.Fprintf(w.c.out, "%s %d %s\n", printable(kvKey(e.Key, e.Raw), 200), e.Version, printable(e.Value, 200))
		}
		w.last = e.Version
	}
}
