package state

import (
	"cmp"
	"slices"
	"strings"

	"github.com/stackhost/stackhost/abi"
)

// AppAdd makes a version of a bundle that is in the store, and lets nodes get ready for it. The answer is its number, eight bytes: a
// bundle that is a version of the app already keeps its number.
type AppAdd struct {
	Digest      Digest
	Label, Note string
	Key         string // ID
	Signature   []byte // of BundleSignedText
}

// AppPrepare lets nodes get ready for a version; those that could not try again.
type AppPrepare struct{ Version uint64 }

// AppReady tells that a node has fetched, verified and compiled a version, or why it could not.
type AppReady struct {
	Version       uint64
	Node, Problem string
}

// AppActivate says which versions serve from now on; none stops the app. The answer is the Activation. It is abi.CodeConflict when one
// of Nodes has not reported that it is ready, or when Expect is neither 0 nor the serial of the present activation. A Guard without
// Back gets what serves now, without its version.
type AppActivate struct {
	Weights []Weight
	Guard   *Guard
	Expect  uint64
	Nodes   []string
	Reason  string
}

// AppReport tells how many requests a node answered since the activation Serial. Counts only rise while Boot stays; a report that
// comes twice counts once. It takes the activation back when its guard says so.
type AppReport struct {
	Node         string
	Boot, Serial uint64
	Counts       []AppCount
}

// Command returns the command for the app.
func (a AppAdd) Command(app string) Command {
	b := abi.AppendStr(abi.AppendStr(abi.AppendBin(abi.AppendArray(nil, 5), a.Digest[:]), a.Label), a.Note)
	return appCommand(app, OpAppAdd, abi.AppendBin(abi.AppendStr(b, a.Key), a.Signature))
}

// Command returns the command for the app.
func (a AppPrepare) Command(app string) Command {
	return appCommand(app, OpAppPrepare, abi.AppendUint(abi.AppendArray(nil, 1), a.Version))
}

// Command returns the command for the app.
func (a AppReady) Command(app string) Command {
	b := abi.AppendStr(abi.AppendUint(abi.AppendArray(nil, 3), a.Version), a.Node)
	return appCommand(app, OpAppReady, abi.AppendStr(b, a.Problem))
}

// Command returns the command for the app.
func (a AppActivate) Command(app string) Command {
	b := appendUints(abi.AppendArray(nil, 5), flatten(a.Weights))
	b = abi.AppendUint(abi.AppendBin(b, a.Guard.append(nil)), a.Expect)
	return appCommand(app, OpAppActivate, abi.AppendStr(appendStrs(b, a.Nodes), a.Reason))
}

// Command returns the command for the app.
func (a AppReport) Command(app string) Command {
	b := abi.AppendUint(abi.AppendUint(abi.AppendStr(abi.AppendArray(nil, 4), a.Node), a.Boot), a.Serial)
	return appCommand(app, OpAppReport, appendUints(b, flattenCounts(a.Counts)))
}

func flattenCounts(counts []AppCount) (flat []uint64) {
	for _, c := range counts {
		flat = append(flat, c.Version, c.Requests, c.Errors)
	}
	return flat
}

func countsOf(flat []uint64) (counts []AppCount) {
	for i := 0; i+2 < len(flat); i += 3 {
		counts = append(counts, AppCount{flat[i], flat[i+1], flat[i+2]})
	}
	return counts
}

// AppRemove forgets an app that does not serve: its versions and its history. The numbers of versions go on when it comes again. What the
// app keeps in other families stays.
type AppRemove struct{}

// Command returns the command for the app.
func (AppRemove) Command(app string) Command {
	return appCommand(app, OpAppRemove, abi.AppendArray(nil, 0))
}

// DecodeActivation reads the answer of AppActivate.
func DecodeActivation(b []byte) *Activation { return decodeActivation(b) }

func addVersion(tx *Tx, t *tuple) ([]byte, error) {
	v := AppVersion{Created: tx.now}
	digest := t.bin()
	v.Label, v.Note, v.Key, v.Signature = t.str(), t.str(), t.str(), t.bin()
	if err := t.end(); err != nil {
		return nil, err
	}
	switch {
	case copy(v.Digest[:], digest) != len(v.Digest) || len(digest) != len(v.Digest):
		return nil, abi.Errorf(abi.CodeInvalid, "app: a digest has %d bytes", len(v.Digest))
	case max(len(v.Label), len(v.Note), len(v.Key), len(v.Signature)) > AppMaxText:
		return nil, abi.Errorf(abi.CodeLimit, "app: a label, a note and a signature have at most %d bytes", AppMaxText)
	}
	if enforced(tx, tx.shard) {
		if _, err := signer(tx, tx.shard, &v); err != nil {
			return nil, err
		}
	}
	rec, known := readApp(tx, tx.shard, tx.tenant)
	same := AppVersion{}
	eachVersion(tx, tx.shard, tx.tenant, func(old AppVersion) bool {
		if old.Digest == v.Digest {
			same = old
		}
		return same.Number == 0
	})
	if same.Number != 0 {
		if len(v.Signature) > 0 && same.Key != v.Key {
			same.Key, same.Signature = v.Key, v.Signature
			tx.Set(tx.appKey('v', BE(same.Number)), same.append(nil))
		}
		return BE(same.Number), prepareVersion(tx, same.Number)
	}
	if err := refer(tx, v.Digest, +1); err != nil {
		return nil, err
	}
	content, _ := readBundle(tx, tx.shard, v.Digest)
	v.Size = content.Size
	if !known {
		rec.created = tx.now
		tx.Set(tx.sharedKey('i', []byte(tx.tenant)), nil)
	}
	rec.last++
	v.Number = rec.last
	tx.Set(tx.appKey('v', BE(v.Number)), v.append(nil))
	rec.save(tx)
	if err := prepareVersion(tx, v.Number); err != nil {
		return nil, err
	}
	prune(tx)
	return BE(v.Number), nil
}

// prune forgets the oldest versions that nobody uses.
func prune(tx *Tx) {
	use := pinned(tx, tx.shard, tx.tenant)
	var old []AppVersion
	total := 0
	eachVersion(tx, tx.shard, tx.tenant, func(v AppVersion) bool {
		total++
		if !slices.Contains(use, v.Number) {
			old = append(old, v)
		}
		return true
	})
	for _, v := range old[:min(len(old), max(0, total-AppKept))] {
		tx.Delete(tx.appKey('v', BE(v.Number)))
		_ = refer(tx, v.Digest, -1) // it was complete when the version was made, and is kept while there is one
	}
}

func prepareVersion(tx *Tx, number uint64) error {
	rec, _ := readApp(tx, tx.shard, tx.tenant)
	if _, ok := readVersion(tx, tx.shard, tx.tenant, number); !ok {
		return noVersion(tx.tenant, number)
	}
	before := pinned(tx, tx.shard, tx.tenant)
	rec.want(number)
	rec.save(tx)
	forgetReadiness(tx, before)
	from := tx.appKey('n', BE(number))
	tx.Scan(from, Prefix(from), func(k, b []byte) bool { // whoever could not shall try again
		if t := openTuple(b); t.str() != "" {
			tx.Delete(slices.Clone(k))
		}
		return true
	})
	tx.tell("versions", number)
	return nil
}

func noVersion(app string, number uint64) error {
	return abi.Errorf(abi.CodeNotFound, "app: %s has no version %d; `stackhost versions %s` lists those it has", app, number, app)
}

func (a *appRecord) want(number uint64) {
	list := []uint64{number}
	for _, w := range a.wanted {
		if w != number && len(list) < AppWanted {
			list = append(list, w)
		}
	}
	a.wanted = list
}

// forgetReadiness drops what nodes told of versions that they need not keep ready any more.
func forgetReadiness(tx *Tx, before []uint64) {
	now := pinned(tx, tx.shard, tx.tenant)
	for _, number := range before {
		if slices.Contains(now, number) {
			continue
		}
		from := tx.appKey('n', BE(number))
		tx.Scan(from, Prefix(from), func(k, _ []byte) bool {
			tx.Delete(slices.Clone(k))
			return true
		})
	}
}

func reportReady(tx *Tx, t *tuple) error {
	number, node, problem := t.uint(), t.str(), t.str()
	if err := t.end(); err != nil {
		return err
	}
	if node == "" || len(node) > appNodeMaxBytes {
		return abi.Errorf(abi.CodeInvalid, "app: the name of a node has 1 to %d bytes", appNodeMaxBytes)
	}
	if !slices.Contains(pinned(tx, tx.shard, tx.tenant), number) {
		return abi.Errorf(abi.CodeConflict, "app: nobody needs version %d of %s any more", number, tx.tenant)
	}
	problem = strings.ToValidUTF8(problem[:min(len(problem), AppMaxText)], "")
	b := abi.AppendStr(abi.AppendArray(nil, 2), problem)
	tx.Set(tx.appKey('n', BE(number), []byte(node)), abi.AppendInt(b, tx.now))
	tx.tell("ready", number)
	return nil
}

func activate(tx *Tx, t *tuple) ([]byte, error) {
	next := &Activation{Weights: weightsOf(t.uints(2*AppMaxWeights + 2))}
	guard, err := decodeGuard(t.bin())
	expect := t.uint()
	nodes, tooMany := t.strs(1024)
	next.Reason = t.str()
	if endErr := t.end(); endErr != nil || err != nil {
		return nil, cmp.Or(endErr, err)
	}
	if tooMany || len(next.Reason) > AppMaxText {
		return nil, abi.Errorf(abi.CodeLimit, "app: too many nodes, or a reason of more than %d bytes", AppMaxText)
	}
	now := readActivation(tx, tx.shard, tx.tenant)
	if expect != 0 && expect != now.Serial {
		return nil, abi.Errorf(abi.CodeConflict, "app: another activation of %s came first (%s); look at it, then try again", tx.tenant, now.Reason)
	}
	if err := checkWeights(tx, next.Weights); err != nil {
		return nil, err
	}
	if err := checkReady(tx, next.Weights, nodes); err != nil {
		return nil, err
	}
	if next.Guard = guard; guard != nil {
		if err := completeGuard(tx, next, now); err != nil {
			return nil, err
		}
	}
	switchTo(tx, now, next)
	return next.append(nil), nil
}

func checkWeights(tx *Tx, weights []Weight) error {
	if len(weights) > AppMaxWeights {
		return abi.Errorf(abi.CodeLimit, "app: at most %d versions serve at a time", AppMaxWeights)
	}
	must := enforced(tx, tx.shard)
	for i, w := range weights {
		v, ok := readVersion(tx, tx.shard, tx.tenant, w.Version)
		switch {
		case !ok:
			return noVersion(tx.tenant, w.Version)
		case w.Weight < 1 || w.Weight > AppMaxWeight:
			return abi.Errorf(abi.CodeInvalid, "app: a weight is 1 to %d", AppMaxWeight)
		case slices.ContainsFunc(weights[:i], func(o Weight) bool { return o.Version == w.Version }):
			return abi.Errorf(abi.CodeInvalid, "app: version %d has two weights", w.Version)
		}
		if must {
			if _, err := signer(tx, tx.shard, &v); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkReady(tx *Tx, weights []Weight, nodes []string) error {
	for _, w := range weights {
		for _, node := range nodes {
			b, ok := tx.Get(tx.appKey('n', BE(w.Version), []byte(node)))
			if !ok {
				return abi.Errorf(abi.CodeConflict, "app: node %s is not ready for version %d", node, w.Version)
			}
			t := openTuple(b)
			if problem := t.str(); problem != "" {
				return abi.Errorf(abi.CodeConflict, "app: node %s cannot serve version %d: %s", node, w.Version, problem)
			}
		}
	}
	return nil
}

// completeGuard checks the guard of next and finds where it leads back.
func completeGuard(tx *Tx, next, now *Activation) error {
	g := next.Guard
	others := func(list []Weight) []Weight {
		return slices.DeleteFunc(slices.Clone(list), func(w Weight) bool { return w.Version == g.Version })
	}
	if len(g.Back) == 0 {
		g.Back = others(now.Weights)
	}
	if len(g.Back) == 0 && now.Guard != nil {
		g.Back = others(now.Guard.Back)
	}
	switch {
	case !slices.ContainsFunc(next.Weights, func(w Weight) bool { return w.Version == g.Version }):
		return abi.Errorf(abi.CodeInvalid, "app: version %d, which is to be guarded, does not serve", g.Version)
	case g.Bound > 1e6:
		return abi.Errorf(abi.CodeInvalid, "app: an error bound is at most a million in a million")
	case g.Window < GuardMinWindow || g.Window > GuardMaxWindow:
		return abi.Errorf(abi.CodeInvalid, "app: the window of an error bound is %d ms to %d ms", GuardMinWindow, GuardMaxWindow)
	case len(g.Back) == 0:
		return abi.Errorf(abi.CodeInvalid, "app: there is no other version to go back to, so an error bound is of no use: leave it out")
	}
	g.Min = max(g.Min, 1)
	return checkWeights(tx, g.Back)
}

// switchTo makes next the activation.
func switchTo(tx *Tx, now, next *Activation) {
	before := pinned(tx, tx.shard, tx.tenant)
	next.Serial, next.At = tx.UniqueID(), tx.now
	b := next.append(nil)
	tx.Set(tx.appKey('r'), b)
	tx.Set(tx.appKey('h', BE(next.Serial)), b)
	tx.Delete(tx.appKey('t'))
	tx.Delete(tx.appKey('g'))
	// The versions that served stay ready for a rollback.
	rec, _ := readApp(tx, tx.shard, tx.tenant)
	rec.wanted = slices.DeleteFunc(rec.wanted, func(v uint64) bool { return serves(next, v) })
	for _, w := range slices.Backward(now.Weights) {
		if !serves(next, w.Version) {
			rec.want(w.Version)
		}
	}
	rec.save(tx)
	forgetReadiness(tx, before)
	from := tx.appKey('h')
	n := 0
	tx.Last(from, Prefix(from), func(k, _ []byte) bool {
		if n++; n > AppHistory {
			tx.Delete(slices.Clone(k))
		}
		return true
	})
	tx.tell("activation", next.Serial)
}

func removeApp(tx *Tx, t *tuple) error {
	if err := t.end(); err != nil {
		return err
	}
	rec, ok := readApp(tx, tx.shard, tx.tenant)
	if !ok {
		return abi.Errorf(abi.CodeNotFound, "app: there is no %s; `stackhost apps` lists those there are", tx.tenant)
	}
	if len(readActivation(tx, tx.shard, tx.tenant).Weights) > 0 {
		return abi.Errorf(abi.CodeConflict, "app: %s serves: `stackhost apps stop %s` first", tx.tenant, tx.tenant)
	}
	eachVersion(tx, tx.shard, tx.tenant, func(v AppVersion) bool {
		_ = refer(tx, v.Digest, -1)
		return true
	})
	from := Key(FamilyApp, tx.shard, tx.tenant, "")
	tx.Scan(from, Prefix(from), func(k, _ []byte) bool {
		tx.Delete(slices.Clone(k))
		return true
	})
	appRecord{last: rec.last}.save(tx)
	tx.Delete(tx.sharedKey('i', []byte(tx.tenant)))
	tx.tell("versions", 0)
	return nil
}

func serves(a *Activation, version uint64) bool {
	return slices.ContainsFunc(a.Weights, func(w Weight) bool { return w.Version == version })
}
