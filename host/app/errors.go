package app

import (
	"fmt"
	"strings"
)

// ManifestError is one thing that is wrong with a manifest.
type ManifestError struct {
	File       string `json:"file"`
	Line       int    `json:"line"`   // from 1
	Column     int    `json:"column"` // from 1
	Key        string `json:"key,omitempty"`
	Message    string `json:"message"`
	Suggestion string `json:"suggestion,omitempty"`
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

// Excerpt shows the line of source that e is about, with a caret below its column.
func (e *ManifestError) Excerpt(source []byte) string {
	lines := strings.Split(string(source), "\n")
	if e.Line < 1 || e.Line > len(lines) {
		return ""
	}
	line := strings.TrimRight(lines[e.Line-1], "\r")
	var indent strings.Builder
	for i, r := range line {
		if i >= e.Column-1 {
			break
		}
		if r != '\t' {
			r = ' '
		}
		indent.WriteRune(r)
	}
	return fmt.Sprintf("%5d | %s\n      | %s^", e.Line, line, indent.String())
}

// nearest returns the candidate that word was most likely meant to be, or "".
func nearest(word string, candidates []string) string {
	best, least := "", len(word)/2+1
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
