package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
)

// console is where a command reads and writes.
type console struct {
	in       io.Reader
	out, err io.Writer
	json     bool // --json: one JSON value on out, nothing else
}

// show writes value as JSON with --json, else what human prints. human may be nil where the caller has looked at json.
func (c *console) show(value any, human func(w io.Writer)) error {
	if c.json {
		e := json.NewEncoder(c.out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(value)
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	human(w)
	return w.Flush()
}

// say writes a line of progress to standard error, which stays out of what a pipe reads.
func (c *console) say(format string, args ...any) {
	fmt.Fprintf(c.err, format+"\n", args...)
}

// terminal tells whether w is a terminal that shows colours.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
