// Package abi is the contract between host and guests: names, numbers, limits and the encoding of each record. It has no
// input or output, no goroutines and no policy, and imports only the standard library.
//
// abi/v1.json is the single source. `go generate ./...` makes from it the tables and records of this package, the bindings of
// every SDK, docs/abi.md, the WIT rendering and the golden vectors.
//
// A record is a MessagePack array whose elements are its fields in order. Readers skip elements they do not know and give
// missing or nil ones their default, so records only ever grow at the end:
//
//	93              array of 3: HttpResponse
//	  cc c8         status 200
//	  92            headers, a flat array of one name and one value
//	    ac 63 6f …  "content-type"
//	    c4 0a 74 …  "text/plain"
//	  c4 05 68 …    body, 5 bytes
//
// An entry export answers with one i64:
//
//	 63            32 31             0
//	┌────────────────┬────────────────┐
//	│    pointer     │     length     │  >= 0: a response record in guest memory; 0: already answered
//	└────────────────┴────────────────┘   < 0: a Code
//
// Records encode with Append and decode with Decode, which takes views of its input and reuses the capacity of the record's
// lists: neither allocates for HTTPRequest and HTTPResponse once a record has been used. Decoder reads anything else.
// Capabilities, Triggers and Exports are what v1 has, for a loader to check modules against. docs/abi.md is the reference.
package abi

//go:generate go run ./internal/gen

// Memory is a guest's linear memory. Read returns a view that is valid until the guest runs again; both answer false when the
// range is not inside memory.
type Memory interface {
	Read(offset, n uint32) ([]byte, bool)
	Write(offset uint32, b []byte) bool
	Size() uint32
}

// Pack makes the result of an entry export. ptr must be below 2^31, which the memory limit ensures.
func Pack(ptr, n uint32) uint64 { return uint64(ptr)<<32 | uint64(n) }

// Unpack is the inverse of Pack.
func Unpack(packed uint64) (ptr, n uint32) { return uint32(packed >> 32), uint32(packed) }

// Header is one header field. Names are lower case on the wire; values are bytes.
type Header struct{ Name, Value []byte }

// Headers are header fields in order, repeats kept. On the wire: a flat array n1, v1, n2, v2 …
type Headers []Header

// Pair is a named string.
type Pair struct{ Name, Value string }

// Pairs are named strings in order. On the wire: a flat array like that of Headers.
type Pairs []Pair

// TriggerInfo describes a trigger of v1.json.
type TriggerInfo struct {
	Name, Export, Request, Response string
	Reserved                        bool
	Since                           int
	Doc                             string
}

// ExportInfo describes an export of v1.json. Kind is "func" or "memory"; Params and Results are value types.
type ExportInfo struct {
	Name, Kind         string
	Params, Results    []string
	Required, Reserved bool
	Request            string // record that Params point at, or ""
	Since              int
	Doc                string
}

// CapabilityInfo describes a capability of v1.json.
type CapabilityInfo struct {
	Name           string
	Version, Since int
	Implicit       bool // granted to every module
	Doc            string
	Functions      []FunctionInfo
}

// FunctionInfo describes a host function. Shape is "call" or "direct"; Params are those of a direct function.
type FunctionInfo struct {
	Name, Shape    string
	Params         []string
	Request, Reply string
	Since          int
	Doc            string
}
