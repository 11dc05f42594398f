package state

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write what the scripts print into testdata")

// Scripts are testdata/*.txtar, each with the files "script" and "want". A line of a script is a command or read of a family (see verb)
// or one of
//
//	at TIME        moves the log's time (durations since the beginning)
//	after TIME     moves it on
//	tenant NAME    commands that follow are of this tenant (first: shop)
//	tick           runs the timers that are due, in as many entries as it takes
//	together … end puts the commands between them in one entry
//	once S N …     runs a command in session S with sequence number N; "open" prints S
//	let V …        runs a command and keeps the first number in its answer, for $V in the lines that follow
//	keys [N]       prints how many keys there are whose first byte is N (hexadecimal; all but meta and replies when absent)
//
// Numbers that UniqueID made are printed as index.count. Events are printed after a "!".

// verbs are the families' commands and reads by name.
var verbs = map[string]scriptVerb{}

type scriptVerb struct {
	command func(a *scriptArgs) Command
	reply   func(payload []byte) string // nil: the answer is not looked at
	read    func(v *View, a *scriptArgs) string
}

// verb makes a command of a family known to scripts; reply prints its answer.
func verb(name string, command func(a *scriptArgs) Command, reply func(payload []byte) string) bool {
	verbs[name] = scriptVerb{command: command, reply: reply}
	return true
}

// readVerb makes a read known to scripts.
func readVerb(name string, read func(v *View, a *scriptArgs) string) bool {
	verbs[name] = scriptVerb{read: read}
	return true
}

// scriptChecks look at the whole state after each script and each random run.
var scriptChecks []func(r Reader) error

func checkState(f func(r Reader) error) bool {
	scriptChecks = append(scriptChecks, f)
	return true
}

// scriptArgs are the words of a line after its verb: those without "=" by place, the others by name.
type scriptArgs struct {
	Tenant string
	words  []string
	named  map[string]string
}

func (a *scriptArgs) at(i int) string {
	if i < len(a.words) {
		return a.words[i]
	}
	return ""
}

func (a *scriptArgs) str(name string) string { return a.named[name] }

// list is a named word's parts between commas.
func (a *scriptArgs) list(name string) []string {
	if a.named[name] == "" {
		return nil
	}
	return strings.Split(a.named[name], ",")
}

// ms is a duration in milliseconds.
func (a *scriptArgs) ms(name string) int64 {
	if a.named[name] == "" {
		return 0
	}
	return scriptTime(a.named[name])
}

// num is a decimal number, or an index.count as printed.
func (a *scriptArgs) num(name string) uint64 { return scriptNumber(a.named[name]) }

func scriptNumber(s string) uint64 {
	if s == "" {
		return 0
	}
	index, count, two := strings.Cut(s, ".")
	n, err := strconv.ParseUint(index, 10, 64)
	if err != nil {
		panic(err)
	}
	if !two {
		return n
	}
	c, err := strconv.ParseUint(count, 10, 20)
	if err != nil {
		panic(err)
	}
	return n<<20 | c
}

func scriptTime(s string) int64 {
	d, err := time.ParseDuration(s)
	if err != nil {
		panic(err)
	}
	return d.Milliseconds()
}

var scriptNumberIn = regexp.MustCompile(`\b\d+\.\d+\b`)

// showID prints a number made by UniqueID.
func showID(id uint64) string { return fmt.Sprintf("%d.%d", id>>20, id&(1<<20-1)) }

// showAt prints a time of the log.
func showAt(ms int64) string {
	if ms == 0 {
		return "never"
	}
	return (time.Duration(ms-scriptStart) * time.Millisecond).String()
}

// scriptStart is the log's time at the beginning of a script.
const scriptStart = 1_000_000

// scriptRun is a machine and its keys, driven by entries that are encoded and decoded as in a log.
type scriptRun struct {
	mem    Mem
	m      *Machine
	now    int64
	tenant string
	vars   map[string]string
	out    strings.Builder
}

func newScriptRun() *scriptRun {
	return &scriptRun{m: NewMachine(Meta{}), now: scriptStart, tenant: "shop", vars: map[string]string{}}
}

// apply runs bundles as one entry and returns the answers and events.
func (s *scriptRun) apply(bundles ...Bundle) ([][]Reply, []Event, error) {
	e := Entry{Now: s.now, Bundles: bundles}
	replies, events, err := s.m.Apply(&s.mem, s.m.Index+1, e.Append(nil))
	if err != nil {
		return nil, nil, err
	}
	var all [][]Reply
	for _, r := range replies {
		one, err := DecodeReplies(r, nil)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, one)
	}
	return all, events, nil
}

// do runs one command.
func (s *scriptRun) do(c Command) ([]byte, []Event, error) {
	replies, events, err := s.apply(Bundle{Commands: []Command{c}})
	if err != nil {
		return nil, nil, err
	}
	return replies[0][0].Payload, events, replies[0][0].Err
}

func (s *scriptRun) view() *View { return &View{Reader: &s.mem, Index: s.m.Index, Now: s.m.Now} }

// tick runs due timers until there are none and returns the events and how many entries it took.
func (s *scriptRun) tick() (events []Event, entries int, err error) {
	for due, _ := TimersDue(&s.mem, 0, s.now); due; due, _ = TimersDue(&s.mem, 0, s.now) {
		_, e, err := s.do(Command{Family: FamilySystem, Op: OpTick})
		if err != nil {
			return events, entries, err
		}
		if events = append(events, e...); entries == 10_000 {
			return events, entries, fmt.Errorf("timers never end")
		}
		entries++
	}
	return events, entries, nil
}

func (s *scriptRun) check() error {
	for _, f := range scriptChecks {
		if err := f(&s.mem); err != nil {
			return err
		}
	}
	return nil
}

func (s *scriptRun) printf(format string, args ...any) { fmt.Fprintf(&s.out, format+"\n", args...) }

func (s *scriptRun) showEvents(events []Event) {
	for _, e := range events {
		if e.Deleted {
			s.printf("! %s %s %q gone @%s", e.Tenant, e.Namespace, e.Key, showID(e.Version))
		} else {
			s.printf("! %s %s %q = %.40q @%s", e.Tenant, e.Namespace, e.Key, e.Value, showID(e.Version))
		}
	}
}

// command finds the verb of a line: its first two words, or the first.
func (s *scriptRun) command(line string) (scriptVerb, *scriptArgs, error) {
	line = os.Expand(line, func(name string) string { return s.vars[name] })
	words := strings.Fields(line)
	v, n := scriptVerb{}, 0
	if len(words) > 1 {
		v, n = verbs[words[0]+" "+words[1]], 2
	}
	if v.command == nil && v.read == nil {
		v, n = verbs[words[0]], 1
	}
	if v.command == nil && v.read == nil {
		return v, nil, fmt.Errorf("%q: no such command; there are %v", line, slices.Sorted(maps.Keys(verbs)))
	}
	a := &scriptArgs{Tenant: s.tenant, named: map[string]string{}}
	for _, w := range words[n:] {
		if name, value, ok := strings.Cut(w, "="); ok {
			a.named[name] = value
		} else {
			a.words = append(a.words, w)
		}
	}
	return v, a, nil
}

func (s *scriptRun) showReply(v scriptVerb, r Reply) {
	switch {
	case r.Err != nil:
		s.printf("%v", r.Err)
	case v.reply != nil:
		s.printf("%s", v.reply(r.Payload))
	default:
		s.printf("ok")
	}
}

func (s *scriptRun) line(line string) error {
	words := strings.Fields(line)
	switch words[0] {
	case "at":
		s.now = scriptStart + scriptTime(words[1])
		return nil
	case "after":
		s.now += scriptTime(words[1])
		return nil
	case "tenant":
		s.tenant = words[1]
		return nil
	case "tick":
		events, entries, err := s.tick()
		s.printf("%d entries", entries)
		s.showEvents(events)
		return err
	case "open":
		id, _, err := s.do(Command{Op: OpOpenSession})
		s.printf("session %x", id)
		return err
	case "keys":
		from, to := []byte{prefixTimers}, []byte{0xff}
		if len(words) > 1 {
			n, err := strconv.ParseUint(words[1], 16, 8)
			if err != nil {
				return err
			}
			from, to = []byte{byte(n)}, []byte{byte(n) + 1}
		}
		n := 0
		s.mem.Scan(from, to, func(_, _ []byte) bool { n++; return true })
		s.printf("%d keys", n)
		return nil
	}
	b := Bundle{}
	if words[0] == "let" {
		before, name := s.out.Len(), words[1]
		defer func() { s.vars[name] = scriptNumberIn.FindString(s.out.String()[before:]) }()
		line = strings.Join(words[2:], " ")
		words = words[2:]
	}
	if words[0] == "once" {
		n, err := strconv.ParseUint(words[1], 16, 64)
		if err != nil {
			return err
		}
		b.Session, b.Sequence = n, scriptNumber(words[2])
		line = strings.Join(words[3:], " ")
	}
	v, a, err := s.command(line)
	if err != nil {
		return err
	}
	if v.read != nil {
		view := s.view()
		view.Now = max(view.Now, s.now) // as if an entry without commands had come
		s.printf("%s", strings.TrimSuffix(v.read(view, a), "\n"))
		return nil
	}
	b.Commands = []Command{v.command(a)}
	replies, events, err := s.apply(b)
	if err != nil {
		return err
	}
	s.showReply(v, replies[0][0])
	s.showEvents(events)
	return nil
}

// together runs lines in one entry, each as a bundle.
func (s *scriptRun) together(lines []string) error {
	var bundles []Bundle
	var vs []scriptVerb
	for _, line := range lines {
		v, a, err := s.command(line)
		if err != nil {
			return err
		}
		vs = append(vs, v)
		bundles = append(bundles, Bundle{Commands: []Command{v.command(a)}})
	}
	replies, events, err := s.apply(bundles...)
	if err != nil {
		return err
	}
	for i, line := range lines {
		s.printf("> %s", line)
		s.showReply(vs[i], replies[i][0])
	}
	s.showEvents(events)
	return nil
}

// run runs a script and returns what it printed.
func (s *scriptRun) run(script string) (string, error) {
	lines := strings.Split(script, "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		if line == "" || line[0] == '#' {
			continue
		}
		s.printf("> %s", line)
		var err error
		if line == "together" {
			var group []string
			for i++; i < len(lines) && strings.TrimSpace(lines[i]) != "end"; i++ {
				group = append(group, strings.TrimSpace(lines[i]))
			}
			err = s.together(group)
		} else {
			err = s.line(line)
		}
		if err == nil {
			err = s.check()
		}
		if err != nil {
			return "", fmt.Errorf("line %d: %s: %w", i+1, line, err)
		}
	}
	return s.out.String(), nil
}

func TestScripts(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if len(archive.Files) == 0 || archive.Files[0].Name != "script" {
				t.Fatalf("%s: the first file must be script", name)
			}
			first := newScriptRun()
			got, err := first.run(string(archive.Files[0].Data))
			if err != nil {
				t.Fatal(err)
			}
			again := newScriptRun()
			if _, err := again.run(string(archive.Files[0].Data)); err != nil {
				t.Fatal(err)
			}
			sameState(t, first, again)
			if *update {
				archive.Files = append(archive.Files[:1], txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if len(archive.Files) != 2 || string(archive.Files[1].Data) != got {
				t.Errorf("%s: printed\n%s\nwhich differs from its \"want\"; if it is right, run go test -run TestScripts -update", name, got)
			}
		})
	}
}

// sameState fails when two runs have different keys, values or histories.
func sameState(t *testing.T, a, b *scriptRun) {
	t.Helper()
	if a.m.Meta != b.m.Meta {
		t.Errorf("the same commands ended at %+v and %+v", a.m.Meta, b.m.Meta)
	}
	if a.mem.Len() != b.mem.Len() {
		t.Fatalf("the same commands made %d and %d keys", a.mem.Len(), b.mem.Len())
	}
	for i := range a.mem.pairs {
		if !bytes.Equal(a.mem.pairs[i].key, b.mem.pairs[i].key) || !bytes.Equal(a.mem.pairs[i].value, b.mem.pairs[i].value) {
			t.Fatalf("the same commands made %q = %q and %q = %q", a.mem.pairs[i].key, a.mem.pairs[i].value, b.mem.pairs[i].key, b.mem.pairs[i].value)
		}
	}
}
