package quickjs_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/dialect"
)

type ran struct {
	exit           int
	stdout, stderr string
}

// runCommand runs a command line on a terminal of some width, 0 for none.
func runCommand(t *testing.T, g dialect.Guest, line, stdin string, columns uint64) ran {
	t.Helper()
	var out, err bytes.Buffer
	words := strings.Fields(line)
	c := &dialect.Command{Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &err}
	c.Request = abi.CommandRequest{Name: words[0], Args: words[1:], Columns: columns, ID: "run-1"}
	exit, failed := g.Command(t.Context(), c)
	if failed != nil {
		t.Fatalf("%s: %v", line, failed)
	}
	return ran{exit, out.String(), err.String()}
}

func TestCommandGuest(t *testing.T) {
	g, err := load(t, "../../../conformance/guests/js/command.ts", options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := g.Triggers(); !slices.Equal(got, []string{"command"}) {
		t.Errorf("got triggers %v", got)
	}
	const rows = "n  square\n1  1\n2  4\n3  9\n"
	long := strings.Repeat("0123456789", 20_000)
	for _, tt := range []struct {
		line, stdin string
		columns     uint64
		want        ran
	}{
		{"echo a é 𝄞", "", 0, ran{0, "a é 𝄞\n", ""}},
		{"echo", "", 0, ran{0, "\n", ""}},
		{"cat", "", 0, ran{0, "", ""}},
		{"cat", long, 0, ran{0, long, ""}},
		{"fail", "", 0, ran{3, "", "it failed\n"}},
		{"wrong", "", 0, ran{1, "", "wrong: something is wrong\n"}},
		{"nothing", "", 0, ran{127, "", "nothing: this module has no such command\n"}},
		{"toString", "", 0, ran{127, "", "toString: this module has no such command\n"}},
		{"count 250", "", 0, ran{0, rows, "numbers: 250 done\n"}},
		{"count x", "", 80, ran{1, "", "count: count takes a number\n"}},
	} {
		if got := runCommand(t, g, tt.line, tt.stdin, tt.columns); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.line, got, tt.want)
		}
	}
	got := runCommand(t, g, "count 2000", "", 40)
	if got.exit != 0 || got.stdout != rows || !strings.HasPrefix(got.stderr, "\rnumbers [              ]   0%    1/2000") || !strings.HasSuffix(got.stderr, "] 100% 2000/2000\n") {
		t.Errorf("progress: got %+v", got)
	}
	for line := range strings.SplitSeq(got.stderr, "\r") {
		if len(strings.TrimSpace(line)) >= 40 {
			t.Errorf("progress: %q does not fit", line)
		}
	}
}

// TestCommands runs commands in all the ways that a program can have them.
func TestCommands(t *testing.T) {
	const noBody = `export default { fetch: () => new Response("x"), `
	for _, tt := range []struct {
		name, source, stdin string
		columns             uint64
		want                ran
	}{
		{"default export", noBody + `commands: { run(c) { c.stdout.write(this.word); return 4 }, word: "w" } }`, "", 0, ran{4, "w", ""}},
		{"any command", `export function command(c) { c.stdout.write(c.name + c.args.length) }`, "", 0, ran{0, "run2", ""}},
		{"any in the default export", noBody + `command: async (c) => { await null; return 5 } }`, "", 0, ran{5, "", ""}},
		{"beside a router", `import { router } from "stackhost"; export default router(); export const commands = { run: () => 6 }`, "", 0, ran{6, "", ""}},
		{"context", noBody + `commands: { run: (c) => c.stdout.write([c.id, c.columns, c.timeout > 0, c.args] + "") } }`, "", 7, ran{0, "run-1,7,true,a,b", ""}},
		{"text", noBody + `commands: { run: async (c) => c.stdout.write((await c.stdin.text()).length + "") } }`, "é1", 0, ran{0, "2", ""}},
		{"lines", noBody + `commands: { async run(c) { for await (const l of c.stdin.lines()) c.stdout.write(l + "|") } } }`, "a\r\n\nbé", 0, ran{0, "a||bé|", ""}},
		{"bytes", noBody + `commands: { run(c) { c.stdout.write(new Uint8Array([104, 105])); c.stdout.write(""); c.stdout.write(7) } } }`, "", 0, ran{0, "hi7", ""}},
		{"rejected", noBody + `commands: { async run() { await null; throw new TypeError("no") } } }`, "", 0, ran{1, "", "run: TypeError: no\n"}},
		{"status", `import { HTTPError } from "stackhost"; ` + noBody + `commands: { async run() { throw new HTTPError(400, "bad") } } }`, "", 0, ran{1, "", "run: HTTPError: bad\n"}},
		{"no error", noBody + `commands: { run() { throw "up" } } }`, "", 0, ran{1, "", "run: thrown: up\n"}},
		{"host error", `import { config } from "stackhost"; ` + noBody + `commands: { run() { config("none") } } }`, "", 0, ran{1, "", "run: "}},
		{"exit code", noBody + `commands: { run: () => 256 } }`, "", 0, ran{1, "", "run: TypeError: a command returns an exit code from 0 to 255, not 256\n"}},
		{"unfinished bar", noBody + `commands: { run(c) { c.progress("p").add(3); throw new Error("stop") } } }`, "", 20, ran{1, "", "\rp 3\nrun: stop\n"}},
		{"table", noBody + `commands: { run(c) { c.table(["n", "größe", "x"], [[1, "a", "b"], [100, "水水水水水水", ""]]); c.table([], [["s"], ["a", "b"]]) } } }`, "", 0,
			ran{0, "n    größe   x\n1    a       b\n100  水水水水水水  \ns\na  b\n", ""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := program(t, tt.source, options{})
			for range 2 {
				got := runCommand(t, g, "run a b", tt.stdin, tt.columns)
				if tt.want.stderr == "run: " && strings.HasPrefix(got.stderr, "run: ") {
					got.stderr = "run: " // the rest is the host's
				}
				if got != tt.want {
					t.Errorf("got %+v, want %+v", got, tt.want)
				}
			}
		})
	}
}

type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, errors.New("nobody reads this") }

func TestCommandEndings(t *testing.T) {
	g := program(t, `export const commands = {
		deaf(c) { try { c.stdout.write("x") } catch {} },
		asleep: () => new Promise((ok) => setTimeout(ok, 60_000)),
	}`, options{})
	var text bytes.Buffer
	c := &dialect.Command{Request: abi.CommandRequest{Name: "deaf"}, Stdin: strings.NewReader(""), Stdout: closed{}, Stderr: &text}
	if exit, err := g.Command(t.Context(), c); exit != 1 || err != nil || !strings.HasPrefix(text.String(), "deaf: ") {
		t.Errorf("refused output: got %d, %v, %q", exit, err, text.String())
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	c = &dialect.Command{Request: abi.CommandRequest{Name: "asleep"}, Stdin: strings.NewReader(""), Stdout: &text, Stderr: &text}
	if _, err := g.Command(ctx, c); err == nil {
		t.Error("a command went on when its time was over")
	}
	none := program(t, `export default () => new Response("x")`, options{})
	var unsupported *dialect.UnsupportedError
	if _, err := none.Command(t.Context(), c); !errors.As(err, &unsupported) {
		t.Errorf("no commands: got %v", err)
	}
}
