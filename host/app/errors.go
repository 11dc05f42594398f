package app

import (
	"fmt"
	"strings"
	"unicode"
)

// ManifestError is one thing that is wrong with a manifest. It marshals to JSON for tools; Error and Excerpt are for people.
type ManifestError struct {
	File       string `json:"file"`
	Line       int    `json:"line"`                 // from 1
	Column     int    `json:"column"`               // in bytes, from 1
	Key        string `json:"key,omitempty"`        // path of the key, such as "modules.api.limits.memory" or "routes[2].module"
	Message    string `json:"message"`              // what is wrong
	Suggestion string `json:"suggestion,omitempty"` // what to do about it
}

func (e *ManifestError) Error() string {
	text := fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
	if e.Suggestion != "" {
		text += "; " + e.Suggestion
	}
	return text
}

// Errors are all problems of a manifest, in the order of the file.
type Errors []*ManifestError

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i := range e {
		lines[i] = e[i].Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the single errors.
func (e Errors) Unwrap() []error {
	list := make([]error, len(e))
	for i := range e {
		list[i] = e[i]
	}
	return list
}

// Excerpt shows the line of source that e is about, with a caret below its column. What may be a secret is masked.
func (e *ManifestError) Excerpt(source []byte) string {
	lines := strings.Split(string(source), "\n")
	if e.Line < 1 || e.Line > len(lines) {
		return ""
	}
	line := strings.TrimRight(lines[e.Line-1], "\r")
	if mayHoldSecret(lines[:e.Line]) {
		line = mask(line)
	}
	column := max(0, min(e.Column-1, len(line)))
	before, after := []rune(strings.ToValidUTF8(line[:column], "?")), []rune(strings.ToValidUTF8(line[column:], "?"))
	if cut := len(before) - 60; cut > 0 { // keep what is around the caret on one line of a terminal
		before = append([]rune{'…'}, before[cut:]...)
	}
	if len(after) > 60 {
		after = append(after[:60:60], '…')
	}
	var indent strings.Builder
	for _, r := range before {
		if r != '\t' {
			r = ' '
		}
		indent.WriteRune(r)
	}
	return fmt.Sprintf("%5d | %s%s\n      | %s^", e.Line, printable(before), printable(after), indent.String())
}

// printable replaces control characters, which could move a terminal's cursor.
func printable(line []rune) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && unicode.IsControl(r) {
			return '�'
		}
		return r
	}, string(line))
}

// secretPath tells whether the value at a path of the manifest may be a secret that someone wrote where a reference belongs.
func secretPath(path string) bool {
	parts := strings.Split(path, ".")
	return len(parts) > 3 && parts[0] == "modules" && parts[2] == "secrets"
}

// mayHoldSecret tells whether the last of lines is about secrets, by itself or by the header it stands below.
func mayHoldSecret(lines []string) bool {
	if strings.Contains(lines[len(lines)-1], "secret") {
		return true
	}
	for i := len(lines) - 1; i >= 0; i-- {
		if strings.HasPrefix(strings.TrimSpace(lines[i]), "[") {
			return strings.Contains(lines[i], "secret")
		}
	}
	return false
}

// mask hides what follows the key of a line, but for references. Its length stays, so that a caret points at the same place.
func mask(line string) string {
	start := strings.IndexByte(line, '=') + 1
	if rest := strings.TrimLeft(line[start:], " \t"); start > 0 && (rest == "" || rest[0] == '=') {
		start = 0 // the padding of base64, in a string of several lines
	}
	if strings.HasPrefix(strings.TrimSpace(line), "[") {
		return line
	}
	out := []byte(line)
	for i := start; i < len(out); i++ {
		if c := out[i]; c == '"' || c == '\'' {
			inner := line[i+1:]
			end := strings.IndexByte(inner, c)
			if end >= 0 && (strings.HasPrefix(inner, "env:") || strings.HasPrefix(inner, "file:")) {
				i += end + 1
			}
		} else if strings.IndexByte(" \t{}[],=", c) < 0 {
			out[i] = '*'
		}
	}
	return string(out)
}

// Text shows every problem with the line it is about, for a terminal. source is the manifest.
func (e Errors) Text(source []byte) string {
	var b strings.Builder
	for _, problem := range e {
		b.WriteString(problem.Error() + "\n")
		if excerpt := problem.Excerpt(source); excerpt != "" {
			b.WriteString(excerpt + "\n")
		}
	}
	switch len(e) {
	case 1:
		b.WriteString("1 problem\n")
	default:
		fmt.Fprintf(&b, "%d problems\n", len(e))
	}
	return b.String()
}

// nearest returns the candidate that word was most likely meant to be, or "".
func nearest(word string, candidates []string) string {
	best, least := "", min(len(word)/2+1, 4)
	if len(word) > 64 {
		return ""
	}
	for _, c := range candidates {
		if d := distance(strings.ToLower(word), c); d < least {
			best, least = c, d
		}
	}
	return best
}

// distance is the number of single letters to add, drop, change or swap (optimal string alignment).
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range len(b) + 1 {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
