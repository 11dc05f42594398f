package rewrite

import "strconv"

// This file writes the sections whose items change: memory, globals, exports,
// elements and data.

// tables writes the table section with bounded maximums, so that table.grow
// cannot take the host's memory: the engine keeps tables on the heap.
func (w *writer) tables(dst []byte) []byte {
	defs := w.m.tableDefs
	dst = appendU32(dst, uint32(len(defs)))
	for i, it := range defs {
		l := w.m.Tables[w.m.importedTables+i].Limits
		r := reader{b: w.m.raw, pos: it.start, end: it.expr, types: len(w.m.Types)}
		if w.m.raw[r.pos] == 0x40 {
			r.skip(2)
		}
		r.valueType()
		dst = append(dst, w.m.raw[it.start:r.pos]...)
		room := max(l.Min, uint32(maxTableEntries/len(defs)))
		if !l.HasMax || l.Max > room {
			l.Max = room
		}
		dst = append(dst, 1)
		dst = appendU32(dst, l.Min)
		dst = appendU32(dst, l.Max)
		if it.expr < it.end {
			dst = w.expr(dst, &reader{b: w.m.raw, pos: it.expr, end: it.end})
		}
	}
	return dst
}

// memory writes the memory section with the maximum from the options.
func (w *writer) memory(dst []byte) []byte {
	if len(w.m.Memories) == w.m.importedMems { // an empty section
		return append(dst, 0)
	}
	l := w.m.Memories[w.m.importedMems]
	l = w.opts.memoryLimits(l)
	flags := byte(0)
	if l.HasMax {
		flags |= 1
	}
	if l.Shared {
		flags |= 2
	}
	dst = append(dst, 1, flags)
	dst = appendU32(dst, l.Min)
	if l.HasMax {
		dst = appendU32(dst, l.Max)
	}
	return dst
}

// memoryLimits applies the cap, and adds the spare page when asked for.
func (o *Options) memoryLimits(l Limits) Limits {
	if o.MemoryPages > 0 && (!l.HasMax || l.Max > o.MemoryPages) {
		l.Max, l.HasMax = o.MemoryPages, true
	}
	if o.SparePage && l.HasMax && l.Max < maxPages {
		l.Max++
	}
	return l
}

func (w *writer) globals(dst []byte) []byte {
	n := uint32(len(w.m.globalDefs))
	if !w.opts.Meter {
		return w.items(appendU32(dst, n), w.m.globalDefs)
	}
	dst = w.items(appendU32(dst, n+1), w.m.globalDefs)
	dst = append(dst, I32.Code(), 1, opI32Const)
	dst = appendS32(dst, 0)
	return append(dst, opEnd)
}

func (w *writer) exportSection(dst []byte) []byte {
	dst = appendU32(dst, uint32(len(w.m.Exports)+len(w.exports)))
	add := func(e Export, index uint32) {
		dst = appendName(dst, e.Name)
		dst = append(dst, byte(e.Kind))
		dst = appendU32(dst, index)
	}
	for _, e := range w.m.Exports {
		if e.Kind == ExternFunc {
			add(e, w.fn(e.Index))
		} else {
			add(e, e.Index)
		}
	}
	for _, e := range w.exports {
		add(e, e.Index)
	}
	return dst
}

// elements copies the element segments in all eight forms, with functions
// renumbered.
func (w *writer) elements(dst []byte) []byte {
	dst = appendU32(dst, uint32(len(w.m.elements)))
	for _, s := range w.m.elements {
		r := reader{b: w.m.raw, pos: s.start, end: s.end, types: len(w.m.Types)}
		flags := r.u32()
		if flags&3 == 2 {
			r.u32()
		}
		dst = append(dst, w.m.raw[s.start:r.pos]...)
		if flags&1 == 0 {
			dst = w.expr(dst, &r)
		}
		exprs := flags&4 != 0
		if flags&3 != 0 {
			from := r.pos
			if exprs {
				r.valueType()
			} else {
				r.skip(1)
			}
			dst = append(dst, w.m.raw[from:r.pos]...)
		}
		n := r.u32()
		dst = appendU32(dst, n)
		for range n {
			if exprs {
				dst = w.expr(dst, &r)
			} else {
				dst = appendU32(dst, w.fn(r.u32()))
			}
		}
	}
	return dst
}

// data copies the data segments. In a clone the active ones keep only their
// offset: their content is in the snapshot, and after instantiation they count
// as dropped anyway.
func (w *writer) data(dst []byte, clone bool) []byte {
	dst = appendU32(dst, uint32(len(w.m.data)))
	for _, d := range w.m.data {
		dst = append(dst, w.m.raw[d.head.start:d.head.end]...)
		if clone && !d.passive {
			dst = append(dst, 0)
			continue
		}
		dst = appendU32(dst, uint32(d.content.end-d.content.start))
		dst = append(dst, w.m.raw[d.content.start:d.content.end]...)
	}
	return dst
}

func pages(n uint32) string { return strconv.FormatUint(uint64(n)*64, 10) + " KiB" }
