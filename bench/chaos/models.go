package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// An operation's input and output. Operations are on one key; each key has its own history.
type input struct {
	kind  string // get, look, set, cas, delete; add; both, pair; acquire, release; lease, make; begin, end, end all, sessions
	key   string
	want  string // of cas: the value that has to be there; of make: the lease
	to    string // value written, owner of a lock, name of a lease, id of a session
	token uint64 // of make
}

// reads tells whether an operation of that kind changes nothing.
func reads(kind string) bool {
	return kind == "get" || kind == "look" || kind == "pair" || kind == "sessions"
}

// output of an operation. An operation whose answer never came may have been done at any time after it began, or never.
type output struct {
	unknown bool
	void    bool   // it says nothing
	ok      bool   // the condition held, the lock was free, there is a token
	value   string // of get, look, add, pair and lease; of begin the id; of sessions the ids; "" when absent
	token   uint64 // of lease
}

// register is the model of a key, of a pair of keys that are always written together, of a counter, of a lock, of a cached value that is
// made once and of a user's sessions: the state is the value (of a lock the owner; of a cached value the lease, or what was made after
// "="; of sessions their ids in order), "" when there is none.
var register = porcupine.Model{
	Init: func() any { return "" },
	Step: func(s, i, o any) (bool, any) {
		state, in, out := s.(string), i.(input), o.(output)
		switch in.kind {
		case "get", "pair":
			return out.unknown || out.value == state, state
		case "look": // the value may have expired, and is gone for good then
			return out.unknown || out.value == "" || out.value == state, out.value
		case "set", "both":
			return true, in.to
		case "delete":
			return out.unknown || out.ok == (state != ""), ""
		case "cas":
			if out.unknown && state != in.want {
				return true, state
			}
			if out.unknown || out.ok {
				return state == in.want, in.to
			}
			return state != in.want, state
		case "add":
			n := 0
			fmt.Sscan(state, &n)
			next := fmt.Sprint(n + 1)
			return out.unknown || out.value == next, next
		case "acquire":
			if out.unknown && state != "" && state != in.to {
				return true, state
			}
			if out.unknown || out.ok {
				return state == "" || state == in.to, in.to
			}
			return state != "" && state != in.to, state
		case "release":
			if out.unknown && state != in.to {
				return true, state
			}
			if out.unknown || out.ok {
				return state == in.to, ""
			}
			return state != in.to, state
		case "lease": // one caller gets it; the others get what it made
			if out.unknown && state != "" {
				return true, state
			}
			if out.unknown || out.ok {
				return state == "", in.to
			}
			return state == "="+out.value, state
		case "make":
			if out.unknown && state != in.want {
				return true, state
			}
			if out.unknown || out.ok {
				return state == in.want, "=" + in.to
			}
			return state != in.want, state
		case "sessions":
			return out.unknown || out.value == state, state
		case "begin":
			ids := append(strings.FieldsFunc(state, isComma), out.value)
			slices.Sort(ids)
			return true, strings.Join(ids, ",")
		case "end":
			ids := strings.FieldsFunc(state, isComma)
			i := slices.Index(ids, in.to)
			if i < 0 {
				return out.unknown || !out.ok, state
			}
			return out.unknown || out.ok, strings.Join(slices.Delete(ids, i, i+1), ",")
		case "end all":
			return true, ""
		}
		panic("no operation " + in.kind)
	},
	DescribeOperation: func(i, o any) string {
		in, out := i.(input), o.(output)
		answer := fmt.Sprintf("ok=%v %q", out.ok, out.value)
		if out.unknown {
			answer = "?"
		}
		return fmt.Sprintf("%s(%s %s) → %s", in.kind, in.want, in.to, answer)
	},
	DescribeState: func(s any) string { return fmt.Sprintf("%q", s) },
}

func isComma(r rune) bool { return r == ',' }

// known takes ids out of what lists of sessions showed of which nobody was told that they began.
func known(ops []porcupine.Operation) []porcupine.Operation {
	begun := map[string]bool{}
	for _, op := range ops {
		if op.Input.(input).kind == "begin" {
			begun[op.Output.(output).value] = true
		}
	}
	ops = slices.Clone(ops)
	for i, op := range ops {
		if out := op.Output.(output); op.Input.(input).kind == "sessions" {
			out.value = strings.Join(slices.DeleteFunc(strings.FieldsFunc(out.value, isComma), func(id string) bool { return !begun[id] }), ",")
			ops[i].Output = out
		}
	}
	return ops
}

// lease is a lock that was had for a time.
type lease struct {
	owner     string
	fence     uint64
	call, end time.Duration
}

// fences returns what is wrong with the tokens of a lock: who gets it later has a higher one, and only its owner can get the same again.
func fences(list []lease) string {
	for _, a := range list {
		for _, b := range list {
			if a.end < b.call && a.fence > b.fence || a.fence == b.fence && a.owner != b.owner {
				return fmt.Sprintf("%v and then %v", a, b)
			}
		}
	}
	return ""
}

// counts checks the history of a counter, and returns what is wrong with it. Increments whose outcome is unknown make general checking
// exponential; here every answer says how many increments had happened, so the order is known: an increment that returned v is at v,
// and a read of v after it. That order must agree with real time, and every number that nobody got must be an increment with unknown
// outcome that had begun before a higher number was seen.
func counts(ops []porcupine.Operation) string {
	type seen struct {
		at        int // twice the number, one more for a read
		call, end int64
	}
	var known []seen
	var unknown []int64 // when they began
	for _, op := range ops {
		in, out := op.Input.(input), op.Output.(output)
		if out.unknown {
			unknown = append(unknown, op.Call)
			continue
		}
		n := 0
		if out.value != "" {
			var err error
			if n, err = strconv.Atoi(out.value); err != nil {
				return fmt.Sprintf("%q is not a number", out.value)
			}
		}
		if in.kind == "get" {
			known = append(known, seen{2*n + 1, op.Call, op.Return})
		} else {
			known = append(known, seen{2 * n, op.Call, op.Return})
		}
	}
	slices.SortFunc(known, func(a, b seen) int { return a.at - b.at })
	latest := int64(math.MinInt64) // beginning of any operation at a lower place
	begun := latest                // of those at this place
	for i, k := range known {
		if i > 0 && k.at == known[i-1].at && k.at%2 == 0 {
			return fmt.Sprintf("two increments returned %d", k.at/2)
		}
		if i > 0 && k.at != known[i-1].at {
			latest = max(latest, begun)
		}
		if k.end < latest {
			return fmt.Sprintf("%d was answered before an operation began that saw less", k.at/2)
		}
		begun = max(begun, k.call)
	}
	// Numbers that nobody got, with the time by which they must have happened.
	got := map[int]bool{}
	highest := 0
	for _, k := range known {
		highest = max(highest, k.at/2)
		if k.at%2 == 0 {
			got[k.at/2] = true
		}
	}
	soonest := int64(math.MaxInt64) // end of any operation that saw the number or more
	var needed []int64
	i := len(known) - 1
	for n := highest; n > 0; n-- {
		for ; i >= 0 && known[i].at >= 2*n; i-- {
			soonest = min(soonest, known[i].end)
		}
		if !got[n] {
			needed = append(needed, soonest)
		}
	}
	slices.Sort(needed)
	slices.Sort(unknown)
	for i, by := range needed {
		if i >= len(unknown) || unknown[i] > by {
			return fmt.Sprintf("%d numbers were counted by nobody, more than increments without an answer can have been", len(needed))
		}
	}
	return ""
}
