package admin

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/app"
	"github.com/stackhost/stackhost/host/dialect"
	"github.com/stackhost/stackhost/host/web"
)

// Commands runs the console commands of apps on this node; *host.Host does.
type Commands interface {
	Commands(app string) ([]*app.Command, error)
	RunCommand(ctx context.Context, app, command string, c *dialect.Command) (exit int, err error)
}

// AppCommand is a console command of an app.
type AppCommand struct {
	Name   string `json:"name"`
	Usage  string `json:"usage,omitempty" doc:"what may follow the name"`
	Help   string `json:"help,omitempty"`
	Module string `json:"module"`
}

// AppCommandList has the console commands of an app.
type AppCommandList struct {
	Commands []AppCommand `json:"commands"`
}

// CommandStart is the first line of the request that runs a command.
type CommandStart struct {
	Args    []string `json:"args,omitempty"`
	Columns uint64   `json:"columns,omitempty"`
}

// CommandEnd is the last frame of the answer: an exit code, or why there is none.
type CommandEnd struct {
	Exit  int    `json:"exit"`
	Error string `json:"error,omitempty"`
	Code  string `json:"code,omitempty"`
}

// Kinds of frames of the answer: a byte, the length of what follows in four bytes, most significant first, and that.
const (
	FrameOut  = 'o' // standard output
	FrameErr  = 'e' // standard error
	FrameBeat = 'b' // nothing, every few seconds: the command is still there
	FrameEnd  = 'x' // CommandEnd
)

// MaxFrame is the longest content of a frame.
const MaxFrame = 64 << 10

func commandRoutes(s Services) []Route {
	noCommand := Refusal(404, "not_found", "No app of that name serves here, or it has no such command.")
	return []Route{{
		Method: "GET", Path: "/v1/apps/{app}/commands", ID: "commandList", Summary: "List the console commands of an app", Scope: Read,
		Answers: []Answer{{Status: 200, Doc: "As the manifest declares them.", Type: AppCommandList{}}, noCommand},
		Handle: func(c *Call) error {
			if s.Commands == nil {
				return errNoCommands
			}
			list, err := s.Commands.Commands(c.Path("app"))
			if err != nil {
				return err
			}
			reply := AppCommandList{Commands: []AppCommand{}}
			for _, k := range list {
				reply.Commands = append(reply.Commands, AppCommand{k.Name, k.Usage, k.Help, k.Module})
			}
			return c.Reply(reply)
		},
	}, {
		Method: "POST", Path: "/v1/apps/{app}/commands/{command}", ID: "commandRun", Summary: "Run a console command of an app", Scope: Write, Data: true, Wait: true,
		Doc: "The body is a line of JSON, {\"args\": [...], \"columns\": 80}, and then the standard input. The answer comes while the command runs, in frames: a byte " +
			"(o: standard output, e: standard error, b: still there, x: the end), the length of the content in four bytes, most significant first, and the content; " +
			"that of the end is JSON with exit, or with code and error when the command did not end by itself. When the client goes away the command is stopped.",
		Body:    &Body{Media: "application/octet-stream", Doc: "The line, and the input.", Limit: 1 << 40},
		Answers: []Answer{{Status: 200, Doc: "It runs.", Media: "application/vnd.stackhost.command"}, noCommand},
		Handle:  func(c *Call) error { return runCommand(s, c) },
	}}
}

var errNoCommands = abi.Errorf(abi.CodeUnsupported, "this node serves no apps")

func runCommand(s Services, c *Call) error {
	if s.Commands == nil {
		return errNoCommands
	}
	web.AllowSlowBody(c.HTTP)
	body := bufio.NewReaderSize(c.Reader(), MaxFrame)
	line, err := body.ReadSlice('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return abi.Errorf(abi.CodeInvalid, "the body begins with a line of JSON of at most %d bytes: %v", MaxFrame, err)
	}
	var start CommandStart
	if err := json.Unmarshal(line, &start); err != nil {
		return abi.Errorf(abi.CodeInvalid, "the body begins with a line of JSON such as {\"args\": []}: %s", jsonReason(err))
	}
	name, command := c.Path("app"), c.Path("command")
	list, err := s.Commands.Commands(name)
	if err != nil {
		return err
	}
	known := false
	for _, k := range list {
		known = known || k.Name == command
	}
	if !known {
		return abi.Errorf(abi.CodeNotFound, "%s has no command %q; `stackhost run %s` lists those it has", name, command, name)
	}
	stream, err := c.Stream(200, "application/vnd.stackhost.command", -1)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(c.Context())
	defer cancel()
	f := &frames{out: stream, gone: cancel}
	beats := time.NewTicker(heartbeat)
	defer beats.Stop()
	over := make(chan struct{})
	var beating sync.WaitGroup
	beating.Go(func() {
		for {
			select {
			case <-beats.C:
				f.send(FrameBeat, nil)
			case <-over:
				return
			}
		}
	})
	defer beating.Wait()
	defer close(over)
	f.send(FrameBeat, nil) // the client sees that the command was found
	stdin := &input{from: body}
	defer stdin.end(c)
	cmd := &dialect.Command{Stdin: stdin, Stdout: frameWriter{f, FrameOut}, Stderr: frameWriter{f, FrameErr}}
	cmd.Request = abi.CommandRequest{Args: start.Args, Columns: start.Columns, ID: c.RequestID()}
	exit, err := s.Commands.RunCommand(ctx, name, command, cmd)
	end := CommandEnd{Exit: exit}
	if err != nil {
		var coded *abi.Error
		end = CommandEnd{Exit: 1, Error: err.Error(), Code: abi.CodeInternal.String()}
		if errors.As(err, &coded) {
			end.Code = coded.Code.String()
		}
	}
	text, _ := json.Marshal(end)
	f.send(FrameEnd, text)
	return nil
}

// input is the standard input of a command. A read of it may outlast the command, but not the request, whose body it is.
type input struct {
	mu   sync.Mutex
	from io.Reader // guarded by mu; nil once the command has ended
}

func (i *input) Read(p []byte) (int, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.from == nil {
		return 0, io.EOF
	}
	return i.from.Read(p)
}

// end waits until nobody reads, and ends a read that waits for the client.
func (i *input) end(c *Call) {
	if !i.mu.TryLock() {
		web.StopReading(c.HTTP)
		i.mu.Lock()
	}
	i.from = nil
	i.mu.Unlock()
}

// frames writes frames of several goroutines.
type frames struct {
	mu   sync.Mutex
	out  *web.Stream // guarded by mu
	err  error       // guarded by mu
	gone func()      // the client went away
}

func (f *frames) send(kind byte, content []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return f.err
	}
	head := binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(content)))
	_, err := f.out.Write(append(head, content...))
	if err == nil {
		err = f.out.Flush()
	}
	if err != nil {
		f.err = fmt.Errorf("the client went away: %w", err)
		f.gone()
	}
	return f.err
}

type frameWriter struct {
	f    *frames
	kind byte
}

func (w frameWriter) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		piece := p[:min(len(p), MaxFrame)]
		if err := w.f.send(w.kind, piece); err != nil {
			return n, err
		}
		n, p = n+len(piece), p[len(piece):]
	}
	return n, nil
}
