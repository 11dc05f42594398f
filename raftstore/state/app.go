package state

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/stackhost/stackhost/abi"
)

// Commands of the app family. Their arguments are the types of the same name.
const (
	OpBundleBegin  = 1
	OpBundleWrite  = 2
	OpBundleFinish = 3
	OpBundleDrop   = 4
	OpAppAdd       = 10
	OpAppPrepare   = 11
	OpAppReady     = 12
	OpAppActivate  = 13
	OpAppReport    = 14
	OpAppRemove    = 15
	OpAppTrust     = 20
	OpAppDistrust  = 21
	OpAppEnforce   = 22
)

// Limits of apps. Times are in ms.
const (
	AppMaxName      = 63        // bytes of an app's name
	AppMaxText      = 1024      // bytes of a note, a label or a reason
	AppMaxWeights   = 8         // versions that serve at a time
	AppMaxWeight    = 10000     // of one version
	AppKept         = 16        // versions of an app that are kept, besides those in use
	AppWanted       = 2         // versions that nodes keep ready besides those that serve
	AppHistory      = 32        // activations that are remembered
	AppMaxKeys      = 64        // trusted keys
	BundleChunk     = 256 << 10 // bytes of each chunk but the last
	BundleMaxSize   = 256 << 20 // bytes of a bundle
	BundleTTL       = 24 * 60 * 60 * 1000
	GuardMinWindow  = 1000
	GuardMaxWindow  = 60 * 60 * 1000
	guardSlots      = 10 // of a window
	appNodeMaxBytes = 255
)

// AppFamily has bundles, the versions of each app, which nodes are ready for them, and which versions serve.
//
//	b digest            a bundle: size, received, complete, references, last use    (tenant "")
//	c digest index      its chunks                                                  (tenant "")
//	i name              there is an app of that name                                (tenant "")
//	k id                a trusted key                                               (tenant "")
//	p                   whether signatures are required                             (tenant "")
//	a                   numbers given, versions wanted
//	v number            a version
//	n number node       that a node has it ready, or why not
//	r                   the activation: which versions serve, and the guard
//	h serial            earlier activations, and this one
//	s node              counters of a node, as it last told
//	t                   their sums since the activation, by version
//	g                   what the guarded version did within the window, by slot
//
// Bundles are kept while a version refers to them, and a day longer.
var AppFamily = Register(&Family{ID: FamilyApp, Name: "app", Apply: applyApp, Expire: expireBundle})

// AppEvents is the namespace of the events of an app: an Event with the key "versions", "ready", "activation" or "counters" when that
// changed, in the app's tenant.
const AppEvents = "app:"

// Digest is the SHA-256 of a bundle.
type Digest [sha256.Size]byte

// String is d in lower-case hex.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// ParseDigest reads 64 lower-case hexadecimal digits.
func ParseDigest(s string) (d Digest, err error) {
	if _, err := hex.Decode(d[:], []byte(s)); err != nil || len(s) != 2*len(d) || strings.ToLower(s) != s {
		return Digest{}, abi.Errorf(abi.CodeInvalid, "app: %.80q is no SHA-256 digest of 64 lower-case hexadecimal digits", s)
	}
	return d, nil
}

// BundleSignedText is what the signature of a bundle covers.
func BundleSignedText(d Digest) []byte { return append([]byte("stackhost bundle v1\n"), d[:]...) }

// KeyID names an Ed25519 public key: 16 hexadecimal digits of its SHA-256.
func KeyID(public []byte) string {
	sum := sha256.Sum256(public)
	return hex.EncodeToString(sum[:8])
}

// AppVersion is one version of an app.
type AppVersion struct {
	Number    uint64 // from 1
	Digest    Digest
	Size      int64  // bytes of the bundle
	Label     string // the version in the app's manifest, for people
	Note      string
	Key       string // ID of the key that signed it; "" when nobody did
	Signature []byte
	Created   int64 // log time, ms
}

// Weight is a version's share of the requests, in proportion to those beside it.
type Weight struct {
	Version uint64
	Weight  uint32
}

// Guard takes an activation back when a version fails too often: when at least Min requests of it were answered within Window and more
// than Bound of them with an error.
type Guard struct {
	Version uint64
	Bound   uint32   // errors in a million requests
	Window  int64    // ms
	Min     uint32   // requests
	Back    []Weight // what serves then
}

// Activation says which versions of an app serve.
type Activation struct {
	Serial  uint64 // rises from one activation to the next
	At      int64  // log time, ms
	Weights []Weight
	Guard   *Guard
	Reason  string
}

// AppReadiness is what a node told of a version.
type AppReadiness struct {
	Version uint64
	Node    string
	Problem string // why it cannot serve the version; "" when it can
	At      int64  // log time, ms
}

// AppCount is how many requests a version answered, and with how many errors.
type AppCount struct{ Version, Requests, Errors uint64 }

// TrustedKey is a key whose signatures count.
type TrustedKey struct {
	ID, Name string
	Public   []byte
	Added    int64 // log time, ms
}

// BundleInfo is the state of a bundle's content.
type BundleInfo struct {
	Size, Received int64 // bytes
	Complete       bool
	References     uint64 // versions that have it
	Used           int64  // log time of its last upload or reference, ms
}

func appKey(shard uint16, tenant string, kind byte, parts ...[]byte) []byte {
	return Key(FamilyApp, shard, tenant, "", append([][]byte{{kind}}, parts...)...)
}

func (t *Tx) appKey(kind byte, parts ...[]byte) []byte {
	return appKey(t.shard, t.tenant, kind, parts...)
}

func (t *Tx) sharedKey(kind byte, parts ...[]byte) []byte { return appKey(t.shard, "", kind, parts...) }

func (t *Tx) tell(what string, version uint64) {
	t.Emit(Event{Tenant: t.tenant, Namespace: AppEvents, Key: []byte(what), Version: version})
}

func applyApp(tx *Tx, op byte, args []byte) ([]byte, error) {
	t := openTuple(args)
	switch op {
	case OpBundleBegin, OpBundleWrite, OpBundleFinish, OpBundleDrop:
		return applyBundle(tx, op, &t)
	case OpAppTrust, OpAppDistrust, OpAppEnforce:
		return nil, applyTrust(tx, op, &t)
	}
	if err := checkApp(tx.tenant); err != nil {
		return nil, err
	}
	switch op {
	case OpAppAdd:
		return addVersion(tx, &t)
	case OpAppPrepare:
		version := t.uint()
		if err := t.end(); err != nil {
			return nil, err
		}
		return nil, prepareVersion(tx, version)
	case OpAppReady:
		return nil, reportReady(tx, &t)
	case OpAppActivate:
		return activate(tx, &t)
	case OpAppReport:
		return nil, reportCounts(tx, &t)
	case OpAppRemove:
		return nil, removeApp(tx, &t)
	}
	return nil, abi.Errorf(abi.CodeUnsupported, "app: no command %d in this version", op)
}

func checkApp(name string) error {
	ok := len(name) > 0 && len(name) <= AppMaxName
	for i := 0; ok && i < len(name); i++ {
		c := name[i]
		ok = c >= 'a' && c <= 'z' || c >= '0' && c <= '9' && i > 0 || c == '-' && i > 0
	}
	if !ok {
		return abi.Errorf(abi.CodeInvalid, "app: %.80q is no name of an app: use 1 to %d lower-case letters, digits and dashes", name, AppMaxName)
	}
	return nil
}

// appRecord is what an app's key a has.
type appRecord struct {
	last    uint64 // number of the newest version
	created int64
	wanted  []uint64 // versions to keep ready besides those that serve, newest wish first
}

func readApp(r Reader, shard uint16, tenant string) (a appRecord, ok bool) {
	b, ok := r.Get(appKey(shard, tenant, 'a'))
	if !ok {
		return a, false
	}
	t := openTuple(b)
	a.last, a.created = t.uint(), t.int()
	a.wanted = t.uints(AppWanted)
	return a, a.created != 0
}

func (a appRecord) save(tx *Tx) {
	b := abi.AppendInt(abi.AppendUint(abi.AppendArray(nil, 3), a.last), a.created)
	tx.Set(tx.appKey('a'), appendUints(b, a.wanted))
}

// uints reads a list of at most limit integers; what is above is dropped.
func (t *tuple) uints(limit int) (list []uint64) {
	if !t.has() {
		return nil
	}
	for i := range t.d.Array() {
		if v := t.d.Uint(); i < limit {
			list = append(list, v)
		}
	}
	t.d.Leave()
	return list
}

func appendUints(dst []byte, list []uint64) []byte {
	dst = abi.AppendArray(dst, len(list))
	for _, v := range list {
		dst = abi.AppendUint(dst, v)
	}
	return dst
}

func weightsOf(flat []uint64) (list []Weight) {
	for i := 0; i+1 < len(flat); i += 2 {
		list = append(list, Weight{flat[i], uint32(min(flat[i+1], AppMaxWeight+1))})
	}
	return list
}

func flatten(list []Weight) (flat []uint64) {
	for _, w := range list {
		flat = append(flat, w.Version, uint64(w.Weight))
	}
	return flat
}

func (g *Guard) append(dst []byte) []byte {
	if g == nil {
		return dst
	}
	dst = abi.AppendUint(abi.AppendUint(abi.AppendArray(dst, 5), g.Version), uint64(g.Bound))
	return appendUints(abi.AppendUint(abi.AppendInt(dst, g.Window), uint64(g.Min)), flatten(g.Back))
}

func decodeGuard(b []byte) (*Guard, error) {
	if len(b) == 0 {
		return nil, nil
	}
	t := openTuple(b)
	g := &Guard{Version: t.uint(), Bound: uint32(min(t.uint(), 1<<31)), Window: t.int(), Min: uint32(min(t.uint(), 1<<31))}
	g.Back = weightsOf(t.uints(2 * AppMaxWeights))
	return g, t.end()
}

func (a *Activation) append(dst []byte) []byte {
	dst = abi.AppendInt(abi.AppendUint(abi.AppendArray(dst, 5), a.Serial), a.At)
	dst = appendUints(dst, flatten(a.Weights))
	return abi.AppendStr(abi.AppendBin(dst, a.Guard.append(nil)), a.Reason)
}

// decodeActivation copies what it keeps.
func decodeActivation(b []byte) *Activation {
	t := openTuple(bytes.Clone(b))
	a := &Activation{Serial: t.uint(), At: t.int(), Weights: weightsOf(t.uints(2 * AppMaxWeights))}
	a.Guard, _ = decodeGuard(t.bin())
	a.Reason = t.str()
	return a
}

func readActivation(r Reader, shard uint16, tenant string) *Activation {
	if b, ok := r.Get(appKey(shard, tenant, 'r')); ok {
		return decodeActivation(b)
	}
	return &Activation{}
}

// pinned are the versions of an app that nodes keep ready, in ascending order.
func pinned(r Reader, shard uint16, tenant string) (list []uint64) {
	a := readActivation(r, shard, tenant)
	for _, w := range a.Weights {
		list = append(list, w.Version)
	}
	if a.Guard != nil {
		for _, w := range a.Guard.Back {
			list = append(list, w.Version)
		}
	}
	if rec, ok := readApp(r, shard, tenant); ok {
		list = append(list, rec.wanted...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (v *AppVersion) append(dst []byte) []byte {
	dst = abi.AppendStr(abi.AppendInt(abi.AppendBin(abi.AppendArray(dst, 7), v.Digest[:]), v.Size), v.Label)
	return abi.AppendInt(abi.AppendBin(abi.AppendStr(abi.AppendStr(dst, v.Note), v.Key), v.Signature), v.Created)
}

// decodeVersion copies what it keeps.
func decodeVersion(number uint64, b []byte) AppVersion {
	t := openTuple(bytes.Clone(b))
	v := AppVersion{Number: number}
	copy(v.Digest[:], t.bin())
	v.Size, v.Label, v.Note, v.Key, v.Signature, v.Created = t.int(), t.str(), t.str(), t.str(), t.bin(), t.int()
	return v
}

func readVersion(r Reader, shard uint16, tenant string, number uint64) (AppVersion, bool) {
	b, ok := r.Get(appKey(shard, tenant, 'v', BE(number)))
	if !ok {
		return AppVersion{}, false
	}
	return decodeVersion(number, b), true
}

func eachVersion(r Reader, shard uint16, tenant string, visit func(AppVersion) bool) {
	from := appKey(shard, tenant, 'v')
	r.Scan(from, Prefix(from), func(k, b []byte) bool {
		return visit(decodeVersion(binary.BigEndian.Uint64(k[len(from):]), b))
	})
}

// signer returns the trusted key that signed v.
func signer(r Reader, shard uint16, v *AppVersion) (id string, err error) {
	b, ok := r.Get(appKey(shard, "", 'k', []byte(v.Key)))
	switch {
	case len(v.Signature) == 0:
		return "", abi.Errorf(abi.CodeDenied, "app: the bundle is not signed, and this cluster requires it: sign it with a trusted key")
	case !ok || v.Key == "":
		return "", abi.Errorf(abi.CodeDenied, "app: key %.40q, which signed the bundle, is not trusted by this cluster", v.Key)
	}
	t := openTuple(b)
	t.str()
	if public := t.bin(); len(public) != ed25519.PublicKeySize || !ed25519.Verify(public, BundleSignedText(v.Digest), v.Signature) {
		return "", abi.Errorf(abi.CodeDenied, "app: the signature of the bundle is not that of key %s", v.Key)
	}
	return v.Key, nil
}

func enforced(r Reader, shard uint16) bool {
	b, ok := r.Get(appKey(shard, "", 'p'))
	return ok && len(b) > 0 && b[0] != 0
}
