package rewrite

import "strconv"

// writer assembles the new module.
type writer struct {
	m     *Module
	opts  Options
	shift uint32 // added imports: how far defined functions move
	fuel  uint32 // index of the fuel global
	slow  uint32 // new index of the function that polls

	addedTypes   []FuncType
	addedImports []addedImport
	addedFuncs   []addedFunc
	exports      []Export // added, with new indices
	res          *Result
}

type addedImport struct {
	module, name string
	typ          uint32
}

type addedFunc struct {
	name string
	typ  uint32
	body []byte // locals and code
}

// fn returns the new index of a function.
func (w *writer) fn(i uint32) uint32 {
	if int(i) >= w.m.ImportedFunctions {
		return i + w.shift
	}
	return i
}

func (w *writer) addType(t FuncType) uint32 {
	w.addedTypes = append(w.addedTypes, t)
	return uint32(len(w.m.Types) + len(w.addedTypes) - 1)
}

// addFunc appends a function and returns its new index. All imports must have
// been added before.
func (w *writer) addFunc(f addedFunc) uint32 {
	w.addedFuncs = append(w.addedFuncs, f)
	return uint32(len(w.m.Functions)+len(w.addedFuncs)-1) + w.shift
}

// module writes the whole binary. In a clone active data segments are empty, or
// gone where no instruction could use them, and there is no start function. code is the finished code section, shared by both.
func (w *writer) module(code []byte, clone bool) []byte {
	m := w.m
	dst := make([]byte, 0, len(m.raw)+len(m.raw)/8+256)
	dst = append(dst, m.raw[:8]...)
	var buf []byte
	section := func(id byte, content []byte) {
		dst = append(dst, id)
		dst = appendU32(dst, uint32(len(content)))
		dst = append(dst, content...)
		buf = content[:0]
	}
	for _, id := range sectionOrder {
		buf = buf[:0]
		switch id {
		case secType:
			if len(m.Types)+len(w.addedTypes) > 0 {
				section(id, w.types(buf))
			}
		case secImport:
			if len(m.Imports)+len(w.addedImports) > 0 {
				section(id, w.imports(buf))
			}
		case secFunction:
			if len(m.bodies)+len(w.addedFuncs) > 0 {
				section(id, w.functions(buf))
			}
		case secTable:
			if m.present[id] {
				section(id, w.tables(buf))
			}
		case secMemory:
			if m.present[id] {
				section(id, w.memory(buf))
			}
		case secGlobal:
			if len(m.globalDefs) > 0 || w.opts.Meter {
				section(id, w.globals(buf))
			}
		case secExport:
			if len(m.Exports)+len(w.exports) > 0 {
				section(id, w.exportSection(buf))
			}
		case secStart:
			if m.HasStart && !clone && !w.opts.ExportStart {
				section(id, appendU32(buf, w.fn(m.Start)))
			}
		case secElement:
			if m.present[id] {
				section(id, w.elements(buf))
			}
		case secCode:
			if len(m.bodies)+len(w.addedFuncs) > 0 {
				dst = append(dst, id)
				dst = appendU32(dst, uint32(len(code)))
				dst = append(dst, code...)
			}
		case secData:
			if m.present[id] && !(clone && m.dataUnused()) {
				section(id, w.data(buf, clone))
			}
		default: // tags, data count
			if m.present[id] && !(id == secDataCount && clone && m.dataUnused()) {
				s := m.sections[id]
				section(id, append(buf, m.raw[s.start:s.end]...))
			}
		}
	}
	section(secCustom, w.appendNames(buf[:0]))
	return dst
}

// counted starts a section: the new count and the old items as they are.
func (w *writer) counted(dst []byte, id byte, added int) []byte {
	dst = appendU32(dst, uint32(w.m.counts[id]+added))
	if w.m.present[id] {
		dst = append(dst, w.m.raw[w.m.items[id]:w.m.sections[id].end]...)
	}
	return dst
}

func (w *writer) types(dst []byte) []byte {
	dst = w.counted(dst, secType, len(w.addedTypes))
	for _, t := range w.addedTypes {
		dst = append(dst, 0x60)
		for _, list := range [][]ValueType{t.Params, t.Results} {
			dst = appendU32(dst, uint32(len(list)))
			for _, v := range list {
				dst = append(dst, v.Code())
			}
		}
	}
	return dst
}

func (w *writer) imports(dst []byte) []byte {
	dst = w.counted(dst, secImport, len(w.addedImports))
	for _, im := range w.addedImports {
		dst = appendName(dst, im.module)
		dst = appendName(dst, im.name)
		dst = append(dst, byte(ExternFunc))
		dst = appendU32(dst, im.typ)
	}
	return dst
}

func (w *writer) functions(dst []byte) []byte {
	dst = w.counted(dst, secFunction, len(w.addedFuncs))
	for _, f := range w.addedFuncs {
		dst = appendU32(dst, f.typ)
	}
	return dst
}

// items copies tables or globals, renumbering functions in their constant
// expressions.
func (w *writer) items(dst []byte, items []item) []byte {
	for _, it := range items {
		dst = append(dst, w.m.raw[it.start:it.expr]...)
		if it.expr < it.end {
			dst = w.expr(dst, &reader{b: w.m.raw, pos: it.expr, end: it.end})
		}
	}
	return dst
}

// expr copies a constant expression with functions renumbered.
func (w *writer) expr(dst []byte, r *reader) []byte {
	d := decoder{reader: *r}
	d.types = len(w.m.Types)
	for {
		in := d.next()
		if d.err != nil {
			panic("rewrite: expression changed after Parse: " + d.err.Error())
		}
		if in.op == opRefFunc {
			dst = append(dst, opRefFunc)
			dst = appendU32(dst, w.fn(in.a))
		} else {
			dst = append(dst, w.m.raw[in.start:in.end]...)
		}
		if in.op == opEnd {
			*r = d.reader
			return dst
		}
	}
}

func globalName(i uint32) string { return reserved + "global:" + strconv.FormatUint(uint64(i), 10) }
