package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/stackhost/stackhost/host/admin"
)

func newBlob(c *console) *cobra.Command {
	var f remoteFlags
	cmd := &cobra.Command{
		Use:   "blob",
		Short: "Put and get the blobs of an app",
		Long:  "blob works on the replicated blobs of an app, through the admin API of a running stackhost.",
	}
	f.add(cmd, true)
	cmd.AddCommand(blobPut(c, &f), blobGet(c, &f), blobList(c, &f), blobRemove(c, &f))
	return cmd
}

func blobPut(c *console, f *remoteFlags) *cobra.Command {
	var contentType string
	cmd := &cobra.Command{
		Use: "put NAMESPACE KEY FILE", Short: "Store a file as a blob",
		Long: `put stores the content of FILE, or standard input for -, and prints its size and SHA-256. Readers see the old blob until the
new one is complete.`,
		Example: "  stackhost blob put images logo.png ./logo.png --app guestbook",
		Args:    exactly(3, "a namespace, a key and a file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, path, err := f.appCall("blob", args[0], args[1])
			if err != nil {
				return err
			}
			in, length := c.in, int64(-1)
			if args[2] != "-" {
				file, err := os.Open(args[2])
				if err != nil {
					return err
				}
				defer file.Close()
				info, err := file.Stat()
				if err != nil {
					return err
				}
				in, length = file, info.Size()
				if contentType == "" {
					contentType = mime.TypeByExtension(filepath.Ext(args[2]))
				}
			}
			sum := sha256.New()
			w := call{method: "PUT", path: path, header: http.Header{}, stream: io.TeeReader(in, sum), length: length, long: true}
			if contentType != "" {
				w.header.Set("Content-Type", contentType)
			}
			var info admin.BlobState
			if err := r.json(cmd.Context(), w, &info); err != nil {
				return err
			}
			if own := hex.EncodeToString(sum.Sum(nil)); own != info.SHA256 {
				return fmt.Errorf("the blob was stored with SHA-256 %s, but %s was sent: put it again", info.SHA256, own)
			}
			return c.show(info, func(w io.Writer) { fmt.Fprintf(w, "%d bytes, SHA-256 %s\n", info.Size, info.SHA256) })
		},
	}
	cmd.Flags().StringVar(&contentType, "type", "", "media type (default: by the file's name)")
	return cmd
}

func blobGet(c *console, f *remoteFlags) *cobra.Command {
	var output string
	var offset, length int64
	cmd := &cobra.Command{
		Use: "get NAMESPACE KEY", Short: "Write a blob to a file or to standard output",
		Long:    "get checks the content against the blob's SHA-256; a file is there only when all of it is right.",
		Example: "  stackhost blob get images logo.png --output logo.png --app guestbook",
		Args:    exactly(2, "a namespace and a key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, path, err := f.appCall("blob", args[0], args[1])
			if err != nil {
				return err
			}
			w := call{method: "GET", path: path, header: http.Header{}, long: true}
			part := offset > 0 || length > 0
			if part {
				end := ""
				if length > 0 {
					end = strconv.FormatInt(offset+length-1, 10)
				}
				w.header.Set("Range", fmt.Sprintf("bytes=%d-%s", offset, end))
			}
			resp, err := r.do(cmd.Context(), w)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			sum := sha256.New()
			body := io.TeeReader(resp.Body, sum)
			want := resp.Header.Get(admin.SHA256Header)
			if part {
				want = ""
			}
			if output == "" || output == "-" {
				if _, err := io.Copy(c.out, body); err != nil {
					return fmt.Errorf("the blob was cut short: %w", err)
				}
				return checkSum(sum, want)
			}
			return writeWhole(output, body, func() error { return checkSum(sum, want) })
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&output, "output", "o", "", "file to write (default: standard output)")
	flags.Int64Var(&offset, "offset", 0, "first byte to get")
	flags.Int64Var(&length, "length", 0, "how many bytes to get; 0 means to the end")
	return cmd
}

func checkSum(sum hash.Hash, want string) error {
	if got := hex.EncodeToString(sum.Sum(nil)); want != "" && got != want {
		return fmt.Errorf("what came has SHA-256 %s, not %s: get it again", got, want)
	}
	return nil
}

// writeWhole writes a file that is there only when everything was read and check agrees.
func writeWhole(path string, from io.Reader, check func() error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	if err == nil {
		err = check()
	}
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

func blobList(c *console, f *remoteFlags) *cobra.Command {
	var prefix string
	var limit int
	cmd := &cobra.Command{
		Use: "ls NAMESPACE", Aliases: []string{"list"}, Short: "List blobs",
		Long: "ls prints keys, sizes and media types in the order of the keys.", Example: "  stackhost blob ls images --app guestbook",
		Args: exactly(1, "a namespace"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, path, err := f.appCall("blob", args[0])
			if err != nil {
				return err
			}
			q := url.Values{"prefix": {prefix}}
			all := []admin.BlobState{}
			for len(all) < limit || limit <= 0 {
				q.Set("limit", strconv.Itoa(pageSize(limit, len(all))))
				var page admin.BlobPage
				if err := r.json(cmd.Context(), call{method: "GET", path: path, query: q}, &page); err != nil {
					return err
				}
				all = append(all, page.Blobs...)
				if page.Next == "" {
					break
				}
				q.Set("page", page.Next)
			}
			return c.show(all, func(w io.Writer) {
				fmt.Fprintln(w, "KEY\tBYTES\tTYPE\tSHA-256")
				for _, b := range all {
					fmt.Fprintf(w, "%s\t%d\t%s\t%.12s…\n", printable([]byte(b.Key), 200), b.Size, b.Type, b.SHA256)
				}
			})
		},
	}
	cmd.Flags().StringVar(&prefix, "prefix", "", "only keys that begin so")
	cmd.Flags().IntVar(&limit, "limit", 1000, "most blobs; 0 means all")
	return cmd
}

func blobRemove(c *console, f *remoteFlags) *cobra.Command {
	return &cobra.Command{
		Use: "rm NAMESPACE KEY", Aliases: []string{"delete"}, Short: "Delete a blob",
		Long: "rm deletes a blob. One that is absent is no error.", Example: "  stackhost blob rm images logo.png --app guestbook",
		Args: exactly(2, "a namespace and a key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, path, err := f.appCall("blob", args[0], args[1])
			if err != nil {
				return err
			}
			err = r.json(cmd.Context(), call{method: "DELETE", path: path, repeatable: true}, nil)
			existed := err == nil
			if err != nil && !refused(err, "not_found") {
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
}
