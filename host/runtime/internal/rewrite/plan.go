package rewrite

// eventKind says what an event does at its position.
type eventKind byte

const (
	evPoll    eventKind = iota // insert a poll of weight a
	evLoop                     // begin a loop that polls, up to the event b
	evLoopEnd                  // where that loop ends
	evIndex                    // replace the bytes pos..end by index a
	evBytes                    // replace the bytes pos..end by patch[a:b]
	evBulk                     // insert a poll proportional to the operand on top
)

// event is one change of a body. Events are in order of pos.
type event struct {
	kind     eventKind
	origin   pollOrigin
	pos, end int
	a, b     uint32
	copies   uint32
	flat     bool   // a loop without calls
	frame    uint32 // what an entry charges for its frame
}

// weight is what the poll of an event charges.
func (e *event) weight() uint32 {
	switch e.origin {
	case atThrow, atIndirect:
		return e.a
	}
	return charged(e.a) + e.frame
}

// pollOrigin says why a poll was inserted.
type pollOrigin byte

const (
	atEntry pollOrigin = iota
	atLoop
	atSplit
	atIndirect
	atBulk
	atThrow
)

// scope is one open block while planning.
type scope struct {
	// acc is the event that pays for the code read now, -1 for the caller.
	acc int
	// loop is the event of this loop when it polls, else -1.
	loop int
	// levels is how many blocks this one becomes: three or four for a loop that
	// polls.
	levels uint32
}

// planner turns a body into events. Reused from body to body.
type planner struct {
	m      *Module
	g      *callGraph
	shift  uint32
	meter  bool
	events []event
	patch  []byte
	scopes []scope
	d      decoder
	self   uint32
	loops  int // loops seen so far
	// splitLoops is how many open or closed loops got a second level; branches
	// are left alone while it is zero.
	splitLoops int
}

// plan computes the events of function f, counted with imports.
func (p *planner) plan(f uint32) {
	b := p.m.body(f)
	p.self, p.loops, p.splitLoops = f, 0, 0
	p.events, p.patch = p.events[:0], p.patch[:0]
	root := scope{acc: -1, loop: -1, levels: 1}
	if p.meter && p.g.entry[f] {
		root.acc = p.poll(atEntry, b.code)
		p.events[0].frame = b.local + b.cost/frameShare + frameWeight
	}
	p.scopes = append(p.scopes[:0], root)
	p.d.reader = reader{b: p.m.raw, pos: b.code, end: b.end, types: len(p.m.Types)}
	for len(p.scopes) > 0 {
		in := p.d.next()
		if p.d.err != nil {
			panic("rewrite: body changed after Parse: " + p.d.err.Error())
		}
		p.inst(b, in)
	}
}

func (p *planner) add(e event) int {
	p.events = append(p.events, e)
	return len(p.events) - 1
}

func (p *planner) poll(origin pollOrigin, pos int) int {
	return p.add(event{kind: evPoll, origin: origin, pos: pos, end: pos})
}

func (p *planner) inst(b *body, in inst) {
	if p.meter {
		p.charge(in, opWeight(in.op))
	}
	switch in.op {
	case opBlock, opIf:
		p.open()
	case opTryTable:
		p.catches(in)
		p.open()
	case opLoop:
		p.open()
		l := b.loops[p.loops]
		p.loops++
		if p.meter && l.repeats {
			p.loop(in, l)
		}
	case opEnd:
		p.end(in)
	case opBr, opBrIf, opBrOnNull, opBrOnNonNull:
		if l := p.label(in.a); l != in.a {
			p.add(event{kind: evIndex, pos: in.operand, end: in.end, a: l})
		}
	case opBrTable:
		p.brTable(in)
	case opCall, opReturnCall:
		if p.meter {
			p.charge(in, p.g.callCost(in.a))
		}
		p.index(in)
	case opRefFunc:
		p.index(in)
	case opCallIndirect, opReturnIndirect, opCallRef, opReturnCallRef:
		if !p.meter {
			return
		}
		p.charge(in, p.g.indirectCost(p.self, in.a))
		if p.g.cut(p.self, in.a) {
			i := p.poll(atIndirect, in.start)
			p.events[i].a = p.g.siteWeight(in.a)
		}
	case opThrow, opThrowRef:
		if p.meter {
			i := p.poll(atThrow, in.start)
			p.events[i].a = throwWeight
		}
	case opMemoryInit, opMemoryCopy, opMemoryFill:
		p.bulk(in, 6)
	case opTableInit, opTableCopy, opTableFill, opTableGrow:
		p.bulk(in, 3)
	}
}

// loop begins a loop that polls. Its weight is known at its end.
func (p *planner) loop(in inst, l loopInfo) {
	if p.recurs(l) {
		return // each round polls in a function it calls
	}
	if l.params {
		// Rare, and the wrapping of writer.loop would need more block types.
		i := p.poll(atLoop, in.end)
		*p.top() = scope{acc: i, loop: i, levels: 1}
		return
	}
	e := event{kind: evLoop, origin: atLoop, pos: in.start, end: in.end, copies: l.copies(), flat: !l.calls}
	levels := uint32(3)
	if e.flat {
		levels = 4
	}
	i := p.add(e)
	*p.top() = scope{acc: i, loop: i, levels: levels}
	p.splitLoops++
}

// recurs reports whether every round of a loop calls a function that polls at
// its entry.
func (p *planner) recurs(l loopInfo) bool {
	for _, f := range l.always {
		if p.g.entry[f] {
			return true
		}
	}
	return false
}

// end closes a block. The poll of a loop is where it begins the next round, so
// the first round is paid by the code around it.
func (p *planner) end(in inst) {
	s := *p.top()
	p.scopes = p.scopes[:len(p.scopes)-1]
	if s.levels < 3 {
		return
	}
	p.events[s.loop].b = uint32(p.add(event{kind: evLoopEnd, pos: in.start, end: in.end}))
	e := &p.events[s.loop]
	e.a = saturate(uint64(e.a) * uint64(e.copies))
	if acc := p.top().acc; acc >= 0 {
		p.events[acc].a = saturate(uint64(p.events[acc].a) + uint64(e.a))
	}
}

func (p *planner) top() *scope { return &p.scopes[len(p.scopes)-1] }

func (p *planner) open() {
	p.scopes = append(p.scopes, scope{acc: p.top().acc, loop: -1, levels: 1})
}

func (p *planner) index(in inst) {
	if p.shift != 0 && int(in.a) >= p.m.ImportedFunctions {
		p.add(event{kind: evIndex, pos: in.operand, end: in.end, a: in.a + p.shift})
	}
}

func (p *planner) bulk(in inst, shift uint32) {
	if p.meter {
		p.add(event{kind: evBulk, origin: atBulk, pos: in.start, end: in.start, a: shift})
	}
}

// charge adds to whatever pays here. Long stretches are split by a poll before
// the instruction.
func (p *planner) charge(in inst, weight uint32) {
	s := p.top()
	if s.acc < 0 {
		return // an unmetered function is short and paid by its callers
	}
	e := &p.events[s.acc]
	e.a = saturate(uint64(e.a) + uint64(weight))
	if e.a > splitBudget && in.op != opElse && in.op != opEnd {
		s.acc = p.poll(atSplit, in.start)
	}
}

// label returns a label counted with the added levels.
func (p *planner) label(label uint32) uint32 {
	if p.splitLoops == 0 {
		return label
	}
	n := uint32(0)
	for i := range label {
		at := len(p.scopes) - 1 - int(i)
		if at < 0 {
			return label // invalid; the engine will say so
		}
		n += p.scopes[at].levels
	}
	return n
}

func (p *planner) brTable(in inst) {
	if p.splitLoops == 0 {
		return
	}
	from := len(p.patch)
	p.patch = appendU32(p.patch, uint32(len(p.d.labels)-1))
	for _, l := range p.d.labels {
		p.patch = appendU32(p.patch, p.label(l))
	}
	p.add(event{kind: evBytes, pos: in.operand, end: in.end, a: uint32(from), b: uint32(len(p.patch))})
}

// catches rewrites the labels of a try_table, which count from outside it.
func (p *planner) catches(in inst) {
	if p.splitLoops == 0 {
		return
	}
	d := decoder{reader: reader{b: p.m.raw, pos: in.operand, end: in.end, types: len(p.m.Types)}}
	d.blockType()
	at := d.pos
	from := len(p.patch)
	n := d.u32()
	p.patch = appendU32(p.patch, n)
	for range n {
		kind := d.byte()
		p.patch = append(p.patch, kind)
		if kind < 2 {
			p.patch = appendU32(p.patch, d.u32())
		}
		p.patch = appendU32(p.patch, p.label(d.u32()))
	}
	p.add(event{kind: evBytes, pos: at, end: in.end, a: uint32(from), b: uint32(len(p.patch))})
}
