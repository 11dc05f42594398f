package raftstore

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"io"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/raftstore/state"
)

// Apps is the client of the app family: bundles, versions, activations and trusted keys of all apps of a cluster. Errors are
// *abi.Error. Safe for concurrent use.
type Apps struct{ access Access }

// NewApps returns a client.
func NewApps(a Access) *Apps { return &Apps{a} }

// do commits one command.
func (a *Apps) do(ctx context.Context, c state.Command) ([]byte, error) {
	replies, err := a.access.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	return replies[0].Payload, replies[0].Err
}

func (a *Apps) bundle(ctx context.Context, c state.Command) (state.BundleInfo, error) {
	payload, err := a.do(ctx, c)
	if err != nil {
		return state.BundleInfo{}, err
	}
	return state.DecodeBundleInfo(payload)
}

// BeginBundle begins an upload of size bytes, or goes on with one: Received in the result says where.
func (a *Apps) BeginBundle(ctx context.Context, d state.Digest, size int64) (state.BundleInfo, error) {
	return a.bundle(ctx, state.BundleBegin{Digest: d, Size: size}.Command())
}

// WriteBundle adds the chunk at offset: state.BundleChunk bytes, or what is left. A chunk that was received before changes nothing.
func (a *Apps) WriteBundle(ctx context.Context, d state.Digest, offset int64, chunk []byte) (state.BundleInfo, error) {
	return a.bundle(ctx, state.BundleWrite{Digest: d, Offset: offset, Data: chunk}.Command())
}

// FinishBundle reads back what was uploaded and makes it ready for use. Content that has another digest is dropped.
func (a *Apps) FinishBundle(ctx context.Context, d state.Digest) (state.BundleInfo, error) {
	info, err := a.StatBundle(ctx, Linearizable, d)
	if err != nil || info.Complete {
		return info, err
	}
	if info.Received != info.Size {
		return info, abi.Errorf(abi.CodeConflict, "app: bundle %s has %d of %d bytes; upload the rest", d, info.Received, info.Size)
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, a.OpenBundle(ctx, d, info.Size)); err != nil {
		return info, err
	}
	if state.Digest(sum.Sum(nil)) != d {
		if _, err := a.do(ctx, state.BundleDrop{Digest: d}.Command()); err != nil {
			return info, err
		}
		return info, abi.Errorf(abi.CodeInvalid, "app: the content has SHA-256 %x, not %s: it was changed on its way; upload it again", sum.Sum(nil), d)
	}
	return a.bundle(ctx, state.BundleFinish{Digest: d}.Command())
}

// DropBundle forgets a bundle that no version has.
func (a *Apps) DropBundle(ctx context.Context, d state.Digest) error {
	_, err := a.do(ctx, state.BundleDrop{Digest: d}.Command())
	return err
}

// StatBundle returns what is there of a bundle; abi.CodeNotFound when nothing is.
func (a *Apps) StatBundle(ctx context.Context, level Consistency, d state.Digest) (info state.BundleInfo, err error) {
	err = a.access.View(ctx, level, func(v *state.View) error {
		var ok bool
		if info, ok = state.BundleStat(v, 0, d); !ok {
			return abi.Errorf(abi.CodeNotFound, "app: the store has no bundle %s", d)
		}
		return nil
	})
	return info, err
}

// OpenBundle reads the size bytes of a bundle from what this node has applied, a chunk at a time. Whoever reads checks the digest.
func (a *Apps) OpenBundle(ctx context.Context, d state.Digest, size int64) io.Reader {
	return &bundleReader{ctx: ctx, apps: a, digest: d, size: size}
}

type bundleReader struct {
	ctx      context.Context // of the whole reading
	apps     *Apps
	digest   state.Digest
	size, at int64
	rest     []byte
	chunk    [state.BundleChunk]byte
}

func (r *bundleReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		if r.at >= r.size {
			return 0, io.EOF
		}
		err := r.apps.access.View(r.ctx, Stale(0), func(v *state.View) error {
			b, ok := state.BundleRead(v, 0, r.digest, r.at/state.BundleChunk)
			if !ok || len(b) == 0 {
				return abi.Errorf(abi.CodeNotFound, "app: the store has no byte %d of bundle %s", r.at, r.digest)
			}
			r.rest = r.chunk[:copy(r.chunk[:], b)]
			return nil
		})
		if err != nil {
			return 0, err
		}
		r.at += int64(len(r.rest))
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// Add makes a version of a bundle that is in the store and returns its number. A bundle that is a version of the app keeps its number.
func (a *Apps) Add(ctx context.Context, app string, v state.AppAdd) (uint64, error) {
	payload, err := a.do(ctx, v.Command(app))
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(payload), nil
}

// Prepare lets nodes get ready for a version.
func (a *Apps) Prepare(ctx context.Context, app string, version uint64) error {
	_, err := a.do(ctx, state.AppPrepare{Version: version}.Command(app))
	return err
}

// Ready tells that a node can serve a version, or with a problem why it cannot.
func (a *Apps) Ready(ctx context.Context, app string, version uint64, node, problem string) error {
	_, err := a.do(ctx, state.AppReady{Version: version, Node: node, Problem: problem}.Command(app))
	return err
}

// Activate changes which versions serve; see state.AppActivate.
func (a *Apps) Activate(ctx context.Context, app string, c state.AppActivate) (*state.Activation, error) {
	payload, err := a.do(ctx, c.Command(app))
	if err != nil {
		return nil, err
	}
	return state.DecodeActivation(payload), nil
}

// Remove forgets an app that does not serve; see state.AppRemove.
func (a *Apps) Remove(ctx context.Context, app string) error {
	_, err := a.do(ctx, state.AppRemove{}.Command(app))
	return err
}

// Report tells what a node answered since an activation; see state.AppReport.
func (a *Apps) Report(ctx context.Context, app string, r state.AppReport) error {
	_, err := a.do(ctx, r.Command(app))
	return err
}

// AppStatus is an app with its versions, and what nodes told of them.
type AppStatus struct {
	state.AppInfo
	Versions  []state.AppVersion
	Readiness []state.AppReadiness
	Counts    []state.AppCount
	Switched  map[string]uint64 // by node: the activation that it serves, as it told last
}

// Get returns an app; abi.CodeNotFound when there is none of that name.
func (a *Apps) Get(ctx context.Context, level Consistency, app string) (status *AppStatus, err error) {
	err = a.access.View(ctx, level, func(v *state.View) error {
		info, ok := state.AppGet(v, 0, app)
		if !ok {
			return noApp(app)
		}
		status = &AppStatus{
			AppInfo: info, Versions: state.AppVersions(v, 0, app), Readiness: state.AppReadinessOf(v, 0, app), Counts: state.AppCounts(v, 0, app),
			Switched: state.AppSwitched(v, 0, app),
		}
		return nil
	})
	return status, err
}

func noApp(app string) error {
	return abi.Errorf(abi.CodeNotFound, "app: there is no app %.80q; deploy it, or see `stackhost apps`", app)
}

// List returns all apps in the order of their names.
func (a *Apps) List(ctx context.Context, level Consistency) (list []state.AppInfo, err error) {
	err = a.access.View(ctx, level, func(v *state.View) error {
		list = state.AppList(v, 0)
		return nil
	})
	return list, err
}

// History returns the activations of an app that are remembered, newest first.
func (a *Apps) History(ctx context.Context, level Consistency, app string) (list []state.Activation, err error) {
	err = a.access.View(ctx, level, func(v *state.View) error {
		list = state.AppActivations(v, 0, app)
		return nil
	})
	return list, err
}

// Back says what a rollback of the app leads to; abi.CodeNotFound when there is nothing to go back to.
func (a *Apps) Back(ctx context.Context, app string) (weights []state.Weight, serial uint64, err error) {
	err = a.access.View(ctx, Linearizable, func(v *state.View) error {
		info, ok := state.AppGet(v, 0, app)
		if !ok {
			return noApp(app)
		}
		serial = info.Activation.Serial
		if weights, ok = state.AppRollback(v, 0, app); !ok {
			return abi.Errorf(abi.CodeNotFound, "app: %s has no earlier version that served; `stackhost versions %s` lists those it has", app, app)
		}
		return nil
	})
	return weights, serial, err
}

// Trust makes the signatures of an Ed25519 public key count; Distrust takes that back.
func (a *Apps) Trust(ctx context.Context, name string, public []byte) error {
	_, err := a.do(ctx, state.AppTrust{Name: name, Public: public}.Command())
	return err
}

// Distrust makes the signatures of a key count no more.
func (a *Apps) Distrust(ctx context.Context, id string) error {
	_, err := a.do(ctx, state.AppDistrust{ID: id}.Command())
	return err
}

// Enforce says whether bundles must be signed by a trusted key.
func (a *Apps) Enforce(ctx context.Context, on bool) error {
	_, err := a.do(ctx, state.AppEnforce{On: on}.Command())
	return err
}

// Trusted returns the trusted keys, and whether signatures are required.
func (a *Apps) Trusted(ctx context.Context, level Consistency) (keys []state.TrustedKey, required bool, err error) {
	err = a.access.View(ctx, level, func(v *state.View) error {
		keys, required = state.AppTrusted(v, 0)
		return nil
	})
	return keys, required, err
}
