package admin

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/state"
)

// BundleReply is the state of an upload.
type BundleReply struct {
	Digest   string `json:"digest"`
	Size     int64  `json:"size"`
	Received int64  `json:"received" doc:"bytes; go on there"`
	Complete bool   `json:"complete" doc:"all is there, and has the digest"`
}

const (
	offsetHeader = "Upload-Offset"
	lengthHeader = "Upload-Length"
	patchBody    = 64 << 20
)

var uploadHeaders = []Param{
	{In: Header, Name: offsetHeader, Type: "integer", Doc: "bytes that were received: where to go on"},
	{In: Header, Name: lengthHeader, Type: "integer", Doc: "bytes of the whole bundle"},
}

// bundleRoutes are there twice: tokens that are for some apps only use those below an app.
func (a *appAPI) bundleRoutes() []Route {
	return append(a.bundleRoutesAt("/v1/blobs/{sha256}", "bundle", a.read), a.bundleRoutesAt("/v1/apps/{app}/bundles/{sha256}", "appBundle", a.readOfApp)...)
}

func (a *appAPI) bundleRoutesAt(path, id string, read func(*Call) error) []Route {
	none := Refusal(404, "not_found", "Nothing of it is there.")
	answer := func(refusals ...Answer) []Answer {
		return append([]Answer{{Status: 200, Doc: "What is there.", Type: BundleReply{}, Headers: uploadHeaders}}, refusals...)
	}
	return []Route{{
		Method: "POST", Path: path, ID: id + "Begin", Tag: "bundle", Summary: "Begin the upload of a bundle, or go on with one", Scope: Deploy,
		Params:  []Param{{In: Header, Name: lengthHeader, Type: "integer", Doc: "bytes of the bundle", Required: true}},
		Answers: answer(Refusal(413, "limit", "It is longer than 256 MiB.")), Handle: a.begin,
	}, {
		Method: "HEAD", Path: path, ID: id + "Head", Tag: "bundle", Summary: "Tell how far an upload has come", Scope: Deploy,
		Answers: []Answer{{Status: 200, Doc: "As header fields.", Headers: uploadHeaders}, none}, Handle: a.stat,
	}, {
		Method: "PATCH", Path: path, ID: id + "Write", Tag: "bundle", Summary: "Upload the following bytes of a bundle", Scope: Deploy, Wait: true, Data: true,
		Doc: "The store keeps whole pieces of 256 KiB, and the last one: a request that is cut short loses at most one of them. With the last byte " +
			"the whole is checked; content with another digest is dropped.",
		Params:  []Param{{In: Header, Name: offsetHeader, Type: "integer", Doc: "where the body begins in the bundle: what was received so far", Required: true}},
		Body:    &Body{Media: "application/offset+octet-stream", Limit: patchBody, Doc: "The bytes from there on, all or some."},
		Answers: answer(none, Refusal(409, "conflict", "Go on at the offset in the answer's header."), Refusal(400, "invalid", "The content has another digest.")),
		Handle:  a.write,
	}, {
		Method: "GET", Path: path, ID: id + "Get", Tag: "bundle", Summary: "Download a bundle", Scope: Deploy, Wait: true,
		Answers: []Answer{{Status: 200, Doc: "The bundle.", Media: "application/vnd.stackhost.bundle.v1.tar+zstd"}, none}, Handle: read,
	}}
}

// readOfApp gives out bundles that are versions of the app.
func (a *appAPI) readOfApp(c *Call) error {
	status, err := a.apps.Get(c.Context(), raftstore.Linearizable, c.Path("app"))
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(status.Versions, func(v state.AppVersion) bool { return v.Digest.String() == c.Path("sha256") }) {
		return abi.Errorf(abi.CodeNotFound, "app %s has no version of bundle %.80q", c.Path("app"), c.Path("sha256"))
	}
	return a.read(c)
}

func (a *appAPI) begin(c *Call) error {
	d, err := state.ParseDigest(c.Path("sha256"))
	if err != nil {
		return err
	}
	size, err := headerInt(c, lengthHeader)
	if err != nil {
		return err
	}
	info, err := a.apps.BeginBundle(c.Context(), d, size)
	if err != nil {
		return err
	}
	return replyBundle(c, d, info)
}

func headerInt(c *Call, name string) (int64, error) {
	n, err := strconv.ParseInt(string(c.Header(name)), 10, 64)
	if err != nil || n < 0 {
		return 0, abi.Errorf(abi.CodeInvalid, "the header field %s is missing or no number of bytes", name)
	}
	return n, nil
}

func setOffset(c *Call, info state.BundleInfo) {
	c.HTTP.Response.Header.Set(offsetHeader, strconv.FormatInt(info.Received, 10))
	c.HTTP.Response.Header.Set(lengthHeader, strconv.FormatInt(info.Size, 10))
	c.HTTP.Response.Header.Set("Cache-Control", "no-store")
}

func replyBundle(c *Call, d state.Digest, info state.BundleInfo) error {
	setOffset(c, info)
	return c.Reply(BundleReply{Digest: d.String(), Size: info.Size, Received: info.Received, Complete: info.Complete})
}

func (a *appAPI) stat(c *Call) error {
	d, err := state.ParseDigest(c.Path("sha256"))
	if err != nil {
		return err
	}
	info, err := a.apps.StatBundle(c.Context(), raftstore.Linearizable, d)
	if err != nil {
		return err
	}
	setOffset(c, info)
	return nil
}

func (a *appAPI) write(c *Call) error {
	d, err := state.ParseDigest(c.Path("sha256"))
	if err != nil {
		return err
	}
	offset, err := headerInt(c, offsetHeader)
	if err != nil {
		return err
	}
	info, err := a.apps.StatBundle(c.Context(), raftstore.Linearizable, d)
	if err != nil {
		return err
	}
	if info.Complete {
		drain(c)
	} else {
		setOffset(c, info)
		if offset != info.Received {
			drain(c)
			return abi.Errorf(abi.CodeConflict, "bundle %s has %d bytes so far; go on there, not at %d", d, info.Received, offset)
		}
		if info, err = a.receive(c, d, info); err != nil {
			return err
		}
	}
	if !info.Complete && info.Received == info.Size {
		if info, err = a.apps.FinishBundle(c.Context(), d); err != nil {
			return err
		}
	}
	return replyBundle(c, d, info)
}

// drain reads a body of usual length that is not wanted: a client that is still sending would not see the answer.
func drain(c *Call) { _, _ = io.CopyN(io.Discard, c.Reader(), 8<<20) }

// receive commits the body in whole chunks. What a body that was cut short has of another one is dropped.
func (a *appAPI) receive(c *Call, d state.Digest, info state.BundleInfo) (state.BundleInfo, error) {
	body := c.Reader()
	chunk := make([]byte, state.BundleChunk)
	for info.Received < info.Size {
		want := min(state.BundleChunk, info.Size-info.Received)
		switch _, err := io.ReadFull(body, chunk[:want]); {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return info, nil
		case err != nil:
			return info, err
		}
		ctx, cancel := context.WithTimeout(c.Context(), chunkTime)
		next, err := a.apps.WriteBundle(ctx, d, info.Received, chunk[:want])
		cancel()
		if err != nil {
			return info, err
		}
		info = next
	}
	return info, nil
}

// chunkTime bounds the commit of one chunk.
const chunkTime = 10 * time.Second

func (a *appAPI) read(c *Call) error {
	d, err := state.ParseDigest(c.Path("sha256"))
	if err != nil {
		return err
	}
	info, err := a.apps.StatBundle(c.Context(), raftstore.Linearizable, d)
	if err != nil {
		return err
	}
	if !info.Complete {
		return abi.Errorf(abi.CodeNotFound, "bundle %s has %d of %d bytes so far", d, info.Received, info.Size)
	}
	out, err := c.Stream(200, "application/vnd.stackhost.bundle.v1.tar+zstd", info.Size)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, a.apps.OpenBundle(c.Context(), d, info.Size)); err != nil {
		out.Abort()
		c.server.cfg.Log.Error("download of a bundle failed", "request_id", c.RequestID(), "error", err)
		return nil
	}
	return out.Close()
}
