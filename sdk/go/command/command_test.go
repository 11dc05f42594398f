package command

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestExitCodes(t *testing.T) {
	defer func() { handlers = map[string]Handler{} }()
	Handle("well", func(*Context) error { return nil })
	Handle("three", func(*Context) error { return Exit(3) })
	Handle("wrong", func(*Context) error { return errors.New("no such file") })
	for name, want := range map[string]struct {
		exit Exit
		says string
	}{"well": {0, ""}, "three": {3, ""}, "wrong": {1, "wrong: no such file\n"}, "other": {127, "other: this module has no such command\n"}} {
		var stderr bytes.Buffer
		if exit := run(&Context{Name: name, Stderr: &stderr}, nil); exit != want.exit || stderr.String() != want.says {
			t.Errorf("%s: %d, %q", name, exit, stderr.String())
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("two handlers of one name")
		}
	}()
	Handle("well", nil)
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	if err := Table(&b, []string{"name", "n"}, [][]string{{"ü", "10"}, {"longer", "2"}}); err != nil {
		t.Fatal(err)
	}
	if want := "name    n\nü       10\nlonger  2\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

func TestProgress(t *testing.T) {
	var b bytes.Buffer
	p := (&Context{Stderr: &b}).Progress("rows", 10)
	p.Add(4)
	p.Add(6)
	if err := p.Finish(); err != nil || b.String() != "rows: 10 done\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
	for _, columns := range []int{20, 40, 200} {
		b.Reset()
		p = (&Context{Stderr: &b, Columns: columns}).Progress("rows", 10)
		p.Set(5)
		p.Set(10)
		if err := p.Finish(); err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.FieldsFunc(b.String(), func(r rune) bool { return r == '\r' || r == '\n' }) {
			if len(line) >= columns {
				t.Errorf("%d columns: %q", columns, line)
			}
		}
		if !strings.HasSuffix(strings.TrimRight(b.String(), " \n"), "10/10") {
			t.Errorf("%q", b.String())
		}
	}
}
