package runtime

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/stackhost/stackhost/host/runtime/internal/rewrite"
)

// ValueType is the type of a parameter or result.
type ValueType byte

// Value types, with their codes in the binary format (WebAssembly core section 5.3).
const (
	ValueI32       ValueType = 0x7f
	ValueI64       ValueType = 0x7e
	ValueF32       ValueType = 0x7d
	ValueF64       ValueType = 0x7c
	ValueV128      ValueType = 0x7b
	ValueFuncref   ValueType = 0x70
	ValueExternref ValueType = 0x6f
)

// String returns the name used in the text format.
func (v ValueType) String() string { return rewrite.ValueType(v).String() }

// ExternKind says what an import or export is.
type ExternKind byte

// Kinds, with their codes in the binary format.
const (
	ExternFunc ExternKind = iota
	ExternTable
	ExternMemory
	ExternGlobal
	ExternTag
)

// String returns the name used in the text format.
func (k ExternKind) String() string { return rewrite.ExternKind(k).String() }

// Import is one import of a module. Params and Results are set for functions.
type Import struct {
	Module, Name    string
	Kind            ExternKind
	Params, Results []ValueType
}

// Export is one export of a module. Params and Results are set for functions.
type Export struct {
	Name            string
	Kind            ExternKind
	Params, Results []ValueType
}

// Info is what can be told of a module without compiling it. Read-only.
type Info struct {
	Digest         string // SHA-256 of the binary, hex
	Size           int    // bytes
	Name           string // from the name section
	Functions      int    // defined by the module
	Imports        []Import
	Exports        []Export
	HasMemory      bool   // exports a memory called "memory"
	MemoryMin      uint32 // pages of 64 KiB
	MemoryMax      uint32 // pages; 0 when the module sets no maximum
	MutableGlobals int
	Tables         int
	MutatesTables  bool // an instruction that changes a table occurs
	DropsSegments  bool // elem.drop or data.drop occurs
	SIMD           bool
	CustomSections []string

	exports map[string]int
}

// Export returns the export called name.
func (i *Info) Export(name string) (Export, bool) {
	at, ok := i.exports[name]
	if !ok {
		return Export{}, false
	}
	return i.Exports[at], true
}

// Inspect parses a module. Errors are *LoadError without a module name.
func Inspect(wasm []byte) (*Info, error) {
	m, err := rewrite.Parse(wasm)
	if err != nil {
		return nil, &LoadError{Reason: "the binary cannot be used", Err: err}
	}
	return describe(wasm, m), nil
}

func describe(wasm []byte, m *rewrite.Module) *Info {
	digest := sha256.Sum256(wasm)
	info := &Info{
		Digest: hex.EncodeToString(digest[:]), Size: len(wasm), Name: m.Name(),
		Functions: len(m.Functions) - m.ImportedFunctions, MutableGlobals: m.MutableGlobals(), Tables: len(m.Tables),
		MutatesTables: m.Traits.MutatesTables, DropsSegments: m.Traits.DropsSegments, SIMD: m.Traits.SIMD,
		CustomSections: m.CustomSections, exports: map[string]int{},
	}
	for _, i := range m.Imports {
		info.Imports = append(info.Imports, Import{i.Module, i.Name, ExternKind(i.Kind), values(i.Type.Params), values(i.Type.Results)})
	}
	for _, e := range m.Exports {
		info.exports[e.Name] = len(info.Exports)
		info.Exports = append(info.Exports, Export{e.Name, ExternKind(e.Kind), values(e.Type.Params), values(e.Type.Results)})
		if e.Kind == rewrite.ExternMemory && e.Name == "memory" {
			info.HasMemory = true
		}
	}
	if memory, ok := m.Memory(); ok {
		info.MemoryMin = memory.Min
		if memory.HasMax {
			info.MemoryMax = memory.Max
		}
	}
	return info
}

func values(types []rewrite.ValueType) (out []ValueType) {
	for _, t := range types {
		out = append(out, ValueType(t.Code()))
	}
	return out
}

// Cost is what metering adds to a module, for people.
type Cost struct {
	Polls      int `json:"polls"`       // places where the guest may leave to the host
	CodeBefore int `json:"code_before"` // bytes of the code section
	CodeAfter  int `json:"code_after"`
}

// RewriteCost rewrites the module as Load would and tells what that adds.
func RewriteCost(wasm []byte) (Cost, error) {
	m, err := rewrite.Parse(wasm)
	if err != nil {
		return Cost{}, err
	}
	r, err := rewrite.Rewrite(m, rewrite.Options{Meter: true})
	if err != nil {
		return Cost{}, err
	}
	return Cost{r.Polls.Total(), r.CodeBefore, r.CodeAfter}, nil
}

// String describes the import as people write it.
func (i Import) String() string { return fmt.Sprintf("%s %q %q", i.Kind, i.Module, i.Name) }
