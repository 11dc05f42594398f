// Package command makes a module answer console commands, which people run with `stackhost run APP NAME`. Importing it adds the command
// trigger to the module:
//
//	func init() {
//		command.Handle("import", func(c *command.Context) error {
//			bar := c.Progress("products", len(c.Args))
//			for _, file := range c.Args {
//				if err := load(file); err != nil {
//					return err
//				}
//				bar.Add(1)
//			}
//			return bar.Finish()
//		})
//	}
//
// The manifest names the commands in [[commands]].
package command

import (
	"errors"
	"fmt"
	"io"
	"time"

	stackhost "github.com/stackhost/stackhost/sdk/go"
	"github.com/stackhost/stackhost/sdk/go/internal/bridge"
	"github.com/stackhost/stackhost/sdk/go/internal/host"
	"github.com/stackhost/stackhost/sdk/go/internal/wire"
)

// Context is one run of a command. It is valid until the handler returns.
type Context struct {
	Name    string
	Args    []string      // what was written after the name
	Stdin   io.Reader     // ends with the caller's input
	Stdout  io.Writer     // what is written arrives at once
	Stderr  io.Writer     // for messages and progress
	Columns int           // width of the terminal that shows Stderr; 0 when it is none
	ID      string        // of this run, also in the host's records
	Timeout time.Duration // left for it
	Time    time.Time     // when the host handed it over
}

// Handler runs a command. nil is exit code 0 and an Exit its number; any other error is written to Stderr and makes it 1.
type Handler func(c *Context) error

// Exit is an error that ends a command with that exit code, 0 to 255, and writes nothing.
type Exit uint8

// Error names the code.
func (e Exit) Error() string { return fmt.Sprintf("exit code %d", uint8(e)) }

const unknownCommand = 127 // as shells have it

var handlers = map[string]Handler{}

// Handle registers the handler of the command called name. Twice the same name panics, which refuses the module when it boots.
func Handle(name string, h Handler) {
	if _, twice := handlers[name]; twice {
		panic("stackhost: two handlers for command " + name)
	}
	handlers[name] = h
}

// serve runs a command record. It returns the result record, nil for exit code 0, or a code.
func serve(record []byte) ([]byte, int64) {
	var rec wire.CommandRequest
	if rec.Decode(record) != nil {
		return nil, int64(stackhost.CodeInvalid)
	}
	bridge.Start(rec.Random, rec.TimeUs)
	out := &output{stream: uint32(rec.Stdout)}
	exit := run(&Context{
		Name: rec.Name, Args: rec.Args, Stdin: &input{stream: uint32(rec.Stdin)}, Stdout: out, Stderr: &output{stream: uint32(rec.Stderr)},
		Columns: int(rec.Columns), ID: rec.ID, Timeout: time.Duration(rec.TimeoutMs) * time.Millisecond, Time: time.UnixMicro(int64(rec.TimeUs)),
	}, out)
	if exit == 0 {
		return nil, 0
	}
	return (&wire.CommandResult{Exit: uint64(exit)}).Append(nil), 0
}

func run(c *Context, out *output) Exit {
	h := handlers[c.Name]
	if h == nil {
		fmt.Fprintf(c.Stderr, "%s: this module has no such command\n", c.Name)
		return unknownCommand
	}
	err := h(c)
	if err == nil && out != nil {
		err = out.failed // the handler did not look
	}
	var exit Exit
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit
	}
	fmt.Fprintf(c.Stderr, "%s: %v\n", c.Name, err)
	return 1
}

type input struct {
	stream uint32
	over   bool
}

func (r *input) Read(p []byte) (int, error) {
	if r.over {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	n := host.CoreRead(r.stream, p)
	if n < 0 {
		return 0, bridge.HostError(n)
	}
	if n == 0 {
		r.over = true
		return 0, io.EOF
	}
	return int(n), nil
}

type output struct {
	stream uint32
	failed error
}

func (w *output) Write(p []byte) (int, error) {
	if w.failed != nil || len(p) == 0 {
		return 0, w.failed
	}
	if n := host.CoreWrite(w.stream, p); n < 0 {
		w.failed = bridge.HostError(n)
		return 0, w.failed
	}
	return len(p), nil
}

func init() { bridge.Command = serve }
