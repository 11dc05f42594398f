package quickjs

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// sourceMap finds where a position of the bundle comes from (source map revision 3, ECMA-426). Immutable.
type sourceMap struct {
	sources []string
	marks   []mark // in order of the bundle
}

// mark says that the bundle from line and column on comes from a position in a source. All count from 0.
type mark struct{ line, column, source, fromLine, fromColumn int }

var errSourceMap = errors.New("quickjs: malformed source map")

func parseSourceMap(text []byte) (*sourceMap, error) {
	var raw struct {
		Version  int      `json:"version"`
		Sources  []string `json:"sources"`
		Mappings string   `json:"mappings"`
	}
	if err := json.Unmarshal(text, &raw); err != nil || raw.Version != 3 {
		return nil, errors.Join(errSourceMap, err)
	}
	s := &sourceMap{sources: raw.Sources}
	var m mark
	for line, segments := range strings.Split(raw.Mappings, ";") {
		m.line, m.column = line, 0
		for segment := range strings.SplitSeq(segments, ",") {
			if segment == "" {
				continue
			}
			numbers, err := vlq(segment)
			if err != nil {
				return nil, err
			}
			m.column += numbers[0]
			if len(numbers) < 4 {
				continue
			}
			m.source += numbers[1]
			m.fromLine += numbers[2]
			m.fromColumn += numbers[3]
			if m.source < 0 || m.source >= len(raw.Sources) {
				return nil, errSourceMap
			}
			s.marks = append(s.marks, m)
		}
	}
	return s, nil
}

const base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// vlq decodes the numbers of one segment: base 64 digits of five bits, the low bit of the first is the sign.
func vlq(segment string) ([]int, error) {
	var numbers []int
	value, shift := 0, 0
	for i := range len(segment) {
		digit := strings.IndexByte(base64, segment[i])
		if digit < 0 || shift > 30 {
			return nil, errSourceMap
		}
		value |= digit & 31 << shift
		if shift += 5; digit&32 != 0 {
			continue
		}
		if value&1 != 0 {
			numbers = append(numbers, -(value >> 1))
		} else {
			numbers = append(numbers, value>>1)
		}
		value, shift = 0, 0
	}
	if shift != 0 || len(numbers) == 0 {
		return nil, errSourceMap
	}
	return numbers, nil
}

// find returns the source position of a bundle position. Lines and columns count from 1, as in stacks.
func (s *sourceMap) find(line, column int) (source string, fromLine, fromColumn int, ok bool) {
	i, exact := slices.BinarySearchFunc(s.marks, mark{line: line - 1, column: column - 1}, func(a, b mark) int {
		if a.line != b.line {
			return a.line - b.line
		}
		return a.column - b.column
	})
	if !exact {
		i--
	}
	if i < 0 || s.marks[i].line != line-1 {
		return "", 0, 0, false
	}
	m := s.marks[i]
	return s.sources[m.source], m.fromLine + 1, m.fromColumn + 1, true
}

var positionPattern = regexp.MustCompile(`([^\s()]+):(\d+):(\d+)\)?$`)

// rewrite replaces the position in one line of a stack when it is one of the bundle called name. A nil map leaves it alone.
func (s *sourceMap) rewrite(line, name string) string {
	at := positionPattern.FindStringSubmatchIndex(line)
	if s == nil || at == nil || line[at[2]:at[3]] != name {
		return line
	}
	l, _ := strconv.Atoi(line[at[4]:at[5]])
	c, _ := strconv.Atoi(line[at[6]:at[7]])
	source, l, c, ok := s.find(l, c)
	if !ok {
		return line
	}
	return line[:at[2]] + source + ":" + strconv.Itoa(l) + ":" + strconv.Itoa(c) + line[at[7]:]
}
