package extism

import (
	"fmt"
	"net/url"
	"path"
	"strings"
)

// globs are patterns for host names, as an Extism manifest has them: *, ?, [a-z] and {one,other}. They say nothing about the
// scheme or the port.
type globs []string

// maxAlternatives bounds what the braces of one pattern may expand to.
const maxAlternatives = 256

func parseGlobs(patterns []string) (globs, error) {
	var all globs
	for _, p := range patterns {
		expanded := expand(strings.ToLower(p))
		if len(expanded) > maxAlternatives {
			return nil, fmt.Errorf("%q stands for more than %d patterns", p, maxAlternatives)
		}
		for _, e := range expanded {
			e = strings.ReplaceAll(e, "[!", "[^")
			if _, err := path.Match(e, ""); err != nil || e == "" || strings.ContainsAny(e, "/{}") {
				return nil, fmt.Errorf("%q is no pattern for a host name", p)
			}
			all = append(all, e)
		}
	}
	return all, nil
}

// expand writes out the first pair of braces and goes on with what that gave.
func expand(pattern string) []string {
	open := strings.IndexByte(pattern, '{')
	end := strings.IndexByte(pattern, '}')
	if open < 0 || end < open {
		return []string{pattern}
	}
	var all []string
	for _, choice := range strings.Split(pattern[open+1:end], ",") {
		all = append(all, expand(pattern[:open]+choice+pattern[end+1:])...)
		if len(all) > maxAlternatives {
			break
		}
	}
	return all
}

func (g globs) allow(u *url.URL) bool {
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	for _, pattern := range g {
		if ok, err := path.Match(pattern, host); ok && err == nil {
			return true
		}
	}
	return false
}
