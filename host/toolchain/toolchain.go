// Package toolchain turns the source folder of a module into WebAssembly with the language's own compiler: it recognises the
// language, finds the compiler, says how to install it when it is missing, and runs it.
package toolchain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Language is a guest language with a compiler.
type Language struct {
	Name  string   // as in the manifest: "go"
	Title string   // "Go"
	marks []string // file patterns in the source folder that tell the language, strongest first
	tools []tool
	build func(b *build) error
}

// tool is a program that a build runs, under any of several names.
type tool struct {
	names   []string
	install string
	check   func(path string) string // "" or what is wrong with the one found
}

// Languages that can be built, in the order in which a folder is checked for them.
var Languages = []*Language{golang, rust, zig, assemblyscript, c}

// ErrUnknownLanguage is returned by Detect when nothing in the folder tells its language.
var ErrUnknownLanguage = errors.New("toolchain: cannot tell the language of the sources")

// MissingError is returned when a compiler is not installed. Its text says how to get it.
type MissingError struct {
	Language string
	Tool     string
	Install  string
	Problem  string
}

func (e *MissingError) Error() string {
	if e.Problem != "" {
		return fmt.Sprintf("building %s: %s; %s", e.Language, e.Problem, e.Install)
	}
	return fmt.Sprintf("building %s needs %s, which is not installed; %s", e.Language, e.Tool, e.Install)
}

// BuildError is returned when the compiler refused the sources. Output is what it printed, for people.
type BuildError struct {
	Language string
	Command  string
	Output   string
	Err      error
}

func (e *BuildError) Error() string {
	return fmt.Sprintf("%s: %v\n%s", e.Command, e.Err, strings.TrimRight(e.Output, "\n"))
}

// Unwrap returns the error of running the command.
func (e *BuildError) Unwrap() error { return e.Err }

// Lookup returns the language called name.
func Lookup(name string) (*Language, bool) {
	for _, l := range Languages {
		if l.Name == name {
			return l, true
		}
	}
	return nil, false
}

// Detect tells the language of the sources in folder.
func Detect(folder string) (*Language, error) {
	for _, l := range Languages {
		for _, mark := range l.marks {
			if found, _ := filepath.Glob(filepath.Join(folder, mark)); len(found) > 0 {
				return l, nil
			}
		}
	}
	names := make([]string, len(Languages))
	for i, l := range Languages {
		names[i] = fmt.Sprintf("%s (%s)", l.Name, strings.Join(l.marks, ", "))
	}
	return nil, fmt.Errorf("%w in %s; looked for %s; set `language` or `build` in the manifest", ErrUnknownLanguage, folder, strings.Join(names, ", "))
}

// Request is one build.
type Request struct {
	Folder  string // the sources
	Output  string // the .wasm file to write, absolute
	Command string // a shell command of the user's instead of the language's own; it must write Output
	Release bool   // as small and fast as the language knows; otherwise quick to build
}

// Result tells what a build did.
type Result struct {
	Language string
	Command  string
	Output   string // what the compiler printed
	Bytes    int64
	Took     time.Duration
}

// build is a build under way.
type build struct {
	ctx     context.Context
	req     Request
	lang    *Language
	tools   map[string]string // name of the tool's first alternative -> path
	command string
	out     bytes.Buffer
}

// Build compiles r.Folder. Errors are *MissingError, *BuildError or of the file system. The output file is replaced only by a
// build that succeeded.
func (l *Language) Build(ctx context.Context, r Request) (*Result, error) {
	b := &build{ctx: ctx, req: r, lang: l, tools: map[string]string{}}
	for _, t := range l.tools {
		path, err := t.find(l.Title)
		if err != nil {
			return nil, err
		}
		b.tools[t.names[0]] = path
	}
	return b.run(func() error { return l.build(b) })
}

// Run runs r.Command with the user's shell in r.Folder; STACKHOST_OUTPUT names the file it has to write.
func Run(ctx context.Context, r Request) (*Result, error) {
	b := &build{ctx: ctx, req: r, lang: &Language{Name: "custom", Title: "custom build"}}
	return b.run(func() error { return b.exec(nil, "sh", "-c", r.Command) })
}

func (b *build) run(compile func() error) (*Result, error) {
	final := b.req.Output
	if err := os.MkdirAll(filepath.Dir(final), 0o755); err != nil {
		return nil, err
	}
	partial, err := os.MkdirTemp(filepath.Dir(final), ".build-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(partial)
	b.req.Output = filepath.Join(partial, filepath.Base(final))
	start := time.Now()
	if err := compile(); err != nil {
		return nil, err
	}
	info, err := os.Stat(b.req.Output)
	if err != nil {
		// A command of the user's may name the file itself.
		if info, err = os.Stat(final); err != nil || info.ModTime().Before(start.Add(-time.Second)) {
			return nil, fmt.Errorf("the build succeeded but wrote no %s; write the module to the path in $STACKHOST_OUTPUT", filepath.Base(final))
		}
	} else if err := os.Rename(b.req.Output, final); err != nil {
		return nil, err
	}
	return &Result{Language: b.lang.Name, Command: b.command, Output: b.out.String(), Bytes: info.Size(), Took: time.Since(start)}, nil
}

// exec runs one program in the source folder.
func (b *build) exec(env []string, program string, args ...string) error {
	cmd := exec.CommandContext(b.ctx, program, args...)
	cmd.Dir = b.req.Folder
	cmd.Env = append(os.Environ(), "STACKHOST_OUTPUT="+b.req.Output)
	cmd.Env = append(cmd.Env, env...)
	cmd.Stdout, cmd.Stderr = &b.out, &b.out
	cmd.WaitDelay = 5 * time.Second
	b.command = strings.Join(append(append(slices.Clone(env), filepath.Base(program)), args...), " ")
	if err := cmd.Run(); err != nil {
		return &BuildError{Language: b.lang.Name, Command: b.command, Output: b.out.String(), Err: err}
	}
	return nil
}

func (t *tool) find(language string) (string, error) {
	problem := ""
	for _, name := range t.names {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		if t.check != nil {
			if problem = t.check(path); problem != "" {
				continue
			}
		}
		return path, nil
	}
	return "", &MissingError{Language: language, Tool: t.names[0], Install: t.install, Problem: problem}
}

// Status is what `stackhost doctor` shows of a language.
type Status struct {
	Language string `json:"language"`
	Ready    bool   `json:"ready"`
	Detail   string `json:"detail"` // path of the compiler, or how to install it
}

// Doctor tells for each language whether it can be built here.
func Doctor() []Status {
	var all []Status
	for _, l := range Languages {
		s := Status{Language: l.Name, Ready: true}
		var paths []string
		for _, t := range l.tools {
			path, err := t.find(l.Title)
			if err != nil {
				s.Ready, s.Detail = false, err.Error()
				break
			}
			paths = append(paths, path)
		}
		if s.Ready {
			s.Detail = strings.Join(paths, ", ")
		}
		all = append(all, s)
	}
	return all
}
