package admin

import (
	"context"
	"iter"
	"time"

	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/state"
)

// Services are what the operations work on. Everything must be safe for concurrent use. An operation whose service is nil answers 501.
type Services struct {
	// Store is the replicated state. Required.
	Store raftstore.Access
	// Watcher tells of changes; *raftstore.Store is one.
	Watcher Watcher
	// Sessions make writes happen once.
	Sessions Sessions
	// Secrets are the apps' secrets.
	Secrets Secrets
	// Cluster is the node's part in its cluster; *raftstore.Store is one.
	Cluster Cluster
	// JoinToken makes a token with which that many nodes can join within ttl.
	JoinToken func(ctx context.Context, ttl time.Duration, uses int) (string, error)
	// Rollout changes which versions of apps serve; *rollout.Coordinator does.
	Rollout Rollout
	// Commands runs console commands of apps.
	Commands Commands
	// URL returns where the node serves apps, "" when it does not. May be nil.
	URL func() string
	// Ready returns why the node should get no traffic, or nil; the store is looked at besides. May be nil.
	Ready func() error
}

// Watcher yields the changes of keys that begin with prefix after the index from, until ctx ends. It fails with the code closed when
// such old changes are not kept any more.
type Watcher interface {
	Watch(ctx context.Context, tenant, namespace string, prefix []byte, from uint64) iter.Seq2[state.Event, error]
}

// Routes returns every operation of the API.
func Routes(s Services) []Route {
	var all []Route
	for _, some := range [][]Route{
		kvRoutes(s), cacheRoutes(s), lockRoutes(s), blobRoutes(s), usageRoutes(s), sessionRoutes(s), userSessionRoutes(s), secretRoutes(s), appRoutes(s),
		commandRoutes(s), clusterRoutes(s), tokenRoutes(s), healthRoutes(s),
	} {
		all = append(all, some...)
	}
	return append(all, documentRoute())
}

// Header fields of the API.
const (
	// SessionHeader and SequenceHeader number a write, so that it is applied once however often it is sent.
	SessionHeader  = "Stackhost-Session"
	SequenceHeader = "Stackhost-Sequence"
	// IndexHeader is the index of the log that an answer is from.
	IndexHeader = "Stackhost-Index"
)

var pathDocs = map[string]string{
	"app":     "the app's name",
	"command": "the command's name",
	"ns":      "a namespace of the app: 1 to 64 letters, digits, points, hyphens and underscores",
	"lock":    "the lock's name, percent-encoded",
	"token":   "the token's id",
	"session": "the session's id: the SHA-256 of its token, in hexadecimal digits",
	"secret":  "the secret's name",
	"sha256":  "the SHA-256 of the bundle, in 64 lower-case hexadecimal digits",
	"signer":  "the key's id",
	"key":     "the key, percent-encoded; a slash in it may be sent as it is",
}

// once are the parameters of writes that can be numbered.
var once = []Param{
	{In: Header, Name: SessionHeader, Type: "integer", Doc: "from `POST /v1/sessions`; the write is applied once, however often it is sent"},
	{In: Header, Name: SequenceHeader, Type: "integer", Doc: "the write's number in its session, rising from 1"},
}

var sessionGone = Refusal(410, "closed", "The session has expired; whether earlier writes were done is not known.")

var consistency = []Param{
	{In: Query, Name: "consistency", Type: "string", Enum: []string{"linearizable", "lease", "stale"},
		Doc: "linearizable (default): sees every write acknowledged before; " +
			"lease: the same while clocks run alike, and cheaper; stale: what this node has"},
	{In: Query, Name: "max_staleness", Type: "duration", Doc: "of a stale read: refuse when the node last heard from a leader longer ago"},
}

// listing are the parameters of lists.
var listing = []Param{
	{In: Query, Name: "prefix", Doc: "only those that begin so"},
	{In: Query, Name: "limit", Type: "integer", Doc: "most entries of the page, 1 to 1000, default 100"},
	{In: Query, Name: "page", Doc: "next of the page before"},
}

func concat(lists ...[]Param) (all []Param) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

func documentRoute() Route {
	return Route{
		Method: "GET", Path: "/v1/openapi.json", ID: "openapiGet", Summary: "This document", Scope: Public,
		Answers: []Answer{{Status: 200, Doc: "OpenAPI 3.1.", Media: "application/json"}},
		Handle: func(c *Call) error {
			c.HTTP.Response.Header.SetContentType("application/json")
			c.HTTP.Response.SetBodyRaw(c.server.document)
			return nil
		},
	}
}
