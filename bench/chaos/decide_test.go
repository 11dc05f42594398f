package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// What decide says must be what porcupine says of the whole history, for histories that are right and for ones made wrong.
func TestDecideAgreesWithTheWholeCheck(t *testing.T) {
	seen := map[porcupine.CheckResult]int{}
	for seed := range uint64(400) {
		ops := invent(rand.New(rand.NewPCG(seed, 1)))
		want := porcupine.CheckOperationsTimeout(register, ops, 10*time.Second)
		if got := decide(ops, 10*time.Second); got != want {
			t.Errorf("seed %d: %s, want %s:\n%v", seed, got, want, ops)
		}
		seen[want]++
	}
	if seen[porcupine.Ok] < 40 || seen[porcupine.Illegal] < 40 {
		t.Errorf("the histories are one-sided: %v", seen)
	}
}

// invent makes a history of a register: each operation takes effect at a moment within it, or never when its outcome is unknown. In half
// of the histories one answer is changed.
func invent(r *rand.Rand) (ops []porcupine.Operation) {
	state := ""
	for at := range int64(16) {
		in := input{kind: []string{"get", "get", "set", "delete", "cas"}[r.IntN(5)], to: fmt.Sprint(at)}
		if in.kind == "cas" {
			in.want = state
			if r.IntN(3) == 0 {
				in.want = "other"
			}
		}
		var out output
		happens := true
		if in.kind != "get" && r.IntN(4) == 0 {
			out.unknown, happens = true, r.IntN(2) == 0
		}
		if happens {
			switch in.kind {
			case "get":
				out.value = state
			case "set":
				out.ok, state = true, in.to
			case "delete":
				out.ok, state = state != "", ""
			case "cas":
				if out.ok = state == in.want; out.ok {
					state = in.to
				}
			}
		}
		op := porcupine.Operation{ClientId: int(at), Input: in, Output: out, Call: at*10 - int64(r.IntN(25)), Return: at*10 + int64(r.IntN(25)) + 1}
		if out.unknown {
			op.Return = math.MaxInt64 / 2
		}
		ops = append(ops, op)
	}
	if i := r.IntN(len(ops)); r.IntN(2) == 0 {
		in, out := ops[i].Input.(input), ops[i].Output.(output)
		out.ok = !out.ok
		if in.kind == "get" {
			out.value = fmt.Sprint(r.IntN(16))
		}
		ops[i].Output = out
	}
	return ops
}

// Many writes without an answer must not make checking slow.
func TestDecideManyUnknownWrites(t *testing.T) {
	var ops []porcupine.Operation
	add := func(in input, out output, call, end int64) {
		ops = append(ops, porcupine.Operation{Input: in, Output: out, Call: call, Return: end})
	}
	for i := range int64(40) {
		add(input{kind: "set", to: fmt.Sprint("lost", i)}, output{unknown: true}, i, math.MaxInt64/2)
		add(input{kind: "delete"}, output{unknown: true}, i, math.MaxInt64/2)
		add(input{kind: "set", to: fmt.Sprint("v", i)}, output{ok: true}, 100*i, 100*i+10)
		add(input{kind: "get"}, output{value: fmt.Sprint("v", i)}, 100*i+20, 100*i+30)
	}
	if got := decide(ops, 5*time.Second); got != porcupine.Ok {
		t.Errorf("%s, want Ok", got)
	}
}
