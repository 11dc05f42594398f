package web

import "html"

// problemPage is the page for a problem, for people.
func problemPage(p *Problem, id string) []byte {
	return []byte("<!doctype html><title>" + html.EscapeString(p.Title) + "</title>")
}
