package rewrite

// Implementation limits. They are those of the JavaScript embedding or wider,
// and keep the engine from allocating for forged numbers.
const (
	maxModuleBytes = 1 << 30
	maxFunctions   = 1_000_000
	maxTypeValues  = 1_000
	maxLocals      = 50_000
	maxTables      = 100
	// maxTableEntries is for all tables together when they are made, and again for
	// what they may grow.
	maxTableEntries = 1 << 20
	maxPages        = 1 << 16
)

// Section numbers.
const (
	secCustom = iota
	secType
	secImport
	secFunction
	secTable
	secMemory
	secGlobal
	secExport
	secStart
	secElement
	secCode
	secData
	secDataCount
	secTag
	sectionKinds
)

// sectionOrder is the order in which non-custom sections must come.
var sectionOrder = [...]byte{secType, secImport, secFunction, secTable, secMemory, secTag,
	secGlobal, secExport, secStart, secElement, secDataCount, secCode, secData}

// span is a range of bytes of the module.
type span struct{ start, end int }

// Module is a parsed module. It keeps the bytes it was parsed from, which must
// not change while it is in use. Read-only after Parse, so safe for concurrent
// use.
type Module struct {
	// Types are the function types.
	Types []FuncType
	// Imports and Exports are in module order.
	Imports []Import
	Exports []Export
	// Functions holds the type index of each function, imported ones first.
	Functions []uint32
	// ImportedFunctions is how many of Functions are imported.
	ImportedFunctions int
	// Tables, Memories, Globals and Tags include imported ones, first.
	Tables   []Table
	Memories []Limits
	Globals  []Global
	Tags     []uint32
	// Start is the start function, when HasStart.
	Start    uint32
	HasStart bool
	// ElementSegments and DataSegments count all modes.
	ElementSegments, DataSegments int
	// DataBytes is the content of all data segments in bytes.
	DataBytes int
	// CustomSections are the names of the custom sections, in order.
	CustomSections []string
	// Traits say what the code does.
	Traits Traits

	raw                                           []byte
	sections                                      [sectionKinds]span
	present                                       [sectionKinds]bool
	counts, items                                 [sectionKinds]int // of a vector section: count, offset of the first item
	importedTables, importedMems, importedGlobals int
	bodies                                        []body
	tableDefs, globalDefs                         []item
	elements                                      []span
	data                                          []dataSegment
	nameSection                                   span
	names                                         map[uint32]string
	moduleName                                    string
	tableEntries                                  uint64      // of all defined tables
	scratch                                       []openBlock // of readBody
	// lastGlobal is the largest global in constant expressions, or -1.
	lastGlobal int
	// taken holds function indices whose reference is made anywhere.
	taken map[uint32]struct{}
}

// body is one function of the code section and what the call graph needs.
type body struct {
	span         // whole body: locals and code
	code  int    // offset of the first instruction
	cost  uint32 // instructions plus locals
	local uint32 // locals with parameters
	// bulk is set when the body has memory.fill, memory.copy or the like.
	bulk     bool
	loops    []loopInfo // in order of the loop instructions
	callees  []uint32   // direct, one per call instruction
	indirect []uint32   // type indices, one per indirect call
}

// item is a table or global: its type, then a constant expression unless expr
// equals end.
type item struct{ start, expr, end int }

// loopInfo is what the planner must know of a loop before it reads its body.
type loopInfo struct {
	repeats bool   // something branches back to it
	calls   bool   // its body has calls or bulk instructions
	nests   bool   // its body has loops
	values  bool   // its block type is not empty
	params  bool   // its block type has parameters
	cost    uint32 // instructions outside nested loops
	// always holds functions that every round calls.
	always []uint32
}

// copies is how often the body is repeated in one round: see coder.loop.
func (l loopInfo) copies() uint32 {
	if !l.repeats || l.calls || l.nests || l.values {
		return 1
	}
	return min(max(unrollBudget/max(l.cost, 1), 1), maxCopies)
}

type dataSegment struct {
	head    span // flags and offset expression
	passive bool
	content span // bytes without their length
}

// Size returns the size of the module in bytes.
func (m *Module) Size() int { return len(m.raw) }

// FuncName returns the name of a function, counted with imports as in
// Functions: the one of the name section, else an export's, else an import's,
// else the empty string.
func (m *Module) FuncName(i uint32) string { return m.names[i] }

// Name returns the module's own name from its name section, or "".
func (m *Module) Name() string { return m.moduleName }

// FuncType returns the type of a function, counted with imports. The index must
// be in range.
func (m *Module) FuncType(i uint32) FuncType { return m.Types[m.Functions[i]] }

// MutableGlobals counts the mutable globals defined by the module.
func (m *Module) MutableGlobals() int {
	n := 0
	for _, g := range m.Globals[m.importedGlobals:] {
		if g.Mutable {
			n++
		}
	}
	return n
}

// Memory returns the limits of the memory, in pages of 64 KiB. ok is false when
// there is none.
func (m *Module) Memory() (l Limits, ok bool) {
	if len(m.Memories) == 0 {
		return Limits{}, false
	}
	return m.Memories[0], true
}

// HasPassiveData reports whether any data segment is passive.
func (m *Module) HasPassiveData() bool {
	for _, d := range m.data {
		if d.passive {
			return true
		}
	}
	return false
}
