package host

import (
	"context"
	"slices"
	"strings"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/app"
	"github.com/stackhost/stackhost/host/dialect"
	"github.com/stackhost/stackhost/host/web"
)

// Commands returns the console commands of an app that serves; abi.CodeNotFound when there is none of that name.
func (h *Host) Commands(name string) ([]*app.Command, error) {
	d, leave, err := h.enterApp(name)
	if err != nil {
		return nil, err
	}
	defer leave()
	return d.app.Commands, nil
}

// RunCommand runs a console command of an app that serves, by its newest version, and returns the exit code. Errors are those of the
// module (see dialect.Guest), and abi.CodeNotFound for an app or a command that there is not. It ends with ctx, or when the command's
// time is over.
func (h *Host) RunCommand(ctx context.Context, name, command string, c *dialect.Command) (exit int, err error) {
	d, leave, err := h.enterApp(name)
	if err != nil {
		return 0, err
	}
	defer leave()
	known := d.app.Command(command)
	if known == nil {
		return 0, abi.Errorf(abi.CodeNotFound, "%s has no command %q; it has %s", name, command, commandNames(d.app))
	}
	l := d.guests[known.Module]
	if l.err != nil {
		return 0, l.err
	}
	ctx, cancel := context.WithTimeout(ctx, known.Time)
	defer cancel()
	c.Request.Name = command
	if c.Request.ID == "" {
		c.Request.ID = web.NewID()
	}
	exit, err = l.guest.Command(ctx, c)
	h.log.Info("command ran", "app", name, "command", command, "run", c.Request.ID, "exit", exit, "error", err)
	return exit, err
}

func commandNames(a *app.App) string {
	if len(a.Commands) == 0 {
		return "none: a module that answers commands is named in [[commands]] of the manifest"
	}
	var names []string
	for _, c := range a.Commands {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// enterApp keeps the newest version of an app that serves from being closed, until leave.
func (h *Host) enterApp(name string) (d *deployment, leave func(), err error) {
	for {
		var found *deployment
		if s := h.serving.Load(); s != nil {
			for _, a := range s.apps {
				if a.name == name {
					found = a.shares[0].d
				}
			}
		}
		if found == nil {
			return nil, nil, abi.Errorf(abi.CodeNotFound, "no app %q serves here; `stackhost apps` lists those that were deployed", name)
		}
		at := &found.slots[0]
		if found.enter(at) {
			return found, func() { found.leave(at) }, nil
		}
	}
}
