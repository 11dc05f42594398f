package state

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
)

// AppInfo is an app with what serves.
type AppInfo struct {
	Name       string
	Last       uint64 // number of the newest version
	Created    int64  // log time, ms
	Activation Activation
	Ready      []uint64 // versions that nodes have to keep ready, those that serve included; ascending
}

// AppGet returns an app.
func AppGet(v *View, shard uint16, name string) (AppInfo, bool) {
	rec, ok := readApp(v, shard, name)
	if !ok {
		return AppInfo{}, false
	}
	return AppInfo{Name: name, Last: rec.last, Created: rec.created, Activation: *readActivation(v, shard, name), Ready: pinned(v, shard, name)}, true
}

// AppList returns all apps in the order of their names.
func AppList(v *View, shard uint16) (apps []AppInfo) {
	from := appKey(shard, "", 'i')
	var names []string
	v.Scan(from, Prefix(from), func(k, _ []byte) bool {
		names = append(names, string(k[len(from):]))
		return true
	})
	for _, name := range names {
		if a, ok := AppGet(v, shard, name); ok {
			apps = append(apps, a)
		}
	}
	return apps
}

// AppVersions returns the versions of an app in ascending order.
func AppVersions(v *View, shard uint16, app string) (list []AppVersion) {
	eachVersion(v, shard, app, func(a AppVersion) bool {
		list = append(list, a)
		return true
	})
	return list
}

// AppVersionOf returns one version of an app.
func AppVersionOf(v *View, shard uint16, app string, number uint64) (AppVersion, bool) {
	return readVersion(v, shard, app, number)
}

// AppActivations returns the activations of an app that are remembered, newest first.
func AppActivations(v *View, shard uint16, app string) (list []Activation) {
	from := appKey(shard, app, 'h')
	v.Last(from, Prefix(from), func(_, b []byte) bool {
		list = append(list, *decodeActivation(b))
		return true
	})
	return list
}

// AppReadinessOf returns what nodes told of the versions of an app, in the order of versions, then nodes.
func AppReadinessOf(v *View, shard uint16, app string) (list []AppReadiness) {
	from := appKey(shard, app, 'n')
	v.Scan(from, Prefix(from), func(k, b []byte) bool {
		t := openTuple(b)
		list = append(list, AppReadiness{
			Version: binary.BigEndian.Uint64(k[len(from):]), Node: string(k[len(from)+8:]), Problem: strings.Clone(t.str()), At: t.int(),
		})
		return true
	})
	return list
}

// AppCounts returns how many requests each version answered since the activation, as nodes have reported.
func AppCounts(v *View, shard uint16, app string) []AppCount {
	return readCounts(v, appKey(shard, app, 't'))
}

// AppSwitched returns the serial of the activation that each node told of last: what it serves, or served.
func AppSwitched(v *View, shard uint16, app string) map[string]uint64 {
	from := appKey(shard, app, 's')
	nodes := map[string]uint64{}
	v.Scan(from, Prefix(from), func(k, b []byte) bool {
		t := openTuple(b)
		t.uint()
		nodes[string(k[len(from):])] = t.uint()
		return true
	})
	return nodes
}

// AppRollback says what a rollback of the app leads to: without its newest version when several serve, or to the newest version below
// the one that serves that has served before. ok is false when there is none.
func AppRollback(v *View, shard uint16, app string) (weights []Weight, ok bool) {
	now := readActivation(v, shard, app)
	if len(now.Weights) == 0 {
		return nil, false
	}
	newest := slices.MaxFunc(now.Weights, func(a, b Weight) int { return cmp.Compare(a.Version, b.Version) })
	if len(now.Weights) > 1 {
		return slices.DeleteFunc(now.Weights, func(w Weight) bool { return w == newest }), true
	}
	best := uint64(0)
	for _, a := range AppActivations(v, shard, app) {
		for _, w := range a.Weights {
			if _, exists := readVersion(v, shard, app, w.Version); exists && w.Version < newest.Version && w.Version > best {
				best = w.Version
			}
		}
	}
	if best == 0 {
		return nil, false
	}
	return []Weight{{best, 100}}, true
}
