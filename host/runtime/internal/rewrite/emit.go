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
			buf = w.body(buf[:0], &m.bodies[i], p.events, p.patch)
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
func (w *writer) body(dst []byte, b *body, events []event, patch []byte) []byte {
	raw := w.m.raw
	if b.bulk && w.opts.Meter {
		// One more local of type i32 for operands of bulk instructions.
		r := reader{b: raw, pos: b.start, end: b.code}
		dst = appendU32(dst, r.u32()+1)
		dst = append(dst, raw[r.pos:b.code]...)
		dst = append(dst, 1, I32.Code())
	} else {
		dst = append(dst, raw[b.start:b.code]...)
	}
	c := coder{w: w, scratch: b.local, events: events, patch: patch}
	return c.stretch(dst, b.code, b.end, 0, len(events))
}

// coder applies the events of one body.
type coder struct {
	w       *writer
	scratch uint32 // index of the added local
	events  []event
	patch   []byte
}

// stretch writes the code from..to with the events first..last, last excluded.
func (c *coder) stretch(dst []byte, from, to, first, last int) []byte {
	w, raw := c.w, c.w.m.raw
	for i := first; i < last; i++ {
		e := &c.events[i]
		dst = append(dst, raw[from:e.pos]...)
		from = e.end
		switch e.kind {
		case evPoll:
			w.res.Polls.add(e.origin)
			dst = w.poll(dst, e.weight())
		case evLoop:
			w.res.Polls.add(e.origin)
			dst = c.loop(dst, i)
			i = int(e.b)
			from = c.events[i].end
		case evBulk:
			w.res.Polls.add(e.origin)
			dst = w.bulkPoll(dst, c.scratch, e.a)
		case evIndex:
			dst = appendU32(dst, e.a)
		case evBytes:
			dst = append(dst, c.patch[e.a:e.b]...)
		}
	}
	return append(dst, raw[from:to]...)
}

// loop writes a loop that polls where it begins the next round, so that one that
// ends in its first rounds, as many do, never polls:
//
//	block $exit             ;; left where the original falls out of the loop
//	  loop $again
//	    block               ;; once per copy; left by branches to the original loop
//	      body
//	      br $exit
//	    end
//	    check
//	    fuel -= weight of all copies
//	    br $again
//	  end
//	end
func (c *coder) loop(dst []byte, i int) []byte {
	e := &c.events[i]
	if e.flat {
		return c.flatLoop(dst, i)
	}
	instruction := c.w.m.raw[e.pos:e.end]
	dst = append(dst, opBlock)
	dst = append(dst, instruction[1:]...)
	dst = append(dst, instruction...)
	dst = c.copies(dst, i, e.copies)
	dst = c.w.poll(dst, charged(e.a))
	return append(dst, opBr, 0, opEnd, opEnd)
}

// flatLoop is the form for loops without calls. There the call in check would
// make the engine keep the loop's variables in memory; so the inner loop has no
// call, and leaves for an outer one, whose variables are other ones to the
// engine, when the fuel runs out:
//
//	block $exit
//	  block block           ;; first round, as deep as the others
//	    block body br $exit end
//	  end end
//	  loop $poll
//	    check
//	    loop $again
//	      block body br $exit end ...
//	      fuel -= weight of all copies
//	      if fuel >= 0 { br $again }
//	      br $poll
//	    end
//	  end
//	end
func (c *coder) flatLoop(dst []byte, i int) []byte {
	e := &c.events[i]
	instruction := c.w.m.raw[e.pos:e.end]
	dst = append(dst, opBlock)
	dst = append(dst, instruction[1:]...)
	if e.copies > 1 {
		dst = append(dst, opBlock, 0x40, opBlock, 0x40)
		dst = c.copies(dst, i, 1)
		dst = append(dst, opEnd, opEnd)
	}
	dst = append(dst, instruction...)
	dst = c.w.check(dst)
	dst = append(dst, instruction...)
	dst = c.copies(dst, i, e.copies)
	dst = c.w.spend(dst, charged(e.a))
	dst = append(dst, opGlobalGet)
	dst = appendU32(dst, c.w.fuel)
	dst = append(dst, opI32Const, 0, opI32GeS, opIf, 0x40, opBr, 1, opEnd)
	return append(dst, opBr, 1, opEnd, opEnd, opEnd)
}

// copies writes the body of the loop of event i several times.
func (c *coder) copies(dst []byte, i int, n uint32) []byte {
	e := &c.events[i]
	last := int(e.b)
	exit := byte(2)
	if e.flat {
		exit = 3
	}
	for range n {
		dst = append(dst, opBlock, 0x40)
		dst = c.stretch(dst, e.end, c.events[last].pos, i+1, last)
		dst = append(dst, opBr, exit, opEnd)
	}
	return dst
}

// check writes: if fuel < 0 { slow() }. The call stands in the else branch,
// because the engine's register allocator gives the code after an if the
// registers of whichever branch comes first, and that should be the one without
// a call.
func (w *writer) check(dst []byte) []byte {
	dst = append(dst, opGlobalGet)
	dst = appendU32(dst, w.fuel)
	dst = append(dst, opI32Const, 0, opI32GeS, opIf, 0x40, opElse, opCall)
	dst = appendU32(dst, w.slow)
	return append(dst, opEnd)
}

// spend writes: fuel -= weight.
func (w *writer) spend(dst []byte, weight uint32) []byte {
	dst = append(dst, opGlobalGet)
	dst = appendU32(dst, w.fuel)
	dst = append(dst, opI32Const)
	dst = appendS32(dst, int32(max(weight, 1)))
	dst = append(dst, opI32Sub, opGlobalSet)
	return appendU32(dst, w.fuel)
}

// poll writes a poll into straight-line code.
func (w *writer) poll(dst []byte, weight uint32) []byte {
	return w.spend(w.check(dst), weight)
}

// bulkPoll writes a poll with a weight of (n >> shift) + 1, where n is on top of
// the stack and stays there.
func (w *writer) bulkPoll(dst []byte, scratch, shift uint32) []byte {
	dst = w.check(dst)
	dst = append(dst, opLocalTee)
	dst = appendU32(dst, scratch)
	dst = append(dst, opGlobalGet)
	dst = appendU32(dst, w.fuel)
	dst = append(dst, opLocalGet)
	dst = appendU32(dst, scratch)
	dst = append(dst, opI32Const)
	dst = appendS32(dst, int32(shift))
	dst = append(dst, opI32ShrU, opI32Sub, opI32Const, 1, opI32Sub, opGlobalSet)
	return appendU32(dst, w.fuel)
}
