package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The reference page names every part of the description, and its links lead somewhere.
func TestReferencePage(t *testing.T) {
	_, s := readSpec(t)
	page := string(emitDocs(s)[0].Data)
	need := func(text string) {
		if !strings.Contains(page, text) {
			t.Errorf("docs/abi.md does not have %q", text)
		}
	}
	for _, c := range s.Codes {
		need("`" + c.Name + "`")
	}
	for _, l := range s.Limits {
		need("`" + l.Name + "`")
	}
	for _, e := range s.Exports {
		need("`" + e.Name + "`")
	}
	for _, tr := range s.Triggers {
		need("`" + tr.Export + "`")
	}
	for _, c := range s.Capabilities {
		need("\n### " + c.Name + "\n")
		for _, f := range c.Functions {
			need("| `" + f.Name + "` | " + f.Shape)
		}
	}
	for _, r := range s.Records {
		need("\n### " + r.Name + "\n")
		for _, f := range r.Fields {
			need("| `" + f.Name + "` |")
		}
	}
	anchors := []string{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(page, -1) {
		anchor := strings.ReplaceAll(strings.ToLower(m[1]), " ", "-")
		if slices.Contains(anchors, anchor) {
			t.Errorf("two headings make the anchor #%s", anchor)
		}
		anchors = append(anchors, anchor)
	}
	for _, m := range regexp.MustCompile(`\]\(#([^)]*)\)`).FindAllStringSubmatch(page, -1) {
		if !slices.Contains(anchors, m[1]) {
			t.Errorf("a link to #%s leads nowhere", m[1])
		}
	}
	if strings.Contains(page, "<no value>") {
		t.Error("the template asks for something that is not there")
	}
}

// The rendering keeps to what WIT allows: balanced braces, names declared once and before a use, keywords escaped.
func TestWIT(t *testing.T) {
	_, s := readSpec(t)
	var code []string
	for line := range strings.Lines(string(emitWIT(s)[0].Data)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
			code = append(code, line)
		}
	}
	text := strings.Join(code, "\n")
	if strings.Count(text, "{") != strings.Count(text, "}") || strings.Count(text, "<") != strings.Count(text, ">")-strings.Count(text, "->") {
		t.Error("brackets are not balanced")
	}
	declared := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^(?:record|enum|variant|type) (%?[a-z0-9-]+)`).FindAllStringSubmatch(text, -1) {
		if declared[m[1]] {
			t.Errorf("%s is declared twice", m[1])
		}
		declared[m[1]] = true
	}
	builtin := strings.Fields("u8 u32 u64 s64 f64 bool string list tuple result option func _")
	check := func(typ string) {
		for _, name := range regexp.MustCompile(`%?[a-z_][a-z0-9-]*`).FindAllString(typ, -1) {
			if !declared[name] && !slices.Contains(builtin, name) {
				t.Errorf("%s in %q is not declared", name, typ)
			}
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^(%?)([a-z0-9-]+): ([^;,]+(?:<.*>)?),$`).FindAllStringSubmatch(text, -1) {
		if m[1] == "" && slices.Contains(witKeywords, m[2]) {
			t.Errorf("%s is a word of WIT and must be escaped", m[2])
		}
		check(m[3])
	}
	for _, m := range regexp.MustCompile(`(?m)use types\.\{(.*)\};`).FindAllStringSubmatch(text, -1) {
		check(m[1])
	}
	for _, r := range s.Records {
		if !declared[witName(r.Name)] {
			t.Errorf("record %s is missing", r.Name)
		}
	}
	for _, c := range s.Capabilities {
		for _, f := range c.Functions {
			if !strings.Contains(text, "\n"+witName(f.Name)+": func(") {
				t.Errorf("function %s %s is missing", c.Name, f.Name)
			}
		}
	}
}
