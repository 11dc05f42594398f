// Package job makes a module do background work. Importing it adds the job trigger to the module:
//
//	func init() {
//		job.Handle("resize", func(j *job.Request) ([]byte, error) {
//			return resize(j.Payload)
//		})
//	}
package job

import (
	"time"

	stackhost "github.com/stackhost/stackhost/sdk/go"
	"github.com/stackhost/stackhost/sdk/go/internal/bridge"
	"github.com/stackhost/stackhost/sdk/go/internal/wire"
)

// Request is a piece of work. Its strings and bytes are valid until the handler returns.
type Request struct {
	ID      string        // the same in every attempt
	Name    string        // what kind of work it is
	Payload []byte        // the work's input
	Attempt int           // 1 for the first
	Timeout time.Duration // left for this attempt
	Time    time.Time     // when the host handed it over
}

// Handler does a piece of work and returns its result, which may be nil. An *stackhost.Error is reported with its code, any
// other error with stackhost.CodeGuest and a log record.
type Handler func(r *Request) (result []byte, err error)

var (
	handlers = map[string]Handler{}
	rest     Handler
)

// Handle registers a handler for jobs called name. Twice the same name panics, which refuses the module when it boots.
func Handle(name string, h Handler) {
	if _, twice := handlers[name]; twice {
		panic("stackhost: two handlers for job " + name)
	}
	handlers[name] = h
}

// HandleRest registers the handler for jobs whose name has none. Without it they are answered with CodeNotFound.
func HandleRest(h Handler) { rest = h }

// serve runs a job record. It returns the result record, nil when there is no result, or a code.
func serve(record []byte) ([]byte, int64) {
	var rec wire.JobRequest
	if rec.Decode(record) != nil {
		return nil, int64(stackhost.CodeInvalid)
	}
	bridge.Start(rec.Random, rec.TimeUs)
	h := handlers[rec.Name]
	if h == nil {
		h = rest
	}
	if h == nil {
		return nil, int64(stackhost.CodeNotFound)
	}
	result, err := h(&Request{
		ID: rec.ID, Name: rec.Name, Payload: rec.Payload, Attempt: int(rec.Attempt),
		Timeout: time.Duration(rec.TimeoutMs) * time.Millisecond, Time: time.UnixMicro(int64(rec.TimeUs)),
	})
	if err != nil {
		return nil, bridge.Failed("job "+rec.Name, err)
	}
	if len(result) == 0 {
		return nil, 0
	}
	return (&wire.JobResult{Result: result}).Append(make([]byte, 0, len(result)+16)), 0
}

func init() { bridge.Job = serve }
