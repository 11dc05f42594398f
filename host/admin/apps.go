package admin

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/rollout"
	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/state"
)

// Rollout changes which versions of apps serve; *rollout.Coordinator does.
type Rollout interface {
	Promote(ctx context.Context, app string, change rollout.Change) (*rollout.Outcome, error)
	Rollback(ctx context.Context, app string, version uint64, reason string) (*rollout.Outcome, error)
	Stop(ctx context.Context, app, reason string) (*rollout.Outcome, error)
}

// AppWeight is a version that serves.
type AppWeight struct {
	Version uint64  `json:"version"`
	Percent float64 `json:"percent" doc:"of the requests"`
}

// AppGuard is the rule by which an activation is taken back.
type AppGuard struct {
	Version    uint64      `json:"version" doc:"that is watched"`
	ErrorBound float64     `json:"error_bound" doc:"share of its requests that may fail, from 0 to 1"`
	Window     string      `json:"window" doc:"in which they are counted"`
	Minimum    uint32      `json:"minimum" doc:"requests within the window before the rule applies"`
	Back       []AppWeight `json:"back" doc:"what serves when it failed"`
}

// AppActivation says what serves since when.
type AppActivation struct {
	Serial  uint64      `json:"serial" doc:"rises from one activation to the next; 0: there was none"`
	At      *time.Time  `json:"at,omitempty"`
	Weights []AppWeight `json:"weights"`
	Guard   *AppGuard   `json:"guard,omitempty"`
	Reason  string      `json:"reason,omitempty"`
}

// AppSummary is an app in a listing.
type AppSummary struct {
	Name       string        `json:"name"`
	Newest     uint64        `json:"newest" doc:"number of the newest version"`
	Created    time.Time     `json:"created"`
	Activation AppActivation `json:"activation"`
}

// AppListReply lists apps.
type AppListReply struct {
	Apps []AppSummary `json:"apps"`
}

// AppNode is what a node told of a version.
type AppNode struct {
	Node    string `json:"node"`
	Ready   bool   `json:"ready" doc:"it has fetched, verified and compiled the version"`
	Problem string `json:"problem,omitempty" doc:"why it is not"`
}

// AppVersion is one version of an app.
type AppVersion struct {
	Number   uint64    `json:"number"`
	Digest   string    `json:"digest" doc:"SHA-256 of the bundle"`
	Size     int64     `json:"size" doc:"bytes of the bundle"`
	Label    string    `json:"label,omitempty" doc:"version in the app's manifest"`
	Note     string    `json:"note,omitempty"`
	Key      string    `json:"key,omitempty" doc:"id of the key that signed it"`
	Created  time.Time `json:"created"`
	Percent  float64   `json:"percent" doc:"of the requests that it gets"`
	Requests uint64    `json:"requests" doc:"answered since the activation, as nodes have reported"`
	Failures uint64    `json:"failures" doc:"of them with a status of 500 and above, or cut off"`
	Nodes    []AppNode `json:"nodes,omitempty" doc:"which told whether they are ready; nodes keep ready only what serves, or may soon"`
}

// AppReply is an app with its versions.
type AppReply struct {
	AppSummary
	Versions []AppVersion `json:"versions" doc:"newest first"`
}

// AppHistoryReply lists activations.
type AppHistoryReply struct {
	Activations []AppActivation `json:"activations" doc:"newest first; the last 32 are kept"`
}

// AppVersionRequest makes a version of a bundle.
type AppVersionRequest struct {
	Digest    string `json:"digest" doc:"SHA-256 of a bundle that was uploaded"`
	Label     string `json:"label,omitempty"`
	Note      string `json:"note,omitempty"`
	Key       string `json:"key,omitempty" doc:"id of the key that signed it"`
	Signature []byte `json:"signature,omitempty" doc:"Ed25519, of \"stackhost bundle v1\", a newline and the digest's 32 bytes"`
}

// AppVersionReply is a version's number.
type AppVersionReply struct {
	App     string `json:"app"`
	Version uint64 `json:"version"`
}

// AppPromoteRequest says what shall serve.
type AppPromoteRequest struct {
	Version    uint64   `json:"version"`
	Weight     uint32   `json:"weight,omitempty" doc:"percent of the requests, 1 to 100; 100 when missing. What serves now shares the rest"`
	ErrorBound *float64 `json:"error_bound,omitempty" doc:"take it back when a larger share of its requests fails, from 0 to 1; never when missing"`
	Window     string   `json:"window,omitempty" doc:"in which they are counted, 1s to 1h; 30s when missing"`
	Minimum    uint32   `json:"minimum,omitempty" doc:"requests within the window before the rule applies; 20 when missing"`
	Reason     string   `json:"reason,omitempty"`
	Wait       string   `json:"wait,omitempty" doc:"longest wait for all nodes to be ready, up to 1h; 1m when missing"`
}

// AppRollbackRequest says what to go back to.
type AppRollbackRequest struct {
	Version uint64 `json:"version,omitempty" doc:"the one that served before when missing"`
	Reason  string `json:"reason,omitempty"`
}

// AppStopRequest says why.
type AppStopRequest struct {
	Reason string `json:"reason,omitempty"`
}

// AppChangeReply is what a change came to.
type AppChangeReply struct {
	App        string        `json:"app"`
	Activation AppActivation `json:"activation"`
	Switched   []string      `json:"switched" doc:"nodes that serve it already"`
	URL        string        `json:"url,omitempty" doc:"where the node that was asked serves apps"`
	Behind     []string      `json:"behind,omitempty" doc:"nodes that did not say so within 3 s; they follow by themselves"`
}

// BundleReply is the state of an upload.
type BundleReply struct {
	Digest   string `json:"digest"`
	Size     int64  `json:"size"`
	Received int64  `json:"received" doc:"bytes; go on there"`
	Complete bool   `json:"complete" doc:"all is there, and has the digest"`
}

// SigningKey is a key whose signatures count.
type SigningKey struct {
	ID     string    `json:"id"`
	Name   string    `json:"name,omitempty"`
	Public []byte    `json:"public" doc:"Ed25519, 32 bytes"`
	Added  time.Time `json:"added"`
}

// SigningReply says who may sign bundles.
type SigningReply struct {
	Required bool         `json:"required" doc:"whether bundles without the signature of one of the keys are refused"`
	Keys     []SigningKey `json:"keys"`
}

// SigningRequest switches the requirement.
type SigningRequest struct {
	Required bool `json:"required"`
}

// SigningKeyRequest trusts a key.
type SigningKeyRequest struct {
	Name   string `json:"name,omitempty"`
	Public []byte `json:"public" doc:"Ed25519, 32 bytes"`
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

func appRoutes(s Services) []Route {
	a := appAPI{apps: raftstore.NewApps(s.Store), rollout: s.Rollout, url: s.URL}
	noApp := Refusal(404, "not_found", "There is no such app or version.")
	notReady := Refusal(409, "conflict", "A node cannot serve it, or another change came first. Nothing has changed.")
	late := Refusal(504, "deadline", "Not all nodes were ready in time. Nothing has changed.")
	changed := Answer{Status: 200, Doc: "It serves.", Type: AppChangeReply{}}
	return append(a.bundleRoutes(), append(a.signingRoutes(), []Route{{
		Method: "GET", Path: "/v1/apps", ID: "appList", Summary: "List the apps that were deployed", Scope: Read, Params: consistency,
		Answers: []Answer{{Status: 200, Doc: "In the order of their names.", Type: AppListReply{}}}, Handle: a.list,
	}, {
		Method: "GET", Path: "/v1/apps/{app}", ID: "appGet", Summary: "Show an app with its versions", Scope: Read, Params: consistency,
		Answers: []Answer{{Status: 200, Doc: "The app.", Type: AppReply{}}, noApp}, Handle: a.get,
	}, {
		Method: "GET", Path: "/v1/apps/{app}/versions", ID: "appVersions", Summary: "List the versions of an app", Scope: Read, Params: consistency,
		Answers: []Answer{{Status: 200, Doc: "The same as the app itself.", Type: AppReply{}}, noApp}, Handle: a.get,
	}, {
		Method: "GET", Path: "/v1/apps/{app}/history", ID: "appHistory", Summary: "List what served when", Scope: Read, Params: consistency,
		Answers: []Answer{{Status: 200, Doc: "The activations.", Type: AppHistoryReply{}}}, Handle: a.history,
	}, {
		Method: "POST", Path: "/v1/apps/{app}/versions", ID: "appVersionAdd", Summary: "Make a version of an uploaded bundle", Scope: Deploy,
		Doc:  "Nodes begin to fetch, verify and compile it. It does not serve yet. A bundle that is a version of the app already keeps its number.",
		Body: &Body{Type: AppVersionRequest{}},
		Answers: []Answer{{Status: 201, Doc: "Made.", Type: AppVersionReply{}}, Refusal(403, "denied", "The cluster requires a signature by a trusted key."),
			Refusal(404, "not_found", "The bundle is not in the store.")},
		Handle: a.add,
	}, {
		Method: "POST", Path: "/v1/apps/{app}:promote", ID: "appPromote", Summary: "Let a version serve, or a share of the requests", Scope: Deploy, Wait: true,
		Doc:  "It waits until every live node is ready, then switches all of them by one committed entry.",
		Body: &Body{Type: AppPromoteRequest{}}, Answers: []Answer{changed, noApp, notReady, late}, Handle: a.promote,
	}, {
		Method: "POST", Path: "/v1/apps/{app}:activate", ID: "appActivate", Summary: "Let a version serve all requests", Scope: Deploy, Wait: true,
		Doc:  "The same as promote without a weight.",
		Body: &Body{Type: AppPromoteRequest{}}, Answers: []Answer{changed, noApp, notReady, late}, Handle: a.promote,
	}, {
		Method: "POST", Path: "/v1/apps/{app}:rollback", ID: "appRollback", Summary: "Let the version serve that served before", Scope: Deploy, Wait: true,
		Doc:  "While several versions serve, the newest one goes. Else the newest version below the present one that has served comes back.",
		Body: &Body{Type: AppRollbackRequest{}, Optional: true}, Answers: []Answer{changed, noApp, notReady, late}, Handle: a.rollback,
	}, {
		Method: "POST", Path: "/v1/apps/{app}:stop", ID: "appStop", Summary: "Let an app serve no more", Scope: Deploy, Wait: true,
		Body: &Body{Type: AppStopRequest{}, Optional: true}, Answers: []Answer{{Status: 200, Doc: "It is stopped; its versions stay.", Type: AppChangeReply{}}, noApp},
		Handle: a.stop,
	}}...)...)
}

type appAPI struct {
	apps    *raftstore.Apps
	rollout Rollout
	url     func() string
}

func percents(weights []state.Weight) []AppWeight {
	total := 0.0
	for _, w := range weights {
		total += float64(w.Weight)
	}
	list := []AppWeight{}
	for _, w := range weights {
		list = append(list, AppWeight{w.Version, 100 * float64(w.Weight) / total})
	}
	return list
}

func appTime(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

func appActivation(a *state.Activation) AppActivation {
	out := AppActivation{Serial: a.Serial, Weights: percents(a.Weights), Reason: a.Reason}
	if a.Serial != 0 {
		at := appTime(a.At)
		out.At = &at
	}
	if g := a.Guard; g != nil {
		out.Guard = &AppGuard{
			Version: g.Version, ErrorBound: float64(g.Bound) / 1e6, Window: (time.Duration(g.Window) * time.Millisecond).String(), Minimum: g.Min, Back: percents(g.Back),
		}
	}
	return out
}

func appSummary(a *state.AppInfo) AppSummary {
	return AppSummary{Name: a.Name, Newest: a.Last, Created: appTime(a.Created), Activation: appActivation(&a.Activation)}
}

func (a *appAPI) list(c *Call) error {
	level, err := c.consistency()
	if err != nil {
		return err
	}
	list, err := a.apps.List(c.Context(), level)
	if err != nil {
		return err
	}
	reply := AppListReply{Apps: []AppSummary{}}
	for i := range list {
		reply.Apps = append(reply.Apps, appSummary(&list[i]))
	}
	return c.Reply(reply)
}

func (a *appAPI) get(c *Call) error {
	level, err := c.consistency()
	if err != nil {
		return err
	}
	status, err := a.apps.Get(c.Context(), level, c.Path("app"))
	if err != nil {
		return err
	}
	reply := AppReply{AppSummary: appSummary(&status.AppInfo), Versions: []AppVersion{}}
	for i := len(status.Versions) - 1; i >= 0; i-- {
		reply.Versions = append(reply.Versions, appVersion(status, &status.Versions[i], reply.Activation.Weights))
	}
	return c.Reply(reply)
}

func appVersion(s *raftstore.AppStatus, v *state.AppVersion, weights []AppWeight) AppVersion {
	out := AppVersion{Number: v.Number, Digest: v.Digest.String(), Size: v.Size, Label: v.Label, Note: v.Note, Key: v.Key, Created: appTime(v.Created)}
	for _, w := range weights {
		if w.Version == v.Number {
			out.Percent = w.Percent
		}
	}
	for _, n := range s.Counts {
		if n.Version == v.Number {
			out.Requests, out.Failures = n.Requests, n.Errors
		}
	}
	for _, r := range s.Readiness {
		if r.Version == v.Number {
			out.Nodes = append(out.Nodes, AppNode{Node: r.Node, Ready: r.Problem == "", Problem: r.Problem})
		}
	}
	return out
}

func (a *appAPI) history(c *Call) error {
	level, err := c.consistency()
	if err != nil {
		return err
	}
	list, err := a.apps.History(c.Context(), level, c.Path("app"))
	if err != nil {
		return err
	}
	reply := AppHistoryReply{Activations: []AppActivation{}}
	for i := range list {
		reply.Activations = append(reply.Activations, appActivation(&list[i]))
	}
	return c.Reply(reply)
}

func (a *appAPI) add(c *Call) error {
	var r AppVersionRequest
	if err := c.JSON(&r); err != nil {
		return err
	}
	d, err := state.ParseDigest(r.Digest)
	if err != nil {
		return err
	}
	version, err := a.apps.Add(c.Context(), c.Path("app"), state.AppAdd{Digest: d, Label: r.Label, Note: r.Note, Key: r.Key, Signature: r.Signature})
	if err != nil {
		return err
	}
	return c.ReplyStatus(201, AppVersionReply{App: c.Path("app"), Version: version})
}

// changer is the service that changes what serves.
func (a *appAPI) changer() (Rollout, error) {
	if a.rollout == nil {
		return nil, abi.Errorf(abi.CodeUnsupported, "this node does not serve apps")
	}
	return a.rollout, nil
}

func durationOf(name, text string, limit time.Duration) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 || d > limit {
		return 0, abi.Errorf(abi.CodeInvalid, "%s %q: a duration such as 30s, up to %v, is wanted", name, text, limit)
	}
	return d, nil
}

func (a *appAPI) promote(c *Call) error {
	var r AppPromoteRequest
	if err := c.JSON(&r); err != nil {
		return err
	}
	if r.Version == 0 {
		return abi.Errorf(abi.CodeInvalid, "which version? Give its number; GET /v1/apps/%s/versions lists them", c.Path("app"))
	}
	window, err := durationOf("window", r.Window, time.Hour)
	if err != nil {
		return err
	}
	change := rollout.Change{Version: r.Version, Weight: r.Weight, Reason: r.Reason}
	if change.Wait, err = durationOf("wait", r.Wait, time.Hour); err != nil {
		return err
	}
	switch {
	case r.ErrorBound != nil:
		change.Bound = &rollout.Bound{Errors: *r.ErrorBound, Window: window, Minimum: r.Minimum}
	case window != 0 || r.Minimum != 0:
		return abi.Errorf(abi.CodeInvalid, "window and minimum are of use only together with error_bound")
	}
	to, err := a.changer()
	if err != nil {
		return err
	}
	return a.replyChange(c)(to.Promote(c.Context(), c.Path("app"), change))
}

func (a *appAPI) rollback(c *Call) error {
	var r AppRollbackRequest
	if err := c.JSON(&r); err != nil {
		return err
	}
	to, err := a.changer()
	if err != nil {
		return err
	}
	return a.replyChange(c)(to.Rollback(c.Context(), c.Path("app"), r.Version, r.Reason))
}

func (a *appAPI) stop(c *Call) error {
	var r AppStopRequest
	if err := c.JSON(&r); err != nil {
		return err
	}
	to, err := a.changer()
	if err != nil {
		return err
	}
	return a.replyChange(c)(to.Stop(c.Context(), c.Path("app"), r.Reason))
}

func (a *appAPI) replyChange(c *Call) func(*rollout.Outcome, error) error {
	return func(o *rollout.Outcome, err error) error {
		if err != nil {
			return err
		}
		r := AppChangeReply{App: c.Path("app"), Activation: appActivation(o.Activation), Switched: append([]string{}, o.Switched...), Behind: o.Behind}
		if a.url != nil {
			r.URL = a.url()
		}
		return c.Reply(r)
	}
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

func (a *appAPI) signingRoutes() []Route {
	return []Route{{
		Method: "GET", Path: "/v1/signing", ID: "signingGet", Summary: "Show who may sign bundles", Scope: Read,
		Answers: []Answer{{Status: 200, Doc: "The trusted keys.", Type: SigningReply{}}},
		Handle: func(c *Call) error {
			keys, required, err := a.apps.Trusted(c.Context(), raftstore.Linearizable)
			if err != nil {
				return err
			}
			reply := SigningReply{Required: required, Keys: []SigningKey{}}
			for _, k := range keys {
				reply.Keys = append(reply.Keys, SigningKey{k.ID, k.Name, k.Public, appTime(k.Added)})
			}
			return c.Reply(reply)
		},
	}, {
		Method: "PUT", Path: "/v1/signing", ID: "signingRequire", Summary: "Require signatures of bundles, or no longer", Scope: Admin,
		Body:    &Body{Type: SigningRequest{}},
		Answers: []Answer{{Status: 204, Doc: "It holds from now on."}, Refusal(409, "conflict", "No key is trusted yet.")},
		Handle: func(c *Call) error {
			var r SigningRequest
			if err := c.JSON(&r); err != nil {
				return err
			}
			if err := a.apps.Enforce(c.Context(), r.Required); err != nil {
				return err
			}
			return c.Empty()
		},
	}, {
		Method: "POST", Path: "/v1/signing/keys", ID: "signingTrust", Summary: "Trust a key", Scope: Admin, Body: &Body{Type: SigningKeyRequest{}},
		Answers: []Answer{{Status: 201, Doc: "Its signatures count.", Type: SigningKey{}}},
		Handle: func(c *Call) error {
			var r SigningKeyRequest
			if err := c.JSON(&r); err != nil {
				return err
			}
			if err := a.apps.Trust(c.Context(), r.Name, r.Public); err != nil {
				return err
			}
			return c.ReplyStatus(201, SigningKey{ID: state.KeyID(r.Public), Name: r.Name, Public: r.Public, Added: time.Now().UTC()})
		},
	}, {
		Method: "DELETE", Path: "/v1/signing/keys/{signer}", ID: "signingDistrust", Summary: "Trust a key no more", Scope: Admin,
		Answers: []Answer{{Status: 204, Doc: "Its signatures do not count any more."}, Refusal(404, "not_found", "It was not trusted.")},
		Handle: func(c *Call) error {
			if err := a.apps.Distrust(c.Context(), c.Path("signer")); err != nil {
				return err
			}
			return c.Empty()
		},
	}}
}
