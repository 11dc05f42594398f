package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host"
)

func newCall(c *console) *cobra.Command {
	var payload, file, name string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "call APP MODULE",
		Short: "Let a module do one job and print its result",
		Long: `call loads an app, hands one job to a module and writes the job's result to standard output. The payload comes from
--payload, from a file, or from standard input with --file -.`,
		Example: "  stackhost call shop invoices --name monthly --payload '{\"month\": 5}'",
		Args:    exactly(2, "an app folder and the name of a module"),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := loadApp(c, args[0])
			if err != nil {
				return err
			}
			if err := buildStale(cmd.Context(), c, a); err != nil {
				return err
			}
			if a.Module(args[1]) == nil {
				return usageError{fmt.Errorf("the app has no module %q", args[1])}
			}
			job := &abi.JobRequest{ID: "call-" + strconv.FormatInt(time.Now().UnixNano(), 36), Name: name, Payload: []byte(payload)}
			switch file {
			case "":
			case "-":
				job.Payload, err = io.ReadAll(c.in)
			default:
				job.Payload, err = os.ReadFile(file)
			}
			if err != nil {
				return err
			}
			return withApp(cmd.Context(), a, func(h *host.Host) error {
				guest := h.Guest(args[1])
				if guest == nil {
					return h.Missing()[args[1]]
				}
				ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
				defer cancel()
				result, err := guest.Job(ctx, job)
				if err != nil {
					return err
				}
				if c.json {
					return c.show(map[string]any{"id": job.ID, "result": result.Result}, nil)
				}
				_, err = c.out.Write(result.Result)
				return err
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&payload, "payload", "", "the job's input")
	f.StringVar(&file, "file", "", "file with the job's input, - for standard input")
	f.StringVar(&name, "name", "", "what kind of work it is")
	f.DurationVar(&timeout, "timeout", time.Minute, "longest time for the job")
	return cmd
}
