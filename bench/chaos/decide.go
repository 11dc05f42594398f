package main

import (
	"time"

	"github.com/anishathalye/porcupine"
)

// decide checks a history that is not a counter's. Writes whose outcome is unknown may have happened at any time, which makes checking
// exponential in their number, so they are bounded first: every value is written once, so a write whose value was seen happened before
// the first that saw it was answered. Then the history is checked without those that nobody saw, as if they had not happened. If that
// is linearizable, so is the whole, with them at its end. Only if not, all are tried.
func decide(ops []porcupine.Operation, patience time.Duration) porcupine.CheckResult {
	bounded, fewer := bound(ops)
	if porcupine.CheckOperationsTimeout(register, fewer, patience) == porcupine.Ok {
		return porcupine.Ok
	}
	return porcupine.CheckOperationsTimeout(register, bounded, patience)
}

// bound returns ops with writes of unknown outcome bounded, and the same without those of which nothing was seen.
func bound(ops []porcupine.Operation) (bounded, fewer []porcupine.Operation) {
	saw := map[string]int64{} // when the first was answered that saw a value
	for _, op := range ops {
		in, out := op.Input.(input), op.Output.(output)
		value := ""
		switch {
		case out.unknown:
			continue
		case in.kind == "get", in.kind == "look", in.kind == "pair", in.kind == "lease":
			value = out.value
		case in.kind == "cas" && out.ok:
			value = in.want
		}
		if at, ok := saw[value]; !ok || op.Return < at {
			saw[value] = op.Return
		}
	}
	for _, op := range ops {
		in, out := op.Input.(input), op.Output.(output)
		keep := !out.unknown
		if out.unknown && (in.kind == "set" || in.kind == "cas" || in.kind == "both" || in.kind == "make") {
			if at, ok := saw[in.to]; ok {
				op.Return, keep = max(at, op.Call), true
			}
		}
		bounded = append(bounded, op)
		if keep {
			fewer = append(fewer, op)
		}
	}
	return bounded, fewer
}
