package rewrite

import "fmt"

// ValueType is a WebAssembly value type. The low byte is its code in the binary
// format (0x7f i32, 0x7e i64, 0x7d f32, 0x7c f64, 0x7b v128, 0x70 funcref, 0x6f
// externref, 0x69 exnref, 0x63 and 0x64 typed references). For typed references
// the bits above hold the heap type, sign extended.
type ValueType int64

// The value types with a one-byte code.
const (
	I32       ValueType = 0x7f
	I64       ValueType = 0x7e
	F32       ValueType = 0x7d
	F64       ValueType = 0x7c
	V128      ValueType = 0x7b
	Funcref   ValueType = 0x70
	Externref ValueType = 0x6f
	Exnref    ValueType = 0x69
)

const (
	refNull    = 0x63
	refNonNull = 0x64

	heapFunc   = -0x10
	heapExtern = -0x11
	heapExn    = -0x17
)

// Code returns the first byte of the type in the binary format.
func (t ValueType) Code() byte { return byte(t) }

// IsRef reports whether values of the type are references, which mean nothing
// outside the instance they come from.
func (t ValueType) IsRef() bool {
	switch t.Code() {
	case 0x70, 0x6f, 0x69, refNull, refNonNull:
		return true
	}
	return false
}

// String returns the name used in the text format.
func (t ValueType) String() string {
	switch t {
	case I32:
		return "i32"
	case I64:
		return "i64"
	case F32:
		return "f32"
	case F64:
		return "f64"
	case V128:
		return "v128"
	case Funcref:
		return "funcref"
	case Externref:
		return "externref"
	case Exnref:
		return "exnref"
	}
	heap := int64(t) >> 8
	name := fmt.Sprint(heap)
	switch heap {
	case heapFunc:
		name = "func"
	case heapExtern:
		name = "extern"
	case heapExn:
		name = "exn"
	}
	if t.Code() == refNull {
		return "(ref null " + name + ")"
	}
	return "(ref " + name + ")"
}

func (r *reader) valueType() ValueType {
	off := r.pos
	c := r.byte()
	switch c {
	case 0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x70, 0x6f, 0x69:
		return ValueType(c)
	case refNull, refNonNull:
		return r.typedRef(c)
	}
	if r.err == nil {
		r.fail(malformed(off, "value type %#x", c))
	}
	return 0
}

// typedRef reads the heap type behind 0x63 or 0x64. The nullable abstract ones
// are folded into their short forms, so equal types compare equal.
func (r *reader) typedRef(code byte) ValueType {
	heap := r.heapType()
	if r.err != nil {
		return 0
	}
	if code == refNull && heap < 0 {
		return ValueType(heap & 0x7f)
	}
	return ValueType(heap<<8 | int64(code))
}

func (r *reader) heapType() int64 {
	off := r.pos
	switch heap := r.s33(); {
	case r.err != nil:
	case heap >= int64(r.types):
		// Without this check the module could name the types that are added.
		r.fail(malformed(off, "type %d out of range", heap))
	case heap >= 0, heap == heapFunc, heap == heapExtern, heap == heapExn:
		return heap
	default:
		r.fail(unsupported(off, "heap type %d", heap))
	}
	return 0
}

// FuncType is the type of a function or tag.
type FuncType struct{ Params, Results []ValueType }

// String returns the type as in the text format, such as "(i32, i32) -> i64".
func (t FuncType) String() string {
	list := func(ts []ValueType) string {
		s := ""
		for i, v := range ts {
			if i > 0 {
				s += ", "
			}
			s += v.String()
		}
		return s
	}
	return "(" + list(t.Params) + ") -> (" + list(t.Results) + ")"
}

// shape is a key under which functions are taken to be callable through one
// indirect call. All reference types share a letter, because subtyping and type
// equivalence could make them match; more candidates only mean more polls.
func (t FuncType) shape() string {
	b := make([]byte, 0, len(t.Params)+len(t.Results)+1)
	add := func(v ValueType) {
		if v.IsRef() {
			b = append(b, 'r')
		} else {
			b = append(b, v.Code())
		}
	}
	for _, v := range t.Params {
		add(v)
	}
	b = append(b, '>')
	for _, v := range t.Results {
		add(v)
	}
	return string(b)
}

// ExternKind says what an import or export is.
type ExternKind byte

// The kinds, with their codes in the binary format.
const (
	ExternFunc ExternKind = iota
	ExternTable
	ExternMemory
	ExternGlobal
	ExternTag
)

// String returns the name used in the text format.
func (k ExternKind) String() string {
	switch k {
	case ExternFunc:
		return "function"
	case ExternTable:
		return "table"
	case ExternMemory:
		return "memory"
	case ExternGlobal:
		return "global"
	case ExternTag:
		return "tag"
	}
	return fmt.Sprintf("kind %d", byte(k))
}

// Limits are the bounds of a memory (in pages of 64 KiB) or table (in entries).
// Max means nothing unless HasMax.
type Limits struct {
	Min, Max uint32
	HasMax   bool
	Shared   bool
}

// Table describes one table.
type Table struct {
	Type   ValueType
	Limits Limits
}

// Global describes one global.
type Global struct {
	Type    ValueType
	Mutable bool
}

// Import describes one import. Type is set for functions and tags; Table,
// Memory and Global for their kinds.
type Import struct {
	Module, Name string
	Kind         ExternKind
	Type         FuncType
	Table        Table
	Memory       Limits
	Global       Global
}

// Export describes one export. Index counts imports first. Type is set for
// functions and tags.
type Export struct {
	Name  string
	Kind  ExternKind
	Index uint32
	Type  FuncType
}

// Traits say which state-changing instructions occur in the code.
type Traits struct {
	// MutatesTables: table.set, table.grow, table.fill, table.copy or
	// table.init occurs, so tables may differ after a call.
	MutatesTables bool
	// DropsSegments: elem.drop or data.drop occurs.
	DropsSegments bool
	// InitsMemory: memory.init occurs, so passive data is needed at run time.
	InitsMemory bool
	// GrowsMemory: memory.grow occurs.
	GrowsMemory bool
	// Atomics, SIMD, TailCalls and Exceptions: an instruction of that proposal
	// occurs.
	Atomics, SIMD, TailCalls, Exceptions bool
}
