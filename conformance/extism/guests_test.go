package extism

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func prefixed(p string) func([]byte) []byte {
	return func(b []byte) []byte { return append([]byte(p), b...) }
}

func data(t *testing.T) string {
	t.Helper()
	dir, err := sdkDir()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "testdata")
}

func copyOf(t *testing.T, folder string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func refusedByOurs(text string) func(*testing.T, outcome, outcome) {
	return func(t *testing.T, theirs, ours outcome) {
		t.Helper()
		if ours.err == nil || !strings.Contains(ours.err.Error(), text) {
			t.Errorf("ours: %v\nwant a refusal with %q", ours, text)
		}
	}
}

// rows has every guest of the SDK at least once; TestEveryGuest checks that.
func rows(t *testing.T) []row {
	long := strings.Repeat("the quick brown fox jumps over the lazy dog ", 2000)
	return []row{
		{guest: "alloc.wasm", export: "run_test"},
		{guest: "config.wasm", export: "run_test"},
		{guest: "config.wasm", export: "run_test", config: map[string]string{"thing": "hello"}},
		{guest: "config.wasm", export: "run_test", config: map[string]string{"thing": ""}},
		{guest: "count_vowels.wasm", export: "count_vowels", inputs: []string{"hello world"}},
		{guest: "count_vowels.wasm", export: "count_vowels", inputs: []string{""}},
		{guest: "count_vowels.wasm", export: "count_vowels", inputs: []string{"äöü a \x00 e"}},
		{guest: "count_vowels.wasm", export: "count_vowels", inputs: []string{"\xff\xfe"}},
		{guest: "count_vowels.wasm", export: "count_vowels", inputs: []string{long}},
		{guest: "count_vowels.wasm", export: "count_vowels", inputs: []string{"aaa"}, config: map[string]string{"vowels": "xyz"}},
		{guest: "count_vowels.wasm", export: "count_vowels", inputs: []string{"aaa", "bbba", "e"}, reuse: true},
		{guest: "count_vowels.wasm", export: "count_vowels", inputs: []string{"aaa", "bbba"},
			differs: "each call starts in a new state, so a variable does not survive it; isolation = \"reuse\" keeps it (the row above)",
			want: func(t *testing.T, theirs, ours outcome) {
				if len(ours.outputs) != 2 || !strings.Contains(theirs.outputs[1], `"total":4`) || !strings.Contains(ours.outputs[1], `"total":1`) {
					t.Errorf("theirs: %v\nours: %v", theirs, ours)
				}
			}},
		{guest: "count_vowels_std.wasm", export: "_start", inputs: []string{"hello world"}},
		{guest: "exit.wasm", export: "_start"},
		{guest: "exit.wasm", export: "_start", config: map[string]string{"code": "-1"}},
		{guest: "exit.wasm", export: "_start", config: map[string]string{"code": "0"}},
		{guest: "exit.wasm", export: "_start", config: map[string]string{"code": "500"}},
		{guest: "exit.wasm", export: "_start", config: map[string]string{"code": "abc"}},
		{guest: "fail.wasm", export: "run_test"},
		{guest: "fs.wasm", export: "run_test", dirs: map[string]string{"/mnt": data(t)}},
		{guest: "fs.wasm", export: "run_test"},
		{guest: "fs.wasm", export: "run_test", dirs: map[string]string{"/mnt": copyOf(t, data(t))}, writable: true,
			differs: "folders are read-only here, and this guest opens its file for writing too",
			want: func(t *testing.T, theirs, ours outcome) {
				if theirs.failed() || ours.code != 1 || !strings.Contains(strings.Join(ours.log, ""), "errno 69") {
					t.Errorf("theirs: %v\nours: %v", theirs, ours)
				}
			}},
		{guest: "fs_std.wasm", export: "run_test", dirs: map[string]string{"/mnt": data(t)}},
		{guest: "hello.wasm", export: "run_test"},
		{guest: "hello_haskell.wasm", export: "testing", inputs: []string{"John"}, config: map[string]string{"greeting": "Howdy"}},
		{guest: "hello_haskell.wasm", export: "testing", inputs: []string{"John", "Jane"}, config: map[string]string{"greeting": "Hi"}, reuse: true},
		{guest: "host.wasm", export: "run_test", functions: []function{{namespace: "extism:host/user", name: "mult", params: 2, f: prefixed("")}},
			differs: "a host function of ours is answered by another module, which gets one block; this one takes two numbers",
			want:    refusedByOurs("at most one block")},
		{guest: "host_memory.wasm", export: "run_test", inputs: []string{"Frodo"}, functions: []function{{namespace: "host", name: "to_upper", f: bytes.ToUpper}}},
		{guest: "host_memory.wasm", export: "run_test", inputs: []string{"Frodo"},
			differs: "both refuse to load; the texts differ", want: refusedByOurs("host to_upper")},
		{guest: "host_multiple.wasm", export: "say_green", inputs: []string{"John Doe"}, functions: messages},
		{guest: "host_multiple.wasm", export: "say_purple", inputs: []string{"Jane Doe"}, functions: messages},
		{guest: "http.wasm", export: "run_test", differs: "a denied request is no trap: the plug-in sees status 0 and no body", want: denied},
		{guest: "http.wasm", export: "run_test", hosts: []string{"google.*"}, differs: "as above", want: denied},
		{guest: "http_headers.wasm", export: "http_get", inputs: []string{`{"url":"http://127.0.0.1/"}`}, hosts: []string{"extism.org"},
			differs: "as above", want: denied},
		{guest: "input_offset.wasm", export: "input_offset_length", inputs: []string{"hello world"}},
		{guest: "lib.wasm", export: "_start"},
		{guest: "lib.wasm", export: "capitalize", differs: "an export that takes a parameter is refused when the module is loaded, not when it is called",
			want: refusedByOurs(`no export "capitalize"`)},
		{guest: "log.wasm", export: "run_test"},
		{guest: "main.wasm", export: "run_test", inputs: []string{"benjamin"}, links: []string{"lib.wasm"},
			differs: "modules are not linked to each other", want: refusedByOurs("lib capitalize")},
		{guest: "nested.c.instr.wasm", export: "_start",
			differs: "instrumentation of dylibso_observe is not offered", want: refusedByOurs("dylibso_observe")},
		{guest: "noop.wasm", export: "run_test"},
		{guest: "println.wasm", export: "run_test", inputs: []string{"printed"},
			differs: "standard output becomes log records; the SDK drops it unless told otherwise",
			want: func(t *testing.T, theirs, ours outcome) {
				if theirs.err != nil || ours.err != nil || !slices.Equal(theirs.outputs, ours.outputs) {
					t.Errorf("theirs: %v\nours: %v", theirs, ours)
				}
			}},
		{guest: "read_write.wasm", export: "try_read", dirs: map[string]string{"/mnt": data(t)}, config: map[string]string{"path": "/mnt/test.txt"}},
		{guest: "read_write.wasm", export: "try_read", dirs: map[string]string{"/mnt": data(t)}, config: map[string]string{"path": "/mnt/none.txt"}},
		{guest: "read_write.wasm", export: "try_write", inputs: []string{"hello hello!"}, dirs: map[string]string{"/mnt": data(t)}, config: map[string]string{"path": "/mnt/test.txt"},
			differs: "both fail; WASI gives another reason",
			want: func(t *testing.T, theirs, ours outcome) {
				if ours.err == nil || !strings.Contains(ours.err.Error(), "Failed to write file") || !strings.Contains(theirs.err.Error(), "Failed to write file") {
					t.Errorf("theirs: %v\nours: %v", theirs, ours)
				}
			}},
		{guest: "replace.wasm", export: "run_test", inputs: []string{"rust and rust"}},
		{guest: "replace.wasm", export: "run_test", inputs: []string{long}},
		{guest: "sleep.wasm", export: "run_test", config: map[string]string{"duration": "0"}},
		{guest: "std_command.wasm", export: "_start", inputs: []string{"ben"}},
		{guest: "var.wasm", export: "run_test", inputs: []string{"", ""}, reuse: true},
		{guest: "var.wasm", export: "run_test"},
	}
}

var messages = []function{
	{namespace: "extism:host/user", name: "hostGreenMessage", f: prefixed("green:")},
	{namespace: "extism:host/user", name: "hostPurpleMessage", f: prefixed("purple:")},
}

// denied checks that the SDK traps and that our host does not, but says in its records what was denied.
func denied(t *testing.T, theirs, ours outcome) {
	t.Helper()
	if theirs.err == nil || !strings.Contains(theirs.err.Error(), "is not allowed") {
		t.Errorf("theirs: %v\nwant a trap", theirs)
	}
	if !strings.Contains(strings.Join(ours.log, "\n"), "plug-in's host call failed") {
		t.Errorf("ours: %v\nwant a record of the denied request", ours)
	}
}

func TestGuests(t *testing.T) {
	for _, r := range rows(t) {
		name := r.guest + "/" + r.export
		t.Run(name, func(t *testing.T) {
			theirs, ours := r.runTheirs(t), r.runOurs(t)
			if r.want != nil {
				r.want(t, theirs, ours)
				t.Logf("differs: %s\ntheirs: %v\nours: %v", r.differs, brief(theirs), brief(ours))
				return
			}
			if !theirs.failed() && !slices.Equal(theirs.outputs, ours.outputs) {
				t.Errorf("theirs: %v\nours: %v", brief(theirs), brief(ours))
			}
			if theirs.failed() != ours.failed() || theirs.code != ours.code {
				t.Errorf("theirs: %v\nours: %v", brief(theirs), brief(ours))
			}
			if r.guest == "fail.wasm" && theirs.err.Error() != ours.err.Error() {
				t.Errorf("theirs: %v\nours: %v", theirs, ours)
			}
			if r.guest == "log.wasm" && len(theirs.log) != len(ours.log) {
				t.Errorf("theirs: %v\nours: %v", theirs, ours)
			}
		})
	}
}

func brief(o outcome) outcome {
	for i, text := range o.outputs {
		if len(text) > 200 {
			o.outputs[i] = text[:200] + "…"
		}
	}
	return o
}

// TestEveryGuest checks that no guest of the SDK is missing from the table.
func TestEveryGuest(t *testing.T) {
	files, err := os.ReadDir(guestsDir(t))
	if err != nil {
		t.Fatal(err)
	}
	table := rows(t)
	for _, f := range files {
		if strings.HasSuffix(f.Name(), ".wasm") && !slices.ContainsFunc(table, func(r row) bool { return r.guest == f.Name() }) {
			t.Errorf("%s is not in the table", f.Name())
		}
	}
}
