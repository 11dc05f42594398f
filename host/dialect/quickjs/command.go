package quickjs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/stackhost/stackhost/host/dialect"
	"github.com/stackhost/stackhost/host/runtime"
)

// Command runs a command of the program's. What it throws goes to standard error, and with its stack to the records; the exit
// code is 1 then.
func (g *guest) Command(ctx context.Context, cmd *dialect.Command) (exit int, err error) {
	if err := g.handles("command"); err != nil {
		return 0, err
	}
	in, err := g.module.Acquire(ctx)
	if err != nil {
		return 0, err
	}
	deadline, _ := ctx.Deadline()
	in.Begin(ctx, deadline)
	c := g.begin(in, nil)
	defer c.end()
	if err := dialect.StampCommand(cmd, c.s, in.Deadline(), &c.seed); err != nil {
		return 0, err
	}
	c.command, c.timeout, c.micros = &cmd.Request, int64(cmd.Request.TimeoutMs), int64(cmd.Request.TimeUs)
	v, err := c.checked("command", func() (uint64, error) { return c.outer().apply(c.e.command) })
	if err == nil {
		v, err = c.settle("command", v)
	}
	if text, ok := exceptionText(err); ok {
		g.spec.Log.Error("command failed", "command", cmd.Request.Name, "run", cmd.Request.ID, "error", err)
		fmt.Fprintf(cmd.Stderr, "%s: %s\n", cmd.Request.Name, text) // when nobody reads it, the exit code still tells
		return 1, nil
	}
	if err != nil {
		return 0, err
	}
	if !isString(v) {
		return 0, g.protocol("command", "answered no exit code")
	}
	text, err := c.outer().str(v)
	if err != nil {
		return 0, err
	}
	if exit, err = strconv.Atoi(text); err != nil || exit < 0 || exit > 255 {
		return 0, g.protocol("command", "answered no exit code")
	}
	return exit, nil
}

// exceptionText returns what a program threw, for the person at the console; false for every other error.
func exceptionText(err error) (string, bool) {
	var trap *runtime.Trap
	if errors.As(err, &trap) && trap.Kind == runtime.TrapException {
		return strings.TrimPrefix(trap.Message, "Error: "), true
	}
	var code *dialect.CodeError
	if errors.As(err, &code) {
		return cmp.Or(code.Text, code.Code.String()), true
	}
	return "", false
}
