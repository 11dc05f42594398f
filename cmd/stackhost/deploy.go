package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/stackhost/stackhost/host/admin"
	"github.com/stackhost/stackhost/host/app"
	"github.com/stackhost/stackhost/host/app/bundle"
	"github.com/stackhost/stackhost/host/app/bundle/oci"
)

// promoteFlags say how a version comes to serve.
type promoteFlags struct {
	weight     uint32
	errorBound string
	window     time.Duration
	minimum    uint32
	note       string
	wait       time.Duration
}

func (f *promoteFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Uint32Var(&f.weight, "weight", 100, "percent of the requests that it gets; what serves now shares the rest")
	flags.StringVar(&f.errorBound, "error-bound", "", "take it back when a larger share of its requests fails, such as 1% (default: never)")
	flags.DurationVar(&f.window, "window", 30*time.Second, "time in which failures are counted, with --error-bound")
	flags.Uint32Var(&f.minimum, "minimum", 20, "requests within the window before --error-bound applies")
	flags.StringVar(&f.note, "note", "", "why, for people who look at the versions later")
	flags.DurationVar(&f.wait, "wait", time.Minute, "longest wait for all nodes to be ready")
}

func (f *promoteFlags) request(version uint64) (*admin.AppPromoteRequest, error) {
	if f.weight < 1 || f.weight > 100 {
		return nil, usageError{fmt.Errorf("--weight %d: 1 to 100 percent", f.weight)}
	}
	r := &admin.AppPromoteRequest{Version: version, Weight: f.weight, Reason: f.note, Wait: f.wait.String()}
	if f.errorBound != "" {
		bound, err := parseShare(f.errorBound)
		if err != nil {
			return nil, usageError{fmt.Errorf("--error-bound %q: a share such as 1%% or 0.01", f.errorBound)}
		}
		r.ErrorBound, r.Window, r.Minimum = &bound, f.window.String(), f.minimum
	}
	return r, nil
}

// parseShare reads "1%", "0.5 %" or "0.01".
func parseShare(text string) (float64, error) {
	number, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	share, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		share /= 100
	}
	if err == nil && !(share >= 0 && share <= 1) {
		err = errors.New("out of range")
	}
	return share, err
}

// deployed is what a deploy came to, for --json.
type deployed struct {
	admin.AppChangeReply
	Version  uint64 `json:"version"`
	Digest   string `json:"digest"`
	Size     int64  `json:"size"`
	Uploaded int64  `json:"uploaded"` // bytes; the rest was there
	Node     string `json:"node"`     // admin API
}

func newDeploy(c *console) *cobra.Command {
	var f remoteFlags
	var p promoteFlags
	var sign string
	cmd := &cobra.Command{
		Use:   "deploy [APP]",
		Short: "Deploy an app to a cluster",
		Long: `deploy builds what is out of date in an app's folder, makes a bundle of it, uploads that to a node, waits until every
node of the cluster has fetched, verified and compiled it, and then switches all of them at once: no request fails
and none sees half of a version. APP is a folder (default: the working folder), a bundle file or a reference to a
registry (oci://registry.example.com/team/shop:1.0.0). An upload that was interrupted goes on where it was.

With --weight the new version gets a part of the requests first; with --error-bound it is taken back by the cluster
when too many of them fail.`,
		Example: "  stackhost deploy shop\n  stackhost deploy shop --to https://node1:9440 --sign ci.key\n  stackhost deploy --weight 10 --error-bound 1% --window 30s",
		Args:    atMostOneApp,
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := p.request(0); err != nil {
				return err
			}
			key, err := signingKey(sign)
			if err != nil {
				return err
			}
			r, err := f.connect()
			if err != nil {
				return err
			}
			b, err := openBundle(cmd.Context(), c, appFolder(args), oci.Options{})
			if err != nil {
				return err
			}
			defer b.Close()
			if err := b.sign(key); err != nil {
				return err
			}
			result, err := deploy(cmd.Context(), c, r, b, &p)
			if err != nil {
				return err
			}
			return c.show(result, func(w io.Writer) { result.print(w) })
		},
	}
	f.add(cmd, false)
	p.add(cmd)
	cmd.Flags().StringVar(&sign, "sign", "", "key file to sign the bundle with; see `stackhost key new`")
	return cmd
}

func signingKey(file string) (*bundle.Key, error) {
	if file == "" {
		return nil, nil
	}
	k, err := bundle.LoadKey(file)
	if err != nil {
		return nil, usageError{fmt.Errorf("--sign: %w", err)}
	}
	return k, nil
}

// bundleFile is a bundle on this machine.
type bundleFile struct {
	*os.File
	*bundle.Info
	signature oci.Signature
	artifact  string // digest of the artifact in a registry that it comes from
	temporary string // folder to remove
}

// Close removes what openBundle made.
func (b *bundleFile) Close() error {
	err := b.File.Close()
	if b.temporary != "" {
		err = errors.Join(err, os.RemoveAll(b.temporary))
	}
	return err
}

func (b *bundleFile) sign(k *bundle.Key) (err error) {
	if k != nil {
		b.signature.Key = k.ID()
		b.signature.Bytes, err = k.Sign(b.Digest)
	}
	return err
}

// openBundle finds the bundle that a user means: of a folder, after a build, of a file, or of a registry.
func openBundle(ctx context.Context, c *console, what string, o oci.Options) (b *bundleFile, err error) {
	if info, err := os.Stat(what); err == nil && !info.IsDir() && filepath.Base(what) != app.ManifestName {
		return readBundle(what)
	}
	dir, err := os.MkdirTemp("", "stackhost-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
		}
	}()
	file := filepath.Join(dir, "app.bundle")
	pulled := &oci.Artifact{}
	if reference, ok := strings.CutPrefix(what, "oci://"); ok {
		if pulled, err = pullTo(ctx, reference, file, o); err != nil {
			return nil, err
		}
	} else {
		a, err := loadApp(c, what)
		if err != nil {
			return nil, err
		}
		if err := buildStale(ctx, c, a); err != nil {
			return nil, err
		}
		if _, err := bundle.PackFile(a, file); err != nil {
			return nil, err
		}
	}
	if b, err = readBundle(file); err != nil {
		return nil, err
	}
	b.temporary, b.signature, b.artifact = dir, pulled.Signature, pulled.Digest
	return b, nil
}

// readBundle opens a bundle file.
func readBundle(file string) (*bundleFile, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	info, err := bundle.Describe(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &bundleFile{File: f, Info: info}, nil
}

func deploy(ctx context.Context, c *console, r *remote, b *bundleFile, p *promoteFlags) (*deployed, error) {
	result := &deployed{Digest: b.Digest, Size: b.Size}
	var err error
	if result.Uploaded, err = upload(ctx, c, r, b); err != nil {
		return nil, err
	}
	name := b.Manifest.App
	var added admin.AppVersionReply
	err = r.post(ctx, call{path: "/v1/apps" + segment(name, "versions"), repeatable: true}, admin.AppVersionRequest{
		Digest: b.Digest, Label: b.Manifest.Version, Note: p.note, Key: b.signature.Key, Signature: b.signature.Bytes,
	}, &added)
	if err != nil {
		return nil, err
	}
	result.Version = added.Version
	request, err := p.request(added.Version)
	if err != nil {
		return nil, err
	}
	if request.Reason == "" {
		request.Reason = "deploy"
	}
	c.say("%s version %d: waiting until every node is ready", name, added.Version)
	if err := r.post(ctx, call{path: "/v1/apps" + segment(name) + ":promote", long: true}, request, &result.AppChangeReply); err != nil {
		return nil, fmt.Errorf("%w; version %d is kept: `stackhost promote %d --app %s` tries again", err, added.Version, added.Version, name)
	}
	result.Node = r.nodes[0].url
	return result, nil
}

// piece is how much of a bundle one request carries.
const piece = 4 << 20

// upload sends what the cluster does not have of a bundle.
func upload(ctx context.Context, c *console, r *remote, b *bundleFile) (sent int64, err error) {
	path := "/v1/apps" + segment(b.Manifest.App, "bundles", b.Digest)
	var at admin.BundleReply
	begin := call{method: "POST", path: path, repeatable: true, header: http.Header{"Upload-Length": {strconv.FormatInt(b.Size, 10)}}}
	if err := r.json(ctx, begin, &at); err != nil {
		return 0, err
	}
	if at.Received > 0 && !at.Complete {
		c.say("going on with an upload at %s of %s", sizeText(at.Received), sizeText(b.Size))
	}
	progress := newProgress(c, b.Size)
	defer progress.end()
	buffer := make([]byte, piece)
	for stuck := 0; !at.Complete; {
		n, err := b.ReadAt(buffer[:min(piece, b.Size-at.Received)], at.Received)
		if err != nil && !errors.Is(err, io.EOF) {
			return sent, err
		}
		before := at.Received
		write := call{
			method: "PATCH", path: path, body: bytes.Clone(buffer[:n]), repeatable: true, // the offset says what it is for
			header: http.Header{"Upload-Offset": {strconv.FormatInt(before, 10)}, "Content-Type": {"application/offset+octet-stream"}},
		}
		if err := r.json(ctx, write, &at); refused(err, "conflict") { // somebody else uploads it too, or an answer was lost
			err = r.json(ctx, begin, &at)
			if err != nil {
				return sent, err
			}
		} else if err != nil {
			return sent, fmt.Errorf("upload at %s of %s: %w; deploy again to go on there", sizeText(before), sizeText(b.Size), err)
		}
		if at.Received > before {
			sent += at.Received - before
			stuck = 0
		} else if stuck++; stuck > 10 {
			return sent, fmt.Errorf("upload at %s of %s: the node takes nothing more; try another with --to", sizeText(before), sizeText(b.Size))
		}
		progress.at(at.Received)
	}
	return sent, nil
}

// progress shows on a terminal how far something has come.
type progress struct {
	c     *console
	total int64
	shown time.Time
	on    bool
}

func newProgress(c *console, total int64) *progress {
	return &progress{c: c, total: total, on: terminal(c.err) && !c.json}
}

func (p *progress) at(n int64) {
	if p.on && (time.Since(p.shown) > 100*time.Millisecond || n == p.total) {
		p.shown = time.Now()
		fmt.Fprintf(p.c.err, "\ruploading %s of %s, %d %%", sizeText(n), sizeText(p.total), 100*n/max(p.total, 1))
	}
}

func (p *progress) end() {
	if p.on && !p.shown.IsZero() {
		fmt.Fprintln(p.c.err)
	}
}

func sizeText(n int64) string {
	switch {
	case n >= 10<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%d KiB", (n+1023)>>10)
}

func (d *deployed) print(w io.Writer) {
	fmt.Fprintf(w, "%s version %d serves %s\n", d.App, d.Version, weightsText(d.Activation.Weights, d.Version))
	if d.URL != "" {
		fmt.Fprintf(w, "  url     %s\n", d.URL)
	}
	fmt.Fprintf(w, "  bundle  %s (%s, %s uploaded)\n  nodes   %s\n  admin   %s\n", d.Digest[:12], sizeText(d.Size), sizeText(d.Uploaded), nodesText(&d.AppChangeReply), d.Node)
}

func weightsText(weights []admin.AppWeight, version uint64) string {
	for _, w := range weights {
		if w.Version == version && w.Percent < 100 {
			return fmt.Sprintf("%.4g %% of the requests", w.Percent)
		}
	}
	return "all requests"
}

func nodesText(r *admin.AppChangeReply) string {
	text := strings.Join(r.Switched, " ") + " have switched"
	if len(r.Switched) == 1 {
		text = r.Switched[0] + " has switched"
	}
	if len(r.Behind) > 0 {
		text += "; " + strings.Join(r.Behind, " ") + " did not say so yet"
	}
	return strings.TrimSpace(text)
}
