package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/stackhost/stackhost/host/admin"
)

func newLock(c *console) *cobra.Command {
	var f remoteFlags
	cmd := &cobra.Command{
		Use:   "lock",
		Short: "Take and give up locks of an app",
		Long: `lock works on the replicated locks of an app, through the admin API of a running stackhost. A lock is a lease: it ends by
itself when it is not renewed. Each lease has a fencing token above those of all earlier ones.`,
	}
	f.add(cmd, true)
	cmd.AddCommand(lockAcquire(c, &f), lockRelease(c, &f), lockShow(c, &f), lockRun(c, &f))
	return cmd
}

// lockFlags are those of commands that take a lock.
type lockFlags struct {
	owner     string
	ttl, wait time.Duration
}

func (l *lockFlags) add(cmd *cobra.Command, ttl, wait time.Duration) {
	flags := cmd.Flags()
	flags.StringVar(&l.owner, "owner", "", "id of who takes it (default: one for this process)")
	flags.DurationVar(&l.ttl, "ttl", ttl, "length of the lease")
	flags.DurationVar(&l.wait, "wait", wait, "how long to wait for it")
}

func (l *lockFlags) id() string {
	if l.owner == "" {
		host, _ := os.Hostname()
		l.owner = fmt.Sprintf("%s-%d-%d", host, os.Getpid(), time.Now().UnixNano())
	}
	return l.owner
}

// maxAsk is how long one request waits in line; waiting longer is several requests, which keep their place.
const maxAsk = 10 * time.Second

// acquire takes the lock, waiting as long as the flags say.
func (l *lockFlags) acquire(ctx context.Context, r *remote, path string) (lease admin.LockLease, err error) {
	until := time.Now().Add(l.wait)
	for {
		ask := admin.LockRequest{Owner: l.id(), TTL: l.ttl.String()}
		if left := min(time.Until(until), maxAsk); left > 0 {
			ask.Wait = left.Round(time.Millisecond).String()
		}
		err := r.post(ctx, call{path: path, repeatable: true}, ask, &lease)
		if err == nil || !refused(err, "conflict") || time.Until(until) <= 0 {
			return lease, err
		}
	}
}

func lockAcquire(c *console, f *remoteFlags) *cobra.Command {
	var l lockFlags
	cmd := &cobra.Command{
		Use: "acquire NAMESPACE NAME", Short: "Take a lock",
		Long:    "acquire prints the owner and the fencing token, which release takes. A lock that others hold is an error after --wait.",
		Example: "  stackhost lock acquire jobs nightly --ttl 5m --wait 1m --app shop",
		Args:    exactly(2, "a namespace and the lock's name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, path, err := f.appCall("lock", args[0], args[1])
			if err != nil {
				return err
			}
			lease, err := l.acquire(cmd.Context(), r, path)
			if err != nil {
				return err
			}
			return c.show(lease, func(w io.Writer) {
				fmt.Fprintf(w, "owner\t%s\nfence\t%d\nexpires\t%s\n", lease.Owner, lease.Fence, lease.Expires.Format(time.RFC3339))
			})
		},
	}
	l.add(cmd, 30*time.Second, 0)
	return cmd
}

func lockRelease(c *console, f *remoteFlags) *cobra.Command {
	var owner string
	var fence uint64
	cmd := &cobra.Command{
		Use: "release NAMESPACE NAME", Short: "Give up a lock",
		Long:    "release ends the lease of an owner. Without --fence it ends whatever the owner has, a place in the line too.",
		Example: "  stackhost lock release jobs nightly --owner me --app shop",
		Args:    exactly(2, "a namespace and the lock's name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if owner == "" {
				return usageError{errors.New("whose lease? Give --owner, which `stackhost lock acquire` and `lock show` print")}
			}
			r, path, err := f.appCall("lock", args[0], args[1])
			if err != nil {
				return err
			}
			q := url.Values{"owner": {owner}, "fence": {strconv.FormatUint(fence, 10)}}
			return c.done(cmd, r, call{method: "DELETE", path: path, query: q}, "released")
		},
	}
	cmd.Flags().StringVar(&owner, "owner", "", "who holds it")
	cmd.Flags().Uint64Var(&fence, "fence", 0, "the lease's fencing token")
	return cmd
}

func lockShow(c *console, f *remoteFlags) *cobra.Command {
	return &cobra.Command{
		Use: "show NAMESPACE [NAME]", Short: "Show who holds a lock, or all locks",
		Long: "show prints the holder of a lock, or all locks of a namespace that are held.", Example: "  stackhost lock show jobs --app shop",
		Args: arguments(1, 2, "a namespace and the lock's name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, path, err := f.appCall(append([]string{"lock"}, args...)...)
			if err != nil {
				return err
			}
			locks := []admin.LockState{}
			if len(args) == 2 {
				var one admin.LockState
				if err := r.json(cmd.Context(), call{method: "GET", path: path}, &one); err != nil {
					return err
				}
				locks = append(locks, one)
			} else {
				q := url.Values{"limit": {"1000"}}
				for more := true; more; more = q.Get("page") != "" {
					var page admin.LockPage
					if err := r.json(cmd.Context(), call{method: "GET", path: path, query: q}, &page); err != nil {
						return err
					}
					locks = append(locks, page.Locks...)
					q.Set("page", page.Next)
				}
			}
			return c.show(locks, func(w io.Writer) {
				fmt.Fprintln(w, "NAME\tOWNER\tFENCE\tEXPIRES\tWAITING")
				for _, l := range locks {
					fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%d\n", l.Name, l.Owner, l.Fence, l.Expires.Format(time.RFC3339), l.Waiters)
				}
			})
		},
	}
}

func lockRun(c *console, f *remoteFlags) *cobra.Command {
	var l lockFlags
	cmd := &cobra.Command{
		Use: "run NAMESPACE NAME -- COMMAND [ARGUMENT...]", Short: "Run a command while holding a lock",
		Long: `run takes the lock, runs the command, renews the lease while it runs, and gives the lock up. The command finds the fencing
token in STACKHOST_LOCK_FENCE. When the lease is lost the command is killed. run ends with the command's exit code.`,
		Example: "  stackhost lock run jobs nightly --wait 10m --app shop -- ./nightly.sh",
		Args: func(cmd *cobra.Command, args []string) error {
			if cmd.ArgsLenAtDash() != 2 || len(args) < 3 {
				return usageError{fmt.Errorf("%s takes a namespace, the lock's name and, after --, a command; see `%s --help`",
					cmd.CommandPath(), cmd.CommandPath())}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			r, path, err := f.appCall("lock", args[0], args[1])
			if err != nil {
				return err
			}
			lease, err := l.acquire(cmd.Context(), r, path)
			if err != nil {
				return err
			}
			defer func() {
				ctx, cancel := context.WithTimeout(context.WithoutCancel(cmd.Context()), 5*time.Second)
				defer cancel()
				q := url.Values{"owner": {lease.Owner}, "fence": {strconv.FormatUint(lease.Fence, 10)}}
				if err := r.json(ctx, call{method: "DELETE", path: path, query: q, repeatable: true}, nil); err != nil && !refused(err, "not_found") {
					c.say("the lock was not given up and ends by itself at %s: %v", lease.Expires.Format(time.TimeOnly), err)
				}
			}()
			return l.run(cmd.Context(), c, r, path, lease, args[2:])
		},
	}
	l.add(cmd, 30*time.Second, time.Minute)
	return cmd
}

// exitError ends the process with the exit code of a command that it ran.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("the command ended with exit code %d", int(e)) }

// run runs the command and renews the lease a few times in each of its lengths.
func (l *lockFlags) run(ctx context.Context, c *console, r *remote, path string, lease admin.LockLease, command []string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p := exec.CommandContext(ctx, command[0], command[1:]...)
	p.Stdin, p.Stdout, p.Stderr = c.in, c.out, c.err
	p.Env = append(os.Environ(), fmt.Sprintf("STACKHOST_LOCK_FENCE=%d", lease.Fence))
	if err := p.Start(); err != nil {
		return err
	}
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		sure := time.Now().Add(l.ttl * 9 / 10) // the lease began a little before its answer came
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(l.ttl / 3):
			}
			asked := time.Now()
			within, stop := context.WithDeadline(ctx, sure)
			err := r.post(within, call{path: path, repeatable: true}, admin.LockRequest{Owner: lease.Owner, Fence: lease.Fence, TTL: l.ttl.String()}, nil)
			stop()
			switch {
			case err == nil:
				sure = asked.Add(l.ttl)
			case ctx.Err() != nil:
				return
			case refused(err, "conflict") || time.Now().After(sure):
				cancel(fmt.Errorf("the lock was lost, so the command was killed: %w", err))
				return
			}
		}
	}()
	err := p.Wait()
	cause := context.Cause(ctx)
	cancel(nil)
	<-renewed
	var exit *exec.ExitError
	switch {
	case cause != nil:
		return cause
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		return exitError(exit.ExitCode())
	}
	return err
}
