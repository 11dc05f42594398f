package rewrite

// Budgets in fuel units (about one instruction each).
const (
	// entryBudget is how much work a function may do per call before it pays for
	// itself at its entry instead of being paid by its callers.
	entryBudget = 512
	// splitBudget is how much straight-line code may run between two polls.
	splitBudget = 16384
	// pollFull is up to which cost a poll charges all of it; see charged.
	pollFull  = 64
	pollShare = 64
	// unrollBudget is how many instructions a small loop is unrolled to, so that
	// it polls less often, and maxCopies how many copies at most.
	unrollBudget = 64
	maxCopies    = 8
	// hostCallCost is charged for a call of an import, and indirectExtra more than
	// the callee for an indirect call.
	hostCallCost  = 32
	indirectExtra = 4
)

// charged is what one poll charges for code of the given static cost: all of a
// short stretch, a part of what goes beyond. Both sides of every branch count as
// cost, and compilers like Go's put a whole function into one loop that jumps to
// the block it needs, so that each round of a small loop in there would pay for
// all of the function. A guest can make the charge too small by at most the
// factor splitBudget/charged(splitBudget), about 50.
func charged(cost uint32) uint32 {
	return min(cost, pollFull) + cost/pollShare
}

// callGraph decides which functions poll at their entry and what a call of the
// others costs. Its nodes are the functions followed by one node per shape of
// indirectly callable functions, with edges
//
//	function -> function   direct call
//	function -> shape      indirect call
//	shape    -> function   every function of that shape whose reference is taken
//
// so that its size stays linear.
//
// Placement. Edges function -> shape inside a strongly connected component are
// cut: the call site polls instead. What cycles remain consist of direct calls,
// and each holds a back edge of a depth-first search; the targets of back edges
// poll at entry. Hence every cycle of calls meets a poll, and functions outside
// cycles meet none unless they are long: a chain of n functions each calling the
// next twice runs 2^n calls without a loop, so costs are summed along calls and a
// function above entryBudget polls as well.
type callGraph struct {
	m      *Module
	shapes []int32    // type index -> shape node
	cands  [][]uint32 // shape -> functions
	scc    []int32
	entry  []bool   // function polls at entry
	cost   []uint32 // of one call, when it does not
	own    []uint32 // shape -> largest own cost of a candidate
}

func newCallGraph(m *Module) *callGraph {
	n := len(m.Functions)
	g := &callGraph{m: m, shapes: make([]int32, len(m.Types))}
	ids := map[string]int32{}
	for i, t := range m.Types {
		key := t.shape()
		id, ok := ids[key]
		if !ok {
			id = int32(len(ids))
			ids[key] = id
		}
		g.shapes[i] = id
	}
	g.cands = make([][]uint32, len(ids))
	for f := range m.taken {
		if int(f) >= m.ImportedFunctions {
			s := g.shapes[m.Functions[f]]
			g.cands[s] = append(g.cands[s], f)
		}
	}
	g.own = make([]uint32, len(ids))
	for s, fs := range g.cands {
		for _, f := range fs {
			g.own[s] = max(g.own[s], min(m.body(f).cost, entryBudget))
		}
	}
	total := n + len(ids)
	g.scc = make([]int32, total)
	g.entry = make([]bool, n)
	g.cost = make([]uint32, total)
	g.components()
	g.order()
	return g
}

func (m *Module) body(f uint32) *body { return &m.bodies[int(f)-m.ImportedFunctions] }

// edge returns the i-th successor of a node, or -1.
func (g *callGraph) edge(node, i int) int {
	n := len(g.m.Functions)
	if node >= n {
		if c := g.cands[node-n]; i < len(c) {
			return int(c[i])
		}
		return -1
	}
	if node < g.m.ImportedFunctions {
		return -1
	}
	b := g.m.body(uint32(node))
	if i < len(b.callees) {
		return int(b.callees[i])
	}
	if i -= len(b.callees); i < len(b.indirect) {
		return n + int(g.shapes[b.indirect[i]])
	}
	return -1
}

type frame struct{ node, next int }

// components is Tarjan's algorithm without recursion.
func (g *callGraph) components() {
	total := len(g.scc)
	index := make([]int32, total) // 0 = unseen
	low := make([]int32, total)
	onStack := make([]bool, total)
	var stack []int
	var path []frame
	var counter, comps int32
	visit := func(v int) {
		counter++
		index[v], low[v] = counter, counter
		onStack[v] = true
		stack = append(stack, v)
		path = append(path, frame{v, 0})
	}
	for root := range total {
		if index[root] != 0 {
			continue
		}
		visit(root)
		for len(path) > 0 {
			top := &path[len(path)-1]
			v := top.node
			w := g.edge(v, top.next)
			if w >= 0 {
				top.next++
				if index[w] == 0 {
					visit(w)
				} else if onStack[w] {
					low[v] = min(low[v], index[w])
				}
				continue
			}
			path = path[:len(path)-1]
			if len(path) > 0 {
				p := path[len(path)-1].node
				low[p] = min(low[p], low[v])
			}
			if low[v] != index[v] {
				continue
			}
			for {
				w := stack[len(stack)-1]
				stack = stack[:len(stack)-1]
				onStack[w] = false
				g.scc[w] = comps
				if w == v {
					break
				}
			}
			comps++
		}
	}
}

// cut reports whether an indirect call with the type in function f polls at the
// call site, because it may lead back to f.
func (g *callGraph) cut(f, typ uint32) bool {
	return g.scc[f] == g.scc[len(g.m.Functions)+int(g.shapes[typ])]
}

// order walks the graph without cut edges depth first, marks targets of back
// edges and computes costs in post-order.
func (g *callGraph) order() {
	n := len(g.m.Functions)
	const grey, black = 1, 2
	colour := make([]byte, len(g.scc))
	var path []frame
	for root := range len(g.scc) {
		if colour[root] != 0 {
			continue
		}
		colour[root] = grey
		path = append(path[:0], frame{root, 0})
		for len(path) > 0 {
			top := &path[len(path)-1]
			v := top.node
			w := g.edge(v, top.next)
			if w < 0 {
				colour[v] = black
				g.settle(v)
				path = path[:len(path)-1]
				continue
			}
			top.next++
			if v < n && w >= n && g.scc[v] == g.scc[w] {
				continue // polls at the call site
			}
			switch colour[w] {
			case 0:
				colour[w] = grey
				path = append(path, frame{w, 0})
			case grey:
				if w < n {
					g.entry[w] = true
				}
			}
		}
	}
}

// settle computes the cost of one call of v, its successors being done or
// polling at entry.
func (g *callGraph) settle(v int) {
	n := len(g.m.Functions)
	switch {
	case v >= n:
		for _, f := range g.cands[v-n] {
			g.cost[v] = max(g.cost[v], g.callCost(f))
		}
	case v < g.m.ImportedFunctions:
		g.cost[v] = hostCallCost
	default:
		b := g.m.body(uint32(v))
		sum := uint64(b.cost)
		for _, c := range b.callees {
			sum += uint64(g.callCost(c))
		}
		for _, t := range b.indirect {
			sum += uint64(g.indirectCost(uint32(v), t))
		}
		if sum > entryBudget {
			g.entry[v] = true
		}
		g.cost[v] = saturate(sum)
	}
}

// callCost is what a caller pays for a direct call of f.
func (g *callGraph) callCost(f uint32) uint32 {
	if int(f) >= g.m.ImportedFunctions && g.entry[f] {
		return 1
	}
	return g.cost[f]
}

// indirectCost is what a call of some function of the type costs where it
// stands: nothing more when the site polls, because the poll pays.
func (g *callGraph) indirectCost(f, typ uint32) uint32 {
	if g.cut(f, typ) {
		return 1
	}
	return g.cost[len(g.m.Functions)+int(g.shapes[typ])] + indirectExtra
}

// siteWeight is what a polling indirect call pays.
func (g *callGraph) siteWeight(typ uint32) uint32 {
	return min(g.own[g.shapes[typ]], pollFull) + frameWeight
}
