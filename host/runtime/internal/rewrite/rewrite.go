package rewrite

import "strings"

// reserved begins the name of everything Rewrite adds. Guests may not export
// names with this prefix.
const reserved = "stackhost:"

// Names of exports that Rewrite adds.
const (
	// FuelExport is the i32 fuel counter.
	FuelExport = reserved + "fuel"
	// StartExport is the start function, with Options.ExportStart.
	StartExport = reserved + "start"
)

// Default import of the poll function.
const (
	PollModule = "stackhost:runtime"
	PollName   = "poll"
)

// Options say what Rewrite does. The zero value only exports the mutable
// globals.
type Options struct {
	// Meter adds the fuel counter and the polls. The host must then provide the
	// function PollModule.PollName of type (i32) -> i32: it gets the fuel that is
	// left, always negative, and returns the fuel to go on with, which must not be
	// negative. The counter starts at 0, so that the first poll asks at once.
	// One unit is about one instruction of the guest.
	Meter bool
	// PollModule and PollName override the import's name when not empty.
	PollModule, PollName string
	// MemoryPages caps the declared maximum of the memory, in pages of 64 KiB. A
	// module that needs more at start is refused. Zero leaves the module's own
	// maximum.
	MemoryPages uint32
	// SparePage declares one page more than the cap (or than the module's own
	// maximum). The host's allocator must refuse it to the guest.
	SparePage bool
	// ExportStart turns the start function into the export StartExport, so that
	// the host can run it as an ordinary metered call.
	ExportStart bool
	// Clone asks for Result.Clone.
	Clone bool
	// AllowImports accepts imported memories, tables, globals and tags. Their
	// state is not part of what a snapshot of the module's exports can restore.
	AllowImports bool
	// AllowShared accepts shared memories.
	AllowShared bool
}

// Polls counts the inserted polls by place.
type Polls struct {
	// Loops are at loop heads, Entries at function entries, Splits inside long
	// straight-line code, Indirect before indirect calls that may recurse, Bulk
	// before bulk memory and table instructions, Throws before throws.
	Loops, Entries, Splits, Indirect, Bulk, Throws int
}

// Total returns the sum.
func (p Polls) Total() int { return p.Loops + p.Entries + p.Splits + p.Indirect + p.Bulk + p.Throws }

func (p *Polls) add(o pollOrigin) {
	switch o {
	case atEntry:
		p.Entries++
	case atLoop:
		p.Loops++
	case atSplit:
		p.Splits++
	case atIndirect:
		p.Indirect++
	case atBulk:
		p.Bulk++
	case atThrow:
		p.Throws++
	}
}

// GlobalExport tells how to reach one mutable global of the guest.
type GlobalExport struct {
	// Index counts imported globals first.
	Index uint32
	Type  ValueType
	// Name is the export of the global itself.
	Name string
	// Get and Set are exported functions, () -> (i64, i64) and (i64, i64) -> (),
	// low half first. Only for v128 globals, which api.Global cannot carry.
	Get, Set string
}

// Result is what Rewrite made. The slices belong to the caller.
type Result struct {
	// Wasm is the rewritten module.
	Wasm []byte
	// Clone is the same module with empty active data segments and without start
	// function, for instances whose memory comes from a snapshot. Nil unless
	// asked for. Code and indices equal those of Wasm.
	Clone []byte
	// Globals lists the mutable globals the module defines, the fuel counter not
	// among them. References in funcref or externref globals are valid only in the
	// instance they were read from.
	Globals []GlobalExport
	// Polls counts the polls. Zero unless metered.
	Polls Polls
	// SizeBefore and SizeAfter are the module's size in bytes, CodeBefore and
	// CodeAfter that of its code section.
	SizeBefore, SizeAfter, CodeBefore, CodeAfter int
	// FunctionShift is how far the numbers of defined functions moved.
	FunctionShift uint32
	// MemoryMax is the declared maximum in pages, the spare page included; 0
	// without memory or maximum.
	MemoryMax uint32
}

// Rewrite makes the module the host compiles: every mutable global exported, the
// memory maximum set, and, with Options.Meter, fuel polls wherever code can
// repeat. Custom sections are dropped, except that a name section with the
// original names is written. Errors wrap ErrRefused or ErrTooLarge. Safe for
// concurrent use.
func Rewrite(m *Module, opts Options) (*Result, error) {
	if err := check(m, opts); err != nil {
		return nil, err
	}
	w := &writer{m: m, opts: opts, res: &Result{SizeBefore: len(m.raw)}}
	if opts.Meter {
		w.addMeter()
	}
	w.exportGlobals()
	if m.HasStart && opts.ExportStart {
		w.exports = append(w.exports, Export{Name: StartExport, Kind: ExternFunc, Index: w.fn(m.Start)})
	}
	code := w.code()
	res := w.res
	res.CodeBefore = m.sections[secCode].end - m.sections[secCode].start
	res.CodeAfter = len(code)
	res.Wasm = w.module(code, false)
	res.SizeAfter = len(res.Wasm)
	res.FunctionShift = w.shift
	if len(m.Memories) > m.importedMems {
		if l := opts.memoryLimits(m.Memories[m.importedMems]); l.HasMax {
			res.MemoryMax = l.Max
		}
	}
	if opts.Clone {
		res.Clone = w.module(code, true)
	}
	return res, nil
}

func check(m *Module, opts Options) error {
	for _, e := range m.Exports {
		if strings.HasPrefix(e.Name, reserved) {
			return refused("export %q begins with the reserved %q", e.Name, reserved)
		}
	}
	for _, im := range m.Imports {
		if im.Kind != ExternFunc && !opts.AllowImports {
			return refused("import of %s %s.%s; a module must define its own", im.Kind, im.Module, im.Name)
		}
	}
	for _, l := range m.Memories {
		if l.Shared && !opts.AllowShared {
			return refused("shared memory; threads are not offered")
		}
		if opts.MemoryPages > 0 && l.Min > opts.MemoryPages {
			return &Error{Class: ErrTooLarge, Offset: -1, Text: "memory starts with " +
				pages(l.Min) + ", the limit is " + pages(opts.MemoryPages)}
		}
	}
	return nil
}

// addMeter adds the fuel global, the poll import and the function that calls it:
//
//	func slow() { fuel = poll(fuel) }
//
// The call sites stay small that way, and a trace shows one frame more.
func (w *writer) addMeter() {
	module, name := w.opts.PollModule, w.opts.PollName
	if module == "" {
		module = PollModule
	}
	if name == "" {
		name = PollName
	}
	i32 := []ValueType{I32}
	w.fuel = uint32(len(w.m.Globals))
	w.exports = append(w.exports, Export{Name: FuelExport, Kind: ExternGlobal, Index: w.fuel})
	w.shift = 1
	poll := uint32(w.m.ImportedFunctions)
	w.addedImports = append(w.addedImports, addedImport{module, name, w.addType(FuncType{i32, i32})})
	body := []byte{0, opGlobalGet}
	body = appendU32(body, w.fuel)
	body = append(body, opCall)
	body = appendU32(body, poll)
	body = append(body, opGlobalSet)
	body = appendU32(body, w.fuel)
	body = append(body, opEnd)
	w.slow = w.addFunc(addedFunc{name: "slow", typ: w.addType(FuncType{}), body: body})
}

func (w *writer) exportGlobals() {
	for i, g := range w.m.Globals {
		if i < w.m.importedGlobals || !g.Mutable {
			continue
		}
		index := uint32(i)
		e := GlobalExport{Index: index, Type: g.Type, Name: globalName(index)}
		w.exports = append(w.exports, Export{Name: e.Name, Kind: ExternGlobal, Index: index})
		if g.Type == V128 {
			e.Get, e.Set = w.vectorAccess(index)
		}
		w.res.Globals = append(w.res.Globals, e)
	}
}

// vectorAccess adds functions that carry a v128 global as two i64.
func (w *writer) vectorAccess(index uint32) (get, set string) {
	pair := []ValueType{I64, I64}
	const simd, extractLane, splat, replaceLane = 0xfd, 0x1d, 0x12, 0x1e
	g := appendU32([]byte{opGlobalGet}, index)
	body := append([]byte{0}, g...)
	body = append(body, simd, extractLane, 0)
	body = append(body, g...)
	body = append(body, simd, extractLane, 1, opEnd)
	get = "get:" + globalName(index)[len(reserved):]
	i := w.addFunc(addedFunc{name: get, typ: w.addType(FuncType{Results: pair}), body: body})
	w.exports = append(w.exports, Export{Name: reserved + get, Kind: ExternFunc, Index: i})

	body = []byte{0, opLocalGet, 0, simd, splat, opLocalGet, 1, simd, replaceLane, 1, opGlobalSet}
	body = appendU32(body, index)
	body = append(body, opEnd)
	set = "set:" + globalName(index)[len(reserved):]
	i = w.addFunc(addedFunc{name: set, typ: w.addType(FuncType{Params: pair}), body: body})
	w.exports = append(w.exports, Export{Name: reserved + set, Kind: ExternFunc, Index: i})
	return reserved + get, reserved + set
}
