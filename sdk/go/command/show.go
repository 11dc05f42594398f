package command

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// Table writes rows in columns with two spaces between them. Without a header, when it is nil.
func Table(w io.Writer, header []string, rows [][]string) error {
	if header != nil {
		rows = append([][]string{header}, rows...)
	}
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range row {
			b.WriteString(cell)
			if i+1 < len(row) {
				b.WriteString(strings.Repeat(" ", widths[i]+2-utf8.RuneCountInString(cell)))
			}
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Progress tells on Stderr how far a command is: a bar where that is a terminal, else one line at the end.
type Progress struct {
	c           *Context
	label       string
	done, total int
	width       int // of what was drawn
	drawn       time.Time
	failed      error
}

const (
	drawEvery   = 100 * time.Millisecond
	widestBar   = 40
	shortestBar = 10
)

// Progress begins to count to total; with 0 it only counts.
func (c *Context) Progress(label string, total int) *Progress {
	return &Progress{c: c, label: label, total: total}
}

// Add counts n more.
func (p *Progress) Add(n int) { p.Set(p.done + n) }

// Set says how many are done.
func (p *Progress) Set(done int) {
	p.done = done
	if p.c.Columns > 0 && time.Since(p.drawn) >= drawEvery {
		p.drawn = time.Now()
		p.draw()
	}
}

// Finish ends the line, and returns an error when something could not be written.
func (p *Progress) Finish() error {
	if p.c.Columns > 0 {
		p.draw()
		p.write("\n")
	} else {
		p.write(fmt.Sprintf("%s: %d done\n", p.label, p.done))
	}
	return p.failed
}

func (p *Progress) draw() {
	line := fmt.Sprintf("%s: %d", p.label, p.done)
	if p.total > 0 {
		share := min(max(float64(p.done)/float64(p.total), 0), 1)
		counts := fmt.Sprintf(" %3.0f %% %d/%d", 100*share, p.done, p.total)
		if room := min(widestBar, p.c.Columns-1-utf8.RuneCountInString(p.label)-len(counts)-4); room >= shortestBar {
			full := int(share * float64(room))
			line = p.label + " [" + strings.Repeat("=", full) + strings.Repeat(" ", room-full) + "]" + counts
		} else {
			line = p.label + counts
		}
	}
	width := utf8.RuneCountInString(line)
	p.write("\r" + line + strings.Repeat(" ", max(0, p.width-width)))
	p.width = width
}

func (p *Progress) write(text string) {
	if _, err := io.WriteString(p.c.Stderr, text); err != nil && p.failed == nil {
		p.failed = err
	}
}
