// Command stackhost runs web applications written in any language that compiles to WebAssembly.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Exit codes, the same for every command.
const (
	exitOK      = 0
	exitFailure = 1 // the command did its work and the answer is no: a check failed, a build broke
	exitUsage   = 2 // the command line, the config file or the environment is wrong
)

// usageError marks an error that better words on the command line would avoid.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// errReported ends a command whose output already says what is wrong.
var errReported = errors.New("reported")

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot(&console{in: stdin, out: stdout, err: stderr})
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var usage usageError
	var exit exitError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errReported):
		return exitFailure
	case errors.As(err, &exit):
		return int(exit)
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "stackhost: %v\n", err)
		return exitUsage
	}
	fmt.Fprintf(stderr, "stackhost: %v\n", err)
	return exitFailure
}
