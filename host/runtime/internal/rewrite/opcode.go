package rewrite

// Opcodes that the analysis or the rewriting looks at.
const (
	opUnreachable    = 0x00
	opBlock          = 0x02
	opLoop           = 0x03
	opIf             = 0x04
	opElse           = 0x05
	opThrow          = 0x08
	opThrowRef       = 0x0a
	opEnd            = 0x0b
	opBr             = 0x0c
	opBrIf           = 0x0d
	opBrTable        = 0x0e
	opReturn         = 0x0f
	opCall           = 0x10
	opCallIndirect   = 0x11
	opReturnCall     = 0x12
	opReturnIndirect = 0x13
	opCallRef        = 0x14
	opReturnCallRef  = 0x15
	opTryTable       = 0x1f
	opLocalGet       = 0x20
	opLocalSet       = 0x21
	opLocalTee       = 0x22
	opGlobalGet      = 0x23
	opGlobalSet      = 0x24
	opTableSet       = 0x26
	opMemoryGrow     = 0x40
	opI32Const       = 0x41
	opI32Eqz         = 0x45
	opI32LtS         = 0x48
	opI32GtS         = 0x4a
	opI32GeS         = 0x4e
	opI32Add         = 0x6a
	opI32Sub         = 0x6b
	opI32ShrU        = 0x76
	opRefFunc        = 0xd2
	opBrOnNull       = 0xd5
	opBrOnNonNull    = 0xd6

	// Prefixed opcodes are numbered prefix<<8 | code.
	opMemoryInit = 0xfc08
	opDataDrop   = 0xfc09
	opMemoryCopy = 0xfc0a
	opMemoryFill = 0xfc0b
	opTableInit  = 0xfc0c
	opElemDrop   = 0xfc0d
	opTableCopy  = 0xfc0e
	opTableGrow  = 0xfc0f
	opTableFill  = 0xfc11
)

// immediate kinds of the one-byte opcodes.
const (
	immBad byte = iota
	immNone
	immBlock     // block type
	immIndex     // one u32
	immIndex2    // two u32
	immMemory    // align and offset
	immZero      // one reserved byte
	immI32       // signed 32
	immI64       // signed 64
	immF32       // 4 bytes
	immF64       // 8 bytes
	immBrTable   // vector of labels and a default
	immTypes     // vector of value types
	immHeap      // heap type
	immTryTable  // block type and catches
	immLegacy    // old exception handling
	immPrefixFC  // misc
	immPrefixFD  // SIMD
	immPrefixFE  // atomics
	immPrefixGC  // garbage collection proposal
	immCallIndir // type and table
)

var immediates = buildImmediates()

func buildImmediates() (t [256]byte) {
	set := func(kind byte, from, to int) {
		for i := from; i <= to; i++ {
			t[i] = kind
		}
	}
	set(immNone, 0x00, 0x01)
	set(immBlock, 0x02, 0x04)
	t[opElse] = immNone
	set(immLegacy, 0x06, 0x07)
	t[opThrow] = immIndex
	t[0x09] = immLegacy
	t[opThrowRef] = immNone
	t[opEnd] = immNone
	set(immIndex, opBr, opBrIf)
	t[opBrTable] = immBrTable
	t[opReturn] = immNone
	t[opCall] = immIndex
	t[opCallIndirect] = immCallIndir
	t[opReturnCall] = immIndex
	t[opReturnIndirect] = immCallIndir
	set(immIndex, opCallRef, opReturnCallRef)
	set(immLegacy, 0x18, 0x19)
	set(immNone, 0x1a, 0x1b) // drop, select
	t[0x1c] = immTypes
	t[opTryTable] = immTryTable
	set(immIndex, 0x20, 0x26) // local, global, table access
	set(immMemory, 0x28, 0x3e)
	set(immZero, 0x3f, 0x40)
	t[0x41] = immI32
	t[0x42] = immI64
	t[0x43] = immF32
	t[0x44] = immF64
	set(immNone, 0x45, 0xc4)
	t[0xd0] = immHeap
	t[0xd1] = immNone // ref.is_null
	t[opRefFunc] = immIndex
	t[0xd4] = immNone // ref.as_non_null
	set(immIndex, opBrOnNull, opBrOnNonNull)
	t[0xfb] = immPrefixGC
	t[0xfc] = immPrefixFC
	t[0xfd] = immPrefixFD
	t[0xfe] = immPrefixFE
	return t
}

// inst is one decoded instruction. Bytes start..end of the module are its whole
// encoding; operand is where the immediates begin.
type inst struct {
	op                  uint32
	start, operand, end int
	// a is the first index immediate: label, function, type, table...
	a uint32
}

// decoder reads instructions one after the other. labels is the target list of
// the last br_table or the labels of the last try_table; it is overwritten by
// the next call.
type decoder struct {
	reader
	labels []uint32
}

func (d *decoder) next() (in inst) {
	in.start = d.pos
	op := d.byte()
	in.op = uint32(op)
	in.operand = d.pos
	switch immediates[op] {
	case immNone:
	case immBlock:
		in.a = d.blockType()
	case immIndex:
		in.a = d.u32()
	case immCallIndir:
		in.a = d.u32()
		d.u32()
	case immMemory:
		d.memarg()
	case immZero:
		off := d.pos
		if d.byte() != 0 && d.err == nil {
			d.fail(unsupported(off, "memory index other than 0"))
		}
	case immI32:
		d.skipLEB(5)
	case immI64:
		d.skipLEB(10)
	case immF32:
		d.skip(4)
	case immF64:
		d.skip(8)
	case immBrTable:
		n := d.count()
		d.labels = d.labels[:0]
		for i := 0; i <= n && d.err == nil; i++ {
			d.labels = append(d.labels, d.u32())
		}
	case immTypes:
		for n := d.count(); n > 0 && d.err == nil; n-- {
			d.valueType()
		}
	case immHeap:
		d.heapType()
	case immTryTable:
		d.tryTable()
	case immPrefixFC:
		d.misc(&in)
	case immPrefixFD:
		d.simd(&in)
	case immPrefixFE:
		d.atomic(&in)
	case immLegacy:
		d.fail(unsupported(in.start, "legacy exception handling (opcode %#x); build for the final proposal (try_table)", op))
	case immPrefixGC:
		d.fail(unsupported(in.start, "garbage collection instruction (prefix 0xfb)"))
	default:
		if d.err == nil {
			d.fail(malformed(in.start, "unknown opcode %#x", op))
		}
	}
	in.end = d.pos
	return in
}

// blockType reads a block type and returns 1 + its type index, or 0 for the
// short forms.
func (d *decoder) blockType() uint32 {
	off := d.pos
	switch t := d.s33(); {
	case d.err != nil:
	case t >= int64(d.types):
		d.fail(malformed(off, "block type %d out of range", t))
	case t >= 0:
		return uint32(t) + 1
	case t == -0x40: // empty
	case t == refNull-0x80 || t == refNonNull-0x80:
		d.typedRef(byte(t & 0x7f))
	default:
		switch ValueType(t & 0x7f) {
		case I32, I64, F32, F64, V128, Funcref, Externref, Exnref:
		default:
			d.fail(malformed(off, "block type %d", t))
		}
	}
	return 0
}

func (d *decoder) memarg() {
	off := d.pos
	if align := d.u32(); align >= 0x40 && d.err == nil {
		d.fail(unsupported(off, "memory access with an explicit memory index"))
	}
	d.u32()
}

// tryTable reads a block type and the catch clauses. Labels are relative to the
// block around the try_table.
func (d *decoder) tryTable() {
	d.blockType()
	n := d.count()
	d.labels = d.labels[:0]
	for i := 0; i < n && d.err == nil; i++ {
		off := d.pos
		switch kind := d.byte(); kind {
		case 0, 1: // catch, catch_ref
			d.u32()
		case 2, 3: // catch_all, catch_all_ref
		default:
			d.fail(malformed(off, "catch clause %#x", kind))
			return
		}
		d.labels = append(d.labels, d.u32())
	}
}

func (d *decoder) misc(in *inst) {
	code := d.u32()
	in.op = 0xfc00 | code
	in.operand = d.pos
	switch {
	case d.err != nil:
	case code <= 7: // saturating conversions
	case in.op == opMemoryInit:
		in.a = d.u32()
		d.u32()
	case in.op == opMemoryCopy, in.op == opTableInit, in.op == opTableCopy:
		in.a = d.u32()
		d.u32()
	case code <= 0x11:
		in.a = d.u32()
	default:
		d.fail(malformed(in.start, "unknown opcode 0xfc %#x", code))
	}
}

func (d *decoder) simd(in *inst) {
	code := d.u32()
	in.op = 0xfd00 | code
	in.operand = d.pos
	switch {
	case d.err != nil:
	case code <= 0x0b, code == 0x5c, code == 0x5d: // loads and stores
		d.memarg()
	case code == 0x0c, code == 0x0d: // v128.const, i8x16.shuffle
		d.skip(16)
	case code >= 0x15 && code <= 0x22: // lane access
		d.byte()
	case code >= 0x54 && code <= 0x5b: // lane loads and stores
		d.memarg()
		d.byte()
	case code <= 0xff:
	case code <= 0x1ff:
		d.fail(unsupported(in.start, "relaxed SIMD (opcode 0xfd %#x)", code))
	default:
		d.fail(malformed(in.start, "unknown opcode 0xfd %#x", code))
	}
}

func (d *decoder) atomic(in *inst) {
	code := d.u32()
	in.op = 0xfe00 | code
	in.operand = d.pos
	switch {
	case d.err != nil:
	case code == 3: // atomic.fence
		d.byte()
	case code <= 2, code >= 0x10 && code <= 0x4e:
		d.memarg()
	default:
		d.fail(malformed(in.start, "unknown opcode 0xfe %#x", code))
	}
}
