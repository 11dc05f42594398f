package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/stackhost/stackhost/host/admin"
	"golang.org/x/sys/unix"
)

func newRun(c *console) *cobra.Command {
	var f remoteFlags
	cmd := &cobra.Command{
		Use:   "run APP [COMMAND [ARGUMENT...]]",
		Short: "Run a console command of an app",
		Long: `run runs a command that a module of the app answers, on the node that it talks to, with this terminal's input and output.
It ends with the command's exit code. Without a command it lists those that there are. What follows the command's name is
the command's, flags included; flags of run itself come before the app.

Ctrl-C, or a lost connection, stops the command.`,
		Example: "  stackhost run shop\n  stackhost run shop import --dry-run products.csv < products.csv\n" +
			"  stackhost run --to http://10.0.0.1:9440 shop migrate",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{fmt.Errorf("%s takes the name of an app, or . for that of the working folder; see `%s --help`", cmd.CommandPath(), cmd.CommandPath())}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			name := args[0]
			if name == "." {
				var err error
				if name, err = f.appName(); err != nil {
					return err
				}
			}
			r, err := f.connect()
			if err != nil {
				return err
			}
			if len(args) == 1 {
				return listCommands(cmd.Context(), c, r, name)
			}
			return runCommand(cmd.Context(), c, r, name, args[1], args[2:])
		},
	}
	f.add(cmd, false)
	cmd.Flags().SetInterspersed(false)
	return cmd
}

func listCommands(ctx context.Context, c *console, r *remote, name string) error {
	var list admin.AppCommandList
	if err := r.json(ctx, call{method: "GET", path: "/v1/apps" + segment(name) + "/commands"}, &list); err != nil {
		return err
	}
	return c.show(list.Commands, func(w io.Writer) {
		if len(list.Commands) == 0 {
			fmt.Fprintf(w, "%s has no commands; [[commands]] in its manifest declares them\n", name)
			return
		}
		fmt.Fprintln(w, "COMMAND\tWHAT IT DOES")
		for _, k := range list.Commands {
			fmt.Fprintf(w, "%s\t%s\n", strings.TrimSpace(k.Name+" "+k.Usage), k.Help)
		}
	})
}

func runCommand(ctx context.Context, c *console, r *remote, name, command string, args []string) error {
	line, err := json.Marshal(admin.CommandStart{Args: args, Columns: columns(c.err)})
	if err != nil {
		return err
	}
	resp, err := r.do(ctx, call{
		method: "POST", path: "/v1/apps" + segment(name) + "/commands" + segment(command), long: true,
		stream: io.MultiReader(strings.NewReader(string(line)+"\n"), c.in), length: -1,
	})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	end, err := c.frames(bufio.NewReader(resp.Body))
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return fmt.Errorf("the connection broke while %s ran, which stops it: %w", command, err)
	case end.Error != "":
		return errors.New(end.Error)
	case end.Exit != 0:
		return exitError(end.Exit)
	}
	return nil
}

// frames writes what a command writes, until its end.
func (c *console) frames(from io.Reader) (end admin.CommandEnd, err error) {
	for {
		var head [5]byte
		if _, err := io.ReadFull(from, head[:]); err != nil {
			return end, err
		}
		n := binary.BigEndian.Uint32(head[1:])
		if n > admin.MaxFrame {
			return end, fmt.Errorf("a frame of %d bytes", n)
		}
		content := make([]byte, n)
		if _, err := io.ReadFull(from, content); err != nil {
			return end, err
		}
		switch head[0] {
		case admin.FrameOut:
			_, err = c.out.Write(content)
		case admin.FrameErr:
			_, err = c.err.Write(content)
		case admin.FrameEnd:
			return end, json.Unmarshal(content, &end)
		}
		if err != nil {
			return end, err
		}
	}
}

// columns is the width of the terminal that w is, or 0.
func columns(w io.Writer) uint64 {
	file, ok := w.(*os.File)
	if !ok {
		return 0
	}
	size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return uint64(size.Col)
}
