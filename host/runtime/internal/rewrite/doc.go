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
// One unit of fuel is about one instruction. A poll charges, once, for the code up
// to the next poll: the body of the loop, both sides of each if, the functions
// called that do not poll themselves, and the frame. Of long stretches it charges
// a part only, because most of such code is not run each time. Between two polls
// a guest therefore runs a bounded number of instructions and uses a bounded
// amount of stack, whatever it does; both bounds are proportional to what the host
// grants per poll. Bulk instructions are charged by length, throws by what they
// take. The charge depends on nothing but the module and what it does, so fuel is
// the same in every run.
//
// A loop polls where its next round begins; its first rounds are paid by the code
// around it. Small loops without calls are unrolled, so that the poll is paid once
// in several rounds.
//
// # Limits of the package
//
// Operand types are not checked; the engine does that with the result. Modules
// using legacy exception handling, relaxed SIMD, garbage collection types, 64-bit
// memories or several memories are refused by Parse. Functions keep their names:
// numbers move by Result.FunctionShift, and a name section is written to match.
package rewrite
