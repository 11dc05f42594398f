package rewrite

// readBody reads one function body: it checks every instruction and collects
// what the call graph and the traits need.
func (m *Module) readBody(r *reader) {
	start := r.pos
	index := m.ImportedFunctions + len(m.bodies)
	if index >= len(m.Functions) {
		r.fail(malformed(start, "more bodies than functions"))
		return
	}
	s := r.sub(int(r.u32()))
	if r.err != nil {
		return
	}
	b := body{span: span{s.pos, s.end}}
	locals := uint64(len(m.FuncType(uint32(index)).Params))
	for n := s.count(); n > 0 && s.err == nil; n-- {
		locals += uint64(s.u32())
		s.valueType()
	}
	if s.err == nil && locals > maxLocals {
		s.fail(tooLarge(start, "function %d has %d locals, at most %d", index, locals, maxLocals))
	}
	b.code, b.local = s.pos, uint32(locals)
	d := decoder{reader: s}
	// open holds, per open block, the number of the loop it is or is in, and
	// whether it is that loop itself.
	open := append(m.scratch[:0], openBlock{loop: -1})
	back := func(label uint32) {
		if i := len(open) - 1 - int(label); i >= 0 && open[i].self {
			b.loops[open[i].loop].repeats = true
		}
	}
	for len(open) > 0 && d.err == nil {
		in := d.next()
		if d.err != nil {
			break
		}
		weight := opWeight(in.op)
		b.cost = saturate(uint64(b.cost) + uint64(weight))
		top := open[len(open)-1]
		if top.loop >= 0 {
			l := &b.loops[top.loop]
			l.cost = saturate(uint64(l.cost) + uint64(weight))
		}
		switch in.op {
		case opLoop:
			open = append(open, openBlock{loop: int32(len(b.loops)), self: true})
			if top.loop >= 0 {
				b.loops[top.loop].nests = true
			}
			b.loops = append(b.loops, loopInfo{
				values: m.raw[in.operand] != 0x40,
				params: in.a > 0 && len(m.Types[in.a-1].Params) > 0,
			})
		case opTryTable:
			m.Traits.Exceptions = true
			for _, l := range d.labels {
				back(l)
			}
			open = append(open, openBlock{loop: top.loop})
		case opBlock, opIf:
			open = append(open, openBlock{loop: top.loop})
		case opEnd:
			open = open[:len(open)-1]
		case opBr, opBrIf, opBrOnNull, opBrOnNonNull:
			back(in.a)
		case opBrTable:
			for _, l := range d.labels {
				back(l)
			}
		case opCall, opReturnCall, opCallIndirect, opReturnIndirect, opCallRef, opReturnCallRef,
			opMemoryInit, opMemoryCopy, opMemoryFill, opTableInit, opTableCopy, opTableFill, opTableGrow:
			if top.loop >= 0 {
				l := &b.loops[top.loop]
				l.calls = true
				// Before the first branch back the loop's own level is reached in every
				// round that does not leave.
				if top.self && !l.repeats && (in.op == opCall || in.op == opReturnCall) {
					l.always = append(l.always, in.a)
				}
			}
			m.note(&d, &b, in)
		default:
			m.note(&d, &b, in)
		}
	}
	m.scratch = open
	if d.err == nil && d.pos != d.end {
		d.fail(malformed(d.pos, "instructions after the end of function %d", index))
	}
	if d.err != nil {
		r.fail(d.err)
		return
	}
	for _, l := range b.loops {
		b.cost = saturate(uint64(b.cost) + uint64(l.copies()-1)*uint64(l.cost))
	}
	b.cost = saturate(uint64(b.cost) + locals + frameWeight)
	m.bodies = append(m.bodies, b)
}

type openBlock struct {
	loop int32
	self bool
}

// note records calls, references and traits of one instruction.
func (m *Module) note(d *decoder, b *body, in inst) {
	t := &m.Traits
	switch in.op {
	case opReturnCall, opReturnIndirect, opReturnCallRef:
		t.TailCalls = true
	case opThrow, opThrowRef:
		t.Exceptions = true
	case opTableSet:
		t.MutatesTables = true
	case opMemoryGrow:
		t.GrowsMemory = true
	}
	switch in.op {
	case opCall, opReturnCall:
		if int(in.a) >= len(m.Functions) {
			d.fail(malformed(in.start, "call of function %d out of range", in.a))
			return
		}
		b.callees = append(b.callees, in.a)
	case opCallIndirect, opReturnIndirect, opCallRef, opReturnCallRef:
		if int(in.a) >= len(m.Types) {
			d.fail(malformed(in.start, "call with type %d out of range", in.a))
			return
		}
		b.indirect = append(b.indirect, in.a)
	case opRefFunc:
		m.take(&d.reader, in)
	case opGlobalGet, opGlobalSet:
		// Keeps the fuel counter, which comes after, out of the guest's reach.
		if int(in.a) >= len(m.Globals) {
			d.fail(malformed(in.start, "global %d out of range", in.a))
		}
	case opTableGrow, opTableFill, opTableCopy, opTableInit:
		t.MutatesTables = true
		b.bulk = true
	case opElemDrop, opDataDrop:
		t.DropsSegments = true
	case opMemoryInit:
		t.InitsMemory = true
		b.bulk = true
	case opMemoryFill, opMemoryCopy:
		b.bulk = true
	default:
		if in.op >= 0xfd00 && in.op < 0xfe00 {
			t.SIMD = true
		} else if in.op >= 0xfe00 {
			t.Atomics = true
		}
	}
}

func saturate(v uint64) uint32 { return uint32(min(v, maxWeight)) }

// frameWeight is charged per call of a function, for its frame, and at entry
// polls one more unit for every frameShare units the function costs: each of its
// instructions may keep a value in the frame.
const (
	frameWeight = 4
	frameShare  = 8
)

// throwWeight is charged by a poll of its own before every throw, which takes
// the engine about 60 microseconds (wazero 1.12).
const throwWeight = 4096

// opWeight is what an instruction costs in fuel: one, except for those that
// leave to the engine.
func opWeight(op uint32) uint32 {
	switch op {
	case opTryTable, opMemoryGrow:
		return 64
	}
	return 1
}

// maxWeight bounds every weight, so that sums of a few cannot overflow the
// signed 32-bit counter.
const maxWeight = 1 << 24
