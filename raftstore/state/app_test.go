package state

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// In scripts a bundle is known by a name, of which its digest is the SHA-256, and so is a key, of which it is the seed.
func scriptDigest(name string) Digest { return sha256.Sum256([]byte(name)) }

func scriptKey(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("key " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func scriptPublic(name string) []byte { return scriptKey(name).Public().(ed25519.PublicKey) }

// scriptWeights reads "1:90,2:10".
func scriptWeights(list []string) (weights []Weight) {
	for _, w := range list {
		version, weight, _ := strings.Cut(w, ":")
		weights = append(weights, Weight{scriptNumber(version), uint32(scriptNumber(weight))})
	}
	return weights
}

func scriptAdd(a *scriptArgs) Command {
	add := AppAdd{Digest: scriptDigest(a.at(0)), Label: a.str("label"), Note: a.str("note")}
	if key := a.str("key"); key != "" {
		add.Key, add.Signature = KeyID(scriptPublic(key)), ed25519.Sign(scriptKey(key), BundleSignedText(add.Digest))
	}
	if forged := a.str("forged"); forged != "" {
		add.Key, add.Signature = KeyID(scriptPublic(forged)), ed25519.Sign(scriptKey("nobody"), BundleSignedText(add.Digest))
	}
	return add.Command(a.Tenant)
}

func scriptActivate(a *scriptArgs) Command {
	c := AppActivate{Weights: scriptWeights(a.words), Expect: a.num("expect"), Nodes: a.list("nodes"), Reason: a.str("reason")}
	if g := a.str("guard"); g != "" {
		c.Guard = &Guard{Version: scriptNumber(g), Bound: uint32(a.num("bound")), Window: a.ms("window"), Min: uint32(a.num("min"))}
		c.Guard.Back = scriptWeights(a.list("back"))
	}
	return c.Command(a.Tenant)
}

func scriptReport(a *scriptArgs) Command {
	r := AppReport{Node: a.at(0), Boot: a.num("boot"), Serial: a.num("serial")}
	for _, w := range a.words[1:] { // version:requests:errors
		p := strings.Split(w, ":")
		r.Counts = append(r.Counts, AppCount{scriptNumber(p[0]), scriptNumber(p[1]), scriptNumber(p[2])})
	}
	return r.Command(a.Tenant)
}

func showBundle(b []byte) string {
	i, err := DecodeBundleInfo(b)
	if err != nil {
		return err.Error()
	}
	return showBundleInfo(i)
}

func showBundleInfo(i BundleInfo) string {
	return fmt.Sprintf("%d of %d bytes complete=%t references=%d used=%s", i.Received, i.Size, i.Complete, i.References, showAt(i.Used))
}

func showWeights(list []Weight) string {
	var parts []string
	for _, w := range list {
		parts = append(parts, fmt.Sprintf("%d:%d", w.Version, w.Weight))
	}
	return "[" + strings.Join(parts, " ") + "]"
}

func showActivation(a Activation) string {
	text := fmt.Sprintf("serial=%s at=%s %s", showID(a.Serial), showAt(a.At), showWeights(a.Weights))
	if g := a.Guard; g != nil {
		text += fmt.Sprintf(" guard %d: %d in a million, %d ms, %d requests, back to %s", g.Version, g.Bound, g.Window, g.Min, showWeights(g.Back))
	}
	if a.Reason != "" {
		text += " (" + a.Reason + ")"
	}
	return text
}

func showVersion(v AppVersion) string {
	return fmt.Sprintf("%d %s… %d bytes label=%s note=%s key=%s created=%s", v.Number, v.Digest.String()[:8], v.Size, v.Label, v.Note, v.Key, showAt(v.Created))
}

var (
	_ = verb("bundle begin", func(a *scriptArgs) Command {
		return BundleBegin{Digest: scriptDigest(a.at(0)), Size: int64(a.num("size"))}.Command()
	}, showBundle)
	_ = verb("bundle write", func(a *scriptArgs) Command {
		data := bytes.Repeat([]byte{byte(a.num("offset") >> 10)}, int(a.num("len")))
		return BundleWrite{Digest: scriptDigest(a.at(0)), Offset: int64(a.num("offset")), Data: data}.Command()
	}, showBundle)
	_ = verb("bundle finish", func(a *scriptArgs) Command { return BundleFinish{scriptDigest(a.at(0))}.Command() }, showBundle)
	_ = verb("bundle drop", func(a *scriptArgs) Command { return BundleDrop{scriptDigest(a.at(0))}.Command() }, nil)
	_ = readVerb("bundle show", func(v *View, a *scriptArgs) string {
		if i, ok := BundleStat(v, 0, scriptDigest(a.at(0))); ok {
			return showBundleInfo(i)
		}
		return "none"
	})
	_ = verb("app add", scriptAdd, func(b []byte) string { return fmt.Sprintf("version %d", binary.BigEndian.Uint64(b)) })
	_ = verb("app prepare", func(a *scriptArgs) Command { return AppPrepare{scriptNumber(a.at(0))}.Command(a.Tenant) }, nil)
	_ = verb("app ready", func(a *scriptArgs) Command {
		return AppReady{Version: scriptNumber(a.at(0)), Node: a.at(1), Problem: a.str("problem")}.Command(a.Tenant)
	}, nil)
	_ = verb("app activate", scriptActivate, func(b []byte) string { return showActivation(*DecodeActivation(b)) })
	_ = verb("app report", scriptReport, nil)
	_ = verb("app remove", func(a *scriptArgs) Command { return AppRemove{}.Command(a.Tenant) }, nil)
	_ = verb("app trust", func(a *scriptArgs) Command { return AppTrust{Name: a.at(0), Public: scriptPublic(a.at(0))}.Command() }, nil)
	_ = verb("app distrust", func(a *scriptArgs) Command { return AppDistrust{KeyID(scriptPublic(a.at(0)))}.Command() }, nil)
	_ = verb("app enforce", func(a *scriptArgs) Command { return AppEnforce{a.at(0) == "on"}.Command() }, nil)
	_ = readVerb("app list", func(v *View, _ *scriptArgs) (text string) {
		for _, a := range AppList(v, 0) {
			text += fmt.Sprintf("%s last=%d ready=%v %s\n", a.Name, a.Last, a.Ready, showActivation(a.Activation))
		}
		return text
	})
	_ = readVerb("app versions", func(v *View, a *scriptArgs) (text string) {
		for _, version := range AppVersions(v, 0, a.Tenant) {
			text += showVersion(version) + "\n"
		}
		return text
	})
	_ = readVerb("app history", func(v *View, a *scriptArgs) (text string) {
		for _, old := range AppActivations(v, 0, a.Tenant) {
			text += showActivation(old) + "\n"
		}
		return text
	})
	_ = readVerb("app readiness", func(v *View, a *scriptArgs) (text string) {
		for _, r := range AppReadinessOf(v, 0, a.Tenant) {
			text += fmt.Sprintf("%d %s %q at=%s\n", r.Version, r.Node, r.Problem, showAt(r.At))
		}
		return text
	})
	_ = readVerb("app counts", func(v *View, a *scriptArgs) (text string) {
		for _, c := range AppCounts(v, 0, a.Tenant) {
			text += fmt.Sprintf("%d: %d requests, %d errors\n", c.Version, c.Requests, c.Errors)
		}
		return text
	})
	_ = readVerb("app back", func(v *View, a *scriptArgs) string {
		weights, ok := AppRollback(v, 0, a.Tenant)
		return showWeights(weights) + " " + strconv.FormatBool(ok)
	})
	_ = readVerb("app trusted", func(v *View, _ *scriptArgs) string {
		keys, required := AppTrusted(v, 0)
		text := fmt.Sprintf("required=%t\n", required)
		for _, k := range keys {
			text += k.ID + " " + k.Name + "\n"
		}
		return text
	})
	_ = checkState(checkApps)
)

// checkApps: each bundle has the chunks and references that it counts, nodes are ready only for versions that are needed, and what
// serves or is needed exists.
func checkApps(r Reader) (err error) {
	references, counted := map[Digest]uint64{}, map[Digest]BundleInfo{}
	chunks := map[Digest]int64{}
	apps := map[string]bool{}
	ready := map[string][]uint64{}
	r.Scan([]byte{FamilyApp}, []byte{FamilyApp + 1}, func(k, b []byte) bool {
		tx := &Tx{}
		_, rest, ok := onBehalfOf(tx, k)
		if !ok || len(rest) == 0 {
			err = fmt.Errorf("app: malformed key %q", k)
			return false
		}
		switch kind, rest := rest[0], rest[1:]; kind {
		case 'b':
			counted[Digest(rest)], _ = DecodeBundleInfo(b)
		case 'c':
			chunks[Digest(rest[:32])] += int64(len(b))
		case 'v':
			references[decodeVersion(0, b).Digest]++
		case 'i':
			apps[string(rest)] = true
		case 'n':
			ready[tx.tenant] = append(ready[tx.tenant], binary.BigEndian.Uint64(rest))
		}
		return true
	})
	for d, i := range counted {
		if i.References != references[d] || i.Received != chunks[d] {
			return fmt.Errorf("bundle %s says %+v, there are %d references and %d bytes", d, i, references[d], chunks[d])
		}
		delete(references, d)
		delete(chunks, d)
	}
	if len(references) > 0 || len(chunks) > 0 {
		return fmt.Errorf("references to, or chunks of, no bundle: %v %v", references, chunks)
	}
	for name := range apps {
		need := pinned(r, 0, name)
		for _, v := range need {
			if _, ok := readVersion(r, 0, name, v); !ok {
				return fmt.Errorf("app %s needs version %d, which there is not", name, v)
			}
		}
		for _, v := range ready[name] {
			if !slices.Contains(need, v) {
				return fmt.Errorf("app %s knows who is ready for version %d, which nobody needs", name, v)
			}
		}
	}
	return err
}
