package rewrite

// eventKind says what an event does at its position.
type eventKind byte

const (
	evPoll    eventKind = iota // insert a poll of weight a
	evIndex                    // replace the bytes pos..end by index a
	evBulk                     // insert a poll proportional to the operand on top
	evDropped                  // nothing: a loop that never repeats
)

// event is one change of a body. Events are in order of pos.
type event struct {
	kind   eventKind
	origin pollOrigin
	pos    int
	end    int
	a      uint32
}

// pollOrigin says why a poll was inserted.
type pollOrigin byte

const (
	atEntry pollOrigin = iota
	atLoop
	atSplit
	atIndirect
	atBulk
)

// scope is one open block while planning.
type scope struct {
	// acc is the event that pays for the code read now, -1 for the caller.
	acc int
	// loop is the poll event at the head of this loop, -1 for other blocks.
	loop int
}

// planner turns a body into events. Reused from body to body.
type planner struct {
	m      *Module
	g      *callGraph
	shift  uint32
	meter  bool
	events []event
	scopes []scope
	d      decoder
	self   uint32
}

// plan computes the events of function f, counted with imports.
func (p *planner) plan(f uint32) {
	b := p.m.body(f)
	p.self = f
	p.events = p.events[:0]
	root := scope{acc: -1, loop: -1}
	if p.meter && p.g.entry[f] {
		root.acc = p.poll(atEntry, b.code)
		p.events[0].a = b.local
	}
	p.scopes = append(p.scopes[:0], root)
	p.d.reader = reader{b: p.m.raw, pos: b.code, end: b.end, types: len(p.m.Types)}
	for len(p.scopes) > 0 {
		in := p.d.next()
		if p.d.err != nil {
			panic("rewrite: body changed after Parse: " + p.d.err.Error())
		}
		p.inst(in)
	}
}

func (p *planner) poll(origin pollOrigin, pos int) int {
	p.events = append(p.events, event{kind: evPoll, origin: origin, pos: pos, end: pos})
	return len(p.events) - 1
}

func (p *planner) inst(in inst) {
	if p.meter {
		p.charge(in, 1)
	}
	switch in.op {
	case opBlock, opIf, opTryTable:
		// Labels of catch clauses count from outside the try_table.
		if in.op == opTryTable {
			p.branches()
		}
		p.scopes = append(p.scopes, scope{acc: p.top().acc, loop: -1})
	case opLoop:
		s := scope{acc: p.top().acc, loop: -1}
		if p.meter {
			s.loop = p.poll(atLoop, in.end)
			p.events[s.loop].kind = evDropped
			s.acc = s.loop
		}
		p.scopes = append(p.scopes, s)
	case opEnd:
		p.endScope()
	case opBr, opBrIf, opBrOnNull, opBrOnNonNull:
		p.branch(in.a)
	case opBrTable:
		p.branches()
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
	case opMemoryInit, opMemoryCopy, opMemoryFill:
		p.bulk(in, 6)
	case opTableInit, opTableCopy, opTableFill, opTableGrow:
		p.bulk(in, 3)
	}
}

func (p *planner) top() *scope { return &p.scopes[len(p.scopes)-1] }

func (p *planner) index(in inst) {
	if p.shift != 0 && int(in.a) >= p.m.ImportedFunctions {
		p.events = append(p.events, event{kind: evIndex, pos: in.operand, end: in.end, a: in.a + p.shift})
	}
}

func (p *planner) bulk(in inst, shift uint32) {
	if p.meter {
		p.events = append(p.events, event{kind: evBulk, origin: atBulk, pos: in.start, end: in.start, a: shift})
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

func (p *planner) branch(label uint32) {
	i := len(p.scopes) - 1 - int(label)
	if i < 0 {
		return // invalid; the engine will say so
	}
	if l := p.scopes[i].loop; l >= 0 {
		p.events[l].kind = evPoll
	}
}

func (p *planner) branches() {
	for _, l := range p.d.labels {
		p.branch(l)
	}
}

// endScope closes a block. A loop nothing branches to runs once, so its cost
// belongs to the code around it.
func (p *planner) endScope() {
	s := *p.top()
	p.scopes = p.scopes[:len(p.scopes)-1]
	if s.loop < 0 || p.events[s.loop].kind == evPoll || len(p.scopes) == 0 {
		return
	}
	if outer := p.top().acc; outer >= 0 {
		e := &p.events[outer]
		e.a = saturate(uint64(e.a) + uint64(p.events[s.loop].a))
	}
}
