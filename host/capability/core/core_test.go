package core

import "testing"

func TestConfigIsReadByKeyAndPath(t *testing.T) {
	table := map[string]any{"a": 1, "t": map[string]any{"b": 2, "u": map[string]any{"c": 3}}, "x.y": 4}
	for key, want := range map[string]any{"a": 1, "t.b": 2, "t.u.c": 3, "x.y": 4} {
		if got, ok := lookup(table, key); !ok || got != want {
			t.Errorf("%s: got %v, %v", key, got, ok)
		}
	}
	for _, key := range []string{"b", "a.b", "t.c", "t.", ".", "t.u.c.d"} {
		if got, ok := lookup(table, key); ok {
			t.Errorf("%s: got %v", key, got)
		}
	}
	if got, ok := lookup(table, ""); !ok || len(got.(map[string]any)) != 3 {
		t.Error("the empty key is not the whole table")
	}
}

func TestGuestsCannotWriteToTheTerminal(t *testing.T) {
	for in, want := range map[string]string{
		"plain\ttext\n": "plain\ttext\n", "\x1b[31mred": "�[31mred", "a\rb": "a�b", "\u009b2J": "�2J", "é": "é", "nul\x00": "nul�",
	} {
		if got := printable(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestConfigThatCannotBeGivenIsRefused(t *testing.T) {
	if _, err := New(Config{Values: map[string]any{"a": make(chan int)}}); err == nil {
		t.Error("a channel was accepted")
	}
}
