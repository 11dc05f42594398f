package rewrite

// Active is the content of an active data segment.
type Active struct {
	Offset uint32
	Bytes  []byte // a view of the module
}

// dataUnused tells whether no instruction refers to a data segment, so that a
// clone can do without them. A Go module has thousands, and the engine evaluates
// the offset of each one for every instance: 2 ms instead of 0.1.
func (m *Module) dataUnused() bool {
	return !m.Traits.InitsMemory && !m.Traits.DropsSegments
}

// ActiveData returns the active data segments, in order. ok is false when an offset is not a constant: then only the engine can
// place them.
func (m *Module) ActiveData() (segments []Active, ok bool) {
	for _, s := range m.data {
		if s.passive {
			continue
		}
		at := s.head.start
		switch m.raw[at] {
		case 0:
			at++
		case 2: // an explicit memory index, which is 0: Parse refuses several memories
			at += 2
		default: // flags written with more bytes than they need
			return nil, false
		}
		if m.raw[at] != 0x41 { // i32.const
			return nil, false
		}
		value, shift := int64(0), 0
		for at++; ; at++ {
			b := m.raw[at]
			value |= int64(b&0x7f) << shift
			shift += 7
			if b < 0x80 {
				if b&0x40 != 0 {
					value |= -1 << shift
				}
				break
			}
		}
		if m.raw[at+1] != 0x0b { // end
			return nil, false
		}
		segments = append(segments, Active{Offset: uint32(value), Bytes: m.raw[s.content.start:s.content.end]})
	}
	return segments, true
}
