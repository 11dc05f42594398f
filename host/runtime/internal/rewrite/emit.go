package rewrite

// code writes the content of the code section.
func (w *writer) code() []byte {
	m := w.m
	dst := make([]byte, 0, m.sections[secCode].end-m.sections[secCode].start+len(m.raw)/16+256)
	dst = appendU32(dst, uint32(len(m.bodies)+len(w.addedFuncs)))
	p := planner{m: m, shift: w.shift, meter: w.opts.Meter}
	if p.meter {
		p.g = newCallGraph(m)
	}
	var buf []byte
	for i := range m.bodies {
		if p.shift == 0 && !p.meter {
			buf = append(buf[:0], m.raw[m.bodies[i].start:m.bodies[i].end]...)
		} else {
			p.plan(uint32(m.ImportedFunctions + i))
			buf = w.body(buf[:0], &m.bodies[i], p.events)
		}
		dst = appendU32(dst, uint32(len(buf)))
		dst = append(dst, buf...)
	}
	for _, f := range w.addedFuncs {
		dst = appendU32(dst, uint32(len(f.body)))
		dst = append(dst, f.body...)
	}
	return dst
}

// body writes one function: the locals, then the code with its events applied.
func (w *writer) body(dst []byte, b *body, events []event) []byte {
	raw := w.m.raw
	scratch := b.local
	if b.bulk && w.opts.Meter {
		r := reader{b: raw, pos: b.start, end: b.code}
		dst = appendU32(dst, r.u32()+1)
		dst = append(dst, raw[r.pos:b.code]...)
		dst = append(dst, 1, I32.Code())
	} else {
		dst = append(dst, raw[b.start:b.code]...)
	}
	pos := b.code
	for _, e := range events {
		dst = append(dst, raw[pos:e.pos]...)
		pos = e.end
		switch e.kind {
		case evPoll:
			w.res.Polls.add(e.origin)
			dst = w.poll(dst, e.a)
		case evBulk:
			w.res.Polls.add(e.origin)
			dst = w.bulkPoll(dst, scratch, e.a)
		case evIndex:
			dst = appendU32(dst, e.a)
		}
	}
	return append(dst, raw[pos:b.end]...)
}

// poll writes
//
//	fuel = fuel - weight; if fuel < 0 { slow() }
func (w *writer) poll(dst []byte, weight uint32) []byte {
	dst = append(dst, opGlobalGet)
	dst = appendU32(dst, w.fuel)
	dst = append(dst, opI32Const)
	dst = appendS32(dst, int32(max(weight, 1)))
	return w.spend(dst)
}

// bulkPoll writes the same with a weight of (n >> shift) + 1, where n is on top
// of the stack and stays there.
func (w *writer) bulkPoll(dst []byte, scratch, shift uint32) []byte {
	dst = append(dst, opLocalTee)
	dst = appendU32(dst, scratch)
	dst = append(dst, opGlobalGet)
	dst = appendU32(dst, w.fuel)
	dst = append(dst, opLocalGet)
	dst = appendU32(dst, scratch)
	dst = append(dst, opI32Const)
	dst = appendS32(dst, int32(shift))
	dst = append(dst, opI32ShrU, opI32Sub, opI32Const, 1)
	return w.spend(dst)
}

// spend writes the end of a poll: fuel and weight are on the stack.
func (w *writer) spend(dst []byte) []byte {
	dst = append(dst, opI32Sub, opGlobalSet)
	dst = appendU32(dst, w.fuel)
	dst = append(dst, opGlobalGet)
	dst = appendU32(dst, w.fuel)
	dst = append(dst, opI32Const, 0, opI32LtS, opIf, 0x40, opCall)
	dst = appendU32(dst, w.slow)
	return append(dst, opEnd)
}
