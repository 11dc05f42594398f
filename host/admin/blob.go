package admin

import (
	"encoding/hex"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/state"
)

// SHA256Header is the hash of a blob's whole content, in hexadecimal.
const SHA256Header = "Stackhost-Sha256"

// BlobState is what is known of a blob.
type BlobState struct {
	Key      string            `json:"key"`
	Size     int64             `json:"size" doc:"bytes"`
	SHA256   string            `json:"sha256"`
	Type     string            `json:"type,omitempty" doc:"media type"`
	Meta     map[string]string `json:"meta,omitempty"`
	Version  uint64            `json:"version"`
	Created  time.Time         `json:"created"`
	Modified time.Time         `json:"modified"`
}

// BlobPage lists blobs.
type BlobPage struct {
	Blobs []BlobState `json:"blobs"`
	Next  string      `json:"next,omitempty" doc:"what to give as page for the following ones"`
}

func blobState(i raftstore.BlobInfo) BlobState {
	b := BlobState{
		Key: i.Key, Size: i.Size, SHA256: hex.EncodeToString(i.SHA256[:]), Type: i.ContentType, Version: i.Version,
		Created: time.UnixMilli(i.Created).UTC(), Modified: time.UnixMilli(i.Modified).UTC(),
	}
	for _, p := range i.Meta {
		if b.Meta == nil {
			b.Meta = map[string]string{}
		}
		b.Meta[p.Name] = string(p.Value)
	}
	return b
}

func blobRoutes(s Services) []Route {
	const path = "/v1/apps/{app}/blob/{ns}/{key...}"
	of := func(c *Call) *raftstore.Blob { return raftstore.NewBlob(s.Store, c.Path("app")) }
	headers := []Param{
		{Name: "ETag", Doc: "the version in quotes"}, {Name: SHA256Header, Doc: "of the whole content"},
		{Name: "Content-Range", Doc: "of a part"},
	}
	return []Route{{
		Method: "GET", Path: path, ID: "blobGet", Summary: "Read a blob or a part of it", Scope: Read, Wait: true,
		Params: concat([]Param{{In: Header, Name: "Range", Doc: "bytes=FROM-TO, bytes=FROM- or bytes=-LAST; several ranges get the whole"}},
			consistency),
		Answers: []Answer{{Status: 200, Doc: "The content, with the media type that it was stored with.", Media: "*/*", Headers: headers[:2]},
			{Status: 206, Doc: "The part.", Media: "*/*", Headers: headers}, Refusal(404, "not_found", "It is absent."),
			Refusal(416, "invalid", "The range begins after the end.")},
		Handle: func(c *Call) error { return getBlob(of(c), c) },
	}, {
		Method: "PUT", Path: path, ID: "blobPut", Summary: "Store a blob", Scope: Write, Data: true, Wait: true,
		Doc:     "Readers see the old blob until all of the new one is stored. Send it again after a failure; it replaces itself.",
		Params:  concat(kvGuards, []Param{{In: Header, Name: "Content-Type", Doc: "is stored with it"}}),
		Body:    &Body{Media: "*/*", Doc: "The content.", Limit: state.BlobMaxSize, Optional: true},
		Answers: []Answer{{Status: 200, Doc: "Stored.", Type: BlobState{}}, kvConflict, full},
		Handle: func(c *Call) error {
			g, err := c.guard()
			if err != nil {
				return err
			}
			o := raftstore.BlobOptions{ContentType: string(c.Header("Content-Type")), Guard: g}
			info, err := of(c).Put(c.Context(), c.Path("ns"), c.Path("key"), c.Reader(), o)
			if err != nil {
				return failedGuard(g, err)
			}
			return c.Reply(blobState(info))
		},
	}, {
		Method: "DELETE", Path: path, ID: "blobDelete", Summary: "Delete a blob", Scope: Write, Data: true, Params: kvGuards[:1],
		Answers: []Answer{{Status: 204, Doc: "Deleted."}, Refusal(404, "not_found", "It was absent already."), kvConflict},
		Handle: func(c *Call) error {
			g, err := c.guard()
			if err != nil {
				return err
			}
			existed, err := of(c).Delete(c.Context(), c.Path("ns"), c.Path("key"), g)
			if err != nil {
				return failedGuard(g, err)
			}
			if !existed {
				return errNoBlob
			}
			return c.Empty()
		},
	}, {
		Method: "GET", Path: "/v1/apps/{app}/blob/{ns}", ID: "blobList", Summary: "List blobs in the order of their keys", Scope: Read,
		Params: concat(listing, consistency), Answers: []Answer{{Status: 200, Doc: "A page.", Type: BlobPage{}}},
		Handle: func(c *Call) error {
			level, err := c.consistency()
			if err != nil {
				return err
			}
			limit, err := c.QueryInt("limit", 100, 1, 1000)
			if err != nil {
				return err
			}
			list, next, err := of(c).List(c.Context(), level, c.Path("ns"), c.Query("prefix"), c.Query("page"), int(limit))
			if err != nil {
				return err
			}
			page := BlobPage{Blobs: []BlobState{}, Next: next}
			for _, i := range list {
				page.Blobs = append(page.Blobs, blobState(i))
			}
			return c.Reply(page)
		},
	}}
}

var errNoBlob = &Problem{Status: 404, Code: abi.CodeNotFound.String(), Detail: "the blob is absent"}

// failedGuard tells of a condition of the request that does not hold as HTTP does.
func failedGuard(g raftstore.Guard, err error) error {
	p := problemOf(err)
	if g == (raftstore.Guard{}) || p.Code != abi.CodeConflict.String() {
		return err
	}
	p.Status = 412
	return p
}

func getBlob(b *raftstore.Blob, c *Call) error {
	level, err := c.consistency()
	if err != nil {
		return err
	}
	r, err := b.Open(c.Context(), level, c.Path("ns"), c.Path("key"))
	if err != nil {
		return err
	}
	defer r.Close()
	info := r.Info()
	h := &c.HTTP.Response.Header
	c.setVersion(info.Version)
	h.Set(SHA256Header, hex.EncodeToString(info.SHA256[:]))
	h.Set("Accept-Ranges", "bytes")
	h.Set("X-Content-Type-Options", "nosniff")
	from, length, part := byteRange(string(c.Header("Range")), info.Size)
	status := 200
	switch {
	case part && from >= info.Size:
		h.Set("Content-Range", "bytes */"+strconv.FormatInt(info.Size, 10))
		return &Problem{Status: 416, Code: abi.CodeInvalid.String(), Detail: "the range begins after the end of the blob"}
	case part:
		status = 206
		h.Set("Content-Range", "bytes "+strconv.FormatInt(from, 10)+"-"+strconv.FormatInt(from+length-1, 10)+"/"+strconv.FormatInt(info.Size, 10))
		if _, err := r.Seek(from, io.SeekStart); err != nil {
			return err
		}
	}
	media := info.ContentType
	if media == "" {
		media = "application/octet-stream"
	}
	out, err := c.Stream(status, media, length)
	if err != nil {
		return err
	}
	if c.HTTP.IsHead() {
		return out.Close()
	}
	if _, err := io.CopyN(out, r, length); err != nil {
		out.Abort() // the client sees that it is incomplete
		c.server.cfg.Log.Warn("a blob was not sent whole", "request_id", c.RequestID(), "error", err)
		return nil
	}
	return out.Close()
}

// byteRange reads a Range field with one range (RFC 9110 section 14.1.2). Others, and those that make no sense, mean the whole.
func byteRange(field string, size int64) (from, length int64, part bool) {
	text, ok := strings.CutPrefix(field, "bytes=")
	first, last, dash := strings.Cut(text, "-")
	if !ok || !dash || strings.Contains(text, ",") {
		return 0, size, false
	}
	number := func(s string) (int64, bool) {
		n, err := strconv.ParseInt(s, 10, 64)
		return n, err == nil && n >= 0 && s[0] != '+'
	}
	if first == "" {
		n, ok := number(last)
		if !ok || n == 0 {
			return 0, size, false
		}
		n = min(n, size)
		return size - n, n, size > 0
	}
	from, ok = number(first)
	if !ok {
		return 0, size, false
	}
	end := size - 1
	if last != "" {
		n, ok := number(last)
		if !ok || n < from {
			return 0, size, false
		}
		end = min(end, n)
	}
	return from, end - from + 1, true
}
