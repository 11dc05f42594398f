package dialect

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	mathrand "math/rand/v2"
	"sync"
	"time"
	"unsafe"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/exchange"
)

// Seeder gives each call its unpredictable bytes. One goroutine at a time; take it from a pool with Seed.
type seeder struct {
	source *mathrand.ChaCha8
	left   int
}

// reseedAfter bounds how many calls share one seed of the generator; ChaCha8 itself erases its past state as it goes.
const reseedAfter = 1 << 16

var seeders = sync.Pool{New: func() any { return new(seeder) }}

// Seed fills dst with bytes that no other call gets: ChaCha8 keyed from the operating system.
func Seed(dst *[abi.LimitRandomBytes]byte) {
	s := seeders.Get().(*seeder)
	if s.left == 0 {
		var key [32]byte
		rand.Read(key[:]) // never fails (crypto/rand)
		s.source, s.left = mathrand.NewChaCha8(key), reseedAfter
	}
	s.left--
	binary.LittleEndian.PutUint64(dst[:8], s.source.Uint64())
	binary.LittleEndian.PutUint64(dst[8:], s.source.Uint64())
	seeders.Put(s)
}

// HTTPRequest fills r from x. Its slices belong to x. bodyStream is the handle under which the guest reads a body that does
// not travel inside the record.
func HTTPRequest(r *abi.HTTPRequest, x *exchange.Exchange, bodyStream uint64, seed *[abi.LimitRandomBytes]byte) {
	now := time.Now()
	r.Method = view(x.Ctx.Method())
	r.Path = view(x.Path)
	r.Query = view(x.Query)
	r.Scheme = x.Scheme
	r.Host = view(x.Ctx.Host())
	r.Headers = x.Headers()
	r.Params = r.Params[:0]
	for _, p := range x.Params {
		r.Params = append(r.Params, abi.Pair{Name: p.Name, Value: p.Value})
	}
	r.Body, r.BodyStream, r.BodyLength = x.Body, bodyStream, x.BodyLength
	r.Remote = x.Remote
	r.ID = x.ID
	r.Traceparent = x.TraceParent
	r.Route = x.Route
	r.TimeoutMs = uint64(max(0, x.Deadline.Sub(now).Milliseconds()))
	r.TimeUs = uint64(now.UnixMicro())
	Seed(seed)
	r.Random = seed[:]
}

// view is b as a string without a copy, for a record that is encoded before b changes.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// Background is the context of calls whose only bound is their deadline.
var Background = context.Background()
