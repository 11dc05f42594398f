package rewrite

import "bytes"

// Parse reads a module in the binary format (WebAssembly core 2.0 section 5,
// with tail calls, final exception handling, atomics, extended constants and
// typed function references). It checks the structure and every opcode, not the
// types on the operand stack: the engine validates those. Memory use is
// proportional to len(wasm). wasm is kept by the result.
func Parse(wasm []byte) (*Module, error) {
	if len(wasm) > maxModuleBytes {
		return nil, tooLarge(-1, "%d bytes, at most %d", len(wasm), maxModuleBytes)
	}
	if len(wasm) < 8 || !bytes.Equal(wasm[:4], []byte("\x00asm")) {
		return nil, malformed(0, "not a WebAssembly binary")
	}
	if v := wasm[4:8]; !bytes.Equal(v, []byte{1, 0, 0, 0}) {
		if v[2] == 1 {
			return nil, unsupported(4, "a component, not a core module")
		}
		return nil, malformed(4, "unknown binary version")
	}
	m := &Module{raw: wasm, taken: map[uint32]struct{}{}, names: map[uint32]string{}, lastGlobal: -1}
	r := reader{b: wasm, pos: 8, end: len(wasm)}
	order := 0
	for r.more() {
		off := r.pos
		id := r.byte()
		s := r.sub(int(r.u32()))
		if r.err != nil {
			return nil, r.err
		}
		if id == secCustom {
			if err := m.customSection(s); err != nil {
				return nil, err
			}
			continue
		}
		at := bytes.IndexByte(sectionOrder[order:], id)
		if at < 0 {
			if id >= sectionKinds {
				return nil, malformed(off, "unknown section %d", id)
			}
			return nil, malformed(off, "section %d repeated or out of order", id)
		}
		order += at + 1
		m.present[id] = true
		m.sections[id] = span{s.pos, s.end}
		s.types = len(m.Types)
		if id == secType {
			// The engine checks how types refer to each other.
			s.types = maxModuleBytes
		}
		if err := m.section(id, &s); err != nil {
			return nil, err
		}
	}
	if err := m.finish(); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *Module) section(id byte, r *reader) error {
	switch id {
	case secStart:
		m.Start, m.HasStart = r.u32(), true
	case secDataCount:
		r.u32()
	default:
		n := r.count()
		m.counts[id] = n
		m.items[id] = r.pos
		read := m.itemReader(id)
		for i := 0; i < n && r.err == nil; i++ {
			read(r)
		}
	}
	if r.err == nil && r.pos != r.end {
		r.fail(malformed(r.pos, "section %d is longer than its content", id))
	}
	return r.err
}

func (m *Module) itemReader(id byte) func(*reader) {
	switch id {
	case secType:
		return m.readTypes
	case secImport:
		return m.readImport
	case secFunction:
		return m.readFunction
	case secTable:
		return m.readTable
	case secMemory:
		return m.readMemory
	case secTag:
		return func(r *reader) { m.Tags = append(m.Tags, m.tagType(r)) }
	case secGlobal:
		return m.readGlobal
	case secExport:
		return m.readExport
	case secElement:
		return m.readElement
	case secCode:
		return m.readBody
	}
	return m.readData
}

// readTypes reads one entry of the type section: a type or a recursion group.
func (m *Module) readTypes(r *reader) {
	if r.more() && r.b[r.pos] != 0x4e {
		m.readType(r)
		return
	}
	r.skip(1)
	for n := r.count(); n > 0 && r.err == nil; n-- {
		m.readType(r)
	}
}

func (m *Module) readType(r *reader) {
	off := r.pos
	if c := r.byte(); c != 0x60 && r.err == nil {
		if c >= 0x4d && c <= 0x5f {
			r.fail(unsupported(off, "garbage collection type (form %#x)", c))
		} else {
			r.fail(malformed(off, "type form %#x", c))
		}
	}
	list := func() (ts []ValueType) {
		n := r.count()
		if n > maxTypeValues {
			r.fail(tooLarge(off, "%d parameters or results, at most %d", n, maxTypeValues))
			return nil
		}
		for i := 0; i < n && r.err == nil; i++ {
			ts = append(ts, r.valueType())
		}
		return ts
	}
	t := FuncType{Params: list()}
	t.Results = list()
	m.Types = append(m.Types, t)
}

func (m *Module) typeIndex(r *reader) uint32 {
	off := r.pos
	i := r.u32()
	if r.err == nil && int(i) >= len(m.Types) {
		r.fail(malformed(off, "type index %d out of range", i))
		return 0
	}
	return i
}

func (m *Module) addFunction(r *reader, typ uint32) {
	if len(m.Functions) >= maxFunctions {
		r.fail(tooLarge(r.pos, "more than %d functions", maxFunctions))
		return
	}
	m.Functions = append(m.Functions, typ)
}

func (m *Module) readImport(r *reader) {
	im := Import{Module: r.name(), Name: r.name()}
	off := r.pos
	im.Kind = ExternKind(r.byte())
	if r.err != nil {
		return
	}
	switch im.Kind {
	case ExternFunc:
		t := m.typeIndex(r)
		m.addFunction(r, t)
		m.ImportedFunctions = len(m.Functions)
		if r.err == nil {
			im.Type = m.Types[t]
			m.names[uint32(len(m.Functions)-1)] = im.Name
		}
	case ExternTable:
		im.Table = r.table()
		m.Tables = append(m.Tables, im.Table)
		m.importedTables++
	case ExternMemory:
		im.Memory = r.memory()
		m.Memories = append(m.Memories, im.Memory)
		m.importedMems++
	case ExternGlobal:
		im.Global = r.global()
		m.Globals = append(m.Globals, im.Global)
		m.importedGlobals++
	case ExternTag:
		t := m.tagType(r)
		m.Tags = append(m.Tags, t)
		if r.err == nil {
			im.Type = m.Types[t]
		}
	default:
		r.fail(malformed(off, "import kind %d", im.Kind))
	}
	m.Imports = append(m.Imports, im)
}

func (m *Module) tagType(r *reader) uint32 {
	off := r.pos
	if r.byte() != 0 && r.err == nil {
		r.fail(malformed(off, "tag attribute is not 0"))
	}
	m.Traits.Exceptions = true
	return m.typeIndex(r)
}

func (m *Module) readFunction(r *reader) { m.addFunction(r, m.typeIndex(r)) }

func (r *reader) table() (t Table) {
	off := r.pos
	t.Type = r.valueType()
	if r.err == nil && !t.Type.IsRef() {
		r.fail(malformed(off, "table of %v", t.Type))
	}
	t.Limits = r.limits()
	if t.Limits.Shared && r.err == nil {
		r.fail(unsupported(off, "shared table"))
	}
	return t
}

func (r *reader) memory() Limits {
	off := r.pos
	l := r.limits()
	if r.err == nil && (l.Min > maxPages || l.HasMax && l.Max > maxPages) {
		r.fail(malformed(off, "memory of more than 4 GiB"))
	}
	return l
}

func (r *reader) limits() (l Limits) {
	off := r.pos
	flags := r.byte()
	if flags > 7 && r.err == nil {
		r.fail(malformed(off, "limits flag %#x", flags))
	}
	if flags&4 != 0 {
		r.fail(unsupported(off, "64-bit memory or table"))
	}
	l.HasMax, l.Shared = flags&1 != 0, flags&2 != 0
	l.Min = r.u32()
	if l.HasMax {
		l.Max = r.u32()
		if r.err == nil && l.Max < l.Min {
			r.fail(malformed(off, "maximum %d is less than minimum %d", l.Max, l.Min))
		}
	}
	return l
}

func (r *reader) global() (g Global) {
	g.Type = r.valueType()
	off := r.pos
	switch c := r.byte(); {
	case c == 1:
		g.Mutable = true
	case c != 0 && r.err == nil:
		r.fail(malformed(off, "mutability %#x", c))
	}
	return g
}

func (m *Module) readTable(r *reader) {
	start := r.pos
	if len(m.Tables) >= maxTables {
		r.fail(tooLarge(start, "more than %d tables", maxTables))
		return
	}
	// 0x40 0x00 announces an initial value for all entries.
	withInit := r.pos+1 < r.end && r.b[r.pos] == 0x40
	if withInit {
		if r.b[r.pos+1] != 0 {
			r.fail(malformed(r.pos, "table form"))
		}
		r.skip(2)
	}
	t := r.table()
	m.Tables = append(m.Tables, t)
	if m.tableEntries += uint64(t.Limits.Min); m.tableEntries > maxTableEntries && r.err == nil {
		r.fail(tooLarge(start, "tables of %d entries, at most %d", m.tableEntries, maxTableEntries))
	}
	expr := r.pos
	if withInit {
		m.constExpr(r)
	}
	if r.err == nil && t.Type.Code() == refNonNull && (!withInit || r.b[expr] == 0xd0) {
		r.fail(malformed(start, "table of %v without a value", t.Type))
	}
	m.tableDefs = append(m.tableDefs, item{start, expr, r.pos})
}

func (m *Module) readMemory(r *reader) {
	if len(m.Memories) > 0 {
		r.fail(unsupported(r.pos, "more than one memory"))
		return
	}
	m.Memories = append(m.Memories, r.memory())
}

func (m *Module) readGlobal(r *reader) {
	start := r.pos
	m.Globals = append(m.Globals, r.global())
	expr := r.pos
	m.constExpr(r)
	m.globalDefs = append(m.globalDefs, item{start, expr, r.pos})
}

func (m *Module) readExport(r *reader) {
	e := Export{Name: r.name()}
	off := r.pos
	e.Kind = ExternKind(r.byte())
	e.Index = r.u32()
	if r.err != nil {
		return
	}
	limit := 0
	switch e.Kind {
	case ExternFunc:
		limit = len(m.Functions)
	case ExternTable:
		limit = len(m.Tables)
	case ExternMemory:
		limit = len(m.Memories)
	case ExternGlobal:
		limit = len(m.Globals)
	case ExternTag:
		limit = len(m.Tags)
	default:
		r.fail(malformed(off, "export kind %d", e.Kind))
		return
	}
	if int(e.Index) >= limit {
		r.fail(malformed(off, "export of %s %d out of range", e.Kind, e.Index))
		return
	}
	switch e.Kind {
	case ExternFunc:
		e.Type = m.FuncType(e.Index)
		if m.names[e.Index] == "" {
			m.names[e.Index] = e.Name
		}
	case ExternTag:
		e.Type = m.Types[m.Tags[e.Index]]
	}
	m.Exports = append(m.Exports, e)
}

// constExpr steps over a constant expression and notes which functions it
// refers to.
func (m *Module) constExpr(r *reader) {
	d := decoder{reader: *r}
	for d.err == nil {
		in := d.next()
		if in.op == opEnd {
			break
		}
		switch in.op {
		case opRefFunc:
			m.take(&d.reader, in)
		case opGlobalGet:
			m.lastGlobal = max(m.lastGlobal, int(in.a))
		case opBlock, opLoop, opIf, opTryTable:
			d.fail(malformed(in.start, "block in a constant expression"))
		}
	}
	*r = d.reader
}

func (m *Module) take(r *reader, in inst) {
	if int(in.a) >= len(m.Functions) {
		if r.err == nil {
			r.fail(malformed(in.start, "function index %d out of range", in.a))
		}
		return
	}
	m.taken[in.a] = struct{}{}
}

func (m *Module) readElement(r *reader) {
	start := r.pos
	flags := r.u32()
	if flags > 7 {
		r.fail(malformed(start, "element segment flags %#x", flags))
	}
	if flags&1 == 0 { // active
		if flags&2 != 0 {
			r.u32()
		}
		m.constExpr(r)
	}
	exprs := flags&4 != 0
	if flags&3 != 0 {
		if off := r.pos; exprs {
			r.valueType()
		} else if r.byte() != 0 && r.err == nil {
			r.fail(malformed(off, "element kind is not 0"))
		}
	}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		if exprs {
			m.constExpr(r)
			continue
		}
		off := r.pos
		m.take(r, inst{start: off, a: r.u32()})
	}
	m.ElementSegments++
	m.elements = append(m.elements, span{start, r.pos})
}

func (m *Module) readData(r *reader) {
	start := r.pos
	flags := r.u32()
	switch flags {
	case 0:
	case 1:
	case 2:
		off := r.pos
		if r.u32() != 0 && r.err == nil {
			r.fail(unsupported(off, "memory index other than 0"))
		}
	default:
		if r.err == nil {
			r.fail(malformed(start, "data segment flags %#x", flags))
		}
	}
	if flags != 1 {
		m.constExpr(r)
	}
	head := span{start, r.pos}
	n := r.count()
	content := r.pos
	r.skip(n)
	m.DataSegments++
	m.DataBytes += n
	m.data = append(m.data, dataSegment{head: head, passive: flags == 1, content: span{content, r.pos}})
}

// finish checks what spans sections.
func (m *Module) finish() error {
	if defined := len(m.Functions) - m.ImportedFunctions; defined != len(m.bodies) {
		return malformed(-1, "%d functions declared, %d bodies", defined, len(m.bodies))
	}
	if m.HasStart && int(m.Start) >= len(m.Functions) {
		return malformed(m.sections[secStart].start, "start function %d out of range", m.Start)
	}
	if m.present[secDataCount] {
		r := reader{b: m.raw, pos: m.sections[secDataCount].start, end: m.sections[secDataCount].end}
		if n := r.u32(); int(n) != m.DataSegments {
			return malformed(m.sections[secDataCount].start, "data count %d, but %d segments", n, m.DataSegments)
		}
	}
	if len(m.Memories) > 1 {
		return unsupported(-1, "more than one memory")
	}
	if m.lastGlobal >= len(m.Globals) {
		return malformed(-1, "global %d in a constant expression out of range", m.lastGlobal)
	}
	m.scratch = nil
	m.readNames()
	return nil
}
