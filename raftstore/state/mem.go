package state

import (
	"bytes"
	"sort"
)

// Mem is a Writer in memory, for tests and models. The zero value is empty. Not safe for concurrent use.
type Mem struct{ pairs []pair }

type pair struct{ key, value []byte }

func (m *Mem) at(key []byte) (int, bool) {
	i := sort.Search(len(m.pairs), func(i int) bool { return bytes.Compare(m.pairs[i].key, key) >= 0 })
	return i, i < len(m.pairs) && bytes.Equal(m.pairs[i].key, key)
}

// Get implements Reader.
func (m *Mem) Get(key []byte) ([]byte, bool) {
	if i, ok := m.at(key); ok {
		return m.pairs[i].value, true
	}
	return nil, false
}

// Scan implements Reader.
func (m *Mem) Scan(from, to []byte, visit func(key, value []byte) bool) {
	for i, _ := m.at(from); i < len(m.pairs) && bytes.Compare(m.pairs[i].key, to) < 0; i++ {
		if !visit(m.pairs[i].key, m.pairs[i].value) {
			return
		}
	}
}

// Last implements Reader.
func (m *Mem) Last(from, to []byte, visit func(key, value []byte) bool) {
	i, _ := m.at(to)
	for i--; i >= 0 && bytes.Compare(m.pairs[i].key, from) >= 0; i-- {
		if !visit(m.pairs[i].key, m.pairs[i].value) {
			return
		}
	}
}

// Set implements Writer.
func (m *Mem) Set(key, value []byte) {
	i, ok := m.at(key)
	if !ok {
		m.pairs = append(m.pairs, pair{})
		copy(m.pairs[i+1:], m.pairs[i:])
	}
	m.pairs[i] = pair{key, value}
}

// Delete implements Writer.
func (m *Mem) Delete(key []byte) {
	if i, ok := m.at(key); ok {
		m.pairs = append(m.pairs[:i], m.pairs[i+1:]...)
	}
}

// Len is the number of keys.
func (m *Mem) Len() int { return len(m.pairs) }
