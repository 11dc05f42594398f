// Package rewrite turns a guest's WebAssembly binary into the one the host
// compiles.
//
// Two things are added. Every mutable global becomes an export, so that the host
// can save and restore it with the memory. And, when asked for, the code is
// metered: a counter called fuel goes down at loop heads and at the entry of
// functions that can recurse, and when it falls below zero the guest calls the
// host function poll, which can look at the deadline, let the Go scheduler and
// collector in, stop the guest, or grant more fuel. Compiled guest code cannot be
// preempted otherwise.
//
//	m, err := rewrite.Parse(wasm)        // structure, imports, exports, traits
//	res, err := rewrite.Rewrite(m, rewrite.Options{Meter: true, Clone: true})
//	compiled, err := engine.CompileModule(ctx, res.Wasm)
//
// # The meter
//
// One unit of fuel is about one instruction. A poll charges, before it runs, for
// the code up to the next poll: the body of the loop, both sides of each if, and
// the functions called that do not poll themselves, plus one unit per local of a
// frame. Between two polls a guest therefore runs a bounded number of
// instructions and uses a bounded amount of stack, whatever it does; the bounds
// are proportional to what the host grants per poll. Bulk instructions are
// charged by length.
//
// # Limits of the package
//
// Operand types are not checked; the engine does that with the result. Modules
// using legacy exception handling, relaxed SIMD, garbage collection types, 64-bit
// memories or several memories are refused by Parse. Functions keep their names:
// numbers move by Result.FunctionShift, and a name section is written to match.
package rewrite
