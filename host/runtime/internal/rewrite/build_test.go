package rewrite

// A small assembler for test modules.

type asm struct {
	types, imports, funcs, tables, memories, tags, globals, exports, elements, codes, datas [][]byte
	start                                                                                   int
	custom                                                                                  []byte
}

func newAsm() *asm { return &asm{start: -1} }

func join(parts ...[]byte) (out []byte) {
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func name(s string) []byte { return appendName(nil, s) }

func (a *asm) typ(params, results string) byte {
	code := map[rune]byte{'i': 0x7f, 'l': 0x7e, 'v': 0x7b}
	list := func(s string) []byte {
		out := []byte{byte(len(s))}
		for _, c := range s {
			out = append(out, code[c])
		}
		return out
	}
	a.types = append(a.types, join([]byte{0x60}, list(params), list(results)))
	return byte(len(a.types) - 1)
}

// fn adds a function with the given local declarations and code without its end.
func (a *asm) fn(typ byte, locals []byte, code ...byte) byte {
	a.funcs = append(a.funcs, []byte{typ})
	if locals == nil {
		locals = []byte{0}
	}
	body := join(locals, code, []byte{opEnd})
	a.codes = append(a.codes, join(appendU32(nil, uint32(len(body))), body))
	return byte(len(a.imports) + len(a.funcs) - 1)
}

func (a *asm) imported(module, field string, typ byte) byte {
	a.imports = append(a.imports, join(name(module), name(field), []byte{0, typ}))
	return byte(len(a.imports) - 1)
}

func (a *asm) export(s string, kind ExternKind, index byte) {
	a.exports = append(a.exports, join(name(s), []byte{byte(kind), index}))
}

func (a *asm) bytes() []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	section := func(id byte, items [][]byte) {
		if len(items) == 0 {
			return
		}
		content := join(appendU32(nil, uint32(len(items))), join(items...))
		out = join(out, []byte{id}, appendU32(nil, uint32(len(content))), content)
	}
	section(secType, a.types)
	section(secImport, a.imports)
	section(secFunction, a.funcs)
	section(secTable, a.tables)
	section(secMemory, a.memories)
	section(secTag, a.tags)
	section(secGlobal, a.globals)
	section(secExport, a.exports)
	if a.start >= 0 {
		out = append(out, secStart, 1, byte(a.start))
	}
	section(secElement, a.elements)
	section(secCode, a.codes)
	section(secData, a.datas)
	return append(out, a.custom...)
}
