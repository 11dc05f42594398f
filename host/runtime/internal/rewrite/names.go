package rewrite

import "strconv"

// customSection notes a custom section. Only an unreadable name of the section
// itself is an error.
func (m *Module) customSection(r reader) error {
	name := r.name()
	if r.err != nil {
		return r.err
	}
	m.CustomSections = append(m.CustomSections, name)
	if name == "name" && m.nameSection.end == 0 {
		m.nameSection = span{r.pos, r.end}
	}
	return nil
}

// readNames reads module and function names. As custom sections must not make a
// module invalid, whatever is unreadable ends the reading and is otherwise
// ignored.
func (m *Module) readNames() {
	r := reader{b: m.raw, pos: m.nameSection.start, end: m.nameSection.end}
	for r.more() {
		id := r.byte()
		s := r.sub(int(r.u32()))
		if r.err != nil {
			return
		}
		switch id {
		case 0:
			m.moduleName = s.name()
		case 1:
			for n := s.count(); n > 0 && s.err == nil; n-- {
				i := s.u32()
				name := s.name()
				if s.err == nil && int(i) < len(m.Functions) && name != "" {
					m.names[i] = name
				}
			}
		}
	}
}

// appendNames writes a name section that fits the renumbered functions. A
// function without a name gets "$" and its number in the original module, the
// way the engine would have named it, so that traces stay comparable.
func (w *writer) appendNames(dst []byte) []byte {
	sub := appendName(nil, w.m.moduleName)
	dst = appendName(dst, "name")
	if w.m.moduleName != "" {
		dst = append(dst, 0)
		dst = appendU32(dst, uint32(len(sub)))
		dst = append(dst, sub...)
	}
	n := uint32(len(w.m.Functions))
	total := n + uint32(len(w.addedImports)+len(w.addedFuncs))
	sub = appendU32(sub[:0], total)
	add := func(i uint32, name string) {
		sub = appendU32(sub, i)
		sub = appendName(sub, name)
	}
	original := func(i uint32) {
		name := w.m.names[i]
		if name == "" {
			name = "$" + strconv.FormatUint(uint64(i), 10)
		}
		add(w.fn(i), name)
	}
	imported := uint32(w.m.ImportedFunctions)
	for i := range imported {
		original(i)
	}
	for i, im := range w.addedImports {
		add(imported+uint32(i), reserved+im.name)
	}
	for i := imported; i < n; i++ {
		original(i)
	}
	for i, f := range w.addedFuncs {
		add(n+uint32(len(w.addedImports)+i), reserved+f.name)
	}
	dst = append(dst, 1)
	dst = appendU32(dst, uint32(len(sub)))
	return append(dst, sub...)
}
