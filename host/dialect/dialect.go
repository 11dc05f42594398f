// Package dialect is the seam between the host and the ABIs that guests speak. A Dialect recognises a module from its
// binary, links it and returns a Guest; the rest of the host knows only Guests.
//
// Each dialect has a folder of its own below this one: native (ABI v1), extism, quickjs (the JavaScript engine).
package dialect

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/capability"
	"github.com/stackhost/stackhost/host/exchange"
	"github.com/stackhost/stackhost/host/runtime"
)

// Dialect is one ABI. Implementations are stateless and safe for concurrent use.
type Dialect interface {
	// Name is the word that `stackhost inspect` shows.
	Name() string
	// Detect tells whether a module speaks this dialect, from its imports and exports only.
	Detect(info *runtime.Info) bool
	// Triggers names the triggers that a module with this shape can handle: http, middleware, job, command.
	Triggers(info *runtime.Info) []string
	// Load compiles, links and boots a module. Errors name the module and say what to do.
	Load(ctx context.Context, rt *runtime.Runtime, spec Spec) (Guest, error)
}

// Spec is a module as the manifest describes it.
type Spec struct {
	App, Name    string
	Wasm         []byte
	Source       []byte // for engines: the bundled program
	SourceName   string // for engines: its file name, for messages
	SourceMap    []byte // for engines: a source map of Source, or nil
	Isolation    runtime.Isolation
	Limits       runtime.Limits
	Args         []string
	Env          map[string]string
	Dirs         []runtime.Dir
	Config       map[string]any
	Capabilities *capability.Set
	Options      map[string]any // the manifest's table for this dialect
	Log          *slog.Logger
	Development  bool
	// Peer returns another module of the app by name, as it is when called; nil when there is none that is loaded.
	Peer func(module string) Guest
}

// Guest is a loaded module. Safe for concurrent use.
type Guest interface {
	// HTTP answers x: it sets x.Ctx.Response, or streams. Errors are *runtime.Trap, *CodeError, runtime.ErrBusy and the like;
	// the host turns them into problems.
	HTTP(x *exchange.Exchange) error
	// Middleware looks at x and changes it, or answers it.
	Middleware(x *exchange.Exchange) (Verdict, error)
	// Job does a piece of background work.
	Job(ctx context.Context, job *abi.JobRequest) (*abi.JobResult, error)
	// Command runs a console command and returns its exit code.
	Command(ctx context.Context, c *Command) (exit int, err error)
	// Triggers names what the module handles.
	Triggers() []string
	// Module is the loaded module, for stats and reports.
	Module() *runtime.Module
	// Close waits for calls in flight, then frees the module.
	Close() error
}

// Command is a console command. The streams are the caller's: they are used until Command returns, and not closed.
type Command struct {
	Request        abi.CommandRequest // the dialect fills in streams, time and random bytes
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Verdict is what a middleware decided.
type Verdict int

// Verdicts.
const (
	Pass     Verdict = iota // go on to the next middleware or the handler
	Answered                // the response is set
)

// CodeError is returned when a guest answered a call with a negative code instead of a response.
type CodeError struct {
	Module, Export string
	Code           abi.Code
	Text           string // what the guest logged or said, may be empty
}

func (e *CodeError) Error() string {
	text := fmt.Sprintf("%s: %s returned code %d", e.Module, e.Export, int64(e.Code))
	if name := e.Code.String(); !strings.HasPrefix(name, "code") {
		text += " (" + name + ")"
	}
	if e.Text != "" {
		text += ": " + e.Text
	}
	return text
}

// ProtocolError is returned when a guest broke its side of the ABI: a response record outside memory, or one that cannot be
// decoded.
type ProtocolError struct {
	Module, Export, Problem string
	Err                     error
}

func (e *ProtocolError) Error() string {
	text := fmt.Sprintf("%s: %s %s", e.Module, e.Export, e.Problem)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the decoder's error.
func (e *ProtocolError) Unwrap() error { return e.Err }

// UnsupportedError is returned when a module lacks the export for a trigger that the manifest or a caller wants of it.
type UnsupportedError struct{ Module, Trigger string }

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("module %s cannot handle %s: it has no export for that trigger", e.Module, e.Trigger)
}

// Detect returns the first of dialects that recognises info.
func Detect(dialects []Dialect, info *runtime.Info) (Dialect, error) {
	for _, d := range dialects {
		if d.Detect(info) {
			return d, nil
		}
	}
	names := make([]string, len(dialects))
	for i, d := range dialects {
		names[i] = d.Name()
	}
	return nil, fmt.Errorf("the module speaks none of the dialects that this host knows (%s); a native module exports %s and stackhost_http",
		strings.Join(names, ", "), abi.ExportMarker)
}
