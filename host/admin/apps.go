package admin

import (
	"context"
	"time"

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
	}, {
		Method: "DELETE", Path: "/v1/apps/{app}", ID: "appRemove", Summary: "Forget an app that does not serve", Scope: Deploy,
		Doc:     "Its versions and their history go. Its keys, blobs, secrets and the like stay, for when it comes again.",
		Answers: []Answer{{Status: 204, Doc: "It is forgotten."}, noApp, Refusal(409, "conflict", "It serves: stop it first.")},
		Handle: func(c *Call) error {
			if err := a.apps.Remove(c.Context(), c.Path("app")); err != nil {
				return err
			}
			return c.Empty()
		},
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
