package state

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stackhost/stackhost/abi"
)

// appModel is a naive registry of one app's versions.
type appModel struct {
	now      int64
	last     uint64
	versions map[uint64]string // bundle's name by number
	weights  map[uint64]uint32
	guard    *modelGuard
	wanted   []uint64
	ready    map[uint64]map[string]string // problem by version and node
	told     map[string]map[uint64]AppCount
	boots    map[string]uint64
	totals   map[uint64]AppCount
	samples  []modelSample
	past     []map[uint64]uint32
	changes  int
}

type modelGuard struct {
	version        uint64
	bound, minimum uint64
	window         int64
	back           map[uint64]uint32
}

type modelSample struct {
	at               int64
	requests, errors uint64
}

func newAppModel() *appModel {
	return &appModel{versions: map[uint64]string{}, weights: map[uint64]uint32{}, ready: map[uint64]map[string]string{}}
}

func (m *appModel) pinned() map[uint64]bool {
	pinned := map[uint64]bool{}
	for v := range m.weights {
		pinned[v] = true
	}
	if m.guard != nil {
		for v := range m.guard.back {
			pinned[v] = true
		}
	}
	for _, v := range m.wanted {
		pinned[v] = true
	}
	return pinned
}

func (m *appModel) want(v uint64) {
	m.wanted = slices.DeleteFunc(m.wanted, func(w uint64) bool { return w == v })
	m.wanted = slices.Insert(m.wanted, 0, v)
	m.wanted = m.wanted[:min(len(m.wanted), AppWanted)]
}

func (m *appModel) forget() {
	pinned := m.pinned()
	maps.DeleteFunc(m.ready, func(v uint64, _ map[string]string) bool { return !pinned[v] })
}

func (m *appModel) prepare(v uint64) abi.Code {
	if _, ok := m.versions[v]; !ok {
		return abi.CodeNotFound
	}
	m.want(v)
	m.forget()
	maps.DeleteFunc(m.ready[v], func(_, problem string) bool { return problem != "" })
	return 0
}

func (m *appModel) add(name string) (uint64, abi.Code) {
	for v, n := range m.versions {
		if n == name {
			return v, m.prepare(v)
		}
	}
	m.last++
	m.versions[m.last] = name
	m.prepare(m.last)
	for v := uint64(1); len(m.versions) > AppKept && v <= m.last; v++ {
		if _, ok := m.versions[v]; ok && !m.pinned()[v] {
			delete(m.versions, v)
		}
	}
	return m.last, 0
}

func (m *appModel) tell(v uint64, node, problem string) abi.Code {
	if !m.pinned()[v] {
		return abi.CodeConflict
	}
	if m.ready[v] == nil {
		m.ready[v] = map[string]string{}
	}
	m.ready[v][node] = problem
	return 0
}

func (m *appModel) activate(weights map[uint64]uint32, nodes []string, guard *modelGuard) abi.Code {
	for v := range weights {
		if _, ok := m.versions[v]; !ok {
			return abi.CodeNotFound
		}
	}
	for v := range weights {
		for _, n := range nodes {
			if problem, ok := m.ready[v][n]; !ok || problem != "" {
				return abi.CodeConflict
			}
		}
	}
	if guard != nil {
		if _, serves := weights[guard.version]; !serves {
			return abi.CodeInvalid
		}
		guard.back = maps.Clone(m.weights)
		delete(guard.back, guard.version)
		if len(guard.back) == 0 && m.guard != nil {
			guard.back = maps.Clone(m.guard.back)
			delete(guard.back, guard.version)
		}
		if len(guard.back) == 0 {
			return abi.CodeInvalid
		}
	}
	m.become(weights, guard)
	return 0
}

func (m *appModel) become(weights map[uint64]uint32, guard *modelGuard) {
	before := m.weights
	m.weights, m.guard = weights, guard
	m.wanted = slices.DeleteFunc(m.wanted, func(v uint64) bool { _, serves := weights[v]; return serves })
	for _, v := range slices.Backward(slices.Sorted(maps.Keys(before))) {
		if _, serves := weights[v]; !serves {
			m.want(v)
		}
	}
	m.forget()
	m.told, m.totals, m.samples, m.boots = map[string]map[uint64]AppCount{}, map[uint64]AppCount{}, nil, map[string]uint64{}
	m.past = append(m.past, weights)
	m.changes++
}

func (m *appModel) report(node string, boot uint64, counts []AppCount) {
	old := m.told[node]
	if m.boots[node] != boot {
		old = nil
	}
	guarded := modelSample{at: m.now}
	m.told[node], m.boots[node] = map[uint64]AppCount{}, boot
	for _, c := range counts {
		grown := AppCount{c.Version, c.Requests - min(c.Requests, old[c.Version].Requests), c.Errors - min(c.Errors, old[c.Version].Errors)}
		total := m.totals[c.Version]
		m.totals[c.Version] = AppCount{c.Version, total.Requests + grown.Requests, total.Errors + grown.Errors}
		m.told[node][c.Version] = c
		if m.guard != nil && c.Version == m.guard.version {
			guarded.requests, guarded.errors = grown.Requests, grown.Errors
		}
	}
	g := m.guard
	if g == nil || guarded.requests == 0 {
		return
	}
	m.samples = append(m.samples, guarded)
	slot := g.window / guardSlots
	requests, errs := uint64(0), uint64(0)
	for _, s := range m.samples {
		if s.at/slot > m.now/slot-guardSlots {
			requests += s.requests
			errs += s.errors
		}
	}
	if requests >= g.minimum && errs*1e6 > g.bound*requests {
		m.become(g.back, nil)
	}
}

// TestAppsLikeTheirModel runs random commands against the model.
func TestAppsLikeTheirModel(t *testing.T) {
	r := newRandom(t)
	rollbacks := 0
	for range 30 {
		rollbacks += runAppModel(t, r)
		if t.Failed() {
			return
		}
	}
	if rollbacks == 0 {
		t.Error("no guard ever took an activation back: the test does not test that")
	}
}

func runAppModel(t *testing.T, r *rand.Rand) (rollbacks int) {
	s, m := newScriptRun(), newAppModel()
	must := func(c Command) []byte {
		payload, _, err := s.do(c)
		if err != nil {
			t.Fatal(err)
		}
		return payload
	}
	for i := range 25 {
		d := scriptDigest(fmt.Sprint(i))
		must(BundleBegin{Digest: d, Size: 1}.Command())
		must(BundleWrite{Digest: d, Data: []byte{1}}.Command())
		must(BundleFinish{d}.Command())
	}
	nodes := []string{"a", "b", "c"}
	some := func() (list []string) {
		for _, n := range nodes {
			if r.IntN(3) == 0 {
				list = append(list, n)
			}
		}
		return list
	}
	version := func() uint64 { return m.last - min(m.last, uint64(r.IntN(5))) }
	counts := map[string]map[uint64]AppCount{}
	for step := range 300 {
		s.now += int64(r.IntN(300))
		m.now = s.now
		var c Command
		var want abi.Code
		what := ""
		changes := m.changes
		switch r.IntN(8) {
		case 0:
			name := fmt.Sprint(r.IntN(25))
			what = "add " + name
			c = AppAdd{Digest: scriptDigest(name)}.Command(s.tenant)
			_, want = m.add(name)
		case 1:
			v := version()
			what = fmt.Sprint("prepare ", v)
			c, want = AppPrepare{v}.Command(s.tenant), m.prepare(v)
		case 2, 3:
			v, node, problem := version(), nodes[r.IntN(3)], []string{"", "", "", "disk"}[r.IntN(4)]
			what = fmt.Sprint("ready ", v, node, problem)
			c, want = AppReady{Version: v, Node: node, Problem: problem}.Command(s.tenant), m.tell(v, node, problem)
		case 4:
			weights := map[uint64]uint32{}
			for range r.IntN(4) {
				weights[version()] = uint32(1 + r.IntN(100))
			}
			a := AppActivate{Nodes: some()}
			for _, v := range slices.Sorted(maps.Keys(weights)) {
				a.Weights = append(a.Weights, Weight{v, weights[v]})
			}
			var guard *modelGuard
			if r.IntN(2) == 0 {
				guard = &modelGuard{version: version(), bound: 100_000, minimum: 5, window: 2000}
				a.Guard = &Guard{Version: guard.version, Bound: 100_000, Min: 5, Window: 2000}
			}
			what = fmt.Sprintf("activate %+v %+v", a, a.Guard)
			c, want = a.Command(s.tenant), m.activate(weights, a.Nodes, guard)
		default:
			serial := readActivation(&s.mem, 0, s.tenant).Serial
			if serial == 0 {
				continue
			}
			node, boot := nodes[r.IntN(3)], uint64(1)
			if r.IntN(20) == 0 {
				boot = uint64(step)
				delete(counts, node)
			}
			if counts[node] == nil {
				counts[node] = map[uint64]AppCount{}
			}
			var list []AppCount
			for _, v := range slices.Sorted(maps.Keys(m.weights)) {
				old, more := counts[node][v], uint64(r.IntN(10))
				list = append(list, AppCount{v, old.Requests + more, old.Errors + min(more, uint64(r.IntN(3)/2))})
				counts[node][v] = list[len(list)-1]
			}
			what = fmt.Sprint("report ", node, boot, list)
			c = AppReport{Node: node, Boot: boot, Serial: serial, Counts: list}.Command(s.tenant)
			if m.report(node, boot, list); m.changes != changes {
				rollbacks++
			}
		}
		if m.changes != changes {
			counts = map[string]map[uint64]AppCount{}
		}
		_, _, err := s.do(c)
		var coded *abi.Error
		got := abi.Code(0)
		if errors.As(err, &coded) {
			got = coded.Code
		}
		if got != want {
			t.Errorf("step %d: %s: %v, the model says %v", step, what, err, want)
			return rollbacks
		}
		if err := m.compare(s); err != nil {
			t.Errorf("step %d: %s: %v", step, what, err)
			return rollbacks
		}
		if err := s.check(); err != nil {
			t.Errorf("step %d: %s: %v", step, what, err)
			return rollbacks
		}
	}
	return rollbacks
}

// compare tells where the state differs from the model.
func (m *appModel) compare(s *scriptRun) error {
	v := s.view()
	numbers := []uint64{}
	for _, version := range AppVersions(v, 0, s.tenant) {
		numbers = append(numbers, version.Number)
		if name := m.versions[version.Number]; scriptDigest(name) != version.Digest {
			return fmt.Errorf("version %d has another bundle than %q", version.Number, name)
		}
	}
	if want := slices.Sorted(maps.Keys(m.versions)); !slices.Equal(numbers, want) {
		return fmt.Errorf("versions %v, want %v", numbers, want)
	}
	if m.last == 0 {
		return nil
	}
	info, _ := AppGet(v, 0, s.tenant)
	weights := map[uint64]uint32{}
	for _, w := range info.Activation.Weights {
		weights[w.Version] = w.Weight
	}
	if !maps.Equal(weights, m.weights) {
		return fmt.Errorf("weights %v, want %v", weights, m.weights)
	}
	if want := slices.Sorted(maps.Keys(m.pinned())); !slices.Equal(info.Ready, want) {
		return fmt.Errorf("kept ready %v, want %v", info.Ready, want)
	}
	told, want := map[string]string{}, map[string]string{}
	for _, r := range AppReadinessOf(v, 0, s.tenant) {
		told[fmt.Sprint(r.Version, r.Node)] = r.Problem
	}
	for version, nodes := range m.ready {
		for node, problem := range nodes {
			want[fmt.Sprint(version, node)] = problem
		}
	}
	if !maps.Equal(told, want) {
		return fmt.Errorf("readiness %v, want %v", told, want)
	}
	totals := map[uint64]AppCount{}
	for _, c := range AppCounts(v, 0, s.tenant) {
		totals[c.Version] = c
	}
	if !maps.Equal(totals, m.totals) {
		return fmt.Errorf("counts %v, want %v", totals, m.totals)
	}
	return m.compareBack(v, s.tenant)
}

func (m *appModel) compareBack(v *View, tenant string) error {
	back, ok := AppRollback(v, 0, tenant)
	got, want := map[uint64]uint32{}, map[uint64]uint32{}
	for _, w := range back {
		got[w.Version] = w.Weight
	}
	newest := uint64(0)
	for version := range m.weights {
		newest = max(newest, version)
	}
	if len(m.weights) > 1 {
		want = maps.Clone(m.weights)
		delete(want, newest)
	} else {
		best := uint64(0)
		for _, past := range m.past[max(0, len(m.past)-AppHistory):] {
			for version := range past {
				if _, exists := m.versions[version]; exists && version < newest {
					best = max(best, version)
				}
			}
		}
		if best > 0 {
			want[best] = 100
		}
	}
	if ok != (len(want) > 0) || !maps.Equal(got, want) {
		return fmt.Errorf("a rollback leads to %v (%t), want %v", got, ok, want)
	}
	return nil
}
