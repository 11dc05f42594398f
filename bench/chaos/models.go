package main

import (
	"fmt"

	"github.com/anishathalye/porcupine"
)

// An operation's input and output. Operations are on one key; each key has its own history.
type input struct {
	kind string // get, set, cas, delete; add; both, pair; acquire, release
	key  string
	want string // of cas: the value that has to be there
	to   string // value written, or owner of a lock
}

// output of an operation. An operation whose answer never came may have been done at any time after it began, or never.
type output struct {
	unknown bool
	ok      bool   // the condition held, the lock was free
	value   string // of get, add and pair; "" when absent
}

// register is the model of a key, of a pair of keys that are always written together, of a counter and of a lock: the state is the value
// (of a lock the owner), "" when there is none.
var register = porcupine.Model{
	Init: func() any { return "" },
	Step: func(s, i, o any) (bool, any) {
		state, in, out := s.(string), i.(input), o.(output)
		switch in.kind {
		case "get", "pair":
			return out.unknown || out.value == state, state
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
