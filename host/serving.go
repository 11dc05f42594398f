package host

import (
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/stackhost/stackhost/host/app"
	"github.com/stackhost/stackhost/router"
	"github.com/valyala/fasthttp"
)

// Share and Count are those of package app.
type (
	Share = app.Share
	Count = app.Count
)

// serving is what requests find. It is never changed, only replaced whole.
type serving struct {
	apps []*served
	// routes says which of several apps has the route that fits best; the values are *served. It is nil when there is one app.
	routes *router.Table
}

// compile makes routes.
func (s *serving) compile() error {
	if len(s.apps) < 2 {
		return nil
	}
	var routes []router.Route
	for _, a := range s.apps {
		have := map[string]bool{}
		for _, sh := range a.shares {
			for _, r := range sh.d.table.Routes() {
				if !have[r.Pattern] {
					have[r.Pattern] = true
					r.Value = a
					routes = append(routes, r)
				}
			}
		}
	}
	table, err := router.Compile(routes)
	s.routes = table
	return err
}

// served is an app with the versions that serve.
type served struct {
	name   string
	serial uint64 // of the activation; 0 for the app of a folder
	shares []*share
	total  uint64 // of the weights
}

// share is a version that serves.
type share struct {
	d                  *deployment
	weight             uint32
	until              uint64 // weights up to and with this one's
	requests, failures atomic.Uint64
}

// newServed orders shares by version, newest first: when a new version's weight grows, clients that have it keep it.
func newServed(name string, serial uint64, shares []*share) *served {
	a := &served{name: name, serial: serial, shares: shares}
	slices.SortFunc(a.shares, func(x, y *share) int { return int(min(max(int64(y.d.version)-int64(x.d.version), -1), 1)) })
	for _, s := range a.shares {
		a.total += uint64(s.weight)
		s.until = a.total
	}
	return a
}

// CanaryCookie holds which part of the clients a client belongs to, a number below 10000, while several versions of an app serve.
// Clients without it, which pages in browsers get it from, belong to the part of their connection.
const CanaryCookie = "stackhost-canary"

const canaryParts = 10000

// choose returns the share that serves ctx's client.
func (a *served) choose(ctx *fasthttp.RequestCtx) *share {
	if len(a.shares) == 1 {
		return a.shares[0]
	}
	part, _ := canaryPart(ctx)
	at := part * a.total / canaryParts
	for _, s := range a.shares {
		if at < s.until {
			return s
		}
	}
	return a.shares[len(a.shares)-1]
}

func canaryPart(ctx *fasthttp.RequestCtx) (part uint64, told bool) {
	if v := ctx.Request.Header.Cookie(CanaryCookie); len(v) > 0 {
		if n, err := strconv.ParseUint(view(v), 10, 16); err == nil && n < canaryParts {
			return n, true
		}
	}
	hash := uint64(14695981039346656037) // FNV-1a
	add := func(b byte) { hash = (hash ^ uint64(b)) * 1099511628211 }
	switch addr := ctx.RemoteAddr().(type) {
	case *net.TCPAddr:
		for _, b := range addr.IP {
			add(b)
		}
		add(byte(addr.Port))
		add(byte(addr.Port >> 8))
	default:
		for _, b := range []byte(addr.String()) {
			add(b)
		}
	}
	hash ^= hash >> 32 // the last bytes have not reached all digits yet
	hash *= 0xd6e8feb86659fd93
	return (hash >> 32) * canaryParts / (math.MaxUint32 + 1), false
}

// keepCanary lets a browser that is given a page stay with the version it got, whatever connections it opens.
func (a *served) keepCanary(ctx *fasthttp.RequestCtx, later func(name, value []byte)) {
	part, told := canaryPart(ctx)
	if !told && strings.Contains(view(ctx.Request.Header.Peek("Accept")), "text/html") {
		later([]byte("Set-Cookie"), []byte(CanaryCookie+"="+strconv.FormatUint(part, 10)+"; Path=/; HttpOnly; SameSite=Lax"))
	}
}

// match finds the app and version that serve ctx.
func (s *serving) match(ctx *fasthttp.RequestCtx, params *router.Params) (*served, *share, router.Match) {
	method, host, path := view(ctx.Method()), view(ctx.Host()), view(ctx.URI().PathOriginal())
	in := func(a *served) (*served, *share, router.Match) {
		chosen := a.choose(ctx)
		return a, chosen, chosen.d.table.Match(method, host, path, params)
	}
	if len(s.apps) == 1 {
		return in(s.apps[0])
	}
	if m := s.routes.Match(method, host, path, params); m.Outcome == router.Found {
		return in(m.Route.Value.(*served))
	}
	for _, a := range s.apps { // no route: perhaps one with another method or a slash more
		if a, chosen, m := in(a); m.Outcome != router.NotFound {
			return a, chosen, m
		}
	}
	return in(s.apps[0])
}

// slots spreads the count of the requests inside a deployment over cache lines.
const slots = 8

type slot struct {
	inside atomic.Int64
	_      [56]byte
}

// enter counts a request in, unless the deployment is on its way out: then what serves now has to be looked up again.
func (d *deployment) enter(s *slot) bool {
	s.inside.Add(1)
	if d.retired.Load() {
		d.leave(s)
		return false
	}
	return true
}

func (d *deployment) leave(s *slot) {
	if s.inside.Add(-1) == 0 && d.retired.Load() {
		select {
		case d.left <- struct{}{}:
		default:
		}
	}
}

// drain waits until no request is inside and keeps others out.
func (d *deployment) drain() {
	d.retired.Store(true)
	// Whoever enters from now on sees that it is retired. A slot that was seen empty once stays without requests.
	for i := range d.slots {
		for d.slots[i].inside.Load() > 0 {
			<-d.left
		}
	}
}
